//! The final text of a program: what the object left open is filled in.

use std::os::fd::{AsFd, AsRawFd};

use super::core::Answers;
use super::externs::{self, Symbols};
use crate::error::{Error, Frame, Result, Within};
use crate::insn::{self, Insn};
use crate::map::Map;
use crate::relocate;
use crate::spec::{Endian, ProgramSpec, Relocation, RelocationTarget};

/// Immediate of the call that stands in for the load of a map that is absent, plus the map's index: the number that
/// libbpf uses, so that logs read the same.
pub(crate) const ABSENT_MAP_CALL: i32 = 2_001_000_000;

/// Fills in what the kernel's types say of each CO-RE relocation, then the descriptors of maps and jump tables and the
/// kernel's symbols. `fd` gives a map's by its index, with the offset of what is in it, or `None` for one that is absent: the verifier then refuses the program if it can get there.
pub(crate) fn resolve(
    program: &ProgramSpec,
    core: &Answers,
    fd: impl Fn(u32) -> Option<(i32, u32)>,
    jump_tables: &[(u32, Map)],
    symbols: &Symbols,
) -> Result<Vec<Insn>> {
    let mut text: Vec<Insn> = insn::decode(&program.insns, Endian::NATIVE).collect();
    let within = || Frame::Program(program.name.to_string());
    relocate::apply(&mut text, program, core).within(within)?;
    for relocation in program.relocations.iter() {
        apply(&mut text, *relocation, &fd, jump_tables, symbols).within(within)?;
    }
    Ok(text)
}

fn apply(
    text: &mut [Insn],
    Relocation { insn, target }: Relocation,
    fd: &impl Fn(u32) -> Option<(i32, u32)>,
    jump_tables: &[(u32, Map)],
    symbols: &Symbols,
) -> Result<()> {
    let at = insn as usize;
    let symbol = |text: &mut [Insn], index: u32, call: Option<u32>| {
        let symbol = symbols.of.get(index as usize).copied().unwrap_or_default();
        let module = |module: usize| symbols.modules.get(module).map_or(0, AsRawFd::as_raw_fd);
        externs::patch(text, at, call, symbol, module)
    };
    let table = |index: u32| match jump_tables.iter().find(|(known, _)| *known == index) {
        Some((_, map)) => Ok(Some((map.as_fd().as_raw_fd(), 0))),
        None => {
            Err(Error::malformed(format!("relocation of instruction {at}: no jump table {index}")))
        }
    };
    let (found, map, src, offset) = match target {
        RelocationTarget::Map(map) => (fd(map), map, insn::PSEUDO_MAP_FD, None),
        RelocationTarget::MapValue { map, offset } => {
            (fd(map), map, insn::PSEUDO_MAP_VALUE, Some(offset))
        }
        RelocationTarget::JumpTable(index) => {
            (table(index)?, index, insn::PSEUDO_MAP_VALUE, Some(0))
        }
        RelocationTarget::Ksym(index) => return symbol(text, index, None),
        RelocationTarget::Kfunc(index) => return symbol(text, index, Some(index)),
    };
    let Some([first, second, ..]) = text.get_mut(at..).filter(|rest| rest.len() >= 2) else {
        return Err(Error::malformed(format!("relocation of instruction {at}: past the end")));
    };
    if !first.is_ldimm64() {
        return Err(Error::malformed(format!(
            "relocation of instruction {at}: expected a 64-bit immediate load, found opcode {:#04x}",
            first.code
        )));
    }
    match found {
        Some((fd, start)) => {
            *first = Insn { imm: fd, ..first.with_src(src) };
            second.imm = offset.map_or(0, |offset| offset.wrapping_add(start)).cast_signed();
        }
        None => {
            // Two invalid calls, so that the text keeps its length.
            let poison =
                Insn::new(insn::CALL, 0, 0, 0, ABSENT_MAP_CALL.saturating_add_unsigned(map));
            (*first, *second) = (poison, poison);
        }
    }
    Ok(())
}

/// The map that a poisoned call stands for, if it is one.
pub(crate) fn absent_map_of_call(imm: i32, maps: usize) -> Option<usize> {
    let index = usize::try_from(imm.checked_sub(ABSENT_MAP_CALL)?).ok()?;
    (index < maps).then_some(index)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;
    use crate::section_name::AttachKind;
    use crate::uapi::{AttachType, ProgramType};

    fn program(relocations: Vec<Relocation>) -> ProgramSpec {
        let insns = [
            Insn::new(insn::LDIMM64, 1, 0, 0, 0),
            Insn::default(),
            Insn::new(insn::EXIT, 0, 0, 0, 0),
        ];
        ProgramSpec {
            name: Cow::Borrowed("p"),
            section: Cow::Borrowed("xdp"),
            program_type: ProgramType::XDP,
            attach_type: AttachType::XDP,
            attach: AttachKind::Xdp,
            target: None,
            flags: 0,
            autoload: true,
            insns: insns.iter().flat_map(|insn| insn.to_bytes(Endian::NATIVE)).collect(),
            func_info: Cow::Borrowed(&[]),
            line_info: Cow::Borrowed(&[]),
            relocations: relocations.into(),
            core_relocations: Cow::Borrowed(&[]),
        }
    }

    fn at(insn: u32, target: RelocationTarget) -> Vec<Relocation> {
        vec![Relocation { insn, target }]
    }

    #[test]
    fn maps_and_values_get_descriptors() {
        let none = Symbols::default();
        let map = program(at(0, RelocationTarget::Map(2)));
        let text = resolve(&map, &Vec::new(), |map| Some((map as i32 + 10, 0)), &[], &none)
            .expect("resolves");
        assert_eq!((text[0].src(), text[0].imm, text[1].imm), (insn::PSEUDO_MAP_FD, 12, 0));

        let value = program(at(0, RelocationTarget::MapValue { map: 1, offset: 24 }));
        let text = resolve(&value, &Vec::new(), |map| Some((map as i32 + 10, 0)), &[], &none)
            .expect("resolves");
        assert_eq!((text[0].src(), text[0].imm, text[1].imm), (insn::PSEUDO_MAP_VALUE, 11, 24));
        let text = resolve(&value, &Vec::new(), |_| Some((3, 4096)), &[], &none).expect("resolves");
        assert_eq!(text[1].imm, 4120, "variables of an arena are not at its start");
    }

    #[test]
    fn an_absent_map_becomes_an_invalid_call() {
        let text = resolve(
            &program(at(0, RelocationTarget::Map(3))),
            &Vec::new(),
            |_| None,
            &[],
            &Symbols::default(),
        )
        .expect("resolves");
        assert_eq!((text[0].code, text[0].imm), (insn::CALL, ABSENT_MAP_CALL + 3));
        assert_eq!(absent_map_of_call(text[1].imm, 4), Some(3));
        assert_eq!(absent_map_of_call(text[1].imm, 3), None);
        assert_eq!(absent_map_of_call(7, 3), None);
    }

    #[test]
    fn a_jump_table_that_was_not_made_is_an_error() {
        let program = program(at(0, RelocationTarget::JumpTable(7)));
        let error = resolve(&program, &Vec::new(), |_| Some((3, 0)), &[], &Symbols::default())
            .expect_err("there is none")
            .to_string();
        assert!(error.ends_with("relocation of instruction 0: no jump table 7"), "{error}");
    }

    #[test]
    fn a_relocation_that_fits_nothing_is_an_error() {
        for (insn, expected) in
            [(2, "past the end"), (1, "found opcode 0x00"), (u32::MAX, "past the end")]
        {
            let bad = program(at(insn, RelocationTarget::Map(0)));
            let error = resolve(&bad, &Vec::new(), |_| Some((3, 0)), &[], &Symbols::default())
                .expect_err(expected)
                .to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
