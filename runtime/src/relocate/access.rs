//! What a relocation means in the object: root type, path and place.

use std::fmt;

use crate::btf::{Array, Btf, BtfKind, Kind, Member, Type};
use crate::error::{Error, Result};
use crate::spec::CoreKind;

/// Longest access string: more steps than nested C declarations ever have.
pub(super) const MAX_STEPS: usize = 64;

/// A relocation as the object's own types read it.
#[derive(Clone, Debug)]
pub struct Access<'a> {
    pub(super) btf: &'a Btf<'a>,
    pub(super) kind: CoreKind,
    /// The root type as recorded: a typedef stays one.
    pub(super) root: u32,
    pub(super) place: Place<'a>,
    /// The enumerator that is meant.
    pub(super) enumerator: Option<&'a str>,
}

/// Where in a type something is.
#[derive(Clone, Debug, Default)]
pub(super) struct Place<'a> {
    /// The type that was found, without qualifiers for fields.
    pub(super) root: u32,
    pub(super) steps: Vec<Step<'a>>,
    /// From the start of the root.
    pub(super) bit_offset: u64,
    /// Index of the enumerator.
    pub(super) enumerator: usize,
}

/// A step of a path. Anonymous structs and unions are passed through without one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    /// The struct for a member, the element's type for an index.
    pub(super) ty: u32,
    pub(super) index: u32,
    /// The member, or nothing for the index of an array or pointer.
    pub(super) member: Option<Member<'a>>,
}

impl<'a> Access<'a> {
    /// Reads a relocation: its kind, the id of its root type and its access string.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where the access string does not fit the type.
    pub fn parse(btf: &'a Btf<'a>, kind: CoreKind, root: u32, access: &str) -> Result<Self> {
        let fault = |what: String| {
            let ty = Named(btf, root);
            Error::malformed(format!("CO-RE relocation of {ty} with access {access:?}: {what}"))
        };
        let mut made = Self { btf, kind, root, place: Place::default(), enumerator: None };
        let indices = indices(access).ok_or_else(|| fault("not numbers between colons".into()))?;
        let place = match made.class() {
            Class::Type if indices == [0] => Place { root, ..Place::default() },
            Class::Type => return Err(fault("a type has no members to access".into())),
            Class::Enumerator => {
                let (index, name) = enumerator(btf, root, &indices).map_err(fault)?;
                made.enumerator = Some(name);
                Place { root, enumerator: index, ..Place::default() }
            }
            Class::Field => field(btf, root, &indices).map_err(fault)?,
        };
        Ok(Self { place, ..made })
    }

    /// The name and kind that candidates in the kernel must have.
    ///
    /// # Errors
    /// Where the root type is anonymous: there is nothing to find it by.
    pub fn root(&self) -> Result<(&'a str, BtfKind)> {
        match self.btf.type_by_id(self.root) {
            Some(Type { name: "", .. }) | None => Err(Error::not_supported_yet(format!(
                "CO-RE relocation of the anonymous type [{}]",
                self.root
            ))),
            Some(ty) => Ok((ty.name, ty.kind.code())),
        }
    }

    /// Whether the kernel's types are needed at all.
    pub fn needs_kernel(&self) -> bool {
        self.kind != CoreKind::TypeIdLocal
    }

    pub(super) fn class(&self) -> Class {
        Class::of(self.kind)
    }
}

/// What a relocation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Field,
    Type,
    Enumerator,
}

impl Class {
    fn of(kind: CoreKind) -> Self {
        match kind {
            CoreKind::FieldByteOffset
            | CoreKind::FieldByteSize
            | CoreKind::FieldExists
            | CoreKind::FieldSigned
            | CoreKind::FieldLshiftU64
            | CoreKind::FieldRshiftU64 => Self::Field,
            CoreKind::TypeIdLocal
            | CoreKind::TypeIdTarget
            | CoreKind::TypeExists
            | CoreKind::TypeSize
            | CoreKind::TypeMatches => Self::Type,
            CoreKind::EnumvalExists | CoreKind::EnumvalValue => Self::Enumerator,
        }
    }
}

fn indices(access: &str) -> Option<Vec<u32>> {
    let indices: Vec<u32> = access
        .split(':')
        .take(MAX_STEPS + 1)
        // `parse` would take a sign.
        .map(|index| index.bytes().all(|b| b.is_ascii_digit()).then(|| index.parse().ok())?)
        .collect::<Option<_>>()?;
    (indices.len() <= MAX_STEPS).then_some(indices)
}

fn enumerator<'a>(
    btf: &'a Btf<'a>,
    root: u32,
    indices: &[u32],
) -> Result<(usize, &'a str), String> {
    let &[index] = indices else { return Err("an enumerator has no members".into()) };
    let index = index as usize;
    let name = match btf.resolve(root).map(|(_, ty)| ty.kind) {
        Some(Kind::Enum(kind)) => kind.values().nth(index).map(|(name, _)| name),
        Some(Kind::Enum64(kind)) => kind.values().nth(index).map(|(name, _)| name),
        _ => return Err("the type is not an enum".into()),
    };
    name.map(|name| (index, name)).ok_or_else(|| format!("there is no enumerator {index}"))
}

fn field<'a>(btf: &'a Btf<'a>, root: u32, indices: &[u32]) -> Result<Place<'a>, String> {
    let endless = || "the type does not resolve".to_string();
    let (&first, rest) = indices.split_first().ok_or("it is empty")?;
    let (root, _) = btf.resolve(root).ok_or_else(endless)?;
    let mut place = Place { root, ..Place::default() };
    place.index(btf, root, first)?;
    let mut id = root;
    for &index in rest {
        let (resolved, ty) = btf.resolve(id).ok_or_else(endless)?;
        match ty.kind {
            Kind::Struct(composite) | Kind::Union(composite) => {
                let member = composite
                    .members()
                    .nth(index as usize)
                    .ok_or_else(|| format!("{} has no member {index}", Named(btf, resolved)))?;
                place.bit_offset += u64::from(member.bit_offset);
                if !member.name.is_empty() {
                    place.steps.push(Step { ty: resolved, index, member: Some(member) });
                }
                id = member.ty;
            }
            Kind::Array(array) => {
                if index >= array.len && !place.ends_in_flexible(btf, &array) {
                    return Err(format!("index {index} of an array of {}", array.len));
                }
                (id, _) = btf.resolve(array.element).ok_or_else(endless)?;
                place.index(btf, id, index)?;
            }
            _ => return Err(format!("{} has no members", Named(btf, resolved))),
        }
    }
    Ok(place)
}

impl Place<'_> {
    /// Goes to the `index`th of elements of type `ty`.
    pub(super) fn index(&mut self, btf: &Btf<'_>, ty: u32, index: u32) -> Result<(), String> {
        // An opaque root at index 0 needs no size.
        if index != 0 {
            let size = btf.size_of(ty).map_err(|error| error.to_string())?;
            self.bit_offset = size
                .checked_mul(u64::from(index) * 8)
                .and_then(|bits| self.bit_offset.checked_add(bits))
                .ok_or("the offset does not fit in 64 bits")?;
        }
        self.steps.push(Step { ty, index, member: None });
        Ok(())
    }

    /// Whether the array that was come to is the flexible one at the end of its struct.
    pub(super) fn ends_in_flexible(&self, btf: &Btf<'_>, array: &Array) -> bool {
        let Some(&Step { ty, index, member: Some(_) }) = self.steps.last() else { return false };
        let last = match btf.type_by_id(ty).map(|ty| ty.kind) {
            Some(Kind::Struct(composite) | Kind::Union(composite)) => composite.len(),
            _ => return false,
        };
        array.len == 0 && index as usize + 1 == last
    }
}

/// A type for messages: kind and name, or its id.
pub(super) struct Named<'b>(pub(super) &'b Btf<'b>, pub(super) u32);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.type_by_id(self.1) {
            Some(ty) if !ty.name.is_empty() => write!(f, "{} {}", ty.kind.code(), ty.name),
            Some(ty) => write!(f, "anonymous {} [{}]", ty.kind.code(), self.1),
            None => write!(f, "type [{}]", self.1),
        }
    }
}

impl fmt::Display for Access<'_> {
    /// As C would write it: `struct task_struct.se.run_node`, `enum bpf_map_type.BPF_MAP_TYPE_HASH`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Named(self.btf, self.root))?;
        for (n, step) in self.place.steps.iter().enumerate() {
            match step.member {
                Some(member) => write!(f, ".{}", member.name)?,
                None if n == 0 && step.index == 0 => {}
                None => write!(f, "[{}]", step.index)?,
            }
        }
        self.enumerator.map_or(Ok(()), |name| write!(f, ".{name}"))
    }
}
