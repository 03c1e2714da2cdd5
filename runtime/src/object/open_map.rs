use std::fmt;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;

use super::struct_ops::KernelOperations;
use crate::error::{Error, Frame, Result};
use crate::pin::{Location, OnMismatch, Place};
use crate::pod::{Pod, bytes_of};
use crate::spec::{Data, KCONFIG, MapContents, MapSpec, Pinning};
use crate::uapi::MapType;

/// A map in the open phase: a definition that can be edited, and where the map is to come from.
///
/// ```no_run
/// # fn edit(start: &mut bpf_skel::object::OpenMap) {
/// start.set_max_entries(65_536).set_pin_path("/sys/fs/bpf/start");
/// # }
/// ```
pub struct OpenMap {
    pub(crate) spec: MapSpec,
    pub(crate) origin: Origin,
    pub(crate) pin: Pin,
    pub(crate) on_mismatch: Option<OnMismatch>,
    pub(crate) inner: Inner,
    pub(crate) contents: Contents,
    /// Whether `attach` of the whole object registers its operations.
    pub(crate) autoattach: bool,
    /// Members of operations, each with the name of the program that it is to call instead of the object's.
    pub(crate) functions: Vec<(String, Option<String>)>,
    /// Those operations as this kernel takes them, once that is known.
    pub(crate) operations: Option<KernelOperations>,
}

/// Where the map is to come from.
pub(crate) enum Origin {
    /// It is created, or reused where its pin is there already.
    Create,
    /// It is not there at all.
    Absent,
    /// It is this one.
    Reuse(OwnedFd),
}

/// Where the map is pinned.
#[derive(Debug)]
pub(crate) enum Pin {
    /// As the policy of the load or the object says.
    AsDefined,
    Nowhere,
    At(Location),
}

/// What a map-in-map is told that it will hold.
pub(crate) enum Inner {
    /// As the object says.
    Spec,
    /// A map of this definition.
    Replaced(Box<MapSpec>),
    /// Maps like this one.
    Like(OwnedFd),
}

/// Bytes of a data section as the caller left them.
pub(crate) enum Contents {
    Spec,
    Bytes(Vec<u8>),
    /// The first bytes of a skeleton's struct: a section need not be a multiple of its alignment.
    Typed(Box<dyn SectionBytes>, usize),
}

/// A data section of a skeleton: a plain struct on the heap.
pub(crate) trait SectionBytes: Send + Sync {
    fn bytes(&self) -> &[u8];
}

impl<T: Pod> SectionBytes for T {
    fn bytes(&self) -> &[u8] {
        bytes_of(self)
    }
}

impl OpenMap {
    pub(crate) fn new(spec: MapSpec) -> Self {
        let origin = match spec.contents {
            MapContents::StructOps { optional: true, .. } => Origin::Absent,
            _ => Origin::Create,
        };
        Self {
            spec,
            origin,
            pin: Pin::AsDefined,
            on_mismatch: None,
            inner: Inner::Spec,
            contents: Contents::Spec,
            autoattach: true,
            functions: Vec::new(),
            operations: None,
        }
    }

    /// The map's name in C.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The definition as it stands now.
    pub fn spec(&self) -> &MapSpec {
        &self.spec
    }

    /// Replaces the whole definition; the name stays. So do the contents that the object gives, unless the
    /// definition brings its own; those of a data section and of operations stay in any case.
    pub fn replace(&mut self, definition: MapSpec) -> &mut Self {
        let old = std::mem::replace(&mut self.spec, definition);
        self.spec.name = old.name;
        let has_bytes = !matches!(old.contents, MapContents::Empty | MapContents::Slots(_));
        if has_bytes || matches!(self.spec.contents, MapContents::Empty) {
            self.spec.contents = old.contents;
        }
        self
    }

    /// The map's type. A typed handle of the skeleton takes any type with the same access: a `Hash` may become an
    /// LRU hash, for example; otherwise the load fails with a mismatch that says so, unless the skeleton was made with
    /// `untyped_maps` for it.
    pub fn set_type(&mut self, map_type: MapType) -> &mut Self {
        self.spec.map_type = map_type;
        self
    }

    /// Bytes of a key. A changed size takes the map's BTF types away, since they no longer fit.
    pub fn set_key_size(&mut self, bytes: u32) -> &mut Self {
        if self.spec.key_size != bytes {
            (self.spec.key_type_id, self.spec.value_type_id) = (0, 0);
        }
        self.spec.key_size = bytes;
        self
    }

    /// Bytes of a value. A data section may grow this way: what is new is zero. A changed size takes the map's BTF
    /// types away, since they no longer fit.
    pub fn set_value_size(&mut self, bytes: u32) -> &mut Self {
        if self.spec.value_size != bytes {
            (self.spec.key_type_id, self.spec.value_type_id) = (0, 0);
        }
        self.spec.value_size = bytes;
        self
    }

    /// BTF ids of the key's and the value's type in [`ObjectSpec::btf`](crate::spec::ObjectSpec::btf), which tools
    /// print elements by; 0 for none. Where the kernel does not take them, the map is created without.
    #[doc(alias = "btf_key_type_id")]
    pub fn set_btf_types(&mut self, key: u32, value: u32) -> &mut Self {
        (self.spec.key_type_id, self.spec.value_type_id) = (key, value);
        self
    }

    /// How many elements; for a ring buffer, bytes (rounded up to a power of two of pages).
    pub fn set_max_entries(&mut self, count: u32) -> &mut Self {
        self.spec.max_entries = count;
        self
    }

    /// `map_flags`, all of them; see [`uapi::flags`](crate::uapi::flags).
    pub fn set_flags(&mut self, flags: u32) -> &mut Self {
        self.spec.flags = flags;
        self
    }

    /// `map_extra`; its meaning depends on the type (Linux 5.16).
    pub fn set_extra(&mut self, extra: u64) -> &mut Self {
        self.spec.extra = extra;
        self
    }

    /// The NUMA node that the map's memory comes from.
    pub fn set_numa_node(&mut self, node: u32) -> &mut Self {
        self.spec.numa_node = node;
        self.spec.flags |= crate::uapi::flags::NUMA_NODE;
        self
    }

    /// The definition of the maps that this map-in-map will hold.
    pub fn set_inner(&mut self, definition: MapSpec) -> &mut Self {
        self.inner = Inner::Replaced(Box::new(definition));
        self
    }

    /// This map-in-map will hold maps like `map`, which may be closed after the load.
    ///
    /// # Errors
    /// The descriptor cannot be duplicated.
    pub fn set_inner_like(&mut self, map: impl AsFd) -> Result<&mut Self> {
        self.inner = Inner::Like(self.own(map)?);
        Ok(self)
    }

    /// Whether the map is created at all; it is, unless told otherwise. A program that uses a map that is absent is
    /// refused by the verifier unless it cannot get there.
    ///
    /// Operations of a section `?.struct_ops` or `?.struct_ops.link` are not created unless told to, and then only on
    /// kernels that have such operations; [`Object::notes`](super::Object::notes) says where they are left out. Programs
    /// that only such maps call are not loaded.
    pub fn set_autocreate(&mut self, create: bool) -> &mut Self {
        match (&self.origin, create) {
            (_, false) => self.origin = Origin::Absent,
            (Origin::Absent, true) => self.origin = Origin::Create,
            // One that is given is there as well.
            (Origin::Create | Origin::Reuse(_), true) => {}
        }
        self
    }

    /// Whether the map is created, or given.
    pub fn autocreate(&self) -> bool {
        !matches!(self.origin, Origin::Absent)
    }

    /// Whether `attach` of the whole object registers the operations of this struct_ops map, if it is one; it does, unless
    /// told otherwise.
    #[doc(alias = "bpf_map__set_autoattach")]
    pub fn set_autoattach(&mut self, attach: bool) -> &mut Self {
        self.autoattach = attach;
        self
    }

    /// Has a function of a struct_ops map be `program`, a program of this object whose section is `struct_ops`, instead of
    /// the one that the object says. `prepare` fails where there is no such member or program.
    pub fn set_function(
        &mut self,
        member: impl Into<String>,
        program: impl Into<String>,
    ) -> &mut Self {
        self.functions.push((member.into(), Some(program.into())));
        self
    }

    /// Leaves a function of a struct_ops map out: the kernel does without, or with one of its own.
    pub fn clear_function(&mut self, member: impl Into<String>) -> &mut Self {
        self.functions.push((member.into(), None));
        self
    }

    /// Uses `map` instead of creating one. It must have the definition's type, sizes and flags: `prepare` compares.
    /// Its contents stay as they are, and `map` stays the caller's. That goes for constants too: those of a map that is
    /// given for `.rodata` are what programs see, not the object's.
    ///
    /// # Errors
    /// The descriptor cannot be duplicated.
    pub fn reuse(&mut self, map: impl AsFd) -> Result<&mut Self> {
        self.origin = Origin::Reuse(self.own(map)?);
        Ok(self)
    }

    /// Pins the map at `path` on bpffs. Where a map is pinned there already, it is compared with the definition and
    /// used, contents and all; constants (`.rodata`) have to be those of this load.
    pub fn set_pin_path(&mut self, path: impl Into<PathBuf>) -> &mut Self {
        self.pin = Pin::At(Location::Path(path.into()));
        self
    }

    /// Pins the map at a place that is walked to by descriptors; otherwise as [`set_pin_path`](Self::set_pin_path).
    pub fn set_pin_place(&mut self, place: Place) -> &mut Self {
        self.pin = Pin::At(Location::Place(place));
        self
    }

    /// Pins the map under its own name at the [pin root](super::Options::set_pin_root), or where the
    /// [policy](super::Options::set_pinning) of the load puts such maps.
    pub fn set_pin_by_name(&mut self) -> &mut Self {
        self.pin = Pin::AsDefined;
        self.spec.pinning = Pinning::ByName;
        self
    }

    /// What is done where a map is pinned (or given) that differs from the definition. Unless told otherwise, a pinned one
    /// is for [`Options::set_on_mismatch`](super::Options::set_on_mismatch) or the policy, and the load fails.
    pub fn set_on_mismatch(&mut self, on_mismatch: OnMismatch) -> &mut Self {
        self.on_mismatch = Some(on_mismatch);
        self
    }

    /// Does not pin the map, whatever the object says.
    pub fn clear_pin(&mut self) -> &mut Self {
        self.pin = Pin::Nowhere;
        self.spec.pinning = Pinning::None;
        self
    }

    /// The initial bytes of a data section or of operations as they stand now, or `None` for another map. In a skeleton
    /// they are those of the object: its own edits are in the section's field.
    pub fn data(&self) -> Option<Data> {
        let data = self.defined_data()?;
        Some(match &self.contents {
            Contents::Spec => data.clone(),
            Contents::Bytes(bytes) => Data::Bytes(bytes.clone().into()),
            Contents::Typed(typed, len) => Data::Bytes(typed.bytes()[..*len].to_vec().into()),
        })
    }

    /// Writes `bytes` into a data section, or into the object's struct of operations, at `offset`.
    ///
    /// # Errors
    /// The map has no initial bytes, it is `.kconfig`, or the bytes do not fit into it.
    pub fn write_data(&mut self, offset: usize, bytes: &[u8]) -> Result<&mut Self> {
        let Some(data) = self.defined_data() else {
            return Err(Error::invalid_input("not a data section").within(self.frame()));
        };
        let size = match self.spec.contents {
            MapContents::Arena { .. } => data.len(),
            _ => self.spec.value_size as usize,
        };
        if self.spec.section == KCONFIG {
            return Err(Error::invalid_input("its values are the kernel's configuration")
                .with_hint("Options::set_kconfig gives others")
                .within(self.frame()));
        }
        let end = offset.checked_add(bytes.len()).filter(|&end| end <= size).ok_or_else(|| {
            Error::invalid_input(format!(
                "{} bytes at offset {offset} do not fit into the map's {size} bytes",
                bytes.len()
            ))
            .within(self.frame())
        })?;
        // Copied once, by the first write; a section may have megabytes.
        let mut whole = match std::mem::replace(&mut self.contents, Contents::Spec) {
            Contents::Bytes(bytes) => bytes,
            Contents::Typed(typed, len) => typed.bytes()[..len].to_vec(),
            Contents::Spec => self.initial_bytes().unwrap_or_default().to_vec(),
        };
        if whole.len() < size {
            whole.resize(size, 0);
        }
        whole[offset..end].copy_from_slice(bytes);
        self.contents = Contents::Bytes(whole);
        Ok(self)
    }

    /// The value of a data section, as a skeleton has it.
    pub(crate) fn set_typed_data<T: Pod>(&mut self, data: Box<T>, len: usize) {
        self.contents = Contents::Typed(data, len.min(size_of::<T>()));
    }

    /// The bytes that the map is filled with; what is missing at the end is zero. `None`: all zero.
    pub(crate) fn initial_bytes(&self) -> Option<&[u8]> {
        match (&self.contents, self.defined_data()) {
            (Contents::Bytes(bytes), _) => Some(bytes),
            (Contents::Typed(typed, len), _) => Some(&typed.bytes()[..*len]),
            (Contents::Spec, Some(Data::Bytes(bytes))) => Some(bytes),
            (Contents::Spec, _) => None,
        }
    }

    /// How many bytes the definition has initial values for.
    pub(crate) fn data_len(&self) -> usize {
        self.defined_data().map_or(0, Data::len)
    }

    /// The initial bytes that the definition has.
    fn defined_data(&self) -> Option<&Data> {
        match &self.spec.contents {
            MapContents::Data { data, .. }
            | MapContents::Arena { data }
            | MapContents::StructOps { data, .. } => Some(data),
            MapContents::Empty | MapContents::Slots(_) => None,
        }
    }

    pub(crate) fn is_struct_ops(&self) -> bool {
        matches!(self.spec.contents, MapContents::StructOps { .. })
    }

    pub(crate) fn frame(&self) -> Frame {
        Frame::Map(self.spec.name.to_string())
    }

    fn own(&self, map: impl AsFd) -> Result<OwnedFd> {
        map.as_fd()
            .try_clone_to_owned()
            .map_err(|error| Error::system("dup", error).within(self.frame()))
    }
}

impl fmt::Debug for OpenMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let MapSpec { name, map_type, key_size, value_size, max_entries, flags, .. } = &self.spec;
        f.debug_struct("OpenMap")
            .field("name", name)
            .field("type", &format_args!("{map_type}"))
            .field("key_size", key_size)
            .field("value_size", value_size)
            .field("max_entries", max_entries)
            .field("flags", &format_args!("{flags:#x}"))
            .field("pin", &self.pin)
            .finish_non_exhaustive()
    }
}
