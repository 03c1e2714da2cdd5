use super::AttachKind;
use super::table::{RULES, Rule};
use crate::uapi::{AttachType, ProgramType};

/// What a section's name says about the programs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectionName<'a> {
    /// The program type; [`ProgramType::UNSPEC`] where the name says nothing.
    pub program_type: ProgramType,
    /// `expected_attach_type`, or 0.
    pub attach_type: AttachType,
    /// How such a program is attached.
    pub kind: AttachKind,
    /// What it is attached to: the text after the prefix and its `/`. `None` where there is no such text, or where
    /// the name has no place for it.
    pub target: Option<&'a str>,
    /// `prog_flags`: sleepable, XDP fragments.
    pub flags: u32,
    /// Whether the program is loaded unless the caller says otherwise: the name has no leading `?`.
    pub autoload: bool,
}

/// Reads a section's name.
///
/// A name that is not in the table is not an error: the program has no type until its user sets one.
///
/// ```
/// use bpf_skel::section_name::{AttachKind, parse};
/// use bpf_skel::uapi::ProgramType;
///
/// let name = parse("?tp/sched/sched_switch");
/// assert_eq!((name.kind, name.program_type), (AttachKind::Tracepoint, ProgramType::TRACEPOINT));
/// assert_eq!((name.target, name.autoload), (Some("sched/sched_switch"), false));
/// ```
pub fn parse(section: &str) -> SectionName<'_> {
    let (autoload, name) = match section.strip_prefix('?') {
        Some(rest) => (false, rest),
        None => (true, section),
    };
    for rule in RULES {
        if let Some(target) = matches(rule, name) {
            return SectionName {
                program_type: rule.program_type,
                attach_type: rule.attach_type,
                kind: rule.kind,
                target,
                flags: rule.flags,
                autoload,
            };
        }
    }
    SectionName {
        program_type: ProgramType::UNSPEC,
        attach_type: AttachType::default(),
        kind: AttachKind::None,
        target: None,
        flags: 0,
        autoload,
    }
}

/// The target in `name` if the rule covers it. No two rules cover the same name, so their order has no meaning.
fn matches<'a>(rule: &Rule, name: &'a str) -> Option<Option<&'a str>> {
    let rest = name.strip_prefix(rule.prefix)?;
    if rest.is_empty() {
        return Some(None);
    }
    let target = rest.strip_prefix('/').filter(|_| rule.takes_target)?;
    Some(Some(target).filter(|target| !target.is_empty()))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
