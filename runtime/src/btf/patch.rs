//! Changes to BTF in place, where no type grows: what compilers leave open and the linker would have filled in.

use super::kind::BtfKind;
use super::types::{DataSecVar, Linkage};
use super::view::Btf;
use super::wire::TYPE_LEN;
use crate::error::{Error, Result};

/// An owned copy of an object's BTF with the fix-ups that the kernel wants. Ids and strings stay as they are.
#[derive(Clone, Debug)]
pub struct BtfEdit<'b> {
    btf: &'b Btf<'b>,
    bytes: Vec<u8>,
}

/// Where a variable is in its section, for [`BtfEdit::set_datasec`].
pub type SectionVariable = DataSecVar;

impl<'b> BtfEdit<'b> {
    /// Starts from a copy of `btf`.
    pub fn new(btf: &'b Btf<'b>) -> Self {
        Self { btf, bytes: btf.bytes().to_vec() }
    }

    /// The changed bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Sets a data section's size and variables. There must be as many as before; they are written sorted by offset.
    ///
    /// # Errors
    /// Where `id` is no data section of the BTF itself, or the number of variables is another.
    pub fn set_datasec(&mut self, id: u32, size: u32, vars: &[SectionVariable]) -> Result<()> {
        let at = self.locate(id, BtfKind::DataSec)?;
        let count = self.btf.head(at - self.btf.types_at()).map_or(0, |head| head.vlen());
        if count != vars.len() {
            return Err(Error::invalid_input(format!(
                "BTF type [{id}]: the section has {count} variables, not {}",
                vars.len()
            )));
        }
        let mut sorted = vars.to_vec();
        sorted.sort_by_key(|var| var.offset);
        self.put(at + 8, size);
        for (n, var) in sorted.iter().enumerate() {
            for (word, value) in [var.ty, var.offset, var.size].into_iter().enumerate() {
                self.put(at + TYPE_LEN + 12 * n + 4 * word, value);
            }
        }
        Ok(())
    }

    /// Sets a function's linkage.
    ///
    /// # Errors
    /// Where `id` is no function of the BTF itself.
    pub fn set_func_linkage(&mut self, id: u32, linkage: Linkage) -> Result<()> {
        let at = self.locate(id, BtfKind::Func)?;
        self.put(at + 4, (BtfKind::Func as u32) << 24 | linkage as u32);
        Ok(())
    }

    /// Sets a variable's linkage.
    ///
    /// # Errors
    /// Where `id` is no variable of the BTF itself.
    pub fn set_var_linkage(&mut self, id: u32, linkage: Linkage) -> Result<()> {
        let at = self.locate(id, BtfKind::Var)?;
        self.put(at + TYPE_LEN, linkage as u32);
        Ok(())
    }

    /// Sets the type of a variable.
    ///
    /// # Errors
    /// Where `id` is no variable of the BTF itself, or `ty` is out of range.
    pub fn set_var_type(&mut self, id: u32, ty: u32) -> Result<()> {
        let at = self.locate(id, BtfKind::Var)?;
        self.btf.expect(ty)?;
        self.put(at + 8, ty);
        Ok(())
    }

    /// Gives the parameters of a function's prototype that have no name the function's own: for a function that is
    /// defined elsewhere compilers leave them out, and the kernel refuses it then.
    ///
    /// # Errors
    /// Where `id` is no function of the BTF itself, or its prototype is another BTF's.
    pub fn name_params(&mut self, id: u32) -> Result<()> {
        let at = self.locate(id, BtfKind::Func)?;
        let function = self.btf.head(at - self.btf.types_at());
        let (name, proto) = function.map_or((0, 0), |head| (head.name, head.size_or_type));
        let at = self.locate(proto, BtfKind::FuncProto)?;
        let params = self.btf.head(at - self.btf.types_at()).map_or(0, |head| head.vlen());
        for param in (0..params).map(|n| at + TYPE_LEN + 8 * n) {
            // A last one without type stands for `...` and has no name.
            if self.word(param) == Some(0) && self.word(param + 4) != Some(0) {
                self.put(param, name);
            }
        }
        Ok(())
    }

    /// Turns a data section into an anonymous struct with a member of the type `member`, of `size` bytes, for each
    /// variable: a section of what is defined elsewhere is nothing that the kernel takes.
    ///
    /// # Errors
    /// Where `id` is no data section of the BTF itself, or `member` is out of range.
    pub fn set_struct(&mut self, id: u32, member: u32, size: u32) -> Result<()> {
        let at = self.locate(id, BtfKind::DataSec)?;
        self.btf.expect(member)?;
        let count = self.btf.head(at - self.btf.types_at()).map_or(0, |head| head.vlen());
        for n in 0..count {
            let place = at + TYPE_LEN + 12 * n;
            let variable = self.word(place).and_then(|id| self.btf.offset_of(id));
            let name = variable.and_then(|at| self.btf.head(at)).map_or(0, |head| head.name);
            let offset = (n as u32).saturating_mul(size.saturating_mul(8));
            for (word, value) in [name, member, offset].into_iter().enumerate() {
                self.put(place + 4 * word, value);
            }
        }
        self.put(at, 0);
        self.put(at + 4, (BtfKind::Struct as u32) << 24 | count as u32);
        self.put(at + 8, (count as u32).saturating_mul(size));
        Ok(())
    }

    fn word(&self, at: usize) -> Option<u32> {
        Some(self.btf.endian().u32(*self.bytes.get(at..)?.first_chunk()?))
    }

    /// Offset in the bytes of the type `id`, which must be of this kind.
    fn locate(&self, id: u32, kind: BtfKind) -> Result<usize> {
        let at = self.btf.offset_of(id);
        let found = at.and_then(|at| self.btf.head(at)).and_then(|head| head.kind());
        match at {
            Some(at) if found == Some(kind) => Ok(self.btf.types_at() + at),
            _ => Err(Error::invalid_input(format!("BTF type [{id}] is not a {kind} of this BTF"))),
        }
    }

    fn put(&mut self, at: usize, word: u32) {
        if let Some(place) = self.bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&self.btf.endian().u32_bytes(word));
        }
    }
}
