use std::fmt;
use std::fs::File;
use std::path::PathBuf;
use std::str::FromStr;

use bpf_skel::link::{CgroupOptions, TcxDirection, TcxOptions, XdpOptions};
use bpf_skel::section_name::AttachKind;
use bpf_skel::{Error, Frame, Link, Program, Result};

/// What a program is attached to, as text:
///
/// | text | programs |
/// |---|---|
/// | `auto` | those whose section says to what: tracing and the like; the command registers operations too |
/// | `dev:eth0`, `dev:eth0:ingress`, `dev:eth0:egress` | XDP; classifiers by TCX (Linux 6.6), ingress if not said |
/// | `cgroup:/sys/fs/cgroup/x` | cgroup and sockops programs |
/// | `netns:/run/netns/x`, `netns` for that of this process | flow dissectors, socket look-ups |
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// What the program's section says.
    Auto,
    /// A network interface.
    Device {
        /// Its name.
        name: String,
        /// Of a classifier whose section does not say it.
        direction: Option<TcxDirection>,
    },
    /// A directory in the cgroup file system.
    Cgroup(PathBuf),
    /// A network namespace.
    Netns(PathBuf),
}

/// The network namespace of the process.
const OWN_NETNS: &str = "/proc/self/ns/net";

impl FromStr for Target {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (what, which) = match text.split_once(':') {
            Some((what, which)) => (what, Some(which).filter(|which| !which.is_empty())),
            None => (text, None),
        };
        match (what, which) {
            ("auto", None) => Ok(Self::Auto),
            ("dev", Some(which)) => {
                // Interfaces have no colons in their names, their aliases of old had.
                let (name, direction) = match which.rsplit_once(':') {
                    Some((name, "ingress")) => (name, Some(TcxDirection::Ingress)),
                    Some((name, "egress")) => (name, Some(TcxDirection::Egress)),
                    Some((_, other)) => {
                        return Err(Error::invalid_input(format!(
                            "{text:?}: expected ingress or egress, found {other:?}"
                        )));
                    }
                    None => (which, None),
                };
                Ok(Self::Device { name: name.to_owned(), direction })
            }
            ("cgroup", Some(path)) => Ok(Self::Cgroup(path.into())),
            ("netns", path) => Ok(Self::Netns(path.unwrap_or(OWN_NETNS).into())),
            _ => Err(Error::invalid_input(format!(
                "{text:?}: expected auto, dev:NAME[:ingress|:egress], cgroup:PATH or netns[:PATH]"
            ))),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Device { name, direction: None } => write!(f, "dev:{name}"),
            Self::Device { name, direction: Some(TcxDirection::Ingress) } => {
                write!(f, "dev:{name}:ingress")
            }
            Self::Device { name, direction: Some(TcxDirection::Egress) } => {
                write!(f, "dev:{name}:egress")
            }
            Self::Cgroup(path) => write!(f, "cgroup:{}", path.display()),
            Self::Netns(path) => write!(f, "netns:{}", path.display()),
        }
    }
}

impl Target {
    /// Whether programs of this kind are attached to such a target.
    pub fn takes(&self, kind: AttachKind) -> bool {
        match self {
            Self::Auto => kind.is_auto(),
            Self::Device { direction, .. } => match kind {
                AttachKind::Xdp => direction.is_none(),
                AttachKind::Tc | AttachKind::Tcx => true,
                _ => false,
            },
            Self::Cgroup(_) => {
                matches!(kind, AttachKind::Cgroup | AttachKind::SockOps | AttachKind::LsmCgroup)
            }
            Self::Netns(_) => matches!(kind, AttachKind::FlowDissector | AttachKind::SkLookup),
        }
    }

    /// Attaches a program to it.
    ///
    /// # Errors
    /// The target does not exist, is none for programs of this kind, or the kernel refuses.
    pub fn attach(&self, program: &Program) -> Result<Link> {
        let kind = program.attach_kind();
        if !self.takes(kind) {
            return Err(Error::invalid_input(format!("{self} is no target for it (kind {kind})"))
                .within(Frame::Program(program.name().to_owned())));
        }
        let open = |path: &PathBuf| {
            File::open(path).map_err(|error| {
                Error::system("open", error)
                    .within(Frame::Path(path.display().to_string()))
                    .within(Frame::Program(program.name().to_owned()))
            })
        };
        let at = |path: &PathBuf, link: Result<Link>| {
            link.map_err(|error| error.within(Frame::Path(path.display().to_string())))
        };
        match self {
            Self::Auto => program.attach(),
            Self::Device { name, .. } if kind == AttachKind::Xdp => {
                program.attach_xdp(name.as_str(), XdpOptions::new())
            }
            Self::Device { name, direction } => {
                let direction = match kind {
                    AttachKind::Tc => Some(direction.unwrap_or(TcxDirection::Ingress)),
                    _ => *direction,
                };
                program.attach_tcx(name.as_str(), direction, TcxOptions::new())
            }
            Self::Cgroup(path) => {
                at(path, program.attach_cgroup(open(path)?, CgroupOptions::new()))
            }
            Self::Netns(path) => at(path, program.attach_netns(open(path)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_as_text() {
        for (text, same) in [
            ("auto", "auto"),
            ("dev:eth0", "dev:eth0"),
            ("dev:eth0:egress", "dev:eth0:egress"),
            ("cgroup:/sys/fs/cgroup/a b", "cgroup:/sys/fs/cgroup/a b"),
            ("netns", "netns:/proc/self/ns/net"),
            ("netns:/run/netns/x", "netns:/run/netns/x"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), same);
        }
        for text in ["", "eth0", "dev", "dev:", "dev:eth0:up", "auto:x", "cgroup"] {
            let error = text.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains("expected"), "{text}: {error}");
        }
    }

    #[test]
    fn targets_of_kinds() {
        let device: Target = "dev:x".parse().unwrap();
        let egress: Target = "dev:x:egress".parse().unwrap();
        for (target, kind, takes) in [
            (&Target::Auto, AttachKind::RawTracepoint, true),
            (&Target::Auto, AttachKind::Xdp, false),
            (&device, AttachKind::Xdp, true),
            (&egress, AttachKind::Xdp, false),
            (&egress, AttachKind::Tc, true),
            (&device, AttachKind::None, false),
        ] {
            assert_eq!(target.takes(kind), takes, "{target} {kind:?}");
        }
    }
}
