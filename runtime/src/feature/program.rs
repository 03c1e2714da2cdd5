//! The smallest program of each type: it returns 0.

use std::io;

use super::map::ENOTSUPP;
use super::probe::answer;
use crate::insn::{CALL, EXIT, Insn, MOV64_IMM};
use crate::sys::{self, Log, ProgLoad};
use crate::uapi::flags::SLEEPABLE;
use crate::uapi::{AttachType, Helper, ProgramFlag, ProgramType};

const RETURN_0: &[Insn] = &[Insn::new(MOV64_IMM, 0, 0, 0, 0), Insn::new(EXIT, 0, 0, 0, 0)];

pub(super) fn has_type(program_type: ProgramType) -> Option<bool> {
    match program_type {
        // These take a target; of what a kernel has as its first type, each says that it is none.
        ProgramType::TRACING => has_target(program_type, AttachType::TRACE_FENTRY),
        ProgramType::LSM => has_target(program_type, AttachType::LSM_MAC),
        ProgramType::EXT => has_target(program_type, AttachType::default()),
        ProgramType::STRUCT_OPS => {
            answer(sys::prog_load(&plain(program_type), None), |error| error == ENOTSUPP)
        }
        ProgramType::SYSCALL => has_sleepable(program_type),
        _ => answer(sys::prog_load(&plain(program_type), None), |_| false),
    }
}

pub(super) fn has_sleepable(program_type: ProgramType) -> Option<bool> {
    let program = ProgLoad { flags: SLEEPABLE, ..plain(program_type) };
    answer(sys::prog_load(&program, None), |_| false)
}

pub(super) fn has_flag(flag: ProgramFlag) -> Option<bool> {
    let of = match flag {
        ProgramFlag::SLEEPABLE => return has_sleepable_target(),
        ProgramFlag::XDP_HAS_FRAGS => ProgramType::XDP,
        _ => ProgramType::SOCKET_FILTER,
    };
    answer(sys::prog_load(&ProgLoad { flags: flag.0, ..plain(of) }, None), |_| false)
}

/// The first sleepable programs were those with a target.
fn has_sleepable_target() -> Option<bool> {
    let flags = ProgramFlag::SLEEPABLE.0;
    let program = ProgLoad { flags, ..plain(ProgramType::TRACING) };
    reaches_target(&ProgLoad { attach_type: AttachType::TRACE_FENTRY, attach_btf_id: 1, ..program })
}

/// Whether a program of these instructions is accepted, with whatever it returns.
pub(super) fn has_insns(insns: &[Insn]) -> Option<bool> {
    let program = ProgLoad { insns, ..plain(ProgramType::SOCKET_FILTER) };
    answer(sys::prog_load(&program, None), |_| false)
}

/// `bpf_get_attach_cookie()` at a tracepoint.
pub(super) fn has_cookie() -> Option<bool> {
    let helper = Helper::GET_ATTACH_COOKIE.0.cast_signed();
    let insns = [Insn::new(CALL, 0, 0, 0, helper), Insn::new(EXIT, 0, 0, 0, 0)];
    let program = ProgLoad { insns: &insns, ..plain(ProgramType::TRACEPOINT) };
    answer(sys::prog_load(&program, None), |_| false)
}

fn plain(program_type: ProgramType) -> ProgLoad<'static> {
    let attach_type = match program_type {
        ProgramType::CGROUP_SOCK_ADDR => AttachType::CGROUP_INET4_CONNECT,
        ProgramType::CGROUP_SOCKOPT => AttachType::CGROUP_GETSOCKOPT,
        ProgramType::SK_LOOKUP => AttachType::SK_LOOKUP,
        ProgramType::NETFILTER => AttachType::NETFILTER,
        _ => AttachType::default(),
    };
    ProgLoad { program_type, attach_type, insns: RETURN_0, license: c"GPL", ..ProgLoad::default() }
}

/// Whether the verifier comes as far as the program's target, which is of the wrong sort.
fn has_target(program_type: ProgramType, attach_type: AttachType) -> Option<bool> {
    reaches_target(&ProgLoad { attach_type, attach_btf_id: 1, ..plain(program_type) })
}

fn reaches_target(program: &ProgLoad<'_>) -> Option<bool> {
    let mut log = Log::new(1, 4096);
    let result: io::Result<_> = sys::prog_load(program, Some(&mut log));
    let said = log.text();
    let known = said.contains("is not a function") || said.contains("Cannot replace kernel");
    answer(result, |_| known)
}
