//! Giving global variables their values as text: `level=-3`, `config.limits[2]=0x10`, `name=eth0`.

use bpf_skel::btf::{Btf, Composite, Kind};
use bpf_skel::object::OpenObject;
use bpf_skel::{Error, Frame, Result};

/// How deep a variable's type may be nested.
const MAX_DEPTH: usize = 64;
/// How many names an error lists.
const LISTED: usize = 12;

/// Sets a variable, or a part of it, in the open phase. `place` is the variable's name in C, then members and indices;
/// `value` is read by the C type that is there:
///
/// | type | text |
/// |---|---|
/// | integer | `-3`, `0x1f`, `0o17`, `0b101`, or a character: `'x'`; must fit |
/// | `_Bool` | `true`, `false`, `1`, `0` |
/// | enum | the name of a value, or a number |
/// | float | as Rust reads it |
/// | `char[N]` | the text itself, at most N bytes; the rest is zero |
/// | other arrays | as many values as the array has elements, with commas between them |
///
/// # Errors
/// There is no such variable or member, it is no plain value, or the text is none of its type, with what was expected.
pub fn assign(open: &mut OpenObject, place: &str, value: &str) -> Result<()> {
    let (name, path) = match place.find(['.', '[']) {
        Some(end) => place.split_at(end),
        None => (place, ""),
    };
    let mut bytes = open.variable(name)?;
    let spec = open.spec();
    let type_id = spec.variable(name).map_or(0, |variable| variable.type_id);
    let in_place = |error: Error| error.within(Frame::Variable(place.to_owned()));
    if spec.btf.is_empty() || type_id == 0 {
        return Err(in_place(Error::invalid_input("the object has no type information for it")));
    }
    let btf = Btf::parse(&spec.btf, spec.endian)?;
    let found = locate(&btf, type_id, path).map_err(in_place)?;
    write(&btf, &found, value, &mut bytes).map_err(in_place)?;
    open.set_variable(name, &bytes)
}

/// A part of a variable.
#[derive(Clone, Copy, Debug)]
struct Part {
    type_id: u32,
    bit_offset: u64,
    /// Width of a bit-field.
    bits: Option<u8>,
}

fn locate(btf: &Btf<'_>, type_id: u32, path: &str) -> Result<Part> {
    let mut part = Part { type_id, bit_offset: 0, bits: None };
    let mut rest = path;
    while !rest.is_empty() {
        let kind = btf.resolve_kind(part.type_id).map(|(_, kind)| kind);
        if let Some(after) = rest.strip_prefix('[') {
            let (index, after) = after
                .split_once(']')
                .ok_or_else(|| Error::invalid_input(format!("{path:?}: a \"]\" is missing")))?;
            let Some(Kind::Array(array)) = kind else {
                return Err(Error::invalid_input(format!("before \"[{index}]\": not an array")));
            };
            let at = index.parse::<u32>().ok().filter(|&at| at < array.len).ok_or_else(|| {
                Error::invalid_input(format!("\"[{index}]\": the array has {} elements", array.len))
            })?;
            let size = btf.size_of(array.element)?;
            let bits = size.checked_mul(8).and_then(|bits| bits.checked_mul(at.into()));
            part.bit_offset += bits.ok_or_else(|| Error::malformed("the array is too large"))?;
            part.type_id = array.element;
            rest = after;
        } else {
            let after = rest.strip_prefix('.').ok_or_else(|| {
                Error::invalid_input(format!("{rest:?}: expected \".MEMBER\" or \"[INDEX]\""))
            })?;
            let (name, after) = after.split_at(after.find(['.', '[']).unwrap_or(after.len()));
            let Some(Kind::Struct(composite) | Kind::Union(composite)) = kind else {
                return Err(Error::invalid_input(format!("before \".{name}\": not a struct")));
            };
            let member = member(btf, composite, name, MAX_DEPTH).ok_or_else(|| {
                Error::not_found(format!(
                    "no member is named {name:?}; there are: {}",
                    names(btf, composite)
                ))
            })?;
            part.type_id = member.type_id;
            part.bit_offset += member.bit_offset;
            part.bits = member.bits;
            rest = after;
        }
    }
    Ok(part)
}

/// The member of this name, those of anonymous structs and unions among them.
fn member(btf: &Btf<'_>, composite: Composite<'_>, name: &str, depth: usize) -> Option<Part> {
    let depth = depth.checked_sub(1)?;
    composite.members().find_map(|member| {
        let bit_offset = member.bit_offset.into();
        if member.name == name {
            return Some(Part { type_id: member.ty, bit_offset, bits: member.bitfield_size });
        }
        let (Kind::Struct(inner) | Kind::Union(inner)) = btf.resolve(member.ty)?.1.kind else {
            return None;
        };
        if !member.name.is_empty() {
            return None;
        }
        let found = self::member(btf, inner, name, depth)?;
        Some(Part { bit_offset: bit_offset + found.bit_offset, ..found })
    })
}

fn names(btf: &Btf<'_>, composite: Composite<'_>) -> String {
    let names = composite.members().flat_map(|member| match btf.resolve(member.ty) {
        Some((_, inner)) if member.name.is_empty() => match inner.kind {
            Kind::Struct(inner) | Kind::Union(inner) => {
                inner.members().map(|member| member.name).collect()
            }
            _ => Vec::new(),
        },
        _ => vec![member.name],
    });
    list(names)
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    let shown = names[..names.len().min(LISTED)].join(", ");
    if names.len() > LISTED { format!("{shown}, …") } else { shown }
}

fn write(btf: &Btf<'_>, part: &Part, text: &str, bytes: &mut [u8]) -> Result<()> {
    let Some((_, ty)) = btf.resolve(part.type_id) else {
        return Err(Error::malformed("its type is not there"));
    };
    let number = |size: u32, signed: bool| -> Result<u128> {
        integer(text, part.bits.map_or(size.saturating_mul(8), u32::from), signed)
    };
    let (size, value) = match ty.kind {
        Kind::Int(int) if int.encoding.is_bool() => match text {
            "true" | "1" => (int.size, 1),
            "false" | "0" => (int.size, 0),
            _ => return Err(expected("true or false", text)),
        },
        Kind::Int(int) => (int.size, number(int.size, int.encoding.is_signed())?),
        Kind::Enum(kind) => {
            let named = kind.values().find(|(name, _)| *name == text);
            let value = match named {
                Some((_, value)) => i128::from(value).cast_unsigned(),
                None => enumerator(number(kind.size, kind.signed), text, || {
                    list(kind.values().map(|(name, _)| name))
                })?,
            };
            (kind.size, value)
        }
        Kind::Enum64(kind) => {
            let named = kind.values().find(|(name, _)| *name == text);
            let value = match named {
                Some((_, value)) => u128::from(value),
                None => enumerator(number(kind.size, kind.signed), text, || {
                    list(kind.values().map(|(name, _)| name))
                })?,
            };
            (kind.size, value)
        }
        Kind::Float { size: 4 } => (4, u128::from(float::<f32>(text)?.to_bits())),
        Kind::Float { size: 8 } => (8, u128::from(float::<f64>(text)?.to_bits())),
        Kind::Array(array) => return elements(btf, part, array, text, bytes),
        Kind::Struct(composite) | Kind::Union(composite) => {
            return Err(Error::invalid_input(format!(
                "it has members: name one of {}",
                names(btf, composite)
            )));
        }
        _ => return Err(Error::invalid_input("a pointer, or another type without a text")),
    };
    let width = part.bits.map_or(u64::from(size) * 8, u64::from);
    put(bytes, part.bit_offset, width, value)
        .ok_or_else(|| Error::malformed("it reaches past the end of its variable"))
}

fn elements(
    btf: &Btf<'_>,
    part: &Part,
    array: bpf_skel::btf::Array,
    text: &str,
    bytes: &mut [u8],
) -> Result<()> {
    let element = btf.resolve(array.element).map(|(_, ty)| ty);
    let is_char = element.is_some_and(|ty| ty.name == "char");
    if is_char {
        let room = array.len as usize;
        let start = usize::try_from(part.bit_offset / 8).unwrap_or(usize::MAX);
        let place = bytes.get_mut(start..).and_then(|bytes| bytes.get_mut(..room));
        let place =
            place.ok_or_else(|| Error::malformed("it reaches past the end of its variable"))?;
        if text.len() > room {
            return Err(Error::invalid_input(format!(
                "{} bytes do not fit into char[{room}]",
                text.len()
            )));
        }
        place.fill(0);
        place[..text.len()].copy_from_slice(text.as_bytes());
        return Ok(());
    }
    let values: Vec<&str> = text.split(',').map(str::trim).collect();
    if values.len() != array.len as usize {
        return Err(Error::invalid_input(format!(
            "expected {} values with commas between them, found {}",
            array.len,
            values.len()
        )));
    }
    let stride = btf.size_of(array.element)?.saturating_mul(8);
    for (index, value) in (0_u64..).zip(values) {
        let bit_offset = part.bit_offset.saturating_add(stride.saturating_mul(index));
        let element = Part { type_id: array.element, bit_offset, bits: None };
        write(btf, &element, value, bytes)
            .map_err(|error| error.within(Frame::Member(format!("[{index}]"))))?;
    }
    Ok(())
}

fn enumerator(number: Result<u128>, text: &str, names: impl FnOnce() -> String) -> Result<u128> {
    number.map_err(|error| match text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        true => error,
        false => expected(&format!("a number or one of {}", names()), text),
    })
}

/// A number of so many bits, two's complement.
fn integer(text: &str, bits: u32, signed: bool) -> Result<u128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let radix = |prefix: &str, radix: u32| {
        digits.strip_prefix(prefix).map(|digits| u128::from_str_radix(digits, radix).ok())
    };
    let magnitude = match digits.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        Some(text) => match text.as_bytes() {
            [byte] => Some(u128::from(*byte)),
            _ => None,
        },
        None => radix("0x", 16)
            .or_else(|| radix("0o", 8))
            .or_else(|| radix("0b", 2))
            .unwrap_or_else(|| digits.parse().ok()),
    };
    let magnitude = magnitude.ok_or_else(|| expected("a number", text))?;
    let bits = bits.clamp(1, 128);
    let most = if signed { u128::MAX >> (129 - bits) } else { u128::MAX >> (128 - bits) };
    let (fits, value) = match negative {
        false => (magnitude <= most, magnitude),
        true => (signed && magnitude <= most + 1 || magnitude == 0, magnitude.wrapping_neg()),
    };
    if !fits {
        let least = if signed { format!("-{}", most + 1) } else { "0".to_owned() };
        return Err(expected(&format!("a number from {least} to {most}"), text));
    }
    Ok(value)
}

fn float<F: std::str::FromStr>(text: &str) -> Result<F> {
    text.parse().map_err(|_| expected("a number", text))
}

fn expected(what: &str, found: &str) -> Error {
    Error::invalid_input(format!("expected {what}, found {found:?}"))
}

/// Writes the lowest bits of a value in the host's order: from the lowest bit of the lowest byte up, or on a big-endian
/// host from the highest bit of the first byte down.
fn put(bytes: &mut [u8], offset: u64, width: u64, value: u128) -> Option<()> {
    for bit in 0..width {
        let at = offset.checked_add(bit)?;
        let byte = bytes.get_mut(usize::try_from(at / 8).ok()?)?;
        let (from, mask) = match cfg!(target_endian = "big") {
            true => (width - 1 - bit, 0x80_u8 >> (at % 8)),
            false => (bit, 1_u8 << (at % 8)),
        };
        // Wider than 128 bits: the sign goes on.
        match value >> from.min(127) & 1 {
            1 => *byte |= mask,
            _ => *byte &= !mask,
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_their_ranges() {
        for (text, bits, signed, value) in [
            ("0", 8, false, Ok(0)),
            ("255", 8, false, Ok(255)),
            ("256", 8, false, Err("0 to 255")),
            ("-1", 8, false, Err("0 to 255")),
            ("-128", 8, true, Ok((-128_i128).cast_unsigned())),
            ("128", 8, true, Err("-128 to 127")),
            ("-129", 8, true, Err("-128 to 127")),
            ("0x1F", 8, false, Ok(31)),
            ("0o17", 8, false, Ok(15)),
            ("0b101", 3, false, Ok(5)),
            ("-4", 3, true, Ok((-4_i128).cast_unsigned())),
            ("4", 3, true, Err("-4 to 3")),
            ("'a'", 8, true, Ok(97)),
            ("18446744073709551615", 64, false, Ok(u64::MAX.into())),
            ("18446744073709551616", 64, false, Err("18446744073709551615")),
            ("seven", 8, false, Err("expected a number, found \"seven\"")),
            ("", 8, false, Err("expected a number")),
            ("--1", 8, true, Err("expected a number")),
        ] {
            match (integer(text, bits, signed), value) {
                (Ok(found), Ok(value)) => assert_eq!(found, value, "{text}"),
                (Err(error), Err(words)) => {
                    assert!(error.to_string().contains(words), "{text}: {error}");
                }
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }
}
