/// A place in a program that waits for something the kernel hands out at load time.
///
/// Calls and addresses of subprograms are not among them: they are resolved when the object is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Index of the instruction in the program.
    pub insn: u32,
    /// What the instruction refers to.
    pub target: RelocationTarget,
}

/// What an instruction refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelocationTarget {
    /// The 64-bit immediate load is to hold this map (index in [`ObjectSpec::maps`](super::ObjectSpec::maps)).
    Map(u32),
    /// The 64-bit immediate load is to hold an address in the only value of this data map.
    MapValue {
        /// Index in [`ObjectSpec::maps`](super::ObjectSpec::maps).
        map: u32,
        /// Offset in the map's value.
        offset: u32,
    },
    /// The 64-bit immediate load is to hold the address of a kernel's variable or function (index in
    /// [`ObjectSpec::externs`](super::ObjectSpec::externs)), or 0 where it is weak and the kernel has not got it.
    Ksym(u32),
    /// The call is one of a kernel's function (index in [`ObjectSpec::externs`](super::ObjectSpec::externs)).
    Kfunc(u32),
}

/// A CO-RE relocation: a number in an instruction that depends on the types of the running kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CoreRelocation {
    /// Index of the instruction in the program.
    pub insn: u32,
    /// BTF id of the root type in the object.
    pub type_id: u32,
    /// Offset in the BTF strings of the access string (`0:1:2`).
    pub access: u32,
    /// What is asked.
    pub kind: CoreKind,
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
