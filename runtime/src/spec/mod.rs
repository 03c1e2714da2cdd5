//! What a BPF object holds, as plain data.
//!
//! An [`ObjectSpec`] is deterministic: it is the same on every machine and nothing in it depends on the running
//! kernel. Two makers produce it: the generator prints it as a constant, and `elf::read` (feature `elf`) builds it
//! from the bytes of an object. Everything refers to everything else by index, not by name.

mod core;
mod data;
mod endian;
mod externs;
mod jump_table;
mod map;
mod program;
mod relocation;
mod struct_ops;
mod variable;

use std::borrow::Cow;

pub use core::{
    CoreAccess, CoreKind, CoreMoved, CoreNumber, CorePath, CoreRelocation, CoreRoot, CoreSort,
    CoreSpec, CoreStep,
};
pub use data::Data;
pub use endian::Endian;
pub(crate) use externs::KCONFIG;
pub use externs::{ExternKind, ExternSpec, KconfigType};
pub use jump_table::JumpTable;
pub use map::{MapContents, MapSpec, Pinning, Slot, SlotTarget};
pub use program::ProgramSpec;
pub use relocation::{Relocation, RelocationTarget};
pub use struct_ops::StructOpsFunction;
pub use variable::{Linkage, VariableSpec};

/// A whole BPF object, ready to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectSpec {
    /// The object's name: its file name up to the first dot. The kernel shows at most 15 bytes of it.
    pub name: Cow<'static, str>,
    /// Byte order of everything in the object. Only the host's own can be loaded.
    pub endian: Endian,
    /// Text of the `license` section; empty where there is none (and then GPL-only helpers are refused).
    pub license: Cow<'static, str>,
    /// Value of the `version` section, or 0. Kernels before 5.0 want it for kprobes.
    pub kernel_version: u32,
    /// The object's type information as it is to be handed to the kernel: section sizes and variable offsets
    /// filled in, hidden functions made static, symbols of the kernel reduced to what the kernel takes (its own types
    /// say more of them). Empty where the object has none.
    pub btf: Cow<'static, [u8]>,
    /// Maps in the order they were found: those of `.maps` first, by offset, then those of the legacy `maps`, by offset,
    /// then the data sections, in the order of the file's sections, then `.kconfig`, then those of struct_ops, in the
    /// order of the file's sections and by offset.
    pub maps: Cow<'static, [MapSpec]>,
    /// Templates of inner maps, referred to by [`MapSpec::inner`].
    pub inner_maps: Cow<'static, [MapSpec]>,
    /// Programs in the order of their sections, then of their offsets.
    pub programs: Cow<'static, [ProgramSpec]>,
    /// Tables that the programs jump through, by program and then by their first use.
    pub jump_tables: Cow<'static, [JumpTable]>,
    /// Global and static variables, by map and then by offset.
    pub variables: Cow<'static, [VariableSpec]>,
    /// What the programs ask of the running kernel's types.
    pub core: CoreSpec,
    /// What the kernel or the loader is to define: those of `.kconfig` in the order of their places, then those of the
    /// kernel by name.
    pub externs: Cow<'static, [ExternSpec]>,
}

impl ObjectSpec {
    /// The index of the map with this name.
    pub fn map_index(&self, name: &str) -> Option<usize> {
        self.maps.iter().position(|map| map.name == name)
    }

    /// The index of the map that holds the `__kconfig` externals: the loader fills it with the kernel's configuration.
    pub fn kconfig_map(&self) -> Option<usize> {
        self.maps.iter().position(|map| map.section == KCONFIG)
    }

    /// The index of the program with this name.
    pub fn program_index(&self, name: &str) -> Option<usize> {
        self.programs.iter().position(|program| program.name == name)
    }

    /// The variable with this name; a global one goes before static ones of the same name.
    pub fn variable(&self, name: &str) -> Option<&VariableSpec> {
        let named = || self.variables.iter().filter(|variable| variable.name == name);
        named().find(|variable| variable.linkage != Linkage::Static).or_else(|| named().next())
    }
}
