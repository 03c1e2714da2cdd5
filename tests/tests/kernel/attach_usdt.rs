//! USDT probes: two places in this program have one of the same name, and values of every sort.

use std::arch::global_asm;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicU16, Ordering};

use bpf_skel::link::{Link, UsdtOptions};
use bpf_skel::map::{Array, Hash};
use bpf_skel::program::{Program, kind};
use bpf_skel::{ErrorKind, Object, OpenObject, Result};
use bpf_skel_tests::kernel::needs::{PERF_LINK, UPROBE};
use bpf_skel_tests::kernel::{counting, fixture, kernel_is};

bpf_skel_tests::kernel::tests! {
    [UPROBE]: of_this_process, both_places, semaphore, semaphore_of_a_page_mapped_twice, places_are_given_back, all_places_taken, missing, no_maps, not_named,
        any_process_or_explained;
    [UPROBE, PERF_LINK]: as_the_section_says, by_itself;
}

// As `<sys/sdt.h>` leaves them. The first function takes its values as C does: edi, rsi, rdx, rcx, r8.
global_asm!(
    r#"
    .macro bpf_skel_probe name, semaphore, values
990:    nop
    .pushsection .note.stapsdt, "", "note"
    .balign 4
    .4byte 992f - 991f, 994f - 993f, 3
991:    .asciz "stapsdt"
992:    .balign 4
993:    .8byte 990b, _.stapsdt.base, \semaphore
    .asciz "bpf_skel"
    .asciz "\name"
    .asciz "\values"
994:    .balign 4
    .popsection
    .endm

    .pushsection .stapsdt.base, "aG", "progbits", .stapsdt.base, comdat
    .weak _.stapsdt.base
    .hidden _.stapsdt.base
_.stapsdt.base: .space 1
    .size _.stapsdt.base, 1
    .popsection

    .pushsection .probes, "aw", "progbits"
    .globl bpf_skel_semaphore
bpf_skel_semaphore: .zero 2
    .popsection

    .pushsection .text
    .globl bpf_skel_fire
    .type bpf_skel_fire, @function
bpf_skel_fire:
    bpf_skel_probe fire, bpf_skel_semaphore, "-4@%edi 8@%rsi -2@6(%rdx) -4@$-9 8@8(%rcx,%r8,8) 1@%dil"
    ret
    .globl bpf_skel_fire_again
    .type bpf_skel_fire_again, @function
bpf_skel_fire_again:
    bpf_skel_probe fire, bpf_skel_semaphore, "8@%rsi"
    bpf_skel_probe other, 0, ""
    ret
    .popsection
    .purgem bpf_skel_probe
"#
);

unsafe extern "C" {
    static bpf_skel_semaphore: AtomicU16;
    safe fn bpf_skel_fire(a: i32, b: u64, c: &[i16; 4], d: &[u64; 4], e: u64);
    safe fn bpf_skel_fire_again(a: i32, b: u64);
}

fn fire() {
    bpf_skel_fire(-2, 1 << 40, &[0, 0, 0, -3], &[10, 11, 12, 13], 2);
}

struct Loaded(Object);

/// What the program saw: how often it ran, then of its last run how many values there were, the cookie, and the values.
type Seen = [u64; 15];

impl Loaded {
    fn new() -> Self {
        Self(OpenObject::new(fixture!("usdt")).load().unwrap())
    }

    fn program(&self) -> Program<kind::Usdt> {
        self.0.programs()[0].try_clone().and_then(Program::try_into_kind).unwrap()
    }

    /// Of this process, as every kernel can.
    fn attach(&self) -> Result<Link> {
        self.program().attach_with(UsdtOptions::new().process(0).cookie(77))
    }

    fn seen(&self) -> Seen {
        let bss = self.0.map(".bss").unwrap().try_clone().unwrap();
        Array::<Seen>::try_from(bss).unwrap().get(0).unwrap()
    }

    fn hits_during(&self, f: impl FnOnce()) -> u64 {
        let before = self.seen()[0];
        f();
        self.seen()[0] - before
    }

    /// How many places are found by their address.
    fn addresses(&self) -> usize {
        let map = self.0.map("__bpf_usdt_ip_to_spec_id").unwrap().try_clone().unwrap();
        Hash::<u64, u32>::try_from(map).unwrap().iter().count()
    }
}

const VALUES: [u64; 6] = [-2_i64 as u64, 1 << 40, -3_i64 as u64, -9_i64 as u64, 13, 0xfe];

fn of_this_process() {
    let loaded = Loaded::new();
    let link = loaded.attach().unwrap();
    assert_eq!(loaded.hits_during(fire), 1);
    let [_, count, cookie, values @ ..] = loaded.seen();
    assert_eq!((count, cookie, &values[..6]), (6, 77, &VALUES[..]));
    assert_eq!(loaded.addresses(), if kernel_is(5, 15) { 0 } else { 2 });
    drop(link);
    assert_eq!(loaded.hits_during(fire), 0);
    assert_eq!(loaded.addresses(), 0);
}

fn both_places() {
    let loaded = Loaded::new();
    let _link = loaded.attach().unwrap();
    assert_eq!(loaded.hits_during(|| bpf_skel_fire_again(0, 5)), 1);
    let [_, count, _, first, second, ..] = loaded.seen();
    assert_eq!((count, first, second), (1, 5, 0));
}

fn as_the_section_says() {
    let loaded = Loaded::new();
    let _link = loaded.program().attach().unwrap();
    assert_eq!(loaded.hits_during(fire), 1);
    assert_eq!(loaded.seen()[3..9], VALUES);
}

fn by_itself() {
    let loaded = Loaded::new();
    let links = loaded.0.attach().unwrap();
    assert_eq!(links.len(), 1);
    assert_eq!(loaded.hits_during(fire), 1);
    let error = links.get("on_fire").unwrap().info().unwrap_err();
    assert!(error.to_string().contains("a USDT attachment is no BPF link"), "{error}");
}

fn semaphore_now() -> usize {
    // SAFETY: the symbol is two bytes in a section that can be written; the kernel adds to it.
    unsafe { bpf_skel_semaphore.load(Ordering::Relaxed) }.into()
}

fn semaphore() {
    let loaded = Loaded::new();
    assert_eq!(semaphore_now(), 0);
    let link = loaded.attach().unwrap();
    assert_eq!(semaphore_now(), breakpoints());
    drop(link);
    assert_eq!(semaphore_now(), 0);
}

/// The kernel counts breakpoints, not places, and sets one wherever a place's page of the file is mapped privately and
/// not writable, executable or not (`valid_vma` in `kernel/events/uprobes.c`). A page that holds the end of one segment
/// and the beginning of another is mapped for both: a place in it counts twice, by how the linker laid out the file.
fn semaphore_of_a_page_mapped_twice() {
    let loaded = Loaded::new();
    let before = breakpoints();
    let page = PageOfTheFile::map();
    assert_eq!(breakpoints(), before + 2);
    let link = loaded.attach().unwrap();
    assert_eq!(semaphore_now(), before + 2);
    // A page that is unmapped with breakpoints in it takes its counts along.
    drop(link);
    assert_eq!(semaphore_now(), 0);
    drop(page);
}

/// A mapping of this program's file, as `/proc/self/maps` has it.
struct Segment {
    addresses: Range<u64>,
    permissions: String,
    offset: u64,
    file: String,
}

fn segments() -> Vec<Segment> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let segment = |line: &str| {
        let mut fields = line.split_whitespace();
        let (begin, end) = fields.next()?.split_once('-')?;
        let number = |text| u64::from_str_radix(text, 16).unwrap();
        let (permissions, offset) = (fields.next()?.to_owned(), number(fields.next()?));
        let file = fields.nth(2)?.to_owned();
        Some(Segment { addresses: number(begin)..number(end), permissions, offset, file })
    };
    maps.lines().filter_map(segment).collect()
}

/// Both places of `fire`, by where they are in the file.
fn places() -> [(String, u64); 2] {
    let segments = segments();
    [bpf_skel_fire as *const () as u64, bpf_skel_fire_again as *const () as u64].map(|address| {
        let code = segments.iter().find(|one| one.addresses.contains(&address)).unwrap();
        (code.file.clone(), address - code.addresses.start + code.offset)
    })
}

/// How many the kernel sets for both places.
fn breakpoints() -> usize {
    let segments = segments();
    let places = places();
    let of = |(file, offset): &(String, u64)| {
        let holds = |one: &&Segment| {
            let size = one.addresses.end - one.addresses.start;
            let here = one.file == *file && (one.offset..one.offset + size).contains(offset);
            here && !one.permissions.contains('w') && one.permissions.ends_with('p')
        };
        segments.iter().filter(holds).count()
    };
    places.iter().map(of).sum()
}

/// Two pages of this program's file, to be read, from that of the first place on.
struct PageOfTheFile(*mut libc::c_void);

impl PageOfTheFile {
    const LENGTH: usize = 2 * 4096;

    fn map() -> Self {
        let file = std::fs::File::open("/proc/self/exe").unwrap();
        let offset = places()[0].1 & !4095;
        // SAFETY: a new mapping, which nobody knows.
        let at = unsafe {
            let (reads, private) = (libc::PROT_READ, libc::MAP_PRIVATE);
            let offset = offset.try_into().unwrap();
            libc::mmap(std::ptr::null_mut(), Self::LENGTH, reads, private, file.as_raw_fd(), offset)
        };
        assert_ne!(at, libc::MAP_FAILED, "{}", std::io::Error::last_os_error());
        Self(at)
    }
}

impl Drop for PageOfTheFile {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own.
        assert_eq!(unsafe { libc::munmap(self.0, Self::LENGTH) }, 0);
    }
}

/// There are four, and two kinds of places take two.
fn places_are_given_back() {
    let loaded = Loaded::new();
    for _ in 0..5 {
        drop(loaded.attach().unwrap());
    }
    let _link = loaded.attach().unwrap();
    assert_eq!(loaded.hits_during(fire), 1);
}

fn all_places_taken() {
    let loaded = Loaded::new();
    let program = loaded.program();
    let options = UsdtOptions::new().process(0);
    let _one = program.attach_with(options).unwrap();
    let other = || program.attach_with(options.probe("bpf_skel", "other"));
    let _two = other().unwrap();
    if kernel_is(5, 15) {
        let _three = other().unwrap();
        let error = other().unwrap_err();
        assert!(error.to_string().contains("all 4 places for USDT probes are taken"), "{error}");
    } else {
        let error = other().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AlreadyExists);
        assert!(error.to_string().contains("a program of this object is attached at"), "{error}");
    }
}

fn missing() {
    let loaded = Loaded::new();
    let program = loaded.program();
    let at =
        |provider, name| program.attach_with(UsdtOptions::new().probe(provider, name)).unwrap_err();
    let error = at("bpf_skel", "fine");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        r#"program "on_fire": attach to usdt /proc/self/exe:bpf_skel:fine: /proc/self/exe: the file has no such USDT probe (there is bpf_skel:fire)"#
    );
}

fn no_maps() {
    let counting = counting("usdt//proc/self/exe:bpf_skel:fire", 0).unwrap();
    let error = counting.program().attach().unwrap_err();
    assert!(error.to_string().ends_with("include <bpf/usdt.bpf.h>"), "{error}");
}

fn not_named() {
    for section in ["usdt", "usdt//proc/self/exe", "usdt//proc/self/exe:bpf_skel"] {
        let counting = counting(section, 0).unwrap();
        let error = counting.program().attach().unwrap_err();
        assert!(error.to_string().contains("the section names no probe"), "{error}");
    }
}

fn any_process_or_explained() {
    let loaded = Loaded::new();
    match loaded.program().attach() {
        Ok(_) => assert!(kernel_is(5, 15)),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
            let expected = "needs attach cookies, Linux 5.15; this kernel is ";
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!kernel_is(5, 15));
        }
    }
    assert_eq!(loaded.addresses(), 0);
}
