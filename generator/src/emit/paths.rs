use std::fmt::{self, Display};

use super::locals::Locals;
use super::text::Text;
use crate::model::{Field, FieldRole, Ty, Types};

/// The longest padding that the runtime has a name for.
const LONGEST_PADDING: u64 = 15;

/// How generated code spells what is not its own, from where it stands.
#[derive(Clone, Copy)]
pub(super) struct Paths<'m> {
    /// The runtime crate.
    pub(super) rt: &'m str,
    /// What goes before a name of the `types` module.
    types: &'static str,
    pub(super) locals: Locals,
    pub(super) model: &'m Types<'m>,
}

impl<'m> Paths<'m> {
    /// From the skeleton's own module.
    pub(super) fn root(rt: &'m str, model: &'m Types<'m>) -> Self {
        Self { rt, types: "types::", locals: Locals::PLAIN, model }
    }

    /// From inside the `types` module.
    pub(super) fn in_types(self, locals: Locals) -> Self {
        Self { types: "", locals, ..self }
    }

    /// From inside another inner module.
    pub(super) fn in_module(self) -> Self {
        Self { types: "super::types::", ..self }
    }

    pub(super) fn ty<'t>(&'t self, ty: &'t Ty) -> Spelled<'t> {
        Spelled { paths: self, ty, is_padding: false }
    }

    /// The type of a field.
    pub(super) fn of<'t>(&'t self, field: &'t Field) -> Spelled<'t> {
        Spelled { paths: self, ty: &field.ty, is_padding: field.role == FieldRole::Padding }
    }
}

/// A type as Rust has it.
pub(super) struct Spelled<'t> {
    paths: &'t Paths<'t>,
    ty: &'t Ty,
    /// By a name of the runtime's, which takes the compiler less than an array whose length is written out.
    is_padding: bool,
}

impl Text for Spelled<'_> {
    fn put(&self, out: &mut String) {
        let (rt, ty) = (self.paths.rt, |ty| self.paths.ty(ty));
        match self.ty {
            Ty::Int { bytes, signed: true } => ("i", u32::from(*bytes) * 8).put(out),
            Ty::Int { bytes, signed: false } => ("u", u32::from(*bytes) * 8).put(out),
            Ty::Float { bytes } => ("f", u32::from(*bytes) * 8).put(out),
            Ty::Bool => (rt, "::pod::Bool").put(out),
            Ty::Ptr(to) => (rt, "::pod::Ptr<", ty(to), ">").put(out),
            Ty::Chars(len) => (rt, "::pod::CharArray<", len, ">").put(out),
            Ty::Function(parameters, result) => {
                out.push_str("fn(");
                for (index, parameter) in parameters.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    (comma, ty(parameter)).put(out);
                }
                out.push(')');
                match &**result {
                    Ty::Unit => {}
                    result => (" -> ", ty(result)).put(out),
                }
            }
            Ty::Unit => out.push_str("()"),
            Ty::Array(_, len @ 1..=LONGEST_PADDING) if self.is_padding => {
                (rt, "::private::Pad", len).put(out);
            }
            Ty::Array(element, len) => ("[", ty(element), "; ", len, "]").put(out),
            Ty::Def(index) => {
                let Paths { types, model, .. } = self.paths;
                (types, &model.defs[*index].ident).put(out);
            }
        }
    }
}

impl Display for Spelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.put(&mut text);
        f.write_str(&text)
    }
}
