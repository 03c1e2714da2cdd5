//! iproute2's own list of sub-directories: `/etc/iproute2/bpf_pinning`.

use std::path::Path;

use super::{Config, Setting, Source, Template, trusted};
use bpf_skel::Result;

/// Values that iproute2 gives a meaning of its own.
const RESERVED: u32 = 2;

/// Adds the entries of the file; what a configuration file says of the same value goes before.
pub(super) fn apply(config: &mut Config) -> Result<()> {
    let Some(path) = config.import.value.clone() else { return Ok(()) };
    let Some(text) = trusted::read(&path)? else { return Ok(()) };
    let (entries, warnings) = parse(&text, &path);
    config.warnings.extend(warnings);
    for (pinning, setting) in entries {
        config.legacy.entry(pinning).or_insert(setting);
    }
    Ok(())
}

/// `NUMBER SUBPATH` a line, as iproute2 reads it: blanks before it are skipped, the rest of the line is ignored, the last
/// of several lines for a number counts, and a line that is none ends the reading: what came before is kept.
fn parse(text: &str, path: &Path) -> (Vec<(u32, Setting<Template>)>, Vec<String>) {
    let mut entries: Vec<(u32, Setting<Template>)> = Vec::new();
    let mut warnings = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let text = text.trim_start_matches([' ', '\t']);
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let mut warn = |what: &str| warnings.push(format!("{}:{line}: {what}", path.display()));
        let mut words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        let (Some(number), Some(directory)) = (words.next().and_then(number), words.next()) else {
            warn("expected a number and a directory; this line and all after it are ignored");
            break;
        };
        if number <= RESERVED {
            warn(&format!("{number} is reserved (0 to {RESERVED}); ignored"));
            continue;
        }
        match Template::new(directory) {
            Ok(value) => {
                let source = Source::File { path: path.to_owned(), line };
                entries.retain(|(other, _)| *other != number);
                entries.push((number, Setting { value, source }));
            }
            Err(error) => warn(&format!("{error}; ignored")),
        }
    }
    (entries, warnings)
}

/// As C writes numbers: decimal, hexadecimal or octal.
fn number(text: &str) -> Option<u32> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return u32::from_str_radix(digits, 16).ok();
    }
    match text.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => u32::from_str_radix(digits, 8).ok(),
        _ => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<(u32, String)>, usize) {
        let (entries, warnings) = parse(text, Path::new("bpf_pinning"));
        let entries = entries.into_iter().map(|(key, set)| (key, set.value.to_string())).collect();
        (entries, warnings.len())
    }

    #[test]
    fn as_iproute2_reads_it() {
        for (text, entries, warnings) in [
            ("3 tracing\n", vec![(3, "\"tracing\"")], 0),
            (
                "  0x10\tflows # ours\n\n# no\n010 eight",
                vec![(16, "\"flows\""), (8, "\"eight\"")],
                0,
            ),
            ("3 a\n3 b", vec![(3, "\"b\"")], 0),
            ("1 a\n2 b\n3 c", vec![(3, "\"c\"")], 2),
            ("3 a\nfour b\n5 c", vec![(3, "\"a\"")], 1),
            ("3\n4 x", vec![], 1),
            ("3 ../up\n4 x", vec![(4, "\"x\"")], 1),
            ("3 a/b", vec![(3, "\"a/b\"")], 0),
            ("", vec![], 0),
        ] {
            let entries: Vec<_> =
                entries.into_iter().map(|(key, text)| (key, text.to_owned())).collect();
            assert_eq!(read(text), (entries, warnings), "{text:?}");
        }
    }
}
