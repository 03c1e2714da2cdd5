//! Several sources to one object.

use std::fs;
use std::path::{Path, PathBuf};

use super::Builder;
use super::temporary::TemporaryFolder;
use crate::ident::{identifier, module};
use crate::output::write_if_changed;
use crate::{Error, Result, Skeleton, cargo};

impl Builder {
    /// The sources that together make one object, for [`build_as`](Self::build_as): each is compiled by itself, and
    /// the objects are linked as by [`link`](crate::link), in this order. What does not end in `.c` is an object
    /// already. Other calls refuse them.
    pub fn sources(mut self, sources: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        self.sources.extend(sources.into_iter().map(Into::into));
        self
    }

    /// Compiles the [`sources`](Self::sources), links them and writes the skeleton of the whole, whose module and file
    /// have this name; what is no name of a module is bent to one, as a source's name is: `my-probe` to `my_probe`, `type`
    /// to `type_`. Returns the skeleton's path.
    ///
    /// ```no_run
    /// # use bpf_skel_build::{Builder, Result};
    /// fn main() -> Result<()> {
    ///     Builder::new().sources(["src/probe.bpf.c", "src/maps.bpf.c"]).build_as("probe").map(drop)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`build`](crate::build) and [`link`](crate::link); also where there are no sources, and where
    /// [`module_name`](Self::module_name) or [`shared_types`](Self::shared_types) were set.
    pub fn build_as(&self, name: impl Into<String>) -> Result<PathBuf> {
        self.check_unused("build_as", &["shared_types", "module_name"])?;
        let name = name.into();
        let ident = identifier(&name).unwrap_or_else(|| module(&name));
        self.clone().module_name(ident.as_str()).build_from(&self.sources)
    }

    /// The skeleton of what several C sources (`*.c`) and objects make together, without a file, and all files it was
    /// made from. The module has the first one's name if none was set.
    ///
    /// # Errors
    /// As [`build_as`](Self::build_as).
    pub fn expand_all(&self, paths: &[impl AsRef<Path>]) -> Result<(Skeleton, Vec<PathBuf>)> {
        self.check_unused("expand", &["sources", "shared_types"])?;
        let paths: Vec<PathBuf> = paths.iter().map(|path| path.as_ref().to_owned()).collect();
        match &paths[..] {
            [object] if !is_source(object) => {
                return Ok((self.skeleton_of(&[object])?, vec![object.clone()]));
            }
            _ => {}
        }
        let folder = TemporaryFolder::new()?;
        let object = folder.0.join(format!("{}.bpf.o", self.file_stem(first(&paths)?)));
        let dependencies = self.compile_all(&paths, &object)?;
        Ok((self.skeleton_from(&object, &paths)?, dependencies))
    }

    /// Makes `object` of all of `sources`. Returns all files it was made from.
    pub(super) fn compile_all(&self, sources: &[PathBuf], object: &Path) -> Result<Vec<PathBuf>> {
        if let [source] = sources
            && is_source(source)
        {
            return self.compile_one(source, object);
        }
        let (mut objects, mut dependencies) = (Vec::new(), Vec::new());
        for (number, source) in sources.iter().enumerate() {
            let path = if is_source(source) {
                let mut path = object.as_os_str().to_owned();
                path.push(format!(".{number}.o"));
                let path = PathBuf::from(path);
                dependencies.extend(self.compile_one(source, &path)?);
                path
            } else {
                if cargo::in_build_script() {
                    cargo::rerun_if_changed(source);
                }
                dependencies.push(source.clone());
                source.clone()
            };
            let bytes = fs::read(&path).map_err(|error| Error::io("read", &path, &error))?;
            objects.push((source.display().to_string(), bytes));
        }
        let objects: Vec<(&str, &[u8])> =
            objects.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
        write_if_changed(object, &crate::link(&objects)?)?;
        // Headers are read by several of them.
        dependencies.sort();
        dependencies.dedup();
        Ok(dependencies)
    }
}

pub(super) fn first(sources: &[PathBuf]) -> Result<&Path> {
    let first = sources.first().map(PathBuf::as_path);
    first.ok_or_else(|| {
        Error::invalid_input("no sources").with_hint("name them by `Builder::sources`")
    })
}

fn is_source(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bent_as_those_of_sources_are() {
        let folder = TemporaryFolder::new().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/maps-el.o");
        for (name, module) in
            [("type", "type_"), ("my-probe", "my_probe"), ("r#loop", "r#loop"), ("größe", "größe")]
        {
            let (object, output) = (folder.0.join("x.o"), folder.0.join("x.rs"));
            let builder = Builder::new().sources([&fixture]).object(object).output(&output);
            builder.any_endian().build_as(name).unwrap();
            let text = fs::read_to_string(output).unwrap();
            assert!(text.contains(&format!("\npub mod {module} {{\n")), "{name}");
        }
    }
}
