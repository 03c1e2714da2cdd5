use crate::sys::Allowed;
use crate::uapi::{AttachType, Command, MapType, ProgramType};

/// What a token can be asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Creation {
    /// Types of an object.
    Btf,
    /// A descriptor of types that are there (Linux 6.15).
    BtfById,
    Map(MapType),
    Program(ProgramType, AttachType),
}

impl Creation {
    const fn command(self) -> Command {
        match self {
            Self::Btf => Command::BTF_LOAD,
            Self::BtfById => Command::BTF_GET_FD_BY_ID,
            Self::Map(_) => Command::MAP_CREATE,
            Self::Program(..) => Command::PROG_LOAD,
        }
    }

    /// The mount options that leave it out, each with what it lacks by the name that it is known by there.
    pub(super) fn left_out(self, allowed: &Allowed) -> Vec<(&'static str, String)> {
        let command = self.command();
        let mut needs = vec![("delegate_cmds", allowed.commands, command.0, command.to_string())];
        match self {
            Self::Btf | Self::BtfById => {}
            Self::Map(one) => {
                needs.push(("delegate_maps", allowed.map_types, one.0, one.to_string()));
            }
            Self::Program(one, attach) => {
                needs.push(("delegate_progs", allowed.program_types, one.0, one.to_string()));
                let attachs = allowed.attach_types;
                needs.push(("delegate_attachs", attachs, attach.0, attach.to_string()));
            }
        }
        let lacks =
            |mask: u64, number: u32| mask.checked_shr(number).is_none_or(|bit| bit & 1 == 0);
        needs.retain(|(_, mask, number, _)| lacks(*mask, *number));
        needs.into_iter().map(|(option, _, _, name)| (option, name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_leave_something_out() {
        let all = u64::MAX;
        let allowed =
            Allowed { commands: all, map_types: all, program_types: all, attach_types: all };
        let program = Creation::Program(ProgramType::XDP, AttachType::XDP);
        for creation in [Creation::Btf, Creation::Map(MapType::HASH), program] {
            assert!(creation.left_out(&allowed).is_empty(), "{creation:?}");
        }
        // Of a newer kernel, which has more than 64.
        assert_eq!(Creation::Map(MapType(64)).left_out(&allowed).len(), 1);
        let allowed = Allowed {
            commands: 1 << Command::MAP_CREATE.0,
            map_types: !(1 << MapType::HASH.0),
            program_types: 0,
            attach_types: 1 << AttachType::CGROUP_INET_INGRESS.0,
        };
        let left_out = |creation: Creation| {
            let left_out = creation.left_out(&allowed).into_iter();
            left_out.map(|(option, name)| format!("{option} {name}")).collect::<Vec<_>>()
        };
        assert_eq!(left_out(Creation::Btf), ["delegate_cmds btf_load"]);
        assert_eq!(left_out(Creation::BtfById), ["delegate_cmds btf_get_fd_by_id"]);
        assert_eq!(left_out(Creation::Map(MapType::HASH)), ["delegate_maps hash"]);
        assert!(left_out(Creation::Map(MapType::ARRAY)).is_empty());
        assert_eq!(
            left_out(program),
            ["delegate_cmds prog_load", "delegate_progs xdp", "delegate_attachs xdp"]
        );
    }
}
