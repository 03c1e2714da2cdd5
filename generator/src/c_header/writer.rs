//! The text of declarations and definitions.

use std::collections::HashMap;
use std::fmt::Write as _;

use bpf_skel::btf::{Btf, Kind, Type};

use super::attribute::write_attribute;
use super::base::{self, Spelled};
use super::declarator::{Spell, declare};
use super::layout::{Layout, Reason};
use super::members::Padding;
use super::names::{self, Names, identifier};
use super::order::{HEIGHT, Order};
use super::place::{Item, Plan};

/// How deep declarators go. No type that is written is higher.
const DEPTH: u32 = HEIGHT as u32 + 8;

/// Where the words of C23 are names like any other.
const BEFORE_C23: &str = "#if (!defined(__STDC_VERSION__) || __STDC_VERSION__ < 202311L) && !defined(__bool_true_false_are_defined)";

/// Stands for the name of a member until that is known; no text of C has it.
const UNNAMED: &str = "\u{1}";

/// Writes types, each once.
pub(super) struct Writer<'b> {
    pub(super) btf: &'b Btf<'b>,
    pub(super) names: Names<'b>,
    pub(super) order: Order,
    layout: Layout<'b>,
    tags: Tags<'b>,
    /// Types that are written as bytes, and why.
    opaque: HashMap<u32, Reason>,
    /// The struct or union whose scope is written, and the names of padding in it.
    scope: (u32, Padding),
    pub(super) out: String,
    /// Whether the text has a struct or union.
    pub(super) has_records: bool,
    /// How long the text may become: nameless types are written wherever they are used, and hostile ones use each
    /// other.
    limit: usize,
    pub(super) indent: usize,
}

/// Declaration tags by type and by member: the text, and whether it is an attribute of another name.
pub(super) type Tags<'b> = HashMap<(u32, Option<u32>), Vec<(&'b str, bool)>>;

impl<'b> Writer<'b> {
    pub(super) fn new(
        btf: &'b Btf<'b>,
        names: Names<'b>,
        same: HashMap<u32, u32>,
        tags: Tags<'b>,
    ) -> Self {
        let input = btf.bytes().len() + btf.base().map_or(0, |base| base.bytes().len());
        Self {
            btf,
            names,
            order: Order::new(btf),
            layout: Layout::new(btf, same),
            tags,
            opaque: HashMap::new(),
            scope: (0, Padding::default()),
            out: String::new(),
            has_records: false,
            limit: (1 << 20) + 8 * input,
            indent: 0,
        }
    }

    /// Writes a line as it is.
    pub(super) fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    /// The text, unless it has grown beyond measure.
    pub(super) fn finish(self) -> Option<String> {
        (self.out.len() <= self.limit).then_some(self.out)
    }

    pub(super) fn make_opaque(&mut self, id: u32, reason: Reason) {
        self.layout.make_opaque(id);
        self.opaque.insert(id, reason);
    }

    /// A typedef for a base type that clang does not know under its name.
    pub(super) fn alias(&mut self, id: u32, ty: &Type<'b>) {
        let spelled = match ty.kind {
            Kind::Int(int) => base::int(ty.name, int),
            Kind::Float { size } => base::float(ty.name, size),
            _ => return,
        };
        if let Spelled::Alias(words) = spelled
            && !self.is_done(id)
        {
            self.mark_done(id);
            self.has_records |= words.starts_with("struct");
            self.names.claim_alias(id, ty.name);
            let _ = write!(self.out, "typedef {words} ");
            self.names.write(&mut self.out, id, ty.name);
            self.out.push_str(";\n\n");
        }
    }

    pub(super) fn declare_composite(&mut self, id: u32, ty: &Type<'b>) {
        self.tag(id, ty);
        self.out.push_str(";\n\n");
    }

    pub(super) fn define_composite(&mut self, id: u32, ty: &Type<'b>) {
        self.tag(id, ty);
        self.body(id, ty);
        self.out.push_str(";\n\n");
    }

    pub(super) fn define_enum(&mut self, id: u32) {
        self.enumeration(id);
        self.out.push_str(";\n\n");
    }

    /// `enum { false, true }` and `bool` are words of C23, and macros of <stdbool.h>.
    pub(super) fn guarded(&mut self, guard: bool, define: impl FnOnce(&mut Self)) {
        if guard {
            self.line(BEFORE_C23);
        }
        define(self);
        if guard {
            self.out.truncate(self.out.trim_end().len());
            self.out.push_str("\n#endif\n\n");
        }
    }

    pub(super) fn define_typedef(&mut self, id: u32, ty: &Type<'b>) {
        let Kind::Typedef(to) = ty.kind else { return };
        self.guarded(self.names.is_boolean(id), |writer| {
            writer.out.push_str("typedef ");
            let mut name = String::new();
            writer.names.write(&mut name, id, ty.name);
            declare(writer, to, &name, DEPTH);
            writer.decl_tags(id, None);
            writer.out.push_str(";\n\n");
        });
    }

    /// `extern` and a function's prototype.
    pub(super) fn declare_function(&mut self, id: u32, name: &str, before: &str, after: &str) {
        let Some(Kind::Func { proto, .. }) = self.btf.kind_by_id(id) else {
            return;
        };
        let _ = write!(self.out, "extern {before}");
        declare(self, proto, &identifier(name), DEPTH);
        let _ = writeln!(self.out, "{after};");
    }

    pub(super) fn tag(&mut self, id: u32, ty: &Type<'b>) {
        self.has_records |= !matches!(ty.kind, Kind::Enum(_) | Kind::Enum64(_));
        self.out.push_str(match ty.kind {
            Kind::Union(_) | Kind::Fwd { is_union: true } => "union ",
            Kind::Enum(_) | Kind::Enum64(_) => "enum ",
            _ => "struct ",
        });
        if ty.name.is_empty() {
            self.out.pop();
        } else {
            self.names.write(&mut self.out, id, ty.name);
        }
    }

    /// ` { … }` of a struct or union, and its attributes.
    fn body(&mut self, id: u32, ty: &Type<'b>) {
        let outer = std::mem::replace(&mut self.scope, (id, Padding::default()));
        self.body_in_scope(id, ty);
        self.scope = outer;
    }

    /// Of a nameless member, whose members are in the scope of the whole.
    fn body_in_scope(&mut self, id: u32, ty: &Type<'b>) {
        let is_union = matches!(ty.kind, Kind::Union(_));
        let (Kind::Struct(composite) | Kind::Union(composite)) = ty.kind else { return };
        let plan = match self.opaque.get(&id) {
            Some(reason) => Err(*reason),
            None => self.layout.plan(id, &composite, is_union),
        };
        self.out.push_str(" {");
        let Plan { packed, aligned, items, .. } = plan.unwrap_or_else(|reason| {
            self.make_opaque(id, reason);
            let _ = write!(self.out, " /* as bytes: {reason} */");
            let count = u64::from(composite.size);
            Plan { items: vec![Item::Bytes { at: 0, count }], ..Plan::default() }
        });
        if !items.is_empty() {
            self.indent += 1;
            self.out.push('\n');
            for item in items {
                if self.is_full() {
                    return;
                }
                self.item(id, item);
            }
            self.indent -= 1;
            self.tabs();
        }
        self.out.push('}');
        self.attributes(packed, aligned);
        self.decl_tags(id, None);
    }

    fn item(&mut self, id: u32, item: Item<'b>) {
        match item {
            Item::Member { member, .. } if names::is_word_of_c23(member.name) => {
                let begin = self.out.len();
                self.item_named(id, item, UNNAMED);
                // Such members within each other double the text each time.
                if self.is_full() {
                    return;
                }
                let text = self.out.split_off(begin);
                let [name, other] =
                    [member.name, &format!("{}_", member.name)].map(|it| text.replace(UNNAMED, it));
                let _ = write!(self.out, "{BEFORE_C23}\n{name}#else\n{other}#endif\n");
            }
            Item::Member { member, .. } => self.item_named(id, item, &identifier(member.name)),
            Item::Untyped(member) => {
                self.tabs();
                let (name, at) = (identifier(member.name), member.bit_offset / 8);
                let _ = writeln!(self.out, "/* {name} at byte {at}: BTF has no type for it */");
            }
            _ => self.item_named(id, item, ""),
        }
    }

    fn item_named(&mut self, id: u32, item: Item<'b>, name: &str) {
        self.tabs();
        match item {
            Item::Member { index, member, bits, packed, aligned } => {
                let resolved = self.btf.resolve(member.ty).filter(|_| member.name.is_empty());
                let nameless = resolved.is_some();
                if let Some((inner, ty)) = resolved {
                    self.qualifiers(member.ty);
                    if let Some(bytes) = aligned {
                        // Behind it, the attribute would be the type's.
                        let _ = write!(self.out, "_Alignas({bytes}) ");
                    }
                    let inner = self.names.meant(inner);
                    let ty = self.btf.type_by_id(inner).unwrap_or(ty);
                    let is_union = matches!(ty.kind, Kind::Union(_));
                    self.out.push_str(if is_union { "union" } else { "struct" });
                    self.body_in_scope(inner, &ty);
                } else {
                    declare(self, member.ty, name, DEPTH);
                }
                if let Some(bits) = bits {
                    let _ = write!(self.out, ": {bits}");
                }
                self.attributes(packed, aligned.filter(|_| !nameless));
                self.decl_tags(id, u32::try_from(index).ok());
            }
            Item::Gap { unit, bits } => {
                let unit = match unit {
                    8 => "char",
                    16 => "short",
                    32 => "int",
                    _ => "long",
                };
                let _ = write!(self.out, "{unit}: {bits}");
            }
            Item::Bytes { at, count } => {
                let (scope, padding) = &mut self.scope;
                let name = padding.name(self.btf, *scope, at);
                let _ = write!(self.out, "unsigned char {name}[{count}]");
            }
            Item::Untyped(_) => return,
        }
        self.out.push_str(";\n");
    }

    /// Those of a nameless member, whose type is written in place.
    fn qualifiers(&mut self, mut id: u32) {
        let mut all = Vec::new();
        for _ in 0..DEPTH {
            id = match self.btf.kind_by_id(id) {
                Some(Kind::Const(to)) => {
                    all.push("const ");
                    to
                }
                Some(Kind::Volatile(to)) => {
                    all.push("volatile ");
                    to
                }
                Some(Kind::Typedef(to) | Kind::TypeTag { ty: to, .. }) => to,
                _ => break,
            };
        }
        all.sort_unstable();
        all.dedup();
        self.out.extend(all);
    }

    pub(super) fn attributes(&mut self, packed: bool, aligned: Option<u64>) {
        if packed {
            self.out.push_str(" __attribute__((packed))");
        }
        if let Some(bytes) = aligned {
            let _ = write!(self.out, " __attribute__((aligned({bytes})))");
        }
    }

    pub(super) fn decl_tags(&mut self, id: u32, component: Option<u32>) {
        let Some(tags) = self.tags.get(&(id, component)) else { return };
        for &(text, attribute) in tags {
            write_attribute(&mut self.out, "btf_decl_tag", text, attribute);
        }
    }

    pub(super) fn tabs(&mut self) {
        self.out.extend(std::iter::repeat_n('\t', self.indent));
    }
}

impl<'b> Spell<'b> for Writer<'b> {
    const PARAMETERS: usize = usize::MAX;
    /// Clang takes `[0]` in places where it refuses `[]`: in unions, and before other members.
    const FLEXIBLE: &'static str = "0";

    fn btf(&self) -> &Btf<'b> {
        self.btf
    }

    fn out(&mut self) -> &mut String {
        &mut self.out
    }

    fn base(&mut self, id: u32, ty: &Type<'b>) {
        let id = self.names.meant(id);
        match ty.kind {
            Kind::Void => self.out.push_str("void"),
            Kind::Int(_) | Kind::Float { .. } => {
                let spelled = match ty.kind {
                    Kind::Int(int) => base::int(ty.name, int),
                    Kind::Float { size } => base::float(ty.name, size),
                    _ => return,
                };
                match spelled {
                    Spelled::Words(words) => {
                        self.has_records |= words.starts_with("struct");
                        self.out.push_str(&words);
                    }
                    Spelled::Alias(_) => self.names.write(&mut self.out, id, ty.name),
                }
            }
            Kind::Typedef(_) => self.names.write(&mut self.out, id, ty.name),
            Kind::Enum(_) | Kind::Enum64(_) if ty.name.is_empty() => {
                self.mark_done(id);
                self.enumeration(id);
            }
            _ => {
                self.tag(id, ty);
                if ty.name.is_empty() {
                    self.body(id, ty);
                }
            }
        }
    }

    fn type_tag(&mut self, text: &str, attribute: bool) {
        write_attribute(&mut self.out, "btf_type_tag", text, attribute);
    }

    fn is_typedef(&self, name: &str) -> bool {
        self.names.is_typedef(name)
    }

    fn parameter_depth(depth: u32) -> u32 {
        depth - 1
    }

    fn is_full(&self) -> bool {
        self.out.len() > self.limit
    }
}
