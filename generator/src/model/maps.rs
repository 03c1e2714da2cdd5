//! Maps and the types of their handles.

use bpf_skel::Frame;
use bpf_skel::spec::{MapContents, MapSpec, ObjectSpec};
use bpf_skel::uapi::{MapType, flags};

use super::c_text::type_name;
use super::ty::Ty;
use super::types::Types;
use crate::ident::{Ident, Scope, section_field};
use crate::{Error, Result};

/// A map of the object.
pub(crate) struct Map<'s> {
    pub(crate) ident: Ident,
    pub(crate) handle: Handle,
    pub(crate) shape: Shape<'s>,
    /// Of the maps that it holds.
    pub(crate) inner: Option<Shape<'s>>,
}

/// What documentation says about a map.
pub(crate) struct Shape<'s> {
    pub(crate) spec: &'s MapSpec,
    /// What key and value are in C, where that is known.
    pub(crate) key_c: Option<String>,
    pub(crate) value_c: Option<String>,
}

/// The Rust type of the map's handle.
pub(crate) enum Handle {
    Map,
    Hash(Ty, Ty),
    Array(Ty),
    PerCpuHash(Ty, Ty),
    PerCpuArray(Ty),
    LpmTrie(Ty, Ty),
    /// A queue or a stack.
    Queue(Ty),
    BloomFilter(Ty),
    /// By its key.
    MapOfMaps(Ty),
    PerfEventArray,
    ProgArray,
    RingBuf,
    UserRingBuf,
    /// By its flags.
    StackTraces {
        build_ids: bool,
    },
    StructOps,
    TaskStorage(Ty),
    SkStorage(Ty),
    InodeStorage(Ty),
    CgrpStorage(Ty),
    CgroupStorage(Ty, Ty),
    PerCpuCgroupStorage(Ty, Ty),
    CgroupArray,
    SockMap,
    SockHash(Ty),
    ReuseportSockArray,
    DevMap,
    DevMapHash,
    CpuMap,
    XskMap,
}

/// Says which of the maps none of the objects has.
pub(crate) fn expect_maps(wanted: &[String], specs: &[ObjectSpec]) -> Result<()> {
    let names = || specs.iter().flat_map(|spec| spec.maps.iter()).map(|map| &*map.name);
    let Some(missing) = wanted.iter().find(|&name| !names().any(|map| map == name)) else {
        return Ok(());
    };
    let there: Vec<&str> = names().collect();
    let hint = match &there[..] {
        [] => "there are no maps".to_owned(),
        there => format!("there are {}", there.join(", ")),
    };
    let error = Error::invalid_input("no map of this name").with_hint(hint);
    Err(error.within(Frame::Map(missing.clone())))
}

/// The maps, of which those named have an untyped handle.
pub(super) fn maps<'s>(
    spec: &'s ObjectSpec,
    types: &mut Types<'_>,
    untyped: &[String],
) -> Vec<Map<'s>> {
    let names = spec.maps.iter().map(|map| section_field(&map.name));
    let idents = Scope::default().claim_all(names);
    let maps = spec.maps.iter().zip(idents).map(|(map, ident)| {
        let typed = handle(map, types);
        let handle = if untyped.iter().any(|name| map.name == *name) { Handle::Map } else { typed };
        let inner = map.inner.and_then(|index| spec.inner_maps.get(index as usize));
        if let Some(inner) = inner {
            // Whoever makes one needs its types.
            key(inner, types);
            value(inner, types);
        }
        let inner = inner.map(|inner| Shape::of(inner, types));
        Map { ident, handle, shape: Shape::of(map, types), inner }
    });
    maps.collect()
}

impl<'s> Shape<'s> {
    fn of(spec: &'s MapSpec, types: &Types<'_>) -> Self {
        let c = |id: u32| match types.btf {
            Some(btf) if id != 0 && !is_data(spec) => Some(type_name(btf, id)),
            _ => None,
        };
        Self { spec, key_c: c(spec.key_type_id), value_c: c(spec.value_type_id) }
    }
}

fn is_data(spec: &MapSpec) -> bool {
    matches!(spec.contents, MapContents::Data { .. })
}

fn key(spec: &MapSpec, types: &mut Types<'_>) -> Ty {
    let path = path(spec, spec.key_type_id, "key", types);
    types.root(spec.key_type_id, spec.key_size.into(), &path)
}

fn value(spec: &MapSpec, types: &mut Types<'_>) -> Ty {
    let path = path(spec, spec.value_type_id, "value", types);
    types.root(spec.value_type_id, spec.value_size.into(), &path)
}

/// What an anonymous key or value is called: after the struct that defines the map, which may define others too, or else
/// after the map.
fn path(spec: &MapSpec, id: u32, what: &str, types: &Types<'_>) -> String {
    let owner = types.definition(&spec.name, id).unwrap_or(&spec.name);
    format!("{owner}__{what}")
}

fn handle(spec: &MapSpec, types: &mut Types<'_>) -> Handle {
    let key = |types: &mut Types<'_>| key(spec, types);
    let value = |types: &mut Types<'_>| value(spec, types);
    match spec.map_type {
        _ if is_data(spec) => Handle::Map,
        MapType::HASH | MapType::LRU_HASH => Handle::Hash(key(types), value(types)),
        MapType::PERCPU_HASH | MapType::LRU_PERCPU_HASH => {
            Handle::PerCpuHash(key(types), value(types))
        }
        MapType::ARRAY => Handle::Array(value(types)),
        MapType::PERCPU_ARRAY => Handle::PerCpuArray(value(types)),
        MapType::LPM_TRIE => Handle::LpmTrie(key(types), value(types)),
        MapType::QUEUE | MapType::STACK => Handle::Queue(value(types)),
        MapType::BLOOM_FILTER => Handle::BloomFilter(value(types)),
        // Its key is an index, whatever C calls it.
        MapType::ARRAY_OF_MAPS => Handle::MapOfMaps(Ty::unsigned(4)),
        MapType::HASH_OF_MAPS => Handle::MapOfMaps(key(types)),
        MapType::PERF_EVENT_ARRAY => Handle::PerfEventArray,
        MapType::PROG_ARRAY => Handle::ProgArray,
        MapType::RINGBUF => Handle::RingBuf,
        MapType::USER_RINGBUF => Handle::UserRingBuf,
        MapType::STACK_TRACE => {
            Handle::StackTraces { build_ids: spec.flags & flags::STACK_BUILD_ID != 0 }
        }
        MapType::STRUCT_OPS => Handle::StructOps,
        // The key is a descriptor.
        MapType::TASK_STORAGE => Handle::TaskStorage(value(types)),
        MapType::SK_STORAGE => Handle::SkStorage(value(types)),
        MapType::INODE_STORAGE => Handle::InodeStorage(value(types)),
        MapType::CGRP_STORAGE => Handle::CgrpStorage(value(types)),
        MapType::CGROUP_STORAGE => Handle::CgroupStorage(key(types), value(types)),
        MapType::PERCPU_CGROUP_STORAGE => Handle::PerCpuCgroupStorage(key(types), value(types)),
        MapType::CGROUP_ARRAY => Handle::CgroupArray,
        MapType::SOCKMAP => Handle::SockMap,
        MapType::SOCKHASH => Handle::SockHash(key(types)),
        MapType::REUSEPORT_SOCKARRAY => Handle::ReuseportSockArray,
        MapType::DEVMAP => Handle::DevMap,
        MapType::DEVMAP_HASH => Handle::DevMapHash,
        MapType::CPUMAP => Handle::CpuMap,
        MapType::XSKMAP => Handle::XskMap,
        _ => {
            // No typed handle, but the types are good for `pod::read` on its bytes.
            key(types);
            value(types);
            Handle::Map
        }
    }
}
