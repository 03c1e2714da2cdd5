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
    match bytes {
        [0x7f, b'E', b'L', b'F', 1, ..] => section::<FileHeader32<Endianness>>(bytes),
        [0x7f, b'E', b'L', b'F', ..] => section::<FileHeader64<Endianness>>(bytes),
        _ => Err(Error::malformed("neither BTF nor an ELF file").with_hint(
            "a vmlinuz is packed; its BTF is in /sys/kernel/btf/vmlinux where it runs, or in the vmlinux that it was made \
             from",
        )),
    }
}

fn section<H: FileHeader<Endian = Endianness>>(bytes: &[u8]) -> Result<(&[u8], Endian)> {
    let header = H::parse(bytes).map_err(broken)?;
    let order = header.endian().map_err(broken)?;
    let table = header.sections(order, bytes).map_err(broken)?;
    let (_, section) = table
        .section_by_name(order, b".BTF")
        .ok_or_else(|| Error::not_found("it has no section \".BTF\""))?;
    let endian = if header.is_big_endian() { Endian::Big } else { Endian::Little };
    Ok((section.data(order, bytes).map_err(broken)?, endian))
}
