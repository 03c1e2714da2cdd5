//! What a type is: its kind and what the kind says, as views over the bytes.

use std::fmt;

use super::enums::{Enum, Enum64};
use super::kind::BtfKind;
use super::strings::Context;
use super::wire::word;

/// One type, as [`Btf::type_by_id`](super::Btf::type_by_id) gives it.
#[derive(Clone, Copy, Debug)]
pub struct Type<'a> {
    /// The C name; empty for an anonymous type and for kinds without a name.
    pub name: &'a str,
    /// What it is.
    pub kind: Kind<'a>,
}

/// The kind of a type and what belongs to it. A bare `u32` is the id of another type.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names are the kernel's and C's")]
pub enum Kind<'a> {
    Void,
    Int(Int),
    Ptr(u32),
    Array(Array),
    Struct(Composite<'a>),
    Union(Composite<'a>),
    Enum(Enum<'a>),
    /// A declaration without its members.
    Fwd {
        is_union: bool,
    },
    Typedef(u32),
    Volatile(u32),
    Const(u32),
    Restrict(u32),
    Func {
        /// A [`Kind::FuncProto`].
        proto: u32,
        linkage: Linkage,
    },
    FuncProto(FuncProto<'a>),
    Var {
        ty: u32,
        linkage: Linkage,
    },
    DataSec(DataSec<'a>),
    Float {
        /// Size in bytes.
        size: u32,
    },
    /// `btf_decl_tag`: the text is the type's name.
    DeclTag {
        ty: u32,
        /// The member or parameter that is tagged, or the whole where there is none.
        component: Option<u32>,
        /// Whether it is an attribute of the compiler's, not a `btf_decl_tag` (`kind_flag`).
        attribute: bool,
    },
    /// `btf_type_tag`: the text is the type's name.
    TypeTag {
        ty: u32,
        /// Whether it is an attribute of the compiler's, not a `btf_type_tag` (`kind_flag`).
        attribute: bool,
    },
    Enum64(Enum64<'a>),
    /// A kind from the future, by its number, in BTF that says how long it is (Linux 7.1).
    Unknown(u8),
}

impl Kind<'_> {
    /// The kind alone.
    pub const fn code(&self) -> BtfKind {
        match self {
            Self::Void => BtfKind::Void,
            Self::Int(_) => BtfKind::Int,
            Self::Ptr(_) => BtfKind::Ptr,
            Self::Array(_) => BtfKind::Array,
            Self::Struct(_) => BtfKind::Struct,
            Self::Union(_) => BtfKind::Union,
            Self::Enum(_) => BtfKind::Enum,
            Self::Fwd { .. } => BtfKind::Fwd,
            Self::Typedef(_) => BtfKind::Typedef,
            Self::Volatile(_) => BtfKind::Volatile,
            Self::Const(_) => BtfKind::Const,
            Self::Restrict(_) => BtfKind::Restrict,
            Self::Func { .. } => BtfKind::Func,
            Self::FuncProto(_) => BtfKind::FuncProto,
            Self::Var { .. } => BtfKind::Var,
            Self::DataSec(_) => BtfKind::DataSec,
            Self::Float { .. } => BtfKind::Float,
            Self::DeclTag { .. } => BtfKind::DeclTag,
            Self::TypeTag { .. } => BtfKind::TypeTag,
            Self::Enum64(_) => BtfKind::Enum64,
            Self::Unknown(_) => BtfKind::Unknown,
        }
    }
}

/// An integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Int {
    /// Size in bytes.
    pub size: u32,
    /// Number of bits in use; less than the size only for the bit-fields of old compilers.
    pub bits: u8,
    /// Where those bits start; not 0 only for the bit-fields of old compilers.
    pub offset: u8,
    /// How the bits are to be read.
    pub encoding: IntEncoding,
}

/// How an integer is to be read: `BTF_INT_*`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct IntEncoding(pub u8);

impl IntEncoding {
    /// A plain unsigned integer.
    pub const UNSIGNED: Self = Self(0);
    /// A signed integer.
    pub const SIGNED: Self = Self(1);
    /// A character, which compilers mark seldom.
    pub const CHAR: Self = Self(2);
    /// C's `_Bool`.
    pub const BOOL: Self = Self(4);

    /// Whether it is signed.
    pub const fn is_signed(self) -> bool {
        self.0 & 1 != 0
    }

    /// Whether it is marked as a character.
    pub const fn is_char(self) -> bool {
        self.0 & 2 != 0
    }

    /// Whether it is `_Bool`.
    pub const fn is_bool(self) -> bool {
        self.0 & 4 != 0
    }
}

/// An array type. More dimensions are arrays of arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Array {
    /// The elements' type.
    pub element: u32,
    /// The index's type; of no use.
    pub index: u32,
    /// Number of elements; 0 for a flexible array.
    pub len: u32,
}

/// Who sees a function or a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Linkage {
    /// Its own file only.
    Static = 0,
    /// Other files, too.
    Global = 1,
    /// It is defined elsewhere.
    Extern = 2,
}

impl Linkage {
    /// The linkage with this number, if there is one.
    pub const fn from_raw(raw: u32) -> Option<Self> {
        match raw {
            0 => Some(Self::Static),
            1 => Some(Self::Global),
            2 => Some(Self::Extern),
            _ => None,
        }
    }
}

/// A struct or union.
#[derive(Clone, Copy)]
pub struct Composite<'a> {
    /// Size in bytes.
    pub size: u32,
    /// Whether the top byte of a member's offset is its size in bits (`kind_flag`).
    pub(super) sized_bitfields: bool,
    pub(super) raw: &'a [[u8; 12]],
    pub(super) cx: Context<'a>,
}

/// A member of a [`Composite`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member<'a> {
    /// Its name; empty for an anonymous struct or union.
    pub name: &'a str,
    /// Its type.
    pub ty: u32,
    /// Offset in bits from the start.
    pub bit_offset: u32,
    /// Number of bits of a bit-field. `None` for other members, and for bit-fields of compilers before 2018, where
    /// the [`Int`] has it.
    pub bitfield_size: Option<u8>,
}

impl<'a> Composite<'a> {
    /// The members, in the order of the declaration.
    pub fn members(&self) -> impl ExactSizeIterator<Item = Member<'a>> + Clone + use<'a> {
        let this = *self;
        self.raw.iter().map(move |raw| this.read(raw))
    }

    /// The types of the members.
    pub(super) fn types(&self) -> impl Iterator<Item = u32> + use<'a> {
        let endian = self.cx.endian;
        self.raw.iter().map(move |raw| word(raw, 1, endian))
    }

    /// The member with this index.
    pub fn member(&self, index: usize) -> Option<Member<'a>> {
        self.raw.get(index).map(|raw| self.read(raw))
    }

    fn read(&self, raw: &[u8; 12]) -> Member<'a> {
        let endian = self.cx.endian;
        let offset = word(raw, 2, endian);
        let (bit_offset, bits) = if self.sized_bitfields {
            (offset & 0x00ff_ffff, (offset >> 24) as u8)
        } else {
            (offset, 0)
        };
        Member {
            name: self.cx.name(word(raw, 0, endian)),
            ty: word(raw, 1, endian),
            bit_offset,
            bitfield_size: (bits != 0).then_some(bits),
        }
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

/// The type of a function.
#[derive(Clone, Copy)]
pub struct FuncProto<'a> {
    /// What it returns; 0 is void.
    pub ret: u32,
    pub(super) raw: &'a [[u8; 8]],
    pub(super) cx: Context<'a>,
}

/// A parameter of a [`FuncProto`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// Its name, or empty.
    pub name: &'a str,
    /// Its type. A last parameter without name and of type 0 stands for `...`.
    pub ty: u32,
}

impl<'a> FuncProto<'a> {
    /// The parameters in order.
    pub fn params(&self) -> impl ExactSizeIterator<Item = Param<'a>> + Clone + use<'a> {
        let cx = self.cx;
        self.raw.iter().map(move |raw| Param {
            name: cx.name(word(raw, 0, cx.endian)),
            ty: word(raw, 1, cx.endian),
        })
    }
}

/// The variables of a section.
#[derive(Clone, Copy)]
pub struct DataSec<'a> {
    /// Size in bytes; compilers leave it 0.
    pub size: u32,
    pub(super) raw: &'a [[u8; 12]],
    pub(super) cx: Context<'a>,
}

/// A variable (or an external function) in a [`DataSec`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSecVar {
    /// A [`Kind::Var`] or [`Kind::Func`].
    pub ty: u32,
    /// Offset in the section; compilers leave it 0.
    pub offset: u32,
    /// Size in bytes.
    pub size: u32,
}

impl<'a> DataSec<'a> {
    /// The variables in the order they are written.
    pub fn vars(&self) -> impl ExactSizeIterator<Item = DataSecVar> + Clone + use<'a> {
        let endian = self.cx.endian;
        self.raw.iter().map(move |raw| DataSecVar {
            ty: word(raw, 0, endian),
            offset: word(raw, 1, endian),
            size: word(raw, 2, endian),
        })
    }
}

impl fmt::Debug for Composite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes ", self.size)?;
        f.debug_list().entries(self.members()).finish()
    }
}

impl fmt::Debug for FuncProto<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.params()).finish()?;
        write!(f, " -> {}", self.ret)
    }
}

impl fmt::Debug for DataSec<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes ", self.size)?;
        f.debug_list().entries(self.vars()).finish()
    }
}
