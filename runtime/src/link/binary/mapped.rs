use std::fs;
use std::path::Path;

use crate::error::Within;
use crate::{Error, Frame, Result};

/// Where a process has the byte mapped that is at `offset` of the file, as code. `None` for a process means this one.
pub(crate) fn mapped_at(process: Option<u32>, binary: &Path, offset: u64) -> Result<u64> {
    let maps = match process {
        Some(pid) => format!("/proc/{pid}/maps"),
        None => "/proc/self/maps".into(),
    };
    let find = || {
        let text = fs::read_to_string(&maps).map_err(|error| Error::system("read", error))?;
        let path = fs::canonicalize(binary).map_err(|error| Error::system("realpath", error))?;
        let is_file = |line: &Line<'_>| Path::new(line.path) == path;
        let mut lines = text.lines().filter_map(parse).filter(is_file);
        lines.find_map(|line| line.address_of(offset)).ok_or_else(|| {
            Error::not_found(format!(
                "the process does not have {} mapped there as code",
                binary.display()
            ))
        })
    };
    find().within(|| Frame::Path(maps.clone()))
}

/// A mapping of a process.
struct Line<'t> {
    start: u64,
    end: u64,
    is_executable: bool,
    offset: u64,
    path: &'t str,
}

impl Line<'_> {
    fn address_of(&self, offset: u64) -> Option<u64> {
        let inside = offset.checked_sub(self.offset)?;
        (self.is_executable && inside < self.end - self.start).then(|| self.start + inside)
    }
}

/// `55e0c0de1000-55e0c0de5000 r-xp 00001000 08:01 1234   /usr/bin/x`
fn parse(line: &str) -> Option<Line<'_>> {
    let (range, rest) = line.split_once(' ')?;
    let (permissions, rest) = rest.split_once(' ')?;
    let (offset, rest) = rest.split_once(' ')?;
    let (_device, rest) = rest.split_once(' ')?;
    let (_inode, path) = rest.split_once(' ').unwrap_or((rest, ""));
    let (start, end) = range.split_once('-')?;
    let number = |digits| u64::from_str_radix(digits, 16).ok();
    Some(Line {
        start: number(start)?,
        end: number(end)?,
        is_executable: permissions.as_bytes().get(2) == Some(&b'x'),
        offset: number(offset)?,
        path: path.trim_start(),
    })
    .filter(|line| line.start <= line.end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps() {
        let line =
            parse("55e0c0de1000-55e0c0de5000 r-xp 00001000 08:01 1234     /usr/bin/a b").unwrap();
        assert_eq!(line.path, "/usr/bin/a b");
        assert_eq!(line.address_of(0x1010), Some(0x55e0_c0de_1010));
        assert_eq!(line.address_of(0x5000), None);
        assert_eq!(line.address_of(0), None);
        let line = parse("7ffe0-7fff0 rw-p 00000000 00:00 0 ").unwrap();
        assert_eq!((line.address_of(0), line.path), (None, ""));
        assert!(parse("").is_none() && parse("1-2 r").is_none());
    }

    #[test]
    fn this_process_is_mapped() {
        let own = Path::new("/proc/self/exe");
        let here = lines_of_maps as *const () as u64;
        let text = fs::read_to_string("/proc/self/maps").unwrap();
        let line =
            text.lines().filter_map(parse).find(|line| (line.start..line.end).contains(&here));
        let line = line.unwrap();
        assert_eq!(mapped_at(None, own, here - line.start + line.offset).unwrap(), here);
        assert_eq!(
            mapped_at(Some(std::process::id()), own, here - line.start + line.offset).unwrap(),
            here
        );
    }
}
