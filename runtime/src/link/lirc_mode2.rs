use std::os::fd::{AsFd, BorrowedFd};

use super::Link;
use super::create::attach as attach_to;
use super::sockmap::by_program;
use crate::Result;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind;
use crate::uapi::AttachType;

impl Program<kind::LircMode2> {
    /// Attaches to a receiver of infrared: an open device `/dev/lirc0`. Linux 4.18.
    ///
    /// There is no BPF link for it: it stays attached for as long as the device is there, unless the [link](Link) is
    /// dropped.
    ///
    /// # Errors
    ///
    /// EINVAL: the descriptor is not one of such a device; EBUSY: it is attached there already.
    #[doc(alias("BPF_PROG_ATTACH", "BPF_LIRC_MODE2"))]
    pub fn attach(&self, device: impl AsFd) -> Result<Link> {
        attach(self.handle(), device.as_fd())
    }
}

pub(super) fn attach(program: &Handle, device: BorrowedFd<'_>) -> Result<Link> {
    attach_to(
        program,
        &[AttachKind::LircMode2],
        || "a receiver of infrared".into(),
        |fd| by_program(program, fd, device, AttachType::LIRC_MODE2),
    )
}
