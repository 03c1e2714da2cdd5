//! Tests that need something of the machine: a tool, the kernel's BTF, a folder. What is not there makes a test
//! ignored, with the reason.

use std::error::Error;
use std::ffi::OsStr;
use std::io;
use std::process::{Command, Output};

use libtest_mimic::{Arguments, Trial};

pub use crate::machine_tests as tests;
pub use crate::outcome::{IntoOutcome, Outcome, Skip};

/// One test.
pub struct Test {
    /// Its path.
    pub name: &'static str,
    /// The test.
    pub run: fn() -> Outcome,
}

/// The tests of a module: `tests![by_index, by_name]`. A test answers nothing, or an [`Outcome`].
#[macro_export]
macro_rules! machine_tests {
    ($($name:ident),* $(,)?) => {
        pub static TESTS: &[$crate::machine::Test] = &[$( $crate::machine::Test {
            name: concat!(module_path!(), "::", stringify!($name)),
            run: || $crate::machine::IntoOutcome::into_outcome($name()),
        }, )*];
    };
}

/// Runs the tests.
pub fn run(modules: &[&'static [Test]]) -> ! {
    let args = Arguments::from_args();
    // The machine may have none mounted, and need not see what the tests pin.
    #[cfg(target_os = "linux")]
    crate::kernel::own_bpffs();
    let trials = modules.iter().copied().flatten().map(trial).collect();
    libtest_mimic::run(&args, trials).exit()
}

fn trial(test: &'static Test) -> Trial {
    // Without the binary's name.
    let name = test.name.split_once("::").map_or(test.name, |(_, name)| name);
    Trial::ignorable_test(name, || crate::outcome::completion((test.run)()))
}

/// Runs a tool to its end, which must be a good one.
///
/// # Errors
/// [`Skip`] where the machine has no such tool. A tool that fails is no reason to skip.
pub fn tool<S: AsRef<OsStr>>(name: &str, args: &[S]) -> Result<Output, Box<dyn Error>> {
    let output = tool_or_failure(name, args)?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{name}: {}\n{text}", output.status).into());
    }
    Ok(output)
}

/// Runs a tool to its end, be it a good one or not.
///
/// # Errors
/// [`Skip`] where the machine has no such tool.
pub fn tool_or_failure<S: AsRef<OsStr>>(name: &str, args: &[S]) -> Result<Output, Box<dyn Error>> {
    Command::new(name).args(args).output().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Skip(format!("needs {name}")).into(),
        _ => format!("{name}: {error}").into(),
    })
}

/// The running kernel's types.
///
/// # Errors
/// [`Skip`] where the kernel shows none.
#[cfg(target_os = "linux")]
pub fn kernel_btf() -> Result<bpf_skel::kernel_btf::KernelBtf, Box<dyn Error>> {
    use bpf_skel::{ErrorKind, kernel_btf::KernelBtf};

    KernelBtf::running().map_err(|error| match error.kind() {
        // The wording is what the kernel matrix reads.
        ErrorKind::NotSupportedByKernel => Skip("needs kernel BTF (Linux 5.4)".into()).into(),
        _ => error.into(),
    })
}
