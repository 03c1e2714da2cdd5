//! A struct in shared memory is made of cells only.

bpf_skel::private::live_struct! {
    #[repr(C)]
    pub struct no_cell of u64 {
        #[doc(hidden)]
        pub first: Global<u32>,
        #[doc(hidden)]
        pub second: Box<u32>,
    }
}

bpf_skel::private::live_struct! {
    #[repr(C)]
    pub struct not_plain of u64 {
        #[doc(hidden)]
        pub whole: Global<&'static u8>,
    }
}

bpf_skel::private::live_struct! {
    #[repr(C)]
    pub struct no_cells of u64 {
        #[doc(hidden)]
        pub halves: GlobalArray<u32, 2>,
    }
}

fn main() {}
