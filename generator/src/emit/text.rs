//! Pieces of text.

use std::fmt::{self, Write};

use crate::ident::Ident;

/// What can be written. [`fmt`] does the same, and takes several times as long: half of all the time for a large object.
pub(super) trait Text {
    /// Appends it.
    fn put(&self, out: &mut String);
}

impl Text for str {
    fn put(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Text for String {
    fn put(&self, out: &mut String) {
        out.push_str(self);
    }
}

impl Text for Ident {
    fn put(&self, out: &mut String) {
        out.push_str(self.as_str());
    }
}

impl Text for bool {
    fn put(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

impl Text for u64 {
    fn put(&self, out: &mut String) {
        if *self >= 10 {
            (*self / 10).put(out);
        }
        out.push((b'0' + (*self % 10) as u8).into());
    }
}

impl Text for u32 {
    fn put(&self, out: &mut String) {
        u64::from(*self).put(out);
    }
}

impl Text for fmt::Arguments<'_> {
    fn put(&self, out: &mut String) {
        // Writing to a String cannot fail.
        let _ = out.write_fmt(*self);
    }
}

impl<T: Text + ?Sized> Text for &T {
    fn put(&self, out: &mut String) {
        (**self).put(out);
    }
}

/// One after the other.
macro_rules! in_turn {
    ($($name:ident)*) => {
        impl<$($name: Text),*> Text for ($($name,)*) {
            #[expect(non_snake_case, reason = "each is called as its type is")]
            fn put(&self, out: &mut String) {
                let ($($name,)*) = self;
                $($name.put(out);)*
            }
        }
    };
}

in_turn!(A B);
in_turn!(A B C);
in_turn!(A B C D);
in_turn!(A B C D E);

/// In base 16, without a prefix.
pub(super) struct Hex(pub(super) u64);

impl Text for Hex {
    fn put(&self, out: &mut String) {
        if self.0 >= 16 {
            Self(self.0 / 16).put(out);
        }
        out.push(HEX[(self.0 % 16) as usize].into());
    }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The inside of a byte string literal.
pub(super) struct Bytes<'b>(pub(super) &'b [u8]);

impl Text for Bytes<'_> {
    fn put(&self, out: &mut String) {
        out.reserve(2 * self.0.len());
        for &byte in self.0 {
            match byte {
                0 => out.push_str("\\0"),
                b'"' => out.push_str("\\\""),
                b'\\' => out.push_str("\\\\"),
                b'\n' => out.push_str("\\n"),
                b' '..=b'~' => out.push(byte.into()),
                _ => {
                    out.push_str("\\x");
                    out.push(HEX[usize::from(byte >> 4)].into());
                    out.push(HEX[usize::from(byte & 15)].into());
                }
            }
        }
    }
}

/// An `Option` of what is printed already.
pub(super) fn option(value: Option<String>) -> String {
    match value {
        Some(value) => format!("::core::option::Option::Some({value})"),
        None => "::core::option::Option::None".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: impl Text) -> String {
        let mut out = String::new();
        text.put(&mut out);
        out
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).cycle().take(3000).collect();
        let literal: syn::LitByteStr = syn::parse_str(&text(("b\"", Bytes(&all), "\""))).unwrap();
        assert_eq!(literal.value(), all);
    }

    #[test]
    fn numbers_are_those_of_fmt() {
        for number in [0, 1, 9, 10, 11, 99, 100, 12_345, u64::MAX] {
            assert_eq!(text(number), number.to_string());
            assert_eq!(text(Hex(number)), format!("{number:x}"));
        }
    }
}
