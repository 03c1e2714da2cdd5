use bpf_skel::{Error, Result};

/// Bytes of text and padding that may come out of the inputs.
///
/// Nothing in ELF or BTF forbids thousands of names that are tails of each other, or sections that are aligned to
/// megabytes. Honest objects expand little; what goes beyond this is refused before it is allocated.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

/// How many bytes a byte of input may become.
const FACTOR: usize = 32;
/// So that small objects are never refused.
const FLOOR: usize = 1 << 20;

impl Budget {
    pub(super) fn for_inputs(len: usize) -> Self {
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
                "the objects expand to more than {FACTOR} times their size: names overlap, or alignments are absurd"
            ))),
        }
    }
}
