//! Where the fields of a Rust struct go so that it lies in memory as the C struct does.
//!
//! ```text
//! C:     struct { u8 a; u32 b : 3, c : 13; u64 d; u16 e; }          24 bytes, alignment 8
//! byte   0   1 2   3          8                16    18        24
//! Rust   a   bits0 __pad0     d                e     __pad1
//! ```
//!
//! Every byte belongs to a field, so that the Rust type has no uninitialised ones; and since the fields touch, `repr(C)`
//! places each of them where C has it, on every target.

use super::ty::Repr;

/// The largest alignment that is guessed from a struct's size, which is a page: a mapped data section has no more.
const MAX_ALIGN: u64 = 4096;

/// A member as C has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) bit_offset: u64,
    /// Number of bits of a bit-field.
    pub(crate) bits: Option<u8>,
    /// Of the Rust type.
    pub(crate) size: u64,
    /// Of the Rust type.
    pub(crate) align: u64,
    /// As much of it as the Rust type has on every target.
    pub(crate) sure_align: u64,
    /// Whether the Rust type has `repr(align)` inside, which a packed struct may not hold.
    pub(crate) over_aligned: bool,
}

/// Where everything goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) repr: Repr,
    pub(crate) align: u64,
    pub(crate) places: Vec<Place>,
}

/// A field of the Rust struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The member with this index; as bytes where its own type cannot be there.
    Member { index: usize, offset: u64, as_bytes: bool },
    /// The words that the bit-fields `members` share.
    Bits { members: std::ops::Range<usize>, offset: u64, unit: u8, count: u64 },
    /// Bytes without a name.
    Padding { offset: u64, len: u64 },
}

/// What is to be laid out.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'m> {
    pub(crate) members: &'m [Member],
    pub(crate) size: u64,
    /// Whether `repr(packed)` may be used; if not, a member at an odd place becomes bytes.
    pub(crate) may_pack: bool,
    /// The largest alignment that every place of the struct has, for the guess below, which is seldom needed.
    pub(crate) placed_at: &'m dyn Fn() -> u64,
}

/// Lays out a struct, or says why it cannot be.
pub(crate) fn plan(wanted: Wanted<'_>) -> Result<Plan, String> {
    let Wanted { members, size, may_pack, placed_at } = wanted;
    let plain = || members.iter().filter(|member| member.bits.is_none());
    for member in plain() {
        if member.bit_offset % 8 != 0 {
            return Err("a member that is no bit-field starts inside of a byte".to_owned());
        }
    }
    let fits = |align: u64| {
        size % align == 0
            && plain().all(|member| member.bit_offset / 8 % member.align.min(align) == 0)
    };
    let natural = plain().map(|member| member.align).max().unwrap_or(1);
    let (packed, mut align) = if fits(natural) {
        // A bit-field aligns a struct as its declared type would, unless the struct is packed.
        let with_bits = members.iter().map(|member| member.align).max().unwrap_or(1);
        (None, if size % with_bits == 0 { with_bits } else { natural })
    } else if may_pack {
        let most = (0..).map(|shift| natural >> shift).find(|&align| align <= 1 || fits(align));
        let most = most.unwrap_or(1).max(1);
        (Some(most), most)
    } else {
        let alignable = |member: &&Member| (member.bit_offset / 8).is_multiple_of(member.align);
        let most = plain().filter(alignable).map(|member| member.align).max().unwrap_or(1);
        if size % most == 0 { (None, most) } else { (None, 1) }
    };

    let mut walk =
        Walk { members, size, align, packed: packed.is_some(), at: 0, places: Vec::new() };
    let Widest { align: widest, sure } = walk.run()?;
    if let Some(most) = packed {
        // What became bytes aligns nothing, and `packed` only ever lowers an alignment.
        align = widest.min(most);
    } else {
        align = align.max(widest);
        let end = members.iter().map(Member::end).max().unwrap_or(0);
        align = guess_over_alignment(end, size, align, placed_at).unwrap_or(align);
    }
    let packed = packed.map(|_| align);
    let repr = Repr { packed, align: (packed.is_none() && align > sure).then_some(align) };
    Ok(Plan { repr, align, places: walk.places })
}

impl Member {
    fn end(&self) -> u64 {
        match self.bits {
            Some(bits) => (self.bit_offset + u64::from(bits)).div_ceil(8),
            None => self.bit_offset / 8 + self.size,
        }
    }
}

/// `aligned(16)` leaves one trace in BTF: more bytes at the end than the members' own alignment explains.
fn guess_over_alignment(
    end: u64,
    size: u64,
    align: u64,
    placed_at: &dyn Fn() -> u64,
) -> Option<u64> {
    if end == 0 || end.next_multiple_of(align) == size {
        return None;
    }
    let most = placed_at().min(MAX_ALIGN);
    std::iter::successors(Some(align * 2), |align| Some(align * 2))
        .take_while(|&align| align <= most)
        .find(|&align| end.next_multiple_of(align) == size)
}

struct Walk<'m> {
    members: &'m [Member],
    size: u64,
    align: u64,
    packed: bool,
    /// First byte that has no field yet.
    at: u64,
    places: Vec<Place>,
}

/// The alignment that fields by themselves give their struct.
struct Widest {
    align: u64,
    /// On every target.
    sure: u64,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<Widest, String> {
        let mut widest = Widest { align: 1, sure: 1 };
        let mut index = 0;
        while index < self.members.len() {
            let member = self.members[index];
            if member.bits.is_some() {
                let run = self.members[index..].iter().take_while(|next| next.bits.is_some());
                let members = index..index + run.count();
                index = members.end;
                let unit = self.bits(members)?;
                widest = Widest { align: widest.align.max(unit), sure: widest.sure.max(unit) };
            } else {
                let offset = member.bit_offset / 8;
                self.pad_to(offset)?;
                let misplaced = !offset.is_multiple_of(member.align)
                    || !self.align.is_multiple_of(member.align);
                let as_bytes =
                    if self.packed { member.over_aligned } else { misplaced && member.align > 1 };
                self.places.push(Place::Member { index, offset, as_bytes });
                self.at = offset + member.size;
                if !as_bytes {
                    widest.align = widest.align.max(member.align);
                    widest.sure = widest.sure.max(member.sure_align);
                }
                index += 1;
            }
            if self.at > self.size {
                return Err("a member ends behind the end".to_owned());
            }
        }
        self.pad_to(self.size)?;
        Ok(widest)
    }

    fn pad_to(&mut self, offset: u64) -> Result<(), String> {
        match offset.checked_sub(self.at) {
            None => return Err("members overlap or are out of order".to_owned()),
            Some(0) => {}
            Some(len) => self.places.push(Place::Padding { offset: self.at, len }),
        }
        self.at = offset;
        Ok(())
    }

    /// One field for a run of bit-fields, of the widest words that fit; what padding follows joins it.
    fn bits(&mut self, members: std::ops::Range<usize>) -> Result<u64, String> {
        let run = &self.members[members.clone()];
        let ends = |member: &Member| member.bit_offset + u64::from(member.bits.unwrap_or(0));
        if run.windows(2).any(|pair| ends(&pair[0]) > pair[1].bit_offset) {
            return Err("bit-fields overlap or are out of order".to_owned());
        }
        let offset = run[0].bit_offset / 8;
        let end = run.iter().map(Member::end).max().unwrap_or(offset);
        let limit = match self.members.get(members.end) {
            Some(next) => next.bit_offset / 8,
            None => self.size,
        };
        self.pad_to(offset)?;
        if end > limit {
            return Err("a bit-field ends behind the next member".to_owned());
        }
        let widest = run.iter().map(|member| member.align).max().unwrap_or(1).min(8);
        let (unit, len) = [8u8, 4, 2]
            .into_iter()
            .filter(|&unit| u64::from(unit) <= widest.min(self.align))
            .filter(|&unit| offset.is_multiple_of(u64::from(unit)))
            .map(|unit| (unit, (end - offset).next_multiple_of(u64::from(unit))))
            .find(|&(_, len)| offset + len <= limit)
            .unwrap_or((1, end - offset));
        self.places.push(Place::Bits { members, offset, unit, count: len / u64::from(unit) });
        self.at = offset + len;
        Ok(u64::from(unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(offset: u64, size: u64, align: u64) -> Member {
        let sure_align = align.min(8);
        Member { bit_offset: offset * 8, bits: None, size, align, sure_align, over_aligned: false }
    }

    fn bits(bit_offset: u64, bits: u8, size: u64) -> Member {
        Member {
            bit_offset,
            bits: Some(bits),
            size,
            align: size,
            sure_align: size.min(8),
            over_aligned: false,
        }
    }

    fn plan_of(members: &[Member], size: u64) -> Plan {
        plan(Wanted { members, size, may_pack: true, placed_at: &|| MAX_ALIGN }).unwrap()
    }

    /// Every byte belongs to exactly one place.
    fn check(plan: &Plan, members: &[Member], size: u64) {
        let mut at = 0;
        for place in &plan.places {
            let (offset, len) = match *place {
                Place::Member { index, offset, .. } => (offset, members[index].size),
                Place::Bits { offset, unit, count, .. } => (offset, u64::from(unit) * count),
                Place::Padding { offset, len } => (offset, len),
            };
            assert_eq!(offset, at, "{plan:?}");
            at += len;
        }
        assert_eq!(at, size, "{plan:?}");
        assert_eq!(size % plan.align, 0, "{plan:?}");
    }

    #[test]
    fn reprs() {
        let no = Repr::default();
        let packed = |align| Repr { packed: Some(align), align: None };
        let align = |align| Repr { packed: None, align: Some(align) };
        let cases: &[(&str, &[Member], u64, Repr, u64)] = &[
            ("natural", &[member(0, 1, 1), member(8, 8, 8)], 16, no, 8),
            ("packed", &[member(0, 1, 1), member(1, 8, 8)], 9, packed(1), 1),
            ("packed(2)", &[member(0, 2, 2), member(2, 4, 4)], 6, packed(2), 2),
            ("packed at the end only", &[member(0, 8, 8), member(8, 1, 1)], 9, packed(1), 1),
            ("aligned(16)", &[member(0, 4, 4)], 16, align(16), 16),
            ("aligned(64)", &[member(0, 4, 4), member(4, 24, 4)], 64, align(64), 64),
            // 32 would explain the size as well; the least that does is taken.
            ("aligned(32)", &[member(0, 4, 4), member(4, 40, 4)], 64, align(32), 32),
            ("empty", &[], 0, no, 1),
            ("no members", &[], 16, no, 1),
            ("flexible", &[member(0, 4, 4), member(4, 0, 1)], 4, no, 4),
            ("bits", &[bits(0, 3, 4), bits(3, 13, 4)], 4, no, 4),
            ("bits across words", &[bits(0, 20, 4), bits(32, 20, 4)], 8, no, 4),
            ("bits after a byte", &[member(0, 1, 1), bits(8, 24, 4)], 4, align(4), 4),
            ("bits before a byte", &[bits(0, 3, 4), member(1, 1, 1)], 4, align(4), 4),
            ("packed bits", &[bits(0, 3, 4)], 1, no, 1),
            ("128 bits", &[member(0, 16, 16), member(16, 1, 1)], 32, align(16), 16),
        ];
        for &(what, members, size, repr, align) in cases {
            let plan = plan_of(members, size);
            check(&plan, members, size);
            assert_eq!((plan.repr, plan.align), (repr, align), "{what}: {plan:?}");
        }
    }

    #[test]
    fn what_cannot_be() {
        let cases: &[(&[Member], u64)] = &[
            (&[member(0, 8, 8), member(4, 4, 4)], 8),
            (&[member(8, 4, 4), member(0, 4, 4)], 16),
            (&[member(0, 8, 8)], 4),
            (&[bits(0, 30, 4), bits(20, 10, 4)], 4),
            (&[bits(0, 30, 4), member(1, 1, 1)], 4),
            (&[Member { bit_offset: 3, ..member(0, 4, 4) }], 8),
        ];
        for &(members, size) in cases {
            let wanted = Wanted { members, size, may_pack: true, placed_at: &|| MAX_ALIGN };
            assert!(plan(wanted).is_err(), "{members:?}");
        }
    }

    #[test]
    fn over_alignment_is_held_to_its_places() {
        let members = [member(0, 4, 4)];
        let wanted = Wanted { members: &members, size: 16, may_pack: true, placed_at: &|| 8 };
        let plan = plan(wanted).unwrap();
        assert_eq!((plan.repr, plan.align), (Repr::default(), 4));
        check(&plan, &members, 16);
    }

    #[test]
    fn a_section_turns_what_is_misplaced_into_bytes() {
        let members = [member(0, 8, 8), member(9, 8, 8)];
        let wanted = Wanted { members: &members, size: 24, may_pack: false, placed_at: &|| 1 };
        let plan = plan(wanted).unwrap();
        check(&plan, &members, 24);
        assert_eq!(plan.align, 8);
        assert!(plan.places.contains(&Place::Member { index: 1, offset: 9, as_bytes: true }));
    }

    #[test]
    fn a_packed_struct_holds_nothing_over_aligned() {
        let members = [member(0, 1, 1), Member { over_aligned: true, ..member(1, 16, 16) }];
        let plan = plan_of(&members, 17);
        check(&plan, &members, 17);
        assert!(plan.places.contains(&Place::Member { index: 1, offset: 1, as_bytes: true }));

        // Of two even places none is left that aligns the struct.
        let members = [member(0, 2, 1), Member { over_aligned: true, ..member(2, 16, 8) }];
        let plan = plan_of(&members, 18);
        check(&plan, &members, 18);
        assert_eq!((plan.repr.packed, plan.align), (Some(1), 1));
    }
}
