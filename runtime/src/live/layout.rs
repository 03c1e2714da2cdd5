use std::mem::MaybeUninit;

use super::access;
use crate::pod::Pod;

/// A type made of cells only, which lies in memory as its plain twin does.
///
/// Generated code implements it for the live twins of C structs and of whole data sections; [`Global`](super::Global),
/// [`GlobalArray`](super::GlobalArray) and [`GlobalStruct`](super::GlobalStruct) have it.
///
/// Everything here copies word by word (see the [module](super) on tearing). Those three repeat `get` and `set` as
/// methods of their own, so that users need not name this trait.
///
/// # Safety
///
/// - Size, alignment and place of every field are those of [`Plain`](Self::Plain) (`repr(C)` or `repr(transparent)`).
/// - Every byte, padding included, is inside a [`Global`](super::Global).
pub unsafe trait LiveLayout: Sized + Send + Sync + 'static {
    /// The same as plain data.
    type Plain: Pod;

    /// Fails to compile where the two differ in size or alignment.
    #[doc(hidden)]
    const SAME_LAYOUT: () = assert!(
        size_of::<Self>() == size_of::<Self::Plain>()
            && align_of::<Self>() == align_of::<Self::Plain>(),
        "a live type must have the size and alignment of its plain twin"
    );

    /// A copy of the whole.
    #[inline]
    fn get(&self) -> Self::Plain {
        let mut plain = MaybeUninit::<Self::Plain>::uninit();
        let () = Self::SAME_LAYOUT;
        // SAFETY: same size and alignment as checked above; all bytes of `self` are cells, which are only accessed by
        // atomics. The copy initialises every byte of a type that any bytes are valid for.
        unsafe {
            access::load(std::ptr::from_ref(self).cast(), plain.as_mut_ptr());
            plain.assume_init()
        }
    }

    /// Overwrites the whole, padding included.
    #[inline]
    fn set(&self, value: Self::Plain) {
        self.copy_from(&value);
    }

    /// Copies the whole to `plain`: for what is too large for the stack.
    #[inline]
    fn copy_to(&self, plain: &mut Self::Plain) {
        let () = Self::SAME_LAYOUT;
        // SAFETY: same size and alignment as checked above; all bytes of `self` are cells, which are only accessed by
        // atomics; `plain` is borrowed mutably and any bytes are valid for it.
        unsafe {
            access::load(std::ptr::from_ref(self).cast(), plain);
        }
    }

    /// Overwrites the whole from `plain`: for what is too large for the stack.
    #[inline]
    fn copy_from(&self, plain: &Self::Plain) {
        let () = Self::SAME_LAYOUT;
        // SAFETY: same size and alignment as checked above; all bytes of `self` are in `UnsafeCell`s and only accessed
        // by atomics; a Pod has no uninitialised bytes.
        unsafe {
            access::store(std::ptr::from_ref(self).cast_mut().cast(), plain);
        }
    }

    /// Reads the whole, lets `change` change it and writes it back: what others write in between is lost.
    #[inline]
    fn update(&self, change: impl FnOnce(&mut Self::Plain)) {
        let mut plain = LiveLayout::get(self);
        change(&mut plain);
        LiveLayout::copy_from(self, &plain);
    }
}

/// Plain data as cells.
pub(super) const fn cells<L: LiveLayout>(plain: L::Plain) -> L {
    let () = L::SAME_LAYOUT;
    // SAFETY: same size (just checked) and layout (by the promise of `LiveLayout`), and any bytes are valid for cells.
    unsafe { std::mem::transmute_copy(&plain) }
}
