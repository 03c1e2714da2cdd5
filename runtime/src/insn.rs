//! BPF instructions: the wire format of `struct bpf_insn` and the few opcodes that a loader must know.
//!
//! Source: the kernel's `include/uapi/linux/bpf.h` and `Documentation/bpf/standardization/instruction-set.rst`.

use crate::spec::Endian;

/// Bytes of one instruction. `LDIMM64` takes two instructions.
pub const INSN_SIZE: usize = 8;

/// Opcode of a 64-bit immediate load: `BPF_LD | BPF_DW | BPF_IMM`. It takes two instructions.
pub const LDIMM64: u8 = 0x18;
/// Opcode of a call: `BPF_JMP | BPF_CALL`. What it calls depends on `src`.
pub const CALL: u8 = 0x85;
/// Opcode of `exit`.
pub const EXIT: u8 = 0x95;
/// Opcode of `r = imm`, 64 bits: `BPF_ALU64 | BPF_MOV | BPF_K`.
pub const MOV64_IMM: u8 = 0xb7;

/// `src` of an [`LDIMM64`] whose immediate is a map's file descriptor.
pub const PSEUDO_MAP_FD: u8 = 1;
/// `src` of an [`LDIMM64`]: a map's descriptor, and in the second half an offset into its value.
pub const PSEUDO_MAP_VALUE: u8 = 2;
/// `src` of an [`LDIMM64`] whose immediate is a kernel BTF id.
pub const PSEUDO_BTF_ID: u8 = 3;
/// `src` of an [`LDIMM64`] whose immediate is the distance to a subprogram, in instructions from the next one.
pub const PSEUDO_FUNC: u8 = 4;
/// `src` of an [`LDIMM64`]: an index into the load call's `fd_array`.
pub const PSEUDO_MAP_IDX: u8 = 5;
/// `src` of an [`LDIMM64`]: as [`PSEUDO_MAP_IDX`], with an offset into the map's value in the second half.
pub const PSEUDO_MAP_IDX_VALUE: u8 = 6;
/// `src` of a [`CALL`] to a subprogram: the immediate is the distance in instructions from the next one.
pub const PSEUDO_CALL: u8 = 1;
/// `src` of a [`CALL`] to a kernel function: the immediate is its BTF id.
pub const PSEUDO_KFUNC_CALL: u8 = 2;

/// One instruction, in host byte order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(C)]
pub struct Insn {
    /// Class, source and operation.
    pub code: u8,
    /// Destination register in the low four bits, source register in the high four, as little-endian hosts lay
    /// them out; on a big-endian host the two halves are swapped. Read them by [`Insn::dst`] and [`Insn::src`].
    pub regs: u8,
    /// Signed offset of a jump or of a memory access.
    pub off: i16,
    /// Signed immediate.
    pub imm: i32,
}

const _: () = assert!(size_of::<Insn>() == INSN_SIZE && align_of::<Insn>() == 4);

impl Insn {
    /// An instruction from its parts.
    pub const fn new(code: u8, dst: u8, src: u8, off: i16, imm: i32) -> Self {
        let regs = if cfg!(target_endian = "little") {
            (dst & 0xf) | (src << 4)
        } else {
            (dst << 4) | (src & 0xf)
        };
        Self { code, regs, off, imm }
    }

    /// Destination register.
    pub const fn dst(self) -> u8 {
        if cfg!(target_endian = "little") { self.regs & 0xf } else { self.regs >> 4 }
    }

    /// Source register, or what a `PSEUDO_` constant says.
    pub const fn src(self) -> u8 {
        if cfg!(target_endian = "little") { self.regs >> 4 } else { self.regs & 0xf }
    }

    /// The same instruction with another source register.
    #[must_use]
    pub const fn with_src(self, src: u8) -> Self {
        Self::new(self.code, self.dst(), src, self.off, self.imm)
    }

    /// Whether this is the first half of a 64-bit immediate load.
    pub const fn is_ldimm64(self) -> bool {
        self.code == LDIMM64
    }

    /// Whether this calls a subprogram of the same program.
    pub const fn is_subprog_call(self) -> bool {
        self.code == CALL && self.src() == PSEUDO_CALL
    }

    /// Reads an instruction as an object of this byte order stores it.
    pub const fn from_bytes(bytes: [u8; INSN_SIZE], endian: Endian) -> Self {
        let [code, regs, o0, o1, i0, i1, i2, i3] = bytes;
        let (dst, src, off, imm) = match endian {
            Endian::Little => (
                regs & 0xf,
                regs >> 4,
                i16::from_le_bytes([o0, o1]),
                i32::from_le_bytes([i0, i1, i2, i3]),
            ),
            Endian::Big => (
                regs >> 4,
                regs & 0xf,
                i16::from_be_bytes([o0, o1]),
                i32::from_be_bytes([i0, i1, i2, i3]),
            ),
        };
        Self::new(code, dst, src, off, imm)
    }

    /// The bytes of an instruction in an object of this byte order.
    pub const fn to_bytes(self, endian: Endian) -> [u8; INSN_SIZE] {
        let (regs, off, imm) = match endian {
            Endian::Little => {
                (self.dst() | (self.src() << 4), self.off.to_le_bytes(), self.imm.to_le_bytes())
            }
            Endian::Big => {
                ((self.dst() << 4) | self.src(), self.off.to_be_bytes(), self.imm.to_be_bytes())
            }
        };
        [self.code, regs, off[0], off[1], imm[0], imm[1], imm[2], imm[3]]
    }
}

/// Reads the instructions in `bytes`; a tail shorter than an instruction is left out.
pub fn decode(bytes: &[u8], endian: Endian) -> impl ExactSizeIterator<Item = Insn> + '_ {
    let (whole, _) = bytes.as_chunks::<INSN_SIZE>();
    whole.iter().map(move |&chunk| Insn::from_bytes(chunk, endian))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_byte_orders_round_trip() {
        let insn = Insn::new(LDIMM64, 3, PSEUDO_MAP_VALUE, -2, 0x0102_0304);
        let little = [0x18, 0x23, 0xfe, 0xff, 4, 3, 2, 1];
        let big = [0x18, 0x32, 0xff, 0xfe, 1, 2, 3, 4];
        assert_eq!(insn.to_bytes(Endian::Little), little);
        assert_eq!(insn.to_bytes(Endian::Big), big);
        assert_eq!(Insn::from_bytes(little, Endian::Little), insn);
        assert_eq!(Insn::from_bytes(big, Endian::Big), insn);
        assert_eq!(decode(&little, Endian::Little).next(), Some(insn));
        assert_eq!((insn.dst(), insn.src()), (3, 2));
    }
}
