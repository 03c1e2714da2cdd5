//! Names and numbers: what every view over the bytes needs to read them.

use std::fmt;

use super::wire;
use crate::error::Result;
use crate::spec::Endian;

/// What is needed to read names and numbers.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) endian: Endian,
    pub(super) strings: Strings<'a>,
}

/// The string section, after that of the base for split BTF.
#[derive(Clone, Copy)]
pub(crate) struct Strings<'a> {
    pub(super) base: &'a [u8],
    pub(super) own: &'a [u8],
}

impl<'a> Strings<'a> {
    /// Those of BTF that continues no other.
    pub(crate) fn of(bytes: &'a [u8], endian: Endian) -> Result<Self> {
        Ok(Self { base: &[], own: wire::sections(bytes, endian, false)?.strings })
    }

    /// Of nothing: only the empty string at 0.
    pub(crate) const EMPTY: Self = Self { base: &[], own: &[] };

    /// The bytes before the NUL.
    #[inline]
    pub(super) fn bytes(self, offset: u32) -> Option<&'a [u8]> {
        let rest = self.from(offset)?;
        Some(std::ffi::CStr::from_bytes_until_nul(rest).ok()?.to_bytes())
    }

    /// Everything from this offset on.
    #[inline]
    pub(super) fn from(self, offset: u32) -> Option<&'a [u8]> {
        let offset = offset as usize;
        match offset.checked_sub(self.base.len()) {
            None => self.base.get(offset..),
            Some(0) if self.own.is_empty() && offset == 0 => Some(&[0]),
            Some(own) => self.own.get(own..).filter(|rest| !rest.is_empty()),
        }
    }

    pub(crate) fn text(self, offset: u32) -> Option<&'a str> {
        std::str::from_utf8(self.bytes(offset)?).ok()
    }
}

impl<'a> Context<'a> {
    /// A name; one that cannot be read is taken for none. [`Btf::parse`](super::Btf::parse) refuses such.
    pub(super) fn name(self, offset: u32) -> &'a str {
        self.strings.text(offset).unwrap_or("")
    }
}

impl fmt::Debug for Strings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes of strings", self.base.len() + self.own.len())
    }
}
