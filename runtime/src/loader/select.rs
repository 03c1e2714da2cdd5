//! Which programs of an object are loaded, and as what.

use bpf_skel::object::OpenProgram;
use bpf_skel::section_name::{self, AttachKind};
use bpf_skel::spec::{MapContents, ObjectSpec, SlotTarget};
use bpf_skel::uapi::ProgramType;
use bpf_skel::{Error, Frame, OpenObject, Result};

/// What iproute2 loads: the programs that are named, and those that prog arrays hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    pub(super) section: Option<String>,
    pub(super) program: Option<String>,
    pub(super) program_type: Option<ProgramType>,
}

impl Selection {
    pub(super) fn apply(&self, object: &mut OpenObject) -> Result<()> {
        let tail_called = tail_called(object.spec());
        let wanted = self.wanted(object.spec())?;
        let unused = unused_operations(object.spec(), &wanted);
        for (map, unused) in object.maps_mut().iter_mut().zip(unused) {
            if unused {
                map.set_autocreate(false);
            }
        }
        let programs = object.programs_mut().iter_mut();
        for ((program, wanted), tail_called) in programs.zip(wanted).zip(tail_called) {
            match wanted {
                Some(true) => _ = program.set_autoload(true),
                Some(false) if !tail_called => _ = program.set_autoload(false),
                Some(false) | None => {}
            }
            if let (ProgramType::UNSPEC, Some(given)) = (program.program_type(), self.program_type)
            {
                set_type(program, given, tail_called);
            }
        }
        Ok(())
    }

    /// Of each program, whether it is named; `None` where none is.
    fn wanted(&self, spec: &ObjectSpec) -> Result<Vec<Option<bool>>> {
        let Self { section, program, .. } = self;
        if section.is_none() && program.is_none() {
            return Ok(vec![None; spec.programs.len()]);
        }
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted.trim_start_matches('?') == found)
        };
        let wanted: Vec<Option<bool>> = spec
            .programs
            .iter()
            .map(|it| is(section, it.section.trim_start_matches('?')) && is(program, &it.name))
            .map(Some)
            .collect();
        if wanted.contains(&Some(true)) {
            return Ok(wanted);
        }
        let programs = spec.programs.iter();
        let known: Vec<_> = programs.map(|it| format!("{} in {:?}", it.name, it.section)).collect();
        let error = Error::not_found(format!("no such program; there are: {}", known.join(", ")));
        let error = match program {
            Some(program) => error.within(Frame::Program(program.clone())),
            None => error,
        };
        let error = match section {
            Some(section) => error.within(Frame::Section(section.clone())),
            None => error,
        };
        Err(error.within(Frame::Object(spec.name.to_string())))
    }
}

/// Of each map, whether it holds operations and calls none of the programs that are named, though some are: it would have
/// all that it calls loaded.
fn unused_operations(spec: &ObjectSpec, wanted: &[Option<bool>]) -> Vec<bool> {
    let is_named = |program: u32| wanted.get(program as usize) == Some(&Some(true));
    let any = wanted.contains(&Some(true));
    let unused = spec.maps.iter().map(|map| match &map.contents {
        MapContents::StructOps { functions, .. } => {
            any && !functions.iter().any(|function| is_named(function.program))
        }
        _ => false,
    });
    unused.collect()
}

/// Of each program, whether a prog array of the object holds it from the start.
fn tail_called(spec: &ObjectSpec) -> Vec<bool> {
    let mut called = vec![false; spec.programs.len()];
    for map in spec.maps.iter() {
        let MapContents::Slots(slots) = &map.contents else { continue };
        for slot in slots.iter() {
            if let SlotTarget::Program(index) = slot.target
                && let Some(called) = called.get_mut(index as usize)
            {
                *called = true;
            }
        }
    }
    called
}

/// A program that others jump to is not attached itself; all else about it must be as with them.
fn set_type(program: &mut OpenProgram, given: ProgramType, tail_called: bool) {
    program.set_type(given);
    let Some(section) = section_of(given) else { return };
    let like = section_name::parse(section);
    program.set_expected_attach_type(like.attach_type).set_flags(like.flags);
    if !tail_called && program.attach_kind() == AttachKind::None {
        program.set_attach_kind(like.kind);
    }
}

/// The section's name that says no more than a type, for types of which there is one.
fn section_of(program_type: ProgramType) -> Option<&'static str> {
    Some(match program_type {
        ProgramType::SOCKET_FILTER => "socket",
        ProgramType::SCHED_CLS => "classifier",
        ProgramType::SCHED_ACT => "action",
        ProgramType::XDP => "xdp",
        ProgramType::PERF_EVENT => "perf_event",
        ProgramType::LWT_IN => "lwt_in",
        ProgramType::LWT_OUT => "lwt_out",
        ProgramType::LWT_XMIT => "lwt_xmit",
        ProgramType::LWT_SEG6LOCAL => "lwt_seg6local",
        ProgramType::SOCK_OPS => "sockops",
        ProgramType::SK_MSG => "sk_msg",
        ProgramType::SK_REUSEPORT => "sk_reuseport",
        ProgramType::SK_LOOKUP => "sk_lookup",
        ProgramType::FLOW_DISSECTOR => "flow_dissector",
        ProgramType::LIRC_MODE2 => "lirc_mode2",
        ProgramType::CGROUP_DEVICE => "cgroup/dev",
        ProgramType::CGROUP_SYSCTL => "cgroup/sysctl",
        ProgramType::SYSCALL => "syscall",
        ProgramType::NETFILTER => "netfilter",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_of_the_types_that_they_stand_for() {
        for program_type in (0..64).map(ProgramType) {
            if let Some(section) = section_of(program_type) {
                assert_eq!(section_name::parse(section).program_type, program_type, "{section}");
            }
        }
    }
}
