//! Structs and unions.

use std::borrow::Cow;
use std::ops::Range;

use bpf_skel::btf::{self, Btf, Composite, Kind};

use super::accessors::{Leaves, Methods, TAKEN};
use super::owner::Owner;
use super::root::is_char;
use crate::ident::Origin;
use crate::model::c_text::declaration;
use crate::model::layout::{self, Plan, Wanted};
use crate::model::ty::{DefKind, Equality, FieldRole, Repr, StructDef, Tail, Ty, UnionDef, Words};
use crate::model::types::Types;

/// Why a member is not of its own type.
const UNKNOWN: &str = "All up to what is behind it: the object does not say which type it has.";

/// A member of a struct or union, or a variable of a section.
#[derive(Clone, Debug)]
pub(crate) struct Member<'n> {
    pub(crate) name: Cow<'n, str>,
    /// Whether that is of the source.
    pub(crate) origin: Origin,
    pub(crate) ty: Ty,
    pub(crate) c: String,
    pub(crate) bit_offset: u64,
    pub(crate) bits: Option<u8>,
    /// Of a bit-field.
    pub(crate) words: Words,
    /// Of an anonymous struct or union whose own type is words then.
    pub(crate) inside: Option<Inside<'n>>,
    /// Whether nothing is behind it in its struct, nor behind that in the one around it.
    pub(crate) is_last: bool,
    /// Why a variable is not of its own type; empty where it is.
    pub(crate) why: &'static str,
}

/// What is inside of words.
#[derive(Clone, Debug)]
pub(crate) struct Inside<'n> {
    pub(crate) is_union: bool,
    /// Counted from where those are that the words are one of.
    pub(crate) members: Vec<Member<'n>>,
}

impl Member<'_> {
    fn shift(&mut self, bits: u64) {
        self.bit_offset += bits;
        self.words.start += bits / 8;
        self.words.end += bits / 8;
        let inside = self.inside.iter_mut().flat_map(|inside| &mut inside.members);
        inside.for_each(|member| member.shift(bits));
    }

    fn not_last(&mut self) {
        self.is_last = false;
        let inside = self.inside.iter_mut().flat_map(|inside| &mut inside.members);
        inside.for_each(Self::not_last);
    }
}

/// What became of a struct or union: what it is, its alignment, and whether it has `repr(align)`; or why it is bytes.
type Made = Result<Kept, String>;
type Kept = (DefKind, u64, bool);

/// The struct or union whose members are being looked at.
struct Parent<'p> {
    /// Its name, with which those of the anonymous types inside it start.
    name: &'p str,
    /// How many anonymous members it has had.
    anonymous: u32,
}

impl<'b> Types<'b> {
    pub(super) fn composite(
        &mut self,
        btf: &Btf<'b>,
        id: u32,
        name: &str,
        composite: Composite<'b>,
        is_union: bool,
        owner: Owner<'_>,
    ) -> Ty {
        let index = match self.known(id) {
            Some(index) if !matches!(self.defs[index].kind, DefKind::Declared) => {
                return Ty::Def(index);
            }
            // A pointer mentioned it; now it is wanted whole.
            Some(index) => index,
            None => {
                let wanted = self.wanted_name(id, name, owner);
                let c = self.c_title(id, if is_union { "union" } else { "struct" }, name);
                self.reserve(id, wanted, c)
            }
        };
        let parent = self.defs[index].wanted.clone();
        let parent = &mut Parent { name: &parent, anonymous: 0 };
        let members = self.members(btf, parent, id, composite, is_union);
        let size = u64::from(composite.size);
        let mut tails = Vec::new();
        let made = members.and_then(|members| {
            tails = self.tails(&members);
            match is_union {
                true => Ok(self.union(&members, size)),
                false => self.structure(id, members, (size, 1), &tails),
            }
        });
        let (kind, align, over_aligned) = made.unwrap_or_else(|why| {
            let align = btf.align_of(id).unwrap_or(1).min(16);
            let storage = Self::storage(size, align);
            // Less aligned than wanted, where the size is no multiple.
            let align = self.align(&storage);
            (DefKind::Opaque { storage, why }, align, false)
        });
        self.settle(index, size, (kind, align, over_aligned));
        self.defs[index].tails = tails;
        Ty::Def(index)
    }

    /// What became of a reserved type.
    fn settle(&mut self, index: usize, size: u64, (kind, align, over_aligned): Kept) {
        // Unions and opaque types are words, whatever their members are.
        let equality = match &kind {
            DefKind::Struct(layout) => {
                let members = layout.fields.iter().filter(|field| field.role == FieldRole::Member);
                let methods = layout.accessors.iter().filter(|accessor| accessor.compared);
                let types = members.map(|field| &field.ty).chain(methods.map(|method| &method.ty));
                types.map(|ty| self.equality(ty)).min().unwrap_or(Equality::Total)
            }
            _ => Equality::Total,
        };
        let (named, by_bytes) = self.named_bytes(&kind, size, equality);
        let def = &mut self.defs[index];
        (def.size, def.align, def.over_aligned) = (size, align, over_aligned);
        (def.equality, def.named, def.by_bytes) = (equality, named, by_bytes);
        def.kind = kind;
    }

    /// A variable that is initialised together with the flexible array at its end: the struct with an array of as many
    /// elements as there is room for.
    pub(super) fn with_elements(
        &mut self,
        btf: &Btf<'b>,
        id: u32,
        size: u64,
        path: &str,
    ) -> Option<Ty> {
        let (id, Kind::Struct(composite)) = btf.resolve_kind(id)? else { return None };
        // Hostile BTF may have many variables of a struct of many members.
        let cost = u32::try_from(composite.len()).unwrap_or(u32::MAX);
        self.nested_left = self.nested_left.checked_sub(cost)?;
        let base = &self.defs[self.known(id)?];
        let ([_], DefKind::Struct(_)) = (&base.tails[..], &base.kind) else { return None };
        let (name, least, c) = (base.wanted.clone(), base.align, base.c.clone());
        let parent = &mut Parent { name: &name, anonymous: 0 };
        let mut members = self.members(btf, parent, id, composite, false).ok()?;
        let last = members.last_mut()?;
        let Ty::Array(element, 0) = self.unaliased(&last.ty) else { return None };
        let bytes = size.checked_sub(last.bit_offset / 8)?;
        let len = bytes.checked_div(self.size(element)).filter(|&len| len > 0)?;
        let is_text = match composite.members().last().map(|last| btf.resolve_kind(last.ty)) {
            Some(Some((_, Kind::Array(array)))) => is_char(btf, array.element),
            _ => false,
        };
        last.ty = if is_text { Ty::Chars(len) } else { Ty::Array(element.clone(), len) };
        last.c = last.c.replacen("[]", &format!("[{len}]"), 1);
        let c = format!("{c} {{ …; {}; }}", last.c);
        let made = self.structure(id, members, (size, least), &[]).ok()?;
        let index = self.add(id, (format!("{name}__{path}"), Origin::Made), c);
        self.settle(index, size, made);
        Some(Ty::Def(index))
    }

    /// The members, those of anonymous structs among them: in C they are the outer one's too.
    fn members(
        &mut self,
        btf: &Btf<'b>,
        parent: &mut Parent<'_>,
        id: u32,
        composite: Composite<'b>,
        is_union: bool,
    ) -> Result<Vec<Member<'b>>, String> {
        let mut members = Vec::with_capacity(composite.len());
        let (mut starts, mut last) = (None, 0);
        let mut runs = Vec::new();
        for (index, member) in (0..).zip(composite.members()) {
            let is_plain = !member.name.is_empty() || member.bitfield_size.is_some();
            let behind = if is_plain { None } else { btf.resolve_kind(member.ty) };
            let nested = match behind {
                Some((id, Kind::Struct(composite))) => Some((id, composite, false)),
                Some((id, Kind::Union(composite))) => Some((id, composite, true)),
                _ => None,
            };
            last = members.len();
            if let Some((id, nested, is_union)) = nested {
                self.nested(btf, parent, id, nested, is_union, &mut members)?;
                members[last..].iter_mut().for_each(|new| new.shift(member.bit_offset.into()));
            } else {
                let mut new = self.member(btf, parent, id, index, &member);
                if new.bits.is_none() && self.is_untold(&new.ty) {
                    let starts = starts.get_or_insert_with(|| starts_of(composite));
                    let next = starts.partition_point(|&start| start <= member.bit_offset);
                    let end = starts.get(next).map_or(composite.size, |next| next / 8);
                    new.ty = self.untold(id, member.bit_offset / 8, end, composite.size);
                    new.c = new.name.to_string();
                    new.why = UNKNOWN;
                }
                match runs.last_mut() {
                    _ if new.bits.is_none() => {}
                    Some(Range { end, .. }) if *end == last && !is_union => *end += 1,
                    _ => runs.push(last..last + 1),
                }
                members.push(new);
            }
        }
        for run in runs {
            let next = if is_union { None } else { members.get(run.end) };
            let end = next.map_or(composite.size.into(), |next| next.bit_offset / 8);
            self.run(&mut members[run], end);
        }
        if !is_union {
            members[..last].iter_mut().for_each(Member::not_last);
        }
        Ok(members)
    }

    /// Tells bit-fields that have nothing between them where they are: before byte `end`.
    fn run(&self, members: &mut [Member<'_>], end: u64) {
        let start = members.iter().map(|member| member.bit_offset / 8).min().unwrap_or(0);
        let words = Words { start, end, widest: self.natural(members) };
        members.iter_mut().for_each(|one| one.words = words);
    }

    /// Whether it is held by value and has no bytes of its own: BTF has void for what it has no type for.
    pub(super) fn is_untold(&self, ty: &Ty) -> bool {
        match self.unaliased(ty) {
            Ty::Unit | Ty::Function(..) => true,
            Ty::Array(element, _) => self.is_untold(element),
            _ => false,
        }
    }

    /// What a member of a struct of `size` bytes is that BTF has no type for, as of those that are `_Atomic`: a number
    /// where one can be, else bytes, up to the next member.
    fn untold(&self, id: u32, start: u32, end: u32, size: u32) -> Ty {
        let len = u64::from(end.saturating_sub(start));
        let aligned = u64::from(start | size) | self.placed_at(id) | 8;
        let align = 1 << aligned.trailing_zeros();
        Self::number_or_storage(len, align)
    }

    /// The members of an anonymous struct; of a union, or where a packed or over-aligned struct would be another one
    /// without its bounds, one member that has them inside.
    fn nested(
        &mut self,
        btf: &Btf<'b>,
        parent: &mut Parent<'_>,
        id: u32,
        composite: Composite<'b>,
        is_union: bool,
        out: &mut Vec<Member<'b>>,
    ) -> Result<(), String> {
        let cost = u32::try_from(composite.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.nested_left = self.nested_left.checked_sub(cost).ok_or("it is too large")?;
        let nth = parent.anonymous;
        parent.anonymous += 1;
        let members = self.members(btf, parent, id, composite, is_union)?;
        let size = u64::from(composite.size);
        let align = if is_union {
            self.union_align(&members, size)
        } else {
            let Plan { repr, align, .. } = self.plan(id, &members, size)?;
            if repr.packed.is_none() && align == self.natural(&members) {
                out.extend(members);
                return Ok(());
            }
            align
        };
        out.push(Member {
            name: format!("anon{nth}").into(),
            origin: Origin::Made,
            ty: Self::storage(size, align),
            c: declaration(btf, id, ""),
            bit_offset: 0,
            bits: None,
            words: Words::default(),
            inside: Some(Inside { is_union, members }),
            is_last: true,
            why: "",
        });
        Ok(())
    }

    fn member(
        &mut self,
        btf: &Btf<'b>,
        parent: &mut Parent<'_>,
        id: u32,
        index: u32,
        member: &btf::Member<'b>,
    ) -> Member<'b> {
        let (name, origin): (Cow<'b, str>, _) = if member.name.is_empty() {
            parent.anonymous += 1;
            (format!("anon{}", parent.anonymous - 1).into(), Origin::Made)
        } else {
            (member.name.into(), Origin::C)
        };
        let mut ty = self.lower(btf, member.ty, Owner::member(parent.name, &name));
        let mut c = declaration(btf, member.ty, member.name);
        let mut bit_offset = u64::from(member.bit_offset);
        let mut bits = member.bitfield_size;
        if let Ty::Def(index) = self.unaliased(&ty)
            && let (DefKind::Bound(..), Some(_)) = (&self.defs[*index].kind, bits)
        {
            // Of a type of which nothing is known no bits can be made: the number, as it stands behind pointers.
            ty = self.pointee(btf, member.ty);
        }
        if let Some((resolved, Kind::Int(int))) = btf.resolve_kind(member.ty) {
            if bits.is_none()
                && (u32::from(int.bits) != int.size.saturating_mul(8) || int.offset != 0)
            {
                // Compilers before 2018 put the bits into an integer type of their own.
                bits = Some(int.bits);
                bit_offset += u64::from(int.offset);
            }
            if bits.is_some() && btf.name_by_id(resolved) == "char" {
                // Here it is a number.
                ty = Ty::Int { bytes: 1, signed: int.encoding.is_signed() };
            }
        }
        if let Some(bits) = bits {
            c.push_str(&format!(" : {bits}"));
        }
        let c = self.with_tags(c, id, Some(index));
        let is_last = true;
        let words = Words::default();
        Member { name, origin, ty, c, bit_offset, bits, words, inside: None, is_last, why: "" }
    }

    /// `least` is an alignment that it is known to have, whatever its members tell.
    fn structure(
        &self,
        id: u32,
        members: Vec<Member<'_>>,
        (size, least): (u64, u64),
        tails: &[Tail],
    ) -> Made {
        let mut plan = self.plan(id, &members, size)?;
        if plan.repr.packed.is_none() && plan.align < least && size.is_multiple_of(least) {
            (plan.align, plan.repr.align) = (least, Some(least));
        }
        let live = plan.repr.packed.map(|_| self.words(&members, size, plan.align).into());
        let def = StructDef { live, ..self.struct_parts(members, &plan, size, tails) };
        let inside = def.fields.iter().any(|field| self.over_aligned(&field.ty));
        let over_aligned = plan.repr.align.is_some() || inside;
        Ok((DefKind::Struct(def), plan.align, over_aligned))
    }

    fn union(&self, members: &[Member<'_>], size: u64) -> (DefKind, u64, bool) {
        let align = self.union_align(members, size);
        let words = self.words(members, size, align);
        let over_aligned = words.repr.align.is_some();
        (DefKind::Union(words), align, over_aligned)
    }

    fn words(&self, members: &[Member<'_>], size: u64, align: u64) -> UnionDef {
        let storage = Self::storage(size, align);
        let repr =
            Repr { packed: None, align: (align > self.sure_align(&storage)).then_some(align) };
        let mut inside = Leaves::default();
        members.iter().for_each(|member| self.leaves(member, false, &mut inside));
        let all = inside.members.iter().all(|leaf| self.has_methods(leaf.member, size));
        let (make, taken, members) = ("from_*", TAKEN, inside.members);
        let methods = Methods { make, taken, size, align, members, tails: &[] };
        UnionDef { repr, storage, accessors: self.methods(methods).0, all }
    }

    /// The largest alignment of a member; less where the size is no multiple, as in a packed union.
    fn union_align(&self, members: &[Member<'_>], size: u64) -> u64 {
        let natural = self.natural(members);
        (0..)
            .map(|shift| natural >> shift)
            .find(|&align| align <= 1 || size.is_multiple_of(align))
            .unwrap_or(1)
            .max(1)
    }

    fn natural(&self, members: &[Member<'_>]) -> u64 {
        members.iter().map(|member| self.align(&member.ty)).max().unwrap_or(1)
    }

    fn plan(&self, id: u32, members: &[Member<'_>], size: u64) -> Result<Plan, String> {
        let members = self.plain(members);
        let placed_at = || self.placed_at(id);
        layout::plan(Wanted { members: &members, size, may_pack: true, placed_at: &placed_at })
    }

    pub(crate) fn plain(&self, members: &[Member<'_>]) -> Vec<layout::Member> {
        members
            .iter()
            .map(|member| layout::Member {
                bit_offset: member.bit_offset,
                bits: member.bits,
                size: self.size(&member.ty),
                align: self.align(&member.ty),
                sure_align: self.sure_align(&member.ty),
                over_aligned: self.over_aligned(&member.ty),
            })
            .collect()
    }
}

/// The bits at which members start, in order.
fn starts_of(composite: Composite<'_>) -> Vec<u32> {
    let mut starts: Vec<u32> = composite.members().map(|member| member.bit_offset).collect();
    starts.sort_unstable();
    starts
}
