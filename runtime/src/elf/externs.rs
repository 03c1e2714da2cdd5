//! External symbols: options of the kernel's configuration, and the kernel's own variables and functions.

use std::collections::HashMap;

use super::budget::Budget;
use super::file::File;
use super::maps::Maps;
use super::symbol::Binding;
use crate::btf::{Btf, BtfKind, DataSec, Kind, Linkage};
use crate::error::Within as _;
use crate::spec::{
    Data, ExternKind, ExternSpec, KCONFIG, KconfigType, MapContents, MapSpec, Pinning,
};
use crate::uapi::MapType;
use crate::uapi::flags::{MMAPABLE, RDONLY_PROG};
use crate::{Error, Frame, Result};

/// The BTF data section of the kernel's variables and functions.
pub(super) const KSYMS: &str = ".ksyms";
/// The type of a tristate option.
const TRISTATE: &str = "libbpf_tristate";

/// All external symbols that BTF describes, in the order of the spec.
#[derive(Debug, Default)]
pub(super) struct Externs<'a> {
    all: Vec<Extern<'a>>,
    by_name: HashMap<&'a str, usize>,
    /// By the index of the ELF symbol: looking up its name for each relocation would cost time in proportion to it.
    by_symbol: HashMap<usize, usize>,
    /// Index in the spec of the map of options.
    map: u32,
    /// Bytes of the options together.
    pub(super) kconfig_size: u32,
}

#[derive(Debug)]
pub(super) struct Extern<'a> {
    pub(super) name: &'a str,
    weak: bool,
    pub(super) kind: ExternKind,
    align: u64,
    /// BTF id of its variable or function.
    id: u32,
    /// Index of its ELF symbol.
    symbol: usize,
}

/// What an instruction that names an external symbol refers to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place {
    Kconfig { map: u32, offset: u32 },
    Ksym(u32),
    Kfunc(u32),
}

impl<'a> Externs<'a> {
    /// Reads the data sections `.kconfig` and `.ksyms` of the object's BTF.
    pub(super) fn read(
        file: &File<'a>,
        btf: Option<&Btf<'a>>,
        budget: &mut Budget,
    ) -> Result<Self> {
        let mut externs = Self::default();
        let Some(btf) = btf else { return Ok(externs) };
        for (_, ty) in btf.types_of(|kind| kind == BtfKind::DataSec) {
            if let Kind::DataSec(section) = ty.kind
                && matches!(ty.name, KCONFIG | KSYMS)
            {
                externs
                    .add_section(file, btf, ty.name == KCONFIG, &section, budget)
                    .within(|| Frame::Section(ty.name.to_owned()))?;
            }
        }
        externs.place().within(|| Frame::Section(KCONFIG.to_owned()))?;
        Ok(externs)
    }

    fn add_section(
        &mut self,
        file: &File<'a>,
        btf: &Btf<'a>,
        kconfig: bool,
        section: &DataSec<'a>,
        budget: &mut Budget,
    ) -> Result<()> {
        for var in section.vars() {
            let Some(ty) = btf.type_by_id(var.ty) else { continue };
            budget.take(ty.name.len().saturating_add(size_of::<Extern<'_>>()))?;
            let frame = || match ty.kind {
                Kind::Var { .. } => Frame::Variable(ty.name.to_owned()),
                _ => Frame::Symbol(ty.name.to_owned()),
            };
            let (kind, align) = describe(btf, ty.kind, kconfig)
                .and_then(|kind| check_name(ty.name, kconfig).map(|()| kind))
                .within(frame)?;
            let Some((symbol, found)) = file.undefined(ty.name) else {
                return Err(Error::malformed("BTF has it, but no undefined symbol is named so")
                    .within(frame()));
            };
            if self.by_name.insert(ty.name, self.all.len()).is_some() {
                return Err(Error::malformed("it is declared twice").within(frame()));
            }
            let weak = found.binding == Binding::Weak;
            self.all.push(Extern { name: ty.name, weak, kind, align, id: var.ty, symbol });
        }
        Ok(())
    }

    /// Gives each option its place, and each symbol its index: the order is libbpf's, so that the map looks the same.
    fn place(&mut self) -> Result<()> {
        let key = |it: &Extern<'a>| match it.kind {
            ExternKind::Kconfig { size, .. } => (0, std::cmp::Reverse(it.align), size),
            _ => (1, std::cmp::Reverse(0), 0),
        };
        self.all.sort_by(|a, b| key(a).cmp(&key(b)).then(a.name.cmp(b.name)));
        let mut end = 0_u64;
        for (index, one) in self.all.iter_mut().enumerate() {
            self.by_name.insert(one.name, index);
            self.by_symbol.insert(one.symbol, index);
            if let ExternKind::Kconfig { offset, size, .. } = &mut one.kind {
                let start = end.next_multiple_of(one.align.max(1));
                end = start + u64::from(*size);
                let fits = u32::try_from(end).ok().and_then(|_| u32::try_from(start).ok());
                *offset = fits.ok_or_else(|| {
                    Error::malformed(format!("{end} bytes of options: more than 4 GiB"))
                })?;
            }
        }
        self.kconfig_size = end as u32;
        Ok(())
    }

    /// Adds the map of options, if there are some; `datasec` is the id of their data section.
    pub(super) fn add_map(
        &mut self,
        datasec: Option<u32>,
        maps: &mut Maps<'_>,
        budget: &mut Budget,
    ) -> Result<()> {
        let options = self.all.iter().any(|one| matches!(one.kind, ExternKind::Kconfig { .. }));
        if !options {
            return Ok(());
        }
        budget.take(size_of::<MapSpec>())?;
        self.map =
            u32::try_from(maps.specs.len()).map_err(|_| Error::malformed("too many maps"))?;
        maps.specs.push(MapSpec {
            name: KCONFIG.into(),
            section: KCONFIG.into(),
            map_type: MapType::ARRAY,
            key_size: 4,
            value_size: self.kconfig_size,
            max_entries: 1,
            flags: RDONLY_PROG | MMAPABLE,
            extra: 0,
            numa_node: 0,
            pinning: Pinning::None,
            key_type_id: 0,
            value_type_id: datasec.unwrap_or_default(),
            inner: None,
            contents: MapContents::Data { data: Data::Zeroed(self.kconfig_size), frozen: true },
        });
        Ok(())
    }

    /// What the ELF symbol of this index stands for, if another than the object defines it.
    pub(super) fn find(&self, symbol: u32) -> Option<Place> {
        let index = *self.by_symbol.get(&(symbol as usize))?;
        let number = u32::try_from(index).ok()?;
        Some(match self.all.get(index)?.kind {
            ExternKind::Kconfig { offset, .. } => Place::Kconfig { map: self.map, offset },
            ExternKind::Ksym { .. } => Place::Ksym(number),
            ExternKind::Kfunc { .. } => Place::Kfunc(number),
        })
    }

    /// The external symbol whose variable or function has this BTF id.
    pub(super) fn by_id(&self, name: &str, id: u32) -> Option<&Extern<'a>> {
        self.all.get(*self.by_name.get(name)?).filter(|one| one.id == id)
    }

    pub(super) fn specs(&self, budget: &mut Budget) -> Result<Vec<ExternSpec>> {
        budget.take(self.all.len().saturating_mul(size_of::<ExternSpec>()))?;
        self.all
            .iter()
            .map(|&Extern { name, weak, kind, .. }| {
                Ok(ExternSpec { name: budget.text(name)?, weak, kind })
            })
            .collect()
    }
}

fn check_name(name: &str, kconfig: bool) -> Result<()> {
    let known = ["CONFIG_", "LINUX_"].iter().any(|prefix| name.starts_with(prefix));
    if kconfig && !known {
        return Err(Error::malformed("expected a name that starts with CONFIG_ or LINUX_"));
    }
    Ok(())
}

/// What a variable or function of one of the two sections is, and the alignment of an option.
fn describe(btf: &Btf<'_>, kind: Kind<'_>, kconfig: bool) -> Result<(ExternKind, u64)> {
    let defined = || Error::malformed("expected an external symbol, found one that is defined");
    match kind {
        Kind::Var { ty, linkage: Linkage::Extern } if kconfig => {
            let size = btf.size_of(ty)?;
            let value = value_type(btf, ty)?;
            let size = u32::try_from(size)
                .map_err(|_| Error::malformed(format!("{size} bytes: more than 4 GiB")))?;
            let kind = ExternKind::Kconfig { offset: 0, size, value, type_id: ty };
            Ok((kind, btf.align_of(ty)?))
        }
        Kind::Var { ty, linkage: Linkage::Extern } => {
            let resolved = btf.resolve(ty).map(|(id, _)| id);
            let type_id =
                resolved.ok_or_else(|| Error::malformed("its chain of types does not end"))?;
            Ok((ExternKind::Ksym { type_id }, 0))
        }
        Kind::Func { proto, linkage: Linkage::Extern } if !kconfig => {
            Ok((ExternKind::Kfunc { type_id: proto }, 0))
        }
        Kind::Func { linkage: Linkage::Extern, .. } => {
            Err(Error::malformed("expected a variable, found a function"))
        }
        Kind::Var { .. } | Kind::Func { .. } => Err(defined()),
        other => Err(Error::malformed(format!("expected a variable, found {}", other.code()))),
    }
}

fn value_type(btf: &Btf<'_>, id: u32) -> Result<KconfigType> {
    let wrong = |found: String| {
        Error::malformed(format!(
            "expected bool, char, an integer of 1, 2, 4 or 8 bytes, enum {TRISTATE} or an array of char, found {found}"
        ))
    };
    let Some((_, ty)) = btf.resolve(id) else { return Err(wrong("an endless type".into())) };
    match ty.kind {
        Kind::Int(int) if int.encoding.is_bool() && int.size == 1 => Ok(KconfigType::Bool),
        Kind::Int(int) if int.encoding.is_bool() => {
            Err(wrong(format!("a bool of {} bytes", int.size)))
        }
        Kind::Int(int) => {
            let signed = int.encoding.is_signed();
            match int.size {
                1 => Ok(KconfigType::Char { signed }),
                2 | 4 | 8 => Ok(KconfigType::Int { signed }),
                size => Err(wrong(format!("one of {size} bytes"))),
            }
        }
        Kind::Enum(kind) if ty.name == TRISTATE && kind.size == 4 => Ok(KconfigType::Tristate),
        Kind::Array(array) if array.len == 0 => Err(wrong("an array without a length".into())),
        Kind::Array(array) => match btf.resolve_kind(array.element).map(|(_, kind)| kind) {
            Some(Kind::Int(int)) if int.size == 1 && !int.encoding.is_bool() => {
                Ok(KconfigType::Text)
            }
            _ => Err(wrong("an array of something else".into())),
        },
        other => Err(wrong(format!("{} {:?}", other.code(), ty.name))),
    }
}
