//! What one side says of an object: a line of JSON when it has opened it, then two a program.

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Line {
    Refused {
        error: String,
    },
    Opened {
        programs: Vec<String>,
    },
    /// A program has final instructions, and goes to the verifier next.
    Prepared(Box<Program>),
    /// There is no more to say of the program.
    Done(Box<Program>),
}

/// How far a program came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Opened; it failed before there were final instructions.
    Opened,
    /// It has final instructions; the kernel refused it, or was never asked.
    Prepared,
    Loaded,
}

/// What ended the process that had the program, before it could say what came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cut {
    /// It took more than its time, and was killed.
    TimedOut,
    /// It died.
    Crashed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) stage: Stage,
    pub(crate) cut: Option<Cut>,
    pub(crate) errno: Option<i32>,
    pub(crate) error: String,
    /// Final instructions; a map is its index, a module's BTF a constant.
    pub(crate) insns: Vec<u64>,
    /// The maps as the kernel has them.
    pub(crate) maps: Vec<MapFacts>,
    /// The program as the kernel has it.
    pub(crate) facts: Option<ProgramFacts>,
}

impl Program {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            stage: Stage::Opened,
            cut: None,
            errno: None,
            error: String::new(),
            insns: Vec::new(),
            maps: Vec::new(),
            facts: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MapFacts {
    pub(crate) name: String,
    pub(crate) map_type: u32,
    pub(crate) key_size: u32,
    pub(crate) value_size: u32,
    pub(crate) max_entries: u32,
    pub(crate) flags: u32,
    pub(crate) extra: u64,
    pub(crate) key_type: u32,
    pub(crate) value_type: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProgramFacts {
    pub(crate) name: String,
    pub(crate) program_type: u32,
    pub(crate) tag: [u8; 8],
    pub(crate) gpl: bool,
    pub(crate) attach_btf_id: u32,
    pub(crate) func_infos: u32,
    pub(crate) line_infos: u32,
    pub(crate) maps: u32,
    pub(crate) verified_insns: u32,
}
