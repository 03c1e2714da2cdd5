//! The kernel's symbols, from `/proc/kallsyms`.

use std::fs::File;
use std::io::{BufRead, BufReader};

use crate::error::{Error, ErrorKind, Frame, Result, Within};

const PATH: &str = "/proc/kallsyms";

/// What is known of a symbol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// It is there, once or more often at the same place.
    At(u64),
    /// Several symbols of this name have different addresses; two of them.
    Ambiguous(u64, u64),
}

/// The addresses of all these symbols, `None` for one that is not there; and whether `other` is there, which can be told
/// where addresses are hidden, too. All in one pass.
///
/// # Errors
/// The file cannot be read, or it hides the addresses from this process.
pub(crate) fn addresses(
    names: &[&str],
    other: Option<&str>,
) -> Result<(Vec<Option<Address>>, bool)> {
    open().and_then(|file| search(file, names, other)).within(|| Frame::Path(PATH.into()))
}

/// Every function of the kernel and its modules, with its address: 0 where the kernel hides it from this process. One
/// that is there several times comes several times.
pub(crate) fn functions(mut each: impl FnMut(u64, &[u8])) -> Result<()> {
    let each = |symbol: Symbol<'_>| {
        if symbol.is_function() {
            each(symbol.address, symbol.name);
        }
    };
    open().and_then(|file| read(file, each)).within(|| Frame::Path(PATH.into()))
}

/// The name of every function of the kernel itself, or of a module. One that is there several times comes several times.
pub(crate) fn names_of_functions(module: Option<&str>, mut each: impl FnMut(&[u8])) -> Result<()> {
    let each = |symbol: Symbol<'_>| {
        if symbol.is_function() && symbol.module == module.map(str::as_bytes) {
            each(symbol.name);
        }
    };
    open().and_then(|file| read(file, each)).within(|| Frame::Path(PATH.into()))
}

/// A line of the file.
struct Symbol<'l> {
    address: u64,
    /// As `nm` has it: `T` and `t` are text, global and local.
    kind: u8,
    name: &'l [u8],
    module: Option<&'l [u8]>,
}

impl Symbol<'_> {
    fn is_function(&self) -> bool {
        matches!(self.kind, b't' | b'T' | b'w' | b'W')
    }
}

fn open() -> Result<BufReader<File>> {
    let file = File::open(PATH).map_err(|error| Error::system("open", error))?;
    // The kernel hands out at most a page in a read, whatever the buffer.
    Ok(BufReader::with_capacity(1 << 16, file))
}

fn read(mut file: impl BufRead, mut each: impl FnMut(Symbol<'_>)) -> Result<()> {
    let mut line = Vec::with_capacity(256);
    loop {
        line.clear();
        let read = file.read_until(b'\n', &mut line);
        if read.map_err(|error| Error::system("read", error))? == 0 {
            return Ok(());
        }
        if let Some(symbol) = parse(&line) {
            each(symbol);
        }
    }
}

/// The module in `[module]`, as the kernel's lists of functions have it.
pub(crate) fn module(word: &[u8]) -> Option<&[u8]> {
    word.strip_prefix(b"[")?.strip_suffix(b"]")
}

/// The function of a system call on kernels that give each one a wrapper of its own, which takes the registers apart
/// (Linux 4.17 and later, by architecture). `None` where no kernel for this architecture does.
pub(crate) fn syscall_wrapper(syscall: &str) -> Option<String> {
    let architecture = if cfg!(target_arch = "x86_64") {
        "x64"
    } else if cfg!(target_arch = "x86") {
        "ia32"
    } else if cfg!(target_arch = "aarch64") {
        "arm64"
    } else if cfg!(any(target_arch = "riscv64", target_arch = "riscv32")) {
        "riscv"
    } else if cfg!(target_arch = "s390x") {
        "s390x"
    } else if cfg!(target_arch = "powerpc64") {
        "powerpc"
    } else {
        return None;
    };
    Some(format!("__{architecture}_sys_{syscall}"))
}

fn search(
    file: impl BufRead,
    names: &[&str],
    other: Option<&str>,
) -> Result<(Vec<Option<Address>>, bool)> {
    let all = names.iter().copied().chain(other).enumerate();
    let mut sorted: Vec<(&[u8], usize)> =
        all.map(|(index, name)| (name.as_bytes(), index)).collect();
    sorted.sort_unstable();
    let mut found: Vec<Option<Address>> = vec![None; sorted.len()];
    let mut hidden = true;
    read(file, |Symbol { address, name, .. }| {
        hidden &= address == 0;
        let from = sorted.partition_point(|(wanted, _)| *wanted < name);
        for &(_, index) in sorted[from..].iter().take_while(|(wanted, _)| *wanted == name) {
            found[index] = match found[index] {
                None => Some(Address::At(address)),
                Some(Address::At(other)) if other != address => {
                    Some(Address::Ambiguous(other, address))
                }
                known => known,
            };
        }
    })?;
    let other = found.split_off(names.len()).iter().any(Option::is_some);
    if hidden && found.iter().any(Option::is_some) {
        return Err(Error::new(
            ErrorKind::PermissionDenied,
            "the kernel shows this process all addresses as 0",
        )
        .with_hint("it takes CAP_SYSLOG in the initial user namespace, and kernel.kptr_restrict below 2 (see its sysctl)"));
    }
    Ok((found, other))
}

/// `ffffffff81000000 T name` with `\t[module]` after a module's.
fn parse(line: &[u8]) -> Option<Symbol<'_>> {
    let mut words = line.split(|&byte| matches!(byte, b' ' | b'\t' | b'\n'));
    let address = words.next().and_then(|word| std::str::from_utf8(word).ok())?;
    let address = u64::from_str_radix(address, 16).ok()?;
    let kind = *words.next()?.first()?;
    let name = words.next().filter(|name| !name.is_empty())?;
    let module = words.next().and_then(module);
    // Link-time optimisation renames what was static to a file.
    let name = match kind {
        b'd' | b'b' | b'r' => strip_llvm(name),
        _ => name,
    };
    Some(Symbol { address, kind, name, module })
}

fn strip_llvm(name: &[u8]) -> &[u8] {
    const SUFFIX: &[u8] = b".llvm.";
    let at = name.windows(SUFFIX.len()).position(|window| window == SUFFIX);
    at.map_or(name, |at| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _stext
ffffffff81000010 t twice
ffffffff81000020 t twice
ffffffff81000030 t same\t[a]
ffffffff81000030 t same\t[b]
ffffffff81000040 d renamed.llvm.123456
ffffffff81000050 t function.llvm.123456
odd line
ffffffff81000060 D last";

    #[test]
    fn one_pass_for_all() {
        let search = |names: &[&str], other| search(TEXT.as_bytes(), names, other).unwrap();
        let names = ["last", "twice", "same", "renamed", "function", "fixed_percpu_data", "no"];
        let at = |address: u64| Some(Address::At(0xffff_ffff_8100_0000 + address));
        assert_eq!(
            search(&names, None).0,
            [
                at(0x60),
                Some(Address::Ambiguous(0xffff_ffff_8100_0010, 0xffff_ffff_8100_0020)),
                at(0x30),
                at(0x40),
                None,
                Some(Address::At(0)),
                None,
            ]
        );
        assert_eq!(search(&["last", "last"], None), (vec![at(0x60), at(0x60)], false));
        assert_eq!(search(&["last"], Some("last")), (vec![at(0x60)], true));
        assert_eq!(search(&[], Some("no")), (vec![], false));
    }

    #[test]
    fn functions_have_a_module_or_none() {
        let mut seen = Vec::new();
        read(TEXT.as_bytes(), |symbol| {
            if symbol.is_function() {
                seen.push((symbol.name.to_vec(), symbol.module.map(<[u8]>::to_vec)));
            }
        })
        .unwrap();
        let of = |name: &[u8], module: Option<&[u8]>| (name.to_vec(), module.map(<[u8]>::to_vec));
        let expected = [
            of(b"_stext", None),
            of(b"twice", None),
            of(b"twice", None),
            of(b"same", Some(b"a")),
            of(b"same", Some(b"b")),
            of(b"function.llvm.123456", None),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn hidden_addresses_are_an_error() {
        let text = "0000000000000000 T a\n0000000000000000 T b\n";
        let search = |names: &[&str], other| search(text.as_bytes(), names, other);
        let error = search(&["a"], None).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(error.to_string().contains("kptr_restrict"), "{error}");
        assert_eq!(search(&["c"], Some("a")).unwrap(), (vec![None], true), "names are not hidden");
    }
}
