//! Counts what a load costs, whoever makes it: this program's own `syscall` and `malloc` stand before the C library's,
//! for Rust and for the C that is linked in.

use std::ffi::{c_int, c_long, c_void};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

static CALLS: AtomicU64 = AtomicU64::new(0);
static NANOS: AtomicU64 = AtomicU64::new(0);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

/// What was counted so far.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Calls of bpf(2).
    pub calls: u64,
    /// Nanoseconds in them. Of calls at the same time, each counts.
    pub nanos: u64,
    /// Calls of malloc, calloc and realloc.
    pub allocations: u64,
}

impl Counts {
    pub fn now() -> Self {
        Self {
            calls: CALLS.load(Relaxed),
            nanos: NANOS.load(Relaxed),
            allocations: ALLOCATIONS.load(Relaxed),
        }
    }

    pub fn since(self, before: Self) -> Self {
        Self {
            calls: self.calls - before.calls,
            nanos: self.nanos - before.nanos,
            allocations: self.allocations - before.allocations,
        }
    }
}

/// `syscall(2)` for everyone in this program.
///
/// # Safety
/// As the system call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    let start = Instant::now();
    let result: c_long;
    // SAFETY: as the caller vouches; the instruction changes nothing but these registers and memory.
    unsafe {
        std::arch::asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d, in("r8") e, in("r9") f,
            lateout("rcx") _, lateout("r11") _,
        );
    }
    if number == libc::SYS_bpf {
        CALLS.fetch_add(1, Relaxed);
        NANOS.fetch_add(start.elapsed().as_nanos() as u64, Relaxed);
    }
    if result >= 0 {
        return result;
    }
    // SAFETY: errno is this thread's own.
    unsafe { *libc::__errno_location() = -result as c_int };
    -1
}

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(at: *mut c_void, size: usize) -> *mut c_void;
}

/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
    ALLOCATIONS.fetch_add(1, Relaxed);
    // SAFETY: as the caller vouches.
    unsafe { __libc_malloc(size) }
}

/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
    ALLOCATIONS.fetch_add(1, Relaxed);
    // SAFETY: as the caller vouches.
    unsafe { __libc_calloc(count, size) }
}

/// # Safety
/// As in C.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn realloc(at: *mut c_void, size: usize) -> *mut c_void {
    ALLOCATIONS.fetch_add(1, Relaxed);
    // SAFETY: as the caller vouches.
    unsafe { __libc_realloc(at, size) }
}
