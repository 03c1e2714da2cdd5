//! "Does the type match": stricter than compatible, members and enumerators count.

use std::cell::Cell;

use super::compatible::{Pair, same_essential};
use crate::btf::{Kind, Type};
use crate::error::{Error, Result};

const MAX_LEVEL: usize = 32;
/// Comparisons of one relocation. The largest structs of a kernel need thousands; types made to take for ever end here.
const MAX_WORK: u32 = 1 << 22;

impl Pair<'_, '_> {
    /// Whether all that the object's type says holds of the kernel's: names (without flavours), sizes and signs of
    /// integers, every member and enumerator. The kernel's may have more. Behind a pointer only name and kind count,
    /// and a forward declaration stands for its struct.
    ///
    /// # Errors
    /// Where the types are nested too deep, or too large, to tell.
    pub(super) fn types_match(self, local: u32, kernel: u32) -> Result<bool> {
        Search { pair: self, work: Cell::new(MAX_WORK) }.matches(local, kernel, false, MAX_LEVEL)
    }
}

struct Search<'a, 'k> {
    pair: Pair<'a, 'k>,
    work: Cell<u32>,
}

impl Search<'_, '_> {
    fn spend(&self) -> Result<()> {
        let left = self.work.get().checked_sub(1);
        left.map(|left| self.work.set(left))
            .ok_or_else(|| Error::malformed("types too large to compare"))
    }

    fn matches(
        &self,
        mut local: u32,
        mut kernel: u32,
        mut behind: bool,
        level: usize,
    ) -> Result<bool> {
        let deep = || Error::malformed("types nested too deep to compare");
        for _ in 0..=MAX_LEVEL {
            self.spend()?;
            let (_, a) = self.pair.local.resolve(local).ok_or_else(deep)?;
            let (_, b) = self.pair.kernel.resolve(kernel).ok_or_else(deep)?;
            if !names_match(a.name, b.name) {
                return Ok(false);
            }
            (local, kernel) = match (a.kind, b.kind) {
                (Kind::Void, Kind::Void) => return Ok(true),
                (Kind::Fwd { is_union: a }, Kind::Fwd { is_union: b }) => return Ok(a == b),
                (Kind::Fwd { is_union }, Kind::Struct(_)) => return Ok(behind && !is_union),
                (Kind::Fwd { is_union }, Kind::Union(_)) => return Ok(behind && is_union),
                (Kind::Struct(_), Kind::Fwd { is_union }) => return Ok(behind && !is_union),
                (Kind::Union(_), Kind::Fwd { is_union }) => return Ok(behind && is_union),
                (Kind::Struct(_), Kind::Struct(_)) | (Kind::Union(_), Kind::Union(_)) => {
                    return if behind { Ok(true) } else { self.composites(&a, &b, level) };
                }
                (Kind::Enum(_) | Kind::Enum64(_), Kind::Enum(_) | Kind::Enum64(_)) => {
                    return self.enums(&a, &b);
                }
                (Kind::Int(a), Kind::Int(b)) => {
                    let signed = a.encoding.is_signed() == b.encoding.is_signed();
                    return Ok(a.size == b.size && signed);
                }
                (Kind::Ptr(a), Kind::Ptr(b)) => {
                    behind = true;
                    (a, b)
                }
                (Kind::Array(a), Kind::Array(b)) if a.len == b.len => (a.element, b.element),
                (Kind::FuncProto(a), Kind::FuncProto(b)) => {
                    if a.params().len() != b.params().len() {
                        return Ok(false);
                    }
                    let level = level.checked_sub(1).ok_or_else(deep)?;
                    for (a, b) in a.params().zip(b.params()) {
                        if !self.matches(a.ty, b.ty, behind, level)? {
                            return Ok(false);
                        }
                    }
                    (a.ret, b.ret)
                }
                _ => return Ok(false),
            };
        }
        Err(deep())
    }

    fn composites(&self, a: &Type<'_>, b: &Type<'_>, level: usize) -> Result<bool> {
        let (Kind::Struct(local) | Kind::Union(local), Kind::Struct(kernel) | Kind::Union(kernel)) =
            (a.kind, b.kind)
        else {
            return Ok(false);
        };
        let level = level
            .checked_sub(1)
            .ok_or_else(|| Error::malformed("types nested too deep to compare"))?;
        if local.len() > kernel.len() {
            return Ok(false);
        }
        for a in local.members() {
            let mut found = false;
            for b in kernel.members() {
                self.spend()?;
                if names_match(a.name, b.name) && self.matches(a.ty, b.ty, false, level)? {
                    found = true;
                    break;
                }
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn enums(&self, a: &Type<'_>, b: &Type<'_>) -> Result<bool> {
        let (size, names) = enumerators(a);
        let (kernel_size, kernel_names) = enumerators(b);
        if size != kernel_size || names.len() > kernel_names.len() {
            return Ok(false);
        }
        for name in names {
            let mut found = false;
            for other in &kernel_names {
                self.spend()?;
                if names_match(name, other) {
                    found = true;
                    break;
                }
            }
            if !found {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn enumerators<'a>(ty: &Type<'a>) -> (u32, Vec<&'a str>) {
    match ty.kind {
        Kind::Enum(kind) => (kind.size, kind.values().map(|(name, _)| name).collect()),
        Kind::Enum64(kind) => (kind.size, kind.values().map(|(name, _)| name).collect()),
        _ => (0, Vec::new()),
    }
}

/// Anonymous matches only anonymous; flavours do not count.
fn names_match(local: &str, kernel: &str) -> bool {
    if kernel.is_empty() { local.is_empty() } else { same_essential(local, kernel) }
}
