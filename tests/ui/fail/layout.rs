//! A struct that is not laid out as the object has it.

#[repr(C)]
pub struct event {
    pub pid: u32,
    pub cpu: u16,
    pub len: u16,
}

bpf_skel::private::layouts! {
    event: 8, 4; pid: 0, cpu: 6, len: 4;
}

fn main() {}
