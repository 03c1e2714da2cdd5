//! C from BTF, compiled by clang to BTF again: the same sizes, offsets, members and values for every type.

mod compare;

use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bpf_skel::btf::{Btf, BtfBuilder, IntEncoding, Member};
use bpf_skel::elf;
use bpf_skel::spec::Endian;
use bpf_skel_build::CHeader;
use bpf_skel_tests::fixtures;
use bpf_skel_tests::machine::{Outcome, Skip, tests, tool};
use compare::{Named, Types};

use crate::layouts;

tests![
    every_type_of_the_running_kernel,
    every_type_of_other_kernels,
    a_module_over_its_kernel,
    every_type_of_the_fixtures,
    layouts_that_are_hard,
    layouts_that_are_drawn,
    a_type_alone,
    in_every_c_of_clang,
    words_of_c23,
    words_of_clang,
    what_no_c_of_64_bits_gave,
];

const LAYOUTS: &str = include_str!("layouts.c");

/// Where the kernel matrix leaves the BTF of its kernels.
fn matrix() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../.cache/vm")
}

/// What clang makes of the header and a source after it, with -Wall -Wextra -Werror.
fn compile(header: &str, source: &str, flags: &[&str]) -> Result<Vec<u8>, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name);
    fs::write(file("types.h"), header)?;
    fs::write(file("types.c"), format!("#include \"types.h\"\n{source}"))?;
    let (c, o) = (file("types.c"), file("types.o"));
    let mut args: Vec<&OsStr> = ["-g", "-O2", "-Wall", "-Wextra", "-Werror"].map(OsStr::new).into();
    args.extend(flags.iter().map(OsStr::new));
    args.extend([OsStr::new("-c"), c.as_os_str(), OsStr::new("-o"), o.as_os_str()]);
    tool("clang-19", &args)?;
    Ok(fs::read(o)?)
}

/// How many types are compiled together: clang takes a time in the square of the names in BTF.
const AT_ONCE: usize = 1_500;

/// Compiles the header with a pointer to every type of a name, and compares what clang says of it. Answers how many
/// types were compared.
fn round_trip(btf: &Btf<'_>, header: &CHeader<'_>) -> Result<usize, Box<dyn Error>> {
    let target = if btf.endian() == Endian::Little { "bpfel" } else { "bpfeb" };
    let text = header.to_c()?;
    assert!(!text.contains("as bytes:") && !text.contains('…'), "a type is not written");
    let types = Types::new(btf);
    let mut count = 0;
    for named in types.named().chunks(AT_ONCE) {
        let mut source = String::new();
        for (number, Named { id, c }) in named.iter().enumerate() {
            let _ = writeln!(source, "{c} *pointer_{number}; /* [{id}] */");
        }
        let object = compile(&text, &source, &["-target", target])?;
        let (section, endian) = elf::btf(&object)?;
        let compiled = Btf::parse(section, endian)?;
        count += compare::each(named, &types, &Types::new(&compiled))?;
    }
    Ok(count)
}

fn every_type_of_the_running_kernel() -> Outcome {
    bpf_skel_tests::machine::kernel_btf()?;
    let bytes = fs::read("/sys/kernel/btf/vmlinux")?;
    let btf = Btf::parse(&bytes, Endian::NATIVE)?;
    let count = round_trip(&btf, &CHeader::vmlinux(&btf))?;
    println!("{count} of {} types compared: the running kernel", btf.len());
    assert!(count > 5_000, "{count}");
    Ok(())
}

fn every_type_of_other_kernels() -> Outcome {
    let mut kernels = 0;
    for release in ["5.10", "7.2"] {
        let Ok(bytes) = fs::read(matrix().join(release).join("btf/vmlinux")) else { continue };
        let btf = Btf::parse(&bytes, Endian::Little)?;
        let count =
            round_trip(&btf, &CHeader::vmlinux(&btf)).map_err(|e| format!("{release}: {e}"))?;
        println!("{count} of {} types compared: Linux {release}", btf.len());
        assert!(count > 5_000, "{release}: {count}");
        kernels += 1;
    }
    match kernels {
        0 => Err(Skip("needs the kernels' BTF: cargo run -p bpf-skel-vm -- btf 6.1".into()).into()),
        _ => Ok(()),
    }
}

fn a_module_over_its_kernel() -> Outcome {
    let files =
        ["vmlinux", "nf_conntrack"].map(|name| fs::read(matrix().join("6.12/btf").join(name)));
    let [Ok(kernel), Ok(module)] = files else {
        return Err(Skip(
            "needs a module's BTF: cargo run -p bpf-skel-vm -- btf 6.12 nf_conntrack".into(),
        )
        .into());
    };
    let kernel = Btf::parse(&kernel, Endian::Little)?;
    let module = Btf::parse_split(&kernel, &module, Endian::Little)?;
    let whole = CHeader::vmlinux(&module).to_c()?;
    assert!(whole.contains("\nstruct nf_conntrack_net {") && whole.contains("\nstruct bpf_prog {"));
    compile(&whole, "struct nf_conntrack_net *net;", &["-target", "bpf"])?;
    // By itself it takes of the kernel's only what it needs.
    let text = CHeader::new(&module).to_c()?;
    assert!(text.contains("\nstruct nf_conntrack_net {") && !text.contains("\nstruct bpf_prog {"));
    compile(&text, "", &["-target", "bpf"])?;
    Ok(())
}

fn every_type_of_the_fixtures() -> Outcome {
    let with_types = |name: &String| !fixtures::spec(name).btf.is_empty();
    for name in fixtures::names().into_iter().filter(with_types) {
        for endian in [Endian::Little, Endian::Big] {
            let object = fixtures::bytes(&name, endian);
            let (section, _) = elf::btf(&object)?;
            let btf = Btf::parse(section, endian)?;
            round_trip(&btf, &CHeader::new(&btf)).map_err(|e| format!("{name}, {endian}: {e}"))?;
        }
    }
    Ok(())
}

/// The C is, byte for byte, what is committed: `BLESS=1` writes it.
fn layouts_that_are_hard() -> Outcome {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/machine/c_from_btf/layouts.h");
    for (target, endian) in [("bpfel", Endian::Little), ("bpfeb", Endian::Big)] {
        let object = compile("", LAYOUTS, &["-target", target])?;
        let (section, _) = elf::btf(&object)?;
        let btf = Btf::parse(section, endian)?;
        round_trip(&btf, &CHeader::new(&btf)).map_err(|e| format!("{endian}: {e}"))?;
        let text = CHeader::new(&btf).to_c()?;
        if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
            fs::write(&golden, &text)?;
        }
        assert!(text == fs::read_to_string(&golden)?, "{}: it differs", golden.display());
    }
    Ok(())
}

fn layouts_that_are_drawn() -> Outcome {
    for (seed, source) in layouts::sources() {
        let object = compile("", &source, &["-target", "bpf", "-w"])?;
        let (section, endian) = elf::btf(&object)?;
        let btf = Btf::parse(section, endian)?;
        round_trip(&btf, &CHeader::new(&btf)).map_err(|e| format!("BPF_SKEL_SEED={seed}: {e}"))?;
    }
    Ok(())
}

fn a_type_alone() -> Outcome {
    bpf_skel_tests::machine::kernel_btf()?;
    let bytes = fs::read("/sys/kernel/btf/vmlinux")?;
    let btf = Btf::parse(&bytes, Endian::NATIVE)?;
    let text = CHeader::vmlinux(&btf).types(["list_head"]).to_c()?;
    let body = text.split("#endif\n").nth(1).unwrap_or_default();
    let body = body.split("#ifndef").next().unwrap_or_default().trim();
    assert_eq!(
        body,
        "struct list_head {\n\tstruct list_head *next;\n\tstruct list_head *prev;\n};"
    );

    let text = CHeader::vmlinux(&btf).types(["task_struct", "pt_regs"]).to_c()?;
    assert!(text.len() < 1 << 19, "{} bytes", text.len());
    let source = r#"
        __attribute__((section("raw_tp/x"))) int x(struct task_struct *task) { return task->pid; }
        struct pt_regs *regs;
    "#;
    let object = compile(&text, source, &["-target", "bpf"])?;
    let spec = bpf_skel::elf::read(&object, "x.o")?;
    assert_eq!(spec.programs[0].core_relocations.len(), 1, "its members are relocatable");

    let error = CHeader::vmlinux(&btf).types(["no_such_type"]).to_c().expect_err("no such type");
    assert!(error.to_string().contains(r#"no type "no_such_type""#), "{error}");
    Ok(())
}

/// C23 has words that kernels define, and <stdbool.h> has macros of that name.
fn in_every_c_of_clang() -> Outcome {
    bpf_skel_tests::machine::kernel_btf()?;
    let bytes = fs::read("/sys/kernel/btf/vmlinux")?;
    let btf = Btf::parse(&bytes, Endian::NATIVE)?;
    let text = CHeader::vmlinux(&btf).to_c()?;
    for standard in ["-std=gnu89", "-std=gnu11", "-std=gnu17", "-std=gnu2x"] {
        compile(&text, "bool yes = true;", &["-target", "bpf", standard, "-Wno-pre-c23-compat"])?;
    }
    let with_stdbool = format!("#include <stdbool.h>\n{text}");
    compile(&with_stdbool, "bool yes = true;", &["-target", "bpf"])?;
    Ok(())
}

/// As tags, typedefs and enumerators, beside those that every kernel has.
fn words_of_c23() -> Outcome {
    let sources = [
        "struct nullptr { int alignas; }; union constexpr { struct nullptr a; }; enum thread_local { static_assert, alignof };
         typedef struct nullptr typeof_unqual; typedef int nullptr; enum named { false, true = 5, other };
         struct all { union constexpr a; enum thread_local b; typeof_unqual c; nullptr d; enum named e; } all;",
        "typedef _Bool bool; enum { false, true }; struct bool { bool a; }; typedef enum { alignas } constexpr;
         struct all { struct bool a; int b : sizeof(bool[2]); constexpr c; } all; int constant = true;",
        "typedef unsigned char bool; enum { false, true, unknown }; struct all { bool a; } all; int constant = unknown;",
    ];
    for source in sources {
        let object = compile("", source, &["-target", "bpf", "-w", "-std=gnu17"])?;
        let (section, endian) = elf::btf(&object)?;
        let btf = Btf::parse(section, endian)?;
        round_trip(&btf, &CHeader::new(&btf))?;
        let text = CHeader::vmlinux(&btf).to_c()?;
        for standard in ["-std=gnu89", "-std=gnu17", "-std=gnu23"] {
            compile(
                &text,
                "struct all all;",
                &["-target", "bpf", standard, "-Wno-pre-c23-compat"],
            )?;
        }
        let headers = format!("#include <stdbool.h>\n#include <stdalign.h>\n{text}");
        compile(&headers, "struct all all; bool yes = true;", &["-target", "bpf"])?;
    }
    Ok(())
}

/// As members, tags and typedefs, each in a header of its own kind.
fn words_of_clang() -> Outcome {
    const WORDS: &str = "
    _Decimal128 _Decimal32 _Decimal64 _ExtInt _Nonnull _Null_unspecified _Nullable _Nullable_result __FUNCTION__
    __PRETTY_FUNCTION__ __alignof __asm __attribute __bf16 __builtin_COLUMN __builtin_FILE __builtin_FILE_NAME
    __builtin_FUNCTION __builtin_LINE __builtin_available __builtin_bit_cast __builtin_choose_expr
    __builtin_convertvector __builtin_offsetof __builtin_omp_required_simd_align
    __builtin_ptrauth_type_discriminator __builtin_types_compatible_p __builtin_va_arg __builtin_vectorelements
    __cdecl __complex __complex__ __const__ __fastcall __fp16 __func__ __ibm128 __imag __imag__ __is_target_arch
    __is_target_environment __is_target_os __is_target_variant_environment __is_target_variant_os
    __is_target_vendor __objc_no __objc_yes __pascal __private_extern__ __real __real__ __regcall __restrict__
    __signed __signed__ __stdcall __thiscall __typeof __typeof_unqual __typeof_unqual__ __vectorcall __volatile
    ";
    for kind in ["member", "tag", "typedef"] {
        let mut b = BtfBuilder::new(Endian::Little);
        let int = b.int("int", 4, IntEncoding::SIGNED);
        for (word, at) in WORDS.split_whitespace().zip(0_u32..) {
            let name = format!("named_{at}");
            let (name, inside) = if kind == "member" { (&*name, word) } else { (word, "x") };
            let x = Member { name: inside, ty: int, bit_offset: 0, bitfield_size: None };
            match kind {
                "typedef" => b.typedef(name, int),
                _ => b.struct_(name, 4, &[x]),
            };
        }
        let bytes = b.finish();
        let btf = Btf::parse(&bytes, Endian::Little)?;
        let text = CHeader::vmlinux(&btf).to_c()?;
        compile(&text, "", &["-target", "bpf"]).map_err(|e| format!("{kind}: {e}"))?;
    }
    Ok(())
}

/// Types of a 32-bit kernel, and what only damaged BTF has.
fn what_no_c_of_64_bits_gave() -> Outcome {
    let member =
        |name, ty, byte: u32| Member { name, ty, bit_offset: 8 * byte, bitfield_size: None };
    let mut b = BtfBuilder::new(Endian::Little);
    let long = b.int("long unsigned int", 4, IntEncoding::UNSIGNED);
    let int = b.int("int", 4, IntEncoding::SIGNED);
    let yes = b.int("_Bool", 1, IntEncoding::BOOL);
    let tag = b.type_tag("a \"b\"\n\t\x07", int);
    let pointer = b.ptr(tag);
    let members = [member("p", pointer, 0), member("l", long, 4), member("bool", yes, 8)];
    let narrow = b.struct_("narrow", 12, &members);
    b.decl_tag("line\nline", narrow, None);
    b.decl_tag("\x01", narrow, Some(1));
    b.struct_("holder", 40, &[member("one", narrow, 0), member("nullptr", long, 24)]);
    b.struct_("twice", 8, &[member("x", int, 0), member("x", int, 4)]);
    let array = b.array(int, int, 3);
    let proto = b.func_proto(array, &[]);
    let function = b.ptr(proto);
    let nameless = b.typedef("", int);
    let empty = b.enum_("", 4, false, &[("", 1)]);
    b.struct_("returns", 4, &[member("x", function, 0)]);
    b.struct_("nameless", 4, &[member("x", nameless, 0)]);
    b.struct_("empty", 4, &[member("x", empty, 0)]);
    b.enum64("wide", 4, true, &[("", 1), ("WIDE", 1 << 40 | 5)]);
    let odd = b.int("odd", 9, IntEncoding::UNSIGNED);
    b.struct_("bits", 9, &[Member { bitfield_size: Some(3), ..member("x", odd, 0) }]);
    let bytes = b.finish();
    let btf = Btf::parse(&bytes, Endian::Little)?;
    let text = CHeader::vmlinux(&btf).to_c()?;
    let source = r#"
        struct holder *holder; struct twice *twice; struct returns *returns; enum wide *wide; struct bits *bits;
        __attribute__((section("raw_tp/x"))) int x(struct narrow *it) { return it->l; }
    "#;
    for standard in ["-std=gnu17", "-std=c23"] {
        let flags =
            ["-target", "bpf", standard, "-Wno-pre-c23-compat", "-Wno-microsoft-fixed-enum"];
        let object = compile(&text, source, &flags)?;
        let spec = elf::read(&object, "x.o")?;
        assert_eq!(spec.programs[0].core_relocations.len(), 1, "its members are relocatable");
    }
    compile(&format!("#include <stdbool.h>\n{text}"), source, &["-target", "bpf"])?;
    Ok(())
}
