use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use super::create::{attach as attach_to, heeded, link_create};
use super::{Link, Position};
use crate::error::Within;
use crate::feature::Feature;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::sys::{LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, ErrorKind, Frame, Result};

/// Options of cgroup programs. Links always let programs of cgroups above and below run too (`BPF_F_ALLOW_MULTI`).
#[derive(Clone, Copy, Debug, Default)]
pub struct CgroupOptions<'a> {
    attach_type: Option<AttachType>,
    position: Position<'a>,
    revision: u64,
}

impl<'a> CgroupOptions<'a> {
    /// Last, at the hook that the section names.
    pub fn new() -> Self {
        Self::default()
    }

    /// The hook, in place of the section's: `cgroup/skb` names none.
    pub fn attach_type(mut self, attach_type: AttachType) -> Self {
        self.attach_type = Some(attach_type);
        self
    }

    /// Where among the cgroup's programs of this hook it runs (Linux 6.17). What a link attached to the cgroup is named by
    /// that link; [`Relative::Program`](super::Relative::Program) is one attached without a link.
    #[doc(alias("BPF_F_BEFORE", "BPF_F_AFTER"))]
    pub fn position(mut self, position: Position<'a>) -> Self {
        self.position = position;
        self
    }

    /// Attach only if the hook still has this revision (Linux 6.17): it goes up with every change. Older kernels would not
    /// look at it; there it is an error.
    pub fn expected_revision(mut self, revision: u64) -> Self {
        self.revision = revision;
        self
    }
}

macro_rules! cgroup {
    ($( $kind:ident, $since:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = concat!("Attaches to a cgroup (version 2) and those below: an open directory. Linux ", $since, ".")]
            ///
            /// # Errors
            ///
            /// EBADF: the descriptor is not one of a cgroup directory of version 2.
            #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_cgroup"))]
            pub fn attach(&self, cgroup: impl AsFd) -> Result<Link> {
                self.attach_with(cgroup, CgroupOptions::new())
            }

            /// As [`attach`](Self::attach), by the directory's path: `/sys/fs/cgroup/user.slice`.
            ///
            /// # Errors
            ///
            /// As `attach`; [`NotFound`](crate::ErrorKind::NotFound): no such directory.
            pub fn attach_path(&self, cgroup: impl AsRef<Path>) -> Result<Link> {
                let path = cgroup.as_ref();
                let cgroup = open(self.handle(), path)?;
                attach(self.handle(), cgroup.as_fd(), Some(path), CgroupOptions::new())
            }

            /// As [`attach`](Self::attach), with options.
            ///
            /// # Errors
            ///
            /// As `attach`.
            pub fn attach_with(
                &self,
                cgroup: impl AsFd,
                options: CgroupOptions<'_>,
            ) -> Result<Link> {
                attach(self.handle(), cgroup.as_fd(), None, options)
            }
        }
    )* };
}

cgroup! {
    Cgroup, "5.7";
    SockOps, "5.7";
    LsmCgroup, "6.0";
}

fn open(program: &Handle, cgroup: &Path) -> Result<File> {
    File::open(cgroup)
        .map_err(|error| Error::system("open", error))
        .within(|| Frame::Target(format!("cgroup {}", cgroup.display())))
        .within(|| program.frame())
}

pub(super) fn attach(
    program: &Handle,
    cgroup: BorrowedFd<'_>,
    path: Option<&Path>,
    options: CgroupOptions<'_>,
) -> Result<Link> {
    let attach_type = options.attach_type.unwrap_or(program.about().attach_type);
    let target = || match path {
        Some(path) => format!("cgroup hook {attach_type} of {}", path.display()),
        None => format!("cgroup hook {attach_type}"),
    };
    attach_to(program, &[K::Cgroup, K::SockOps, K::LsmCgroup], target, |fd| {
        let (flags, relative) = options.position.flags();
        if options.revision != 0 {
            heeded(Feature::CgroupOrder)?;
        }
        let anchor = LinkOptions::Anchor { relative, expected_revision: options.revision };
        let since = match (flags, options.revision, attach_type) {
            (0, 0, AttachType::LSM_CGROUP) => (6, 0),
            (0, 0, _) => (5, 7),
            _ => (6, 17),
        };
        link_create(program, fd, Target::Fd(cgroup), attach_type, flags, anchor, since)
            .map(Link::bpf)
            .map_err(|error| explain(error, options.position))
    })
}

fn explain(error: Error, position: Position<'_>) -> Error {
    let Some(number) = error.raw_os_error() else { return error };
    match number {
        libc::EBADF => {
            error.with_hint("the descriptor is not one of a directory in a cgroup2 file system")
        }
        libc::EPERM => error
            .with_hint("a cgroup above has a program of this hook that allows no others (attached without multi)"),
        // `get_prog_list()` in the kernel compares links with links.
        libc::EINVAL if position.is_of_program() && error.kind() == ErrorKind::System => error
            .with_hint("a program that a link attached to the cgroup is found by its link only"),
        libc::ESTALE => error.with_hint("the hook has another revision than expected"),
        _ => error,
    }
}
