//! Whether a declaration and a definition have the same type, by the types of two objects.
//!
//! Typedefs and qualifiers do not count, nor do names of parameters and the signs of integers; behind a pointer only
//! the names of structs and unions do, for one side may know no more. libbpf takes all of this, and arrays of any two
//! lengths: here one of them must leave it out.

use std::collections::HashSet;

use bpf_skel::btf::{Btf, Composite, FuncProto, Kind, Type};

use crate::model::type_name;

/// Where two types differ, in words; `None` where they do not.
pub(super) fn difference(ours: (&Btf<'_>, u32), theirs: (&Btf<'_>, u32)) -> Option<String> {
    let mut pair = Pair { ours: ours.0, theirs: theirs.0, seen: HashSet::new() };
    pair.differ(ours.1, theirs.1, true)
}

/// Two objects' types and those that were compared already.
struct Pair<'p, 'a> {
    ours: &'p Btf<'a>,
    theirs: &'p Btf<'a>,
    /// Also those that are being compared: they are equal as far as is known.
    seen: HashSet<(u32, u32, bool)>,
}

impl Pair<'_, '_> {
    /// `whole` ends behind pointers. As deep as the checks of BTF allow, and each pair once.
    fn differ(&mut self, ours: u32, theirs: u32, mut whole: bool) -> Option<String> {
        let (mut a, mut b) = (ours, theirs);
        loop {
            let Some(((left, x), (right, y))) = self.ours.resolve(a).zip(self.theirs.resolve(b))
            else {
                return self.named(a, b);
            };
            if !self.seen.insert((left, right, whole)) {
                return None;
            }
            (a, b) = match (x.kind, y.kind) {
                (Kind::Void, Kind::Void) => return None,
                (Kind::Var { ty: a, .. }, Kind::Var { ty: b, .. })
                | (Kind::Func { proto: a, .. }, Kind::Func { proto: b, .. }) => (a, b),
                (Kind::Ptr(a), Kind::Ptr(b)) => {
                    whole = false;
                    (a, b)
                }
                // A declaration may leave the length out.
                (Kind::Array(a), Kind::Array(b)) if a.len == b.len || a.len == 0 || b.len == 0 => {
                    (a.element, b.element)
                }
                (Kind::FuncProto(a), Kind::FuncProto(b)) => {
                    return self.protos(left, right, &a, &b, whole);
                }
                (Kind::Struct(a), Kind::Struct(b)) | (Kind::Union(a), Kind::Union(b))
                    if x.name == y.name =>
                {
                    return whole.then(|| self.composites(&a, &b)).flatten();
                }
                _ if same_scalar(&x, &y) || (!whole && same_tag(&x, &y)) => return None,
                _ => return self.named(left, right),
            };
        }
    }

    fn protos(
        &mut self,
        left: u32,
        right: u32,
        a: &FuncProto<'_>,
        b: &FuncProto<'_>,
        whole: bool,
    ) -> Option<String> {
        if a.params().len() != b.params().len() {
            return self.named(left, right);
        }
        for (n, (a, b)) in a.params().zip(b.params()).enumerate() {
            if let Some(reason) = self.differ(a.ty, b.ty, whole) {
                return Some(format!("parameter {}: {reason}", n + 1));
            }
        }
        self.differ(a.ret, b.ret, whole).map(|reason| format!("what it returns: {reason}"))
    }

    fn composites(&mut self, a: &Composite<'_>, b: &Composite<'_>) -> Option<String> {
        for (a, b) in a.members().zip(b.members()) {
            if a.name != b.name {
                return Some(format!("a member {:?} where the other has {:?}", a.name, b.name));
            }
            if let Some(reason) = self.differ(a.ty, b.ty, true) {
                return Some(format!("member {:?}: {reason}", a.name));
            }
            if (a.bit_offset, a.bitfield_size) != (b.bit_offset, b.bitfield_size) {
                return Some(format!("member {:?} is at another place", a.name));
            }
        }
        ((a.size, a.len()) != (b.size, b.len())).then(|| {
            let (a_len, b_len) = (a.len(), b.len());
            format!("{a_len} members in {} bytes and {b_len} in {}", a.size, b.size)
        })
    }

    fn named(&self, a: u32, b: u32) -> Option<String> {
        Some(format!("{:?} and {:?}", type_name(self.ours, a), type_name(self.theirs, b)))
    }
}

fn same_scalar(a: &Type<'_>, b: &Type<'_>) -> bool {
    match (a.kind, b.kind) {
        (Kind::Int(a), Kind::Int(b)) => a.size == b.size,
        (Kind::Float { size: a }, Kind::Float { size: b }) => a == b,
        (Kind::Enum(x), Kind::Enum(y)) => x.size == y.size && a.name == b.name,
        (Kind::Enum64(x), Kind::Enum64(y)) => x.size == y.size && a.name == b.name,
        (Kind::Fwd { is_union: x }, Kind::Fwd { is_union: y }) => x == y && a.name == b.name,
        _ => false,
    }
}

/// Whether one side is the declaration of the other.
fn same_tag(a: &Type<'_>, b: &Type<'_>) -> bool {
    let union = |ty: &Type<'_>| match ty.kind {
        Kind::Fwd { is_union } => Some(is_union),
        Kind::Struct(_) => Some(false),
        Kind::Union(_) => Some(true),
        _ => None,
    };
    a.name == b.name && union(a).is_some() && union(a) == union(b)
}
