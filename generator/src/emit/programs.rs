//! `OpenProgs` and `Progs`.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs::{code, doc, paragraphs};
use super::paths::Paths;
use crate::model::Program;

pub(super) fn structs(paths: &Paths<'_>, programs: &[Program<'_>]) -> TokenStream {
    let rt = paths.rt;
    let (of_open, of_programs) =
        (doc("The object's programs, before they are loaded."), doc("The object's programs."));
    let docs: Vec<TokenStream> = programs.iter().map(program_doc).collect();
    let idents: Vec<_> = programs.iter().map(|program| &program.ident).collect();
    let kinds = programs.iter().map(|program| &program.kind);
    quote! {
        #of_open
        #[derive(Debug)]
        pub struct OpenProgs {
            #(#docs pub #idents: #rt::object::OpenProgram,)*
        }
        #of_programs
        #[derive(Debug)]
        pub struct Progs {
            #(#docs pub #idents: #rt::program::Program<#rt::program::kind::#kinds>,)*
        }
    }
}

fn program_doc(program: &Program<'_>) -> TokenStream {
    let spec = program.spec;
    let mut first = format!(
        "Program {}: section {}, type {}",
        code(&spec.name),
        code(&spec.section),
        code(&spec.program_type.to_string()),
    );
    if let Some(target) = &spec.target {
        first.push_str(&format!(", target {}", code(target)));
    }
    first.push_str(&format!(", {} instructions.", spec.insn_count()));
    let c = program.c.as_deref().map(|c| format!("{}.", code(c)));
    let off = (!spec.autoload).then(|| "Not loaded unless asked for.".to_owned());
    paragraphs(std::iter::once(first).chain(c).chain(off))
}
