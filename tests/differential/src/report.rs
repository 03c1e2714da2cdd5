//! The table of totals, and every disagreement that nothing explains.

use std::collections::BTreeMap;

use crate::compare::{Disagreement, Totals};
use crate::explained::Explanation;

/// Prints the report; returns how many disagreements are unexplained.
pub(crate) fn print(
    totals: &Totals,
    disagreements: &[Disagreement],
    explained: &[Explanation],
    verbose: bool,
) -> usize {
    let is_explained = |d: &&Disagreement| explained.iter().any(|line| line.explains(d));
    let (known, unknown): (Vec<_>, Vec<_>) = disagreements.iter().partition(is_explained);
    for disagreement in &unknown {
        println!("UNEXPLAINED {disagreement}");
        if verbose {
            disagreement.messages.lines().for_each(|line| println!("    {line}"));
        }
    }
    let mut by_kind: BTreeMap<_, (usize, usize)> = BTreeMap::new();
    known.iter().for_each(|d| by_kind.entry(d.what).or_default().0 += 1);
    unknown.iter().for_each(|d| by_kind.entry(d.what).or_default().1 += 1);

    let row = |label: &str, number: usize| println!("{label:<44}{number:>8}");
    row("objects", totals.objects);
    row("  that neither side opens", totals.neither_opens.len());
    row("programs compared", totals.programs);
    row("  that both load", totals.both_load);
    row("  that neither loads", totals.neither_loads);
    row("  that time out on both sides", totals.timed_out.len());
    row("  that neither gives to the kernel", totals.refused_early);
    row("  with final instructions on both sides", totals.with_insns);
    row("  with equal final instructions", totals.equal_insns);
    row("instructions compared", totals.insns);
    for (kind, (known, unknown)) in by_kind {
        row(&format!("disagreements about {}, explained", kind.name()), known);
        row(&format!("disagreements about {}, unexplained", kind.name()), unknown);
    }
    totals.timed_out.iter().for_each(|line| println!("timed out on both sides: {line}"));
    if verbose {
        totals.neither_opens.iter().for_each(|line| println!("neither opens {line}"));
        for line in explained {
            println!("{:>5} {}", line.used.get(), line.text);
        }
    }
    unknown.len()
}
