//! Options the standard library has no words for: what the kernel holds of a socket's data, its retransmission
//! timers and class of traffic, the scheduling of a thread, the number of open files. All of them best-effort:
//! where the platform has none, the relay works without.
//!
//! The one module of this crate with unsafe code; every call passes plain integers or a struct by reference.
#![allow(unsafe_code)]

use tokio::net::TcpStream;

/// Sets what a voice connection wants: no waiting for full segments, fast retransmission, the voice class of Wi-Fi.
pub fn tune(tcp: &TcpStream) {
    let _ = tcp.set_nodelay(true);
    imp::tune(tcp);
}

/// Bytes the kernel holds that the peer has not acknowledged; `None` where the platform does not tell.
#[must_use]
pub fn unacknowledged(tcp: &TcpStream) -> Option<usize> {
    imp::unacknowledged(tcp)
}

/// The connection's smoothed round trip in microseconds; right after the handshake nothing has queued in it yet.
#[must_use]
pub fn round_trip_us(tcp: &TcpStream) -> Option<u64> {
    imp::round_trip_us(tcp)
}

/// Asks for real-time scheduling of the calling thread; true when it was granted.
pub fn schedule_realtime() -> bool {
    imp::schedule_realtime()
}

/// Raises the limit of open files to what the system allows this process.
pub fn raise_open_files() {
    imp::raise_open_files();
}

#[cfg(target_os = "linux")]
mod imp {
    use std::{
        ffi::c_int,
        mem::{size_of_val, zeroed},
        os::fd::{AsRawFd, RawFd},
    };

    use tokio::net::TcpStream;

    /// Smallest retransmission timeout in µs (Linux 6.15): the default of 200 ms is ten packets long, with
    /// 20 ms the p99.9 at 2 % loss fell from 204 to 39 ms.
    const TCP_RTO_MIN_US: c_int = 45;
    /// Largest retransmission timeout in ms (Linux 6.15): bounds the silence after an outage ends.
    const TCP_RTO_MAX_MS: c_int = 44;
    /// DSCP EF (RFC 3246) in the TOS byte: Wi-Fi's voice access category where the access point honours it.
    const EXPEDITED: c_int = 0xB8;
    /// Low in SCHED_FIFO's range of 1 to 99: above every ordinary thread, below the kernel's own.
    const PRIORITY: c_int = 10;

    pub(super) fn tune(tcp: &TcpStream) {
        let fd = tcp.as_raw_fd();
        set(fd, libc::IPPROTO_TCP, TCP_RTO_MIN_US, 20_000);
        set(fd, libc::IPPROTO_TCP, TCP_RTO_MAX_MS, 1000);
        // An IPv4 peer on a dual-stack socket needs the IPv4 option.
        set(fd, libc::IPPROTO_IP, libc::IP_TOS, EXPEDITED);
        set(fd, libc::IPPROTO_IPV6, libc::IPV6_TCLASS, EXPEDITED);
    }

    pub(super) fn unacknowledged(tcp: &TcpStream) -> Option<usize> {
        let mut bytes: c_int = 0;
        // SAFETY: the descriptor is open while `tcp` is borrowed, and TIOCOUTQ (SIOCOUTQ) writes one int.
        let result = unsafe { libc::ioctl(tcp.as_raw_fd(), libc::TIOCOUTQ, &raw mut bytes) };
        if result == 0 { usize::try_from(bytes).ok() } else { None }
    }

    pub(super) fn round_trip_us(tcp: &TcpStream) -> Option<u64> {
        // SAFETY: the struct is integers only, for which zero is a value.
        let mut info: libc::tcp_info = unsafe { zeroed() };
        let mut size = libc::socklen_t::try_from(size_of_val(&info)).ok()?;
        // SAFETY: the descriptor is open while `tcp` is borrowed, and the kernel writes at most `size` bytes.
        let result = unsafe {
            libc::getsockopt(tcp.as_raw_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, (&raw mut info).cast(), &raw mut size)
        };
        (result == 0).then_some(info.tcpi_rtt.into())
    }

    pub(super) fn schedule_realtime() -> bool {
        // Where only ordinary scheduling is allowed, the kernel at least does not gather timers (50 µs by default).
        // SAFETY: this option takes one integer.
        let _ = unsafe { libc::prctl(libc::PR_SET_TIMERSLACK, 1) };
        let param = libc::sched_param { sched_priority: PRIORITY };
        // SAFETY: 0 is the calling thread, and the struct outlives the call. Children must not inherit the class.
        unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK, &raw const param) == 0 }
    }

    pub(super) fn raise_open_files() {
        let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
        // SAFETY: both calls read or write the one struct, which outlives them.
        unsafe {
            if libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) == 0 {
                limit.rlim_cur = limit.rlim_max;
                libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit);
            }
        }
    }

    fn set(fd: RawFd, level: c_int, option: c_int, value: c_int) {
        let size = libc::socklen_t::try_from(size_of_val(&value)).expect("the size of an int fits");
        // SAFETY: the caller borrows the socket, so `fd` is open; `value` is an int of the given size.
        let _ = unsafe { libc::setsockopt(fd, level, option, (&raw const value).cast(), size) };
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    use tokio::net::TcpStream;

    pub(super) fn tune(_: &TcpStream) {}
    pub(super) fn unacknowledged(_: &TcpStream) -> Option<usize> {
        None
    }
    pub(super) fn round_trip_us(_: &TcpStream) -> Option<u64> {
        None
    }
    pub(super) fn schedule_realtime() -> bool {
        false
    }
    pub(super) fn raise_open_files() {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{ffi::c_int, os::fd::AsRawFd};

    use tokio::net::TcpListener;

    use super::*;

    fn option(tcp: &TcpStream, level: c_int, name: c_int) -> Option<c_int> {
        let mut value: c_int = 0;
        let mut size = libc::socklen_t::try_from(size_of_val(&value)).ok()?;
        // SAFETY: the descriptor is open while `tcp` is borrowed; `value` is an int of the given size.
        let result = unsafe { libc::getsockopt(tcp.as_raw_fd(), level, name, (&raw mut value).cast(), &raw mut size) };
        (result == 0).then_some(value)
    }

    #[tokio::test]
    async fn a_tuned_connection_is_expedited_repeats_soon_and_tells_what_it_holds() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address).await else { continue };
            let _peer = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
            let (tcp, _) = listener.accept().await.expect("accepted");
            tune(&tcp);
            assert!(tcp.nodelay().expect("known"));
            let class = if address.starts_with('[') {
                option(&tcp, libc::IPPROTO_IPV6, libc::IPV6_TCLASS)
            } else {
                option(&tcp, libc::IPPROTO_IP, libc::IP_TOS)
            };
            assert_eq!(class, Some(0xB8));
            // Where the kernel knows the options it has taken them; an older one knows neither.
            assert!(option(&tcp, libc::IPPROTO_TCP, 45).is_none_or(|us| us == 20_000));
            assert!(option(&tcp, libc::IPPROTO_TCP, 44).is_none_or(|ms| ms == 1000));
            assert_eq!(unacknowledged(&tcp), Some(0));
            assert!(round_trip_us(&tcp).is_some());
        }
    }
}
