//! The side of bpf-skel: through the public API, in process.

use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::sync::Arc;

use bpf_skel::spec::ObjectSpec;
use bpf_skel::{Error, OpenObject, elf};

use crate::kernel;
use crate::normal::{self, Fields};
use crate::outcome::{Program, Stage};
use crate::side::Opened;

pub(crate) struct Ours(Arc<ObjectSpec>);

impl Ours {
    pub(crate) fn open(path: &Path) -> Result<Self, String> {
        elf::read_file(path).map(|spec| Self(Arc::new(spec))).map_err(|error| error.to_string())
    }
}

impl Opened for Ours {
    fn programs(&self) -> Vec<String> {
        self.0.programs.iter().map(|program| program.name.to_string()).collect()
    }

    fn load(&self, index: usize, tell: &mut dyn FnMut(&Program)) -> Program {
        let mut out = Program::new(&self.0.programs[index].name);
        let mut open = OpenObject::from_shared(Arc::clone(&self.0));
        for (other, program) in open.programs_mut().iter_mut().enumerate() {
            program.set_autoload(other == index);
        }
        open.options.set_threads(NonZeroUsize::MIN);
        let prepared = match open.prepare() {
            Ok(prepared) => prepared,
            Err(error) => return failed(out, &error),
        };
        out.stage = Stage::Prepared;
        let maps: Vec<_> = prepared
            .maps()
            .iter()
            .map(|map| (!map.is_absent()).then(|| map.as_fd().as_raw_fd()))
            .collect();
        out.maps = maps.iter().copied().flatten().filter_map(kernel::map_facts).collect();
        let insns = prepared.program_insns(index).unwrap_or_default();
        out.insns = normal::insns(
            insns.iter().map(|insn| Fields {
                code: insn.code,
                regs: insn.regs,
                off: insn.off,
                imm: insn.imm,
            }),
            &maps,
        );
        tell(&out);
        match prepared.load() {
            Ok(object) => {
                out.stage = Stage::Loaded;
                let fd = object.programs()[index].as_fd().as_raw_fd();
                out.facts = kernel::program_facts(fd);
                out
            }
            Err(error) => failed(out, &error),
        }
    }
}

fn failed(mut out: Program, error: &Error) -> Program {
    out.errno = error.raw_os_error();
    out.error = error.to_string();
    if let Some(log) = error.verifier_log() {
        let lines: Vec<&str> = log.lines().rev().take(6).collect();
        eprintln!("{}", lines.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    out
}
