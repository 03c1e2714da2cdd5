//! The other end of [`child`](crate::child): opens an object and says what comes of each of its programs.

use std::io::{self, Write as _};
use std::path::Path;

use crate::child::{MARK, Side};
use crate::kernel;
use crate::libbpf::Libbpf;
use crate::ours::Ours;
use crate::outcome::{Line, Program};

/// An object that one side has opened.
pub(crate) trait Opened {
    /// The names of its programs.
    fn programs(&self) -> Vec<String>;
    /// Loads one program and no other; `tell` gets it as it goes to the verifier.
    fn load(&self, index: usize, tell: &mut dyn FnMut(&Program)) -> Program;
}

/// Opens the object and loads its programs from the one with index `from`, each on its own.
pub(crate) fn answer(side: Side, object: &Path, from: usize) -> io::Result<()> {
    kernel::private_mounts()?;
    let mut mounted = false;
    kernel::empty_bpffs(&mut mounted)?;
    let open = match side {
        Side::Libbpf => Libbpf::open(object).map(|open| Box::new(open) as Box<dyn Opened>),
        Side::Ours => Ours::open(object).map(|open| Box::new(open) as Box<dyn Opened>),
    };
    let open = match open {
        Ok(open) => open,
        Err(error) => return say(&Line::Refused { error }),
    };
    let names = open.programs();
    say(&Line::Opened { programs: names.clone() })?;
    for (index, name) in names.iter().enumerate().skip(from) {
        eprintln!("{MARK}{name}");
        kernel::empty_bpffs(&mut mounted)?;
        let mut told = Ok(());
        let program = open.load(index, &mut |prepared| {
            told = say(&Line::Prepared(Box::new(prepared.clone())));
        });
        told?;
        say(&Line::Done(Box::new(program)))?;
    }
    Ok(())
}

fn say(line: &Line) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}
