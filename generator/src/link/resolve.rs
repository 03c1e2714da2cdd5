//! Global symbols: which definition wins, and that everybody means the same by a name.
//!
//! | definitions | the winner |
//! | --- | --- |
//! | one strong, any number of weak | the strong one |
//! | weak ones only | the first |
//! | two strong | an error |
//! | none | it stays undefined: the kernel's, or that of an object that is linked later |

use std::collections::{BTreeMap, HashMap};

use bpf_skel::btf::{Btf, Kind, Linkage};
use bpf_skel::{Error, Frame, Result};

use super::compatible;
use super::input::Input;
use super::map_def::{self, MapDef};
use super::sections::Layout;
use super::symbols::{Binding, Place, Symbol};
use crate::model::type_name;

/// The data sections whose symbols the kernel or its loader defines.
pub(super) const KERNEL_SECTIONS: [&str; 2] = [KCONFIG, ".ksyms"];
const KCONFIG: &str = ".kconfig";
const MAPS: &str = ".maps";

/// A symbol of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SymbolRef {
    pub(super) input: usize,
    pub(super) symbol: usize,
}

/// A global or weak symbol of the result.
pub(super) struct Global<'a> {
    pub(super) name: &'a str,
    /// The definition that wins; the first declaration where there is none.
    pub(super) chosen: SymbolRef,
    pub(super) weak: bool,
    /// The most restrictive of all.
    pub(super) visibility: u8,
    /// In the order of the inputs.
    pub(super) occurrences: Vec<SymbolRef>,
}

/// All global symbols, in the order in which the inputs have them.
pub(super) struct Resolved<'a> {
    pub(super) globals: Vec<Global<'a>>,
    by_name: HashMap<&'a str, usize>,
    /// By input.
    described: Vec<HashMap<&'a str, Described<'a>>>,
}

/// What BTF says of a global symbol.
#[derive(Clone, Copy, Debug)]
pub(super) struct Described<'a> {
    /// A variable or a function.
    pub(super) id: u32,
    /// The data section that lists it.
    section: Option<&'a str>,
    /// Another one has the same name.
    ambiguous: bool,
}

impl<'a> Resolved<'a> {
    pub(super) fn new(inputs: &[Input<'a>], layout: &Layout<'a>) -> Result<Self> {
        let described = inputs.iter().map(describe).collect();
        let mut resolved = Self { globals: Vec::new(), by_name: HashMap::new(), described };
        for (input, object) in inputs.iter().enumerate() {
            for (symbol, found) in object.symbols.iter().enumerate() {
                let left_out = match found.place {
                    Place::Section(index) => layout.place(input, index).is_none(),
                    _ => false,
                };
                if found.binding != Binding::Local && !left_out {
                    resolved.add(inputs, found, SymbolRef { input, symbol })?;
                }
            }
        }
        for global in &resolved.globals {
            resolved
                .check(inputs, global)
                .map_err(|error| error.within(Frame::Symbol(global.name.to_owned())))?;
        }
        Ok(resolved)
    }

    /// The symbol of this name.
    pub(super) fn find(&self, name: &str) -> Option<&Global<'a>> {
        self.globals.get(*self.by_name.get(name)?)
    }

    /// What an input's BTF says of a global symbol.
    pub(super) fn described(&self, input: usize, name: &str) -> Option<&Described<'a>> {
        self.described.get(input)?.get(name)
    }

    fn add(&mut self, inputs: &[Input<'a>], found: &Symbol<'a>, at: SymbolRef) -> Result<()> {
        let weak = found.binding == Binding::Weak;
        let Some(&index) = self.by_name.get(found.name) else {
            self.by_name.insert(found.name, self.globals.len());
            self.globals.push(Global {
                name: found.name,
                chosen: at,
                weak,
                visibility: found.visibility,
                occurrences: vec![at],
            });
            return Ok(());
        };
        let global = &mut self.globals[index];
        global.occurrences.push(at);
        global.visibility = stricter(global.visibility, found.visibility);
        let chosen = &inputs[global.chosen.input].symbols[global.chosen.symbol];
        let wins = match (chosen.is_defined(), found.is_defined()) {
            (true, true) if !global.weak && !weak => {
                let (first, second) = (inputs[global.chosen.input].name, inputs[at.input].name);
                return Err(Error::malformed(format!("defined in {first} and in {second}"))
                    .with_hint("make one of them static or __weak, or the other one extern")
                    .within(Frame::Symbol(found.name.to_owned())));
            }
            (true, true) => global.weak && !weak,
            (true, false) => false,
            (false, true) => true,
            (false, false) => {
                // One that cannot do without is enough.
                global.weak &= weak;
                false
            }
        };
        if wins {
            (global.chosen, global.weak) = (at, weak);
        }
        Ok(())
    }

    /// Whether all that name it mean the same.
    fn check(&self, inputs: &[Input<'a>], global: &Global<'a>) -> Result<()> {
        let chosen = Occurrence::new(self, inputs, global.name, global.chosen)?;
        for &other in global.occurrences.iter().filter(|other| **other != global.chosen) {
            let other = Occurrence::new(self, inputs, global.name, other)?;
            other.check_section(&chosen)?;
            other.check_type(&chosen)?;
        }
        Ok(())
    }
}

/// A symbol where one of the inputs has it.
struct Occurrence<'o, 'a> {
    input: &'o Input<'a>,
    symbol: &'o Symbol<'a>,
    /// The data section or the ELF section that it is in, or is declared to be in.
    section: Option<&'a str>,
    described: Option<(&'o Btf<'a>, u32)>,
}

impl<'o, 'a> Occurrence<'o, 'a> {
    fn new(
        resolved: &'o Resolved<'a>,
        inputs: &'o [Input<'a>],
        name: &str,
        at: SymbolRef,
    ) -> Result<Self> {
        let input = &inputs[at.input];
        let symbol = &input.symbols[at.symbol];
        let described = resolved.described(at.input, name);
        if described.is_some_and(|described| described.ambiguous) {
            return Err(Error::malformed("its BTF has two variables or functions of this name")
                .within(Frame::Object(input.name.to_owned())));
        }
        let section = match symbol.place {
            Place::Section(index) => Some(input.sections[index].name),
            // Where clang lists what is extern and in no section.
            _ => described.and_then(|it| it.section).filter(|name| *name != ".extern"),
        };
        Ok(Self {
            input,
            symbol,
            section,
            described: input.btf.as_ref().zip(described.map(|it| it.id)),
        })
    }

    /// `main.o declares it`
    fn says(&self) -> String {
        let verb = if self.symbol.is_defined() { "defines" } else { "declares" };
        format!("{} {verb} it", self.input.name)
    }

    fn is_in(&self, sections: &[&str]) -> bool {
        self.section.is_some_and(|section| sections.contains(&section))
    }

    fn map_def(&self, btf: &Btf<'a>, id: u32) -> Result<MapDef<'a>> {
        MapDef::read(btf, id)
            .map_err(|error| error.within(Frame::Object(self.input.name.to_owned())))
    }

    fn check_section(&self, chosen: &Self) -> Result<()> {
        let differ = |what: &str| {
            let place = |it: &Self| match it.section {
                Some(section) => format!("{} in section {section:?}", it.says()),
                None => format!("{} outside of every section", it.says()),
            };
            Err(Error::mismatch(format!("{}, {}: {what}", place(chosen), place(self))))
        };
        let kernel = |it: &Self| it.is_in(&KERNEL_SECTIONS);
        if (kernel(self) || kernel(chosen)) && self.section != chosen.section {
            return differ("only one of them can be the kernel's");
        }
        let map = |it: &Self| it.is_in(&[MAPS]);
        // A declaration may leave the section out.
        let other_place = self.section.is_some() && map(self) != map(chosen);
        if chosen.symbol.is_defined() && other_place {
            return differ("only one of them is a map");
        }
        if self.symbol.is_defined() && self.symbol.is_function() != chosen.symbol.is_function() {
            return differ("only one of them is a function");
        }
        Ok(())
    }

    fn check_type(&self, chosen: &Self) -> Result<()> {
        let Some(((ours, a), (theirs, b))) = chosen.described.zip(self.described) else {
            return Ok(());
        };
        if chosen.is_in(&[MAPS]) {
            let both = chosen.symbol.is_defined() && self.symbol.is_defined();
            let (a, b) = (chosen.map_def(ours, a)?, self.map_def(theirs, b)?);
            return match map_def::difference((ours, &a), (theirs, &b), both) {
                None => Ok(()),
                Some(attribute) => Err(Error::mismatch(format!(
                    "{} with {}, {} with {}",
                    chosen.says(),
                    attribute.ours,
                    self.says(),
                    attribute.theirs
                ))
                .within(Frame::Member(attribute.name))),
            };
        }
        // What an option's `y` is depends on it.
        let values = || {
            let differ = self.is_in(&[KCONFIG]) && is_bool(ours, a) != is_bool(theirs, b);
            differ.then(|| "only one of them is a _Bool".to_owned())
        };
        match compatible::difference((ours, a), (theirs, b)).or_else(values) {
            None => Ok(()),
            Some(reason) => {
                let (a, b) = (spelled(ours, a), spelled(theirs, b));
                let text = format!("{} as {a:?}, {} as {b:?}", chosen.says(), self.says());
                // Where the types are not worth more than a name, what differs is inside.
                Err(Error::mismatch(if a == b { format!("{text}: {reason}") } else { text }))
            }
        }
    }
}

fn is_bool(btf: &Btf<'_>, variable: u32) -> bool {
    let Some(Kind::Var { ty, .. }) = btf.kind_by_id(variable) else { return false };
    matches!(btf.resolve_kind(ty), Some((_, Kind::Int(int))) if int.encoding.is_bool())
}

/// The type of a variable or function in C.
fn spelled(btf: &Btf<'_>, id: u32) -> String {
    match btf.kind_by_id(id) {
        Some(Kind::Var { ty, .. }) => type_name(btf, ty),
        Some(Kind::Func { proto, .. }) => type_name(btf, proto),
        _ => type_name(btf, id),
    }
}

/// Internal goes before hidden, hidden before protected, protected before default.
fn stricter(a: u8, b: u8) -> u8 {
    match (a, b) {
        (0, other) | (other, 0) => other,
        (a, b) => a.min(b),
    }
}

/// All variables and functions of an object's BTF that others may see, by name.
fn describe<'a>(input: &Input<'a>) -> HashMap<&'a str, Described<'a>> {
    let mut described = HashMap::new();
    let Some(btf) = &input.btf else { return described };
    let mut sections = BTreeMap::new();
    for (_, ty) in btf.types() {
        if let Kind::DataSec(section) = ty.kind {
            sections.extend(section.vars().map(|var| (var.ty, ty.name)));
        }
    }
    for (id, ty) in btf.types() {
        let (Kind::Var { linkage, .. } | Kind::Func { linkage, .. }) = ty.kind else { continue };
        if linkage != Linkage::Static {
            let section = sections.get(&id).copied();
            described
                .entry(ty.name)
                .and_modify(|it: &mut Described<'_>| it.ambiguous = true)
                .or_insert(Described { id, section, ambiguous: false });
        }
    }
    described
}
