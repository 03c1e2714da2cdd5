use std::fmt;

use super::Release;
use crate::insn::{self, Insn};

/// Instructions that came to kernels together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum InsnSet {
    /// Conditional jumps that compare 32 bits (`-mcpu=v3`).
    Jump32,
    /// Atomic instructions other than a plain addition: with fetch, exchange, compare and exchange, and, or, xor
    /// (`-mcpu=v3`).
    Atomics,
    /// Callbacks of helpers: the address of a subprogram.
    Callbacks,
    /// Calls of kernel functions (kfuncs).
    Kfuncs,
    /// Maps by their place in the load call's `fd_array`.
    FdArray,
    /// Calls of kernel functions that modules have.
    ModuleKfuncs,
    /// Loads and moves with sign extension, signed division, byte swaps, long jumps (`-mcpu=v4`).
    V4,
    /// `may_goto`, which bounds loops.
    MayGoto,
    /// Conversion of addresses of an arena.
    AddressSpaceCast,
    /// Load-acquire and store-release.
    AcquireRelease,
    /// Jumps through a table.
    IndirectJumps,
}

impl InsnSet {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Jump32,
        Self::Atomics,
        Self::Callbacks,
        Self::Kfuncs,
        Self::FdArray,
        Self::ModuleKfuncs,
        Self::V4,
        Self::MayGoto,
        Self::AddressSpaceCast,
        Self::AcquireRelease,
        Self::IndirectJumps,
    ];

    /// The set that an instruction belongs to; `None` for what every kernel with `bpf(2)` has.
    pub const fn of(insn: Insn) -> Option<Self> {
        const LDX: u8 = 0x01;
        const JMP: u8 = 0x05;
        const JMP32: u8 = 0x06;
        const ALU: u8 = 0x04;
        const ALU64: u8 = 0x07;
        const MODE: u8 = 0xe0;
        const MEMSX: u8 = 0x80;
        const OPERATION: u8 = 0xf0;
        match (insn.code, insn.code & 0x07) {
            (insn::LDIMM64, _) => match insn.src() {
                insn::PSEUDO_FUNC => Some(Self::Callbacks),
                insn::PSEUDO_MAP_IDX | insn::PSEUDO_MAP_IDX_VALUE => Some(Self::FdArray),
                _ => None,
            },
            (insn::CALL, _) if insn.src() == insn::PSEUDO_KFUNC_CALL => {
                Some(if insn.off == 0 { Self::Kfuncs } else { Self::ModuleKfuncs })
            }
            (_, LDX) if insn.code & MODE == MEMSX => Some(Self::V4),
            // STX | ATOMIC, of a word and of a double word
            (0xc3 | 0xdb, _) => match insn.imm {
                0 => None,
                0x100 | 0x110 => Some(Self::AcquireRelease),
                _ => Some(Self::Atomics),
            },
            // STX | ATOMIC of less: only these
            (0xcb | 0xd3, _) => Some(Self::AcquireRelease),
            // JA | X
            (0x0d, _) => Some(Self::IndirectJumps),
            // JCOND
            (0xe5, JMP) => Some(Self::MayGoto),
            // JA with the distance in the immediate
            (0x06, _) => Some(Self::V4),
            (_, JMP32) => Some(Self::Jump32),
            // MOV | X
            (0xbf, _) if insn.off == 1 && insn.imm != 0 => Some(Self::AddressSpaceCast),
            (0xbf | 0xbc, _) if insn.off != 0 => Some(Self::V4),
            // END
            (0xd7, _) => Some(Self::V4),
            // DIV and MOD
            (code, ALU | ALU64) if insn.off == 1 && matches!(code & OPERATION, 0x30 | 0x90) => {
                Some(Self::V4)
            }
            _ => None,
        }
    }

    /// The first Linux that has it.
    pub const fn since(self) -> Release {
        match self {
            Self::Jump32 => Release::new(5, 1),
            Self::Atomics => Release::new(5, 12),
            Self::Callbacks | Self::Kfuncs => Release::new(5, 13),
            Self::FdArray => Release::new(5, 14),
            Self::ModuleKfuncs => Release::new(5, 16),
            Self::V4 => Release::new(6, 6),
            Self::MayGoto | Self::AddressSpaceCast => Release::new(6, 9),
            Self::AcquireRelease => Release::new(6, 15),
            Self::IndirectJumps => Release::new(6, 19),
        }
    }
}

impl fmt::Display for InsnSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jump32 => "32-bit jumps",
            Self::Atomics => "atomic fetch, exchange and bit instructions",
            Self::Callbacks => "callbacks",
            Self::Kfuncs => "kernel functions (kfuncs)",
            Self::FdArray => "fd_array",
            Self::ModuleKfuncs => "kernel functions of modules",
            Self::V4 => "instructions of -mcpu=v4",
            Self::MayGoto => "may_goto",
            Self::AddressSpaceCast => "addr_space_cast",
            Self::AcquireRelease => "load-acquire and store-release",
            Self::IndirectJumps => "indirect jumps",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_belong_to_their_set() {
        let of = |code, src, off, imm| InsnSet::of(Insn::new(code, 1, src, off, imm));
        for (code, src, off, imm, expected) in [
            (insn::LDIMM64, insn::PSEUDO_MAP_FD, 0, 3, None),
            (insn::LDIMM64, insn::PSEUDO_BTF_ID, 0, 3, None),
            (insn::LDIMM64, insn::PSEUDO_FUNC, 0, 3, Some(InsnSet::Callbacks)),
            (insn::LDIMM64, insn::PSEUDO_MAP_IDX, 0, 3, Some(InsnSet::FdArray)),
            (insn::CALL, 0, 0, 1, None),
            (insn::CALL, insn::PSEUDO_CALL, 0, 1, None),
            (insn::CALL, insn::PSEUDO_KFUNC_CALL, 0, 1, Some(InsnSet::Kfuncs)),
            (insn::CALL, insn::PSEUDO_KFUNC_CALL, 1, 1, Some(InsnSet::ModuleKfuncs)),
            (insn::EXIT, 0, 0, 0, None),
            (0x61, 2, 4, 0, None),                      // r1 = *(u32 *)(r2 + 4)
            (0x81, 2, 4, 0, Some(InsnSet::V4)),         // r1 = *(s32 *)(r2 + 4)
            (0x63, 2, 4, 0, None),                      // *(u32 *)(r1 + 4) = r2
            (0xdb, 2, 0, 0, None),                      // lock *(u64 *)r1 += r2
            (0xdb, 2, 0, 0x01, Some(InsnSet::Atomics)), // the same with fetch
            (0xc3, 2, 0, 0x50, Some(InsnSet::Atomics)), // |=
            (0xdb, 2, 0, 0x100, Some(InsnSet::AcquireRelease)),
            (0xd3, 2, 0, 0x110, Some(InsnSet::AcquireRelease)), // of a byte
            (0x05, 0, 3, 0, None),                              // goto +3
            (0x06, 0, 0, 3, Some(InsnSet::V4)),                 // gotol +3
            (0x0d, 0, 0, 0, Some(InsnSet::IndirectJumps)),
            (0xe5, 0, 3, 0, Some(InsnSet::MayGoto)),
            (0x15, 0, 3, 0, None),                  // if r1 == 0
            (0x16, 0, 3, 0, Some(InsnSet::Jump32)), // if w1 == 0
            (0xbf, 2, 0, 0, None),                  // r1 = r2
            (0xbf, 2, 8, 0, Some(InsnSet::V4)),     // r1 = (s8)r2
            (0xbc, 2, 16, 0, Some(InsnSet::V4)),    // w1 = (s16)w2
            (0xbf, 2, 1, 1, Some(InsnSet::AddressSpaceCast)),
            (0xdc, 0, 0, 16, None),              // be16
            (0xd7, 0, 0, 16, Some(InsnSet::V4)), // bswap16
            (0x37, 0, 0, 7, None),               // r1 /= 7
            (0x37, 0, 1, 7, Some(InsnSet::V4)),  // r1 s/= 7
            (0x9c, 2, 1, 0, Some(InsnSet::V4)),  // w1 s%= w2
        ] {
            assert_eq!(of(code, src, off, imm), expected, "{code:#x} {src} {off} {imm}");
        }
    }

    #[test]
    fn sets_stand_in_the_order_of_their_kernels() {
        assert!(InsnSet::ALL.is_sorted_by_key(|set| set.since()));
    }
}
