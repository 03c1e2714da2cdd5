//! What must not be read says what is wrong, and where.

use bpf_skel::ErrorKind::{self, Malformed, MapDefinition, NotSupportedYet};
use bpf_skel::spec::Endian;
use bpf_skel_tests::fixtures;

/// By case of `refused.bpf.c`: the kind, and the whole text after the object's name.
#[rustfmt::skip]
const EXPECTED: &[(&str, ErrorKind, &str)] = &[
    ("arena", Malformed, r#"section ".addr_space.1": variables in an arena, and no map of type arena (define one in SEC(".maps"))"#),
    ("arenas", Malformed, r#"section ".addr_space.1": variables in an arena, and two of them: "one" and "two""#),
    ("custom_data_section", Malformed, r#"section "xdp": symbol "program+0": symbol "variable": expected a map, data or a function, found something in section "mine""#),
    ("exception_callback", Malformed, r#"program "program": its exception callback "caught": expected a global function that is neither hidden nor a program"#),
    ("jumptables", Malformed, r#"section "xdp": program "program": symbol "program+0": section ".jumptables": symbol "jumps": entry 1: expected an instruction of "program", which is at 0 to 32 in its section, found 3"#),
    ("jumptables_elsewhere", Malformed, r#"section "xdp": program "program": symbol "program+0": section ".jumptables": symbol "jumps": entry 1: expected an instruction of "program", which is at 0 to 32 in its section, found 800"#),
    ("jumptables_middle", Malformed, r#"section "xdp": symbol "program+0": symbol "jumps": expected the start of a jump table, found byte 8 of it"#),
    ("jumptables_relocated", Malformed, r#"section "xdp": program "program": symbol "program+0": section ".jumptables": symbol "jumps": expected offsets in the function's section, found a relocation"#),
    ("jumptables_size", Malformed, r#"section "xdp": program "program": symbol "program+0": section ".jumptables": symbol "jumps": expected whole numbers of 8 bytes within the section's 4 bytes, found 4 bytes at 0"#),
    ("kconfig_array", Malformed, r#"section ".kconfig": variable "CONFIG_NUMBERS": expected bool, char, an integer of 1, 2, 4 or 8 bytes, enum libbpf_tristate or an array of char, found an array of something else"#),
    ("kconfig_defined", Malformed, r#"section ".kconfig": variable "CONFIG_HZ": expected an external symbol, found one that is defined"#),
    ("kconfig_function", Malformed, r#"section ".kconfig": symbol "CONFIG_FUNCTION": expected a variable, found a function"#),
    ("kconfig_name", Malformed, r#"section ".kconfig": variable "HZ": expected a name that starts with CONFIG_ or LINUX_"#),
    ("kconfig_struct", Malformed, r#"section ".kconfig": variable "CONFIG_HZ": expected bool, char, an integer of 1, 2, 4 or 8 bytes, enum libbpf_tristate or an array of char, found struct "key""#),
    ("ksym_defined", Malformed, r#"section ".ksyms": variable "init_task": expected an external symbol, found one that is defined"#),
    ("legacy_maps", MapDefinition, r#"section "maps": a map definition that is not understood: it is one of iproute2's (struct bpf_elf_map) or of libbpf's before 1.0 (struct bpf_map_def) (elf::Reader::legacy reads it, and loader::Loader does so by itself)"#),
    ("license_not_text", Malformed, r#"section "version": expected a number of 4 bytes, found 5 bytes"#),
    ("map_bad_pinning", Malformed, r#"section ".maps": map "wrong": member "pinning": expected 0 (LIBBPF_PIN_NONE) or 1 (LIBBPF_PIN_BY_NAME), found 7"#),
    ("map_extra_not_a_number", Malformed, r#"section ".maps": map "wrong": member "map_extra": expected a pointer to an array or an enum (__ulong), found int"#),
    ("map_hidden", Malformed, r#"section ".maps": map "wrong": expected a global variable, found a static or hidden one"#),
    ("map_key_not_a_pointer", Malformed, r#"section ".maps": map "wrong": member "key": expected a pointer, found int"#),
    ("map_key_size_conflict", Malformed, r#"section ".maps": map "wrong": member "key": expected a type of 4 bytes, the size given, found one of 8"#),
    ("map_key_without_size", Malformed, r#"section ".maps": map "wrong": member "key": BTF type [6]: a forward declaration "unknown" has no size"#),
    ("map_no_type", Malformed, r#"section ".maps": map "wrong": it has no type (add a member: __uint(type, BPF_MAP_TYPE_…))"#),
    ("map_not_a_struct", Malformed, r#"section ".maps": map "wrong": expected a struct, found void"#),
    ("map_static", Malformed, r#"section ".maps": map "wrong": expected a global variable, found a static or hidden one"#),
    ("map_type_not_a_number", Malformed, r#"section ".maps": map "wrong": member "type": expected a pointer to an array (__uint), found int"#),
    ("map_type_pointer_to_int", Malformed, r#"section ".maps": map "wrong": member "type": expected a pointer to an array (__uint), found one to int"#),
    ("map_unknown_member", MapDefinition, r#"section ".maps": map "wrong": member "max_entires": no such member (a map has type, max_entries, map_flags, numa_node, key, key_size, value, value_size, pinning, map_extra and values)"#),
    ("map_value_size_conflict", Malformed, r#"section ".maps": map "wrong": member "value_size": expected 8, the type's size, found 4"#),
    ("pointer_in_data", NotSupportedYet, r#"section ".data": variable "pointer": not supported yet: a pointer to "target" among initial values (a program can only follow an address that its own code takes: keep an index here, or a copy)"#),
    ("static_program", Malformed, r#"section "xdp": symbol "program": a static function outside .text (leave SEC() off a subprogram, or static off a program)"#),
    ("struct_ops_anonymous", Malformed, r#"section ".struct_ops": map "wrong": expected a struct with a name, found one without"#),
    ("struct_ops_data", Malformed, r#"section ".struct_ops.link": map "wrong": member "owner": expected a pointer to a function, the only address that operations may hold"#),
    ("struct_ops_nested", Malformed, r#"section "?.struct_ops": map "wrong": a relocation at 24 of the section, where no member is"#),
    ("struct_ops_number", Malformed, r#"section ".struct_ops": map "wrong": expected a struct, found int"#),
    ("struct_ops_program", Malformed, r#"section "?.struct_ops.link": map "wrong": member "call": expected a program of section struct_ops, found "program" of section "xdp""#),
    ("struct_ops_subprogram", Malformed, r#"section ".struct_ops": map "wrong": member "call": expected a program, found "helper""#),
    ("undefined_function", Malformed, r#"section "xdp": symbol "program+8": symbol "elsewhere": it is not defined in this object (link the object that has it, or declare it __ksym or __kconfig)"#),
    ("values_not_a_map", Malformed, r#"section ".maps": map "wrong": member "values[1]": expected a map, found "variable""#),
    ("values_not_functions", Malformed, r#"section ".maps": map "wrong": member "values": expected an array of function pointers, found struct"#),
    ("values_not_last", Malformed, r#"section ".maps": map "wrong": member "values": expected it as the last member"#),
    ("values_of_hash", Malformed, r#"section ".maps": map "wrong": member "values": expected a map of type array_of_maps, hash_of_maps or prog_array, found hash (the member type goes before values)"#),
    ("values_pinned_inner", Malformed, r#"section ".maps": map "wrong": member "values": member "pinning": the map that another one holds cannot be pinned"#),
    ("values_subprogram", Malformed, r#"section ".maps": map "wrong": member "values[2]": expected a program, found "helper""#),
    ("values_two_levels", Malformed, r#"section ".maps": map "wrong": member "values": member "values": expected one level of maps in a map, found two"#),
    ("values_value_size", Malformed, r#"section ".maps": map "wrong": member "values": expected values of 4 bytes, found 8"#),
    ("values_with_length", Malformed, r#"section ".maps": map "wrong": member "values": expected an array without a length, found one of 3"#),
];

#[test]
fn every_case() {
    let cases = fixtures::refused();
    let names: Vec<_> = cases.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, EXPECTED.iter().map(|(name, ..)| *name).collect::<Vec<_>>());
    for ((name, bytes), (_, kind, text)) in cases.iter().zip(EXPECTED) {
        let file = format!("{name}.o");
        let error = bpf_skel::elf::read(bytes, &file).expect_err(name);
        assert_eq!(error.to_string(), format!("{file}: {text}"));
        assert_eq!(error.kind(), *kind, "{name}");
    }
}

#[test]
fn other_files() {
    let good = fixtures::bytes("programs", Endian::Little);
    let with = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        bytes
    };
    for (bytes, text) in [
        (Vec::new(), "x.o: not an ELF file"),
        (b"#!/bin/sh\n".to_vec(), "x.o: not an ELF file"),
        (good[..40].to_vec(), "x.o: Invalid ELF header size or alignment"),
        (with(4, 1), "x.o: expected a 64-bit ELF file, found a 32-bit one"),
        (
            with(16, 3),
            "x.o: expected a relocatable object (ELF type 1), found ELF type 3 (an object file as clang -c writes \
             it, not a linked program)",
        ),
        (
            with(18, 62),
            "x.o: expected an object for BPF (machine 247), found machine 62 (compile it with clang -target bpf)",
        ),
    ] {
        let error = bpf_skel::elf::read(&bytes, "x.o").expect_err(text);
        assert_eq!(error.to_string(), text);
        assert_eq!(error.kind(), Malformed);
    }
}

#[test]
fn a_machine_of_none_is_taken_for_bpf() {
    let mut bytes = fixtures::bytes("programs", Endian::Little);
    bytes[18..20].fill(0);
    assert_eq!(bpf_skel::elf::read(&bytes, "programs.o").unwrap(), fixtures::spec("programs"));
}

/// As libbpf does, but not without a word.
#[test]
fn pointers_are_passed_over_where_that_is_asked_for() {
    let cases = fixtures::refused();
    let (_, bytes) = cases.iter().find(|(name, _)| name == "pointer_in_data").unwrap();
    let reading = bpf_skel::elf::Reader::new().relaxed().read(bytes, "x.o").unwrap();
    let warnings: Vec<String> = reading.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [r#"variable "pointer": a pointer to "target" among initial values is not filled in"#]
    );
    assert!(reading.spec.variable("pointer").is_some());
}
