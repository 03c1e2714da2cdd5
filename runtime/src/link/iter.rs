use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::Link;
use super::create::{attach as attach_to, heeded, link_create};
use crate::feature::Feature;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::sys::{self, LinkOptions, Target};
use crate::uapi::AttachType;
use crate::{Error, Result};

/// What an iterator goes through; without one, all of its kind that the process can see.
#[derive(Clone, Copy, Debug, Default)]
pub struct IterOptions<'a> {
    scope: Scope<'a>,
}

#[derive(Clone, Copy, Debug, Default)]
enum Scope<'a> {
    #[default]
    All,
    Map(BorrowedFd<'a>),
    Cgroup(Option<BorrowedFd<'a>>, CgroupOrder),
    Thread(u32),
    Process(u32),
    PidFd(BorrowedFd<'a>),
}

/// The order in which an iterator goes through cgroups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CgroupOrder {
    /// This one only.
    #[doc(alias = "BPF_CGROUP_ITER_SELF_ONLY")]
    SelfOnly,
    /// It and all below, parents first.
    #[doc(alias = "BPF_CGROUP_ITER_DESCENDANTS_PRE")]
    DescendantsPre,
    /// It and all below, children first.
    #[doc(alias = "BPF_CGROUP_ITER_DESCENDANTS_POST")]
    DescendantsPost,
    /// It and all above.
    #[doc(alias = "BPF_CGROUP_ITER_ANCESTORS_UP")]
    AncestorsUp,
}

impl<'a> IterOptions<'a> {
    /// Everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// The elements of this map: `iter/bpf_map_elem`, `iter/sockmap`, `iter/bpf_sk_storage_map` (Linux 5.9).
    #[doc(alias = "bpf_iter_link_info")]
    pub fn map(mut self, map: &'a impl AsFd) -> Self {
        self.scope = Scope::Map(map.as_fd());
        self
    }

    /// This cgroup and its relatives: `iter/cgroup` (Linux 6.1).
    pub fn cgroup(mut self, cgroup: &'a impl AsFd, order: CgroupOrder) -> Self {
        self.scope = Scope::Cgroup(Some(cgroup.as_fd()), order);
        self
    }

    /// The root cgroup and its relatives: `iter/cgroup` (Linux 6.1).
    pub fn root_cgroup(mut self, order: CgroupOrder) -> Self {
        self.scope = Scope::Cgroup(None, order);
        self
    }

    /// This thread: `iter/task` and relatives (Linux 6.1).
    pub fn thread(mut self, tid: u32) -> Self {
        self.scope = Scope::Thread(tid);
        self
    }

    /// The threads of this process: `iter/task` and relatives (Linux 6.1).
    pub fn process(mut self, pid: u32) -> Self {
        self.scope = Scope::Process(pid);
        self
    }

    /// The threads of the process behind a pidfd: `iter/task` and relatives (Linux 6.1).
    pub fn pidfd(mut self, pidfd: &'a impl AsFd) -> Self {
        self.scope = Scope::PidFd(pidfd.as_fd());
        self
    }
}

/// `union bpf_iter_link_info`, in words; none for everything. Its last field came with the second word's neighbours.
type Words = [u32; 4];

fn words(scope: Scope<'_>) -> Option<Words> {
    let number = |fd: BorrowedFd<'_>| fd.as_raw_fd().cast_unsigned();
    Some(match scope {
        Scope::All => return None,
        Scope::Map(map) => [number(map), 0, 0, 0],
        Scope::Cgroup(cgroup, order) => {
            let order = match order {
                CgroupOrder::SelfOnly => 1,
                CgroupOrder::DescendantsPre => 2,
                CgroupOrder::DescendantsPost => 3,
                CgroupOrder::AncestorsUp => 4,
            };
            [order, cgroup.map_or(0, number), 0, 0]
        }
        Scope::Thread(tid) => [tid, 0, 0, 0],
        Scope::Process(pid) => [0, pid, 0, 0],
        Scope::PidFd(fd) => [0, 0, number(fd), 0],
    })
}

/// The scopes are different readings of the same words, which the kernel cannot tell apart; before 6.1 it reads the first
/// word only, and leaves it alone where that is no map.
fn check(target: Option<&str>, scope: Scope<'_>) -> Result<()> {
    let takes = match target {
        Some("bpf_map_elem" | "sockmap" | "bpf_sk_storage_map") => "a map",
        Some("cgroup") => "a cgroup",
        Some("task" | "task_file" | "task_vma") => "tasks",
        _ => "",
    };
    let found = match scope {
        Scope::All => return Ok(()),
        Scope::Map(_) => "a map",
        Scope::Cgroup(..) => "a cgroup",
        Scope::Thread(_) | Scope::Process(_) | Scope::PidFd(_) => "tasks",
    };
    if !takes.is_empty() && takes != found {
        return Err(Error::mismatch(format!("it goes through {takes}, not through {found}")));
    }
    if found == "tasks" { heeded(Feature::IterTasks) } else { Ok(()) }
}

impl Program<kind::Iter> {
    /// Makes the iterator; reading [`Link::iter`] runs it. Linux 5.8.
    ///
    /// # Errors
    ///
    /// EBADF: the iterator goes through a map's elements and wants [`IterOptions::map`].
    #[doc(alias("BPF_LINK_CREATE", "bpf_program__attach_iter"))]
    pub fn attach(&self) -> Result<Link> {
        self.attach_with(IterOptions::new())
    }

    /// As [`attach`](Self::attach), for a part of what there is.
    ///
    /// # Errors
    ///
    /// As `attach`; [`Mismatch`](crate::ErrorKind::Mismatch): the iterator goes through something else;
    /// [`NotSupportedByKernel`](crate::ErrorKind::NotSupportedByKernel): the kernel would go through everything.
    pub fn attach_with(&self, options: IterOptions<'_>) -> Result<Link> {
        attach(self.handle(), &options)
    }
}

pub(super) fn attach(program: &Handle, options: &IterOptions<'_>) -> Result<Link> {
    let target = || match &program.about().target {
        Some(target) => format!("iterator {target:?}"),
        None => "an iterator".to_owned(),
    };
    attach_to(program, &[AttachKind::Iter], target, |fd| {
        check(program.about().target.as_deref(), options.scope)?;
        let info = words(options.scope).map(|words| words.map(u32::to_ne_bytes));
        let info = info.as_ref().map_or(&[][..], |info| info.as_flattened());
        let iter = LinkOptions::Iter(info);
        let attach_type = AttachType::TRACE_ITER;
        link_create(program, fd, Target::None, attach_type, 0, iter, (5, 8)).map(Link::bpf)
    })
}

/// What an iterator prints: each one reads it from the start.
#[derive(Debug)]
pub struct IterOutput(File);

impl Link {
    /// Starts a run of an iterator. Linux 5.8.
    ///
    /// # Errors
    ///
    /// The link is not one of an iterator.
    #[doc(alias("BPF_ITER_CREATE", "bpf_iter_create"))]
    pub fn iter(&self) -> Result<IterOutput> {
        let fd = self.bpf_fd("iterated").and_then(|fd| {
            sys::iter_create(fd).map_err(|error| {
                let wrong = error.raw_os_error() == Some(libc::EINVAL);
                let error = Error::system("BPF_ITER_CREATE", error);
                if wrong { error.with_hint("the link is not one of an iterator") } else { error }
            })
        });
        self.explained(fd).map(|fd| IterOutput(File::from(fd)))
    }
}

impl Read for IterOutput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl AsFd for IterOutput {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
