//! Making the questions: what relocations mean, read from the object's own types once and for all.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::compatible::Shape;
use super::path::{self, Class, Named};
use super::place::{Place, Step};
use super::value::Asked;
use crate::btf::{Btf, BtfKind, Kind, essential_name};
use crate::error::{Error, Frame, Result, Within};
use crate::spec::{CoreAccess, CoreKind, CorePath, CoreRoot, CoreSpec, CoreStep};

/// A [`CoreSpec`] in the making.
#[derive(Debug)]
pub struct Table<'a> {
    btf: &'a Btf<'a>,
    roots: Vec<CoreRoot>,
    accesses: Vec<CoreAccess>,
    steps: Vec<CoreStep>,
    root_of: HashMap<u32, u32>,
    access_of: HashMap<(CoreKind, u32, u32), u32>,
    /// Where each path begins in `steps`: several questions about a field share it.
    first_of: HashMap<Vec<CoreStep>, u32>,
    /// Bytes of names looked at.
    names: usize,
}

impl<'a> Table<'a> {
    /// Without questions.
    pub fn new(btf: &'a Btf<'a>) -> Self {
        Self {
            btf,
            roots: Vec::new(),
            accesses: Vec::new(),
            steps: Vec::new(),
            root_of: HashMap::new(),
            access_of: HashMap::new(),
            first_of: HashMap::new(),
            names: 0,
        }
    }

    /// The index of the question that a relocation asks: its kind, the id of its root type and the offset of its access
    /// string.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where the access string does not fit the type.
    pub fn add(&mut self, kind: CoreKind, root: u32, access: u32) -> Result<u32> {
        if let Some(&known) = self.access_of.get(&(kind, root, access)) {
            return Ok(known);
        }
        let text = self.btf.string(access).ok_or_else(|| {
            Error::malformed(format!("a CO-RE relocation without an access string at {access}"))
        })?;
        let index = self.add_text(kind, root, text)?;
        self.access_of.insert((kind, root, access), index);
        Ok(index)
    }

    /// As [`add`](Self::add), always a new one, with the access string itself.
    pub(super) fn add_text(&mut self, kind: CoreKind, root: u32, access: &str) -> Result<u32> {
        let btf = self.btf;
        let made = self
            .read(kind, root, access)
            .within(|| Frame::CoreAccess(format!("{} with access {access:?}", Named(btf, root))))?;
        let index = number(self.accesses.len())?;
        self.accesses.push(made);
        Ok(index)
    }

    /// How many bytes were made and read so far, for a limit: in a hostile object a few bytes stand for many.
    pub fn cost(&self) -> usize {
        let made =
            size_of_val(&*self.roots) + size_of_val(&*self.accesses) + size_of_val(&*self.steps);
        made.saturating_add(self.names)
    }

    /// The questions.
    pub fn finish(self) -> CoreSpec {
        CoreSpec {
            roots: self.roots.into(),
            accesses: self.accesses.into(),
            steps: self.steps.into(),
        }
    }

    fn read(&mut self, kind: CoreKind, root: u32, access: &str) -> Result<CoreAccess> {
        let indices =
            path::indices(access).ok_or_else(|| Error::malformed("not numbers between colons"))?;
        let mut asked = Asked { kind, signed: false };
        let (place, path) = match Class::of(kind) {
            Class::Type if indices == [0] => {
                (Place::of(root), CorePath::Type { resolved: self.decisive_kind(kind, root) })
            }
            Class::Type => return Err(Error::malformed("a type has no members to access")),
            Class::Enumerator => {
                let found = path::enumerator(self.btf, root, &indices).map_err(Error::malformed)?;
                asked.signed = found.signed;
                let place = Place { enumerator: found.index, ..Place::of(root) };
                let name = self.name(found.name)?;
                (place, CorePath::Enumerator { name, signed: found.signed })
            }
            Class::Field => self.field(root, &indices)?,
        };
        let original = asked.at(self.btf, &place)?.ok_or_else(|| Error::malformed("no value"))?;
        Ok(CoreAccess { root: self.root(root)?, kind, path, original })
    }

    fn field(&mut self, root: u32, indices: &[u32]) -> Result<(Place<'a>, CorePath)> {
        let mut taken = Vec::new();
        let place = path::field(self.btf, root, indices, |step| taken.push(step))
            .map_err(Error::malformed)?;
        let path = taken.iter().map(|step| self.step(step)).collect::<Result<Vec<_>>>()?;
        let len = number(path.len())?;
        let first = match self.first_of.entry(path) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(vacant) => {
                let first = number(self.steps.len())?;
                self.steps.extend(vacant.key());
                *vacant.insert(first)
            }
        };
        Ok((place, CorePath::Field { first, len }))
    }

    fn step(&mut self, step: &Step<'_>) -> Result<CoreStep> {
        let Some(member) = step.member else { return Ok(CoreStep::Index(step.index)) };
        let Shape { dimensions, kind, name: type_name } = Shape::of(self.btf, member.ty);
        let (name, type_name) = (self.name(member.name)?, self.name(type_name)?);
        Ok(CoreStep::Member { name, dimensions, kind, type_name })
    }

    /// What the root is without typedefs, if that alone says which types are compatible.
    fn decisive_kind(&self, kind: CoreKind, root: u32) -> Option<BtfKind> {
        if kind == CoreKind::TypeMatches {
            return None;
        }
        match self.btf.resolve(root)?.1.kind {
            Kind::Int(int) => (int.offset == 0).then_some(BtfKind::Int),
            kind @ (Kind::Struct(_)
            | Kind::Union(_)
            | Kind::Enum(_)
            | Kind::Enum64(_)
            | Kind::Fwd { .. }) => Some(kind.code()),
            _ => None,
        }
    }

    fn root(&mut self, type_id: u32) -> Result<u32> {
        let vacant = match self.root_of.entry(type_id) {
            Entry::Occupied(known) => return Ok(*known.get()),
            Entry::Vacant(vacant) => vacant,
        };
        let ty = self
            .btf
            .type_by_id(type_id)
            .ok_or_else(|| Error::malformed(format!("there is no type [{type_id}]")))?;
        self.names = self.names.saturating_add(ty.name.len());
        let name = essential_name(ty.name);
        let flavour = ty.name.get(name.len()..).unwrap_or_default();
        let index = number(self.roots.len())?;
        self.roots.push(CoreRoot {
            type_id,
            kind: ty.kind.code(),
            name: name.to_owned().into(),
            flavour: flavour.to_owned().into(),
        });
        Ok(*vacant.insert(index))
    }

    /// The offset of one of the object's own names.
    fn name(&mut self, name: &str) -> Result<u32> {
        self.names = self.names.saturating_add(name.len());
        if name.is_empty() {
            return Ok(0);
        }
        self.btf
            .string_offset(name)
            .ok_or_else(|| Error::malformed(format!("{name:?} is not a string of the BTF")))
    }
}

fn number(len: usize) -> Result<u32> {
    u32::try_from(len).map_err(|_| Error::malformed("too many CO-RE relocations"))
}
