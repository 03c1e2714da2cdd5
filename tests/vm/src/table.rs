//! The matrix as a person reads it: rows are tests, columns are kernels.

use std::fmt::Write;

use crate::verdict::Verdict;

/// What each kernel gave for each test.
#[derive(Default)]
pub(crate) struct Table {
    kernels: Vec<String>,
    tests: Vec<String>,
    cells: Vec<Cell>,
}

struct Cell {
    kernel: usize,
    test: usize,
    verdict: Verdict,
}

impl Table {
    /// Adds a column.
    pub(crate) fn kernel(&mut self, name: &str, rows: Vec<(String, Verdict)>) {
        let kernel = self.kernels.len();
        self.kernels.push(name.to_owned());
        for (name, verdict) in rows {
            let test = self.tests.iter().position(|test| *test == name).unwrap_or_else(|| {
                self.tests.push(name);
                self.tests.len() - 1
            });
            self.cells.push(Cell { kernel, test, verdict });
        }
    }

    /// How many cells failed.
    pub(crate) fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Failed(_)))
    }

    /// How many cells passed.
    pub(crate) fn passed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Passed))
    }

    fn count(&self, is: impl Fn(&Verdict) -> bool) -> usize {
        self.cells.iter().filter(|cell| is(&cell.verdict)).count()
    }

    /// The matrix, the failures with their reasons, and the sum.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let width = self.tests.iter().map(|name| name.len()).max().unwrap_or(0).max(4);
        let mut line = |first: &str, rest: Vec<String>| {
            let rest: String = rest.iter().map(|cell| format!("  {cell:<6}")).collect();
            let _ = writeln!(text, "{}", format!("{first:<width$}{rest}").trim_end());
        };
        line("test", self.kernels.clone());
        for (test, name) in self.tests.iter().enumerate() {
            line(
                name,
                (0..self.kernels.len()).map(|kernel| self.cell(kernel, test).into()).collect(),
            );
        }
        for cell in &self.cells {
            if let Verdict::Failed(reason) = &cell.verdict {
                let (kernel, test) = (&self.kernels[cell.kernel], &self.tests[cell.test]);
                let _ = writeln!(text, "FAILED on {kernel}: {test}: {reason}");
            }
        }
        let skipped = self.count(|verdict| matches!(verdict, Verdict::Skipped(_)));
        let _ =
            writeln!(text, "{} passed, {} failed, {skipped} skipped", self.passed(), self.failed());
        text
    }

    fn cell(&self, kernel: usize, test: usize) -> &'static str {
        let of = self.cells.iter().filter(|cell| cell.kernel == kernel && cell.test == test);
        // A binary may name a test twice: the worst counts.
        of.map(|cell| match cell.verdict {
            Verdict::Failed(_) => "FAILED",
            Verdict::Passed => "ok",
            Verdict::Skipped(_) => "skip",
        })
        .min_by_key(|word| *word != "FAILED")
        .unwrap_or("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_is_plain_text() {
        let mut table = Table::default();
        let skip = Verdict::Skipped("needs x (Linux 6.6)".into());
        table.kernel("5.10", vec![("maps".into(), Verdict::Passed), ("tcx_link".into(), skip)]);
        let failed = Verdict::Failed("exit status 1".into());
        table.kernel("6.12", vec![("tcx_link".into(), failed), ("late".into(), Verdict::Passed)]);
        let expected = "\
test      5.10    6.12
maps      ok      -
tcx_link  skip    FAILED
late      -       ok
FAILED on 6.12: tcx_link: exit status 1
2 passed, 1 failed, 1 skipped
";
        assert_eq!(table.render(), expected);
    }
}
