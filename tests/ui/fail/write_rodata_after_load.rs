//! Constants are frozen once the object is loaded.

include!("../../golden/data.rs");

fn main() -> bpf_skel::Result<()> {
    let mut open = data::open();
    open.rodata.limit = 3;
    let mut skel = open.load()?;
    skel.rodata.limit = 4;
    Ok(())
}
