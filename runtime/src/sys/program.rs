use std::ffi::CStr;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::attr::{AttachAttr, BindMapAttr, ProgLoadAttr, TestRunAttr};
use super::bpf::{address, address_mut, bpf, bpf_fd, length, object_name, raw, raw_or_zero};
use super::memlock::with_memlock;
use super::token::flags_and_fd;
use crate::insn::Insn;
use crate::uapi::{AttachType, Command, ProgramType};

/// What a program is loaded with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ProgLoad<'a> {
    pub(crate) program_type: ProgramType,
    pub(crate) attach_type: AttachType,
    pub(crate) name: &'a str,
    pub(crate) insns: &'a [Insn],
    pub(crate) license: &'a CStr,
    pub(crate) kernel_version: u32,
    pub(crate) flags: u32,
    pub(crate) ifindex: u32,
    pub(crate) btf: Option<BorrowedFd<'a>>,
    /// Records of 8 bytes, host byte order. Needs `btf`.
    pub(crate) func_info: &'a [u8],
    /// Records of 16 bytes, host byte order. Needs `btf`.
    pub(crate) line_info: &'a [u8],
    /// The function, type or tracepoint of a tracing, LSM or extension program, in `attach_to`'s BTF.
    pub(crate) attach_btf_id: u32,
    /// A program whose BTF `attach_btf_id` is in, or a module's BTF; none for the kernel's own.
    pub(crate) attach_to: Option<BorrowedFd<'a>>,
    /// What `PSEUDO_MAP_IDX` and kernel function calls index; entry 0 of the latter stands for vmlinux.
    pub(crate) fd_array: &'a [BorrowedFd<'a>],
    pub(crate) token: Option<BorrowedFd<'a>>,
}

/// A buffer for what the verifier has to say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Log {
    /// 1: what was seen on the way to an error; 2: everything; 4: statistics only. They can be added.
    pub(crate) level: u32,
    /// Written up to a NUL.
    pub(crate) buffer: Vec<u8>,
    /// How many bytes a whole log takes, its NUL counted; 0 before Linux 6.4.
    pub(crate) true_size: u32,
}

impl Log {
    /// A log with room for `size` bytes.
    pub(crate) fn new(level: u32, size: usize) -> Self {
        Self { level, buffer: vec![0; size], true_size: 0 }
    }

    /// What was written, up to the NUL.
    pub(crate) fn text(&self) -> String {
        let written = self.buffer.split(|&byte| byte == 0).next().unwrap_or_default();
        String::from_utf8_lossy(written).into_owned()
    }
}

const FUNC_INFO_SIZE: u32 = 8;
const LINE_INFO_SIZE: u32 = 16;

/// How often a load is tried while the kernel answers EAGAIN: a signal came while it verified.
const LOAD_TRIES: usize = 5;

/// `BPF_PROG_LOAD`. With a log, it is written on success and on failure alike; ENOSPC says that it was too short
/// (up to Linux 6.3 for any log that is longer, later for a failed load never).
pub(crate) fn prog_load(program: &ProgLoad<'_>, mut log: Option<&mut Log>) -> io::Result<OwnedFd> {
    let (prog_flags, prog_token_fd) = flags_and_fd(program.flags, program.token);
    let mut attr = ProgLoadAttr {
        prog_type: program.program_type.0,
        insn_cnt: length(program.insns.len())?,
        insns: address(program.insns),
        license: program.license.as_ptr() as u64,
        kern_version: program.kernel_version,
        prog_flags,
        prog_name: object_name(program.name),
        prog_ifindex: program.ifindex,
        expected_attach_type: program.attach_type.0,
        prog_btf_fd: raw_or_zero(program.btf),
        attach_btf_id: program.attach_btf_id,
        attach_fd: raw_or_zero(program.attach_to),
        // A `BorrowedFd` is documented to be laid out as the descriptor's number.
        fd_array: address(program.fd_array),
        prog_token_fd,
        ..ProgLoadAttr::default()
    };
    if !program.func_info.is_empty() {
        attr.func_info_rec_size = FUNC_INFO_SIZE;
        attr.func_info = address(program.func_info);
        attr.func_info_cnt = length(program.func_info.len())? / FUNC_INFO_SIZE;
    }
    if !program.line_info.is_empty() {
        attr.line_info_rec_size = LINE_INFO_SIZE;
        attr.line_info = address(program.line_info);
        attr.line_info_cnt = length(program.line_info.len())? / LINE_INFO_SIZE;
    }
    if let Some(log) = log.as_deref_mut() {
        attr.log_level = log.level;
        attr.log_size = length(log.buffer.len())?;
        attr.log_buf = address_mut(&mut log.buffer);
    }
    for attempt in 1.. {
        attr.log_true_size = 0;
        // SAFETY: every address is that of a borrowed slice, whose length in records goes with it; the license
        // ends with a NUL; the kernel checks each index into `fd_array` for being a descriptor only where it reads
        // it, and code that indexes beyond its end reads numbers, never writes.
        let result = with_memlock(|| unsafe { bpf_fd(Command::PROG_LOAD, &mut attr) });
        if let Some(log) = log.as_deref_mut() {
            log.true_size = attr.log_true_size;
        }
        match result {
            Err(error) if error.raw_os_error() == Some(libc::EAGAIN) && attempt < LOAD_TRIES => {}
            result => return result,
        }
    }
    unreachable!("the loop ends with a result")
}

/// `BPF_PROG_ATTACH` without a link: the program stays where it is, whoever closes what, until
/// [`prog_detach`] (Linux 4.10; socket maps 4.14).
pub(crate) fn prog_attach(
    program: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    attach_type: AttachType,
) -> io::Result<()> {
    let mut attr = attach(program, target, attach_type);
    // SAFETY: the struct holds no addresses.
    unsafe { bpf(Command::PROG_ATTACH, &mut attr) }.map(drop)
}

/// `BPF_PROG_DETACH`: if it is this program that is attached there.
pub(crate) fn prog_detach(
    program: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    attach_type: AttachType,
) -> io::Result<()> {
    let mut attr = attach(program, target, attach_type);
    // SAFETY: the struct holds no addresses.
    unsafe { bpf(Command::PROG_DETACH, &mut attr) }.map(drop)
}

fn attach(program: BorrowedFd<'_>, target: BorrowedFd<'_>, attach_type: AttachType) -> AttachAttr {
    AttachAttr {
        target: raw(target),
        attach_bpf_fd: raw(program),
        attach_type: attach_type.0,
        ..AttachAttr::default()
    }
}

/// `BPF_PROG_BIND_MAP`: the program keeps the map alive (Linux 5.10).
pub(crate) fn prog_bind_map(program: BorrowedFd<'_>, map: BorrowedFd<'_>) -> io::Result<()> {
    let mut attr = BindMapAttr { prog_fd: raw(program), map_fd: raw(map), flags: 0 };
    // SAFETY: the struct holds no addresses.
    unsafe { bpf(Command::PROG_BIND_MAP, &mut attr) }.map(drop)
}

/// What a test run takes.
#[derive(Debug, Default)]
pub(crate) struct TestRun<'a> {
    pub(crate) data_in: &'a [u8],
    /// Empty where the caller does not want the data.
    pub(crate) data_out: &'a mut [u8],
    /// Writable: for a syscall program the kernel puts the context back here.
    pub(crate) ctx_in: &'a mut [u8],
    /// Empty where the caller does not want the context.
    pub(crate) ctx_out: &'a mut [u8],
    pub(crate) repeat: u32,
    pub(crate) flags: u32,
    pub(crate) cpu: u32,
    pub(crate) batch_size: u32,
}

/// What a test run answers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TestRunResult {
    pub(crate) retval: u32,
    /// Nanoseconds of one run, the mean of all.
    pub(crate) duration: u32,
    /// How long the data is; more than `data_out` where that was too short (with ENOSPC).
    pub(crate) data_size: u32,
    pub(crate) ctx_size: u32,
}

/// `BPF_PROG_TEST_RUN`, also called `BPF_PROG_RUN`. A signal ends it with EINTR: what it did so far stays done, so it
/// is not tried again.
pub(crate) fn prog_test_run(
    program: BorrowedFd<'_>,
    run: &mut TestRun<'_>,
) -> (TestRunResult, io::Result<()>) {
    let mut attr = TestRunAttr {
        prog_fd: raw(program),
        data_in: address(run.data_in),
        data_out: address_mut(run.data_out),
        repeat: run.repeat,
        ctx_in: address_mut(run.ctx_in),
        ctx_out: address_mut(run.ctx_out),
        flags: run.flags,
        cpu: run.cpu,
        batch_size: run.batch_size,
        ..TestRunAttr::default()
    };
    let sizes = (|| {
        attr.data_size_in = length(run.data_in.len())?;
        attr.data_size_out = length(run.data_out.len())?;
        attr.ctx_size_in = length(run.ctx_in.len())?;
        attr.ctx_size_out = length(run.ctx_out.len())?;
        io::Result::Ok(())
    })();
    // SAFETY: each address is that of a borrowed slice, and its length goes with it.
    let result = sizes.and_then(|()| unsafe { bpf(Command::PROG_TEST_RUN, &mut attr) });
    let answer = TestRunResult {
        retval: attr.retval,
        duration: attr.duration,
        data_size: attr.data_size_out,
        ctx_size: attr.ctx_size_out,
    };
    (answer, result.map(drop))
}
