//! Generated types compared, hashed and printed: by what has a name in C, and nothing that is large on the stack.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![deny(warnings, clippy::all, clippy::pedantic)]

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::thread;

use bpf_skel::pod::{Bool, Pod, boxed_from_bytes, boxed_zeroed, bytes_of, bytes_of_mut};
use bpf_skel_macros::bpf_skel;

bpf_skel!(mod nested = "fixtures/nested-el.o", "fixtures/nested-eb.o");
bpf_skel!(mod large = "fixtures/large-el.o", "fixtures/large-eb.o");

use nested::types;

/// Both are equal where they print the same, and different where they do not; this changes each byte.
fn equal_as_printed<T: Pod + Debug + PartialEq>() -> (usize, usize) {
    let zero: T = bpf_skel::pod::zeroed();
    let (mut counts, mut silent) = (0, 0);
    for at in 0..size_of::<T>() {
        for bit in 0..8 {
            let mut other = zero;
            bytes_of_mut(&mut other)[at] = 1 << bit;
            let prints = format!("{other:?}") != format!("{zero:?}");
            assert_eq!(other != zero, prints, "byte {at}, bit {bit}: {other:?}");
            *if prints { &mut counts } else { &mut silent } += 1;
        }
    }
    (counts, silent)
}

fn one_of_all<T: Eq + Hash>(values: impl IntoIterator<Item = T>) {
    assert_eq!(HashSet::<T>::from_iter(values).len(), 1);
}

#[test]
fn what_has_no_name_inside_of_anonymous_structs_does_not_count() {
    assert_eq!(equal_as_printed::<types::padded>(), (64, 192));
    assert_eq!(equal_as_printed::<types::unnamed>(), (8 * 15 + 5, 8 * 8 + 3));
    assert_eq!(equal_as_printed::<types::holds_line>(), (160, 96));
    assert_eq!(equal_as_printed::<types::holder>().0, 64 + 64 + 160 + 8);

    let mut noisy = types::padded { __pad0: [9; 12], ..types::padded::default() };
    bytes_of_mut(&mut noisy.anon0)[4..].fill(9);
    one_of_all([noisy, types::padded::default()]);
    assert_ne!(noisy, types::padded::default().with_first(1));
    one_of_all([
        types::unnamed::default().with_bits(31).with_deep(7),
        types::unnamed::default().with_deep(7).with_bits(0x3f),
    ]);
}

#[test]
fn members_of_anonymous_structs_are_equal_as_their_types_are() {
    let zero = types::partial::default();
    assert_eq!(zero, zero.with_real(-0.0));
    assert_ne!(zero.with_real(f64::NAN), zero.with_real(f64::NAN));
    let truth = |byte: u8| bpf_skel::pod::read::<Bool>(&[byte]).expect("a byte");
    assert_eq!(zero.with_truth(truth(1)), zero.with_truth(truth(2)));
    assert!(zero != zero.with_truth(Bool::TRUE) && zero != zero.with_tag(1));

    let zero = types::truth::default();
    one_of_all([1, 2, 255].map(|byte| zero.with_first(truth(byte)).with_second(truth(byte))));
    assert!(zero != zero.with_second(Bool::TRUE) && zero != zero.with_word(1));

    let zero = types::holds_measure::default();
    let measure = |real| zero.with_measure(types::measure { real, ..types::measure::default() });
    assert_eq!(measure(0.0), measure(-0.0));
    assert_ne!(measure(f32::NAN), measure(f32::NAN));
}

#[test]
fn unions_inside_of_anonymous_structs_are_their_bytes() {
    let zero = types::mixed::default();
    assert_ne!(zero, zero.with_real(-0.0));
    one_of_all([zero.with_real(f32::NAN), zero.with_real(f32::NAN)]);
    assert!(zero != zero.with_half(1) && zero != zero.with_last(1) && zero != zero.with_tag(1));

    let zero = types::mixed_partial::default();
    assert!(zero != zero.with_real(-0.0) && zero != zero.with_also_real(-0.0));
    assert!(zero == zero.with_other(-0.0) && zero != zero.with_tag(1));
}

#[test]
fn what_no_member_of_a_union_names_does_not_count() {
    assert_eq!(equal_as_printed::<types::loose>(), (8 * 5, 8 * 3));
    // A struct's padding in it, but where another member has those bytes.
    assert_eq!(equal_as_printed::<types::rows>(), (8 * 11, 8 * 5));
    // One truth is as good as another, and prints as that.
    let counts = 8 * (1 + 2 * 5 + 6 + 1 + 11 + 2 + 1);
    assert_eq!(equal_as_printed::<types::holds_loose>().0, counts);
    let zero = types::loose_partial::default();
    let mut other = types::loose_partial { real: -0.0, ..zero };
    bytes_of_mut(&mut other)[9..].fill(9);
    assert_eq!(zero, other);
    assert_ne!(zero, zero.with_five([0, 0, 0, 0, 1]));

    let noisy = |at: usize| {
        let mut one = types::loose_bits::default();
        bytes_of_mut(&mut one)[at] = 0xff;
        one
    };
    // Of bits, all of the bytes in which there are some.
    one_of_all([noisy(3), types::loose_bits::default()]);
    assert!([0, 1, 2].iter().all(|&at| noisy(at) != types::loose_bits::default()));
    // Too many rows are compared whole.
    let mut rows = types::long_rows::default();
    bytes_of_mut(&mut rows)[1] = 1;
    assert_ne!(rows, types::long_rows::default());
}

/// On a stack that has no room for a member of it.
fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(128 << 10).spawn(test);
    thread.expect("a thread").join().expect("the test passes");
}

/// It prints, is equal to a copy of it, and is not where this byte differs.
fn seen<T: Pod + Debug + PartialEq>(at: usize, printed: &str) {
    let mut one = boxed_zeroed::<T>();
    bytes_of_mut(&mut *one)[at] = 7;
    let other = boxed_from_bytes::<T>(bytes_of(&*one)).expect("as many bytes");
    assert!(one == other);
    let text = format!("{one:?}");
    assert!(text.contains(printed), "{}", &text[..200]);
    bytes_of_mut(&mut *one)[at] = 0;
    assert!(one != other);
}

#[test]
fn large_members_are_never_on_the_stack() {
    use large::types;

    on_small_stack(|| {
        seen::<types::either>(4, "either { bytes: [0, 0, 0, 0, 7, 0");
        seen::<types::either>(9, "parts: either__parts { first: 0");
        seen::<types::anonymous>(1, "bytes: [0, 7, 0");
        let last = if cfg!(target_endian = "little") { 1 } else { 8 };
        seen::<types::packed>(last, "tag: 0, words: [7, 0, ");
        seen::<types::nested>(4 + last, "tag: 0, words: [7, 0, ");
        seen::<types::truths>(2, "truths: [false, true, false");
        seen::<types::truths>(1 + (1 << 18), "inner: either_and { either: either { bytes: [7, 0");
        seen::<types::reals>(1, "tag: 0, reals: [");
        seen::<types::nested_reals>(5, "tag: 0, reals: [");
    });
}

#[test]
fn large_hashes_go_by_what_has_a_name() {
    use large::types;

    fn hashed<T: Pod + Eq + Hash>(changes: [(usize, u8); 2]) -> usize {
        let values = changes.map(|(at, byte)| {
            let mut one = boxed_zeroed::<T>();
            bytes_of_mut(&mut *one)[at] = byte;
            one
        });
        HashSet::from(values).len()
    }
    on_small_stack(|| {
        // Truth is not a number.
        assert_eq!(hashed::<types::truths>([(3, 1), (3, 2)]), 1);
        assert_eq!(hashed::<types::truths>([(3, 1), (4, 1)]), 2);
        assert_eq!(hashed::<types::nested>([(6 + (1 << 18), 1), (6 + (1 << 18), 2)]), 1);
        assert_eq!(hashed::<types::nested>([(6, 1), (6, 2)]), 2);
        assert_eq!(hashed::<types::packed>([(6, 1), (6, 2)]), 2);
    });
}

#[test]
fn a_section_of_large_members_prints_and_is_copied() {
    on_small_stack(|| {
        let mut open = large::open();
        open.bss.rows[1][2] = 5;
        let copy = open.bss.clone();
        assert!(bytes_of(&*copy) == bytes_of(&*open.bss));
        let text = format!("{:?}", open.bss);
        assert!(text.contains("rows: [[0, 0, ") && text.contains("[0, 0, 5, 0, "));
    });
}
