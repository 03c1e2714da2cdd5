//! Generates typed Rust skeletons from BPF ELF objects.
