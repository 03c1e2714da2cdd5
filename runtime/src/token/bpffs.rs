use std::borrow::Cow;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::Creation;
use crate::error::{Error, ErrorKind, Frame, Result, Within};
use crate::feature::{self, Feature};
use crate::sys::{self, Capability, explain};

const EXPECTED: &str = "expected a BPF file system that was mounted for the process's user namespace, with delegate_cmds, \
    delegate_maps, delegate_progs and delegate_attachs";

/// A token, and the file system that it was made of.
#[derive(Debug)]
pub(super) struct Token {
    fd: OwnedFd,
    bpffs: PathBuf,
}

impl Token {
    /// The token of the BPF file system whose root this is.
    ///
    /// # Errors
    /// There is no such directory, it is not the root of a BPF file system, nothing is delegated to that, or not to this
    /// process; the kernel has no tokens.
    pub(super) fn of(bpffs: &Path) -> Result<Self> {
        let fd = make(bpffs).within(|| Frame::Path(bpffs.display().to_string()))?;
        Ok(Self { fd, bpffs: bpffs.to_owned() })
    }

    /// Why the kernel has refused a creation with the token.
    pub(super) fn why_refused(&self, creation: Creation, needs: &[Capability]) -> String {
        let at = self.bpffs.display();
        let left_out = sys::token_allows(self.as_fd()).map(|allowed| creation.left_out(&allowed));
        match (left_out, explain::missing_now(needs)) {
            (Ok(left_out), _) if !left_out.is_empty() => {
                let lacks = |(option, name)| format!("{option} lacks {name}");
                let left_out: Vec<_> = left_out.into_iter().map(lacks).collect();
                format!("the BPF token of {at} does not allow it: {}", left_out.join(", "))
            }
            (_, Some(missing)) => format!(
                "{missing} in the process's user namespace; the BPF token of {at} does not stand for it"
            ),
            (Ok(_), None) => {
                format!("the BPF token of {at} allows it: a policy of this kernel refuses (an LSM)")
            }
            (Err(_), None) => format!(
                "the BPF token of {at} may not allow it: see the options delegate_* of its mount"
            ),
        }
    }
}

impl AsFd for Token {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn make(bpffs: &Path) -> Result<OwnedFd> {
    // Not O_PATH, which the command does not take.
    let open = OpenOptions::new().read(true).custom_flags(libc::O_DIRECTORY).open(bpffs);
    let root = open.map_err(|error| Error::system("open", error).with_hint(EXPECTED))?;
    sys::token_create(Some(root.as_fd())).map_err(|error| refused(error, root.as_fd()))
}

fn refused(error: io::Error, root: BorrowedFd<'_>) -> Error {
    let number = error.raw_os_error().unwrap_or_default();
    let system = Error::system("BPF_TOKEN_CREATE", error);
    // EPERM is what 5.10 answers to a process without privilege, whatever the command.
    if let libc::EINVAL | libc::EPERM = number
        && let Some(why) = feature::why_absent([Feature::Token])
    {
        return system.because_absent(why);
    }
    let (kind, message): (_, Cow<'static, str>) = match number {
        libc::EINVAL if sys::status(root).is_ok_and(|status| !status.bpffs) => {
            (ErrorKind::InvalidInput, "this is no BPF file system".into())
        }
        libc::EINVAL => (
            ErrorKind::InvalidInput,
            "this is a directory in a BPF file system, not its root".into(),
        ),
        libc::ENOENT => (
            ErrorKind::PermissionDenied,
            "nothing is delegated to this BPF file system".into(),
        ),
        libc::EOPNOTSUPP => (
            ErrorKind::InvalidInput,
            "the process is in the initial user namespace, where capabilities count and no BPF token".into(),
        ),
        libc::EPERM => (
            ErrorKind::PermissionDenied,
            match explain::missing_now(explain::BPF) {
                Some(missing) => format!("{missing} in the process's user namespace").into(),
                None => "this BPF file system is not of the process's user namespace".into(),
            },
        ),
        _ => return system.with_hint(EXPECTED),
    };
    Error::new(kind, message).with_raw_os_error(number).with_hint(EXPECTED)
}
