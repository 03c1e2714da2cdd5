//! `OpenProgs` and `Progs`.

use super::docs::code;
use super::paths::Paths;
use super::writer::{Writer, put};
use crate::model::Program;

pub(super) fn structs(out: &mut Writer, paths: &Paths<'_>, programs: &[Program<'_>]) {
    let rt = paths.rt;
    out.doc("The object's programs, before they are loaded.");
    out.line("#[derive(Debug)]");
    out.open("pub struct OpenProgs {");
    for program in programs {
        doc(out, program);
        put!(out, "pub {}: {rt}::object::OpenProgram,", program.ident);
    }
    out.close("}");
    out.doc("The object's programs.");
    out.line("#[derive(Debug)]");
    out.open("pub struct Progs {");
    for program in programs {
        let Program { ident, kind, .. } = program;
        doc(out, program);
        put!(out, "pub {ident}: {rt}::program::Program<{rt}::program::kind::{kind}>,");
    }
    out.close("}");
}

fn doc(out: &mut Writer, program: &Program<'_>) {
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
    let off = (!spec.autoload).then(|| "Not loaded unless asked for.".to_owned());
    out.docs(std::iter::once(first).chain(off));
}
