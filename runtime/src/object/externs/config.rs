//! Where values of `__kconfig` variables come from.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::gzip;
use super::kconfig::{Values, Variable};
use crate::error::{Error, ErrorKind, Frame, Result, Within};
use crate::feature::{self, Feature};
use crate::kallsyms::syscall_wrapper;
use crate::spec::ExternSpec;
use crate::sys;

/// A kernel's configuration has 300 kB; more than this is none.
const MOST: usize = 16 << 20;

const VERSION: &str = "LINUX_KERNEL_VERSION";
const BPF_COOKIE: &str = "LINUX_HAS_BPF_COOKIE";
const SYSCALL_WRAPPER: &str = "LINUX_HAS_SYSCALL_WRAPPER";

/// The function whose name tells whether system calls have wrappers, if it is to be looked for in `/proc/kallsyms`.
pub(super) fn wrapper_wanted(externs: &[ExternSpec]) -> Option<String> {
    let wanted = externs.iter().any(|one| one.name == SYSCALL_WRAPPER);
    wanted.then(|| syscall_wrapper("bpf")).flatten()
}

/// The value of the map `.kconfig`, of `size` bytes. `given` is a configuration that goes before the kernel's own;
/// `has_wrapper` says whether the function of [`wrapper_wanted`] is there.
pub(super) fn values(
    externs: &[ExternSpec],
    size: u32,
    given: Option<&str>,
    has_wrapper: bool,
) -> Result<Vec<u8>> {
    let variables = || externs.iter().filter_map(Variable::of);
    let mut values = Values::new(variables(), size);
    for variable in variables().filter(|variable| !is_option(variable)) {
        let value = match variable.name {
            VERSION => u64::from(version()?),
            BPF_COOKIE => u64::from(!feature::lacks(Feature::Cookie)),
            SYSCALL_WRAPPER => u64::from(has_wrapper),
            _ if variable.weak => 0,
            name => {
                return Err(Error::not_found(format!(
                    "no such value is known: {VERSION}, {BPF_COOKIE} and {SYSCALL_WRAPPER} are"
                ))
                .with_hint("declared __weak it would be 0")
                .within(Frame::Variable(name.to_owned())));
            }
        };
        values.set_number(variable.name, value)?;
    }
    let mut looked = Vec::new();
    if let Some(text) = given {
        values.read(text.as_bytes()).within(|| Frame::Step("the configuration given"))?;
        looked.push("the configuration given".to_owned());
    }
    if values.missing().any(|variable| is_option(&variable)) {
        looked.extend(read_system(&mut values)?);
    }
    let missing = values.missing().find(|variable| !variable.weak && is_option(variable));
    match missing {
        None => Ok(values.bytes),
        Some(variable) => Err(Error::not_found("the kernel's configuration does not set it")
            .with_hint(format!("looked in: {}; declared __weak it would be 0", looked.join(", ")))
            .within(Frame::Variable(variable.name.to_owned()))),
    }
}

/// Whether it is an option of the configuration, and not a value that the loader knows.
fn is_option(variable: &Variable<'_>) -> bool {
    variable.name.starts_with("CONFIG_")
}

/// Reads the first file there is, and answers where was looked.
fn read_system(values: &mut Values<'_>) -> Result<Vec<String>> {
    let release = sys::kernel_release().map_err(|error| Error::system("uname", error))?;
    let mut looked = Vec::new();
    for path in [Path::new("/boot").join(format!("config-{release}")), "/proc/config.gz".into()] {
        match read(&path) {
            Ok(config) => {
                values.read(&config).within(|| Frame::Path(path.display().to_string()))?;
                looked.push(path.display().to_string());
                break;
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {
                looked.push(format!("{} (not there)", path.display()));
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                looked.push(format!("{} (not permitted)", path.display()));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(looked)
}

fn read(path: &PathBuf) -> Result<Vec<u8>> {
    let read = || -> Result<Vec<u8>> {
        let file = File::open(path).map_err(|error| Error::system("open", error))?;
        let mut bytes = Vec::new();
        let limit = MOST as u64 + 1;
        file.take(limit).read_to_end(&mut bytes).map_err(|error| Error::system("read", error))?;
        if bytes.len() > MOST {
            return Err(Error::malformed(format!("more than {MOST} bytes")));
        }
        if bytes.starts_with(&gzip::MAGIC) { gzip::decompress(&bytes, MOST) } else { Ok(bytes) }
    };
    read().within(|| Frame::Path(path.display().to_string()))
}

fn version() -> Result<u32> {
    sys::kernel_version()
        .map(sys::KernelVersion::code)
        .map_err(|error| Error::system("uname", error))
        .within(|| Frame::Variable(VERSION.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{ExternKind, KconfigType};

    fn option(name: &'static str, weak: bool, offset: u32) -> ExternSpec {
        let value = KconfigType::Int { signed: false };
        let kind = ExternKind::Kconfig { offset, size: 4, value, type_id: 0 };
        ExternSpec { name: name.into(), weak, kind }
    }

    fn resolve(externs: &[ExternSpec], given: &str) -> Result<Vec<u8>> {
        let size = externs.len() as u32 * 4;
        values(externs, size, Some(given), true)
    }

    #[test]
    fn what_is_given_goes_first() {
        let externs = [
            option("CONFIG_A_MADE_UP_ONE", false, 0),
            option("LINUX_KERNEL_VERSION", false, 4),
            option("LINUX_HAS_SYSCALL_WRAPPER", false, 8),
            option("LINUX_OF_TOMORROW", true, 12),
        ];
        let bytes = resolve(&externs, "CONFIG_A_MADE_UP_ONE=7").unwrap();
        let words: Vec<u32> =
            bytes.as_chunks::<4>().0.iter().map(|word| u32::from_ne_bytes(*word)).collect();
        assert!(words[1] >= 0x05_00_00, "{words:x?}");
        assert_eq!((words[0], words[2], words[3]), (7, 1, 0));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = resolve(&[option("CONFIG_A_MADE_UP_ONE", false, 0)], "CONFIG_B=1").unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        for part in
            [r#"variable "CONFIG_A_MADE_UP_ONE""#, "configuration given, /boot/config-", "__weak"]
        {
            assert!(text.contains(part), "{text}");
        }
        assert_eq!(resolve(&[option("CONFIG_A_MADE_UP_ONE", true, 0)], "").unwrap(), [0; 4]);
        let error = resolve(&[option("LINUX_OF_TOMORROW", false, 0)], "").unwrap_err().to_string();
        assert!(error.contains("LINUX_HAS_BPF_COOKIE") && error.contains("__weak"), "{error}");
    }
}
