//! Types without parts, as the C of the BPF target spells them: its `long` has 64 bits, whatever the kernel's has.

use std::borrow::Cow;

use bpf_skel::btf::Int;

/// How a base type is spelled.
pub(super) enum Spelled<'b> {
    /// With words of C.
    Words(Cow<'b, str>),
    /// By its own name, once that is a typedef of these words.
    Alias(Cow<'static, str>),
}

/// The integer type with this name.
pub(super) fn int(name: &str, int: Int) -> Spelled<'_> {
    match known_size(name) {
        Some(1) if int.size == 1 && matches!(name, "bool" | "_Bool") => {
            Spelled::Words("_Bool".into())
        }
        Some(size) if size == int.size => Spelled::Words(name.into()),
        Some(_) => Spelled::Words(words(int)),
        None if name.is_empty() => Spelled::Words(words(int)),
        None => Spelled::Alias(words(int)),
    }
}

/// The floating-point type with this name. The BPF target has those of 32 and 64 bits, and clang's of 16.
pub(super) fn float(name: &str, size: u32) -> Spelled<'_> {
    let words = match size {
        4 => "float".into(),
        8 => "double".into(),
        _ => bytes(size),
    };
    match (name, size) {
        ("__fp16", 2) | ("float", 4) | ("double" | "long double", 8) => Spelled::Words(name.into()),
        ("" | "float" | "double" | "long double" | "__fp16" | "_Float16" | "__float128", _) => {
            Spelled::Words(words)
        }
        _ => Spelled::Alias(words),
    }
}

/// Alignment of an integer of this many bytes.
pub(super) fn int_align(size: u32) -> u32 {
    if matches!(size, 1 | 2 | 4 | 8 | 16) { size } else { 1 }
}

/// Alignment of what [`float`] makes of such a number.
pub(super) fn float_align(name: &str, size: u32) -> u32 {
    if matches!((name, size), ("__fp16", 2) | (_, 4 | 8)) { size } else { 1 }
}

/// The size of a type that C's own words name, in whichever order they come.
fn known_size(name: &str) -> Option<u32> {
    let (mut long, mut size) = (0, None);
    for word in name.split(' ') {
        match word {
            "signed" | "unsigned" => {}
            "int" if size.is_none() => size = Some(4),
            "int" => {}
            "long" => long += 1,
            "short" => size = Some(2),
            "char" | "_Bool" | "bool" => size = Some(1),
            "__int128" => size = Some(16),
            _ => return None,
        }
    }
    Some(if long > 0 { 8 } else { size.unwrap_or(4) })
}

/// The words for an integer of this size and signedness.
fn words(int: Int) -> Cow<'static, str> {
    let signed = int.encoding.is_signed();
    Cow::Borrowed(match (int.size, signed) {
        (1, _) if int.encoding.is_bool() => "_Bool",
        (1, true) => "signed char",
        (1, false) => "unsigned char",
        (2, true) => "short",
        (2, false) => "unsigned short",
        (4, true) => "int",
        (4, false) => "unsigned int",
        (8, true) => "long long",
        (8, false) => "unsigned long long",
        (16, true) => "__int128",
        (16, false) => "unsigned __int128",
        (size, _) => return bytes(size),
    })
}

/// What stands for a type that the BPF target has not got.
fn bytes(size: u32) -> Cow<'static, str> {
    Cow::Owned(format!("struct {{ unsigned char bytes[{size}]; }}"))
}

/// How an enum of a certain size and signedness comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnumForm {
    /// By its values alone.
    Plain,
    /// By its values, as small as they allow.
    Packed,
    /// By naming the type behind it.
    Typed(&'static str),
}

/// What C makes of enumerators between `min` and `max` is compared with what BTF says.
pub(super) fn enum_form(size: u32, signed: bool, min: i128, max: i128) -> EnumForm {
    let natural = |smallest: u32| {
        let bits = |bytes: u32| 8 * bytes - u32::from(min < 0);
        let fits = |bytes: u32| max < 1 << bits(bytes) && min >= -(1 << (8 * bytes - 1));
        [smallest, 2, 4].into_iter().find(|&bytes| bytes >= smallest && fits(bytes)).unwrap_or(8)
    };
    if signed == (min < 0) && natural(4) == size {
        return EnumForm::Plain;
    }
    if signed == (min < 0) && natural(1) == size {
        return EnumForm::Packed;
    }
    EnumForm::Typed(enum_words(size, signed))
}

/// The integer type behind an enum.
pub(super) fn enum_words(size: u32, signed: bool) -> &'static str {
    match (size, signed) {
        (1, true) => "signed char",
        (1, false) => "unsigned char",
        (2, true) => "short",
        (2, false) => "unsigned short",
        (8, true) => "long long",
        (8, false) => "unsigned long long",
        (_, true) => "int",
        (_, false) => "unsigned int",
    }
}

#[cfg(test)]
mod tests {
    use bpf_skel::btf::IntEncoding;

    use super::*;

    #[test]
    fn integers() {
        let spelled = |name, size, signed| {
            let encoding = IntEncoding(u8::from(signed));
            match int(name, Int { size, bits: 0, offset: 0, encoding }) {
                Spelled::Words(words) => words.into_owned(),
                Spelled::Alias(words) => format!("alias of {words}"),
            }
        };
        for (name, size, signed, want) in [
            ("long unsigned int", 8, false, "long unsigned int"),
            // A 32-bit kernel's.
            ("long unsigned int", 4, false, "unsigned int"),
            ("__int128 unsigned", 16, false, "__int128 unsigned"),
            ("short int", 2, true, "short int"),
            ("unsigned", 4, false, "unsigned"),
            ("bool", 1, false, "_Bool"),
            ("__Poly8_t", 1, false, "alias of unsigned char"),
            ("", 2, true, "short"),
            ("u24", 3, false, "alias of struct { unsigned char bytes[3]; }"),
        ] {
            assert_eq!(spelled(name, size, signed), want, "{name:?}");
        }
    }

    #[test]
    fn enums_of_every_size() {
        use EnumForm::{Packed, Plain, Typed};
        for (size, signed, min, max, want) in [
            (4, false, 0, 3, Plain),
            (4, true, -1, 3, Plain),
            (4, false, 0, 0xffff_ffff, Plain),
            (8, false, 0, 0x1_0000_0000, Plain),
            (8, true, -1, 0xffff_ffff, Plain),
            (1, false, 0, 255, Packed),
            (1, true, -128, 127, Packed),
            (2, false, 0, 256, Packed),
            (2, true, -1, 255, Packed),
            (2, false, 0, 255, Typed("unsigned short")),
            (8, false, 0, 1, Typed("unsigned long long")),
            (4, true, 0, 1, Typed("int")),
        ] {
            assert_eq!(enum_form(size, signed, min, max), want, "{size} {signed} {min} {max}");
        }
    }
}
