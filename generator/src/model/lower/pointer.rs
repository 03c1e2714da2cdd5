//! What pointers point to: known by name, but not laid out for the pointer's sake.

use bpf_skel::btf::{Btf, FuncProto, Kind};

use super::enumeration::int_bytes;
use super::owner::Owner;
use crate::model::c_text::type_name;
use crate::model::ty::Ty;
use crate::model::types::Types;

/// No array of more bytes is one to Rust, even behind a pointer.
const MAX_ARRAY: u64 = 1 << 46;

/// A function with more parameters is not spelled out.
const MAX_PARAMETERS: usize = 12;

impl<'b> Types<'b> {
    pub(super) fn pointee(&mut self, btf: &Btf<'b>, id: u32) -> Ty {
        self.target(btf, id, true)
    }

    /// `functions`: whether a function is spelled out; those among its own parameters are not.
    fn target(&mut self, btf: &Btf<'b>, id: u32, functions: bool) -> Ty {
        let Some((id, ty)) = btf.resolve(id) else { return Ty::Unit };
        match ty.kind {
            Kind::Struct(_) | Kind::Union(_) | Kind::Fwd { .. } => {
                if let Some(index) = self.known(id) {
                    return Ty::Def(index);
                }
                match self.c_name(id, ty.name) {
                    Some(wanted) => Ty::Def(self.reserve(id, wanted, type_name(btf, id))),
                    None => Ty::Unit,
                }
            }
            Kind::Ptr(to) => Ty::Ptr(Box::new(self.target(btf, to, functions))),
            Kind::Array(_) if btf.size_of(id).is_ok_and(|size| size > MAX_ARRAY) => Ty::Unit,
            Kind::Array(array) => {
                let element = self.target(btf, array.element, functions);
                Ty::Array(Box::new(element), array.len.into())
            }
            Kind::FuncProto(proto) if functions => self.function(btf, proto),
            Kind::Int(_) | Kind::Float { .. } => self.lower(btf, id, Owner::named("")),
            Kind::Enum(values) => {
                Ty::Int { bytes: int_bytes(values.size).unwrap_or(4), signed: values.signed }
            }
            Kind::Enum64(values) => {
                Ty::Int { bytes: int_bytes(values.size).unwrap_or(8), signed: values.signed }
            }
            _ => Ty::Unit,
        }
    }

    fn function(&mut self, btf: &Btf<'b>, proto: FuncProto<'b>) -> Ty {
        // The last one without a type is an ellipsis.
        let parameters: Vec<u32> =
            proto.params().map(|parameter| parameter.ty).filter(|&ty| ty != 0).collect();
        if parameters.len() > MAX_PARAMETERS {
            return Ty::Unit;
        }
        let parameters = parameters.into_iter().map(|ty| self.target(btf, ty, false)).collect();
        Ty::Function(parameters, Box::new(self.target(btf, proto.ret, false)))
    }
}
