use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use bpf_skel::uapi::AttachType;

use super::BPFFS;
use super::net::set_up;

const TRACEFS: &CStr = c"/sys/kernel/tracing";

/// Leaves the machine's mounts and network alone: from here on there are private ones, with a BPF file system, tracefs
/// and a loopback interface that is up.
pub(super) fn enter() {
    // SAFETY: takes a number; the process has one thread yet.
    check("unshare", unsafe { libc::unshare(libc::CLONE_NEWNS | libc::CLONE_NEWNET) });
    mount_bpffs().expect("a BPF file system is mounted");
    mount_tracefs();
    set_up("lo");
}

/// A BPF file system of the process's own, if it may have one: where it may not, it stays with what the machine has.
pub(crate) fn own_bpffs() {
    // SAFETY: takes a number; the process has one thread yet.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } == 0 {
        // A test that pins says that it could not.
        let _ = mount_bpffs();
    }
}

/// In a namespace of mounts that was just made.
fn mount_bpffs() -> io::Result<()> {
    mount(c"none", c"/", c"", libc::MS_REC | libc::MS_PRIVATE).expect("mounts become private");
    mount(c"bpf", &CString::new(BPFFS).unwrap(), c"bpf", 0)
}

fn mount_tracefs() {
    // Where the kernel has none, the tests that need it say so.
    let _ = mount(c"tracefs", TRACEFS, c"tracefs", 0);
}

pub(super) fn mount(what: &CStr, at: &CStr, kind: &CStr, flags: libc::c_ulong) -> io::Result<()> {
    // SAFETY: all strings end with a NUL, and there is no data.
    let result =
        unsafe { libc::mount(what.as_ptr(), at.as_ptr(), kind.as_ptr(), flags, std::ptr::null()) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

pub(super) fn check(call: &str, result: libc::c_int) {
    assert!(result == 0, "{call}: {}", io::Error::last_os_error());
}

/// Runs `f` with no tracefs where it is looked for: on its own, and below debugfs.
pub fn without_tracefs(f: impl FnOnce()) {
    const DEBUGFS: &CStr = c"/sys/kernel/debug";
    struct Restore;
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: the strings end with a NUL.
            unsafe {
                libc::umount2(TRACEFS.as_ptr(), libc::MNT_DETACH);
                libc::umount2(DEBUGFS.as_ptr(), libc::MNT_DETACH);
            }
        }
    }
    mount(c"none", TRACEFS, c"tmpfs", 0).expect("tracefs is covered");
    mount(c"none", DEBUGFS, c"tmpfs", 0).expect("debugfs is covered");
    let _restore = Restore;
    f();
}

/// A cgroup of version 2 that is removed when it is dropped.
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// An empty one, in the file system that the machine has mounted, or in one of its own.
    pub fn new(name: &str) -> Self {
        let path = root().join(format!("bpf-skel-{name}-{}", std::process::id()));
        fs::create_dir(&path).expect("a cgroup is made");
        Self(path)
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Its directory, open.
    pub fn open(&self) -> File {
        File::open(&self.0).expect("a cgroup opens")
    }

    /// Runs `f` with this process in the cgroup.
    pub fn inside<T>(&self, f: impl FnOnce() -> T) -> T {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap();
        let home = own.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
        let home = root().join(home);
        self.enter(&self.0);
        let result = f();
        self.enter(&home);
        result
    }

    /// The ids of the programs of its hook for packets that leave, in the order that the kernel tells.
    pub fn egress_programs(&self) -> Vec<u32> {
        /// The part of `union bpf_attr` that `BPF_PROG_QUERY` reads.
        #[repr(C)]
        struct Query {
            target_fd: i32,
            attach_type: u32,
            query_flags: u32,
            attach_flags: u32,
            prog_ids: u64,
            prog_cnt: u32,
            _padding: u32,
        }
        const PROG_QUERY: libc::c_int = 16;
        let cgroup = self.open();
        let mut ids = [0_u32; 8];
        let mut query = Query {
            target_fd: cgroup.as_raw_fd(),
            attach_type: AttachType::CGROUP_INET_EGRESS.0,
            query_flags: 0,
            attach_flags: 0,
            prog_ids: ids.as_mut_ptr() as u64,
            prog_cnt: 8,
            _padding: 0,
        };
        // SAFETY: the query's length is its own; the kernel writes up to `prog_cnt` ids, which is how many there are.
        let result =
            unsafe { libc::syscall(libc::SYS_bpf, PROG_QUERY, &raw mut query, size_of::<Query>()) };
        assert_eq!(result, 0, "BPF_PROG_QUERY: {}", std::io::Error::last_os_error());
        ids[..query.prog_cnt as usize].to_vec()
    }

    fn enter(&self, cgroup: &Path) {
        fs::write(cgroup.join("cgroup.procs"), "0").expect("the process moves to the cgroup");
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        fs::remove_dir(&self.0).expect("the cgroup is empty");
    }
}

fn root() -> &'static Path {
    ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"]
        .into_iter()
        .map(Path::new)
        .find(|path| path.join("cgroup.procs").exists() && path.join("cgroup.controllers").exists())
        .expect("a cgroup2 file system is mounted")
}
