//! Operations that the kernel calls, registered and taken back.

use std::os::fd::AsFd;

use super::Link;
use super::attachment::Attachment;
use crate::error::Within;
use crate::feature::{self, Feature};
use crate::map::{Map, StructOps};
use crate::sys::{self, LinkCreate, LinkOptions, Target, explain};
use crate::uapi::AttachType;
use crate::uapi::flags::{ANY, LINK};
use crate::{Error, Frame, Result};

/// The key of the one element.
const KEY: [u8; 4] = [0; 4];

impl StructOps {
    /// Registers the operations: the kernel calls them from now on where somebody asks for them, a socket by their name
    /// for example. Dropping the link takes them back. Linux 5.6; those of section `.struct_ops.link`, which have a BPF
    /// link, 6.4.
    ///
    /// # Errors
    /// What the kernel says to them: a name that is taken is [`AlreadyExists`](crate::ErrorKind::AlreadyExists). Operations
    /// without a link can be registered once only.
    #[doc(alias = "bpf_map__attach_struct_ops")]
    pub fn attach(&self) -> Result<Link> {
        attach(self)
    }
}

impl Link {
    /// Other operations take over at once, in a link of [`StructOps::attach`]: they must be of the same kind, of section
    /// `.struct_ops.link` too, and what the kernel lets replace them is its own affair: for TCP, they must have the same
    /// name. Linux 6.4.
    ///
    /// # Errors
    /// The link is not one of operations, or the kernel refuses them.
    #[doc(alias("bpf_link__update_map", "BPF_LINK_UPDATE"))]
    pub fn update_operations(&self, new: &StructOps) -> Result<()> {
        update(self, new)
    }
}

pub(crate) fn update(link: &Link, new: &Map) -> Result<()> {
    let replace = |link| {
        if new.flags() & LINK == 0 {
            // Filling them in would register them beside the others.
            return Err(Error::invalid_input("they are no operations of section .struct_ops.link"));
        }
        fill(new)?;
        sys::link_update(link, new.as_fd(), None)
            .map_err(|error| refused(Error::system("BPF_LINK_UPDATE", error)))
    };
    let updated = link.bpf_fd("updated").and_then(|fd| replace(fd).within(|| frame(new)));
    link.explained(updated)
}

pub(crate) fn attach(map: &Map) -> Result<Link> {
    register(map)
        .within(|| Frame::Target(map.operations().map_or("the kernel", |it| &it.name).to_owned()))
        .within(|| frame(map))
        .map(|link| link.of(frame(map)))
}

fn register(map: &Map) -> Result<Link> {
    // Before anything is registered that would have to be taken back.
    let handle = map.try_clone()?;
    fill(map)?;
    if map.flags() & LINK == 0 {
        return Ok(Link::new(Attachment::StructOps(handle)));
    }
    let link = LinkCreate {
        program: map.as_fd(),
        target: Target::None,
        attach_type: AttachType::STRUCT_OPS,
        flags: 0,
        options: LinkOptions::None,
    };
    match sys::link_create(&link) {
        Ok(fd) => Ok(Link::bpf(fd)),
        Err(error) => {
            let unknown = feature::may_be_unknown(&error);
            let error = refused(Error::system("BPF_LINK_CREATE", error));
            let needs = [Feature::AttachType(AttachType::STRUCT_OPS)];
            match unknown.then(|| feature::why_absent(needs)).flatten() {
                Some(why) => Err(error.because_absent(why)),
                None => Err(error),
            }
        }
    }
}

/// Writes the operations into their map: where there is no link, that registers them.
fn fill(map: &Map) -> Result<()> {
    map.present()?;
    let linked = map.flags() & LINK != 0;
    let value = match map.operations() {
        Some(operations) => operations.value().ok_or_else(|| {
            Error::invalid_input("its operations are those of programs that are not loaded yet")
        })?,
        // A map from elsewhere, which whoever made it has filled.
        None if linked => return Ok(()),
        None => {
            return Err(Error::invalid_input("only the load that made it knows its operations"));
        }
    };
    match map.write(&KEY, &value.bytes, ANY)? {
        // They never change: they have been written for an earlier link.
        Err(error) if linked && error.raw_os_error() == Some(libc::EBUSY) => Ok(()),
        Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
            Err(Error::system("BPF_MAP_UPDATE_ELEM", error)
                .with_hint("operations without a link are registered once only"))
        }
        Err(error) => Err(refused(Error::system("BPF_MAP_UPDATE_ELEM", error))),
        Ok(()) => Ok(()),
    }
}

/// The kernel's errors are those of its subsystems.
fn refused(error: Error) -> Error {
    match error.raw_os_error() {
        Some(libc::EEXIST) => error.with_hint("operations of this name are registered already"),
        Some(libc::EINVAL) => error
            .with_hint("the kernel refuses the operations: a member that it needs may be missing"),
        _ => explain::permission(error, explain::BPF),
    }
}

fn frame(map: &Map) -> Frame {
    Frame::Map(map.name().to_owned())
}
