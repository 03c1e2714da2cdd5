use std::borrow::Cow;

use super::{CoreRelocation, Relocation};
use crate::section_name::AttachKind;
use crate::uapi::{AttachType, ProgramType};

/// A program, with the subprograms it calls already appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramSpec {
    /// The C name of its function.
    pub name: Cow<'static, str>,
    /// The section's whole name, with a leading `?` if it has one.
    pub section: Cow<'static, str>,
    /// The type by the section's name; [`ProgramType::UNSPEC`] where the name says nothing.
    pub program_type: ProgramType,
    /// `expected_attach_type` by the section's name, or 0.
    pub attach_type: AttachType,
    /// How it is attached, by the section's name.
    pub attach: AttachKind,
    /// What it is attached to, by the section's name: the text after the kind's prefix (`sched/sched_switch` of
    /// `tracepoint/sched/sched_switch`).
    pub target: Option<Cow<'static, str>>,
    /// `prog_flags` by the section's name: sleepable, XDP fragments.
    pub flags: u32,
    /// Whether it is loaded unless the caller says otherwise: no leading `?`.
    pub autoload: bool,
    /// The instructions, 8 bytes each, in the object's byte order: the program's own, then each subprogram once.
    pub insns: Cow<'static, [u8]>,
    /// `struct bpf_func_info` records of 8 bytes in the object's byte order, or empty.
    pub func_info: Cow<'static, [u8]>,
    /// `struct bpf_line_info` records of 16 bytes in the object's byte order, or empty.
    pub line_info: Cow<'static, [u8]>,
    /// Ascending by instruction.
    pub relocations: Cow<'static, [Relocation]>,
    /// Ascending by instruction.
    pub core_relocations: Cow<'static, [CoreRelocation]>,
}

impl ProgramSpec {
    /// How many instructions it has, subprograms included.
    pub fn insn_count(&self) -> usize {
        self.insns.len() / crate::insn::INSN_SIZE
    }
}
