//! How a skeleton is to look.

use bpf_skel::btf::Btf;
use bpf_skel::elf::Legacy;
use bpf_skel::spec::ObjectSpec;

use crate::ident::{Ident, identifier};
use crate::model::Types;
use crate::path::Path;
use crate::{Error, Result};

/// How a skeleton is to look, whichever way its object came about.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// Name of the module, or `None` for the object's own name.
    pub module: Option<String>,
    /// Path of the runtime crate as generated code spells it; `::bpf_skel` unless it was renamed.
    pub runtime: String,
    /// Attributes for the module, as source text.
    pub attributes: String,
    /// The module's visibility, as source text; `pub` if not given.
    pub visibility: Option<String>,
    /// How the map definitions in a section `maps` are laid out.
    pub legacy: Legacy,
    /// C types that the skeleton is to have beside those of its maps and variables: `event`, `struct event`.
    pub types: Vec<String>,
    /// Rust types that are to stand for C types.
    pub bindings: Vec<Binding>,
    /// Maps that are to have an untyped handle, by their names in C.
    pub untyped_maps: Vec<String>,
}

/// A Rust type of the user's own that is to stand for a C type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The C type's name: `struct event`.
    pub c: String,
    /// The absolute path of the Rust type: `crate::Event`.
    pub rust: String,
    /// Whether its fields are its own affair, and only size and alignment are those of the C type.
    pub opaque: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            module: None,
            runtime: "::bpf_skel".to_owned(),
            attributes: String::new(),
            visibility: None,
            legacy: Legacy::default(),
            types: Vec::new(),
            bindings: Vec::new(),
            untyped_maps: Vec::new(),
        }
    }
}

impl Options {
    /// The runtime's path, checked.
    pub(crate) fn runtime_path(&self) -> Result<Path> {
        self.runtime.parse().map_err(|error| {
            Error::invalid_input(format!("runtime path {:?}: {error}", self.runtime))
        })
    }

    /// The module's name for an object called `object`; a name that the user chose is not bent.
    pub(crate) fn module_ident(&self, object: &str) -> Result<Ident> {
        match &self.module {
            Some(name) => identifier(name).ok_or_else(|| {
                Error::invalid_input(format!("module name {name:?} is not an identifier"))
            }),
            None => Ok(crate::ident::module(object)),
        }
    }

    /// These, of several objects that have them, with the types and the maps that this one has.
    pub(crate) fn for_object(&self, spec: &ObjectSpec, btf: Option<&Btf<'_>>) -> Self {
        let has = |name: &str| btf.is_some_and(|btf| Types::expect(btf, name).is_ok());
        let mut options = self.clone();
        options.types.retain(|name| has(name));
        options.bindings.retain(|binding| has(&binding.c));
        options.untyped_maps.retain(|name| spec.maps.iter().any(|map| map.name == *name));
        options
    }
}
