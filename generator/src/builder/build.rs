//! From C sources to a skeleton, with clang or with an object that is shipped for it.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::generate::elf_endian;
use super::temporary::TemporaryFolder;
use super::{Builder, linked, out_dir};
use crate::bundled::{self, Bundled};
use crate::clang::Compile;
use crate::{Error, ErrorKind, Result, cargo, vmlinux};

impl Builder {
    /// Compiles `source` and writes the skeleton of the object. Returns the skeleton's path.
    ///
    /// # Errors
    /// As [`build`](crate::build).
    pub fn build(&self, source: impl AsRef<Path>) -> Result<PathBuf> {
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
        let sources = self.compile_all(sources, &object).map_err(|error| match &self.bundled {
            Some(bundled) if error.kind() == ErrorKind::ClangNotFound => error.with_detail(format!(
                "clang is needed since {} is missing, for another byte order, or older than its source",
                bundled.display()
            )),
            _ => error,
        })?;
        if let Some(path) = &self.bundled {
            self.renew_bundled(path, &object, &sources)?;
        }
        self.write_skeleton(&[object])
    }

    /// The skeleton of the bundled object, if there is one that may be used.
    fn bundled_skeleton(&self, wanted: &[PathBuf]) -> Result<Option<PathBuf>> {
        let Some(path) = &self.bundled else { return Ok(None) };
        let bundled = Bundled::new(path);
        if cargo::in_build_script() {
            cargo::rerun_if_env_changed(bundled::RENEW);
            cargo::rerun_if_changed(path);
            cargo::rerun_if_changed(&bundled.list());
        }
        let sources = bundled.unchanged_sources();
        let Some(sources) = sources.filter(|sources| bundled.covers(sources, wanted)) else {
            return Ok(None);
        };
        let bytes = fs::read(path).map_err(|error| Error::io("read", path, &error))?;
        if elf_endian(&bytes) != Some(self.target_endian()) {
            return Ok(None);
        }
        if cargo::in_build_script() {
            sources.iter().for_each(|source| cargo::rerun_if_changed(source));
        }
        self.write_skeleton(std::slice::from_ref(path)).map(Some)
    }

    fn renew_bundled(&self, path: &Path, fresh: &Path, sources: &[PathBuf]) -> Result<()> {
        if env::var_os(bundled::RENEW).is_some_and(|value| !value.is_empty()) {
            return Bundled::new(path).renew(fresh, sources);
        }
        let stale = format!(
            "{} does not belong to its source: {}=1 cargo build renews it",
            path.display(),
            bundled::RENEW
        );
        if cargo::in_build_script() {
            cargo::warning(&stale);
        }
        Ok(())
    }

    /// Compiles `source` to `object` and nothing else. Returns the source and all headers it read, but for the
    /// [`vmlinux.h`](Self::vmlinux) that was written for it.
    ///
    /// # Errors
    /// Where clang is missing or refuses the source, where the object cannot be written.
    pub fn compile(
        &self,
        source: impl AsRef<Path>,
        object: impl AsRef<Path>,
    ) -> Result<Vec<PathBuf>> {
        let cargo = cargo::in_build_script();
        if cargo {
            // Before clang runs: a build that fails is to run again when the source is mended.
            cargo::rerun_if_changed(source.as_ref());
            cargo::rerun_if_env_changed("CLANG");
        }
        let arch = self.target_arch.clone().unwrap_or_else(cargo::target_arch);
        let kernel = self.vmlinux.as_ref().map(|from| KernelHeader::write(from)).transpose()?;
        let folder = kernel.as_ref().map(|header| header.folder.as_path());
        let compile = Compile {
            clang: self.clang.as_deref(),
            source: source.as_ref(),
            object: object.as_ref(),
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
            eprint!("{}", compiled.warnings);
        }
        Ok(compiled.dependencies)
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
        // What sysfs calls a file's age is that of an inode in memory: it would be a change at each boot, and sooner.
        if cargo::in_build_script() && !from.starts_with("/sys") {
            cargo::rerun_if_changed(from);
        }
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
