use std::fmt;

/// How the definitions in section `maps` are laid out: words of 32 bits in the object's byte order.
///
/// | bytes | [`Iproute2`](Self::Iproute2) | [`Iproute2Old`](Self::Iproute2Old) | [`Libbpf`](Self::Libbpf) |
/// |---|---|---|---|
/// | 0 | type | type | type |
/// | 4 | size of a key | size of a key | size of a key |
/// | 8 | size of a value | size of a value | size of a value |
/// | 12 | entries | entries | entries |
/// | 16 | flags | id | flags |
/// | 20 | id | pinning | zero |
/// | 24 | pinning | zero | zero |
/// | 28 | inner id | zero | zero |
/// | 32 | inner index | zero | zero |
///
/// All definitions of an object have the same size: that of the section, divided by its maps. It is from 16 bytes to 36,
/// or more with [`Libbpf`](Self::Libbpf); what a short one does not have is zero. So of 16 and of 20 bytes the first and
/// the last layout mean the same.
///
/// - *id* names a map within its object: for tail calls and for maps in maps.
/// - *pinning* is [`Pinning::Legacy`](crate::spec::Pinning::Legacy).
/// - *inner id* of a map-in-map is the id of what it holds: the first map of that id is the template, and every map of that
///   id which has no inner id itself is put into it at its *inner index*, unless that is −1. An index that is not given is
///   0, and so is one that is put there.
/// - A section called `N/M` (decimal, hexadecimal or octal) is a program that is put at index M into the first prog
///   array with id N. Where no section's name says of what type it is, it is of that of the programs which jump to it.
/// - A struct `____btf_map_NAME` in BTF whose members are `key` and `value` says what these are in map NAME.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "bpf_elf_map")]
#[doc(alias = "bpf_map_def")]
pub enum Legacy {
    /// iproute2's `struct bpf_elf_map`, or as much of it as there is.
    #[default]
    Iproute2,
    /// The `struct bpf_elf_map` of 20 or 24 bytes that iproute2 had before its maps had flags.
    Iproute2Old,
    /// libbpf's `struct bpf_map_def`.
    Libbpf,
}

impl Legacy {
    /// How many words are known.
    pub(super) fn words(self) -> usize {
        match self {
            Self::Iproute2 => 9,
            Self::Iproute2Old => 6,
            Self::Libbpf => 5,
        }
    }
}

/// What section `maps` of an object was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LegacyMaps {
    /// The layout.
    pub layout: Legacy,
    /// Bytes of a definition.
    pub size: u32,
}

impl fmt::Display for LegacyMaps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.size;
        match (self.layout, size) {
            (Legacy::Iproute2, 36) => f.write_str("struct bpf_elf_map of 36 bytes"),
            (Legacy::Iproute2, 16 | 20) => {
                write!(f, "struct bpf_map_def of {size} bytes, the start of struct bpf_elf_map")
            }
            (Legacy::Iproute2, _) => write!(f, "the first {size} bytes of struct bpf_elf_map"),
            (Legacy::Iproute2Old, _) => write!(f, "the old struct bpf_elf_map, of {size} bytes"),
            (Legacy::Libbpf, _) => write!(f, "struct bpf_map_def of {size} bytes"),
        }
    }
}
