//! Socket maps.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd};

use bpf_skel::program::kind;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel::{ErrorKind, Map};
use bpf_skel_tests::kernel::needs::STREAM_PARSER;
use bpf_skel_tests::kernel::{counting, kernel_is};

bpf_skel_tests::kernel::tests! {
    []: sk_msg, not_a_map_of_sockets, no_direction;
    [STREAM_PARSER]: sk_skb;
}

const PASS: i32 = 1;
const MESSAGE: &[u8] = b"hello";

fn socket_map() -> Map {
    Map::from_spec(&MapSpec::new("sockets", MapType::SOCKMAP, 4, 4, 2), None).unwrap()
}

fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    server.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    (client, server)
}

/// `BPF_MAP_UPDATE_ELEM` of the first slot.
fn put(map: &Map, socket: &impl AsFd) {
    const UPDATE: libc::c_int = 2;
    let (key, value) = (0_u32, socket.as_fd().as_raw_fd());
    let mut attr = [0_u8; 32];
    attr[..4].copy_from_slice(&map.as_fd().as_raw_fd().to_ne_bytes());
    attr[8..16].copy_from_slice(&(&raw const key as u64).to_ne_bytes());
    attr[16..24].copy_from_slice(&(&raw const value as u64).to_ne_bytes());
    // SAFETY: key and value are of the map's sizes.
    let result = unsafe { libc::syscall(libc::SYS_bpf, UPDATE, attr.as_ptr(), attr.len()) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}

fn send(from: &mut TcpStream, to: &mut TcpStream) {
    from.write_all(MESSAGE).unwrap();
    let mut received = [0; MESSAGE.len()];
    to.read_exact(&mut received).unwrap();
    assert_eq!(received, MESSAGE);
}

fn sk_msg() {
    let counting = counting("sk_msg", PASS).unwrap();
    let map = socket_map();
    let link = counting.kind::<kind::SkMsg>().attach(&map).unwrap();
    assert_eq!(link.is_bpf_link(), kernel_is(6, 10));
    let (mut client, mut server) = connection();
    put(&map, &client);
    assert_eq!(counting.hits_during(|| send(&mut client, &mut server)), 1);
    drop(link);
    // The map is free for another.
    let _link = counting.kind::<kind::SkMsg>().attach(&map).unwrap();
}

fn sk_skb() {
    let parser = counting("sk_skb/stream_parser", MESSAGE.len() as i32).unwrap();
    let verdict = counting("sk_skb/stream_verdict", PASS).unwrap();
    let map = socket_map();
    let _parses = parser.kind::<kind::SkSkb>().attach(&map).unwrap();
    let _decides = verdict.kind::<kind::SkSkb>().attach(&map).unwrap();
    // The guest with Linux 5.10 stands still once data goes through both.
    if !kernel_is(5, 15) {
        return;
    }
    let (mut client, mut server) = connection();
    put(&map, &server);
    send(&mut client, &mut server);
    assert!(parser.hits() >= 1 && verdict.hits() >= 1);
}

fn no_direction() {
    let counting = counting("sk_skb", PASS).unwrap();
    let error = counting.kind::<kind::SkSkb>().attach(socket_map()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(
        error.to_string().contains("whether stream_parser, stream_verdict or verdict"),
        "{error}"
    );
}

fn not_a_map_of_sockets() {
    let counting = counting("sk_msg", PASS).unwrap();
    let map = Map::from_spec(&MapSpec::new("hash", MapType::HASH, 4, 4, 2), None).unwrap();
    let error = counting.kind::<kind::SkMsg>().attach(&map).unwrap_err();
    let start = r#"program "probe": attach to sk_msg_verdict of a socket map: "#;
    assert!(error.to_string().starts_with(start), "{error}");
}
