//! Live variables are shared with the kernel: they are set through cells, not assigned.

include!("../../golden/data.rs");

fn main() -> bpf_skel::Result<()> {
    let mut skel = data::open().load()?;
    skel.bss.total.set(1);
    skel.bss.total = 2;
    Ok(())
}
