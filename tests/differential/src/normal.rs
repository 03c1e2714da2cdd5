//! Final instructions in a form that does not change from one load to the next. Only two numbers do: descriptors of
//! maps, and descriptors of modules' BTF. Addresses of kernel symbols are the same as long as the kernel runs.

use std::os::fd::RawFd;

/// One instruction as its fields, so that both sides' types can be turned into it.
#[derive(Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) code: u8,
    pub(crate) regs: u8,
    pub(crate) off: i16,
    pub(crate) imm: i32,
}

impl Fields {
    fn to_u64(self) -> u64 {
        u64::from(self.code)
            | u64::from(self.regs) << 8
            | u64::from(self.off.cast_unsigned()) << 16
            | u64::from(self.imm.cast_unsigned()) << 32
    }
}

const LDIMM64: u8 = 0x18;
const PSEUDO_MAP_FD: u8 = 1;
const PSEUDO_MAP_VALUE: u8 = 2;
const PSEUDO_BTF_ID: u8 = 3;
/// What a descriptor becomes that is none of the object's maps, and what a module's BTF becomes.
const UNKNOWN: i32 = 0x0bad;

/// The instructions with the index of a map in place of its descriptor.
pub(crate) fn insns(insns: impl IntoIterator<Item = Fields>, maps: &[Option<RawFd>]) -> Vec<u64> {
    let mut out = Vec::new();
    let mut insns = insns.into_iter();
    while let Some(mut first) = insns.next() {
        if first.code != LDIMM64 {
            out.push(first.to_u64());
            continue;
        }
        let mut second = insns.next();
        match first.regs >> 4 {
            PSEUDO_MAP_FD | PSEUDO_MAP_VALUE => {
                let index = maps.iter().position(|&map| map == Some(first.imm));
                first.imm = index.map_or(UNKNOWN, |index| index as i32);
            }
            PSEUDO_BTF_ID => {
                if let Some(second) = second.as_mut().filter(|second| second.imm != 0) {
                    second.imm = UNKNOWN;
                }
            }
            _ => {}
        }
        out.push(first.to_u64());
        out.extend(second.map(Fields::to_u64));
    }
    out
}
