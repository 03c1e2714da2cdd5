//! From BTF to types: structs, unions, enums and aliases, each once.

mod accessors;
mod alias;
mod asked;
mod composite;
mod enumeration;
mod fields;
mod owner;
mod pointer;
mod root;

use composite::Inside;
pub(super) use composite::Member;
pub(super) use root::Variable;
