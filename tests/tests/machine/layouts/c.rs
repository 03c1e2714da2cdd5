//! The drawn types as C, and a program that says where everything is.

use std::fmt::Write as _;

use super::draw::{Composite, Member, Named, Shape};

const ENUMS: &str = "
enum plain { P0, P1 = 7, P2 = 0xffffffff };
enum negative { N0 = -5, N1 = 9 };
enum __attribute__((packed)) small { S0, S1 };
enum wide { W0 = 0x123456789abcULL };
enum deep { D0 = -0x123456789abcLL };
";

/// `struct t1 { … };`
pub(super) fn definition(ty: &Named) -> String {
    format!("{};\n", composite(&ty.composite, &ty.name, 0))
}

/// `struct t1`
pub(super) fn tag(ty: &Named) -> String {
    format!("{} {}", word(&ty.composite), ty.name)
}

fn word(composite: &Composite) -> &'static str {
    if composite.is_union { "union" } else { "struct" }
}

fn composite(composite: &Composite, name: &str, depth: usize) -> String {
    let mut out = format!("{} {name} {{\n", word(composite));
    for member in &composite.members {
        let _ = writeln!(out, "{}{};", "\t".repeat(depth + 1), self::member(member, depth + 1));
    }
    out.push_str(&"\t".repeat(depth));
    out.push('}');
    if composite.packed {
        out.push_str(" __attribute__((packed))");
    }
    out + &aligned(composite.aligned)
}

fn aligned(aligned: Option<u32>) -> String {
    aligned.map_or_else(String::new, |to| format!(" __attribute__((aligned({to})))"))
}

fn member(Member { name, shape, aligned }: &Member, depth: usize) -> String {
    let dims = |dims: &[u32]| dims.iter().map(|len| format!("[{len}]")).collect::<String>();
    let declared = match shape {
        Shape::Word(word, lens) => format!("{word} {name}{}", dims(lens)),
        Shape::Pointer(word) => format!("{word} *{name}"),
        Shape::Function => format!("int (*{name})(void *, char)"),
        Shape::Bits(word, bits) => format!("{word} {name} : {bits}"),
        Shape::Earlier(nth, lens) => format!("__typeof__(v{nth}) {name}{}", dims(lens)),
        Shape::Inline(inner, lens) => {
            format!("{} {name}{}", composite(inner, "", depth), dims(lens))
        }
        Shape::Anonymous(inner) => composite(inner, "", depth),
        Shape::Flexible(word) => format!("{word} {name}[]"),
    };
    declared + &self::aligned(*aligned)
}

/// An object with a variable of each type.
pub(super) fn object(types: &[Named]) -> String {
    let mut out = ENUMS.to_owned();
    for (nth, ty) in types.iter().enumerate() {
        let _ = writeln!(out, "{}{} v{nth};", definition(ty), tag(ty));
    }
    out + "__attribute__((section(\"raw_tp/x\"), used)) int prog(void *ctx) { return 0; }\n"
}

/// The members that a program can name in a type: those of anonymous ones among them.
pub(super) fn leaves(composite: &Composite) -> Vec<&Member> {
    let mut out = Vec::new();
    for member in &composite.members {
        match &member.shape {
            Shape::Anonymous(inner) => out.extend(leaves(inner)),
            _ if member.name.is_empty() => {}
            _ => out.push(member),
        }
    }
    out
}

/// Every type that is looked at: how C and Rust spell it, and what it is.
pub(super) fn all(types: &[Named]) -> Vec<(String, String, &Composite)> {
    let mut out = Vec::new();
    for ty in types {
        nested(&mut out, tag(ty), ty.name.clone(), &ty.composite);
    }
    out
}

fn nested<'t>(
    out: &mut Vec<(String, String, &'t Composite)>,
    c: String,
    rust: String,
    composite: &'t Composite,
) {
    for member in leaves(composite) {
        if let Shape::Inline(inner, lens) = &member.shape {
            let first = "[0]".repeat(lens.len());
            let c = format!("__typeof__((({c} *)0)->{}{first})", member.name);
            nested(out, c, format!("{rust}__{}", member.name), inner);
        }
    }
    out.push((c, rust, composite));
}

/// Whether BTF tells the alignment: it knows no attributes.
pub(super) fn plain(types: &[Named], composite: &Composite) -> bool {
    !composite.packed
        && composite.aligned.is_none()
        && composite.members.iter().all(|member| {
            member.aligned.is_none()
                && match &member.shape {
                    Shape::Inline(inner, _) | Shape::Anonymous(inner) => plain(types, inner),
                    Shape::Earlier(nth, _) => plain(types, &types[*nth].composite),
                    // A field that has no name is not in BTF, and may be what aligns the struct.
                    Shape::Bits(..) => !member.name.is_empty(),
                    _ => true,
                }
        })
}

const PRELUDE: &str = r#"
#define offsetof(type, member) __builtin_offsetof(type, member)
int printf(const char *, ...);
static unsigned long long state;
static unsigned long long next(void)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return state;
}
static unsigned __int128 wide(void)
{
	unsigned __int128 high = next();
	return high << 64 | next();
}
static void print_bits(const char *name, unsigned __int128 bits)
{
	printf("%s bits %llx %llx\n", name, (unsigned long long)(bits >> 64), (unsigned long long)bits);
}
static void fill(void *to, unsigned long size, unsigned long long seed)
{
	state = seed;
	for (unsigned long i = 0; i < size; i++)
		((unsigned char *)to)[i] = next() >> 56;
}
static void dump(const void *from, unsigned long size)
{
	for (unsigned long i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *)from)[i]);
	printf("\n");
}
"#;

/// What `rust::program` says of the same types.
pub(super) fn program(types: &[Named]) -> String {
    let mut out = String::from(PRELUDE) + ENUMS;
    for (nth, ty) in types.iter().enumerate() {
        let _ = writeln!(out, "{}static {} v{nth};", definition(ty), tag(ty));
    }
    for (nth, (c, name, composite)) in all(types).into_iter().enumerate() {
        let _ = writeln!(out, "static void check{nth}(void)\n{{\n\ttypedef {c} T;\n\tT v;");
        let _ = writeln!(out, "\tprintf(\"{name} size %lu\\n\", sizeof(T));");
        if plain(types, composite) {
            let _ = writeln!(out, "\tprintf(\"{name} align %lu\\n\", _Alignof(T));");
        }
        for member in leaves(composite) {
            let m = &member.name;
            let line = match member.shape {
                Shape::Bits(..) => format!(
                    "for (int p = 0; p < 3; p++) {{\n\
                     \t\tfill(&v, sizeof(v), {nth} * 3 + p);\n\
                     \t\tprint_bits(\"{name}.{m}\", v.{m});\n\
                     \t\tv.{m} = wide();\n\
                     \t\tprintf(\"{name}.{m} set \"), dump(&v, sizeof(v));\n\t}}"
                ),
                Shape::Flexible(_) => {
                    format!("printf(\"{name}.{m} flexible %lu\\n\", offsetof(T, {m}));")
                }
                _ => format!(
                    "printf(\"{name}.{m} at %lu size %lu\\n\", sizeof(v.{m}) ? offsetof(T, {m}) : 0, sizeof(v.{m}));"
                ),
            };
            let _ = writeln!(out, "\t{line}");
        }
        out.push_str("}\n");
    }
    out.push_str("int main(void)\n{\n");
    (0..all(types).len()).for_each(|nth| {
        let _ = writeln!(out, "\tcheck{nth}();");
    });
    out + "\treturn 0;\n}\n"
}
