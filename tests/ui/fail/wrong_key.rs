//! Keys and values have the types of the C source.

include!("../../golden/maps.rs");

fn main() -> bpf_skel::Result<()> {
    let skel = maps::open().load()?;
    let key = 1u32;
    skel.maps.both.get(&key)?;
    let value: Option<u64> = skel.maps.both.get(&1)?;
    Ok(())
}
