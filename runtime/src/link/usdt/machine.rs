//! Operands of assemblers, and where the kernel's `struct pt_regs` keeps registers.

use super::argument::Place;

/// `$7`, `%edi`, `-16(%rbp)`, `8(%rax,%rbx,4)`
pub(super) fn x86_64(operand: &str) -> Option<Place> {
    if let Some(constant) = operand.strip_prefix('$') {
        return constant.parse().ok().map(Place::Constant);
    }
    if let Some(register) = operand.strip_prefix('%') {
        return x86_64_register(register).map(Place::Register);
    }
    let (offset, address) = operand.strip_suffix(')')?.split_once('(')?;
    let offset = if offset.is_empty() { 0 } else { offset.parse().ok()? };
    let mut parts = address.split(',').map(str::trim);
    let register = |name: &str| x86_64_register(name.strip_prefix('%')?);
    let base = register(parts.next()?)?;
    let place = match (parts.next(), parts.next()) {
        (None, _) => Place::Memory { base, offset },
        (Some(index), scale) => {
            let shift = match scale {
                None | Some("1") => 0,
                Some("2") => 1,
                Some("4") => 2,
                Some("8") => 3,
                Some(_) => return None,
            };
            Place::Indexed { base, index: register(index)?, shift, offset }
        }
    };
    parts.next().is_none().then_some(place)
}

fn x86_64_register(name: &str) -> Option<u16> {
    /// In the order of `struct pt_regs`; empty where no value of a probe can be.
    const REGISTERS: [[&str; 4]; 20] = [
        ["r15", "r15d", "r15w", "r15b"],
        ["r14", "r14d", "r14w", "r14b"],
        ["r13", "r13d", "r13w", "r13b"],
        ["r12", "r12d", "r12w", "r12b"],
        ["rbp", "ebp", "bp", "bpl"],
        ["rbx", "ebx", "bx", "bl"],
        ["r11", "r11d", "r11w", "r11b"],
        ["r10", "r10d", "r10w", "r10b"],
        ["r9", "r9d", "r9w", "r9b"],
        ["r8", "r8d", "r8w", "r8b"],
        ["rax", "eax", "ax", "al"],
        ["rcx", "ecx", "cx", "cl"],
        ["rdx", "edx", "dx", "dl"],
        ["rsi", "esi", "si", "sil"],
        ["rdi", "edi", "di", "dil"],
        [""; 4],
        ["rip", "eip", "", ""],
        [""; 4],
        [""; 4],
        ["rsp", "esp", "sp", "spl"],
    ];
    let is_named = |names: &[&str; 4]| !name.is_empty() && names.contains(&name);
    let at = REGISTERS.iter().position(is_named)?;
    u16::try_from(at * 8).ok()
}

/// `7`, `x3`, `[sp, 16]`
pub(super) fn aarch64(operand: &str) -> Option<Place> {
    if let Some(address) = operand.strip_prefix('[') {
        let address = address.strip_suffix(']')?;
        let (base, offset) = match address.split_once(',') {
            Some((base, offset)) => (base, offset.trim().trim_start_matches('#').parse().ok()?),
            None => (address, 0),
        };
        return Some(Place::Memory { base: aarch64_register(base.trim())?, offset });
    }
    match operand.parse() {
        Ok(constant) => Some(Place::Constant(constant)),
        Err(_) => aarch64_register(operand).map(Place::Register),
    }
}

fn aarch64_register(name: &str) -> Option<u16> {
    if name == "sp" {
        return Some(31 * 8);
    }
    let number = name.strip_prefix(['x', 'w'])?;
    number.parse().ok().filter(|&number: &u16| number < 31).map(|number| number * 8)
}
