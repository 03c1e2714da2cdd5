//! `OpenProgs` and `Progs`.

use super::docs::{code, codes};
use super::paths::Paths;
use super::printed;
use super::writer::Writer;
use crate::model::Program;

pub(super) fn structs(out: &mut Writer, paths: &Paths<'_>, programs: &[Program<'_>]) {
    let rt = paths.rt;
    out.doc("The object's programs, before they are loaded.");
    printed::structure(out, rt, "OpenProgs", |fields| {
        for program in programs {
            program_doc(fields.out, program);
            fields.public(&program.ident, format_args!("{rt}::object::OpenProgram"));
        }
    });
    out.doc("The object's programs.");
    printed::structure(out, rt, "Progs", |fields| {
        for program in programs {
            let Program { ident, kind, .. } = program;
            program_doc(fields.out, program);
            let kind = format!("{rt}::program::kind::{kind:?}");
            fields.public(ident, format_args!("{rt}::program::Program<{kind}>"));
        }
    });
}

fn program_doc(out: &mut Writer, program: &Program<'_>) {
    let spec = program.spec;
    let kind = spec.program_type.to_string();
    let target = spec.target.as_ref().map(|target| format!(", target {}", code(target)));
    out.doc(format_args!(
        "Program {}: section {}, type {}{}, {} instructions.",
        code(&spec.name),
        code(&spec.section),
        code(&kind),
        target.unwrap_or_default(),
        spec.insn_count()
    ));
    if let Some(c) = &program.c {
        out.paragraph(format_args!("{}.", code(c)));
    }
    for (parameter, tags) in &program.tagged {
        out.paragraph(format_args!("Parameter {} is tagged {}.", code(parameter), codes(tags)));
    }
    if !spec.autoload {
        out.paragraph("Not loaded unless asked for.");
    }
}
