//! From objects that exist to a skeleton.

use std::fs::{self, File};
use std::io::Read as _;
#[cfg(feature = "cli")]
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use bpf_skel::spec::Endian;

use super::{Builder, file_name, list};
use crate::skeleton::Origin;
use crate::{Error, Result, Skeleton, cargo};

impl Builder {
    /// Writes the skeleton of an object that exists already. Returns the skeleton's path.
    ///
    /// # Errors
    /// As [`generate`](crate::generate).
    pub fn generate(&self, object: impl AsRef<Path>) -> Result<PathBuf> {
        self.generate_from([object])
    }

    /// Writes the skeleton of that one of `objects` which has the target's byte order: `["x-el.o", "x-eb.o"]`.
    ///
    /// # Errors
    /// As [`generate`](crate::generate); also where none of them has the target's byte order, and where an option was set
    /// that is for [`build`](Self::build), [`build_as`](Self::build_as) or [`build_all`](Self::build_all).
    pub fn generate_from(
        &self,
        objects: impl IntoIterator<Item = impl AsRef<Path>>,
    ) -> Result<PathBuf> {
        self.check_unused("generate", &["sources", "shared_types", "object", "bundled"])?;
        let objects: Vec<PathBuf> =
            objects.into_iter().map(|path| path.as_ref().to_owned()).collect();
        if cargo::in_build_script() {
            objects.iter().for_each(|path| cargo::rerun_if_changed(path));
        }
        self.write_skeleton(&self.skeleton_of(&objects)?, &objects)
    }

    /// The skeleton of that one of `objects` which has the target's byte order, without writing it.
    ///
    /// # Errors
    /// As [`Builder::generate_from`].
    pub fn skeleton(&self, objects: &[impl AsRef<Path>]) -> Result<Skeleton> {
        self.check_unused("skeleton", &["sources", "shared_types"])?;
        self.skeleton_of(objects)
    }

    pub(super) fn skeleton_of(&self, objects: &[impl AsRef<Path>]) -> Result<Skeleton> {
        let (bytes, file) = self.choose(objects)?;
        let skeleton = Skeleton::from_object(&bytes, &file, &self.options)?;
        self.warn(&file, skeleton.warnings());
        Ok(skeleton)
    }

    /// The skeleton of an object that was made of `sources`, by which errors call it.
    pub(super) fn skeleton_from(&self, object: &Path, sources: &[PathBuf]) -> Result<Skeleton> {
        let (bytes, file) = self.choose(&[object])?;
        let shown = list(sources);
        let origin = Origin { file: &file, shown: &shown };
        let skeleton = Skeleton::of(&bytes, origin, &self.options)?;
        self.warn(&shown, skeleton.warnings());
        Ok(skeleton)
    }

    /// As [`skeleton`](Self::skeleton), for a process that ends when it is written: what was read of a large object is not
    /// copied, and nothing is given back piece by piece.
    #[cfg(feature = "cli")]
    pub(crate) fn last_skeleton(
        &self,
        objects: &[impl AsRef<Path>],
    ) -> Result<ManuallyDrop<Skeleton>> {
        let (bytes, file) = self.choose(objects)?;
        let skeleton = Skeleton::from_static(bytes.leak(), &file, &self.options)?;
        self.warn(&file, skeleton.warnings());
        Ok(ManuallyDrop::new(skeleton))
    }

    /// The one of `objects` that has the target's byte order, and its file's name.
    fn choose(&self, objects: &[impl AsRef<Path>]) -> Result<(Vec<u8>, String)> {
        let endian = self.target_endian();
        let mut found = Vec::new();
        for (number, path) in objects.iter().map(AsRef::as_ref).enumerate() {
            let bytes = fs::read(path).map_err(|error| Error::io("read", path, &error))?;
            match elf_endian(&bytes) {
                Some(other) if other != endian && !self.any_endian => {
                    found.push(format!("{} ({other})", path.display()))
                }
                // What is not ELF at all gets its error from the reader.
                chosen => {
                    let others = objects[number + 1..].iter().map(AsRef::as_ref);
                    check_others(path, chosen, others)?;
                    return Ok((bytes, file_name(path)));
                }
            }
        }
        Err(Error::invalid_input(format!("no {endian} object among {}", found.join(", ")))
            .with_hint(format!(
                "the target is {endian}; compile for it with `-target bpfe{}`",
                match endian {
                    Endian::Little => 'l',
                    Endian::Big => 'b',
                }
            )))
    }

    /// The skeleton of a C source (`*.c`) or of an object, without a file, and all files it was made from.
    ///
    /// # Errors
    /// As [`build`](crate::build) and [`generate`](crate::generate).
    pub fn expand(&self, path: impl AsRef<Path>) -> Result<(Skeleton, Vec<PathBuf>)> {
        self.expand_all(&[path])
    }

    /// Writes the skeleton of what was made of `sources`.
    pub(super) fn write_skeleton(
        &self,
        skeleton: &Skeleton,
        sources: &[PathBuf],
    ) -> Result<PathBuf> {
        let path = self.output_of(skeleton.module(), sources)?;
        skeleton.write(&path)?;
        Ok(path)
    }
}

/// That no other object could have been meant as well.
fn check_others<'p>(
    path: &Path,
    chosen: Option<Endian>,
    mut others: impl Iterator<Item = &'p Path>,
) -> Result<()> {
    let Some(endian) = chosen else { return Ok(()) };
    let order = |path: &Path| {
        let mut start = [0; 6];
        File::open(path).and_then(|mut file| file.read_exact(&mut start)).ok()?;
        elf_endian(&start)
    };
    let Some(other) = others.find(|other| order(other) == Some(endian)) else { return Ok(()) };
    let message = format!("{} and {} are both {endian}", path.display(), other.display());
    Err(Error::invalid_input(message).with_hint(
        "a skeleton is of one object, which may be given for both byte orders; `bpf-skel link` and \
         `Builder::sources` make one of several",
    ))
}

/// `EI_DATA` of something that starts as ELF does.
pub(super) fn elf_endian(bytes: &[u8]) -> Option<Endian> {
    match bytes {
        [0x7f, b'E', b'L', b'F', _, 1, ..] => Some(Endian::Little),
        [0x7f, b'E', b'L', b'F', _, 2, ..] => Some(Endian::Big),
        _ => None,
    }
}
