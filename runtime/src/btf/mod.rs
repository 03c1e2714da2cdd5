//! BPF Type Format: the C types of an object or of a kernel, read in place, written and patched.
//!
//! Reading borrows from the input. [`Btf`] has one index of offsets and makes no allocation a type, so that the
//! kernel's 126,611 types cost no more than the pass over them. Everything is bounds-checked in either byte order:
//! hostile input gives an [`Error`](crate::Error), never a panic or an allocation larger than the input.
//!
//! Source: the kernel's `Documentation/bpf/btf.rst` and `include/uapi/linux/btf.h`.

mod check;
mod decode;
mod encode;
mod enums;
mod essential;
mod ext;
mod kind;
#[cfg(all(target_os = "linux", feature = "load"))]
mod layout;
mod part;
mod patch;
mod resolve;
mod sanitise;
mod size;
mod strings;
mod types;
mod view;
mod wire;

#[cfg(test)]
mod tests;

pub use encode::BtfBuilder;
pub use enums::{Enum, Enum64};
pub use essential::essential_name;
pub use ext::{BtfExt, CoreRelo, FuncInfo, InfoSection, LineInfo};
pub use kind::BtfKind;
pub use part::BtfPart;
pub use patch::{BtfEdit, SectionVariable};
pub use sanitise::sanitise;
pub use types::{
    Array, Composite, DataSec, DataSecVar, FuncProto, Int, IntEncoding, Kind, Linkage, Member,
    Param, Type,
};
pub use view::Btf;

pub(crate) use strings::Strings;
#[cfg(any(feature = "elf", all(target_os = "linux", feature = "load")))]
pub(crate) use wire::order_of;
#[cfg(all(target_os = "linux", feature = "load"))]
pub(crate) use {essential::essential_len, view::Index, wire::Head, wire::sections};
