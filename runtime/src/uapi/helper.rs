//! Helper functions: what a plain call of a program calls, by number. The list is closed: what came later are kernel
//! functions (kfuncs), which go by name.

use super::Release;
use super::open_enum::open_enum;

open_enum! {
    /// A helper function of the kernel.
    pub struct Helper: u32, prefix "BPF_FUNC_", source "enum bpf_func_id";
    MAP_LOOKUP_ELEM = 1, "BPF_FUNC_map_lookup_elem";
    MAP_UPDATE_ELEM = 2, "BPF_FUNC_map_update_elem";
    MAP_DELETE_ELEM = 3, "BPF_FUNC_map_delete_elem";
    PROBE_READ = 4, "BPF_FUNC_probe_read";
    KTIME_GET_NS = 5, "BPF_FUNC_ktime_get_ns";
    TRACE_PRINTK = 6, "BPF_FUNC_trace_printk";
    GET_PRANDOM_U32 = 7, "BPF_FUNC_get_prandom_u32";
    GET_SMP_PROCESSOR_ID = 8, "BPF_FUNC_get_smp_processor_id";
    SKB_STORE_BYTES = 9, "BPF_FUNC_skb_store_bytes";
    L3_CSUM_REPLACE = 10, "BPF_FUNC_l3_csum_replace";
    L4_CSUM_REPLACE = 11, "BPF_FUNC_l4_csum_replace";
    TAIL_CALL = 12, "BPF_FUNC_tail_call";
    CLONE_REDIRECT = 13, "BPF_FUNC_clone_redirect";
    GET_CURRENT_PID_TGID = 14, "BPF_FUNC_get_current_pid_tgid";
    GET_CURRENT_UID_GID = 15, "BPF_FUNC_get_current_uid_gid";
    GET_CURRENT_COMM = 16, "BPF_FUNC_get_current_comm";
    GET_CGROUP_CLASSID = 17, "BPF_FUNC_get_cgroup_classid";
    SKB_VLAN_PUSH = 18, "BPF_FUNC_skb_vlan_push";
    SKB_VLAN_POP = 19, "BPF_FUNC_skb_vlan_pop";
    SKB_GET_TUNNEL_KEY = 20, "BPF_FUNC_skb_get_tunnel_key";
    SKB_SET_TUNNEL_KEY = 21, "BPF_FUNC_skb_set_tunnel_key";
    PERF_EVENT_READ = 22, "BPF_FUNC_perf_event_read";
    REDIRECT = 23, "BPF_FUNC_redirect";
    GET_ROUTE_REALM = 24, "BPF_FUNC_get_route_realm";
    PERF_EVENT_OUTPUT = 25, "BPF_FUNC_perf_event_output";
    SKB_LOAD_BYTES = 26, "BPF_FUNC_skb_load_bytes";
    GET_STACKID = 27, "BPF_FUNC_get_stackid";
    CSUM_DIFF = 28, "BPF_FUNC_csum_diff";
    SKB_GET_TUNNEL_OPT = 29, "BPF_FUNC_skb_get_tunnel_opt";
    SKB_SET_TUNNEL_OPT = 30, "BPF_FUNC_skb_set_tunnel_opt";
    SKB_CHANGE_PROTO = 31, "BPF_FUNC_skb_change_proto";
    SKB_CHANGE_TYPE = 32, "BPF_FUNC_skb_change_type";
    SKB_UNDER_CGROUP = 33, "BPF_FUNC_skb_under_cgroup";
    GET_HASH_RECALC = 34, "BPF_FUNC_get_hash_recalc";
    GET_CURRENT_TASK = 35, "BPF_FUNC_get_current_task";
    PROBE_WRITE_USER = 36, "BPF_FUNC_probe_write_user";
    CURRENT_TASK_UNDER_CGROUP = 37, "BPF_FUNC_current_task_under_cgroup";
    SKB_CHANGE_TAIL = 38, "BPF_FUNC_skb_change_tail";
    SKB_PULL_DATA = 39, "BPF_FUNC_skb_pull_data";
    CSUM_UPDATE = 40, "BPF_FUNC_csum_update";
    SET_HASH_INVALID = 41, "BPF_FUNC_set_hash_invalid";
    GET_NUMA_NODE_ID = 42, "BPF_FUNC_get_numa_node_id";
    SKB_CHANGE_HEAD = 43, "BPF_FUNC_skb_change_head";
    XDP_ADJUST_HEAD = 44, "BPF_FUNC_xdp_adjust_head";
    PROBE_READ_STR = 45, "BPF_FUNC_probe_read_str";
    GET_SOCKET_COOKIE = 46, "BPF_FUNC_get_socket_cookie";
    GET_SOCKET_UID = 47, "BPF_FUNC_get_socket_uid";
    SET_HASH = 48, "BPF_FUNC_set_hash";
    SETSOCKOPT = 49, "BPF_FUNC_setsockopt";
    SKB_ADJUST_ROOM = 50, "BPF_FUNC_skb_adjust_room";
    REDIRECT_MAP = 51, "BPF_FUNC_redirect_map";
    SK_REDIRECT_MAP = 52, "BPF_FUNC_sk_redirect_map";
    SOCK_MAP_UPDATE = 53, "BPF_FUNC_sock_map_update";
    XDP_ADJUST_META = 54, "BPF_FUNC_xdp_adjust_meta";
    PERF_EVENT_READ_VALUE = 55, "BPF_FUNC_perf_event_read_value";
    PERF_PROG_READ_VALUE = 56, "BPF_FUNC_perf_prog_read_value";
    GETSOCKOPT = 57, "BPF_FUNC_getsockopt";
    OVERRIDE_RETURN = 58, "BPF_FUNC_override_return";
    SOCK_OPS_CB_FLAGS_SET = 59, "BPF_FUNC_sock_ops_cb_flags_set";
    MSG_REDIRECT_MAP = 60, "BPF_FUNC_msg_redirect_map";
    MSG_APPLY_BYTES = 61, "BPF_FUNC_msg_apply_bytes";
    MSG_CORK_BYTES = 62, "BPF_FUNC_msg_cork_bytes";
    MSG_PULL_DATA = 63, "BPF_FUNC_msg_pull_data";
    BIND = 64, "BPF_FUNC_bind";
    XDP_ADJUST_TAIL = 65, "BPF_FUNC_xdp_adjust_tail";
    SKB_GET_XFRM_STATE = 66, "BPF_FUNC_skb_get_xfrm_state";
    GET_STACK = 67, "BPF_FUNC_get_stack";
    SKB_LOAD_BYTES_RELATIVE = 68, "BPF_FUNC_skb_load_bytes_relative";
    FIB_LOOKUP = 69, "BPF_FUNC_fib_lookup";
    SOCK_HASH_UPDATE = 70, "BPF_FUNC_sock_hash_update";
    MSG_REDIRECT_HASH = 71, "BPF_FUNC_msg_redirect_hash";
    SK_REDIRECT_HASH = 72, "BPF_FUNC_sk_redirect_hash";
    LWT_PUSH_ENCAP = 73, "BPF_FUNC_lwt_push_encap";
    LWT_SEG6_STORE_BYTES = 74, "BPF_FUNC_lwt_seg6_store_bytes";
    LWT_SEG6_ADJUST_SRH = 75, "BPF_FUNC_lwt_seg6_adjust_srh";
    LWT_SEG6_ACTION = 76, "BPF_FUNC_lwt_seg6_action";
    RC_REPEAT = 77, "BPF_FUNC_rc_repeat";
    RC_KEYDOWN = 78, "BPF_FUNC_rc_keydown";
    SKB_CGROUP_ID = 79, "BPF_FUNC_skb_cgroup_id";
    GET_CURRENT_CGROUP_ID = 80, "BPF_FUNC_get_current_cgroup_id";
    GET_LOCAL_STORAGE = 81, "BPF_FUNC_get_local_storage";
    SK_SELECT_REUSEPORT = 82, "BPF_FUNC_sk_select_reuseport";
    SKB_ANCESTOR_CGROUP_ID = 83, "BPF_FUNC_skb_ancestor_cgroup_id";
    SK_LOOKUP_TCP = 84, "BPF_FUNC_sk_lookup_tcp";
    SK_LOOKUP_UDP = 85, "BPF_FUNC_sk_lookup_udp";
    SK_RELEASE = 86, "BPF_FUNC_sk_release";
    MAP_PUSH_ELEM = 87, "BPF_FUNC_map_push_elem";
    MAP_POP_ELEM = 88, "BPF_FUNC_map_pop_elem";
    MAP_PEEK_ELEM = 89, "BPF_FUNC_map_peek_elem";
    MSG_PUSH_DATA = 90, "BPF_FUNC_msg_push_data";
    MSG_POP_DATA = 91, "BPF_FUNC_msg_pop_data";
    RC_POINTER_REL = 92, "BPF_FUNC_rc_pointer_rel";
    SPIN_LOCK = 93, "BPF_FUNC_spin_lock";
    SPIN_UNLOCK = 94, "BPF_FUNC_spin_unlock";
    SK_FULLSOCK = 95, "BPF_FUNC_sk_fullsock";
    TCP_SOCK = 96, "BPF_FUNC_tcp_sock";
    SKB_ECN_SET_CE = 97, "BPF_FUNC_skb_ecn_set_ce";
    GET_LISTENER_SOCK = 98, "BPF_FUNC_get_listener_sock";
    SKC_LOOKUP_TCP = 99, "BPF_FUNC_skc_lookup_tcp";
    TCP_CHECK_SYNCOOKIE = 100, "BPF_FUNC_tcp_check_syncookie";
    SYSCTL_GET_NAME = 101, "BPF_FUNC_sysctl_get_name";
    SYSCTL_GET_CURRENT_VALUE = 102, "BPF_FUNC_sysctl_get_current_value";
    SYSCTL_GET_NEW_VALUE = 103, "BPF_FUNC_sysctl_get_new_value";
    SYSCTL_SET_NEW_VALUE = 104, "BPF_FUNC_sysctl_set_new_value";
    STRTOL = 105, "BPF_FUNC_strtol";
    STRTOUL = 106, "BPF_FUNC_strtoul";
    SK_STORAGE_GET = 107, "BPF_FUNC_sk_storage_get";
    SK_STORAGE_DELETE = 108, "BPF_FUNC_sk_storage_delete";
    SEND_SIGNAL = 109, "BPF_FUNC_send_signal";
    TCP_GEN_SYNCOOKIE = 110, "BPF_FUNC_tcp_gen_syncookie";
    SKB_OUTPUT = 111, "BPF_FUNC_skb_output";
    PROBE_READ_USER = 112, "BPF_FUNC_probe_read_user";
    PROBE_READ_KERNEL = 113, "BPF_FUNC_probe_read_kernel";
    PROBE_READ_USER_STR = 114, "BPF_FUNC_probe_read_user_str";
    PROBE_READ_KERNEL_STR = 115, "BPF_FUNC_probe_read_kernel_str";
    TCP_SEND_ACK = 116, "BPF_FUNC_tcp_send_ack";
    SEND_SIGNAL_THREAD = 117, "BPF_FUNC_send_signal_thread";
    JIFFIES64 = 118, "BPF_FUNC_jiffies64";
    READ_BRANCH_RECORDS = 119, "BPF_FUNC_read_branch_records";
    GET_NS_CURRENT_PID_TGID = 120, "BPF_FUNC_get_ns_current_pid_tgid";
    XDP_OUTPUT = 121, "BPF_FUNC_xdp_output";
    GET_NETNS_COOKIE = 122, "BPF_FUNC_get_netns_cookie";
    GET_CURRENT_ANCESTOR_CGROUP_ID = 123, "BPF_FUNC_get_current_ancestor_cgroup_id";
    SK_ASSIGN = 124, "BPF_FUNC_sk_assign";
    KTIME_GET_BOOT_NS = 125, "BPF_FUNC_ktime_get_boot_ns";
    SEQ_PRINTF = 126, "BPF_FUNC_seq_printf";
    SEQ_WRITE = 127, "BPF_FUNC_seq_write";
    SK_CGROUP_ID = 128, "BPF_FUNC_sk_cgroup_id";
    SK_ANCESTOR_CGROUP_ID = 129, "BPF_FUNC_sk_ancestor_cgroup_id";
    RINGBUF_OUTPUT = 130, "BPF_FUNC_ringbuf_output";
    RINGBUF_RESERVE = 131, "BPF_FUNC_ringbuf_reserve";
    RINGBUF_SUBMIT = 132, "BPF_FUNC_ringbuf_submit";
    RINGBUF_DISCARD = 133, "BPF_FUNC_ringbuf_discard";
    RINGBUF_QUERY = 134, "BPF_FUNC_ringbuf_query";
    CSUM_LEVEL = 135, "BPF_FUNC_csum_level";
    SKC_TO_TCP6_SOCK = 136, "BPF_FUNC_skc_to_tcp6_sock";
    SKC_TO_TCP_SOCK = 137, "BPF_FUNC_skc_to_tcp_sock";
    SKC_TO_TCP_TIMEWAIT_SOCK = 138, "BPF_FUNC_skc_to_tcp_timewait_sock";
    SKC_TO_TCP_REQUEST_SOCK = 139, "BPF_FUNC_skc_to_tcp_request_sock";
    SKC_TO_UDP6_SOCK = 140, "BPF_FUNC_skc_to_udp6_sock";
    GET_TASK_STACK = 141, "BPF_FUNC_get_task_stack";
    LOAD_HDR_OPT = 142, "BPF_FUNC_load_hdr_opt";
    STORE_HDR_OPT = 143, "BPF_FUNC_store_hdr_opt";
    RESERVE_HDR_OPT = 144, "BPF_FUNC_reserve_hdr_opt";
    INODE_STORAGE_GET = 145, "BPF_FUNC_inode_storage_get";
    INODE_STORAGE_DELETE = 146, "BPF_FUNC_inode_storage_delete";
    D_PATH = 147, "BPF_FUNC_d_path";
    COPY_FROM_USER = 148, "BPF_FUNC_copy_from_user";
    SNPRINTF_BTF = 149, "BPF_FUNC_snprintf_btf";
    SEQ_PRINTF_BTF = 150, "BPF_FUNC_seq_printf_btf";
    SKB_CGROUP_CLASSID = 151, "BPF_FUNC_skb_cgroup_classid";
    REDIRECT_NEIGH = 152, "BPF_FUNC_redirect_neigh";
    PER_CPU_PTR = 153, "BPF_FUNC_per_cpu_ptr";
    THIS_CPU_PTR = 154, "BPF_FUNC_this_cpu_ptr";
    REDIRECT_PEER = 155, "BPF_FUNC_redirect_peer";
    TASK_STORAGE_GET = 156, "BPF_FUNC_task_storage_get";
    TASK_STORAGE_DELETE = 157, "BPF_FUNC_task_storage_delete";
    GET_CURRENT_TASK_BTF = 158, "BPF_FUNC_get_current_task_btf";
    BPRM_OPTS_SET = 159, "BPF_FUNC_bprm_opts_set";
    KTIME_GET_COARSE_NS = 160, "BPF_FUNC_ktime_get_coarse_ns";
    IMA_INODE_HASH = 161, "BPF_FUNC_ima_inode_hash";
    SOCK_FROM_FILE = 162, "BPF_FUNC_sock_from_file";
    CHECK_MTU = 163, "BPF_FUNC_check_mtu";
    FOR_EACH_MAP_ELEM = 164, "BPF_FUNC_for_each_map_elem";
    SNPRINTF = 165, "BPF_FUNC_snprintf";
    SYS_BPF = 166, "BPF_FUNC_sys_bpf";
    BTF_FIND_BY_NAME_KIND = 167, "BPF_FUNC_btf_find_by_name_kind";
    SYS_CLOSE = 168, "BPF_FUNC_sys_close";
    TIMER_INIT = 169, "BPF_FUNC_timer_init";
    TIMER_SET_CALLBACK = 170, "BPF_FUNC_timer_set_callback";
    TIMER_START = 171, "BPF_FUNC_timer_start";
    TIMER_CANCEL = 172, "BPF_FUNC_timer_cancel";
    GET_FUNC_IP = 173, "BPF_FUNC_get_func_ip";
    GET_ATTACH_COOKIE = 174, "BPF_FUNC_get_attach_cookie";
    TASK_PT_REGS = 175, "BPF_FUNC_task_pt_regs";
    GET_BRANCH_SNAPSHOT = 176, "BPF_FUNC_get_branch_snapshot";
    TRACE_VPRINTK = 177, "BPF_FUNC_trace_vprintk";
    SKC_TO_UNIX_SOCK = 178, "BPF_FUNC_skc_to_unix_sock";
    KALLSYMS_LOOKUP_NAME = 179, "BPF_FUNC_kallsyms_lookup_name";
    FIND_VMA = 180, "BPF_FUNC_find_vma";
    LOOP = 181, "BPF_FUNC_loop";
    STRNCMP = 182, "BPF_FUNC_strncmp";
    GET_FUNC_ARG = 183, "BPF_FUNC_get_func_arg";
    GET_FUNC_RET = 184, "BPF_FUNC_get_func_ret";
    GET_FUNC_ARG_CNT = 185, "BPF_FUNC_get_func_arg_cnt";
    GET_RETVAL = 186, "BPF_FUNC_get_retval";
    SET_RETVAL = 187, "BPF_FUNC_set_retval";
    XDP_GET_BUFF_LEN = 188, "BPF_FUNC_xdp_get_buff_len";
    XDP_LOAD_BYTES = 189, "BPF_FUNC_xdp_load_bytes";
    XDP_STORE_BYTES = 190, "BPF_FUNC_xdp_store_bytes";
    COPY_FROM_USER_TASK = 191, "BPF_FUNC_copy_from_user_task";
    SKB_SET_TSTAMP = 192, "BPF_FUNC_skb_set_tstamp";
    IMA_FILE_HASH = 193, "BPF_FUNC_ima_file_hash";
    KPTR_XCHG = 194, "BPF_FUNC_kptr_xchg";
    MAP_LOOKUP_PERCPU_ELEM = 195, "BPF_FUNC_map_lookup_percpu_elem";
    SKC_TO_MPTCP_SOCK = 196, "BPF_FUNC_skc_to_mptcp_sock";
    DYNPTR_FROM_MEM = 197, "BPF_FUNC_dynptr_from_mem";
    RINGBUF_RESERVE_DYNPTR = 198, "BPF_FUNC_ringbuf_reserve_dynptr";
    RINGBUF_SUBMIT_DYNPTR = 199, "BPF_FUNC_ringbuf_submit_dynptr";
    RINGBUF_DISCARD_DYNPTR = 200, "BPF_FUNC_ringbuf_discard_dynptr";
    DYNPTR_READ = 201, "BPF_FUNC_dynptr_read";
    DYNPTR_WRITE = 202, "BPF_FUNC_dynptr_write";
    DYNPTR_DATA = 203, "BPF_FUNC_dynptr_data";
    TCP_RAW_GEN_SYNCOOKIE_IPV4 = 204, "BPF_FUNC_tcp_raw_gen_syncookie_ipv4";
    TCP_RAW_GEN_SYNCOOKIE_IPV6 = 205, "BPF_FUNC_tcp_raw_gen_syncookie_ipv6";
    TCP_RAW_CHECK_SYNCOOKIE_IPV4 = 206, "BPF_FUNC_tcp_raw_check_syncookie_ipv4";
    TCP_RAW_CHECK_SYNCOOKIE_IPV6 = 207, "BPF_FUNC_tcp_raw_check_syncookie_ipv6";
    KTIME_GET_TAI_NS = 208, "BPF_FUNC_ktime_get_tai_ns";
    USER_RINGBUF_DRAIN = 209, "BPF_FUNC_user_ringbuf_drain";
    CGRP_STORAGE_GET = 210, "BPF_FUNC_cgrp_storage_get";
    CGRP_STORAGE_DELETE = 211, "BPF_FUNC_cgrp_storage_delete";
}

/// The last helper that each Linux brought: they were only ever appended.
const LAST: &[(Helper, Release)] = &[
    (Helper::MAP_DELETE_ELEM, Release::new(3, 19)),
    (Helper::L4_CSUM_REPLACE, Release::new(4, 1)),
    (Helper::GET_CURRENT_COMM, Release::new(4, 2)),
    (Helper::PERF_EVENT_READ, Release::new(4, 3)),
    (Helper::PERF_EVENT_OUTPUT, Release::new(4, 4)),
    (Helper::SKB_LOAD_BYTES, Release::new(4, 5)),
    (Helper::SKB_SET_TUNNEL_OPT, Release::new(4, 6)),
    (Helper::PROBE_WRITE_USER, Release::new(4, 8)),
    (Helper::SET_HASH_INVALID, Release::new(4, 9)),
    (Helper::XDP_ADJUST_HEAD, Release::new(4, 10)),
    (Helper::PROBE_READ_STR, Release::new(4, 11)),
    (Helper::GET_SOCKET_UID, Release::new(4, 12)),
    (Helper::SKB_ADJUST_ROOM, Release::new(4, 13)),
    (Helper::SOCK_MAP_UPDATE, Release::new(4, 14)),
    (Helper::GETSOCKOPT, Release::new(4, 15)),
    (Helper::SOCK_OPS_CB_FLAGS_SET, Release::new(4, 16)),
    (Helper::BIND, Release::new(4, 17)),
    (Helper::GET_CURRENT_CGROUP_ID, Release::new(4, 18)),
    (Helper::SKB_ANCESTOR_CGROUP_ID, Release::new(4, 19)),
    (Helper::MSG_PUSH_DATA, Release::new(4, 20)),
    (Helper::RC_POINTER_REL, Release::new(5, 0)),
    (Helper::GET_LISTENER_SOCK, Release::new(5, 1)),
    (Helper::SK_STORAGE_DELETE, Release::new(5, 2)),
    (Helper::SEND_SIGNAL, Release::new(5, 3)),
    (Helper::TCP_GEN_SYNCOOKIE, Release::new(5, 4)),
    (Helper::PROBE_READ_KERNEL_STR, Release::new(5, 5)),
    (Helper::JIFFIES64, Release::new(5, 6)),
    (Helper::SK_ASSIGN, Release::new(5, 7)),
    (Helper::CSUM_LEVEL, Release::new(5, 8)),
    (Helper::GET_TASK_STACK, Release::new(5, 9)),
    (Helper::REDIRECT_PEER, Release::new(5, 10)),
    (Helper::SOCK_FROM_FILE, Release::new(5, 11)),
    (Helper::CHECK_MTU, Release::new(5, 12)),
    (Helper::SNPRINTF, Release::new(5, 13)),
    (Helper::SYS_CLOSE, Release::new(5, 14)),
    (Helper::TASK_PT_REGS, Release::new(5, 15)),
    (Helper::KALLSYMS_LOOKUP_NAME, Release::new(5, 16)),
    (Helper::GET_FUNC_ARG_CNT, Release::new(5, 17)),
    (Helper::IMA_FILE_HASH, Release::new(5, 18)),
    (Helper::DYNPTR_DATA, Release::new(5, 19)),
    (Helper::TCP_RAW_CHECK_SYNCOOKIE_IPV6, Release::new(6, 0)),
    (Helper::USER_RINGBUF_DRAIN, Release::new(6, 1)),
    (Helper::CGRP_STORAGE_DELETE, Release::new(6, 2)),
];

impl Helper {
    /// The first Linux that has it; `None` for a number that this version does not know. Types of programs got it at
    /// that time or later.
    pub fn since(self) -> Option<Release> {
        self.c_name()?;
        LAST.iter().find(|(last, _)| self <= *last).map(|(_, release)| *release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_helper_has_its_kernel() {
        assert!(LAST.is_sorted());
        assert_eq!(LAST.last().map(|(last, _)| last), Helper::KNOWN.last());
        for (at, helper) in (1..).zip(Helper::KNOWN) {
            assert_eq!(helper.0, at, "no number is left out");
            assert!(helper.since().is_some(), "{helper}");
        }
        for (helper, major, minor) in [
            (Helper::MAP_LOOKUP_ELEM, 3, 19),
            (Helper::TAIL_CALL, 4, 2),
            (Helper::PROBE_READ_KERNEL, 5, 5),
            (Helper::RINGBUF_OUTPUT, 5, 8),
            (Helper::REDIRECT_PEER, 5, 10),
            (Helper::TASK_STORAGE_GET, 5, 11),
            (Helper::FOR_EACH_MAP_ELEM, 5, 13),
            (Helper::TIMER_INIT, 5, 15),
            (Helper::LOOP, 5, 17),
            (Helper::USER_RINGBUF_DRAIN, 6, 1),
            (Helper::CGRP_STORAGE_GET, 6, 2),
        ] {
            assert_eq!(helper.since(), Some(Release::new(major, minor)), "{helper}");
        }
        assert_eq!([Helper(0).since(), Helper(212).since(), Helper(0xbad2310).since()], [None; 3]);
        assert_eq!(Helper::GET_CURRENT_PID_TGID.to_string(), "get_current_pid_tgid");
    }
}
