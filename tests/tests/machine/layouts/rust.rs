//! The program that says of the generated types what `c::program` says of C's.

use std::fmt::Write as _;

use super::c::{all, leaves, plain};
use super::draw::{Named, Shape};

const PRELUDE: &str = r"
use bpf_skel::live::GlobalStruct;
use bpf_skel::pod::{bytes_of, bytes_of_mut, zeroed};
use bpf_skel::private::BitInt;

struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0
    }
    fn wide(&mut self) -> u128 {
        u128::from(self.next()) << 64 | u128::from(self.next())
    }
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = (self.next() >> 56) as u8);
    }
}
fn dump(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!(`{byte:02x}`)).collect()
}
/// What it prints, in whatever order it prints its members.
fn letters(value: &dyn std::fmt::Debug) -> Vec<u8> {
    let mut letters = format!(`{value:?}`).into_bytes();
    letters.sort_unstable();
    letters
}
/// Where ones are that were written into zeros.
fn place(bytes: &[u8], size: usize) -> usize {
    let first = bytes.iter().position(|&byte| byte == 0xff).unwrap_or(0);
    assert!(bytes[first..][..size].iter().all(|&byte| byte == 0xff));
    assert_eq!(bytes.iter().filter(|&&byte| byte == 0xff).count(), size);
    first
}
";

pub(super) fn program(types: &[Named], skeleton: &str) -> String {
    let mut out = PRELUDE.replace('`', "\"");
    let (plain_types, live) = skeleton.split_once("pub mod live {").unwrap_or((skeleton, ""));
    let all = all(types);
    for (nth, (_, name, composite)) in all.iter().enumerate() {
        let _ = writeln!(out, "fn check{nth}() {{\n    type T = types::types::{name};");
        let _ = writeln!(out, "    println!(\"{name} size {{}}\", size_of::<T>());");
        if plain(types, composite) {
            let _ = writeln!(out, "    println!(\"{name} align {{}}\", align_of::<T>());");
        }
        let twin = live
            .split_once(&format!("pub struct {name} of "))
            .map(|(_, twin)| twin.split_once("live_struct!").map_or(twin, |(twin, _)| twin));
        for member in leaves(composite) {
            let m = &member.name;
            let is_method = has_method(plain_types, name, m);
            let text = match member.shape {
                Shape::Bits(..) => bits(nth, name, m, twin.is_some()),
                Shape::Flexible(_) => format!(
                    "println!(\"{name}.{m} flexible {{}}\", std::mem::offset_of!(T, {m}));
    let record = [0; size_of::<T>() + 64];
    assert!(T::from_bytes(&record).is_some_and(|(_, rest)| !rest.is_empty()));"
                ),
                _ if is_method => format!(
                    "let mut v: T = zeroed();
    let mut value = v.{m}();
    bytes_of_mut(&mut value).fill(0xff);
    let size = size_of_val(&value);
    v.set_{m}(value);
    println!(\"{name}.{m} at {{}} size {{size}}\", place(bytes_of(&v), size));
    assert_eq!(bytes_of(&v.{m}()), vec![0xff; size]);
    // Of a union, bytes without a name are compared too.
    let zero: T = zeroed();
    assert!(v != zero || value == zero.{m}());"
                ),
                _ => format!(
                    "let v: T = zeroed();
    let (at, size) = (std::mem::offset_of!(T, {m}), size_of_val(&{{ v.{m} }}));
    println!(\"{name}.{m} at {{}} size {{size}}\", if size > 0 {{ at }} else {{ 0 }});
    let (zero, mut v) = (v, v);
    bytes_of_mut(&mut v)[at..at + size].fill(0xff);
    assert_eq!(v == zero, {{ v.{m} }} == {{ zero.{m} }});"
                ),
            };
            let _ = writeln!(out, "    {{ {text} }}");
            if let Some(twin) = twin {
                let call =
                    |text: &str| if text.contains(&format!("pub fn {m}(")) { "()" } else { "" };
                let plain = if is_method { "()" } else { "" };
                let _ = writeln!(
                    out,
                    "    {{ let mut v: T = zeroed();
    Random({nth}).fill(bytes_of_mut(&mut v));
    let live = GlobalStruct::<types::live::{name}>::from_plain(v);
    assert_eq!(letters(&live.{m}{}), letters(&{{ v.{m}{plain} }}), \"{name}.{m}\"); }}",
                    call(twin)
                );
            }
        }
        if twin.is_some() {
            let _ = writeln!(
                out,
                "    let mut v: T = zeroed();
    Random({nth}).fill(bytes_of_mut(&mut v));
    let live = GlobalStruct::<types::live::{name}>::from_plain(v);
    assert_eq!(letters(&live), letters(&v), \"{name}\");"
            );
        }
        // Everything prints and compares.
        out.push_str("    let v: T = zeroed();\n    assert!(!format!(\"{v:?}\").is_empty());\n");
        out.push_str("    assert!(v == v);\n}\n");
    }
    assert!(out.contains("GlobalStruct::<types::live::"), "no type has a live twin:\n{skeleton}");
    // Some of the types are large.
    out.push_str("fn main() {\n    let large = std::thread::Builder::new().stack_size(1 << 30);\n");
    out.push_str("    large.spawn(checks).unwrap().join().unwrap();\n}\nfn checks() {\n");
    (0..all.len()).for_each(|nth| {
        let _ = writeln!(out, "    check{nth}();");
    });
    out + "}\n"
}

/// Whether an `impl` of the type has this method: another type may have a member of the same name.
fn has_method(module: &str, ty: &str, method: &str) -> bool {
    let (start, method) = (format!("        impl {ty} {{\n"), format!("pub fn {method}("));
    let impls = module.split(&start).skip(1);
    let mut bodies = impls.map(|rest| rest.split("\n        }\n").next().unwrap_or(rest));
    bodies.any(|body| body.contains(&method))
}

/// Reads and writes a bit-field, and does the same to the live twin.
fn bits(nth: usize, name: &str, m: &str, twin: bool) -> String {
    let live = if !twin {
        String::new()
    } else {
        format!(
            "let live = GlobalStruct::<types::live::{name}>::from_plain(before);
        assert_eq!(live.{m}(), before.{m}());
        live.set_{m}(BitInt::from_bits(value, 128));
        assert_eq!(bytes_of(&live.get()), bytes_of(&v));"
        )
    };
    format!(
        "for p in 0..3 {{
        let (mut v, mut random) = (zeroed::<T>(), Random({nth} * 3 + p));
        random.fill(bytes_of_mut(&mut v));
        let before = v;
        let bits = v.{m}().to_bits();
        println!(\"{name}.{m} bits {{:x}} {{:x}}\", (bits >> 64) as u64, bits as u64);
        let value = random.wide();
        v.set_{m}(BitInt::from_bits(value, 128));
        println!(\"{name}.{m} set {{}}\", dump(bytes_of(&v)));
        assert!(v != before || v.{m}() == before.{m}());
        {live}
    }}"
    )
}
