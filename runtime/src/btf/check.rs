//! The checks of a whole BTF, after which it is safe to walk.

use super::resolve::MAX_DEPTH;
use super::strings::Strings;
use super::types::Kind;
use super::view::Btf;
use super::wire::u32_at;
use crate::error::{Error, Result};

/// Longest name that is accepted. The kernel takes 512 bytes (`KSYM_NAME_LEN`); the bound is what keeps the check of
/// names linear where many of them point into one long string.
const MAX_NAME: usize = 4096;

/// Checks names, ids and nesting of all own types.
pub(super) fn check(btf: &Btf<'_>) -> Result<()> {
    let mut nesting = Nesting::new(btf);
    let names = Names::of(btf.context().strings);
    for id in btf.first_own_id()..btf.len() {
        check_type(btf, &names, id).map_err(|what| {
            let name = btf.name_by_id(id);
            Error::malformed(if name.is_empty() {
                format!("BTF type [{id}]: {what}")
            } else {
                format!("BTF type [{id}] {name:?}: {what}")
            })
        })?;
    }
    for id in btf.first_own_id()..btf.len() {
        nesting.visit(id, Walk::Value, 0)?;
        nesting.visit(id, Walk::Spelling, 0)?;
    }
    Ok(())
}

/// The names of all types.
struct Names<'a> {
    strings: Strings<'a>,
    /// Whether every string is good, as in nearly every BTF: no name has to be looked at then.
    good: bool,
}

impl<'a> Names<'a> {
    fn of(strings: Strings<'a>) -> Self {
        let Strings { base, own } = strings;
        let mut each = own.split(|&byte| byte == 0);
        let good = base.is_empty() && own.is_ascii() && each.all(|text| text.len() < MAX_NAME);
        Self { strings, good }
    }

    fn check(&self, offset: u32) -> Result<(), String> {
        let rest = self
            .strings
            .from(offset)
            .ok_or_else(|| format!("name at offset {offset} is past the end of the strings"))?;
        if self.good {
            return Ok(());
        }
        let name = &rest[..rest.len().min(MAX_NAME)];
        let end = name.iter().position(|&byte| byte == 0);
        let end = end.ok_or_else(|| format!("name at offset {offset} is too long"))?;
        match std::str::from_utf8(&name[..end]) {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("name {:?} is not UTF-8", String::from_utf8_lossy(&name[..end]))),
        }
    }
}

fn check_type(btf: &Btf<'_>, names: &Names<'_>, id: u32) -> Result<(), String> {
    let at = btf.offset_of(id).ok_or("out of range")?;
    let head = btf.head(at).ok_or("cut off")?;
    names.check(head.name)?;
    let kind = btf.kind_by_id(id).ok_or_else(|| format!("linkage {} is unknown", head.vlen()))?;
    let id_ok = |what: &str, other: u32| {
        if other < btf.len() {
            Ok(())
        } else {
            Err(format!("{what}type id {other} is out of range: there are {}", btf.len()))
        }
    };
    // Names of members, values and parameters come first in each record, and types second; names read as "" cannot be
    // told from bad ones, so the raw records are looked at.
    let entries_ok = |stride: usize, typed: Option<&str>| {
        let extra = btf.extra(at);
        (0..head.vlen()).try_for_each(|n| {
            let word = |at| u32_at(extra, n * stride + at, btf.endian()).unwrap_or(u32::MAX);
            names.check(word(0)).map_err(|what| format!("entry {n}: {what}"))?;
            let Some(what) = typed else { return Ok(()) };
            let name = || btf.string(word(0)).unwrap_or("");
            id_ok("", word(4)).map_err(|fault| format!("{what} {:?}: {fault}", name()))
        })
    };
    match kind {
        Kind::Void | Kind::Fwd { .. } | Kind::Unknown(_) | Kind::Float { .. } => {}
        Kind::Int(int) => {
            let bits = u64::from(int.size) * 8;
            if u64::from(int.bits) + u64::from(int.offset) > bits || int.size > 16 {
                return Err(format!(
                    "{} bits at bit {} do not fit in {} bytes",
                    int.bits, int.offset, int.size
                ));
            }
        }
        Kind::Ptr(ty)
        | Kind::Typedef(ty)
        | Kind::Volatile(ty)
        | Kind::Const(ty)
        | Kind::Restrict(ty)
        | Kind::TypeTag { ty, .. }
        | Kind::Var { ty, .. }
        | Kind::DeclTag { ty, .. } => id_ok("", ty)?,
        Kind::Array(array) => {
            id_ok("element ", array.element)?;
            id_ok("index ", array.index)?;
        }
        Kind::Struct(_) | Kind::Union(_) => entries_ok(12, Some("member"))?,
        Kind::Enum(_) => entries_ok(8, None)?,
        Kind::Enum64(_) => entries_ok(12, None)?,
        Kind::Func { proto, .. } => {
            id_ok("prototype ", proto)?;
            match btf.kind_by_id(proto) {
                Some(Kind::FuncProto(_)) => {}
                _ => return Err(format!("type id {proto} is not a function prototype")),
            }
        }
        Kind::FuncProto(proto) => {
            entries_ok(8, Some("parameter"))?;
            id_ok("return ", proto.ret)?;
        }
        Kind::DataSec(section) => {
            for var in section.vars() {
                id_ok("variable ", var.ty)?;
                match btf.kind_by_id(var.ty) {
                    Some(Kind::Var { .. } | Kind::Func { .. }) => {}
                    _ => return Err(format!("type id {} is not a variable", var.ty)),
                }
            }
        }
    }
    Ok(())
}

/// Which types lead on to which.
#[derive(Clone, Copy)]
enum Walk {
    /// What is stored inside: elements and members. Pointers end it.
    Value,
    /// What its C declaration spells out: what pointers, typedefs and prototypes name. Structs end it.
    Spelling,
}

/// Depth-first search for types that contain themselves. Every edge is followed once; the recursion is at most
/// [`MAX_DEPTH`] deep.
struct Nesting<'b> {
    btf: &'b Btf<'b>,
    /// By own type and walk: [`NEW`], [`BUSY`], or the height.
    state: Vec<[u8; 2]>,
}

const NEW: u8 = 0;
const BUSY: u8 = u8::MAX;

impl<'b> Nesting<'b> {
    fn new(btf: &'b Btf<'b>) -> Self {
        Self { btf, state: vec![[NEW; 2]; (btf.len() - btf.first_own_id()) as usize] }
    }

    /// Answers the height: one more than that of the highest type it leads to.
    fn visit(&mut self, id: u32, walk: Walk, depth: usize) -> Result<u8> {
        // Types of the base were checked with it, or come from the kernel; they never lead back here.
        let Some(slot) = id.checked_sub(self.btf.first_own_id()) else { return Ok(1) };
        let (slot, walk_index) = (slot as usize, walk as usize);
        match self.state.get(slot).map(|state| state[walk_index]) {
            Some(NEW) => {}
            Some(BUSY) => return Err(self.fault(id, "contains itself")),
            Some(height) => return Ok(height),
            None => return Ok(1),
        }
        if depth >= MAX_DEPTH {
            return Err(self.fault(id, "is nested too deep"));
        }
        self.state[slot][walk_index] = BUSY;
        let mut height = 1;
        let mut lead = |nesting: &mut Self, next: u32| -> Result<()> {
            height = height.max(1 + nesting.visit(next, walk, depth + 1)?);
            Ok(())
        };
        match (self.btf.expect(id)?, walk) {
            (
                Kind::Typedef(next)
                | Kind::Volatile(next)
                | Kind::Const(next)
                | Kind::Restrict(next)
                | Kind::TypeTag { ty: next, .. }
                | Kind::Var { ty: next, .. }
                | Kind::DeclTag { ty: next, .. }
                | Kind::Array(super::types::Array { element: next, .. }),
                _,
            )
            | (Kind::Ptr(next) | Kind::Func { proto: next, .. }, Walk::Spelling) => {
                lead(self, next)?;
            }
            (Kind::Struct(composite) | Kind::Union(composite), Walk::Value) => {
                composite.types().try_for_each(|next| lead(self, next))?;
            }
            (Kind::FuncProto(proto), Walk::Spelling) => {
                lead(self, proto.ret)?;
                proto.params().try_for_each(|param| lead(self, param.ty))?;
            }
            _ => {}
        }
        if usize::from(height) > MAX_DEPTH {
            return Err(self.fault(id, "is nested too deep"));
        }
        self.state[slot][walk_index] = height;
        Ok(height)
    }

    fn fault(&self, id: u32, what: &str) -> Error {
        let name = self.btf.name_by_id(id);
        Error::malformed(format!("BTF type [{id}] {name:?}: {what}"))
    }
}
