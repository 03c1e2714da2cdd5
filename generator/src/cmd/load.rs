use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bpf_skel::elf::Legacy;
use bpf_skel::loader::{Compatibility, Config, Loaded, Loader, Target, assign};
use bpf_skel::map::StructOps;
use bpf_skel::spec::{MapContents, SlotTarget};
use bpf_skel::uapi::{MapType, ProgramType};
use bpf_skel::{Link, Map, Object, Program, section_name};
use serde::Serialize;

use super::cli::{Layout, print, print_json};
use super::table::Table;
use crate::{Error, Result};

/// Load an object, attach its programs, and pin both, so that they stay.
///
/// Maps are pinned where the object and this machine's configuration say (see `pins --explain`), and with programs and
/// links in a directory of this object's own, which `unload` takes. A failure leaves nothing behind.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The object; of this machine's byte order.
    #[arg(value_name = "OBJ")]
    object: PathBuf,
    /// Type of programs whose section does not say it: xdp, sched_cls, …, or a section's name (classifier).
    #[arg(long = "type", value_name = "TYPE", value_parser = program_type)]
    program_type: Option<ProgramType>,
    /// Load only the programs of this section.
    #[arg(long, value_name = "NAME")]
    section: Option<String>,
    /// Load only this program.
    #[arg(long, value_name = "NAME")]
    program: Option<String>,
    /// Attach to auto, dev:NAME[:ingress|:egress], cgroup:PATH or netns[:PATH]; PROGRAM=TARGET for only that program.
    #[arg(long, value_name = "[PROGRAM=]TARGET", value_parser = attachment)]
    attach: Vec<Attachment>,
    /// The directory on a BPF file system; ROOT/bpf-skel/OBJECT if not given.
    #[arg(long, value_name = "DIR")]
    pin: Option<PathBuf>,
    /// Use the map that is pinned at PATH.
    #[arg(long = "map", value_name = "NAME=PATH", value_parser = pair)]
    maps: Vec<(String, String)>,
    /// Give a global variable its value: level=-3, config.limits[2]=0x10, name=eth0.
    #[arg(long = "set", value_name = "VAR=VALUE", value_parser = pair)]
    variables: Vec<(String, String)>,
    /// Use the compatibility loader at once, with this layout of section `maps`.
    #[arg(long, value_name = "LAYOUT", value_enum, num_args = 0..=1, default_missing_value = "iproute2")]
    legacy: Option<Layout>,
    /// A configuration of pins in place of the machine's.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<PathBuf>,
    /// Pin as without a configuration.
    #[arg(long)]
    no_config: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// A target, and which program goes there.
#[derive(Clone, Debug)]
struct Attachment {
    program: Option<String>,
    target: Target,
}

#[derive(Serialize)]
struct Report {
    object: String,
    loader: String,
    /// Why it was not the standard loader.
    why: Option<String>,
    directory: String,
    programs: Vec<Pinned>,
    links: Vec<Pinned>,
    maps: Vec<Pinned>,
}

#[derive(Serialize)]
struct Pinned {
    name: String,
    id: u32,
    #[serde(rename = "type")]
    kind: String,
    pin: String,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let config = match (&self.config, self.no_config) {
            (Some(path), _) => Some(Config::from_file(absolute(path)?)?),
            (None, false) => Some(Config::system()?),
            (None, true) => None,
        };
        let mut opened = self.loader(config.clone()).open_file(&self.object)?;
        for warning in &opened.warnings {
            eprintln!("bpf-skel: {warning}");
        }
        for (name, path) in &self.maps {
            let map = Map::from_pin(path)?;
            opened.object.map_mut(name)?.reuse(map)?;
        }
        for (place, value) in &self.variables {
            assign(&mut opened.object, place, value)?;
        }
        let directory = match &self.pin {
            Some(directory) => absolute(directory)?,
            None => {
                let root = config.unwrap_or_else(Config::built_in).root();
                root.join("bpf-skel").join(opened.object.spec().name.replace('.', "_"))
            }
        };
        if directory.exists() {
            return Err(Error::invalid_input("there is something already")
                .with_hint("`bpf-skel unload` removes it; --pin gives another directory")
                .within_path(&directory));
        }
        let loaded = opened.load()?;
        let mut kept = Kept::new(&loaded.object, &directory);
        let report = match kept.keep(&self.attach).and_then(|()| Report::of(&loaded, &kept)) {
            Ok(report) => report,
            Err(error) => {
                kept.undo();
                return Err(error);
            }
        };
        if self.json { print_json(&report) } else { print(&report.text()) }
    }

    fn loader(&self, config: Option<Config>) -> Loader {
        let mut loader = Loader::new();
        if let Some(program_type) = self.program_type {
            loader = loader.program_type(program_type);
        }
        if let Some(section) = &self.section {
            loader = loader.section(section);
        }
        if let Some(program) = &self.program {
            loader = loader.program(program);
        }
        if let Some(layout) = self.legacy {
            loader = loader.compatibility(Compatibility::Only).legacy(Legacy::from(layout));
        }
        match config {
            Some(config) => loader.pinning(config),
            None => loader.without_configuration(),
        }
    }
}

/// What stays of an object when the command is done.
struct Kept<'o> {
    object: &'o Object,
    directory: &'o Path,
    /// Of the directory and those around it, which are to be made; innermost first.
    missing: Vec<&'o Path>,
    /// Whether maps and programs are pinned there.
    pinned: bool,
    /// Pinned ones, by their names.
    links: Vec<(String, Link)>,
}

impl<'o> Kept<'o> {
    fn new(object: &'o Object, directory: &'o Path) -> Self {
        let missing = directory.ancestors().take_while(|part| !part.exists()).collect();
        Self { object, directory, missing, pinned: false, links: Vec::new() }
    }

    /// Attaches and pins.
    fn keep(&mut self, attach: &[Attachment]) -> Result<()> {
        self.object.pin(self.directory)?;
        self.pinned = true;
        for Attachment { program, target } in attach {
            let operations = operations(self.object, program.as_deref(), target)?;
            let programs = match chosen(self.object, program.as_deref(), target) {
                // An object may have nothing else.
                Err(_) if !operations.is_empty() => Vec::new(),
                programs => programs?,
            };
            for program in programs {
                self.keep_link(program.name(), target, target.attach(program)?)?;
            }
            for map in operations {
                self.keep_link(map.name(), target, map.attach()?)?;
            }
        }
        Ok(self.object.replace_pins()?)
    }

    fn keep_link(&mut self, name: &str, target: &Target, mut link: Link) -> Result<()> {
        let name = link_name(name, target);
        let taken = self.links.iter().filter(|(other, _)| *other == name).count();
        let file = if taken == 0 { name.clone() } else { format!("{name}_{}", taken + 1) };
        let links = self.directory.join("links");
        fs::create_dir(&links).or_else(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Ok(()),
            _ => Err(Error::io("make", &links, &error)),
        })?;
        link.pin(links.join(file))?;
        self.links.push((name, link));
        Ok(())
    }

    /// Removes what this call has pinned; what others have pinned stays, in the same directory too. That something cannot
    /// be removed is not said: the failure that leads here is.
    fn undo(&mut self) {
        for (_, link) in &mut self.links {
            let _ = link.unpin();
        }
        if self.pinned {
            let _ = fs::remove_dir(self.directory.join("links"));
            let _ = self.object.unpin(self.directory);
            // Those that somebody else uses by now are not empty.
            for made in &self.missing {
                let _ = fs::remove_dir(made);
            }
        }
        self.object.remove_new_pins();
    }
}

/// The programs that go to a target: the one that was named, or all that it takes. Those that the object tail-calls are
/// not attached on their own.
fn chosen<'o>(object: &'o Object, name: Option<&str>, target: &Target) -> Result<Vec<&'o Program>> {
    if let Some(name) = name {
        return Ok(vec![object.program(name)?]);
    }
    let called = |index: usize| {
        object.spec().maps.iter().any(|map| {
            match &map.contents {
            MapContents::Slots(slots) => slots.iter().any(|slot| {
                matches!(slot.target, SlotTarget::Program(program) if program as usize == index)
            }),
            _ => false,
        }
        })
    };
    let programs: Vec<_> = object
        .programs()
        .iter()
        .enumerate()
        .filter(|(index, program)| {
            program.is_loaded() && target.takes(program.attach_kind()) && !called(*index)
        })
        .map(|(_, program)| program)
        .collect();
    if programs.is_empty() {
        let loaded = object.programs().iter().filter(|program| program.is_loaded());
        let kinds: Vec<_> = loaded
            .map(|program| format!("{} ({:?})", program.name(), program.attach_kind()))
            .collect();
        return Err(Error::invalid_input(format!(
            "{target} is no target for any program: {}",
            kinds.join(", ")
        )));
    }
    Ok(programs)
}

/// The operations that attach themselves, as programs do whose section says to what.
fn operations(object: &Object, name: Option<&str>, target: &Target) -> Result<Vec<StructOps>> {
    if *target != Target::Auto || name.is_some() {
        return Ok(Vec::new());
    }
    let maps = object.maps().iter();
    maps.filter(|map| map.map_type() == MapType::STRUCT_OPS && !map.is_absent())
        .map(|map| {
            let operations = StructOps::try_from(map.try_clone()?)?;
            if !operations.has_link() {
                return Err(Error::invalid_input(format!(
                    "the operations of map {:?} have no link that could be pinned",
                    map.name()
                ))
                .with_hint("define them in section .struct_ops.link"));
            }
            Ok(operations)
        })
        .collect()
}

fn link_name(program: &str, target: &Target) -> String {
    match target {
        Target::Auto => program.to_owned(),
        target => {
            let text: String = target
                .to_string()
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' })
                .collect();
            format!("{program}_{}", &text[..text.len().min(100)])
        }
    }
}

impl Report {
    fn of(loaded: &Loaded, kept: &Kept<'_>) -> Result<Self> {
        let Kept { directory, links, .. } = kept;
        let object = &loaded.object;
        let pin = |kind: &str, name: &str| {
            directory.join(kind).join(name.replace('.', "_")).display().to_string()
        };
        let programs = object.programs().iter().filter(|program| program.is_loaded());
        let maps = object.maps().iter().filter(|map| !map.is_absent());
        Ok(Self {
            object: object.spec().name.to_string(),
            loader: loaded.loader.to_string(),
            why: loaded.why.as_ref().map(ToString::to_string),
            directory: directory.display().to_string(),
            programs: programs
                .map(|program| {
                    Ok(Pinned {
                        name: program.name().to_owned(),
                        id: program.info()?.id,
                        kind: program.program_type().to_string(),
                        pin: pin("programs", program.name()),
                    })
                })
                .collect::<Result<_>>()?,
            links: links
                .iter()
                .map(|(name, link)| {
                    let info = link.info()?;
                    Ok(Pinned {
                        name: name.clone(),
                        id: info.id,
                        kind: info.link_type.to_string(),
                        pin: link.pin_path().unwrap_or(directory).display().to_string(),
                    })
                })
                .collect::<Result<_>>()?,
            maps: maps
                .map(|map| {
                    Ok(Pinned {
                        name: map.name().to_owned(),
                        id: map.id()?,
                        kind: map.map_type().to_string(),
                        pin: pin("maps", map.name()),
                    })
                })
                .collect::<Result<_>>()?,
        })
    }

    fn text(&self) -> String {
        let mut out = format!("{} by the {}", self.object, self.loader);
        if let Some(why) = &self.why {
            out.push_str(&format!(" ({why})"));
        }
        out.push('\n');
        for (what, list) in
            [("program", &self.programs), ("link", &self.links), ("map", &self.maps)]
        {
            let mut table = Table::new(&[what, ">id", "type", "pin"]);
            for one in list {
                table.row(vec![
                    one.name.clone(),
                    one.id.to_string(),
                    one.kind.clone(),
                    one.pin.clone(),
                ]);
            }
            table.print(&mut out);
        }
        out
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|error| Error::io("find", path, &error))
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

fn attachment(text: &str) -> Result<Attachment, String> {
    // A path may have `=`; a program's name has no `:`.
    let (program, target) = match text.split_once('=') {
        Some((program, target)) if !program.contains(':') => (Some(program.to_owned()), target),
        _ => (None, text),
    };
    match target.parse() {
        Ok(target) => Ok(Attachment { program, target }),
        Err(error) => Err(error.to_string()),
    }
}

fn program_type(text: &str) -> Result<ProgramType, String> {
    let known = ProgramType::KNOWN.iter().find(|known| known.to_string() == text);
    let by_section = || Some(section_name::parse(text).program_type);
    known
        .copied()
        .or_else(by_section)
        .filter(|program_type| *program_type != ProgramType::UNSPEC)
        .ok_or_else(|| "expected a program type (xdp, sched_cls, …) or a section's name".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_attached_where() {
        for (text, program, target) in [
            ("dev:eth0", None, "dev:eth0"),
            ("drop=dev:eth0", Some("drop"), "dev:eth0"),
            ("cgroup:/a=b", None, "cgroup:/a=b"),
            ("p=cgroup:/a=b", Some("p"), "cgroup:/a=b"),
            ("p=auto", Some("p"), "auto"),
        ] {
            let parsed = attachment(text).unwrap();
            assert_eq!(
                (parsed.program.as_deref(), parsed.target.to_string().as_str()),
                (program, target)
            );
        }
        assert!(attachment("x").is_err());
    }

    #[test]
    fn types_by_their_names_and_sections() {
        for (text, program_type) in [
            ("xdp", ProgramType::XDP),
            ("sched_cls", ProgramType::SCHED_CLS),
            ("classifier", ProgramType::SCHED_CLS),
            ("action", ProgramType::SCHED_ACT),
            ("lwt_in", ProgramType::LWT_IN),
        ] {
            assert_eq!(super::program_type(text), Ok(program_type));
        }
        assert!(super::program_type("prog").is_err());
        assert!(super::program_type("unspec").is_err());
    }

    #[test]
    fn names_of_links() {
        let name = |target: &str| link_name("p", &target.parse().unwrap());
        assert_eq!(name("auto"), "p");
        assert_eq!(name("dev:eth0.7:egress"), "p_dev_eth0_7_egress");
        assert!(name(&format!("cgroup:/{}", "x".repeat(300))).len() < 200);
    }
}
