//! A struct that is not laid out as the object has it.

#[repr(C)]
pub struct event {
    pub pid: u32,
    pub cpu: u16,
    pub len: u16,
}

#[repr(C)]
pub struct pair {
    pub first: u32,
    pub second: u32,
}

bpf_skel::private::layouts! {
    pair: 8, 4, second: 4;
    event: 8, 4, cpu: 6, len: 4;
}

fn main() {}
