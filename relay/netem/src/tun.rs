//! An interface whose packets a program sends and receives (TUN), in a network namespace of the calling thread.
//!
//! Every unsafe call passes plain integers or a struct by reference.
#![allow(unsafe_code)]

use std::{
    ffi::{c_int, c_short, c_ulong},
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    mem,
    net::UdpSocket,
    os::fd::{AsRawFd, RawFd},
    time::Duration,
};

const NAME: &[u8] = b"lanline0";
const LOOPBACK: &[u8] = b"lo";

/// The packets of an interface.
#[derive(Debug)]
pub struct Tun {
    file: File,
}

/// Moves the calling thread into a network namespace of its own.
///
/// # Errors
/// What the system says.
pub fn leave_network() -> io::Result<()> {
    // SAFETY: changes the network of this thread only, and memory not at all.
    check(unsafe { libc::unshare(libc::CLONE_NEWNET) })
}

impl Tun {
    /// Makes the interface, gives it an address and a peer, and takes it and the loopback up.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(address: [u8; 4], peer: [u8; 4]) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open("/dev/net/tun")?;
        let mut request = request(NAME);
        request.ifr_ifru.ifru_flags = flags(libc::IFF_TUN | libc::IFF_NO_PI);
        ioctl(file.as_raw_fd(), libc::TUNSETIFF, &mut request)?;
        set_nonblocking(file.as_raw_fd())?;
        // Any socket will do to speak about interfaces.
        let socket = UdpSocket::bind((std::net::Ipv4Addr::UNSPECIFIED, 0))?;
        for (what, value) in [(libc::SIOCSIFADDR, address), (libc::SIOCSIFDSTADDR, peer)] {
            let mut request = self::request(NAME);
            request.ifr_ifru.ifru_addr = socket_address(value);
            ioctl(socket.as_raw_fd(), what, &mut request)?;
        }
        for name in [NAME, LOOPBACK] {
            let mut request = self::request(name);
            request.ifr_ifru.ifru_flags = flags(libc::IFF_UP | libc::IFF_RUNNING);
            ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &mut request)?;
        }
        Ok(Self { file })
    }

    /// The next IP packet that the kernel wants to send over the interface, if there is one.
    pub fn read<'a>(&self, buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let length = (&self.file).read(buffer).ok()?;
        Some(&buffer[..length])
    }

    /// Hands an IP packet to the kernel. One that it does not take is lost, as on any link.
    pub fn write(&self, packet: &[u8]) {
        let _ = (&self.file).write(packet);
    }
}

/// Waits until one of the interfaces has a packet, or for that long.
pub fn wait(tuns: [&Tun; 2], patience: Option<Duration>) {
    let mut fds = tuns.map(|tun| libc::pollfd { fd: tun.file.as_raw_fd(), events: libc::POLLIN, revents: 0 });
    let patience = patience.map(|patience| libc::timespec {
        tv_sec: libc::time_t::try_from(patience.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: patience.subsec_nanos().into(),
    });
    let patience = patience.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: both pointers are to locals, and the count is that of the array.
    unsafe { libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, patience, std::ptr::null()) };
}

/// Asks for real-time scheduling of the calling thread: air is never busy with something else. Best-effort.
pub fn be_punctual() {
    let param = libc::sched_param { sched_priority: 10 };
    // SAFETY: 0 is the calling thread, and the struct outlives the call.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &raw const param) };
}

fn request(name: &[u8]) -> libc::ifreq {
    // SAFETY: integers and arrays of them, for which zero is a value.
    let mut request: libc::ifreq = unsafe { mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(name) {
        *to = from.cast_signed();
    }
    request
}

fn flags(flags: c_int) -> c_short {
    c_short::try_from(flags).expect("interface flags fit")
}

fn socket_address(address: [u8; 4]) -> libc::sockaddr {
    // SAFETY: as in `request`.
    let mut inet: libc::sockaddr_in = unsafe { mem::zeroed() };
    inet.sin_family = libc::sa_family_t::try_from(libc::AF_INET).expect("a family fits");
    inet.sin_addr.s_addr = u32::from_ne_bytes(address);
    // SAFETY: both are the system's views of the same 16 bytes.
    unsafe { mem::transmute::<libc::sockaddr_in, libc::sockaddr>(inet) }
}

fn ioctl(fd: RawFd, what: c_ulong, request: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: the caller holds the descriptor, and each of these requests reads or writes one `ifreq`.
    check(unsafe { libc::ioctl(fd, what, std::ptr::from_mut(request)) })
}

fn set_nonblocking(fd: RawFd) -> io::Result<()> {
    // SAFETY: takes and gives integers.
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, libc::O_NONBLOCK) })
}

fn check(result: c_int) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
