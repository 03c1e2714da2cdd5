use super::Link;
use super::create::attach as attach_to;
use super::perf_event::{link_event, open_event};
use super::tracefs;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::sys::PerfEventAttr;
use crate::{Error, Frame, Result};

/// Options of a tracepoint.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracepointOptions<'a> {
    target: Option<&'a str>,
    cookie: u64,
}

impl<'a> TracepointOptions<'a> {
    /// As the section says.
    pub fn new() -> Self {
        Self::default()
    }

    /// Category and name of the tracepoint, in place of the section's: `sched/sched_switch`.
    pub fn target(mut self, target: &'a str) -> Self {
        self.target = Some(target);
        self
    }

    /// What `bpf_get_attach_cookie()` answers (Linux 5.15).
    pub fn cookie(mut self, cookie: u64) -> Self {
        self.cookie = cookie;
        self
    }
}

impl Program<kind::Tracepoint> {
    /// Attaches to the tracepoint that its section names: `tracepoint/sched/sched_switch`. The program sees the record
    /// as its `format` file in tracefs describes it, which must be mounted. Linux 4.7; a BPF link since 5.15.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound): the kernel has no such tracepoint, or tracefs is not mounted; the message
    /// tells which.
    #[doc(alias("perf_event_open", "bpf_program__attach_tracepoint"))]
    pub fn attach(&self) -> Result<Link> {
        self.attach_with(TracepointOptions::new())
    }

    /// As [`attach`](Self::attach), with options.
    ///
    /// # Errors
    ///
    /// As `attach`; [`NotSupportedByKernel`](crate::ErrorKind::NotSupportedByKernel) where the kernel knows no cookies here.
    pub fn attach_with(&self, options: TracepointOptions<'_>) -> Result<Link> {
        attach(self.handle(), &options)
    }
}

pub(super) fn attach(program: &Handle, options: &TracepointOptions<'_>) -> Result<Link> {
    let name = options.target.or(program.about().target.as_deref());
    let target = || format!("tracepoint {:?}", name.unwrap_or_default());
    attach_to(program, &[AttachKind::Tracepoint], target, |fd| {
        const TRACEPOINT: u32 = 2;
        let name = name.ok_or_else(|| Error::invalid_input("the section names no tracepoint"))?;
        let attr = PerfEventAttr {
            event_type: TRACEPOINT,
            config: event_id(name)?,
            sample_period: 1,
            ..PerfEventAttr::default()
        };
        // One event catches the tracepoint on all CPUs: its programs are of the tracepoint, not of the event.
        let event = open_event(&attr, -1, 0)?;
        link_event(program, fd, event, options.cookie)
    })
}

/// The number of a tracepoint, which only tracefs tells.
fn event_id(target: &str) -> Result<u64> {
    let Some((category, name)) = split(target) else {
        return Err(Error::invalid_input("expected CATEGORY/NAME, such as sched/sched_switch"));
    };
    let path = format!("events/{category}/{name}/id");
    let Some(id) = tracefs::read(&path)? else {
        return Err(Error::not_found(
            "this kernel has no such tracepoint, or its module is not loaded",
        ));
    };
    id.trim().parse().map_err(|_| {
        Error::malformed(format!("expected a number, found {id:?}")).within(Frame::Path(path))
    })
}

/// Category and name, none of which can lead out of the directory of events.
fn split(target: &str) -> Option<(&str, &str)> {
    let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('/');
    target.split_once('/').filter(|(category, name)| plain(category) && plain(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_a_category_and_a_name() {
        assert_eq!(split("sched/sched_switch"), Some(("sched", "sched_switch")));
        for bad in ["sched", "/x", "x/", "../x", "x/..", "a/b/c"] {
            assert_eq!(split(bad), None, "{bad}");
        }
    }
}
