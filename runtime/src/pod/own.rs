//! Structs of the user's own as plain data: the rules of [`Pod`], proved by the compiler.

use super::Pod;

/// The size of a field that is plain data, by a function that moves it out of its struct: packed ones have no references,
/// and no dereference takes part, so that `F` is the field's own type.
#[doc(hidden)]
pub const fn size_of_field<S, F: Pod>(_: fn(S) -> F) -> usize {
    size_of::<F>()
}

/// Implements [`Pod`](crate::pod::Pod) for structs of one's own, without `unsafe`: `impl_pod!(NAME { FIELD, … }, …)`, where
/// the fields of a tuple struct are numbers.
///
/// ```
/// #[derive(Clone, Copy, Debug)]
/// #[repr(C)]
/// struct Stat {
///     nanoseconds: u64,
///     calls: u32,
///     _pad: [u8; 4],
/// }
/// #[derive(Clone, Copy, Debug)]
/// #[repr(C)]
/// struct Range(u32, u32);
///
/// bpf_skel::impl_pod!(Stat { nanoseconds, calls, _pad }, Range { 0, 1 });
/// ```
///
/// It compiles only where
///
/// - the type is a struct that is `Copy`, and every field is named, once;
/// - the type of each field is [`Pod`](crate::pod::Pod): no `bool`, reference, pointer, enum or `PhantomData`;
/// - the fields touch, in the order in which they are named, from the first byte to the last: padding is a field too.
///
/// A struct with `#[repr(C)]`, packed or not, has its fields in the order of its source. The macro does not see that
/// attribute: without it the compiler chooses the order, and a struct that lies as it is named today is taken all the
/// same. Whether it lies as a C type does is for `bind` of the skeleton to compare.
///
/// A generic struct has no implementation for all of its types; a `type` names one of them.
#[macro_export]
macro_rules! impl_pod {
    // Nothing can be bound that a tuple struct of the user's is called as.
    ($($name:ident { $($field:tt),* $(,)? }),+ $(,)?) => { $(
        // SAFETY: the constants beside this check each rule. The type is a struct, and every field is named once: an
        // expression makes it of them; fields of a union cannot be read there. Their types are `Pod`, by the bound of
        // `size_of_field`, and they touch from the first byte to the last, so that there is no byte but theirs.
        unsafe impl $crate::pod::Pod for $name {}

        const _: fn($name) -> $name =
            |__bpf_skel_whole| $name { $($field: __bpf_skel_whole.$field),* };

        const _: () = {
            let __bpf_skel_end = 0;
            $(
                $crate::impl_pod!(@assert ::core::mem::offset_of!($name, $field) == __bpf_skel_end, $name,
                    "field `", ::core::stringify!($field), "` does not begin where the field named before it ends; \
                    name them in the order of #[repr(C)], and padding as a field of its own");
                let __bpf_skel_end = __bpf_skel_end
                    + $crate::pod::size_of_field(|__bpf_skel_whole: $name| {
                        let $name { $field: __bpf_skel_field, .. } = __bpf_skel_whole;
                        __bpf_skel_field
                    });
            )*
            $crate::impl_pod!(@assert ::core::mem::size_of::<$name>() == __bpf_skel_end, $name,
                "there are bytes behind the fields named; name all of them, and padding as a field of its own");
        };
    )+ };
    (@assert $is:expr, $name:ident, $($text:expr),*) => {
        ::core::assert!(
            $is,
            "{}",
            ::core::concat!("`", ::core::stringify!($name), "` is not plain data: ", $($text),*)
        )
    };
}

#[cfg(test)]
mod tests {
    use crate::pod::bytes_of;

    #[test]
    #[allow(non_camel_case_types, reason = "the names are those that the macro once bound")]
    fn tuple_structs_may_have_any_name() {
        #[derive(Clone, Copy, Debug)]
        #[repr(C)]
        struct end(u32);
        #[derive(Clone, Copy, Debug)]
        #[repr(C)]
        struct field(u32);
        #[derive(Clone, Copy, Debug)]
        #[repr(C)]
        struct whole(end, field);
        #[derive(Clone, Copy, Debug)]
        #[repr(C)]
        struct _whole(end, whole);
        impl_pod!(end { 0 }, field { 0 }, whole { 0, 1 }, _whole { 0, 1 });
        let one = _whole(end(1), whole(end(2), field(3)));
        assert_eq!(bytes_of(&one), bytes_of(&[1u32, 2, 3]));
    }
}
