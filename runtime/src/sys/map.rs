use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};

use super::attr::{ElementAttr, MapCreateAttr};
use super::bpf::{bpf, bpf_fd, object_name, raw, raw_or_zero};
use super::fdinfo;
use super::memlock::with_memlock;
use super::token::flags_and_fd;
use crate::uapi::{Command, MapType};

/// What a map is created with.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MapCreate<'a> {
    pub(crate) map_type: MapType,
    pub(crate) name: &'a str,
    pub(crate) key_size: u32,
    pub(crate) value_size: u32,
    pub(crate) max_entries: u32,
    pub(crate) flags: u32,
    pub(crate) extra: u64,
    pub(crate) numa_node: u32,
    pub(crate) ifindex: u32,
    /// The template of a map-in-map.
    pub(crate) inner_map: Option<BorrowedFd<'a>>,
    pub(crate) btf: Option<BorrowedFd<'a>>,
    pub(crate) key_type_id: u32,
    pub(crate) value_type_id: u32,
    /// For struct_ops maps: the kernel's type of the value.
    pub(crate) vmlinux_value_type_id: u32,
    /// BTF of the module that has it (Linux 6.9, with `BPF_F_VTYPE_BTF_OBJ_FD`).
    pub(crate) value_type_btf: Option<BorrowedFd<'a>>,
    pub(crate) token: Option<BorrowedFd<'a>>,
}

/// `BPF_MAP_CREATE`. An empty name is left out, as kernels before 4.15 want it.
pub(crate) fn map_create(map: &MapCreate<'_>) -> io::Result<OwnedFd> {
    let (map_flags, map_token_fd) = flags_and_fd(map.flags, map.token);
    let mut attr = MapCreateAttr {
        map_type: map.map_type.0,
        key_size: map.key_size,
        value_size: map.value_size,
        max_entries: map.max_entries,
        map_flags,
        inner_map_fd: raw_or_zero(map.inner_map),
        numa_node: map.numa_node,
        map_name: object_name(map.name),
        map_ifindex: map.ifindex,
        btf_fd: raw_or_zero(map.btf),
        btf_key_type_id: map.key_type_id,
        btf_value_type_id: map.value_type_id,
        btf_vmlinux_value_type_id: map.vmlinux_value_type_id,
        map_extra: map.extra,
        value_type_btf_obj_fd: raw_or_zero(map.value_type_btf).cast_signed(),
        map_token_fd,
        ..MapCreateAttr::default()
    };
    // SAFETY: the struct is this command's and holds no addresses.
    with_memlock(|| unsafe { bpf_fd(Command::MAP_CREATE, &mut attr) })
}

/// `BPF_MAP_FREEZE`: read-only for system calls from now on (Linux 5.2).
pub(crate) fn map_freeze(map: BorrowedFd<'_>) -> io::Result<()> {
    let mut attr = ElementAttr { map_fd: raw(map), ..ElementAttr::default() };
    // SAFETY: the command reads the descriptor only.
    unsafe { bpf(Command::MAP_FREEZE, &mut attr) }.map(drop)
}

/// Whether a map is frozen, as `/proc` tells (Linux 5.2). An error where it is not mounted.
pub(crate) fn map_frozen(map: BorrowedFd<'_>) -> io::Result<bool> {
    let text = fdinfo::read(map)?;
    let frozen = fdinfo::value(&text, "frozen").map(|frozen| frozen == "1");
    frozen.ok_or_else(|| io::ErrorKind::InvalidData.into())
}
