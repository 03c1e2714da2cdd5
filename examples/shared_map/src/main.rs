//! A map that two loaders share: tc loads a classifier that counts what leaves an interface, and a skeleton loads an XDP
//! program that drops UDP at the other end once enough was counted. Neither knows of the other: the system-wide
//! configuration of pins puts the map of both at `tc/globals/packets`.
//!
//! All of it is in a network namespace of its own, which is gone at the end.

use std::net::UdpSocket;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use bpf_skel::link::{XdpMode, XdpOptions};
use bpf_skel::loader::Config;
use bpf_skel::loader::config::Hook;

bpf_skel::include_skel!(limit);

const CLASSIFIER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/classifier.bpf.o");
/// The argument that tells the process that it is in its namespace.
const INSIDE: &str = "inside";
const UDP: u32 = 17;
const SENT: u64 = 10;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let result = match std::env::args().nth(1).as_deref() {
        Some(INSIDE) => inside(),
        _ => outside(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs this program again in a network namespace; `ip netns exec` gives it mounts of its own too.
fn outside() -> Result<()> {
    let name = format!("shared-map-{}", std::process::id());
    run(&format!("ip netns add {name}"))?;
    let program = std::env::current_exe()?;
    let status =
        Command::new("ip").args(["netns", "exec", &name]).arg(program).arg(INSIDE).status();
    run(&format!("ip netns delete {name}"))?;
    if status?.success() { Ok(()) } else { Err("it failed in the network namespace".into()) }
}

fn inside() -> Result<()> {
    for command in [
        "ip link add left type veth peer name right",
        "ip address add 192.0.2.1/24 dev left",
        "ip link set left up",
        "ip link set right up",
        "ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev left nud permanent",
        "tc qdisc add dev left clsact",
        // iproute2 mounts the BPF file system where there is none, and pins the map.
        &format!(
            "tc filter add dev left egress bpf direct-action object-file {CLASSIFIER} section classifier"
        ),
    ] {
        run(command)?;
    }

    let mut open = limit::open();
    let mut config = Config::system()?;
    // An XDP program's directory is `xdp`, which iproute2 makes the same as `tc`. Said here for clarity only.
    config.set_hook(Hook::Xdp);
    for map in config.explain(limit::SPEC)?.iter().filter(|map| map.path.is_some()) {
        println!("{map}");
    }
    open.pinning(config);
    open.rodata.limit = 3;
    let skel = open.load()?;
    let _link = skel.progs.drop.attach_with("right", XdpOptions::new().mode(XdpMode::Skb))?;

    let socket = UdpSocket::bind("192.0.2.1:0")?;
    for _ in 0..SENT {
        socket.send_to(b"hello", "192.0.2.2:9")?;
    }
    thread::sleep(Duration::from_millis(200));
    let counted = skel.maps.packets.get(UDP)?;
    println!("tc's classifier counted {counted} datagrams in the map that both share");
    println!("XDP let {} pass and dropped {}", skel.bss.passed.get(), skel.bss.dropped.get());
    Ok(())
}

fn run(command: &str) -> Result<()> {
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    let status = Command::new(program).args(words).status();
    let status = status.map_err(|error| format!("{command}: {error} (iproute2 is needed)"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{command}: {status} (root is needed)").into())
    }
}
