use std::borrow::Cow;

/// Places in a program that it jumps to by number, as `switch` does: LLVM 22 writes them for `-mcpu=v4`, in section
/// `.jumptables`.
///
/// A table belongs to one program, because it is about its linked instructions: a subprogram's table is there once for
/// each program that has the subprogram. The loader makes a map of type
/// [`INSN_ARRAY`](crate::uapi::MapType::INSN_ARRAY) of it. Linux 6.19.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JumpTable {
    /// The name of its symbol: `BPF.JT.0.0`.
    pub name: Cow<'static, str>,
    /// Indices of instructions of the program.
    pub targets: Cow<'static, [u32]>,
}
