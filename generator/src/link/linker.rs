use bpf_skel::spec::Endian;

use super::budget::Budget;
use super::input::Input;
use super::overridden::Overridden;
use super::resolve::Resolved;
use super::sections::Layout;
use super::symbols::Table;
use super::{btf, btf_ext, jump_tables, relocations, write};
use crate::{Error, Result};

/// Links objects to one, as several C files of one program are linked: a name and the bytes of each, in the order in
/// which their sections are to follow each other. The names are for errors.
///
/// Functions, variables and maps that one object declares (`extern`) and another one defines become one. Of several
/// definitions, a strong one wins over those that are `__weak`, and of weak ones the first; two strong ones are an
/// error. Whoever names a function, a variable or a map must mean the same type. What nobody defines stays undefined,
/// so that the result can be linked again. Types that are the same in several objects are in the result once. All must
/// have the same byte order, the same license where they have one, and all of them BTF, or none. DWARF is left out.
///
/// The result depends on nothing but its inputs, and linking it again gives the same bytes.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (probe, maps) = (std::fs::read("probe.o")?, std::fs::read("maps.o")?);
/// let object = bpf_skel_build::link(&[("probe.o", &probe), ("maps.o", &maps)])?;
/// let spec = bpf_skel::elf::read(&object, "probe.bpf.o")?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where an object is no BPF object, where two do not fit together, and for what is not supported yet: COMDAT groups,
/// relocations with explicit addends, compressed sections. The error names the objects and the symbol.
pub fn link(objects: &[(&str, &[u8])]) -> Result<Vec<u8>> {
    if objects.is_empty() {
        return Err(Error::invalid_input("no objects to link"));
    }
    Ok(link_all(objects)?)
}

fn link_all(objects: &[(&str, &[u8])]) -> bpf_skel::Result<Vec<u8>> {
    let total = objects.iter().map(|(_, bytes)| bytes.len()).sum();
    let mut budget = Budget::for_inputs(total);
    let inputs = objects
        .iter()
        .map(|(name, bytes)| Input::parse(name, bytes, &mut budget))
        .collect::<bpf_skel::Result<Vec<_>>>()?;
    let endian = one_endian(&inputs)?;
    let typed = btf::check_all_or_none(&inputs)?;

    let mut layout = Layout::new(&inputs, &mut budget)?;
    let resolved = Resolved::new(&inputs, &layout)?;
    let overridden = Overridden::new(&inputs, &resolved);
    let table = Table::new(&inputs, &resolved, &layout, &overridden)?;
    relocations::link(&inputs, &mut layout, &table, &overridden)?;
    jump_tables::link(&inputs, &mut layout, &mut budget)?;

    let (mut types, mut ext) = (None, None);
    if typed {
        let used = btf_ext::used_types(&inputs, &overridden)?;
        let mut merged = btf::merge(&inputs, &resolved, &layout, &used, endian, &mut budget)?;
        ext = btf_ext::merge(&inputs, &layout, &overridden, &mut merged, endian, &mut budget)?;
        types = Some(merged.builder.finish());
    }
    write::object(&layout, &table, types.as_deref(), ext.as_deref(), endian, &mut budget)
}

fn one_endian(inputs: &[Input<'_>]) -> bpf_skel::Result<Endian> {
    let first = &inputs[0];
    match inputs.iter().find(|input| input.endian != first.endian) {
        None => Ok(first.endian),
        Some(other) => Err(bpf_skel::Error::mismatch(format!(
            "{} is {}, {} is {}",
            first.name, first.endian, other.name, other.endian
        ))),
    }
}
