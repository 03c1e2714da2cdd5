//! Whether two BTFs say the same of the types that have the same C name.

use std::collections::{HashMap, HashSet};

use bpf_skel::btf::{Btf, Composite, Kind, Type};

/// Those that a type could have for a name before.
const WORDS_OF_C23: [&str; 10] = [
    "alignas",
    "alignof",
    "bool",
    "constexpr",
    "false",
    "nullptr",
    "static_assert",
    "thread_local",
    "true",
    "typeof_unqual",
];

/// A type of a name.
pub(super) struct Named {
    pub(super) id: u32,
    /// As C refers to it: `struct foo___2`.
    pub(super) c: String,
}

/// Types by their C names.
pub(super) struct Types<'b> {
    btf: &'b Btf<'b>,
    named: Vec<Named>,
    by_c: HashMap<String, u32>,
    c_of: HashMap<u32, String>,
}

/// Qualifiers of a type, and the type without.
struct Unqualified<'b> {
    id: u32,
    ty: Type<'b>,
    /// `const`, `volatile`, `restrict`
    qualifiers: [bool; 3],
    tags: Vec<&'b str>,
}

type Result<T = (), E = String> = std::result::Result<T, E>;

impl<'b> Types<'b> {
    /// Numbers what has the same name as the header does: in the order of ids.
    pub(super) fn new(btf: &'b Btf<'b>) -> Self {
        let mut counts: HashMap<(bool, String), u32> = HashMap::new();
        // clang's own `va_list` is another one, and what C23 has for words no type has for a name.
        counts.insert((false, "__builtin_va_list".into()), 1);
        for word in WORDS_OF_C23 {
            counts.extend([true, false].map(|tag| ((tag, word.to_owned()), 1)));
        }
        let mut types = Self { btf, named: Vec::new(), by_c: HashMap::new(), c_of: HashMap::new() };
        let base = btf.base().into_iter().flat_map(|base| base.types());
        let all: Vec<_> = base.chain(btf.types()).collect();
        let taken: HashSet<(bool, &str)> =
            all.iter().filter_map(|(_, ty)| Some((!word(&ty.kind)?.is_empty(), ty.name))).collect();
        for (id, ty) in all.iter().filter(|(_, ty)| !ty.name.is_empty()) {
            let Some(word) = word(&ty.kind) else { continue };
            let tag = !word.is_empty();
            let count = counts.entry((tag, ty.name.to_owned())).or_default();
            if is_bool(btf, ty) && !types.by_c.contains_key("bool") {
                *count = 0;
            }
            *count += 1;
            while *count > 1 && taken.contains(&(tag, &*format!("{}___{count}", ty.name))) {
                *count += 1;
            }
            let name = if *count == 1 { ty.name.into() } else { format!("{}___{count}", ty.name) };
            let c = format!("{word}{name}");
            types.named.push(Named { id: *id, c: c.clone() });
            types.by_c.insert(c.clone(), *id);
            types.c_of.insert(*id, c);
        }
        types
    }

    pub(super) fn named(&self) -> &[Named] {
        &self.named
    }

    fn unqualified(&self, mut id: u32) -> Result<Unqualified<'b>> {
        let mut qualifiers = [false; 3];
        let mut tags = Vec::new();
        loop {
            let ty = self.btf.type_by_id(id).ok_or_else(|| format!("no type {id}"))?;
            id = match ty.kind {
                Kind::Const(to) => {
                    qualifiers[0] = true;
                    to
                }
                Kind::Volatile(to) => {
                    qualifiers[1] = true;
                    to
                }
                Kind::Restrict(to) => {
                    qualifiers[2] = true;
                    to
                }
                Kind::TypeTag { ty: to, .. } => {
                    tags.push(ty.name);
                    to
                }
                _ => return Ok(Unqualified { id, ty, qualifiers, tags }),
            };
        }
    }

    fn is_untyped(&self, id: u32) -> bool {
        match self.btf.resolve_kind(id) {
            Some((_, Kind::Array(array))) => self.is_untyped(array.element),
            resolved => matches!(resolved, Some((_, Kind::Void))),
        }
    }

    /// The name by which C refers to it; of what is declared only, the name alone.
    fn reference(&self, id: u32, ty: &Type<'_>) -> Option<String> {
        if ty.name.is_empty() {
            return None;
        }
        match ty.kind {
            Kind::Fwd { is_union } => {
                Some(format!("{} {}", if is_union { "union" } else { "struct" }, ty.name))
            }
            Kind::Enum(values) if values.is_empty() => Some(format!("enum {}", ty.name)),
            _ => self.c_of.get(&id).cloned(),
        }
    }
}

/// Whether it is what C23 means by `bool`.
fn is_bool(btf: &Btf<'_>, ty: &Type<'_>) -> bool {
    let Kind::Typedef(to) = ty.kind else { return false };
    let target = btf.kind_by_id(to);
    ty.name == "bool" && matches!(target, Some(Kind::Int(int)) if int.encoding.is_bool())
}

/// What stands before the name of a type, if it is defined under its name.
fn word(kind: &Kind<'_>) -> Option<&'static str> {
    Some(match kind {
        Kind::Struct(_) => "struct ",
        Kind::Union(_) => "union ",
        Kind::Enum(values) if values.is_empty() => return None,
        Kind::Enum(_) | Kind::Enum64(_) => "enum ",
        Kind::Typedef(_) => "",
        _ => return None,
    })
}

/// Compares each of these types; answers how many there were.
pub(super) fn each(named: &[Named], old: &Types<'_>, new: &Types<'_>) -> Result<usize> {
    for Named { id, c } in named {
        let other = new.by_c.get(c).ok_or_else(|| format!("{c} is not there"))?;
        let pair = Pair { old, new };
        let missing = || format!("{c} is missing");
        let a = old.btf.type_by_id(*id).ok_or_else(missing)?;
        let b = new.btf.type_by_id(*other).ok_or_else(missing)?;
        match (a.kind, b.kind) {
            (Kind::Typedef(a), Kind::Typedef(b)) => pair.same(a, b),
            _ => pair.same_definition(&a, &b),
        }
        .map_err(|what| format!("{c}: {what}"))?;
    }
    Ok(named.len())
}

struct Pair<'t, 'b, 'c> {
    old: &'t Types<'b>,
    new: &'t Types<'c>,
}

impl Pair<'_, '_, '_> {
    /// Whether two uses of types mean the same.
    fn same(&self, old: u32, new: u32) -> Result {
        let (mut a, mut b) = (self.old.unqualified(old)?, self.new.unqualified(new)?);
        // Of an array, its elements are qualified.
        while let (Kind::Array(one), Kind::Array(other)) = (a.ty.kind, b.ty.kind) {
            equal("number of elements", one.len, other.len)?;
            let (c, d) = (self.old.unqualified(one.element)?, self.new.unqualified(other.element)?);
            let or = |x: [bool; 3], y: [bool; 3]| std::array::from_fn(|i| x[i] || y[i]);
            (a, b) = (
                Unqualified { qualifiers: or(a.qualifiers, c.qualifiers), ..c },
                Unqualified { qualifiers: or(b.qualifiers, d.qualifiers), ..d },
            );
        }
        if !matches!(a.ty.kind, Kind::FuncProto(_)) {
            equal("qualifiers", a.qualifiers, b.qualifiers)?;
        }
        equal("type tags", &a.tags, &b.tags)?;
        let names = (self.old.reference(a.id, &a.ty), self.new.reference(b.id, &b.ty));
        match names {
            (Some(a), Some(b)) => equal("type", a, b),
            // The C of a base type may have other words.
            (None, None) => self.same_definition(&a.ty, &b.ty),
            (a, b) => Err(format!("expected {a:?}, found {b:?}")),
        }
    }

    fn same_definition(&self, a: &Type<'_>, b: &Type<'_>) -> Result {
        match (a.kind, b.kind) {
            (Kind::Void, Kind::Void) => Ok(()),
            (Kind::Int(a), Kind::Int(b)) => {
                equal("bytes", a.size, b.size)?;
                equal("bool", a.encoding.is_bool(), b.encoding.is_bool())?;
                // Whether `char` is signed is the architecture's affair.
                let signed = |int: bpf_skel::btf::Int| int.encoding.is_signed() || int.size == 1;
                equal("signed", signed(a), signed(b))
            }
            (Kind::Float { size: a }, Kind::Float { size: b }) => equal("bytes", a, b),
            (Kind::Ptr(a), Kind::Ptr(b)) => self.same(a, b).map_err(|what| format!("*: {what}")),
            (Kind::FuncProto(a), Kind::FuncProto(b)) => {
                self.same(a.ret, b.ret).map_err(|what| format!("returned: {what}"))?;
                equal("number of parameters", a.params().len(), b.params().len())?;
                a.params().zip(b.params()).enumerate().try_for_each(|(n, (a, b))| {
                    self.same(a.ty, b.ty).map_err(|what| format!("parameter {n}: {what}"))
                })
            }
            (Kind::Struct(a), Kind::Struct(b)) | (Kind::Union(a), Kind::Union(b)) => {
                self.same_members(&a, &b)
            }
            (Kind::Enum(a), Kind::Enum(b)) => {
                equal("bytes", a.size, b.size)?;
                equal("signed", a.signed, b.signed)?;
                let essential = |(name, value)| (flavorless(name), value);
                equal(
                    "values",
                    a.values().map(essential).collect::<Vec<_>>(),
                    b.values().map(essential).collect::<Vec<_>>(),
                )
            }
            (Kind::Enum64(a), Kind::Enum64(b)) => {
                equal("bytes", a.size, b.size)?;
                equal("signed", a.signed, b.signed)?;
                let essential = |(name, value)| (flavorless(name), value);
                equal(
                    "values",
                    a.values().map(essential).collect::<Vec<_>>(),
                    b.values().map(essential).collect::<Vec<_>>(),
                )
            }
            // Before Linux 6.0 those of 64 bits were written with the lower half of their values.
            (Kind::Enum(a), Kind::Enum64(b)) if a.size == 8 => {
                equal("bytes", a.size, b.size)?;
                equal(
                    "values",
                    a.values()
                        .map(|(name, value)| (flavorless(name), value as u32))
                        .collect::<Vec<_>>(),
                    b.values()
                        .map(|(name, value)| (flavorless(name), value as u32))
                        .collect::<Vec<_>>(),
                )
            }
            (a, b) => Err(format!("expected a {}, found a {}", a.code(), b.code())),
        }
    }

    fn same_members(&self, a: &Composite<'_>, b: &Composite<'_>) -> Result {
        equal("bytes", a.size, b.size)?;
        // What has no type is left out, and padding has a name where it is long.
        let a: Vec<_> = a.members().filter(|it| !self.old.is_untyped(it.ty)).collect();
        let b: Vec<_> = b.members().filter(|it| !it.name.starts_with("__bytes_")).collect();
        equal("number of members", a.len(), b.len())?;
        for (a, b) in a.into_iter().zip(b) {
            equal("member", a.name, b.name)?;
            let place = |what: String| format!("{}: {what}", a.name);
            equal("bit offset", a.bit_offset, b.bit_offset).map_err(place)?;
            equal("bits", a.bitfield_size, b.bitfield_size).map_err(place)?;
            match a.name {
                // Where it had a name (-fms-extensions), C has its members all the same.
                "" => {
                    let (a, b) = (self.old.btf.resolve(a.ty), self.new.btf.resolve(b.ty));
                    let ((_, a), (_, b)) = a.zip(b).ok_or("no type")?;
                    self.same_definition(&a, &b)
                }
                _ => self.same(a.ty, b.ty),
            }
            .map_err(place)?;
        }
        Ok(())
    }
}

fn flavorless(name: &str) -> &str {
    name.split("___").next().filter(|name| !name.is_empty()).unwrap_or(name)
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, a: T, b: T) -> Result {
    if a == b { Ok(()) } else { Err(format!("{what}: expected {a:?}, found {b:?}")) }
}
