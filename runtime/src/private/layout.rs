//! The layout of a generated struct, held to the object's while it compiles.
//!
//! One call for many structs: an assertion for each field, with its own text, took the compiler longer than anything else
//! about it. The numbers are passed by value, since each reference to constants is a constant of its own to the compiler.

/// Does nothing where structs are laid out as expected. `names` has a row of each, `NAME FIELD … ;`; the numbers are its
/// size, its alignment and the offsets of those fields.
///
/// # Panics
/// Where one is not, which is an error of compilation with the panic's text.
#[track_caller]
pub const fn same_layouts<const N: usize>(names: &str, found: [usize; N], expected: [usize; N]) {
    let mut n = 0;
    while n < N {
        if found[n] != expected[n] {
            differs(names, n);
        }
        n += 1;
    }
}

/// Names the number.
#[track_caller]
const fn differs(names: &str, nth: usize) -> ! {
    let (mut left, mut rest) = (nth, names.as_bytes());
    loop {
        let (name, fields) = first_word(rest);
        match left {
            0 => panic_with(&["size of ", name]),
            1 => panic_with(&["alignment of ", name]),
            _ => left -= 2,
        }
        rest = fields;
        loop {
            let (field, after) = first_word(rest);
            rest = after;
            if matches!(field.as_bytes(), b";" | b"") {
                break;
            }
            if left == 0 {
                panic_with(&["offset of ", name, ".", field]);
            }
            left -= 1;
        }
    }
}

/// The only format of a panic in a constant function is a string that it has.
#[track_caller]
const fn panic_with(what: &[&str]) -> ! {
    let mut text = [0; 256];
    let mut len = append(&mut text, 0, what);
    len = append(&mut text, len, &[" differs from the object's"]);
    match str::from_utf8(text.split_at(len).0) {
        Ok(text) => panic!("{}", text),
        Err(_) => panic!("a layout differs from the object's"),
    }
}

/// As much as there is room for, from `len` on; returns the new length.
const fn append(text: &mut [u8], mut len: usize, parts: &[&str]) -> usize {
    let mut part = 0;
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut n = 0;
        while n < bytes.len() && len < text.len() {
            text[len] = bytes[n];
            n += 1;
            len += 1;
        }
        part += 1;
    }
    len
}

/// A word, or a semicolon, and what is behind it.
const fn first_word(text: &[u8]) -> (&str, &[u8]) {
    let text = text.trim_ascii_start();
    let mut len = 0;
    while len < text.len() && !text[len].is_ascii_whitespace() && text[len] != b';' {
        len += 1;
    }
    if len == 0 && !text.is_empty() {
        len = 1;
    }
    let (word, rest) = text.split_at(len);
    match str::from_utf8(word) {
        Ok(word) => (word, rest),
        Err(_) => ("", rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(check: impl FnOnce() + std::panic::UnwindSafe) -> String {
        let panic = std::panic::catch_unwind(check).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    }

    #[test]
    fn what_differs_is_named() {
        const NAMES: &str = "flow; event pid r#type\n    größe ;";
        let expected = [8, 8, 24, 8, 1, 4, 16];
        same_layouts(NAMES, expected, expected);
        for (nth, text) in [
            "size of flow",
            "alignment of flow",
            "size of event",
            "alignment of event",
            "offset of event.pid",
            "offset of event.r#type",
            "offset of event.größe",
        ]
        .into_iter()
        .enumerate()
        {
            let mut found = expected;
            found[nth] += 1;
            let told = told(move || same_layouts(NAMES, found, expected));
            assert_eq!(told, format!("{text} differs from the object's"));
        }
        let long = "x".repeat(300);
        assert_eq!(told(move || same_layouts(&long, [0], [1])).len(), 256);
    }
}
