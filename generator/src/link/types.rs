//! The types of all inputs as one graph.

use std::collections::HashMap;

use bpf_skel::btf::{Btf, Kind, Linkage, Type};
use bpf_skel::{Error, Frame, Result};

use super::budget::Budget;
use super::input::Input;

/// All types of all inputs. Node 0 is `void`, for all of them.
pub(super) struct Types<'i, 'a> {
    /// The BTF of each input that has one.
    btfs: Vec<Option<&'i Btf<'a>>>,
    /// Node of each input's type 1.
    first: Vec<u32>,
    /// By node. Nodes of the same label differ in nothing but where their edges lead.
    pub(super) labels: Vec<u32>,
    /// Where in `edges` those of each node start; one more than there are nodes.
    pub(super) starts: Vec<u32>,
    pub(super) edges: Vec<u32>,
    /// By node, for structs, unions and enums with a name.
    pub(super) tags: Vec<Option<Tag>>,
}

/// The name of a struct, union or enum with its kind, as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) name: u32,
    /// Whether the members are there; else it is a declaration.
    pub(super) complete: bool,
}

impl<'i, 'a> Types<'i, 'a> {
    pub(super) fn new(inputs: &'i [Input<'a>], budget: &mut Budget) -> Result<Self> {
        let mut first = Vec::new();
        let mut next = 1_u32;
        for input in inputs {
            first.push(next);
            let own = input.btf.as_ref().map_or(0, |btf| btf.len() - 1);
            next = next.checked_add(own).ok_or_else(|| Error::malformed("too many types"))?;
        }
        let mut types = Self {
            btfs: inputs.iter().map(|input| input.btf.as_ref()).collect(),
            first,
            labels: vec![0],
            starts: vec![0, 0],
            edges: Vec::new(),
            tags: vec![None],
        };
        let mut labels = Labels::new(budget);
        for (number, input) in inputs.iter().enumerate() {
            types
                .add(number, &mut labels)
                .map_err(|error| error.within(Frame::Object(input.name.to_owned())))?;
        }
        Ok(types)
    }

    /// Number of nodes.
    pub(super) fn len(&self) -> u32 {
        self.labels.len() as u32
    }

    /// The node of an input's type.
    pub(super) fn node(&self, input: usize, id: u32) -> u32 {
        if id == 0 { 0 } else { self.first[input] + (id - 1) }
    }

    /// The input and the id there.
    pub(super) fn place(&self, node: u32) -> (usize, u32) {
        // Of inputs without types, the next one starts at the same node.
        let input = self.first.partition_point(|&first| first <= node).saturating_sub(1);
        (input, (node + 1).saturating_sub(self.first[input]))
    }

    /// The type at this node.
    pub(super) fn get(&self, node: u32) -> Option<Type<'a>> {
        let (input, id) = self.place(node);
        self.btfs[input]?.type_by_id(if node == 0 { 0 } else { id })
    }

    /// Where the edges of a node lead.
    pub(super) fn edges_of(&self, node: u32) -> &[u32] {
        &self.edges[self.starts[node as usize] as usize..self.starts[node as usize + 1] as usize]
    }

    fn add(&mut self, input: usize, labels: &mut Labels<'a, '_>) -> Result<()> {
        let Some(btf) = self.btfs[input] else { return Ok(()) };
        let tagged = tagged_functions(btf);
        for (id, ty) in btf.types() {
            let node = self.len();
            let name = if has_name(&ty.kind) { ty.name } else { "" };
            let mut words = vec![ty.kind.code() as u32, labels.name(name)?];
            let mut edges = Vec::new();
            describe(&ty.kind, labels, &mut words, &mut edges)?;
            let section = |id: &&u32| matches!(btf.kind_by_id(**id), Some(Kind::DataSec(_)));
            // They are made anew: it would keep the old one.
            if let Some(other) = edges.iter().find(section) {
                return Err(Error::malformed(format!(
                    "BTF type [{id}] refers to [{other}], a data section"
                )));
            }
            match ty.kind {
                Kind::Unknown(kind) => {
                    return Err(Error::not_supported_yet(format!("BTF type [{id}]: kind {kind}")));
                }
                // Two static functions are the same only if their tags are, which may be about the arguments.
                Kind::Func { linkage: Linkage::Static, .. } => {
                    for tag in tagged.get(&id).into_iter().flatten() {
                        words.push(labels.name(tag)?);
                    }
                }
                // Of these, no two are the same thing.
                Kind::Func { .. } | Kind::Var { .. } | Kind::DataSec(_) => words.push(node),
                _ => {}
            }
            self.tags.push(tag_of(&ty, labels));
            self.labels.push(labels.label(words));
            edges.iter_mut().for_each(|id| *id = self.node(input, *id));
            self.edges.extend(edges);
            let end = u32::try_from(self.edges.len());
            self.starts.push(end.map_err(|_| Error::malformed("too many types"))?);
        }
        Ok(())
    }
}

/// Of others, a name is not written, and tells nothing apart.
fn has_name(kind: &Kind<'_>) -> bool {
    !matches!(
        kind,
        Kind::Ptr(_)
            | Kind::Array(_)
            | Kind::Volatile(_)
            | Kind::Const(_)
            | Kind::Restrict(_)
            | Kind::FuncProto(_)
    )
}

/// The texts of the tags of each function and of its parameters.
fn tagged_functions<'a>(btf: &Btf<'a>) -> HashMap<u32, Vec<&'a str>> {
    let mut tagged: HashMap<u32, Vec<&str>> = HashMap::new();
    for (_, tag) in btf.types() {
        if let Kind::DeclTag { ty, .. } = tag.kind
            && matches!(btf.kind_by_id(ty), Some(Kind::Func { .. }))
        {
            tagged.entry(ty).or_default().push(tag.name);
        }
    }
    tagged
}

/// Everything about a type but its kind and name: `words`, and the types that it refers to.
fn describe<'a>(
    kind: &Kind<'a>,
    labels: &mut Labels<'a, '_>,
    words: &mut Vec<u32>,
    edges: &mut Vec<u32>,
) -> Result<()> {
    match *kind {
        Kind::Int(int) => {
            words.extend([int.size, int.bits.into(), int.offset.into(), int.encoding.0.into()]);
        }
        Kind::Array(array) => {
            words.push(array.len);
            edges.extend([array.element, array.index]);
        }
        Kind::Struct(composite) | Kind::Union(composite) => {
            words.push(composite.size);
            for member in composite.members() {
                let bits = member.bitfield_size.map_or(0, u32::from);
                words.extend([labels.name(member.name)?, member.bit_offset, bits]);
                edges.push(member.ty);
            }
        }
        Kind::Enum(values) => {
            words.extend([values.size, values.signed.into()]);
            for (name, value) in values.values() {
                words.extend([labels.name(name)?, value as u32]);
            }
        }
        Kind::Enum64(values) => {
            words.extend([values.size, values.signed.into()]);
            for (name, value) in values.values() {
                words.extend([labels.name(name)?, value as u32, (value >> 32) as u32]);
            }
        }
        Kind::Fwd { is_union } => words.push(is_union.into()),
        Kind::Func { proto, linkage } => {
            words.push(linkage as u32);
            edges.push(proto);
        }
        Kind::FuncProto(proto) => {
            edges.push(proto.ret);
            for param in proto.params() {
                words.push(labels.name(param.name)?);
                edges.push(param.ty);
            }
        }
        Kind::Float { size } => words.push(size),
        Kind::DeclTag { ty, component, attribute } => {
            words.extend([component.unwrap_or(u32::MAX), attribute.into()]);
            edges.push(ty);
        }
        Kind::TypeTag { ty, attribute } => {
            words.push(attribute.into());
            edges.push(ty);
        }
        Kind::Ptr(ty)
        | Kind::Typedef(ty)
        | Kind::Volatile(ty)
        | Kind::Const(ty)
        | Kind::Restrict(ty)
        | Kind::Var { ty, .. } => edges.push(ty),
        // What is in a data section is put together anew.
        _ => {}
    }
    Ok(())
}

fn tag_of<'a>(ty: &Type<'a>, labels: &mut Labels<'a, '_>) -> Option<Tag> {
    if ty.name.is_empty() {
        return None;
    }
    let (keyword, complete) = match ty.kind {
        Kind::Struct(_) => (Keyword::Struct, true),
        Kind::Union(_) => (Keyword::Union, true),
        Kind::Fwd { is_union: false } => (Keyword::Struct, false),
        Kind::Fwd { is_union: true } => (Keyword::Union, false),
        Kind::Enum(values) => (Keyword::Enum, !values.is_empty()),
        Kind::Enum64(values) => (Keyword::Enum, !values.is_empty()),
        _ => return None,
    };
    Some(Tag { name: labels.tag(keyword, ty.name), complete })
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Keyword {
    Struct,
    Union,
    Enum,
}

/// Numbers for names, tags and labels.
struct Labels<'a, 'b> {
    names: HashMap<&'a str, u32>,
    tags: HashMap<(Keyword, &'a str), u32>,
    labels: HashMap<Vec<u32>, u32>,
    budget: &'b mut Budget,
}

impl<'a, 'b> Labels<'a, 'b> {
    fn new(budget: &'b mut Budget) -> Self {
        let (names, tags, labels) = (HashMap::new(), HashMap::new(), HashMap::new());
        Self { names, tags, labels, budget }
    }

    fn name(&mut self, name: &'a str) -> Result<u32> {
        self.budget.take(name.len())?;
        let next = self.names.len() as u32;
        Ok(*self.names.entry(name).or_insert(next))
    }

    fn tag(&mut self, keyword: Keyword, name: &'a str) -> u32 {
        let next = self.tags.len() as u32;
        *self.tags.entry((keyword, name)).or_insert(next)
    }

    /// 0 is that of `void`.
    fn label(&mut self, words: Vec<u32>) -> u32 {
        let next = self.labels.len() as u32 + 1;
        *self.labels.entry(words).or_insert(next)
    }
}
