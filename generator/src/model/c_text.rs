//! Declarations as C writes them, for documentation.

use bpf_skel::btf::{Btf, Kind};

/// How far into a type the text goes; what is deeper is left out. Hostile BTF can nest without end.
const DEPTH: u32 = 16;

/// The declaration of `name` as of type `id`: `const struct event *unused`, `__u32 counts[4][2]`.
pub(crate) fn declaration(btf: &Btf<'_>, id: u32, name: &str) -> String {
    declare(btf, id, name.to_owned(), DEPTH)
}

/// The type `id` by itself: `struct event *`.
pub(crate) fn type_name(btf: &Btf<'_>, id: u32) -> String {
    declaration(btf, id, "")
}

fn declare(btf: &Btf<'_>, id: u32, inner: String, depth: u32) -> String {
    let Some(ty) = btf.type_by_id(id).filter(|_| depth > 0) else { return join("…", &inner) };
    let qualified = |word: &str, to: u32| match btf.type_by_id(to).map(|ty| ty.kind) {
        // A qualified pointer has its qualifier after the star.
        Some(Kind::Ptr(_)) => declare(btf, to, join(word, &inner), depth - 1),
        _ => format!("{word} {}", declare(btf, to, inner.clone(), depth - 1)),
    };
    let named = |word: &str| {
        let name = if ty.name.is_empty() { "{…}" } else { ty.name };
        join(&format!("{word} {name}"), &inner)
    };
    match ty.kind {
        Kind::Void => join("void", &inner),
        Kind::Ptr(to) => {
            let starred = format!("*{inner}");
            match btf.type_by_id(to).map(|ty| ty.kind) {
                Some(Kind::Array(_) | Kind::FuncProto(_)) => {
                    declare(btf, to, format!("({starred})"), depth - 1)
                }
                _ => declare(btf, to, starred, depth - 1),
            }
        }
        Kind::Array(array) => {
            let len = if array.len == 0 { String::new() } else { array.len.to_string() };
            declare(btf, array.element, format!("{inner}[{len}]"), depth - 1)
        }
        Kind::FuncProto(proto) => {
            let parameters: Vec<String> = proto
                .params()
                .take(8)
                .map(|parameter| match parameter.ty {
                    0 => "...".to_owned(),
                    ty => declare(btf, ty, parameter.name.to_owned(), depth.min(3) - 1),
                })
                .collect();
            let parameters =
                if parameters.is_empty() { "void".to_owned() } else { parameters.join(", ") };
            declare(btf, proto.ret, format!("{inner}({parameters})"), depth - 1)
        }
        Kind::Struct(_) => named("struct"),
        Kind::Union(_) => named("union"),
        Kind::Enum(_) | Kind::Enum64(_) => named("enum"),
        Kind::Fwd { is_union } => named(if is_union { "union" } else { "struct" }),
        Kind::Const(to) => qualified("const", to),
        Kind::Volatile(to) => qualified("volatile", to),
        Kind::Restrict(to) => qualified("restrict", to),
        // The kernel's macros for them are called so: `__kptr`, `__user`.
        Kind::TypeTag { ty: to, .. } => {
            declare(btf, to, join(&format!("__{}", ty.name), &inner), depth - 1)
        }
        _ => join(ty.name, &inner),
    }
}

fn join(word: &str, inner: &str) -> String {
    if inner.is_empty() { word.to_owned() } else { format!("{word} {inner}") }
}
