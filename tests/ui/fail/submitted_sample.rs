//! A sample cannot be written once programs may read it, nor after its ring is unmapped.

include!("../../golden/user_ringbuf.rs");

fn main() -> bpf_skel::Result<()> {
    let skel = user_ringbuf::open().load()?;
    if let Some(mut sample) = skel.maps.requests.reserve(8)? {
        sample.submit();
        sample[0] = 1;
    }
    let late = skel.maps.requests.reserve(8)?;
    drop(skel);
    drop(late);
    Ok(())
}
