//! Random C types.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// A type with a tag of its own.
#[derive(Clone, Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) composite: Composite,
}

/// A struct or union.
#[derive(Clone, Debug)]
pub(super) struct Composite {
    pub(super) is_union: bool,
    pub(super) packed: bool,
    pub(super) aligned: Option<u32>,
    pub(super) members: Vec<Member>,
}

/// A member; its name is no other's in the whole run, and empty where C has none.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) aligned: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// A type that a word names, and array dimensions.
    Word(&'static str, Vec<u32>),
    /// A pointer to one.
    Pointer(&'static str),
    Function,
    /// A bit-field; of no bits it has no name, and some others have none.
    Bits(&'static str, u32),
    /// A type drawn before, by a number of any size.
    Earlier(usize, Vec<u32>),
    Inline(Composite, Vec<u32>),
    Anonymous(Composite),
    /// `type name[]`
    Flexible(&'static str),
}

const WORDS: &[&str] = &[
    "char",
    "signed char",
    "unsigned char",
    "short",
    "unsigned short",
    "int",
    "unsigned",
    "long",
    "unsigned long",
    "long long",
    "unsigned long long",
    "__int128",
    "unsigned __int128",
    "_Bool",
    "float",
    "double",
    "enum plain",
    "enum negative",
    "enum small",
    "enum wide",
    "enum deep",
];

/// Types of bit-fields, and how many bits they have.
const BITS: &[(&str, u32)] = &[
    ("char", 8),
    ("signed char", 8),
    ("unsigned char", 8),
    ("short", 16),
    ("unsigned short", 16),
    ("int", 32),
    ("unsigned", 32),
    ("long long", 64),
    ("unsigned long long", 64),
    ("__int128", 128),
    ("unsigned __int128", 128),
    ("_Bool", 1),
    ("enum plain", 32),
    ("enum negative", 32),
];

/// No type has more bytes: C counts them as it likes, but BTF has 24 bits for the place of a member, in bits, where a
/// struct has bit-fields.
const LARGEST: u64 = 1 << 16;

/// The largest alignment that is drawn, and so the most padding before a member.
const MOST_ALIGNED: u64 = 32;

/// As many types from this seed, always the same ones.
pub(super) fn types(seed: usize, count: usize) -> Vec<Named> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(seed as u64).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = composite(3);
    let mut names = Names { used: 0, earlier: Vec::new() };
    (0..count)
        .map(|nth| {
            let tree = strategy.new_tree(&mut runner).expect("a composite can be drawn");
            let mut composite = tree.current();
            let size = names.give(&mut composite);
            if is_empty(&composite) {
                // A variable of no bytes is none.
                let (name, shape) = ("only".to_owned(), Shape::Word("char", Vec::new()));
                composite.members.insert(0, Member { name, shape, aligned: None });
            }
            if !ends_flexibly(&composite) {
                names.earlier.push((nth, size));
            }
            Named { name: format!("t{nth}"), composite }
        })
        .collect()
}

/// Whether it has no bytes.
pub(super) fn is_empty(composite: &Composite) -> bool {
    composite.members.iter().all(|member| match &member.shape {
        Shape::Bits(_, bits) => *bits == 0,
        Shape::Inline(inner, _) | Shape::Anonymous(inner) => is_empty(inner),
        Shape::Flexible(_) => true,
        Shape::Word(..) | Shape::Pointer(_) | Shape::Function | Shape::Earlier(..) => false,
    })
}

fn ends_flexibly(composite: &Composite) -> bool {
    matches!(composite.members.last(), Some(Member { shape: Shape::Flexible(_), .. }))
}

fn dimensions() -> impl Strategy<Value = Vec<u32>> {
    prop_oneof![5 => Just(vec![]), 2 => prop::collection::vec(1..5u32, 1..3), 1 => Just(vec![37])]
}

fn alignment() -> impl Strategy<Value = Option<u32>> {
    prop_oneof![12 => Just(None), 1 => select(vec![2, 4, 8, 16, 32]).prop_map(Some)]
}

fn bits() -> impl Strategy<Value = Shape> {
    (select(BITS), any::<u32>()).prop_map(|((ty, most), bits)| {
        Shape::Bits(ty, if ty == "_Bool" { 1 } else { bits % (most + 1) })
    })
}

fn composite(depth: u32) -> BoxedStrategy<Composite> {
    let leaf = prop_oneof![
        6 => (select(WORDS), dimensions()).prop_map(|(word, dims)| Shape::Word(word, dims)),
        1 => select(WORDS).prop_map(Shape::Pointer),
        1 => Just(Shape::Function),
        6 => bits(),
        2 => (any::<usize>(), dimensions()).prop_map(|(nth, dims)| Shape::Earlier(nth, dims)),
    ];
    let shape = if depth == 0 {
        leaf.boxed()
    } else {
        prop_oneof![
            10 => leaf,
            2 => composite(depth - 1).prop_map(Shape::Anonymous),
            1 => (composite(depth - 1), dimensions()).prop_map(|(c, dims)| Shape::Inline(c, dims)),
        ]
        .boxed()
    };
    let member =
        (shape, alignment(), prop::bool::weighted(0.1)).prop_map(|(shape, aligned, unnamed)| {
            // Until names are given: a dash where it gets none.
            let name = if unnamed { "-" } else { "" }.to_owned();
            Member { name, shape, aligned }
        });
    let members = prop::collection::vec(member, 1..7);
    let flexible = prop::option::weighted(0.2, select(&["char", "unsigned short", "__int128"][..]));
    (prop::bool::weighted(0.25), prop::bool::weighted(0.2), alignment(), members, flexible)
        .prop_map(move |(is_union, packed, aligned, mut members, flexible)| {
            // Where C allows it: at the end of a struct that is in no other one.
            if let Some(word) = flexible.filter(|_| depth == 3 && !is_union) {
                members.push(Member {
                    name: String::new(),
                    shape: Shape::Flexible(word),
                    aligned: None,
                });
            }
            Composite { is_union, packed, aligned, members }
        })
        .boxed()
}

/// Gives every member its name and makes of each what C allows.
struct Names {
    used: u32,
    /// The types that may be members, and the most bytes that each may have.
    earlier: Vec<(usize, u64)>,
}

impl Names {
    /// Returns the most bytes that it may have.
    fn give(&mut self, composite: &mut Composite) -> u64 {
        let is_union = composite.is_union;
        let mut total = MOST_ALIGNED;
        composite.members.retain_mut(|member| {
            let mut name = true;
            let (element, lens): (_, &[u32]) = match &mut member.shape {
                Shape::Bits(_, bits) => {
                    name = *bits > 0 && member.name != "-";
                    member.aligned = None;
                    if *bits == 0 && is_union {
                        return false;
                    }
                    (16, &[])
                }
                Shape::Earlier(nth, lens) => match self.earlier.len() {
                    0 => return false,
                    len => {
                        let (earlier, size) = self.earlier[*nth % len];
                        *nth = earlier;
                        (size, lens)
                    }
                },
                Shape::Inline(inner, lens) => (self.give(inner), lens),
                Shape::Anonymous(inner) => {
                    name = false;
                    member.aligned = None;
                    (self.give(inner), &[])
                }
                Shape::Word(_, lens) => (16, lens),
                Shape::Pointer(_) | Shape::Function | Shape::Flexible(_) => (8, &[]),
            };
            let elements: u64 = lens.iter().copied().map(u64::from).product();
            let with = total + element * elements + MOST_ALIGNED;
            if with > LARGEST {
                return false;
            }
            total = with;
            self.used += 1;
            member.name = if name { format!("m{}", self.used) } else { String::new() };
            true
        });
        total
    }
}
