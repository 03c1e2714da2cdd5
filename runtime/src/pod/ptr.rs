use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use super::Pod;

/// A pointer as a BPF program holds it: a 64-bit address that means nothing in this process.
///
/// `T` says in the C source's words what it points to; it is never followed.
#[repr(transparent)]
pub struct Ptr<T: ?Sized>(u64, PhantomData<fn() -> *const T>);

// SAFETY: transparent over u64; the marker has no size and is Send and Sync whatever T is.
unsafe impl<T: ?Sized + 'static> Pod for Ptr<T> {}

impl<T: ?Sized> Ptr<T> {
    /// The pointer with this address.
    pub const fn new(addr: u64) -> Self {
        Self(addr, PhantomData)
    }

    /// `NULL`
    pub const fn null() -> Self {
        Self::new(0)
    }

    /// The address.
    pub const fn addr(self) -> u64 {
        self.0
    }

    /// Whether it is `NULL`.
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }
}

// By hand: derives would ask the same of `T`, which is only a name here.
impl<T: ?Sized> Clone for Ptr<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Ptr<T> {}

impl<T: ?Sized> Default for Ptr<T> {
    fn default() -> Self {
        Self::null()
    }
}

impl<T: ?Sized> PartialEq for Ptr<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: ?Sized> Eq for Ptr<T> {}

impl<T: ?Sized> PartialOrd for Ptr<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T: ?Sized> Ord for Ptr<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

impl<T: ?Sized> Hash for Ptr<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<T: ?Sized> fmt::Debug for Ptr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: ?Sized> fmt::Display for Ptr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::bytes_of;

    #[test]
    fn pointers_are_addresses() {
        struct NotPod;
        let pointer = Ptr::<NotPod>::new(0xffff_0000_dead_beef);
        assert_eq!(format!("{pointer} {pointer:?}"), "0xffff0000deadbeef 0xffff0000deadbeef");
        assert!(Ptr::<NotPod>::default().is_null());
        assert_eq!(bytes_of(&pointer), 0xffff_0000_dead_beef_u64.to_ne_bytes());
    }
}
