//! Writing BTF.

use std::collections::HashMap;

use super::kind::BtfKind;
use super::types::{Array, DataSecVar, Int, IntEncoding, Kind, Linkage, Member, Param, Type};
use super::view::Btf;
use super::wire::{HEADER_LEN, MAGIC, VERSION};
use crate::spec::Endian;

/// Writes BTF type by type, in either byte order. Ids are handed out in order, from 1.
///
/// It writes what it is told: [`Btf::parse`] checks the result.
#[derive(Clone, Debug)]
pub struct BtfBuilder {
    endian: Endian,
    types: Vec<u8>,
    strings: Vec<u8>,
    /// Offset of the first of `strings`.
    strings_at: u32,
    known: HashMap<Box<str>, u32>,
    next: u32,
}

impl BtfBuilder {
    /// With no type but `void`.
    pub fn new(endian: Endian) -> Self {
        let (types, strings) = (Vec::new(), vec![0]);
        Self { endian, types, strings, strings_at: 0, known: HashMap::new(), next: 1 }
    }

    /// With the types that continue those of `base`, as those of a module do: their ids come after its own.
    /// [`Btf::parse_split`] reads them.
    pub fn over(base: &Btf<'_>) -> Self {
        let strings_at = base.own_strings().len() as u32;
        Self { strings: Vec::new(), strings_at, next: base.len(), ..Self::new(base.endian()) }
    }

    /// With all types of `btf`, under the same ids, and all its strings, at the same offsets: `.BTF.ext` stays
    /// valid. The byte order may be another one. Of split BTF, only what is its own is copied.
    pub fn from_btf(btf: &Btf<'_>, endian: Endian) -> Self {
        let mut made = Self::with_strings_of(btf, endian);
        for (_, ty) in btf.types() {
            made.add(&ty);
        }
        made
    }

    /// With no type, and all strings of `btf` at the same offsets.
    pub(super) fn with_strings_of(btf: &Btf<'_>, endian: Endian) -> Self {
        let mut made = Self::new(endian);
        made.strings = btf.own_strings().to_vec();
        if made.strings.is_empty() {
            made.strings.push(0);
        }
        let mut at = 0;
        for string in btf.own_strings().split_inclusive(|&byte| byte == 0) {
            if let Ok(text) = std::str::from_utf8(&string[..string.len() - 1]) {
                made.known.entry(text.into()).or_insert(at as u32);
            }
            at += string.len();
        }
        made
    }

    /// The id that the next type gets.
    pub fn next_id(&self) -> u32 {
        self.next
    }

    /// The offset of a string, which is added unless it is there. Text ends at a NUL.
    pub fn string(&mut self, text: &str) -> u32 {
        let text = text.split('\0').next().unwrap_or("");
        if text.is_empty() {
            return 0;
        }
        if let Some(&offset) = self.known.get(text) {
            return offset;
        }
        let offset = self.strings_at + self.strings.len() as u32;
        self.strings.extend_from_slice(text.as_bytes());
        self.strings.push(0);
        self.known.insert(text.into(), offset);
        offset
    }

    /// The whole: header, types and strings.
    pub fn finish(self) -> Vec<u8> {
        let Self { endian, types, strings, .. } = self;
        let mut out = Vec::with_capacity(HEADER_LEN + types.len() + strings.len());
        out.extend(match endian {
            Endian::Little => MAGIC.to_le_bytes(),
            Endian::Big => MAGIC.to_be_bytes(),
        });
        out.extend([VERSION, 0]);
        let (types_len, strings_len) = (types.len() as u32, strings.len() as u32);
        for word in [HEADER_LEN as u32, 0, types_len, types_len, strings_len] {
            out.extend(endian.u32_bytes(word));
        }
        out.extend(types);
        out.extend(strings);
        out
    }

    /// A type as another BTF has it. Ids in it are taken over as they are.
    pub fn add(&mut self, ty: &Type<'_>) -> u32 {
        self.add_with(ty, |id| id)
    }

    /// A type as another BTF has it, with every id in it replaced.
    pub fn add_with(&mut self, ty: &Type<'_>, mut id: impl FnMut(u32) -> u32) -> u32 {
        let name = ty.name;
        match ty.kind {
            // `void` has no bytes, and a kind that is not known cannot be written: a type of no size in its place.
            Kind::Void | Kind::Unknown(_) => self.composite(BtfKind::Struct, name, 0, &[]),
            Kind::Int(int) => self.int_with(name, int),
            Kind::Ptr(to) => self.ptr(id(to)),
            Kind::Array(Array { element, index, len }) => self.array(id(element), id(index), len),
            Kind::Struct(composite) | Kind::Union(composite) => {
                let members: Vec<_> = composite
                    .members()
                    .map(|member| Member { ty: id(member.ty), ..member })
                    .collect();
                let flag = composite.sized_bitfields;
                self.composite_with(ty.kind.code(), name, composite.size, &members, flag)
            }
            Kind::Enum(kind) => {
                let values: Vec<_> = kind.values().collect();
                self.enum_(name, kind.size, kind.signed, &values)
            }
            Kind::Enum64(kind) => {
                let values: Vec<_> = kind.values().collect();
                self.enum64(name, kind.size, kind.signed, &values)
            }
            Kind::Fwd { is_union } => self.fwd(name, is_union),
            Kind::Typedef(to) => self.typedef(name, id(to)),
            Kind::Volatile(to) => self.volatile(id(to)),
            Kind::Const(to) => self.const_(id(to)),
            Kind::Restrict(to) => self.restrict(id(to)),
            Kind::Func { proto, linkage } => self.func(name, id(proto), linkage),
            Kind::FuncProto(proto) => {
                let params: Vec<_> =
                    proto.params().map(|param| Param { ty: id(param.ty), ..param }).collect();
                self.func_proto(id(proto.ret), &params)
            }
            Kind::Var { ty, linkage } => self.var(name, id(ty), linkage),
            Kind::DataSec(section) => {
                let vars: Vec<_> =
                    section.vars().map(|var| DataSecVar { ty: id(var.ty), ..var }).collect();
                self.datasec(name, section.size, &vars)
            }
            Kind::Float { size } => self.float(name, size),
            Kind::DeclTag { ty, component, attribute } => {
                let component = component.unwrap_or(u32::MAX);
                self.put(name, BtfKind::DeclTag, 0, attribute, id(ty), &[component])
            }
            Kind::TypeTag { ty, attribute } => {
                self.put(name, BtfKind::TypeTag, 0, attribute, id(ty), &[])
            }
        }
    }

    /// An integer of `size` bytes.
    pub fn int(&mut self, name: &str, size: u32, encoding: IntEncoding) -> u32 {
        let bits = u8::try_from(size.saturating_mul(8)).unwrap_or(u8::MAX);
        self.int_with(name, Int { size, bits, offset: 0, encoding })
    }

    /// An integer with all it has.
    pub fn int_with(&mut self, name: &str, int: Int) -> u32 {
        let word =
            u32::from(int.encoding.0) << 24 | u32::from(int.offset) << 16 | u32::from(int.bits);
        self.put(name, BtfKind::Int, 0, false, int.size, &[word])
    }

    /// A pointer.
    pub fn ptr(&mut self, to: u32) -> u32 {
        self.put("", BtfKind::Ptr, 0, false, to, &[])
    }

    /// An array of `len` elements.
    pub fn array(&mut self, element: u32, index: u32, len: u32) -> u32 {
        self.put("", BtfKind::Array, 0, false, 0, &[element, index, len])
    }

    /// A struct.
    pub fn struct_(&mut self, name: &str, size: u32, members: &[Member<'_>]) -> u32 {
        self.composite(BtfKind::Struct, name, size, members)
    }

    /// A union.
    pub fn union_(&mut self, name: &str, size: u32, members: &[Member<'_>]) -> u32 {
        self.composite(BtfKind::Union, name, size, members)
    }

    fn composite(&mut self, kind: BtfKind, name: &str, size: u32, members: &[Member<'_>]) -> u32 {
        let flag = members.iter().any(|member| member.bitfield_size.is_some());
        self.composite_with(kind, name, size, members, flag)
    }

    fn composite_with(
        &mut self,
        kind: BtfKind,
        name: &str,
        size: u32,
        members: &[Member<'_>],
        flag: bool,
    ) -> u32 {
        let mut words = Vec::with_capacity(3 * members.len());
        for &Member { name, ty, bit_offset, bitfield_size } in members {
            let bits = u32::from(bitfield_size.unwrap_or(0)) << 24;
            words.extend([self.string(name), ty, bit_offset | bits]);
        }
        self.put(name, kind, members.len(), flag, size, &words)
    }

    /// An enum of at most 32 bits.
    pub fn enum_(&mut self, name: &str, size: u32, signed: bool, values: &[(&str, i64)]) -> u32 {
        let mut words = Vec::with_capacity(2 * values.len());
        for &(name, value) in values {
            words.extend([self.string(name), value as u32]);
        }
        self.put(name, BtfKind::Enum, values.len(), signed, size, &words)
    }

    /// An enum of 64 bits.
    pub fn enum64(&mut self, name: &str, size: u32, signed: bool, values: &[(&str, u64)]) -> u32 {
        let mut words = Vec::with_capacity(3 * values.len());
        for &(name, value) in values {
            words.extend([self.string(name), value as u32, (value >> 32) as u32]);
        }
        self.put(name, BtfKind::Enum64, values.len(), signed, size, &words)
    }

    /// A forward declaration.
    pub fn fwd(&mut self, name: &str, is_union: bool) -> u32 {
        self.put(name, BtfKind::Fwd, 0, is_union, 0, &[])
    }

    /// A typedef.
    pub fn typedef(&mut self, name: &str, to: u32) -> u32 {
        self.put(name, BtfKind::Typedef, 0, false, to, &[])
    }

    /// `volatile`.
    pub fn volatile(&mut self, to: u32) -> u32 {
        self.put("", BtfKind::Volatile, 0, false, to, &[])
    }

    /// `const`.
    pub fn const_(&mut self, to: u32) -> u32 {
        self.put("", BtfKind::Const, 0, false, to, &[])
    }

    /// `restrict`.
    pub fn restrict(&mut self, to: u32) -> u32 {
        self.put("", BtfKind::Restrict, 0, false, to, &[])
    }

    /// A function.
    pub fn func(&mut self, name: &str, proto: u32, linkage: Linkage) -> u32 {
        self.put(name, BtfKind::Func, linkage as usize, false, proto, &[])
    }

    /// The type of a function.
    pub fn func_proto(&mut self, ret: u32, params: &[Param<'_>]) -> u32 {
        let mut words = Vec::with_capacity(2 * params.len());
        for &Param { name, ty } in params {
            words.extend([self.string(name), ty]);
        }
        self.put("", BtfKind::FuncProto, params.len(), false, ret, &words)
    }

    /// A global or static variable.
    pub fn var(&mut self, name: &str, ty: u32, linkage: Linkage) -> u32 {
        self.put(name, BtfKind::Var, 0, false, ty, &[linkage as u32])
    }

    /// A data section.
    pub fn datasec(&mut self, name: &str, size: u32, vars: &[DataSecVar]) -> u32 {
        let words: Vec<u32> =
            vars.iter().flat_map(|&DataSecVar { ty, offset, size }| [ty, offset, size]).collect();
        self.put(name, BtfKind::DataSec, vars.len(), false, size, &words)
    }

    /// A floating-point number.
    pub fn float(&mut self, name: &str, size: u32) -> u32 {
        self.put(name, BtfKind::Float, 0, false, size, &[])
    }

    /// `btf_decl_tag(text)` on a type, or on one of its members or parameters.
    pub fn decl_tag(&mut self, text: &str, ty: u32, component: Option<u32>) -> u32 {
        self.put(text, BtfKind::DeclTag, 0, false, ty, &[component.unwrap_or(u32::MAX)])
    }

    /// `btf_type_tag(text)`.
    pub fn type_tag(&mut self, text: &str, ty: u32) -> u32 {
        self.put(text, BtfKind::TypeTag, 0, false, ty, &[])
    }

    /// `__attribute__((text))` on a type.
    pub fn attribute(&mut self, text: &str, ty: u32) -> u32 {
        self.put(text, BtfKind::TypeTag, 0, true, ty, &[])
    }

    fn put(
        &mut self,
        name: &str,
        kind: BtfKind,
        vlen: usize,
        flag: bool,
        size_or_type: u32,
        words: &[u32],
    ) -> u32 {
        let name = self.string(name);
        let info = u32::from(flag) << 31 | (kind as u32) << 24 | vlen as u32;
        for word in [name, info, size_or_type].iter().chain(words) {
            self.types.extend(self.endian.u32_bytes(*word));
        }
        self.next += 1;
        self.next - 1
    }
}
