use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use super::Link;
use crate::Error;
use crate::program::{Kind, Program};

/// Where among the programs of a hook a new one runs.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub enum Position<'a> {
    /// After all others.
    #[default]
    Last,
    /// Before all others.
    First,
    /// Just before this one.
    Before(Relative<'a>),
    /// Just after this one.
    After(Relative<'a>),
}

/// The program or link that a [`Position`] is relative to.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Relative<'a> {
    /// A program, by a descriptor of it.
    Program(BorrowedFd<'a>),
    /// A program, by its id.
    ProgramId(u32),
    /// A link, by a descriptor of it.
    Link(BorrowedFd<'a>),
    /// A link, by its id.
    LinkId(u32),
}

impl<'a, K: Kind> From<&'a Program<K>> for Relative<'a> {
    fn from(program: &'a Program<K>) -> Self {
        Self::Program(program.as_fd())
    }
}

impl<'a> From<&'a Link> for Relative<'a> {
    fn from(link: &'a Link) -> Self {
        Self::Link(link.as_fd())
    }
}

const BEFORE: u32 = 1 << 3;
const AFTER: u32 = 1 << 4;
const ID: u32 = 1 << 5;
const LINK: u32 = 1 << 13;

impl Position<'_> {
    /// Whether it is relative to a program, not to a link.
    pub(super) fn is_of_program(self) -> bool {
        let (Self::Before(relative) | Self::After(relative)) = self else { return false };
        matches!(relative, Relative::Program(_) | Relative::ProgramId(_))
    }

    /// The flags of `BPF_LINK_CREATE`, and the descriptor or id that they speak of.
    pub(super) fn flags(self) -> (u32, u32) {
        let (side, relative) = match self {
            Self::Last => return (0, 0),
            Self::First => return (BEFORE, 0),
            Self::Before(relative) => (BEFORE, relative),
            Self::After(relative) => (AFTER, relative),
        };
        let (kind, number) = match relative {
            Relative::Program(fd) => (0, fd.as_raw_fd().cast_unsigned()),
            Relative::ProgramId(id) => (ID, id),
            Relative::Link(fd) => (LINK, fd.as_raw_fd().cast_unsigned()),
            Relative::LinkId(id) => (LINK | ID, id),
        };
        (side | kind, number)
    }
}

/// What hooks with an order say that they refuse.
pub(super) fn explain(error: Error) -> Error {
    match error.raw_os_error() {
        Some(libc::ESTALE) => error.with_hint("the hook has another revision than expected"),
        Some(libc::EEXIST) => error.with_hint("this program is attached there already"),
        Some(libc::ENOENT) => {
            error.with_hint("what the position is relative to is not attached there")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags() {
        assert_eq!(Position::Last.flags(), (0, 0));
        assert_eq!(Position::First.flags(), (0x8, 0));
        assert_eq!(Position::Before(Relative::ProgramId(7)).flags(), (0x28, 7));
        assert_eq!(Position::After(Relative::LinkId(9)).flags(), (0x2030, 9));
    }
}
