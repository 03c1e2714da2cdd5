//! What a skeleton is made of, as plain data between the object and the text: everything named, typed and placed.

mod c_text;
mod layout;
mod lower;
mod maps;
mod named;
mod object;
mod programs;
mod sections;
mod struct_ops;
mod ty;
mod types;

pub(crate) use c_text::type_name;
pub(crate) use maps::{Handle, Map, Shape, expect_maps};
pub(crate) use named::Compared;
pub(crate) use object::Object;
pub(crate) use programs::Program;
pub(crate) use sections::Section;
pub(crate) use struct_ops::StructOps;
pub(crate) use ty::{
    Accessor, At, BoundField, Def, DefKind, Enumerator, Equality, Field, FieldRole, Repr,
    StructDef, Tail, Ty, UnionDef, Words,
};
pub(crate) use types::Types;
