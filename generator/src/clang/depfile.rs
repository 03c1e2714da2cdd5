//! clang's dependency output (`-MD -MF`), which is a makefile rule.

use std::path::PathBuf;

/// The prerequisites of the rules in a dependency file, in order, each once.
///
/// Escapes as clang and gcc write them for make: a space as `\ ` (with the backslashes before it doubled), `#` as
/// `\#`, `$` as `$$`; a backslash at the end of a line continues it. Any other backslash stands for itself.
pub(crate) fn parse(text: &[u8]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for rule in rules(text) {
        let words = words(&rule);
        // The first word that ends in a colon closes the targets; a colon elsewhere is part of a name.
        let Some(colon) = words.iter().position(|word| word.ends_with(b":")) else { continue };
        for word in &words[colon + 1..] {
            let path = path(word);
            if !files.contains(&path) {
                files.push(path);
            }
        }
    }
    files
}

/// Lines, of which those that end in a backslash go on.
fn rules(text: &[u8]) -> Vec<Vec<u8>> {
    let mut rules = vec![Vec::new()];
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let Some(rule) = rules.last_mut() else { continue };
        match line.strip_suffix(b"\\") {
            Some(begin) => rule.extend([begin, b" "].concat()),
            None => {
                rule.extend(line);
                rules.push(Vec::new());
            }
        }
    }
    rules
}

fn words(rule: &[u8]) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word = Vec::new();
    let mut bytes = rule.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                let mut slashes = 1;
                while bytes.next_if_eq(&b'\\').is_some() {
                    slashes += 1;
                }
                match bytes.peek() {
                    Some(&next @ (b' ' | b'\t' | b'#')) => {
                        // Before a space 2n + 1 backslashes stand for n and the space; 2n end the word.
                        word.extend(std::iter::repeat_n(b'\\', slashes / 2));
                        if slashes % 2 == 1 {
                            word.push(next);
                            bytes.next();
                        }
                    }
                    _ => word.extend(std::iter::repeat_n(b'\\', slashes)),
                }
            }
            b'$' if bytes.next_if_eq(&b'$').is_some() => word.push(b'$'),
            byte if byte.is_ascii_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            byte => word.push(byte),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Names of files are bytes; elsewhere clang writes them as UTF-8.
fn path(word: &[u8]) -> PathBuf {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;

        std::ffi::OsStr::from_bytes(word).into()
    }
    #[cfg(not(unix))]
    {
        String::from_utf8_lossy(word).into_owned().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_continuations() {
        let cases: &[(&str, &[&str])] = &[
            ("x.o: a.c b.h\n", &["a.c", "b.h"]),
            ("x.o: \\\n  a.c \\\n  b.h\n", &["a.c", "b.h"]),
            ("x.o: a.c \\\r\n b.h\r\n", &["a.c", "b.h"]),
            (r"x.o: my\ file.c", &["my file.c"]),
            (r"x.o: my\\\ file.c", &[r"my\ file.c"]),
            (r"x.o: a\#b.c cost$$5.h", &["a#b.c", "cost$5.h"]),
            (r"x.o: dir\file.c", &[r"dir\file.c"]),
            (r"x.o: C:\a.c", &[r"C:\a.c"]),
            ("x.o: a.c a.c\n\nb.h:\n", &["a.c"]),
            ("x.o:\n", &[]),
            ("", &[]),
            ("no rule at all", &[]),
        ];
        for (text, files) in cases {
            let want: Vec<PathBuf> = files.iter().map(PathBuf::from).collect();
            assert_eq!(parse(text.as_bytes()), want, "{text:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn names_need_not_be_text() {
        use std::os::unix::ffi::OsStrExt as _;

        let files = parse(b"x.o: caf\xe9.c \xff\\ .h\n");
        let bytes: Vec<&[u8]> = files.iter().map(|file| file.as_os_str().as_bytes()).collect();
        assert_eq!(bytes, [&b"caf\xe9.c"[..], b"\xff .h"]);
    }
}
