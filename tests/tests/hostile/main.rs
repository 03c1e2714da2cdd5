//! Objects that were made to do harm: reading one never panics, and never takes more memory than a small multiple of
//! its size. `BPF_SKEL_MUTATIONS` sets how many mutated objects are tried (2,000 by default; CI takes 100,000).

mod c_from_btf;
mod endless;
mod expansion;
mod linking;
mod memory;
mod mutation;
mod names;
mod types;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;
