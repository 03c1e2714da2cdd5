use std::io;
use std::os::fd::BorrowedFd;

use super::Link;
use super::create::attach as attach_to;
use super::kernel_function::{self, Known};
use super::perf_event::link_event;
use super::probe::{Probe, Process, Sort, c_string, refused, split_offset};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::{Error, ErrorKind, Result};

/// Options of a kprobe.
#[derive(Clone, Copy, Debug, Default)]
pub struct KprobeOptions<'a> {
    function: Option<&'a str>,
    offset: u64,
    cookie: u64,
}

impl<'a> KprobeOptions<'a> {
    /// As the section says.
    pub fn new() -> Self {
        Self::default()
    }

    /// The kernel's function, in place of the section's: `do_nanosleep`, or `module:function`.
    pub fn function(mut self, name: &'a str) -> Self {
        self.function = Some(name);
        self
    }

    /// How many bytes behind the beginning of a function that is given here; not for a kretprobe. It must be where an
    /// instruction begins.
    pub fn offset(mut self, bytes: u64) -> Self {
        self.offset = bytes;
        self
    }

    /// What `bpf_get_attach_cookie()` answers (Linux 5.15).
    pub fn cookie(mut self, cookie: u64) -> Self {
        self.cookie = cookie;
        self
    }
}

macro_rules! kprobe {
    ($( $kind:ident, $what:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = $what]
            /// Linux 4.17; a BPF link since 5.15.
            ///
            /// # Errors
            ///
            /// [`NotFound`](ErrorKind::NotFound): the kernel has no such function (names close to it are listed);
            /// [`InvalidInput`](ErrorKind::InvalidInput): it takes no kprobes.
            #[doc(alias("perf_event_open", "bpf_program__attach_kprobe"))]
            pub fn attach(&self) -> Result<Link> {
                self.attach_with(KprobeOptions::new())
            }

            /// As [`attach`](Self::attach), with options.
            ///
            /// # Errors
            ///
            /// As `attach`; [`NotSupportedByKernel`](ErrorKind::NotSupportedByKernel) where the kernel knows no
            /// cookies.
            #[doc(alias = "bpf_program__attach_kprobe_opts")]
            pub fn attach_with(&self, options: KprobeOptions<'_>) -> Result<Link> {
                attach(self.handle(), &options)
            }
        }
    )* };
}

kprobe! {
    Kprobe, "Attaches to an instruction of the kernel, as its section says: `kprobe/do_nanosleep`, `kprobe/do_nanosleep+8`.";
    Kretprobe, "Attaches to where a function of the kernel returns, as its section says: `kretprobe/do_nanosleep`.";
}

pub(super) fn attach(program: &Handle, options: &KprobeOptions<'_>) -> Result<Link> {
    let on_return = program.about().kind == K::Kretprobe;
    let section = program.about().target.as_deref();
    let named = options.function.or(section).unwrap_or_default();
    let target = || match (on_return, options.offset) {
        (true, _) => format!("kretprobe {named:?}"),
        (false, 0) => format!("kprobe {named:?}"),
        (false, offset) => format!("kprobe {named:?}+{offset}"),
    };
    attach_to(program, &[K::Kprobe], target, |fd| {
        let (function, offset) = match options.function {
            Some(function) => (function, options.offset),
            None if options.offset != 0 => {
                return Err(Error::invalid_input("an offset goes with a function"));
            }
            None => split_offset(section.unwrap_or_default())?,
        };
        if function.is_empty() {
            return Err(Error::invalid_input("the section names no function"));
        }
        attach_function(program, fd, function, offset, on_return, options.cookie)
    })
}

/// A probe in a function of this name.
pub(super) fn attach_function(
    program: &Handle,
    fd: BorrowedFd<'_>,
    function: &str,
    offset: u64,
    on_return: bool,
    cookie: u64,
) -> Result<Link> {
    if on_return && offset != 0 {
        return Err(Error::invalid_input("a probe of a function's return has no offset"));
    }
    let probe = Probe {
        sort: Sort::Kprobe,
        name: &c_string(function)?,
        offset,
        on_return,
        ref_ctr_offset: 0,
        process: Process::Any,
    };
    let event = probe.open()?.map_err(|error| explain(error, function, offset))?;
    link_event(program, fd, event, cookie)
}

/// The kernel has few numbers for many reasons.
fn explain(error: io::Error, function: &str, offset: u64) -> Error {
    let number = error.raw_os_error();
    let error = refused(error);
    let looked_for = matches!(
        number,
        Some(libc::ENOENT | libc::EINVAL | libc::EADDRNOTAVAIL | libc::EILSEQ | libc::EOPNOTSUPP)
    );
    if !looked_for {
        return error;
    }
    match (kernel_function::look_up(function), number) {
        (Ok(Known::Missing(near)), Some(number)) => {
            kernel_function::missing(near).with_raw_os_error(number)
        }
        (Ok(Known::Blacklisted), _) => error
            .with_kind(ErrorKind::InvalidInput)
            .with_hint("this function is on the kernel's list of those that take no kprobes"),
        (Ok(Known::There(2..)), Some(libc::EADDRNOTAVAIL)) => {
            error.with_kind(ErrorKind::InvalidInput).with_hint(
                "the kernel has several functions of this name, and takes none of them by it",
            )
        }
        (_, Some(libc::EILSEQ | libc::EINVAL)) if offset != 0 => error
            .with_kind(ErrorKind::InvalidInput)
            .with_hint("no instruction of this function begins at the offset"),
        _ => error,
    }
}
