//! What is in the maps that XDP programs redirect packets by: a number, and a program that runs there.
//!
//! ```text
//! | u32: interface, or length of a queue | u32: program, if the value has 8 bytes    written as descriptor, read as id
//! ```

use std::os::fd::{AsRawFd, BorrowedFd};

use super::Map;
use super::element::is_unsupported;
use crate::pod::{self, bytes_of};
use crate::uapi::flags;
use crate::{Error, ErrorKind, Result};

/// Writes the element; `struct bpf_devmap_val` and `struct bpf_cpumap_val` are alike.
pub(super) fn write(
    map: &Map,
    key: u32,
    number: u32,
    program: Option<BorrowedFd<'_>>,
) -> Result<()> {
    let with_program =
        [number.to_ne_bytes(), program.map_or(-1, |fd| fd.as_raw_fd()).to_ne_bytes()];
    let value = match (map.value_size(), program) {
        (4, Some(_)) => {
            return Err(map.misused(
                "the map's values have 4 bytes: there is room for a program where they have 8",
            ));
        }
        (4, None) => &with_program.as_flattened()[..4],
        _ => with_program.as_flattened(),
    };
    map.update(bytes_of(&key), value, flags::ANY)
}

/// The number, and the id of the program.
pub(super) fn read(map: &Map, key: u32) -> Result<Option<(u32, Option<u32>)>> {
    Ok(map.lookup(bytes_of(&key))?.and_then(|value| decode(&value)))
}

fn decode(value: &[u8]) -> Option<(u32, Option<u32>)> {
    let (number, program) = value.split_at_checked(4)?;
    Some((pod::read(number)?, pod::read(program).filter(|&id| id != 0)))
}

/// Says which program the map takes, where the kernel may have refused the one that was given.
pub(super) fn expecting_program(error: Error, section: &str) -> Error {
    let error = match error.raw_os_error() {
        Some(libc::EBADF) => error.with_kind(ErrorKind::InvalidInput),
        _ if is_unsupported(&error) => error.with_kind(ErrorKind::InvalidInput),
        // A CPU's queue and its program are made in one go, and the kernel has one answer for both.
        Some(libc::ENOMEM) => error,
        _ => return error,
    };
    error.with_hint(format!(
        "it takes an XDP program of section {section}, with fragments if those have them that use the map"
    ))
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn a_program_is_there_or_not() {
        let value = |number: u32, id: u32| [number.to_ne_bytes(), id.to_ne_bytes()].concat();
        assert_eq!(decode(&value(3, 0)[..4]), Some((3, None)));
        assert_eq!(decode(&value(3, 0)), Some((3, None)));
        assert_eq!(decode(&value(3, 9)), Some((3, Some(9))));
        assert_eq!(decode(&[0; 3]), None);
    }
}
