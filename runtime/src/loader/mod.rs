//! The standard loader (feature `loader`): any object in one call, with pins as the system-wide configuration says.
//!
//! This room uses the public interface and nothing else, as any other loader would have to: its sources name the crate
//! `bpf_skel`, and a test compiles them outside of it.

mod assign;
pub mod config;

pub use assign::assign;
pub use config::Config;
