//! What can be asked of a loaded program, and test runs.

use bpf_skel::insn::{EXIT, Insn, LDIMM64, MOV64_IMM, PSEUDO_MAP_VALUE};
use bpf_skel::program::{TestRun, kind};
use bpf_skel::uapi::ProgramType;
use bpf_skel::{ErrorKind, Program};
use bpf_skel_tests::kernel::needs::{SYSCALL, VERIFIED_INSNS, XDP_CTX};
use bpf_skel_tests::kernel::{counting, load};

bpf_skel_tests::kernel::tests! {
    []: by_id, run_a_packet, run_many_times, packet_grows_beyond_the_room, run_a_raw_tracepoint, run_what_cannot_be,
        run_with_bad_data;
    [VERIFIED_INSNS]: info;
    [XDP_CTX]: run_with_a_context;
    [SYSCALL]: run_a_syscall_program;
}

fn info() {
    let counting = counting("xdp", 2).unwrap();
    let info = counting.program().info().unwrap();
    assert_eq!((info.name.as_str(), info.program_type), ("probe", ProgramType::XDP));
    assert_eq!(info.map_ids.len(), 1);
    assert!(info.verified_insns >= 5 && info.gpl_compatible && info.tag != [0; 8], "{info:?}");
    assert_eq!(info.insns.len(), 6);
    let first = info.insns[0];
    assert_eq!((first.code, first.src()), (LDIMM64, PSEUDO_MAP_VALUE));
    assert_eq!(info.insns[5].code, EXIT);
    assert!(info.load_time.as_nanos() > 0);
}

fn by_id() {
    let counting = counting("tp_btf/sys_enter", 0).unwrap();
    let id = counting.program().info().unwrap().id;
    assert!(Program::ids().unwrap().contains(&id));
    let program = Program::from_id(id).unwrap();
    assert_eq!(program.program_type(), ProgramType::TRACING);
    // What it was loaded for is known to the kernel, and the kind to the caller.
    let _link = program.try_into_kind::<kind::TpBtf>().unwrap().attach().unwrap();
    assert!(counting.is_hit_soon());
    assert_eq!(Program::from_id(u32::MAX - 1).unwrap_err().kind(), ErrorKind::NotFound);
}

const PACKET: [u8; 64] = [0; 64];

fn run_a_packet() {
    let counting = counting("xdp", 2).unwrap();
    let output = counting.program().test_run(TestRun::new().data_in(&PACKET)).unwrap();
    assert_eq!((output.retval, output.data_out), (2, PACKET.to_vec()));
    assert_eq!(counting.hits(), 1);
    assert!(output.ctx_out.is_empty());
}

fn run_many_times() {
    let counting = counting("tc", 1).unwrap();
    let run = TestRun::new().data_in(&PACKET).repeat(1000).data_room(0);
    let output = counting.program().test_run(run).unwrap();
    assert_eq!((output.retval, counting.hits()), (1, 1000));
    assert!(output.data_out.is_empty());
}

fn packet_grows_beyond_the_room() {
    let counting = counting("xdp", 2).unwrap();
    let error =
        counting.program().test_run(TestRun::new().data_in(&PACKET).data_room(10)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::ENOSPC));
    assert!(error.to_string().contains("64 bytes after it and there was room for 10"), "{error}");
}

/// `struct xdp_md`: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex.
fn run_with_a_context() {
    let counting = counting("xdp", 2).unwrap();
    let ctx = [0_u32, 64, 0, 0, 0, 0];
    let output = counting.program().test_run(TestRun::new().data_in(&PACKET).ctx_in(&ctx)).unwrap();
    assert_eq!(output.ctx::<[u32; 6]>(), Some(ctx));
    assert_eq!(output.ctx::<[u32; 5]>(), None);
}

fn run_a_syscall_program() {
    // Adds 1 to the first 8 bytes of its context.
    let insns = [
        Insn::new(0x79, 2, 1, 0, 0), // r2 = *(u64 *)(r1 + 0)
        Insn::new(0x07, 2, 0, 0, 1), // r2 += 1
        Insn::new(0x7b, 1, 2, 0, 0), // *(u64 *)(r1 + 0) = r2
        Insn::new(MOV64_IMM, 0, 0, 0, 5),
        Insn::new(EXIT, 0, 0, 0, 0),
    ];
    let object = load("syscall", &insns).unwrap();
    let output = object.programs()[0].test_run(TestRun::new().ctx_in(&41_u64)).unwrap();
    assert_eq!((output.retval, output.ctx::<u64>()), (5, Some(42)));
}

fn run_a_raw_tracepoint() {
    let counting = counting("raw_tp/sys_enter", 9).unwrap();
    let run = TestRun::new().ctx_in(&[1_u64, 2]).cpu(0);
    let output = counting.program().test_run(run).unwrap();
    assert_eq!((output.retval, counting.hits()), (9, 1));
}

fn run_what_cannot_be() {
    let counting = counting("perf_event", 0).unwrap();
    let error = counting.program().test_run(TestRun::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotSupportedByKernel);
    assert_eq!(
        error.to_string(),
        r#"program "probe": programs of type perf_event cannot be test-run on this kernel (ENOTSUPP, error 524)"#
    );
}

fn run_with_bad_data() {
    let counting = counting("raw_tp/sys_enter", 0).unwrap();
    let error = counting.program().test_run(TestRun::new().data_in(&PACKET)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    assert!(error.to_string().contains("does not fit programs of type raw_tracepoint"), "{error}");
}
