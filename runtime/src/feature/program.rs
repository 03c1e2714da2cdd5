//! The smallest program of each type: it returns 0.

use std::io;

use super::map::ENOTSUPP;
use super::probe::answer;
use crate::insn::{CALL, EXIT, Insn, MOV64_IMM};
use crate::sys::{self, Log, ProgLoad};
use crate::uapi::flags::{SLEEPABLE, XDP_HAS_FRAGS};
use crate::uapi::{AttachType, ProgramType};

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

pub(super) fn has_xdp_frags() -> Option<bool> {
    let program = ProgLoad { flags: XDP_HAS_FRAGS, ..plain(ProgramType::XDP) };
    answer(sys::prog_load(&program, None), |_| false)
}

/// `bpf_get_attach_cookie()` at a tracepoint.
pub(super) fn has_cookie() -> Option<bool> {
    const GET_ATTACH_COOKIE: i32 = 174;
    let insns = [Insn::new(CALL, 0, 0, 0, GET_ATTACH_COOKIE), Insn::new(EXIT, 0, 0, 0, 0)];
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
    let mut log = Log::new(1, 4096);
    let program = ProgLoad { attach_type, attach_btf_id: 1, ..plain(program_type) };
    let result: io::Result<_> = sys::prog_load(&program, Some(&mut log));
    let said = log.text();
    let known = said.contains("is not a function") || said.contains("Cannot replace kernel");
    answer(result, |_| known)
}
