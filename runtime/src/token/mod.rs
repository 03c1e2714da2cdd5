//! BPF tokens (Linux 6.9): what lets a process that is privileged only in a user namespace of its own create the maps,
//! programs and types that the machine has delegated to a BPF file system of that namespace.
//!
//! A token is made of the file system's root and given to each creation. It grants nothing by itself: with it, the kernel
//! asks for capabilities in the user namespace instead of the initial one, for what the mount options `delegate_cmds`,
//! `delegate_maps`, `delegate_progs` and `delegate_attachs` allow. A creation that they leave out is judged as if there were
//! no token.
//!
//! Not covered by any: lists of ids (`Map::ids` and so BTF of modules by descriptor, which those that attach to a module
//! need), addresses in `/proc/kallsyms`, perf events. Those ask for capabilities in the initial user namespace still.

mod bpffs;
mod creation;
mod lazy;

pub(crate) use creation::Creation;
pub(crate) use lazy::LazyToken;
