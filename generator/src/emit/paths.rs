use std::fmt::Write as _;

use crate::model::{Ty, Types};

/// How generated code spells what is not its own, from where it stands.
#[derive(Clone, Copy)]
pub(super) struct Paths<'m> {
    /// The runtime crate.
    pub(super) rt: &'m str,
    /// What goes before a name of the `types` module.
    types: &'static str,
    pub(super) model: &'m Types<'m>,
}

impl<'m> Paths<'m> {
    /// From the skeleton's own module.
    pub(super) fn root(rt: &'m str, model: &'m Types<'m>) -> Self {
        Self { rt, types: "types::", model }
    }

    /// From inside the `types` module.
    pub(super) fn in_types(&self) -> Self {
        Self { types: "", ..*self }
    }

    /// From inside another inner module.
    pub(super) fn in_module(&self) -> Self {
        Self { types: "super::types::", ..*self }
    }

    pub(super) fn ty(&self, ty: &Ty) -> String {
        let mut out = String::new();
        self.push_ty(&mut out, ty);
        out
    }

    fn push_ty(&self, out: &mut String, ty: &Ty) {
        // Writing to a String cannot fail.
        let _ = match ty {
            Ty::Int { bytes, signed: true } => write!(out, "i{}", u32::from(*bytes) * 8),
            Ty::Int { bytes, signed: false } => write!(out, "u{}", u32::from(*bytes) * 8),
            Ty::Float { bytes } => write!(out, "f{}", u32::from(*bytes) * 8),
            Ty::Bool => write!(out, "{}::pod::Bool", self.rt),
            Ty::Ptr(to) => {
                let _ = write!(out, "{}::pod::Ptr<", self.rt);
                self.push_ty(out, to);
                out.write_char('>')
            }
            Ty::Unit => out.write_str("()"),
            Ty::Array(element, len) => {
                out.push('[');
                self.push_ty(out, element);
                write!(out, "; {len}]")
            }
            Ty::Def(index) => {
                write!(out, "{}{}", self.types, self.model.defs[*index].ident)
            }
        };
    }

    pub(super) fn def(&self, index: usize) -> String {
        self.ty(&Ty::Def(index))
    }
}
