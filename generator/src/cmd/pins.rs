use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bpf_skel::loader::config::Hook;
use bpf_skel::loader::{Config, Loader};
use bpf_skel::{Link, Map, Program};
use serde::Serialize;

use super::cli::{absolute, print, print_json};
use super::table::Table;
use crate::output::say;
use crate::{Error, Result};

/// How deep directories are looked into.
const MAX_DEPTH: usize = 16;
/// How many pins are listed.
const MAX_PINS: usize = 100_000;

/// Show what is pinned on this machine, or where the maps of an object would be, and why.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Say where each map of this object would be pinned, and which line of which file decides. The kernel is not asked.
    #[arg(long, value_name = "OBJ")]
    explain: Option<PathBuf>,
    /// A configuration in place of the machine's.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What {hook} stands for, where the object's programs do not say it.
    #[arg(long, value_name = "HOOK", value_parser = hook)]
    hook: Option<Hook>,
    /// The root of the BPF file system.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Explained {
    map: String,
    path: Option<PathBuf>,
    reason: String,
    settings: Vec<Said>,
}

#[derive(Serialize)]
struct Said {
    setting: String,
    by: String,
}

#[derive(Serialize)]
struct Pin {
    path: PathBuf,
    kind: &'static str,
    id: Option<u32>,
    #[serde(rename = "type")]
    object_type: Option<String>,
    name: Option<String>,
    /// Why nothing more is known.
    error: Option<String>,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let mut config = match &self.config {
            Some(path) => Config::from_file(absolute(path)?)?,
            None => Config::system()?,
        };
        if let Some(root) = &self.root {
            config.set_root(root);
        }
        if let Some(hook) = self.hook {
            config.set_hook(hook);
        }
        for warning in config.warnings() {
            say(format_args!("bpf-skel: {warning}"));
        }
        match &self.explain {
            Some(object) => self.explain(object, config),
            None => self.list(&config.root()),
        }
    }

    fn explain(&self, object: &Path, mut config: Config) -> Result<ExitCode> {
        let bytes = fs::read(object).map_err(|error| Error::io("read", object, &error))?;
        config.set_object(&bytes);
        let opened = Loader::new().without_configuration().open_file(object)?;
        let explanations = config.explain(opened.object.spec())?;
        if !self.json {
            return print(&explanations.iter().map(|it| format!("{it}\n")).collect::<String>());
        }
        let explained = explanations.into_iter().map(|it| Explained {
            map: it.map,
            path: it.path,
            reason: it.reason,
            settings: it
                .settings
                .into_iter()
                .map(|(setting, by)| Said { setting, by: by.to_string() })
                .collect(),
        });
        print_json(&explained.collect::<Vec<_>>())
    }

    fn list(&self, root: &Path) -> Result<ExitCode> {
        let mut pins = Vec::new();
        walk(root, MAX_DEPTH, &mut pins)?;
        if self.json {
            return print_json(&pins);
        }
        let mut table = Table::new(&["pin", "kind", ">id", "type", "name"]);
        for pin in &pins {
            table.row(vec![
                pin.path.display().to_string(),
                pin.kind.to_owned(),
                pin.id.map_or(String::new(), |id| id.to_string()),
                pin.object_type.clone().unwrap_or_default(),
                pin.name.clone().or_else(|| pin.error.clone()).unwrap_or_default(),
            ]);
        }
        let mut out = format!("{}: {} pins\n", root.display(), pins.len());
        table.print(&mut out);
        print(&out)
    }
}

fn hook(text: &str) -> Result<Hook, String> {
    [Hook::Tc, Hook::Xdp, Hook::Ip]
        .into_iter()
        .find(|hook| hook.directory() == text)
        .ok_or_else(|| "expected tc, xdp or ip".to_owned())
}

/// All pins below a directory, by path. Links are shown and not followed; what goes away meanwhile is not shown.
fn walk(directory: &Path, depth: usize, pins: &mut Vec<Pin>) -> Result<()> {
    let mut paths = fs::read_dir(directory)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
        .map_err(|error| Error::io("read", directory, &error))?;
    paths.sort();
    for path in paths {
        if pins.len() == MAX_PINS {
            return Err(
                Error::invalid_input(format!("more than {MAX_PINS} pins")).within_path(directory)
            );
        }
        let Ok(kind) = fs::symlink_metadata(&path).map(|metadata| metadata.file_type()) else {
            continue;
        };
        if kind.is_dir() {
            match depth.checked_sub(1).map_or(Ok(()), |depth| walk(&path, depth, pins)) {
                Err(_) if !path.is_dir() => {}
                walked => walked?,
            }
        } else if kind.is_symlink() {
            let Ok(to) = fs::read_link(&path) else { continue };
            let name = Some(to.display().to_string());
            pins.push(Pin { path, kind: "alias", id: None, object_type: None, name, error: None });
        } else if path.extension().is_some() {
            // Only the kernel makes names with a dot there: iterators that it brings itself.
            pins.push(Pin {
                path,
                kind: "kernel's own",
                id: None,
                object_type: None,
                name: None,
                error: None,
            });
        } else {
            let pin = look(path);
            if pin.error.is_none() || pin.path.exists() {
                pins.push(pin);
            }
        }
    }
    Ok(())
}

/// What is pinned there. One that cannot be opened is listed with the reason.
fn look(path: PathBuf) -> Pin {
    let pin = |kind, id, object_type: String, name: String, path| Pin {
        path,
        kind,
        id: Some(id),
        object_type: Some(object_type),
        name: Some(name),
        error: None,
    };
    let map = Map::from_pin(&path).and_then(|map| Ok((map.id()?, map)));
    if let Ok((id, map)) = map {
        return pin("map", id, map.map_type().to_string(), map.name().to_owned(), path);
    }
    let program = Program::from_pin(&path).and_then(|program| Ok((program.info()?.id, program)));
    if let Ok((id, program)) = program {
        let (object_type, name) = (program.program_type().to_string(), program.name().to_owned());
        return pin("program", id, object_type, name, path);
    }
    match Link::from_pin(&path).and_then(|link| link.info()) {
        Ok(info) => {
            let name = format!("program {}", info.program_id);
            pin("link", info.id, info.link_type.to_string(), name, path)
        }
        Err(error) => Pin {
            path,
            kind: "unknown",
            id: None,
            object_type: None,
            name: None,
            error: Some(error.to_string()),
        },
    }
}
