use std::fmt;

use bpf_skel::elf::{self, LegacyMaps};
use bpf_skel::{Error, Object, OpenObject, Result};

/// Which loader took an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LoadedBy {
    /// The standard one: all of it was understood.
    Standard,
    /// The compatibility loader.
    Compatibility,
}

impl fmt::Display for LoadedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard loader",
            Self::Compatibility => "compatibility loader",
        })
    }
}

/// What does not keep an object from being loaded, and may not be what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// Something in the object was passed over.
    Object(elf::Warning),
    /// Something in the configuration of pins was.
    Pinning(String),
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(warning) => warning.fmt(f),
            Self::Pinning(warning) => f.write_str(warning),
        }
    }
}

/// An object that the loader has opened: nothing exists in the kernel yet, and everything can be edited.
#[derive(Debug)]
#[non_exhaustive]
pub struct Opened {
    /// The object, set up as the loader was told.
    pub object: OpenObject,
    /// Who took it.
    pub loader: LoadedBy,
    /// Why it was not the standard loader; `None` where it was, and where nobody asked it.
    pub why: Option<Error>,
    /// What the compatibility loader took section `maps` for, if there is one.
    pub legacy: Option<LegacyMaps>,
    /// What is to be said.
    pub warnings: Vec<Warning>,
}

/// An object that the loader has loaded.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The object.
    pub object: Object,
    /// Who took it.
    pub loader: LoadedBy,
    /// Why it was not the standard loader; `None` where it was, and where nobody asked it.
    pub why: Option<Error>,
    /// What the compatibility loader took section `maps` for, if there is one.
    pub legacy: Option<LegacyMaps>,
    /// What is to be said.
    pub warnings: Vec<Warning>,
}

impl Opened {
    /// Loads the object: [`OpenObject::load`]. Whoever wants the phases one by one takes [`object`](Self::object).
    ///
    /// # Errors
    /// As [`OpenObject::load`]. No other loader is tried then, and nothing is left behind.
    pub fn load(self) -> Result<Loaded> {
        let Self { object, loader, why, legacy, warnings } = self;
        Ok(Loaded { object: object.load()?, loader, why, legacy, warnings })
    }
}
