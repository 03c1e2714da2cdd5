//! The kernel's enumerations and flags, as numbers with names.

mod attach_type;
mod command;
pub mod flags;
mod link_type;
mod map_type;
mod open_enum;
mod program_type;
mod release;
mod since;

pub use attach_type::AttachType;
pub use command::Command;
pub use link_type::LinkType;
pub use map_type::MapType;
pub use program_type::ProgramType;
pub use release::Release;
