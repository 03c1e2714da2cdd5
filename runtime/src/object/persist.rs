//! A whole object on a BPF file system, for a process that comes back: `maps/`, `programs/` and `links/` in a directory
//! of its own, each with the names of C. A dot, which a BPF file system refuses, becomes `_`: `.bss` is `maps/_bss`.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::Object;
use crate::error::{Error, ErrorKind, Frame, Result};
use crate::link::{AutoAttach, Link, Links};
use crate::map::Map;
use crate::pin::{self, Location, Made};
use crate::program::Program;

/// Where a map of this name is pinned in the directory of its object.
pub(crate) fn map_pin(directory: &Path, name: &str) -> PathBuf {
    directory.join("maps").join(file_name(name))
}

fn program_pin(directory: &Path, name: &str) -> PathBuf {
    directory.join("programs").join(file_name(name))
}

fn link_pin(directory: &Path, name: &str) -> PathBuf {
    directory.join("links").join(file_name(name))
}

fn file_name(name: &str) -> String {
    name.replace('.', "_")
}

impl Object {
    /// Pins every map and every loaded program in `directory`, a directory of this object's own on a BPF file system,
    /// made where it does not exist: `maps/NAME` and `programs/NAME`. What is pinned there already and is the very same
    /// map or program stays.
    ///
    /// # Errors
    /// Something else is pinned under one of the names, or the path is not on a BPF file system. What this call has
    /// pinned is removed again.
    #[doc(alias("bpf_object__pin", "bpf_object__pin_maps", "bpf_object__pin_programs"))]
    pub fn pin(&self, directory: impl AsRef<Path>) -> Result<()> {
        let mut made = Undo::default();
        self.pin_all(directory.as_ref(), &mut made.0)
            .map_err(|error| error.within(self.frame()))?;
        made.0.clear();
        Ok(())
    }

    fn pin_all(&self, directory: &Path, made: &mut Vec<Made>) -> Result<()> {
        for map in self.maps.iter().filter(|map| !map.is_absent()) {
            let path = map_pin(directory, map.name());
            match Location::Path(path.clone()).pin(map.as_fd(), made) {
                Err(error) if is_there(&error) && Map::from_pin(&path)?.id()? == map.id()? => {}
                result => result?,
            }
        }
        for program in self.programs.iter().filter(|program| program.is_loaded()) {
            let path = program_pin(directory, program.name());
            match Location::Path(path.clone()).pin(program.as_fd(), made) {
                Err(error)
                    if is_there(&error)
                        && Program::from_pin(&path)?.info()?.id == program.info()?.id => {}
                result => result?,
            }
        }
        Ok(())
    }

    /// Removes what [`pin`](Self::pin), [`Options::set_pin_directory`](super::Options::set_pin_directory) and [`attach_pinned`](Self::attach_pinned) have pinned
    /// in `directory`, and the directory where nothing else is in it. Programs are detached by it, unless a handle of
    /// their links is left.
    ///
    /// # Errors
    /// A pin that cannot be removed, or is one of another object: it stays, and so do those after it.
    pub fn unpin(&self, directory: impl AsRef<Path>) -> Result<()> {
        self.unpin_all(directory.as_ref()).map_err(|error| error.within(self.frame()))
    }

    fn unpin_all(&self, directory: &Path) -> Result<()> {
        for program in self.programs.iter().filter(|program| program.is_loaded()) {
            absent_is_fine(unpin_link(program, &link_pin(directory, program.name())))?;
            absent_is_fine(program.unpin(program_pin(directory, program.name())))?;
        }
        for map in self.maps.iter().filter(|map| !map.is_absent()) {
            absent_is_fine(map.unpin(map_pin(directory, map.name())))?;
        }
        let own = ["links", "programs", "maps"].map(|name| directory.join(name));
        pin::remove_directories(&own);
        pin::remove_directories(&[directory.to_owned()]);
        Ok(())
    }

    /// As [`attach`](Self::attach), with links that outlive the process, pinned as `links/PROGRAM` in `directory`.
    /// Links that are pinned there already are taken over, so that an upgrade misses nothing: where the kernel can, the
    /// link gets the new program at once (`BPF_LINK_UPDATE`); where it cannot (tracing, perf events), the program is
    /// attached anew and its link takes the name of the old one, which detaches then: for a moment both see events.
    ///
    /// # Errors
    /// The first program that cannot be attached, by name. Programs that were attached anew by this call are detached
    /// again; links that already have their new program keep it.
    pub fn attach_pinned(&self, directory: impl AsRef<Path>) -> Result<Links> {
        let attach = || {
            let mut made = Undo::default();
            let mut links = Links::default();
            let mut replaced = Vec::new();
            for (program, _) in self.programs.iter().zip(&self.autoattach).filter(|(_, on)| **on) {
                if !program.attaches_itself() {
                    continue;
                }
                let path = link_pin(directory.as_ref(), program.name());
                let link = match Link::from_pin(&path) {
                    Ok(link) => match link.update(program) {
                        Ok(()) => link,
                        Err(error) if error.kind() == ErrorKind::NotSupportedByKernel => {
                            let link = program.attach_auto()?;
                            replaced.push((links.len(), path));
                            link
                        }
                        Err(error) => return Err(error),
                    },
                    Err(error) if error.kind() == ErrorKind::NotFound => {
                        let mut link = program.attach_auto()?;
                        Location::Path(path.clone()).pin(link.as_fd(), &mut made.0)?;
                        link.pinned_at(path);
                        link
                    }
                    Err(error) => return Err(error),
                };
                links.push(program.name().to_owned(), link);
            }
            for (index, path) in replaced {
                links.replace_pin(index, &path)?;
            }
            made.0.clear();
            Ok(links)
        };
        let links = attach().map_err(|error: Error| error.within(self.frame()))?;
        self.replace_pins()?;
        Ok(links)
    }
}

/// Removes the pin of a link, if it is one of this program.
fn unpin_link(program: &Program, path: &Path) -> Result<()> {
    let mut link = Link::from_pin(path)?;
    let (own, there) = (program.info()?.id, link.info()?.program_id);
    if own != there {
        return Err(Error::mismatch(format!(
            "the link of program {there} is pinned here, not one of this program ({own})"
        ))
        .within(Frame::Path(path.display().to_string())));
    }
    link.unpin()
}

/// Pins of a call that has not succeeded yet.
#[derive(Default)]
struct Undo(Vec<Made>);

impl Drop for Undo {
    fn drop(&mut self) {
        self.0.iter().rev().for_each(Made::remove);
    }
}

fn is_there(error: &Error) -> bool {
    error.kind() == ErrorKind::AlreadyExists
}

fn absent_is_fine(result: Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
