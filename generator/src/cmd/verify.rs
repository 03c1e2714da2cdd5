use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use bpf_skel::btf::{Btf, Kind};
use bpf_skel::insn::Insn;
use bpf_skel::kernel_btf::KernelBtf;
use bpf_skel::object::{LogLevel, OpenMap};
use bpf_skel::spec::{
    Endian, MapContents, MapSpec, ObjectSpec, ProgramSpec, RelocationTarget, SlotTarget,
};
use bpf_skel::{ErrorKind, OpenObject, PreparedObject};
use serde::Serialize;

use super::cli::{Reading, print, print_json};
use super::table::Table;
use crate::Result;
use crate::output::say;

/// How many of the verifier's last lines are shown.
const LOG_LINES: usize = 20;

/// Load each program of an object, on its own, into the running kernel.
///
/// Attaches nothing and leaves nothing: maps are created for the check and closed, never pinned. Prints one entry a
/// program: `accepted`, `rejected` by the verifier, or `failed` before the verifier was asked (a capability, a kernel
/// type or a map was missing). The status is 0 only where all were accepted.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The object; of this machine's byte order.
    #[arg(value_name = "OBJ")]
    object: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    reading: Reading,
    /// Resolve CO-RE against the types in this file (BTF, or an ELF file that has some) and not the running kernel's.
    #[arg(long, value_name = "FILE")]
    btf: Option<PathBuf>,
    /// Create everything with a BPF token of the BPF file system mounted at DIR; "" for none.
    #[arg(long, value_name = "DIR")]
    token: Option<PathBuf>,
    /// Add each program's final instructions in hex, with indices of maps in place of descriptors.
    #[arg(long)]
    insns: bool,
}

#[derive(Serialize)]
struct Report<'s> {
    object: &'s str,
    programs: Vec<Program<'s>>,
}

#[derive(Serialize)]
struct Program<'s> {
    name: &'s str,
    section: &'s str,
    #[serde(rename = "type")]
    program_type: String,
    verdict: Verdict,
    error: Option<String>,
    /// Final instructions in hex, where they were asked for and got so far.
    insns: Option<String>,
    /// How many instructions the verifier walked through.
    verified_insns: Option<u64>,
    /// The verifier's last lines.
    log: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Accepted,
    /// The verifier said no.
    Rejected,
    /// The verifier was not asked: a map, a kernel type, a capability was missing.
    Failed,
}

impl Args {
    pub(super) fn run(self) -> Result<ExitCode> {
        let spec = Arc::new(self.reading.object(&self.object)?);
        let kernel = self.btf.as_ref().map(KernelBtf::from_file).transpose()?.map(Arc::new);
        let programs = (0..spec.programs.len())
            .map(|index| self.verify(&spec, index, kernel.as_ref()))
            .collect();
        let report = Report { object: &spec.name, programs };
        if self.json {
            print_json(&report)?;
        } else {
            print(&report.text())?;
        }
        let accepted = |program: &Program<'_>| program.verdict == Verdict::Accepted;
        let refused = report.programs.iter().filter(|program| !accepted(program)).count();
        if refused == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        let (all, were) = match report.programs.len() {
            1 => ("1 program".to_owned(), "was"),
            all => (format!("{all} programs"), "were"),
        };
        say(format_args!("bpf-skel: {refused} of {all} {were} not accepted"));
        Ok(ExitCode::FAILURE)
    }

    /// Opens the object anew with this one program, and loads it.
    fn verify<'s>(
        &self,
        spec: &'s Arc<ObjectSpec>,
        index: usize,
        kernel: Option<&Arc<KernelBtf>>,
    ) -> Program<'s> {
        let program = &spec.programs[index];
        let mut report = Program {
            name: &program.name,
            section: &program.section,
            program_type: program.program_type.to_string(),
            verdict: Verdict::Failed,
            error: None,
            insns: None,
            verified_insns: None,
            log: Vec::new(),
        };
        let mut open = OpenObject::from_shared(Arc::clone(spec));
        for (other, program) in open.programs_mut().iter_mut().enumerate() {
            program.set_autoload(other == index);
        }
        // Only the maps that this program needs, so that a bad one fails no other's.
        let mut needed = needed_maps(spec, index);
        let caller = caller(spec, index);
        if let Some(map) = caller {
            needed[map] = true;
        }
        for (map, needed) in open.maps_mut().iter_mut().zip(needed) {
            map.clear_pin().set_autocreate(needed);
        }
        if let Some(map) = caller {
            leave_out_others(spec, &mut open.maps_mut()[map], index);
        }
        if let Some(kernel) = kernel {
            open.options.set_kernel_btf(Arc::clone(kernel));
        }
        if let Some(bpffs) = &self.token {
            open.options.set_token_path(bpffs);
        }
        open.options.set_log_level(LogLevel::Stats).set_threads(NonZeroUsize::MIN);
        let loaded = open.prepare().and_then(|prepared| {
            if self.insns {
                report.insns = insns(&prepared, program, index);
            }
            prepared.load()
        });
        let log = match &loaded {
            // Nothing calls it on this kernel.
            Ok(object) if !object.programs()[index].is_loaded() => {
                report.error = object.notes().first().map(ToString::to_string);
                None
            }
            Ok(object) => {
                report.verdict = Verdict::Accepted;
                object.verifier_log(index)
            }
            Err(error) => {
                if error.kind() == ErrorKind::Rejected {
                    report.verdict = Verdict::Rejected;
                }
                report.error = Some(error.to_string());
                error.verifier_log()
            }
        };
        if let Some(log) = log {
            report.verified_insns = verified_insns(log);
            let lines: Vec<&str> = log.lines().filter(|line| !line.is_empty()).collect();
            let last = &lines[lines.len().saturating_sub(LOG_LINES)..];
            report.log = last.iter().map(|&line| line.to_owned()).collect();
        }
        report
    }
}

/// Which maps the program refers to, with what those hold from the start.
fn needed_maps(spec: &ObjectSpec, index: usize) -> Vec<bool> {
    let mut needed = vec![false; spec.maps.len()];
    let relocations = spec.programs[index].relocations.iter();
    let mut queue: Vec<u32> =
        relocations.filter_map(|relocation| map_of(&relocation.target)).collect();
    while let Some(map) = queue.pop() {
        let Some(seen) = needed.get_mut(map as usize) else { continue };
        if std::mem::replace(seen, true) {
            continue;
        }
        if let MapContents::Slots(slots) = &spec.maps[map as usize].contents {
            queue.extend(slots.iter().filter_map(|slot| match slot.target {
                SlotTarget::Map(map) => Some(map),
                SlotTarget::Program(_) => None,
            }));
        }
    }
    needed
}

/// A struct_ops map that calls the program, which the verifier then checks for that; rather one that the object always has.
fn caller(spec: &ObjectSpec, index: usize) -> Option<usize> {
    let calls = |map: &MapSpec, wanted: bool| match &map.contents {
        MapContents::StructOps { functions, optional, .. } => {
            *optional == wanted
                && functions.iter().any(|function| function.program as usize == index)
        }
        _ => false,
    };
    let find = |optional| spec.maps.iter().position(|map| calls(map, optional));
    find(false).or_else(|| find(true))
}

/// Has the map call no other program.
fn leave_out_others(spec: &ObjectSpec, open: &mut OpenMap, index: usize) {
    let MapContents::StructOps { functions, .. } = &open.spec().contents else { return };
    let Ok(btf) = Btf::parse(&spec.btf, spec.endian) else { return };
    let ty = btf.type_by_id(open.spec().value_type_id);
    let Some(Kind::Struct(operations)) = ty.map(|ty| ty.kind) else { return };
    let others = functions.iter().filter(|function| function.program as usize != index);
    let members: Vec<_> =
        others.filter_map(|function| operations.member(function.member as usize)).collect();
    for member in members {
        open.clear_function(member.name);
    }
}

fn map_of(target: &RelocationTarget) -> Option<u32> {
    match *target {
        RelocationTarget::Map(map) | RelocationTarget::MapValue { map, .. } => Some(map),
        _ => None,
    }
}

/// The final instructions in hex; a map is its index, so that two runs give the same. Jump tables come after the maps.
fn insns(prepared: &PreparedObject, program: &ProgramSpec, index: usize) -> Option<String> {
    let mut text: Vec<Insn> = prepared.program_insns(index)?.to_vec();
    let maps = prepared.spec().maps.len() as u32;
    for relocation in program.relocations.iter() {
        let map = match relocation.target {
            RelocationTarget::JumpTable(index) => Some(maps + index),
            ref other => map_of(other),
        };
        if let Some(map) = map
            && let Some(insn) = text.get_mut(relocation.insn as usize)
            && insn.is_ldimm64()
        {
            insn.imm = map.cast_signed();
        }
    }
    let bytes = text.iter().flat_map(|insn| insn.to_bytes(Endian::NATIVE));
    Some(bytes.map(|byte| format!("{byte:02x}")).collect())
}

/// N of the verifier's "processed N insns (limit …) …".
fn verified_insns(log: &str) -> Option<u64> {
    let line = log.lines().rev().find(|line| line.starts_with("processed "))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// The word after `after` in a line that starts with `before`.
fn word_after<'l>(line: &'l str, before: &str, after: &str) -> Option<&'l str> {
    let rest = line.strip_prefix(before)?;
    let (_, rest) = rest.split_at(rest.find(after)? + after.len());
    rest.split_whitespace().next()
}

impl Report<'_> {
    fn text(&self) -> String {
        let mut out = format!("object   {}\n\n", self.object);
        let headings = [
            "program",
            "section",
            "type",
            "verdict",
            ">verified insns",
            ">states",
            ">stack",
            ">µs",
        ];
        let mut table = Table::new(&headings);
        for program in &self.programs {
            let verdict = match program.verdict {
                Verdict::Accepted => "accepted",
                Verdict::Rejected => "rejected",
                Verdict::Failed => "failed",
            };
            let insns = program.verified_insns.map(|insns| insns.to_string());
            let statistic = |before, after| {
                program.log.iter().rev().find_map(|line| word_after(line, before, after))
            };
            let or_dash = |text: Option<&str>| text.unwrap_or("-").to_owned();
            table.row(vec![
                program.name.to_owned(),
                program.section.to_owned(),
                program.program_type.clone(),
                verdict.to_owned(),
                or_dash(insns.as_deref()),
                or_dash(statistic("processed ", " total_states ")),
                or_dash(statistic("stack depth ", "")),
                or_dash(statistic("verification time ", "")),
            ]);
        }
        table.print(&mut out);
        for program in &self.programs {
            program.details(&mut out);
        }
        out
    }
}

impl Program<'_> {
    /// What does not fit into the table.
    fn details(&self, out: &mut String) {
        let mut lines: Vec<&str> = Vec::new();
        lines.extend(self.error.as_deref());
        if self.verdict != Verdict::Accepted {
            lines.extend(self.log.iter().map(String::as_str));
        }
        lines.extend(self.insns.as_deref());
        if lines.is_empty() {
            return;
        }
        out.push_str(&format!("\n{}\n", self.name));
        for line in lines {
            out.push_str(&format!("  {line}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_on_the_last_statistics_line() {
        let log = "func#0 @0\nverification time 45 usec\nstack depth 8\n\
            processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1\n";
        assert_eq!(verified_insns(log), Some(12));
        assert_eq!(verified_insns("nothing"), None);
        let line = log.lines().last().unwrap();
        assert_eq!(word_after(line, "processed ", " total_states "), Some("1"));
        assert_eq!(word_after("stack depth 8+0", "stack depth ", ""), Some("8+0"));
        assert_eq!(word_after(line, "stack depth ", ""), None);
    }
}
