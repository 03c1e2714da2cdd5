//! BTF as compilers and kernels write it: it passes the checks, and writing what was read gives the same types.

use std::error::Error;
use std::ffi::OsStr;
use std::path::Path;

use bpf_skel::btf::{Btf, BtfBuilder, BtfExt, Kind};
use bpf_skel::spec::Endian;
use bpf_skel_tests::machine::{Outcome, tests, tool};

#[cfg(target_os = "linux")]
tests![objects_of_both_byte_orders, the_running_kernel];
#[cfg(not(target_os = "linux"))]
tests![objects_of_both_byte_orders];

const SOURCE: &str = r#"
#define SEC(name) __attribute__((section(name), used))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
typedef unsigned int u32;
typedef unsigned long long u64;
enum small { NEG = -1, POS = 1 };
enum large { HUGE = 0xffffffffffffffffULL };
struct inner { char c; _Bool b; __int128 wide; int grid[2][3]; double d; };
struct __attribute__((packed)) tight { char c; u64 at_one; };
union pick { u32 word; struct { u32 low : 3, high : 29; }; };
struct node { struct node *next; int (*call)(struct node *, ...); const volatile char *restrict_me; };
struct all { struct inner i; struct tight t; union pick p; struct node n; enum small s; enum large l; } tags;
struct task_struct { int pid; } __attribute__((preserve_access_index));
struct { __uint(type, 1); __uint(max_entries, 8); __type(key, u32); __type(value, struct inner); } map SEC(".maps");
volatile const int limit SEC(".rodata") = 3;
static volatile int hidden;
int tagged __attribute__((btf_decl_tag("hello")));
int __attribute__((btf_type_tag("user"))) *marked;
char LICENSE[] SEC("license") = "GPL";
extern int absent(int) __attribute__((weak, section(".ksyms")));
__attribute__((noinline)) static int helper(struct task_struct *task) { return task->pid + hidden; }
SEC("raw_tp/sched_switch") int prog(struct task_struct *task) {
    return helper(task) + limit + tags.s + (absent ? absent(1) : 0) + tagged + (marked != 0);
}
"#;

fn dump(btf: &Btf<'_>) -> Vec<String> {
    btf.types().map(|(id, ty)| format!("{id} {ty:?}")).collect()
}

fn round_trip(btf: &Btf<'_>) {
    let before = dump(btf);
    for endian in [Endian::Little, Endian::Big] {
        let bytes = BtfBuilder::from_btf(btf, endian).finish();
        let again = Btf::parse(&bytes, endian).expect("what is written can be read");
        assert!(before == dump(&again), "{endian}: types differ");
        assert_eq!(btf.string_bytes(1), again.string_bytes(1), "strings stay where they are");
    }
}

/// The sections `.BTF` and `.BTF.ext` of the source above.
fn compile(target: &str, folder: &Path) -> Result<[Vec<u8>; 2], Box<dyn Error>> {
    let file = |name: &str| folder.join(format!("{target}.{name}"));
    let (source, object) = (file("c"), file("o"));
    std::fs::write(&source, SOURCE)?;
    let target = format!("--target={target}");
    let mut args = [&target, "-g", "-O2", "-mcpu=v3", "-c", "-o"].map(OsStr::new).to_vec();
    args.extend([object.as_os_str(), source.as_os_str()]);
    tool("clang-19", &args)?;
    let section = |name: &str| -> Result<Vec<u8>, Box<dyn Error>> {
        let out = file(&name[1..]);
        let dump = format!("--dump-section={name}={}", out.display());
        tool("llvm-objcopy-19", &[dump.as_ref(), object.as_os_str(), "/dev/null".as_ref()])?;
        Ok(std::fs::read(out)?)
    };
    Ok([section(".BTF")?, section(".BTF.ext")?])
}

fn objects_of_both_byte_orders() -> Outcome {
    let folder = tempfile::tempdir()?;
    let mut dumps = Vec::new();
    for (target, endian) in [("bpfel", Endian::Little), ("bpfeb", Endian::Big)] {
        let [btf, ext] = compile(target, folder.path())?;
        let btf = Btf::parse(&btf, endian).expect("the compiler's BTF is valid");
        round_trip(&btf);
        let (id, inner) = btf.find_struct("inner").expect("struct inner");
        assert_eq!((btf.size_of(id).ok(), btf.align_of(id).ok()), (Some(64), Some(16)));
        let grid = inner.members().find(|member| member.name == "grid").expect("grid");
        assert_eq!(btf.size_of(grid.ty).ok(), Some(24));
        let (id, _) = btf.find_struct("tight").expect("struct tight");
        assert_eq!((btf.size_of(id).ok(), btf.align_of(id).ok()), (Some(9), Some(1)));
        assert!(btf.find("large", |kind| matches!(kind, Kind::Enum64(_))).is_some());
        assert!(btf.find_datasec(".maps").is_some() && btf.find_datasec(".rodata").is_some());

        let ext = BtfExt::parse(&ext, endian).expect("the compiler's BTF.ext is valid");
        let section = |offset| btf.string(offset).expect("a section has a name");
        let funcs: Vec<_> = ext
            .func_info()
            .flat_map(|info| info.records().map(move |f| (section(info.section_name_off), f)))
            .map(|(section, info)| (section, btf.type_by_id(info.type_id).expect("a type").name))
            .collect();
        assert!(funcs.contains(&("raw_tp/sched_switch", "prog")), "{funcs:?}");
        let relos: Vec<_> = ext.core_relos().flat_map(|info| info.records()).collect();
        assert_eq!(relos.len(), 1);
        assert_eq!(btf.string(relos[0].access_str_off), Some("0:0"));
        let lines: Vec<_> = ext.line_info().flat_map(|info| info.records()).collect();
        assert!(lines.iter().any(|at| {
            at.line != 0 && btf.string(at.line_off).is_some_and(|l| l.contains("return helper"))
        }));
        dumps.push(dump(&btf));
    }
    assert_eq!(dumps[0], dumps[1], "the types do not depend on the byte order");
    Ok(())
}

#[cfg(target_os = "linux")]
fn the_running_kernel() -> Outcome {
    bpf_skel_tests::machine::kernel_btf()?;
    let bytes = std::fs::read("/sys/kernel/btf/vmlinux")?;
    let btf = Btf::parse(&bytes, Endian::NATIVE).expect("the kernel's BTF passes the checks");
    for (id, ty) in btf.types() {
        if matches!(ty.kind, Kind::Struct(_) | Kind::Union(_)) {
            let size = btf.size_of(id).expect("a struct has a size");
            let align = btf.align_of(id).expect("a struct has an alignment");
            assert!(size.is_multiple_of(align), "[{id}] {}: {size} and {align}", ty.name);
        }
    }
    round_trip(&btf);
    Ok(())
}
