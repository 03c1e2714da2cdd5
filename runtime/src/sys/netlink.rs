use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use super::fd::check;

/// A socket to the kernel's routing and traffic control, for one request at a time.
#[derive(Debug)]
pub(crate) struct Netlink(OwnedFd);

/// `struct nlmsghdr`
const HEADER: usize = 16;
/// `NLMSG_ERROR`, which also says that all is well.
const ERROR: u16 = 2;
/// More than the kernel answers to what is asked here.
const ANSWER: usize = 8192;

impl Netlink {
    /// In this thread's network namespace, and it stays there.
    pub(crate) fn open() -> io::Result<Self> {
        // SAFETY: takes numbers.
        let raw = unsafe {
            libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE)
        };
        check(raw)?;
        // SAFETY: the call has just opened it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(raw) }))
    }

    /// Sends a request and waits until it is done. With `NLM_F_ECHO` among the flags the answer is what was made, as the
    /// kernel tells it, without its header; otherwise it is empty.
    pub(crate) fn request(&self, kind: u16, flags: i32, payload: &[u8]) -> io::Result<Vec<u8>> {
        let length = u32::try_from(HEADER + payload.len())
            .map_err(|_| io::Error::from_raw_os_error(libc::E2BIG))?;
        // All flags are in the low half.
        let flags = (flags | libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.extend(flags.to_ne_bytes());
        message.extend([0; 8]);
        message.extend(payload);
        // SAFETY: the message is borrowed and as long as said.
        let sent =
            unsafe { libc::send(self.0.as_raw_fd(), message.as_ptr().cast(), message.len(), 0) };
        if sent < 0 {
            return Err(io::Error::last_os_error());
        }
        let mut answer = Vec::new();
        loop {
            let mut buffer = [0_u8; ANSWER];
            // SAFETY: the buffer is exclusively borrowed and as long as said.
            let received = unsafe {
                libc::recv(self.0.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), 0)
            };
            if received < 0 {
                let error = io::Error::last_os_error();
                if error.kind() == io::ErrorKind::Interrupted {
                    continue;
                }
                return Err(error);
            }
            let mut rest = buffer.get(..received as usize).unwrap_or_default();
            while let Some((kind, payload, next)) = message_of(rest) {
                rest = next;
                if kind != ERROR {
                    answer = payload.to_vec();
                    continue;
                }
                let number = payload.first_chunk().map_or(0, |number| i32::from_ne_bytes(*number));
                return match number {
                    0 => Ok(answer),
                    number => Err(io::Error::from_raw_os_error(number.wrapping_neg())),
                };
            }
        }
    }
}

/// The first message: its type and payload, and what is behind it.
fn message_of(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(*bytes.first_chunk()?) as usize;
    let kind = u16::from_ne_bytes(*bytes.get(4..)?.first_chunk()?);
    let payload = bytes.get(HEADER..length)?;
    Some((kind, payload, bytes.get(length.next_multiple_of(4)..).unwrap_or_default()))
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_follow_each_other() {
        let message = |length: u32, payload: &[u8]| {
            let mut bytes = length.to_ne_bytes().to_vec();
            bytes.extend(7_u16.to_ne_bytes());
            bytes.extend([0; 10]);
            bytes.extend(payload);
            bytes
        };
        let two = [message(17, &[1, 0, 0, 0]), message(18, &[2, 3])].concat();
        let (kind, payload, rest) = message_of(&two).unwrap();
        assert_eq!((kind, payload), (7, &[1][..]));
        assert_eq!(message_of(rest).unwrap(), (7, &[2, 3][..], &[][..]));
        for length in [0, 15, 100] {
            assert_eq!(message_of(&message(length, &[])), None, "{length}");
        }
        assert_eq!(message_of(&[]), None);
    }
}
