//! Sections `N/M`: programs that others jump to through slot M of the prog array with id N.

use std::collections::BTreeMap;

use super::super::budget::Budget;
use super::super::maps::Maps;
use super::super::warning::Warning;
use super::definition::Definition;
use super::filling::Filling;
use crate::error::Within as _;
use crate::spec::{MapSpec, ProgramSpec, Relocation, RelocationTarget, SlotTarget};
use crate::uapi::{AttachType, MapType, ProgramType};
use crate::{Error, Frame, Result};

/// A program in a section `N/M`.
struct TailCall {
    /// Its index in the spec.
    program: u32,
    /// The index of the prog array in the spec.
    map: u32,
    key: u32,
}

pub(super) fn link(
    definitions: &[(u32, Definition)],
    maps: &mut Maps<'_>,
    programs: &mut [ProgramSpec],
    budget: &mut Budget,
) -> Result<()> {
    let calls = find(definitions, maps, programs, budget)?;
    let mut fillings: BTreeMap<u32, Filling> = BTreeMap::new();
    for call in &calls {
        let target = SlotTarget::Program(call.program);
        fillings.entry(call.map).or_default().put(call.key, target, call.map, maps, budget)?;
    }
    for (map, filling) in fillings {
        maps.specs[map as usize].contents = filling.into_contents();
    }
    infer_types(&calls, &maps.specs, programs);
    Ok(())
}

fn find(
    definitions: &[(u32, Definition)],
    maps: &mut Maps<'_>,
    programs: &mut [ProgramSpec],
    budget: &mut Budget,
) -> Result<Vec<TailCall>> {
    let mut calls: Vec<TailCall> = Vec::new();
    for index in 0..programs.len() {
        let (before, rest) = programs.split_at_mut(index);
        let Some(program) = rest.first_mut() else { break };
        let Some((id, key)) = parse(&program.section) else { continue };
        let is_array = |map: &Definition| map.map_type == MapType::PROG_ARRAY && map.id == id;
        let Some((map, _)) = definitions.iter().find(|(_, map)| is_array(map)) else {
            program.autoload = false;
            budget.take(program.section.len() + size_of::<Warning>())?;
            let section = program.section.to_string();
            maps.warnings.push(Warning::NoProgArray { section, id });
            continue;
        };
        // Programs are in the order of their sections.
        if let Some(other) = before.last().filter(|other| other.section == program.section) {
            return Err(Error::malformed(format!(
                "expected one program to put into slot {key}, found {:?} and {:?}",
                other.name, program.name
            )))
            .within(|| Frame::Section(program.section.to_string()));
        }
        let program = u32::try_from(index).map_err(|_| Error::malformed("too many programs"))?;
        calls.push(TailCall { program, map: *map, key });
    }
    Ok(calls)
}

/// The id and the key that a section's name gives, as `sscanf("%i/%i")` reads them: what follows is of no interest.
fn parse(section: &str) -> Option<(u32, u32)> {
    let (id, key) = section.split_once('/')?;
    let (id, "") = number(id)? else { return None };
    Some((id, number(key)?.0))
}

/// A number as C writes it, and what follows it.
fn number(text: &str) -> Option<(u32, &str)> {
    let (digits, radix) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(rest) => (rest, 16),
        None if text.starts_with('0') => (text, 8),
        None => (text, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at(end);
    Some((u32::from_str_radix(digits, radix).ok()?, rest))
}

/// What the programs that share a prog array must agree on.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Like {
    program_type: ProgramType,
    attach_type: AttachType,
    flags: u32,
}

/// What is known of the programs that use a prog array.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Users {
    Unknown,
    Alike(Like),
    Different,
}

/// A section `N/M` names no type of program: a program there is like those that jump to it, where these are alike.
fn infer_types(calls: &[TailCall], maps: &[MapSpec], programs: &mut [ProgramSpec]) {
    let mut users = vec![Users::Unknown; maps.len()];
    // Arrays that a program refers to; few programs refer to many.
    let arrays: Vec<Vec<usize>> = programs.iter().map(|program| arrays_of(program, maps)).collect();
    // A round without news is the last; news is a map whose users become known, or different.
    loop {
        let mut news = false;
        for (program, arrays) in programs.iter().zip(&arrays) {
            if program.program_type == ProgramType::UNSPEC {
                continue;
            }
            let &ProgramSpec { program_type, attach_type, flags, .. } = program;
            let like = Like { program_type, attach_type, flags };
            for &array in arrays {
                let now = match users[array] {
                    Users::Unknown => Users::Alike(like),
                    Users::Alike(other) if other != like => Users::Different,
                    same => same,
                };
                news |= now != users[array];
                users[array] = now;
            }
        }
        if !news {
            return;
        }
        for call in calls {
            let program = &mut programs[call.program as usize];
            if let (ProgramType::UNSPEC, Users::Alike(like)) =
                (program.program_type, users[call.map as usize])
            {
                let Like { program_type, attach_type, flags } = like;
                (program.program_type, program.attach_type) = (program_type, attach_type);
                program.flags = flags;
            }
        }
    }
}

/// The prog arrays that a program refers to, each once.
fn arrays_of(program: &ProgramSpec, maps: &[MapSpec]) -> Vec<usize> {
    let map = |relocation: &Relocation| match relocation.target {
        RelocationTarget::Map(map) => Some(map as usize),
        _ => None,
    };
    let is_array =
        |map: &usize| maps.get(*map).is_some_and(|spec| spec.map_type == MapType::PROG_ARRAY);
    let mut arrays: Vec<usize> =
        program.relocations.iter().filter_map(map).filter(is_array).collect();
    arrays.sort_unstable();
    arrays.dedup();
    arrays
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn numbers_are_those_of_c() {
        for (section, expected) in [
            ("1/0", Some((1, 0))),
            ("0x1F/010", Some((31, 8))),
            ("7/3U", Some((7, 3))),
            ("0/0", Some((0, 0))),
            ("4294967295/1", Some((u32::MAX, 1))),
            ("4294967296/1", None),
            ("1", None),
            ("/1", None),
            ("1/", None),
            ("0x/1", None),
            ("09/1", None),
            ("1a/1", None),
            ("xdp/1", None),
            ("+1/1", None),
        ] {
            assert_eq!(parse(section), expected, "{section}");
        }
    }
}
