use super::machine;
use crate::link::binary::Machine;
use crate::{Error, Result};

/// How many values a probe may have: what `struct __bpf_usdt_spec` has room for.
const MOST: usize = 12;

/// Bytes of `struct __bpf_usdt_arg_spec`.
const SIZE: usize = 16;

/// Bytes of `struct __bpf_usdt_spec`: the arguments, the user's cookie, how many there are, and padding.
pub(super) const SPEC_SIZE: usize = MOST * SIZE + 16;

/// Where a program finds a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) place: Place,
    pub(super) is_signed: bool,
    /// 1, 2, 4 or 8.
    pub(super) bytes: u8,
}

/// Registers are given as offsets in `struct pt_regs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Constant(i64),
    Register(u16),
    Memory {
        base: u16,
        offset: i64,
    },
    /// At `base + (index << shift) + offset`. Headers before libbpf 1.7 do not know it: their `bpf_usdt_arg` fails.
    Indexed {
        base: u16,
        index: u16,
        shift: u8,
        offset: i64,
    },
}

/// Reads what the compiler wrote: `-4@%edi 8@-16(%rbp) -4@$7`.
pub(super) fn parse(machine: Machine, text: &str) -> Result<Vec<Argument>> {
    let arguments: Vec<Argument> =
        split(text).map(|one| argument(machine, one)).collect::<Result<_>>()?;
    if arguments.len() > MOST {
        return Err(Error::not_supported_yet(format!(
            "a USDT probe with {} values, more than {MOST}",
            arguments.len()
        )));
    }
    Ok(arguments)
}

/// At spaces, but for those in brackets: aarch64 has `[sp, 16]`.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    text.split(move |c| {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            _ => {}
        }
        c == ' ' && !inside
    })
    .filter(|one| !one.is_empty())
}

fn argument(machine: Machine, text: &str) -> Result<Argument> {
    let bad = |what: &str| Err(Error::malformed(format!("value {text:?} of the probe: {what}")));
    let Some((size, operand)) = text.split_once('@') else {
        return bad("expected SIZE@OPERAND");
    };
    if size.ends_with('f') {
        return bad("a number with a fraction, which BPF programs do not have");
    }
    let Some(size) = size.parse::<i8>().ok().filter(|size| matches!(size.abs(), 1 | 2 | 4 | 8))
    else {
        return bad("expected a size of 1, 2, 4 or 8 bytes");
    };
    let place = match machine {
        Machine::X86_64 => machine::x86_64(operand),
        Machine::AARCH64 => machine::aarch64(operand),
        other => {
            return Err(Error::not_supported_yet(format!(
                "values of USDT probes on {}, only on x86_64 and aarch64",
                other.name()
            )));
        }
    };
    match place {
        Some(place) => Ok(Argument { place, is_signed: size < 0, bytes: size.unsigned_abs() }),
        None => bad("expected a constant, a register or an address by registers"),
    }
}

impl Argument {
    /// As `struct __bpf_usdt_arg_spec`. The second word was the type alone in headers before libbpf 1.7:
    ///
    /// ```text
    ///   0 value or offset: u64 │ 8 type: 8 bits, index: 12, shift: 4, 0: 8 │ 12 register: u16 │ 14 signed: u8 │ 15 shift: u8
    /// ```
    fn to_bytes(self) -> [u8; SIZE] {
        let (kind, value, register, index) = match self.place {
            Place::Constant(value) => (0, value, 0, 0),
            Place::Register(register) => (1, 0, register, 0),
            Place::Memory { base, offset } => (2, offset, base, 0),
            Place::Indexed { base, index, shift, offset } => {
                (3, offset, base, u32::from(index) | (u32::from(shift) << 12))
            }
        };
        let mut bytes = [0; SIZE];
        bytes[..8].copy_from_slice(&value.to_ne_bytes());
        bytes[8..12].copy_from_slice(&(kind | (index << 8)).to_ne_bytes());
        bytes[12..14].copy_from_slice(&register.to_ne_bytes());
        bytes[14] = self.is_signed.into();
        bytes[15] = 64 - self.bytes * 8;
        bytes
    }
}

/// As `struct __bpf_usdt_spec`.
pub(super) fn spec(arguments: &[Argument], cookie: u64) -> [u8; SPEC_SIZE] {
    let mut bytes = [0; SPEC_SIZE];
    for (place, argument) in bytes.chunks_exact_mut(SIZE).zip(arguments.iter().take(MOST)) {
        place.copy_from_slice(&argument.to_bytes());
    }
    let (_, rest) = bytes.split_at_mut(MOST * SIZE);
    rest[..8].copy_from_slice(&cookie.to_ne_bytes());
    let count = u16::try_from(arguments.len()).unwrap_or(u16::MAX);
    rest[8..10].copy_from_slice(&count.to_ne_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(bytes: u8, place: Place) -> Argument {
        Argument { place, is_signed: true, bytes }
    }

    fn unsigned(bytes: u8, place: Place) -> Argument {
        Argument { place, is_signed: false, bytes }
    }

    #[test]
    fn values_on_x86_64() {
        let text = "-4@%edi 8@-16(%rbp) -4@$-9 1@%r8b 2@(%rsp) -8@8(%rax,%rbx,4) 8@(%rax,%r15)";
        assert_eq!(
            parse(Machine::X86_64, text).unwrap(),
            [
                signed(4, Place::Register(112)),
                unsigned(8, Place::Memory { base: 32, offset: -16 }),
                signed(4, Place::Constant(-9)),
                unsigned(1, Place::Register(72)),
                unsigned(2, Place::Memory { base: 152, offset: 0 }),
                signed(8, Place::Indexed { base: 80, index: 40, shift: 2, offset: 8 }),
                unsigned(8, Place::Indexed { base: 80, index: 0, shift: 0, offset: 0 }),
            ]
        );
    }

    #[test]
    fn values_on_aarch64() {
        let text = "-4@[sp, 60] 8@[x19] -4@5 8@x30 4@w3 8@sp -8@[x0, -8]";
        assert_eq!(
            parse(Machine::AARCH64, text).unwrap(),
            [
                signed(4, Place::Memory { base: 248, offset: 60 }),
                unsigned(8, Place::Memory { base: 152, offset: 0 }),
                signed(4, Place::Constant(5)),
                unsigned(8, Place::Register(240)),
                unsigned(4, Place::Register(24)),
                unsigned(8, Place::Register(248)),
                signed(8, Place::Memory { base: 0, offset: -8 }),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (machine, text) in [
            (Machine::X86_64, "%edi"),
            (Machine::X86_64, "3@%edi"),
            (Machine::X86_64, "8f@%xmm0"),
            (Machine::X86_64, "8@%xmm0"),
            (Machine::X86_64, "8@name(%rip)"),
            (Machine::X86_64, "8@(%rax,%rbx,3)"),
            (Machine::X86_64, "8@(,%rbx,8)"),
            (Machine::X86_64, "8@(%rax"),
            (Machine::X86_64, "8@$"),
            (Machine::X86_64, "8@"),
            (Machine::AARCH64, "8@x31"),
            (Machine::AARCH64, "8@[x0, x1]"),
            (Machine::AARCH64, "8@[x0"),
            (Machine::AARCH64, "8@d0"),
        ] {
            let error = parse(machine, text).unwrap_err();
            assert!(error.to_string().contains(text), "{error}");
        }
        let error = parse(Machine(22), "8@%r2").unwrap_err();
        assert_eq!(
            error.to_string(),
            "not supported yet: values of USDT probes on s390x, only on x86_64 and aarch64"
        );
        assert_eq!(parse(Machine(22), "").unwrap(), []);
        assert!(parse(Machine::X86_64, &"8@%rax ".repeat(13)).is_err());
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn as_libbpfs_header_has_it() {
        let arguments = parse(Machine::X86_64, "-4@8(%rdi) 8@(%rax,%rbx,8)").unwrap();
        let bytes = spec(&arguments, 7);
        assert_eq!(bytes.len(), 208);
        assert_eq!(bytes[..16], [8, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 112, 0, 1, 32]);
        assert_eq!(bytes[16..32], [0, 0, 0, 0, 0, 0, 0, 0, 3, 40, 0x30, 0, 80, 0, 0, 0]);
        assert_eq!(bytes[192..], [7, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    }
}
