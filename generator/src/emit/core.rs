//! What programs ask of the kernel's types.

use bpf_skel::btf::BtfKind;
use bpf_skel::spec::{
    CoreAccess, CoreMoved, CoreNumber, CorePath, CoreRelocation, CoreRoot, CoreSpec, CoreStep,
};

use super::text::option;
use super::writer::Writer;

/// What [`spec`] names.
pub(super) fn uses(out: &mut Writer, rt: &str, spec: &CoreSpec) {
    if is_empty(spec) {
        return out.line(format_args!("use {rt}::private::no_core;"));
    }
    out.line(format_args!("use {rt}::btf::BtfKind;"));
    out.line(format_args!(
        "use {rt}::private::{{core, guess, index, member, member_of, number, of_enumerator, of_field}};"
    ));
    out.line(format_args!("use {rt}::private::{{of_type, of_whole_type, offset, root}};"));
}

pub(super) fn spec(out: &mut Writer, spec: &CoreSpec) {
    if is_empty(spec) {
        return out.field("core", "no_core()");
    }
    let CoreSpec { roots, accesses, steps } = spec;
    out.open("core: CoreSpec {");
    out.rows("roots", roots.iter().map(root));
    out.rows("accesses", accesses.iter().map(access));
    out.rows("steps", steps.iter().map(step));
    out.close("},");
}

fn is_empty(spec: &CoreSpec) -> bool {
    let CoreSpec { roots, accesses, steps } = spec;
    roots.is_empty() && accesses.is_empty() && steps.is_empty()
}

pub(super) fn relocation(relocation: &CoreRelocation) -> String {
    let CoreRelocation { insn, access } = relocation;
    format!("core({insn}, {access})")
}

fn root(root: &CoreRoot) -> String {
    let CoreRoot { type_id, kind, name, flavour } = root;
    format!("root({type_id}, {}, {name:?}, {flavour:?})", btf_kind(*kind))
}

fn access(access: &CoreAccess) -> String {
    let CoreAccess { root, kind, path, original } = access;
    let original = number(original);
    match path {
        CorePath::Type { resolved: Some(resolved) } => {
            let resolved = btf_kind(*resolved);
            format!("of_type({root}, CoreKind::{kind:?}, {resolved}, {original})")
        }
        CorePath::Type { resolved: None } => {
            format!("of_whole_type({root}, CoreKind::{kind:?}, {original})")
        }
        CorePath::Field { first, len } => {
            format!("of_field({root}, CoreKind::{kind:?}, {first}, {len}, {original})")
        }
        CorePath::Enumerator { name, signed } => {
            format!("of_enumerator({root}, CoreKind::{kind:?}, {name}, {signed}, {original})")
        }
    }
}

fn number(number: &CoreNumber) -> String {
    let CoreNumber { value, certain, moved } = number;
    match (certain, moved) {
        (true, None) => format!("number({value})"),
        (false, None) => format!("guess({value})"),
        (true, Some(CoreMoved { size, sort })) => {
            format!("offset({value}, {size}, CoreSort::{sort:?})")
        }
        (false, Some(CoreMoved { size, sort })) => {
            let moved =
                option(Some(format!("CoreMoved {{ size: {size}, sort: CoreSort::{sort:?} }}")));
            format!("CoreNumber {{ value: {value}, certain: false, moved: {moved} }}")
        }
    }
}

fn step(step: &CoreStep) -> String {
    match step {
        CoreStep::Index(index) => format!("index({index})"),
        CoreStep::Member { name, dimensions: 0, kind, type_name: 0 } => {
            format!("member({name}, {})", btf_kind(*kind))
        }
        CoreStep::Member { name, dimensions, kind, type_name } => {
            format!("member_of({name}, {dimensions}, {}, {type_name})", btf_kind(*kind))
        }
    }
}

fn btf_kind(kind: BtfKind) -> String {
    format!("BtfKind::{kind:?}")
}
