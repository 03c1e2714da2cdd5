//! What the compiler leaves open in BTF and the kernel wants filled in.

use std::collections::HashSet;

use super::budget::Budget;
use super::externs::{Externs, KSYMS};
use super::file::File;
use super::function::Functions;
use super::warning::Warning;
use crate::btf::{Btf, BtfEdit, BtfKind, DataSec, DataSecVar, Kind, Linkage};
use crate::error::Within as _;
use crate::spec::{ExternKind, KCONFIG};
use crate::{Error, Frame, Result};

/// The object's BTF with sizes of data sections and offsets of variables as ELF has them, and with hidden
/// variables and functions made static: for the verifier, a hidden function is no boundary. What the object does not
/// define becomes something that the kernel takes.
pub(super) fn fixed_up(
    btf: &Btf<'_>,
    file: &File<'_>,
    functions: &Functions<'_>,
    externs: &Externs<'_>,
    warnings: &mut Vec<Warning>,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    let mut edit = BtfEdit::new(btf);
    let hidden: HashSet<&str> =
        functions.iter().filter(|f| f.subprogram && f.hidden).map(|f| f.name).collect();
    for (id, ty) in btf.types_of(|kind| matches!(kind, BtfKind::DataSec | BtfKind::Func)) {
        // Looking a name up costs time in proportion to it.
        budget.take(ty.name.len())?;
        match ty.kind {
            Kind::DataSec(section) if ty.name == KCONFIG => {
                fix_kconfig(btf, &mut edit, externs, id, &section)
                    .within(|| Frame::Section(KCONFIG.to_owned()))?;
            }
            Kind::DataSec(section) if ty.name == KSYMS => {
                fix_ksyms(btf, &mut edit, id, &section)
                    .within(|| Frame::Section(KSYMS.to_owned()))?;
            }
            Kind::DataSec(section) => {
                fix_section(btf, &mut edit, file, (id, ty.name), &section, warnings, budget)
                    .within(|| Frame::Section(ty.name.to_owned()))?;
            }
            Kind::Func { linkage: Linkage::Global, .. } if hidden.contains(ty.name) => {
                edit.set_func_linkage(id, Linkage::Static)?;
            }
            _ => {}
        }
    }
    Ok(edit.finish())
}

/// The options are variables of a map like any other.
fn fix_kconfig(
    btf: &Btf<'_>,
    edit: &mut BtfEdit<'_>,
    externs: &Externs<'_>,
    id: u32,
    section: &DataSec<'_>,
) -> Result<()> {
    let mut vars: Vec<DataSecVar> = section.vars().collect();
    for var in &mut vars {
        let found = btf.type_by_id(var.ty).and_then(|ty| externs.by_id(ty.name, var.ty));
        if let Some(ExternKind::Kconfig { offset, size, .. }) = found.map(|found| found.kind) {
            (var.offset, var.size) = (offset, size);
            edit.set_var_linkage(var.ty, Linkage::Global)?;
        }
    }
    edit.set_datasec(id, externs.kconfig_size, &vars)
}

/// The kernel takes no external symbols: variables become integers, functions defined ones, and the section, which
/// may hold no functions, a struct that nothing refers to.
fn fix_ksyms(btf: &Btf<'_>, edit: &mut BtfEdit<'_>, id: u32, section: &DataSec<'_>) -> Result<()> {
    let number = btf.types_of(|kind| kind == BtfKind::Int).find_map(|(id, ty)| match ty.kind {
        Kind::Int(int) if int.offset == 0 && u32::from(int.bits) == int.size * 8 => {
            Some((id, int.size))
        }
        _ => None,
    });
    let Some((number, size)) = number else {
        return Err(Error::malformed("the BTF has no integer type to stand in for its variables"));
    };
    for var in section.vars() {
        match btf.kind_by_id(var.ty) {
            Some(Kind::Func { .. }) => {
                edit.set_func_linkage(var.ty, Linkage::Global)?;
                edit.name_params(var.ty)?;
            }
            _ => {
                edit.set_var_linkage(var.ty, Linkage::Global)?;
                edit.set_var_type(var.ty, number)?;
            }
        }
    }
    edit.set_struct(id, number, size)
}

fn fix_section(
    btf: &Btf<'_>,
    edit: &mut BtfEdit<'_>,
    file: &File<'_>,
    (id, name): (u32, &str),
    section: &DataSec<'_>,
    warnings: &mut Vec<Warning>,
    budget: &mut Budget,
) -> Result<()> {
    let Some(index) = file.section_named(name) else {
        return Err(Error::malformed("BTF describes it, but the object has no such section"));
    };
    let elf_size = file.section(index).map_or(0, |section| section.size);
    let elf_size = u32::try_from(elf_size)
        .map_err(|_| Error::malformed(format!("{elf_size} bytes: more than 4 GiB")))?;
    let mut vars: Vec<DataSecVar> = section.vars().collect();
    // A linker has filled it in already. Not so the offsets: libbpf's leaves that of a weak definition that lost.
    let size = if section.size != 0 { section.size } else { elf_size };
    for var in &mut vars {
        warnings.extend(fix_variable(btf, edit, file, index, var, budget)?);
    }
    edit.set_datasec(id, size, &vars)
}

fn fix_variable(
    btf: &Btf<'_>,
    edit: &mut BtfEdit<'_>,
    file: &File<'_>,
    section: usize,
    var: &mut DataSecVar,
    budget: &mut Budget,
) -> Result<Option<Warning>> {
    let Some(ty) = btf.type_by_id(var.ty) else { return Ok(None) };
    let Kind::Var { linkage, .. } = ty.kind else {
        return Err(Error::malformed(format!(
            "expected variables, found {} {:?}",
            ty.kind.code(),
            ty.name
        )));
    };
    // The compiler knows the offsets of static variables.
    if linkage == Linkage::Static {
        return Ok(None);
    }
    budget.take(ty.name.len())?;
    let symbol = file.global(ty.name);
    if let Some(elsewhere) = symbol.and_then(|symbol| file.section(symbol.section?))
        && symbol.is_some_and(|symbol| symbol.section != Some(section))
    {
        // libbpf's linker leaves a weak definition that lost where it was, in another section than the winner. Nobody can
        // see it: it is as good as static.
        edit.set_var_linkage(var.ty, Linkage::Static)?;
        budget.take(ty.name.len() + elsewhere.name.len())?;
        let (variable, section) = (ty.name.to_owned(), elsewhere.name.to_owned());
        return Ok(Some(Warning::Elsewhere { variable, section }));
    }
    let found = symbol.filter(|symbol| symbol.section == Some(section));
    let offset = found.and_then(|symbol| u32::try_from(symbol.value).ok());
    let Some((symbol, offset)) = found.zip(offset) else {
        return Err(Error::malformed("BTF has it, but the section has no such symbol")
            .within(Frame::Variable(ty.name.to_owned())));
    };
    var.offset = offset;
    if symbol.hidden {
        edit.set_var_linkage(var.ty, Linkage::Static)?;
    }
    Ok(None)
}
