//! Programs and the kinds of their handles.

use bpf_skel::btf::{Btf, Kind};
use bpf_skel::section_name::AttachKind;
use bpf_skel::spec::{Endian, ObjectSpec, ProgramSpec};
use bpf_skel::uapi::ProgramType;

use super::c_text::declaration;
use super::types::Types;
use crate::ident::{Ident, Scope};

/// A program of the object.
pub(crate) struct Program<'s> {
    pub(crate) ident: Ident,
    pub(crate) spec: &'s ProgramSpec,
    /// Its marker type in `program::kind` is named as this is.
    pub(crate) kind: AttachKind,
    /// What it is in C: `int handle(struct args *ctx)`.
    pub(crate) c: Option<String>,
    /// Its parameters that have declaration tags, and the tags.
    pub(crate) tagged: Vec<(String, Vec<String>)>,
}

pub(super) fn programs<'s>(spec: &'s ObjectSpec, types: &mut Types<'_>) -> Vec<Program<'s>> {
    let names = spec.programs.iter().map(|program| program.name.as_ref());
    let idents = Scope::default().claim_all(names);
    spec.programs
        .iter()
        .zip(idents)
        .map(|(program, ident)| {
            let function = function(types.btf, program, spec.endian);
            let c = function.map(|Function { id, name, proto }| {
                types.with_tags(function_text(types.btf, name, proto), id, None)
            });
            if let Some(function) = function
                && is_run_with_context(program.program_type)
            {
                types.context(function.proto);
            }
            let tagged = function.map(|function| tagged_parameters(types, function));
            let tagged = tagged.unwrap_or_default();
            Program { ident, spec: program, kind: program.attach, c, tagged }
        })
        .collect()
}

/// Whether `TestRun::ctx_in` takes what it is run with: the caller needs the type for that.
fn is_run_with_context(program_type: ProgramType) -> bool {
    matches!(
        program_type,
        ProgramType::SYSCALL
            | ProgramType::RAW_TRACEPOINT
            | ProgramType::RAW_TRACEPOINT_WRITABLE
            | ProgramType::XDP
            | ProgramType::SCHED_CLS
            | ProgramType::SCHED_ACT
            | ProgramType::CGROUP_SKB
            | ProgramType::SK_LOOKUP
    )
}

/// A program's function in BTF.
#[derive(Clone, Copy)]
struct Function<'b> {
    id: u32,
    name: &'b str,
    /// Its prototype's id.
    proto: u32,
}

fn function<'b>(
    btf: Option<&Btf<'b>>,
    program: &ProgramSpec,
    endian: Endian,
) -> Option<Function<'b>> {
    // The first record is of the first instruction: its offset, the function's id.
    let (_, id) = program.func_info.first_chunk::<8>()?.split_first_chunk::<4>()?;
    let id = endian.u32(*id.first_chunk()?);
    let ty = btf?.type_by_id(id)?;
    match ty.kind {
        Kind::Func { proto, .. } => Some(Function { id, name: ty.name, proto }),
        _ => None,
    }
}

fn tagged_parameters(types: &Types<'_>, function: Function<'_>) -> Vec<(String, Vec<String>)> {
    let proto = types.btf.and_then(|btf| btf.kind_by_id(function.proto));
    let Some(Kind::FuncProto(proto)) = proto else { return Vec::new() };
    let parameters = (0..)
        .zip(proto.params())
        .map(|(nth, parameter)| (parameter.name.to_owned(), types.tags(function.id, Some(nth))));
    parameters.filter(|(_, tags)| !tags.is_empty()).collect()
}

fn function_text(btf: Option<&Btf<'_>>, name: &str, proto: u32) -> String {
    btf.map_or_else(String::new, |btf| declaration(btf, proto, name))
}
