use proc_macro2::Ident;

/// How a type is spelled where it is used.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ty {
    /// 1, 2, 4, 8 or 16 bytes.
    Int {
        bytes: u8,
        signed: bool,
    },
    /// 4 or 8 bytes.
    Float {
        bytes: u8,
    },
    Bool,
    /// A target address of this.
    Ptr(Box<Ty>),
    /// What a pointer to void or to a function points to.
    Unit,
    Array(Box<Ty>, u64),
    /// A type of the `types` module: index in [`Types::defs`](super::Types::defs).
    Def(usize),
}

impl Ty {
    pub(crate) const U8: Self = Self::Int { bytes: 1, signed: false };

    pub(crate) const fn unsigned(bytes: u8) -> Self {
        Self::Int { bytes, signed: false }
    }

    pub(crate) fn bytes(len: u64) -> Self {
        Self::Array(Box::new(Self::U8), len)
    }
}

/// A type of the `types` module.
#[derive(Clone, Debug)]
pub(crate) struct Def {
    /// The name it would like to have; also the start of the names of anonymous types inside it.
    pub(crate) wanted: String,
    /// The name it got, once all types are known.
    pub(crate) ident: Ident,
    /// What it is in C: `struct event`.
    pub(crate) c: String,
    pub(crate) size: u64,
    pub(crate) align: u64,
    /// Whether it, or a thing inside it, has `repr(align)`: then no packed struct may hold it (E0588).
    pub(crate) over_aligned: bool,
    /// Whether equality by value means something: no floats.
    pub(crate) eq: bool,
    pub(crate) kind: DefKind,
}

#[derive(Clone, Debug)]
pub(crate) enum DefKind {
    Struct(StructDef),
    /// Storage of these words, and typed views of it.
    Union {
        storage: Ty,
        repr: Repr,
        members: Vec<UnionMember>,
        bit_fields: Vec<BitField>,
    },
    Enum {
        bytes: u8,
        signed: bool,
        values: Vec<Enumerator>,
    },
    Alias(Ty),
    /// Bytes, and the reason why.
    Opaque {
        storage: Ty,
        why: String,
    },
    /// Only its name is known or wanted: something points to it.
    Declared,
}

/// How a struct is to be laid out; `repr(C)` goes without saying.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Repr {
    pub(crate) packed: Option<u64>,
    pub(crate) align: Option<u64>,
}

#[derive(Clone, Debug)]
pub(crate) struct StructDef {
    pub(crate) repr: Repr,
    /// Every byte, in order.
    pub(crate) fields: Vec<Field>,
    pub(crate) bit_fields: Vec<BitField>,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) role: FieldRole,
    pub(crate) ty: Ty,
    pub(crate) offset: u64,
    /// What it is in C, for its documentation: `__u32 pid`.
    pub(crate) c: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldRole {
    Member,
    /// The bytes that bit-fields share.
    Bits,
    Padding,
}

/// Accessors of a bit-field.
#[derive(Clone, Debug)]
pub(crate) struct BitField {
    pub(crate) get: Ident,
    pub(crate) set: Ident,
    /// Field that has the bits.
    pub(crate) storage: Ident,
    /// First bit, counted in the storage as BTF counts in the struct.
    pub(crate) bit: u64,
    pub(crate) bits: u8,
    /// The declared type.
    pub(crate) ty: Ty,
    pub(crate) c: String,
}

/// Accessors of a union's member.
#[derive(Clone, Debug)]
pub(crate) struct UnionMember {
    pub(crate) get: Ident,
    pub(crate) set: Ident,
    pub(crate) ty: Ty,
    pub(crate) c: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Enumerator {
    pub(crate) ident: Ident,
    pub(crate) c: String,
    /// The bits of the value, as many as the enum has.
    pub(crate) value: u64,
}
