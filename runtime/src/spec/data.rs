use std::borrow::Cow;

/// The initial contents of a data section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// This many zero bytes (`.bss`), which take no room in the program.
    Zeroed(u32),
    /// These bytes, in the object's byte order.
    Bytes(Cow<'static, [u8]>),
}

impl Data {
    /// Size in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Zeroed(len) => *len as usize,
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Whether there are no bytes at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
