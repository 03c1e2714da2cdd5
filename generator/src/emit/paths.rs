use std::fmt::{self, Display};

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
    pub(super) fn in_types(self) -> Self {
        Self { types: "", ..self }
    }

    /// From inside another inner module.
    pub(super) fn in_module(self) -> Self {
        Self { types: "super::types::", ..self }
    }

    pub(super) fn ty<'t>(&'t self, ty: &'t Ty) -> impl Display + 't {
        Spelled { paths: self, ty }
    }
}

/// A type as Rust has it.
struct Spelled<'t> {
    paths: &'t Paths<'t>,
    ty: &'t Ty,
}

impl Display for Spelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rt, ty) = (self.paths.rt, |ty| self.paths.ty(ty));
        match self.ty {
            Ty::Int { bytes, signed: true } => write!(f, "i{}", u32::from(*bytes) * 8),
            Ty::Int { bytes, signed: false } => write!(f, "u{}", u32::from(*bytes) * 8),
            Ty::Float { bytes } => write!(f, "f{}", u32::from(*bytes) * 8),
            Ty::Bool => write!(f, "{rt}::pod::Bool"),
            Ty::Ptr(to) => write!(f, "{rt}::pod::Ptr<{}>", ty(to)),
            Ty::Chars(len) => write!(f, "{rt}::pod::CharArray<{len}>"),
            Ty::Function(parameters, result) => {
                f.write_str("fn(")?;
                for (index, parameter) in parameters.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", ty(parameter))?;
                }
                f.write_str(")")?;
                match &**result {
                    Ty::Unit => Ok(()),
                    result => write!(f, " -> {}", ty(result)),
                }
            }
            Ty::Unit => f.write_str("()"),
            Ty::Array(element, len) => write!(f, "[{}; {len}]", ty(element)),
            Ty::Def(index) => {
                let Paths { types, model, .. } = self.paths;
                write!(f, "{types}{}", model.defs[*index].ident)
            }
        }
    }
}
