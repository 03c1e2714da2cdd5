use crate::{Error, Result};

/// Bytes that may be copied out of an object.
///
/// Nothing in ELF forbids a thousand sections over the same bytes, a thousand programs that call the same
/// subprogram, or symbols whose names are tails of each other. Honest objects expand little; what goes beyond this
/// is refused before it is allocated.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

/// How many bytes a byte of input may become.
const FACTOR: usize = 64;
/// So that small objects are never refused.
const FLOOR: usize = 1 << 20;

impl Budget {
    pub(super) fn for_input(len: usize) -> Self {
        Self { left: len.saturating_mul(FACTOR).saturating_add(FLOOR) }
    }

    /// Pays for `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Result<()> {
        match self.left.checked_sub(len) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Error::malformed(format!(
                "the object expands to more than {FACTOR} times its size: sections, names or programs overlap"
            ))),
        }
    }

    /// An owned copy of `text`.
    pub(super) fn text(&mut self, text: &str) -> Result<std::borrow::Cow<'static, str>> {
        self.take(text.len())?;
        Ok(text.to_owned().into())
    }
}
