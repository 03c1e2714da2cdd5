//! Types one by one, in the words of `bpftool btf dump`.

use std::fmt::Write as _;

use bpf_skel::btf::{Btf, Int, Kind, Linkage, Type};
use serde_json::{Map, Value, json};

/// A type a line, and indented lines for what it consists of.
pub(super) fn text(btf: &Btf<'_>) -> String {
    let mut out = String::new();
    for (id, ty) in btf.types() {
        let entry = Entry::of(&ty);
        let _ = write!(out, "[{id}] {} '{}'", entry.kind, named(ty.name));
        entry.fields.iter().for_each(|field| write_field(&mut out, field));
        out.push('\n');
        for part in &entry.parts {
            let begin = out.len();
            part.iter().for_each(|field| write_field(&mut out, field));
            match ty.kind {
                Kind::Enum64(values) => out.push_str(if values.signed { "LL" } else { "ULL" }),
                Kind::DataSec(_) => write_variable(&mut out, btf, part),
                _ => {}
            }
            out.replace_range(begin..=begin, "\t");
            out.push('\n');
        }
    }
    out
}

/// ` key=value`, and of a name ` 'value'`.
fn write_field(out: &mut String, (key, value): &(&str, Value)) {
    let _ = match (*key, value) {
        ("name", Value::String(name)) => write!(out, " '{name}'"),
        (_, Value::String(text)) => write!(out, " {key}={text}"),
        (_, other) => write!(out, " {key}={other}"),
    };
}

/// The name of a data section's variable, which is said by number only.
fn write_variable(out: &mut String, btf: &Btf<'_>, part: &Fields) {
    let id = part.first().and_then(|(_, id)| id.as_u64()).and_then(|id| u32::try_from(id).ok());
    if let Some(ty) = id.and_then(|id| btf.type_by_id(id)) {
        let _ = write!(out, " ({} '{}')", head(&ty.kind).0, named(ty.name));
    }
}

/// `{"types": [{"id": 1, "kind": "INT", "name": "int", …}]}`
pub(super) fn json(btf: &Btf<'_>) -> Value {
    let types: Vec<Value> = btf
        .types()
        .map(|(id, ty)| {
            let entry = Entry::of(&ty);
            let mut object = Map::new();
            object.insert("id".into(), id.into());
            object.insert("kind".into(), entry.kind.into());
            object.insert("name".into(), named(ty.name).into());
            object.extend(as_object(entry.fields));
            if let Some(list) = entry.list {
                object.insert(
                    list.into(),
                    entry.parts.into_iter().map(|part| Value::Object(as_object(part))).collect(),
                );
            }
            object.into()
        })
        .collect();
    json!({ "types": types })
}

/// In the order in which they are printed.
type Fields = Vec<(&'static str, Value)>;

/// One type.
struct Entry {
    kind: &'static str,
    fields: Fields,
    /// What the parts are called.
    list: Option<&'static str>,
    parts: Vec<Fields>,
}

impl Entry {
    fn of(ty: &Type<'_>) -> Self {
        let (kind, fields) = head(&ty.kind);
        let (list, parts) = parts(&ty.kind);
        Self { kind, fields, list, parts }
    }
}

fn as_object(fields: Fields) -> Map<String, Value> {
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn fields<const N: usize>(fields: [(&'static str, Value); N]) -> Fields {
    fields.into()
}

fn head(kind: &Kind<'_>) -> (&'static str, Fields) {
    let to = |word: &'static str, ty: u32| (word, fields([("type_id", ty.into())]));
    let composite =
        |word, size: u32, len: usize| (word, fields([("size", size.into()), ("vlen", len.into())]));
    let values = |word: &'static str, signed: bool, size: u32, len: usize| {
        let encoding = if signed { "SIGNED" } else { "UNSIGNED" };
        let all = [("encoding", encoding.into()), ("size", size.into()), ("vlen", len.into())];
        (word, fields(all))
    };
    let linked = |word: &'static str, ty: u32, linkage: Linkage| {
        (word, fields([("type_id", ty.into()), ("linkage", linkage_word(linkage).into())]))
    };
    match *kind {
        Kind::Void => ("VOID", Fields::new()),
        Kind::Int(int) => ("INT", int_fields(int)),
        Kind::Ptr(ty) => to("PTR", ty),
        Kind::Array(array) => {
            let all = [
                ("type_id", array.element.into()),
                ("index_type_id", array.index.into()),
                ("nr_elems", array.len.into()),
            ];
            ("ARRAY", fields(all))
        }
        Kind::Struct(ty) => composite("STRUCT", ty.size, ty.len()),
        Kind::Union(ty) => composite("UNION", ty.size, ty.len()),
        Kind::Enum(ty) => values("ENUM", ty.signed, ty.size, ty.len()),
        Kind::Enum64(ty) => values("ENUM64", ty.signed, ty.size, ty.len()),
        Kind::Fwd { is_union } => {
            ("FWD", fields([("fwd_kind", if is_union { "union" } else { "struct" }.into())]))
        }
        Kind::Typedef(ty) => to("TYPEDEF", ty),
        Kind::Volatile(ty) => to("VOLATILE", ty),
        Kind::Const(ty) => to("CONST", ty),
        Kind::Restrict(ty) => to("RESTRICT", ty),
        Kind::Func { proto, linkage } => linked("FUNC", proto, linkage),
        Kind::FuncProto(proto) => {
            let all = [("ret_type_id", proto.ret.into()), ("vlen", proto.params().len().into())];
            ("FUNC_PROTO", fields(all))
        }
        Kind::Var { ty, linkage } => linked("VAR", ty, linkage),
        Kind::DataSec(section) => composite("DATASEC", section.size, section.vars().len()),
        Kind::Float { size } => ("FLOAT", fields([("size", size.into())])),
        Kind::DeclTag { ty, component, .. } => {
            let index = component.map_or(-1, i64::from);
            ("DECL_TAG", fields([("type_id", ty.into()), ("component_idx", index.into())]))
        }
        Kind::TypeTag { ty, .. } => to("TYPE_TAG", ty),
        _ => ("UNKNOWN", Fields::new()),
    }
}

fn int_fields(int: Int) -> Fields {
    let encoding = match int.encoding {
        encoding if encoding.is_bool() => "BOOL",
        encoding if encoding.is_char() => "CHAR",
        encoding if encoding.is_signed() => "SIGNED",
        _ => "(none)",
    };
    fields([
        ("size", int.size.into()),
        ("bits_offset", int.offset.into()),
        ("nr_bits", int.bits.into()),
        ("encoding", encoding.into()),
    ])
}

fn parts(kind: &Kind<'_>) -> (Option<&'static str>, Vec<Fields>) {
    match *kind {
        Kind::Struct(ty) | Kind::Union(ty) => {
            let members = ty.members().map(|member| {
                let mut part = fields([
                    ("name", named(member.name).into()),
                    ("type_id", member.ty.into()),
                    ("bits_offset", member.bit_offset.into()),
                ]);
                if let Some(bits) = member.bitfield_size {
                    part.push(("bitfield_size", bits.into()));
                }
                part
            });
            (Some("members"), members.collect())
        }
        Kind::Enum(ty) => {
            let values = ty
                .values()
                .map(|(name, value)| fields([("name", named(name).into()), ("val", value.into())]));
            (Some("values"), values.collect())
        }
        Kind::Enum64(ty) => {
            let values = ty.values().map(|(name, value)| {
                let value =
                    if ty.signed { Value::from(value.cast_signed()) } else { Value::from(value) };
                fields([("name", named(name).into()), ("val", value)])
            });
            (Some("values"), values.collect())
        }
        Kind::FuncProto(proto) => {
            let params = proto.params().map(|param| {
                fields([("name", named(param.name).into()), ("type_id", param.ty.into())])
            });
            (Some("params"), params.collect())
        }
        Kind::DataSec(section) => {
            let vars = section.vars().map(|var| {
                fields([
                    ("type_id", var.ty.into()),
                    ("offset", var.offset.into()),
                    ("size", var.size.into()),
                ])
            });
            (Some("vars"), vars.collect())
        }
        _ => (None, Vec::new()),
    }
}

fn linkage_word(linkage: Linkage) -> &'static str {
    match linkage {
        Linkage::Static => "static",
        Linkage::Global => "global",
        Linkage::Extern => "extern",
    }
}

fn named(name: &str) -> &str {
    if name.is_empty() { "(anon)" } else { name }
}
