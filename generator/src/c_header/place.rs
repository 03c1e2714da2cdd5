//! Where a C compiler would put members, and what it takes to have them where BTF says.
//!
//! The rules are those of the System V ABI as clang applies them for BPF: a member goes to the next multiple of its
//! alignment; a bit-field goes to the next bit unless it would cross a unit of its type; `packed` makes all alignments 1;
//! an unnamed bit-field takes room and aligns nothing.

use bpf_skel::btf::Member;

use super::layout::Reason;

/// Bits of padding up to which it is written as unnamed bit-fields, and not as an alignment or an array.
const FEW: u64 = 8 * 64;

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
    /// A member that BTF has no type for; the padding behind it is its room.
    Untyped(Member<'b>),
    /// An unnamed bit-field of a unit of so many bits.
    Gap { unit: u32, bits: u32 },
    /// So many bytes from this one on.
    Bytes { at: u64, count: u64 },
}

/// A member that is to be placed.
pub(super) struct Placed<'b> {
    pub(super) index: usize,
    pub(super) member: Member<'b>,
    /// In bits, as all here.
    pub(super) at: u64,
    pub(super) size: u64,
    pub(super) align: u64,
    /// BTF has no type for it: it has no size.
    pub(super) untyped: bool,
    /// Size of its type where it is a bit-field, which must not cross a unit of that.
    pub(super) unit: Option<u64>,
    /// Whether `packed` can be said of it alone.
    pub(super) packable: bool,
    /// It lies where its alignment forbids it: its type is packed in a way that BTF does not show.
    pub(super) packed: bool,
}

/// The members of a struct or union of so many bits, packed only where it must be.
pub(super) fn all<'b>(
    mut placed: Vec<Placed<'b>>,
    end: u64,
    is_union: bool,
) -> Result<Plan<'b>, Reason> {
    let natural = natural(&mut placed, end);
    let place = |natural| {
        if is_union { union(&placed, end, natural) } else { sequence(&placed, end, natural) }
    };
    match natural {
        None => place(None),
        Some(_) => place(natural).or_else(|_| place(None)),
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
    // Whether what follows `cur` is more than padding.
    let mut untyped = false;
    for place in placed {
        let align = match place.unit {
            Some(_) => 1,
            None if packed || place.packed => 8,
            None => place.align,
        };
        if place.at < cur {
            return Err("its members overlap");
        }
        if place.untyped {
            items.push(place.item(false, None));
            untyped = true;
            continue;
        }
        let mut aligned = None;
        if cur.next_multiple_of(align) != place.at {
            if place.at - cur > FEW && place.unit.is_none() && !untyped {
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
        untyped = false;
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
        if end - cur > FEW && !untyped {
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
        let room = end > 64 && !placed.iter().any(|place| place.untyped);
        aligned = powers_above(natural).find(|&to| room && largest.next_multiple_of(to) == end);
        match aligned {
            Some(to) => natural = to,
            None if end <= 64 => fill(&mut items, 0, end),
            None => items.push(Item::Bytes { at: 0, count: end / 8 }),
        }
    }
    Ok(Plan { packed, aligned: aligned.map(|bits| bits / 8), items, align: in_bytes(natural) })
}

impl<'b> Placed<'b> {
    pub(super) fn item(&self, packed: bool, aligned: Option<u64>) -> Item<'b> {
        if self.untyped {
            return Item::Untyped(self.member);
        }
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
