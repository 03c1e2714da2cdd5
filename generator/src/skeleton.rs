//! A skeleton: what comes out of an object.

use std::fmt;
use std::path::Path;

use bpf_skel::Frame;
use bpf_skel::elf::{Reader, Reading, Warning};
use bpf_skel::spec::{Endian, ObjectSpec};

use crate::builder::object_name;
use crate::emit::{self, Header};
use crate::model::Object;
use crate::output::write_parts_if_changed;
use crate::shared::{Shared, read_btf};
use crate::{Options, Result};

/// The Rust module for an object, by [`Display`](fmt::Display) as the text of a file, which a macro parses.
#[derive(Debug)]
pub struct Skeleton {
    name: String,
    spec: ObjectSpec,
    warnings: Vec<Warning>,
    /// The text, in parts: a large one is not put together for nothing.
    text: [String; 2],
}

impl Skeleton {
    /// The skeleton of an object that was read from `file`. Map definitions in a section `maps`, as iproute2 and libbpf
    /// before 1.0 had them, are as good as those in `.maps`; [`warnings`](Self::warnings) has what is to be said of them.
    ///
    /// # Errors
    /// Where the object is broken or holds what is not supported; where an option is no Rust.
    pub fn from_object(bytes: &[u8], file: &str, options: &Options) -> Result<Self> {
        Self::from_reading(Reader::new().legacy(options.legacy).read(bytes, file)?, file, options)
    }

    /// As [`from_object`](Self::from_object), of bytes that stay.
    #[cfg(feature = "cli")]
    pub(crate) fn from_static(bytes: &'static [u8], file: &str, options: &Options) -> Result<Self> {
        let reader = Reader::new().legacy(options.legacy);
        Self::from_reading(reader.read_static(bytes, file)?, file, options)
    }

    fn from_reading(reading: Reading, file: &str, options: &Options) -> Result<Self> {
        let skeleton = Self::from_spec(reading.spec, file, options)?;
        Ok(Self { warnings: reading.warnings, ..skeleton })
    }

    /// The skeleton of an object that was read already.
    ///
    /// # Errors
    /// As [`from_object`](Self::from_object).
    pub fn from_spec(spec: ObjectSpec, file: &str, options: &Options) -> Result<Self> {
        Self::sharing(spec, file, options, None)
    }

    /// As [`from_spec`](Self::from_spec), with the types that are shared where those are.
    pub(crate) fn sharing(
        spec: ObjectSpec,
        file: &str,
        options: &Options,
        shared: Option<&Shared>,
    ) -> Result<Self> {
        let frame = |error: crate::Error| error.within(Frame::Object(file.to_owned()));
        let runtime = options.runtime_path()?;
        let ident = options.module_ident(object_name(file))?;
        let btf = read_btf(&spec).map_err(frame)?;
        let object = Object::new(&spec, btf.as_ref(), options).map_err(frame)?;
        let header = Header {
            attributes: &options.attributes,
            visibility: options.visibility.as_deref().unwrap_or("pub"),
            module: &ident,
            file,
            runtime: runtime.text(),
        };
        let text = emit::skeleton(&header, &object, shared).map_err(frame)?;
        drop(object);
        drop(btf);
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
