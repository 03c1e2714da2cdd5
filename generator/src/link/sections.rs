//! Sections of the same name, one behind the other.

use std::collections::HashMap;

use bpf_skel::spec::Endian;
use bpf_skel::{Error, Frame, Result};

use super::budget::Budget;
use super::input::{Input, Relocation, Role, Section};

/// A section of the result.
pub(super) struct OutSection<'a> {
    pub(super) name: &'a str,
    pub(super) kind: u32,
    pub(super) flags: u64,
    pub(super) align: u64,
    pub(super) entry_size: u64,
    /// None for a section of zeros.
    pub(super) bytes: Vec<u8>,
    pub(super) size: u64,
    /// Against symbols of the result.
    pub(super) relocations: Vec<Relocation>,
    /// The input that had it first.
    first: usize,
}

/// Where a section of an input is in the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Index in [`Layout::sections`].
    pub(super) section: usize,
    /// Offset in that.
    pub(super) base: u64,
}

/// The sections of the result, in the order in which the inputs have them.
pub(super) struct Layout<'a> {
    pub(super) sections: Vec<OutSection<'a>>,
    /// By input and ELF index.
    places: Vec<Vec<Option<Placed>>>,
}

/// What an object can have only one of: the others must say the same and are left out, with all that is in them.
const ONCE: [&str; 2] = ["license", VERSION];
const VERSION: &str = "version";

impl<'a> Layout<'a> {
    pub(super) fn new(inputs: &[Input<'a>], budget: &mut Budget) -> Result<Self> {
        let mut layout = Self { sections: Vec::new(), places: Vec::new() };
        let mut known = HashMap::new();
        for (number, input) in inputs.iter().enumerate() {
            let mut places = vec![None; input.sections.len()];
            for (index, section) in input.sections.iter().enumerate() {
                if section.role == Role::Linked {
                    places[index] = layout
                        .add(inputs, number, section, &mut known, budget)
                        .map_err(|error| error.within(Frame::Section(section.name.to_owned())))?;
                }
            }
            layout.places.push(places);
        }
        Ok(layout)
    }

    /// Where the section of this ELF index of an input is; `None` where it was left out.
    pub(super) fn place(&self, input: usize, section: usize) -> Option<Placed> {
        *self.places.get(input)?.get(section)?
    }

    fn add(
        &mut self,
        inputs: &[Input<'a>],
        number: usize,
        section: &Section<'a>,
        known: &mut HashMap<&'a str, usize>,
        budget: &mut Budget,
    ) -> Result<Option<Placed>> {
        let index = match known.get(section.name) {
            Some(&index) => {
                let out = &self.sections[index];
                let (here, there) = (inputs[number].name, inputs[out.first].name);
                if ONCE.contains(&section.name) {
                    let endian = inputs[number].endian;
                    return if out.bytes == section.bytes {
                        Ok(None)
                    } else {
                        Err(Error::mismatch(format!(
                            "{} in {there}, {} in {here}",
                            text(section.name, &out.bytes, endian),
                            text(section.name, section.bytes, endian)
                        )))
                    };
                }
                out.check(section, there, here)?;
                index
            }
            None => {
                known.insert(section.name, self.sections.len());
                self.sections.push(OutSection {
                    name: section.name,
                    kind: section.kind,
                    flags: section.flags,
                    align: section.align,
                    entry_size: section.entry_size,
                    bytes: Vec::new(),
                    size: 0,
                    relocations: Vec::new(),
                    first: number,
                });
                self.sections.len() - 1
            }
        };
        let base = self.sections[index].append(section, budget)?;
        Ok(Some(Placed { section: index, base }))
    }
}

impl OutSection<'_> {
    fn check(&self, section: &Section<'_>, there: &str, here: &str) -> Result<()> {
        let differ = |what: &str, ours: u64, theirs: u64| {
            Err(Error::mismatch(format!("{what} {ours:#x} in {there}, {theirs:#x} in {here}")))
        };
        if self.kind != section.kind {
            return differ("ELF type", self.kind.into(), section.kind.into());
        }
        if self.flags != section.flags {
            return differ("flags", self.flags, section.flags);
        }
        if self.entry_size != section.entry_size {
            return differ("entries of", self.entry_size, section.entry_size);
        }
        Ok(())
    }

    /// The offset of what is appended.
    fn append(&mut self, section: &Section<'_>, budget: &mut Budget) -> Result<u64> {
        self.align = self.align.max(section.align);
        let base = self.size.checked_next_multiple_of(self.align);
        let end = base.and_then(|base| base.checked_add(section.size));
        // What BTF can say of a section.
        let fits = base.zip(end.filter(|end| u32::try_from(*end).is_ok()));
        let Some((base, end)) = fits else {
            return Err(Error::malformed("more than 4 GiB"));
        };
        if !section.is_zeros() {
            let padding = base as usize - self.bytes.len();
            budget.take(padding)?;
            self.bytes.resize(base as usize, 0);
            self.bytes.extend_from_slice(section.bytes);
        }
        self.size = end;
        Ok(base)
    }
}

/// The text of a license, or the number of a version.
fn text(name: &str, bytes: &[u8], endian: Endian) -> String {
    if name == VERSION {
        return match bytes.try_into() {
            Ok(word) => endian.u32(word).to_string(),
            Err(_) => format!("{bytes:?}"),
        };
    }
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    match std::str::from_utf8(&bytes[..end]) {
        Ok(text) if !text.is_empty() => format!("{text:?}"),
        _ => format!("{bytes:?}"),
    }
}
