use super::parse;
use super::table::RULES;
use crate::uapi::ProgramType;

/// Where a section's name says nothing to [`parse`] and is nearly one that does, what that one begins with: `raw_tp` of
/// `raw_pt/sched_switch`. Of several that are as near, the first in the table.
///
/// ```
/// use bpf_skel::section_name::nearest;
///
/// assert_eq!(nearest("raw_pt/sched_switch"), Some("raw_tp"));
/// assert_eq!(nearest("from-container"), None);
/// ```
pub fn nearest(section: &str) -> Option<&'static str> {
    if parse(section).program_type != ProgramType::UNSPEC {
        return None;
    }
    let name = section.strip_prefix('?').unwrap_or(section);
    let head = name.split('/').next().unwrap_or(name);
    let near = RULES.iter().filter_map(|rule| {
        let written = if rule.takes_target { head } else { name };
        let most = (written.len().min(rule.prefix.len()) / 3).min(2);
        let edits = edits(written.as_bytes(), rule.prefix.as_bytes(), most)?;
        Some((edits, rule.prefix))
    });
    near.min_by_key(|(edits, _)| *edits).map(|(_, prefix)| prefix)
}

/// How many bytes are to be put in, left out, replaced, or swapped with the next one to make `b` of `a`; `None` where they
/// are more than `most`.
fn edits(a: &[u8], b: &[u8], most: usize) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    // Rows of the table of distances between beginnings: of two bytes of `a` less, of one less, and the current one.
    let mut rows = [vec![0; b.len() + 1], vec![0; b.len() + 1], (0..=b.len()).collect()];
    for (i, byte) in a.iter().enumerate() {
        rows.rotate_left(1);
        let [before, last, row] = &mut rows;
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(byte != other);
            row[j + 1] = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && (a[i - 1], byte) == (*other, &b[j - 1]) {
                row[j + 1] = row[j + 1].min(before[j - 1] + 1);
            }
        }
    }
    Some(rows[2][b.len()]).filter(|edits| *edits <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspellings_and_names_of_ones_own() {
        for (section, expected) in [
            ("raw_pt/sched_switch", Some("raw_tp")),
            ("?kprob/do_unlinkat", Some("kprobe")),
            ("kprobes", Some("kprobe")),
            ("tracepiont/sched/sched_switch", Some("tracepoint")),
            ("fentry.muti/tcp_*", Some("fentry.multi")),
            ("xpd", Some("xdp")),
            ("xdp1", Some("xdp")),
            ("classifer", Some("classifier")),
            ("tc/ingres", Some("tc/ingress")),
            ("cgroup/conect4", Some("cgroup/connect4")),
            ("cgroup/bind5", Some("cgroup/bind4")),
            // What iproute2's objects and others have.
            ("", None),
            ("2/1", None),
            ("act", None),
            ("cls_main", None),
            ("egress", None),
            ("filter", None),
            ("from-netdev", None),
            ("ingress", None),
            ("prog", None),
            ("something/else", None),
            ("tail", None),
            ("test", None),
            ("xdp/mine", None),
        ] {
            assert_eq!(nearest(section), expected, "{section}");
        }
    }

    #[test]
    fn names_that_are_known_are_no_misspellings() {
        for rule in RULES {
            assert_eq!(nearest(rule.prefix), None, "{}", rule.prefix);
        }
    }
}
