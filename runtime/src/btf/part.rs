//! Parts of the format that came one by one, and which of them a BTF uses.

use std::fmt;

use super::encode::BtfBuilder;
use super::types::{DataSecVar, IntEncoding, Kind, Linkage, Param};
use super::view::Btf;
use crate::spec::Endian;
use crate::uapi::Release;

/// A part of the format that not every kernel knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BtfPart {
    /// Functions and their types: `FUNC`, `FUNC_PROTO`.
    Functions,
    /// Variables and their sections: `VAR`, `DATASEC`.
    Variables,
    /// Functions that are not static.
    GlobalFunctions,
    /// `FLOAT`
    Float,
    /// `DECL_TAG`
    DeclTag,
    /// `TYPE_TAG`
    TypeTag,
    /// `ENUM64`, and enums that say that they are signed.
    Enum64,
    /// Names of sections that start with `?`.
    QuestionMark,
    /// Attributes of the compiler's other than the two tags: a tag with `kind_flag`.
    Attributes,
}

impl BtfPart {
    /// All of them, in the order they came.
    pub const ALL: [Self; 9] = [
        Self::Functions,
        Self::Variables,
        Self::GlobalFunctions,
        Self::Float,
        Self::DeclTag,
        Self::TypeTag,
        Self::Enum64,
        Self::QuestionMark,
        Self::Attributes,
    ];

    /// The first Linux that knows it.
    pub const fn since(self) -> Release {
        match self {
            Self::Functions => Release::new(5, 0),
            Self::Variables => Release::new(5, 2),
            Self::GlobalFunctions => Release::new(5, 6),
            Self::Float => Release::new(5, 13),
            Self::DeclTag => Release::new(5, 16),
            Self::TypeTag => Release::new(5, 17),
            Self::Enum64 => Release::new(6, 0),
            Self::QuestionMark => Release::new(6, 9),
            Self::Attributes => Release::new(6, 15),
        }
    }

    /// The parts that a BTF uses, in the order they came.
    pub fn used_by(btf: &Btf<'_>) -> Vec<Self> {
        let mut used: Vec<Self> =
            btf.types().flat_map(|(_, ty)| Self::of(ty.name, &ty.kind)).collect();
        used.sort_unstable();
        used.dedup();
        used
    }

    pub(super) fn of(name: &str, kind: &Kind<'_>) -> impl Iterator<Item = Self> + use<> {
        let (one, other) = match kind {
            Kind::Func { linkage: Linkage::Static, .. } | Kind::FuncProto(_) => {
                (Some(Self::Functions), None)
            }
            Kind::Func { .. } => (Some(Self::Functions), Some(Self::GlobalFunctions)),
            Kind::Var { .. } => (Some(Self::Variables), None),
            Kind::DataSec(_) => {
                (Some(Self::Variables), name.starts_with('?').then_some(Self::QuestionMark))
            }
            Kind::Float { .. } => (Some(Self::Float), None),
            Kind::DeclTag { attribute, .. } => {
                (Some(Self::DeclTag), attribute.then_some(Self::Attributes))
            }
            Kind::TypeTag { attribute, .. } => {
                (Some(Self::TypeTag), attribute.then_some(Self::Attributes))
            }
            Kind::Enum(kind) if kind.signed => (Some(Self::Enum64), None),
            Kind::Enum64(_) => (Some(Self::Enum64), None),
            _ => (None, None),
        };
        one.into_iter().chain(other)
    }

    /// A small BTF that uses this part, and of the others only what it cannot be without: for asking a kernel.
    pub fn sample(self, endian: Endian) -> Vec<u8> {
        let mut b = BtfBuilder::new(endian);
        let int = b.int("int", 4, IntEncoding::SIGNED);
        let section = |b: &mut BtfBuilder, name| {
            let ty = b.var("x", int, Linkage::Static);
            b.datasec(name, 4, &[DataSecVar { ty, offset: 0, size: 4 }]);
        };
        match self {
            Self::Functions | Self::GlobalFunctions => {
                let proto = b.func_proto(int, &[Param { name: "a", ty: int }]);
                let is_static = self == Self::Functions;
                b.func("x", proto, if is_static { Linkage::Static } else { Linkage::Global });
            }
            Self::Variables => section(&mut b, ".data"),
            Self::QuestionMark => section(&mut b, "?.data"),
            Self::Float => drop(b.float("float", 4)),
            Self::DeclTag => {
                let named = b.typedef("t", int);
                let var = b.var("x", named, Linkage::Static);
                b.decl_tag("tag", var, None);
            }
            Self::TypeTag => {
                let tag = b.type_tag("tag", int);
                b.ptr(tag);
            }
            Self::Enum64 => drop(b.enum64("e", 8, false, &[("ONE", 1)])),
            Self::Attributes => {
                let tag = b.attribute("attribute", int);
                b.ptr(tag);
            }
        }
        b.finish()
    }
}

impl fmt::Display for BtfPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Functions => "BTF of functions",
            Self::Variables => "BTF of variables",
            Self::GlobalFunctions => "BTF of global functions",
            Self::Float => "BTF of floating-point types",
            Self::DeclTag => "BTF declaration tags",
            Self::TypeTag => "BTF type tags",
            Self::Enum64 => "BTF of 64-bit enums",
            Self::QuestionMark => "BTF of optional sections",
            Self::Attributes => "BTF attributes",
        })
    }
}
