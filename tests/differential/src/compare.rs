//! What the two sides disagree about.

use std::collections::HashMap;
use std::fmt;

use crate::child::Answer;
use crate::outcome::{Cut, Program, ProgramFacts, Stage};

const BPF_F_RDONLY_PROG: u32 = 1 << 7;
/// libbpf's own number for the wrong byte order.
const LIBBPF_ERRNO_ENDIAN: i32 = 4003;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// One side opens the object and the other does not.
    Opens,
    /// The sides name different programs.
    Programs,
    /// One side has final instructions and the other does not.
    Prepares,
    Instructions,
    Maps,
    /// A side crashes on the program, or is the only one that takes too long.
    Ends,
    Loads,
    /// Both were refused, with different numbers.
    Errno,
    /// The kernel describes the loaded program differently.
    Facts,
}

impl What {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Opens => "opens",
            Self::Programs => "programs",
            Self::Prepares => "prepares",
            Self::Instructions => "instructions",
            Self::Maps => "maps",
            Self::Ends => "ends",
            Self::Loads => "loads",
            Self::Errno => "errno",
            Self::Facts => "facts",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Disagreement {
    /// Folder and name, without extensions.
    pub(crate) object: String,
    /// `-` where it is about the whole object.
    pub(crate) program: String,
    pub(crate) what: What,
    pub(crate) detail: String,
    /// What libbpf printed.
    pub(crate) messages: String,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}: {}", self.object, self.program, self.what.name(), self.detail)
    }
}

/// What was compared.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) objects: usize,
    pub(crate) neither_opens: Vec<String>,
    pub(crate) programs: usize,
    pub(crate) both_load: usize,
    pub(crate) neither_loads: usize,
    /// Programs that the kernel was still verifying on both sides when their time was over.
    pub(crate) timed_out: Vec<String>,
    /// Programs whose final instructions both sides have.
    pub(crate) with_insns: usize,
    pub(crate) equal_insns: usize,
    pub(crate) insns: usize,
    /// Programs that both sides refuse without asking the kernel, libbpf somewhat later.
    pub(crate) refused_early: usize,
}

/// Compares the answers about one object.
pub(crate) fn object(
    name: &str,
    libbpf: &Answer,
    ours: &Answer,
    totals: &mut Totals,
) -> Vec<Disagreement> {
    totals.objects += 1;
    let disagree = |program: &str, what, detail: String| Disagreement {
        object: name.to_owned(),
        program: program.to_owned(),
        what,
        detail,
        messages: libbpf.messages.get(program.trim_matches('-')).cloned().unwrap_or_default(),
    };
    let (theirs, ours) = match (&libbpf.opened, &ours.opened) {
        (Err(theirs), Err(ours)) => {
            totals.neither_opens.push(format!("{name}: libbpf: {theirs}; ours: {ours}"));
            return Vec::new();
        }
        (Ok(_), Err(error)) => {
            return vec![disagree("-", What::Opens, format!("libbpf does; ours: {error}"))];
        }
        (Err(error), Ok(_)) => {
            return vec![disagree("-", What::Opens, format!("ours does; libbpf: {error}"))];
        }
        (Ok(theirs), Ok(ours)) => (theirs, ours),
    };
    let names = |programs: &[Program]| {
        programs.iter().map(|program| program.name.clone()).collect::<Vec<_>>()
    };
    let mut all = Vec::new();
    if names(theirs) != names(ours) {
        let detail = format!("libbpf: {:?}, ours: {:?}", names(theirs), names(ours));
        all.push(disagree("-", What::Programs, detail));
    }
    let by_name: HashMap<&str, &Program> = ours.iter().map(|p| (p.name.as_str(), p)).collect();
    for theirs in theirs {
        let Some(ours) = by_name.get(theirs.name.as_str()) else { continue };
        let found = program(name, theirs, ours, totals);
        all.extend(found.into_iter().map(|(what, detail)| disagree(&theirs.name, what, detail)));
    }
    all
}

fn program(
    object: &str,
    theirs: &Program,
    ours: &Program,
    totals: &mut Totals,
) -> Vec<(What, String)> {
    totals.programs += 1;
    let mut all = Vec::new();
    match (theirs.cut, ours.cut) {
        (None, None) => {
            all.extend(loads(theirs, ours, totals));
            if theirs.stage == Stage::Opened || ours.stage == Stage::Opened {
                all.extend(prepares(theirs, ours, &all, totals));
                return all;
            }
        }
        (Some(Cut::TimedOut), Some(Cut::TimedOut))
            if theirs.stage == Stage::Prepared && ours.stage == Stage::Prepared =>
        {
            totals.timed_out.push(format!("{object} {}", theirs.name));
        }
        _ => {
            all.push((What::Ends, format!("libbpf: {}, ours: {}", end(theirs), end(ours))));
            return all;
        }
    }
    all.extend(prepared(theirs, ours, totals));
    all
}

fn loads(theirs: &Program, ours: &Program, totals: &mut Totals) -> Option<(What, String)> {
    match (theirs.stage == Stage::Loaded, ours.stage == Stage::Loaded) {
        (true, true) => totals.both_load += 1,
        (false, false) => totals.neither_loads += 1,
        (true, false) => return Some((What::Loads, format!("libbpf does; ours: {}", ours.error))),
        (false, true) => {
            return Some((What::Loads, format!("ours does; libbpf: {}", theirs.error)));
        }
    }
    None
}

/// Where at least one side has no final instructions.
fn prepares(
    theirs: &Program,
    ours: &Program,
    said: &[(What, String)],
    totals: &mut Totals,
) -> Option<(What, String)> {
    if !said.is_empty() || theirs.stage == ours.stage {
        return None;
    }
    if theirs.stage == Stage::Prepared && refused_early(theirs, ours) {
        totals.refused_early += 1;
        return None;
    }
    Some((What::Prepares, format!("libbpf: {}, ours: {}", end(theirs), end(ours))))
}

/// Where both sides have final instructions.
fn prepared(theirs: &Program, ours: &Program, totals: &mut Totals) -> Vec<(What, String)> {
    let mut all = Vec::new();
    totals.with_insns += 1;
    totals.insns += theirs.insns.len();
    if theirs.insns == ours.insns {
        totals.equal_insns += 1;
    } else {
        all.push((What::Instructions, first_difference(&theirs.insns, &ours.insns)));
    }
    if theirs.maps != ours.maps {
        let pair = theirs.maps.iter().zip(&ours.maps).find(|(theirs, ours)| theirs != ours);
        let detail = match pair {
            Some((theirs, ours)) => format!("libbpf: {theirs:?}, ours: {ours:?}"),
            None => format!("libbpf: {}, ours: {}", theirs.maps.len(), ours.maps.len()),
        };
        all.push((What::Maps, detail));
    }
    if let (Some(a), Some(b)) = (&theirs.facts, &ours.facts)
        && !same_facts(a, b, ours)
    {
        all.push((What::Facts, format!("libbpf: {a:?}, ours: {b:?}")));
    }
    let refused = |program: &Program| program.stage == Stage::Prepared && program.cut.is_none();
    if refused(theirs) && refused(ours) && theirs.errno != ours.errno {
        all.push((
            What::Errno,
            format!("libbpf: {}, ours: {:?}: {}", theirs.error, ours.errno, ours.error),
        ));
    }
    all
}

/// How far a program came, and why no further.
fn end(program: &Program) -> String {
    match program.cut {
        Some(cut) => format!("{cut:?} after {:?}", program.stage),
        None => format!("{:?} ({})", program.stage, program.error),
    }
}

/// Refusals before the kernel is asked: libbpf notices while it loads a program, we do while preparing. An attach target
/// that is named and does not exist, or is not named; an object of the other byte order.
fn refused_early(theirs: &Program, ours: &Program) -> bool {
    let words: &[&str] = match theirs.errno {
        Some(libc::ESRCH | libc::ENOENT) => &["have this attach target"],
        Some(libc::EINVAL) => &["names no target", "replaces a function of is not given"],
        Some(LIBBPF_ERRNO_ENDIAN) => &["-endian, this machine is"],
        _ => return false,
    };
    words.iter().any(|words| ours.error.contains(words))
}

/// libbpf ties every `.rodata` to every program; we do so where no loaded program refers to it.
fn same_facts(theirs: &ProgramFacts, ours: &ProgramFacts, program: &Program) -> bool {
    let read_only = program.maps.iter().filter(|map| map.flags & BPF_F_RDONLY_PROG != 0).count();
    let bound = theirs.maps.wrapping_sub(ours.maps) as usize;
    bound <= read_only && *theirs == ProgramFacts { maps: theirs.maps, ..ours.clone() }
}

fn first_difference(theirs: &[u64], ours: &[u64]) -> String {
    let at = theirs.iter().zip(ours).position(|(theirs, ours)| theirs != ours);
    let count = theirs.iter().zip(ours).filter(|(theirs, ours)| theirs != ours).count();
    match at {
        _ if theirs.len() != ours.len() => {
            format!("libbpf: {} instructions, ours: {} (first at {at:?})", theirs.len(), ours.len())
        }
        Some(at) => {
            let show = |insn: u64| {
                let hex: Vec<String> = insn.to_le_bytes().map(|byte| format!("{byte:02x}")).into();
                hex.join("")
            };
            format!(
                "{count} differ, first {at}: libbpf {}, ours {}",
                show(theirs[at]),
                show(ours[at])
            )
        }
        None => "none".to_owned(),
    }
}
