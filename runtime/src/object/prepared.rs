use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Mutex;

use super::pins::Pins;
use super::slots::Slots;
use super::struct_ops::KernelOperations;
use super::target::Target;
use super::{Object, OpenProgram, Options, SpecRef, load};
use crate::error::{Error, Frame, Result};
use crate::insn::Insn;
use crate::map::Map;
use crate::spec::ObjectSpec;
use crate::token::LazyToken;

/// An object whose maps exist and whose programs' text is final; nothing is verified yet. The phase to fill
/// map-in-map and tail-call maps in, and to look at what the verifier will see.
///
/// Dropped without [`load`](Self::load), it removes the pins that it has made.
#[derive(Debug)]
pub struct PreparedObject {
    pub(crate) spec: SpecRef,
    pub(crate) options: Options,
    pub(crate) token: LazyToken,
    /// The object's maps in the order of the spec, then those that the caller added.
    pub(crate) maps: Vec<Map>,
    /// What is put into each map once the programs are there.
    pub(crate) slots: Vec<Slots>,
    /// What each struct_ops map is filled with once the programs are there.
    pub(crate) operations: Vec<Option<KernelOperations>>,
    /// Which of the struct_ops maps `attach` takes.
    pub(crate) autoattach: Vec<bool>,
    pub(crate) programs: Vec<PreparedProgram>,
    pub(crate) btf: Option<OwnedFd>,
    /// BTF of the modules whose variables and functions the programs name.
    pub(crate) modules: Vec<OwnedFd>,
    pub(crate) pins: Pins,
    /// That the object's types were refused comes first.
    pub(crate) notes: Vec<Error>,
}

/// A program with its final text.
pub(crate) struct PreparedProgram {
    pub(crate) open: OpenProgram,
    /// Empty where the program is not to be loaded.
    pub(crate) text: Vec<Insn>,
    pub(crate) target: Target,
    /// Held until the program has them.
    pub(crate) _jump_tables: Vec<(u32, Map)>,
}

impl fmt::Debug for PreparedProgram {
    /// How many instructions it has, not each of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedProgram")
            .field("open", &self.open)
            .field("insns", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl PreparedObject {
    /// What the object holds, before any edit.
    pub fn spec(&self) -> &ObjectSpec {
        &self.spec
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

    /// The instructions that the verifier will see, by the program's index in the spec: descriptors filled in,
    /// subprograms appended. `None` for a program that is not to be loaded.
    pub fn program_insns(&self, index: usize) -> Option<&[Insn]> {
        self.programs
            .get(index)
            .filter(|program| program.open.autoload)
            .map(|program| &program.text[..])
    }

    /// What the kernel refused and this load has gone on without, so far; see [`Object::notes`].
    pub fn notes(&self) -> &[Error] {
        &self.notes
    }

    /// Has the kernel verify the programs, several at a time.
    ///
    /// # Errors
    /// The first program that was refused, with the verifier's log. Nothing is left behind.
    pub fn load(self) -> Result<Object> {
        self.load_with(|_| Ok(())).map(|(object, ())| object)
    }

    /// As [`load`](Self::load); a failure of `handles` leaves nothing behind either.
    pub(crate) fn load_with<H>(
        self,
        handles: impl FnOnce(&Object) -> Result<H>,
    ) -> Result<(Object, H)> {
        let frame = self.frame();
        // All that does not depend on the handles is compiled here, not once more with every skeleton.
        let (pins, mut object) = match load::load(self) {
            Ok(loaded) => loaded,
            Err(error) => return Err(error.within(frame)),
        };
        let handles = handles(&object).map_err(|error| error.within(frame))?;
        object.pins = Mutex::new(pins.keep());
        Ok((object, handles))
    }

    /// Why the kernel has not got the object's types, if it refused them.
    pub(crate) fn types_refused(&self) -> Option<&Error> {
        self.notes.first().filter(|_| self.btf.is_none() && !self.spec.btf.is_empty())
    }

    pub(crate) fn frame(&self) -> Frame {
        Frame::Object(self.spec.name.to_string())
    }
}

pub(crate) fn find_map<'m>(maps: &'m [Map], name: &str) -> Result<&'m Map> {
    maps.iter()
        .find(|map| map.name() == name)
        .ok_or_else(|| Error::not_found(format!("no map is named {name:?}")))
}
