//! Layouts that the kernel reads and writes: members of `union bpf_attr`, the info structs, `perf_event_attr`.
//!
//! Each struct ends where this crate's use of it ends. A kernel that knows less accepts the rest as long as it is
//! zero; one that knows more takes what is missing as zero.

/// Declares a kernel struct with its offsets, every byte named, and holds the compiler to it.
macro_rules! kernel_struct {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident, $size:literal bytes {
            $( $offset:literal: $field:ident: $ty:ty, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Default)]
        #[repr(C)]
        $vis struct $name { $( pub(crate) $field: $ty, )* }

        const _: () = {
            assert!(size_of::<$name>() == $size);
            assert!(0 $( + size_of::<$ty>() )* == $size, "every byte is named");
            $( assert!(std::mem::offset_of!($name, $field) == $offset); )*
        };
    };
}

/// A struct that is handed to `bpf(2)`.
///
/// # Safety
///
/// It is `repr(C)`, has no padding, and is laid out as the kernel's of the same purpose.
pub(super) unsafe trait Attr {}

macro_rules! attrs {
    ($($name:ident),* $(,)?) => {
        // SAFETY: all are declared by `kernel_struct`, which asserts offsets, size and that no byte is padding.
        $( unsafe impl Attr for $name {} )*
    };
}

attrs!(
    MapCreateAttr,
    ElementAttr,
    BatchAttr,
    ProgLoadAttr,
    ObjectAttr,
    AttachAttr,
    QueryAttr,
    TestRunAttr,
    IdAttr,
    InfoAttr,
    RawTracepointAttr,
    BtfLoadAttr,
    TokenCreateAttr,
    LinkCreateAttr,
    LinkUpdateAttr,
    LinkDetachAttr,
    IterCreateAttr,
    BindMapAttr,
);

kernel_struct! {
    pub(super) struct MapCreateAttr, 88 bytes {
        0: map_type: u32,
        4: key_size: u32,
        8: value_size: u32,
        12: max_entries: u32,
        16: map_flags: u32,
        20: inner_map_fd: u32,
        24: numa_node: u32,
        28: map_name: [u8; 16],
        44: map_ifindex: u32,
        48: btf_fd: u32,
        52: btf_key_type_id: u32,
        56: btf_value_type_id: u32,
        60: btf_vmlinux_value_type_id: u32,
        64: map_extra: u64,
        72: value_type_btf_obj_fd: i32,
        76: map_token_fd: i32,
        80: excl_prog_hash: u64,
    }
}

kernel_struct! {
    pub(super) struct ElementAttr, 32 bytes {
        0: map_fd: u32,
        4: pad: u32,
        8: key: u64,
        16: value: u64,
        24: flags: u64,
    }
}

kernel_struct! {
    pub(super) struct BatchAttr, 56 bytes {
        0: in_batch: u64,
        8: out_batch: u64,
        16: keys: u64,
        24: values: u64,
        32: count: u32,
        36: map_fd: u32,
        40: elem_flags: u64,
        48: flags: u64,
    }
}

kernel_struct! {
    pub(super) struct ProgLoadAttr, 152 bytes {
        0: prog_type: u32,
        4: insn_cnt: u32,
        8: insns: u64,
        16: license: u64,
        24: log_level: u32,
        28: log_size: u32,
        32: log_buf: u64,
        40: kern_version: u32,
        44: prog_flags: u32,
        48: prog_name: [u8; 16],
        64: prog_ifindex: u32,
        68: expected_attach_type: u32,
        72: prog_btf_fd: u32,
        76: func_info_rec_size: u32,
        80: func_info: u64,
        88: func_info_cnt: u32,
        92: line_info_rec_size: u32,
        96: line_info: u64,
        104: line_info_cnt: u32,
        108: attach_btf_id: u32,
        112: attach_fd: u32,
        116: core_relo_cnt: u32,
        120: fd_array: u64,
        128: core_relos: u64,
        136: core_relo_rec_size: u32,
        140: log_true_size: u32,
        144: prog_token_fd: i32,
        148: fd_array_cnt: u32,
    }
}

kernel_struct! {
    pub(super) struct ObjectAttr, 24 bytes {
        0: pathname: u64,
        8: bpf_fd: u32,
        12: file_flags: u32,
        16: path_fd: i32,
        20: pad: u32,
    }
}

kernel_struct! {
    pub(super) struct AttachAttr, 32 bytes {
        0: target: u32,
        4: attach_bpf_fd: u32,
        8: attach_type: u32,
        12: attach_flags: u32,
        16: replace_bpf_fd: u32,
        20: relative: u32,
        24: expected_revision: u64,
    }
}

kernel_struct! {
    pub(super) struct QueryAttr, 64 bytes {
        0: target: u32,
        4: attach_type: u32,
        8: query_flags: u32,
        12: attach_flags: u32,
        16: prog_ids: u64,
        24: count: u32,
        28: pad: u32,
        32: prog_attach_flags: u64,
        40: link_ids: u64,
        48: link_attach_flags: u64,
        56: revision: u64,
    }
}

kernel_struct! {
    pub(super) struct TestRunAttr, 80 bytes {
        0: prog_fd: u32,
        4: retval: u32,
        8: data_size_in: u32,
        12: data_size_out: u32,
        16: data_in: u64,
        24: data_out: u64,
        32: repeat: u32,
        36: duration: u32,
        40: ctx_size_in: u32,
        44: ctx_size_out: u32,
        48: ctx_in: u64,
        56: ctx_out: u64,
        64: flags: u32,
        68: cpu: u32,
        72: batch_size: u32,
        76: pad: u32,
    }
}

kernel_struct! {
    pub(super) struct IdAttr, 16 bytes {
        0: id: u32,
        4: next_id: u32,
        8: open_flags: u32,
        12: fd_by_id_token_fd: i32,
    }
}

kernel_struct! {
    pub(super) struct InfoAttr, 16 bytes {
        0: bpf_fd: u32,
        4: info_len: u32,
        8: info: u64,
    }
}

kernel_struct! {
    pub(super) struct RawTracepointAttr, 24 bytes {
        0: name: u64,
        8: prog_fd: u32,
        12: pad: u32,
        16: cookie: u64,
    }
}

kernel_struct! {
    pub(super) struct BtfLoadAttr, 40 bytes {
        0: btf: u64,
        8: btf_log_buf: u64,
        16: btf_size: u32,
        20: btf_log_size: u32,
        24: btf_log_level: u32,
        28: btf_log_true_size: u32,
        32: btf_flags: u32,
        36: btf_token_fd: i32,
    }
}

kernel_struct! {
    pub(super) struct TokenCreateAttr, 8 bytes {
        0: flags: u32,
        4: bpffs_fd: u32,
    }
}

kernel_struct! {
    /// The union at 16 is as large as its largest member; what is in it depends on the kind of link.
    pub(super) struct LinkCreateAttr, 64 bytes {
        0: program: u32,
        4: target: u32,
        8: attach_type: u32,
        12: flags: u32,
        16: options: [u64; 6],
    }
}

kernel_struct! {
    pub(super) struct LinkUpdateAttr, 16 bytes {
        0: link_fd: u32,
        4: new_fd: u32,
        8: flags: u32,
        12: old_fd: u32,
    }
}

kernel_struct! {
    pub(super) struct LinkDetachAttr, 4 bytes {
        0: link_fd: u32,
    }
}

kernel_struct! {
    pub(super) struct IterCreateAttr, 8 bytes {
        0: link_fd: u32,
        4: flags: u32,
    }
}

kernel_struct! {
    pub(super) struct BindMapAttr, 12 bytes {
        0: prog_fd: u32,
        4: map_fd: u32,
        8: flags: u32,
    }
}

kernel_struct! {
    /// `struct bpf_map_info`; what an older kernel does not fill in stays 0.
    pub(crate) struct MapInfo, 88 bytes {
        0: map_type: u32,
        4: id: u32,
        8: key_size: u32,
        12: value_size: u32,
        16: max_entries: u32,
        20: map_flags: u32,
        24: name: [u8; 16],
        40: ifindex: u32,
        44: btf_vmlinux_value_type_id: u32,
        48: netns_dev: u64,
        56: netns_ino: u64,
        64: btf_id: u32,
        68: btf_key_type_id: u32,
        72: btf_value_type_id: u32,
        76: btf_vmlinux_id: u32,
        80: map_extra: u64,
    }
}

kernel_struct! {
    /// `struct bpf_prog_info`; what an older kernel does not fill in stays 0.
    pub(crate) struct ProgramInfo, 232 bytes {
        0: prog_type: u32,
        4: id: u32,
        8: tag: [u8; 8],
        16: jited_prog_len: u32,
        20: xlated_prog_len: u32,
        24: jited_prog_insns: u64,
        32: xlated_prog_insns: u64,
        40: load_time: u64,
        48: created_by_uid: u32,
        52: nr_map_ids: u32,
        56: map_ids: u64,
        64: name: [u8; 16],
        80: ifindex: u32,
        84: gpl_compatible: u32,
        88: netns_dev: u64,
        96: netns_ino: u64,
        104: nr_jited_ksyms: u32,
        108: nr_jited_func_lens: u32,
        112: jited_ksyms: u64,
        120: jited_func_lens: u64,
        128: btf_id: u32,
        132: func_info_rec_size: u32,
        136: func_info: u64,
        144: nr_func_info: u32,
        148: nr_line_info: u32,
        152: line_info: u64,
        160: jited_line_info: u64,
        168: nr_jited_line_info: u32,
        172: line_info_rec_size: u32,
        176: jited_line_info_rec_size: u32,
        180: nr_prog_tags: u32,
        184: prog_tags: u64,
        192: run_time_ns: u64,
        200: run_cnt: u64,
        208: recursion_misses: u64,
        216: verified_insns: u32,
        220: attach_btf_obj_id: u32,
        224: attach_btf_id: u32,
        228: pad: u32,
    }
}

kernel_struct! {
    /// `struct bpf_link_info`; the union at 16 depends on the type.
    pub(crate) struct LinkInfo, 64 bytes {
        0: link_type: u32,
        4: id: u32,
        8: prog_id: u32,
        12: pad: u32,
        16: detail: [u64; 6],
    }
}

kernel_struct! {
    /// `struct bpf_btf_info`.
    pub(crate) struct BtfInfo, 32 bytes {
        0: btf: u64,
        8: btf_size: u32,
        12: id: u32,
        16: name: u64,
        24: name_len: u32,
        28: kernel_btf: u32,
    }
}

kernel_struct! {
    /// `struct perf_event_attr` as of `PERF_ATTR_SIZE_VER5`, Linux 4.1.
    pub(crate) struct PerfEventAttr, 112 bytes {
        0: event_type: u32,
        4: size: u32,
        8: config: u64,
        16: sample_period: u64,
        24: sample_type: u64,
        32: read_format: u64,
        40: flags: u64,
        48: wakeup_events: u32,
        52: bp_type: u32,
        56: config1: u64,
        64: config2: u64,
        72: branch_sample_type: u64,
        80: sample_regs_user: u64,
        88: sample_stack_user: u32,
        92: clockid: i32,
        96: sample_regs_intr: u64,
        104: aux_watermark: u32,
        108: sample_max_stack: u16,
        110: pad: u16,
    }
}
