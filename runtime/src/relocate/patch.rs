//! Putting the number into the instruction.

use super::resolve::{Resize, Resolution};
use crate::error::{Error, Result};
use crate::insn::{CALL, Insn};

/// What an instruction that must not be reached calls: no such helper exists, so that the verifier refuses the
/// program if it can be reached, and removes it otherwise. The number is the one that is known for this from C
/// loaders: it reads "bad relo" in hexadecimal.
pub const POISON: i32 = 0x0bad_2310;

const CLASS: u8 = 0x07;
const LD: u8 = 0x00;
const LDX: u8 = 0x01;
const ST: u8 = 0x02;
const STX: u8 = 0x03;
const ALU: u8 = 0x04;
const ALU64: u8 = 0x07;
/// Source operand of an ALU instruction: a register.
const SOURCE_REGISTER: u8 = 0x08;
const SIZE: u8 = 0x18;

/// Puts a resolved relocation into the instruction `at`.
///
/// # Errors
/// Where the instruction is none that can be relocated, does not have the number that the object's types say, or has
/// no room for the new one.
pub fn patch(insns: &mut [Insn], at: usize, resolution: &Resolution) -> Result<()> {
    let fault =
        |what: String| Error::malformed(format!("CO-RE relocation: instruction {at} {what}"));
    let Some(&insn) = insns.get(at) else {
        return Err(fault(format!("is past the end ({} instructions)", insns.len())));
    };
    let Some(value) = resolution.value else {
        poison(insns, at);
        return Ok(());
    };
    // The number as it is in the instruction must be what the object's types say.
    let check = |found: u64, also: u64| {
        if !resolution.certain || found == resolution.original || also == resolution.original {
            Ok(())
        } else {
            Err(fault(format!("has the number {found}, expected {}", resolution.original)))
        }
    };
    match insn.code & CLASS {
        ALU | ALU64 if insn.code & SOURCE_REGISTER == 0 => {
            let imm = i64::from(insn.imm) as u64;
            check(imm, u64::from(insn.imm as u32))?;
            insns[at].imm =
                imm32(value).ok_or_else(|| fault(format!("has no room for {value}")))?;
        }
        LDX | ST | STX => {
            let off = i64::from(insn.off) as u64;
            check(off, off)?;
            let new = i16::try_from(value)
                .map_err(|_| fault(format!("has no room for the offset {value}")))?;
            let code = match resolution.resize {
                Resize::Keep => insn.code,
                Resize::Wrong => {
                    poison(insns, at);
                    return Ok(());
                }
                Resize::To { from, to } => {
                    let moved = bytes(insn.code);
                    if moved != from {
                        return Err(fault(format!("moves {moved} bytes, expected {from}")));
                    }
                    let size = size_bits(to).ok_or_else(|| {
                        fault(format!("cannot move the {to} bytes it is to move"))
                    })?;
                    insn.code & !SIZE | size
                }
            };
            (insns[at].off, insns[at].code) = (new, code);
        }
        LD => {
            let second = insns.get(at + 1).copied();
            let (true, 0, Some(second)) = (insn.is_ldimm64(), insn.src(), second) else {
                return Err(fault("is no plain 64-bit load".into()));
            };
            if (second.code, second.regs, second.off) != (0, 0, 0) {
                return Err(fault("has a second half of another form".into()));
            }
            let wide = u64::from(second.imm as u32) << 32 | u64::from(insn.imm as u32);
            // Compilers extend the sign of 32-bit enums which they do not record as signed.
            check(wide, if wide >> 31 == 0x1_ffff_ffff { wide & 0xffff_ffff } else { wide })?;
            insns[at].imm = value as i32;
            insns[at + 1].imm = (value >> 32) as i32;
        }
        _ => return Err(fault(format!("({:#04x}) cannot be relocated", insn.code))),
    }
    Ok(())
}

/// Replaces an instruction, both halves of a 64-bit load.
fn poison(insns: &mut [Insn], at: usize) {
    let halves = if insns[at].is_ldimm64() { 2 } else { 1 };
    for insn in insns[at..].iter_mut().take(halves) {
        *insn = Insn::new(CALL, 0, 0, 0, POISON);
    }
}

/// The immediate that stands for a value, sign-extended or as 32 bits.
fn imm32(value: u64) -> Option<i32> {
    i32::try_from(value.cast_signed())
        .ok()
        .or_else(|| u32::try_from(value).ok().map(u32::cast_signed))
}

fn bytes(code: u8) -> u32 {
    match code & SIZE {
        0x00 => 4,
        0x08 => 2,
        0x10 => 1,
        _ => 8,
    }
}

fn size_bits(bytes: u32) -> Option<u8> {
    match bytes {
        4 => Some(0x00),
        2 => Some(0x08),
        1 => Some(0x10),
        8 => Some(0x18),
        _ => None,
    }
}
