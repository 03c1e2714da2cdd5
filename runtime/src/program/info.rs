use std::time::Duration;

use super::Handle;
use crate::insn::Insn;
use crate::sys;
use crate::uapi::ProgramType;
use crate::{Error, Result};

/// What the kernel knows of a loaded program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgramInfo {
    /// Its id: unique among the programs that are loaded now.
    pub id: u32,
    /// Its type.
    pub program_type: ProgramType,
    /// Its name, at most 15 bytes. Empty before Linux 4.15.
    pub name: String,
    /// A hash of its instructions.
    pub tag: [u8; 8],
    /// The ids of the maps that it uses, bound maps included.
    pub map_ids: Vec<u32>,
    /// How many instructions the verifier went through (Linux 5.16, 0 before).
    pub verified_insns: u32,
    /// The instructions as the verifier left them. Empty where the kernel does not show them: without CAP_PERFMON and
    /// CAP_BPF, or where `kernel.kptr_restrict` or constant blinding forbid.
    pub insns: Vec<Insn>,
    /// Bytes of machine code; 0 where it is interpreted.
    pub jited_len: u32,
    /// When it was loaded, since boot.
    pub load_time: Duration,
    /// The user that loaded it.
    pub created_by_uid: u32,
    /// Whether its license is compatible with the GPL.
    pub gpl_compatible: bool,
    /// The id of its BTF, or 0.
    pub btf_id: u32,
    /// How often it ran.
    pub run_stats: RunStats,
}

/// How often a program ran and how long that took. The kernel counts only while `kernel.bpf_stats_enabled` is set, or
/// somebody holds `BPF_ENABLE_STATS`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunStats {
    /// Time spent in all runs (Linux 5.1).
    pub run_time: Duration,
    /// How many runs there were (Linux 5.1).
    pub run_count: u64,
    /// How many runs were left out because the program was running on that CPU already (Linux 5.12).
    pub recursion_misses: u64,
}

impl ProgramInfo {
    pub(super) fn read(program: &Handle) -> Result<Self> {
        let fd = program.loaded()?;
        let (mut insns, mut map_ids) = (Vec::new(), Vec::new());
        let info = sys::program_info(fd, Some(&mut insns), Some(&mut map_ids))
            .map_err(|error| Error::system("BPF_OBJ_GET_INFO_BY_FD", error))?;
        Ok(Self {
            id: info.id,
            program_type: ProgramType(info.prog_type),
            name: name(info.name),
            tag: info.tag,
            map_ids,
            verified_insns: info.verified_insns,
            insns,
            jited_len: info.jited_prog_len,
            load_time: Duration::from_nanos(info.load_time),
            created_by_uid: info.created_by_uid,
            gpl_compatible: info.gpl_compatible & GPL_COMPATIBLE != 0,
            btf_id: info.btf_id,
            run_stats: RunStats {
                run_time: Duration::from_nanos(info.run_time_ns),
                run_count: info.run_cnt,
                recursion_misses: info.recursion_misses,
            },
        })
    }
}

/// The first bit-field of its word.
const GPL_COMPATIBLE: u32 = if cfg!(target_endian = "little") { 1 } else { 1 << 31 };

/// A name as the kernel holds it.
pub(super) fn name(bytes: [u8; 16]) -> String {
    let bytes = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(bytes).into_owned()
}
