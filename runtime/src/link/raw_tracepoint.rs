use std::ffi::CString;

use super::Link;
use super::create::{attach as attach_to, failed};
use crate::feature::{self, Feature};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::{Error, ErrorKind, Result, sys};

/// Options of a raw tracepoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct RawTracepointOptions<'a> {
    target: Option<&'a str>,
    cookie: u64,
}

impl<'a> RawTracepointOptions<'a> {
    /// As the section says.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tracepoint, in place of the section's: `sched_process_exec`.
    pub fn target(mut self, name: &'a str) -> Self {
        self.target = Some(name);
        self
    }

    /// What `bpf_get_attach_cookie()` answers (Linux 6.10).
    pub fn cookie(mut self, cookie: u64) -> Self {
        self.cookie = cookie;
        self
    }
}

impl Program<kind::RawTracepoint> {
    /// Attaches to the raw tracepoint that its section names: `raw_tp/sched_process_exec`. The program sees the
    /// tracepoint's own arguments. Linux 4.17.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound): the kernel has no such tracepoint.
    #[doc(alias("BPF_RAW_TRACEPOINT_OPEN", "bpf_program__attach_raw_tracepoint"))]
    pub fn attach(&self) -> Result<Link> {
        self.attach_with(RawTracepointOptions::new())
    }

    /// As [`attach`](Self::attach), with options.
    ///
    /// # Errors
    ///
    /// As `attach`; EINVAL where the kernel knows no cookies here.
    pub fn attach_with(&self, options: RawTracepointOptions<'_>) -> Result<Link> {
        attach(self.handle(), &options)
    }
}

pub(super) fn attach(program: &Handle, options: &RawTracepointOptions<'_>) -> Result<Link> {
    let name = options.target.or(program.about().target.as_deref());
    let target = || format!("raw tracepoint {:?}", name.unwrap_or_default());
    attach_to(program, &[AttachKind::RawTracepoint], target, |fd| {
        let name = name.ok_or_else(|| Error::invalid_input("the section names no tracepoint"))?;
        let name = CString::new(name)
            .map_err(|_| Error::invalid_input("a tracepoint's name holds no NUL byte"))?;
        let link = sys::raw_tracepoint_open(Some(&name), fd, options.cookie);
        link.map(Link::bpf).map_err(|error| {
            let since = if options.cookie == 0 { (4, 17) } else { (6, 10) };
            let missing = error.raw_os_error() == Some(libc::ENOENT);
            let error = failed("BPF_RAW_TRACEPOINT_OPEN", error, program, since);
            let too_old = error.kind() == ErrorKind::NotSupportedByKernel;
            if too_old && let Some(why) = feature::why_absent([Feature::RawTracepointCookie]) {
                error.because_absent(why)
            } else if missing {
                error.with_hint("this kernel has no such tracepoint, or its module is not loaded")
            } else {
                error
            }
        })
    })
}
