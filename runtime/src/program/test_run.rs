use std::io;
use std::time::Duration;

use super::Handle;
use crate::pod::{self, Pod};
use crate::sys::{self, explain};
use crate::uapi::ProgramType;
use crate::{Error, ErrorKind, Result};

/// Flags of [`TestRun::flags`].
pub mod test_run_flags {
    /// Run on the CPU that [`TestRun::cpu`](super::TestRun::cpu) names; raw tracepoints (Linux 5.10).
    #[doc(alias = "BPF_F_TEST_RUN_ON_CPU")]
    pub const ON_CPU: u32 = 1 << 0;
    /// Send the frames for real: XDP (Linux 5.18).
    #[doc(alias = "BPF_F_TEST_XDP_LIVE_FRAMES")]
    pub const XDP_LIVE_FRAMES: u32 = 1 << 1;
    /// The socket buffer's checksum counts as complete (Linux 6.18).
    #[doc(alias = "BPF_F_TEST_SKB_CHECKSUM_COMPLETE")]
    pub const SKB_CHECKSUM_COMPLETE: u32 = 1 << 2;
}

/// A run of a program on given data, without an event: `program.test_run(TestRun::new().data_in(&packet))`.
///
/// What it takes depends on the program's type: packet programs take a packet of at least 14 bytes and optionally a
/// context (`struct __sk_buff`, `struct xdp_md`); raw tracepoints a context of arguments, each 8 bytes; syscall programs
/// a context of any layout; tracing programs nothing.
#[derive(Clone, Debug, Default)]
#[must_use = "it does nothing until it is given to `Program::test_run`"]
pub struct TestRun<'a> {
    data_in: &'a [u8],
    ctx_in: &'a [u8],
    data_room: Option<usize>,
    repeat: u32,
    flags: u32,
    cpu: u32,
    batch_size: u32,
}

/// What a run gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TestRunOutput {
    /// What the program returned, the last time.
    pub retval: u32,
    /// The mean time of one run.
    pub duration: Duration,
    /// The packet after the run; empty without [`TestRun::data_in`].
    pub data_out: Vec<u8>,
    /// The context after the run, where the type of program gives one back and [`TestRun::ctx_in`] gave one.
    pub ctx_out: Vec<u8>,
}

impl TestRunOutput {
    /// The context after the run, or `None` where there is none of this size.
    pub fn ctx<T: Pod>(&self) -> Option<T> {
        (self.ctx_out.len() == size_of::<T>()).then(|| pod::read(&self.ctx_out)).flatten()
    }
}

/// How much longer a packet may get, unless [`TestRun::data_room`] says otherwise: what programs push in front of it.
const DEFAULT_GROWTH: usize = 512;

/// `ENOTSUPP`, which is the kernel's own and has no text in any C library.
const ENOTSUPP: i32 = 524;

impl<'a> TestRun<'a> {
    /// A single run without data.
    pub fn new() -> Self {
        Self::default()
    }

    /// The packet.
    pub fn data_in(mut self, data: &'a [u8]) -> Self {
        self.data_in = data;
        self
    }

    /// The context: a plain struct laid out as the program expects it.
    pub fn ctx_in<T: Pod>(mut self, ctx: &'a T) -> Self {
        self.ctx_in = pod::bytes_of(ctx);
        self
    }

    /// The context as bytes.
    pub fn ctx_bytes(mut self, ctx: &'a [u8]) -> Self {
        self.ctx_in = ctx;
        self
    }

    /// How many bytes the packet can have after the run; 512 more than it has before unless given. 0: it is not
    /// wanted back.
    pub fn data_room(mut self, bytes: usize) -> Self {
        self.data_room = Some(bytes);
        self
    }

    /// How often to run it; once unless given. Packet programs only.
    pub fn repeat(mut self, times: u32) -> Self {
        self.repeat = times;
        self
    }

    /// [`test_run_flags`].
    pub fn flags(mut self, flags: u32) -> Self {
        self.flags |= flags;
        self
    }

    /// Run it on this CPU: raw tracepoints (Linux 5.10). Sets [`test_run_flags::ON_CPU`].
    pub fn cpu(mut self, cpu: u32) -> Self {
        self.cpu = cpu;
        self.flags |= test_run_flags::ON_CPU;
        self
    }

    /// How many live frames are sent at a time: XDP (Linux 5.18).
    pub fn batch_size(mut self, frames: u32) -> Self {
        self.batch_size = frames;
        self
    }

    pub(super) fn run(self, program: &Handle) -> Result<TestRunOutput> {
        let Self { data_in, ctx_in, data_room, repeat, flags, cpu, batch_size } = self;
        let fd = program.loaded()?;
        let program_type = program.about().program_type;
        let live = flags & test_run_flags::XDP_LIVE_FRAMES != 0;
        let room = match data_room {
            Some(room) => room,
            None if data_in.is_empty() || live => 0,
            None => data_in.len() + DEFAULT_GROWTH,
        };
        let mut data_out = vec![0; room];
        let mut ctx_in = ctx_in.to_vec();
        // Types that do not give the context back refuse room for it. Syscall programs do, but in place.
        let ctx_back = gives_ctx_back(program_type) && !live;
        let mut ctx_out = vec![0; if ctx_back { ctx_in.len() } else { 0 }];
        let mut run = sys::TestRun {
            data_in,
            data_out: &mut data_out,
            ctx_in: &mut ctx_in,
            ctx_out: &mut ctx_out,
            repeat,
            flags,
            cpu,
            batch_size,
        };
        let (answer, result) = sys::prog_test_run(fd, &mut run);
        let data_size = answer.data_size as usize;
        result.map_err(|error| explain_failure(error, program_type, data_size, room))?;
        data_out.truncate(data_size);
        if ctx_back {
            ctx_out.truncate(answer.ctx_size as usize);
        } else if program_type == ProgramType::SYSCALL {
            ctx_out = ctx_in;
        }
        Ok(TestRunOutput {
            retval: answer.retval,
            duration: Duration::from_nanos(answer.duration.into()),
            data_out,
            ctx_out,
        })
    }
}

fn gives_ctx_back(program_type: ProgramType) -> bool {
    !matches!(
        program_type,
        ProgramType::RAW_TRACEPOINT
            | ProgramType::RAW_TRACEPOINT_WRITABLE
            | ProgramType::TRACING
            | ProgramType::SYSCALL
    )
}

fn explain_failure(
    error: io::Error,
    program_type: ProgramType,
    data_size: usize,
    room: usize,
) -> Error {
    match error.raw_os_error() {
        Some(ENOTSUPP) => Error::new(
            ErrorKind::NotSupportedByKernel,
            format!("programs of type {program_type} cannot be test-run on this kernel (ENOTSUPP, error {ENOTSUPP})"),
        ),
        Some(libc::ENOSPC) if data_size > room => Error::system("BPF_PROG_TEST_RUN", error).with_hint(format!(
            "the program ran; the packet has {data_size} bytes after it and there was room for {room}: see `data_room`"
        )),
        Some(libc::EINVAL) => Error::system("BPF_PROG_TEST_RUN", error).with_hint(format!(
            "the data, the context or an option does not fit programs of type {program_type}"
        )),
        _ => explain::permission(
            Error::system("BPF_PROG_TEST_RUN", error),
            explain::program_needs(program_type),
        ),
    }
}
