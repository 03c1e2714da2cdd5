use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};

use super::attr::TokenCreateAttr;
use super::bpf::{bpf_fd, raw};
use super::fdinfo;
use crate::uapi::{Command, MapFlag};

/// The flag of each command that takes a token: the token's descriptor is looked at.
const TOKEN_FD: u32 = MapFlag::TOKEN_FD.0;

/// `flags` and the descriptor, as attributes hold them.
pub(super) fn flags_and_fd(flags: u32, token: Option<BorrowedFd<'_>>) -> (u32, i32) {
    token.map_or((flags, 0), |token| (flags | TOKEN_FD, token.as_raw_fd()))
}

/// `BPF_TOKEN_CREATE` (Linux 6.9). The descriptor is that of the root of a BPF file system, opened for reading; without
/// one, a kernel that has tokens answers EBADF.
pub(crate) fn token_create(bpffs: Option<BorrowedFd<'_>>) -> io::Result<OwnedFd> {
    let mut attr = TokenCreateAttr { flags: 0, bpffs_fd: bpffs.map_or(u32::MAX, raw) };
    // SAFETY: the struct holds no addresses.
    unsafe { bpf_fd(Command::TOKEN_CREATE, &mut attr) }
}

/// What a token allows: in each a bit for a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    pub(crate) commands: u64,
    pub(crate) map_types: u64,
    pub(crate) program_types: u64,
    pub(crate) attach_types: u64,
}

/// What a token allows, as `/proc` tells.
pub(crate) fn token_allows(token: BorrowedFd<'_>) -> io::Result<Allowed> {
    parse(&fdinfo::read(token)?).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

fn parse(text: &str) -> Option<Allowed> {
    let mask = |name| match fdinfo::value(text, name)? {
        "any" => Some(u64::MAX),
        mask => u64::from_str_radix(mask.strip_prefix("0x")?, 16).ok(),
    };
    Some(Allowed {
        commands: mask("allowed_cmds")?,
        map_types: mask("allowed_maps")?,
        program_types: mask("allowed_progs")?,
        attach_types: mask("allowed_attachs")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed() {
        let text = "pos:\t0\nflags:\t02000002\nmnt_id:\t40\nino:\t9\nallowed_cmds:\t0x40021\n\
            allowed_maps:\tany\nallowed_progs:\t0x0\nallowed_attachs:\t0xffffffffffffffff\n";
        let expected = Allowed {
            commands: 0x40021,
            map_types: u64::MAX,
            program_types: 0,
            attach_types: u64::MAX,
        };
        assert_eq!(parse(text), Some(expected));
        assert_eq!(parse(&text.replace("allowed_progs", "else")), None);
        assert_eq!(parse(&text.replace("0x40021", "all")), None);
    }
}
