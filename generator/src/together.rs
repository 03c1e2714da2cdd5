//! Several sources in one go, with types that they share.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use bpf_skel::Frame;
use bpf_skel::elf::Reader;
use bpf_skel::spec::ObjectSpec;

use crate::builder::{file_name, out_dir};
use crate::output::write_if_changed;
use crate::shared::{Shared, module_name, module_path, read_btf};
use crate::{Builder, Error, Result, Skeleton};

impl Builder {
    /// Compiles several sources (`*.c`) or takes objects that exist, and writes a skeleton of each; with
    /// [`shared_types`](Self::shared_types) also the module of the types that they share, which is the last of the paths.
    ///
    /// A type that was asked for by [`types`](Self::types) or [`bind`](Self::bind) has to be in one of them at least.
    ///
    /// ```no_run
    /// # fn main() -> bpf_skel_build::Result<()> {
    /// bpf_skel_build::Builder::new()
    ///     .shared_types("crate::common")
    ///     .build_all(["src/watch.bpf.c", "src/block.bpf.c"])?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`build`](crate::build) and [`generate`](crate::generate); also where an option is for one skeleton only, and
    /// where two of them would be one module.
    pub fn build_all(
        &self,
        sources: impl IntoIterator<Item = impl AsRef<Path>>,
    ) -> Result<Vec<PathBuf>> {
        self.check_for_several()?;
        let sources: Vec<PathBuf> =
            sources.into_iter().map(|source| source.as_ref().to_owned()).collect();
        self.check_modules(&sources)?;
        let output = |source| self.output_of(&self.module_of(source)?, &[source]);
        let outputs: Vec<PathBuf> =
            sources.iter().map(|source| output(source)).collect::<Result<_>>()?;
        let shared_output = match &self.shared {
            Some(path) => Some(self.output_of(module_name(&module_path(path)?), &sources)?),
            None => None,
        };
        let mut objects = Vec::new();
        for source in &sources {
            objects.push(self.read_one(source)?);
        }
        let specs: Vec<ObjectSpec> = objects.iter().map(|(_, spec)| spec.clone()).collect();
        self.check_names(&specs)?;
        let shared = match &self.shared {
            Some(path) => Some(Shared::of(path, &specs, &self.options)?),
            None => None,
        };
        let mut written = Vec::with_capacity(objects.len() + 1);
        for ((file, spec), path) in objects.into_iter().zip(outputs) {
            let options = self.options.for_object(&spec, read_btf(&spec)?.as_ref());
            let skeleton = Skeleton::sharing(spec, (&*file).into(), &options, shared.as_ref())?;
            skeleton.write(&path)?;
            written.push(path);
        }
        if let Some((shared, path)) = shared.zip(shared_output) {
            write_if_changed(&path, shared.text(&self.options)?.as_bytes())?;
            written.push(path);
        }
        Ok(written)
    }

    /// Each has a module and a file of its own.
    fn check_modules(&self, sources: &[PathBuf]) -> Result<()> {
        let mut modules: HashMap<String, String> = HashMap::new();
        if let Some(shared) = &self.shared {
            modules.insert(
                module_name(&module_path(shared)?).to_owned(),
                format!("the shared types {shared:?}"),
            );
        }
        for source in sources {
            let module = self.module_of(source)?;
            let source = source.display().to_string();
            if let Some(other) = modules.get(&module) {
                let message = format!("{other} and {source} make one module, `{module}`");
                return Err(Error::invalid_input(message).with_hint("give one another name"));
            }
            modules.insert(module, source);
        }
        Ok(())
    }

    fn read_one(&self, source: &Path) -> Result<(String, ObjectSpec)> {
        let object = if source.extension().is_some_and(|extension| extension == "c") {
            let object = out_dir()?.join(format!("{}.bpf.o", self.file_stem(source)));
            self.compile(source, &object)?;
            object
        } else {
            self.watch(source);
            source.to_owned()
        };
        let bytes = fs::read(&object).map_err(|error| Error::io("read", &object, &error))?;
        let file = file_name(&object);
        let reading = Reader::new().legacy(self.options.legacy).read(&bytes, &file)?;
        self.warn(&file, &reading.warnings);
        if reading.spec.endian != self.target_endian() {
            return Err(Error::invalid_input(format!("the object is {}", reading.spec.endian))
                .within(Frame::Object(file))
                .with_hint(format!("the target is {}", self.target_endian())));
        }
        Ok((file, reading.spec))
    }

    /// A type or a map that none of the objects has is a mistake; one that only some have is not.
    fn check_names(&self, specs: &[ObjectSpec]) -> Result<()> {
        crate::model::expect_maps(&self.options.untyped_maps, specs)?;
        let bound = self.options.bindings.iter().map(|binding| &binding.c);
        for name in self.options.types.iter().chain(bound) {
            let mut error = None;
            for spec in specs {
                match read_btf(spec)?.map_or(Ok(()), |btf| crate::model::Types::expect(&btf, name))
                {
                    Ok(()) => {
                        error = None;
                        break;
                    }
                    Err(missing) => error = Some(missing),
                }
            }
            if let Some(error) = error {
                return Err(error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_that_would_be_one_module_are_refused() {
        let refused = |builder: Builder, sources: &[&str]| {
            builder.build_all(sources).unwrap_err().to_string()
        };
        for (sources, module) in [
            (["src/x/same.bpf.c", "src/y/same.bpf.c"], "same"),
            (["da-sh.bpf.c", "da_sh.bpf.c"], "da_sh"),
            (["x.bpf.o", "x.c"], "x"),
        ] {
            let [one, two] = sources;
            assert_eq!(
                refused(Builder::new(), &sources),
                format!("{one} and {two} make one module, `{module}` (give one another name)")
            );
        }
        assert_eq!(
            refused(Builder::new().shared_types("crate::same"), &["src/same.bpf.c"]),
            "the shared types \"crate::same\" and src/same.bpf.c make one module, `same` (give one another name)"
        );
    }
}
