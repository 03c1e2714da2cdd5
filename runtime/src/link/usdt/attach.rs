use std::collections::BTreeMap;
use std::os::fd::BorrowedFd;
use std::path::Path;

use super::argument;
use super::maps::{Held, UsdtMaps};
use crate::error::Within;
use crate::feature::{self, Feature};
use crate::link::Link;
use crate::link::attachment::Attachment;
use crate::link::binary::{self, Image, Note};
use crate::link::create::attach as attach_to;
use crate::link::near::Near;
use crate::link::perf_event::link_event;
use crate::link::probe::Process;
use crate::link::uprobe::{Site, find};
use crate::program::{Handle, Program, kind};
use crate::section_name::AttachKind as K;
use crate::{Error, ErrorKind, Frame, Result};

/// Options of a USDT probe.
#[derive(Clone, Copy, Debug, Default)]
pub struct UsdtOptions<'a> {
    binary: Option<&'a Path>,
    probe: Option<(&'a str, &'a str)>,
    process: Process,
    cookie: u64,
}

impl<'a> UsdtOptions<'a> {
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

    /// Provider and name of the probe, in place of the section's.
    pub fn probe(mut self, provider: &'a str, name: &'a str) -> Self {
        self.probe = Some((provider, name));
        self
    }

    /// Only in this process; 0 is the caller's own.
    #[doc(alias = "pid")]
    pub fn process(mut self, pid: u32) -> Self {
        self.process = Process::Id(pid);
        self
    }

    /// What `bpf_usdt_cookie()` answers. On any kernel.
    #[doc(alias = "usdt_cookie")]
    pub fn cookie(mut self, cookie: u64) -> Self {
        self.cookie = cookie;
        self
    }
}

impl Program<kind::Usdt> {
    /// Attaches to a probe that the author of a program or library left in it, as its section says:
    /// `usdt/libc.so.6:libc:setjmp`. At every place in the file that has it, in every process that runs the file, now or
    /// later. The program reads the probe's values with libbpf's `<bpf/usdt.bpf.h>`, on x86_64 and aarch64. Linux 4.20.
    ///
    /// Before Linux 5.15, which has cookies, the values are found by the address of the probe: in a library, or in a
    /// program that is not at a fixed address, only of a [process](UsdtOptions::process) that runs already.
    ///
    /// The [link](Link) is one of a place; it is no BPF link.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound): no such file, or it has no such probe (names close to it are listed);
    /// [`Malformed`](ErrorKind::Malformed): a value that is not known how to find, by its text.
    #[doc(alias = "bpf_program__attach_usdt")]
    pub fn attach(&self) -> Result<Link> {
        self.attach_with(UsdtOptions::new())
    }

    /// As [`attach`](Self::attach), with options.
    ///
    /// # Errors
    ///
    /// As `attach`.
    pub fn attach_with(&self, options: UsdtOptions<'_>) -> Result<Link> {
        attach(self.handle(), &options)
    }
}

pub(crate) fn attach(program: &Handle, options: &UsdtOptions<'_>) -> Result<Link> {
    let section = program.about().target.as_deref();
    let (section_binary, section_probe) = split_section(section);
    let (binary, probe) = (options.binary.or(section_binary), options.probe.or(section_probe));
    let target = || match (binary, probe) {
        (Some(binary), Some((provider, name))) => {
            format!("usdt {}:{provider}:{name}", binary.display())
        }
        _ => format!("usdt {:?}", section.unwrap_or_default()),
    };
    attach_to(program, &[K::Usdt], target, |fd| {
        let Some((provider, name)) = probe else {
            return Err(Error::invalid_input("the section names no probe: PATH:PROVIDER:NAME"));
        };
        let Some(maps) = &program.about().usdt else {
            return Err(Error::invalid_input(
                "the program's object has no maps for USDT: include <bpf/usdt.bpf.h>",
            ));
        };
        let binary = find(binary)?;
        let image = Image::open(&binary)?;
        let in_file = || Frame::Path(binary.display().to_string());
        let notes = notes(&image, provider, name).within(in_file)?;
        let places = Places { image: &image, binary: &binary, maps, options };
        places.attach(program, fd, &notes)
    })
}

/// `PATH:PROVIDER:NAME`
#[allow(clippy::type_complexity, reason = "a path, a provider and a name")]
fn split_section(section: Option<&str>) -> (Option<&Path>, Option<(&str, &str)>) {
    let Some(section) = section else { return (None, None) };
    match section.split_once(':') {
        Some((path, probe)) => (Some(Path::new(path)), probe.split_once(':')),
        None => (Some(Path::new(section)), None),
    }
}

/// The places of a probe.
fn notes(image: &Image, provider: &str, name: &str) -> Result<Vec<Note>> {
    let all = binary::usdt_notes(image)?;
    let wanted = format!("{provider}:{name}");
    let mut near = Near::to(&wanted);
    let is_it = |note: &Note| note.provider == provider && note.name == name;
    if !all.iter().any(is_it) {
        for note in &all {
            near.see(format!("{}:{}", note.provider, note.name).as_bytes());
        }
        let error = Error::not_found("the file has no such USDT probe");
        return Err(match near.hint() {
            Some(hint) => error.with_hint(hint),
            None if all.is_empty() => error.with_hint("it has none at all"),
            None => error,
        });
    }
    Ok(all.into_iter().filter(is_it).collect())
}

struct Places<'a> {
    image: &'a Image,
    binary: &'a Path,
    maps: &'a std::sync::Arc<UsdtMaps>,
    options: &'a UsdtOptions<'a>,
}

impl Places<'_> {
    fn attach(&self, program: &Handle, fd: BorrowedFd<'_>, notes: &[Note]) -> Result<Link> {
        // The object asks it as LINUX_HAS_BPF_COOKIE, and goes by the same answer.
        let has_cookie = !feature::lacks(Feature::Cookie);
        let mut held = Held::of(self.maps);
        // Many places have their values in the same registers.
        let mut numbers: BTreeMap<&str, u32> = BTreeMap::new();
        let mut attached = Vec::with_capacity(notes.len());
        for note in notes {
            let number = match numbers.get(&*note.arguments) {
                Some(&number) => number,
                None => {
                    let arguments = argument::parse(self.image.machine, &note.arguments)?;
                    let number = held.add(&argument::spec(&arguments, self.options.cookie))?;
                    numbers.insert(&note.arguments, number);
                    number
                }
            };
            let site = self.site(note).within(|| Frame::Path(self.binary.display().to_string()))?;
            if !has_cookie {
                held.place(self.address(note, site.offset)?, number)?;
            }
            let event = site.open(self.binary, self.options.process)?;
            let cookie = if has_cookie { number.into() } else { 0 };
            attached.push(link_event(program, fd, event, cookie)?);
        }
        Ok(Link::new(Attachment::Usdt { places: attached, _held: held }))
    }

    /// Where in the file it is: an address is what the linker gave it.
    fn site(&self, note: &Note) -> Result<Site> {
        let is_code = self.image.segment_of(note.address).is_some_and(|part| part.is_executable);
        let offset = self.image.offset_of(note.address).filter(|_| is_code);
        let offset = offset.ok_or_else(|| {
            Error::malformed(format!("the probe's address {:#x} is not in the code", note.address))
        })?;
        let ref_ctr_offset = match note.semaphore {
            0 => 0,
            semaphore => self.image.offset_of(semaphore).ok_or_else(|| {
                Error::malformed(format!(
                    "the semaphore's address {semaphore:#x} is not in the file"
                ))
            })?,
        };
        Ok(Site { offset, on_return: false, ref_ctr_offset })
    }

    /// Where in memory it is, which only a fixed program or a process tells.
    fn address(&self, note: &Note, offset: u64) -> Result<u64> {
        match self.options.process {
            _ if self.image.is_fixed => Ok(note.address),
            Process::Id(0) => binary::mapped_at(None, self.binary, offset),
            Process::Id(pid) => binary::mapped_at(Some(pid), self.binary, offset),
            Process::Any => {
                let why = feature::why_absent([Feature::Cookie]).unwrap_or_default();
                Err(Error::new(ErrorKind::NotSupportedByKernel, why).with_hint(
                    "without them, a probe in a library or in a program at no fixed address is told from others only in a process that is given",
                ))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections() {
        let path = Path::new;
        let full = (Some(path("libc.so.6")), Some(("libc", "setjmp")));
        assert_eq!(split_section(Some("libc.so.6:libc:setjmp")), full);
        assert_eq!(split_section(Some("/bin/a:x")), (Some(path("/bin/a")), None));
        assert_eq!(split_section(Some("/bin/a")), (Some(path("/bin/a")), None));
        assert_eq!(split_section(None), (None, None));
    }
}
