//! The initial values of operations.

use bpf_skel::btf::{Btf, Kind};
use bpf_skel::spec::{MapContents, ObjectSpec};

use super::maps::Map;
use super::ty::Ty;
use super::types::Types;
use crate::ident::Ident;

/// The operations of a struct_ops map, as the object has them.
pub(crate) struct StructOps<'s> {
    /// The name of the map.
    pub(crate) name: &'s str,
    /// That of the map.
    pub(crate) ident: Ident,
    /// Index of the map.
    pub(crate) map: usize,
    /// Bytes of the object's struct.
    pub(crate) len: u64,
    pub(crate) ty: Ty,
    /// The members that call programs, with the programs' names.
    pub(crate) functions: Vec<(String, String)>,
}

pub(super) fn struct_ops<'s>(
    spec: &'s ObjectSpec,
    maps: &[Map<'_>],
    types: &mut Types<'_>,
) -> Vec<StructOps<'s>> {
    let all = spec.maps.iter().zip(maps).enumerate();
    all.filter_map(|(index, (map, made))| {
        let MapContents::StructOps { data, functions, .. } = &map.contents else { return None };
        let len = data.len() as u64;
        let functions = functions.iter().filter_map(|function| {
            let program = spec.programs.get(function.program as usize)?;
            let member = member(types.btf?, map.value_type_id, function.member)?;
            Some((member.to_owned(), program.name.to_string()))
        });
        let functions = functions.collect();
        let ty = types.root(map.value_type_id, len, &format!("{}__value", map.name));
        Some(StructOps {
            name: &map.name,
            ident: made.ident.clone(),
            map: index,
            len,
            ty,
            functions,
        })
    })
    .collect()
}

fn member<'b>(btf: &Btf<'b>, operations: u32, member: u32) -> Option<&'b str> {
    match btf.type_by_id(operations)?.kind {
        Kind::Struct(operations) => Some(operations.member(member as usize)?.name),
        _ => None,
    }
}
