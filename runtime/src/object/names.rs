//! The names of data sections' maps in the kernel.

/// Bytes of a kernel name without its NUL: `BPF_OBJ_NAME_LEN - 1`.
const NAME_LEN: usize = 15;

/// What a section's name takes of that at least, so that `.bss` and `.rodata` of an object begin with the same letters.
const SECTION_LEN: usize = ".rodata".len();

/// The name of a data section's map, as libbpf makes it: the start of the object's name, then the section's
/// (`my_objec.rodata`, `my_objec.bss`). A custom section (`.data.config`) keeps its name alone, since two would look
/// the same.
pub(crate) fn data_map_name(object: &str, section: &str) -> String {
    if section[1.min(section.len())..].contains('.') {
        return section.to_owned();
    }
    let room = NAME_LEN.saturating_sub(section.len().max(SECTION_LEN));
    let prefix = object.char_indices().take_while(|(at, c)| at + c.len_utf8() <= room);
    prefix.map(|(_, c)| c).chain(section.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_s_name_gives_way() {
        for (object, section, expected) in [
            ("my_object_name", ".rodata", "my_objec.rodata"),
            ("my_object_name", ".bss", "my_objec.bss"),
            ("my_object_name", ".kconfig", "my_obje.kconfig"),
            ("x", ".bss", "x.bss"),
            ("obj", ".data.custom", ".data.custom"),
            ("éé", ".rodata.", ".rodata."),
        ] {
            assert_eq!(data_map_name(object, section), expected, "{object} {section}");
        }
    }
}
