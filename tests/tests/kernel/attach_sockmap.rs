//! Socket maps.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use bpf_skel::link::Link;
use bpf_skel::map::SockMap;
use bpf_skel::program::kind;
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel::{ErrorKind, Map};
use bpf_skel_tests::kernel::needs::{STREAM_PARSER, STREAM_PASS};
use bpf_skel_tests::kernel::{Counting, counting, dated};

bpf_skel_tests::kernel::tests! {
    []: sk_msg, not_a_map_of_sockets, no_direction;
    [STREAM_PARSER]: sk_skb;
    [STREAM_PARSER, STREAM_PASS]: sk_skb_that_passes;
}

const DROP: i32 = 0;
const PASS: i32 = 1;
const LIMIT: Duration = Duration::from_secs(20);
const MESSAGE: &[u8] = b"hello";

fn socket_map() -> SockMap {
    let map = Map::from_spec(&MapSpec::new("sockets", MapType::SOCKMAP, 4, 4, 2), None).unwrap();
    map.try_into().unwrap()
}

fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let server = listener.accept().unwrap().0;
    server.set_read_timeout(Some(LIMIT)).unwrap();
    (client, server)
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
    dated("links of socket maps", (6, 10), link.is_bpf_link()).unwrap();
    let (mut client, mut server) = connection();
    map.set(0, &client).unwrap();
    assert_eq!(counting.hits_during(|| send(&mut client, &mut server)), 1);
    drop(link);
    // The map is free for another.
    let _link = counting.kind::<kind::SkMsg>().attach(&map).unwrap();
}

/// A parser and a verdict, attached to a new map.
fn stream(verdict: i32) -> (SockMap, [Counting; 2], [Link; 2]) {
    let parser = counting("sk_skb/stream_parser", MESSAGE.len() as i32).unwrap();
    let verdict = counting("sk_skb/stream_verdict", verdict).unwrap();
    let map = socket_map();
    let links = [&parser, &verdict].map(|one| one.kind::<kind::SkSkb>().attach(&map).unwrap());
    (map, [parser, verdict], links)
}

fn sk_skb() {
    let (map, [parser, verdict], _links) = stream(DROP);
    let (mut client, mut server) = connection();
    map.set(0, &server).unwrap();
    client.write_all(MESSAGE).unwrap();
    let end = Instant::now() + LIMIT;
    while verdict.hits() == 0 && Instant::now() < end {
        std::thread::yield_now();
    }
    assert!(parser.hits() >= 1 && verdict.hits() == 1);
    server.set_nonblocking(true).unwrap();
    let nothing = server.read(&mut [0; MESSAGE.len()]).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
}

fn sk_skb_that_passes() {
    let (map, [parser, verdict], _links) = stream(PASS);
    let (mut client, mut server) = connection();
    map.set(0, &server).unwrap();
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
