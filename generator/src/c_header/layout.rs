//! Sizes and alignments of members, as the C that is written has them.

use std::collections::HashMap;

use bpf_skel::btf::{Btf, Composite, Enum, Enum64, Kind, Member};

use super::place::{self, Placed, Plan};
use super::{base, members};

/// Why a type has no C declaration of its own.
pub(super) type Reason = &'static str;

/// Why a type with pointers of 4 bytes cannot be laid out: for BPF they have 8.
const NARROW: Reason = "its pointers have 4 bytes";

/// In place of the alignment of such a type.
const NO_ALIGN: u32 = u32::MAX;

/// Types within each other that are followed; BTF that was checked has no more.
const DEPTH: u32 = 128;

/// Alignments as the C that is written has them.
pub(super) struct Layout<'b> {
    btf: &'b Btf<'b>,
    /// For types that the base has too, the base's, which is written.
    same: HashMap<u32, u32>,
    /// By id of a struct or union, its alignment; 0 where it is not known yet.
    aligns: Vec<u32>,
    /// By id of a nameless member's struct or union, whether it has no padding.
    dense: HashMap<u32, bool>,
}

/// Whether BTF has no type for a member, or for its elements: clang 19 writes none for `_Atomic`.
pub(super) fn is_untyped(btf: &Btf<'_>, mut id: u32) -> bool {
    for _ in 0..DEPTH {
        match btf.resolve_kind(id) {
            Some((_, Kind::Array(array))) => id = array.element,
            resolved => return matches!(resolved, Some((_, Kind::Void))),
        }
    }
    false
}

impl<'b> Layout<'b> {
    pub(super) fn new(btf: &'b Btf<'b>, same: HashMap<u32, u32>) -> Self {
        Self { btf, same, aligns: vec![0; btf.len() as usize], dense: HashMap::new() }
    }

    /// From now on the type is written as bytes.
    pub(super) fn make_opaque(&mut self, id: u32) {
        self.set_align(id, 1);
    }

    /// How to write the struct or union with this id.
    pub(super) fn plan(
        &mut self,
        id: u32,
        composite: &Composite<'b>,
        is_union: bool,
    ) -> Result<Plan<'b>, Reason> {
        if members::clash(self.btf, composite) {
            return Err("two members have one name");
        }
        match self.plan_at(id, composite, is_union, DEPTH) {
            Err(NARROW) => self.members_alone(composite),
            plan => plan,
        }
    }

    /// The members in order, wherever C puts them: CO-RE knows where they are.
    fn members_alone(&mut self, composite: &Composite<'b>) -> Result<Plan<'b>, Reason> {
        let mut items = Vec::with_capacity(composite.len());
        for (index, member) in composite.members().enumerate() {
            if let Some(place) = self.sized(index, member)? {
                items.push(place.item(false, None));
            }
        }
        Ok(Plan { items, ..Plan::default() })
    }

    fn plan_at(
        &mut self,
        id: u32,
        composite: &Composite<'b>,
        is_union: bool,
        depth: u32,
    ) -> Result<Plan<'b>, Reason> {
        let end = 8 * u64::from(composite.size);
        let mut placed = Vec::with_capacity(composite.len());
        for (index, member) in composite.members().enumerate() {
            let Some(mut place) = self.sized(index, member)? else { continue };
            if !place.untyped {
                let align = self.align(member.ty, depth);
                if align == Err(NARROW) {
                    self.set_align(id, NO_ALIGN);
                }
                place.align = 8 * u64::from(align?);
                place.packable = self.is_packable(&member);
            }
            placed.push(place);
        }
        let plan = place::all(placed, end, is_union)?;
        self.set_align(id, plan.align);
        Ok(plan)
    }

    fn set_align(&mut self, id: u32, to: u32) {
        if let Some(align) = self.aligns.get_mut(id as usize) {
            *align = to;
        }
    }

    /// A member with its place but for the alignment, or nothing for one that C leaves out: a nameless one that has no
    /// members itself.
    fn sized(&self, index: usize, member: Member<'b>) -> Result<Option<Placed<'b>>, Reason> {
        let (_, resolved) = self.btf.resolve(member.ty).ok_or("a member has no type")?;
        if member.name.is_empty() && !matches!(resolved.kind, Kind::Struct(_) | Kind::Union(_)) {
            return Ok(None);
        }
        let mut place = Placed {
            index,
            member,
            at: member.bit_offset.into(),
            size: 0,
            align: 1,
            untyped: is_untyped(self.btf, member.ty),
            unit: None,
            packable: false,
            packed: false,
        };
        if place.untyped {
            return Ok(Some(place));
        }
        let bytes = self.btf.size_of(member.ty).map_err(|_| "a member has no size")?;
        let whole = bytes.checked_mul(8).ok_or("a member is too large")?;
        let mut bits = member.bitfield_size.map(u64::from);
        if let (None, Kind::Int(int)) = (bits, &resolved.kind) {
            // As compilers before 2018 wrote bit-fields.
            if u64::from(int.bits) != whole || int.offset != 0 {
                bits = Some(u64::from(int.bits));
                place.at += u64::from(int.offset);
            }
        }
        let widest = match resolved.kind {
            Kind::Int(int) if int.encoding.is_bool() => whole.min(1),
            Kind::Int(_) | Kind::Enum(_) | Kind::Enum64(_) if bytes.is_power_of_two() => whole,
            _ => 0,
        };
        match bits {
            Some(bits) if bits == 0 || bits > widest => return Err("a bit-field exceeds its type"),
            None if !place.at.is_multiple_of(8) => return Err("a member begins within a byte"),
            _ => {}
        }
        place.size = bits.unwrap_or(whole);
        place.unit = bits.map(|_| whole);
        Ok(Some(place))
    }

    /// Where a member has a name and its type has members, or its elements' type. Behind a nameless one the attribute is
    /// the type's, which must stay as it is.
    fn is_packable(&mut self, member: &Member<'b>) -> bool {
        if !member.name.is_empty() {
            return self.is_composite(member.ty);
        }
        let Some((id, kind)) = self.btf.resolve_kind(member.ty) else { return false };
        if let Some(&dense) = self.dense.get(&id) {
            return dense;
        }
        let dense = self.is_dense(&kind);
        self.dense.insert(id, dense);
        dense
    }

    /// Whether a struct or union has no padding.
    fn is_dense(&self, kind: &Kind<'b>) -> bool {
        let (Kind::Struct(composite) | Kind::Union(composite)) = kind else { return false };
        let is_union = matches!(kind, Kind::Union(_));
        let mut end = 0;
        for (index, member) in composite.members().enumerate() {
            let Ok(Some(place)) = self.sized(index, member) else { return false };
            if place.untyped || place.at != if is_union { 0 } else { end } {
                return false;
            }
            end = if is_union { end.max(place.size) } else { end.saturating_add(place.size) };
        }
        end == 8 * u64::from(composite.size)
    }

    fn is_composite(&self, id: u32) -> bool {
        let mut id = id;
        for _ in 0..DEPTH {
            match self.btf.resolve_kind(id).map(|(_, kind)| kind) {
                Some(Kind::Array(array)) => id = array.element,
                kind => return matches!(kind, Some(Kind::Struct(_) | Kind::Union(_))),
            }
        }
        false
    }

    /// Alignment in bytes of a type that was planned, or is not made of members.
    fn align(&mut self, id: u32, depth: u32) -> Result<u32, Reason> {
        let mut id = id;
        for _ in 0..DEPTH {
            id = self.same.get(&id).copied().unwrap_or(id);
            let ty = self.btf.type_by_id(id).ok_or("a member has no type")?;
            id = match ty.kind {
                Kind::Int(int) => return Ok(base::int_align(int.size)),
                Kind::Float { size } => return Ok(base::float_align(ty.name, size)),
                Kind::Ptr(_) if self.btf.pointer_size() != 8 => return Err(NARROW),
                Kind::Ptr(_) => return Ok(8),
                Kind::Enum(Enum { size, .. }) | Kind::Enum64(Enum64 { size, .. }) => {
                    let known = matches!(size, 1 | 2 | 4 | 8);
                    return if known { Ok(size) } else { Err("an enum has a size of no integer") };
                }
                Kind::Array(array) => array.element,
                Kind::Typedef(to)
                | Kind::Const(to)
                | Kind::Volatile(to)
                | Kind::Restrict(to)
                | Kind::TypeTag { ty: to, .. } => to,
                Kind::Struct(composite) | Kind::Union(composite) => {
                    let is_union = matches!(ty.kind, Kind::Union(_));
                    return match self.aligns.get(id as usize) {
                        Some(&NO_ALIGN) => Err(NARROW),
                        Some(&align) if align != 0 => Ok(align),
                        _ if depth == 0 => Err("its members are nested too deep"),
                        _ => Ok(self.plan_at(id, &composite, is_union, depth - 1)?.align),
                    };
                }
                _ => return Err("a member has no size"),
            };
        }
        Err("a member has no type")
    }
}
