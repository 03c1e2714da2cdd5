use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What sort of BPF object a descriptor is of, as `/proc` tells: `bpf-map`, `bpf-prog`, `btf`, and
/// `bpf_link` or, opened again, `bpf-link`; for any
/// other file what its link says. An error where `/proc` is not mounted.
pub(crate) fn bpf_kind(fd: BorrowedFd<'_>) -> io::Result<String> {
    let target = std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd()))?;
    let target = target.to_string_lossy();
    // Links are in brackets, as newer anonymous files are; maps, programs and BTF are not.
    let kind = target.strip_prefix("anon_inode:").unwrap_or(&target);
    Ok(kind.trim_start_matches('[').trim_end_matches(']').to_owned())
}

#[cfg(test)]
mod tests {
    use super::bpf_kind;
    use std::os::fd::AsFd;

    #[test]
    fn brackets_are_left_out() {
        let event = crate::sys::placeholder().unwrap();
        assert_eq!(bpf_kind(event.as_fd()).unwrap(), "eventfd");
    }
}
