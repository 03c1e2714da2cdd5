//! C names of types and enumerators: each once, and none a keyword.

use std::borrow::Cow;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use bpf_skel::btf::{Btf, Kind, Type};

use super::keywords::KEYWORDS;

/// What C23 and <stdbool.h> made words of.
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

/// Ordinary names that clang declares itself, and not as a kernel does: its `va_list` is that of BPF, which is a
/// pointer.
const PREDEFINED: [&str; 3] = ["__builtin_va_list", "__int128_t", "__uint128_t"];

/// The names of a BTF's types.
///
/// C has two name spaces: tags (structs, unions, enums), and ordinary names (typedefs, functions, enumerators). Of
/// different things with one name the one with the lowest id keeps it and the others get `___2`, `___3`, …, which
/// CO-RE leaves out of account when it compares names. So does what C23 has for a word, but for the kernel's own `bool`,
/// `false` and `true`, which are declared where C has none.
pub(super) struct Names<'b> {
    tags: NameSpace<'b>,
    ordinary: NameSpace<'b>,
    /// What of the ordinary names is a type's.
    typedefs: HashSet<Cow<'b, str>>,
    /// Which `___N` a type has, where it has one.
    flavors: HashMap<u32, u32>,
    /// Of a type that is declared only: the one type that its name stands for. Of one that the base has too: the base's.
    meant: HashMap<u32, u32>,
    /// `typedef _Bool bool`.
    boolean: Option<u32>,
}

/// By name, how many have asked for it.
type NameSpace<'b> = HashMap<Cow<'b, str>, u32>;

impl<'b> Names<'b> {
    /// Names for all `types`; `functions` are those that will be declared, and types that are in `same` are called as those
    /// of the base.
    pub(super) fn new<'i>(
        btf: &Btf<'b>,
        types: impl Iterator<Item = (u32, Type<'b>)>,
        functions: impl Iterator<Item = &'i str>,
        same: &HashMap<u32, u32>,
    ) -> Self
    where
        'b: 'i,
        'i: 'b,
    {
        let taken = |name| (Cow::Borrowed(name), 1);
        let words = WORDS_OF_C23.into_iter().map(taken);
        let mut names = Self {
            tags: words.clone().collect(),
            ordinary: PREDEFINED.into_iter().map(taken).chain(words).collect(),
            typedefs: HashSet::new(),
            flavors: HashMap::new(),
            meant: same.clone(),
            boolean: None,
        };
        // What is defined under a name and a kind of tag: the first one, and whether it is the only one.
        let mut defined: HashMap<(Tag, &'b str), (u32, bool)> = HashMap::new();
        let mut declared = Vec::new();
        let (mut more_tags, mut more_typedefs) = (Vec::new(), Vec::new());
        for function in functions {
            names.ordinary.insert(identifier(function), 1);
        }
        let own = |id: &u32| !same.contains_key(id);
        for (id, ty) in types.filter(|(id, ty)| !ty.name.is_empty() && own(id)) {
            if let Kind::Typedef(to) = ty.kind {
                names.typedefs.insert(identifier(ty.name));
                let target = btf.kind_by_id(to);
                let is_bool = matches!(target, Some(Kind::Int(int)) if int.encoding.is_bool());
                if is_bool && ty.name == "bool" && names.boolean.is_none() {
                    names.boolean = Some(id);
                } else if !is_first(&mut names.ordinary, ty.name) {
                    more_typedefs.push((id, ty.name));
                }
            } else if let Some((tag, complete)) = Tag::of(&ty.kind) {
                if !complete {
                    declared.push((id, tag, ty.name));
                    continue;
                }
                let only = defined.entry((tag, ty.name));
                only.and_modify(|(_, only)| *only = false).or_insert((id, true));
                if !is_first(&mut names.tags, ty.name) {
                    more_tags.push((id, ty.name));
                }
            }
        }
        for (id, tag, name) in declared {
            match defined.get(&(tag, name)) {
                Some(&(meant, true)) => {
                    names.meant.insert(id, meant);
                }
                // Any of several may be meant: it becomes one of its own, which all that are declared so share.
                _ => match defined.entry((tag, name)) {
                    Entry::Occupied(mut entry) => {
                        *entry.get_mut() = (id, true);
                        more_tags.push((id, name));
                    }
                    Entry::Vacant(entry) => {
                        entry.insert((id, true));
                        if !is_first(&mut names.tags, name) {
                            more_tags.push((id, name));
                        }
                    }
                },
            }
        }
        for (space, more) in [(&mut names.tags, more_tags), (&mut names.ordinary, more_typedefs)] {
            for (id, name) in more {
                names.flavors.insert(id, flavor(space, &identifier(name)));
            }
        }
        names
    }

    /// The type that this one stands for: itself, but for one that is declared only and defined elsewhere, or that the base
    /// has too.
    pub(super) fn meant(&self, id: u32) -> u32 {
        self.meant.get(&id).copied().unwrap_or(id)
    }

    /// Whether this typedef is the `bool` of C23.
    pub(super) fn is_boolean(&self, id: u32) -> bool {
        self.boolean == Some(id)
    }

    /// Whether a typedef has this name.
    pub(super) fn is_typedef(&self, name: &str) -> bool {
        self.typedefs.contains(name)
    }

    /// From now on enumerators may be called so: they are declared where C has no such words.
    pub(super) fn release(&mut self, words: &[&str]) {
        for word in words {
            self.ordinary.remove(*word);
        }
    }

    /// Appends the name of a type.
    pub(super) fn write(&self, out: &mut String, id: u32, name: &str) {
        out.push_str(&identifier(name));
        if let Some(flavor) = self.flavors.get(&id) {
            out.push_str(&format!("___{flavor}"));
        }
    }

    /// A name for a typedef that stands for a base type which the compiler does not know.
    pub(super) fn claim_alias(&mut self, id: u32, name: &'b str) {
        self.typedefs.insert(identifier(name));
        if !is_first(&mut self.ordinary, name) {
            self.flavors.insert(id, flavor(&mut self.ordinary, &identifier(name)));
        }
    }

    /// Appends a name for an enumerator that no other has.
    pub(super) fn write_enumerator(&mut self, out: &mut String, name: &'b str) {
        let first = is_first(&mut self.ordinary, name);
        let name = identifier(name);
        out.push_str(&name);
        if !first {
            let flavor = flavor(&mut self.ordinary, &name);
            out.push_str(&format!("___{flavor}"));
        }
    }
}

/// What a tag is of; each has declarations of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Tag {
    Struct,
    Union,
    Enum,
}

impl Tag {
    /// Also whether it is a definition.
    pub(super) fn of(kind: &Kind<'_>) -> Option<(Self, bool)> {
        Some(match kind {
            Kind::Struct(_) => (Self::Struct, true),
            Kind::Union(_) => (Self::Union, true),
            Kind::Enum(values) => (Self::Enum, !values.is_empty()),
            Kind::Enum64(_) => (Self::Enum, true),
            Kind::Fwd { is_union: false } => (Self::Struct, false),
            Kind::Fwd { is_union: true } => (Self::Union, false),
            _ => return None,
        })
    }
}

/// Whether nothing else has this name yet; from now on something has.
fn is_first<'b>(space: &mut NameSpace<'b>, name: &'b str) -> bool {
    match space.entry(identifier(name)) {
        Entry::Occupied(_) => false,
        Entry::Vacant(entry) => {
            entry.insert(1);
            true
        }
    }
}

/// The next N for which nothing is called `name___N`.
fn flavor(space: &mut NameSpace<'_>, name: &str) -> u32 {
    let mut count = space.get(name).copied().unwrap_or(1);
    loop {
        count = count.saturating_add(1);
        if let Entry::Vacant(entry) = space.entry(Cow::Owned(format!("{name}___{count}"))) {
            entry.insert(1);
            break;
        }
    }
    if let Some(seen) = space.get_mut(name) {
        *seen = count;
    }
    count
}

/// Whether this is a name in some standards of C only.
pub(super) fn is_word_of_c23(name: &str) -> bool {
    WORDS_OF_C23.contains(&name)
}

/// The name of a parameter, which nothing refers to.
pub(super) fn parameter(name: &str) -> Cow<'_, str> {
    match is_word_of_c23(name) {
        true => Cow::Owned(format!("{name}_")),
        false => identifier(name),
    }
}

/// The name as C can have it. Languages with richer names leave dots, colons and brackets in them.
pub(super) fn identifier(name: &str) -> Cow<'_, str> {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let digit = name.as_bytes().first().is_some_and(u8::is_ascii_digit);
    if KEYWORDS.binary_search(&name).is_ok() {
        return Cow::Owned(format!("{name}_"));
    }
    if !digit && name.bytes().all(word) {
        return Cow::Borrowed(name);
    }
    let lead = if digit { "_" } else { "" };
    let bent = name.chars().map(|c| if c.is_ascii() && word(c as u8) { c } else { '_' });
    Cow::Owned(lead.chars().chain(bent).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        for (name, want) in [
            ("task_struct", "task_struct"),
            ("register", "register_"),
            ("__volatile", "__volatile_"),
            ("_Nullable", "_Nullable_"),
            ("__builtin_offsetof", "__builtin_offsetof_"),
            ("Option<u32>", "Option_u32_"),
            ("8bit", "_8bit"),
            ("größe", "gr__e"),
            ("type", "type"),
        ] {
            assert_eq!(identifier(name), want);
        }
    }
}
