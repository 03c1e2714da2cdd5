use std::fmt;

use crate::uapi::{MapType, flags};

/// One thing in which a map that exists differs from a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the two values of what the variant says")]
pub enum Difference {
    MapType {
        defined: MapType,
        found: MapType,
    },
    /// Bytes.
    KeySize {
        defined: u32,
        found: u32,
    },
    /// Bytes.
    ValueSize {
        defined: u32,
        found: u32,
    },
    MaxEntries {
        defined: u32,
        found: u32,
    },
    /// `map_flags`
    Flags {
        defined: u32,
        found: u32,
    },
    /// `map_extra`
    Extra {
        defined: u64,
        found: u64,
    },
    /// The C layout of the key, where both sides have BTF: the first member that differs.
    Key(LayoutDifference),
    /// The C layout of the value, where both sides have BTF: the first member that differs.
    Value(LayoutDifference),
    /// The map is pinned in the place of constants (`.rodata`), and may still change: whoever made it was not done.
    NotFrozen,
    /// The map is pinned in the place of constants (`.rodata`), and has others.
    Contents(ContentsDifference),
}

/// The first byte in which constants differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentsDifference {
    /// Where the byte is in the section.
    pub offset: usize,
    /// The C name of the variable that it belongs to, where the object has one there.
    pub variable: Option<String>,
    /// What this load has there: the variable's value where it is an integer or an enum, else the byte.
    pub defined: String,
    /// What the map has there.
    pub found: String,
}

/// The first place in which two C types differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayoutDifference {
    /// The member's path within the type, as in C (`config.limits[]`); empty for the type itself.
    pub member: String,
    /// What the definition has there.
    pub defined: String,
    /// What the map has there.
    pub found: String,
}

impl Difference {
    /// Whether a program that was compiled for the definition is right with the map all the same: the number of
    /// elements, which the kernel holds programs to, and flags that only say how memory is allocated.
    pub fn is_safe(&self) -> bool {
        match *self {
            Self::MaxEntries { .. } => true,
            Self::Flags { defined, found } => {
                const ALLOCATION: u32 = flags::NO_PREALLOC | flags::NUMA_NODE;
                (defined ^ found) & !ALLOCATION == 0
            }
            Self::MapType { .. }
            | Self::KeySize { .. }
            | Self::ValueSize { .. }
            | Self::Extra { .. }
            | Self::Key(_)
            | Self::Value(_)
            | Self::NotFrozen
            | Self::Contents(_) => false,
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MapType { defined, found } => write!(f, "type: defined {defined}, found {found}"),
            Self::KeySize { defined, found } => {
                write!(f, "key size: defined {defined}, found {found}")
            }
            Self::ValueSize { defined, found } => {
                write!(f, "value size: defined {defined}, found {found}")
            }
            Self::MaxEntries { defined, found } => {
                write!(f, "max entries: defined {defined}, found {found}")
            }
            Self::Flags { defined, found } => {
                write!(f, "flags: defined {defined:#x}, found {found:#x}")
            }
            Self::Extra { defined, found } => {
                write!(f, "map_extra: defined {defined}, found {found}")
            }
            Self::Key(layout) => write!(f, "key{layout}"),
            Self::Value(layout) => write!(f, "value{layout}"),
            Self::NotFrozen => f.write_str("constants: defined frozen, found not frozen"),
            Self::Contents(contents) => write!(f, "constants{contents}"),
        }
    }
}

impl fmt::Display for LayoutDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.member.is_empty() {
            write!(f, " member {:?}", self.member)?;
        }
        write!(f, ": defined {}, found {}", self.defined, self.found)
    }
}

impl fmt::Display for ContentsDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, " at byte {}", self.offset)?;
        if let Some(variable) = &self.variable {
            write!(f, " (variable {variable:?})")?;
        }
        write!(f, ": defined {}, found {}", self.defined, self.found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_cannot_notice_is_safe() {
        for (difference, safe) in [
            (Difference::MaxEntries { defined: 16, found: 8 }, true),
            (Difference::Flags { defined: flags::NO_PREALLOC, found: 0 }, true),
            (Difference::Flags { defined: flags::RDONLY_PROG, found: 0 }, false),
            (Difference::KeySize { defined: 4, found: 8 }, false),
            (Difference::NotFrozen, false),
            (Difference::MapType { defined: MapType::HASH, found: MapType::LRU_HASH }, false),
        ] {
            assert_eq!(difference.is_safe(), safe, "{difference}");
        }
    }
}
