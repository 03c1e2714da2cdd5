//! A whole object on a BPF file system, for a process that comes back: `maps/`, `programs/` and `links/` in a directory
//! of its own, each with the names of C. A dot, which a BPF file system refuses, becomes `_`: `.bss` is `maps/_bss`.

use std::os::fd::AsFd;
use std::path::{Path, PathBuf};

use super::Object;
use crate::error::{Error, ErrorKind, Frame, Result};
use crate::link::{self, AutoAttach, Link, LinkTarget, Links};
use crate::map::Map;
use crate::pin::{self, Location, Made};
use crate::program::Program;
use crate::uapi::flags;

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
            if map.has_operations() {
                absent_is_fine(unpin_operations(map, &link_pin(directory, map.name())))?;
            }
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
    /// Operations (section `.struct_ops.link`) have links too, `links/MAP`: the new map takes over where the kernel's
    /// subsystem lets it. Those without a link cannot be pinned: leave them out with
    /// [`OpenMap::set_autoattach`](super::OpenMap::set_autoattach).
    ///
    /// # Errors
    /// The first program or map that cannot be attached, by name. What was attached anew by this call is detached again;
    /// links that already have their new program keep it.
    pub fn attach_pinned(&self, directory: impl AsRef<Path>) -> Result<Links> {
        let links =
            self.attach_each(directory.as_ref()).map_err(|error| error.within(self.frame()))?;
        self.replace_pins()?;
        Ok(links)
    }

    fn attach_each(&self, directory: &Path) -> Result<Links> {
        if let Some(map) = self.operations().find(|map| map.flags() & flags::LINK == 0) {
            return Err(Error::invalid_input(
                "operations of section .struct_ops have no link to pin",
            )
            .with_hint("section .struct_ops.link has; or OpenMap::set_autoattach(false)")
            .within(Frame::Map(map.name().to_owned())));
        }
        let mut made = Undo::default();
        let mut links = Links::default();
        let mut replaced = Vec::new();
        for (program, _) in self.programs.iter().zip(&self.autoattach).filter(|(_, on)| **on) {
            if !program.attaches_itself() {
                continue;
            }
            let path = link_pin(directory, program.name());
            let attach = || program.attach_auto();
            let (link, anew) = take_over(&path, |link| link.update(program), attach, &mut made.0)?;
            if anew {
                replaced.push((links.len(), path));
            }
            links.push(program.name().to_owned(), link);
        }
        for map in self.operations() {
            let path = link_pin(directory, map.name());
            let update = |link: &Link| link::update_struct_ops(link, map);
            let attach = || link::attach_struct_ops(map);
            let (link, anew) = take_over(&path, update, attach, &mut made.0)?;
            if anew {
                replaced.push((links.len(), path));
            }
            links.push(map.name().to_owned(), link);
        }
        for (index, path) in replaced {
            links.replace_pin(index, &path)?;
        }
        made.0.clear();
        Ok(links)
    }
}

/// The link that is pinned at `path`, once `update` has given it what is new; or what `attach` makes, pinned there unless
/// another one is: then `true`, and it is to take that pin over.
fn take_over(
    path: &Path,
    update: impl FnOnce(&Link) -> Result<()>,
    attach: impl FnOnce() -> Result<Link>,
    made: &mut Vec<Made>,
) -> Result<(Link, bool)> {
    match Link::from_pin(path) {
        Ok(link) => match update(&link) {
            Ok(()) => Ok((link, false)),
            Err(error) if error.kind() == ErrorKind::NotSupportedByKernel => Ok((attach()?, true)),
            Err(error) => Err(error),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let mut link = attach()?;
            Location::Path(path.to_owned()).pin(link.as_fd(), made)?;
            link.pinned_at(path.to_owned());
            Ok((link, false))
        }
        Err(error) => Err(error),
    }
}

/// Removes the pin of a link, if it is one of this map's operations.
fn unpin_operations(map: &Map, path: &Path) -> Result<()> {
    let mut link = Link::from_pin(path)?;
    let own = LinkTarget::StructOps { map_id: map.id()? };
    match link.info()?.target {
        there if there == own => link.unpin(),
        _ => Err(Error::mismatch("the link that is pinned here is not one of this map")
            .within(Frame::Path(path.display().to_string()))),
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
