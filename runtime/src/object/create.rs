//! Bringing one map into being: reused, found at its pin, or created, filled, frozen and pinned.

use std::borrow::Cow;
use std::cell::RefCell;
use std::os::fd::{AsFd, BorrowedFd};

use super::names::data_map_name;
use super::open_map::{Inner, OpenMap, Origin};
use super::options::Options;
use super::pins::Pins;
use super::reuse;
use super::slots::Slots;
use super::struct_ops::KernelOperations;
use crate::error::{Error, Frame, Result, Within};
use crate::feature;
use crate::map::{Map, MapInfo};
use crate::spec::{MapContents, MapSpec, ObjectSpec};
use crate::sys::{self, Capability};
use crate::token::{Creation, LazyToken};
use crate::uapi::{MapType, flags};

/// What all maps of a load share.
pub(crate) struct Context<'c> {
    pub(crate) spec: &'c ObjectSpec,
    pub(crate) options: &'c Options,
    pub(crate) token: &'c LazyToken,
    pub(crate) btf: Option<BorrowedFd<'c>>,
    pub(crate) needs: &'c [Capability],
    /// What maps are made without.
    pub(crate) notes: RefCell<Vec<Error>>,
}

/// A map, and whether this load has created it.
pub(crate) struct Made {
    pub(crate) map: Map,
    pub(crate) created: bool,
    /// What is still to be put into it, once all maps and programs are there.
    pub(crate) slots: Slots,
    /// What a struct_ops map is filled with, once the programs are there.
    pub(crate) operations: Option<KernelOperations>,
}

impl Made {
    pub(crate) fn created(map: Map, open: &OpenMap) -> Self {
        let slots = match &open.spec.contents {
            MapContents::Slots(slots) => slots.clone(),
            MapContents::Empty
            | MapContents::Data { .. }
            | MapContents::Arena { .. }
            | MapContents::StructOps { .. } => Slots::default(),
        };
        Self { map, created: true, slots, operations: None }
    }

    pub(crate) fn found(map: Map) -> Self {
        Self { map, created: false, slots: Slots::default(), operations: None }
    }
}

/// Makes the map that `open` asks for.
pub(crate) fn map(context: &Context<'_>, mut open: OpenMap, pins: &mut Pins) -> Result<Made> {
    open.spec.max_entries = max_entries(&open.spec)?;
    let mut made = match std::mem::replace(&mut open.origin, Origin::Create) {
        Origin::Absent => Made::found(Map::absent(MapInfo::from(&open.spec))?),
        Origin::Reuse(fd) => reuse::given(context, &open, fd)?,
        Origin::Create => match reuse::place(context, &open)? {
            Some(place) => reuse::pinned(context, &open, place, pins)?,
            None => Made::created(create(context, &open)?, &open),
        },
    };
    if open.spec.map_type == MapType::ARENA && !made.created && !made.map.is_absent() {
        made.map.find_arena(&open.spec, open.data_len())?;
    }
    if let Some(operations) = open.operations {
        made.map.set_operations(operations.name.clone());
        made.operations = Some(operations);
    }
    Ok(made)
}

/// `max_entries` as the kernel is told: a ring buffer's size is rounded up to a power of two of pages, and a
/// perf-event array without a size has a slot for each possible CPU.
fn max_entries(spec: &MapSpec) -> Result<u32> {
    match spec.map_type {
        MapType::RINGBUF | MapType::USER_RINGBUF if spec.max_entries == 0 => {
            Err(Error::invalid_input("a ring buffer without a size: set max_entries, in bytes"))
        }
        MapType::RINGBUF | MapType::USER_RINGBUF => {
            let pages = (spec.max_entries as usize).div_ceil(sys::page_size());
            pages
                .checked_next_power_of_two()
                .and_then(|pages| pages.checked_mul(sys::page_size()))
                .and_then(|bytes| u32::try_from(bytes).ok())
                .ok_or_else(|| {
                    Error::invalid_input(format!(
                        "max_entries {}: no power of two of pages is as large and fits into 32 bits",
                        spec.max_entries
                    ))
                })
        }
        MapType::PERF_EVENT_ARRAY if spec.max_entries == 0 => {
            let cpus = sys::possible_cpu_count()
                .map_err(|error| Error::system("/sys/devices/system/cpu/possible", error))?;
            Ok(u32::try_from(cpus).unwrap_or(u32::MAX))
        }
        _ => Ok(spec.max_entries),
    }
}

pub(crate) fn create(context: &Context<'_>, open: &OpenMap) -> Result<Map> {
    let template = inner_template(context, open)?;
    let inner = match (&template, &open.inner) {
        (Some(map), _) => Some(map.as_fd()),
        (None, Inner::Like(fd)) => Some(fd.as_fd()),
        (None, _) => None,
    };
    let mut map = create_bare(context, &open.spec, inner, open.operations.as_ref())?;
    if open.spec.map_type == MapType::ARENA {
        map.fill_arena(&open.spec, open.data_len(), open.initial_bytes())?;
    }
    if let MapContents::Data { frozen, .. } = open.spec.contents {
        fill(open, &map)?;
        if frozen {
            map.freeze()?;
        }
    }
    Ok(map)
}

/// A map like those that a map-in-map will hold; the kernel copies its shape while it creates the outer one.
fn inner_template(context: &Context<'_>, open: &OpenMap) -> Result<Option<Map>> {
    let spec = match &open.inner {
        Inner::Like(_) => return Ok(None),
        Inner::Replaced(spec) => spec,
        Inner::Spec => {
            let Some(index) = open.spec.inner else { return no_template(open.spec.map_type) };
            context.spec.inner_maps.get(index as usize).ok_or_else(|| {
                Error::malformed(format!(
                    "its inner map has number {index}; there are {}",
                    context.spec.inner_maps.len()
                ))
            })?
        }
    };
    let spec = MapSpec { max_entries: max_entries(spec)?, ..spec.clone() };
    create_bare(context, &spec, None, None).within(|| Frame::Map(spec.name.to_string())).map(Some)
}

/// The kernel's answer for a map-in-map without a template is a bad descriptor.
fn no_template(map_type: MapType) -> Result<Option<Map>> {
    match map_type {
        MapType::ARRAY_OF_MAPS | MapType::HASH_OF_MAPS => Err(Error::invalid_input(
            "nothing says what the maps in it are like",
        )
        .with_hint("OpenMap::set_inner does; so does `values` in .maps, or `inner_id` in maps")),
        _ => Ok(None),
    }
}

pub(super) fn create_bare(
    context: &Context<'_>,
    spec: &MapSpec,
    inner: Option<BorrowedFd<'_>>,
    operations: Option<&KernelOperations>,
) -> Result<Map> {
    let name = match &spec.contents {
        MapContents::Data { .. } => Cow::Owned(data_map_name(&context.spec.name, &spec.name)),
        _ => Cow::Borrowed(&*spec.name),
    };
    let typed = takes_btf(spec.map_type);
    let mut attributes = sys::MapCreate {
        map_type: spec.map_type,
        name: &name,
        key_size: spec.key_size,
        value_size: spec.value_size,
        max_entries: spec.max_entries,
        flags: spec.flags,
        extra: spec.extra,
        numa_node: if spec.flags & flags::NUMA_NODE != 0 { spec.numa_node } else { 0 },
        inner_map: inner,
        btf: if typed { context.btf } else { None },
        key_type_id: spec.key_type_id,
        value_type_id: spec.value_type_id,
        ..sys::MapCreate::default()
    };
    if let Some(operations) = operations {
        // The kernel wants the object's types here, but no type of theirs.
        (attributes.key_type_id, attributes.value_type_id) = (0, 0);
        attributes.vmlinux_value_type_id = operations.value_type_id;
        attributes.value_type_btf = operations.module.as_ref().map(AsFd::as_fd);
    } else if attributes.btf.is_none() || (spec.key_type_id == 0 && spec.value_type_id == 0) {
        (attributes.btf, attributes.key_type_id, attributes.value_type_id) = (None, 0, 0);
    }
    let create = |attributes: &sys::MapCreate<'_>| {
        context
            .token
            .with(|token| Map::create(spec.name.clone(), &sys::MapCreate { token, ..*attributes }))
    };
    let refused = match create(&attributes) {
        Err(error) if operations.is_some() && feature::takes_operations_now(&error) => {
            create(&attributes)
        }
        result => result,
    };
    let refused = match refused {
        Ok(map) => return Ok(map),
        Err(error) => error,
    };
    // Types are a courtesy to tools for most maps: a kernel that refuses these may still take the map.
    let permitted = refused.raw_os_error() != Some(libc::EPERM);
    if attributes.btf.is_some() && operations.is_none() && permitted {
        (attributes.btf, attributes.key_type_id, attributes.value_type_id) = (None, 0, 0);
        if let Ok(map) = create(&attributes) {
            let note = Error::system("BPF_MAP_CREATE", refused)
                .with_hint("created without the types of its key and value");
            context.notes.borrow_mut().push(note.within(Frame::Map(spec.name.to_string())));
            return Ok(map);
        }
    }
    let unknown = feature::may_be_unknown(&refused);
    let error = Error::system("BPF_MAP_CREATE", refused);
    if unknown && let Some(why) = feature::why_absent(feature::map_needs(spec)) {
        return Err(error.because_absent(why));
    }
    let creation = Creation::Map(spec.map_type);
    Err(context.token.permission(describe(error, spec), creation, context.needs))
}

/// What is wrong with the definition, where the kernel's answer leaves little doubt.
fn describe(error: Error, spec: &MapSpec) -> Error {
    let sizes = format!(
        "type {}, key size {}, value size {}, max entries {}, flags {:#x}",
        spec.map_type, spec.key_size, spec.value_size, spec.max_entries, spec.flags
    );
    match error.raw_os_error() {
        Some(libc::EINVAL) => {
            error.with_hint(format!("the kernel refuses the definition: {sizes}"))
        }
        Some(libc::E2BIG | libc::ENOMEM) => error.with_hint(format!("too large: {sizes}")),
        _ => error,
    }
}

/// The map types that have no use for BTF ids; the kernel answers EINVAL or ENOTSUPP for most of them.
fn takes_btf(map_type: MapType) -> bool {
    !matches!(
        map_type,
        MapType::PERF_EVENT_ARRAY
            | MapType::CGROUP_ARRAY
            | MapType::STACK_TRACE
            | MapType::ARRAY_OF_MAPS
            | MapType::HASH_OF_MAPS
            | MapType::DEVMAP
            | MapType::DEVMAP_HASH
            | MapType::CPUMAP
            | MapType::XSKMAP
            | MapType::SOCKMAP
            | MapType::SOCKHASH
            | MapType::QUEUE
            | MapType::STACK
            | MapType::RINGBUF
            | MapType::USER_RINGBUF
            | MapType::PROG_ARRAY
    )
}

/// Writes the bytes of a data section into its map, which is zero already.
fn fill(open: &OpenMap, map: &Map) -> Result<()> {
    let size = open.spec.value_size as usize;
    let Some(bytes) = open.initial_bytes() else { return Ok(()) };
    if bytes.len() > size {
        return Err(Error::invalid_input(format!(
            "value size {size} is less than the section's {} bytes",
            bytes.len()
        )));
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return Ok(());
    }
    if bytes.len() == size {
        return map.update(&[0; 4], bytes, flags::ANY);
    }
    let mut grown = Vec::with_capacity(size);
    grown.extend_from_slice(bytes);
    grown.resize(size, 0);
    map.update(&[0; 4], &grown, flags::ANY)
}
