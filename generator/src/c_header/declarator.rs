//! C declarators: what stands before the declared name and what after it.
//!
//! ```text
//!   int (*const calls[4])(struct event *)
//!   └ left ────┘     └ right ───────────┘
//! ```

use std::collections::HashSet;
use std::fmt::Write;

use bpf_skel::btf::{Btf, Kind, Type};

use super::names;

/// Who spells the types that declarators are made from.
pub(crate) trait Spell<'b> {
    /// How many parameters of a function are written.
    const PARAMETERS: usize;
    /// What stands between the brackets of an array without elements.
    const FLEXIBLE: &'static str;

    /// The types.
    fn btf(&self) -> &Btf<'b>;

    /// What is written so far.
    fn out(&mut self) -> &mut String;

    /// Writes a type that is no declarator: a base type, the name of a struct, …
    fn base(&mut self, id: u32, ty: &Type<'b>);

    /// Writes a type tag, or what else is an attribute of a type.
    fn type_tag(&mut self, text: &str, attribute: bool);

    /// Whether a typedef is called so, which a parameter of that name would hide from those behind it.
    fn is_typedef(&self, name: &str) -> bool;

    /// How much deeper the types of parameters may go.
    fn parameter_depth(depth: u32) -> u32;

    /// Whether nothing more is to be written.
    fn is_full(&self) -> bool;
}

/// Writes the declaration of `name` as of type `id`, or the type alone where the name is empty. What is more than
/// `depth` deep is written as `…`.
pub(crate) fn declare<'b>(spell: &mut impl Spell<'b>, id: u32, name: &str, depth: u32) {
    left(spell, id, depth);
    if !name.is_empty() {
        separate(spell.out());
        spell.out().push_str(name);
    } else if let Some((_, Kind::Array(_) | Kind::FuncProto(_))) = spell.btf().unqualified_kind(id)
    {
        separate(spell.out());
    }
    right(spell, id, depth);
}

fn separate(out: &mut String) {
    if !out.ends_with(['*', '(', ' ']) {
        out.push(' ');
    }
}

fn left<'b>(spell: &mut impl Spell<'b>, id: u32, depth: u32) {
    if spell.is_full() {
        return;
    }
    let Some(kind) = spell.btf().kind_by_id(id).filter(|_| depth > 0) else {
        spell.out().push('…');
        return;
    };
    match kind {
        Kind::Ptr(to) => {
            left(spell, to, depth - 1);
            separate(spell.out());
            if binds_tighter(spell.btf(), to) {
                spell.out().push('(');
                type_tags(spell, to, depth - 1);
                separate(spell.out());
            }
            spell.out().push('*');
        }
        Kind::Array(array) => left(spell, array.element, depth - 1),
        Kind::FuncProto(proto) => left(spell, proto.ret, depth - 1),
        Kind::Const(to) => qualified(spell, "const", to, depth),
        Kind::Volatile(to) => qualified(spell, "volatile", to, depth),
        Kind::Restrict(to) => qualified(spell, "__restrict", to, depth),
        Kind::TypeTag { ty: to, attribute } => {
            left(spell, to, depth - 1);
            // Of what a pointer in parentheses points to, they are inside.
            if !binds_tighter(spell.btf(), to) {
                let text = spell.btf().name_by_id(id);
                spell.type_tag(text, attribute);
            }
        }
        _ => {
            let ty = Type { name: spell.btf().name_by_id(id), kind };
            spell.base(id, &ty);
        }
    }
}

/// The tags of an array or a function, the innermost first: before the star of the pointer to it.
fn type_tags<'b>(spell: &mut impl Spell<'b>, mut id: u32, depth: u32) {
    let begin = spell.out().len();
    let mut tags = Vec::new();
    for _ in 0..depth {
        id = match spell.btf().kind_by_id(id) {
            Some(Kind::TypeTag { ty: to, attribute }) => {
                tags.push((id, attribute));
                to
            }
            Some(Kind::Const(to) | Kind::Volatile(to) | Kind::Restrict(to)) => to,
            _ => break,
        };
    }
    for (id, attribute) in tags.into_iter().rev() {
        let text = spell.btf().name_by_id(id);
        spell.type_tag(text, attribute);
    }
    if spell.out()[begin..].starts_with(' ') {
        spell.out().remove(begin);
    }
}

/// A qualifier of a pointer stands behind the star, any other before the type. Of a function there is none, and of an
/// array it is its elements', which may have it already.
fn qualified<'b>(spell: &mut impl Spell<'b>, word: &str, to: u32, depth: u32) {
    match spell.btf().unqualified_kind(to).map(|(_, kind)| kind) {
        Some(Kind::Ptr(_)) => {
            left(spell, to, depth - 1);
            separate(spell.out());
            spell.out().push_str(word);
        }
        Some(Kind::FuncProto(_)) => left(spell, to, depth - 1),
        Some(Kind::Array(array)) if has_qualifier(spell.btf(), array.element, word) => {
            left(spell, to, depth - 1);
        }
        _ => {
            spell.out().push_str(word);
            spell.out().push(' ');
            left(spell, to, depth - 1);
        }
    }
}

fn right<'b, S: Spell<'b>>(spell: &mut S, id: u32, depth: u32) {
    if spell.is_full() {
        return;
    }
    let Some(kind) = spell.btf().kind_by_id(id).filter(|_| depth > 0) else { return };
    match kind {
        Kind::Ptr(to) => {
            if binds_tighter(spell.btf(), to) {
                spell.out().push(')');
            }
            right(spell, to, depth - 1);
        }
        Kind::Array(array) => {
            match array.len {
                0 => spell.out().extend(["[", S::FLEXIBLE, "]"]),
                // Writing to a String cannot fail.
                len => {
                    let _ = write!(spell.out(), "[{len}]");
                }
            }
            right(spell, array.element, depth - 1);
        }
        Kind::FuncProto(proto) => {
            spell.out().push('(');
            let mut count = 0;
            let mut names = HashSet::new();
            for parameter in proto.params().take(S::PARAMETERS) {
                if count > 0 {
                    spell.out().push_str(", ");
                }
                count += 1;
                match parameter.ty {
                    0 => spell.out().push_str("..."),
                    ty => {
                        let name = names::parameter(parameter.name);
                        let fits = !spell.is_typedef(&name) && names.insert(name.clone());
                        let name = if fits { &name } else { "" };
                        declare(spell, ty, name, S::parameter_depth(depth));
                    }
                }
            }
            spell.out().push_str(if count == 0 { "void)" } else { ")" });
            right(spell, proto.ret, depth - 1);
        }
        Kind::Const(to)
        | Kind::Volatile(to)
        | Kind::Restrict(to)
        | Kind::TypeTag { ty: to, .. } => right(spell, to, depth - 1),
        _ => {}
    }
}

/// Whether an array's element is qualified so, or the elements of that.
fn has_qualifier(btf: &Btf<'_>, mut id: u32, word: &str) -> bool {
    for _ in 0..64 {
        id = match btf.kind_by_id(id) {
            Some(Kind::Const(_)) if word == "const" => return true,
            Some(Kind::Volatile(_)) if word == "volatile" => return true,
            Some(
                Kind::Const(to)
                | Kind::Volatile(to)
                | Kind::Restrict(to)
                | Kind::TypeTag { ty: to, .. },
            ) => to,
            Some(Kind::Array(array)) => array.element,
            _ => return false,
        };
    }
    false
}

/// Whether a pointer to this type is declared in parentheses.
fn binds_tighter(btf: &Btf<'_>, to: u32) -> bool {
    matches!(btf.unqualified_kind(to), Some((_, Kind::Array(_) | Kind::FuncProto(_))))
}
