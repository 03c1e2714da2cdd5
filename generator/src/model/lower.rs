//! From BTF to types: structs, unions, enums and aliases, each once.

use bpf_skel::btf::{Btf, Composite, Kind};

use super::c_text::{declaration, type_name};
use super::layout::{self, Place, Wanted};
use super::ty::{
    BitField, DefKind, Enumerator, Field, FieldRole, Repr, StructDef, Ty, UnionMember,
};
use super::types::Types;
use crate::ident::Scope;

/// Longest name of an anonymous type; deeper ones end in a number.
const LONGEST_NAME: usize = 200;

impl Types<'_> {
    /// The type of a map's key or value, or of a variable; `path` names it should it be anonymous. A pointer's
    /// target comes along whole: `struct event *unused` is how C sources name a record's type.
    ///
    /// Where the type cannot be read or has not `size` bytes, it is that many bytes.
    pub(crate) fn root(&mut self, id: u32, size: u64, path: &str) -> Ty {
        let Some(btf) = self.btf.filter(|_| id != 0) else { return Ty::bytes(size) };
        let ty = self.lower(btf, id, path);
        self.record(btf, id, path);
        if self.size(&ty) == size { ty } else { Ty::bytes(size) }
    }

    fn record(&mut self, btf: &Btf<'_>, id: u32, path: &str) {
        let mut at = btf.resolve(id);
        while let Some((_, ty)) = at {
            match ty.kind {
                Kind::Array(array) => at = btf.resolve(array.element),
                Kind::Ptr(to) if !is_tagged(btf, to) => {
                    if let Some((_, target)) = btf.resolve(to)
                        && matches!(target.kind, Kind::Struct(_) | Kind::Union(_))
                    {
                        self.lower(btf, to, path);
                    }
                    return;
                }
                _ => return,
            }
        }
    }

    /// A type that is held by value.
    fn lower(&mut self, btf: &Btf<'_>, id: u32, path: &str) -> Ty {
        let Some((id, ty)) = btf.unqualified(id) else { return Ty::Unit };
        match ty.kind {
            Kind::Typedef(to) => self.alias(btf, id, ty.name, to, path),
            Kind::Int(int) => match (int.size, int.encoding) {
                (1, encoding) if encoding.is_bool() => Ty::Bool,
                // C's plain char is text or bytes, whatever sign a target gives it.
                (1, _) if ty.name == "char" => Ty::U8,
                (bytes @ (1 | 2 | 4 | 8 | 16), encoding) => {
                    Ty::Int { bytes: bytes as u8, signed: encoding.is_signed() }
                }
                (bytes, _) => Ty::bytes(bytes.into()),
            },
            Kind::Float { size: bytes @ (4 | 8) } => Ty::Float { bytes: bytes as u8 },
            Kind::Float { size } => Types::storage(size.into(), 16),
            Kind::Ptr(to) => Ty::Ptr(Box::new(self.pointee(btf, to))),
            Kind::Array(array) => {
                let element = self.lower(btf, array.element, path);
                Ty::Array(Box::new(element), array.len.into())
            }
            Kind::Struct(composite) => self.composite(btf, id, ty.name, composite, false, path),
            Kind::Union(composite) => self.composite(btf, id, ty.name, composite, true, path),
            Kind::Enum(values) => {
                let list = values.values().map(|(name, value)| (name, value.cast_unsigned()));
                self.enumeration(id, ty.name, values.size, values.signed, list, path)
            }
            Kind::Enum64(values) => {
                self.enumeration(id, ty.name, values.size, values.signed, values.values(), path)
            }
            _ => Ty::Unit,
        }
    }

    /// What a pointer points to: known by name, but not laid out for the pointer's sake.
    fn pointee(&mut self, btf: &Btf<'_>, id: u32) -> Ty {
        let Some((id, ty)) = btf.resolve(id) else { return Ty::Unit };
        match ty.kind {
            Kind::Struct(_) | Kind::Union(_) | Kind::Fwd { .. } => {
                if let Some(&index) = self.by_id.get(&id) {
                    return Ty::Def(index);
                }
                let name = match ty.name {
                    "" => self.typedefs.get(&id).copied().unwrap_or(""),
                    name => name,
                };
                if name.is_empty() {
                    return Ty::Unit;
                }
                Ty::Def(self.reserve(id, name.to_owned(), type_name(btf, id)))
            }
            Kind::Ptr(to) => Ty::Ptr(Box::new(self.pointee(btf, to))),
            Kind::Array(array) => {
                Ty::Array(Box::new(self.pointee(btf, array.element)), array.len.into())
            }
            Kind::Int(_) | Kind::Float { .. } => self.lower(btf, id, ""),
            Kind::Enum(values) => {
                Ty::Int { bytes: int_bytes(values.size).unwrap_or(4), signed: values.signed }
            }
            Kind::Enum64(values) => {
                Ty::Int { bytes: int_bytes(values.size).unwrap_or(8), signed: values.signed }
            }
            _ => Ty::Unit,
        }
    }

    fn alias(&mut self, btf: &Btf<'_>, id: u32, name: &str, to: u32, path: &str) -> Ty {
        if let Some(&index) = self.by_id.get(&id) {
            return Ty::Def(index);
        }
        let Some((target_id, resolved)) = btf.resolve(to) else { return Ty::Unit };
        let target = self.lower(btf, target_id, path);
        if well_known(name).is_some_and(|known| known == target) {
            return target;
        }
        // `typedef struct event event`, and a typedef that gave an anonymous type its name.
        let same = matches!(target, Ty::Def(_))
            && (resolved.name == name
                || (resolved.name.is_empty() && self.typedefs.get(&target_id) == Some(&name)));
        if same || target == Ty::Unit {
            return target;
        }
        let index =
            self.reserve(id, name.to_owned(), format!("typedef {}", declaration(btf, to, name)));
        let (size, align) = (self.size(&target), self.align(&target));
        let (over_aligned, eq) = (self.over_aligned(&target), self.eq(&target));
        let def = &mut self.defs[index];
        (def.size, def.align, def.over_aligned, def.eq) = (size, align, over_aligned, eq);
        def.kind = DefKind::Alias(target);
        Ty::Def(index)
    }

    fn wanted_name(&self, id: u32, name: &str, path: &str) -> String {
        let name =
            if name.is_empty() { self.typedefs.get(&id).copied().unwrap_or("") } else { name };
        if !name.is_empty() {
            return name.to_owned();
        }
        match path.char_indices().nth(LONGEST_NAME) {
            Some((end, _)) => format!("{}__{id}", &path[..end]),
            None => path.to_owned(),
        }
    }

    fn composite(
        &mut self,
        btf: &Btf<'_>,
        id: u32,
        name: &str,
        composite: Composite<'_>,
        is_union: bool,
        path: &str,
    ) -> Ty {
        let index = match self.by_id.get(&id) {
            Some(&index) if !matches!(self.defs[index].kind, DefKind::Declared) => {
                return Ty::Def(index);
            }
            // A pointer mentioned it; now it is wanted whole.
            Some(&index) => index,
            None => {
                let wanted = self.wanted_name(id, name, path);
                let word = if is_union { "union" } else { "struct" };
                let c = match (name, self.typedefs.get(&id)) {
                    ("", Some(typedef)) => format!("typedef {word} {{…}} {typedef}"),
                    ("", None) => format!("{word} {{…}}"),
                    (name, _) => format!("{word} {name}"),
                };
                self.reserve(id, wanted, c)
            }
        };
        let members = self.members(btf, index, composite);
        let placed_at = self.placed_at(id);
        let size = u64::from(composite.size);
        let made = if is_union {
            self.union(&members, size)
        } else {
            self.structure(&members, size, placed_at)
        };
        let (kind, align, over_aligned) = made.unwrap_or_else(|why| {
            let align = btf.align_of(id).unwrap_or(1).min(16);
            (DefKind::Opaque { storage: Self::storage(size, align), why }, align, false)
        });
        // Unions and opaque types are words, whatever their members are.
        let is_struct = matches!(kind, DefKind::Struct(_));
        let over_aligned =
            over_aligned || is_struct && members.iter().any(|member| self.over_aligned(&member.ty));
        let eq = !is_struct || members.iter().all(|member| self.eq(&member.ty));
        // Storage may turn out less aligned than wanted, where the size is no multiple.
        let align = match &kind {
            DefKind::Opaque { storage, .. } => self.align(storage),
            _ => align,
        };
        let def = &mut self.defs[index];
        (def.size, def.align, def.over_aligned, def.eq, def.kind) =
            (size, align, over_aligned, eq, kind);
        Ty::Def(index)
    }

    fn members(&mut self, btf: &Btf<'_>, parent: usize, composite: Composite<'_>) -> Vec<Member> {
        let parent = self.defs[parent].wanted.clone();
        let mut anonymous = 0..;
        let mut members = Vec::with_capacity(composite.len());
        for member in composite.members() {
            let name = if member.name.is_empty() {
                format!("anon{}", anonymous.next().unwrap_or(0))
            } else {
                member.name.to_owned()
            };
            let ty = self.lower(btf, member.ty, &format!("{parent}__{name}"));
            let c = declaration(btf, member.ty, member.name);
            let mut bit_offset = u64::from(member.bit_offset);
            let mut bits = member.bitfield_size;
            if bits.is_none()
                && let Some((_, ty)) = btf.resolve(member.ty)
                && let Kind::Int(int) = ty.kind
                && (u32::from(int.bits) != int.size.saturating_mul(8) || int.offset != 0)
            {
                // Compilers before 2018 put the bits into an integer type of their own.
                bits = Some(int.bits);
                bit_offset += u64::from(int.offset);
            }
            let c = match bits {
                Some(bits) => format!("{c} : {bits}"),
                None => c,
            };
            members.push(Member { name, ty, c, bit_offset, bits });
        }
        members
    }

    fn structure(&self, members: &[Member], size: u64, placed_at: u64) -> Made {
        let plain = self.plain(members);
        let plan = layout::plan(Wanted { members: &plain, size, may_pack: true, placed_at })?;
        let mut scope = Scope::default();
        let places: Vec<&Place> = plan.places.iter().collect();
        let (fields, bit_fields) = self.fields(members, &places, &mut scope);
        let over_aligned = plan.repr.align.is_some();
        let def = StructDef { repr: plan.repr, fields, bit_fields };
        Ok((DefKind::Struct(def), plan.align, over_aligned))
    }

    pub(super) fn plain(&self, members: &[Member]) -> Vec<layout::Member> {
        members
            .iter()
            .map(|member| layout::Member {
                bit_offset: member.bit_offset,
                bits: member.bits,
                size: self.size(&member.ty),
                align: self.align(&member.ty),
                over_aligned: self.over_aligned(&member.ty),
            })
            .collect()
    }

    /// The fields of a plan: members by their names, then bit-field words and padding by names that are left.
    pub(super) fn fields(
        &self,
        members: &[Member],
        places: &[&Place],
        scope: &mut Scope,
    ) -> (Vec<Field>, Vec<BitField>) {
        let named: Vec<&str> = places
            .iter()
            .filter_map(|place| match place {
                Place::Member { index, .. } => Some(members[*index].name.as_str()),
                _ => None,
            })
            .collect();
        let mut idents = scope.claim_all(named).into_iter();
        let mut fields = Vec::with_capacity(places.len());
        let (mut pads, mut words) = (0.., 0..);
        let mut bit_fields = Vec::new();
        let mut methods = Scope::default();
        for place in places {
            match **place {
                Place::Member { index, offset, as_bytes } => {
                    let member = &members[index];
                    let ty =
                        if as_bytes { Ty::bytes(self.size(&member.ty)) } else { member.ty.clone() };
                    let Some(ident) = idents.next() else { continue };
                    let role = FieldRole::Member;
                    fields.push(Field { ident, role, ty, offset, c: member.c.clone() });
                }
                Place::Bits { members: ref run, offset, unit, count } => {
                    let ident = scope.claim(&format!("bits{}", words.next().unwrap_or(0)));
                    let ty = match count {
                        1 => Ty::unsigned(unit),
                        _ => Ty::Array(Box::new(Ty::unsigned(unit)), count),
                    };
                    let run = &members[run.clone()];
                    bit_fields
                        .extend(run.iter().map(|member| {
                            self.bit_field(member, offset * 8, &ident, &mut methods)
                        }));
                    let c =
                        run.iter().map(|member| member.c.as_str()).collect::<Vec<_>>().join("; ");
                    fields.push(Field { ident, role: FieldRole::Bits, ty, offset, c });
                }
                Place::Padding { offset, len } => {
                    let ident = scope.claim(&format!("__pad{}", pads.next().unwrap_or(0)));
                    let role = FieldRole::Padding;
                    fields.push(Field {
                        ident,
                        role,
                        ty: Ty::bytes(len),
                        offset,
                        c: String::new(),
                    });
                }
            }
        }
        (fields, bit_fields)
    }

    fn bit_field(
        &self,
        member: &Member,
        storage_bit: u64,
        storage: &proc_macro2::Ident,
        methods: &mut Scope,
    ) -> BitField {
        BitField {
            get: methods.claim(&member.name),
            set: methods.claim(&format!("set_{}", member.name)),
            storage: storage.clone(),
            bit: member.bit_offset - storage_bit,
            bits: member.bits.unwrap_or(0),
            ty: member.ty.clone(),
            c: member.c.clone(),
        }
    }

    fn union(&self, members: &[Member], size: u64) -> Made {
        let natural = members.iter().map(|member| self.align(&member.ty)).max().unwrap_or(1);
        let align = (0..)
            .map(|shift| natural >> shift)
            .find(|&align| align <= 1 || size.is_multiple_of(align))
            .unwrap_or(1)
            .max(1);
        let storage = Self::storage(size, align);
        let repr = Repr { packed: None, align: (align > self.align(&storage)).then_some(align) };
        let mut scope = Scope::default();
        let field = proc_macro2::Ident::new("storage", proc_macro2::Span::call_site());
        let (mut views, mut bit_fields) = (Vec::new(), Vec::new());
        for member in members {
            if member.bits.is_some() {
                bit_fields.push(self.bit_field(member, 0, &field, &mut scope));
            } else if member.bit_offset == 0 && self.size(&member.ty) <= size {
                views.push(UnionMember {
                    get: scope.claim(&member.name),
                    set: scope.claim(&format!("set_{}", member.name)),
                    ty: member.ty.clone(),
                    c: member.c.clone(),
                });
            }
        }
        let over_aligned = repr.align.is_some();
        let kind = DefKind::Union { storage, repr, members: views, bit_fields };
        Ok((kind, align, over_aligned))
    }

    fn enumeration<'v>(
        &mut self,
        id: u32,
        name: &str,
        size: u32,
        signed: bool,
        values: impl Iterator<Item = (&'v str, u64)>,
        path: &str,
    ) -> Ty {
        if let Some(&index) = self.by_id.get(&id) {
            return Ty::Def(index);
        }
        let Some(bytes) = int_bytes(size) else { return Ty::bytes(size.into()) };
        let wanted = self.wanted_name(id, name, path);
        let c = match (name, self.typedefs.get(&id)) {
            ("", Some(typedef)) => format!("typedef enum {{…}} {typedef}"),
            ("", None) => "enum {…}".to_owned(),
            (name, _) => format!("enum {name}"),
        };
        let index = self.reserve(id, wanted, c);
        let values: Vec<(&str, u64)> = values.collect();
        let idents = Scope::default().claim_all(values.iter().map(|&(name, _)| name));
        let values = values
            .iter()
            .zip(idents)
            .map(|(&(c, value), ident)| Enumerator { ident, c: c.to_owned(), value })
            .collect();
        let def = &mut self.defs[index];
        (def.size, def.align) = (bytes.into(), bytes.into());
        def.kind = DefKind::Enum { bytes, signed, values };
        Ty::Def(index)
    }
}

/// What became of a struct or union: what it is, its alignment, and whether it has `repr(align)`; or why it is bytes.
type Made = Result<(DefKind, u64, bool), String>;

/// A member of a struct or union, or a variable of a section.
pub(super) struct Member {
    pub(super) name: String,
    pub(super) ty: Ty,
    pub(super) c: String,
    pub(super) bit_offset: u64,
    pub(super) bits: Option<u8>,
}

fn int_bytes(size: u32) -> Option<u8> {
    matches!(size, 1 | 2 | 4 | 8).then_some(size as u8)
}

/// Whether a pointer's target has a type tag: `__kptr` and `__percpu` point to the kernel's own.
fn is_tagged(btf: &Btf<'_>, id: u32) -> bool {
    matches!(btf.type_by_id(id).map(|ty| ty.kind), Some(Kind::TypeTag { .. }))
}

/// The integers that every C source has typedefs for; those are spelled as Rust has them.
fn well_known(name: &str) -> Option<Ty> {
    let name = name.strip_prefix("__").unwrap_or(name);
    let (signed, bits) = match name.strip_suffix("_t") {
        Some(name) => match name.strip_prefix("uint") {
            Some(bits) => (false, bits),
            None => (true, name.strip_prefix("int")?),
        },
        None => match name.strip_prefix('u') {
            Some(bits) => (false, bits),
            None if name == "bool" => return Some(Ty::Bool),
            None => (true, name.strip_prefix('s')?),
        },
    };
    let bytes = match bits {
        "8" => 1,
        "16" => 2,
        "32" => 4,
        "64" => 8,
        "128" => 16,
        _ => return None,
    };
    Some(Ty::Int { bytes, signed })
}
