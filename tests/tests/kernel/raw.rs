//! Programs assembled by hand, loaded and run by the bare system call: tests of maps need no loader.

use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use bpf_skel::insn::{CALL, EXIT, Insn, LDIMM64, MOV64_IMM, PSEUDO_MAP_FD};

const MOV64_REG: u8 = 0xbf;
const MOV32_IMM: u8 = 0xb4;
const ADD64_IMM: u8 = 0x07;
const JEQ_IMM: u8 = 0x15;

const SOCKET_FILTER: u32 = 1;
const ETHERNET_HEADER: usize = 14;
const FRAME_POINTER: u8 = 10;

const FN_TAIL_CALL: i32 = 12;
const FN_PERF_EVENT_OUTPUT: i32 = 25;
const FN_SKB_LOAD_BYTES: i32 = 26;
const FN_RINGBUF_OUTPUT: i32 = 130;
const FN_RINGBUF_RESERVE: i32 = 131;
const FN_RINGBUF_DISCARD: i32 = 133;

/// A loaded socket filter.
pub struct Filter(OwnedFd);

impl AsFd for Filter {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

fn imm(code: u8, dst: u8, imm: i32) -> Insn {
    Insn::new(code, dst, 0, 0, imm)
}

fn mov(dst: u8, src: u8) -> Insn {
    Insn::new(MOV64_REG, dst, src, 0, 0)
}

fn map(dst: u8, map: &impl AsFd) -> [Insn; 2] {
    let fd = map.as_fd().as_raw_fd();
    [Insn::new(LDIMM64, dst, PSEUDO_MAP_FD, 0, fd), Insn::default()]
}

impl Filter {
    /// A program that returns this.
    pub fn returns(value: i32) -> Self {
        Self::load(&[imm(MOV64_IMM, 0, value), imm(EXIT, 0, 0)])
    }

    /// A program that tail-calls this slot and returns -1 where that fails.
    pub fn tail_calls(array: &impl AsFd, index: i32) -> Self {
        let mut code = map(2, array).to_vec();
        code.extend([
            imm(MOV64_IMM, 3, index),
            imm(CALL, 0, FN_TAIL_CALL),
            imm(MOV64_IMM, 0, -1),
            imm(EXIT, 0, 0),
        ]);
        Self::load(&code)
    }

    /// A program that puts the first `len` bytes (a multiple of 8) of its packet into a ring buffer as one record; it
    /// returns 0, or a negative error where the ring is full.
    pub fn outputs(ring: &impl AsFd, len: i32) -> Self {
        let buffer = |register| [mov(register, FRAME_POINTER), imm(ADD64_IMM, register, -len)];
        let mut code = vec![imm(MOV64_IMM, 2, 0)];
        code.extend(buffer(3));
        code.extend([imm(MOV64_IMM, 4, len), imm(CALL, 0, FN_SKB_LOAD_BYTES)]);
        code.extend([Insn::new(JEQ_IMM, 0, 0, 1, 0), imm(EXIT, 0, 0)]);
        code.extend(map(1, ring));
        code.extend(buffer(2));
        code.extend([
            imm(MOV64_IMM, 3, len),
            imm(MOV64_IMM, 4, 0),
            imm(CALL, 0, FN_RINGBUF_OUTPUT),
            imm(EXIT, 0, 0),
        ]);
        Self::load(&code)
    }

    /// A program that outputs the first `len` bytes of its packet to the event that a perf event array has for its CPU; it
    /// returns 0, or a negative error where the ring is full or there is no event.
    pub fn outputs_to_event(array: &impl AsFd, len: i32) -> Self {
        const CONTEXT: u8 = 6;
        // `BPF_F_CURRENT_CPU`: the lower half of a register, all ones.
        const CURRENT_CPU: i32 = -1;
        let room = (len + 7) & !7;
        let buffer = |register| [mov(register, FRAME_POINTER), imm(ADD64_IMM, register, -room)];
        let mut code = vec![mov(CONTEXT, 1), imm(MOV64_IMM, 2, 0)];
        code.extend(buffer(3));
        code.extend([imm(MOV64_IMM, 4, len), imm(CALL, 0, FN_SKB_LOAD_BYTES)]);
        code.extend([Insn::new(JEQ_IMM, 0, 0, 1, 0), imm(EXIT, 0, 0)]);
        code.push(mov(1, CONTEXT));
        code.extend(map(2, array));
        code.push(imm(MOV32_IMM, 3, CURRENT_CPU));
        code.extend(buffer(4));
        code.extend([imm(MOV64_IMM, 5, len), imm(CALL, 0, FN_PERF_EVENT_OUTPUT), imm(EXIT, 0, 0)]);
        Self::load(&code)
    }

    /// A program that reserves a record of 16 bytes in a ring buffer and gives it up.
    pub fn discards(ring: &impl AsFd) -> Self {
        let mut code = map(1, ring).to_vec();
        code.extend([
            imm(MOV64_IMM, 2, 16),
            imm(MOV64_IMM, 3, 0),
            imm(CALL, 0, FN_RINGBUF_RESERVE),
            Insn::new(JEQ_IMM, 0, 0, 3, 0),
            mov(1, 0),
            imm(MOV64_IMM, 2, 0),
            imm(CALL, 0, FN_RINGBUF_DISCARD),
            imm(MOV64_IMM, 0, 0),
            imm(EXIT, 0, 0),
        ]);
        Self::load(&code)
    }

    fn load(code: &[Insn]) -> Self {
        let mut log = vec![0_u8; 64 << 10];
        let mut attr = [0_u64; 6];
        attr[0] = u64::from(SOCKET_FILTER) | (code.len() as u64) << 32;
        attr[1] = code.as_ptr() as u64;
        attr[2] = c"GPL".as_ptr() as u64;
        attr[3] = 1 | (log.len() as u64) << 32;
        attr[4] = log.as_mut_ptr() as u64;
        let fd = bpf(5, &mut attr).unwrap_or_else(|error| {
            panic!("BPF_PROG_LOAD: {error}\n{}", String::from_utf8_lossy(&log))
        });
        // SAFETY: the call has just opened it.
        Self(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// Runs the program on a packet with this data, so many times; answers what the last run returned.
    pub fn run(&self, data: &[u8], repeat: u32) -> i32 {
        let packet = [&[0; ETHERNET_HEADER], data].concat();
        let mut attr = [0_u64; 10];
        attr[0] = self.0.as_raw_fd() as u64;
        attr[1] = packet.len() as u64;
        attr[2] = packet.as_ptr() as u64;
        attr[4] = u64::from(repeat);
        bpf(10, &mut attr).expect("BPF_PROG_TEST_RUN");
        (attr[0] >> 32) as i32
    }
}

/// What the kernel says of an object, as words of its info struct; zeros beyond what it knows.
pub fn info(object: &impl AsFd) -> [u32; 64] {
    let mut words = [0_u32; 64];
    let mut attr = [0_u64; 2];
    attr[0] = object.as_fd().as_raw_fd() as u64 | (size_of_val(&words) as u64) << 32;
    attr[1] = words.as_mut_ptr() as u64;
    bpf(15, &mut attr).expect("BPF_OBJ_GET_INFO_BY_FD");
    words
}

/// The bare call. Attributes are words of little-endian halves, as this file's callers write them.
fn bpf<const N: usize>(command: i32, attr: &mut [u64; N]) -> io::Result<i32> {
    // SAFETY: callers above pass addresses of memory that lives until the call returns, with its length.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, attr.as_mut_ptr(), N * 8) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as i32) }
}
