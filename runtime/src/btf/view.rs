//! [`Btf`]: types by id and by name, read in place.

use std::borrow::Cow;

use super::decode::{decode, kind};
use super::kind::BtfKind;
use super::strings::{Context, Strings};
use super::types::{Composite, DataSec, Kind, Type};
use super::wire::{self, Head, Lengths, TYPE_LEN};
use super::{check, size, wire::Sections};
use crate::error::{Error, Result};
use crate::spec::Endian;

/// Type information, read in place.
///
/// Type 0 is `void` and is not written. Types of split BTF (that of a kernel module) continue those of its base.
#[derive(Clone)]
pub struct Btf<'a> {
    bytes: &'a [u8],
    types: &'a [u8],
    types_at: usize,
    lengths: Lengths,
    cx: Context<'a>,
    /// Offset in `types` of every `1 << shift`th own type.
    offsets: Cow<'a, [u32]>,
    shift: u8,
    /// Id of the first own type.
    first: u32,
    /// Number of own types.
    count: u32,
    base: Option<&'a Btf<'a>>,
    pointer_size: u8,
}

/// Where types are: what is needed to make a [`Btf`] again from the same bytes without another pass.
#[derive(Clone, Debug)]
pub(crate) struct Index {
    pub(crate) offsets: Box<[u32]>,
    pub(crate) shift: u8,
    pub(crate) count: u32,
}

impl<'a> Btf<'a> {
    /// Reads and checks the BTF of an object: every size, string and type id, and that no type contains itself.
    ///
    /// The result is safe to walk in every direction: chains of typedefs, pointers, arrays and members by value end
    /// after at most 64 steps.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) says which type breaks which rule.
    pub fn parse(bytes: &'a [u8], endian: Endian) -> Result<Self> {
        let btf = Self::scan(bytes, endian, 0)?;
        check::check(&btf)?;
        Ok(btf)
    }

    /// Reads BTF that [`parse`](Self::parse) took before, such as that of a spec that was read from an object: without
    /// checking it again.
    ///
    /// What was never checked is read here too. What is wrong with it reads as absent, and a walk over it may not end.
    /// Pointers have 8 bytes, as in every object.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) where it is no BTF, or a type reaches past the end.
    pub fn reparse(bytes: &'a [u8], endian: Endian) -> Result<Self> {
        Ok(Self::scan(bytes, endian, 0)?.with_pointer_size(8))
    }

    /// Reads BTF that continues `base`, such as that of a kernel module.
    ///
    /// # Errors
    /// As [`parse`](Self::parse); and a `base` that is split itself is not supported yet.
    pub fn parse_split(base: &'a Btf<'a>, bytes: &'a [u8], endian: Endian) -> Result<Self> {
        let index = Self::index(Some(base), bytes, endian, 0, |_, _| ())?;
        let btf = Self::with_index(Some(base), bytes, endian, Cow::Owned(index))?;
        check::check(&btf)?;
        Ok(btf)
    }

    /// The same types in the bytes of a [`BtfEdit`](super::BtfEdit), which leaves them where they are, and right.
    #[cfg(feature = "elf")]
    pub(crate) fn edited(self, bytes: &'a [u8]) -> Result<Self> {
        let Self { cx: Context { endian, .. }, offsets, shift, count, base, pointer_size, .. } =
            self;
        let index = Index { offsets: offsets.into_owned().into(), shift, count };
        let edited = Self::with_index(base, bytes, endian, Cow::Owned(index))?
            .with_pointer_size(pointer_size);
        debug_assert!(check::check(&edited).is_ok(), "an edit breaks no rule");
        Ok(edited)
    }

    /// As [`parse`](Self::parse), but checks sizes only and notes the place of every `1 << shift`th type: for the
    /// BTF of a kernel, which is large, and already checked where it comes from. What is wrong within a type reads
    /// as absent.
    pub(crate) fn scan(bytes: &'a [u8], endian: Endian, shift: u8) -> Result<Self> {
        let index = Self::index(None, bytes, endian, shift, |_, _| ())?;
        Self::with_index(None, bytes, endian, Cow::Owned(index))
    }

    /// The pass over all types, which `visit` may look along with.
    #[inline]
    pub(crate) fn index(
        base: Option<&Btf<'_>>,
        bytes: &[u8],
        endian: Endian,
        shift: u8,
        mut visit: impl FnMut(u32, Head),
    ) -> Result<Index> {
        let Sections { types, lengths, .. } = wire::sections(bytes, endian, base.is_some())?;
        let first = base.map_or(1, Btf::len);
        // At least TYPE_LEN bytes a type: never more than a third of the input.
        let mut offsets = Vec::with_capacity(((types.len() / TYPE_LEN) >> shift) + 1);
        let (mut at, mut count) = (0, 0_u32);
        while at < types.len() {
            let id = u64::from(first) + u64::from(count);
            let fault = |what: &str| Error::malformed(format!("BTF type [{id}]: {what}"));
            let head = Head::read(types, at, endian).ok_or_else(|| fault("cut off"))?;
            let len = head.len(&lengths).ok_or_else(|| {
                Error::not_supported_yet(format!("BTF type [{id}]: kind {}", head.raw_kind()))
            })?;
            if types.len() - at < len {
                return Err(fault("reaches past the end of the types"));
            }
            if count & ((1 << shift) - 1) == 0 {
                let at =
                    u32::try_from(at).map_err(|_| fault("is more than 4 GiB into the types"))?;
                offsets.push(at);
            }
            visit(first.wrapping_add(count), head);
            at += len;
            count = count.checked_add(1).ok_or_else(|| fault("too many types"))?;
        }
        if first.checked_add(count).is_none() {
            return Err(Error::malformed("BTF has too many types"));
        }
        Ok(Index { offsets: offsets.into_boxed_slice(), shift, count })
    }

    /// Puts an [`Index`] and the bytes it was made from together.
    pub(crate) fn with_index(
        base: Option<&'a Btf<'a>>,
        bytes: &'a [u8],
        endian: Endian,
        index: Cow<'a, Index>,
    ) -> Result<Self> {
        let Sections { types, types_at, strings, lengths } =
            wire::sections(bytes, endian, base.is_some())?;
        let base_strings: &[u8] = match base {
            None => &[],
            Some(base) if base.base.is_some() => {
                return Err(Error::not_supported_yet("split BTF over split BTF"));
            }
            Some(base) => base.cx.strings.own,
        };
        let (offsets, shift, count) = match index {
            Cow::Owned(index) => (Cow::Owned(index.offsets.into_vec()), index.shift, index.count),
            Cow::Borrowed(index) => (Cow::Borrowed(&*index.offsets), index.shift, index.count),
        };
        let cx = Context { endian, strings: Strings { base: base_strings, own: strings } };
        let pointer_size = match base {
            Some(base) => base.pointer_size,
            None => size::pointer_size(types, &lengths, cx),
        };
        Ok(Self {
            bytes,
            types,
            types_at,
            lengths,
            cx,
            offsets,
            shift,
            first: base.map_or(1, Btf::len),
            count,
            base,
            pointer_size,
        })
    }

    /// The same types with pointers of another size: 8 bytes in every BPF object, 4 on a 32-bit kernel.
    #[must_use]
    pub fn with_pointer_size(mut self, bytes: u8) -> Self {
        self.pointer_size = bytes;
        self
    }

    /// Size of a pointer in bytes: that of `long`, as C compilers for Linux have it; 8 where there is no such type.
    pub fn pointer_size(&self) -> u8 {
        self.pointer_size
    }

    /// The bytes it was read from.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The byte order it was read in.
    pub fn endian(&self) -> Endian {
        self.cx.endian
    }

    /// Number of types, with `void` and with those of the base: one more than the highest id.
    pub fn len(&self) -> u32 {
        self.first + self.count
    }

    /// Whether there is no type but `void`.
    pub fn is_empty(&self) -> bool {
        self.len() == 1
    }

    /// The BTF that this one continues, if it is split.
    pub fn base(&self) -> Option<&'a Btf<'a>> {
        self.base
    }

    /// Id of the first type that is not the base's; 1 where there is no base.
    pub fn first_own_id(&self) -> u32 {
        self.first
    }

    /// The type with this id. Id 0 is `void`.
    pub fn type_by_id(&self, id: u32) -> Option<Type<'a>> {
        let kind = self.kind_by_id(id)?;
        Some(Type { name: self.name_by_id(id), kind })
    }

    /// What the type with this id is, without its name, which takes longer to read than all else.
    pub fn kind_by_id(&self, id: u32) -> Option<Kind<'a>> {
        match self.base {
            _ if id == 0 => Some(Kind::Void),
            Some(base) if id < self.first => base.kind_by_id(id),
            _ => {
                let at = self.offset_of(id)?;
                kind(self.head(at)?, self.types, at, &self.lengths, self.cx)
            }
        }
    }

    /// The name of the type with this id; empty where it has none, or there is no such type.
    pub fn name_by_id(&self, id: u32) -> &'a str {
        match self.base {
            Some(base) if id < self.first => base.name_by_id(id),
            _ => {
                let head = self.offset_of(id).and_then(|at| self.head(at));
                head.map_or("", |head| self.cx.name(head.name))
            }
        }
    }

    /// As [`kind_by_id`](Self::kind_by_id), or an error that says that there is none.
    pub(super) fn expect(&self, id: u32) -> Result<Kind<'a>> {
        self.kind_by_id(id).ok_or_else(|| {
            Error::malformed(format!("BTF type id {id} is out of range: there are {}", self.len()))
        })
    }

    /// Every own type with its id: without `void`, and without the base's.
    pub fn types(&self) -> impl Iterator<Item = (u32, Type<'a>)> + '_ {
        let mut at = 0;
        (self.first..self.len()).map_while(move |id| {
            let head = Head::read(self.types, at, self.cx.endian)?;
            let ty = self.read(at)?;
            at += head.len(&self.lengths)?;
            Some((id, ty))
        })
    }

    /// Every own type of the wanted kinds with its id. Of the others no more is read than how long they are.
    pub fn types_of(
        &self,
        wanted: impl Fn(BtfKind) -> bool,
    ) -> impl Iterator<Item = (u32, Type<'a>)> {
        let mut at = 0;
        let heads = (self.first..self.len()).map_while(move |id| {
            let (start, head) = (at, self.head(at)?);
            at += head.len(&self.lengths)?;
            Some((id, start, head))
        });
        let wanted = move |head: &Head| wanted(head.kind().unwrap_or(BtfKind::Unknown));
        heads
            .filter(move |(_, _, head)| wanted(head))
            .map_while(|(id, at, _)| Some((id, self.read(at)?)))
    }

    /// The string at this offset of the string section, where it is UTF-8.
    pub fn string(&self, offset: u32) -> Option<&'a str> {
        self.cx.strings.text(offset)
    }

    /// The string at this offset, whatever its encoding: source lines may have any.
    pub fn string_bytes(&self, offset: u32) -> Option<&'a [u8]> {
        self.cx.strings.bytes(offset)
    }

    /// The offset of a string that was read from here.
    pub(crate) fn string_offset(&self, text: &str) -> Option<u32> {
        let own = self.cx.strings.own;
        let within = text.as_ptr().addr().checked_sub(own.as_ptr().addr())?;
        let before = self.base.map_or(0, |base| base.cx.strings.own.len());
        let offset = u32::try_from(before + within).ok()?;
        (self.string(offset) == Some(text)).then_some(offset)
    }

    /// The first own type of this name whose kind is wanted.
    pub fn find(&self, name: &str, wanted: impl Fn(&Kind<'a>) -> bool) -> Option<(u32, Type<'a>)> {
        self.types().find(|(_, ty)| ty.name == name && wanted(&ty.kind))
    }

    /// The first own type of this name and kind.
    pub fn find_kind(&self, name: &str, kind: BtfKind) -> Option<(u32, Type<'a>)> {
        self.types_of(|other| other == kind).find(|(_, ty)| ty.name == name)
    }

    /// The data section of this name.
    pub fn find_datasec(&self, name: &str) -> Option<(u32, DataSec<'a>)> {
        match self.find_kind(name, BtfKind::DataSec)? {
            (id, Type { kind: Kind::DataSec(section), .. }) => Some((id, section)),
            _ => None,
        }
    }

    /// The first struct of this name.
    pub fn find_struct(&self, name: &str) -> Option<(u32, Composite<'a>)> {
        match self.find_kind(name, BtfKind::Struct)? {
            (id, Type { kind: Kind::Struct(composite), .. }) => Some((id, composite)),
            _ => None,
        }
    }

    /// Offset of an own type in the type section.
    pub(super) fn offset_of(&self, id: u32) -> Option<usize> {
        let nth = id.checked_sub(self.first).filter(|&nth| nth < self.count)?;
        let mut at = *self.offsets.get((nth >> self.shift) as usize)? as usize;
        for _ in 0..nth & ((1 << self.shift) - 1) {
            at += Head::read(self.types, at, self.cx.endian)?.len(&self.lengths)?;
        }
        Some(at)
    }

    pub(super) fn context(&self) -> Context<'a> {
        self.cx
    }

    /// Offset of the type section in [`bytes`](Self::bytes).
    pub(super) fn types_at(&self) -> usize {
        self.types_at
    }

    /// The string section without that of the base.
    pub(crate) fn own_strings(&self) -> &'a [u8] {
        self.cx.strings.own
    }

    pub(super) fn head(&self, at: usize) -> Option<Head> {
        Head::read(self.types, at, self.cx.endian)
    }

    fn read(&self, at: usize) -> Option<Type<'a>> {
        decode(self.types, at, &self.lengths, self.cx)
    }

    /// What follows the fixed part of the type at this offset, up to the end of the section.
    pub(super) fn extra(&self, at: usize) -> &'a [u8] {
        self.types.get(at + TYPE_LEN..).unwrap_or(&[])
    }
}

impl std::fmt::Debug for Btf<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BTF of {} types ({})", self.len(), self.endian())
    }
}
