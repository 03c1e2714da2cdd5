//! The questions of an object, as they are answered.

use std::cell::OnceCell;
use std::fmt;

use crate::btf::{Btf, Strings};
use crate::error::{Error, Frame, Result, Within};
use crate::spec::{
    CoreAccess, CoreKind, CorePath, CoreRoot, CoreSpec, CoreStep, Endian, ObjectSpec,
};

/// The CO-RE questions of an object with what they refer to.
#[derive(Debug)]
pub struct Questions<'s> {
    spec: &'s CoreSpec,
    btf: &'s [u8],
    endian: Endian,
    names: Strings<'s>,
    /// The object's own types, for the few questions that compare all of one.
    types: OnceCell<Btf<'s>>,
}

impl<'s> Questions<'s> {
    /// Those of an object.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where something is asked and the BTF is none.
    pub fn of(spec: &'s ObjectSpec) -> Result<Self> {
        Self::new(&spec.core, &spec.btf, spec.endian).within(|| Frame::Section(".BTF".into()))
    }

    /// Those of `spec`, whose names are in `btf`.
    pub(super) fn new(spec: &'s CoreSpec, btf: &'s [u8], endian: Endian) -> Result<Self> {
        let names = match spec.is_empty() {
            true => Strings::EMPTY,
            false => Strings::of(btf, endian)?,
        };
        Ok(Self { spec, btf, endian, names, types: OnceCell::new() })
    }

    /// The root types.
    pub fn roots(&self) -> &'s [CoreRoot] {
        &self.spec.roots
    }

    /// How many different questions there are.
    pub fn len(&self) -> usize {
        self.spec.accesses.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spec.is_empty()
    }

    /// The question with this index, as [`CoreRelocation::access`](crate::spec::CoreRelocation::access) has it.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where the spec refers to what it has not got.
    pub fn access(&self, index: u32) -> Result<Access<'_, 's>> {
        let parts = || {
            let spec = self.spec.accesses.get(index as usize)?;
            let root = self.spec.roots.get(spec.root as usize)?;
            let steps = match spec.path {
                CorePath::Field { first, len } => {
                    self.spec.steps.get(first as usize..)?.get(..len as usize)?
                }
                _ => &[],
            };
            Some(Access { questions: self, spec, root, steps })
        };
        parts().ok_or_else(|| Error::malformed(format!("no CO-RE access {index}")))
    }

    /// The object's own types.
    pub(super) fn types(&self) -> Result<&Btf<'s>> {
        if let Some(types) = self.types.get() {
            return Ok(types);
        }
        let types = Btf::parse(self.btf, self.endian)?;
        Ok(self.types.get_or_init(|| types))
    }
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Access<'q, 's> {
    pub(super) questions: &'q Questions<'s>,
    pub(super) spec: &'q CoreAccess,
    pub(super) root: &'q CoreRoot,
    pub(super) steps: &'q [CoreStep],
}

impl<'q> Access<'q, '_> {
    /// The index of its root type in [`Questions::roots`] where candidates for that are needed; `None` for what the
    /// object alone knows.
    ///
    /// # Errors
    /// Where the root type is anonymous: there is nothing to find it by.
    pub fn needs(&self) -> Result<Option<usize>> {
        match (self.spec.kind, &*self.root.name) {
            (CoreKind::TypeIdLocal, _) => Ok(None),
            (_, "") => Err(Error::not_supported_yet("an anonymous root type").within(self.frame())),
            _ => Ok(Some(self.spec.root as usize)),
        }
    }

    pub(super) fn name(&self, offset: u32) -> &'q str {
        self.questions.names.text(offset).unwrap_or("")
    }

    pub(super) fn frame(&self) -> Frame {
        Frame::CoreAccess(self.to_string())
    }
}

impl fmt::Display for Access<'_, '_> {
    /// As C would write it: `struct task_struct.se.run_node`, `enum bpf_map_type.BPF_MAP_TYPE_HASH`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CoreRoot { type_id, kind, name, flavour } = self.root;
        match &**name {
            "" => write!(f, "anonymous {kind} [{type_id}]")?,
            _ => write!(f, "{kind} {name}{flavour}")?,
        }
        for (n, step) in self.steps.iter().enumerate() {
            match *step {
                CoreStep::Member { name, .. } => write!(f, ".{}", self.name(name))?,
                CoreStep::Index(0) if n == 0 => {}
                CoreStep::Index(index) => write!(f, "[{index}]")?,
            }
        }
        match self.spec.path {
            CorePath::Enumerator { name, .. } => write!(f, ".{}", self.name(name)),
            _ => Ok(()),
        }
    }
}
