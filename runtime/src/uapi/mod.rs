//! The kernel's enumerations and flags, as numbers with names.

mod attach_type;
mod command;
pub mod flags;
mod helper;
mod insn_set;
mod iterator;
mod link_type;
mod map_flag;
mod map_type;
mod open_enum;
mod program_flag;
mod program_type;
mod release;
mod since;

pub use attach_type::AttachType;
pub use command::Command;
pub use helper::Helper;
pub use insn_set::InsnSet;
pub use iterator::ITERATORS;
pub use link_type::LinkType;
pub use map_flag::MapFlag;
pub use map_type::MapType;
pub use program_flag::ProgramFlag;
pub use program_type::ProgramType;
pub use release::Release;
