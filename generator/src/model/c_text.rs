//! Declarations as C writes them, for documentation.

use bpf_skel::btf::{Btf, Kind, Type};

use crate::c_header::{Spell, declare};

/// How far into a type the text goes; what is deeper is left out. Hostile BTF can nest without end.
const DEPTH: u32 = 16;

/// The declaration of `name` as of type `id`: `const struct event *unused`, `__u32 counts[4][2]`.
pub(crate) fn declaration(btf: &Btf<'_>, id: u32, name: &str) -> String {
    // Most are as short as this, and what is allocated has at least so many bytes.
    let mut text = Text { btf, out: String::with_capacity(24) };
    declare(&mut text, id, name, DEPTH);
    text.out
}

/// The type `id` by itself: `struct event *`.
pub(crate) fn type_name(btf: &Btf<'_>, id: u32) -> String {
    declaration(btf, id, "")
}

/// Types by name alone.
struct Text<'t, 'b> {
    btf: &'t Btf<'b>,
    out: String,
}

impl<'b> Spell<'b> for Text<'_, 'b> {
    const PARAMETERS: usize = 8;
    const FLEXIBLE: &'static str = "";

    fn btf(&self) -> &Btf<'b> {
        self.btf
    }

    fn out(&mut self) -> &mut String {
        &mut self.out
    }

    fn base(&mut self, _: u32, ty: &Type<'b>) {
        let word = match ty.kind {
            Kind::Void => "void",
            Kind::Struct(_) | Kind::Fwd { is_union: false } => "struct",
            Kind::Union(_) | Kind::Fwd { is_union: true } => "union",
            Kind::Enum(_) | Kind::Enum64(_) => "enum",
            _ => return self.out.push_str(ty.name),
        };
        self.out.push_str(word);
        if !matches!(ty.kind, Kind::Void) {
            let name = if ty.name.is_empty() { "{…}" } else { ty.name };
            self.out.extend([" ", name]);
        }
    }

    /// The kernel's macros for them are called so: `__kptr`, `__user`.
    fn type_tag(&mut self, text: &str, _: bool) {
        self.out.extend([" __", text]);
    }

    /// It is not compiled.
    fn is_typedef(&self, _: &str) -> bool {
        false
    }

    fn parameter_depth(depth: u32) -> u32 {
        depth.min(3) - 1
    }

    fn is_full(&self) -> bool {
        false
    }
}
