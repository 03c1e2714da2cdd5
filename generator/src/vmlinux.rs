//! `vmlinux.h` for the sources of a build, written once for all of them.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use crate::btf_file::{BtfFile, RUNNING};
use crate::bundled::hash;
use crate::output::write_if_changed;
use crate::{CHeader, Result};

/// The header, as sources include it.
pub(crate) const HEADER: &str = "vmlinux.h";

/// Holds the build ID of the running kernel.
const NOTES: &str = "/sys/kernel/notes";

/// Writes the header to `folder`, unless the one there is of the same BTF.
pub(crate) fn write(from: &Path, folder: &Path) -> Result<()> {
    let (header, made_from) = (folder.join(HEADER), folder.join("made-from"));
    let key = key(from);
    if let Some(key) = &key
        && header.is_file()
        && fs::read_to_string(&made_from).is_ok_and(|old| old == *key)
    {
        return Ok(());
    }
    let file = BtfFile::read(from)?;
    let text = CHeader::vmlinux(&file.types()?).to_c()?;
    write_if_changed(&header, text.as_bytes())?;
    if let Some(key) = key {
        write_if_changed(&made_from, key.as_bytes())?;
    }
    Ok(())
}

/// What the header depends on, as far as that can be told without reading the BTF: the kernel's build ID, or the age
/// and size of a file.
fn key(from: &Path) -> Option<String> {
    let identity = if from == Path::new(RUNNING) {
        format!("{:016x}", hash(&fs::read(NOTES).ok()?))
    } else {
        let metadata = from.metadata().ok()?;
        let age = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        format!("{} {}", age.as_nanos(), metadata.len())
    };
    Some(format!("bpf-skel {}\n{}\n{identity}\n", env!("CARGO_PKG_VERSION"), from.display()))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    #[test]
    fn written_once_for_one_btf() {
        let folder = std::env::temp_dir().join(format!("bpf-skel-vmlinux-{}", std::process::id()));
        let object = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/types-el.o");
        let from = folder.join("types.o");
        fs::create_dir_all(&folder).unwrap();
        fs::copy(object, &from).unwrap();

        write(&from, &folder).unwrap();
        let header = folder.join(HEADER);
        assert!(fs::read_to_string(&header).unwrap().contains("#define __VMLINUX_H__"));

        // Nothing is read or written where the file is as old as it was.
        fs::write(&header, "as it was").unwrap();
        write(&from, &folder).unwrap();
        assert_eq!(fs::read_to_string(&header).unwrap(), "as it was");

        fs::File::options()
            .append(true)
            .open(&from)
            .unwrap()
            .set_modified(SystemTime::now())
            .unwrap();
        write(&from, &folder).unwrap();
        assert_ne!(fs::read_to_string(&header).unwrap(), "as it was");
        fs::remove_dir_all(folder).unwrap();
    }
}
