//! The kernel's configuration as values of variables.

use crate::error::{Error, Frame, Result, Within};
use crate::spec::{ExternKind, ExternSpec, KconfigType};

/// A `__kconfig` variable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variable<'s> {
    pub(super) name: &'s str,
    pub(super) weak: bool,
    offset: u32,
    size: u32,
    value: KconfigType,
}

impl<'s> Variable<'s> {
    pub(super) fn of(spec: &'s ExternSpec) -> Option<Self> {
        let ExternKind::Kconfig { offset, size, value, .. } = spec.kind else { return None };
        Some(Self { name: &spec.name, weak: spec.weak, offset, size, value })
    }
}

/// The values of all variables, as their map holds them.
#[derive(Debug)]
pub(super) struct Values<'s> {
    /// By name.
    variables: Vec<Variable<'s>>,
    set: Vec<bool>,
    pub(super) bytes: Vec<u8>,
}

impl<'s> Values<'s> {
    pub(super) fn new(variables: impl Iterator<Item = Variable<'s>>, size: u32) -> Self {
        let mut variables: Vec<_> = variables.collect();
        variables.sort_by_key(|variable| variable.name);
        Self { set: vec![false; variables.len()], variables, bytes: vec![0; size as usize] }
    }

    /// Those that have no value yet.
    pub(super) fn missing(&self) -> impl Iterator<Item = Variable<'s>> + '_ {
        self.variables.iter().zip(&self.set).filter(|(_, set)| !**set).map(|(it, _)| *it)
    }

    /// Takes the values of options from the text of a `.config`. What has a value keeps it.
    pub(super) fn read(&mut self, config: &[u8]) -> Result<()> {
        for (number, line) in (1..).zip(config.split(|&byte| byte == b'\n')) {
            if !line.starts_with(b"CONFIG_") {
                continue;
            }
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let (name, text) = match line.iter().position(|&byte| byte == b'=') {
                Some(at) => (&line[..at], &line[at + 1..]),
                None => (line, &[][..]),
            };
            let found =
                self.variables.binary_search_by(|variable| variable.name.as_bytes().cmp(name));
            let Some(index) = found.ok().filter(|&index| !self.set[index]) else { continue };
            self.set_text(index, text)
                .map_err(|error| error.with_hint(format!("line {number}")))
                .within(|| Frame::Variable(self.variables[index].name.to_owned()))?;
        }
        Ok(())
    }

    /// Gives a variable a number; one that does not exist is no matter.
    pub(super) fn set_number(&mut self, name: &str, number: u64) -> Result<()> {
        let Ok(index) = self.variables.binary_search_by_key(&name, |variable| variable.name) else {
            return Ok(());
        };
        let variable = self.variables[index];
        Number { magnitude: number, negative: false }
            .bytes(&variable)
            .map(|bytes| self.put(index, &bytes))
            .within(|| Frame::Variable(variable.name.to_owned()))
    }

    fn set_text(&mut self, index: usize, text: &[u8]) -> Result<()> {
        let variable = self.variables[index];
        let bytes = match text {
            [] => return Err(Error::malformed("the configuration has no value for it")),
            [letter @ (b'y' | b'n' | b'm')] => variable.letter(*letter)?,
            [b'"', ..] => variable.text(text)?,
            _ => match parse(text) {
                Some(number) => number.bytes(&variable)?,
                None => return Err(variable.expected(text)),
            },
        };
        self.put(index, &bytes);
        Ok(())
    }

    fn put(&mut self, index: usize, bytes: &[u8]) {
        let Variable { offset, size, .. } = self.variables[index];
        let place = self.bytes.get_mut(offset as usize..);
        if let Some(place) = place.and_then(|place| place.get_mut(..size as usize)) {
            let len = bytes.len().min(place.len());
            place[..len].copy_from_slice(&bytes[..len]);
        }
        self.set[index] = true;
    }
}

impl Variable<'_> {
    fn letter(&self, letter: u8) -> Result<Vec<u8>> {
        Ok(match (self.value, letter) {
            (KconfigType::Bool, b'y' | b'n') => vec![u8::from(letter == b'y')],
            (KconfigType::Tristate, _) => {
                let value: u32 = match letter {
                    b'y' => 1,
                    b'm' => 2,
                    _ => 0,
                };
                value.to_ne_bytes().to_vec()
            }
            (KconfigType::Char { .. }, _) => vec![letter],
            _ => return Err(self.expected(&[letter])),
        })
    }

    /// A string between quotation marks, as much of it as there is room for beside its NUL.
    fn text(&self, quoted: &[u8]) -> Result<Vec<u8>> {
        if self.value != KconfigType::Text {
            return Err(self.expected(quoted));
        }
        let text = quoted.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        let text = text.ok_or_else(|| Error::malformed("the configuration's string has no end"))?;
        Ok(text[..text.len().min((self.size as usize).saturating_sub(1))].to_vec())
    }

    fn expected(&self, found: &[u8]) -> Error {
        let declared = match self.value {
            KconfigType::Bool => "bool (y or n)",
            KconfigType::Char { .. } => "char (y, m, n or a number)",
            KconfigType::Int { .. } => "an integer",
            KconfigType::Tristate => "enum libbpf_tristate (y, m or n)",
            KconfigType::Text => "an array of char (a string)",
        };
        Error::mismatch(format!(
            "it is declared as {declared}, the configuration has {}",
            String::from_utf8_lossy(found)
        ))
    }
}

#[derive(Clone, Copy)]
struct Number {
    magnitude: u64,
    negative: bool,
}

/// A number as C writes it: decimal, hexadecimal or octal, with a sign or without.
fn parse(text: &[u8]) -> Option<Number> {
    let text = std::str::from_utf8(text).ok()?.trim_end();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let (digits, radix) = match hex {
        Some(digits) => (digits, 16),
        None if digits.len() > 1 && digits.starts_with('0') => (&digits[1..], 8),
        None => (digits, 10),
    };
    // `from_str_radix` would take a second sign.
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    Some(Number { magnitude: u64::from_str_radix(digits, radix).ok()?, negative })
}

impl Number {
    /// The number as the variable holds it.
    fn bytes(self, variable: &Variable<'_>) -> Result<Vec<u8>> {
        let sign = if self.negative { "-" } else { "" };
        let signed = match variable.value {
            KconfigType::Int { signed } | KconfigType::Char { signed } => signed,
            KconfigType::Bool if self.magnitude <= 1 && !self.negative => false,
            _ => {
                return Err(variable.expected(format!("{sign}{}", self.magnitude).as_bytes()));
            }
        };
        let value = if self.negative { self.magnitude.wrapping_neg() } else { self.magnitude };
        let bits = variable.size.clamp(1, 8) * 8;
        let most = u64::MAX >> (64 - bits + u32::from(signed));
        let fits = match (bits, self.negative) {
            // C's own conversion: a large hexadecimal number stands for a negative one.
            (64, false) => true,
            (_, false) => self.magnitude <= most,
            (_, true) => self.magnitude == 0 || signed && self.magnitude - 1 <= most,
        };
        if !fits {
            return Err(Error::mismatch(format!(
                "{sign}{} does not fit into {} bytes{}",
                self.magnitude,
                variable.size,
                if signed { " with a sign" } else { "" }
            )));
        }
        Ok(match variable.size {
            1 => vec![value as u8],
            2 => (value as u16).to_ne_bytes().to_vec(),
            4 => (value as u32).to_ne_bytes().to_vec(),
            _ => value.to_ne_bytes().to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: KconfigType, size: u32) -> Variable<'static> {
        Variable { name: "CONFIG_X", weak: false, offset: 0, size, value }
    }

    fn read(variable: Variable<'static>, text: &str) -> Result<Vec<u8>> {
        let size = variable.size;
        let mut values = Values::new([variable].into_iter(), size);
        values.read(format!("# CONFIG_X is not set\nCONFIG_XY=1\nCONFIG_X={text}\n").as_bytes())?;
        assert_eq!(values.missing().count(), 0);
        Ok(values.bytes)
    }

    const INT: KconfigType = KconfigType::Int { signed: true };
    const UINT: KconfigType = KconfigType::Int { signed: false };
    const CHAR: KconfigType = KconfigType::Char { signed: true };

    #[test]
    fn values_of_every_type() {
        for (value, size, text, expected) in [
            (KconfigType::Bool, 1, "y", &[1][..]),
            (KconfigType::Bool, 1, "n", &[0]),
            (KconfigType::Bool, 1, "1", &[1]),
            (KconfigType::Tristate, 4, "y", &1_u32.to_ne_bytes()),
            (KconfigType::Tristate, 4, "m", &2_u32.to_ne_bytes()),
            (KconfigType::Tristate, 4, "n", &[0; 4]),
            (CHAR, 1, "m", b"m"),
            (CHAR, 1, "-1", &[0xff]),
            (CHAR, 1, "127", &[127]),
            (KconfigType::Char { signed: false }, 1, "255", &[255]),
            (UINT, 4, "250", &250_u32.to_ne_bytes()),
            (UINT, 4, "0x10\r", &16_u32.to_ne_bytes()),
            (UINT, 2, "017", &15_u16.to_ne_bytes()),
            (INT, 2, "-32768", &i16::MIN.to_ne_bytes()),
            (INT, 4, "-1", &(-1_i32).to_ne_bytes()),
            (UINT, 8, "0xffffffff81000000", &0xffff_ffff_8100_0000_u64.to_ne_bytes()),
            (INT, 8, "0xffffffffffffffff", &(-1_i64).to_ne_bytes()),
            (INT, 8, "-9223372036854775808", &i64::MIN.to_ne_bytes()),
            (INT, 4, "-0", &[0; 4]),
            (KconfigType::Text, 8, "\"bpf\"", b"bpf\0\0\0\0\0"),
            (KconfigType::Text, 4, "\"too long\"", b"too\0"),
            (KconfigType::Text, 4, "\"\"", b"\0\0\0\0"),
        ] {
            let bytes = read(one(value, size), text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(bytes, expected, "{value:?} {text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for (value, size, text, expected) in [
            (KconfigType::Bool, 1, "m", "declared as bool (y or n), the configuration has m"),
            (KconfigType::Bool, 1, "2", "declared as bool (y or n), the configuration has 2"),
            (UINT, 4, "y", "declared as an integer, the configuration has y"),
            (UINT, 4, "\"text\"", "declared as an integer, the configuration has \"text\""),
            (UINT, 4, "12 monkeys", "the configuration has 12 monkeys"),
            (UINT, 4, "0x", "the configuration has 0x"),
            (UINT, 4, "--1", "the configuration has --1"),
            (UINT, 4, "4294967296", "4294967296 does not fit into 4 bytes"),
            (UINT, 2, "-1", "-1 does not fit into 2 bytes"),
            (INT, 2, "32768", "32768 does not fit into 2 bytes with a sign"),
            (INT, 2, "-32769", "-32769 does not fit into 2 bytes with a sign"),
            (UINT, 8, "18446744073709551616", "the configuration has 18446744073709551616"),
            (KconfigType::Text, 4, "\"open", "the configuration's string has no end"),
            (KconfigType::Text, 4, "\"", "the configuration's string has no end"),
            (KconfigType::Text, 4, "7", "declared as an array of char (a string)"),
            (UINT, 4, "", "the configuration has no value for it"),
        ] {
            let error = read(one(value, size), text).expect_err(text).to_string();
            assert!(error.contains(expected) && error.contains("line 3"), "{text}: {error}");
        }
    }

    #[test]
    fn the_first_value_stays() {
        let mut values = Values::new([one(UINT, 4)].into_iter(), 4);
        values.read(b"CONFIG_X=1\nCONFIG_X=2").unwrap();
        values.read(b"CONFIG_X=3").unwrap();
        assert_eq!(values.bytes, 1_u32.to_ne_bytes());
    }
}
