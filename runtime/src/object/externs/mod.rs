//! What the object leaves to the kernel and the loader to define.
//!
//! ```text
//!   CONFIG_…  LINUX_…    text given, /boot/config-…, /proc/config.gz ──▶ bytes of the map .kconfig
//!   untyped ksyms        /proc/kallsyms ──▶ an address
//!   typed ksyms, kfuncs  kernel BTF, then modules' ──▶ a BTF id, and the module's descriptor
//! ```

mod config;
mod gzip;
mod inflate;
mod kconfig;
mod patch;
mod symbols;
mod typed;
mod unresolved;

pub(super) use patch::{absent_of_call, patch};
pub(super) use symbols::{Symbol, Symbols, fill};
pub(super) use typed::Asked;
