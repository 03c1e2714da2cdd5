//! What all kinds of attaching share: the frames of an error, and what a failed call meant.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::Link;
use crate::error::Within;
use crate::feature::{self, Feature};
use crate::program::{Handle, kind};
use crate::section_name::AttachKind;
use crate::sys::{self, LinkCreate, LinkOptions, Target, explain};
use crate::uapi::{AttachType, Release};
use crate::{Error, ErrorKind, Frame, Result};

/// Attaches a loaded program of one of `kinds`' types; errors say which program and to what.
pub(super) fn attach(
    program: &Handle,
    kinds: &[AttachKind],
    target: impl FnOnce() -> String,
    attach: impl FnOnce(BorrowedFd<'_>) -> Result<Link>,
) -> Result<Link> {
    expect(program, kinds)
        .and_then(|()| program.loaded())
        .and_then(attach)
        .within(|| Frame::Target(target()))
        .within(|| program.frame())
        .map(|link| link.of(program.frame()))
}

/// The kernel would refuse it too, with no more than EINVAL.
fn expect(program: &Handle, kinds: &[AttachKind]) -> Result<()> {
    let program_type = program.about().program_type;
    if kinds.iter().any(|&kind| kind::program_types(kind).contains(&program_type)) {
        return Ok(());
    }
    let kinds: Vec<_> = kinds.iter().map(|kind| format!("{kind:?}")).collect();
    Err(Error::mismatch(format!(
        "expected a program of kind {}, found one of type {program_type}",
        kinds.join(" or ")
    )))
}

/// The first Linux that can do something.
pub(super) type Since = (u32, u32);

/// Refuses what this kernel would leave out in silence: it reads fewer bytes of the request, or of another meaning.
pub(super) fn heeded(feature: Feature) -> Result<()> {
    match feature::why_unheeded(feature) {
        Some(why) => Err(Error::new(ErrorKind::NotSupportedByKernel, why)),
        None => Ok(()),
    }
}

/// `BPF_LINK_CREATE`, which `since` has for this kind of link.
pub(super) fn link_create(
    program: &Handle,
    fd: BorrowedFd<'_>,
    target: Target<'_>,
    attach_type: AttachType,
    flags: u32,
    options: LinkOptions<'_>,
    since: Since,
) -> Result<OwnedFd> {
    let link = LinkCreate { program: fd, target, attach_type, flags, options };
    sys::link_create(&link).map_err(|error| {
        if !feature::may_be_unknown(&error) {
            return failed("BPF_LINK_CREATE", error, program, since);
        }
        let needs = needs(attach_type, flags, &options);
        let carried_back = needs.iter().any(|feature| {
            feature.since() == Some(Release::new(since.0, since.1))
                && feature.is_present() == Some(true)
        });
        let since = if carried_back { (0, 0) } else { since };
        let error = failed("BPF_LINK_CREATE", error, program, since);
        match feature::why_absent(needs) {
            Some(why) => error.because_absent(why),
            None => error,
        }
    })
}

/// What a link needs of the kernel.
fn needs(attach_type: AttachType, flags: u32, options: &LinkOptions<'_>) -> Vec<Feature> {
    let mut needs = vec![Feature::AttachType(attach_type)];
    needs.extend(match options {
        LinkOptions::Tracing { cookie: 1.., .. } if attach_type == AttachType::TRACE_RAW_TP => {
            Some(Feature::RawTracepointCookie)
        }
        LinkOptions::Tracing { cookie: 1.., .. } => Some(Feature::TracingCookie),
        LinkOptions::Anchor { relative, expected_revision }
            if (flags, *relative, *expected_revision) != (0, 0, 0) && is_of_cgroup(attach_type) =>
        {
            Some(Feature::CgroupOrder)
        }
        _ => None,
    });
    needs
}

/// The other hooks that have an order are newer than it.
fn is_of_cgroup(attach_type: AttachType) -> bool {
    attach_type.constant().is_some_and(|name| name.starts_with("CGROUP_"))
        || attach_type == AttachType::LSM_CGROUP
}

/// What a failed call meant: a missing permission, a kernel that is too old, or what the number says.
pub(super) fn failed(call: &str, error: io::Error, program: &Handle, since: Since) -> Error {
    let (refused, unknown) = match error.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => (true, false),
        Some(libc::EINVAL | libc::E2BIG | libc::EOPNOTSUPP) => (false, true),
        _ => (false, false),
    };
    let error = Error::system(call, error);
    if refused {
        return explain::permission(error, explain::program_needs(program.about().program_type));
    }
    if unknown && let Some(hint) = too_old(since) {
        return error.with_kind(ErrorKind::NotSupportedByKernel).with_hint(hint);
    }
    error
}

/// Only asked after a failure: distributions carry features back.
fn too_old((major, minor): Since) -> Option<String> {
    let running = sys::kernel_version().ok()?;
    ((running.major, running.minor) < (major, minor)).then(|| {
        format!("needs Linux {major}.{minor}; this kernel is {}.{}", running.major, running.minor)
    })
}
