use std::fmt;

/// Something in an object that was passed over, since an older or a more lenient loader does so too.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// No prog array has the id that a section `N/M` begins with: its program is read, and not loaded by itself.
    NoProgArray {
        /// The section.
        section: String,
        /// The number before the `/`.
        id: u32,
    },
    /// Section `maps` and sections `N/M` give two values to one slot of a map: the last one is taken.
    SlotTaken {
        /// The map.
        map: String,
        /// The slot.
        key: u32,
    },
    /// The struct that says what a map's keys and values are in C does not fit: the map has no types.
    KeyValueTypes {
        /// The map.
        map: String,
        /// What does not fit.
        why: String,
    },
    /// A pointer to data is among the initial values of a section, and is the first one there. It stays as the compiler left it, a null pointer or
    /// an offset; no program can follow it.
    Pointer {
        /// The variable, or the section of one that has no name.
        variable: String,
        /// What it points to.
        target: String,
    },
    /// A definition in `.maps` has a member that this version does not know.
    UnknownMember {
        /// The map.
        map: String,
        /// The member.
        member: String,
    },
    /// BTF lists a variable in another section than the one that it is in, as libbpf's linker leaves a weak definition that
    /// lost: the variable has no type.
    Elsewhere {
        /// The variable.
        variable: String,
        /// The section that it is in.
        section: String,
    },
    /// A program's section names no type of program, and is spelt nearly as one that does.
    UnknownSection {
        /// The program.
        program: String,
        /// The section.
        section: String,
        /// What the other one begins with.
        near: &'static str,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProgArray { section, id } => {
                write!(
                    f,
                    "section {section:?}: no prog array has id {id}; its program is not loaded"
                )
            }
            Self::SlotTaken { map, key } => {
                write!(f, "map {map:?}: more than one value for slot {key}; the last one is taken")
            }
            Self::KeyValueTypes { map, why } => {
                write!(f, "map {map:?}: struct \"____btf_map_{map}\" is passed over: {why}")
            }
            Self::Pointer { variable, target } => write!(
                f,
                "variable {variable:?}: a pointer to {target:?} among initial values is not filled in"
            ),
            Self::UnknownMember { map, member } => {
                write!(f, "map {map:?}: member {member:?} is not known, and is passed over")
            }
            Self::UnknownSection { program, section, near } => write!(
                f,
                "program {program:?}: section {section:?} names no type of program; did you mean {near:?}?"
            ),
            Self::Elsewhere { variable, section } => write!(
                f,
                "variable {variable:?}: it is in section {section:?}, and BTF lists it in another one only"
            ),
        }
    }
}
