use super::Legacy;
use crate::spec::Endian;
use crate::uapi::MapType;
use crate::{Error, Result};

/// Bytes of the shortest definition: type, sizes and entries.
const MIN_SIZE: usize = 16;
/// Bytes of `struct bpf_elf_map` as iproute2 left it.
const MAX_SIZE: usize = 36;
/// The inner index of a map that is only a template.
const NOWHERE: u32 = u32::MAX;

/// One definition. All of it is numbers: whether they mean something is for others to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) map_type: MapType,
    pub(super) key_size: u32,
    pub(super) value_size: u32,
    pub(super) max_entries: u32,
    pub(super) flags: u32,
    pub(super) id: u32,
    pub(super) pinning: u32,
    pub(super) inner_id: u32,
    inner_idx: u32,
}

impl Definition {
    pub(super) fn read(bytes: &[u8], layout: Legacy, endian: Endian) -> Result<Self> {
        let size = bytes.len();
        if size < MIN_SIZE {
            return Err(Error::malformed(format!(
                "expected a definition of {MIN_SIZE} bytes or more, found one of {size}"
            )));
        }
        if size > MAX_SIZE && layout != Legacy::Libbpf {
            return Err(Error::malformed(format!(
                "expected a definition of {MAX_SIZE} bytes or less, found one of {size}: it is newer than the last \
                 struct bpf_elf_map"
            )));
        }
        let words: Vec<u32> = bytes.as_chunks().0.iter().map(|word| endian.u32(*word)).collect();
        let known = layout.words();
        if words.iter().skip(known).any(|word| *word != 0) {
            return Err(Error::malformed(format!(
                "expected zeros after the {} bytes that are known, found other numbers",
                known * 4
            )));
        }
        let word = |index: usize| words.get(index).copied().unwrap_or_default();
        let all = Self {
            map_type: MapType(word(0)),
            key_size: word(1),
            value_size: word(2),
            max_entries: word(3),
            ..Self::default()
        };
        Ok(match layout {
            Legacy::Iproute2 => Self {
                flags: word(4),
                id: word(5),
                pinning: word(6),
                inner_id: word(7),
                inner_idx: word(8),
                ..all
            },
            Legacy::Iproute2Old => Self { id: word(4), pinning: word(5), ..all },
            Legacy::Libbpf => Self { flags: word(4), ..all },
        })
    }

    /// Whether it is a map of maps.
    pub(super) fn holds_maps(&self) -> bool {
        matches!(self.map_type, MapType::ARRAY_OF_MAPS | MapType::HASH_OF_MAPS)
    }

    /// Where it is put in the maps of maps that have its id as their inner one.
    pub(super) fn place(&self) -> Option<u32> {
        let is_inner = self.id != 0 && self.inner_id == 0 && self.inner_idx != NOWHERE;
        is_inner.then_some(self.inner_idx)
    }
}
