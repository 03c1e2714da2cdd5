//! The skeleton's module as a whole.

use bpf_skel::spec::Endian;
use proc_macro2::{Delimiter, Group, Ident, LexError, TokenStream, TokenTree};

use super::docs::code;
use super::paths::Paths;
use super::writer::{Writer, put};
use super::{live, maps, phases, programs, sections, spec, types};
use crate::Result;
use crate::model::Object;

/// What goes before the module's braces.
#[derive(Debug)]
pub(crate) struct Header {
    pub(crate) attributes: TokenStream,
    pub(crate) visibility: TokenStream,
    pub(crate) module: Ident,
}

/// The module. What the user has given stays tokens, with the places in the user's source; the rest is text.
#[derive(Debug)]
pub(crate) struct Module {
    /// Documentation and lints.
    head: String,
    header: Header,
    /// What is between the braces.
    body: String,
}

/// One list of lints, so that the module builds whatever the user denies; unsafe code is in the runtime's macros only,
/// so that even `forbid(unsafe_code)` holds.
const LINTS: &str = "#[allow(
    unused,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction,
    nonstandard_style,
    unreachable_pub,
    rustdoc::all
)]";

impl Module {
    /// The module of an object that was read from `file`; `rt` is the path of the runtime crate.
    pub(crate) fn new(
        header: Header,
        object: &Object<'_, '_>,
        file: &str,
        rt: &str,
    ) -> Result<Self> {
        let head = format!("/// Skeleton of BPF object {}.\n{LINTS}\n", code(file));
        let paths = Paths::root(rt, &object.types);
        let mut out = Writer::new(1);
        other_endian(&mut out, object.spec.endian, file);
        phases::structs(&mut out, &paths, object, file);
        maps::structs(&mut out, &paths, &object.maps);
        programs::structs(&mut out, &paths, &object.programs);
        types::module(&mut out, &paths);
        live::module(&mut out, &paths, &object.sections);
        sections::modules(&mut out, &paths, &object.sections);
        out.doc("Everything that the object holds.");
        out.open(format_args!("pub static SPEC: {rt}::spec::ObjectSpec = {{"));
        spec::expression(&mut out, object.spec, rt)?;
        out.close("};");
        Ok(Self { head, header, body: out.into_text() })
    }

    pub(crate) fn tokens(&self) -> std::result::Result<TokenStream, LexError> {
        let Header { attributes, visibility, module } = &self.header;
        let mut out: TokenStream = self.head.parse()?;
        out.extend([attributes.clone(), visibility.clone(), "mod".parse()?]);
        let body = Group::new(Delimiter::Brace, self.body.parse()?);
        out.extend([TokenTree::Ident(module.clone()), TokenTree::Group(body)]);
        Ok(out)
    }

    /// The text of a file.
    pub(crate) fn text(&self) -> String {
        let Header { attributes, visibility, module } = &self.header;
        let mut attributes = attributes.to_string();
        if !attributes.is_empty() {
            attributes.push('\n');
        }
        let mut visibility = visibility.to_string().replace("pub (", "pub(");
        if !visibility.is_empty() {
            visibility.push(' ');
        }
        let name = module.to_string();
        [&self.head, &attributes, &visibility, "mod ", &name, " {", &self.body, "\n}\n"].concat()
    }
}

/// A target of the other byte order would read every number wrong.
fn other_endian(out: &mut Writer, endian: Endian, file: &str) {
    let (other, wanted) = match endian {
        Endian::Little => ("big", "bpfeb"),
        Endian::Big => ("little", "bpfel"),
    };
    let message = format!(
        "{} is {endian} and the target is {other}-endian: compile the C source for it with `-target {wanted}`",
        code(file)
    );
    put!(out, "#[cfg(target_endian = {other:?})]");
    put!(out, "::core::compile_error!({message:?});");
}
