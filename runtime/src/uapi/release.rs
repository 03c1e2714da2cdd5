use std::fmt;

/// A kernel release: `6.12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// `6`
    pub major: u32,
    /// `12`
    pub minor: u32,
}

impl Release {
    /// The oldest kernel that is supported. What came with it or before is taken for granted: no fall-back is kept
    /// for less.
    pub const OLDEST: Self = Self::new(5, 10);

    /// A release by its numbers.
    pub const fn new(major: u32, minor: u32) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
