use std::ffi::{CStr, CString};

use super::Link;
use super::create::{attach as attach_to, link_create};
use super::probe::c_string;
use super::{glob, kernel_function};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::sys::{Functions, LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, ErrorKind, Frame, Result};

/// Options of a probe in many functions of the kernel.
#[derive(Clone, Copy, Debug, Default)]
pub struct KprobeMultiOptions<'a> {
    functions: Wanted<'a>,
    cookies: &'a [u64],
}

#[derive(Clone, Copy, Debug, Default)]
enum Wanted<'a> {
    #[default]
    Section,
    Pattern(&'a str),
    Named(&'a [&'a str]),
    At(&'a [u64]),
}

impl<'a> KprobeMultiOptions<'a> {
    /// As the section says.
    pub fn new() -> Self {
        Self::default()
    }

    /// All functions whose name fits, in place of the section's: `*` stands for any characters, `?` for one.
    pub fn pattern(mut self, pattern: &'a str) -> Self {
        self.functions = Wanted::Pattern(pattern);
        self
    }

    /// The functions with these names, in place of the section's.
    #[doc(alias = "syms")]
    pub fn functions(mut self, names: &'a [&'a str]) -> Self {
        self.functions = Wanted::Named(names);
        self
    }

    /// The functions at these addresses, in place of the section's.
    #[doc(alias = "addrs")]
    pub fn addresses(mut self, addresses: &'a [u64]) -> Self {
        self.functions = Wanted::At(addresses);
        self
    }

    /// What `bpf_get_attach_cookie()` answers in each of the functions given by name or address, in their order.
    pub fn cookies(mut self, cookies: &'a [u64]) -> Self {
        self.cookies = cookies;
        self
    }
}

macro_rules! kprobe_multi {
    ($( $kind:ident, $since:literal, $what:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = concat!($what, " Linux ", $since, ".")]
            ///
            /// A pattern is looked up among the functions that tracefs says can be traced.
            ///
            /// # Errors
            ///
            /// [`NotFound`](ErrorKind::NotFound): no function fits, or one of those named is not there;
            /// [`NotSupportedByKernel`](ErrorKind::NotSupportedByKernel): the kernel is older, or was built without
            /// `CONFIG_FPROBE`.
            #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_kprobe_multi_opts"))]
            pub fn attach(&self) -> Result<Link> {
                self.attach_with(KprobeMultiOptions::new())
            }

            /// As [`attach`](Self::attach), with options.
            ///
            /// # Errors
            ///
            /// As `attach`; [`InvalidInput`](ErrorKind::InvalidInput): not as many cookies as functions.
            pub fn attach_with(&self, options: KprobeMultiOptions<'_>) -> Result<Link> {
                attach(self.handle(), &options)
            }
        }
    )* };
}

kprobe_multi! {
    KprobeMulti, "5.18", "Attaches to the entry of many functions of the kernel at once, as its section says: `kprobe.multi/vfs_*`.";
    KretprobeMulti, "5.18", "Attaches to the return of many functions of the kernel at once, as its section says: `kretprobe.multi/vfs_*`.";
    KprobeSession, "6.10", "Attaches to entry and return of many functions of the kernel at once, as its section says: `kprobe.session/vfs_*`. Where it answers 1 on entry, it does not run on that call's return.";
}

pub(super) fn attach(program: &Handle, options: &KprobeMultiOptions<'_>) -> Result<Link> {
    let about = program.about();
    let functions = match (options.functions, &about.target) {
        (Wanted::Section, Some(pattern)) => Wanted::Pattern(pattern),
        (given, _) => given,
    };
    let kind = match about.kind {
        K::KretprobeMulti => "kretprobe.multi",
        K::KprobeSession => "kprobe.session",
        _ => "kprobe.multi",
    };
    let target = || match functions {
        Wanted::Section => kind.to_owned(),
        Wanted::Pattern(pattern) => format!("{kind} {pattern:?}"),
        Wanted::Named([one]) => format!("{kind} {one:?}"),
        Wanted::Named(many) => format!("{kind} of {} functions", many.len()),
        Wanted::At(many) => format!("{kind} at {} addresses", many.len()),
    };
    attach_to(program, &[K::KprobeMulti], target, |fd| {
        const RETURN: u32 = 1;
        let (attach_type, flags, since) = match about.kind {
            K::KprobeSession => (AttachType::TRACE_KPROBE_SESSION, 0, (6, 10)),
            K::KretprobeMulti => (AttachType::TRACE_KPROBE_MULTI, RETURN, (5, 18)),
            _ => (AttachType::TRACE_KPROBE_MULTI, 0, (5, 18)),
        };
        let create = |functions: Functions<'_>| {
            let options = LinkOptions::KprobeMulti { flags, functions, cookies: options.cookies };
            link_create(program, fd, Target::None, attach_type, 0, options, since).map(Link::bpf)
        };
        let by_name = |names: &[&str]| {
            check_cookies(options.cookies, names.len())?;
            let strings: Vec<CString> =
                names.iter().map(|name| c_string(name)).collect::<Result<_>>()?;
            let strings: Vec<&CStr> = strings.iter().map(CString::as_c_str).collect();
            create(Functions::Named(&strings)).map_err(|error| explain(error, names))
        };
        match functions {
            Wanted::Section => Err(Error::invalid_input("the section names no function")),
            // One name is all that the kernel has to look up.
            Wanted::Pattern(name) if !glob::is_pattern(name) => by_name(&[name]),
            Wanted::Pattern(pattern) => {
                if !options.cookies.is_empty() {
                    return Err(Error::invalid_input(
                        "cookies go with functions by name or address: a pattern has no order",
                    ));
                }
                create(Functions::At(&kernel_function::matching(pattern)?))
            }
            Wanted::Named(names) => by_name(names),
            Wanted::At(addresses) => {
                check_cookies(options.cookies, addresses.len())?;
                create(Functions::At(addresses))
            }
        }
    })
}

pub(super) fn check_cookies(cookies: &[u64], targets: usize) -> Result<()> {
    if cookies.is_empty() || cookies.len() == targets {
        return Ok(());
    }
    Err(Error::invalid_input(format!("expected {targets} cookies, found {}", cookies.len())))
}

/// The kernel does not say which of the functions it means.
fn explain(error: Error, names: &[&str]) -> Error {
    if !matches!(error.raw_os_error(), Some(libc::ESRCH | libc::ENOENT | libc::EINVAL))
        || error.kind() == ErrorKind::NotSupportedByKernel
    {
        return error;
    }
    match (kernel_function::untraceable(names), error.raw_os_error()) {
        (Ok(Some((name, why))), Some(number)) => {
            why.with_raw_os_error(number).within(Frame::Symbol(name))
        }
        _ => error,
    }
}
