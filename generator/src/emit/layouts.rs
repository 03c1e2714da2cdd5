//! `private::layouts!`: what holds structs to their layouts.

use super::writer::Writer;
use crate::ident::Ident;
use crate::model::{Field, FieldRole, Ty};

/// Structs whose layout one constant checks: it takes the compiler many times as long as a constant, and stops at some
/// number of steps in one.
const STRUCTS_AT_ONCE: usize = 100;

/// Offsets that one constant checks: an incremental build hashes the whole constant once more for each of them.
const OFFSETS_AT_ONCE: usize = 50;

/// Fields of a struct for each of which the compiler looks through those before it, when it is asked for the offset.
const MANY: usize = 200;

/// Of many numbers one behind the other, each of this many is held to its offset.
const STRIDE: usize = 16;

/// What the macro takes of a struct, or of a part of its fields.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    offsets: usize,
    text: String,
}

/// The rows of a struct, inside of so many braces: its size, its alignment, and the offset of each field that is not its first.
pub(super) fn rows(
    out: &mut Vec<Row>,
    depth: usize,
    (ident, size, align): (&Ident, u64, u64),
    fields: &[Field],
) {
    let held = held(fields);
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

/// The fields whose offsets prove those of all. Where there are many, few of the numbers that follow one another are among
/// them: nothing can be between these, whose sizes Rust itself has, unless what is behind them lies elsewhere, too.
fn held(fields: &[Field]) -> Vec<&Field> {
    let is_number = |field: &Field| matches!(field.ty, Ty::Int { .. } | Ty::Float { .. });
    let (mut held, mut left) = (Vec::new(), 0);
    for (nth, field) in fields.iter().enumerate() {
        let follows = nth.checked_sub(1).is_some_and(|before| is_number(&fields[before]));
        if field.role == FieldRole::Padding || field.offset == 0 {
            continue;
        }
        if fields.len() >= MANY && left > 0 && follows && is_number(field) {
            left -= 1;
        } else {
            held.push(field);
            left = STRIDE - 1;
        }
    }
    held
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

    fn fields(count: u64, ty: impl Fn(u64) -> Ty) -> Vec<Field> {
        let field = |nth| Field {
            ident: identifier(&format!("f{nth}")).unwrap(),
            role: FieldRole::Member,
            ty: ty(nth),
            offset: nth * 4,
            c: String::new(),
            why: "",
        };
        (0..count).map(field).collect()
    }

    fn offsets(fields: &[Field]) -> Vec<u64> {
        held(fields).iter().map(|field| field.offset / 4).collect()
    }

    #[test]
    fn few_of_many_numbers_prove_all() {
        let number = |_| Ty::unsigned(4);
        let few = fields(MANY as u64 - 1, number);
        assert_eq!(offsets(&few), (1..few.len() as u64).collect::<Vec<_>>());
        let expected: Vec<u64> = (1..1000).step_by(STRIDE).collect();
        assert_eq!(offsets(&fields(1000, number)), expected);
        // What is no number is held, and so is what is behind it.
        let mixed = fields(1000, |nth| if nth == 500 { Ty::bytes(4) } else { Ty::unsigned(4) });
        let held = offsets(&mixed);
        assert!(held.windows(3).any(|some| some == [497, 500, 501]), "{held:?}");
        // Behind padding, too, which is left out itself.
        let mut padded = fields(1000, |nth| if nth == 3 { Ty::bytes(4) } else { Ty::unsigned(4) });
        padded[3].role = FieldRole::Padding;
        assert_eq!(offsets(&padded)[..2], [1, 4]);
    }

    #[test]
    fn one_constant_has_not_too_much() {
        let ident = identifier("s").unwrap();
        let print = |structs: usize, fields: &[Field]| {
            let (mut out, mut all) = (Writer::new(0), Vec::new());
            (0..structs).for_each(|_| rows(&mut all, 1, (&ident, 8, 4), fields));
            layouts(&mut out, "rt", &all);
            out.into_text()
        };
        assert_eq!(print(0, &[]), "");
        let calls = |text: &str| text.matches("layouts!").count();
        assert_eq!(print(1, &[]), "rt::private::layouts! {\n    s: 8, 4;\n}\n");
        assert_eq!(calls(&print(STRUCTS_AT_ONCE + 1, &[])), 2);
        let some = fields(OFFSETS_AT_ONCE as u64, |_| Ty::bytes(4));
        let text = print(2, &some);
        assert_eq!((calls(&text), text.matches("s: 8, 4,").count()), (2, 2), "{text}");
        let many = fields(3 * OFFSETS_AT_ONCE as u64, |_| Ty::bytes(4));
        let text = print(1, &many);
        assert_eq!((calls(&text), text.matches("s: 8, 4,").count()), (3, 3), "{text}");
        assert!(
            (1..many.len()).all(|nth| text.contains(&format!("f{nth}: {}", nth * 4))),
            "{text}"
        );
    }
}
