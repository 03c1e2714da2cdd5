//! What is looked for, and the filter that lets the pass skip nearly every name.

use std::borrow::Cow;

use crate::btf::{BtfKind, Head, essential_len};

/// A set of kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    /// Only this kind.
    pub const fn only(kind: BtfKind) -> Self {
        Self(1 << (kind as u32 & 31))
    }

    /// Both sets together.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What CO-RE takes for the same kind: an enum and a 64-bit enum are one.
    pub const fn compatible(kind: BtfKind) -> Self {
        match kind {
            BtfKind::Enum | BtfKind::Enum64 => {
                Self::only(BtfKind::Enum).or(Self::only(BtfKind::Enum64))
            }
            other => Self::only(other),
        }
    }

    #[inline]
    fn has(self, raw: u8) -> bool {
        raw < 32 && self.0 & (1 << raw) != 0
    }
}

/// A type that is looked for in the kernel.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// The name; for a CO-RE root its [`essential_name`](crate::btf::essential_name).
    pub name: Cow<'a, str>,
    /// What it may be.
    pub kinds: Kinds,
    /// Whether kernel types of other flavours count, as for CO-RE: `name___any`.
    pub any_flavour: bool,
}

impl<'a> Wanted<'a> {
    /// A type of exactly this name.
    pub fn exact(name: impl Into<Cow<'a, str>>, kind: BtfKind) -> Self {
        Self { name: name.into(), kinds: Kinds::only(kind), any_flavour: false }
    }

    /// What fentry, fexit and fmod_ret programs attach to.
    pub fn function(name: &'a str) -> Self {
        Self::exact(name, BtfKind::Func)
    }

    /// What a `tp_btf` program attaches to: the typedef of a raw tracepoint.
    pub fn tracepoint(name: &str) -> Self {
        Self::exact(format!("btf_trace_{name}"), BtfKind::Typedef)
    }

    /// What an LSM program attaches to.
    pub fn lsm_hook(name: &str) -> Self {
        Self::exact(format!("bpf_lsm_{name}"), BtfKind::Func)
    }

    /// What an iterator program attaches to.
    pub fn iterator(name: &str) -> Self {
        Self::exact(format!("bpf_iter_{name}"), BtfKind::Func)
    }

    /// What the kernel keeps the value of a struct_ops map in, by the name of the operations (`tcp_congestion_ops`).
    pub fn struct_ops(name: &str) -> Self {
        Self::exact(format!("bpf_struct_ops_{name}"), BtfKind::Struct)
    }

    /// The candidates for a CO-RE root type of this name and kind in the object.
    pub fn core(name: &'a str, kind: BtfKind) -> Self {
        let name = crate::btf::essential_name(name);
        Self { name: name.into(), kinds: Kinds::compatible(kind), any_flavour: true }
    }
}

/// The types that were found, by the index of what was [`Wanted`].
#[derive(Clone, Debug, Default)]
pub struct Candidates {
    /// (index, id), sorted.
    found: Vec<(u32, u32)>,
}

impl Candidates {
    /// Ids of the types found for the `nth` wanted, ascending.
    pub fn of(&self, nth: usize) -> impl ExactSizeIterator<Item = u32> + '_ {
        let from = self.found.partition_point(|&(index, _)| (index as usize) < nth);
        let to = self.found.partition_point(|&(index, _)| (index as usize) <= nth);
        self.found[from..to].iter().map(|&(_, id)| id)
    }

    /// Whether nothing at all was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// All that is wanted, ready for the pass.
///
/// Most types are told apart by kind, then by the first eight bytes of the name in a small bit table; what is left is
/// looked up by its whole name.
pub(super) struct Query<'q, 'a> {
    wanted: &'q [Wanted<'a>],
    kinds: Kinds,
    prefixes: Prefixes<8>,
    /// Starts of flavoured names that are shorter than eight bytes up to the flavour.
    short: Option<Prefixes<4>>,
    flavours: bool,
    /// Indices of `wanted`, sorted by name.
    by_name: Vec<u32>,
    found: Vec<(u32, u32)>,
}

impl<'q, 'a> Query<'q, 'a> {
    pub(super) fn new(wanted: &'q [Wanted<'a>]) -> Self {
        let mut query = Self {
            wanted,
            kinds: Kinds(0),
            prefixes: Prefixes::new(),
            short: None,
            flavours: wanted.iter().any(|one| one.any_flavour),
            by_name: (0..wanted.len() as u32).collect(),
            found: Vec::with_capacity(wanted.len()),
        };
        query.by_name.sort_by_key(|&n| wanted[n as usize].name.as_bytes());
        for one in wanted {
            let name = one.name.as_bytes();
            query.kinds = query.kinds.or(one.kinds);
            query.prefixes.admit(start(name, b""));
            if one.any_flavour && name.len() + 3 >= 8 {
                query.prefixes.admit(start(name, b"___"));
            } else if one.any_flavour {
                query.short.get_or_insert_with(Prefixes::new).admit(start(name, b"___"));
            }
        }
        query
    }

    /// Looks at one type of the pass. Strings of a module continue those of its `base`, and its types use both.
    #[inline]
    pub(super) fn visit(&mut self, id: u32, head: Head, base: &[u8], own: &[u8]) {
        if !self.kinds.has(head.raw_kind()) {
            return;
        }
        let offset = head.name as usize;
        let name = match offset.checked_sub(base.len()) {
            None => base.get(offset..),
            Some(offset) => own.get(offset..),
        };
        let Some(name) = name else { return };
        let Some(&prefix) = name.first_chunk::<8>() else {
            return self.compare(id, head.raw_kind(), name);
        };
        let short = || {
            let &[a, b, c, d, ..] = &prefix;
            self.short.as_ref().is_some_and(|short| short.has([a, b, c, d]))
        };
        if self.prefixes.has(up_to_nul(prefix)) || short() {
            self.compare(id, head.raw_kind(), name);
        }
    }

    /// Compares the whole name, which ends at the first NUL.
    #[cold]
    fn compare(&mut self, id: u32, kind: u8, name: &[u8]) {
        let Ok(name) = std::ffi::CStr::from_bytes_until_nul(name) else { return };
        let name = name.to_bytes();
        self.collect(id, kind, name, false);
        if self.flavours {
            let essential = essential_len(name);
            if essential != name.len() {
                self.collect(id, kind, &name[..essential], true);
            }
        }
    }

    fn collect(&mut self, id: u32, kind: u8, name: &[u8], flavoured: bool) {
        let key = |&n: &u32| self.wanted[n as usize].name.as_bytes();
        let from = self.by_name.partition_point(|n| key(n) < name);
        for &n in self.by_name[from..].iter().take_while(|n| key(n) == name) {
            let one = &self.wanted[n as usize];
            if one.kinds.has(kind) && (one.any_flavour || !flavoured) {
                self.found.push((n, id));
            }
        }
    }

    pub(super) fn finish(mut self) -> Candidates {
        self.found.sort_unstable();
        Candidates { found: self.found }
    }
}

/// The first bytes of a name and what follows it, zeros after the end.
fn start<const N: usize>(name: &[u8], then: &[u8]) -> [u8; N] {
    let mut bytes = name.iter().chain(then).copied();
    std::array::from_fn(|_| bytes.next().unwrap_or(0))
}

/// The bytes up to the first NUL, the rest zero.
#[inline]
fn up_to_nul(bytes: [u8; 8]) -> [u8; 8] {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_le_bytes(bytes);
    let zeros = word.wrapping_sub(ONES) & !word & (ONES << 7);
    // The lowest set bit is the top one of the first NUL; everything below that byte stays.
    let below = (zeros & zeros.wrapping_neg()).wrapping_sub(1) >> 7;
    (if zeros == 0 { word } else { word & below }).to_le_bytes()
}

/// A set of prefixes that may hold more than what was admitted, never less.
struct Prefixes<const N: usize>([u64; 64]);

impl<const N: usize> Prefixes<N> {
    fn new() -> Self {
        Self([0; 64])
    }

    fn admit(&mut self, prefix: [u8; N]) {
        let bit = Self::slot(prefix);
        self.0[bit / 64] |= 1 << (bit % 64);
    }

    #[inline]
    fn has(&self, prefix: [u8; N]) -> bool {
        let bit = Self::slot(prefix);
        self.0[bit / 64] & (1 << (bit % 64)) != 0
    }

    /// The bit of a prefix in a table of 4096.
    #[inline]
    fn slot(prefix: [u8; N]) -> usize {
        let mut word = [0; 8];
        word[..N].copy_from_slice(&prefix);
        (u64::from_le_bytes(word).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::up_to_nul;

    #[test]
    fn prefixes_end_at_the_first_nul() {
        for (from, to) in [
            (b"abcdefgh", b"abcdefgh"),
            (b"abcdefg\0", b"abcdefg\0"),
            (b"abcd\0fgh", b"abcd\0\0\0\0"),
            (b"a\0cdefgh", b"a\0\0\0\0\0\0\0"),
            (b"\0bcdefgh", b"\0\0\0\0\0\0\0\0"),
            (b"a\0\x01defgh", b"a\0\0\0\0\0\0\0"),
            (b"\x01\0\x01\0\x80\xff\0\x01", b"\x01\0\0\0\0\0\0\0"),
            (b"\x80\x81\xff\xfe\0\0\0\0", b"\x80\x81\xff\xfe\0\0\0\0"),
        ] {
            assert_eq!(&up_to_nul(*from), to);
        }
    }
}
