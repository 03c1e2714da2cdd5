use std::alloc::{Layout, alloc, alloc_zeroed, handle_alloc_error};
use std::mem::MaybeUninit;
use std::ptr::NonNull;

/// A type whose values are just bytes: it may be read from and written to memory that the kernel shares.
///
/// Structs of one's own have it by [`impl_pod!`](crate::impl_pod), which proves the rules and needs no `unsafe`.
///
/// # Safety
///
/// - Every bit pattern of the type's size is a valid value.
/// - Every byte is initialised in every value that safe code can make: no padding between or after fields, and no
///   public union field that is smaller than its union.
/// - It holds no host pointer, reference or handle.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not plain data",
    note = "use a type of the generated `types` module, an integer, a float, `Bool`, `Ptr`, or an array of those",
    note = "a struct of one's own becomes plain data by `bpf_skel::impl_pod!(NAME {{ FIELD, … }});`, without `unsafe`"
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

/// The first bytes as a value, in place; `None` where there are fewer than the type has, or where they do not lie at a
/// multiple of its alignment. [`read`] copies from anywhere.
pub fn from_bytes<T: Pod>(bytes: &[u8]) -> Option<&T> {
    let place = bytes.get(..size_of::<T>())?.as_ptr().cast::<T>();
    // SAFETY: the length and the alignment were checked, and any bytes are a valid T.
    place.is_aligned().then(|| unsafe { &*place })
}

/// As many values as the bytes hold, in place; `None` where they do not lie at a multiple of the type's alignment, and
/// for a type without size.
pub fn slice_from_bytes<T: Pod>(bytes: &[u8]) -> Option<&[T]> {
    let len = bytes.len().checked_div(size_of::<T>())?;
    let first = bytes.as_ptr().cast::<T>();
    // SAFETY: as many as there are bytes for, the alignment was checked, and any bytes are valid.
    first.is_aligned().then(|| unsafe { std::slice::from_raw_parts(first, len) })
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn views_are_aligned_and_checked() {
        let words = [0x0201_0403_u32, 7, 9];
        let bytes = bytes_of(&words);
        assert_eq!(from_bytes::<u32>(&bytes[4..]), Some(&7));
        assert_eq!(from_bytes::<u32>(&bytes[1..]), None);
        assert_eq!(from_bytes::<u32>(&bytes[9..]), None);
        assert_eq!(slice_from_bytes::<u32>(&bytes[4..11]), Some(&[7][..]));
        assert_eq!(slice_from_bytes::<u32>(&bytes[5..]), None);
        assert_eq!(slice_from_bytes::<u8>(&bytes[5..7]).map(<[u8]>::len), Some(2));
        assert_eq!(slice_from_bytes::<[u8; 0]>(bytes), None);
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
}
