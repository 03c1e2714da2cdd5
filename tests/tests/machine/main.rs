//! What needs something of the machine: a tool, the running kernel's types, objects of other projects.
//!
//! `cargo test -p bpf-skel-tests --test machine`. A module a subject. A test that lacks what it needs is reported as
//! ignored, with the reason.

mod btf_round_trip;
mod build_path;
mod c_from_btf;
#[cfg(target_os = "linux")]
mod core_against_libbpf;
#[cfg(target_os = "linux")]
mod externs_against_libbpf;
#[cfg(target_os = "linux")]
mod kernel_btf;
mod layouts;
#[cfg(target_os = "linux")]
mod link_against_libbpf;
#[cfg(target_os = "linux")]
mod pinning_config;
mod project;
mod readme;
mod shared_types;
mod third_party;
mod vmlinux;

fn main() {
    bpf_skel_tests::machine::run(&[
        btf_round_trip::TESTS,
        build_path::TESTS,
        c_from_btf::TESTS,
        #[cfg(target_os = "linux")]
        core_against_libbpf::TESTS,
        #[cfg(target_os = "linux")]
        externs_against_libbpf::TESTS,
        #[cfg(target_os = "linux")]
        kernel_btf::TESTS,
        #[cfg(target_os = "linux")]
        link_against_libbpf::TESTS,
        #[cfg(target_os = "linux")]
        pinning_config::TESTS,
        layouts::TESTS,
        readme::TESTS,
        shared_types::TESTS,
        third_party::TESTS,
        vmlinux::TESTS,
    ]);
}
