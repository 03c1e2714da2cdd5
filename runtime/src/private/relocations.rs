//! Relocations in few tokens: a large object has thousands, and each costs its reader and its compiler time.

use crate::spec::{Relocation, RelocationTarget};

/// Instruction `insn` is to hold a map.
pub const fn map_fd(insn: u32, map: u32) -> Relocation {
    Relocation { insn, target: RelocationTarget::Map(map) }
}

/// Instruction `insn` is to hold an address in a data map.
pub const fn map_value(insn: u32, map: u32, offset: u32) -> Relocation {
    Relocation { insn, target: RelocationTarget::MapValue { map, offset } }
}

/// Instruction `insn` is to hold the address of a kernel's symbol.
pub const fn ksym(insn: u32, index: u32) -> Relocation {
    Relocation { insn, target: RelocationTarget::Ksym(index) }
}

/// Instruction `insn` calls a kernel's function.
pub const fn kfunc(insn: u32, index: u32) -> Relocation {
    Relocation { insn, target: RelocationTarget::Kfunc(index) }
}

/// Instruction `insn` is to hold the address of a table of jumps.
pub const fn jump_table(insn: u32, index: u32) -> Relocation {
    Relocation { insn, target: RelocationTarget::JumpTable(index) }
}
