//! Maps and the types of their handles.

use bpf_skel::spec::{MapContents, MapSpec, ObjectSpec};
use bpf_skel::uapi::MapType;
use proc_macro2::Ident;

use super::c_text::type_name;
use super::ty::Ty;
use super::types::Types;
use crate::ident::{Scope, section_field};

/// A map of the object.
pub(crate) struct Map<'s> {
    pub(crate) ident: Ident,
    pub(crate) spec: &'s MapSpec,
    pub(crate) handle: Handle,
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
    ProgArray,
    MapOfMaps(Ty),
    RingBuf,
}

pub(super) fn maps<'s>(spec: &'s ObjectSpec, types: &mut Types<'_>) -> Vec<Map<'s>> {
    let names = spec.maps.iter().map(|map| section_field(&map.name));
    let idents = Scope::default().claim_all(names);
    spec.maps.iter().zip(idents).map(|(spec, ident)| map(spec, ident, types)).collect()
}

fn map<'s>(spec: &'s MapSpec, ident: Ident, types: &mut Types<'_>) -> Map<'s> {
    let data = matches!(spec.contents, MapContents::Data { .. });
    let c = |id: u32| match types.btf {
        Some(btf) if id != 0 && !data => Some(type_name(btf, id)),
        _ => None,
    };
    let (key_c, value_c) = (c(spec.key_type_id), c(spec.value_type_id));
    let key = |types: &mut Types<'_>| {
        types.root(spec.key_type_id, spec.key_size.into(), &format!("{}__key", spec.name))
    };
    let value = |types: &mut Types<'_>| {
        types.root(spec.value_type_id, spec.value_size.into(), &format!("{}__value", spec.name))
    };
    let handle = match spec.map_type {
        _ if data => Handle::Map,
        MapType::HASH | MapType::LRU_HASH => Handle::Hash(key(types), value(types)),
        MapType::PERCPU_HASH | MapType::LRU_PERCPU_HASH => {
            Handle::PerCpuHash(key(types), value(types))
        }
        MapType::ARRAY => Handle::Array(value(types)),
        MapType::PERCPU_ARRAY => Handle::PerCpuArray(value(types)),
        MapType::PROG_ARRAY => Handle::ProgArray,
        MapType::ARRAY_OF_MAPS | MapType::HASH_OF_MAPS => Handle::MapOfMaps(key(types)),
        MapType::RINGBUF => Handle::RingBuf,
        _ => {
            // No typed handle yet, but the types are good for `pod::read` on its bytes.
            key(types);
            value(types);
            Handle::Map
        }
    };
    Map { ident, spec, handle, key_c, value_c }
}
