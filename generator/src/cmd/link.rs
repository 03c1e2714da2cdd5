use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use super::cli::write;
use crate::{Error, Result};

/// Link objects to one.
///
/// What one object declares (extern) and another one defines becomes one; of several definitions a strong one wins
/// over weak ones, and of those the first. The result has no DWARF. It can be linked again.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The objects, all of the same byte order. Their sections follow each other in this order.
    #[arg(value_name = "OBJ", required = true)]
    objects: Vec<PathBuf>,
    /// The object to write; `-` for standard output.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let read = |path: &PathBuf| {
            let bytes = fs::read(path).map_err(|error| Error::io("read", path, &error))?;
            Ok((path.display().to_string(), bytes))
        };
        let objects = self.objects.iter().map(read).collect::<Result<Vec<_>>>()?;
        let objects: Vec<(&str, &[u8])> =
            objects.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
        let linked = crate::link(&objects)?;
        write(Some(&self.output), &linked)
    }
}
