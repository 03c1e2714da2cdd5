//! Aligned columns for a terminal.

/// A table without lines; columns are as wide as their widest cell.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl Table {
    /// A table with these headings; a heading that starts with `>` is of a column of numbers.
    pub(super) fn new(headings: &[&str]) -> Self {
        let right = headings.iter().map(|heading| heading.starts_with('>')).collect();
        let first = headings.iter().map(|heading| heading.trim_start_matches('>').to_owned());
        Self { rows: vec![first.collect()], right }
    }

    pub(super) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    /// The lines, indented by two; nothing where there is no row.
    pub(super) fn print(&self, out: &mut String) {
        if self.rows.len() < 2 {
            return;
        }
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.right.len()).map(width).collect();
        for row in &self.rows {
            let mut line = String::from(" ");
            for ((cell, &width), &right) in row.iter().zip(&widths).zip(&self.right) {
                line.push(' ');
                if right {
                    line.push_str(&format!("{cell:>width$}"));
                } else {
                    line.push_str(&format!("{cell:width$}"));
                }
                line.push(' ');
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&["name", ">size", "type"]);
        table.row(vec!["a".into(), "4".into(), "u32".into()]);
        table.row(vec!["longer".into(), "128".into(), "".into()]);
        let mut out = String::new();
        table.print(&mut out);
        assert_eq!(out, "  name    size  type\n  a          4  u32\n  longer   128\n");
    }
}
