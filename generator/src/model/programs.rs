//! Programs and the kinds of their handles.

use bpf_skel::section_name::AttachKind;
use bpf_skel::spec::{ObjectSpec, ProgramSpec};
use proc_macro2::{Ident, Span};

use crate::ident::Scope;

/// A program of the object.
pub(crate) struct Program<'s> {
    pub(crate) ident: Ident,
    pub(crate) spec: &'s ProgramSpec,
    /// Name of the marker type in `program::kind`.
    pub(crate) kind: Ident,
}

pub(super) fn programs(spec: &ObjectSpec) -> Vec<Program<'_>> {
    let names = spec.programs.iter().map(|program| program.name.as_ref());
    let idents = Scope::default().claim_all(names);
    spec.programs
        .iter()
        .zip(idents)
        .map(|(spec, ident)| Program { ident, spec, kind: kind(spec.attach) })
        .collect()
}

/// The markers are named as the variants are.
fn kind(attach: AttachKind) -> Ident {
    Ident::new(&format!("{attach:?}"), Span::call_site())
}
