//! The layout of a generated struct, held to the object's while it compiles.
//!
//! One call a struct: an assertion for each field, with its own text, took the compiler longer than anything else about it.

/// Does nothing where a struct is laid out as expected: its size, its alignment, and the offsets of its fields, whose
/// names are one string.
///
/// # Panics
/// Where it is not, which is an error of compilation with the panic's text.
#[track_caller]
pub const fn same_layout(name: &str, fields: &str, found: &[usize], expected: &[usize]) {
    let mut n = 0;
    while n < expected.len() {
        if found[n] != expected[n] {
            match n {
                0 => differs(&["size of ", name]),
                1 => differs(&["alignment of ", name]),
                _ => differs(&["offset of ", name, ".", nth_word(fields, n - 2)]),
            }
        }
        n += 1;
    }
}

/// The only format of a panic in a constant function is a string that it has.
#[track_caller]
const fn differs(what: &[&str]) -> ! {
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

const fn nth_word(words: &str, nth: usize) -> &str {
    let mut rest = words.as_bytes().trim_ascii_start();
    let mut skip = nth;
    loop {
        let mut len = 0;
        while len < rest.len() && !rest[len].is_ascii_whitespace() {
            len += 1;
        }
        let (word, after) = rest.split_at(len);
        if skip == 0 {
            return match str::from_utf8(word) {
                Ok(word) => word,
                Err(_) => "",
            };
        }
        skip -= 1;
        rest = after.trim_ascii_start();
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
        const FIELDS: &str = "pid r#type\n    größe";
        let expected = [24, 8, 0, 4, 16];
        same_layout("event", FIELDS, &expected, &expected);
        for (found, text) in [
            ([20, 8, 0, 4, 16], "size of event"),
            ([24, 4, 0, 4, 16], "alignment of event"),
            ([24, 8, 1, 4, 16], "offset of event.pid"),
            ([24, 8, 0, 8, 16], "offset of event.r#type"),
            ([24, 8, 0, 4, 17], "offset of event.größe"),
        ] {
            let told = told(move || same_layout("event", FIELDS, &found, &expected));
            assert_eq!(told, format!("{text} differs from the object's"));
        }
        let long = "x".repeat(300);
        assert_eq!(told(move || same_layout(&long, "a", &[0], &[1])).len(), 256);
    }
}
