use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::budget::Budget;
use super::externs::Externs;
use super::file::File;
use super::function::Functions;
use super::info::Info;
use super::legacy::{self, Legacy, LegacyMaps};
use super::section::{MAPS, Role};
use super::warning::Warning;
use super::{btf_fix, data, exception, link, maps, object_name, slots, struct_ops};
use crate::btf::{Btf, BtfKind, DataSec, Kind};
use crate::error::Within as _;
use crate::relocate::Table;
use crate::spec::{KCONFIG, ObjectSpec, ProgramSpec};
use crate::{Error, Frame, Result, section_name};

/// Reads a BPF object: an ELF file as `clang -target bpf -c` writes it, in either byte order.
///
/// `file` is the file's name, for errors; the object's own name is [`object_name`] of it. No system call is made and
/// nothing depends on the running kernel: the same bytes give the same spec everywhere. [`Reader`] has options.
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) for what is no BPF object or breaks the rules of one,
/// [`MapDefinition`](crate::ErrorKind::MapDefinition) for map definitions of other loaders, and
/// [`NotSupportedYet`](crate::ErrorKind::NotSupportedYet) for valid objects that need what this version does not have:
/// pointers to data among the initial values of data sections. The error names the section and the symbol.
pub fn read(bytes: &[u8], file: &str) -> Result<ObjectSpec> {
    Reader::new().read(bytes, file).map(|reading| reading.spec)
}

/// Reads the BPF object in a file.
///
/// # Errors
/// As [`read`], and where the file cannot be read.
pub fn read_file(path: impl AsRef<Path>) -> Result<ObjectSpec> {
    Reader::new().read_file(path).map(|reading| reading.spec)
}

/// Reads objects with options. Without one it is as strict as [`read`].
///
/// ```
/// # fn f(bytes: &[u8]) -> bpf_skel::Result<()> {
/// use bpf_skel::elf::{Legacy, Reader};
///
/// let reading = Reader::new().legacy(Legacy::Iproute2).read(bytes, "classifier.o")?;
/// reading.warnings.iter().for_each(|warning| eprintln!("{warning}"));
/// println!("{} maps", reading.spec.maps.len());
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct Reader {
    legacy: Option<Legacy>,
    relaxed: bool,
}

/// An object that was read, and what is to be said of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reading {
    /// The object.
    pub spec: ObjectSpec,
    /// What its section `maps` was taken for, if it has one.
    pub legacy: Option<LegacyMaps>,
    /// What was passed over.
    pub warnings: Vec<Warning>,
}

impl Reader {
    /// A reader that is strict.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads map definitions in a section `maps` too, beside those in `.maps`; a section whose name ends with `/maps` is
    /// one too, as with ir-keytable.
    pub fn legacy(mut self, layout: Legacy) -> Self {
        self.legacy = Some(layout);
        self
    }

    /// Passes over members of definitions in `.maps` that it does not know, and over pointers to data among initial
    /// values, with a warning.
    pub fn relaxed(mut self) -> Self {
        self.relaxed = true;
        self
    }

    /// Reads an object; see [`read`].
    ///
    /// # Errors
    /// As [`read`], but for what the options allow.
    pub fn read(&self, bytes: &[u8], file: &str) -> Result<Reading> {
        let parse = |budget: &mut Budget| File::parse(bytes, budget);
        read_object(*self, bytes.len(), parse, object_name(file))
            .within(|| Frame::Object(file.to_owned()))
    }

    /// As [`read`](Self::read), of bytes that stay, such as those of `include_bytes!`: initial values of data are not
    /// copied.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_static(&self, bytes: &'static [u8], file: &str) -> Result<Reading> {
        let parse = |budget: &mut Budget| File::parse_static(bytes, budget);
        read_object(*self, bytes.len(), parse, object_name(file))
            .within(|| Frame::Object(file.to_owned()))
    }

    /// Reads the object in a file.
    ///
    /// # Errors
    /// As [`read`](Self::read), and where the file cannot be read.
    pub fn read_file(&self, path: impl AsRef<Path>) -> Result<Reading> {
        let path = path.as_ref();
        let in_file = || Frame::Path(path.display().to_string());
        let bytes = fs::read(path).map_err(|error| Error::system("read", error)).within(in_file)?;
        self.read(&bytes, &path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
    }
}

fn read_object<'a>(
    reader: Reader,
    len: usize,
    parse: impl FnOnce(&mut Budget) -> Result<File<'a>>,
    name: &str,
) -> Result<Reading> {
    let mut budget = Budget::for_input(len);
    let file = parse(&mut budget)?;
    if reader.legacy.is_none() {
        legacy::refuse(&file)?;
    }
    let mut functions = Functions::read(&file, reader.legacy.is_some(), &mut budget)?;

    let raw = file.section_with(Role::Btf).filter(|section| !section.bytes.is_empty());
    let frame = || Frame::Section(".BTF".to_owned());
    // BPF's pointers have 8 bytes whatever types of a kernel are there too.
    let parse = |bytes| Btf::parse(bytes, file.endian).map(|btf| btf.with_pointer_size(8));
    let raw = raw.map(|s| parse(s.bytes).within(frame)).transpose()?;
    if let Some(raw) = &raw {
        exception::find(&mut functions, &file, raw, &mut budget)?;
    }
    let mut externs = Externs::read(&file, raw.as_ref(), &mut budget)?;
    let mut warnings = Vec::new();
    let fixed = match &raw {
        Some(raw) => {
            btf_fix::fixed_up(raw, &file, &functions, &externs, &mut warnings, &mut budget)?
        }
        None => Vec::new(),
    };
    let btf = raw.map(|raw| raw.edited(&fixed).within(frame)).transpose()?;
    let mut reading =
        describe(reader, &file, &functions, &mut externs, btf.as_ref(), name, &mut budget)?;
    reading.spec.btf = fixed.into();
    reading.warnings.append(&mut warnings);
    Ok(reading)
}

/// The spec without its BTF.
fn describe(
    reader: Reader,
    file: &File<'_>,
    functions: &Functions<'_>,
    externs: &mut Externs<'_>,
    btf: Option<&Btf<'_>>,
    name: &str,
    budget: &mut Budget,
) -> Result<Reading> {
    let datasecs = data_sections(btf);
    let datasec = |name: &str| datasecs.get(name).copied();
    let defined = datasec(MAPS).map(|(_, section)| section);
    let mut maps = maps::read(file, btf, defined, reader.relaxed, budget)?;
    let legacy = match reader.legacy {
        Some(layout) => legacy::read(file, btf, layout, &mut maps, budget)?,
        None => None,
    };
    let variables = data::read(file, btf, datasec, &mut maps, reader.relaxed, budget)?;
    externs.add_map(datasec(KCONFIG).map(|(id, _)| id), &mut maps, budget)?;
    slots::read(file, functions, &mut maps)?;
    let info = Info::read(file, btf, budget)?;
    let mut core = btf.map(Table::new);
    let link::Linkage { mut programs, jump_tables } =
        link::programs(file, functions, &maps, externs, &info, core.as_mut(), budget)?;
    let callable = struct_ops::Callable { functions, programs: &programs };
    struct_ops::read(file, callable, btf, datasec, &mut maps, budget)?;
    if let Some(legacy) = &legacy {
        legacy::link(legacy, &mut maps, &mut programs, budget)?;
    }
    maps.warnings.extend(programs.iter().filter_map(unknown_section));
    let spec = ObjectSpec {
        name: name.to_owned().into(),
        endian: file.endian,
        license: license(file)?.to_owned().into(),
        kernel_version: kernel_version(file)?,
        btf: Cow::default(),
        maps: maps.specs.into(),
        inner_maps: maps.inner.into(),
        programs: programs.into(),
        jump_tables: jump_tables.into(),
        variables: variables.into(),
        core: core.map(Table::finish).unwrap_or_default(),
        externs: externs.specs(budget)?.into(),
    };
    Ok(Reading { spec, legacy: legacy.map(|legacy| legacy.maps), warnings: maps.warnings })
}

fn unknown_section(program: &ProgramSpec) -> Option<Warning> {
    let near = section_name::nearest(&program.section)?;
    let (program, section) = (program.name.to_string(), program.section.to_string());
    Some(Warning::UnknownSection { program, section, near })
}

/// All data sections of the BTF with their ids, by name.
fn data_sections<'a>(btf: Option<&Btf<'a>>) -> HashMap<&'a str, (u32, DataSec<'a>)> {
    let sections = btf.into_iter().flat_map(|btf| btf.types_of(|kind| kind == BtfKind::DataSec));
    sections
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
