//! Where a C compiler would put members, and what it takes to have them where BTF says.
//!
//! The rules are those of the System V ABI as clang applies them for BPF: a member goes to the next multiple of its
//! alignment; a bit-field goes to the next bit unless it would cross a unit of its type; `packed` makes all alignments 1;
//! an unnamed bit-field takes room and aligns nothing.

use std::collections::HashMap;

use bpf_skel::btf::{Btf, Composite, Enum, Enum64, Kind, Member};

use super::{base, members};

/// Why a type has no C declaration of its own.
pub(super) type Reason = &'static str;

/// Bits of padding up to which it is written as unnamed bit-fields, and not as an alignment or an array.
const FEW: u64 = 8 * 64;

/// Why a type with pointers of 4 bytes cannot be laid out: for BPF they have 8.
const NARROW: Reason = "its pointers have 4 bytes";

/// In place of the alignment of such a type.
const NO_ALIGN: u32 = u32::MAX;

/// Types within each other that are followed; BTF that was checked has no more.
const DEPTH: u32 = 128;

/// A struct or union as C has to write it.
#[derive(Debug, Default)]
pub(super) struct Plan<'b> {
    pub(super) packed: bool,
    /// What the whole is to be aligned to, where its members do not say so.
    pub(super) aligned: Option<u64>,
    pub(super) items: Vec<Item<'b>>,
    /// Alignment in bytes that comes out.
    pub(super) align: u32,
}

/// What stands between the braces.
#[derive(Debug)]
pub(super) enum Item<'b> {
    Member {
        /// Its place in BTF.
        index: usize,
        member: Member<'b>,
        bits: Option<u32>,
        packed: bool,
        aligned: Option<u64>,
    },
    /// An unnamed bit-field of a unit of so many bits.
    Gap { unit: u32, bits: u32 },
    /// So many bytes from this one on.
    Bytes { at: u64, count: u64 },
}

/// Alignments as the C that is written has them.
pub(super) struct Layout<'b> {
    btf: &'b Btf<'b>,
    /// By id of a struct or union, its alignment; 0 where it is not known yet.
    aligns: Vec<u32>,
    /// By id of a nameless member's struct or union, whether it has no padding.
    dense: HashMap<u32, bool>,
}

/// A member that is to be placed.
struct Placed<'b> {
    index: usize,
    member: Member<'b>,
    /// In bits, as all here.
    at: u64,
    size: u64,
    align: u64,
    /// Size of its type where it is a bit-field, which must not cross a unit of that.
    unit: Option<u64>,
    /// Whether `packed` can be said of it alone.
    packable: bool,
    /// It lies where its alignment forbids it: its type is packed in a way that BTF does not show.
    packed: bool,
}

impl<'b> Layout<'b> {
    pub(super) fn new(btf: &'b Btf<'b>) -> Self {
        Self { btf, aligns: vec![0; btf.len() as usize], dense: HashMap::new() }
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
            if let Some(mut place) = self.sized(index, member)? {
                let align = self.align(member.ty, depth);
                if align == Err(NARROW) {
                    self.set_align(id, NO_ALIGN);
                }
                place.align = 8 * u64::from(align?);
                place.packable = self.is_packable(&member);
                placed.push(place);
            }
        }
        let natural = natural(&mut placed, end);
        let place = |natural| {
            if is_union { union(&placed, end, natural) } else { sequence(&placed, end, natural) }
        };
        let plan = match natural {
            None => place(None)?,
            Some(_) => place(natural).or_else(|_| place(None))?,
        };
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
        let bytes = self.btf.size_of(member.ty).map_err(|_| "a member has no size")?;
        let whole = bytes.checked_mul(8).ok_or("a member is too large")?;
        let mut at = u64::from(member.bit_offset);
        let mut bits = member.bitfield_size.map(u64::from);
        if let (None, Kind::Int(int)) = (bits, &resolved.kind) {
            // As compilers before 2018 wrote bit-fields.
            if u64::from(int.bits) != whole || int.offset != 0 {
                bits = Some(u64::from(int.bits));
                at += u64::from(int.offset);
            }
        }
        let widest = match resolved.kind {
            Kind::Int(int) if int.encoding.is_bool() => whole.min(1),
            Kind::Int(_) | Kind::Enum(_) | Kind::Enum64(_) if bytes.is_power_of_two() => whole,
            _ => 0,
        };
        match bits {
            Some(bits) if bits == 0 || bits > widest => return Err("a bit-field exceeds its type"),
            None if !at.is_multiple_of(8) => return Err("a member begins within a byte"),
            _ => {}
        }
        let size = bits.unwrap_or(whole);
        let unit = bits.map(|_| whole);
        Ok(Some(Placed { index, member, at, size, align: 8, unit, packable: false, packed: false }))
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
            if place.at != if is_union { 0 } else { end } {
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
            let ty = self.btf.type_by_id(id).ok_or("a member has no type")?;
            id = match ty.kind {
                Kind::Int(int) => return Ok(base::int_align(int.size)),
                Kind::Float { size } => return Ok(base::float_align(size)),
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

/// The alignment that the members ask for in bits, or nothing where the whole must be packed.
fn natural(placed: &mut [Placed<'_>], end: u64) -> Option<u64> {
    let mut natural = 8;
    for place in placed {
        let fits = match place.unit {
            Some(unit) => place.at % place.align + place.size <= unit,
            None => place.at.is_multiple_of(place.align),
        };
        match (fits, place.packable) {
            (true, _) => natural = natural.max(place.align),
            // The struct inside is packed, and need not be so by itself.
            (false, true) => place.packed = true,
            (false, false) => return None,
        }
    }
    end.is_multiple_of(natural).then_some(natural)
}

/// The members of a struct; it is packed where there is no natural alignment.
fn sequence<'b>(placed: &[Placed<'b>], end: u64, natural: Option<u64>) -> Result<Plan<'b>, Reason> {
    let packed = natural.is_none();
    let mut natural = natural.unwrap_or(8);
    let mut items = Vec::with_capacity(placed.len());
    let mut cur = 0_u64;
    for place in placed {
        let align = match place.unit {
            Some(_) => 1,
            None if packed || place.packed => 8,
            None => place.align,
        };
        if place.at < cur {
            return Err("its members overlap");
        }
        let mut aligned = None;
        if cur.next_multiple_of(align) != place.at {
            if place.at - cur > FEW && place.unit.is_none() {
                let reached = |to: u64| cur.next_multiple_of(to) == place.at;
                // `_Alignas`, which a nameless one has, takes no less than its type's.
                let least = if place.member.name.is_empty() { place.align } else { 0 };
                let mut powers =
                    powers_above(align).filter(|&to| to >= least && end.is_multiple_of(to));
                aligned = powers.find(|&to| reached(to));
            }
            match aligned {
                Some(to) => natural = natural.max(to),
                None => fill(&mut items, cur, place.at),
            }
        }
        items.push(place.item(!packed && place.packed, aligned.map(|bits| bits / 8)));
        cur = place.at.checked_add(place.size).ok_or("its members are too large")?;
    }
    if cur > end {
        return Err("its members reach past its end");
    }
    let mut aligned = None;
    let close = cur.next_multiple_of(natural);
    if close > end {
        return Err("its size is not a multiple of its alignment");
    }
    if close < end {
        if end - cur > FEW {
            aligned = powers_above(natural).find(|&to| cur.next_multiple_of(to) == end);
        }
        match aligned {
            Some(to) => natural = natural.max(to),
            None => fill(&mut items, cur, end),
        }
    }
    Ok(Plan { packed, aligned: aligned.map(|bits| bits / 8), items, align: in_bytes(natural) })
}

/// The members of a union.
fn union<'b>(placed: &[Placed<'b>], end: u64, natural: Option<u64>) -> Result<Plan<'b>, Reason> {
    let packed = natural.is_none();
    let mut natural = natural.unwrap_or(8);
    let largest = placed.iter().map(|place| place.size).max().unwrap_or(0);
    if placed.iter().any(|place| place.at != 0) {
        return Err("a member of the union is not at its start");
    }
    if largest > end || largest.next_multiple_of(natural) > end {
        return Err("its members reach past its end");
    }
    let mut items: Vec<Item<'b>> =
        placed.iter().map(|place| place.item(!packed && place.packed, None)).collect();
    let mut aligned = None;
    if largest.next_multiple_of(natural) < end {
        aligned = powers_above(natural).find(|&to| end > 64 && largest.next_multiple_of(to) == end);
        match aligned {
            Some(to) => natural = to,
            None if end <= 64 => fill(&mut items, 0, end),
            None => items.push(Item::Bytes { at: 0, count: end / 8 }),
        }
    }
    Ok(Plan { packed, aligned: aligned.map(|bits| bits / 8), items, align: in_bytes(natural) })
}

impl<'b> Placed<'b> {
    fn item(&self, packed: bool, aligned: Option<u64>) -> Item<'b> {
        let bits = self.unit.map(|_| self.size as u32);
        Item::Member { index: self.index, member: self.member, bits, packed, aligned }
    }
}

/// Padding from one bit to another.
fn fill(items: &mut Vec<Item<'_>>, mut from: u64, to: u64) {
    if to - from > FEW {
        let (first, last) = (from.next_multiple_of(64), to / 64 * 64);
        fill(items, from, first);
        items.push(Item::Bytes { at: first / 8, count: (last - first) / 8 });
        from = last;
    }
    while from < to {
        let bits = (64 - from % 64).min(to - from);
        // The smallest unit that they do not cross: unlike a larger one it says where they end.
        let unit = [8, 16, 32].into_iter().find(|unit| from % unit + bits <= *unit).unwrap_or(64);
        items.push(Item::Gap { unit: unit as u32, bits: bits as u32 });
        from += bits;
    }
}

/// Alignments in bits above one, up to 64 KiB.
fn powers_above(align: u64) -> impl Iterator<Item = u64> {
    (3..=19).map(|log| 1 << log).filter(move |&to| to > align)
}

fn in_bytes(bits: u64) -> u32 {
    (bits / 8) as u32
}
