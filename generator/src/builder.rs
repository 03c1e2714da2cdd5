//! From a C source or an object to a skeleton file, for `build.rs` and the command.

mod build;
mod bundle;
mod generate;
mod linked;
mod made;
mod temporary;
mod unused;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use bpf_skel::elf::{Legacy, Warning};
use bpf_skel::spec::Endian;

use crate::options::Binding;
use crate::output::say;
use crate::{Error, Options, Result, btf_file, cargo};

/// Compiles a C source and writes its skeleton to `OUT_DIR`, for `include_skel!`; see [`Builder::build`].
///
/// ```no_run
/// fn main() -> bpf_skel_build::Result<()> {
///     bpf_skel_build::build("src/runqslower.bpf.c")
/// }
/// ```
///
/// # Errors
/// Where clang is missing or refuses the source, where the object holds what is not supported, where a file cannot
/// be written, where the build script has made the same module of another source, or with other options.
pub fn build(source: impl AsRef<Path>) -> Result<()> {
    Builder::new().build(source).map(drop)
}

/// Writes the skeleton of an object to `OUT_DIR`, for `include_skel!`; see [`Builder::generate`].
///
/// # Errors
/// Where the object is broken or holds what is not supported, where a file cannot be read or written, where the build
/// script has made the same module of another object.
pub fn generate(object: impl AsRef<Path>) -> Result<()> {
    Builder::new().generate(object).map(drop)
}

/// Builds skeletons with options of one's own.
///
/// In a build script, everything that cargo says about the target is taken into account, and cargo is told what the
/// skeleton depends on. Elsewhere the host is the target and nothing is printed.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Builder {
    clang: Option<PathBuf>,
    args: Vec<OsString>,
    include_dirs: Vec<PathBuf>,
    defines: Vec<(String, Option<String>)>,
    output: Option<PathBuf>,
    object: Option<PathBuf>,
    bundled: Option<PathBuf>,
    sources: Vec<PathBuf>,
    endian: Option<Endian>,
    any_endian: bool,
    target_arch: Option<String>,
    vmlinux: Option<PathBuf>,
    pub(crate) options: Options,
    /// Path of the module of shared types.
    pub(crate) shared: Option<String>,
}

impl Builder {
    /// A builder with nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The clang to run, by path or by name; else `CLANG`, else the first of `clang`, `clang-22` … `clang-11`.
    pub fn clang(mut self, clang: impl Into<PathBuf>) -> Self {
        self.clang = Some(clang.into());
        self
    }

    /// One more argument for clang, after all others.
    pub fn clang_arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// More arguments for clang, after all others.
    pub fn clang_args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// A folder to search for headers (`-I`).
    pub fn include_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.include_dirs.push(folder.into());
        self
    }

    /// A macro for the C source: `-DNAME`, or `-DNAME=VALUE`.
    pub fn define<'v>(
        mut self,
        name: impl Into<String>,
        value: impl Into<Option<&'v str>>,
    ) -> Self {
        self.defines.push((name.into(), value.into().map(str::to_owned)));
        self
    }

    /// The file of the skeleton; else `OUT_DIR/NAME.skel.rs`.
    pub fn output(mut self, path: impl Into<PathBuf>) -> Self {
        self.output = Some(path.into());
        self
    }

    /// The file of the compiled object; else `OUT_DIR/NAME.bpf.o`.
    pub fn object(mut self, path: impl Into<PathBuf>) -> Self {
        self.object = Some(path.into());
        self
    }

    /// An object that is shipped beside the source, so that building the crate takes no clang: it stands for the
    /// compiled one as long as it was made from the same sources by the same options, of which `OBJECT.sources` beside it
    /// has the hashes. Where they have changed, clang compiles them. With `BPF_SKEL_BUNDLE=1` in the environment it does so
    /// in any case and renews the object and the list, and so it makes them in the first place.
    ///
    /// The list has the headers of the crate, those beside the sources and those that the build script has made. Headers of
    /// the system and of other crates may change without notice, and so may the running kernel's types
    /// ([`vmlinux`](Self::vmlinux)), since they differ between machines.
    ///
    /// For sources that do not depend on the target's architecture (`__TARGET_ARCH_…`): the one object is for all of
    /// its byte order.
    pub fn bundled(mut self, object: impl Into<PathBuf>) -> Self {
        self.bundled = Some(object.into());
        self
    }

    /// The name of the generated module, and of its file: an identifier. Else it is the source's name up to the first dot,
    /// bent to one: `my_prog` of `my-prog.x.bpf.c`, `type_` of `type.bpf.c`.
    pub fn module_name(mut self, name: impl Into<String>) -> Self {
        self.options.module = Some(name.into());
        self
    }

    /// The path of the runtime crate as generated code is to spell it; else `::bpf_skel`.
    pub fn runtime_path(mut self, path: impl Into<String>) -> Self {
        self.options.runtime = path.into();
        self
    }

    /// C types that the skeleton is to have beside those of its maps, variables and exports: `["event", "struct value"]`.
    ///
    /// clang leaves out of the object what nothing refers to; `struct event *unused;` keeps the type of a record that
    /// only a function knows. A tag in the C source does the same as this method behind a struct, and behind such a variable it
    /// keeps the variable out of the skeleton (clang 14):
    ///
    /// ```c
    /// #define BPF_SKEL_EXPORT __attribute__((btf_decl_tag("bpf_skel_export")))
    /// struct event *unused_event BPF_SKEL_EXPORT;
    /// ```
    pub fn types(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.types.extend(names.into_iter().map(Into::into));
        self
    }

    /// Has a Rust type stand for a C type wherever the skeleton uses it: `bind("struct event", "crate::Event")`.
    ///
    /// The path is absolute. The type has to be `#[repr(C)]`, [`Pod`](bpf_skel::pod::Pod), which
    /// [`impl_pod!`](bpf_skel::impl_pod) makes a struct without `unsafe`, and `Debug`. The skeleton compiles only where it
    /// lies in memory as the C type does: its size, its alignment, and of each field that the generated struct would have
    /// the name, the offset and the size. It may have more fields, such as padding, and they may be of other types of the
    /// same size, such as `[u8; 4]` for a `__be32`. Bit-fields, and the members of unions, are methods of a generated struct
    /// and no fields: nothing is asked of them.
    ///
    /// The fields have to be visible where the skeleton's module is. For a type that names them in another way or hides
    /// them, see [`bind_opaque`](Self::bind_opaque).
    pub fn bind(self, c: impl Into<String>, rust: impl Into<String>) -> Self {
        self.bind_as(c.into(), rust.into(), false)
    }

    /// As [`bind`](Self::bind), but nothing is asked of the type's fields: only its size and its alignment are those of the
    /// C type. What is where inside of it is for its author to know.
    pub fn bind_opaque(self, c: impl Into<String>, rust: impl Into<String>) -> Self {
        self.bind_as(c.into(), rust.into(), true)
    }

    fn bind_as(mut self, c: String, rust: String, opaque: bool) -> Self {
        self.options.bindings.push(Binding { c, rust, opaque });
        self
    }

    /// Gives these maps an untyped handle, [`Map`](bpf_skel::map::Map): `["events"]`. A typed one is for the type and the
    /// sizes that the object says, and refuses a map of others. So this is for maps that are retyped or resized before the
    /// load: a ring buffer (Linux 5.8), say, that is a perf event array on an older kernel. The typed handle is made from it
    /// then: `PerfEventArray::try_from(map)`.
    pub fn untyped_maps(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.untyped_maps.extend(names.into_iter().map(Into::into));
        self
    }

    /// Has [`build_all`](Builder::build_all) put the types that two or more objects have into one module, from which
    /// their skeletons have them: a value of one skeleton's map is then one of the other's.
    ///
    /// `module` is the absolute path by which the skeletons find it: for `crate::common`, `include_skel!(common)` goes to
    /// the crate's root. Other calls refuse it.
    pub fn shared_types(mut self, module: impl Into<String>) -> Self {
        self.shared = Some(module.into());
        self
    }

    /// The byte order to compile for and to take; else the target's.
    pub fn endian(mut self, endian: Endian) -> Self {
        self.endian = Some(endian);
        self
    }

    /// Takes an object of either byte order; the skeleton then compiles for targets of that order only.
    pub fn any_endian(mut self) -> Self {
        self.any_endian = true;
        self
    }

    /// The architecture whose `__TARGET_ARCH_…` the source sees, by cargo's name (`x86_64`); else the target's.
    pub fn target_arch(mut self, arch: impl Into<String>) -> Self {
        self.target_arch = Some(arch.into());
        self
    }

    /// Writes `vmlinux.h`, the C of the running kernel's types, for sources that include it: to `OUT_DIR/vmlinux`, which
    /// clang then searches after all other folders. One header serves all sources of a build script, and it is written
    /// again where the build script runs on another kernel. A new kernel alone is no reason for cargo to run it.
    ///
    /// The types are those of the machine that builds, whatever the target: CO-RE finds the members of the kernel that
    /// runs the program, but `struct pt_regs` and the like are of one architecture. For types that do not depend on where the
    /// crate is built, see [`vmlinux_from`](Self::vmlinux_from). It takes Linux 5.4 with CONFIG_DEBUG_INFO_BTF.
    #[doc(alias = "bpftool btf dump")]
    pub fn vmlinux(self) -> Self {
        self.vmlinux_from(btf_file::RUNNING)
    }

    /// As [`vmlinux`](Self::vmlinux), with the types of another kernel: its `/sys/kernel/btf/vmlinux`, or an ELF file with
    /// a section `.BTF`. A file that changes is a reason to build again.
    pub fn vmlinux_from(mut self, btf: impl Into<PathBuf>) -> Self {
        self.vmlinux = Some(btf.into());
        self
    }

    /// How the map definitions in a section `maps` are laid out, which iproute2 and libbpf before 1.0 read; else as in the
    /// last `struct bpf_elf_map`. They need nothing else: an object with such a section has a skeleton like any other.
    pub fn legacy(mut self, layout: Legacy) -> Self {
        self.options.legacy = layout;
        self
    }

    /// How the skeleton is to look; replaces what [`module_name`](Self::module_name),
    /// [`runtime_path`](Self::runtime_path), [`legacy`](Self::legacy), [`types`](Self::types), [`bind`](Self::bind),
    /// [`bind_opaque`](Self::bind_opaque) and [`untyped_maps`](Self::untyped_maps) have set.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    pub(crate) fn warn(&self, file: &str, warnings: &[Warning]) {
        for warning in warnings {
            let text = format!("{file}: {warning}");
            if cargo::in_build_script() { cargo::warning(&text) } else { say(text) }
        }
    }

    /// An object that is there already: another one is another skeleton.
    pub(crate) fn watch(&self, object: &Path) {
        if cargo::in_build_script() {
            cargo::rerun_if_changed(object);
        }
    }

    pub(crate) fn target_endian(&self) -> Endian {
        self.endian.unwrap_or_else(cargo::target_endian)
    }

    /// The module of the skeleton of this object, or of this source's.
    pub(crate) fn module_of(&self, file: &Path) -> Result<String> {
        let module = self.options.module_ident(object_name(&file_name(file)))?;
        Ok(module.unraw().to_owned())
    }

    /// The file of the skeleton of this module, which is made of `sources`.
    ///
    /// # Errors
    /// Where this process has made it of others, or with other options.
    pub(crate) fn output_of(&self, module: &str, sources: &[impl AsRef<Path>]) -> Result<PathBuf> {
        match &self.output {
            Some(path) => Ok(path.clone()),
            None => {
                let path = skeleton_path(module)?;
                made::claim(&path, sources, self)?;
                Ok(path)
            }
        }
    }

    pub(crate) fn file_stem(&self, source: &Path) -> String {
        self.options.module.clone().unwrap_or_else(|| object_name(&file_name(source)).to_owned())
    }
}

/// The file's name without its folder.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// These, as a sentence has them.
fn list(paths: &[PathBuf]) -> String {
    let paths: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    paths.join(", ")
}

/// A file's name up to the first dot.
pub(crate) fn object_name(file_name: &str) -> &str {
    file_name.split('.').next().unwrap_or(file_name)
}

/// Where `include_skel!` looks for the module.
fn skeleton_path(module: &str) -> Result<PathBuf> {
    Ok(out_dir()?.join(format!("{module}.skel.rs")))
}

pub(crate) fn out_dir() -> Result<PathBuf> {
    env::var_os("OUT_DIR").map(PathBuf::from).ok_or_else(|| {
        Error::invalid_input("OUT_DIR is not set")
            .with_hint("outside of a build script, say where to write with `Builder::output`")
    })
}
