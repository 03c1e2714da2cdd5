//! What holds a type of the user's own to the C type that it stands for.

use crate::pod::Pod;

/// Compiles for plain data only: the proof that a field is.
#[inline]
pub fn is_pod<T: Pod>(_: T) {}

/// The size of a field, by the function that copies it out of its struct: packed ones have no references.
pub const fn size_of_field<S: Pod, F>(_: fn(S) -> F) -> usize {
    size_of::<F>()
}

/// `bound!(NAME, C, SIZE, ALIGN; field: C, OFFSET, SIZE, …)`: the user's own type is plain data and lies in memory as the
/// C type does. Each check fails by itself, so that all that is wrong is said at once.
#[doc(hidden)]
#[macro_export]
macro_rules! __bpf_skel_bound {
    ($name:ident, $c:literal, $size:literal, $align:literal;
        $($field:ident: $c_field:literal, $offset:literal, $field_size:literal),*) => {
        $crate::__bpf_skel_bound!(@assert ::core::mem::size_of::<$name>() == $size,
            "size: `", $c, "` has ", $size, " bytes");
        $crate::__bpf_skel_bound!(@assert ::core::mem::align_of::<$name>() == $align,
            "alignment: that of `", $c, "` is ", $align);
        $($crate::__bpf_skel_bound!(@assert ::core::mem::offset_of!($name, $field) == $offset,
            "offset of field `", ::core::stringify!($field), "`: `", $c, "` has `", $c_field, "` at byte ", $offset);)*
        $($crate::__bpf_skel_bound!(
            @assert $crate::private::size_of_field(|__bpf_skel_whole: $name| __bpf_skel_whole.$field) == $field_size,
            "size of field `", ::core::stringify!($field), "`: `", $c, "` has `", $c_field, "` of ", $field_size,
            " bytes");)*
        const _: fn($name) = $crate::private::is_pod::<$name>;
    };
    // The text is an argument, not the format: C has braces.
    (@assert $is:expr, $($text:expr),*) => {
        const _: () = ::core::assert!($is, "{}", ::core::concat!($($text),*));
    };
}
