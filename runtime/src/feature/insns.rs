//! The smallest program with instructions of a set, or a sign of it where that would be no small one.

use super::{kinds, map, program};
use crate::insn::{EXIT, Insn, MOV64_IMM};
use crate::uapi::{Helper, InsnSet, MapType};

const RETURN_0: Insn = Insn::new(MOV64_IMM, 0, 0, 0, 0);
const END: Insn = Insn::new(EXIT, 0, 0, 0, 0);
/// The first double word of the stack, from register 10.
const SLOT: i16 = -8;
/// `*(u64 *)(r10 - 8) = 0`
const CLEAR: Insn = Insn::new(0x7a, 10, 0, SLOT, 0);

pub(super) fn has_set(set: InsnSet) -> Option<bool> {
    match set {
        // if w0 == 0 goto +0
        InsnSet::Jump32 => program::has_insns(&[RETURN_0, Insn::new(0x16, 0, 0, 0, 0), END]),
        // r0 = atomic_fetch_add((u64 *)(r10 - 8), r0)
        InsnSet::Atomics => {
            program::has_insns(&[RETURN_0, CLEAR, Insn::new(0xdb, 10, 0, SLOT, 0x01), END])
        }
        // r0 = (s8)r0
        InsnSet::V4 => program::has_insns(&[RETURN_0, Insn::new(0xbf, 0, 0, 8, 0), END]),
        InsnSet::MayGoto => {
            program::has_insns(&[RETURN_0, Insn::new(0xe5, 0, 0, 1, 0), RETURN_0, END])
        }
        // r0 = load_acquire((u64 *)(r10 - 8))
        InsnSet::AcquireRelease => {
            program::has_insns(&[CLEAR, Insn::new(0xdb, 0, 10, SLOT, 0x100), END])
        }
        // These take function information, descriptors or a map; they came together with something that shows.
        InsnSet::Callbacks => kinds::has_helper(Helper::FOR_EACH_MAP_ELEM),
        InsnSet::Kfuncs => kinds::has_member("bpf_prog_aux", "kfunc_tab"),
        InsnSet::FdArray => kinds::has_member("bpf_verifier_env", "fd_array"),
        InsnSet::ModuleKfuncs => kinds::has_member("bpf_prog_aux", "kfunc_btf_tab"),
        InsnSet::AddressSpaceCast => map::has_type(MapType::ARENA),
        InsnSet::IndirectJumps => map::has_type(MapType::INSN_ARRAY),
    }
}
