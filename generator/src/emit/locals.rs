use crate::model::Types;

/// What methods call what they take and make. An enum is a tuple struct, and nothing can be bound that one in scope is called as.
#[derive(Clone, Copy)]
pub(crate) struct Locals {
    pub(super) value: &'static str,
    pub(super) this: &'static str,
    pub(super) bytes: &'static str,
}

impl Locals {
    /// Where no enum is in scope.
    pub(super) const PLAIN: Self = Self { value: "value", this: "this", bytes: "bytes" };

    /// In a module of these types.
    pub(crate) fn among<'t>(all: impl IntoIterator<Item = &'t Types<'t>>) -> Self {
        let mut locals = Self::PLAIN;
        let Self { value, this, bytes } = &mut locals;
        let enums = all.into_iter().flat_map(|types| &types.defs).filter(|def| def.is_enum());
        for def in enums {
            // Of the prefix that no type has.
            match def.ident.as_str() {
                "value" => *value = "__bpf_skel_value",
                "this" => *this = "__bpf_skel_this",
                "bytes" => *bytes = "__bpf_skel_bytes",
                _ => {}
            }
        }
        locals
    }
}
