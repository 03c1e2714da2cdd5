//! Versions of a library's symbols: `memcpy@GLIBC_2.14`.

use std::collections::BTreeMap;

use super::image::{Image, string};
use crate::Result;

/// Which version each dynamic symbol has.
#[derive(Default)]
pub(super) struct Versions {
    /// By the symbol's index: the number of a version.
    of: Vec<u16>,
    names: BTreeMap<u16, Vec<u8>>,
}

impl Versions {
    pub(super) fn read(image: &Image) -> Result<Self> {
        const VERSYM: u32 = 0x6fff_ffff;
        const VERDEF: u32 = 0x6fff_fffd;
        let (Some(of), Some(definitions)) = (image.section_of(VERSYM), image.section_of(VERDEF))
        else {
            return Ok(Self::default());
        };
        let of = image.content(of)?;
        let field = image.fields(&of);
        let of = (0..of.len() / 2).map(|index| field.u16(index * 2)).collect::<Result<_>>()?;

        let Some(strings) = image.sections.get(definitions.link as usize) else {
            return Ok(Self::default());
        };
        let (strings, bytes) = (image.content(strings)?, image.content(definitions)?);
        let field = image.fields(&bytes);
        let mut names = BTreeMap::new();
        let mut at = 0;
        // Each definition says how far the next one is: forward only, so this ends.
        while at < bytes.len() {
            let (number, name, next) =
                (field.u16(at + 4)?, field.u32(at + 12)? as usize, field.u32(at + 16)? as usize);
            // The first of its names is its own, the others are those of what it inherits.
            let name = field.u32(at.saturating_add(name))?;
            if let Some(name) = string(&strings, name) {
                names.insert(number, name.to_vec());
            }
            if next == 0 {
                break;
            }
            at = at.saturating_add(next);
        }
        Ok(Self { of, names })
    }

    /// The version of the dynamic symbol with this index.
    pub(super) fn of(&self, symbol: usize) -> Option<&[u8]> {
        // Set for versions that only those who ask for them get.
        const HIDDEN: u16 = 1 << 15;
        self.names.get(&(self.of.get(symbol)? & !HIDDEN)).map(Vec::as_slice)
    }
}
