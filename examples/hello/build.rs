//! The bundled object, or clang's where the source has changed.

fn main() -> bpf_skel_build::Result<()> {
    bpf_skel_build::Builder::new().bundled("src/hello.bpf.o").build("src/hello.bpf.c").map(drop)
}
