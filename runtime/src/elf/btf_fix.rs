//! What the compiler leaves open in BTF and the kernel wants filled in.

use std::collections::HashSet;

use super::budget::Budget;
use super::file::File;
use super::function::Functions;
use crate::btf::{Btf, BtfEdit, DataSec, DataSecVar, Kind, Linkage};
use crate::error::Within as _;
use crate::{Error, Frame, Result};

/// The BTF data sections of what the kernel, not the object, defines.
const KCONFIG: &str = ".kconfig";
const KSYMS: &str = ".ksyms";

/// The object's BTF with sizes of data sections and offsets of variables as ELF has them, and with hidden
/// variables and functions made static: for the verifier, a hidden function is no boundary.
pub(super) fn fixed_up(
    btf: &Btf<'_>,
    file: &File<'_>,
    functions: &Functions<'_>,
    budget: &mut Budget,
) -> Result<Vec<u8>> {
    let mut edit = BtfEdit::new(btf);
    let hidden: HashSet<&str> =
        functions.iter().filter(|f| f.subprogram && f.hidden).map(|f| f.name).collect();
    for (id, ty) in btf.types() {
        // Looking a name up costs time in proportion to it.
        budget.take(ty.name.len())?;
        match ty.kind {
            Kind::DataSec(section) => {
                fix_section(btf, &mut edit, file, (id, ty.name), &section, budget)
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

fn fix_section(
    btf: &Btf<'_>,
    edit: &mut BtfEdit<'_>,
    file: &File<'_>,
    (id, name): (u32, &str),
    section: &DataSec<'_>,
    budget: &mut Budget,
) -> Result<()> {
    if name == KCONFIG || name == KSYMS {
        let first = section.vars().next().and_then(|var| btf.type_by_id(var.ty));
        let first = first.map_or("", |ty| ty.name);
        return Err(Error::not_supported_yet(format!("the external symbol {first:?}")));
    }
    let Some(index) = file.section_named(name) else {
        return Err(Error::malformed("BTF describes it, but the object has no such section"));
    };
    let elf_size = file.section(index).map_or(0, |section| section.size);
    let elf_size = u32::try_from(elf_size)
        .map_err(|_| Error::malformed(format!("{elf_size} bytes: more than 4 GiB")))?;
    let mut vars: Vec<DataSecVar> = section.vars().collect();
    // A linker has filled it in already.
    let size = if section.size != 0 { section.size } else { elf_size };
    if section.size == 0 {
        for var in &mut vars {
            fix_variable(btf, edit, file, index, var, budget)?;
        }
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
) -> Result<()> {
    let Some(ty) = btf.type_by_id(var.ty) else { return Ok(()) };
    let Kind::Var { linkage, .. } = ty.kind else {
        return Err(Error::malformed(format!(
            "expected variables, found {} {:?}",
            ty.kind.code(),
            ty.name
        )));
    };
    // The compiler knows the offsets of static variables.
    if linkage == Linkage::Static {
        return Ok(());
    }
    budget.take(ty.name.len())?;
    let found = file.global(ty.name).filter(|symbol| symbol.section == Some(section));
    let offset = found.and_then(|symbol| u32::try_from(symbol.value).ok());
    let Some((symbol, offset)) = found.zip(offset) else {
        return Err(Error::malformed("BTF has it, but the section has no such symbol")
            .within(Frame::Variable(ty.name.to_owned())));
    };
    var.offset = offset;
    if symbol.hidden {
        edit.set_var_linkage(var.ty, Linkage::Static)?;
    }
    Ok(())
}
