//! The standard loader, as far as it goes without a kernel.
#![cfg(target_os = "linux")]

mod flow;
mod room;
