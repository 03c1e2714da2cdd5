//! What generated code calls. Not part of the public API: it may change with any version, and a skeleton is generated
//! by the version of the generator that goes with this crate.
//!
//! What macros bind starts with `__bpf_skel_`, as no C type is called in Rust: where an enum is, which is a tuple struct,
//! nothing of its name can be bound.

mod bits;
mod bound;
mod core;
mod data;
mod enums;
mod fields;
mod flexible;
mod handles;
mod layout;
mod members;
mod named;
mod padding;
mod place;
mod relocations;
mod result;
mod spec;
mod tuples;
mod types;

use crate::object::{OpenMap, OpenObject, OpenProgram, Options, SpecRef};
use crate::pod::{Pod, boxed_from_bytes, boxed_zeroed, bytes_of_mut};
use crate::spec::{Data, MapContents, ObjectSpec};

pub use bits::{BitInt, bits, live_bits, set_bits, set_live_bits};
pub use bound::{is_pod, size_of_field};
pub use core::{
    core, guess, index, member, member_of, no_core, number, of_enumerator, of_field, of_type,
    of_whole_type, offset, root,
};
pub use data::sparse;
pub use enums::{debug_number, known, name_of};
pub use fields::{Fields, PlainFields, debug_all, debug_fields, debug_parts};
pub use flexible::{Elements, flexible, flexible_boxed};
pub(crate) use handles::typed;
pub use handles::{Handles, load};
pub use layout::same_layouts;
pub use members::{
    live_unaligned, live_view, set_live_unaligned, set_view, view, view_mut, view_ref,
};
pub use named::{hash, same};
pub use padding::*;
pub use place::{Place, field, place};
pub use relocations::{jump_table, kfunc, ksym, map_fd, map_value};
pub use spec::{data_map, none, variable};
pub use types::{PodField, debug_methods};

#[doc(hidden)]
pub use crate::{
    __bpf_skel_bound as bound, __bpf_skel_enumeration as enumeration, __bpf_skel_equal as equal,
    __bpf_skel_layouts as layouts, __bpf_skel_live as live_struct, __bpf_skel_ok as ok,
    __bpf_skel_plain as plain, __bpf_skel_printed as printed, __bpf_skel_section as section_struct,
    __bpf_skel_total as total,
};

/// What the fields of live structs are made of: each of these is [`LiveLayout`](crate::live::LiveLayout) for all that it
/// may be of.
pub mod cells {
    pub use crate::live::{Global, GlobalArray, GlobalStruct};
}

/// The open phase of the map with this index.
///
/// # Panics
/// The object has no such map: only generated code calls it, and that knows.
pub fn open_map(spec: &'static ObjectSpec, index: usize) -> OpenMap {
    OpenMap::new(spec.maps[index].clone())
}

/// The open phase of the program with this index.
///
/// # Panics
/// The object has no such program: only generated code calls it, and that knows.
pub fn open_program(spec: &'static ObjectSpec, index: u32) -> OpenProgram {
    OpenProgram::new(index, &spec.programs[index as usize])
}

/// The initial value of the data section, or of the operations, with this index, straight on the heap.
///
/// A section need not be a multiple of its alignment, a Rust type is: what `T` has more than the section is padding.
///
/// # Panics
/// The object has no such section, or a larger one: only generated code calls it, and that knows.
pub fn section<T: Pod>(spec: &'static ObjectSpec, index: usize) -> Box<T> {
    let (MapContents::Data { data: Data::Bytes(bytes), .. }
    | MapContents::Arena { data: Data::Bytes(bytes) }
    | MapContents::StructOps { data: Data::Bytes(bytes), .. }) = &spec.maps[index].contents
    else {
        return boxed_zeroed();
    };
    boxed_from_bytes(bytes).unwrap_or_else(|| {
        let mut section = boxed_zeroed();
        bytes_of_mut(&mut *section)[..bytes.len()].copy_from_slice(bytes);
        section
    })
}

/// What the second phase of a skeleton takes: maps and programs in the order of the spec.
#[derive(Debug)]
pub struct Assembly(OpenObject);

impl Assembly {
    /// Nothing yet.
    pub fn new(spec: &'static ObjectSpec, options: Options) -> Self {
        let (maps, programs) = (spec.maps.len(), spec.programs.len());
        Self(OpenObject {
            spec: SpecRef::Static(spec),
            maps: Vec::with_capacity(maps),
            programs: Vec::with_capacity(programs),
            options,
        })
    }

    /// The next map.
    pub fn map(&mut self, map: OpenMap) {
        self.0.maps.push(map);
    }

    /// The next map, that of a data section or of operations of `len` bytes, with the value that the user has edited.
    pub fn section<T: Pod>(&mut self, mut map: OpenMap, data: Box<T>, len: usize) {
        map.set_typed_data(data, len);
        self.map(map);
    }

    /// The next program.
    pub fn program(&mut self, program: OpenProgram) {
        self.0.programs.push(program);
    }
}
