//! Enums of both widths, as views over the bytes.

use std::fmt;

use super::strings::Context;
use super::wire::word;

/// An enum of at most 32 bits.
#[derive(Clone, Copy)]
pub struct Enum<'a> {
    /// Size in bytes.
    pub size: u32,
    /// Whether values are signed. Compilers before LLVM 15 never say so.
    pub signed: bool,
    pub(super) raw: &'a [[u8; 8]],
    pub(super) cx: Context<'a>,
}

impl<'a> Enum<'a> {
    /// The enumerators: name and value.
    pub fn values(&self) -> impl ExactSizeIterator<Item = (&'a str, i64)> + Clone + use<'a> {
        let this = *self;
        self.raw.iter().map(move |raw| this.read(raw))
    }

    /// The enumerator with this index.
    pub fn value(&self, index: usize) -> Option<(&'a str, i64)> {
        self.raw.get(index).map(|raw| self.read(raw))
    }

    fn read(&self, raw: &[u8; 8]) -> (&'a str, i64) {
        let Self { signed, cx, .. } = *self;
        let value = word(raw, 1, cx.endian);
        let value = if signed { i64::from(value.cast_signed()) } else { i64::from(value) };
        (cx.name(word(raw, 0, cx.endian)), value)
    }

    /// Number of enumerators.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether there are no enumerators.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

/// An enum of 64 bits.
#[derive(Clone, Copy)]
pub struct Enum64<'a> {
    /// Size in bytes.
    pub size: u32,
    /// Whether values are signed.
    pub signed: bool,
    pub(super) raw: &'a [[u8; 12]],
    pub(super) cx: Context<'a>,
}

impl<'a> Enum64<'a> {
    /// The enumerators: name and the value's bits (two's complement where [`signed`](Self::signed)).
    pub fn values(&self) -> impl ExactSizeIterator<Item = (&'a str, u64)> + Clone + use<'a> {
        let this = *self;
        self.raw.iter().map(move |raw| this.read(raw))
    }

    /// The enumerator with this index.
    pub fn value(&self, index: usize) -> Option<(&'a str, u64)> {
        self.raw.get(index).map(|raw| self.read(raw))
    }

    fn read(&self, raw: &[u8; 12]) -> (&'a str, u64) {
        let cx = self.cx;
        let low = word(raw, 1, cx.endian);
        let high = word(raw, 2, cx.endian);
        (cx.name(word(raw, 0, cx.endian)), u64::from(high) << 32 | u64::from(low))
    }

    /// Number of enumerators.
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether there are no enumerators.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

impl fmt::Debug for Enum<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, signed {} ", self.size, self.signed)?;
        f.debug_list().entries(self.values()).finish()
    }
}

impl fmt::Debug for Enum64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes, signed {} ", self.size, self.signed)?;
        f.debug_list().entries(self.values()).finish()
    }
}
