//! Contents of data maps in few tokens.

/// Bytes that are zeros but for these parts, each at its offset: a table of a megabyte with ten entries is ten short
/// literals.
///
/// # Panics
/// A part ends behind the end: only generated code calls it, while it is compiled.
pub const fn sparse<const LEN: usize>(parts: &[(usize, &[u8])]) -> [u8; LEN] {
    let mut all = [0; LEN];
    let mut index = 0;
    while index < parts.len() {
        let (offset, part) = parts[index];
        let (_, rest) = all.split_at_mut(offset);
        let (place, _) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        index += 1;
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_where_they_belong() {
        const BYTES: &[u8] = const { &sparse::<6>(&[(1, b"ab"), (5, b"c")]) };
        assert_eq!(BYTES, b"\0ab\0\0c");
        assert_eq!(sparse::<2>(&[]), [0, 0]);
    }
}
