//! Types of a module over those of another kernel than it was built for.
//!
//! A module that is built outside of the kernel's tree has, since Linux 6.11, names and sizes of the kernel's types that its
//! own need in a section `.BTF.base`, which they continue. Whoever loads it puts the kernel's in their place.

use std::collections::{HashMap, HashSet};

use bpf_skel::btf::{Btf, BtfBuilder, Kind, Type};
use bpf_skel::{Error, Result};

/// The BTF of `module`, which continues such a base, as one that continues `kernel`.
pub(crate) fn over(module: &Btf<'_>, kernel: &Btf<'_>) -> Result<Vec<u8>> {
    let Some(base) = module.base() else { return Ok(module.bytes().to_vec()) };
    let found = find(module, base, kernel);
    if let Some((_, ty)) = base.types().find(|(id, _)| !found.contains_key(id)) {
        let (kind, name) = (ty.kind.code(), ty.name);
        return Err(Error::mismatch(format!(
            "it needs the kernel's {kind} {name:?}, which these types lack, or have with another size"
        ))
        .with_hint("it was built for another kernel; its types alone can be shown: btf dump without --base"));
    }
    let mut builder = BtfBuilder::over(kernel);
    let moved = |id: u32| match id.checked_sub(base.len()) {
        Some(own) => kernel.len().saturating_add(own),
        None => found.get(&id).copied().unwrap_or(0),
    };
    for (_, ty) in module.types() {
        builder.add_with(&ty, moved);
    }
    Ok(builder.finish())
}

/// The kernel's type for each one of the base. Of a struct that the module's types hold by value the size counts; else one of
/// the same size is only the better match.
fn find(module: &Btf<'_>, base: &Btf<'_>, kernel: &Btf<'_>) -> HashMap<u32, u32> {
    let mut wanted: HashMap<&str, Vec<(u32, Type<'_>)>> = HashMap::new();
    for (id, ty) in base.types() {
        wanted.entry(ty.name).or_default().push((id, ty));
    }
    let (mut found, mut named) = (HashMap::new(), HashMap::new());
    for (id, ty) in kernel.types().filter(|(_, ty)| !ty.name.is_empty()) {
        for (distilled, other) in wanted.get(ty.name).into_iter().flatten() {
            match fit(&other.kind, &ty.kind) {
                Some(Fit::Whole) => drop(found.entry(*distilled).or_insert(id)),
                Some(Fit::Name) => drop(named.entry(*distilled).or_insert(id)),
                None => {}
            }
        }
    }
    let held = held(module);
    for (distilled, id) in named.into_iter().filter(|(id, _)| !held.contains(id)) {
        found.entry(distilled).or_insert(id);
    }
    found
}

/// What the module's own structs and unions hold by value.
fn held(module: &Btf<'_>) -> HashSet<u32> {
    let mut held = HashSet::new();
    for (_, ty) in module.types() {
        let (Kind::Struct(composite) | Kind::Union(composite)) = ty.kind else { continue };
        for member in composite.members() {
            let mut next = member.ty;
            while let Some((id, kind)) = module.resolve_kind(next) {
                match kind {
                    Kind::Array(array) => next = array.element,
                    _ => {
                        held.insert(id);
                        break;
                    }
                }
            }
        }
    }
    held
}

/// How well a type of the kernel is the one that the base means.
enum Fit {
    Whole,
    /// It is a struct or union of that name.
    Name,
}

fn fit(distilled: &Kind<'_>, full: &Kind<'_>) -> Option<Fit> {
    let size_of_enum = |kind: &Kind<'_>| match kind {
        Kind::Enum(values) => Some(values.size),
        Kind::Enum64(values) => Some(values.size),
        _ => None,
    };
    let whole = match (distilled, full) {
        (Kind::Struct(a), Kind::Struct(b)) | (Kind::Union(a), Kind::Union(b)) => {
            return Some(if a.size == b.size { Fit::Whole } else { Fit::Name });
        }
        (Kind::Fwd { is_union }, Kind::Fwd { is_union: other }) if is_union == other => {
            return Some(Fit::Name);
        }
        (Kind::Fwd { is_union: false }, Kind::Struct(_))
        | (Kind::Fwd { is_union: true }, Kind::Union(_)) => true,
        (Kind::Int(a), Kind::Int(b)) => a == b,
        (Kind::Float { size: a }, Kind::Float { size: b }) => a == b,
        (a, b) => size_of_enum(a).is_some_and(|size| Some(size) == size_of_enum(b)),
    };
    whole.then_some(Fit::Whole)
}

#[cfg(test)]
mod tests {
    use bpf_skel::btf::{IntEncoding, Member};
    use bpf_skel::spec::Endian;

    use super::*;

    fn member(name: &str, ty: u32, byte: u32) -> Member<'_> {
        Member { name, ty, bit_offset: 8 * byte, bitfield_size: None }
    }

    fn kernel(endian: Endian, size: u32) -> Vec<u8> {
        let mut b = BtfBuilder::new(endian);
        b.float("double", 8);
        b.union_("task", 8, &[]);
        b.struct_("list", 24, &[]);
        let int = b.int("int", 4, IntEncoding::SIGNED);
        b.struct_("task", 4, &[member("pid", int, 0)]);
        b.enum64("mode", 8, false, &[("A", 1)]);
        b.struct_("list", size, &[member("next", int, 0)]);
        b.finish()
    }

    #[test]
    fn types_of_the_kernel_take_the_place_of_their_names() {
        for endian in [Endian::Little, Endian::Big] {
            let mut b = BtfBuilder::new(endian);
            // Another size than the kernel's: there are only pointers to it.
            let task = b.struct_("task", 400, &[]);
            let list = b.struct_("list", 16, &[]);
            let mode = b.enum_("mode", 8, false, &[]);
            let int = b.int("int", 4, IntEncoding::SIGNED);
            let base = b.finish();
            let base = Btf::parse(&base, endian).unwrap();
            let mut b = BtfBuilder::over(&base);
            let pointer = b.ptr(task);
            let own = b.struct_(
                "own",
                40,
                &[
                    member("task", pointer, 0),
                    member("list", list, 8),
                    member("mode", mode, 24),
                    member("count", int, 32),
                ],
            );
            assert_eq!((pointer, own), (5, 6));
            let bytes = b.finish();
            let module = Btf::parse_split(&base, &bytes, endian).unwrap();

            let bytes = kernel(endian, 16);
            let full = Btf::parse(&bytes, endian).unwrap();
            let bytes = over(&module, &full).unwrap();
            let moved = Btf::parse_split(&full, &bytes, endian).unwrap();
            let (_, own) = moved.find_struct("own").unwrap();
            let members: Vec<_> = own.members().map(|it| (it.name, it.ty)).collect();
            assert_eq!(members, [("task", 8), ("list", 7), ("mode", 6), ("count", 4)]);
            assert!(matches!(moved.kind_by_id(8), Some(Kind::Ptr(5))));

            let bytes = kernel(endian, 20);
            let other = Btf::parse(&bytes, endian).unwrap();
            let error = over(&module, &other).unwrap_err().to_string();
            assert!(error.contains("struct \"list\""), "{error}");
        }
    }
}
