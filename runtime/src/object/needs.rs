//! What a refused program needs of the kernel: the suspects, once it is refused.

use super::OpenProgram;
use crate::feature::Feature;
use crate::uapi::flags::{SLEEPABLE, XDP_HAS_FRAGS};
use crate::uapi::{AttachType, ProgramType};

/// Of a program that the verifier had nothing to say about.
pub(super) fn of_program(program: &OpenProgram) -> Vec<Feature> {
    let mut needs = Vec::new();
    if program.program_type != ProgramType::UNSPEC {
        needs.push(Feature::ProgramType(program.program_type));
    }
    if program.attach_type != AttachType::default() {
        needs.push(Feature::AttachType(program.attach_type));
    }
    if program.flags & XDP_HAS_FRAGS != 0 {
        needs.push(Feature::XdpFrags);
    }
    needs
}

/// Of a program that the verifier refused with these words, before it looked at an instruction.
pub(super) fn of_refused_program(program: &OpenProgram, words: &str) -> Vec<Feature> {
    let mut needs = Vec::new();
    // For other types the verifier does not care about the attach type: it is not what was refused.
    if matches!(program.program_type, ProgramType::TRACING | ProgramType::LSM) {
        needs.push(Feature::AttachType(program.attach_type));
    }
    if program.flags & SLEEPABLE != 0 && words.contains("sleepable") {
        needs.push(Feature::Sleepable(program.program_type));
    }
    needs
}
