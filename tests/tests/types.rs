//! Generated types as a user meets them: members without a name of their own, bit-fields, text, enums, records; plain and
//! in shared memory. `machine/layouts` holds random types to what clang says.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![deny(warnings, clippy::all, clippy::pedantic)]

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use bpf_skel::live::{GlobalArray, LiveLayout};
use bpf_skel::pod::{Bool, CStrExt, CharArray, Ptr, bytes_of};
use bpf_skel_macros::bpf_skel;

bpf_skel!(mod many = "fixtures/many-el.o", "fixtures/many-eb.o");
bpf_skel!(mod members = "fixtures/members-el.o", "fixtures/members-eb.o");
bpf_skel!(mod every = "fixtures/types-el.o", "fixtures/types-eb.o");
bpf_skel!(mod names = "fixtures/names-el.o", "fixtures/names-eb.o");
bpf_skel!(mod owners = "fixtures/owners-el.o", "fixtures/owners-eb.o");
bpf_skel!(mod rare = "fixtures/rare-el.o", "fixtures/rare-eb.o");

use members::{live, types};
use types::{flow, level, number, proto};

/// A live struct of one's own: no kernel is needed to see how it works.
fn alive<L: LiveLayout>(plain: L::Plain) -> GlobalArray<L, 1> {
    GlobalArray::from_plain([plain])
}

#[test]
fn names_of_the_source_stay() {
    use names::types::{choice, keyed__key, outer, outer__inner};

    let inner = outer::default().inner;
    assert_eq!(
        (inner.x, outer__inner { own: 1_u64 }.own, keyed__key { own: 2_u32 }.own),
        (0, 1, 2)
    );
    let choice = choice { anon0: 3, ..choice::default() }.with_number(4);
    assert_eq!(
        (choice.anon0, choice.letter()),
        (3, if cfg!(target_endian = "little") { 4 } else { 0 })
    );
}

#[test]
fn what_has_no_name_is_called_after_what_names_it() {
    use bpf_skel::map::Array;
    use owners::types::{event, holder, limits_t, pair_t, pair_t__element, stats__value};

    // One definition, one type, whichever of its maps is first.
    let _ = |maps: owners::Maps| -> [Array<stats__value>; 2] { [maps.rx, maps.tx] };
    // The struct has its tag's name, though the typedef of that name is met first.
    let _ = |maps: owners::Maps| -> Array<event> { maps.tag };
    let _ = (event { a: 1_u64, b: 2 }, limits_t { x: 3_u32 });
    let mut holder = holder { pair: [pair_t__element::ONE; 2], ..holder::default() };
    let _: pair_t = holder.pair;
    // Methods of every type that take the value would be found before these.
    holder.way.set_into(4);
    assert_eq!((holder.way.into_2(), holder.way.try_into_2()), (4, 4));
}

#[test]
fn a_phase_prints_what_is_in_it() {
    let text = format!("{:?}", many::open());
    let expected = concat!(
        r#"Open { maps: OpenMaps { bss: OpenMap { name: ".bss", type: array, key_size: 4, value_size: 52, max_entries: 1, "#,
        r#"flags: 0x400, pin: AsDefined, .. } }, progs: OpenProgs { use: OpenProgram { name: "use", type: raw_tracepoint, "#,
        r#"kind: RawTracepoint, target: Some("sys_enter"), autoload: true, .. } }, bss: bss { v1: 0, "#,
    );
    assert!(text.starts_with(expected), "{text}");
}

#[test]
fn variables_show_types_of_every_kind() {
    use owners::types::{id_of_tag, of_tag, shown};

    let _: (shown, of_tag, id_of_tag) = (shown::SHOWN, of_tag::OF_TAG, 5_u32);
    let text = include_str!("../golden/owners.rs");
    let fields = text.split_once("pub mod sections {").expect("sections").1;
    assert!(fields.contains("pub unused_shown: ") && !fields.contains("pub unused_of_tag"));
}

#[test]
fn structs_of_many_fields_are_as_others() {
    use std::hash::BuildHasher;
    use std::mem::offset_of;

    use types::counters;

    // What the layout's assertions leave to be proved by the others.
    for (name, at, expected) in [
        ("rx", offset_of!(counters, rx), 4),
        ("rx_bytes", offset_of!(counters, rx_bytes), 16),
        ("queues", offset_of!(counters, queues), 24),
        ("up", offset_of!(counters, up), 30),
        ("errors", offset_of!(counters, errors), 32),
        ("seen", offset_of!(counters, seen), 48),
        ("flags", offset_of!(counters, flags), 72),
        ("level", offset_of!(counters, level), 74),
    ] {
        assert_eq!(at, expected, "{name}");
    }
    let one = counters { tx: 2, queues: [1, 2, 3], level: 7, ..counters::default() };
    assert_eq!(
        format!("{one:?}"),
        "counters { cpu: 0, rx: 0, tx: 2, rx_bytes: 0, queues: [1, 2, 3], up: 0, errors: 0, dropped: 0, \
         name: \"\", seen: 0, first: 0, last: 0, flags: 0, level: 7 }"
    );
    let hasher = std::hash::RandomState::new();
    let padded = counters { __pad0: [1; 3], ..one };
    assert_eq!((one, hasher.hash_one(one)), (padded, hasher.hash_one(padded)));
    for other in [counters { level: 8, ..one }, counters { cpu: 1, ..one }] {
        assert_ne!((one, hasher.hash_one(one)), (other, hasher.hash_one(other)));
    }
}

#[test]
fn members_of_anonymous_structs_are_those_of_the_outer_one() {
    let flow = flow { id: 1, sport: 80, dport: 443, ..flow::default() };
    let bytes = bytes_of(&flow);
    assert_eq!(bytes[4..8], [80u16.to_ne_bytes(), 443u16.to_ne_bytes()].concat());
    let live = alive::<live::flow>(flow);
    live[0].dport.set(8443);
    assert_eq!(live[0].get().dport, 8443);
}

#[test]
fn members_of_anonymous_unions_are_methods_at_any_depth() {
    let mut flow = flow::default().with_high(7).with_low(9);
    flow.v6_mut()[15] = 1;
    assert_eq!((flow.high(), flow.v6_ref()[15]), (7, 1));
    flow.set_v4(u32::from_ne_bytes([10, 0, 0, 1]));
    assert_eq!(flow.v6()[..4], [10, 0, 0, 1]);
    let (a, b) = (flow.with_low_low(3), flow.with_low_low(4));
    assert_ne!(a, b);
    // A packed struct in a struct that is none: its members are wherever they are.
    flow.set_odd(0x0102_0304);
    assert_eq!(
        (flow.tag(), flow.odd(), &bytes_of(&flow)[25..29]),
        (0, 0x0102_0304, &0x0102_0304u32.to_ne_bytes()[..])
    );

    let live = alive::<live::flow>(flow);
    assert_eq!(live[0].v4().get(), flow.v4());
    live[0].v6()[3].set(2);
    assert_eq!(live[0].get().v6()[3], 2);
    live[0].set_odd(5);
    assert_eq!((live[0].odd(), live[0].get().odd()), (5, 5));
    live[0].update(|flow| flow.set_high(1));
    assert_eq!(live[0].high().get(), 1);
}

#[test]
fn bit_fields_are_of_their_types() {
    let flow = flow::default().with_proto(proto::UDP).with_level(level::LOW).with_up(true);
    assert_eq!(
        (flow.proto(), flow.level(), flow.up(), flow.down()),
        (proto::UDP, level::LOW, true, false)
    );
    assert_eq!(flow.with_signed_char(-2).signed_char(), -2);
    // What has no room is left out.
    assert_eq!(flow.with_level(level(5)).level(), level(-3));

    let live = alive::<live::flow>(flow);
    live[0].set_down(true);
    live[0].set_proto(proto::TCP);
    assert_eq!((live[0].down(), live[0].proto(), live[0].level()), (true, proto::TCP, level::LOW));
    assert_eq!(live[0].get(), flow.with_down(true).with_proto(proto::TCP));
}

#[test]
fn bit_fields_cross_units_in_packed_structs() {
    let mut one = types::squeezed::default().with_wide(0x2_3456_789a_bcde).with_across(-5);
    one.value = 77;
    one.set_half(0x0102);
    assert_eq!((one.wide(), one.across()), (0x2_3456_789a_bcde, -5));
    assert_eq!({ one.value }, 77);
    assert_eq!(u16::from_ne_bytes(one.pair()), 0x0102);
    assert_eq!(one, one);
    assert_ne!(one, one.with_across(-6));

    let open = members::open();
    assert_eq!(open.bss.squeezed, types::squeezed::default());
}

#[test]
fn bit_fields_are_as_long_as_c_has_them() {
    let most = 0x9_8765_4321_fedc_ba98_7654_3210;
    let one = types::longest::default().with_tag(0xa).with_most(most).with_part(-(1 << 69));
    assert_eq!((one.tag(), one.most(), one.part(), { one.rest }), (0xa, most, -(1 << 69), 0));
    assert_ne!(one, one.with_part(1));
    assert_ne!(one, one.with_most(most | 1));
    let live = alive::<live::longest>(one);
    live[0].set_part(-1);
    live[0].set_most(!0);
    assert_eq!((live[0].most(), live[0].part(), live[0].tag()), ((1 << 100) - 1, -1, 0xa));
    assert_eq!(live[0].get(), one.with_part(-1).with_most(!0));
}

#[test]
fn members_of_packed_structs_are_reached_in_shared_memory() {
    let one = types::squeezed { head: 3, value: 0x0102_0304, ..types::squeezed::default() };
    let live = alive::<live::squeezed>(one.with_wide(7));
    // A cell where one can be, a copy where none can.
    live[0].head().set(4);
    live[0].set_value(live[0].value() + 1);
    live[0].set_across(-5);
    live[0].half().set(9);
    let expected = types::squeezed { head: 4, value: 0x0102_0305, ..one };
    let expected = expected.with_wide(7).with_across(-5).with_half(9);
    assert_eq!((live[0].get(), live[0].wide()), (expected, 7));
    live[0].update(|one| one.value = 1);
    assert_eq!(live[0].value(), 1);

    // One over-aligned struct inside of it, and one packed struct inside of another one.
    let live = alive::<live::holds_line>(types::holds_line::default());
    live[0].set_line(types::line { count: 5, ..types::line::default() });
    assert_eq!((live[0].line().count, live[0].tag().get()), (5, 0));
    let live = alive::<every::live::value>(every::types::value::default());
    live[0].packed.set_odd(6);
    live[0].packed.set_key(every::types::key { pid: 7, ..every::types::key::default() });
    assert_eq!((live[0].packed.odd(), { live[0].get().packed.key }.pid), (6, 7));
    assert!(
        format!("{:?}", live[0].packed).contains("tag: 0, value: 0, odd: 6, key: key { pid: 7")
    );
}

#[test]
fn unions_are_made_of_a_member_and_print_all_of_them() {
    let one = number::from_halves(types::number__halves { first: 1, second: 2 });
    assert_eq!((one.halves_ref().second, one.bytes().len()), (2, 8));
    assert_eq!(
        number::from_part(-1).get(),
        if cfg!(target_endian = "little") { 0xfff } else { 0xfff0_0000 }
    );
    assert!(format!("{:?}", number::from_real(0.5)).contains("real: 0.5"));

    let live = alive::<live::number>(one);
    live[0].halves().second.set(9);
    live[0].set_part(-2);
    assert_eq!((live[0].bytes()[7].get() != 0, live[0].part()), (cfg!(target_endian = "big"), -2));
    // The whole has `get` already.
    assert_eq!(live[0].get_2().get(), live[0].get().get());
}

#[test]
fn only_what_has_a_name_is_compared_and_hashed() {
    let mut noisy = flow { __pad0: [9; 1], ..flow::default() };
    noisy.bits0[1] |= if cfg!(target_endian = "little") { 0xe0 } else { 0x07 };
    assert_eq!(noisy, flow::default());
    assert_eq!(HashSet::from([noisy, flow::default()]).len(), 1);
    // No hash for floats, but equality.
    assert_eq!(types::lists::default(), types::lists::default());
    let text = format!("{noisy:?}");
    assert!(text.starts_with("flow { id: 0, sport: 0, dport: 0, v4: 0, v6: [0, "), "{text}");
    assert!(
        text.contains("up: false") && !text.contains("bits0") && !text.contains("anon"),
        "{text}"
    );
}

#[test]
fn text_is_text() {
    let open = members::open();
    assert_eq!(open.rodata.device, "eth0");
    let mut lists = types::lists::default();
    lists.names[1] = CharArray::try_from("bash").expect("it fits");
    lists.labels[0] = [b'x'; 8].into();
    lists.numbers[0] = -1;
    let text = format!("{lists:?}");
    assert!(text.contains(r#"names: ["", "bash"]"#), "{text}");
    assert!(text.contains(r#"labels: ["xxxxxxxx", ""]"#), "{text}");
    assert!(text.contains("bytes: [0, 0, 0, 0], numbers: [-1, 0, 0, 0]"), "{text}");

    let live = alive::<live::lists>(lists);
    assert_eq!(live[0].names[1].to_string_lossy(), "bash");
    live[0].names[0].set("sh".try_into().expect("it fits"));
    assert_eq!(live[0].get().names[0], "sh");
}

#[test]
fn enums_are_checked_on_demand() {
    assert_eq!(proto::try_from(17).expect("it has a name"), proto::UDP);
    let error = proto::try_from(3).expect_err("it has none").to_string();
    assert_eq!(error, "enum proto has no value 3");
    assert_eq!((proto::TCP.name(), proto(3).name()), (Some("TCP"), None));
    assert_eq!(i32::from(level::LOW), -2);
    assert_eq!(level::VARIANTS, [("LOW", level::LOW), ("HIGH", level::HIGH)]);
    // Enumerators that are called as those are, or as nothing in Rust is.
    let name = types::name::VARIANTS[0].1;
    assert_eq!((name, name.name()), (types::name::name_2, Some("name")));
    assert_eq!(types::name::r#type.name(), Some("type"));
    assert_eq!(names::types::r#loop::crate_.name(), Some("crate"));
    assert_eq!(format!("{:?} {:?}", names::types::r#loop::crate_, level(7)), "crate level(7)");
}

#[test]
fn records_end_in_arrays() {
    let record = [bytes_of(&5u64), &[4, 0], b"text\0behind"].concat();
    let (head, text) = types::record::from_bytes(&record).expect("it is long enough");
    assert_eq!((head.at, text.to_cstr_lossy()), (5, "text".into()));
    assert!(types::record::from_bytes(&record[..9]).is_none());

    let samples = [2i32, 1, 2, 3, 4];
    let (samples, points) =
        types::samples::from_bytes(bytes_of(&samples)).expect("it is long enough");
    assert_eq!(samples.count, 2);
    assert_eq!(points, [types::point { x: 1, y: 2 }, types::point { x: 3, y: 4 }]);
}

#[test]
fn what_is_over_aligned_stays_so() {
    assert_eq!((size_of::<types::aligned>(), align_of::<types::aligned>()), (64, 64));
    assert_eq!(align_of::<every::types::inner16>(), 16);
    // Placed at an odd address it has no alignment to speak of.
    assert_eq!(size_of::<types::holds_line>(), 65);
    let holder = rare::types::holds_holder::default();
    assert_eq!((align_of_val(&holder), size_of_val(&holder)), (4, 40));
    let rows: [rare::types::holds_trailing; 2] = holder.rows;
    assert_eq!(align_of_val(&rows[1].trailing), 4);
}

#[test]
fn pointers_say_to_what() {
    type Find = fn(Ptr<types::lists>, Ptr<u8>, i32) -> Ptr<types::lists>;
    let lists = types::lists::default();
    let find: Ptr<Find> = lists.find;
    let task: Ptr<types::task_struct> = lists.task;
    assert!(find.is_null() && task.is_null());
}

#[test]
fn numbers_of_128_bits_keep_their_place_and_rows_their_shape() {
    use types::{point, wide};

    assert_eq!((align_of::<wide>(), std::mem::offset_of!(wide, whole)), (16, 16));
    let mut one = wide { whole: u128::MAX, ..wide::default() };
    one.rows[1][2] = point { x: 1, y: -1 };
    let at = std::mem::offset_of!(wide, rows) + 5 * size_of::<point>();
    assert_eq!(bytes_of(&one)[at..][..8], [1i32.to_ne_bytes(), (-1i32).to_ne_bytes()].concat());
    let live = alive::<live::wide>(one);
    live[0].rows[1][2].y.set(7);
    assert_eq!((live[0].get().rows[1][2], live[0].whole.get()), (point { x: 1, y: 7 }, u128::MAX));
    let call: Ptr<fn(Ptr<point>) -> i32> = one.calls[1];
    assert!(call.is_null());
}

#[test]
fn a_bit_field_of_no_bits_begins_a_word() {
    let one = types::wide::default().with_first(7).with_second(0x1f);
    // Four bytes further, whatever the words are by which they are read.
    let at = std::mem::offset_of!(types::wide, bits0);
    let words = bytes_of(&one)[at..].first_chunk::<5>().expect("two words");
    let little = [7, 0, 0, 0, 0x1f];
    assert_eq!(
        words,
        if cfg!(target_endian = "little") { &little } else { &[0xe0, 0, 0, 0, 0xf8] }
    );
}

#[test]
fn enums_of_64_bits_have_every_name() {
    use types::{deep, huge};

    assert_eq!((huge::SOME, huge::MOST.0), (huge::SAME, 0x1234_5678_9abc_def0));
    assert_eq!((huge::VARIANTS.len(), huge(1).name()), (3, Some("SOME")));
    assert_eq!(i64::from(deep::AS_DEEP), -0x1234_5678_9abc);
    assert_eq!(
        (deep::try_from(-0x1234_5678_9abc).ok(), deep::try_from(0).is_err()),
        (Some(deep::BELOW), true)
    );
}

fn members_text() -> String {
    let text = bpf_skel_build::Skeleton::from_object(
        &bpf_skel_tests::fixtures::bytes("members", bpf_skel::spec::Endian::Little),
        "members.o",
        &bpf_skel_build::Options::default(),
    );
    text.expect("it has a skeleton").to_string()
}

#[test]
fn what_the_source_says_is_documented() {
    let text = members_text();
    let lines = [
        // Tags of declarations.
        r#"/// `u32 tagged __attribute__((btf_decl_tag("of a member")))`"#,
        "/// Tagged `of a typedef`.",
        "/// Tagged `bpf_skel_export`.",
        r#"/// `struct wide wide __attribute__((btf_decl_tag("of a variable")))`, 128 bytes, section `.bss`"#,
        r#"/// `int ask(struct request *request) __attribute__((btf_decl_tag("of a program")))`."#,
        // Tags of types, functions, what is only declared.
        "/// `struct task_struct __kptr *task`",
        "/// `int (*calls[2])(struct point *)`",
        "/// `struct task_struct`, which is only pointed to.",
        // Sections, sizes, attach targets.
        "/// Program `ask`: section `syscall`, type `syscall`, 2 instructions.",
        "/// Program `enter`: section `raw_tp/sys_enter`, type `raw_tracepoint`, target `sys_enter`, 2 instructions.",
        "/// `struct squeezed`, 18 bytes, alignment 2",
        "/// `u32 value`",
        "/// `u64 wide : 50`",
    ];
    for line in lines {
        assert!(text.lines().any(|of| of.trim() == line), "{line}");
    }
    let text = include_str!("../golden/rare.rs");
    for line in [
        "/// Tagged `of an anonymous struct`.",
        "/// Tagged `of a typedef that has a Rust name`.",
        "/// Parameter `arguments` is tagged `arg:ctx`, `second`.",
        "/// All up to what is behind it: the object does not say which type it has.",
    ] {
        assert!(text.lines().any(|of| of.trim() == line), "{line}");
    }
}

#[test]
fn only_what_is_needed_is_there() {
    let _ =
        (types::exported { tagged: 1 }, types::request { command: 1 }, types::record::default());
    // The context of a raw tracepoint, which `TestRun` takes.
    assert_eq!(size_of::<types::arguments>(), 16);
    let text = members_text();
    // Known to clang, and to nobody who needs it.
    assert!(!text.contains("pub struct on_request"));
    let fields = text.split_once("pub mod sections {").expect("sections").1;
    assert!(fields.contains("unused_record") && !fields.contains("pub unused_samples"));
    assert!(!text.contains("license ["), "the license is no variable");
}

/// clang has void for them.
#[test]
fn members_without_a_type_are_numbers_or_bytes() {
    use rare::types::{either, untold};

    let untold = untold { hits: 1, odd: [2; 7], counter: 3, wave: [4, 5], ..untold::default() };
    let bytes = bytes_of(&untold);
    assert_eq!((bytes[..4].to_vec(), bytes[9]), (1u32.to_ne_bytes().to_vec(), 2));
    assert_ne!(untold, rare::types::untold { hits: 2, ..untold });
    let live = alive::<rare::live::untold>(untold);
    // A cell as wide as the number is.
    assert_eq!(live[0].hits.fetch_add(1, Ordering::Relaxed), 1);
    live[0].word().set(7);
    assert_eq!((live[0].get().hits, live[0].get().word()), (2, 7));
    assert_eq!(either::from_whole(u64::MAX).half(), u32::MAX);
    let rare::types::halves { half, pair } = rare::types::halves::default();
    let _: (u16, [u16; 2]) = (half, pair);
}

#[test]
fn truth_is_a_byte() {
    use every::types::value;

    let value = value { flag: true.into(), ..value::default() };
    assert_eq!((value.flag, value.flags), (Bool::TRUE, [Bool::FALSE; 3]));
    // Any byte is valid.
    let odd: value = bpf_skel::pod::read(&[7; size_of::<value>()]).expect("as many bytes");
    assert_eq!((odd.flag.get(), odd.flags[2].get()), (true, true));
    assert!(!every::open().rodata.verbose.get());
}

#[test]
fn skeletons_are_owned() {
    fn owned<T: Send + Sync + 'static>() {}
    owned::<members::Open>();
    owned::<members::Prepared>();
    owned::<members::Skel>();
}

#[test]
fn a_section_prints_all_of_many_variables() {
    let mut open = many::open();
    open.bss.v13 = 7;
    let text = format!("{:?}", open.bss);
    assert!(text.starts_with("bss { v1: 0, ") && text.ends_with(", v12: 0, v13: 7 }"), "{text}");
}

#[test]
fn members_print_in_the_order_of_c() {
    let bits = format!("{:?}", every::types::bits::default());
    assert!(
        bits.starts_with("bits { low: 0, ") && bits.ends_with(", far: 0, after: 0 }"),
        "{bits}"
    );
    let squeezed = format!(
        "{:?}",
        types::squeezed { value: 4, ..types::squeezed::default() }.with_wide(3).with_half(5)
    );
    let half = if cfg!(target_endian = "little") { "5, pair: [5, 0]" } else { "5, pair: [0, 5]" };
    assert_eq!(
        squeezed,
        format!("squeezed {{ head: 0, wide: 3, across: 0, value: 4, half: {half} }}")
    );
    // At one offset, too.
    assert_eq!(
        format!("{:?}", rare::types::marked::default()),
        "marked { first: 0, mark: [], word: 0, low: 0, high: 0, between: empty, few: 0, many: 0, \
         behind: empty, last: 0 }"
    );
}
