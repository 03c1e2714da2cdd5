use std::borrow::Cow;
use std::ffi::CStr;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::str::Utf8Error;

use super::{Pod, slice_bytes};
use crate::error::{Error, Result};

/// C's `char[N]`: text up to the first NUL, or all of it where there is none.
///
/// It prints and compares as text, and derefs to its bytes. C gives it no encoding, so that the text need not be UTF-8.
/// Two of them are equal where all bytes are, as the kernel compares the keys of a map: what is behind the NUL counts.
///
/// ```
/// use bpf_skel::pod::CharArray;
///
/// let mut comm: CharArray<16> = "bash".try_into()?;
/// assert_eq!(comm, "bash");
/// assert_eq!(comm.to_str_lossy(), "bash");
/// comm[0] = b'd';
/// assert_eq!(format!("{comm} {comm:?}"), r#"dash "dash""#);
/// assert!(CharArray::<4>::try_from("bash").is_err(), "the NUL has no room");
/// # Ok::<(), bpf_skel::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct CharArray<const N: usize>([u8; N]);

// SAFETY: transparent over bytes.
unsafe impl<const N: usize> Pod for CharArray<N> {}

impl<const N: usize> CharArray<N> {
    /// The array with these bytes.
    pub const fn new(bytes: [u8; N]) -> Self {
        Self(bytes)
    }

    /// The bytes before the first NUL; all of them where there is none.
    pub fn to_bytes(&self) -> &[u8] {
        self.0.cstr_bytes()
    }

    /// The C string, with its NUL; `None` where there is none.
    pub fn as_cstr(&self) -> Option<&CStr> {
        CStr::from_bytes_until_nul(&self.0).ok()
    }

    /// The text before the first NUL.
    ///
    /// # Errors
    /// Where it is not UTF-8.
    pub fn to_str(&self) -> Result<&str, Utf8Error> {
        std::str::from_utf8(self.to_bytes())
    }

    /// The text before the first NUL, with invalid UTF-8 replaced.
    pub fn to_str_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.to_bytes())
    }
}

impl<const N: usize> Default for CharArray<N> {
    /// The empty text.
    fn default() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Deref for CharArray<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for CharArray<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> From<[u8; N]> for CharArray<N> {
    fn from(bytes: [u8; N]) -> Self {
        Self(bytes)
    }
}

impl<const N: usize> From<CharArray<N>> for [u8; N] {
    fn from(chars: CharArray<N>) -> Self {
        chars.0
    }
}

impl<const N: usize> TryFrom<&[u8]> for CharArray<N> {
    type Error = Error;

    /// This text and zeros behind it. Text that holds a NUL, or has no room for the one behind it, is an error.
    fn try_from(text: &[u8]) -> Result<Self> {
        let fault = |what: String| Error::invalid_input(format!("a C string of {N} bytes: {what}"));
        if text.contains(&0) {
            return Err(fault("the text has a NUL inside".to_owned()));
        }
        let mut chars = Self::default();
        match chars.0.get_mut(..text.len()) {
            Some(room) if text.len() < N => room.copy_from_slice(text),
            _ => return Err(fault(format!("the text and its NUL have {}", text.len() + 1))),
        }
        Ok(chars)
    }
}

impl<const N: usize> TryFrom<&str> for CharArray<N> {
    type Error = Error;

    /// As for bytes.
    fn try_from(text: &str) -> Result<Self> {
        text.as_bytes().try_into()
    }
}

impl<const N: usize> TryFrom<&CStr> for CharArray<N> {
    type Error = Error;

    /// As for bytes.
    fn try_from(text: &CStr) -> Result<Self> {
        text.to_bytes().try_into()
    }
}

impl<const N: usize> PartialEq<[u8; N]> for CharArray<N> {
    /// Whether these are all of its bytes.
    fn eq(&self, bytes: &[u8; N]) -> bool {
        self.0 == *bytes
    }
}

impl<const N: usize> PartialEq<str> for CharArray<N> {
    /// Whether this is the text before the first NUL.
    fn eq(&self, text: &str) -> bool {
        self.to_bytes() == text.as_bytes()
    }
}

impl<const N: usize> PartialEq<&str> for CharArray<N> {
    fn eq(&self, text: &&str) -> bool {
        *self == **text
    }
}

impl<const N: usize> fmt::Display for CharArray<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_str_lossy())
    }
}

impl<const N: usize> fmt::Debug for CharArray<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.to_str_lossy(), f)
    }
}

/// C strings in slices of bytes, such as what follows a struct with a flexible `char` array.
pub trait CStrExt {
    /// The bytes before the first NUL; all of them where there is none.
    fn cstr_bytes(&self) -> &[u8];

    /// The text before the first NUL, with invalid UTF-8 replaced.
    fn to_cstr_lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.cstr_bytes())
    }
}

impl CStrExt for [u8] {
    fn cstr_bytes(&self) -> &[u8] {
        self.split(|&byte| byte == 0).next().unwrap_or_default()
    }
}

impl CStrExt for [i8] {
    fn cstr_bytes(&self) -> &[u8] {
        slice_bytes(self).cstr_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_read_up_to_the_nul() {
        let comm: [i8; 8] = [b's' as i8, b'h' as i8, 0, b'x' as i8, 0, 0, 0, 0];
        assert_eq!(comm.to_cstr_lossy(), "sh");
        assert_eq!([b'a', 0xff].to_cstr_lossy(), "a\u{fffd}");
        assert_eq!([0u8; 0].to_cstr_lossy(), "");
    }

    #[test]
    fn char_arrays_are_text() {
        let comm = CharArray::new(*b"sh\0rest\0");
        assert_eq!((comm.to_str(), comm.to_bytes()), (Ok("sh"), &b"sh"[..]));
        assert_eq!(comm.as_cstr(), Some(c"sh"));
        assert_eq!(format!("{comm:>4}|{comm:?}"), r#"  sh|"sh""#);
        assert_ne!(comm, CharArray::try_from("sh").unwrap());
        assert_eq!(CharArray::<8>::try_from(c"sh").unwrap(), "sh");

        let full = CharArray::new([b'a', 0xff]);
        assert_eq!((full.as_cstr(), full.to_str().is_err()), (None, true));
        assert_eq!(full.to_string(), "a\u{fffd}");
        assert_eq!(CharArray::<0>::default().to_string(), "");
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let why = |text: &str| CharArray::<4>::try_from(text).unwrap_err().to_string();
        assert_eq!(why("four"), "a C string of 4 bytes: the text and its NUL have 5");
        assert_eq!(why("a\0b"), "a C string of 4 bytes: the text has a NUL inside");
        assert!(CharArray::<4>::try_from("abc").is_ok());
        assert!(CharArray::<0>::try_from("").is_err());
    }
}
