//! From the object's layout of operations to the kernel's.

use crate::btf::{Btf, Composite, Kind, Member, Type};
use crate::error::{Error, ErrorKind, Frame, Result, Within};
use crate::spec::{Endian, StructOpsFunction};

/// Operations as the object has them.
#[derive(Clone, Copy)]
pub(super) struct Local<'l> {
    pub(super) btf: &'l Btf<'l>,
    pub(super) operations: Composite<'l>,
    pub(super) data: &'l [u8],
    /// Ascending by member.
    pub(super) functions: &'l [StructOpsFunction],
}

impl<'l> Local<'l> {
    /// The member's bytes.
    fn bytes(self, member: Member<'_>) -> Result<&'l [u8]> {
        let size = usize::try_from(self.btf.size_of(member.ty)?).map_err(|_| outside())?;
        let from = self.data.get(byte(member.bit_offset)..);
        from.and_then(|rest| rest.get(..size)).ok_or_else(outside)
    }
}

/// Where the kernel has them: in the value of the map.
#[derive(Clone, Copy)]
pub(super) struct Target<'k> {
    btf: &'k Btf<'k>,
    /// Name of the operations.
    pub(super) name: &'k str,
    /// `struct bpf_struct_ops_NAME`
    pub(super) value: Composite<'k>,
    /// `struct NAME`
    pub(super) operations: Composite<'k>,
    pub(super) operations_id: u32,
    /// Where the operations begin in the value, in bits.
    start: u32,
}

impl<'k> Target<'k> {
    /// The operations are the member `data` of the type of the map's value.
    pub(super) fn find(btf: &'k Btf<'k>, name: &'k str, value_id: u32) -> Result<Self> {
        let composite = |id: u32| match btf.resolve(id) {
            Some((id, Type { name, kind: Kind::Struct(composite) })) => Some((id, name, composite)),
            _ => None,
        };
        let value = composite(value_id).map(|(_, _, value)| value);
        let data = value.and_then(|value| value.members().find(|member| member.name == "data"));
        let operations = data.and_then(|data| composite(data.ty));
        match (value, data, operations) {
            (Some(value), Some(data), Some((operations_id, found, operations)))
                if found == name =>
            {
                let start = data.bit_offset;
                Ok(Self { btf, name, value, operations, operations_id, start })
            }
            _ => Err(Error::malformed("the kernel's type of the map's value does not hold it")),
        }
    }
}

/// The value of a struct_ops map in the kernel's layout, without its programs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Converted {
    pub(crate) value: Vec<u8>,
    pub(crate) functions: Vec<Function>,
}

/// A member that calls a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    /// Index in the object's programs.
    pub(crate) program: u32,
    /// Index of the member in the kernel's struct.
    pub(crate) member: u32,
    /// Offset in the value.
    offset: usize,
}

impl Function {
    /// Puts a program's descriptor where the kernel looks for it: it reads a word of its own.
    pub(super) fn put(self, value: &mut [u8], fd: i32) -> Result<()> {
        let word = usize::try_from(fd).unwrap_or_default().to_ne_bytes();
        place(value, self.offset, word.len())?.copy_from_slice(&word);
        Ok(())
    }
}

/// Copies member by member, by name.
///
/// # Errors
/// A member that is set and the kernel does not have, or that is of another kind or size there.
pub(super) fn convert(local: Local<'_>, target: Target<'_>) -> Result<Converted> {
    let out = Converted {
        value: vec![0; target.value.size as usize],
        functions: Vec::with_capacity(local.functions.len()),
    };
    let mut conversion = Conversion { local, target, out };
    for (index, member) in (0..).zip(local.operations.members()) {
        let function = local.functions.iter().find(|function| function.member == index);
        conversion
            .member(member, function.map(|function| function.program))
            .within(|| Frame::Member(member.name.to_owned()))?;
    }
    Ok(conversion.out)
}

struct Conversion<'c> {
    local: Local<'c>,
    target: Target<'c>,
    out: Converted,
}

impl Conversion<'_> {
    fn member(&mut self, member: Member<'_>, program: Option<u32>) -> Result<()> {
        if program.is_some() && !self.local.btf.is_function_pointer(member.ty) {
            return Err(Error::invalid_input("it is no pointer to a function"));
        }
        let found = (0..)
            .zip(self.target.operations.members())
            .find(|(_, kernel)| kernel.name == member.name);
        let Some((index, kernel)) = found else {
            return match program.is_none() && self.is_zero(member)? {
                true => Ok(()),
                false => Err(Error::new(
                    ErrorKind::NotSupportedByKernel,
                    format!(
                        "the kernel's struct {} has no such member, and it is set",
                        self.target.name
                    ),
                )
                .with_hint("leave it 0, or use it where the kernel has it only")),
            };
        };
        match (member.bitfield_size, kernel.bitfield_size) {
            (None, None) => {}
            (Some(own), Some(other)) if own == other => return self.copy_bits(member, kernel, own),
            (own, other) => {
                return Err(differs(&bits_of(own), &bits_of(other)));
            }
        }
        let own = self.local.btf.resolve_kind(member.ty).map(|(_, kind)| kind);
        let other = self.target.btf.resolve_kind(kernel.ty).map(|(_, kind)| kind);
        let (Some(own), Some(other)) = (own, other) else {
            return Err(Error::malformed("its type does not exist"));
        };
        if own.code() != other.code() {
            return Err(differs(&own.code().to_string(), &other.code().to_string()));
        }
        if matches!(other, Kind::Ptr(_)) {
            return self.pointer(member, (index, kernel), program);
        }
        let size = self.local.btf.size_of(member.ty)?;
        let kernel_size = self.target.btf.size_of(kernel.ty)?;
        if size != kernel_size {
            return Err(differs(&format!("{size} bytes"), &format!("{kernel_size} bytes")));
        }
        let offset = self.offset(kernel);
        let bytes = self.local.bytes(member)?;
        place(&mut self.out.value, offset, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }

    fn pointer(
        &mut self,
        member: Member<'_>,
        (index, kernel): (u32, Member<'_>),
        program: Option<u32>,
    ) -> Result<()> {
        let Some(program) = program else {
            return match self.is_zero(member)? {
                true => Ok(()),
                false => Err(Error::invalid_input("expected null or a program, found an address")),
            };
        };
        if !self.target.btf.is_function_pointer(kernel.ty) {
            return Err(differs("a pointer to a function", "a pointer to data"));
        }
        let offset = self.offset(kernel);
        self.out.functions.push(Function { program, member: index, offset });
        Ok(())
    }

    /// Offset of a member of the kernel's in the value.
    fn offset(&self, kernel: Member<'_>) -> usize {
        byte(self.target.start.saturating_add(kernel.bit_offset))
    }

    fn copy_bits(&mut self, member: Member<'_>, kernel: Member<'_>, bits: u8) -> Result<()> {
        for bit in 0..u32::from(bits) {
            let from = member.bit_offset.saturating_add(bit);
            let byte_of = self.local.data.get(byte(from)).copied().ok_or_else(outside)?;
            let to = self.target.start.saturating_add(kernel.bit_offset).saturating_add(bit);
            let place = self.out.value.get_mut(byte(to)).ok_or_else(outside)?;
            if byte_of & mask(from) != 0 {
                *place |= mask(to);
            }
        }
        Ok(())
    }

    fn is_zero(&self, member: Member<'_>) -> Result<bool> {
        let Some(bits) = member.bitfield_size else {
            return Ok(self.local.bytes(member)?.iter().all(|&byte| byte == 0));
        };
        let mut bits = (member.bit_offset..).take(bits.into());
        Ok(bits.all(|bit| self.local.data.get(byte(bit)).is_some_and(|byte| byte & mask(bit) == 0)))
    }
}

fn byte(bit: u32) -> usize {
    (bit / 8) as usize
}

/// The bit within its byte, as BTF counts them: from the lower end on a little-endian machine, from the upper else.
fn mask(bit: u32) -> u8 {
    match Endian::NATIVE {
        Endian::Little => 1 << (bit % 8),
        Endian::Big => 0x80 >> (bit % 8),
    }
}

fn place(value: &mut [u8], offset: usize, len: usize) -> Result<&mut [u8]> {
    value.get_mut(offset..).and_then(|rest| rest.get_mut(..len)).ok_or_else(outside)
}

fn outside() -> Error {
    Error::malformed("it is not within its struct")
}

fn bits_of(bits: Option<u8>) -> String {
    bits.map_or_else(|| "no bit-field".to_owned(), |bits| format!("a bit-field of {bits} bits"))
}

fn differs(own: &str, kernel: &str) -> Error {
    Error::mismatch(format!("the kernel has {kernel}, the object {own}"))
}

#[cfg(test)]
mod tests;
