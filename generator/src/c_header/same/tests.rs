//! Types that a module repeats, as they are or with a difference.

use bpf_skel::btf::{BtfBuilder, IntEncoding, Member, Param};
use bpf_skel::spec::Endian;

use super::*;
use crate::CHeader;

fn member(name: &str, ty: u32, byte: u32) -> Member<'_> {
    Member { name, ty, bit_offset: 8 * byte, bitfield_size: None }
}

/// Types of each kind, the last of which lead to all; `change` is what is different.
fn types(b: &mut BtfBuilder, change: &str) {
    let not = |what: &str| change != what;
    let int = b.int("unsigned int", if not("int") { 4 } else { 2 }, IntEncoding::UNSIGNED);
    let u32 = b.typedef("u32", int);
    let list = b.next_id() + 1;
    let next = b.ptr(list);
    let prev = if not("member") { "prev" } else { "last" };
    b.struct_("list", 16, &[member("next", next, 0), member(prev, next, 8)]);
    let counter = if not("nameless") { "counter" } else { "count" };
    let nameless = b.struct_("", 4, &[member(counter, u32, 0)]);
    let atomic = b.typedef("atomic", nameless);
    let kind = b.enum_("kind", 4, false, &[("A", 0), ("B", if not("value") { 1 } else { 2 })]);
    let parameter = if not("parameter") { next } else { u32 };
    let proto = b.func_proto(u32, &[Param { name: "list", ty: parameter }]);
    let pointer = b.ptr(proto);
    b.typedef("call", pointer);
    b.enum_("", 4, false, &[("ONE", 1), ("TWO", if not("constant") { 2 } else { 3 })]);
    let array = b.array(atomic, int, if not("length") { 2 } else { 1 });
    let either = b.union_("", 4, &[member("kind", kind, 0), member("raw", u32, 0)]);
    let node = [member("list", list, 0), member("", either, 16), member("array", array, 20)];
    let node = b.struct_("node", 28, &node);
    let tag = b.type_tag(if not("tag") { "rcu" } else { "user" }, node);
    let constant = if not("qualifier") { b.const_(tag) } else { b.volatile(tag) };
    let node = b.ptr(constant);
    let other = match not("definition") {
        true => b.fwd("other", false),
        false => b.struct_("other", 4, &[member("x", u32, 0)]),
    };
    let other = b.ptr(other);
    b.struct_("holder", 16, &[member("node", node, 0), member("other", other, 8)]);
}

/// `base`, and `own` over it.
fn split(base: impl Fn(&mut BtfBuilder), own: impl Fn(&mut BtfBuilder), look: impl Fn(&Btf<'_>)) {
    let mut b = BtfBuilder::new(Endian::Little);
    base(&mut b);
    let bytes = b.finish();
    let base = Btf::parse(&bytes, Endian::Little).unwrap();
    let mut b = BtfBuilder::over(&base);
    own(&mut b);
    let bytes = b.finish();
    look(&Btf::parse_split(&base, &bytes, Endian::Little).unwrap());
}

/// The names of own types that are not the base's.
fn others(btf: &Btf<'_>) -> String {
    let same = in_base(btf);
    let others = btf.types().filter_map(|(id, ty)| {
        let ((_, name), complete) = key(&ty.kind, ty.name)?;
        (complete && !same.contains_key(&id)).then_some(name)
    });
    others.collect::<Vec<_>>().join(" ")
}

#[test]
fn what_differs_takes_along_what_leads_to_it() {
    for (base, own, want) in [
        ("", "", ""),
        ("int", "", "unsigned int u32 atomic call node holder"),
        ("", "member", "list call node holder"),
        ("", "nameless", "atomic node holder"),
        ("", "value", "kind node holder"),
        ("", "parameter", "call"),
        ("", "constant", "ONE"),
        ("", "length", "node holder"),
        ("", "tag", "holder"),
        ("", "qualifier", "holder"),
        // A declaration stands for the only definition.
        ("", "definition", "other"),
        ("definition", "", ""),
        ("definition", "definition", ""),
    ] {
        split(
            |b| types(b, base),
            |b| types(b, own),
            |btf| assert_eq!(others(btf), want, "{own:?} over {base:?}"),
        );
    }
}

#[test]
fn declarations_of_one_of_several() {
    let pointer = |b: &mut BtfBuilder, to: u32| {
        let to = b.ptr(to);
        b.struct_("holder", 8, &[member("x", to, 0)]);
    };
    let defined = |b: &mut BtfBuilder, size| b.struct_("x", size, &[]);
    split(
        |b| {
            let first = defined(b, 4);
            defined(b, 8);
            pointer(b, first);
        },
        |b| {
            let declared = b.fwd("x", false);
            pointer(b, declared);
        },
        |btf| assert_eq!(others(btf), "holder"),
    );
    split(
        |b| {
            let first = defined(b, 4);
            pointer(b, first);
        },
        |b| {
            defined(b, 8);
            let declared = b.fwd("x", false);
            pointer(b, declared);
        },
        |btf| assert_eq!(others(btf), "x holder"),
    );
}

#[test]
fn they_are_written_once() {
    let base = |b: &mut BtfBuilder| types(b, "");
    split(base, base, |btf| {
        let kernel = CHeader::vmlinux(btf.base().unwrap()).to_c().unwrap();
        assert_eq!(CHeader::vmlinux(btf).to_c().unwrap(), kernel);
        let own = CHeader::new(btf).to_c().unwrap();
        assert_eq!(own, CHeader::new(btf.base().unwrap()).to_c().unwrap());
    });
    split(
        base,
        |b| types(b, "value"),
        |btf| {
            let text = CHeader::vmlinux(btf).to_c().unwrap();
            for part in
                ["enum kind___2 {", "\tB___2 = 2,", "struct node___2 {\n\tstruct list list;\n"]
            {
                assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
            }
            assert!(!text.contains("u32___2") && !text.contains("ONE___2"), "{text}");
        },
    );
}

/// Nameless structs that point to each other in a ring.
fn ring(b: &mut BtfBuilder, count: u32) {
    let first = b.next_id();
    for number in 0..count {
        let next = first + 2 * ((number + 1) % count);
        b.struct_("", 8, &[member("next", first + 2 * number + 1, 0)]);
        b.ptr(next);
    }
    b.struct_("entry", 8, &[member("ring", first + 1, 0)]);
}

/// All types of one ring meet all of the other.
#[test]
fn rings_are_followed_within_bounds() {
    for (base, own, want) in [(1, 1, ""), (4, 3, ""), (1, 1_000, ""), (5_001, 5_000, "entry")] {
        split(|b| ring(b, base), |b| ring(b, own), |btf| assert_eq!(others(btf), want));
    }
}

#[test]
fn chains_are_followed_to_their_end() {
    let chain = |b: &mut BtfBuilder, end: &str| {
        let mut last = b.struct_(end, 0, &[]);
        for _ in 0..20_000 {
            let pointer = b.ptr(last);
            last = b.struct_("", 8, &[member("next", pointer, 0)]);
        }
        b.typedef("chain", last);
    };
    for (end, want) in [("end", ""), ("other", "other chain")] {
        split(|b| chain(b, "end"), |b| chain(b, end), |btf| assert_eq!(others(btf), want));
    }
}
