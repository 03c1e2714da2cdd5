//! Words of the documentation of generated items.

/// Text out of the object as code. It is untrusted: it must neither end the line nor the code.
pub(super) fn code(text: &str) -> String {
    let mut clean = String::with_capacity(text.len() + 2);
    clean.push('`');
    for c in text.chars() {
        match c {
            '`' => clean.push('\''),
            c if c.is_control() => clean.extend(c.escape_default()),
            c => clean.push(c),
        }
    }
    clean.push('`');
    clean
}

/// "1 byte", "24 bytes".
pub(super) fn bytes(count: u64) -> String {
    match count {
        1 => "1 byte".to_owned(),
        _ => format!("{count} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_end_the_comment() {
        assert_eq!(code("a\n*/ fn `x`"), r"`a\n*/ fn 'x'`");
        assert_eq!(bytes(1), "1 byte");
    }
}
