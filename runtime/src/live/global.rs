use std::cell::UnsafeCell;
use std::fmt;

use super::LiveLayout;
use crate::pod::{self, CharArray, Pod};

/// A variable that the kernel may read and write at any time.
///
/// [`get`](Self::get) and [`set`](Self::set) are one relaxed access for a value of 1, 2, 4 or 8 bytes at an
/// address that is a multiple of its size, and word by word for any other (see the [module](super) on tearing).
/// Integers of those sizes have [atomics](super::AtomicInt) too.
#[repr(transparent)]
pub struct Global<T: Pod>(UnsafeCell<T>);

// SAFETY: all access to the inside is by atomic loads and stores of copies; no reference to it is given out.
unsafe impl<T: Pod> Sync for Global<T> {}

// As for the standard library's atomics: a panic leaves no broken value behind.
impl<T: Pod> std::panic::RefUnwindSafe for Global<T> {}

// SAFETY: transparent over T, and the one cell is all of it.
unsafe impl<T: Pod> LiveLayout for Global<T> {
    type Plain = T;
}

impl<T: Pod> Global<T> {
    /// A variable of one's own, not shared with any program: for tests.
    pub const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// The value now.
    #[inline]
    pub fn get(&self) -> T {
        LiveLayout::get(self)
    }

    /// Overwrites the value.
    #[inline]
    pub fn set(&self, value: T) {
        LiveLayout::copy_from(self, &value);
    }

    /// Reads the value, lets `change` change it and writes it back: what others write in between is lost.
    #[inline]
    pub fn update(&self, change: impl FnOnce(&mut T)) {
        LiveLayout::update(self, change);
    }

    /// Where the value is; for the atomics.
    #[inline]
    pub(super) const fn as_ptr(&self) -> *mut T {
        self.0.get()
    }
}

impl<const N: usize> Global<CharArray<N>> {
    /// The text before the first NUL, with invalid UTF-8 replaced; none of it is on the stack.
    pub fn to_string_lossy(&self) -> String {
        let mut chars = pod::boxed_zeroed::<CharArray<N>>();
        LiveLayout::copy_to(self, &mut chars);
        chars.to_str_lossy().into_owned()
    }
}

/// Values of more bytes are printed from the heap.
const LARGE: usize = 1 << 10;

impl<T: Pod> Global<T> {
    fn show(&self, show: impl FnOnce(&T) -> fmt::Result) -> fmt::Result {
        if size_of::<T>() > LARGE {
            let mut value = pod::boxed_zeroed();
            LiveLayout::copy_to(self, &mut value);
            show(&value)
        } else {
            self.show_copy(show)
        }
    }

    /// Not part of [`show`](Self::show), whose stack would have room for the copy of every value.
    #[inline(never)]
    fn show_copy(&self, show: impl FnOnce(&T) -> fmt::Result) -> fmt::Result {
        show(&self.get())
    }
}

impl<T: Pod + Default> Default for Global<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: Pod + fmt::Debug> fmt::Debug for Global<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(|value| fmt::Debug::fmt(value, f))
    }
}

impl<T: Pod + fmt::Display> fmt::Display for Global<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.show(|value| fmt::Display::fmt(value, f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pod::{Bool, Ptr};

    fn assert_shared<T: Send + Sync>() {}

    #[test]
    fn globals_are_shared_between_threads() {
        assert_shared::<Global<u64>>();
        assert_shared::<Global<Ptr<std::cell::Cell<u8>>>>();
        const _: () = assert!(size_of::<Global<u64>>() == 8);
        const _: () = assert!(align_of::<Global<u128>>() == align_of::<u128>());
    }

    #[test]
    fn every_plain_type_goes_in_and_out() {
        fn round<T: Pod + PartialEq + fmt::Debug>(first: T, second: T) {
            let global = Global::new(first);
            assert_eq!(global.get(), first);
            global.set(second);
            assert_eq!(global.get(), second);
            assert_eq!(format!("{global:?}"), format!("{second:?}"));
        }
        round(1u8, 2);
        round(-1i16, 2);
        round(1.5f32, -0.25);
        round(1u128 << 100, 3);
        round(Bool::TRUE, Bool::FALSE);
        round(Ptr::<u8>::null(), Ptr::new(77));
        round([0u8; 13], *b"thirteen byte");
        round([[1u32; 3]; 2], [[4, 5, 6], [7, 8, 9]]);
        round([(); 0].map(|()| 0u8), []);
    }

    #[test]
    fn text_is_read_and_changed() {
        let comm = Global::new(CharArray::<16>::try_from("bash").unwrap());
        comm.update(|comm| comm[0] = b'd');
        assert_eq!(comm.to_string_lossy(), "dash");
        assert_eq!(comm.to_string(), "dash");
    }

    #[test]
    fn nothing_large_is_printed_from_the_stack() {
        type Text = Global<CharArray<{ 8 << 20 }>>;
        let stack = std::thread::Builder::new().stack_size(64 << 10);
        let printed = stack.spawn(|| {
            static TEXT: Text = Global::new(CharArray::new([0; 8 << 20]));
            format!("{TEXT:?}{TEXT}")
        });
        assert_eq!(printed.unwrap().join().unwrap(), "\"\"");
    }

    #[test]
    fn eight_bytes_do_not_tear() {
        let global = Global::new(0u64);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (0..100_000).for_each(|n| global.set(if n % 2 == 0 { 0 } else { u64::MAX }))
            });
            for _ in 0..100_000 {
                let seen = global.get();
                assert!(seen == 0 || seen == u64::MAX, "{seen:#x}");
            }
        });
    }
}
