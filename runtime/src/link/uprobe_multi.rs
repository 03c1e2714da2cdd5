use std::path::Path;

use super::Link;
use super::binary::{self, Image};
use super::create::{attach as attach_to, link_create};
use super::glob;
use super::probe::{Process, c_string};
use super::uprobe::{find, split_section};
use crate::error::Within;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::sys::{LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, ErrorKind, Frame, Result};

/// Options of a probe in many functions of a program or library.
#[derive(Clone, Copy, Debug, Default)]
pub struct UprobeMultiOptions<'a> {
    binary: Option<&'a Path>,
    places: Wanted<'a>,
    ref_ctr_offsets: &'a [u64],
    cookies: &'a [u64],
    process: Process,
}

#[derive(Clone, Copy, Debug, Default)]
enum Wanted<'a> {
    #[default]
    Section,
    Pattern(&'a str),
    Named(&'a [&'a str]),
    At(&'a [u64]),
}

impl<'a> UprobeMultiOptions<'a> {
    /// As the section says, in every process.
    pub fn new() -> Self {
        Self::default()
    }

    /// The program or library, in place of the section's. One without a slash is looked for: a library (`libc.so.6`) in
    /// `LD_LIBRARY_PATH` and the system's directories, anything else in `PATH`.
    pub fn binary(mut self, path: &'a (impl AsRef<Path> + ?Sized)) -> Self {
        self.binary = Some(path.as_ref());
        self
    }

    /// All functions whose name fits, in place of the section's: `*` stands for any characters, `?` for one.
    pub fn pattern(mut self, pattern: &'a str) -> Self {
        self.places = Wanted::Pattern(pattern);
        self
    }

    /// The functions with these names, in place of the section's.
    #[doc(alias = "syms")]
    pub fn functions(mut self, names: &'a [&'a str]) -> Self {
        self.places = Wanted::Named(names);
        self
    }

    /// The instructions at these places in the file, in place of the section's functions.
    pub fn offsets(mut self, offsets: &'a [u64]) -> Self {
        self.places = Wanted::At(offsets);
        self
    }

    /// For each of the functions or offsets, in their order, where in the file a counter is that the kernel keeps of those
    /// who listen.
    pub fn ref_ctr_offsets(mut self, offsets: &'a [u64]) -> Self {
        self.ref_ctr_offsets = offsets;
        self
    }

    /// What `bpf_get_attach_cookie()` answers in each of the functions or at each of the offsets, in their order.
    pub fn cookies(mut self, cookies: &'a [u64]) -> Self {
        self.cookies = cookies;
        self
    }

    /// Only in this process; 0 is the caller's own.
    #[doc(alias = "pid")]
    pub fn process(mut self, pid: u32) -> Self {
        self.process = Process::Id(pid);
        self
    }
}

macro_rules! uprobe_multi {
    ($( $kind:ident, $since:literal, $what:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = concat!($what, " In every process that runs the file. Linux ", $since, ".")]
            ///
            /// A pattern is looked up among all functions of the file, or where it was stripped, among those that
            /// it exports; one with several names counts once.
            ///
            /// # Errors
            ///
            /// [`NotFound`](ErrorKind::NotFound): no such file, or no function of it fits;
            /// [`NotSupportedByKernel`](ErrorKind::NotSupportedByKernel): the kernel is older.
            #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_uprobe_multi"))]
            pub fn attach(&self) -> Result<Link> {
                self.attach_with(UprobeMultiOptions::new())
            }

            /// As [`attach`](Self::attach), with options.
            ///
            /// # Errors
            ///
            /// As `attach`; [`InvalidInput`](ErrorKind::InvalidInput): not as many cookies or counters as functions.
            pub fn attach_with(&self, options: UprobeMultiOptions<'_>) -> Result<Link> {
                attach(self.handle(), &options)
            }
        }
    )* };
}

uprobe_multi! {
    UprobeMulti, "6.6", "Attaches to the entry of many functions of a program or library, as its section says: `uprobe.multi/libc.so.6:str*`.";
    UretprobeMulti, "6.6", "Attaches to the return of many functions of a program or library, as its section says: `uretprobe.multi/libc.so.6:str*`.";
    UprobeSession, "6.13", "Attaches to entry and return of many functions of a program or library, as its section says: `uprobe.session/libc.so.6:str*`. Where it answers 1 on entry, it does not run on that call's return.";
}

pub(super) fn attach(program: &Handle, options: &UprobeMultiOptions<'_>) -> Result<Link> {
    let about = program.about();
    let (section_binary, section_pattern) = split_section(about.target.as_deref());
    let binary = options.binary.or(section_binary);
    let places = match (options.places, section_pattern) {
        (Wanted::Section, Some(pattern)) => Wanted::Pattern(pattern),
        (given, _) => given,
    };
    let kind = match about.kind {
        K::UretprobeMulti => "uretprobe.multi",
        K::UprobeSession => "uprobe.session",
        _ => "uprobe.multi",
    };
    let target = || {
        let binary = binary.map(|binary| binary.display().to_string()).unwrap_or_default();
        match places {
            Wanted::Section => format!("{kind} {binary}"),
            Wanted::Pattern(pattern) => format!("{kind} {binary}:{pattern}"),
            Wanted::Named([one]) => format!("{kind} {binary}:{one}"),
            Wanted::Named(many) => format!("{kind} {binary}, {} functions", many.len()),
            Wanted::At(many) => format!("{kind} {binary}, {} places", many.len()),
        }
    };
    attach_to(program, &[K::UprobeMulti], target, |fd| {
        const RETURN: u32 = 1;
        let (attach_type, flags, since) = match about.kind {
            K::UprobeSession => (AttachType::TRACE_UPROBE_SESSION, 0, (6, 13)),
            K::UretprobeMulti => (AttachType::TRACE_UPROBE_MULTI, RETURN, (6, 6)),
            _ => (AttachType::TRACE_UPROBE_MULTI, 0, (6, 6)),
        };
        let binary = find(binary)?;
        let found =
            in_file(&binary, places).within(|| Frame::Path(binary.display().to_string()))?;
        for (what, given) in [("cookies", options.cookies), ("counters", options.ref_ctr_offsets)] {
            if matches!(places, Wanted::Pattern(name) if glob::is_pattern(name))
                && !given.is_empty()
            {
                return Err(Error::invalid_input(format!(
                    "{what} go with functions by name or offset: a pattern has no order"
                )));
            }
            if !given.is_empty() && given.len() != found.len() {
                let (expected, found) = (found.len(), given.len());
                return Err(Error::invalid_input(format!(
                    "expected {expected} {what}, found {found}"
                )));
            }
        }
        let path =
            binary.to_str().ok_or_else(|| Error::invalid_input("the file's name is not UTF-8"))?;
        let pid = match options.process {
            Process::Any => 0,
            Process::Id(0) => std::process::id(),
            Process::Id(pid) => pid,
        };
        let options = LinkOptions::UprobeMulti {
            flags,
            path: &c_string(path)?,
            offsets: &found,
            ref_ctr_offsets: options.ref_ctr_offsets,
            cookies: options.cookies,
            pid,
        };
        link_create(program, fd, Target::None, attach_type, 0, options, since)
            .map(Link::bpf)
            .map_err(explain)
    })
}

fn in_file(binary: &Path, places: Wanted<'_>) -> Result<Vec<u64>> {
    let image = || Image::open(binary);
    match places {
        Wanted::Section => Err(Error::invalid_input("the section names no function: PATH:PATTERN")),
        Wanted::Pattern(pattern) if glob::is_pattern(pattern) => {
            binary::functions(&image()?, pattern)
        }
        Wanted::Pattern(name) => Ok(vec![binary::function(&image()?, name)?]),
        Wanted::Named(names) => {
            let image = image()?;
            let one = |name: &&str| {
                binary::function(&image, name).within(|| Frame::Symbol((*name).to_owned()))
            };
            names.iter().map(one).collect()
        }
        Wanted::At(offsets) => Ok(offsets.to_vec()),
    }
}

fn explain(error: Error) -> Error {
    match error.raw_os_error() {
        Some(libc::ESRCH) => error.with_hint("there is no such process"),
        Some(libc::EINVAL | libc::EIO) if error.kind() != ErrorKind::NotSupportedByKernel => error
            .with_hint(
                "the file must be a regular one, and each offset in it where an instruction begins",
            ),
        _ => error,
    }
}
