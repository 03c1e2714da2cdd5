//! What is read from an object: one fixture for each thing that an object can hold.

#[cfg(target_os = "linux")]
mod assign;
mod byte_order;
mod data;
mod externs;
mod header;
mod jump_tables;
mod legacy;
mod legacy_refused;
mod linking;
mod maps;
mod programs;
mod refused;
mod struct_ops;
