use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bpf_skel::loader::Config;
use bpf_skel::{Link, Map, Program};

use super::cli::print;
use crate::{Error, Result};

/// What `load` makes in the directory of an object; links first, so that programs are detached before they go.
const PARTS: [&str; 3] = ["links", "programs", "maps"];

/// Detach and unpin what `load` has pinned in the directory of an object.
///
/// Maps that the object shares with others (see `pins --explain`) stay pinned where they are shared.
///
/// ROOT is the BPF file system of all pins: that of --root, $BPF_SKEL_PIN_ROOT, $TC_BPF_MNT or the configuration, else
/// /sys/fs/bpf, else the first one that is mounted, as for iproute2.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The object's name, of which the directory is ROOT/bpf-skel/NAME, or with a slash the directory that `load --pin` was
    /// given.
    #[arg(value_name = "OBJECT|DIR")]
    object: PathBuf,
    /// The root of the BPF file system.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        // A name is never a directory that happens to be where the command runs.
        let directory = match self.object.to_str() {
            Some(name) if !name.contains('/') => {
                let root = match self.root {
                    Some(root) => root,
                    None => Config::system()?.root(),
                };
                root.join("bpf-skel").join(name)
            }
            _ => self.object,
        };
        if !PARTS.iter().any(|part| directory.join(part).is_dir()) {
            return Err(Error::invalid_input("nothing is loaded there").within_path(&directory));
        }
        let removed = remove(&directory)?;
        print(
            &removed.iter().map(|path| format!("removed {}\n", path.display())).collect::<String>(),
        )
    }
}

/// Removes the pins in the directory of an object, and the directory. What is no pin is left alone, and with it the
/// directories around it.
fn remove(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut removed = Vec::new();
    for part in PARTS.map(|part| directory.join(part)) {
        let entries = match fs::read_dir(&part) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("read", &part, &error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| Error::io("read", &part, &error))?.path();
            match part.file_name().and_then(|name| name.to_str()) {
                Some("links") => Link::from_pin(&path)?.unpin()?,
                Some("programs") => Program::from_pin(&path)?.unpin(&path)?,
                _ => Map::from_pin(&path)?.unpin(&path)?,
            }
            removed.push(path);
        }
        fs::remove_dir(&part).map_err(|error| Error::io("remove", &part, &error))?;
    }
    match fs::remove_dir(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Error::io("remove", directory, &error));
        }
        _ => {}
    }
    // The directory of all objects, where this was the last.
    if let Some(parent) = directory.parent().filter(|parent| parent.ends_with("bpf-skel")) {
        let _ = fs::remove_dir(parent);
    }
    Ok(removed)
}
