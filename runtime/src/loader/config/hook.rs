use std::fmt;

use bpf_skel::spec::ObjectSpec;
use bpf_skel::uapi::ProgramType;

/// What iproute2 attaches to, each with a directory of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// Classifiers and actions of `tc`.
    Tc,
    /// `ip link … xdp`
    Xdp,
    /// Light-weight tunnels: `ip route … encap bpf`.
    Ip,
}

impl Hook {
    /// The hook of programs of this type.
    pub fn of(program_type: ProgramType) -> Option<Self> {
        match program_type {
            ProgramType::SCHED_CLS | ProgramType::SCHED_ACT => Some(Self::Tc),
            ProgramType::XDP => Some(Self::Xdp),
            ProgramType::LWT_IN
            | ProgramType::LWT_OUT
            | ProgramType::LWT_XMIT
            | ProgramType::LWT_SEG6LOCAL => Some(Self::Ip),
            _ => None,
        }
    }

    /// The hook of the first program that has one.
    pub fn of_object(object: &ObjectSpec) -> Option<Self> {
        object.programs.iter().find_map(|program| Self::of(program.program_type))
    }

    /// Its directory.
    pub const fn directory(self) -> &'static str {
        match self {
            Self::Tc => "tc",
            Self::Xdp => "xdp",
            Self::Ip => "ip",
        }
    }
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.directory())
    }
}
