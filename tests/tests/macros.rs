//! `bpf_skel!` in place, and what a user sees of a skeleton before anything is loaded.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![deny(warnings, clippy::all, clippy::pedantic)]

use bpf_skel::pod::bytes_of;
use bpf_skel_macros::bpf_skel;

bpf_skel!(mod data = "fixtures/data-el.o", "fixtures/data-eb.o");
bpf_skel! {
    /// With an attribute and a visibility.
    #[allow(dead_code)]
    pub(crate) mod types = "fixtures/types-el.o", "fixtures/types-eb.o";
}

bpf_skel! {
    mod asked = "fixtures/members-el.o", "fixtures/members-eb.o",
    types = ["struct on_request"],
    bind = { "struct point": crate::types::types::point_t, "enum proto": ::core::primitive::u32 },
    bind_opaque = { "struct exported": ::core::primitive::u32 },
}

#[test]
fn initial_values_are_those_of_the_source() {
    let open = data::open();
    assert_eq!((open.rodata.limit, open.rodata.flags), (10, [1, 2, 3]));
    assert_eq!((open.data.counter, open.data.weak_counter), (-5, 11));
    assert_eq!(open.data_config.tuned, 42);
    assert_eq!(open.rodata_table.table, [10, 20, 30, 40]);
    assert_eq!((open.bss.total, size_of_val(&*open.bss)), (0, (3 << 20) + 16));
}

#[test]
fn odd_sections_and_big_ones_stay_off_the_stack() {
    let small = std::thread::Builder::new().stack_size(64 << 10);
    small.spawn(|| drop(data::open())).expect("a thread").join().expect("no overflow");
    assert_eq!(types::open().data.last_and_odd, 1);
}

#[test]
fn types_print_compare_and_have_no_loose_bytes() {
    use types::types::{bits, color, key, packed, quad_t, value};

    let one = key { pid: 7, kind: 1, ..key::default() };
    assert_eq!(format!("{one:?}"), "key { pid: 7, kind: 1 }");
    let mut noisy = one;
    noisy.__pad0 = [9; 3];
    assert_eq!(one, noisy);
    assert_eq!(bytes_of(&one).len(), 8);

    assert_eq!(format!("{:?} {:?}", color::GREEN, color(77)), "GREEN color(77)");
    let odd = packed { value: 3, ..packed::default() };
    assert_eq!((format!("{odd:?}").len() > 10, odd == packed { value: 3, ..odd }), (true, true));

    let mut quad = quad_t::default();
    quad.set_byte([1, 0, 0, 1]);
    assert_eq!(quad.raw(), 0x0100_0001);
    assert_eq!(value::default().comm, "");

    let mut bit = bits::default();
    bit.set_negative(-3);
    bit.set_far(0xff_1234_5678);
    bit.set_color(color::GREEN);
    bit.set_on(true);
    assert_eq!((bit.negative(), bit.far(), bit.color()), (-3, 0xff_1234_5678, color::GREEN));
    assert_eq!((bit.low(), bit.middle(), bit.on(), bit.after), (0, 0, true, 0));
}

#[test]
fn types_are_asked_for_and_bound() {
    use asked::types::{exported, flow, on_request, point, samples};

    assert_eq!(on_request { why: 1 }.why, 1);
    // The other skeleton's, of which this one has checked the fields.
    let one: types::types::point_t = point { x: 1, y: 2 };
    let mut record = [0u32; 3];
    bpf_skel::pod::bytes_of_mut(&mut record)[4..].copy_from_slice(bytes_of(&one));
    let (_, points) = samples::from_bytes(bytes_of(&record)).expect("it is long enough");
    assert_eq!(points, [one]);
    let _: exported = 7u32;
    assert_eq!(flow::default().with_proto(17).proto(), 17u32);
}
