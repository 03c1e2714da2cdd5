//! Operations for the kernel: what becomes of struct_ops maps and their programs on the running one.
//!
//! ```text
//!   the object's struct ──by name──▶ struct NAME of the kernel, within struct bpf_struct_ops_NAME
//!      .number = 5                     copied, where sizes agree
//!      .call = program                 its descriptor, once the program is verified for this member
//! ```

mod convert;
mod operations;
mod resolve;

pub(crate) use operations::KernelOperations;
pub(super) use resolve::{Called, Plan, Resolved};
