//! A struct in shared memory is made of cells only.

use bpf_skel::live::Global;

bpf_skel::private::live_struct! {
    #[repr(C)]
    pub struct pair of u64 {
        pub first: Global<u32>,
        pub second: u32,
    }
}

fn main() {}
