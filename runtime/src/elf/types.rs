use object::Endianness;
use object::elf::{FileHeader32, FileHeader64};
use object::read::elf::{FileHeader, SectionHeader as _};

use super::file::broken;
use crate::btf::order_of;
use crate::spec::Endian;
use crate::{Error, Result};

/// The type information in a file, with its byte order: BTF as it is, which is what sysfs shows of the running kernel, or
/// the section `.BTF` of any ELF file, of an object or of a kernel (`vmlinux`).
///
/// ```
/// # let bytes = b"";
/// match bpf_skel::elf::btf(bytes) {
///     Ok((bytes, endian)) => println!("{} types", bpf_skel::btf::Btf::parse(bytes, endian)?.len()),
///     Err(error) => println!("{error}"),
/// }
/// # Ok::<(), bpf_skel::Error>(())
/// ```
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) where it is neither, and [`NotFound`](crate::ErrorKind::NotFound) for an ELF
/// file without such a section.
pub fn btf(bytes: &[u8]) -> Result<(&[u8], Endian)> {
    if let Some(endian) = order_of(bytes) {
        return Ok((bytes, endian));
    }
    match find(bytes, ".BTF")? {
        Found::Section(section, endian) => Ok((section, endian)),
        Found::NoSection => Err(Error::not_found("it has no section \".BTF\"")),
        Found::NoElf => Err(Error::malformed("neither BTF nor an ELF file").with_hint(
            "a vmlinuz is packed; its BTF is in /sys/kernel/btf/vmlinux where it runs, or in the vmlinux that it was made \
             from",
        )),
    }
}

/// What the types of a module's file continue, where it says so itself (section `.BTF.base`, Linux 6.11, of modules that are
/// built outside of the kernel's tree): names and sizes of the kernel's types that they need. It has the byte order of
/// [`btf`].
///
/// # Errors
/// [`Malformed`](crate::ErrorKind::Malformed) for a broken ELF file. What is none has no such section.
pub fn btf_base(bytes: &[u8]) -> Result<Option<&[u8]>> {
    match find(bytes, ".BTF.base")? {
        Found::Section(section, _) if !section.is_empty() => Ok(Some(section)),
        _ => Ok(None),
    }
}

/// A section that is looked for.
enum Found<'a> {
    Section(&'a [u8], Endian),
    NoSection,
    NoElf,
}

fn find<'a>(bytes: &'a [u8], name: &str) -> Result<Found<'a>> {
    match bytes {
        [0x7f, b'E', b'L', b'F', 1, ..] => section::<FileHeader32<Endianness>>(bytes, name),
        [0x7f, b'E', b'L', b'F', ..] => section::<FileHeader64<Endianness>>(bytes, name),
        _ => Ok(Found::NoElf),
    }
}

fn section<'a, H: FileHeader<Endian = Endianness>>(
    bytes: &'a [u8],
    name: &str,
) -> Result<Found<'a>> {
    let header = H::parse(bytes).map_err(broken)?;
    let order = header.endian().map_err(broken)?;
    let table = header.sections(order, bytes).map_err(broken)?;
    let Some((_, section)) = table.section_by_name(order, name.as_bytes()) else {
        return Ok(Found::NoSection);
    };
    let endian = if header.is_big_endian() { Endian::Big } else { Endian::Little };
    Ok(Found::Section(section.data(order, bytes).map_err(broken)?, endian))
}
