use std::fmt;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use super::kind::{self, Any, Kind};
use super::{About, ProgramInfo, TestRun, TestRunOutput};
use crate::error::Within;
use crate::section_name::AttachKind;
use crate::sys::{self, IdKind, explain};
use crate::uapi::ProgramType;
use crate::{Error, Frame, Result, pin};

/// A loaded program. It stays loaded as long as a handle, a pin or an attachment of it is there.
///
/// The handle is owned: no lifetime ties it to the skeleton that it came from, and it may be sent to other threads.
/// `K` is how it is attached; each [`kind`] has an `attach` of its own.
///
/// A program whose autoload is off has a handle too. All that needs the program answers an error that says so.
pub struct Program<K: Kind = Any> {
    handle: Handle,
    kind: PhantomData<fn() -> K>,
}

/// A program without the type of its kind: what attaching works with.
#[derive(Debug)]
pub(crate) struct Handle {
    fd: OwnedFd,
    about: Arc<About>,
}

impl Handle {
    pub(crate) fn about(&self) -> &About {
        &self.about
    }

    /// The program's descriptor, or the error that there is no program.
    pub(crate) fn loaded(&self) -> Result<BorrowedFd<'_>> {
        if self.about.loaded {
            Ok(self.fd.as_fd())
        } else {
            Err(Error::invalid_input("the program was not loaded (autoload is off)"))
        }
    }

    pub(crate) fn try_clone(&self) -> Result<Self> {
        let fd = sys::try_clone(self.fd.as_fd()).map_err(|error| Error::system("dup", error));
        Ok(Self { fd: fd.within(|| self.frame())?, about: self.about.clone() })
    }

    pub(crate) fn frame(&self) -> Frame {
        Frame::Program(self.about.name.to_string())
    }
}

impl Program<Any> {
    /// A program that the kernel has just taken.
    pub(crate) fn new(fd: OwnedFd, about: About) -> Self {
        Self::from_handle(Handle { fd, about: Arc::new(about) })
    }

    /// A program that is not loaded.
    pub(crate) fn absent(about: About) -> Result<Self> {
        let fd = sys::placeholder().map_err(|error| Error::system("eventfd", error))?;
        Ok(Self::new(fd, About { loaded: false, ..about }))
    }

    /// Takes over a descriptor of a loaded program, whoever loaded it.
    ///
    /// The kernel tells the program's type; what it was loaded to be attached to it does not tell. Where several
    /// kinds have the type, [`try_into_kind`](Self::try_into_kind) sets it.
    ///
    /// # Errors
    ///
    /// The descriptor is not one of a program.
    pub fn from_fd(fd: OwnedFd) -> Result<Self> {
        // Any other BPF object would answer the question for info too, with numbers of another meaning.
        if sys::bpf_kind(fd.as_fd()).is_ok_and(|kind| kind != "bpf-prog") {
            return Err(Error::mismatch("the descriptor is not one of a program"));
        }
        let info = sys::program_info(fd.as_fd(), None, None)
            .map_err(|error| Error::system("BPF_OBJ_GET_INFO_BY_FD", error))?;
        let program_type = ProgramType(info.prog_type);
        let about = About {
            name: super::info::name(info.name).into(),
            program_type,
            attach_type: Default::default(),
            kind: kind::only_kind_of(program_type),
            target: None,
            usdt: None,
            loaded: true,
        };
        Ok(Self::new(fd, about))
    }

    /// Opens a pinned program. See [`from_fd`](Self::from_fd) on its kind.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where nothing is pinned at `path`, [`Mismatch`](crate::ErrorKind::Mismatch) where it
    /// is a map or a link.
    #[doc(alias("BPF_OBJ_GET", "bpf_obj_get"))]
    pub fn from_pin(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_fd(pin::open(path)?).within(|| Frame::Path(path.display().to_string()))
    }

    /// Opens a program by its id. Linux 4.13; needs CAP_SYS_ADMIN. See [`from_fd`](Self::from_fd) on its kind.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where no program has the id, any more.
    #[doc(alias("BPF_PROG_GET_FD_BY_ID", "bpf_prog_get_fd_by_id"))]
    pub fn from_id(id: u32) -> Result<Self> {
        let fd = sys::fd_by_id(IdKind::Program, id).map_err(|error| {
            let error = Error::system("BPF_PROG_GET_FD_BY_ID", error);
            explain::permission(error, explain::BY_ID)
        })?;
        Self::from_fd(fd)
    }

    /// The ids of all programs that are there now, ascending. Linux 4.13; needs CAP_SYS_ADMIN.
    ///
    /// # Errors
    ///
    /// The capability is missing.
    #[doc(alias("BPF_PROG_GET_NEXT_ID"))]
    pub fn ids() -> Result<Vec<u32>> {
        sys::ids(IdKind::Program).map_err(|error| {
            explain::permission(Error::system("BPF_PROG_GET_NEXT_ID", error), explain::BY_ID)
        })
    }

    /// The same program as one of kind `K`.
    ///
    /// # Errors
    ///
    /// [`Mismatch`](crate::ErrorKind::Mismatch): it is known to be of another kind, or of a type that `K` cannot have.
    pub fn try_into_kind<K: Kind>(self) -> Result<Program<K>> {
        if let Some(kind) = K::KIND {
            check_kind(&self.handle.about, kind).within(|| self.handle.frame())?;
        }
        let Handle { fd, mut about } = self.handle;
        if let Some(kind) = K::KIND
            && about.kind != kind
        {
            about = Arc::new(About { kind, ..(*about).clone() });
        }
        Ok(Program::from_handle(Handle { fd, about }))
    }
}

/// Whether a program of which this is known can be attached as one of `kind`.
pub(crate) fn check_kind(about: &About, kind: AttachKind) -> Result<()> {
    let possible = about.kind == kind || about.kind == AttachKind::None;
    if possible && kind::program_types(kind).contains(&about.program_type) {
        return Ok(());
    }
    let found = match about.kind {
        AttachKind::None => format!("a program of type {}", about.program_type),
        kind => format!("{kind:?} (type {})", about.program_type),
    };
    Err(Error::mismatch(format!("expected a program of kind {kind:?}, found {found}")))
}

impl<K: Kind> Program<K> {
    fn from_handle(handle: Handle) -> Self {
        Self { handle, kind: PhantomData }
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The C name of its function; of a program by descriptor, pin or id, what the kernel kept of it: 15 bytes.
    pub fn name(&self) -> &str {
        &self.handle.about.name
    }

    /// Its type.
    #[doc(alias = "bpf_program__type")]
    pub fn program_type(&self) -> ProgramType {
        self.handle.about.program_type
    }

    /// How it is attached; [`AttachKind::None`] where that is not known.
    pub fn attach_kind(&self) -> AttachKind {
        self.handle.about.kind
    }

    /// What its section says that it is attached to: `sched/sched_switch`.
    pub fn target(&self) -> Option<&str> {
        self.handle.about.target.as_deref()
    }

    /// Whether there is a program in the kernel: its autoload was on.
    pub fn is_loaded(&self) -> bool {
        self.handle.about.loaded
    }

    /// Another handle of the same program.
    ///
    /// # Errors
    ///
    /// The process has no descriptor left.
    pub fn try_clone(&self) -> Result<Self> {
        self.handle.try_clone().map(Self::from_handle)
    }

    /// The same program without the type of its kind.
    pub fn into_any(self) -> Program<Any> {
        Program::from_handle(self.handle)
    }

    /// What the kernel knows of it. One system call.
    ///
    /// # Errors
    ///
    /// The program is not loaded.
    #[doc(alias("BPF_OBJ_GET_INFO_BY_FD", "bpf_prog_get_info_by_fd"))]
    pub fn info(&self) -> Result<ProgramInfo> {
        ProgramInfo::read(&self.handle).within(|| self.handle.frame())
    }

    /// Pins it at `path`: a name on a BPF file system that keeps it loaded without this process. Linux 4.4.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) where the name is taken, [`NotFound`](crate::ErrorKind::NotFound) where its
    /// directory is missing, [`InvalidInput`](crate::ErrorKind::InvalidInput) where it is not on a BPF file system.
    #[doc(alias("BPF_OBJ_PIN", "bpf_program__pin"))]
    pub fn pin(&self, path: impl AsRef<Path>) -> Result<()> {
        let pinned = self.handle.loaded().and_then(|fd| pin::pin(fd, path.as_ref()));
        pinned.within(|| self.handle.frame())
    }

    /// Removes the pin of it at `path`.
    ///
    /// # Errors
    ///
    /// [`Mismatch`](crate::ErrorKind::Mismatch) where something else is pinned there: that stays.
    #[doc(alias = "bpf_program__unpin")]
    pub fn unpin(&self, path: impl AsRef<Path>) -> Result<()> {
        let unpin = || {
            let own = self.info()?.id;
            let path = path.as_ref();
            let there = Program::from_pin(path)?.info()?.id;
            if there != own {
                let error = format!("program {there} is pinned here, not this one ({own})");
                return Err(Error::mismatch(error).within(Frame::Path(path.display().to_string())));
            }
            pin::unpin(path)
        };
        unpin().within(|| self.handle.frame())
    }

    /// Runs it once or many times on given data, attached to nothing. See [`TestRun`].
    ///
    /// # Errors
    ///
    /// [`NotSupportedByKernel`](crate::ErrorKind::NotSupportedByKernel): programs of this type cannot be run so.
    #[doc(alias("BPF_PROG_TEST_RUN", "BPF_PROG_RUN", "bpf_prog_test_run_opts"))]
    pub fn test_run(&self, run: TestRun<'_>) -> Result<TestRunOutput> {
        run.run(&self.handle).within(|| self.handle.frame())
    }
}

impl<K: Kind> AsFd for Program<K> {
    /// The program's descriptor. Of a program that is not loaded it is one that every BPF call refuses.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.handle.fd.as_fd()
    }
}

impl<K: Kind> fmt::Debug for Program<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let About { name, program_type, attach_type: _, kind, target, usdt: _, loaded } =
            &*self.handle.about;
        f.debug_struct("Program")
            .field("name", name)
            .field("type", program_type)
            .field("kind", kind)
            .field("target", target)
            .field("loaded", loaded)
            .field("fd", &self.handle.fd)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    fn absent(section: &'static str) -> Program {
        let name = crate::section_name::parse(section);
        let about = About {
            name: "p".into(),
            program_type: name.program_type,
            attach_type: name.attach_type,
            kind: name.kind,
            target: name.target.map(Into::into),
            usdt: None,
            loaded: true,
        };
        Program::absent(about).unwrap()
    }

    #[test]
    fn absent_programs_say_so() {
        let program = absent("xdp").try_into_kind::<kind::Xdp>().unwrap();
        assert!(!program.is_loaded());
        let expected = r#"program "p": the program was not loaded (autoload is off)"#;
        assert_eq!(program.info().unwrap_err().to_string(), expected);
        assert_eq!(program.pin("/sys/fs/bpf/p").unwrap_err().to_string(), expected);
        assert_eq!(program.test_run(TestRun::new()).unwrap_err().to_string(), expected);
        assert!(!program.try_clone().unwrap().is_loaded());
    }

    #[test]
    fn kinds_are_checked() {
        let error = absent("tp/a/b").try_into_kind::<kind::Xdp>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        assert_eq!(
            error.to_string(),
            r#"program "p": expected a program of kind Xdp, found Tracepoint (type tracepoint)"#
        );
        assert!(absent("fentry/f").try_into_kind::<kind::Fexit>().is_err());
        assert!(absent("syscall").try_into_kind::<kind::None>().is_ok());
        assert!(absent("xdp").try_into_kind::<Any>().is_ok());
    }

    #[test]
    fn other_descriptors_are_no_programs() {
        let error = Program::from_fd(sys::placeholder().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
    }
}
