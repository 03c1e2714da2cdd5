//! The same objects for all: as files for those that read ELF at run time, as skeletons for bpf-skel.

use std::path::PathBuf;

use bpf_skel_build::{Builder, Result};

fn main() -> Result<()> {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    for roots in ["0", "1", "10", "40"] {
        let name = format!("roots_{roots}");
        let builder = Builder::new().define("ROOTS", roots).module_name(&name);
        builder.object(out.join(format!("{name}.bpf.o"))).build("bpf/roots.bpf.c")?;
    }
    for programs in ["1", "4"] {
        let name = format!("heavy_{programs}");
        let builder = Builder::new().define("PROGRAMS", programs).module_name(&name);
        builder.object(out.join(format!("{name}.bpf.o"))).build("bpf/heavy.bpf.c")?;
    }
    let builder =
        Builder::new().define("PROGRAMS", "1").define("CORE", "1").module_name("heavy_1_core");
    builder.object(out.join("heavy_1_core.bpf.o")).build("bpf/heavy.bpf.c")?;
    Ok(())
}
