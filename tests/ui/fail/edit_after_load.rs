//! Sizes are set before the maps exist.

include!("../../golden/maps.rs");

fn main() -> bpf_skel::Result<()> {
    let mut open = maps::open();
    open.maps.both.set_max_entries(16);
    let skel = open.load()?;
    skel.maps.both.set_max_entries(32);
    open.maps.both.set_max_entries(64);
    Ok(())
}
