use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::Link;
use super::binary::{self, Image};
use super::create::attach as attach_to;
use super::perf_event::link_event;
use super::probe::{Probe, Process, Sort, c_string, refused, split_offset};
use crate::error::Within;
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::{Error, ErrorKind, Frame, Result};

/// Options of a uprobe.
#[derive(Clone, Copy, Debug, Default)]
pub struct UprobeOptions<'a> {
    binary: Option<&'a Path>,
    function: Option<&'a str>,
    offset: u64,
    ref_ctr_offset: u64,
    process: Process,
    cookie: u64,
}

impl<'a> UprobeOptions<'a> {
    /// As the section says, in every process.
    pub fn new() -> Self {
        Self::default()
    }

    /// The program or library, in place of the section's. One without a slash is looked for: a library (`libc.so.6`) in
    /// `LD_LIBRARY_PATH` and the system's directories, anything else in `PATH`.
    pub fn binary(mut self, path: &'a (impl AsRef<Path> + ?Sized)) -> Self {
        self.binary = Some(path.as_ref());
        self
    }

    /// The function, in place of the section's: `malloc`, or `memcpy@GLIBC_2.14` of several versions.
    pub fn function(mut self, name: &'a str) -> Self {
        self.function = Some(name);
        self
    }

    /// How many bytes behind the beginning of a function that is given here; without any function, behind that of the
    /// file. It must be where an instruction begins.
    pub fn offset(mut self, bytes: u64) -> Self {
        self.offset = bytes;
        self
    }

    /// Where in the file a counter is that the kernel keeps of those who listen, as USDT probes have it (Linux 4.20).
    pub fn ref_ctr_offset(mut self, bytes: u64) -> Self {
        self.ref_ctr_offset = bytes;
        self
    }

    /// Only in this process; 0 is the caller's own.
    #[doc(alias = "pid")]
    pub fn process(mut self, pid: u32) -> Self {
        self.process = Process::Id(pid);
        self
    }

    /// What `bpf_get_attach_cookie()` answers (Linux 5.15).
    pub fn cookie(mut self, cookie: u64) -> Self {
        self.cookie = cookie;
        self
    }
}

macro_rules! uprobe {
    ($( $kind:ident, $what:literal; )*) => { $(
        impl Program<kind::$kind> {
            #[doc = $what]
            /// In every process that runs the file, now or later. Linux 4.17; a BPF link since 5.15.
            ///
            /// # Errors
            ///
            /// [`NotFound`](ErrorKind::NotFound): no such file, or it has no such function (names close to it are
            /// listed); [`Mismatch`](ErrorKind::Mismatch): it has several.
            #[doc(alias("perf_event_open", "bpf_program__attach_uprobe"))]
            pub fn attach(&self) -> Result<Link> {
                self.attach_with(UprobeOptions::new())
            }

            /// As [`attach`](Self::attach), with options.
            ///
            /// # Errors
            ///
            /// As `attach`; [`NotSupportedByKernel`](ErrorKind::NotSupportedByKernel) where the kernel knows no
            /// cookies.
            #[doc(alias = "bpf_program__attach_uprobe_opts")]
            pub fn attach_with(&self, options: UprobeOptions<'_>) -> Result<Link> {
                attach(self.handle(), &options)
            }
        }
    )* };
}

uprobe! {
    Uprobe, "Attaches to an instruction of a program or library, as its section says: `uprobe/libc.so.6:malloc`, `uprobe//opt/x:main+16`.";
    Uretprobe, "Attaches to where a function of a program or library returns, as its section says: `uretprobe/libc.so.6:malloc`.";
}

/// What a section or its options say.
struct Place<'a> {
    binary: Option<&'a Path>,
    function: Option<&'a str>,
    offset: u64,
}

impl<'a> Place<'a> {
    fn of(section: Option<&'a str>, options: &UprobeOptions<'a>) -> Result<Self> {
        let (binary, function) = split_section(section);
        let (function, offset) = match (options.function, function) {
            (Some(function), _) => (Some(function), options.offset),
            (None, Some(function)) if options.offset == 0 => {
                let (function, offset) = split_offset(function)?;
                (Some(function), offset)
            }
            // Only of a file that is given, too: a section's function is not to be lost by an option.
            (None, Some(_)) => {
                return Err(Error::invalid_input("an offset goes with a function"));
            }
            (None, None) => (None, options.offset),
        };
        Ok(Self { binary: options.binary.or(binary), function, offset })
    }
}

/// `PATH:FUNCTION`
pub(super) fn split_section(section: Option<&str>) -> (Option<&Path>, Option<&str>) {
    let Some(section) = section else { return (None, None) };
    let (path, function) = match section.split_once(':') {
        Some((path, function)) => (path, Some(function)),
        None => (section, None),
    };
    (Some(Path::new(path)), function)
}

pub(super) fn attach(program: &Handle, options: &UprobeOptions<'_>) -> Result<Link> {
    let on_return = program.about().kind == K::Uretprobe;
    let section = program.about().target.as_deref();
    let place = Place::of(section, options);
    let target = || {
        let kind = if on_return { "uretprobe" } else { "uprobe" };
        match &place {
            Ok(Place { binary: Some(binary), function, offset }) => {
                let function = function.map(|name| format!(":{name}")).unwrap_or_default();
                let offset = if *offset == 0 { String::new() } else { format!("+{offset}") };
                format!("{kind} {}{function}{offset}", binary.display())
            }
            _ => format!("{kind} {:?}", section.unwrap_or_default()),
        }
    };
    attach_to(program, &[K::Uprobe], target, |fd| {
        let Place { binary, function, offset } = match &place {
            Ok(place) => place,
            Err(error) => return Err(Error::invalid_input(error.message().to_owned())),
        };
        if function.is_none() && *offset == 0 {
            return Err(Error::invalid_input("the section names no function: PATH:FUNCTION"));
        }
        if on_return && function.is_some() && *offset != 0 {
            return Err(Error::invalid_input("a probe of a function's return has no offset"));
        }
        let binary = find(*binary)?;
        let inside = match function {
            Some(function) => in_file(&binary, function)?,
            None => 0,
        };
        let Some(offset) = inside.checked_add(*offset) else {
            return Err(Error::invalid_input("the offset is beyond every file"));
        };
        let site = Site { offset, on_return, ref_ctr_offset: options.ref_ctr_offset };
        let event = site.open(&binary, options.process)?;
        link_event(program, fd, event, options.cookie)
    })
}

/// A place in a file that a probe is put at.
pub(super) struct Site {
    pub(super) offset: u64,
    pub(super) on_return: bool,
    pub(super) ref_ctr_offset: u64,
}

impl Site {
    pub(super) fn open(&self, binary: &Path, process: Process) -> Result<std::os::fd::OwnedFd> {
        if u32::try_from(self.ref_ctr_offset).is_err() {
            return Err(Error::invalid_input("perf takes counters in the first 4 GiB of a file"));
        }
        let probe = Probe {
            sort: Sort::Uprobe,
            name: &c_string(&utf8(binary)?)?,
            offset: self.offset,
            on_return: self.on_return,
            ref_ctr_offset: self.ref_ctr_offset,
            process,
        };
        probe.open()?.map_err(|error| explain(error, binary))
    }
}

fn utf8(path: &Path) -> Result<String> {
    let name = std::str::from_utf8(path.as_os_str().as_bytes());
    name.map(str::to_owned).map_err(|_| Error::invalid_input("the file's name is not UTF-8"))
}

/// The file that a section or its user names.
pub(super) fn find(binary: Option<&Path>) -> Result<PathBuf> {
    match binary {
        Some(binary) => binary::search(binary),
        None => Err(Error::invalid_input("the section names no program or library")),
    }
}

fn in_file(binary: &Path, function: &str) -> Result<u64> {
    if function.is_empty() {
        return Err(Error::invalid_input("the section names no function: PATH:FUNCTION"));
    }
    let image = Image::open(binary)?;
    binary::function(&image, function).within(|| Frame::Path(binary.display().to_string()))
}

fn explain(error: io::Error, binary: &Path) -> Error {
    let number = error.raw_os_error();
    let error = refused(error);
    match number {
        Some(libc::ENOENT) => error.within(Frame::Path(binary.display().to_string())),
        Some(libc::ESRCH) => error.with_hint("there is no such process"),
        Some(libc::EINVAL | libc::EIO) => error.with_kind(ErrorKind::InvalidInput).with_hint(
            "the file must be a regular one, and the offset in it where an instruction begins",
        ),
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_and_options() {
        let place = |section, options: UprobeOptions<'static>| {
            let place = Place::of(section, &options).ok()?;
            Some((place.binary?.to_str()?, place.function, place.offset))
        };
        let plain = UprobeOptions::new();
        let section = Some("/bin/a:main+0x10");
        assert_eq!(place(section, plain), Some(("/bin/a", Some("main"), 16)));
        assert_eq!(place(Some("libc.so.6:malloc"), plain), Some(("libc.so.6", Some("malloc"), 0)));
        assert_eq!(place(section, plain.binary("b")), Some(("b", Some("main"), 16)));
        assert_eq!(place(section, plain.function("f").offset(4)), Some(("/bin/a", Some("f"), 4)));
        assert_eq!(place(section, plain.offset(4)), None);
        assert_eq!(place(Some("/bin/a"), plain.offset(4)), Some(("/bin/a", None, 4)));
        assert_eq!(place(Some("/bin/a:f+x"), plain), None);
        assert_eq!(place(None, plain), None);
    }
}
