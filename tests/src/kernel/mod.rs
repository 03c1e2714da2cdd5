//! Tests that load into the running kernel: a world of their own for them to run in, what they need of the kernel, and
//! what they must not leave behind.

mod child;
mod delegation;
mod leak;
mod need;
mod net;
mod object;
mod pins;
mod sandbox;

use libtest_mimic::{Arguments, Completion, Trial};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::outcome::completion;

pub use crate::outcome::{IntoOutcome, Outcome, Skip};
pub use crate::{kernel_fixture as fixture, kernel_object as object, kernel_tests as tests};
pub use child::{Job, child, run_child};
pub use delegation::{delegate, enter_user_namespace, mount_delegated};
pub use leak::Snapshot;
pub use need::{Need, config, dated, is_root, kernel_is, needs};
pub use net::{Veth, add_receive_ring, ping_loopback, reuseport_sockets, socket, socket_cookie};
pub use object::{Counting, counting, load, software_event, spec, summing_cookies};
pub use pins::{BPFFS, PinDirectory};
pub(crate) use sandbox::own_bpffs;
pub use sandbox::{Cgroup, without_tracefs};

/// One kernel test.
pub struct Test {
    /// Its path.
    pub name: &'static str,
    /// What it cannot do without, apart from root.
    pub needs: &'static [&'static Need],
    /// The test.
    pub run: fn() -> Outcome,
}

/// The tests of a module: `tests![by_index, by_name]`, or with needs `tests! { []: by_index, by_name; [TRACEFS]: other; }`.
/// A test answers nothing, or an [`Outcome`].
#[macro_export]
macro_rules! kernel_tests {
    ($( $needs:tt : $($name:ident),+ $(,)? ; )+) => {
        pub static TESTS: &[$crate::kernel::Test] = &[$( $( $crate::kernel::Test {
            name: concat!(module_path!(), "::", stringify!($name)),
            needs: &$needs,
            run: || $crate::kernel::IntoOutcome::into_outcome($name()),
        }, )+ )+];
    };
    ($($name:ident),* $(,)?) => {
        $crate::kernel_tests! { []: $($name),*; }
    };
}

/// The bytes of a fixture's object of the target's byte order, which are part of the test: guests have no files of ours.
#[macro_export]
macro_rules! kernel_object {
    ($name:literal) => {{
        #[cfg(target_endian = "little")]
        const OBJECT: &[u8] =
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/", $name, "-el.o"));
        #[cfg(target_endian = "big")]
        const OBJECT: &[u8] =
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/", $name, "-eb.o"));
        OBJECT
    }};
}

/// The spec of a fixture, whose object is part of the test.
#[macro_export]
macro_rules! kernel_fixture {
    ($name:literal) => {
        bpf_skel::elf::read($crate::kernel_object!($name), $name).expect("a fixture is an object")
    };
}

/// Runs the tests one after the other, in a mount and a network namespace of their own.
pub fn run(modules: &[&'static [Test]]) -> ! {
    let mut args = Arguments::from_args();
    // On the main thread: namespaces and leaks are of the process.
    args.test_threads = Some(1);
    if !args.list && need::is_root() {
        sandbox::enter();
    }
    let trials = modules.iter().copied().flatten().map(trial).collect();
    libtest_mimic::run(&args, trials).exit()
}

fn trial(test: &'static Test) -> Trial {
    let name = test.name.strip_prefix("kernel::").unwrap_or(test.name);
    Trial::ignorable_test(name, move || {
        if !need::is_root() {
            return Ok(Completion::ignored_with("needs root"));
        }
        if let Some(reason) = test.needs.iter().find_map(|need| need.missing()) {
            return Ok(Completion::ignored_with(reason));
        }
        let before = Snapshot::take();
        // The panic's message is on standard error already.
        let outcome = catch_unwind(AssertUnwindSafe(test.run)).map_err(|_| "panicked")?;
        let completion = completion(outcome)?;
        before.check()?;
        Ok(completion)
    })
}
