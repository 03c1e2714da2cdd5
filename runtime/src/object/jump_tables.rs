//! Tables that programs jump through: maps of instructions, which the kernel keeps in step with what it makes of them.

use super::create::{self, Context};
use crate::error::{Error, Frame, Result, Within};
use crate::map::Map;
use crate::spec::{JumpTable, MapSpec, ProgramSpec, RelocationTarget};
use crate::uapi::{MapType, flags};

/// `struct bpf_insn_array_value`: where the instruction is in the program as it is given, as it is verified, and as it
/// is compiled, which the kernel fills in; four bytes are left.
const VALUE_SIZE: u32 = 16;

/// The tables of a program as maps, by their index in the spec. They are frozen, as the verifier wants them, and live as
/// long as the program.
pub(super) fn create(context: &Context<'_>, program: &ProgramSpec) -> Result<Vec<(u32, Map)>> {
    let mut maps: Vec<(u32, Map)> = Vec::new();
    for relocation in program.relocations.iter() {
        let RelocationTarget::JumpTable(index) = relocation.target else { continue };
        if maps.iter().any(|(known, _)| *known == index) {
            continue;
        }
        let table = context.spec.jump_tables.get(index as usize).ok_or_else(|| {
            Error::malformed(format!(
                "relocation of instruction {}: jump table {index} of {}",
                relocation.insn,
                context.spec.jump_tables.len()
            ))
        })?;
        let map = one(context, table).within(|| Frame::Symbol(table.name.to_string()))?;
        maps.push((index, map));
    }
    Ok(maps)
}

fn one(context: &Context<'_>, table: &JumpTable) -> Result<Map> {
    let len = u32::try_from(table.targets.len())
        .map_err(|_| Error::invalid_input("more targets than a map has entries"))?;
    let spec = MapSpec::new(".jumptables", MapType::INSN_ARRAY, 4, VALUE_SIZE, len);
    let map = create::create_bare(context, &spec, None, None)?;
    for (key, target) in (0_u32..).zip(table.targets.iter()) {
        let mut value = [0; VALUE_SIZE as usize];
        value[..4].copy_from_slice(&target.to_ne_bytes());
        map.update(&key.to_ne_bytes(), &value, flags::ANY)?;
    }
    map.freeze()?;
    Ok(map)
}
