//! Maps of cgroups, sockets, interfaces and CPUs.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsFd;

use bpf_skel::map::{CgroupArray, CpuMap, DevMap, Map, SockMap, TaskStorage, XskMap};
use bpf_skel::spec::MapSpec;
use bpf_skel::uapi::MapType;
use bpf_skel::{Error, ErrorKind};
use bpf_skel_tests::kernel::{
    Cgroup, Outcome, Veth, add_receive_ring, reuseport_sockets, socket, socket_cookie, tests,
};

include!("../../golden/descriptors.rs");

use descriptors::types::flow;

tests![
    types_and_sizes_are_checked,
    cgroup_arrays,
    socket_maps,
    socket_hashes,
    sockets_that_share_a_port,
    interfaces_by_index,
    interfaces_by_number,
    cpus,
    af_xdp_sockets,
];

fn maps() -> bpf_skel::Result<descriptors::Maps> {
    Ok(descriptors::open().prepare()?.maps)
}

#[track_caller]
fn refused<T>(result: bpf_skel::Result<T>, expected: &str) -> Error {
    let error = result.err().expect("it is refused");
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    assert!(error.to_string().contains(expected), "{error}");
    error
}

#[track_caller]
fn beyond<T>(result: bpf_skel::Result<T>) {
    refused(result, "index 4 is out of range: the map has 4 entries");
}

fn types_and_sizes_are_checked() -> Outcome {
    let of = |map_type, value| Map::from_spec(&MapSpec::new("x", map_type, 4, value, 1), None);
    let array = || of(MapType::ARRAY, 8);
    for (error, expected) in [
        (CgroupArray::try_from(array()?).err(), "cgroup_array"),
        (SockMap::try_from(array()?).err(), "sockmap"),
        (DevMap::try_from(of(MapType::DEVMAP_HASH, 4)?).err(), "devmap"),
        (CpuMap::try_from(array()?).err(), "cpumap"),
        (XskMap::try_from(array()?).err(), "xskmap"),
        (TaskStorage::<u64>::try_from(array()?).err(), "task_storage"),
    ] {
        let error = error.unwrap();
        assert_eq!(error.kind(), ErrorKind::Mismatch);
        let expected = format!(r#"map "x": type: expected {expected}, found "#);
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    Ok(())
}

fn cgroup_arrays() -> Outcome {
    let map = maps()?.cgroups;
    let cgroup = Cgroup::new("array");
    map.set(3, &cgroup.open())?;
    map.set(3, &cgroup.open())?;
    assert!(map.clear(3)?);
    assert!(!map.clear(3)?);
    refused(map.set(0, &File::open("/")?), "an open directory of a cgroup");
    beyond(map.set(4, &cgroup.open()));
    beyond(map.clear(4));
    assert_eq!(map.len(), 4);
    Ok(())
}

fn connection() -> std::io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    Ok((client, listener.accept()?.0))
}

fn socket_maps() -> Outcome {
    let map = maps()?.sockets;
    let (client, server) = connection()?;
    assert_eq!(map.cookie(1)?, None);
    map.set(1, &client)?;
    assert_eq!(map.cookie(1)?, Some(socket_cookie(&client)));
    map.set(1, &server)?;
    assert_eq!(map.cookie(1)?, Some(socket_cookie(&server)));
    assert!(map.clear(1)?);
    assert!(!map.clear(1)?);
    map.set(2, &client)?;
    drop((client, server));
    assert_eq!(map.cookie(2)?, None, "a closed socket goes");
    refused(map.set(0, &File::open("/")?), "it takes a socket");
    refused(map.set(0, &socket(libc::AF_INET, libc::SOCK_STREAM)), "connected or listens");
    beyond(map.set(4, &socket(libc::AF_INET, libc::SOCK_STREAM)));
    beyond(map.clear(4));
    beyond(map.cookie(4));
    Ok(())
}

fn socket_hashes() -> Outcome {
    let maps = maps()?;
    let (map, few) = (&maps.flows, &maps.few_flows);
    let (client, server) = connection()?;
    let key = flow { address: 7, port: 80, ..flow::default() };
    assert!(!map.replace(&key, &client)?);
    assert!(map.insert_new(&key, &client)?);
    assert!(!map.insert_new(&key, &server)?);
    assert_eq!(map.cookie(&key)?, Some(socket_cookie(&client)));
    assert!(map.replace(&key, &server)?);
    assert_eq!(map.cookie(&key)?, Some(socket_cookie(&server)));
    assert_eq!(map.keys().collect::<bpf_skel::Result<Vec<_>>>()?, [key]);
    assert!(map.remove(&key)?);
    assert!(!map.remove(&key)?);
    assert_eq!(map.cookie(&key)?, None);
    map.insert(&key, &client)?;
    few.insert(&1, &client)?;
    assert!(few.remove(&1)?);
    refused(few.cookie(&1), "the map's values have 4 bytes");
    refused(map.insert(&key, &File::open("/")?), "it takes a socket");
    Ok(())
}

fn sockets_that_share_a_port() -> Outcome {
    let map = maps()?.listeners;
    let [one, other] = reuseport_sockets();
    map.set(0, &one)?;
    map.set(1, &other)?;
    assert_eq!(map.cookie(1)?, Some(socket_cookie(&other)));
    let error = map.set(2, &one).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBUSY));
    assert!(error.to_string().contains("in such a map already"), "{error}");
    assert!(map.clear(0)?);
    assert!(!map.clear(0)?);
    drop(other);
    assert_eq!(map.cookie(1)?, None, "a closed socket goes");
    let lonely = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    refused(map.set(0, &lonely), "bound with SO_REUSEPORT");
    refused(map.set(0, &File::open("/")?), "bound with SO_REUSEPORT");
    beyond(map.set(4, &lonely));
    beyond(map.cookie(4));
    Ok(())
}

fn no_interface(result: bpf_skel::Result<()>) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("there is no interface 9999"), "{error}");
}

fn interfaces_by_index() -> Outcome {
    let skel = descriptors::open().load()?;
    let (map, program) = (&skel.maps.ports, &skel.progs.at_interface);
    let veth = Veth::new("dm");
    let ifindex = veth.peer_index();
    let found = |index| Ok::<_, Error>(map.get(index)?.map(|it| (it.ifindex, it.program_id)));
    assert_eq!(found(1)?, None);
    map.set_with_program(1, ifindex, program)?;
    assert_eq!(found(1)?, Some((ifindex, Some(program.info()?.id))));
    map.set(1, ifindex)?;
    map.set(3, 1)?;
    assert_eq!(found(1)?, Some((ifindex, None)));
    let all = map.iter().collect::<bpf_skel::Result<Vec<_>>>()?;
    assert_eq!(
        all.iter().map(|(index, it)| (*index, it.ifindex)).collect::<Vec<_>>(),
        [(1, ifindex), (3, 1)]
    );
    map.clear(3)?;
    map.clear(3)?;
    assert_eq!(found(3)?, None);
    drop(veth);
    assert_eq!(found(1)?, None, "an interface that goes is taken out");
    no_interface(map.set(0, 9999));
    refused(map.set(0, 0), "interface 0");
    refused(map.set_with_program(0, 1, &skel.progs.elsewhere), "section xdp/devmap");
    refused(map.set_with_program(0, 1, &File::open("/")?), "section xdp/devmap");
    beyond(map.set(4, 1));
    beyond(map.get(4));
    beyond(map.clear(4));
    let plain = &skel.maps.plain_ports;
    plain.set(0, 1)?;
    assert_eq!(plain.get(0)?.map(|it| (it.ifindex, it.program_id)), Some((1, None)));
    refused(plain.set_with_program(0, 1, program), "the map's values have 4 bytes");
    Ok(())
}

fn interfaces_by_number() -> Outcome {
    let skel = descriptors::open().load()?;
    let (map, program) = (&skel.maps.interfaces, &skel.progs.at_interface);
    let found = |key| Ok::<_, Error>(map.get(key)?.map(|it| (it.ifindex, it.program_id)));
    map.insert(70_000, 1)?;
    assert_eq!(found(70_000)?, Some((1, None)));
    map.insert_with_program(5, 1, program)?;
    assert_eq!(found(5)?, Some((1, Some(program.info()?.id))));
    let all = map.iter().collect::<bpf_skel::Result<Vec<_>>>()?;
    let mut keys: Vec<_> = all.iter().map(|(key, _)| *key).collect();
    keys.sort_unstable();
    assert_eq!(keys, [5, 70_000]);
    assert!(map.remove(5)?);
    assert!(!map.remove(5)?);
    assert_eq!(found(5)?, None);
    no_interface(map.insert(0, 9999));
    refused(map.insert(0, 0), "interface 0");
    refused(map.insert_with_program(0, 1, &skel.progs.at_cpu), "section xdp/devmap");
    Ok(())
}

fn cpus() -> Outcome {
    let skel = descriptors::open().load()?;
    let (map, program) = (&skel.maps.cpus, &skel.progs.at_cpu);
    let found = |cpu| Ok::<_, Error>(map.get(cpu)?.map(|it| (it.queue_size, it.program_id)));
    assert_eq!(found(0)?, None);
    map.set_with_program(0, 64, program)?;
    assert_eq!(found(0)?, Some((64, Some(program.info()?.id))));
    map.set(0, 128)?;
    assert_eq!(found(0)?, Some((128, None)));
    assert_eq!(map.iter().count(), 1);
    map.clear(0)?;
    map.clear(0)?;
    assert_eq!(found(0)?, None);
    refused(map.set(0, 0), "a queue of 0 packets");
    let other = map.set_with_program(0, 1, &skel.progs.at_interface).unwrap_err();
    assert!(other.to_string().contains("section xdp/cpumap"), "{other}");
    beyond(map.set(4, 1));
    let long = map.set(0, 16385).unwrap_err();
    assert!(long.to_string().contains("16384 packets at most"), "{long}");
    if bpf_skel::map::possible_cpus()? < 4 {
        assert_eq!(map.set(3, 1).unwrap_err().kind(), ErrorKind::NotFound);
    }
    Ok(())
}

fn af_xdp_sockets() -> Outcome {
    let map = maps()?.queues;
    let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let own = socket(libc::AF_XDP, libc::SOCK_RAW);
    if let Err(error) = map.set(3, &own) {
        assert!(error.to_string().contains("needs its receive ring"), "{error}");
    }
    add_receive_ring(&own);
    map.set(3, &own)?;
    map.set(3, &own)?;
    map.clear(3)?;
    for wrong in [udp.as_fd(), map.as_fd()] {
        refused(map.set(0, &wrong), "it takes an AF_XDP socket");
    }
    map.clear(3)?;
    beyond(map.set(4, &own));
    beyond(map.clear(4));
    Ok(())
}
