use super::question::Questions;
use super::{Candidate, Resolver, compatible, patch};
use crate::btf::{Btf, essential_name};
use crate::error::{Error, Frame, Result, Within};
use crate::insn::{self, Insn};
use crate::spec::{ObjectSpec, ProgramSpec};

/// What CO-RE makes of a program on a kernel with these types: its instructions with everything filled in that depends
/// on them. No kernel is asked, and none is needed.
///
/// Instructions that must not be reached are calls of the function [`POISON`](super::POISON), which does not exist. Maps
/// and symbols of the kernel are left open.
///
/// ```no_run
/// # fn example(spec: &bpf_skel::spec::ObjectSpec, other_kernel: &[u8]) -> bpf_skel::Result<()> {
/// use bpf_skel::{btf::Btf, relocate::relocate, spec::Endian};
///
/// let types = Btf::parse(other_kernel, Endian::NATIVE)?;
/// for program in spec.programs.iter() {
///     println!("{}: {:?}", program.name, relocate(spec, program, &types)?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Where types of the kernel of the same name do not agree, where a number does not fit into its instruction, where a
/// type is malformed.
pub fn relocate(spec: &ObjectSpec, program: &ProgramSpec, kernel: &Btf<'_>) -> Result<Vec<Insn>> {
    answer(spec, program, kernel).within(|| Frame::Program(program.name.to_string()))
}

fn answer(spec: &ObjectSpec, program: &ProgramSpec, kernel: &Btf<'_>) -> Result<Vec<Insn>> {
    let mut text: Vec<Insn> = insn::decode(&program.insns, spec.endian).collect();
    let questions = Questions::of(spec)?;
    let mut resolver = Resolver::new(&questions, candidates(&questions, kernel));
    for relocation in program.core_relocations.iter() {
        resolver.answer(relocation.access)?;
    }
    apply(&mut text, program, &resolver.into_answers())?;
    Ok(text)
}

/// Puts the answers, by question, into the instructions that wait for them.
pub(crate) fn apply(
    text: &mut [Insn],
    program: &ProgramSpec,
    answers: &[Option<super::Resolution>],
) -> Result<()> {
    for relocation in program.core_relocations.iter() {
        let answer = answers.get(relocation.access as usize).and_then(Option::as_ref);
        let answer = answer
            .ok_or_else(|| Error::malformed(format!("no CO-RE access {}", relocation.access)))?;
        patch(text, relocation.insn as usize, answer)?;
    }
    Ok(())
}

/// The kernel's types for each root, in one pass over them.
fn candidates<'k>(questions: &Questions<'_>, kernel: &'k Btf<'k>) -> Vec<Vec<Candidate<'k>>> {
    let roots = questions.roots();
    let mut found = vec![Vec::new(); roots.len()];
    if roots.is_empty() {
        return found;
    }
    for (id, ty) in kernel.types() {
        let name = essential_name(ty.name);
        let same = |root: &crate::spec::CoreRoot| {
            root.name == name && compatible::same_kind(root.kind, ty.kind.code())
        };
        for (root, found) in roots.iter().zip(&mut found) {
            if same(root) {
                found.push(Candidate { btf: kernel, id });
            }
        }
    }
    found
}
