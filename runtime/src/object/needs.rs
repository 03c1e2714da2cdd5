//! What a refused program needs of the kernel: the suspects, once it is refused.

use super::OpenProgram;
use crate::feature::Feature;
use crate::insn::{CALL, Insn};
use crate::uapi::flags::SLEEPABLE;
use crate::uapi::{AttachType, Helper, InsnSet, ProgramFlag, ProgramType};

/// Of a program that the verifier had nothing to say about.
pub(super) fn of_program(program: &OpenProgram, text: &[Insn]) -> Vec<Feature> {
    let mut needs = Vec::new();
    if program.program_type != ProgramType::UNSPEC {
        needs.push(Feature::ProgramType(program.program_type));
    }
    // Of operations it is the index of a member.
    let has_attach_type = program.program_type != ProgramType::STRUCT_OPS;
    if has_attach_type && program.attach_type != AttachType::default() {
        needs.push(Feature::AttachType(program.attach_type));
    }
    // That depends on the program's type, and the verifier has words for it.
    needs.extend(ProgramFlag::of(program.flags & !SLEEPABLE).map(Feature::ProgramFlag));
    needs.extend(of_text(text));
    needs
}

/// Of a program that the verifier refused with these words, before it looked at an instruction.
pub(super) fn of_refused_program(
    program: &OpenProgram,
    text: &[Insn],
    words: &str,
) -> Vec<Feature> {
    let mut needs = Vec::new();
    // For other types the verifier does not care about the attach type: it is not what was refused.
    if matches!(program.program_type, ProgramType::TRACING | ProgramType::LSM) {
        needs.push(Feature::AttachType(program.attach_type));
    }
    if program.flags & SLEEPABLE != 0 && words.contains("sleepable") {
        needs.push(Feature::Sleepable(program.program_type));
    }
    needs.extend(of_text(text));
    needs
}

/// Of a program that the verifier refused at this instruction.
pub(super) fn of_insn(insn: Insn) -> Vec<Feature> {
    let set = InsnSet::of(insn).map(Feature::Insns);
    set.into_iter().chain(helper(insn).map(Feature::Helper)).collect()
}

/// The helper that an instruction calls. Calls that stand in for something absent have numbers of no helper.
pub(super) fn helper(insn: Insn) -> Option<Helper> {
    let helper = Helper(insn.imm.cast_unsigned());
    (insn.code == CALL && insn.src() == 0 && helper.c_name().is_some()).then_some(helper)
}

/// The sets that instructions of a text belong to.
fn of_text(text: &[Insn]) -> impl Iterator<Item = Feature> {
    let has = |set| text.iter().any(|&insn| InsnSet::of(insn) == Some(set));
    InsnSet::ALL.into_iter().filter(move |&set| has(set)).map(Feature::Insns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insn::PSEUDO_CALL;

    #[test]
    fn a_call_needs_its_helper() {
        let needs = |src, imm| of_insn(Insn::new(CALL, 0, src, 0, imm));
        assert_eq!(needs(0, 181), [Feature::Helper(Helper::LOOP)]);
        assert_eq!(needs(PSEUDO_CALL, 181), []);
        // Stand-ins for an absent map, an absent kernel function, and a missing field.
        for imm in [2_001_000_000, 2_002_000_001, 0x0bad_2310, -1, 0] {
            assert_eq!(needs(0, imm), [], "{imm}");
        }
    }

    #[test]
    fn a_text_needs_each_set_once() {
        let (sign_extended, compared) = (Insn::new(0xbf, 0, 0, 8, 0), Insn::new(0x16, 0, 0, 0, 0));
        let needs: Vec<_> = of_text(&[sign_extended, compared, sign_extended]).collect();
        assert_eq!(needs, [Feature::Insns(InsnSet::Jump32), Feature::Insns(InsnSet::V4)]);
    }
}
