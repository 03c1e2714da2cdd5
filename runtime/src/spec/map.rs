use std::borrow::Cow;

use super::{Data, StructOpsFunction};
use crate::uapi::MapType;

/// The definition of a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MapSpec {
    /// The C name; for a data section, the section's name (`.rodata`, `.data.config`). The template of an inner
    /// map is called `OUTER.inner`, a struct_ops map as its variable.
    pub name: Cow<'static, str>,
    /// The section that defines the map: `.maps`, the legacy `maps`, a data section, or `[?].struct_ops[.link]`.
    pub section: Cow<'static, str>,
    /// `type`
    pub map_type: MapType,
    /// Bytes of a key.
    pub key_size: u32,
    /// Bytes of a value; for a per-CPU map, of one CPU's value; for a struct_ops map, of the object's own struct, which
    /// the kernel's differs from.
    pub value_size: u32,
    /// How many elements; for a ring buffer, bytes. 0 in a perf-event array stands for the CPU count.
    pub max_entries: u32,
    /// `map_flags`
    pub flags: u32,
    /// `map_extra`; what it means depends on the map's type.
    pub extra: u64,
    /// `numa_node`; meaningful with the `NUMA_NODE` flag.
    pub numa_node: u32,
    /// `pinning`
    pub pinning: Pinning,
    /// BTF id of the key's type in [`ObjectSpec::btf`](super::ObjectSpec::btf), or 0.
    pub key_type_id: u32,
    /// BTF id of the value's type, or 0; for a data section, of its `DATASEC`; for a struct_ops map, of the struct of
    /// operations as the object has it.
    pub value_type_id: u32,
    /// Index in [`ObjectSpec::inner_maps`](super::ObjectSpec::inner_maps) of the template of what a map-in-map holds.
    pub inner: Option<u32>,
    /// What is in it from the start.
    pub contents: MapContents,
}

impl MapSpec {
    /// A map that no object defines: without flags, type information and contents.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        map_type: MapType,
        key_size: u32,
        value_size: u32,
        max_entries: u32,
    ) -> Self {
        Self {
            name: name.into(),
            section: Cow::Borrowed(".maps"),
            map_type,
            key_size,
            value_size,
            max_entries,
            flags: 0,
            extra: 0,
            numa_node: 0,
            pinning: Pinning::None,
            key_type_id: 0,
            value_type_id: 0,
            inner: None,
            contents: MapContents::Empty,
        }
    }
}

/// The `pinning` member of a definition.
///
/// Numbers of `.maps` and of section `maps` are two namespaces: 1 is libbpf's `LIBBPF_PIN_BY_NAME` in the one and
/// iproute2's `PIN_OBJECT_NS` in the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pinning {
    /// `LIBBPF_PIN_NONE`, and iproute2's `PIN_NONE`.
    #[default]
    None,
    /// `LIBBPF_PIN_BY_NAME`: at the pin root under the map's own name, reused where it is there already.
    ByName,
    /// A number of section `maps` other than 0: 1 is `PIN_OBJECT_NS` (a directory named by the SHA-1 of the object's
    /// file), 2 is `PIN_GLOBAL_NS`, and what others mean is up to the machine's `/etc/iproute2/bpf_pinning`. A plain
    /// load pins nothing for it: it takes a pinning configuration to say where.
    #[doc(alias = "PIN_OBJECT_NS")]
    #[doc(alias = "PIN_GLOBAL_NS")]
    Legacy(u32),
}

/// What a map holds when it has been created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MapContents {
    /// Nothing.
    Empty,
    /// The one element of a data section.
    Data {
        /// The initial bytes.
        data: Data,
        /// Whether the map is frozen once it is filled (`.rodata`).
        frozen: bool,
    },
    /// Variables in the memory of an arena, at its end.
    Arena {
        /// The initial bytes.
        data: Data,
    },
    /// The statically initialised slots of a map-in-map or of a prog array: `.values = { … }`, or what section `maps`
    /// says by ids. Ascending by key.
    Slots(Cow<'static, [Slot]>),
    /// The operations that a struct_ops map gives to the kernel, laid out as in the object.
    StructOps {
        /// The initial bytes, in the object's byte order; functions are 0.
        data: Data,
        /// What is to be called for which member. Ascending by member.
        functions: Cow<'static, [StructOpsFunction]>,
        /// Whether the object can do without: its section's name begins with `?`. Such a map is created only where the
        /// caller asks for it and the kernel has such operations.
        optional: bool,
    },
}

/// One initialised slot of a map-in-map or of a prog array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The key.
    pub key: u32,
    /// What is put there.
    pub target: SlotTarget,
}

/// What is put into a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotTarget {
    /// Index in [`ObjectSpec::maps`](super::ObjectSpec::maps).
    Map(u32),
    /// Index in [`ObjectSpec::programs`](super::ObjectSpec::programs).
    Program(u32),
}
