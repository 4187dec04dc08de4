//! What a relay is told when it starts.

use std::{net::SocketAddr, num::NonZero, path::PathBuf, thread, time::Duration};

use relay_engine::Ptime;

use crate::{authority::Authority, naps::Naps, tls::given, turnstile::PerAddress};

/// Everything a relay is told when it starts.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen; `None` is every address, port [`DEFAULT_PORT`].
    pub bind: Option<SocketAddr>,
    /// Speak HTTP and WebSocket without TLS.
    pub plain: bool,
    /// Let in whoever comes, into any room.
    pub open: bool,
    /// The certificate to show; `None` is one of the relay's own authority.
    pub certificate: Option<given::Paths>,
    /// Port of the plain HTTP that helps to reach the page; `None` is none, as it is without TLS.
    pub help_port: Option<NonZero<u16>>,
    /// Be found by multicast DNS; never without TLS or on loopback.
    pub mdns: bool,
    /// Hosts under which the relay is reached besides its own, by a proxy or a forwarded port.
    pub allow_hosts: Vec<Authority>,
    /// Origins of pages that may speak to the relay besides its own, as browsers write them.
    pub allow_origins: Vec<String>,
    /// Where keys, rooms and certificate are kept; `None` is the user's own state folder.
    pub state_dir: Option<PathBuf>,
    /// Packet time of every room.
    pub ptime: Ptime,
    /// How many mixer threads to run.
    pub mixers: NonZero<usize>,
    /// Naps of the threads that serve sockets; whoever starts those threads lets them [`nap`](Naps::nap).
    pub naps: Naps,
    /// Upper bounds.
    pub limits: Limits,
}

/// The port when none is given.
pub const DEFAULT_PORT: u16 = 8443;

impl Config {
    /// How many threads serve sockets: half as many as mix. Two that share little work wake each other for it.
    #[must_use]
    pub fn socket_threads(&self) -> usize {
        self.mixers.get().div_ceil(2)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: None,
            plain: false,
            open: false,
            allow_hosts: Vec::new(),
            allow_origins: Vec::new(),
            certificate: None,
            help_port: None,
            mdns: false,
            state_dir: None,
            ptime: Ptime::default(),
            mixers: thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
            naps: Naps::new(Ptime::default()),
            limits: Limits::default(),
        }
    }
}

/// How much a relay takes on.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Participants in all rooms together.
    pub participants: usize,
    /// Participants in one room: a core fans out to about this many within a quarter of a packet time.
    pub per_room: usize,
    /// Sockets of one address.
    pub per_address: PerAddress,
    /// Connections that have not asked for anything yet; of one address a quarter of them.
    pub handshakes: usize,
    /// How long a client may take for the head of a request, and how long a connection may idle between two.
    pub head: Duration,
    /// A participant of whom nothing is heard for this long is gone.
    pub silence: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            participants: 2048,
            per_room: 500,
            per_address: PerAddress::from_elsewhere(64),
            handshakes: 512,
            head: Duration::from_secs(10),
            silence: Duration::from_secs(15),
        }
    }
}

impl Limits {
    /// TCP connections in all: a socket for each participant, and as many again that ask for the page.
    #[must_use]
    pub fn connections(&self) -> usize {
        2 * self.participants
    }

    /// TCP connections of one address: browsers open up to six for a page.
    #[must_use]
    pub fn connections_per_address(&self) -> PerAddress {
        self.per_address.with(self.per_address.most().saturating_mul(6))
    }

    /// Connections of one address that have not asked for anything yet.
    #[must_use]
    pub fn handshakes_per_address(&self) -> PerAddress {
        self.per_address.with(self.handshakes.div_ceil(4))
    }
}
