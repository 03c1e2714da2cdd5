//! Files of the kernel's tracing file system.

use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

use crate::sys::{Capability, explain};
use crate::{Error, ErrorKind, Frame, Result};

/// Where it is mounted: on its own, or below debugfs as before Linux 4.1.
const ROOTS: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];

/// The content of a small file; `None` where there is no such file.
///
/// # Errors
///
/// The file system is not mounted, or the process may not read it.
pub(super) fn read(name: &str) -> Result<Option<String>> {
    each_root(name, |path| fs::read_to_string(path))
}

/// A file to be read piece by piece; `None` where there is none.
///
/// # Errors
///
/// As [`read`].
pub(super) fn open(name: &str) -> Result<Option<BufReader<File>>> {
    each_root(name, |path| Ok(BufReader::with_capacity(1 << 16, File::open(path)?)))
}

fn each_root<T>(name: &str, open: impl Fn(&Path) -> io::Result<T>) -> Result<Option<T>> {
    for root in ROOTS {
        let path = Path::new(root).join(name);
        match open(&path) {
            Ok(opened) => return Ok(Some(opened)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let path = Frame::Path(path.display().to_string());
                let error = Error::system("read", error).within(path);
                return Err(explain::permission(error, &[Capability::SysAdmin]));
            }
        }
    }
    if ROOTS.iter().any(|root| Path::new(root).join("events").exists()) {
        return Ok(None);
    }
    Err(Error::new(ErrorKind::NotFound, "tracefs is not mounted")
        .with_hint(format!("mount it with `mount -t tracefs tracefs {}`", ROOTS[0])))
}
