//! The second phase: everything that comes before verification.

use std::cell::RefCell;
use std::os::fd::{AsFd, AsRawFd};

use super::create::{self, Context};
use super::pins::Pins;
use super::prepared::{PreparedObject, PreparedProgram};
use super::{OpenObject, OpenProgram, btf, externs, jump_tables, kernel_types, slots, text};
use crate::error::{Error, Result, Within};
use crate::spec::{Endian, ObjectSpec, ProgramSpec, SlotTarget};
use crate::sys::{Capability, explain};
use crate::token::LazyToken;

pub(crate) fn prepare(open: OpenObject) -> Result<PreparedObject> {
    let OpenObject { spec, maps: mut open_maps, mut programs, mut options } = open;
    if spec.endian != Endian::NATIVE {
        return Err(Error::mismatch(format!(
            "the object is {}, this machine is {}",
            spec.endian,
            Endian::NATIVE
        )));
    }
    let token = LazyToken::new(options.token_path.as_deref());
    token.require()?;
    // The kernel's types first: nothing exists yet that would have to go again.
    let types = kernel_types::resolve(&spec, &options, &token, &mut open_maps, &mut programs)?;
    let mut symbols = types.symbols;
    externs::fill(&spec, &options, &types.externs, &mut symbols, &mut open_maps)?;

    let needs = needs(&programs);
    let mut notes = Vec::new();
    let btf = btf::load(&spec, &open_maps, &token, &needs, &mut notes)?;
    notes.extend(types.notes);
    notes.extend(token.note());
    let mut pins = Pins::default();
    let added = std::mem::take(&mut options.added);
    let context = Context {
        spec: &spec,
        options: &options,
        token: &token,
        btf: btf.as_ref().map(AsFd::as_fd),
        needs: &needs,
        notes: RefCell::new(notes),
    };
    let mut maps = Vec::with_capacity(open_maps.len() + added.len());
    let mut slots = Vec::with_capacity(maps.capacity());
    let mut operations = Vec::with_capacity(maps.capacity());
    let mut autoattach = Vec::with_capacity(maps.capacity());
    for open in open_maps.into_iter().chain(added) {
        let name = open.frame();
        autoattach.push(open.autoattach);
        let made = create::map(&context, open, &mut pins).within(|| name)?;
        maps.push(made.map);
        slots.push(made.slots);
        operations.push(made.operations);
    }
    slots::fill(&maps, &slots, |target| match target {
        SlotTarget::Map(map) => {
            maps.get(map as usize).filter(|map| !map.is_absent()).map(AsFd::as_fd)
        }
        SlotTarget::Program(_) => None,
    })?;

    let fd = |map: u32| {
        let map = maps.get(map as usize).filter(|map| !map.is_absent())?;
        Some((map.as_fd().as_raw_fd(), map.data_offset()))
    };
    let mut prepared = Vec::with_capacity(programs.len());
    for (open, target) in programs.into_iter().zip(types.targets) {
        let (text, jump_tables) = match open.autoload {
            true => {
                let program = program_spec(&spec, &open)?;
                let tables = jump_tables::create(&context, program).within(|| open.frame())?;
                (text::resolve(program, &types.core, fd, &tables, &symbols)?, tables)
            }
            false => (Vec::new(), Vec::new()),
        };
        prepared.push(PreparedProgram { open, text, target, _jump_tables: jump_tables });
    }
    let notes = context.notes.into_inner();
    let modules = symbols.modules;
    let programs = prepared;
    Ok(PreparedObject {
        spec,
        options,
        token,
        maps,
        slots,
        operations,
        autoattach,
        programs,
        btf,
        modules,
        pins,
        notes,
    })
}

pub(crate) fn program_spec<'s>(
    spec: &'s ObjectSpec,
    open: &OpenProgram,
) -> Result<&'s ProgramSpec> {
    spec.programs
        .get(open.index as usize)
        .ok_or_else(|| Error::invalid_input("not a program of this object").within(open.frame()))
}

/// The capabilities that the whole load needs, so that the first refusal names all of them.
fn needs(programs: &[OpenProgram]) -> Vec<Capability> {
    let mut needs = explain::BPF.to_vec();
    for program in programs.iter().filter(|program| program.autoload) {
        for &need in explain::program_needs(program.program_type) {
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
    }
    needs
}
