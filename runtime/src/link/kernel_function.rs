//! Functions of the kernel that probes are put on: which there are, and why one takes none.

use std::collections::BTreeSet;
use std::fs;
use std::io::BufRead;

use super::near::Near;
use super::{glob, tracefs};
use crate::{Error, ErrorKind, Result, kallsyms};

/// Functions that no kprobe may be in, by debugfs.
const BLACKLIST: &str = "/sys/kernel/debug/kprobes/blacklist";

/// What is known of a function that a probe was refused in.
pub(super) enum Known {
    /// The kernel has none of this name; names close to it.
    Missing(Option<String>),
    /// It is there so many times, at different addresses.
    There(usize),
    /// The kernel takes no kprobe in it.
    Blacklisted,
}

/// Looks a function up. Asked only after a refusal: it reads all symbols.
pub(super) fn look_up(name: &str) -> Result<Known> {
    // `module:function`
    let bare = name.rsplit_once(':').map_or(name, |(_, function)| function);
    let mut addresses = BTreeSet::new();
    let mut count = 0;
    let mut near = Near::to(bare);
    kallsyms::functions(|address, function| {
        if function == bare.as_bytes() {
            addresses.insert(address);
            count += 1;
        } else if count == 0 {
            near.see(function);
        }
    })?;
    if count == 0 {
        return Ok(Known::Missing(near.hint()));
    }
    let blacklist = fs::read_to_string(BLACKLIST).unwrap_or_default();
    if blacklist.lines().any(|line| line.split_whitespace().nth(1) == Some(bare)) {
        return Ok(Known::Blacklisted);
    }
    Ok(Known::There(addresses.len()))
}

/// The error that a function is not there.
pub(super) fn missing(near: Option<String>) -> Error {
    let error = Error::not_found("this kernel has no such function, or its module is not loaded");
    match near {
        Some(near) => error.with_hint(near),
        None => error,
    }
}

/// Addresses of all functions that can be traced and whose name fits a pattern.
///
/// # Errors
///
/// tracefs cannot be read; [`NotFound`](ErrorKind::NotFound): none fits.
pub(super) fn matching(pattern: &str) -> Result<Vec<u64>> {
    let fits = |name: &[u8]| glob::matches(pattern.as_bytes(), name);
    let mut addresses = Vec::new();
    // Linux 6.5. Where it is not, names are all there is, and which of several of one name can be traced is not told.
    if let Some(file) = tracefs::open("available_filter_functions_addrs")? {
        traceable(file, |words| {
            if let [address, name, ..] = words
                && fits(name)
                && let Some(address) = hexadecimal(address)
            {
                addresses.push(address);
            }
        })?;
    } else if let Some(file) = tracefs::open("available_filter_functions")? {
        let mut names = BTreeSet::new();
        traceable(file, |words| {
            if let [name, ..] = words
                && fits(name)
            {
                names.insert(name.to_vec());
            }
        })?;
        kallsyms::functions(|address, name| {
            if names.contains(name) {
                addresses.push(address);
            }
        })?;
        if addresses.contains(&0) {
            return Err(Error::new(
                ErrorKind::PermissionDenied,
                "the kernel shows this process all addresses as 0",
            )
            .with_hint("it takes CAP_SYSLOG and kernel.kptr_restrict below 2 (see its sysctl)"));
        }
    } else {
        return Err(no_list());
    }
    addresses.sort_unstable();
    addresses.dedup();
    if addresses.is_empty() {
        return Err(none_fits());
    }
    Ok(addresses)
}

/// Names of the functions of the kernel itself, or of a module, that can be traced and whose name fits a pattern. Without
/// those that several functions have: by its name the kernel would find whichever comes first.
///
/// # Errors
///
/// tracefs cannot be read; [`NotFound`](ErrorKind::NotFound): none fits.
pub(super) fn distinct(module: Option<&str>, pattern: &str) -> Result<BTreeSet<Vec<u8>>> {
    let Some(file) = tracefs::open("available_filter_functions")? else {
        return Err(no_list());
    };
    let mut names = BTreeSet::new();
    traceable(file, |words| {
        let [name, rest @ ..] = words else { return };
        let home = rest.first().and_then(|word| kallsyms::module(word));
        if home == module.map(str::as_bytes) && glob::matches(pattern.as_bytes(), name) {
            names.insert(name.to_vec());
        }
    })?;
    if names.is_empty() {
        return Err(none_fits());
    }
    let several = of_several(module, |name| names.contains(name))?;
    names.retain(|name| !several.contains(name));
    if names.is_empty() {
        return Err(Error::not_found(
            "of each function that fits this pattern, the kernel has several of the same name",
        ));
    }
    Ok(names)
}

/// Of the wanted names, those that several functions of the kernel itself, or of a module, have.
pub(super) fn of_several(
    module: Option<&str>,
    is_wanted: impl Fn(&[u8]) -> bool,
) -> Result<BTreeSet<Vec<u8>>> {
    let (mut once, mut several) = (BTreeSet::new(), BTreeSet::new());
    kallsyms::names_of_functions(module, |name| {
        if is_wanted(name) && !once.insert(name.to_vec()) {
            several.insert(name.to_vec());
        }
    })?;
    Ok(several)
}

fn none_fits() -> Error {
    Error::not_found("no function that can be traced fits this pattern")
}

fn no_list() -> Error {
    Error::new(
        ErrorKind::NotSupportedByKernel,
        "tracefs lists no functions: this kernel was built without CONFIG_DYNAMIC_FTRACE",
    )
}

/// Of these, one that is not there or cannot be traced, and why.
pub(super) fn untraceable(names: &[&str]) -> Result<Option<(String, Error)>> {
    let mut left: BTreeSet<Vec<u8>> = names.iter().map(|name| name.as_bytes().into()).collect();
    let Some(file) = tracefs::open("available_filter_functions")? else { return Ok(None) };
    traceable(file, |words| {
        if let [name, ..] = words {
            left.remove(*name);
        }
    })?;
    let Some(name) = names.iter().find(|name| left.contains(name.as_bytes())) else {
        return Ok(None);
    };
    let error = match look_up(name)? {
        Known::Missing(near) => missing(near),
        _ => Error::invalid_input("this function cannot be traced: tracefs does not list it"),
    };
    Ok(Some(((*name).to_owned(), error)))
}

/// The words of each line. Functions that the linker replaced by others have no name any more.
fn traceable(mut file: impl BufRead, mut each: impl FnMut(&[&[u8]])) -> Result<()> {
    const REPLACED: &[u8] = b"__ftrace_invalid_address__";
    let mut line = Vec::with_capacity(256);
    loop {
        line.clear();
        let read = file.read_until(b'\n', &mut line);
        if read.map_err(|error| Error::system("read", error))? == 0 {
            return Ok(());
        }
        let words = line.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty());
        let words: Vec<&[u8]> = words.collect();
        if !words.iter().any(|word| word.starts_with(REPLACED)) {
            each(&words);
        }
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tracefs() {
        let text = b"ffffffff81000010 vfs_read\n\
            ffffffff81000020 __ftrace_invalid_address___64\n\
            ffffffffc0000030 probe [veth]\n\
            \n\
            ffffffff81000040 last";
        let mut seen = Vec::new();
        traceable(&text[..], |words| {
            if let [address, name, ..] = words {
                seen.push((hexadecimal(address).unwrap(), name.to_vec()));
            }
        })
        .unwrap();
        let expected = [
            (0xffff_ffff_8100_0010, b"vfs_read".to_vec()),
            (0xffff_ffff_c000_0030, b"probe".to_vec()),
            (0xffff_ffff_8100_0040, b"last".to_vec()),
        ];
        assert_eq!(seen, expected);
    }
}
