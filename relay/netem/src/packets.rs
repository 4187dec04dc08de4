//! Every packet of every interface of a network namespace, and whether one was missed.
#![allow(unsafe_code, reason = "one call, with a struct by reference")]

use std::{
    fs::File,
    io::{self, ErrorKind, Read},
    mem::size_of,
    os::fd::{AsRawFd, OwnedFd},
};

use socket2::{Domain, Protocol, Socket, Type};

/// `ETH_P_ALL`, in network order as packet(7) wants it.
const EVERY_PROTOCOL: i32 = (3u16.to_be()) as i32;
/// So many bytes may wait to be read.
const BUFFER: usize = 16 << 20;

/// Sees what comes and goes, from when it was made.
#[derive(Debug)]
pub struct Packets {
    socket: File,
}

impl Packets {
    /// Those of the calling thread's network.
    ///
    /// # Errors
    /// What the system says; it wants root.
    pub fn watch() -> io::Result<Self> {
        let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(EVERY_PROTOCOL)))?;
        socket.set_nonblocking(true)?;
        socket.set_recv_buffer_size(BUFFER)?;
        Ok(Self { socket: File::from(OwnedFd::from(socket)) })
    }

    /// The length of the next one, which `frame` holds then with its Ethernet header; `None` where there is none yet.
    ///
    /// # Errors
    /// What the system says.
    pub fn next(&mut self, frame: &mut [u8]) -> io::Result<Option<usize>> {
        match self.socket.read(frame) {
            Ok(length) => Ok(Some(length)),
            Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// How many there was no room for since this was last asked.
    ///
    /// # Errors
    /// What the system says.
    pub fn missed(&self) -> io::Result<u32> {
        let mut counts = libc::tpacket_stats { tp_packets: 0, tp_drops: 0 };
        let mut size = size_of::<libc::tpacket_stats>() as libc::socklen_t;
        // SAFETY: the descriptor is open while it is borrowed, and the kernel writes at most `size` bytes.
        let result = unsafe {
            libc::getsockopt(
                self.socket.as_raw_fd(),
                libc::SOL_PACKET,
                libc::PACKET_STATISTICS,
                (&raw mut counts).cast(),
                &raw mut size,
            )
        };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(counts.tp_drops) }
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use super::*;
    use crate::namespace::Namespace;

    #[test]
    fn what_there_was_no_room_for_is_counted() {
        let namespace = match Namespace::new([10, 9, 0, 1], [10, 9, 0, 2]) {
            Ok((namespace, _)) => namespace,
            Err(e) if crate::is_not_to_be_had(&e) => {
                return eprintln!("skipped: network namespaces need root ({e})");
            }
            Err(e) => panic!("no namespace: {e}"),
        };
        let mut packets = namespace.run(Packets::watch).expect("root may see packets");
        let flood = |bytes: usize| {
            namespace.run(move || {
                let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
                let to = socket.local_addr().expect("an address");
                for _ in 0..bytes / 60_000 {
                    socket.send_to(&[0; 60_000], to).expect("sent");
                }
            });
        };
        flood(60_000);
        assert_eq!(packets.missed().expect("a count"), 0);
        let length = packets.next(&mut [0; 65_536]).expect("read");
        assert!(length.is_some_and(|length| length > 60_000), "{length:?}");
        // The kernel counts more than the bytes, and each packet of the loopback comes and goes.
        flood(2 * BUFFER);
        assert!(packets.missed().expect("a count") > 0);
        assert_eq!(packets.missed().expect("a count"), 0, "what was told is told once");
    }
}
