mod kept;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use bpf_skel::elf::Legacy;
use bpf_skel::loader::{Compatibility, Config, Loader, Target, assign};
use bpf_skel::uapi::ProgramType;
use bpf_skel::{Map, section_name};

use self::kept::Kept;
use self::report::Report;
use super::cli::{Layout, absolute, print, print_json};
use crate::output::say;
use crate::{Error, Result};

/// Load an object, attach its programs, and pin both, so that they stay.
///
/// Maps are pinned where the object and this machine's configuration say (see `pins --explain`), and with programs and
/// links in a directory of this object's own, which `unload` takes. A failure leaves nothing behind.
///
/// ROOT is the BPF file system of all pins: that of --root, $BPF_SKEL_PIN_ROOT, $TC_BPF_MNT or the configuration, else
/// /sys/fs/bpf, else the first one that is mounted, as for iproute2.
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
    /// The root of the BPF file system.
    #[arg(long, value_name = "DIR", conflicts_with = "no_config")]
    root: Option<PathBuf>,
    /// Use the map that is pinned at PATH.
    #[arg(long = "map", value_name = "NAME=PATH", value_parser = pair)]
    maps: Vec<(String, String)>,
    /// Give a global variable its value: level=-3, config.limits[2]=0x10, name=eth0.
    #[arg(long = "set", value_name = "VAR=VALUE", value_parser = pair)]
    variables: Vec<(String, String)>,
    /// Create everything with a BPF token of the BPF file system mounted at DIR; "" for none.
    #[arg(long, value_name = "DIR")]
    token: Option<PathBuf>,
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

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut config = match (&self.config, self.no_config) {
            (Some(path), _) => Some(Config::from_file(absolute(path)?)?),
            (None, false) => Some(Config::system()?),
            (None, true) => None,
        };
        if let Some((config, root)) = config.as_mut().zip(self.root.as_ref()) {
            config.set_root(absolute(root)?);
        }
        let mut opened = self.loader(config.clone()).open_file(&self.object)?;
        for warning in &opened.warnings {
            say(format_args!("bpf-skel: {warning}"));
        }
        if let Some(bpffs) = &self.token {
            opened.object.options.set_token_path(bpffs);
        }
        for (name, path) in &self.maps {
            let map = opened.object.map_mut(name)?;
            map.reuse(Map::from_pin(path)?)?;
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
}
