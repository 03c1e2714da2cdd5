//! Where Debian and its like have the headers that differ from architecture to architecture.

use std::env;
use std::path::{Path, PathBuf};

use bpf_skel::spec::Endian;

/// The folder of `asm/types.h` for an architecture of cargo's: the target's own, or that of its cross compiler; where
/// neither is installed the host's, whose integers are the same. `usr` is `/usr`.
pub(super) fn folder(arch: &str, endian: Endian, usr: &Path) -> Option<PathBuf> {
    let of_target = triplets(arch, endian)
        .iter()
        .flat_map(|triplet| [usr.join("include").join(triplet), usr.join(triplet).join("include")]);
    let of_host = triplets(env::consts::ARCH, Endian::NATIVE)
        .iter()
        .map(|triplet| usr.join("include").join(triplet));
    of_target.chain(of_host).find(|folder| folder.join("asm").is_dir())
}

/// Debian's names for an architecture, the usual one first.
fn triplets(arch: &str, endian: Endian) -> &'static [&'static str] {
    let little = endian == Endian::Little;
    match arch {
        "x86_64" => &["x86_64-linux-gnu"],
        "x86" => &["i386-linux-gnu", "i686-linux-gnu"],
        "aarch64" => &["aarch64-linux-gnu"],
        "arm" => &["arm-linux-gnueabihf", "arm-linux-gnueabi"],
        "powerpc64" if little => &["powerpc64le-linux-gnu"],
        "powerpc64" => &["powerpc64-linux-gnu"],
        "powerpc" => &["powerpc-linux-gnu"],
        "s390x" => &["s390x-linux-gnu"],
        "riscv64" => &["riscv64-linux-gnu"],
        "loongarch64" => &["loongarch64-linux-gnu"],
        "mips" if little => &["mipsel-linux-gnu"],
        "mips" => &["mips-linux-gnu"],
        "mips64" if little => &["mips64el-linux-gnuabi64"],
        "mips64" => &["mips64-linux-gnuabi64"],
        "mips32r6" if little => &["mipsisa32r6el-linux-gnu"],
        "mips32r6" => &["mipsisa32r6-linux-gnu"],
        "mips64r6" if little => &["mipsisa64r6el-linux-gnuabi64"],
        "mips64r6" => &["mipsisa64r6-linux-gnuabi64"],
        "sparc64" => &["sparc64-linux-gnu"],
        "m68k" => &["m68k-linux-gnu"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_targets_own_then_the_cross_compilers_then_the_hosts() {
        let usr = env::temp_dir().join(format!("bpf-skel-multiarch-{}", std::process::id()));
        let _ = fs::remove_dir_all(&usr);
        let install = |folder: &str| {
            let folder = usr.join(folder);
            fs::create_dir_all(folder.join("asm")).unwrap();
            folder
        };
        let other = if env::consts::ARCH == "s390x" { "riscv64" } else { "s390x" };
        let (name, endian) = (triplets(other, Endian::Little)[0], Endian::Little);
        assert_eq!(folder(other, endian, &usr), None);
        if let Some(host) = triplets(env::consts::ARCH, Endian::NATIVE).first() {
            let host = install(&format!("include/{host}"));
            assert_eq!(folder(other, endian, &usr), Some(host));
        }
        for place in [format!("{name}/include"), format!("include/{name}")] {
            let own = install(&place);
            assert_eq!(folder(other, endian, &usr), Some(own));
        }
        fs::remove_dir_all(usr).unwrap();
    }

    #[test]
    fn names_are_debians() {
        for (arch, endian, name) in [
            ("x86", Endian::Little, "i386-linux-gnu"),
            ("x86_64", Endian::Little, "x86_64-linux-gnu"),
            ("arm", Endian::Little, "arm-linux-gnueabihf"),
            ("powerpc64", Endian::Little, "powerpc64le-linux-gnu"),
            ("powerpc64", Endian::Big, "powerpc64-linux-gnu"),
            ("mips64", Endian::Little, "mips64el-linux-gnuabi64"),
        ] {
            assert_eq!(triplets(arch, endian)[0], name);
        }
    }
}
