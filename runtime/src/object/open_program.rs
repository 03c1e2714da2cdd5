use std::borrow::Cow;
use std::fmt;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::error::{Error, Frame, Result, Within};
use crate::link::UsdtMaps;
use crate::program::{About, Kind, Program};
use crate::section_name::AttachKind;
use crate::spec::ProgramSpec;
use crate::sys;
use crate::uapi::{AttachType, ProgramType};

/// A program in the open phase: whether and as what it is loaded.
pub struct OpenProgram {
    pub(crate) name: Cow<'static, str>,
    pub(crate) index: u32,
    pub(crate) autoload: bool,
    pub(crate) autoattach: bool,
    pub(crate) program_type: ProgramType,
    pub(crate) attach_type: AttachType,
    pub(crate) attach: AttachKind,
    pub(crate) target: Option<Cow<'static, str>>,
    pub(crate) flags: u32,
    /// A loaded program that `target` is a function of.
    pub(crate) target_program: Option<OwnedFd>,
}

impl fmt::Debug for OpenProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenProgram")
            .field("name", &self.name)
            .field("type", &format_args!("{}", self.program_type))
            .field("kind", &self.attach)
            .field("target", &self.target)
            .field("autoload", &self.autoload)
            .finish_non_exhaustive()
    }
}

impl OpenProgram {
    pub(crate) fn new(index: u32, spec: &ProgramSpec) -> Self {
        Self {
            name: spec.name.clone(),
            index,
            autoload: spec.autoload,
            autoattach: true,
            program_type: spec.program_type,
            attach_type: spec.attach_type,
            attach: spec.attach,
            target: spec.target.clone(),
            flags: spec.flags,
            target_program: None,
        }
    }

    /// The name of the program's function in C.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the program is loaded. It is, unless its section's name begins with `?`.
    pub fn autoload(&self) -> bool {
        self.autoload
    }

    /// Whether the program is loaded. Handles of programs that are not loaded stay usable and say so.
    pub fn set_autoload(&mut self, load: bool) -> &mut Self {
        self.autoload = load;
        self
    }

    /// Whether `attach()` of the whole skeleton attaches it; it does, where the section's name says to what.
    pub fn set_autoattach(&mut self, attach: bool) -> &mut Self {
        self.autoattach = attach;
        self
    }

    /// The program's type, for a section whose name says nothing (and then with [`set_attach_kind`](Self::set_attach_kind)).
    pub fn set_type(&mut self, program_type: ProgramType) -> &mut Self {
        self.program_type = program_type;
        self
    }

    /// `expected_attach_type`.
    pub fn set_expected_attach_type(&mut self, attach_type: AttachType) -> &mut Self {
        self.attach_type = attach_type;
        self
    }

    /// `expected_attach_type`.
    pub fn expected_attach_type(&self) -> AttachType {
        self.attach_type
    }

    /// The program's type.
    pub fn program_type(&self) -> ProgramType {
        self.program_type
    }

    /// How the program is attached.
    pub fn attach_kind(&self) -> AttachKind {
        self.attach
    }

    /// How the program is to be attached.
    pub fn set_attach_kind(&mut self, kind: AttachKind) -> &mut Self {
        self.attach = kind;
        self
    }

    /// What the program is attached to, in the words of its section's name: a function for `fentry`,
    /// `CATEGORY/NAME` for `tracepoint`. Functions must be known at load time, so it is set before.
    pub fn set_target(&mut self, target: impl Into<String>) -> &mut Self {
        self.target = Some(Cow::Owned(target.into()));
        self
    }

    /// What the program is attached to.
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// A loaded program that the target is a function of, rather than of the kernel: what `freplace` needs, and what
    /// `fentry` and `fexit` may have. The function is named by the section, or by [`set_target`](Self::set_target).
    ///
    /// # Errors
    ///
    /// The program is not loaded, or the process has no descriptor left.
    #[doc(alias("attach_prog_fd", "bpf_program__set_attach_target"))]
    pub fn set_target_program<K: Kind>(&mut self, program: &Program<K>) -> Result<&mut Self> {
        let clone = |fd| sys::try_clone(fd).map_err(|error| Error::system("dup", error));
        let cloned = program.handle().loaded().and_then(clone);
        let cloned = cloned.within(|| program.handle().frame()).within(|| self.frame())?;
        self.target_program = Some(cloned);
        Ok(self)
    }

    /// `prog_flags`, all of them; see [`uapi::flags`](crate::uapi::flags).
    pub fn set_flags(&mut self, flags: u32) -> &mut Self {
        self.flags = flags;
        self
    }

    /// `prog_flags`.
    pub fn flags(&self) -> u32 {
        self.flags
    }

    /// What the program's handle knows of it; `usdt` of an object that has USDT programs.
    pub(crate) fn into_about(self, usdt: Option<&Arc<UsdtMaps>>) -> About {
        About {
            name: self.name,
            program_type: self.program_type,
            attach_type: self.attach_type,
            kind: self.attach,
            target: self.target,
            usdt: usdt.filter(|_| self.attach == AttachKind::Usdt).cloned(),
            loaded: self.autoload,
        }
    }

    pub(crate) fn frame(&self) -> Frame {
        Frame::Program(self.name.to_string())
    }
}
