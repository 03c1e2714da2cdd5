//! What must be declared before what: a walk over the types that writes each one once all that it needs is there.
//!
//! A value needs the definition of its type, and so does the element of an array, even behind a pointer. A pointer to a
//! struct needs its declaration only, nor does a prototype need more for what it takes and returns. What has no name is
//! written where it is used, with all that it needs before the whole.

use bpf_skel::btf::{Btf, Kind, Type};

use super::layout::{Reason, is_untyped};
use super::writer::Writer;

/// How deep the walk goes. The types of Linux take some 60.
const DEPTH: u32 = 400;

/// How deep declarators and nameless types may be within each other: what is written recurses as much.
pub(super) const HEIGHT: u8 = 120;

/// How much of a type is needed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    Declaration,
    Definition,
}

/// How far a type is.
#[derive(Clone, Copy, Default)]
pub(super) struct Progress {
    declared: bool,
    busy: bool,
    /// Defined; or, of what has no name, all is there that it needs.
    done: bool,
    /// Of a struct, union or pointer-like type: how deep the types within it are.
    height: u8,
}

/// By type.
pub(super) struct Order {
    progress: Vec<Progress>,
    /// What is on its way now.
    current: Current,
}

/// The definition that will be written next, once all is there that it needs.
#[derive(Clone, Copy, Default)]
struct Current {
    id: u32,
    /// It mentions itself, for which it needs no declaration, unless another definition comes first.
    mentions_itself: bool,
}

impl Order {
    pub(super) fn new(btf: &Btf<'_>) -> Self {
        Self {
            progress: vec![Progress::default(); btf.len() as usize],
            current: Current::default(),
        }
    }
}

impl<'b> Writer<'b> {
    /// Writes all that the C declaration of this type needs, and the type itself where it has a name.
    pub(super) fn require(&mut self, id: u32, need: Need) -> Result<(), Reason> {
        self.visit(id, need, 0).map(|_| ())
    }

    /// Whether the definition of this type is written.
    pub(super) fn is_done(&self, id: u32) -> bool {
        self.order.progress.get(id as usize).is_some_and(|progress| progress.done)
    }

    /// The definition of this type is written, as part of another's.
    pub(super) fn mark_done(&mut self, id: u32) {
        self.progress(id).done = true;
    }

    fn progress(&mut self, id: u32) -> &mut Progress {
        // Ids of BTF that was checked are in range.
        &mut self.order.progress[id as usize]
    }

    /// Answers how high the text at the place of use is; a name has no height.
    fn visit(&mut self, id: u32, need: Need, depth: u32) -> Result<u8, Reason> {
        if depth > DEPTH {
            return Err("it is nested too deep");
        }
        let id = self.names.meant(id);
        let ty = self.btf.type_by_id(id).ok_or("a type is missing")?;
        match ty.kind {
            Kind::Void => Ok(0),
            Kind::Int(_) | Kind::Float { .. } => {
                self.alias(id, &ty);
                Ok(0)
            }
            Kind::Const(to)
            | Kind::Volatile(to)
            | Kind::Restrict(to)
            | Kind::TypeTag { ty: to, .. } => grown(self.visit(to, need, depth + 1)?),
            Kind::Ptr(_) | Kind::Array(_) | Kind::FuncProto(_) => {
                self.visit_declarator(id, &ty, depth)
            }
            Kind::Typedef(_) if ty.name.is_empty() => Err("a typedef has no name"),
            Kind::Typedef(to) => {
                self.visit_typedef(id, to, &ty, depth)?;
                if need == Need::Definition {
                    self.visit(to, need, depth + 1)?;
                }
                Ok(0)
            }
            Kind::Enum(_) | Kind::Enum64(_) if ty.name.is_empty() => Ok(1),
            Kind::Enum(_) | Kind::Enum64(_) => {
                if !std::mem::replace(&mut self.progress(id).done, true) {
                    self.define_enum(id);
                }
                Ok(0)
            }
            Kind::Fwd { .. } if need == Need::Definition => Err("a member's type is declared only"),
            Kind::Struct(_) | Kind::Union(_) | Kind::Fwd { .. }
                if need == Need::Declaration && !ty.name.is_empty() =>
            {
                if self.order.current.id == id {
                    self.order.current.mentions_itself = true;
                } else {
                    self.forward(id, &ty);
                }
                Ok(0)
            }
            Kind::Struct(_) | Kind::Union(_) => self.visit_composite(id, &ty, depth),
            _ => Err("a member is of no type that a value can have"),
        }
    }

    /// Declares a struct or union that was neither declared nor defined.
    fn forward(&mut self, id: u32, ty: &Type<'b>) {
        let progress = self.progress(id);
        if !progress.done && !std::mem::replace(&mut progress.declared, true) {
            self.declare_composite(id, ty);
        }
    }

    /// Begins another definition, which comes before the current one.
    fn enter(&mut self, id: u32) -> Current {
        let outer = self.order.current;
        if outer.mentions_itself
            && let Some(ty) = self.btf.type_by_id(outer.id)
        {
            self.forward(outer.id, &ty);
        }
        std::mem::replace(&mut self.order.current, Current { id, mentions_itself: false })
    }

    /// Once a type: they share parts, and would be walked through again and again.
    fn visit_declarator(&mut self, id: u32, ty: &Type<'b>, depth: u32) -> Result<u8, Reason> {
        if self.progress(id).done {
            return Ok(self.progress(id).height);
        }
        let height = match ty.kind {
            Kind::Ptr(to) => self.visit(to, Need::Declaration, depth + 1)?,
            Kind::Array(array) => {
                if matches!(self.resolved(array.element), Some(Kind::Void | Kind::FuncProto(_))) {
                    return Err("an array has no values for elements");
                }
                self.visit(array.element, Need::Definition, depth + 1)?
            }
            Kind::FuncProto(proto) => {
                if matches!(self.resolved(proto.ret), Some(Kind::Array(_) | Kind::FuncProto(_))) {
                    return Err("a function returns no value");
                }
                let mut height = self.visit(proto.ret, Need::Declaration, depth + 1)?;
                for parameter in proto.params() {
                    height = height.max(self.visit(parameter.ty, Need::Declaration, depth + 1)?);
                }
                height
            }
            _ => 0,
        };
        let height = grown(height)?;
        let progress = self.progress(id);
        (progress.done, progress.height) = (true, height);
        Ok(height)
    }

    fn resolved(&self, id: u32) -> Option<Kind<'b>> {
        self.btf.resolve_kind(id).map(|(_, kind)| kind)
    }

    fn visit_typedef(&mut self, id: u32, to: u32, ty: &Type<'b>, depth: u32) -> Result<(), Reason> {
        if self.progress(id).done {
            return Ok(());
        }
        if std::mem::replace(&mut self.progress(id).busy, true) {
            return Err("it refers to itself");
        }
        let outer = self.enter(id);
        let result = self.visit(to, Need::Declaration, depth + 1);
        self.order.current = outer;
        self.progress(id).busy = false;
        result?;
        self.progress(id).done = true;
        self.define_typedef(id, ty);
        Ok(())
    }

    /// A definition, or the parts of what has no name. A type whose members cannot be written is written as bytes.
    fn visit_composite(&mut self, id: u32, ty: &Type<'b>, depth: u32) -> Result<u8, Reason> {
        let named = !ty.name.is_empty();
        if self.progress(id).done {
            return Ok(if named { 0 } else { self.progress(id).height });
        }
        if std::mem::replace(&mut self.progress(id).busy, true) {
            return Err("it refers to itself");
        }
        let outer = if named { self.enter(id) } else { self.order.current };
        let height = self.visit_members(ty, depth).unwrap_or_else(|reason| {
            self.make_opaque(id, reason);
            1
        });
        if named {
            self.order.current = outer;
        }
        *self.progress(id) = Progress { declared: true, busy: false, done: true, height };
        if named {
            self.define_composite(id, ty);
            return Ok(0);
        }
        Ok(height)
    }

    fn visit_members(&mut self, ty: &Type<'b>, depth: u32) -> Result<u8, Reason> {
        let (Kind::Struct(composite) | Kind::Union(composite)) = ty.kind else { return Ok(0) };
        let mut height = 0;
        for member in composite.members().filter(|member| !is_untyped(self.btf, member.ty)) {
            let mut inner = self.visit(member.ty, Need::Definition, depth + 1)?;
            if member.name.is_empty() {
                // Where it has a name (-fms-extensions), its members are written in place all the same.
                let id = self.btf.resolve(member.ty).map_or(0, |(id, _)| self.names.meant(id));
                self.visit(id, Need::Definition, depth + 1)?;
                inner = self.progress(id).height;
            }
            height = height.max(inner);
        }
        grown(height)
    }
}

fn grown(height: u8) -> Result<u8, Reason> {
    if height < HEIGHT { Ok(height + 1) } else { Err("it is nested too deep") }
}
