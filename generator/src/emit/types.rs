//! The `types` module: C types as plain data.

use super::docs::{bytes, code, codes};
use super::layouts::{self, Row, layouts};
use super::locals::Locals;
use super::paths::Paths;
use super::structs::Named;
use super::writer::Writer;
use super::{enums, structs};
use crate::model::{BoundField, Def, DefKind, Ty, Types};
use crate::path::Path;
use crate::shared::Shared;

/// A type, as generated code has it.
pub(crate) struct TypeItem {
    pub(crate) name: String,
    pub(crate) rust: TypeText,
    /// The types that it spells.
    pub(crate) made_of: Vec<String>,
}

/// The text of a type.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct TypeText {
    /// As an item of a module.
    item: String,
    /// What holds it to its layout.
    layout: Vec<Row>,
}

impl TypeText {
    fn of(paths: &Paths<'_>, def: &Def) -> Self {
        let (mut item, mut layout) = (Writer::new(1), Vec::new());
        self::item(&mut item, paths, def);
        self::layout(&mut layout, paths.model, 2, def);
        Self { item: item.into_text(), layout }
    }
}

/// All types of an object, to be compared with those of another.
pub(crate) fn type_items(runtime: &Path, types: &Types<'_>, locals: Locals) -> Vec<TypeItem> {
    let paths = Paths::root(runtime.text(), types).in_types(locals);
    let items = types.defs.iter().map(|def| {
        let made_of = types.made_of(def).map(|index| types.defs[index].ident.to_string());
        TypeItem {
            name: def.ident.to_string(),
            rust: TypeText::of(&paths, def),
            made_of: made_of.collect(),
        }
    });
    items.collect()
}

/// The types of a module that is only types.
pub(crate) fn items_text(runtime: &Path, types: &[TypeText]) -> String {
    let mut out = Writer::new(1);
    types.iter().for_each(|one| out.lines(&one.item));
    layouts(&mut out, runtime.text(), types.iter().flat_map(|one| &one.layout));
    out.into_text()
}

pub(super) fn module(out: &mut Writer, root: &Paths<'_>, shared: Option<&Shared>) {
    // What is the same in both modules has the same text.
    let locals = shared.map_or_else(|| Locals::among([root.model]), |shared| shared.locals);
    let paths = root.in_types(locals);
    let is_common = |def: &Def| {
        shared.is_some_and(|it| it.has(&def.ident.to_string(), || TypeText::of(&paths, def)))
    };
    let (common, own): (Vec<&Def>, Vec<&Def>) =
        root.model.defs.iter().partition(|def| is_common(def));
    out.doc("The object's C types, byte for byte. Padding is fields as well: where there is some, a struct is made with");
    out.doc("`..Default::default()`.");
    out.open("pub mod types {");
    if let Some(shared) = shared {
        let path = shared.path.text();
        common.iter().for_each(|def| out.line(format_args!("pub use {path}::{};", def.ident)));
    }
    own.iter().for_each(|def| item(out, &paths, def));
    let mut rows = Vec::new();
    own.iter().for_each(|def| layout(&mut rows, paths.model, 3, def));
    layouts(out, paths.rt, &rows);
    out.close("}");
}

/// What holds a type to its layout.
fn layout(out: &mut Vec<Row>, model: &Types<'_>, depth: usize, def: &Def) {
    let about = (&def.ident, def.size, def.align);
    match &def.kind {
        DefKind::Struct(layout) => layouts::rows(out, (model, depth), about, &layout.fields),
        DefKind::Union(_) | DefKind::Opaque { .. } => {
            layouts::rows(out, (model, depth), about, &[]);
        }
        DefKind::Enum { .. } | DefKind::Alias(_) | DefKind::Bound(..) | DefKind::Declared => {}
    }
}

fn item(out: &mut Writer, paths: &Paths<'_>, def: &Def) {
    match &def.kind {
        DefKind::Struct(layout) => structs::structure(out, paths, def, layout),
        DefKind::Union(layout) => structs::union(out, paths, def, layout),
        DefKind::Enum { bytes, signed, values, misfits } => {
            enums::enumeration(out, paths, def, *bytes, *signed, (values, misfits));
        }
        DefKind::Alias(to) => alias(out, paths, def, to),
        DefKind::Bound(path, fields) => bound(out, paths, def, path, fields),
        DefKind::Opaque { storage, why } => opaque(out, paths, def, storage, why),
        DefKind::Declared => declared(out, def),
    }
}

/// "`struct event`, 24 bytes, alignment 8", and its tags.
pub(super) fn about(out: &mut Writer, def: &Def) {
    let Def { c, size, align, .. } = def;
    out.doc((code(c), ", ", bytes(*size), ", alignment ", align));
    tags(out, def);
}

fn tags(out: &mut Writer, def: &Def) {
    if !def.tags.is_empty() {
        out.paragraph(format_args!("Tagged {}.", codes(&def.tags)));
    }
}

fn alias(out: &mut Writer, paths: &Paths<'_>, def: &Def, to: &Ty) {
    out.doc(code(&def.c));
    tags(out, def);
    out.typed(format_args!("pub type {} = {};", def.ident, paths.ty(to)));
}

fn bound(out: &mut Writer, paths: &Paths<'_>, def: &Def, path: &str, fields: &[BoundField]) {
    let Def { ident, c, size, align, .. } = def;
    about(out, def);
    if !fields.is_empty() {
        out.paragraph(
            "Its fields are held to those of C; `bind_opaque` is for a type that has others.",
        );
    }
    out.line(format_args!("pub type {ident} = {path};"));
    out.invoke(format_args!("{}::private::bound", paths.rt), |list| {
        list.item(ident).item(format_args!("{c:?}")).item(size).item(align).group();
        for BoundField { ident, c, offset, size } in fields {
            list.item(format_args!("{ident}: {c:?}, {offset}, {size}"));
        }
    });
}

fn opaque(out: &mut Writer, paths: &Paths<'_>, def: &Def, storage: &Ty, why: &str) {
    about(out, def);
    out.paragraph(format_args!("Bytes only: {why}."));
    out.line("#[repr(C)]");
    out.open(format_args!("pub struct {} {{", def.ident));
    out.field("storage", paths.ty(storage));
    out.close("}");
    out.invoke(format_args!("{}::private::plain", paths.rt), |list| {
        list.item(&def.ident).group().item("storage").group().group().item(Named::ALL);
    });
}

fn declared(out: &mut Writer, def: &Def) {
    out.doc(format_args!("{}, which is only pointed to.", code(&def.c)));
    out.open(format_args!("pub struct {} {{", def.ident));
    out.field("_declared", "()");
    out.close("}");
}

#[cfg(test)]
mod tests {
    use proc_macro2::TokenStream;

    use super::*;
    use crate::ident::{Ident, Origin, identifier};
    use crate::model::{
        Accessor, At, Enumerator, Equality, Field, FieldRole, Repr, StructDef, Tail, UnionDef,
        Words,
    };

    /// BTF may have any text for a name.
    const HOSTILE: &str = "x`\n} fn evil() {\r\"\\\" */ \u{2028}\u{202e}\0;";

    fn ident(name: &str) -> Ident {
        identifier(name).unwrap()
    }

    fn accessor(at: At, c: &str) -> Accessor {
        Accessor {
            get: ident("get_it"),
            set: ident("set_it"),
            make: ident("make_it"),
            borrow: Some([ident("it_ref"), ident("it_mut")]),
            live: [ident("live_it"), ident("set_live_it")],
            ty: Ty::U8,
            at,
            aligned: true,
            compared: true,
            fields_before: 0,
            c: c.to_owned(),
        }
    }

    /// A type of every kind, whose texts in C are all this.
    fn kinds(c: &str) -> Vec<DefKind> {
        let roles = [
            FieldRole::Member,
            FieldRole::Storage,
            FieldRole::Nested,
            FieldRole::Bits,
            FieldRole::Padding,
        ]
        .iter();
        let fields = roles.map(|&role| Field {
            ident: ident("field"),
            role,
            ty: Ty::U8,
            offset: 0,
            c: c.to_owned(),
            why: "",
        });
        let bound = BoundField { ident: ident("field"), c: c.to_owned(), offset: 0, size: 1 };
        let accessors = vec![
            accessor(At::Byte(0), c),
            accessor(At::Bits(0, 1, Words { start: 0, end: 1, widest: 1 }), c),
        ];
        let value = Enumerator { ident: ident("value"), c: c.to_owned(), value: 1 };
        vec![
            DefKind::Struct(StructDef {
                repr: Repr::default(),
                fields: fields.collect(),
                accessors: accessors.clone(),
                unions: [].into(),
                from_bytes: vec![ident("from_bytes")],
                live: None,
            }),
            DefKind::Union(UnionDef {
                repr: Repr::default(),
                storage: Ty::bytes(1),
                accessors,
                all: true,
            }),
            DefKind::Enum {
                bytes: 4,
                signed: false,
                values: vec![value],
                misfits: vec![c.to_owned()],
            },
            DefKind::Alias(Ty::U8),
            DefKind::Bound("::user::Type".to_owned(), vec![bound]),
            DefKind::Opaque { storage: Ty::bytes(1), why: "so".to_owned() },
            DefKind::Declared,
        ]
    }

    /// The tokens of a type without its documentation.
    fn code_of(c: &str, kind: DefKind) -> (String, String) {
        let types = Types::new(None);
        let paths = Paths::root("::bpf_skel", &types).in_types(Locals::PLAIN);
        let name = "it".to_owned();
        let tail = Tail { name, element: Ty::U8, offset: 0, c: c.to_owned() };
        let def = Def {
            wanted: "it".to_owned(),
            origin: Origin::C,
            ident: ident("it"),
            c: c.to_owned(),
            tags: vec![c.to_owned(), c.to_owned()],
            size: 1,
            align: 1,
            over_aligned: false,
            equality: Equality::Total,
            named: Vec::new(),
            by_bytes: false,
            tails: vec![tail],
            kind,
        };
        let TypeText { item: text, .. } = TypeText::of(&paths, &def);
        let code = text.lines().filter(|line| !line.trim_start().starts_with("///"));
        let code: TokenStream = code.collect::<Vec<_>>().join("\n").parse().unwrap();
        (text.clone(), code.to_string())
    }

    #[test]
    fn no_text_of_the_object_becomes_code() {
        for (hostile, plain) in kinds(HOSTILE).into_iter().zip(kinds("plain")) {
            let (text, code) = code_of(HOSTILE, hostile);
            let (_, wanted) = code_of("plain", plain);
            // In macros, the text is a literal.
            let literal = |c: &str| format!("{c:?}");
            assert_eq!(code, wanted.replace(&literal("plain"), &literal(HOSTILE)), "{text}");
            assert!(!text.contains(['\r', '\0', '\u{2028}', '\u{202e}']), "{text}");
        }
    }
}
