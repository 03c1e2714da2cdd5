use std::fmt;

use crate::{Error, ErrorKind, Result, sys};

/// A network interface, by its index or its name: `2` or `"eth0"`. A name is looked up in the network namespace of the
/// thread that attaches; so is an index by the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface<'a> {
    /// `ifindex`
    Index(u32),
    /// Its name.
    Name(&'a str),
}

impl Interface<'_> {
    pub(super) fn index(self) -> Result<u32> {
        match self {
            Self::Index(0) => Err(Error::invalid_input("0 is the index of no network interface")),
            Self::Index(index) => Ok(index),
            Self::Name(name) => sys::if_nametoindex(name)
                .map_err(|_| Error::not_found("there is no network interface of this name")),
        }
    }
}

/// An error that attaching to this interface gave: the kernel says in more than one way that it is not there.
pub(super) fn explain_missing(error: Error, index: u32) -> Error {
    match error.raw_os_error() {
        Some(libc::EINVAL | libc::ENODEV) if !sys::has_interface(index) => error
            .with_kind(ErrorKind::NotFound)
            .with_hint("there is no such interface in this network namespace"),
        _ => error,
    }
}

impl From<u32> for Interface<'_> {
    fn from(index: u32) -> Self {
        Self::Index(index)
    }
}

impl<'a> From<&'a str> for Interface<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

impl<'a> From<&'a String> for Interface<'a> {
    fn from(name: &'a String) -> Self {
        Self::Name(name)
    }
}

impl fmt::Display for Interface<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "interface {index}"),
            Self::Name(name) => write!(f, "interface {name:?}"),
        }
    }
}
