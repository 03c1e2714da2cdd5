//! The kernel's types cost little memory: no allocation a type, and none of the order of the BTF itself.
#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "a counting allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bpf_skel::btf::BtfKind;
use bpf_skel::kernel_btf::{KernelBtf, Wanted};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is handed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Relaxed);
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: as the caller vouches.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as the caller vouches.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn the_pass_needs_less_than_300_kib() {
    let wanted = [
        Wanted::core("task_struct", BtfKind::Struct),
        Wanted::function("vfs_read"),
        Wanted::tracepoint("sched_switch"),
    ];
    let (count, now) = (COUNT.load(Relaxed), NOW.load(Relaxed));
    PEAK.store(now, Relaxed);
    let kernel = match KernelBtf::shared() {
        Ok(kernel) => kernel,
        Err(error) => return println!("skipped: {error}"),
    };
    let opened = PEAK.load(Relaxed) - now;
    let found = kernel.find_all(&wanted).expect("the kernel's BTF is readable");
    let (peak, count) = (PEAK.load(Relaxed) - now, COUNT.load(Relaxed) - count);
    assert!(!found.is_empty());
    println!("{peak} bytes at most, {opened} of them the BTF itself, {count} allocations");
    if opened > 1 << 20 {
        println!("skipped in part: this kernel's BTF cannot be mapped (Linux 6.16)");
    }
    let itself = if opened > 1 << 20 { opened } else { 0 };
    assert!(peak - itself < 300 << 10, "{peak} bytes");
    assert!(count < 32, "{count} allocations");
}
