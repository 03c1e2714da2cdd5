//! Interfaces, by the kernel's own interfaces: the guests of the kernel matrix have no `ip` that makes a veth.

use std::ffi::CString;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

/// A pair of network interfaces, each the other's wire. Removed when it is dropped.
pub struct Veth {
    name: String,
    peer: String,
}

impl Veth {
    /// `NAME0` and `NAME1`, both up.
    pub fn new(name: &str) -> Self {
        Self::of_kind(b"veth", name).expect("a veth pair is made")
    }

    /// A netkit device, with its primary interface first.
    pub fn netkit(name: &str) -> io::Result<Self> {
        Self::of_kind(b"netkit", name)
    }

    fn of_kind(kind: &[u8], name: &str) -> io::Result<Self> {
        let veth = Self { name: format!("{name}0"), peer: format!("{name}1") };
        let peer = attribute(IFLA_IFNAME, &c_string(&veth.peer));
        // Both kinds number it alike.
        let data = attribute(VETH_INFO_PEER, &[link_header(0), peer].concat());
        let info = [attribute(IFLA_INFO_KIND, kind), attribute(IFLA_INFO_DATA, &data)].concat();
        let name = attribute(IFLA_IFNAME, &c_string(&veth.name));
        let create = (libc::NLM_F_CREATE | libc::NLM_F_EXCL) as u16;
        let link = [link_header(0), name, attribute(IFLA_LINKINFO, &info)].concat();
        if let Err(error) = netlink(libc::RTM_NEWLINK, create, &link) {
            std::mem::forget(veth);
            return Err(error);
        }
        set_up(&veth.name);
        set_up(&veth.peer);
        Ok(veth)
    }

    /// The one that sends.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The one that receives.
    pub fn peer(&self) -> &str {
        &self.peer
    }

    /// `ifindex` of the peer.
    pub fn peer_index(&self) -> u32 {
        index(&self.peer)
    }

    /// Sends a packet to everyone on the wire.
    pub fn broadcast(&self) {
        broadcast(&self.name);
    }

    /// As [`broadcast`](Self::broadcast), from the peer.
    pub fn broadcast_back(&self) {
        broadcast(&self.peer);
    }
}

fn broadcast(interface: &str) {
    let socket = socket(libc::AF_PACKET, libc::SOCK_RAW);
    // To all, from nobody, of a protocol for experiments.
    let mut frame = [0_u8; 64];
    frame[..6].fill(0xff);
    frame[12..14].copy_from_slice(&0x88b5_u16.to_be_bytes());
    // SAFETY: the address is numbers, for which zero is a value.
    let mut to: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    to.sll_family = libc::AF_PACKET as u16;
    to.sll_ifindex = index(interface) as i32;
    // SAFETY: frame and address are borrowed and as long as said.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            frame.as_ptr().cast(),
            frame.len(),
            0,
            (&raw const to).cast(),
            size_of_val(&to) as u32,
        )
    };
    assert_eq!(sent, 64, "{}", io::Error::last_os_error());
}

impl Drop for Veth {
    fn drop(&mut self) {
        netlink(libc::RTM_DELLINK, 0, &link_header(index(&self.name))).expect("the pair goes");
    }
}

/// Sends a packet from the loopback interface to itself; it has arrived when this returns.
pub fn ping_loopback() {
    let receiver = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    sender.send_to(b"hello", receiver.local_addr().unwrap()).unwrap();
    // A program under test may have dropped it.
    receiver.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    let _ = receiver.recv(&mut [0; 16]);
}

/// `ip link set NAME up`
pub(super) fn set_up(name: &str) {
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM);
    // SAFETY: the request is bytes and numbers, for which zero is a value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *to = from as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = libc::IFF_UP as i16;
    // SAFETY: the request is borrowed and what this call takes.
    let result =
        unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw mut request) };
    assert_eq!(result, 0, "{name} up: {}", io::Error::last_os_error());
}

fn index(name: &str) -> u32 {
    let c = CString::new(name).unwrap();
    // SAFETY: the name ends with a NUL.
    let index = unsafe { libc::if_nametoindex(c.as_ptr()) };
    assert_ne!(index, 0, "{name}: {}", io::Error::last_os_error());
    index
}

/// Gives an AF_XDP socket the ring that packets come in by.
pub fn add_receive_ring(socket: &impl AsFd) {
    let entries = 64_u32;
    // SAFETY: the number is borrowed and as long as said.
    let result = unsafe {
        let fd = socket.as_fd().as_raw_fd();
        libc::setsockopt(fd, libc::SOL_XDP, libc::XDP_RX_RING, (&raw const entries).cast(), 4)
    };
    assert_eq!(result, 0, "XDP_RX_RING: {}", io::Error::last_os_error());
}

/// Two UDP sockets that share a port.
pub fn reuseport_sockets() -> [UdpSocket; 2] {
    let of_port = |port: u16| {
        let socket = socket(libc::AF_INET, libc::SOCK_DGRAM);
        let on = 1_i32;
        // SAFETY: the address is numbers, for which zero is a value.
        let mut address: libc::sockaddr_in = unsafe { std::mem::zeroed() };
        address.sin_family = libc::AF_INET as u16;
        address.sin_port = port.to_be();
        address.sin_addr.s_addr = u32::from(Ipv4Addr::LOCALHOST).to_be();
        // SAFETY: the number and the address are borrowed and as long as said.
        let result = unsafe {
            let (fd, level, option) = (socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_REUSEPORT);
            libc::setsockopt(fd, level, option, (&raw const on).cast(), 4)
                | libc::bind(fd, (&raw const address).cast(), size_of_val(&address) as u32)
        };
        assert_eq!(result, 0, "SO_REUSEPORT: {}", io::Error::last_os_error());
        UdpSocket::from(socket)
    };
    let first = of_port(0);
    let port = first.local_addr().unwrap().port();
    [first, of_port(port)]
}

/// `SO_COOKIE`
pub fn socket_cookie(socket: &impl AsFd) -> u64 {
    let (mut cookie, mut len) = (0_u64, 8);
    let fd = socket.as_fd().as_raw_fd();
    // SAFETY: the number is exclusively borrowed and as long as said.
    let result = unsafe {
        libc::getsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_COOKIE,
            (&raw mut cookie).cast(),
            &raw mut len,
        )
    };
    assert_eq!(result, 0, "SO_COOKIE: {}", io::Error::last_os_error());
    cookie
}

/// A socket of the family's usual protocol; of netlink that is the one of routes and links.
pub fn socket(family: i32, kind: i32) -> OwnedFd {
    // SAFETY: takes numbers.
    let fd = unsafe { libc::socket(family, kind | libc::SOCK_CLOEXEC, 0) };
    assert!(fd >= 0, "socket: {}", io::Error::last_os_error());
    // SAFETY: the call has just opened it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

const IFLA_IFNAME: u16 = 3;
const IFLA_LINKINFO: u16 = 18;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;

/// A netlink attribute, padded to four bytes.
fn attribute(kind: u16, payload: &[u8]) -> Vec<u8> {
    let len = 4 + payload.len();
    let mut bytes = [(len as u16).to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(payload);
    bytes.resize(len.next_multiple_of(4), 0);
    bytes
}

/// `struct ifinfomsg`
fn link_header(index: u32) -> Vec<u8> {
    let mut bytes = vec![0; 16];
    bytes[4..8].copy_from_slice(&index.to_ne_bytes());
    bytes
}

fn c_string(name: &str) -> Vec<u8> {
    [name.as_bytes(), b"\0"].concat()
}

/// One request, and its acknowledgement.
fn netlink(kind: u16, flags: u16, payload: &[u8]) -> io::Result<()> {
    let flags = flags | (libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16;
    let len = 16 + payload.len() as u32;
    let mut request = len.to_ne_bytes().to_vec();
    request.extend([kind.to_ne_bytes(), flags.to_ne_bytes()].as_flattened());
    request.extend([0; 8]);
    request.extend(payload);
    let socket = socket(libc::AF_NETLINK, libc::SOCK_RAW);
    let mut answer = [0_u8; 4096];
    // SAFETY: both buffers are borrowed and as long as said.
    let got = unsafe {
        libc::send(socket.as_raw_fd(), request.as_ptr().cast(), request.len(), 0);
        libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0)
    };
    if got < 20 {
        return Err(io::Error::last_os_error());
    }
    // The number behind the header is 0 or a negative error.
    match i32::from_ne_bytes([answer[16], answer[17], answer[18], answer[19]]) {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(-error)),
    }
}
