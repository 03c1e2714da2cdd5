//! From C sources to a skeleton, with clang or with an object that is shipped for it.

use std::env;
use std::path::{Path, PathBuf};

use super::temporary::TemporaryFolder;
use super::{Builder, linked, out_dir};
use crate::clang::{Compile, Compiled};
use crate::output::{self, say};
use crate::{ErrorKind, Result, cargo, vmlinux};

impl Builder {
    /// Compiles `source` and writes the skeleton of the object. Returns the skeleton's path.
    ///
    /// The module, and what `include_skel!` is given, is [`module_name`](Self::module_name), else the source's name up to
    /// the first dot, bent to an identifier: `my_prog` of `my-prog.x.bpf.c`, `type_` of `type.bpf.c`.
    ///
    /// # Errors
    /// As [`build`](crate::build); also where [`sources`](Self::sources) or [`shared_types`](Self::shared_types) were set.
    pub fn build(&self, source: impl AsRef<Path>) -> Result<PathBuf> {
        self.check_unused("build", &["sources", "shared_types"])?;
        self.build_from(&[source.as_ref().to_owned()])
    }

    pub(super) fn build_from(&self, sources: &[PathBuf]) -> Result<PathBuf> {
        let first = linked::first(sources)?;
        if let Some(skeleton) = self.bundled_skeleton(sources)? {
            return Ok(skeleton);
        }
        let object = match &self.object {
            Some(path) => path.clone(),
            None => out_dir()?.join(format!("{}.bpf.o", self.file_stem(first))),
        };
        // Before it overwrites that of other sources.
        let output = self.output_of(&self.module_of(&object)?, sources)?;
        let dependencies = self.compile_all(sources, &object).map_err(|error| match &self.bundled {
            Some(bundled) if error.kind() == ErrorKind::ClangNotFound => error.with_detail(format!(
                "clang is needed since {} is missing, for another byte order, or not made from its sources and options \
                 as they are now",
                bundled.display()
            )),
            _ => error,
        })?;
        self.renew_bundled(&object, sources, &dependencies)?;
        self.skeleton_from(&object, sources)?.write(&output)?;
        Ok(output)
    }

    /// Compiles `source` to `object` and nothing else. Returns the source and all headers it read, but for the
    /// [`vmlinux.h`](Self::vmlinux) that was written for it.
    ///
    /// # Errors
    /// Where clang is missing or refuses the source, where the object cannot be written, where
    /// [`sources`](Self::sources) were set.
    pub fn compile(
        &self,
        source: impl AsRef<Path>,
        object: impl AsRef<Path>,
    ) -> Result<Vec<PathBuf>> {
        self.check_unused("compile", &["sources"])?;
        self.compile_one(source.as_ref(), object.as_ref())
    }

    pub(super) fn compile_one(&self, source: &Path, object: &Path) -> Result<Vec<PathBuf>> {
        let compiled = self.compile_to_bytes(source)?;
        output::write(object, &compiled.object)?;
        Ok(compiled.dependencies)
    }

    /// As [`compile`](Self::compile), without a file.
    pub(crate) fn compile_to_bytes(&self, source: &Path) -> Result<Compiled> {
        let cargo = cargo::in_build_script();
        if cargo {
            // Before clang runs: a build that fails is to run again when the source is mended.
            cargo::rerun_if_changed(source);
            cargo::rerun_if_env_changed("CLANG");
        }
        let scratch = TemporaryFolder::new()?;
        let arch = self.target_arch.clone().unwrap_or_else(cargo::target_arch);
        if cargo {
            self.watched_kernel().into_iter().for_each(|path| cargo::rerun_if_changed(path));
        }
        let kernel = self.vmlinux.as_ref().map(|from| KernelHeader::write(from)).transpose()?;
        let folder = kernel.as_ref().map(|header| header.folder.as_path());
        let compile = Compile {
            clang: self.clang.as_deref(),
            source,
            scratch: &scratch.0,
            endian: self.target_endian(),
            arch: &arch,
            include_dirs: &self.include_dirs,
            vmlinux_dir: folder,
            defines: &self.defines,
            args: &self.args,
        };
        let mut compiled = compile.run()?;
        if let Some(folder) = folder {
            // It is newer than the start of the build script, which cargo would take for a change. What it depends on
            // itself was told already.
            compiled.dependencies.retain(|path| !path.starts_with(folder));
        }
        if cargo {
            cargo::warning(&compiled.warnings);
            compiled.dependencies.iter().for_each(|path| cargo::rerun_if_changed(path));
        } else if !compiled.warnings.is_empty() {
            say(compiled.warnings.trim_end());
        }
        Ok(compiled)
    }

    /// The file of the kernel's types. What sysfs calls a file's age is that of an inode in memory: it would be a change at
    /// each boot, and sooner.
    pub(super) fn watched_kernel(&self) -> Option<&PathBuf> {
        self.vmlinux.as_ref().filter(|from| !from.starts_with("/sys"))
    }
}

/// The folder of `vmlinux.h`.
struct KernelHeader {
    folder: PathBuf,
    /// Where there is no `OUT_DIR`, it lives as long as one compilation.
    _temporary: Option<TemporaryFolder>,
}

impl KernelHeader {
    fn write(from: &Path) -> Result<Self> {
        let (folder, temporary) = match env::var_os("OUT_DIR") {
            Some(out_dir) => (PathBuf::from(out_dir).join("vmlinux"), None),
            None => {
                let temporary = TemporaryFolder::new()?;
                (temporary.0.clone(), Some(temporary))
            }
        };
        vmlinux::write(from, &folder)?;
        Ok(Self { folder, _temporary: temporary })
    }
}
