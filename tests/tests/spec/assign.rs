//! Globals given as text, by their C types.

use bpf_skel::OpenObject;
use bpf_skel::loader::assign;
use bpf_skel_tests::fixtures;

/// What a variable's bytes are after an assignment, or words of the refusal.
fn assigned(place: &str, value: &str) -> Result<(String, Vec<u8>), String> {
    let mut open = OpenObject::new(fixtures::spec("types"));
    assign(&mut open, place, value).map_err(|error| error.to_string())?;
    let name = place.split(['.', '[']).next().unwrap_or(place);
    let bytes = open.variable(name).map_err(|error| error.to_string())?;
    Ok((name.to_owned(), bytes))
}

#[test]
#[cfg(target_endian = "little")]
fn each_type_takes_its_text() {
    for (place, value, offset, expected) in [
        ("config.min", "0x01020304", 0, &[4, 3, 2, 1][..]),
        ("config.nested.limit", "18446744073709551615", 8, &[0xff; 8]),
        ("one.count", "5", 0, &[5, 0, 0, 0, 0, 0, 0, 0]),
        ("one.flag", "true", 8, &[1]),
        ("one.flags", "true, false, 1", 9, &[1, 0, 1]),
        ("one.temperature", "COLD", 16, &[0xd8, 0xff, 0xff, 0xff]),
        ("one.temperature", "-40", 16, &[0xd8, 0xff, 0xff, 0xff]),
        ("one.wide", "WIDE", 24, &[0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12]),
        ("one.f", "1.5", 36, &[0, 0, 0xc0, 0x3f]),
        ("one.big", "-1", 48, &[0xff; 16]),
        ("one.comm", "hello", 64, b"hello\0\0\0\0\0\0\0\0\0\0\0"),
        ("one.mac", "1,2,3,4,5,6", 80, &[1, 2, 3, 4, 5, 6]),
        ("one.points[1][2].y", "-2", 88 + 5 * 8 + 4, &[0xfe, 0xff, 0xff, 0xff]),
        ("one.dport", "443", 458, &[0xbb, 1]),
        ("one.addr.v6[15]", "7", 475, &[7]),
        ("bitten.middle", "8191", 0, &[0xf8, 0xff]),
        ("bitten.negative", "-1", 2, &[0x1f]),
        ("bitten.far", "0xffffffffff", 8, &[0xff, 0xff, 0xff, 0xff, 0xff, 0]),
        ("background", "RED", 0, &[0; 4]),
        ("grid[1][63]", "'x'", 127, b"x"),
        ("only.pid", "9", 0, &[9, 0, 0, 0]),
    ] {
        let (_, bytes) = assigned(place, value).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert_eq!(&bytes[offset..offset + expected.len()], expected, "{place}={value}");
    }
}

#[test]
fn mistakes_say_what_was_expected() {
    for (place, value, words) in [
        ("nothing", "1", ["no variable", "config"]),
        ("config", "1", ["variable \"config\"", "name one of min, nested"]),
        ("config.max", "1", ["no member is named \"max\"", "min, nested"]),
        ("config.min", "4294967296", ["from 0 to 4294967295", "4294967296"]),
        ("config.min.deep", "1", ["\".deep\"", "not a struct"]),
        ("config.min[0]", "1", ["\"[0]\"", "not an array"]),
        ("grid[2]", "1", ["\"[2]\"", "2 elements"]),
        ("grid[0", "1", ["grid[0", "\"]\" is missing"]),
        ("grid[0]x", "1", ["\"x\"", "[INDEX]"]),
        ("one.flag", "2", ["true or false", "\"2\""]),
        ("one.temperature", "HOT", ["COLD, WARM", "\"HOT\""]),
        ("one.comm", "much longer than that", ["21 bytes", "char[16]"]),
        ("one.mac", "1,2", ["6 values", "found 2"]),
        ("one.mac", "1,2,3,4,5,600", ["[5]", "from 0 to 255"]),
        ("bitten.negative", "16", ["-16 to 15", "16"]),
        ("list.next", "1", ["a pointer", ""]),
        ("one.f", "x", ["a number", "\"x\""]),
    ] {
        let error = assigned(place, value).expect_err(place);
        assert!(words.iter().all(|word| error.contains(word)), "{place}={value}: {error}");
    }
}
