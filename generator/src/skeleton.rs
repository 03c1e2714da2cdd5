//! A skeleton: what comes out of an object.

use std::fmt;
use std::mem;
use std::path::Path;

use bpf_skel::Frame;
use bpf_skel::btf::Btf;
use bpf_skel::elf::{self, Reader, Reading, Warning};
use bpf_skel::spec::{Endian, ObjectSpec};

use crate::builder::object_name;
use crate::emit::{self, Header};
use crate::model::Object;
use crate::output::write_parts_if_changed;
use crate::parallel::both;
use crate::shared::{Shared, read_btf};
use crate::{Options, Result};

/// Bytes of BTF that take longer to make types of than a thread takes to start.
const MUCH_BTF: usize = 16 << 10;

/// The Rust module for an object, by [`Display`](fmt::Display) as the text of a file, which a macro parses.
#[derive(Debug)]
pub struct Skeleton {
    name: String,
    spec: ObjectSpec,
    warnings: Vec<Warning>,
    /// The text, in parts: a large one is not put together for nothing.
    text: [String; 3],
}

/// What a skeleton is made of.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'o> {
    /// The name of the object's file, which has the object's own.
    pub(crate) file: &'o str,
    /// What errors call it: what the user named, where that is not the object.
    pub(crate) shown: &'o str,
}

impl Origin<'_> {
    fn frame(&self) -> Frame {
        Frame::Object(self.shown.to_owned())
    }
}

impl<'o> From<&'o str> for Origin<'o> {
    fn from(file: &'o str) -> Self {
        Self { file, shown: file }
    }
}

impl Skeleton {
    /// The skeleton of an object that was read from `file`. Map definitions in a section `maps`, as iproute2 and libbpf
    /// before 1.0 had them, are as good as those in `.maps`; [`warnings`](Self::warnings) has what is to be said of them.
    ///
    /// # Errors
    /// Where the object is broken or holds what is not supported; where an option is no Rust.
    pub fn from_object(bytes: &[u8], file: &str, options: &Options) -> Result<Self> {
        Self::of(bytes, file.into(), options)
    }

    pub(crate) fn of(bytes: &[u8], origin: Origin<'_>, options: &Options) -> Result<Self> {
        let reader = Reader::new().legacy(options.legacy);
        let Reading { mut spec, warnings, .. } = reader.read(bytes, origin.shown)?;
        spec.name = elf::object_name(origin.file).to_owned().into();
        Ok(Self { warnings, ..Self::sharing(spec, origin, options, None)? })
    }

    /// As [`from_object`](Self::from_object), of bytes that stay. So does what is made of them.
    #[cfg(feature = "cli")]
    pub(crate) fn from_static(bytes: &'static [u8], file: &str, options: &Options) -> Result<Self> {
        let reader = Reader::new().legacy(options.legacy);
        let Reading { spec, warnings, .. } = reader.read_static(bytes, file)?;
        let skeleton = Self::made(spec, file.into(), options, None, true)?;
        Ok(Self { warnings, ..skeleton })
    }

    /// The skeleton of an object that was read already.
    ///
    /// # Errors
    /// As [`from_object`](Self::from_object).
    pub fn from_spec(spec: ObjectSpec, file: &str, options: &Options) -> Result<Self> {
        // Whoever made it, its types have to be safe to walk.
        if !spec.btf.is_empty() {
            let in_file = |error: bpf_skel::Error| error.within(Frame::Object(file.to_owned()));
            Btf::parse(&spec.btf, spec.endian).map_err(in_file)?;
        }
        Self::sharing(spec, file.into(), options, None)
    }

    /// As [`from_spec`](Self::from_spec) of a spec that was read from an object, with the types that are shared where those
    /// are.
    pub(crate) fn sharing(
        spec: ObjectSpec,
        origin: Origin<'_>,
        options: &Options,
        shared: Option<&Shared>,
    ) -> Result<Self> {
        Self::made(spec, origin, options, shared, false)
    }

    /// `last`: for a process that ends with it, to which nothing has to be given back.
    fn made(
        spec: ObjectSpec,
        origin: Origin<'_>,
        options: &Options,
        shared: Option<&Shared>,
        last: bool,
    ) -> Result<Self> {
        let frame = |error: crate::Error| error.within(origin.frame());
        let runtime = options.runtime_path()?;
        let ident = options.module_ident(object_name(origin.file))?;
        let header = Header {
            attributes: &options.attributes,
            visibility: options.visibility.as_deref().unwrap_or("pub"),
            module: &ident,
            file: origin.file,
            runtime: runtime.text(),
        };
        let parts = || -> Result<_> {
            let btf = read_btf(&spec)?;
            let object = Object::new(&spec, btf.as_ref(), options)?;
            let parts = emit::skeleton(&header, &object, shared);
            if last {
                mem::forget(object);
            }
            Ok(parts)
        };
        // The types, and what is said of them, take longer than the constant they are read from.
        let is_large = spec.btf.len() >= MUCH_BTF;
        let (parts, constant) = both(is_large, parts, || emit::constant(header.runtime, &spec));
        let [first, second] = parts.map_err(frame)?;
        let text = [first, second, constant.map_err(frame)?];
        Ok(Self { name: ident.unraw().to_owned(), spec, warnings: Vec::new(), text })
    }

    /// Name of the module.
    pub fn module(&self) -> &str {
        &self.name
    }

    /// The object's spec, which the module has as `SPEC`.
    pub fn spec(&self) -> &ObjectSpec {
        &self.spec
    }

    /// What was passed over in the object.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// The value of `target_endian` that it is for.
    pub fn endian_cfg(&self) -> &'static str {
        match self.spec.endian {
            Endian::Little => "little",
            Endian::Big => "big",
        }
    }

    /// Writes the text of a file, unless that is what the file holds.
    pub(crate) fn write(&self, path: &Path) -> Result<bool> {
        write_parts_if_changed(path, &self.text)
    }
}

impl fmt::Display for Skeleton {
    /// The text of a file, formatted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.iter().try_for_each(|part| f.write_str(part))
    }
}
