use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::LinkInfo;
use super::attachment::Attachment;
use crate::error::Within;
use crate::program::{Kind, Program};
use crate::sys::{self, IdKind, explain};
use crate::{Error, ErrorKind, Frame, Result, pin};

/// An attached program. Dropping it detaches, unless it is pinned.
///
/// Nearly all are BPF links, which the kernel counts references of: this handle, its pins, other handles. What has no BPF
/// link (a socket's filter, a filter of a qdisc, USDT; probes and perf events before Linux 5.15, socket maps before 6.10)
/// is detached by the handle itself when it is dropped.
#[must_use = "dropping a link detaches the program"]
pub struct Link {
    /// `None` only while it is taken apart.
    attachment: Option<Attachment>,
    program: Option<Frame>,
    pin: Option<PathBuf>,
}

impl Link {
    pub(super) fn new(attachment: Attachment) -> Self {
        Self { attachment: Some(attachment), program: None, pin: None }
    }

    pub(super) fn bpf(fd: OwnedFd) -> Self {
        Self::new(Attachment::Bpf(fd))
    }

    /// The same link, with the program that its errors name.
    pub(super) fn of(mut self, program: Frame) -> Self {
        self.program = Some(program);
        self
    }

    /// Takes over the descriptor of a BPF link, whoever made it.
    ///
    /// # Errors
    ///
    /// [`Mismatch`](ErrorKind::Mismatch): it is a descriptor of something else.
    pub fn from_fd(fd: OwnedFd) -> Result<Self> {
        // The kernel names them in two ways: when they are made, and when they are opened again.
        let is_link = |kind: String| kind == "bpf_link" || kind == "bpf-link";
        if sys::bpf_kind(fd.as_fd()).is_ok_and(|kind| !is_link(kind)) {
            return Err(Error::mismatch("the descriptor is not one of a link"));
        }
        Ok(Self::bpf(fd))
    }

    /// Opens a pinned link. It stays pinned: dropping the handle detaches nothing until [`unpin`](Self::unpin).
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where nothing is pinned at `path`, [`Mismatch`](ErrorKind::Mismatch) where it
    /// is a map or a program.
    #[doc(alias("BPF_OBJ_GET", "bpf_link__open"))]
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let mut link =
            Self::from_fd(pin::open(path)?).within(|| Frame::Path(path.display().to_string()))?;
        link.pin = Some(path.to_owned());
        Ok(link)
    }

    /// Opens a link by its id. Linux 5.8; needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) where no link has the id, any more.
    #[doc(alias("BPF_LINK_GET_FD_BY_ID", "bpf_link_get_fd_by_id"))]
    pub fn from_id(id: u32) -> Result<Self> {
        let fd = sys::fd_by_id(IdKind::Link, id).map_err(|error| {
            explain::permission(Error::system("BPF_LINK_GET_FD_BY_ID", error), explain::BY_ID)
        })?;
        Self::from_fd(fd)
    }

    /// The ids of all links that are there now, ascending. Linux 5.8; needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    ///
    /// The capability is missing.
    #[doc(alias("BPF_LINK_GET_NEXT_ID"))]
    pub fn ids() -> Result<Vec<u32>> {
        sys::ids(IdKind::Link).map_err(|error| {
            explain::permission(Error::system("BPF_LINK_GET_NEXT_ID", error), explain::BY_ID)
        })
    }

    /// Another program takes over at once: no event is missed or seen twice. Linux 5.7.
    ///
    /// # Errors
    ///
    /// [`NotSupportedByKernel`](ErrorKind::NotSupportedByKernel): links of this type keep their program. They are
    /// those of tracing and of perf events.
    #[doc(alias("BPF_LINK_UPDATE", "bpf_link__update_program", "bpf_link_update"))]
    pub fn update<K: Kind>(&self, new: &Program<K>) -> Result<()> {
        self.replace(None, new.handle().loaded())
    }

    /// As [`update`](Self::update), if the link still has the program `old`. Linux 5.7.
    ///
    /// # Errors
    ///
    /// As `update`, and an error with EPERM where the link has another program than `old`.
    #[doc(alias = "BPF_F_REPLACE")]
    pub fn update_from<O: Kind, K: Kind>(&self, old: &Program<O>, new: &Program<K>) -> Result<()> {
        let old = old.handle().loaded().within(|| old.handle().frame())?;
        self.replace(Some(old), new.handle().loaded())
    }

    fn replace(&self, old: Option<BorrowedFd<'_>>, new: Result<BorrowedFd<'_>>) -> Result<()> {
        let replace = || {
            let link = self.bpf_fd("updated")?;
            sys::link_update(link, new?, old)
                .map_err(|error| self.update_failed(error, old.is_some()))
        };
        self.explained(replace())
    }

    fn update_failed(&self, error: io::Error, compared: bool) -> Error {
        let os = error.raw_os_error();
        let error = Error::system("BPF_LINK_UPDATE", error);
        match os {
            Some(libc::EPERM) if compared => error
                .with_kind(ErrorKind::Mismatch)
                .with_hint("the link has another program than the one given as old"),
            Some(libc::EINVAL | libc::EOPNOTSUPP) => match self.info() {
                Ok(info) if !info.can_update() => error
                    .with_kind(ErrorKind::NotSupportedByKernel)
                    .with_hint(format!("links of type {} keep their program", info.link_type)),
                _ => error
                    .with_hint("the new program must have the type and attach type of the old one"),
            },
            Some(libc::ENOLINK) => error.with_hint("the link was detached, or its target is gone"),
            _ => explain::permission(error, explain::BPF),
        }
    }

    /// Pins it at `path`, a name on a BPF file system: the program stays attached when this handle is dropped, and
    /// when the process ends. Linux 5.7.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](ErrorKind::AlreadyExists) where the name is taken, [`NotFound`](ErrorKind::NotFound) where its
    /// directory is missing, [`InvalidInput`](ErrorKind::InvalidInput) where it is not on a BPF file system or
    /// where there is no BPF link to pin.
    #[doc(alias("BPF_OBJ_PIN", "bpf_link__pin"))]
    pub fn pin(&mut self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let pinned = self.bpf_fd("pinned").and_then(|fd| pin::pin(fd, path));
        self.explained(pinned)?;
        self.pin = Some(path.to_owned());
        Ok(())
    }

    /// It has been pinned there.
    pub(crate) fn pinned_at(&mut self, path: PathBuf) {
        self.pin = Some(path);
    }

    /// Takes the name of another pin over, at once.
    pub(crate) fn replace_pin(&mut self, path: &Path) -> Result<()> {
        let replaced = self.bpf_fd("pinned").and_then(|fd| pin::replace(fd, path));
        self.explained(replaced)?;
        self.pin = Some(path.to_owned());
        Ok(())
    }

    /// Removes its pin: the one it was opened from, or the last one made.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) where it has none.
    #[doc(alias = "bpf_link__unpin")]
    pub fn unpin(&mut self) -> Result<()> {
        let path =
            self.pin.as_deref().ok_or_else(|| Error::invalid_input("the link is not pinned"));
        let unpinned = path.and_then(pin::unpin);
        self.explained(unpinned)?;
        self.pin = None;
        Ok(())
    }

    /// Where it is pinned, as far as this handle knows.
    #[doc(alias = "bpf_link__pin_path")]
    pub fn pin_path(&self) -> Option<&Path> {
        self.pin.as_deref()
    }

    /// Detaches the program now, whoever else holds the link: pins and other handles stay, and do nothing any more.
    ///
    /// # Errors
    ///
    /// Links of tracing and perf events (and all before Linux 5.9) only end with their last reference: such a one
    /// is not detached as long as it is pinned.
    #[doc(alias("BPF_LINK_DETACH", "bpf_link__detach", "bpf_link_detach"))]
    pub fn detach(self) -> Result<()> {
        let Some(Attachment::Bpf(fd)) = &self.attachment else {
            // Dropping is all there is to do.
            return Ok(());
        };
        let detached = match sys::link_detach(fd.as_fd()) {
            Err(error)
                if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EINVAL))
                    && self.pin.is_none() =>
            {
                Ok(())
            }
            Err(error) => {
                let error = Error::system("BPF_LINK_DETACH", error);
                Err(match &self.pin {
                    Some(_) => error.with_hint("remove its pin first"),
                    None => error,
                })
            }
            Ok(()) => Ok(()),
        };
        self.explained(detached)
    }

    /// Leaves the program attached without a handle: until the process ends, or for as long as there is a pin; a filter as
    /// long as the socket or the qdisc, what has no link otherwise as long as the map or device.
    #[doc(alias = "bpf_link__disconnect")]
    pub fn disconnect(mut self) {
        if let Some(attachment) = self.attachment.take()
            && self.pin.is_none()
            && !attachment.outlives_its_handle()
        {
            // Nothing else would hold it: the descriptor is closed by the kernel when the process ends.
            std::mem::forget(attachment);
        }
    }

    /// What the kernel knows of it. Linux 5.8.
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](ErrorKind::InvalidInput) where there is no BPF link.
    #[doc(alias("BPF_OBJ_GET_INFO_BY_FD", "bpf_link_get_info_by_fd"))]
    pub fn info(&self) -> Result<LinkInfo> {
        let info = self.bpf_fd("asked for info").and_then(LinkInfo::read);
        self.explained(info)
    }

    /// Whether there is a BPF link: it can be pinned and has an id.
    pub fn is_bpf_link(&self) -> bool {
        matches!(self.attachment, Some(Attachment::Bpf(_)))
    }

    pub(super) fn bpf_fd(&self, what: &str) -> Result<BorrowedFd<'_>> {
        match &self.attachment {
            Some(Attachment::Bpf(fd)) => Ok(fd.as_fd()),
            other => Err(Error::invalid_input(format!(
                "{} is no BPF link and cannot be {what}",
                other.as_ref().map_or("nothing", Attachment::name)
            ))),
        }
    }

    /// The result, an error in it with the program's name.
    pub(super) fn explained<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|error| match &self.program {
            Some(program) => error.within(Frame::Step("link")).within(program.clone()),
            None => error.within(Frame::Step("link")),
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(attachment) = &self.attachment {
            attachment.detach();
        }
    }
}

impl AsFd for Link {
    /// The link's descriptor; where there is no BPF link, that of what it is attached to or by.
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.attachment {
            Some(attachment) => attachment.as_fd(),
            None => unreachable!("only methods that consume the link take it apart"),
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("program", &self.program)
            .field("fd", &self.as_fd())
            .field("bpf_link", &self.is_bpf_link())
            .field("pin", &self.pin)
            .finish()
    }
}
