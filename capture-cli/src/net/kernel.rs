//! What the standard library has no words for: how much the kernel holds of a connection's data, and how soon it
//! repeats what was lost. Best-effort: where the platform has none of it, the program works without.
//!
//! The one module of this crate with unsafe code; every call passes plain integers.
#![allow(unsafe_code)]

use socket2::{SockRef, Socket};
use tokio::net::TcpStream;

/// What the kernel holds of a connection's data. Keeps the connection open as long as it lives.
#[derive(Debug)]
pub struct KernelQueue {
    socket: Option<Socket>,
}

impl KernelQueue {
    /// The queue of that connection.
    #[must_use]
    pub fn of(tcp: &TcpStream) -> Self {
        Self { socket: SockRef::from(tcp).try_clone().ok() }
    }

    /// Bytes that the relay has not acknowledged; 0 where the platform does not tell.
    #[must_use]
    pub fn held(&self) -> usize {
        self.socket.as_ref().and_then(imp::unacknowledged).unwrap_or(0)
    }
}

/// Sets what a voice connection wants.
pub fn tune(tcp: &TcpStream) {
    let socket = SockRef::from(tcp);
    let _ = socket.set_tcp_nodelay(true);
    // DSCP EF (RFC 3246): the Wi-Fi voice access category, where the access point honours it.
    let _ = socket.set_tos_v4(0xB8);
    #[cfg(unix)]
    let _ = socket.set_tclass_v6(0xB8);
    imp::repeat_soon(&socket);
}

#[cfg(target_os = "linux")]
mod imp {
    use std::{ffi::c_int, mem::size_of_val, os::fd::AsRawFd};

    use socket2::Socket;

    /// Smallest retransmission timeout in µs (Linux 6.15): the default of 200 ms is ten packets long.
    const TCP_RTO_MIN_US: c_int = 45;
    /// Largest retransmission timeout in ms (Linux 6.15): bounds the silence after an outage ends.
    const TCP_RTO_MAX_MS: c_int = 44;

    pub(super) fn unacknowledged(socket: &Socket) -> Option<usize> {
        let mut bytes: c_int = 0;
        // SAFETY: the descriptor is open while `socket` is borrowed, and TIOCOUTQ (SIOCOUTQ) writes one int.
        let result = unsafe { libc::ioctl(socket.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
        if result == 0 { usize::try_from(bytes).ok() } else { None }
    }

    pub(super) fn repeat_soon(socket: &Socket) {
        for (option, value) in [(TCP_RTO_MIN_US, 20_000), (TCP_RTO_MAX_MS, 1000)] {
            let value: c_int = value;
            let size = libc::socklen_t::try_from(size_of_val(&value)).expect("the size of an int fits");
            // SAFETY: the descriptor is open while `socket` is borrowed; `value` is an int of the given size.
            let _ = unsafe {
                libc::setsockopt(socket.as_raw_fd(), libc::IPPROTO_TCP, option, (&raw const value).cast(), size)
            };
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use socket2::Socket;

    pub(super) fn unacknowledged(_: &Socket) -> Option<usize> {
        None
    }
    pub(super) fn repeat_soon(_: &Socket) {}
}
