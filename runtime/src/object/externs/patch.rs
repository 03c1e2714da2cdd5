//! Symbols of the kernel in instructions.

use super::Symbol;
use crate::error::{Error, Result};
use crate::insn::{self, Insn};

/// Immediate of the call that stands in for a call of a function that the kernel has not got, plus the symbol's index:
/// the number that libbpf uses, so that logs read the same.
const ABSENT_KFUNC_CALL: i32 = 2_002_000_000;

/// What a call of a missing function becomes: no such helper exists, so that the verifier refuses the program if it
/// can get there, and removes the call otherwise.
pub(crate) fn absent_call(index: u32) -> Insn {
    Insn::new(insn::CALL, 0, 0, 0, ABSENT_KFUNC_CALL.saturating_add_unsigned(index))
}

/// The external symbol whose call this instruction stands in for, if it does.
pub(crate) fn absent_of_call(insn: Insn, externs: usize) -> Option<usize> {
    let index = usize::try_from(insn.imm.checked_sub(ABSENT_KFUNC_CALL)?).ok()?;
    (insn.code == insn::CALL && insn.src() == 0 && index < externs).then_some(index)
}

/// Puts a symbol into the instructions that name it.
pub(crate) fn patch(
    text: &mut [Insn],
    at: usize,
    call: Option<u32>,
    symbol: Symbol,
    module_fd: impl Fn(usize) -> i32,
) -> Result<()> {
    let Some(first) = text.get_mut(at) else {
        return Err(Error::malformed(format!("relocation of instruction {at}: past the end")));
    };
    if let Some(index) = call {
        if first.code != insn::CALL {
            return Err(Error::malformed(format!(
                "relocation of instruction {at}: expected a call, found opcode {:#04x}",
                first.code
            )));
        }
        *first = match symbol {
            Symbol::Typed { btf_id, module } => {
                // Entry 0 of the array of descriptors stands for the kernel itself.
                let off = module.map_or(Ok(0), |module| i16::try_from(module + 1));
                let off =
                    off.map_err(|_| Error::invalid_input("it calls into too many modules"))?;
                Insn::new(insn::CALL, 0, insn::PSEUDO_KFUNC_CALL, off, btf_id.cast_signed())
            }
            _ => absent_call(index),
        };
        return Ok(());
    }
    let (src, low, high) = match symbol {
        Symbol::Absent => (0, 0, 0),
        Symbol::At(address) => (0, address as i32, (address >> 32) as i32),
        Symbol::Typed { btf_id, module } => {
            (insn::PSEUDO_BTF_ID, btf_id.cast_signed(), module.map_or(0, module_fd))
        }
    };
    let (first, second) = match text.get_mut(at..) {
        Some([first, second, ..]) if first.is_ldimm64() => (first, second),
        Some([first, _, ..]) => {
            return Err(Error::malformed(format!(
                "relocation of instruction {at}: expected a 64-bit immediate load, found opcode {:#04x}",
                first.code
            )));
        }
        _ => {
            return Err(Error::malformed(format!("relocation of instruction {at}: past the end")));
        }
    };
    *first = Insn { imm: low, ..first.with_src(src) };
    second.imm = high;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load() -> Vec<Insn> {
        vec![Insn::new(insn::LDIMM64, 3, 0, 0, 0), Insn::default()]
    }

    #[test]
    fn addresses() {
        for (symbol, expected) in [
            (Symbol::Absent, (0, 0, 0)),
            (Symbol::At(0xffff_ffff_8100_0010), (0, 0x8100_0010_u32 as i32, -1)),
            (Symbol::Typed { btf_id: 7, module: None }, (insn::PSEUDO_BTF_ID, 7, 0)),
            (Symbol::Typed { btf_id: 8, module: Some(1) }, (insn::PSEUDO_BTF_ID, 8, 101)),
        ] {
            let mut text = load();
            patch(&mut text, 0, None, symbol, |module| module as i32 + 100).unwrap();
            assert_eq!((text[0].src(), text[0].imm, text[1].imm), expected, "{symbol:?}");
            assert_eq!(text[0].dst(), 3);
        }
    }

    #[test]
    fn calls() {
        let call = Insn::new(insn::CALL, 0, 0, 0, 0);
        for (symbol, expected) in [
            (Symbol::Absent, (0, 0, ABSENT_KFUNC_CALL + 5)),
            (Symbol::Typed { btf_id: 7, module: None }, (insn::PSEUDO_KFUNC_CALL, 0, 7)),
            (Symbol::Typed { btf_id: 8, module: Some(1) }, (insn::PSEUDO_KFUNC_CALL, 2, 8)),
        ] {
            let mut text = vec![call];
            patch(&mut text, 0, Some(5), symbol, |_| 0).unwrap();
            assert_eq!((text[0].src(), text[0].off, text[0].imm), expected, "{symbol:?}");
        }
        assert_eq!(absent_of_call(absent_call(5), 6), Some(5));
        assert_eq!(absent_of_call(absent_call(5), 5), None);
        assert_eq!(absent_of_call(call, 5), None);
    }

    #[test]
    fn what_fits_nothing_is_an_error() {
        let text = [load(), vec![Insn::new(insn::EXIT, 0, 0, 0, 0)]].concat();
        for (at, call, expected) in [
            (1, None, "found opcode 0x00"),
            (2, None, "past the end"),
            (9, None, "past the end"),
            (2, Some(0), "expected a call, found opcode 0x95"),
            (9, Some(0), "past the end"),
        ] {
            let error =
                patch(&mut text.clone(), at, call, Symbol::Absent, |_| 0).expect_err(expected);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
