use std::os::fd::OwnedFd;

use super::config;
use super::typed::Asked;
use super::unresolved;
use crate::error::{Error, ErrorKind, Result};
use crate::kallsyms::{self, Address};
use crate::object::open_map::{Contents, Origin};
use crate::object::{OpenMap, Options};
use crate::spec::{ExternKind, ObjectSpec};

/// What a symbol of the kernel is for the instructions that name it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Symbol {
    /// No program asks for it, or it is weak and the kernel has not got it.
    #[default]
    Absent,
    /// An address.
    At(u64),
    /// A variable or function with a type.
    Typed {
        /// Its id in BTF.
        btf_id: u32,
        /// The module that has it: an index in [`Symbols::modules`]; `None` for the kernel itself.
        module: Option<usize>,
    },
}

/// All symbols of the kernel that the programs name.
#[derive(Debug, Default)]
pub(crate) struct Symbols {
    /// By the index in the spec's externs.
    pub(crate) of: Vec<Symbol>,
    /// BTF of modules that the programs must be loaded with.
    pub(crate) modules: Vec<OwnedFd>,
}

/// Resolves what kernel types do not tell: addresses, and the values of the map `.kconfig`.
pub(crate) fn fill(
    spec: &ObjectSpec,
    options: &Options,
    asked: &Asked<'_>,
    symbols: &mut Symbols,
    maps: &mut [OpenMap],
) -> Result<()> {
    symbols.of.resize(spec.externs.len(), Symbol::Absent);
    let kconfig = spec.kconfig_map().and_then(|index| maps.get_mut(index));
    // A map that is there already has its values.
    let kconfig = kconfig.filter(|map| matches!(map.origin, Origin::Create));
    let untyped: Vec<usize> = asked.untyped().collect();
    let wrapper = kconfig.as_ref().and_then(|_| config::wrapper_wanted(&spec.externs));
    let names: Vec<&str> = untyped.iter().map(|&index| &*spec.externs[index].name).collect();
    let (found, has_wrapper) = match (&names[..], wrapper.as_deref()) {
        ([], None) => (Vec::new(), false),
        (names, wrapper) => {
            kallsyms::addresses(names, wrapper).map_err(|error| match untyped.first() {
                Some(&index) => asked.within(index, error),
                None => error,
            })?
        }
    };
    for (&index, found) in untyped.iter().zip(&found) {
        symbols.of[index] = match found {
            Some(Address::At(address)) => Symbol::At(*address),
            Some(Address::Ambiguous(one, other)) => {
                let error = Error::new(
                    ErrorKind::Mismatch,
                    format!(
                        "the kernel has several symbols of this name, at {one:#x}, {other:#x} and maybe more"
                    ),
                );
                return Err(asked.within(index, error));
            }
            None if spec.externs[index].weak => Symbol::Absent,
            None => return Err(asked.within(index, unresolved::not_in_kallsyms())),
        };
    }
    if let Some(map) = kconfig {
        let size = spec.kconfig_map().map_or(0, |index| spec.maps[index].value_size);
        let values = config::values(&spec.externs, size, options.kconfig.as_deref(), has_wrapper);
        map.contents = Contents::Bytes(values.map_err(|error| error.within(map.frame()))?);
    }
    Ok(())
}

/// Whether kernel types are to be asked for this.
pub(super) fn is_typed(kind: ExternKind) -> bool {
    match kind {
        ExternKind::Ksym { type_id } => type_id != 0,
        ExternKind::Kfunc { .. } => true,
        ExternKind::Kconfig { .. } => false,
    }
}
