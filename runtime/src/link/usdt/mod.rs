//! USDT: probes that a program's author left in it, with a name and values.
//!
//! ```text
//!   .note.stapsdt of the file     place, semaphore, "-4@%edi 8@-16(%rbp)"
//!            │ argument, machine
//!            ▼
//!   __bpf_usdt_specs[id]          where the program finds each value: what <bpf/usdt.bpf.h> reads
//!            ▲ the cookie of the place's uprobe (Linux 5.15), or __bpf_usdt_ip_to_spec_id[address]
//! ```

mod argument;
mod attach;
mod machine;
mod maps;

pub use attach::UsdtOptions;
pub(crate) use maps::UsdtMaps;

pub(super) use attach::attach;
pub(super) use maps::Held;
