//! Boots Debian's kernels under QEMU (software emulation) and runs the kernel tests, or any statically linked
//! program, on each. See `README.md` beside it.

mod console;
mod cpio;
mod image;
mod kernels;
mod libtest;
mod machine;
mod matrix;
mod modules;
mod payload;
mod programs;
mod table;
mod verdict;

use std::error::Error;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::image::{Extra, Job};
use crate::machine::Limits;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Puts what was worked on in front of an error.
fn context<E: Display>(what: &dyn Display) -> impl FnOnce(E) -> Box<dyn Error + Send + Sync> {
    move |error| format!("{what}: {error}").into()
}

/// Runs programs on Debian's kernels under QEMU.
#[derive(Parser)]
#[command(name = "bpf-skel-vm")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run test binaries on each kernel and print the matrix.
    Test {
        #[command(flatten)]
        options: Options,
        /// A static program, judged by its tests if it is a test binary, else by its status; may be given more than
        /// once. Where none is given the workspace's kernel tests are built.
        #[arg(long)]
        program: Vec<PathBuf>,
        /// Arguments of the programs, such as a filter.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Run one static program on one kernel; its output and exit status are relayed.
    Exec {
        #[command(flatten)]
        options: Options,
        program: PathBuf,
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Take the BTF out of a kernel, or of one of its modules, without booting it; prints the file's path.
    Btf {
        /// Such as 6.1.
        kernel: String,
        /// Such as nf_conntrack.
        module: Option<String>,
    },
    /// Fetch kernels into the cache.
    Fetch {
        /// Such as 6.1; all where none is given.
        kernels: Vec<String>,
    },
}

#[derive(Args)]
struct Options {
    /// Such as 6.1; may be given more than once. All where none is given.
    #[arg(long)]
    kernel: Vec<String>,
    /// A file or folder that the guest gets too, at the same absolute path or at GUEST.
    #[arg(long, value_name = "HOST[:GUEST]", value_parser = parse_extra)]
    file: Vec<Extra>,
    /// Seconds until the first job must have begun, else the guest is started again.
    #[arg(long, default_value_t = 120)]
    boot_limit: u64,
    /// Seconds without a line of output after which a program counts as hung.
    #[arg(long, default_value_t = 180)]
    silence_limit: u64,
    /// Seconds that a program may take.
    #[arg(long, default_value_t = 1200)]
    job_limit: u64,
}

impl Options {
    fn limits(&self) -> Limits {
        Limits {
            boot: Duration::from_secs(self.boot_limit),
            silence: Duration::from_secs(self.silence_limit),
            job: Duration::from_secs(self.job_limit),
        }
    }
}

fn parse_extra(text: &str) -> std::result::Result<Extra, String> {
    let (host, guest) = text.split_once(':').unwrap_or((text, ""));
    let host = fs::canonicalize(host).map_err(|error| format!("{host}: {error}"))?;
    let guest = match guest {
        "" => host.to_string_lossy().into_owned(),
        guest if guest.starts_with('/') => guest.to_owned(),
        guest => return Err(format!("{guest}: not an absolute path")),
    };
    Ok(Extra { host, guest })
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("vm: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<ExitCode> {
    let root = root()?;
    match task {
        Task::Test { options, program, arguments } => {
            let selected = kernels::select(&options.kernel)?;
            let (programs, arguments) = match program.is_empty() {
                true => (programs::build(&root)?, programs::arguments(&arguments)),
                false => (program, arguments),
            };
            let jobs: Vec<_> = programs
                .into_iter()
                .map(|program| Job { program, arguments: arguments.clone() })
                .collect();
            matrix::test(&root, &selected, &jobs, &options.file, options.limits())
        }
        Task::Exec { options, program, arguments } => {
            let [kernel] = options.kernel.as_slice() else {
                return Err("exec wants exactly one --kernel".into());
            };
            let job = Job { program, arguments };
            let kernel = kernels::find(kernel)?;
            matrix::exec(&root, kernel, job, &options.file, options.limits())
        }
        Task::Btf { kernel, module } => {
            println!("{}", extract_btf(&root, &kernel, module.as_deref())?.display());
            Ok(ExitCode::SUCCESS)
        }
        Task::Fetch { kernels } => {
            for kernel in kernels::select(&kernels)? {
                println!("{}", kernels::fetch(&root, kernel)?.release);
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The top of the workspace.
fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.ancestors().nth(2).ok_or("no workspace")?.to_owned())
}

fn extract_btf(root: &Path, kernel: &str, module: Option<&str>) -> Result<PathBuf> {
    let files = kernels::fetch(root, kernels::find(kernel)?)?;
    let path = files.cache.join("btf").join(module.unwrap_or("vmlinux"));
    if path.is_file() {
        return Ok(path);
    }
    let btf = match module {
        None => {
            let image = fs::read(&files.vmlinuz).map_err(context(&files.vmlinuz.display()))?;
            let elf = payload::vmlinux(&image).map_err(context(&files.vmlinuz.display()))?;
            payload::btf(&elf).map_err(context(&files.vmlinuz.display()))?
        }
        Some(name) => payload::btf(&modules::one(&files, name)?.bytes)
            .map_err(context(&format!("{}: module {name}", files.release)))?,
    };
    fs::create_dir_all(files.cache.join("btf"))?;
    // Whoever reads it at the same time sees all of it or nothing.
    let partial = path.with_extension(format!("partial-{}", std::process::id()));
    fs::write(&partial, btf).map_err(context(&partial.display()))?;
    fs::rename(&partial, &path).map_err(context(&path.display()))?;
    Ok(path)
}
