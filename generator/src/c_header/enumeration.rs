//! Enums with their enumerators.

use std::fmt::Write;

use bpf_skel::btf::Kind;

use super::base::{self, EnumForm};
use super::writer::Writer;

impl<'b> Writer<'b> {
    /// `enum name { … }`. Enumerators without a name, which no compiler writes, are left out, and values are cut to the
    /// enum's size.
    pub(super) fn enumeration(&mut self, id: u32) {
        let Some(ty) = self.btf.type_by_id(id) else { return };
        let (size, signed) = match ty.kind {
            Kind::Enum(kind) => (kind.size, kind.signed),
            Kind::Enum64(kind) => (kind.size, kind.signed),
            _ => return,
        };
        let values: Vec<(&'b str, i128)> = match ty.kind {
            Kind::Enum(kind) => kind
                .values()
                .map(|(name, value)| (name, cut(value.into(), size, signed)))
                .filter(|(name, _)| !name.is_empty())
                .collect(),
            Kind::Enum64(kind) => kind
                .values()
                .map(|(name, value)| (name, cut(value.into(), size, signed)))
                .filter(|(name, _)| !name.is_empty())
                .collect(),
            _ => return,
        };
        let words = base::enum_words(size, signed);
        if values.is_empty() && ty.name.is_empty() {
            self.out.push_str(words);
            return;
        }
        self.tag(id, &ty);
        if values.is_empty() {
            // C has no enum without enumerators, but one of a given type can be declared so and used.
            let _ = write!(self.out, " : {words}");
            return;
        }
        let smallest = values.iter().map(|(_, value)| *value).min().unwrap_or(0).min(0);
        let largest = values.iter().map(|(_, value)| *value).max().unwrap_or(0).max(0);
        let form = base::enum_form(size, signed, smallest, largest);
        if let EnumForm::Typed(words) = form {
            let _ = write!(self.out, " : {words}");
        }
        self.out.push_str(" {\n");
        self.indent += 1;
        for (name, value) in values {
            self.tabs();
            self.names.write_enumerator(&mut self.out, name);
            self.out.push_str(" = ");
            self.constant(value, size);
            self.out.push_str(",\n");
        }
        self.indent -= 1;
        self.tabs();
        self.out.push('}');
        self.attributes(form == EnumForm::Packed, None);
        self.decl_tags(id, None);
    }

    fn constant(&mut self, value: i128, size: u32) {
        let suffix = match value {
            _ if size != 8 => "",
            value if value > i128::from(i64::MAX) => "ULL",
            _ => "LL",
        };
        if value == i128::from(i64::MIN) {
            // The number without its sign is no `long long`.
            let _ = write!(self.out, "({}LL - 1)", value + 1);
        } else {
            let _ = write!(self.out, "{value}{suffix}");
        }
    }
}

/// What an enum of this size can have of a value.
fn cut(value: i128, size: u32, signed: bool) -> i128 {
    match (size, signed) {
        (1, true) => (value as i8).into(),
        (1, false) => (value as u8).into(),
        (2, true) => (value as i16).into(),
        (2, false) => (value as u16).into(),
        (8, true) => (value as i64).into(),
        (8, false) => (value as u64).into(),
        (_, true) => (value as i32).into(),
        (_, false) => (value as u32).into(),
    }
}
