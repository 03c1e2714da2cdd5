//! Whether two types lay their values out alike.

use super::types::{Composite, DataSec, Kind};
use super::view::Btf;
use crate::LayoutDifference;

/// How deep structs may be nested.
const MAX_DEPTH: usize = 32;
/// Members of one comparison. The largest values of maps have hundreds; types made to take for ever end here.
const MAX_WORK: u32 = 1 << 16;

impl Btf<'_> {
    /// The first place in which values of this type and of `other`'s type `other_id` are laid out differently: sizes,
    /// offsets, names of members and variables, what is a number, a float, a pointer. Names of types, signs and
    /// qualifiers do not count, nor what is behind pointers.
    ///
    /// `None` where they are alike, and where they are too large to tell.
    pub(crate) fn layout_difference(
        &self,
        id: u32,
        other: &Btf<'_>,
        other_id: u32,
    ) -> Option<LayoutDifference> {
        Comparison { a: self, b: other, left: MAX_WORK }
            .compare(id, other_id, MAX_DEPTH)
            .err()
            .flatten()
    }
}

struct Comparison<'c, 'a, 'b> {
    a: &'c Btf<'a>,
    b: &'c Btf<'b>,
    left: u32,
}

/// `Err(None)`: it cannot be told.
type Outcome = Result<(), Option<LayoutDifference>>;

impl Comparison<'_, '_, '_> {
    fn compare(&mut self, a: u32, b: u32, depth: usize) -> Outcome {
        self.left = self.left.checked_sub(1).ok_or(None)?;
        let depth = depth.checked_sub(1).ok_or(None)?;
        let (Some((_, left)), Some((_, right))) = (self.a.resolve(a), self.b.resolve(b)) else {
            return Err(None);
        };
        match (left.kind, right.kind) {
            (Kind::Struct(x), Kind::Struct(y)) | (Kind::Union(x), Kind::Union(y))
                if x.size == y.size =>
            {
                self.composites(x, y, depth)
            }
            (Kind::DataSec(x), Kind::DataSec(y)) if x.size == y.size => self.sections(x, y, depth),
            (Kind::Array(x), Kind::Array(y)) if x.len == y.len => self
                .compare(x.element, y.element, depth)
                .map_err(|difference| within("[]", difference)),
            (x, y) if leaf(self.a, &x).is_some_and(|x| Some(x) == leaf(self.b, &y)) => Ok(()),
            (Kind::Void, Kind::Void)
            | (Kind::Fwd { .. }, Kind::Fwd { .. })
            | (Kind::FuncProto(_), Kind::FuncProto(_)) => Ok(()),
            _ => Err(Some(LayoutDifference {
                member: String::new(),
                defined: describe(self.a, a),
                found: describe(self.b, b),
            })),
        }
    }

    fn composites(&mut self, x: Composite<'_>, y: Composite<'_>, depth: usize) -> Outcome {
        let (mut left, mut right) = (x.members(), y.members());
        loop {
            let (a, b) = match (left.next(), right.next()) {
                (None, None) => return Ok(()),
                (Some(a), Some(b)) => (a, b),
                (a, b) => {
                    let name = a.as_ref().or(b.as_ref()).map_or("", |member| member.name);
                    return Err(Some(only_one(name, a.is_some())));
                }
            };
            if a.name != b.name {
                return Err(Some(LayoutDifference {
                    member: a.name.to_owned(),
                    defined: format!("{:?}", a.name),
                    found: format!("{:?}", b.name),
                }));
            }
            let place = |at: u32, bits: Option<u8>| match bits {
                Some(bits) => format!("{bits} bits at bit {at}"),
                None => format!("offset {}", at / 8),
            };
            let at_a = place(a.bit_offset, a.bitfield_size);
            let at_b = place(b.bit_offset, b.bitfield_size);
            if at_a != at_b {
                let member = a.name.to_owned();
                return Err(Some(LayoutDifference { member, defined: at_a, found: at_b }));
            }
            self.compare(a.ty, b.ty, depth).map_err(|difference| within(a.name, difference))?;
        }
    }

    fn sections(&mut self, x: DataSec<'_>, y: DataSec<'_>, depth: usize) -> Outcome {
        let (mut left, mut right) = (x.vars(), y.vars());
        loop {
            let (a, b) = match (left.next(), right.next()) {
                (None, None) => return Ok(()),
                (Some(a), Some(b)) => (a, b),
                (a, b) => {
                    let name = match (&a, &b) {
                        (Some(var), _) => variable(self.a, var.ty),
                        (_, Some(var)) => variable(self.b, var.ty),
                        _ => None,
                    };
                    return Err(Some(only_one(name.map_or("", |(name, _)| name), a.is_some())));
                }
            };
            let (Some((name, ty)), Some((other, other_ty))) =
                (variable(self.a, a.ty), variable(self.b, b.ty))
            else {
                return Err(None);
            };
            if (name, a.offset, a.size) != (other, b.offset, b.size) {
                let text = |name: &str, offset: u32, size: u32| {
                    format!("{name:?}, {size} bytes at {offset}")
                };
                return Err(Some(LayoutDifference {
                    member: name.to_owned(),
                    defined: text(name, a.offset, a.size),
                    found: text(other, b.offset, b.size),
                }));
            }
            self.compare(ty, other_ty, depth).map_err(|difference| within(name, difference))?;
        }
    }
}

/// What a scalar is: `n`umber, `f`loat or `p`ointer, and its size.
fn leaf(btf: &Btf<'_>, kind: &Kind<'_>) -> Option<(char, u32)> {
    match kind {
        Kind::Int(int) => Some(('n', int.size)),
        Kind::Enum(kind) => Some(('n', kind.size)),
        Kind::Enum64(kind) => Some(('n', kind.size)),
        Kind::Float { size } => Some(('f', *size)),
        Kind::Ptr(_) => Some(('p', btf.pointer_size().into())),
        _ => None,
    }
}

fn variable<'a>(btf: &Btf<'a>, id: u32) -> Option<(&'a str, u32)> {
    let ty = btf.type_by_id(id)?;
    match ty.kind {
        Kind::Var { ty: to, .. } => Some((ty.name, to)),
        _ => None,
    }
}

fn only_one(name: &str, defined: bool) -> LayoutDifference {
    let word = |there: bool| if there { "a member" } else { "none" }.to_owned();
    LayoutDifference { member: name.to_owned(), defined: word(defined), found: word(!defined) }
}

fn within(name: &str, difference: Option<LayoutDifference>) -> Option<LayoutDifference> {
    let mut difference = difference?;
    difference.member = match difference.member.as_str() {
        "" => name.to_owned(),
        inner if inner.starts_with('[') || name.is_empty() => format!("{name}{inner}"),
        inner => format!("{name}.{inner}"),
    };
    Some(difference)
}

/// A type as a person knows it, with its size.
fn describe(btf: &Btf<'_>, id: u32) -> String {
    let named = btf.unqualified(id).map_or("", |(_, ty)| ty.name);
    let Some((_, ty)) = btf.resolve(id) else { return format!("type {id}") };
    let word = match ty.kind {
        Kind::Struct(_) => "struct",
        Kind::Union(_) => "union",
        Kind::Enum(_) | Kind::Enum64(_) => "enum",
        Kind::Ptr(_) => "pointer",
        Kind::Array(_) => "array",
        Kind::DataSec(_) => "section",
        Kind::Int(_) | Kind::Float { .. } => "",
        _ => "type",
    };
    let text = [word, named].iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>();
    match btf.size_of(id) {
        Ok(size) => format!("{} ({size} bytes)", text.join(" ")),
        Err(_) => text.join(" "),
    }
}
