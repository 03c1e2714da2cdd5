//! What the running kernel makes of it: every map kind and attach kind, as root.
//!
//! `cargo test -p bpf-skel-tests --test kernel`. A module a subject. Each test runs alone, and fails if it leaves a descriptor,
//! a pin or a kernel object behind. What needs root or an absent kernel feature is reported as ignored, with the reason.

mod arena;
mod attach_auto;
mod attach_freplace;
mod attach_iter;
mod attach_kprobe;
mod attach_net;
mod attach_netfilter;
mod attach_perf;
mod attach_sockmap;
mod attach_tc_filter;
mod attach_tracing;
mod attach_tracing_multi;
mod attach_uprobe;
#[cfg(target_arch = "x86_64")]
mod attach_usdt;
mod children;
mod commands;
mod externs;
mod externs_module;
mod fallbacks;
mod features;
mod jump_tables;
mod legacy;
mod link;
mod linked;
mod maps_array;
mod maps_descriptors;
mod maps_flexible;
mod maps_hash;
mod maps_live;
mod maps_nested;
mod maps_other;
mod maps_per_cpu;
mod maps_perf_event_array;
mod maps_perf_reader;
mod maps_ringbuf;
mod maps_stack_trace;
mod maps_storage;
mod maps_untyped;
mod maps_user_ringbuf;
mod object_cost;
mod object_errors;
mod object_failures;
mod object_globals;
mod object_maps;
mod object_pins;
mod object_programs;
mod object_slots;
mod persist;
mod phases;
mod pin;
mod pin_constants;
mod pin_policy;
mod pin_races;
mod program;
mod raw;
mod skeleton_phases;
mod struct_ops;
mod token;

fn main() {
    bpf_skel_tests::kernel::run_child(children::JOBS);
    bpf_skel_tests::kernel::run(&[
        arena::TESTS,
        attach_auto::TESTS,
        attach_freplace::TESTS,
        attach_iter::TESTS,
        attach_kprobe::TESTS,
        attach_net::TESTS,
        attach_netfilter::TESTS,
        attach_perf::TESTS,
        attach_sockmap::TESTS,
        attach_tc_filter::TESTS,
        attach_tracing::TESTS,
        attach_tracing_multi::TESTS,
        attach_uprobe::TESTS,
        #[cfg(target_arch = "x86_64")]
        attach_usdt::TESTS,
        commands::TESTS,
        externs::TESTS,
        externs_module::TESTS,
        fallbacks::TESTS,
        features::TESTS,
        jump_tables::TESTS,
        legacy::TESTS,
        link::TESTS,
        linked::TESTS,
        maps_array::TESTS,
        maps_descriptors::TESTS,
        maps_flexible::TESTS,
        maps_hash::TESTS,
        maps_live::TESTS,
        maps_nested::TESTS,
        maps_other::TESTS,
        maps_per_cpu::TESTS,
        maps_perf_event_array::TESTS,
        maps_perf_reader::TESTS,
        maps_ringbuf::TESTS,
        maps_stack_trace::TESTS,
        maps_storage::TESTS,
        maps_untyped::TESTS,
        maps_user_ringbuf::TESTS,
        object_cost::TESTS,
        object_errors::TESTS,
        object_failures::TESTS,
        object_globals::TESTS,
        object_maps::TESTS,
        object_pins::TESTS,
        persist::TESTS,
        pin_constants::TESTS,
        pin_policy::TESTS,
        pin_races::TESTS,
        object_programs::TESTS,
        object_slots::TESTS,
        pin::TESTS,
        program::TESTS,
        skeleton_phases::TESTS,
        struct_ops::TESTS,
        token::TESTS,
    ]);
}
