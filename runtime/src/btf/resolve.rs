//! What is behind typedefs and qualifiers.

use super::types::{Kind, Type};
use super::view::Btf;

/// How many typedefs, qualifiers and array dimensions may follow each other, as in the kernel (32), and some more.
pub(super) const MAX_DEPTH: usize = 64;

impl<'a> Btf<'a> {
    /// The type that is left without typedefs, qualifiers and type tags.
    ///
    /// `None` for an id out of range, and for a chain without an end.
    pub fn resolve(&self, id: u32) -> Option<(u32, Type<'a>)> {
        self.resolve_kind(id).map(|left| self.named(left))
    }

    /// As [`resolve`](Self::resolve), without the type's name, which takes longer to read than all else.
    pub fn resolve_kind(&self, id: u32) -> Option<(u32, Kind<'a>)> {
        self.skip(id, |kind| match *kind {
            Kind::Typedef(next) => Some(next),
            _ => qualified(kind),
        })
    }

    /// Whether it is a pointer to a function.
    pub fn is_function_pointer(&self, id: u32) -> bool {
        let target = match self.resolve_kind(id) {
            Some((_, Kind::Ptr(target))) => self.resolve_kind(target),
            _ => None,
        };
        target.is_some_and(|(_, kind)| matches!(kind, Kind::FuncProto(_)))
    }

    /// The type that is left without qualifiers and type tags; a typedef stays.
    pub fn unqualified(&self, id: u32) -> Option<(u32, Type<'a>)> {
        self.unqualified_kind(id).map(|left| self.named(left))
    }

    /// As [`unqualified`](Self::unqualified), without the type's name.
    pub fn unqualified_kind(&self, id: u32) -> Option<(u32, Kind<'a>)> {
        self.skip(id, qualified)
    }

    fn named(&self, (id, kind): (u32, Kind<'a>)) -> (u32, Type<'a>) {
        (id, Type { name: self.name_by_id(id), kind })
    }

    fn skip(
        &self,
        mut id: u32,
        next: impl Fn(&Kind<'a>) -> Option<u32>,
    ) -> Option<(u32, Kind<'a>)> {
        for _ in 0..=MAX_DEPTH {
            let kind = self.kind_by_id(id)?;
            match next(&kind) {
                Some(next) => id = next,
                None => return Some((id, kind)),
            }
        }
        None
    }
}

/// What a qualifier or a type tag is about.
fn qualified(kind: &Kind<'_>) -> Option<u32> {
    match *kind {
        Kind::Volatile(next)
        | Kind::Const(next)
        | Kind::Restrict(next)
        | Kind::TypeTag { ty: next, .. } => Some(next),
        _ => None,
    }
}
