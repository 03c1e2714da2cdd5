//! Types of split BTF that its base has too: a module's that merely repeat the kernel's.
//!
//! Two types are the same if all that can be reached from them is. What can be reached is compared pair by pair, each pair once,
//! as if all others were the same; then what is not takes along those that lead to it.

use std::collections::HashMap;

use bpf_skel::btf::{Btf, Composite, Kind};

use super::names::Tag;

/// For each such type the base's.
pub(super) fn in_base(btf: &Btf<'_>) -> HashMap<u32, u32> {
    let Some(base) = btf.base() else { return HashMap::new() };
    let mut alike: HashMap<(Word, &str), Alike> = HashMap::new();
    for (id, ty) in btf.types() {
        if let Some((key, complete)) = key(&ty.kind, ty.name) {
            let alike = alike.entry(key).or_default();
            alike.own.extend(complete.then_some(id));
        }
    }
    for (id, ty) in base.types() {
        if let Some((key, true)) = key(&ty.kind, ty.name)
            && let Some(alike) = alike.get_mut(&key)
        {
            alike.base.push(id);
        }
    }
    let mut pairs = Pairs { btf, alike, found: HashMap::new(), all: Vec::new(), leads: Vec::new() };
    let count = pairs.of_one_name();
    let differ = pairs.differ();
    let mut same = HashMap::new();
    for (&(own, base), _) in pairs.all[..count].iter().zip(differ).filter(|(_, differ)| !differ) {
        // The first one of the base is what keeps its name.
        same.entry(own).or_insert(base);
    }
    same
}

/// What a name is of.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Word {
    Tag(Tag),
    Typedef,
    /// An integer or a floating-point type.
    Number,
    /// An enum without a name goes by its first enumerator.
    Enumerator,
}

/// By what a type is found among others, and whether it is more than a declaration.
fn key<'b>(kind: &Kind<'b>, name: &'b str) -> Option<((Word, &'b str), bool)> {
    let first = match kind {
        _ if !name.is_empty() => name,
        Kind::Enum(values) => values.values().next()?.0,
        Kind::Enum64(values) => values.values().next()?.0,
        _ => return None,
    };
    let (word, complete) = match kind {
        Kind::Enum(_) | Kind::Enum64(_) if name.is_empty() => (Word::Enumerator, true),
        Kind::Typedef(_) => (Word::Typedef, true),
        Kind::Int(_) | Kind::Float { .. } => (Word::Number, true),
        _ => {
            let (tag, complete) = Tag::of(kind)?;
            (Word::Tag(tag), complete)
        }
    };
    Some(((word, first), complete))
}

/// The definitions under one name.
#[derive(Default)]
struct Alike {
    own: Vec<u32>,
    base: Vec<u32>,
}

/// A type of the split BTF and one of its base, which may be the same.
type Pair = (u32, u32);

struct Pairs<'b> {
    btf: &'b Btf<'b>,
    alike: HashMap<(Word, &'b str), Alike>,
    /// Which one of `all` it is.
    found: HashMap<Pair, u32>,
    all: Vec<Pair>,
    /// One of `all`, and one that is the same only if the first is.
    leads: Vec<(u32, u32)>,
}

/// What a pair says at first sight.
enum Sight {
    Same,
    Differ,
    /// As its parts are.
    Parts(Vec<Pair>),
}

impl<'b> Pairs<'b> {
    /// The pairs to begin with; answers how many they are.
    fn of_one_name(&mut self) -> usize {
        let limit = self.limit();
        for (own, ty) in self.btf.types() {
            let Some((key, true)) = key(&ty.kind, ty.name) else { continue };
            let base = self.alike.get(&key).map_or(&[][..], |alike| &alike.base);
            for &base in base.iter().take(limit - self.all.len().min(limit)) {
                self.found.insert((own, base), self.all.len() as u32);
                self.all.push((own, base));
            }
        }
        self.all.len()
    }

    /// More are not looked at: hostile types make a pair of each with each.
    fn limit(&self) -> usize {
        self.btf.bytes().len()
    }

    fn number(&mut self, pair: Pair) -> u32 {
        let next = self.all.len() as u32;
        let number = *self.found.entry(pair).or_insert(next);
        if number == next {
            self.all.push(pair);
        }
        number
    }

    /// By pair, whether its types differ.
    fn differ(&mut self) -> Vec<bool> {
        let mut wrong: Vec<u32> = Vec::new();
        let mut at = 0;
        while let Some(&pair) = self.all.get(at) {
            let number = at as u32;
            at += 1;
            match self.sight(pair) {
                Sight::Same => {}
                Sight::Parts(parts) if self.leads.len() + parts.len() <= self.limit() => {
                    for part in parts {
                        let part = self.number(part);
                        self.leads.push((part, number));
                    }
                }
                Sight::Differ | Sight::Parts(_) => wrong.push(number),
            }
        }
        self.leads.sort_unstable();
        let mut differ = vec![false; self.all.len()];
        while let Some(number) = wrong.pop() {
            if std::mem::replace(&mut differ[number as usize], true) {
                continue;
            }
            let first = self.leads.partition_point(|&(part, _)| part < number);
            let leads = self.leads[first..].iter().take_while(|&&(part, _)| part == number);
            wrong.extend(leads.map(|&(_, whole)| whole));
        }
        differ
    }

    fn sight(&self, (own, base): Pair) -> Sight {
        use Kind::{Array, Const, Enum, Enum64, Float, FuncProto, Fwd, Int, Ptr, Restrict};
        use Kind::{Struct, TypeTag, Typedef, Union, Void, Volatile};
        if own == base {
            return Sight::Same;
        }
        let (Some(a), Some(b)) = (self.btf.type_by_id(own), self.btf.type_by_id(base)) else {
            return Sight::Differ;
        };
        if a.name != b.name {
            return Sight::Differ;
        }
        let same = |yes| if yes { Sight::Same } else { Sight::Differ };
        match (a.kind, b.kind) {
            (Fwd { is_union: a }, Fwd { is_union: b }) => same(a == b),
            (Fwd { .. }, Struct(_) | Union(_)) => self.declared(&a.kind, &b.kind, a.name, None),
            (Struct(_) | Union(_), Fwd { .. }) => {
                self.declared(&a.kind, &b.kind, a.name, Some(own))
            }
            // Of two types of the base, only a declaration may stand for the other.
            _ if own < self.btf.first_own_id() => Sight::Differ,
            (Void, Void) => Sight::Same,
            (Int(a), Int(b)) => same(a == b),
            (Float { size: a }, Float { size: b }) => same(a == b),
            (Ptr(a), Ptr(b))
            | (Typedef(a), Typedef(b))
            | (Const(a), Const(b))
            | (Volatile(a), Volatile(b))
            | (Restrict(a), Restrict(b)) => Sight::Parts(vec![(a, b)]),
            (TypeTag { ty: a, attribute }, TypeTag { ty: b, attribute: other })
                if attribute == other =>
            {
                Sight::Parts(vec![(a, b)])
            }
            (Array(a), Array(b)) if a.len == b.len => Sight::Parts(vec![(a.element, b.element)]),
            (Struct(a), Struct(b)) | (Union(a), Union(b)) => members(&a, &b),
            (Enum(a), Enum(b)) => {
                let whole = (a.size, a.signed) == (b.size, b.signed);
                same(whole && a.values().eq(b.values()))
            }
            (Enum64(a), Enum64(b)) => {
                let whole = (a.size, a.signed) == (b.size, b.signed);
                same(whole && a.values().eq(b.values()))
            }
            (FuncProto(a), FuncProto(b)) if a.params().len() == b.params().len() => {
                let parameters = a.params().zip(b.params()).map(|(a, b)| (a.ty, b.ty));
                Sight::Parts(std::iter::once((a.ret, b.ret)).chain(parameters).collect())
            }
            _ => Sight::Differ,
        }
    }

    /// A declaration stands for the only definition of its name, and definitions that are the same are one.
    fn declared(&self, a: &Kind<'b>, b: &Kind<'b>, name: &'b str, own: Option<u32>) -> Sight {
        let (Some((key, _)), Some((other, _))) = (key(a, name), key(b, name)) else {
            return Sight::Differ;
        };
        let Some(alike) = self.alike.get(&key).filter(|_| key == other) else {
            return Sight::Differ;
        };
        match (own, &alike.own[..], &alike.base[..]) {
            (Some(_), [_], []) => Sight::Same,
            (None, own, &[base]) => Sight::Parts(own.iter().map(|&own| (own, base)).collect()),
            _ => Sight::Differ,
        }
    }
}

fn members<'b>(a: &Composite<'b>, b: &Composite<'b>) -> Sight {
    if a.size != b.size || a.len() != b.len() {
        return Sight::Differ;
    }
    let mut parts = Vec::with_capacity(a.len());
    for (a, b) in a.members().zip(b.members()) {
        if (a.name, a.bit_offset, a.bitfield_size) != (b.name, b.bit_offset, b.bitfield_size) {
            return Sight::Differ;
        }
        parts.push((a.ty, b.ty));
    }
    Sight::Parts(parts)
}

#[cfg(test)]
mod tests;
