//! The table of disagreements where ours is right, or not done yet.

use std::cell::Cell;

use crate::compare::{Disagreement, What};

/// A line of the table: `OBJECT PROGRAM WHAT REASON`, where a name may end in `*`, and an object is named with its
/// folder or, in whatever folder, without; or `feature: NAME`, for what our own error calls "not supported yet: NAME".
#[derive(Debug)]
pub(crate) struct Explanation {
    rule: Rule,
    pub(crate) text: String,
    pub(crate) used: Cell<usize>,
}

#[derive(Debug)]
enum Rule {
    Feature(String),
    Place { object: String, program: String, what: String },
}

pub(crate) fn parse(text: &str) -> Result<Vec<Explanation>, String> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(parse_line).collect()
}

fn parse_line(line: &str) -> Result<Explanation, String> {
    let rule = match line.strip_prefix("feature: ") {
        Some(feature) => Rule::Feature(format!("not supported yet: {feature}")),
        None => {
            let mut words = line.split_whitespace();
            let mut next = || words.next().map(str::to_owned);
            match (next(), next(), next(), next()) {
                (Some(object), Some(program), Some(what), Some(_)) => {
                    Rule::Place { object, program, what }
                }
                _ => return Err(format!("expected OBJECT PROGRAM WHAT REASON, found {line:?}")),
            }
        }
    };
    Ok(Explanation { rule, text: line.to_owned(), used: Cell::new(0) })
}

impl Explanation {
    pub(crate) fn explains(&self, disagreement: &Disagreement) -> bool {
        let found = match &self.rule {
            Rule::Feature(words) => {
                matches!(
                    disagreement.what,
                    What::Opens | What::Prepares | What::Loads | What::Errno
                ) && disagreement.detail.contains(words)
            }
            Rule::Place { object, program, what } => {
                let name = match object.contains('/') {
                    true => &disagreement.object,
                    false => disagreement.object.rsplit('/').next().unwrap_or_default(),
                };
                fits(object, name)
                    && fits(program, &disagreement.program)
                    && fits(what, disagreement.what.name())
            }
        };
        if found {
            self.used.set(self.used.get() + 1);
        }
        found
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn disagreement(detail: &str) -> Disagreement {
        Disagreement {
            object: "folder/object".to_owned(),
            program: "program".to_owned(),
            what: What::Loads,
            detail: detail.to_owned(),
            messages: String::new(),
        }
    }

    #[test]
    fn a_line_explains_its_own_disagreement_and_no_other() {
        for (line, detail, expected) in [
            ("object program loads because", "", true),
            ("obj* * loads because", "", true),
            ("folder/object * loads because", "", true),
            ("folder/* * loads because", "", true),
            ("other/object * loads because", "", false),
            ("object program errno because", "", false),
            ("other program loads because", "", false),
            ("feature: arena", "p: not supported yet: arena variables", true),
            ("feature: arena", "p: arena", false),
        ] {
            let lines = parse(line).unwrap();
            assert_eq!(lines[0].explains(&disagreement(detail)), expected, "{line}");
        }
        assert!(parse("object program loads").is_err());
        assert!(parse("# a comment\n\n").unwrap().is_empty());
    }
}
