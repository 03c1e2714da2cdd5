use bpf_skel::btf::Btf;
use bpf_skel::spec::ObjectSpec;

use super::maps::{Map, expect_maps, maps};
use super::programs::{Program, programs};
use super::sections::{Section, sections};
use super::struct_ops::{StructOps, struct_ops};
use super::types::Types;
use crate::{Error, Options, Result};

/// All that a skeleton says about an object.
pub(crate) struct Object<'s, 'b> {
    pub(crate) spec: &'s ObjectSpec,
    pub(crate) maps: Vec<Map<'s>>,
    pub(crate) sections: Vec<Section<'s>>,
    pub(crate) struct_ops: Vec<StructOps<'s>>,
    pub(crate) programs: Vec<Program<'s>>,
    pub(crate) types: Types<'b>,
}

impl<'s, 'b> Object<'s, 'b> {
    pub(crate) fn new(
        spec: &'s ObjectSpec,
        btf: Option<&'b Btf<'b>>,
        options: &Options,
    ) -> Result<Self> {
        let mut types = Types::new(btf);
        for binding in &options.bindings {
            types.bind(binding)?;
        }
        expect_maps(&options.untyped_maps, std::slice::from_ref(spec))?;
        let maps = maps(spec, &mut types, &options.untyped_maps);
        let struct_ops = struct_ops(spec, &maps, &mut types);
        let sections = sections(spec, &mut types).map_err(Error::invalid_input)?;
        let programs = programs(spec, &mut types);
        types.exported();
        types.named(&options.types)?;
        types.name_all();
        Ok(Self { spec, maps, sections, struct_ops, programs, types })
    }
}
