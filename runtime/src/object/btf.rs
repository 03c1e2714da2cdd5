//! Handing the object's types to the kernel.

use std::borrow::Cow;
use std::os::fd::OwnedFd;

use super::open_map::Origin;
use super::{OpenMap, log};
use crate::btf::{Btf, BtfPart, sanitise};
use crate::error::{Error, ErrorKind, Frame, Result};
use crate::feature::{Feature, known_lacking_btf};
use crate::spec::ObjectSpec;
use crate::sys::{self, BtfLoad, Capability, Log};
use crate::token::{Creation, LazyToken};
use crate::uapi::MapType;

/// The kernel prints every type before it says what is wrong with one.
const LOG_SIZE: usize = 1 << 24;

/// Loads the object's BTF, where need be without the parts of the format that this kernel does not know. `None` where
/// the object has none, or where the kernel refuses it for another reason: then maps and programs are made without types,
/// and `notes` says why.
///
/// # Errors
/// The kernel refuses it and a map cannot be without, or nothing is permitted.
pub(crate) fn load(
    spec: &ObjectSpec,
    maps: &[OpenMap],
    token: &LazyToken,
    needs: &[Capability],
    notes: &mut Vec<Error>,
) -> Result<Option<OwnedFd>> {
    if spec.btf.is_empty() {
        return Ok(None);
    }
    // What an earlier load of this process has found out need not fail again.
    let first = without(spec, &known_lacking_btf());
    let load = |bytes: &[u8], mut log: Option<&mut Log>| {
        let loaded = token
            .with(|token| sys::btf_load(BtfLoad { bytes, token }, log.as_deref_mut()))
            .inspect(|_| token.is_not_needed());
        loaded.map_err(|error| Error::system("BPF_BTF_LOAD", error))
    };
    let error = match load(&first, None) {
        Ok(fd) => return Ok(Some(fd)),
        Err(error) => token.permission(error, Creation::Btf, needs),
    };
    if error.kind() == ErrorKind::PermissionDenied {
        let error = error.within(Frame::Section(".BTF".into()));
        return match token.get() {
            // Types are one thing that may be delegated, maps and programs are others.
            Some(_) => without_types(error, maps, notes),
            // Nothing else would be allowed either; better to say it once and clearly.
            None => Err(error),
        };
    }
    let lacks = |part: &BtfPart| Feature::Btf(*part).is_present() == Some(false);
    let lacking: Vec<_> = used(spec).into_iter().filter(lacks).collect();
    let mut log = Log::new(1, LOG_SIZE);
    let error = match load(&without(spec, &lacking), Some(&mut log)) {
        Ok(fd) => return Ok(Some(fd)),
        Err(error) => error,
    };
    let log = log.text();
    let refused = match log::last_words(&log) {
        Some(words) => Error::new(
            ErrorKind::Rejected,
            format!("the kernel refuses the object's types: {words}"),
        )
        .with_raw_os_error(error.raw_os_error().unwrap_or_default()),
        None => error,
    };
    without_types(refused.with_log(log).within(Frame::Section(".BTF".into())), maps, notes)
}

/// Goes on without types, if the maps can.
fn without_types(
    refused: Error,
    maps: &[OpenMap],
    notes: &mut Vec<Error>,
) -> Result<Option<OwnedFd>> {
    match maps.iter().find(|map| cannot_be_without(map)) {
        Some(map) => Err(refused.with_hint(format!(
            "map {:?}, of type {}, cannot be without",
            map.name(),
            map.spec.map_type
        ))),
        None => {
            notes.push(refused.with_hint("maps and programs are made without"));
            Ok(None)
        }
    }
}

/// Whether the kernel creates a map of this type only with types.
fn cannot_be_without(map: &OpenMap) -> bool {
    matches!(map.origin, Origin::Create)
        && matches!(
            map.spec.map_type,
            MapType::SK_STORAGE
                | MapType::INODE_STORAGE
                | MapType::TASK_STORAGE
                | MapType::CGRP_STORAGE
                | MapType::STRUCT_OPS
        )
}

/// The object's BTF without these parts.
fn without<'s>(spec: &'s ObjectSpec, lacking: &[BtfPart]) -> Cow<'s, [u8]> {
    if lacking.is_empty() || !used(spec).iter().any(|part| lacking.contains(part)) {
        return Cow::Borrowed(&spec.btf);
    }
    match Btf::parse(&spec.btf, spec.endian) {
        Ok(btf) => Cow::Owned(sanitise(&btf, lacking)),
        Err(_) => Cow::Borrowed(&spec.btf),
    }
}

fn used(spec: &ObjectSpec) -> Vec<BtfPart> {
    Btf::parse(&spec.btf, spec.endian).map(|btf| BtfPart::used_by(&btf)).unwrap_or_default()
}
