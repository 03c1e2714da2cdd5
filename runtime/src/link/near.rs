//! Names that a person may have meant.

/// The most that are worth reading.
const MOST: usize = 3;

/// The names closest to one that is not there.
pub(super) struct Near<'w> {
    wanted: &'w [u8],
    /// The farthest last.
    best: Vec<(usize, String)>,
}

impl<'w> Near<'w> {
    pub(super) fn to(wanted: &'w str) -> Self {
        Self { wanted: wanted.as_bytes(), best: Vec::new() }
    }

    /// Looks at a name that is there.
    pub(super) fn see(&mut self, name: &[u8]) {
        let limit = match &self.best[..] {
            // One that is as far as the farthest does not take its place.
            [.., (last, _)] if self.best.len() == MOST => last.saturating_sub(1),
            _ => (self.wanted.len() / 4).max(1),
        };
        let Some(distance) = distance(self.wanted, name, limit) else { return };
        let Ok(name) = std::str::from_utf8(name) else { return };
        if self.best.iter().any(|(_, known)| known == name) {
            return;
        }
        let at = self.best.partition_point(|(known, _)| *known <= distance);
        self.best.insert(at, (distance, name.to_owned()));
        self.best.truncate(MOST);
    }

    /// `there is do_nanosleep, do_nanosleep.cold`; `None` where nothing is close.
    pub(super) fn hint(self) -> Option<String> {
        let names: Vec<_> = self.best.into_iter().map(|(_, name)| name).collect();
        (!names.is_empty()).then(|| format!("there is {}", names.join(", ")))
    }
}

/// How many bytes to insert, remove or replace, if no more than `limit`. What compilers put around the names of functions
/// (`__x`, `x.isra.0`) counts as one.
fn distance(wanted: &[u8], name: &[u8], limit: usize) -> Option<usize> {
    if limit == 0 {
        return None;
    }
    if name.len() > wanted.len() && bare(name) == bare(wanted) {
        return Some(1);
    }
    if wanted.len().abs_diff(name.len()) > limit {
        return None;
    }
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (i, a) in wanted.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in name.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
        if row.iter().all(|&so_far| so_far > limit) {
            return None;
        }
    }
    row.last().copied().filter(|&distance| distance <= limit)
}

/// Without underscores in front and a compiler's suffix.
fn bare(name: &[u8]) -> &[u8] {
    let start = name.iter().position(|&byte| byte != b'_').unwrap_or(name.len());
    let end = name[start..].iter().position(|&byte| byte == b'.');
    &name[start..end.map_or(name.len(), |end| start + end)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(wanted: &str, names: &[&str]) -> Option<String> {
        let mut near = Near::to(wanted);
        names.iter().for_each(|name| near.see(name.as_bytes()));
        near.hint()
    }

    #[test]
    fn the_closest_come_first() {
        let names =
            ["do_nanosleap", "do_nanosleep.isra.0", "vfs_read", "do_nansleep", "do_nanosleep2"];
        assert_eq!(
            hint("do_nanosleep", &names).as_deref(),
            Some("there is do_nanosleap, do_nanosleep.isra.0, do_nansleep")
        );
        assert_eq!(
            hint("do_nanoslepe", &["do_nanosleep"]).as_deref(),
            Some("there is do_nanosleep")
        );
        assert_eq!(
            hint("mian", &["main", "open", "main"]),
            None,
            "two of four letters are too many"
        );
        assert_eq!(hint("mains", &["main", "main"]).as_deref(), Some("there is main"));
        assert_eq!(hint("", &["a"]).as_deref(), Some("there is a"));
    }
}
