use super::Release;

/// What iterators can go through, and the Linux that brought each: names of `iter/NAME` sections.
pub const ITERATORS: [(&str, Release); 18] = [
    ("task", Release::new(5, 8)),
    ("task_file", Release::new(5, 8)),
    ("bpf_map", Release::new(5, 8)),
    ("netlink", Release::new(5, 8)),
    ("ipv6_route", Release::new(5, 8)),
    ("tcp", Release::new(5, 9)),
    ("udp", Release::new(5, 9)),
    ("bpf_prog", Release::new(5, 9)),
    ("bpf_map_elem", Release::new(5, 9)),
    ("bpf_sk_storage_map", Release::new(5, 9)),
    ("sockmap", Release::new(5, 10)),
    ("task_vma", Release::new(5, 12)),
    ("unix", Release::new(5, 15)),
    ("bpf_link", Release::new(5, 19)),
    ("ksym", Release::new(6, 0)),
    ("cgroup", Release::new(6, 1)),
    ("kmem_cache", Release::new(6, 13)),
    ("dmabuf", Release::new(6, 16)),
];
