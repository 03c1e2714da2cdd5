//! `private::layouts!`: what holds structs to their layouts.

use super::writer::Writer;
use crate::ident::Ident;
use crate::model::{Field, FieldRole, Ty, Types};

/// Structs whose layout one constant checks: it takes the compiler many times as long as a constant, and stops at some
/// number of steps in one.
const STRUCTS_AT_ONCE: usize = 100;

/// Offsets that one constant checks: an incremental build hashes the whole constant once more for each of them.
const OFFSETS_AT_ONCE: usize = 25;

/// Of numbers one behind the other, each of this many is held to its offset.
const STRIDE: usize = 16;

/// What the macro takes of a struct, or of a part of its fields.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    offsets: usize,
    text: String,
}

/// The rows of a struct, inside of so many braces: its size, its alignment, and the offsets that prove those of all fields.
pub(super) fn rows(
    out: &mut Vec<Row>,
    (model, depth): (&Types<'_>, usize),
    (ident, size, align): (&Ident, u64, u64),
    fields: &[Field],
) {
    let held = held(model, size, fields);
    let mut parts = held.chunks(OFFSETS_AT_ONCE);
    let mut part = parts.next();
    loop {
        let fields = part.unwrap_or_default();
        let mut row = Writer::new(depth);
        row.row(|list| {
            list.item((ident, ": ", size)).item(align);
            list.items(fields.iter().map(|field| (&field.ident, ": ", field.offset))).group();
        });
        out.push(Row { offsets: fields.len(), text: row.into_text() });
        part = parts.next();
        if part.is_none() {
            return;
        }
    }
}

/// The fields whose offsets prove those of all: each that is a struct, a union, an enum or a type of the user's, or is behind
/// one; the last one; and each [`STRIDE`]th of those that are left, which are numbers behind numbers.
///
/// Such a number has one place. Rust itself has the sizes of what is between the one held before it and the one behind it,
/// or the end, which is the struct's size; they add up to what is between those two, since every byte of padding is a field;
/// so that nothing else is between. An offset costs the compiler more than all else about a field.
fn held<'f>(model: &Types<'_>, size: u64, fields: &'f [Field]) -> Vec<&'f Field> {
    let touch = touch(model, size, fields);
    let last = fields.iter().rposition(|field| field.role != FieldRole::Padding);
    let (mut held, mut left, mut follows) = (Vec::new(), STRIDE, false);
    for (nth, field) in fields.iter().enumerate() {
        let is_number = is_number(model, &field.ty);
        if field.role != FieldRole::Padding && field.offset != 0 {
            left -= 1;
            if left == 0 || !is_number || !follows || last == Some(nth) || !touch {
                held.push(field);
                left = STRIDE;
            }
        }
        follows = is_number;
    }
    held
}

/// Whether each field starts where the one before it ends, and the last one ends with the struct.
fn touch(model: &Types<'_>, size: u64, fields: &[Field]) -> bool {
    let mut end = 0;
    let touch = fields.iter().all(|field| {
        let start = std::mem::replace(&mut end, field.offset.saturating_add(model.size(&field.ty)));
        field.offset == start
    });
    touch && (end == size || fields.is_empty())
}

/// Whether its size is the same whatever this crate generates.
fn is_number(model: &Types<'_>, ty: &Ty) -> bool {
    match model.unaliased(ty) {
        Ty::Int { .. } | Ty::Float { .. } | Ty::Bool | Ty::Chars(_) | Ty::Ptr(_) => true,
        Ty::Array(element, _) => is_number(model, element),
        Ty::Def(_) | Ty::Function(..) | Ty::Unit => false,
    }
}

/// Invocations of the macro for rows.
pub(super) fn layouts<'r>(
    out: &mut Writer,
    runtime: &str,
    rows: impl IntoIterator<Item = &'r Row>,
) {
    let (mut structs, mut offsets) = (0, 0);
    for row in rows {
        let full = structs == STRUCTS_AT_ONCE || offsets + row.offsets > OFFSETS_AT_ONCE;
        if structs > 0 && full {
            out.close("}");
            (structs, offsets) = (0, 0);
        }
        if structs == 0 {
            out.open(format_args!("{runtime}::private::layouts! {{"));
        }
        out.lines(&row.text);
        (structs, offsets) = (structs + 1, offsets + row.offsets);
    }
    if structs > 0 {
        out.close("}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::identifier;

    /// Fields one behind the other, and their size.
    fn fields(count: u64, ty: impl Fn(u64) -> Ty) -> (u64, Vec<Field>) {
        let mut size = 0;
        let field = |nth| {
            let ty = ty(nth);
            let offset = size;
            size += Types::new(None).size(&ty);
            let ident = identifier(&format!("f{nth}")).unwrap();
            Field { ident, role: FieldRole::Member, ty, offset, c: String::new(), why: "" }
        };
        let fields = (0..count).map(field).collect();
        (size, fields)
    }

    fn held_of((size, fields): &(u64, Vec<Field>)) -> Vec<String> {
        let held = held(&Types::new(None), *size, fields);
        held.iter().map(|field| field.ident.to_string()).collect()
    }

    #[test]
    fn few_numbers_prove_all() {
        let number = |_| Ty::unsigned(4);
        assert!(held_of(&fields(1, number)).is_empty());
        // The last one, and some of many.
        let ten = fields(10, number);
        assert_eq!(held_of(&ten), ["f9"]);
        assert_eq!(held_of(&fields(2 * STRIDE as u64 + 3, number)), ["f16", "f32", "f34"]);
        // What is no number, and what is behind it.
        let mixed = fields(10, |nth| if nth == 5 { Ty::Unit } else { Ty::Ptr(Box::new(Ty::Unit)) });
        assert_eq!(held_of(&mixed), ["f5", "f6", "f9"]);
        // Padding is bytes, and no field that is held, not even as the last.
        let mut padded = fields(10, |nth| if nth % 4 == 1 { Ty::bytes(4) } else { Ty::Chars(4) });
        [1, 5, 9].into_iter().for_each(|nth| padded.1[nth].role = FieldRole::Padding);
        assert_eq!(held_of(&padded), ["f8"]);
        // Where they do not add up, nothing proves anything.
        let all: Vec<String> = (1..10).map(|nth| format!("f{nth}")).collect();
        assert_eq!(held_of(&(44, ten.1)), all);
        let mut apart = fields(10, number);
        apart.1.iter_mut().skip(5).for_each(|field| field.offset += 4);
        assert_eq!(held_of(&(44, apart.1)), all);
    }

    #[test]
    fn one_constant_has_not_too_much() {
        let ident = identifier("s").unwrap();
        let print = |structs: usize, fields: &[Field]| {
            let (mut out, mut all) = (Writer::new(0), Vec::new());
            let model = &Types::new(None);
            (0..structs).for_each(|_| rows(&mut all, (model, 1), (&ident, 8, 4), fields));
            layouts(&mut out, "rt", &all);
            out.into_text()
        };
        assert_eq!(print(0, &[]), "");
        let calls = |text: &str| text.matches("layouts!").count();
        assert_eq!(print(1, &[]), "rt::private::layouts! {\n    s: 8, 4;\n}\n");
        assert_eq!(calls(&print(STRUCTS_AT_ONCE + 1, &[])), 2);
        let far = |count| {
            let mut fields = fields(count, |_| Ty::unsigned(4)).1;
            fields.iter_mut().for_each(|field| field.offset *= 2);
            fields
        };
        let some = far(OFFSETS_AT_ONCE as u64);
        let text = print(2, &some);
        assert_eq!((calls(&text), text.matches("s: 8, 4,").count()), (2, 2), "{text}");
        let many = far(3 * OFFSETS_AT_ONCE as u64);
        let text = print(1, &many);
        assert_eq!((calls(&text), text.matches("s: 8, 4,").count()), (3, 3), "{text}");
        assert!(
            (1..many.len()).all(|nth| text.contains(&format!("f{nth}: {}", nth * 8))),
            "{text}"
        );
    }
}
