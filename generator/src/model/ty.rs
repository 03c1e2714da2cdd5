use std::ops::Range;

use crate::ident::{Ident, Origin};

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
    /// An array of this many `char`.
    Chars(u64),
    /// A target address of this.
    Ptr(Box<Ty>),
    /// A function, which a pointer points to: parameters and result.
    Function(Vec<Ty>, Box<Ty>),
    /// What a pointer to void points to.
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

    /// Appends the types of the `types` module that it spells.
    pub(crate) fn defs(&self, out: &mut Vec<usize>) {
        match self {
            Self::Def(index) => out.push(*index),
            Self::Ptr(to) | Self::Array(to, _) => to.defs(out),
            Self::Function(parameters, result) => {
                parameters.iter().for_each(|parameter| parameter.defs(out));
                result.defs(out);
            }
            Self::Int { .. } | Self::Float { .. } | Self::Bool | Self::Chars(_) | Self::Unit => {}
        }
    }
}

/// How far two values of a type can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Equality {
    /// Not at all: a type of the user's, of which nothing is known.
    None,
    /// Floats: no hash.
    Partial,
    Total,
}

/// A type of the `types` module.
#[derive(Clone, Debug)]
pub(crate) struct Def {
    /// The name it would like to have; also the start of the names of anonymous types inside it.
    pub(crate) wanted: String,
    /// Whether that is of the source.
    pub(crate) origin: Origin,
    /// The name it got, once all types are known.
    pub(crate) ident: Ident,
    /// What it is in C: `struct event`.
    pub(crate) c: String,
    /// Its declaration tags.
    pub(crate) tags: Vec<String>,
    pub(crate) size: u64,
    pub(crate) align: u64,
    /// Whether it, or a thing inside it, has `repr(align)`: then no packed struct may hold it (E0588).
    pub(crate) over_aligned: bool,
    pub(crate) equality: Equality,
    /// Where the bytes are that have a name in C.
    pub(crate) named: Vec<Range<u64>>,
    /// Whether values are equal where those bytes are.
    pub(crate) by_bytes: bool,
    /// The flexible arrays that it ends in: one, or those of a union at its end.
    pub(crate) tails: Vec<Tail>,
    pub(crate) kind: DefKind,
}

impl Def {
    pub(crate) fn is_enum(&self) -> bool {
        matches!(self.kind, DefKind::Enum { .. })
    }
}

#[derive(Clone, Debug)]
pub(crate) enum DefKind {
    Struct(StructDef),
    Union(UnionDef),
    Enum {
        bytes: u8,
        signed: bool,
        values: Vec<Enumerator>,
        /// `BIG = 300` of those that it has no room for.
        misfits: Vec<String>,
    },
    Alias(Ty),
    /// A type of the user's own, by its path, and the fields that it is to have.
    Bound(String, Vec<BoundField>),
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

/// What few structs have is behind a pointer, since there are many of them.
#[derive(Clone, Debug)]
pub(crate) struct StructDef {
    pub(crate) repr: Repr,
    /// Every byte, in order.
    pub(crate) fields: Vec<Field>,
    pub(crate) accessors: Vec<Accessor>,
    /// Where the bytes are that members of anonymous unions name: of [`Storage`](FieldRole::Storage), and inside of
    /// [`Nested`](FieldRole::Nested) words.
    pub(crate) unions: Box<[Range<u64>]>,
    /// The methods for the flexible arrays, one for each of [`Def::tails`].
    pub(crate) from_bytes: Vec<Ident>,
    /// Of a packed struct, to whose fields there are no references: what its live twin is.
    pub(crate) live: Option<Box<UnionDef>>,
}

/// A union is words, and its members are views of them.
#[derive(Clone, Debug)]
pub(crate) struct UnionDef {
    pub(crate) repr: Repr,
    pub(crate) storage: Ty,
    pub(crate) accessors: Vec<Accessor>,
    /// Whether every member has methods.
    pub(crate) all: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) role: FieldRole,
    pub(crate) ty: Ty,
    pub(crate) offset: u64,
    /// What it is in C, for its documentation: `__u32 pid`.
    pub(crate) c: String,
    /// Why a variable is not of its own type; empty where it is.
    pub(crate) why: &'static str,
}

/// What a field of a user's own type is held to.
#[derive(Clone, Debug)]
pub(crate) struct BoundField {
    pub(crate) ident: Ident,
    pub(crate) c: String,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FieldRole {
    Member,
    /// The words of an anonymous union, which are compared: the bytes that its members name.
    Storage,
    /// The words of an anonymous struct, or of a member whose own type cannot be there: what methods say is compared.
    Nested,
    /// The words that bit-fields share.
    Bits,
    Padding,
}

/// Methods for a member that has no field: a bit-field, a member of a union.
#[derive(Clone, Debug)]
pub(crate) struct Accessor {
    pub(crate) get: Ident,
    pub(crate) set: Ident,
    /// Makes a new value: `with_x` of a struct, `from_x` of a union.
    pub(crate) make: Ident,
    /// `x_ref` and `x_mut`, where a borrow is worth more than a copy and is aligned.
    pub(crate) borrow: Option<[Ident; 2]>,
    /// The first two, as the live twin has them.
    pub(crate) live: [Ident; 2],
    pub(crate) ty: Ty,
    pub(crate) at: At,
    /// Whether it lies where its type may lie.
    pub(crate) aligned: bool,
    /// Whether no field stands for it when values are compared.
    pub(crate) compared: bool,
    /// How many fields that print are before it in C, of which some may have no size.
    pub(crate) fields_before: usize,
    pub(crate) c: String,
}

/// Where a member is in its struct or union.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum At {
    Byte(u64),
    /// First bit, as BTF counts, and number of bits.
    Bits(u64, u8, Words),
}

/// The words by which bit-fields are accessed that are beside one another: those between these bytes, where no other member
/// is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) start: u64,
    pub(crate) end: u64,
    /// The largest alignment of the bit-fields' types: no word is wider, nor than the alignment of the whole.
    pub(crate) widest: u64,
}

/// An array without a length at the end of a struct or union.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub(crate) name: String,
    pub(crate) element: Ty,
    /// From the start of the type that ends in it.
    pub(crate) offset: u64,
    pub(crate) c: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Enumerator {
    pub(crate) ident: Ident,
    pub(crate) c: String,
    /// The bits of the value, as many as the enum has.
    pub(crate) value: u64,
}
