use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::budget::Budget;
use super::externs::Externs;
use super::file::File;
use super::function::Functions;
use super::info::Info;
use super::section::{MAPS, Role};
use super::{btf_fix, data, link, maps, object_name, slots};
use crate::btf::{Btf, DataSec, Kind};
use crate::error::Within as _;
use crate::relocate::Table;
use crate::spec::{KCONFIG, ObjectSpec};
use crate::{Error, Frame, Result};

/// Reads a BPF object: an ELF file as `clang -target bpf -c` writes it, in either byte order.
///
/// `file` is the file's name, for errors; the object's own name is [`object_name`] of it. No system call is made and
/// nothing depends on the running kernel: the same bytes give the same spec everywhere.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) for what is no BPF object or breaks the rules of one, and
/// [`NotSupportedYet`](crate::ErrorKind::NotSupportedYet) for valid objects that need what this version does not have:
/// struct_ops, arena variables, jump tables, legacy `maps` sections, and pointers to data among the initial values of
/// data sections. The error names the section and the symbol.
pub fn read(bytes: &[u8], file: &str) -> Result<ObjectSpec> {
    read_object(bytes, object_name(file)).within(|| Frame::Object(file.to_owned()))
}

/// Reads the BPF object in a file.
///
/// # Errors
/// As [`read`], and where the file cannot be read.
pub fn read_file(path: impl AsRef<Path>) -> Result<ObjectSpec> {
    let path = path.as_ref();
    let in_file = || Frame::Path(path.display().to_string());
    let bytes = fs::read(path).map_err(|error| Error::system("read", error)).within(in_file)?;
    read(&bytes, &path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
}

fn read_object(bytes: &[u8], name: &str) -> Result<ObjectSpec> {
    let mut budget = Budget::for_input(bytes.len());
    let file = File::parse(bytes, &mut budget)?;
    let functions = Functions::read(&file, &mut budget)?;

    let raw = file.section_with(Role::Btf).filter(|section| !section.bytes.is_empty());
    let frame = || Frame::Section(".BTF".to_owned());
    let raw = raw.map(|s| Btf::parse(s.bytes, file.endian).within(frame)).transpose()?;
    let mut externs = Externs::read(&file, raw.as_ref(), &mut budget)?;
    let fixed = match &raw {
        Some(raw) => btf_fix::fixed_up(raw, &file, &functions, &externs, &mut budget)?,
        None => Vec::new(),
    };
    let btf = raw.map(|_| Btf::parse(&fixed, file.endian).within(frame)).transpose()?;
    let spec = describe(&file, &functions, &mut externs, btf.as_ref(), name, &mut budget)?;
    Ok(ObjectSpec { btf: fixed.into(), ..spec })
}

/// The spec without its BTF.
fn describe(
    file: &File<'_>,
    functions: &Functions<'_>,
    externs: &mut Externs<'_>,
    btf: Option<&Btf<'_>>,
    name: &str,
    budget: &mut Budget,
) -> Result<ObjectSpec> {
    let datasecs = data_sections(btf);
    let datasec = |name: &str| datasecs.get(name).copied();
    let mut maps = maps::read(file, btf, datasec(MAPS).map(|(_, section)| section), budget)?;
    let variables = data::read(file, btf, datasec, &mut maps, budget)?;
    externs.add_map(datasec(KCONFIG).map(|(id, _)| id), &mut maps, budget)?;
    slots::read(file, functions, &mut maps)?;
    let info = Info::read(file, btf, budget)?;
    let mut core = btf.map(Table::new);
    let programs = link::programs(file, functions, &maps, externs, &info, core.as_mut(), budget)?;
    Ok(ObjectSpec {
        name: name.to_owned().into(),
        endian: file.endian,
        license: license(file)?.to_owned().into(),
        kernel_version: kernel_version(file)?,
        btf: Cow::default(),
        maps: maps.specs.into(),
        inner_maps: maps.inner.into(),
        programs: programs.into(),
        variables: variables.into(),
        core: core.map(Table::finish).unwrap_or_default(),
        externs: externs.specs(budget)?.into(),
    })
}

/// All data sections of the BTF with their ids, by name.
fn data_sections<'a>(btf: Option<&Btf<'a>>) -> HashMap<&'a str, (u32, DataSec<'a>)> {
    let types = btf.into_iter().flat_map(|btf| btf.types());
    types
        .filter_map(|(id, ty)| match ty.kind {
            Kind::DataSec(datasec) => Some((ty.name, (id, datasec))),
            _ => None,
        })
        .collect()
}

fn license<'a>(file: &File<'a>) -> Result<&'a str> {
    let Some(section) = file.section_with(Role::License) else { return Ok("") };
    let text = section.bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    std::str::from_utf8(text).map_err(|_| {
        Error::malformed("the license is not UTF-8").within(Frame::Section(section.name.to_owned()))
    })
}

fn kernel_version(file: &File<'_>) -> Result<u32> {
    let Some(section) = file.section_with(Role::Version) else { return Ok(0) };
    match *section.bytes {
        [a, b, c, d] => Ok(file.endian.u32([a, b, c, d])),
        _ => Err(Error::malformed(format!(
            "expected a number of 4 bytes, found {} bytes",
            section.bytes.len()
        ))
        .within(Frame::Section(section.name.to_owned()))),
    }
}
