//! Arrays without a length wherever a struct can end in them, and variables that are not what or where their types say,
//! as a user meets them.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![deny(warnings, clippy::all, clippy::pedantic)]

use std::sync::atomic::Ordering::Relaxed;

use bpf_skel::live::{Global, GlobalArray, LiveLayout};
use bpf_skel::pod::{CStrExt, UnalignedSlice, bytes_of, bytes_of_mut, slice_bytes};
use bpf_skel_macros::bpf_skel;

bpf_skel!(mod flexible = "fixtures/flexible-el.o", "fixtures/flexible-eb.o");

use flexible::{live_sections, types};

/// Live data of one's own: no kernel is needed to see how it works.
fn alive<L: LiveLayout>(plain: L::Plain) -> GlobalArray<L, 1> {
    GlobalArray::from_plain([plain])
}

/// A record, where perf events have it: four bytes behind a multiple of eight.
struct Record(Vec<u64>, usize);

impl Record {
    fn of(parts: &[&[u8]]) -> Self {
        let bytes = [&[0; 4], &parts.concat()[..]].concat();
        let mut place = vec![0u64; bytes.len().div_ceil(8)];
        for (word, bytes) in place.iter_mut().zip(bytes.chunks(8)) {
            bytes_of_mut(word)[..bytes.len()].copy_from_slice(bytes);
        }
        Self(place, bytes.len())
    }

    fn bytes(&self) -> &[u8] {
        &slice_bytes(&self.0)[4..self.1]
    }
}

#[test]
fn elements_of_packed_structs_are_copied() {
    let record = Record::of(&[&[2], bytes_of(&[10u32, 20]), &[1; 3]]);
    let (packed, values) = types::packed::from_bytes(record.bytes()).expect("it is long enough");
    let values: UnalignedSlice<'_, u32> = values;
    assert_eq!((packed.n, values.len(), values.get(1), values.get(2)), (2, 2, Some(20), None));
    assert_eq!(values.iter().sum::<u32>(), 30);
    assert_eq!(types::packed::from_bytes(&[1]).expect("no element").1, []);
    assert!(types::packed::from_bytes(&[]).is_none());

    let record = Record::of(&[&[0; 8], bytes_of(&[30u64, 40])]);
    let (_, values) = types::less_aligned::from_bytes(record.bytes()).expect("it is long enough");
    assert_eq!(values, [30, 40]);
}

#[test]
fn elements_start_in_what_pads_the_struct() {
    let record = Record::of(&[bytes_of(&3u32), &[9], b"you"]);
    for len in 0..=record.bytes().len() {
        let Some((head, text)) = types::text::from_bytes(&record.bytes()[..len]) else {
            assert!(len < std::mem::offset_of!(types::text, name));
            continue;
        };
        assert_eq!((head.n, head.kind, text), (3, 9, &b"you"[..len - 5]));
    }
    // Aligned to 16 and of 16 bytes, of which 4 are enough.
    let record = Record::of(&[bytes_of(&[2u32, 10, 20])]);
    let (wide, values) = types::wide::from_bytes(record.bytes()).expect("it is long enough");
    assert_eq!((wide.n, values.to_vec()), (2, vec![10, 20]));
    let (wide, values) = types::wide::from_bytes(&record.bytes()[..4]).expect("no element");
    assert_eq!((wide.n, values.is_empty()), (2, true));
}

#[test]
fn structs_end_in_structs_that_end_in_arrays() {
    let record = Record::of(&[bytes_of(&[1u32, 0, 2, 0]), bytes_of(&[30u64, 40])]);
    let (nested, values) = types::nested::from_bytes(record.bytes()).expect("it is long enough");
    assert_eq!((nested.tag, nested.plain.n, values.to_vec()), (1, 2, vec![30, 40]));
    assert!(types::nested::from_bytes(&record.bytes()[..15]).is_none());

    let record = Record::of(&[bytes_of(&7u32), &[5], b"hello\0"]);
    let (head, text) = types::anonymous::from_bytes(record.bytes()).expect("it is long enough");
    assert_eq!((head.tag, head.len, text.to_cstr_lossy()), (7, 5, "hello".into()));

    let record = Record::of(&[bytes_of(&[2u16, 80, 443, 8080])]);
    let (declared, ports) = types::declared::from_bytes(record.bytes()).expect("as long");
    assert_eq!((declared.len, ports.to_vec()), (2, vec![80, 443, 8080]));
}

#[test]
fn a_large_struct_is_on_the_heap() {
    const LEN: usize = std::mem::offset_of!(types::huge, len);
    let mut record = vec![7; LEN];
    record.extend([&[3, 3], &b"you"[..]].concat());
    let (head, text) = types::huge::from_bytes(&record).expect("it is long enough");
    assert_eq!((head.block[LEN - 1], head.len, text), (7, 0x0303, &b"you"[..]));
    assert!(types::huge::from_bytes(&record[..=LEN]).is_none());
}

#[test]
fn a_union_of_arrays_is_read_as_any_of_them() {
    let record = Record::of(&[bytes_of(&[2u32, 10, 0x0101_0101])]);
    let words = record.bytes();
    let (either, as_words) = types::either::from_bytes_with_words(words).expect("as long");
    assert_eq!((either.n, as_words.to_vec()), (2, vec![10, 0x0101_0101]));
    let (_, as_bytes) = types::either::from_bytes_with_bytes(words).expect("as long");
    assert_eq!((as_bytes.len(), &as_bytes[4..]), (8, &[1; 4][..]));

    let (either, as_words) = types::declared_either::from_bytes_with_words(words).expect("as long");
    assert_eq!((either.first(), as_words.to_vec()), (10, vec![10, 0x0101_0101]));
    let (_, octets) = types::declared_either::from_bytes_with_octets(words).expect("as long");
    assert_eq!(octets[4..], [1; 4]);

    // `start` is none.
    let (marked, tail) = types::marked::from_bytes(words).expect("as long");
    assert_eq!((marked.a(), marked.b(), tail.to_vec()), (10, 10, vec![0x0101; 2]));

    let record = Record::of(&[bytes_of(&[0u32, 0, 1, 9, 8])]);
    let (head, words) =
        types::holds_either::from_bytes_with_words(record.bytes()).expect("as long");
    assert_eq!((head.either.n, words.to_vec()), (1, vec![9, 8]));
    // A union that is cut off is zeros, but not what is before the arrays.
    let (either, octets) =
        types::declared_either::from_bytes_with_octets(&record.bytes()[8..12]).expect("no octet");
    assert_eq!((either.n, either.first(), octets), (1, 0, &[][..]));
    assert!(types::declared_either::from_bytes_with_octets(&record.bytes()[8..11]).is_none());
}

#[test]
fn variables_have_the_arrays_that_they_are_initialised_with() {
    let open = flexible::open();
    let data = &open.data;
    assert_eq!((data.plain.n, data.plain.v), (2, [10, 20]));
    assert_eq!((data.text.n, data.text.kind), (2, 1));
    assert_eq!((data.text.name.to_str_lossy(), data.after_text), ("hello".into(), 7));
    assert_eq!({ data.initialised_packed.v }, [1, 2]);
    assert_eq!((&data.wide.v[..5], align_of_val(&data.wide)), (&[1, 2, 3, 4, 5][..], 16));
    assert_eq!(data.after_wide, 8);
    // Whatever else is there, it is one of the struct.
    let (plain, values) = types::plain::from_bytes(bytes_of(&data.plain)).expect("it is one");
    assert_eq!((plain.n, values.as_slice()), (2, Some(&[10, 20][..])));
    let (_, text) = types::text::from_bytes(bytes_of(&open.rodata.last_text)).expect("it is one");
    assert_eq!(text.to_cstr_lossy(), "hi");
    // A static variable right behind it is not among its bytes.
    assert_eq!(size_of::<types::text__tight>(), 11);
    assert_eq!(open.data_tight.tight.name, "hello");

    let live = alive::<live_sections::data>(*open.data);
    live[0].plain.v[1].fetch_add(1, Relaxed);
    live[0].text.name.set("you".try_into().expect("it fits"));
    assert_eq!((live[0].plain.n.get(), live[0].plain.get().v), (2, [10, 21]));
    assert_eq!(live[0].get().text.name, "you");
}

#[test]
fn misaligned_variables_have_methods() {
    let mut open = flexible::open();
    let odd = &mut open.data_odd;
    assert_eq!((odd.odd, odd.one, odd.even(), odd.map_2()), (2, 1, 3, 6));
    assert_eq!(odd.far(), types::point { x: 4, y: 5 });
    odd.set_even(u64::MAX - 1);
    odd.set_map(7);
    assert_eq!((odd.even(), odd.one, odd.map_2(), odd.far().x), (u64::MAX - 1, 1, 7, 4));
    let text = format!("{odd:?}");
    assert!(
        text.starts_with("data_odd { odd: 2, one: 1, even: 18446744073709551614, map_2: 7, far: "),
        "{text}"
    );

    let live = alive::<live_sections::data_odd>(*open.data_odd);
    assert_eq!((live[0].even(), live[0].far().y), (u64::MAX - 1, 5));
    live[0].set_even(9);
    live[0].set_far(types::point { x: 1, y: 2 });
    assert_eq!((live[0].get().even(), live[0].get().far().y, live[0].one.get()), (9, 2, 1));
}

#[test]
fn variables_of_no_type_are_words() {
    let open = flexible::open();
    let live = alive::<live_sections::data>(*open.data);
    let (counted, long_counted): (&Global<u32>, &Global<u64>) =
        (&live[0].counted, &live[0].long_counted);
    assert_eq!((counted.fetch_add(1, Relaxed), long_counted.fetch_add(1, Relaxed)), (1, 2));
    assert_eq!((live[0].get().counted, live[0].get().long_counted), (2, 3));
    assert_eq!((open.bss.small_counted, open.bss.counters), (0, [0u32; 4]));
}
