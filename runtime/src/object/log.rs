//! Reading the verifier's log: where it stopped, and what that is in C.

use crate::btf::Btf;
use crate::error::Location;
use crate::spec::{Endian, ObjectSpec, ProgramSpec};

/// Bytes of one `struct bpf_line_info`.
const LINE_INFO_SIZE: usize = 16;

/// The instruction that the log ends at: the last line that starts with `NUMBER: (`, or with `NUMBER: BUG_` for one that
/// this kernel has no words for.
pub(crate) fn last_insn(log: &str) -> Option<u32> {
    log.lines().rev().find_map(|line| {
        let (number, rest) = line.split_once(": ")?;
        (rest.starts_with('(') || rest.starts_with("BUG_")).then(|| number.parse().ok())?
    })
}

/// The last words of the log that are not statistics.
pub(crate) fn last_words(log: &str) -> Option<&str> {
    const STATISTICS: [&str; 6] = [
        "processed ",
        // Linux 7.2
        "insns processed ",
        "verification time ",
        "stack depth ",
        "peak_states ",
        "max_states_per_insn ",
    ];
    log.lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty() && !STATISTICS.iter().any(|start| line.starts_with(start)))
}

/// Whether the verifier refused what describes the program's functions and lines, before it looked at the program.
pub(crate) fn is_about_source(log: &str) -> bool {
    let words = last_words(log).unwrap_or_default();
    last_insn(log).is_none()
        && ["func_info", "line_info"].iter().any(|record| words.contains(record))
}

/// The C source of an instruction, from the program's line information.
pub(crate) fn location(spec: &ObjectSpec, program: &ProgramSpec, insn: u32) -> Option<Location> {
    let endian = spec.endian;
    let btf = Btf::parse(&spec.btf, endian).ok()?;
    let (records, _) = program.line_info.as_chunks::<LINE_INFO_SIZE>();
    let record = records.iter().take_while(|record| word(record, 0, endian) <= insn).last()?;
    let position = word(record, 3, endian);
    Some(Location {
        file: btf.string(word(record, 1, endian))?.to_owned(),
        line: position >> 10,
        column: position & 0x3ff,
        text: btf.string(word(record, 2, endian)).unwrap_or_default().to_owned(),
    })
}

fn word(record: &[u8; LINE_INFO_SIZE], index: usize, endian: Endian) -> u32 {
    let (words, _) = record.as_chunks::<4>();
    endian.u32(words[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
func#0 @0
0: R1=ctx() R10=fp0
; return *p; @ a.bpf.c:3
0: (b7) r1 = 0                        ; R1_w=0
1: (61) r0 = *(u32 *)(r1 +0)
R1 invalid mem access 'scalar'
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
";

    #[test]
    fn the_last_instruction_and_the_last_words() {
        assert_eq!(last_insn(LOG), Some(1));
        assert_eq!(last_words(LOG), Some("R1 invalid mem access 'scalar'"));
        assert_eq!(last_insn("nothing"), None);
        assert_eq!(last_insn("0: (b7) r0 = 0\n1: BUG_db\nBPF_ATOMIC uses no\n"), Some(1));
        assert_eq!(last_words("\nprocessed 0 insns\n"), None);
        assert_eq!(last_words("no\nstack depth 0 max 0\ninsns processed 0\n"), Some("no"));
    }

    #[test]
    fn refused_records_are_told_from_refused_programs() {
        for (log, expected) in [
            (
                "number of funcs in func_info doesn't match number of subprogs\nprocessed 0 insns\n",
                true,
            ),
            ("Invalid line_info[1].insn_off:9\n", true),
            ("0: (95) exit\nfunc_info is fine\n", false),
            (LOG, false),
            ("", false),
        ] {
            assert_eq!(is_about_source(log), expected, "{log}");
        }
    }
}
