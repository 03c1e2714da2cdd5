use super::open_enum::open_enum;

open_enum! {
    /// A flag of maps: one bit of what they are created with.
    pub struct MapFlag: u32, prefix "BPF_F_", source "enum { BPF_F_NO_PREALLOC, … }";
    NO_PREALLOC = 0x1, "BPF_F_NO_PREALLOC";
    NO_COMMON_LRU = 0x2, "BPF_F_NO_COMMON_LRU";
    NUMA_NODE = 0x4, "BPF_F_NUMA_NODE";
    RDONLY = 0x8, "BPF_F_RDONLY";
    WRONLY = 0x10, "BPF_F_WRONLY";
    STACK_BUILD_ID = 0x20, "BPF_F_STACK_BUILD_ID";
    ZERO_SEED = 0x40, "BPF_F_ZERO_SEED";
    RDONLY_PROG = 0x80, "BPF_F_RDONLY_PROG";
    WRONLY_PROG = 0x100, "BPF_F_WRONLY_PROG";
    CLONE = 0x200, "BPF_F_CLONE";
    MMAPABLE = 0x400, "BPF_F_MMAPABLE";
    PRESERVE_ELEMS = 0x800, "BPF_F_PRESERVE_ELEMS";
    INNER_MAP = 0x1000, "BPF_F_INNER_MAP";
    LINK = 0x2000, "BPF_F_LINK";
    PATH_FD = 0x4000, "BPF_F_PATH_FD";
    VTYPE_BTF_OBJ_FD = 0x8000, "BPF_F_VTYPE_BTF_OBJ_FD";
    TOKEN_FD = 0x1_0000, "BPF_F_TOKEN_FD";
    SEGV_ON_FAULT = 0x2_0000, "BPF_F_SEGV_ON_FAULT";
    NO_USER_CONV = 0x4_0000, "BPF_F_NO_USER_CONV";
    RB_OVERWRITE = 0x8_0000, "BPF_F_RB_OVERWRITE";
}

impl MapFlag {
    /// The flags in `bits` that this version knows.
    pub fn of(bits: u32) -> impl Iterator<Item = Self> {
        Self::KNOWN.iter().copied().filter(move |flag| bits & flag.0 != 0)
    }
}
