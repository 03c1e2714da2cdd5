//! Plain data: types that any bytes are a valid value of, as they lie in maps, sections and records.
//!
//! Nothing here asks the kernel; this is where the unsafe of "bytes are a value" is kept.
#![allow(unsafe_code, reason = "views values as bytes and bytes as values, by the rules of `Pod`")]

use std::alloc::{Layout, alloc, alloc_zeroed, handle_alloc_error};
use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// A type whose values are just bytes: it may be read from and written to memory that the kernel shares.
///
/// # Safety
///
/// - Every bit pattern of the type's size is a valid value.
/// - Every byte is initialised in every value that safe code can make: no padding between or after fields, and no
///   public union field that is smaller than its union.
/// - It holds no host pointer, reference or handle.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not plain data",
    note = "use a type of the generated `types` module, an integer, a float, `Bool`, `Ptr`, or an array of those"
)]
pub unsafe trait Pod: Copy + Send + Sync + 'static {}

macro_rules! pod {
    ($($name:ty)*) => { $(
        // SAFETY: a primitive number: every bit pattern is a value and there is no padding.
        unsafe impl Pod for $name {}
    )* };
}
pod! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 }

// SAFETY: an array is its elements one after another, with nothing in between.
unsafe impl<T: Pod, const N: usize> Pod for [T; N] {}

// clang aligns __int128 to 16 for BPF.
const _: () = assert!(align_of::<u128>() == 16 && align_of::<i128>() == 16);

/// C's `_Bool`: one byte, of which any value but zero is true.
///
/// Rust's `bool` has two valid bytes only and the kernel's memory promises nothing, so a shared value can't be one.
/// Comparison and hash go by truth, not by byte: `Bool` 1 and `Bool` 2 are equal. Map keys, though, are
/// compared by the kernel, byte by byte; [`Bool::new`] always makes 0 or 1, as C does.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct Bool(u8);

// SAFETY: transparent over u8.
unsafe impl Pod for Bool {}

impl Bool {
    /// 0
    pub const FALSE: Self = Self(0);
    /// 1
    pub const TRUE: Self = Self(1);

    /// 0 or 1.
    pub const fn new(value: bool) -> Self {
        Self(value as u8)
    }

    /// Whether the byte is not zero.
    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

impl PartialEq for Bool {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl Eq for Bool {}

impl PartialEq<bool> for Bool {
    fn eq(&self, other: &bool) -> bool {
        self.get() == *other
    }
}

impl PartialOrd for Bool {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bool {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.get().cmp(&other.get())
    }
}

impl Hash for Bool {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.get().hash(state);
    }
}

impl From<bool> for Bool {
    fn from(value: bool) -> Self {
        Self::new(value)
    }
}

impl From<Bool> for bool {
    fn from(value: Bool) -> Self {
        value.get()
    }
}

impl std::ops::Not for Bool {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(!self.get())
    }
}

impl fmt::Debug for Bool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.get(), f)
    }
}

impl fmt::Display for Bool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.get(), f)
    }
}

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

/// The bytes of a value, in host byte order.
pub fn bytes_of<T: Pod>(value: &T) -> &[u8] {
    slice_bytes(std::slice::from_ref(value))
}

/// The bytes of several values.
pub fn slice_bytes<T: Pod>(values: &[T]) -> &[u8] {
    // SAFETY: a Pod has no uninitialised bytes and the size is that of the slice; u8 has no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// The bytes of a value, to be overwritten: any bytes are a valid value.
pub fn bytes_of_mut<T: Pod>(value: &mut T) -> &mut [u8] {
    // SAFETY: as in `slice_bytes`, and every bit pattern that is written is a valid T.
    unsafe { std::slice::from_raw_parts_mut(std::ptr::from_mut(value).cast(), size_of::<T>()) }
}

/// The value in the first bytes, wherever they lie; `None` where there are fewer than the type has.
pub fn read<T: Pod>(bytes: &[u8]) -> Option<T> {
    let bytes = bytes.get(..size_of::<T>())?;
    // SAFETY: the length was checked, the read is unaligned, every bit pattern is valid.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}

/// The value all of whose bytes are zero. [`boxed_zeroed`] for large ones.
pub const fn zeroed<T: Pod>() -> T {
    // SAFETY: every bit pattern of a Pod is valid.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// A zeroed value on the heap that was never on the stack: data sections of many megabytes exist.
pub fn boxed_zeroed<T: Pod>() -> Box<T> {
    // SAFETY: `alloc_zeroed` leaves all bytes zero, which is a valid T.
    unsafe { boxed(|layout| alloc_zeroed(layout)) }
}

/// A value on the heap with these bytes; `None` where they are not exactly as many as the type has.
pub fn boxed_from_bytes<T: Pod>(bytes: &[u8]) -> Option<Box<T>> {
    if bytes.len() != size_of::<T>() {
        return None;
    }
    // SAFETY: the new allocation has the type's size, which is the length of `bytes`; all of it is written.
    Some(unsafe {
        boxed(|layout| {
            let place = alloc(layout);
            if !place.is_null() {
                place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
            }
            place
        })
    })
}

/// A box of what `make` allocates.
///
/// # Safety
///
/// `make` returns null or memory of the global allocator of exactly the layout, all of it initialised. It is not
/// called for a type without size.
unsafe fn boxed<T: Pod>(make: impl FnOnce(Layout) -> *mut u8) -> Box<T> {
    let layout = Layout::new::<T>();
    let place =
        if layout.size() == 0 { NonNull::<T>::dangling().as_ptr() } else { make(layout).cast() };
    if place.is_null() {
        handle_alloc_error(layout);
    }
    // SAFETY: not null, of T's layout, initialised (by the caller's promise); or dangling for no size.
    unsafe { Box::from_raw(place) }
}

/// C strings in arrays of `char`, such as `comm`: `event.comm.to_cstr_lossy()`.
pub trait CStrExt {
    /// The bytes before the first NUL; all of them where there is none.
    fn cstr_bytes(&self) -> &[u8];

    /// The text before the first NUL, with invalid UTF-8 replaced.
    fn to_cstr_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.cstr_bytes())
    }
}

impl CStrExt for [u8] {
    fn cstr_bytes(&self) -> &[u8] {
        self.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

impl CStrExt for [i8] {
    fn cstr_bytes(&self) -> &[u8] {
        slice_bytes(self).cstr_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{BuildHasher, RandomState};

    #[test]
    fn any_byte_but_zero_is_true() {
        let odd: Bool = read(&[2]).unwrap();
        assert_eq!(odd, Bool::TRUE);
        assert_eq!(odd, true);
        assert_eq!((bytes_of(&odd), bytes_of(&Bool::from(true))), (&[2][..], &[1][..]));
        assert_eq!(format!("{odd} {odd:?} {}", !odd), "true true false");
        let state = RandomState::new();
        assert_eq!(state.hash_one(odd), state.hash_one(Bool::TRUE));
    }

    #[test]
    fn pointers_are_addresses() {
        struct NotPod;
        let pointer = Ptr::<NotPod>::new(0xffff_0000_dead_beef);
        assert_eq!(format!("{pointer} {pointer:?}"), "0xffff0000deadbeef 0xffff0000deadbeef");
        assert!(Ptr::<NotPod>::default().is_null());
        assert_eq!(bytes_of(&pointer), 0xffff_0000_dead_beef_u64.to_ne_bytes());
    }

    #[test]
    fn reads_are_unaligned_and_checked() {
        let bytes = [9, 1, 0, 0, 0, 7];
        assert_eq!(read::<u32>(&bytes[1..]), Some(u32::from_ne_bytes([1, 0, 0, 0])));
        assert_eq!(read::<u64>(&bytes), None);
        let mut value = [0u16; 2];
        bytes_of_mut(&mut value).copy_from_slice(&bytes[..4]);
        assert_eq!(bytes_of(&value), &bytes[..4]);
    }

    #[test]
    fn boxes_never_cross_the_stack() {
        const SIZE: usize = 64 << 20;
        std::thread::Builder::new()
            .stack_size(64 << 10)
            .spawn(|| {
                let zero = boxed_zeroed::<[u64; SIZE / 8]>();
                assert!(zero.iter().all(|&word| word == 0));
                let copy = boxed_from_bytes::<[u64; SIZE / 8]>(bytes_of(&*zero)).unwrap();
                assert_eq!(copy.len(), SIZE / 8);
            })
            .unwrap()
            .join()
            .unwrap();
        assert!(boxed_from_bytes::<u32>(&[0; 5]).is_none());
        assert_eq!(*boxed_from_bytes::<[u8; 0]>(&[]).unwrap(), []);
        assert_eq!(*boxed_zeroed::<[u32; 0]>(), []);
    }

    #[test]
    fn char_arrays_print() {
        let comm: [i8; 8] = [b's' as i8, b'h' as i8, 0, b'x' as i8, 0, 0, 0, 0];
        assert_eq!(comm.to_cstr_lossy(), "sh");
        assert_eq!([b'a', 0xff].to_cstr_lossy(), "a\u{fffd}");
        assert_eq!([0u8; 0].to_cstr_lossy(), "");
    }
}
