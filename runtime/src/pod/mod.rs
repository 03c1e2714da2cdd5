//! Plain data: types that any bytes are a valid value of, as they lie in maps, sections and records.
//!
//! Nothing here asks the kernel; this is where the unsafe of "bytes are a value" is kept.
#![allow(unsafe_code, reason = "views values as bytes and bytes as values, by the rules of `Pod`")]

mod boolean;
mod bytes;
mod chars;
mod own;
mod ptr;
mod unaligned;

pub use boolean::Bool;
pub use bytes::{
    Pod, boxed_from_bytes, boxed_zeroed, bytes_of, bytes_of_mut, from_bytes, read, slice_bytes,
    slice_from_bytes, zeroed,
};
pub use chars::{CStrExt, CharArray};
#[doc(hidden)]
pub use own::size_of_field;
pub use ptr::Ptr;
pub use unaligned::UnalignedSlice;
