//! BTF's data sections, put together from those of the inputs.

use std::collections::HashMap;

use bpf_skel::btf::{DataSec, DataSecVar, Kind, Linkage};
use bpf_skel::{Error, Frame, Result};

use super::btf::Merged;
use super::input::{Input, Role};
use super::resolve::{KERNEL_SECTIONS, Resolved};
use super::sections::{Layout, Placed};
use super::symbols::Place;

/// A data section in the making.
struct Made<'a> {
    name: &'a str,
    size: u64,
    vars: Vec<DataSecVar>,
}

/// Adds the data sections: those of the result's sections in their order, then those of the kernel's symbols.
pub(super) fn add(
    inputs: &[Input<'_>],
    resolved: &Resolved<'_>,
    layout: &Layout<'_>,
    merged: &mut Merged,
) -> Result<()> {
    let mut made: Vec<Option<Made<'_>>> = Vec::new();
    made.resize_with(layout.sections.len(), || None);
    let mut kernel: Vec<Made<'_>> = Vec::new();
    for (number, input) in inputs.iter().enumerate() {
        let by_name: HashMap<&str, usize> = linked_by_name(input);
        let Some(btf) = &input.btf else { continue };
        for (_, ty) in btf.types() {
            let Kind::DataSec(section) = ty.kind else { continue };
            let index = by_name.get(ty.name).copied();
            let target = match index.map(|index| layout.place(number, index)) {
                // A second license.
                Some(None) => continue,
                Some(Some(placed)) => {
                    let out = &layout.sections[placed.section];
                    let made = made[placed.section].get_or_insert_with(|| Made {
                        name: out.name,
                        size: out.size,
                        vars: Vec::new(),
                    });
                    (made, placed)
                }
                None => {
                    let known = kernel.iter().position(|made| made.name == ty.name);
                    let index = known.unwrap_or(kernel.len());
                    if known.is_none() {
                        kernel.push(Made { name: ty.name, size: 0, vars: Vec::new() });
                    }
                    (&mut kernel[index], Placed { section: 0, base: 0 })
                }
            };
            let source = Source { number, input, index, section, name: ty.name };
            source
                .add_vars(resolved, &merged.ids[number], target)
                .map_err(|error| error.within(Frame::Section(ty.name.to_owned())))
                .map_err(|error| error.within(Frame::Object(input.name.to_owned())))?;
        }
    }
    // Where clang lists what is extern and in no section has nothing left.
    kernel.retain(|made| !made.vars.is_empty());
    for mut made in made.into_iter().flatten().chain(kernel) {
        made.vars.sort_by_key(|var| var.offset);
        merged.builder.datasec(made.name, made.size as u32, &made.vars);
    }
    Ok(())
}

fn linked_by_name<'a>(input: &Input<'a>) -> HashMap<&'a str, usize> {
    let sections = input.sections.iter().enumerate().rev();
    sections.filter(|(_, it)| it.role == Role::Linked).map(|(n, it)| (it.name, n)).collect()
}

/// A data section of an input.
struct Source<'s, 'a> {
    number: usize,
    input: &'s Input<'a>,
    /// ELF index of the section that it describes, if there is one.
    index: Option<usize>,
    section: DataSec<'a>,
    name: &'a str,
}

impl Source<'_, '_> {
    fn add_vars(
        &self,
        resolved: &Resolved<'_>,
        ids: &[u32],
        (made, placed): (&mut Made<'_>, Placed),
    ) -> Result<()> {
        let Some(btf) = &self.input.btf else { return Ok(()) };
        let kernel = KERNEL_SECTIONS.contains(&self.name);
        for var in self.section.vars() {
            let Some(ty) = btf.type_by_id(var.ty) else { continue };
            let linkage = match ty.kind {
                Kind::Var { linkage, .. } | Kind::Func { linkage, .. } => linkage,
                _ => continue,
            };
            let here = self.chosen_here(resolved, ty.name);
            // It is listed where its definition is.
            let elsewhere = linkage != Linkage::Static && here == Some(false);
            if elsewhere || (linkage == Linkage::Extern && !kernel) {
                continue;
            }
            if self.index.is_none() && !kernel {
                return Err(Error::malformed("BTF describes it, but there is no such section")
                    .within(Frame::Variable(ty.name.to_owned())));
            }
            if linkage == Linkage::Global && self.is_elsewhere(resolved, ty.name) {
                continue;
            }
            let offset = match linkage {
                Linkage::Global if here.is_some() => self.offset(resolved, ty.name),
                // A linker has filled it in already.
                Linkage::Global if self.section.size == 0 && !kernel => None,
                _ => Some(u64::from(var.offset)),
            };
            let offset = offset.and_then(|offset| placed.base.checked_add(offset));
            let Some(offset) = offset.and_then(|offset| u32::try_from(offset).ok()) else {
                return Err(Error::malformed("BTF has it, but the section has no such symbol")
                    .within(Frame::Variable(ty.name.to_owned())));
            };
            let Some(&ty @ 1..) = ids.get(var.ty as usize) else {
                return Err(Error::malformed("BTF has it in two sections, and one is left out")
                    .within(Frame::Variable(ty.name.to_owned())));
            };
            made.vars.push(DataSecVar { ty, offset, size: var.size });
        }
        Ok(())
    }

    /// Whether the symbol of this name is this input's; `None` where there is no such symbol.
    fn chosen_here(&self, resolved: &Resolved<'_>, name: &str) -> Option<bool> {
        Some(resolved.find(name)?.chosen.input == self.number)
    }

    /// Whether this input's global symbol is in another section: libbpf's linker leaves the entry of a weak definition that
    /// lost to one there.
    fn is_elsewhere(&self, resolved: &Resolved<'_>, name: &str) -> bool {
        let chosen = resolved.find(name).filter(|it| it.chosen.input == self.number);
        let place = chosen.map(|it| self.input.symbols[it.chosen.symbol].place);
        let here = self.index.map(Place::Section);
        matches!(place, Some(Place::Section(_))) && here.is_some() && place != here
    }

    /// The offset of a global symbol in this section.
    fn offset(&self, resolved: &Resolved<'_>, name: &str) -> Option<u64> {
        let symbol = &self.input.symbols[resolved.find(name)?.chosen.symbol];
        let here = self.index.map(Place::Section) == Some(symbol.place);
        here.then_some(symbol.value)
    }
}
