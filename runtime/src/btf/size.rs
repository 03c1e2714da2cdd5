//! Sizes and alignments.

use std::collections::HashMap;

use super::kind::BtfKind;
use super::resolve::MAX_DEPTH;
use super::strings::Context;
use super::types::{Composite, Kind};
use super::view::Btf;
use super::wire::{Head, Lengths};
use crate::error::{Error, Result};

impl Btf<'_> {
    /// Size in bytes of a value of this type. Of a variable, the size of its type.
    ///
    /// # Errors
    /// For types without a size (`void`, functions, forward declarations), and for arrays of more than 2^64 bytes.
    pub fn size_of(&self, id: u32) -> Result<u64> {
        let mut count = 1_u64;
        let mut next = id;
        for _ in 0..=MAX_DEPTH {
            let kind = self.expect(next)?;
            let size = match kind {
                Kind::Int(int) => int.size,
                Kind::Ptr(_) => u32::from(self.pointer_size()),
                Kind::Struct(composite) | Kind::Union(composite) => composite.size,
                Kind::Enum(kind) => kind.size,
                Kind::Enum64(kind) => kind.size,
                Kind::DataSec(section) => section.size,
                Kind::Float { size } => size,
                Kind::Array(array) => {
                    count = count.checked_mul(u64::from(array.len)).ok_or_else(|| too_large(id))?;
                    next = array.element;
                    continue;
                }
                Kind::Typedef(ty)
                | Kind::Volatile(ty)
                | Kind::Const(ty)
                | Kind::Restrict(ty)
                | Kind::TypeTag { ty, .. }
                | Kind::Var { ty, .. } => {
                    next = ty;
                    continue;
                }
                Kind::Void
                | Kind::Fwd { .. }
                | Kind::Func { .. }
                | Kind::FuncProto(_)
                | Kind::DeclTag { .. }
                | Kind::Unknown(_) => {
                    return Err(Error::malformed(format!(
                        "BTF type [{next}]: a {} {:?} has no size",
                        kind.code(),
                        self.name_by_id(next)
                    )));
                }
            };
            return count.checked_mul(u64::from(size)).ok_or_else(|| too_large(id));
        }
        Err(Error::malformed(format!("BTF type [{id}]: its chain of types does not end")))
    }

    /// Alignment in bytes of a value of this type on the BPF target, as far as BTF tells.
    ///
    /// - Integers, floats and enums: the largest power of two that divides their size, at most 16 (`__int128` is
    ///   aligned to 16).
    /// - Pointers: their size.
    /// - Arrays: that of the element.
    /// - Structs and unions: the largest of the members', bit-fields' types included; but 1 where the type is
    ///   evidently packed, which is where that does not divide its size, where a member that is no bit-field is not
    ///   aligned to its own, or where a bit-field crosses a unit of its type.
    ///
    /// BTF does not record `aligned(N)`, nor `packed` where it changes nothing about the layout: the result is then
    /// less, or more, than C's.
    ///
    /// # Errors
    /// For types without a size, as [`size_of`](Self::size_of); and for structs nested too deep.
    pub fn align_of(&self, id: u32) -> Result<u64> {
        self.align(id, 0, &mut HashMap::new())
    }

    /// `known` holds nested structs, so that each is looked at once however often it is reached.
    fn align(&self, id: u32, depth: usize, known: &mut HashMap<u32, u64>) -> Result<u64> {
        let mut next = id;
        for _ in 0..=MAX_DEPTH {
            let kind = self.expect(next)?;
            match kind {
                Kind::Int(int) => return Ok(natural(int.size)),
                Kind::Float { size } => return Ok(natural(size)),
                Kind::Enum(kind) => return Ok(natural(kind.size)),
                Kind::Enum64(kind) => return Ok(natural(kind.size)),
                Kind::Ptr(_) => return Ok(u64::from(self.pointer_size())),
                Kind::Array(array) => next = array.element,
                Kind::Typedef(ty)
                | Kind::Volatile(ty)
                | Kind::Const(ty)
                | Kind::Restrict(ty)
                | Kind::TypeTag { ty, .. }
                | Kind::Var { ty, .. } => next = ty,
                Kind::Struct(composite) | Kind::Union(composite) => {
                    if let Some(&align) = known.get(&next) {
                        return Ok(align);
                    }
                    if depth >= MAX_DEPTH {
                        return Err(Error::malformed(format!(
                            "BTF type [{next}] {:?}: is nested too deep",
                            self.name_by_id(next)
                        )));
                    }
                    let align = self.align_composite(&composite, depth, known)?;
                    known.insert(next, align);
                    return Ok(align);
                }
                Kind::Void
                | Kind::Fwd { .. }
                | Kind::Func { .. }
                | Kind::FuncProto(_)
                | Kind::DataSec(_)
                | Kind::DeclTag { .. }
                | Kind::Unknown(_) => {
                    return Err(Error::malformed(format!(
                        "BTF type [{next}]: a {} {:?} has no alignment",
                        kind.code(),
                        self.name_by_id(next)
                    )));
                }
            }
        }
        Err(Error::malformed(format!("BTF type [{id}]: its chain of types does not end")))
    }

    fn align_composite(
        &self,
        composite: &Composite<'_>,
        depth: usize,
        known: &mut HashMap<u32, u64>,
    ) -> Result<u64> {
        let mut largest = 1;
        for member in composite.members() {
            let align = self.align(member.ty, depth + 1, known)?;
            largest = largest.max(align);
            let bits = member.bitfield_size.map(u64::from).or_else(|| self.old_bitfield(member.ty));
            let fits = match bits {
                None => u64::from(member.bit_offset).is_multiple_of(align * 8),
                Some(bits) => {
                    let unit = self.size_of(member.ty)?.max(1).saturating_mul(8);
                    u64::from(member.bit_offset) % unit + bits <= unit
                }
            };
            if !fits {
                return Ok(1);
            }
        }
        Ok(if u64::from(composite.size).is_multiple_of(largest) { largest } else { 1 })
    }

    /// The bits of a bit-field as compilers before 2018 wrote it: in the integer's type.
    fn old_bitfield(&self, id: u32) -> Option<u64> {
        match self.resolve(id)?.1.kind {
            Kind::Int(int) if u64::from(int.bits) != u64::from(int.size) * 8 => {
                Some(u64::from(int.bits))
            }
            _ => None,
        }
    }
}

/// Size of a pointer where these are all types: that of the first `long`. A kernel's is among its first types, so that
/// this is no pass over all of them.
pub(super) fn pointer_size(types: &[u8], lengths: &Lengths, cx: Context<'_>) -> u8 {
    let mut at = 0;
    while let Some(head) = Head::read(types, at, cx.endian) {
        if head.kind() == Some(BtfKind::Int)
            && matches!(head.size_or_type, 4 | 8)
            && is_long(cx.name(head.name))
        {
            return head.size_or_type as u8;
        }
        let Some(len) = head.len(lengths) else { break };
        at += len;
    }
    8
}

/// Whether this is `long` or `unsigned long`, in whichever order the words come.
fn is_long(name: &str) -> bool {
    let words = || name.split(' ');
    words().filter(|&word| word == "long").count() == 1
        && words().all(|word| matches!(word, "long" | "int" | "signed" | "unsigned"))
}

/// The largest power of two that divides a scalar's size, at most 16.
fn natural(size: u32) -> u64 {
    if size == 0 { 1 } else { 1 << size.trailing_zeros().min(4) }
}

fn too_large(id: u32) -> Error {
    Error::malformed(format!("BTF type [{id}]: its size does not fit in 64 bits"))
}
