//! A reference to a map ends with the skeleton. The map itself can be moved out and kept.

include!("../../golden/maps.rs");

fn main() -> bpf_skel::Result<()> {
    let kept = maps::open().load()?.maps.both;
    kept.get(&1)?;

    let skel = maps::open().load()?;
    let both = &skel.maps.both;
    drop(skel);
    both.get(&1)?;
    Ok(())
}
