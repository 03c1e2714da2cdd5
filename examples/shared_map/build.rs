//! The skeleton of the XDP program. The classifier is for tc, which takes the object as it is.

fn main() -> bpf_skel_build::Result<()> {
    bpf_skel_build::Builder::new().bundled("src/limit.bpf.o").build("src/limit.bpf.c").map(drop)
}
