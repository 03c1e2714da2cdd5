//! What the guest's first process (`init`) says to the runner, and what a kernel says when it is in trouble.

/// One line of the tests' port.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// The guest is up; the kernel's release.
    Init(&'a str),
    /// A job begins.
    Begin(usize),
    /// A job ended with this exit status.
    Result(usize, i32),
    /// Something that the guest could not do.
    Note(&'a str),
    /// All jobs are done.
    Done,
    /// Output of a job.
    Text(&'a str),
}

/// Reads a line; a marker that is cut short is plain text.
pub(crate) fn parse(line: &str) -> Line<'_> {
    marker(line).unwrap_or(Line::Text(line))
}

fn marker(line: &str) -> Option<Line<'_>> {
    let rest = line.strip_prefix("@@")?;
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    Some(match word {
        "INIT" => Line::Init(rest),
        "BEGIN" => Line::Begin(rest.parse().ok()?),
        "RESULT" => {
            let (job, status) = rest.split_once(' ')?;
            Line::Result(job.parse().ok()?, status.parse().ok()?)
        }
        "NOTE" => Line::Note(rest),
        "DONE" => Line::Done,
        _ => return None,
    })
}

/// Cuts bytes of a serial port into lines without their ends.
#[derive(Default)]
pub(crate) struct Lines {
    partial: Vec<u8>,
}

impl Lines {
    /// Takes bytes, gives the lines that they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<String> {
        self.partial.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(end) = self.partial.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            lines.push(line.trim_end_matches(['\r', '\n']).to_owned());
        }
        lines
    }

    /// What came since the last line's end.
    pub(crate) fn rest(&self) -> String {
        String::from_utf8_lossy(&self.partial).into_owned()
    }
}

/// Lines of the kernel's console that mean a fault of the kernel itself. A lockup that the watchdogs see is no
/// fault here: emulated processors stand still when the host is busy.
pub(crate) fn faults(console: &str) -> Vec<&str> {
    const SIGNS: &[&str] =
        &["Kernel panic", "Oops: ", "BUG: ", "general protection fault", "kernel BUG at", "KASAN"];
    let is_fault =
        |line: &&str| SIGNS.iter().any(|sign| line.contains(sign)) && !line.contains("lockup");
    console.lines().map(str::trim_end).filter(is_fault).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_read() {
        assert_eq!(parse("@@INIT 6.1.0-50-cloud-amd64"), Line::Init("6.1.0-50-cloud-amd64"));
        assert_eq!(parse("@@BEGIN 0"), Line::Begin(0));
        assert_eq!(parse("@@RESULT 1 139"), Line::Result(1, 139));
        assert_eq!(parse("@@NOTE no tracefs"), Line::Note("no tracefs"));
        assert_eq!(parse("@@DONE"), Line::Done);
    }

    #[test]
    fn anything_else_is_text() {
        for line in ["", "test a ... ok", "@@", "@@RESULT 1", "@@RESULT x 0", "@@OTHER", "x @@DONE"]
        {
            assert_eq!(parse(line), Line::Text(line));
        }
    }

    #[test]
    fn lines_are_whole_whatever_the_pieces() {
        let mut lines = Lines::default();
        assert!(lines.feed(b"test a ... ").is_empty());
        assert_eq!(lines.rest(), "test a ... ");
        assert_eq!(lines.feed(b"ok\r\ntest b\n\nc"), ["test a ... ok", "test b", ""]);
        assert_eq!(lines.rest(), "c");
    }

    #[test]
    fn kernel_faults_are_found() {
        let console = "[    1.0] BUG: kernel NULL pointer dereference, address: 0\r\n\
            [    1.1] Oops: 0000 [#1] SMP\n\
            [    2.0] watchdog: BUG: soft lockup - CPU#1 stuck for 22s!\n\
            [    3.0] Kernel panic - not syncing: Fatal exception\n\
            [    3.1] debug: all well\n";
        let found: Vec<_> = faults(console).iter().map(|line| &line[10..14]).collect();
        assert_eq!(found, ["BUG:", "Oops", "Kern"]);
    }
}
