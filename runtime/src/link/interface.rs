use std::fmt;

use crate::{Error, Result, sys};

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
