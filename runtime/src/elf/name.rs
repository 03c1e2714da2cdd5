/// The object's name by the name of its file: what follows the last `/`, up to the first dot.
///
/// ```
/// assert_eq!(bpf_skel::elf::object_name("target/bpf/runqslower.bpf.o"), "runqslower");
/// ```
pub fn object_name(file: &str) -> &str {
    let base = file.rsplit('/').next().unwrap_or(file);
    match base.split_once('.') {
        Some((stem, _)) if !stem.is_empty() => stem,
        _ => base,
    }
}

#[cfg(test)]
mod tests {
    use super::object_name;

    #[test]
    fn ends_at_the_first_dot() {
        for (file, name) in [
            ("hello", "hello"),
            ("hello.bpf.o", "hello"),
            ("/a.b/dash-name.bpf.o", "dash-name"),
            (".hidden.o", ".hidden.o"),
            ("", ""),
        ] {
            assert_eq!(object_name(file), name, "{file}");
        }
    }
}
