//! Operations for the kernel: each variable of a section `.struct_ops` is a map.

use std::collections::HashMap;

use super::budget::Budget;
use super::file::File;
use super::function::Functions;
use super::maps::Maps;
use super::section::{RawRelocation, Role, Section};
use crate::btf::{Btf, Composite, DataSec, DataSecVar, Kind};
use crate::error::Within as _;
use crate::spec::{Data, MapContents, MapSpec, ProgramSpec, StructOpsFunction};
use crate::uapi::flags::LINK;
use crate::uapi::{MapType, ProgramType};
use crate::{Error, Frame, Result};

/// Bytes of a pointer to a function.
const POINTER: usize = 8;

/// What operations may refer to.
#[derive(Clone, Copy)]
pub(super) struct Callable<'c, 'a> {
    pub(super) functions: &'c Functions<'a>,
    pub(super) programs: &'c [ProgramSpec],
}

/// Adds the maps of all sections of operations.
pub(super) fn read<'a>(
    file: &File<'a>,
    callable: Callable<'_, 'a>,
    btf: Option<&Btf<'a>>,
    datasec: impl Fn(&str) -> Option<(u32, DataSec<'a>)>,
    maps: &mut Maps<'a>,
    budget: &mut Budget,
) -> Result<()> {
    let sections = file.sections.iter().enumerate();
    for (index, section) in sections.filter(|(_, section)| section.role == Role::StructOps) {
        let cx = Context { file, callable, section };
        let described = btf.zip(datasec(section.name).map(|(_, datasec)| datasec));
        let read =
            match described {
                Some((btf, datasec)) => cx.read(index, btf, &datasec, maps, budget),
                None => Err(Error::malformed("no BTF describes the operations")
                    .with_hint("compile with -g")),
            };
        read.within(|| Frame::Section(section.name.to_owned()))?;
    }
    Ok(())
}

/// A section of operations.
struct Context<'c, 'a> {
    file: &'c File<'a>,
    callable: Callable<'c, 'a>,
    section: &'c Section<'a>,
}

impl Context<'_, '_> {
    fn read(
        &self,
        index: usize,
        btf: &Btf<'_>,
        datasec: &DataSec<'_>,
        maps: &mut Maps<'_>,
        budget: &mut Budget,
    ) -> Result<()> {
        let mut relocations = self.section.relocations.as_slice();
        let mut end = 0;
        for var in datasec.vars() {
            let Some(ty) = btf.type_by_id(var.ty) else { continue };
            let spec = self
                .map(btf, ty.name, var, &mut end, &mut relocations, budget)
                .within(|| Frame::Map(ty.name.to_owned()))?;
            maps.add(index, var.offset.into(), spec)?;
        }
        match relocations {
            [] => Ok(()),
            _ => Err(Error::malformed("a relocation outside every variable")),
        }
    }

    /// The map of a variable, which takes its part of what is left of the relocations.
    fn map(
        &self,
        btf: &Btf<'_>,
        name: &str,
        var: DataSecVar,
        end: &mut u64,
        relocations: &mut &[RawRelocation],
        budget: &mut Budget,
    ) -> Result<MapSpec> {
        if name.is_empty() {
            return Err(Error::malformed("a map without a name"));
        }
        let (type_id, operations) = operations(btf, var.ty)?;
        let (start, size) = (u64::from(var.offset), u64::from(operations.size));
        let bytes = usize::try_from(start)
            .ok()
            .zip(usize::try_from(start + size).ok())
            .and_then(|(start, end)| self.section.bytes.get(start..end));
        let Some(bytes) = bytes.filter(|_| start >= *end) else {
            return Err(Error::malformed(format!(
                "expected a place of its own within {} bytes, found {size} bytes at {start}",
                self.section.bytes.len()
            )));
        };
        *end = start + size;
        let own = relocations.iter().take_while(|relocation| relocation.offset < *end).count();
        let (own, rest) = relocations.split_at(own);
        *relocations = rest;

        budget.take(bytes.len() + size_of::<MapSpec>())?;
        let mut data = bytes.to_vec();
        let functions = self.functions(btf, &operations, start, own, &mut data, budget)?;
        Ok(MapSpec {
            name: budget.text(name)?,
            section: budget.text(self.section.name)?,
            flags: if self.section.name.ends_with(".link") { LINK } else { 0 },
            value_type_id: type_id,
            contents: MapContents::StructOps {
                data: Data::Bytes(data.into()),
                functions: functions.into(),
                optional: self.section.name.starts_with('?'),
            },
            ..MapSpec::new("", MapType::STRUCT_OPS, 4, operations.size, 1)
        })
    }

    /// The programs that the relocations put into members. What the compiler left in their place in `data` goes.
    fn functions(
        &self,
        btf: &Btf<'_>,
        operations: &Composite<'_>,
        start: u64,
        relocations: &[RawRelocation],
        data: &mut [u8],
        budget: &mut Budget,
    ) -> Result<Vec<StructOpsFunction>> {
        if relocations.is_empty() {
            return Ok(Vec::new());
        }
        budget.take(operations.members().len() * size_of::<(u32, usize)>())?;
        let mut at_offset = HashMap::new();
        for (index, member) in (0_u32..).zip(operations.members()) {
            at_offset.entry(u64::from(member.bit_offset)).or_insert((index, member));
        }
        budget.take(size_of_val(relocations))?;
        let mut functions: Vec<StructOpsFunction> = Vec::with_capacity(relocations.len());
        for relocation in relocations {
            let found = relocation.offset.checked_sub(start).and_then(|at| {
                Some((at_offset.get(&at.checked_mul(8)?)?, usize::try_from(at).ok()?))
            });
            let Some((&(index, member), at)) = found else {
                return Err(Error::malformed(format!(
                    "a relocation at {} of the section, where no member is",
                    relocation.offset
                )));
            };
            let mut program = || {
                let place = data.get_mut(at..).and_then(|rest| rest.first_chunk_mut::<POINTER>());
                let (true, Some(place)) = (btf.is_function_pointer(member.ty), place) else {
                    return Err(Error::malformed(
                        "expected a pointer to a function, the only address that operations may hold",
                    ));
                };
                let addend = self.file.endian.u64(std::mem::take(place));
                self.program(relocation, addend)
            };
            let program = program().within(|| Frame::Member(member.name.to_owned()))?;
            // Several relocations of one place: the last one counts, as for a linker.
            functions.pop_if(|last| last.member == index);
            functions.push(StructOpsFunction { member: index, program });
        }
        functions.sort_by_key(|function| function.member);
        Ok(functions)
    }

    fn program(&self, relocation: &RawRelocation, addend: u64) -> Result<u32> {
        let Callable { functions, programs } = self.callable;
        let symbol =
            self.file.symbols.get(relocation.symbol as usize).ok_or_else(|| {
                Error::malformed("a relocation against a symbol that does not exist")
            })?;
        let offset = usize::try_from(symbol.value.wrapping_add(addend)).ok();
        let function = symbol
            .section
            .zip(offset)
            .and_then(|(section, offset)| functions.at(section, offset))
            .filter(|&index| functions.get(index).is_some_and(|function| !function.subprogram));
        let program = function.and_then(|function| functions.program_index(function));
        let spec = program.and_then(|program| programs.get(program as usize));
        match (program, spec) {
            (Some(program), Some(spec)) if spec.program_type == ProgramType::STRUCT_OPS => {
                Ok(program)
            }
            (_, Some(spec)) => Err(Error::malformed(format!(
                "expected a program of section struct_ops, found {:?} of section {:?}",
                spec.name, spec.section
            ))),
            _ => Err(Error::malformed(format!("expected a program, found {:?}", symbol.name))),
        }
    }
}

/// The struct of a variable, with its id.
fn operations<'a>(btf: &Btf<'a>, var: u32) -> Result<(u32, Composite<'a>)> {
    let declared = match btf.kind_by_id(var) {
        Some(Kind::Var { ty, .. }) => btf.resolve(ty),
        _ => None,
    };
    match declared {
        Some((id, ty)) => match ty.kind {
            Kind::Struct(operations) if !ty.name.is_empty() => Ok((id, operations)),
            Kind::Struct(_) => {
                Err(Error::malformed("expected a struct with a name, found one without"))
            }
            other => Err(Error::malformed(format!("expected a struct, found {}", other.code()))),
        },
        None => Err(Error::malformed("expected a variable with a type")),
    }
}
