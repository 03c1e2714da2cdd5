use std::sync::{Mutex, PoisonError};

use super::SpecRef;
use super::pins::Kept;
use super::prepared::find_map;
use crate::error::{Error, Frame, Result};
use crate::link::{self, AutoAttach, Links, attach_all};
use crate::map::Map;
use crate::program::Program;
use crate::spec::ObjectSpec;

/// An object in the kernel: its maps exist and its programs are verified. Dropped, it closes them; what is attached
/// or pinned stays.
#[derive(Debug)]
pub struct Object {
    pub(crate) spec: SpecRef,
    pub(crate) maps: Vec<Map>,
    pub(crate) programs: Vec<Program>,
    /// Which programs `attach` takes.
    pub(crate) autoattach: Vec<bool>,
    /// Which struct_ops maps `attach` takes, by map.
    pub(crate) map_autoattach: Vec<bool>,
    /// The verifier's words on each program, where they were asked for.
    pub(crate) logs: Vec<Option<String>>,
    /// Pins that the load has made, and those that its maps take over once the programs are attached.
    pub(crate) pins: Mutex<Kept>,
    pub(crate) notes: Vec<Error>,
}

impl Object {
    /// What the object holds, before any edit.
    pub fn spec(&self) -> &ObjectSpec {
        &self.spec
    }

    /// What the kernel refused and the load has gone on without: the object's types, a map's, the records of a program's
    /// functions and lines. Everything works, but tools and reports show less. Each is an error as a failure would be, with
    /// the kernel's log where it has one; none where all is well.
    pub fn notes(&self) -> &[Error] {
        &self.notes
    }

    /// The object's maps in the order of the spec, then those that were added.
    pub fn maps(&self) -> &[Map] {
        &self.maps
    }

    /// The map with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn map(&self, name: &str) -> Result<&Map> {
        find_map(&self.maps, name).map_err(|error| error.within(self.frame()))
    }

    /// The programs in the order of the spec.
    pub fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// The program with this name.
    ///
    /// # Errors
    /// There is none.
    pub fn program(&self, name: &str) -> Result<&Program> {
        self.programs.iter().find(|program| program.name() == name).ok_or_else(|| {
            Error::not_found(format!("no program is named {name:?}")).within(self.frame())
        })
    }

    /// The verifier's log of a program that was accepted, where [`Options::set_log_level`] asked for one.
    ///
    /// [`Options::set_log_level`]: super::Options::set_log_level
    pub fn verifier_log(&self, program: usize) -> Option<&str> {
        self.logs.get(program)?.as_deref()
    }

    /// Attaches every program that was loaded and whose section's name says to what, then registers the operations of
    /// every struct_ops map that was created: their links have the names of the maps.
    ///
    /// # Errors
    /// The first program or map that cannot be attached, by name; those before it are detached again.
    pub fn attach(&self) -> Result<Links> {
        let wanted = self.programs.iter().zip(&self.autoattach).filter(|(_, wanted)| **wanted);
        let wanted: Vec<&dyn AutoAttach> = wanted.map(|(program, _)| program as _).collect();
        let attach = || {
            let mut links = attach_all(&wanted)?;
            for map in self.operations() {
                links.push(map.name().to_owned(), link::attach_struct_ops(map)?);
            }
            Ok(links)
        };
        let links = attach().map_err(|error: Error| error.within(self.frame()))?;
        self.replace_pins()?;
        Ok(links)
    }

    /// The struct_ops maps that `attach` registers.
    pub(super) fn operations(&self) -> impl Iterator<Item = &Map> {
        let maps = self.maps.iter().zip(&self.map_autoattach);
        let wanted = maps.filter(|(map, wanted)| **wanted && map.has_operations());
        wanted.map(|(map, _)| map)
    }

    /// Has the maps that were created because another one is pinned
    /// ([`OnMismatch::Replace`](crate::pin::OnMismatch::Replace)) take their pins over. [`attach`](Self::attach) ends
    /// with it; this is for programs that are attached by hand. Done once: a second call does nothing.
    ///
    /// # Errors
    /// The first pin that cannot be replaced; it and those after it are tried again by the next call.
    pub fn replace_pins(&self) -> Result<()> {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(next) = pins.replacements.first() {
            next.replace().map_err(|error| error.within(self.frame()))?;
            pins.replacements.remove(0);
        }
        Ok(())
    }

    /// Removes the pins of maps, and the directories for them, that the load has made: for a caller that cannot go on.
    /// Pins that were found stay, and so do those that took another one's place.
    pub fn remove_new_pins(&self) {
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        pins.made.drain(..).rev().for_each(|made| made.remove());
    }

    pub(crate) fn frame(&self) -> Frame {
        Frame::Object(self.spec.name.to_string())
    }
}
