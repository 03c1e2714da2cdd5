//! Reads the output of libtest and libtest-mimic, also where tests print between their name and their result.

/// A test's result as it was printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Passed,
    Failed,
    /// With the reason, if one is given.
    Ignored(Option<String>),
    /// It was begun and never ended.
    Unfinished,
}

/// What a test binary reported.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// From `running N tests`.
    pub(crate) announced: Option<usize>,
    pub(crate) tests: Vec<(String, Status)>,
    /// From the list of failures: test, first lines of its message.
    messages: Vec<(String, String)>,
}

impl Report {
    /// What a failed test gave as its reason.
    pub(crate) fn message(&self, test: &str) -> Option<&str> {
        let found = self.messages.iter().find(|(name, _)| name == test);
        found.map(|(_, message)| message.as_str()).filter(|message| !message.is_empty())
    }
}

/// Reads the whole output of one binary. What is not libtest's gives an empty report.
pub(crate) fn parse(output: &str) -> Report {
    let mut report = Report::default();
    let mut pending: Option<Pending> = None;
    for line in output.lines() {
        let line = line.trim_end();
        if let Some((name, rest)) = test_line(line) {
            report.tests.extend(pending.take().map(Pending::close));
            match status(rest) {
                Some(status) => report.tests.push((name, status)),
                None => pending = Some(Pending { name, last: rest.to_owned() }),
            }
        } else if let Some(count) = running(line) {
            report.announced = Some(report.announced.unwrap_or(0) + count);
        } else if line.starts_with("test result: ") {
            report.tests.extend(pending.take().map(Pending::close));
        } else if let Some(mut open) = pending.take() {
            match status(line) {
                Some(status) => report.tests.push((open.name, status)),
                None => {
                    if !line.is_empty() {
                        open.last = line.to_owned();
                    }
                    pending = Some(open);
                }
            }
        }
    }
    report.tests.extend(pending.map(Pending::close));
    report.messages = messages(output);
    report
}

/// The list of failures: a `---- NAME ----` (libtest: `---- NAME stdout ----`) and text up to the next one.
fn messages(output: &str) -> Vec<(String, String)> {
    const LINES: usize = 3;
    let mut messages: Vec<(String, String)> = Vec::new();
    let mut taken = LINES;
    for line in output.lines().map(str::trim) {
        let header = line.strip_prefix("---- ").and_then(|line| line.strip_suffix(" ----"));
        if let Some(name) = header {
            let name = name.strip_suffix(" stdout").unwrap_or(name);
            messages.push((name.to_owned(), String::new()));
            taken = 0;
        } else if line == "failures:" {
            taken = LINES;
        } else if line.is_empty() || taken == LINES {
            continue;
        } else if let Some((_, text)) = messages.last_mut() {
            let separator = if text.is_empty() { "" } else { " | " };
            text.push_str(separator);
            text.push_str(line);
            taken += 1;
        }
    }
    messages
}

/// A test whose result has not been seen.
struct Pending {
    name: String,
    last: String,
}

impl Pending {
    /// A test that prints without an end of line has its result right behind that.
    fn close(self) -> (String, Status) {
        let status = [("ok", Status::Passed), ("FAILED", Status::Failed)]
            .into_iter()
            .find(|(end, _)| self.last.ends_with(end))
            .map_or(Status::Unfinished, |(_, status)| status);
        (self.name, status)
    }
}

/// `test [kind] NAME ... REST`
fn test_line(line: &str) -> Option<(String, &str)> {
    let (name, rest) = match line.strip_prefix("test ")?.split_once(" ... ") {
        Some(parts) => parts,
        None => (line.strip_prefix("test ")?.strip_suffix(" ...")?, ""),
    };
    let name = match name.strip_prefix('[').and_then(|name| name.split_once("] ")) {
        Some((_kind, name)) => name,
        None => name,
    };
    // Standard libtest appends ` - should panic`; names of libtest-mimic are padded.
    let name = name.trim().split(" - ").next()?;
    (!name.is_empty()).then(|| (name.to_owned(), rest.trim()))
}

fn status(text: &str) -> Option<Status> {
    match text {
        "ok" => return Some(Status::Passed),
        "FAILED" => return Some(Status::Failed),
        _ => {}
    }
    // `ignored`, `ignored, REASON` (libtest), `ignored (REASON)` (libtest-mimic)
    let rest = text.strip_prefix("ignored")?;
    if rest.is_empty() {
        return Some(Status::Ignored(None));
    }
    let reason = rest
        .strip_prefix(", ")
        .or_else(|| rest.strip_prefix(" (").and_then(|rest| rest.strip_suffix(')')))?;
    Some(Status::Ignored(Some(reason.to_owned())))
}

fn running(line: &str) -> Option<usize> {
    let count = line.strip_prefix("running ")?;
    count.strip_suffix(" tests").or_else(|| count.strip_suffix(" test"))?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(output: &str) -> Vec<(String, Status)> {
        parse(output).tests
    }

    #[test]
    fn both_libtests_are_read() {
        let output = "\nrunning 6 tests\n\
            test a            ... ok\n\
            test long::name   ... FAILED\n\
            test mimic        ... ignored (needs TCX (Linux 6.6))\n\
            test [vm] libtest ... ignored, needs arena (Linux 6.9)\n\
            test plain        ... ignored\n\
            test p - should panic ... ok\n\
            \n\
            failures:\n\n---- long::name ----\ntest of something\nok\n\n\
            failures:\n    long::name\n\n\
            test result: FAILED. 2 passed; 1 failed; 3 ignored\n";
        let report = parse(output);
        assert_eq!(report.announced, Some(6));
        let expected = [
            ("a", Status::Passed),
            ("long::name", Status::Failed),
            ("mimic", Status::Ignored(Some("needs TCX (Linux 6.6)".into()))),
            ("libtest", Status::Ignored(Some("needs arena (Linux 6.9)".into()))),
            ("plain", Status::Ignored(None)),
            ("p", Status::Passed),
        ];
        assert_eq!(report.tests, expected.map(|(name, status)| (name.into(), status)));
        assert_eq!(report.message("long::name"), Some("test of something | ok"));
        assert_eq!(report.message("a"), None);
    }

    #[test]
    fn messages_are_cut_short() {
        let output =
            "---- a stdout ----\n\none\ntwo\nthree\nfour\n---- b ----\n\nfailures:\n    a\n    b\n";
        let report = parse(output);
        assert_eq!(report.message("a"), Some("one | two | three"));
        assert_eq!(report.message("b"), None);
    }

    #[test]
    fn output_between_name_and_result_does_not_hide_it() {
        let output = "test a ... one line\nanother\nok\n\
            test b ... no end of lineFAILED\n\
            test c ... \nok\n\
            test d ... text ok\n\
            test result: ok.\n";
        let expected = [
            ("a", Status::Passed),
            ("b", Status::Failed),
            ("c", Status::Passed),
            ("d", Status::Passed),
        ];
        assert_eq!(only(output), expected.map(|(name, status)| (name.to_owned(), status)));
    }

    #[test]
    fn a_test_that_never_ends_is_named() {
        let expected = [("a".to_owned(), Status::Passed), ("b".to_owned(), Status::Unfinished)];
        assert_eq!(only("test a ... ok\ntest b ... "), expected);
        assert_eq!(only("test a ... ok\ntest b ... waiting\nstill"), expected);
        assert_eq!(only("test a ... ok\ntest b ..."), expected);
    }

    #[test]
    fn other_output_is_no_report() {
        assert_eq!(parse("Linux 6.1\ntesting ... ok\nok\n"), Report::default());
    }
}
