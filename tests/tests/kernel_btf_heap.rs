//! The kernel's types cost little memory: no allocation a type, and none of the order of the BTF itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use bpf_skel::btf::BtfKind;
use bpf_skel::kernel_btf::Wanted;
use bpf_skel_tests::machine::kernel_btf;
use bpf_skel_tests::outcome::{Outcome, completion};
use libtest_mimic::{Arguments, Trial};

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

fn the_pass_needs_less_than_300_kib() -> Outcome {
    let wanted = [
        Wanted::core("task_struct", BtfKind::Struct),
        Wanted::function("vfs_read"),
        Wanted::tracepoint("sched_switch"),
    ];
    let (count, now) = (COUNT.load(Relaxed), NOW.load(Relaxed));
    PEAK.store(now, Relaxed);
    let kernel = kernel_btf()?;
    let opened = PEAK.load(Relaxed) - now;
    let found = kernel.find_all(&wanted)?;
    let (peak, count) = (PEAK.load(Relaxed) - now, COUNT.load(Relaxed) - count);
    assert!(!found.is_empty());
    // Before Linux 6.16 the BTF cannot be mapped: it is in memory itself.
    let itself = if opened > 1 << 20 { opened } else { 0 };
    assert!(peak - itself < 300 << 10, "{peak} bytes, {itself} of them the BTF itself");
    assert!(count < 32, "{count} allocations");
    Ok(())
}

fn main() {
    let mut args = Arguments::from_args();
    // On the main thread, with no other: the counters are the process's.
    args.test_threads = Some(1);
    let pass = || completion(the_pass_needs_less_than_300_kib());
    let trial = Trial::ignorable_test("the_pass_needs_less_than_300_kib", pass);
    libtest_mimic::run(&args, vec![trial]).exit();
}
