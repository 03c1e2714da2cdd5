use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use generate::Result;

const BENCH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Whose skeletons.
#[derive(Clone, Copy)]
pub enum Peer {
    BpfSkel,
    LibbpfRs,
}

impl Peer {
    pub const BOTH: [Self; 2] = [Self::BpfSkel, Self::LibbpfRs];

    pub const fn crate_name(self) -> &'static str {
        match self {
            Self::BpfSkel => "bpf_skel",
            Self::LibbpfRs => "libbpf_rs",
        }
    }

    fn dependency(self) -> String {
        match self {
            Self::BpfSkel => format!("bpf-skel = {{ path = \"{BENCH}/../../runtime\" }}"),
            Self::LibbpfRs => "libbpf-rs = \"=0.27.2\"".to_owned(),
        }
    }

    fn build_dependency(self) -> String {
        match self {
            Self::BpfSkel => {
                format!(
                    "bpf-skel-build = {{ path = \"{BENCH}/../../generator\", default-features = false }}"
                )
            }
            Self::LibbpfRs => {
                "libbpf-cargo = { version = \"=0.27.2\", default-features = false }".to_owned()
            }
        }
    }

    /// The build script and the program, of an object of this name beside them.
    fn sources(self, name: &str) -> [String; 2] {
        match self {
            Self::BpfSkel => [
                format!(
                    "fn main() -> bpf_skel_build::Result<()> {{ bpf_skel_build::generate(\"{name}.bpf.o\") }}\n"
                ),
                format!(
                    "bpf_skel::include_skel!({name});\n\
                     fn main() -> bpf_skel::Result<()> {{ {name}::open().load()?.attach().map(drop) }}\n"
                ),
            ],
            Self::LibbpfRs => [
                format!(
                    "fn main() {{\n    \
                         let out = std::path::PathBuf::from(std::env::var_os(\"OUT_DIR\").unwrap()).join(\"{name}.skel.rs\");\n    \
                         libbpf_cargo::SkeletonBuilder::new().obj(\"{name}.bpf.o\").generate(&out).unwrap();\n\
                     }}\n"
                ),
                format!(
                    "use libbpf_rs::skel::{{OpenSkel, Skel, SkelBuilder}};\n\
                     mod skel {{ include!(concat!(env!(\"OUT_DIR\"), \"/{name}.skel.rs\")); }}\n\
                     fn main() -> libbpf_rs::Result<()> {{\n    \
                         let mut storage = std::mem::MaybeUninit::uninit();\n    \
                         let open = skel::{}SkelBuilder::default().open(&mut storage)?;\n    \
                         open.load()?.attach()\n\
                     }}\n",
                    name[..1].to_uppercase() + &name[1..]
                ),
            ],
        }
    }
}

/// A package of its own, with the versions of this workspace.
pub struct Project {
    folder: PathBuf,
    peer: Peer,
}

impl Project {
    /// A library without anything, its dependencies compiled.
    pub fn library(scratch: &Path, peer: Peer) -> Result<Self> {
        let project = Self::new(scratch.join(format!("library-{}", peer.crate_name())), peer, "")?;
        fs::write(project.folder.join("src/lib.rs"), "")?;
        for profile in ["dev", "release"] {
            let status = project.cargo_build(profile).status()?;
            if !status.success() {
                return Err(format!("{}: {status}", project.folder.display()).into());
            }
        }
        Ok(project)
    }

    /// A program whose build script generates the skeleton of this object.
    pub fn program(scratch: &Path, peer: Peer, object: &Path) -> Result<Self> {
        let name = crate::name(object)?;
        let folder = scratch.join(format!("{name}-{}", peer.crate_name()));
        let project = Self::new(
            folder,
            peer,
            &format!("[build-dependencies]\n{}\n", peer.build_dependency()),
        )?;
        let [build, program] = peer.sources(&name);
        fs::copy(object, project.folder.join(format!("{name}.bpf.o")))?;
        fs::write(project.folder.join("build.rs"), build)?;
        fs::write(project.folder.join("src/main.rs"), program)?;
        Ok(project)
    }

    fn new(folder: PathBuf, peer: Peer, rest: &str) -> Result<Self> {
        fs::create_dir_all(folder.join("src"))?;
        fs::copy(format!("{BENCH}/Cargo.lock"), folder.join("Cargo.lock"))?;
        let manifest = format!(
            "[workspace]\n[package]\nname = \"skeleton\"\nedition = \"2024\"\n[dependencies]\n{}\n{rest}",
            peer.dependency()
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        Ok(Self { folder, peer })
    }

    pub fn remove(self) -> Result<()> {
        Ok(fs::remove_dir_all(self.folder)?)
    }

    /// Where the compiler keeps what it would do again.
    pub fn incremental(&self) -> String {
        format!("-Cincremental={}", self.folder.join("incremental").display())
    }

    /// Removes what the compiler has kept.
    pub fn forget(&self) -> Result<()> {
        match fs::remove_dir_all(self.folder.join("incremental")) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    pub fn cargo_build(&self, profile: &str) -> Command {
        let mut command = Command::new("cargo");
        command
            .args(["build", "--quiet", "--offline", "--profile", profile])
            .current_dir(&self.folder);
        command.arg("--target-dir").arg(self.folder.join("target"));
        // As packages of a registry are compiled, which the peer's are: those at a path would be compiled incrementally,
        // which takes longer from nothing.
        command.env("CARGO_INCREMENTAL", "0");
        command
    }

    /// The compiler on a library of this source, which may use the dependency.
    pub fn rustc(&self, compiler: &Path, source: &Path, profile: &str) -> Result<Command> {
        let folder = if profile == "dev" { "debug" } else { profile };
        let libraries = self.folder.join("target").join(folder).join("deps");
        let name = self.peer.crate_name();
        let prefix = format!("lib{name}-");
        let mut library = None;
        for entry in fs::read_dir(&libraries)? {
            let path = entry?.path();
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            if file.starts_with(&prefix) && file.ends_with(".rlib") {
                library = Some(path);
            }
        }
        let library =
            library.ok_or_else(|| format!("no {prefix}*.rlib in {}", libraries.display()))?;
        let mut command = Command::new(compiler);
        command.args(["--edition=2024", "--crate-type=lib", "--crate-name=skeleton"]).arg(source);
        command.arg("--out-dir").arg(&self.folder);
        command.arg("-L").arg(format!("dependency={}", libraries.display()));
        command.arg("--extern").arg(format!("{name}={}", library.display()));
        Ok(command)
    }
}

/// The toolchain's own compiler, which is what cargo starts: the one in the path may be rustup, which looks for it first.
pub fn compiler() -> Result<PathBuf> {
    let output = Command::new("rustc").args(["--print", "sysroot"]).output()?;
    if !output.status.success() {
        return Err(format!("rustc --print sysroot: {}", output.status).into());
    }
    Ok(Path::new(String::from_utf8(output.stdout)?.trim()).join("bin/rustc"))
}
