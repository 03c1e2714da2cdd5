/// The part of a type's name that CO-RE compares: without the flavour, which is what follows the last `___` that has
/// neither before nor after it another `_`. `task_struct___old` is `task_struct`.
pub fn essential_name(name: &str) -> &str {
    name.get(..essential_len(name.as_bytes())).unwrap_or(name)
}

/// Length of the essential part. Both neighbours of the separator are ASCII or not `_`, so it ends at a character.
pub(crate) fn essential_len(name: &[u8]) -> usize {
    name.windows(5)
        .rposition(|w| w[0] != b'_' && &w[1..4] == b"___" && w[4] != b'_')
        .map_or(name.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::essential_name;

    #[test]
    fn the_last_flavour_is_cut() {
        for (name, essential) in [
            ("task_struct", "task_struct"),
            ("task_struct___old", "task_struct"),
            ("a___b___c", "a___b"),
            ("a____b", "a____b"),
            ("a___", "a___"),
            ("___a", "___a"),
            ("a___b", "a"),
            ("", ""),
            ("é___ü", "é"),
            ("a___b____", "a"),
        ] {
            assert_eq!(essential_name(name), essential, "{name}");
        }
    }
}
