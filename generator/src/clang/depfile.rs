//! clang's dependency output (`-MD -MF`), which is a makefile rule.

use std::path::PathBuf;

/// The prerequisites of the rules in a dependency file, in order, each once.
///
/// Escapes as clang and gcc write them for make: a space as `\ ` (with the backslashes before it doubled), `#` as
/// `\#`, `$` as `$$`; a backslash at the end of a line continues it. Any other backslash stands for itself.
pub(crate) fn parse(text: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    let joined = text.replace("\r\n", "\n").replace("\\\n", " ");
    for rule in joined.lines() {
        let words = words(rule);
        // The first word that ends in a colon closes the targets; a colon elsewhere is part of a name.
        let Some(colon) = words.iter().position(|word| word.ends_with(':')) else { continue };
        for word in &words[colon + 1..] {
            let path = PathBuf::from(word);
            if !files.contains(&path) {
                files.push(path);
            }
        }
    }
    files
}

fn words(rule: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = rule.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                let mut slashes = 1;
                while chars.next_if_eq(&'\\').is_some() {
                    slashes += 1;
                }
                match chars.peek() {
                    Some(&next @ (' ' | '\t' | '#')) => {
                        // Before a space 2n + 1 backslashes stand for n and the space; 2n end the word.
                        word.extend(std::iter::repeat_n('\\', slashes / 2));
                        if slashes % 2 == 1 {
                            word.push(next);
                            chars.next();
                        }
                    }
                    _ => word.extend(std::iter::repeat_n('\\', slashes)),
                }
            }
            '$' if chars.next_if_eq(&'$').is_some() => word.push('$'),
            c if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
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
            assert_eq!(parse(text), want, "{text:?}");
        }
    }
}
