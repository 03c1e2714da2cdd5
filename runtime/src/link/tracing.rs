//! Programs whose target the kernel knows since they were loaded: BPF trampolines, BTF tracepoints, LSM hooks.

use super::Link;
use super::create::{attach as attach_to, failed, heeded, link_create};
use crate::feature::Feature;
use crate::program::{About, Handle, Kind, Program, kind, program_btf};
use crate::section_name::AttachKind as K;
use crate::sys::{self, LinkOptions, Target};
use crate::token::LazyToken;
use crate::uapi::AttachType;
use crate::{Error, Result};

/// Options of fentry and relatives, tp_btf and LSM programs.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingOptions {
    cookie: u64,
}

impl TracingOptions {
    /// None set.
    pub fn new() -> Self {
        Self::default()
    }

    /// What `bpf_get_attach_cookie()` answers (Linux 6.0; for tp_btf 6.10).
    pub fn cookie(mut self, cookie: u64) -> Self {
        self.cookie = cookie;
        self
    }
}

macro_rules! tracing {
    ($( $kind:ident, $since:literal, $what:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = concat!($what, " What that is, was settled when the program was loaded. Linux ", $since, ".")]
            ///
            /// # Errors
            ///
            /// EBUSY: it is attached already; EPERM: a policy of the kernel refuses.
            #[doc(alias("BPF_RAW_TRACEPOINT_OPEN", "BPF_LINK_CREATE"))]
            pub fn attach(&self) -> Result<Link> {
                self.attach_with(TracingOptions::new())
            }

            /// As [`attach`](Self::attach), with options.
            ///
            /// # Errors
            ///
            /// As `attach`; [`NotSupportedByKernel`](crate::ErrorKind::NotSupportedByKernel) where the kernel knows no
            /// cookies here.
            pub fn attach_with(&self, options: TracingOptions) -> Result<Link> {
                attach(self.handle(), &options)
            }
        }
    )* };
}

tracing! {
    TpBtf, "5.5", "Attaches to a tracepoint whose arguments are typed by BTF.";
    Fentry, "5.5", "Attaches to the entry of a kernel function.";
    Fexit, "5.5", "Attaches to the return of a kernel function, with its arguments and result.";
    FmodRet, "5.7", "Attaches to a function that allows its result to be changed.";
    Fsession, "7.0", "Attaches to entry and return of a kernel function.";
    Lsm, "5.7", "Attaches to a hook of the Linux security modules; `bpf` must be in the kernel's `lsm=` list.";
    Freplace, "5.6", "Replaces a global function of another BPF program.";
}

impl Program<kind::Freplace> {
    /// Replaces a function of another program than the one it was loaded for, if it has the same type. Linux 5.10.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound): the other program has no such function; EBUSY: it is replaced already.
    #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_freplace"))]
    pub fn attach_to<T: Kind>(&self, target: &Program<T>, function: &str) -> Result<Link> {
        let name = || format!("freplace {function:?} of program {:?}", target.name());
        attach_to(self.handle(), &[K::Freplace], name, |fd| {
            let target = target.handle().loaded()?;
            let target_btf_id = program_btf::function(target, function, &LazyToken::new(None))?;
            let options = LinkOptions::Tracing { target_btf_id, cookie: 0 };
            let none = AttachType::default();
            link_create(self.handle(), fd, Target::Fd(target), none, 0, options, (5, 10))
                .map(Link::bpf)
        })
    }
}

const KINDS: &[K] = &[K::TpBtf, K::Lsm, K::Freplace];

pub(super) fn attach(program: &Handle, options: &TracingOptions) -> Result<Link> {
    attach_to(
        program,
        KINDS,
        || target(program.about()),
        |fd| {
            if options.cookie == 0 {
                // Older than BPF_LINK_CREATE for tracing, and makes the same link.
                return sys::raw_tracepoint_open(None, fd, 0)
                    .map(Link::bpf)
                    .map_err(|error| failed("BPF_RAW_TRACEPOINT_OPEN", error, program, (5, 5)));
            }
            let attach_type = attach_type(program.about())?;
            let (feature, since) = match attach_type {
                AttachType::TRACE_RAW_TP => (Feature::RawTracepointCookie, (6, 10)),
                _ => (Feature::TracingCookie, (6, 0)),
            };
            heeded(feature)?;
            let cookie = LinkOptions::Tracing { target_btf_id: 0, cookie: options.cookie };
            link_create(program, fd, Target::None, attach_type, 0, cookie, since).map(Link::bpf)
        },
    )
}

fn target(about: &About) -> String {
    let kind = match about.kind {
        K::TpBtf => "tp_btf",
        K::Fentry => "fentry",
        K::Fexit => "fexit",
        K::FmodRet => "fmod_ret",
        K::Fsession => "fsession",
        K::Lsm => "lsm",
        K::Freplace => "freplace",
        _ => "what it was loaded for",
    };
    match &about.target {
        Some(target) => format!("{kind} {target:?}"),
        None => kind.to_owned(),
    }
}

/// What the link call wants to hear again; a program by descriptor has it by its kind.
fn attach_type(about: &About) -> Result<AttachType> {
    if about.attach_type != AttachType::default() {
        return Ok(about.attach_type);
    }
    match about.kind {
        K::TpBtf => Ok(AttachType::TRACE_RAW_TP),
        K::Fentry => Ok(AttachType::TRACE_FENTRY),
        K::Fexit => Ok(AttachType::TRACE_FEXIT),
        K::FmodRet => Ok(AttachType::MODIFY_RETURN),
        K::Fsession => Ok(AttachType::TRACE_FSESSION),
        K::Lsm => Ok(AttachType::LSM_MAC),
        _ => Err(Error::invalid_input("a cookie needs the program's kind, which is not known")),
    }
}
