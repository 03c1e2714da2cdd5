//! CO-RE: what the programs ask of the running kernel's types. Each question is written once, however many
//! instructions wait for its answer, and nothing in it has to be looked up in the object's own types again.

use std::borrow::Cow;

use crate::btf::BtfKind;

/// An instruction with a number that depends on the types of the running kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreRelocation {
    /// Index of the instruction in the program.
    pub insn: u32,
    /// What is asked: an index in [`CoreSpec::accesses`].
    pub access: u32,
}

/// The questions of all programs of an object. Names within are offsets of the object's BTF strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoreSpec {
    /// The types that accesses begin at. All of them are looked for in the kernel together.
    pub roots: Cow<'static, [CoreRoot]>,
    /// The questions, in the order in which programs first ask them.
    pub accesses: Cow<'static, [CoreAccess]>,
    /// The paths of all accesses, each once, one behind the other.
    pub steps: Cow<'static, [CoreStep]>,
}

impl CoreSpec {
    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.accesses.is_empty()
    }
}

/// A type of the object that accesses begin at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoreRoot {
    /// Its BTF id in the object.
    pub type_id: u32,
    /// Its kind: candidates in the kernel have the same. A typedef stays one.
    pub kind: BtfKind,
    /// The name that candidates must have: without flavour. Empty for an anonymous type, which has none.
    pub name: Cow<'static, str>,
    /// What the object's name has behind it: `___v2`, or nothing.
    pub flavour: Cow<'static, str>,
}

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreAccess {
    /// The type it begins at: an index in [`CoreSpec::roots`].
    pub root: u32,
    /// What is asked.
    pub kind: CoreKind,
    /// What it is asked of.
    pub path: CorePath,
    /// The answer for the object's own types.
    pub original: CoreNumber,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CorePath {
    /// The root type itself.
    Type {
        /// What the type is without typedefs, where any type of this kind is compatible with it. `None` where all of the
        /// object's type is to be compared: pointers, arrays, prototypes; and always for [`CoreKind::TypeMatches`].
        resolved: Option<BtfKind>,
    },
    /// A field: the first of its [`CoreSpec::steps`], and their number.
    Field {
        /// Index of the first step.
        first: u32,
        /// Number of steps.
        len: u32,
    },
    /// An enumerator of the root type.
    Enumerator {
        /// Its name.
        name: u32,
        /// Whether the object says that the enum is signed.
        signed: bool,
    },
}

/// A step of a path. Anonymous structs and unions are passed through without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CoreStep {
    /// To this element: of the memory that the root is in (always the first step), or of an array.
    Index(u32),
    /// To a member, whose type must be one that can be read as the object's.
    Member {
        /// Its name.
        name: u32,
        /// How many dimensions of an array are around its type.
        dimensions: u8,
        /// The type in there; [`BtfKind::Unknown`] for one that nothing is compatible with.
        kind: BtfKind,
        /// The name of that type, where it counts: of an enum or a forward declaration.
        type_name: u32,
    },
}

/// A number that the compiler has worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreNumber {
    /// The number.
    pub value: u64,
    /// Whether the instruction is sure to have it: compilers place bit-fields by rules of their own, and linkers renumber
    /// types.
    pub certain: bool,
    /// What a load or store at this offset moves.
    pub moved: Option<CoreMoved>,
}

/// What a memory access moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreMoved {
    /// Size in bytes.
    pub size: u32,
    /// Whether it keeps its meaning when another size is moved.
    pub sort: CoreSort,
}

/// Types that keep their meaning when loads and stores change size, and others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is what it says")]
pub enum CoreSort {
    Pointer,
    Unsigned,
    Other,
}

/// What a CO-RE relocation asks of the kernel's types: `enum bpf_core_relo_kind`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the kernel's names say it")]
pub enum CoreKind {
    FieldByteOffset,
    FieldByteSize,
    FieldExists,
    FieldSigned,
    FieldLshiftU64,
    FieldRshiftU64,
    TypeIdLocal,
    TypeIdTarget,
    TypeExists,
    TypeSize,
    EnumvalExists,
    EnumvalValue,
    TypeMatches,
}

impl CoreKind {
    /// The kind with this number in `enum bpf_core_relo_kind`, if there is one.
    pub const fn from_raw(raw: u32) -> Option<Self> {
        Some(match raw {
            0 => Self::FieldByteOffset,
            1 => Self::FieldByteSize,
            2 => Self::FieldExists,
            3 => Self::FieldSigned,
            4 => Self::FieldLshiftU64,
            5 => Self::FieldRshiftU64,
            6 => Self::TypeIdLocal,
            7 => Self::TypeIdTarget,
            8 => Self::TypeExists,
            9 => Self::TypeSize,
            10 => Self::EnumvalExists,
            11 => Self::EnumvalValue,
            12 => Self::TypeMatches,
            _ => return None,
        })
    }
}
