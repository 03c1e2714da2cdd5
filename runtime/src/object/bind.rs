//! Read-only data that no program refers to, such as `bpf_metadata_*` variables: bound to the programs, so that it lives
//! as long as they do and tools find it.

use std::os::fd::AsFd;

use super::prepare;
use super::prepared::PreparedProgram;
use crate::error::{Error, Frame, Result};
use crate::map::Map;
use crate::spec::{MapSpec, ObjectSpec, ProgramSpec, RelocationTarget};
use crate::sys;

/// Binds every such map to every loaded program. A refusal is not worth failing for: it becomes a note.
pub(super) fn bind<F: AsFd>(
    spec: &ObjectSpec,
    maps: &[Map],
    programs: &[PreparedProgram],
    verified: &[Option<F>],
    notes: &mut Vec<Error>,
) -> Result<()> {
    let loaded = programs.iter().zip(verified).filter_map(|(program, fd)| {
        Some((prepare::program_spec(spec, &program.open), fd.as_ref()?))
    });
    let mut texts = Vec::new();
    for (text, fd) in loaded {
        texts.push((text?, fd));
    }
    for (index, (map_spec, map)) in spec.maps.iter().zip(maps).enumerate() {
        if !is_rodata(map_spec)
            || map.is_absent()
            || texts.iter().any(|(text, _)| refers_to(text, index))
        {
            continue;
        }
        for (text, program) in &texts {
            if let Err(error) = sys::prog_bind_map(program.as_fd(), map.as_fd()) {
                let note = Error::system("BPF_PROG_BIND_MAP", error)
                    .with_hint("tools do not find this data by the program")
                    .within(Frame::Program(text.name.to_string()));
                notes.push(note.within(Frame::Map(map.name().to_owned())));
            }
        }
    }
    Ok(())
}

fn is_rodata(spec: &MapSpec) -> bool {
    spec.name == ".rodata" || spec.name.starts_with(".rodata.")
}

fn refers_to(program: &ProgramSpec, map: usize) -> bool {
    program.relocations.iter().any(|relocation| match relocation.target {
        RelocationTarget::Map(index) | RelocationTarget::MapValue { map: index, .. } => {
            index as usize == map
        }
        _ => false,
    })
}
