//! The relay as a whole: starts, serves, ends.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    num::NonZero,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::{
    Config,
    access::{Access, BookError},
    addresses,
    authority::Host,
    banner::Doors,
    clock::Clock,
    config::DEFAULT_PORT,
    help::{self, Help, note::note},
    host::Hosts,
    http::{self, App},
    listen::{self, Server},
    mdns::Mdns,
    mixer::Mixer,
    origin::Origins,
    reach,
    registry::Registry,
    resume,
    shutdown::Shutdown,
    state_dir,
    tls::{LOOK, Tls, TlsError, names::MDNS_HOST},
    turnstile::{PerAddress, Turnstile},
};

/// How long everybody may take to leave when the relay ends.
const PATIENCE: Duration = Duration::from_secs(4);

/// The help port must not take connections from the page's.
const HELP_CONNECTIONS: usize = 128;
const HELP_CONNECTIONS_PER_ADDRESS: PerAddress = PerAddress::from_anywhere(16);

/// A relay that has its port, and serves once told to.
pub struct Relay {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    help: Option<(TcpListener, Server)>,
    mdns: Option<Mdns>,
    app: Arc<App>,
    server: Server,
    shutdown: Shutdown,
}

/// Why a relay does not start; each is a sentence for the person who started it.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Somebody else has the port.
    #[error("{0} is already in use; is another relay running? Choose another port with --bind ADDR:PORT")]
    InUse(Place),
    /// The port is not to be had.
    #[error("cannot listen on {0}: {1}; choose another address with --bind ADDR:PORT")]
    Bind(Place, io::Error),
    /// The state folder is not to be used.
    #[error("cannot keep files in the state folder {}: {error}; choose another with --state-dir DIR", path.display())]
    StateDir {
        /// The folder.
        path: PathBuf,
        /// What the file system says.
        error: io::Error,
    },
    /// Neither told nor known where to keep state.
    #[error("there is no home folder to keep keys in; name a folder with --state-dir DIR")]
    NoStateDir,
    /// The keys are not to be read or written.
    #[error("cannot keep keys in the state folder {}: {error}", path.display())]
    Keys {
        /// The folder.
        path: PathBuf,
        /// What is wrong with them.
        error: BookError,
    },
    /// There is no certificate to show.
    #[error(transparent)]
    Tls(TlsError),
    /// There is no key to sign resume tokens with.
    #[error("cannot make a key: {0}")]
    NoRandom(io::Error),
    /// The system has no threads left.
    #[error("cannot start a mixer thread: {0}")]
    Thread(io::Error),
}

/// Where a relay wants to listen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(Option<SocketAddr>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(address) => write!(f, "port {} on {}", address.port(), address.ip()),
            None => write!(f, "port {DEFAULT_PORT}"),
        }
    }
}

impl Relay {
    /// Takes the port, reads or makes the certificate, starts the mixer threads.
    ///
    /// # Errors
    /// [`StartError`] saying what is in the way.
    pub fn start(config: &Config) -> Result<Self, StartError> {
        let folder = state_folder(config)?;
        let place = Place(config.bind);
        let refused = |e: io::Error| match e.kind() {
            io::ErrorKind::AddrInUse => StartError::InUse(place),
            _ => StartError::Bind(place, e),
        };
        let ip = config.bind.map(|bind| bind.ip());
        let listener = listen::bind(ip, config.bind.map_or(DEFAULT_PORT, |bind| bind.port())).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let tokens = resume::Key::load_or_make(folder.as_deref()).map_err(|error| match &folder {
            Some(path) => StartError::StateDir { path: path.clone(), error },
            None => StartError::NoRandom(error),
        })?;
        let tls = tls(config, folder.as_deref(), address)?;

        let help = match (&tls, config.help_port) {
            (Some(_), Some(port)) => help_listener(ip, port),
            _ => None,
        };

        let limits = config.limits;
        let clock = Clock::start();
        let mixers =
            (0..config.mixers.get()).map(|index| Mixer::start(index, clock, config.ptime, config.naps.clone()));
        let mixers = mixers.collect::<io::Result<_>>().map_err(StartError::Thread)?;
        let registry = Arc::new(Registry::new(mixers, config.limits, clock, tokens));
        let access = Access::load(folder.as_deref(), config.open)
            .map_err(|error| StartError::Keys { path: folder.clone().unwrap_or_default(), error })?;
        let app = App {
            access,
            registry,
            hosts: Hosts::new(tls.clone(), config.allow_hosts.clone()),
            origins: Origins::new(config.plain, config.allow_origins.clone()),
            sockets: Turnstile::new(limits.connections(), limits.per_address),
            clock,
            ptime: config.ptime,
            plain: config.plain,
            help_port: help.as_ref().and_then(port),
            silence: limits.silence,
        };
        let app = Arc::new(app);
        let shutdown = Shutdown::default();
        let server = Server {
            router: http::router(Arc::clone(&app)),
            tls: tls.as_ref().map(|tls| TlsAcceptor::from(tls.config())),
            guard: shutdown.guard(),
            connections: Turnstile::new(limits.connections(), limits.connections_per_address()),
            handshakes: Turnstile::new(limits.handshakes, limits.handshakes_per_address()),
            head: config.limits.head,
        };
        let help = help.zip(tls.as_ref()).map(|(listener, tls)| (listener, help_server(tls, address, &server)));
        let mdns = (config.mdns && tls.is_some()).then(|| mdns(address)).flatten();
        Ok(Self { listener, address, tls, help, mdns, app, server, shutdown })
    }

    /// Where it listens; the port is the real one, also when 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How people come in.
    #[must_use]
    pub fn doors(&self) -> Doors {
        let door = self.app.access.door();
        let lobby = (!door.is_open()).then(|| door.book.lobby().clone());
        Doors { plain: self.app.plain, lobby, host_key: door.host_key().clone() }
    }

    /// Where its page is opened, the likeliest first.
    #[must_use]
    pub fn origins(&self) -> Vec<String> {
        reach::origins(self.address, self.tls.as_ref().map(|tls| tls.shown()).as_ref())
    }

    /// What to print about the certificate; nothing without TLS.
    #[must_use]
    pub fn note(&self) -> String {
        let Some(tls) = &self.tls else { return String::new() };
        let shown = tls.shown();
        let help = self.help_port().and_then(|port| {
            let address = reach::addresses(self.address, Some(&shown)).into_iter().next()?;
            Some(format!("http://{}:{port}", reach::host(address.ip())))
        });
        let named = reach::with_port(false, MDNS_HOST, self.address.port());
        // A certificate that was brought does not name it.
        let name = self.mdns.is_some() && !shown.brought;
        note(tls.authority(), &shown, name.then_some(named.as_str()), help.as_deref())
    }

    /// The port that helps, if there is one.
    #[must_use]
    pub fn help_port(&self) -> Option<u16> {
        self.app.help_port
    }

    /// What it shows to clients, unless plain.
    #[must_use]
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_deref()
    }

    /// Serves until `end`, then says goodbye to everyone and waits for them, but not for long.
    pub async fn serve(self, end: impl Future<Output = ()>) {
        if let Some(tls) = self.tls {
            tokio::spawn(tls.keep_fresh(LOOK, self.shutdown.guard()));
        }
        if let Some((listener, server)) = self.help {
            tokio::spawn(server.accept(listener));
        }
        let accepting = tokio::spawn(self.server.accept(self.listener));
        let registry = Arc::clone(&self.app.registry);
        let keeping_time = tokio::spawn(async move { registry.keep_time().await });
        end.await;
        tracing::info!("shutting down");
        drop(self.mdns);
        self.app.registry.goodbye();
        if !self.shutdown.finish(PATIENCE).await {
            tracing::warn!("some connections did not close in time");
        }
        accepting.abort();
        keeping_time.abort();
    }
}

/// The help port, if it is to be had: the relay goes on without.
fn help_listener(ip: Option<IpAddr>, port: NonZero<u16>) -> Option<TcpListener> {
    let bound = listen::bind(ip, port.get());
    bound
        .inspect_err(|e| {
            tracing::warn!(
                "no help port: cannot listen on port {port}: {e}; choose another with --help-port, or 0 for none"
            );
        })
        .ok()
}

fn help_server(tls: &Arc<Tls>, bound: SocketAddr, page: &Server) -> Server {
    let router = help::router(Help { tls: Arc::clone(tls), bound });
    let connections = Turnstile::new(HELP_CONNECTIONS, HELP_CONNECTIONS_PER_ADDRESS);
    let handshakes = Turnstile::new(HELP_CONNECTIONS, HELP_CONNECTIONS_PER_ADDRESS);
    Server { router, tls: None, connections, handshakes, ..page.clone() }
}

fn port(listener: &TcpListener) -> Option<u16> {
    listener.local_addr().ok().map(|address| address.port())
}

/// Announces the port where somebody could hear of it; the relay goes on without.
fn mdns(bound: SocketAddr) -> Option<Mdns> {
    if bound.ip().is_loopback() {
        return None;
    }
    match Mdns::announce(bound, &addresses::hostname()) {
        Ok(mdns) => Some(mdns),
        Err(e) => {
            tracing::warn!(
                "not to be found by mDNS: {e}; links by address work all the same (--no-mdns ends this warning)"
            );
            None
        }
    }
}

/// The folder to keep state in, ready for use. Keys of a relay that is open to all, and plain, need not outlive it, so it
/// needs a folder only when told.
fn state_folder(config: &Config) -> Result<Option<PathBuf>, StartError> {
    let folder = match &config.state_dir {
        Some(folder) => folder.clone(),
        None if config.plain && config.open => return Ok(None),
        None => state_dir::default_path().ok_or(StartError::NoStateDir)?,
    };
    match state_dir::prepare(&folder) {
        Ok(()) => Ok(Some(folder)),
        Err(error) => Err(StartError::StateDir { path: folder, error }),
    }
}

fn tls(config: &Config, folder: Option<&Path>, address: SocketAddr) -> Result<Option<Arc<Tls>>, StartError> {
    let tls = match (&config.certificate, folder) {
        _ if config.plain => return Ok(None),
        (Some(paths), _) => {
            let wished = config.allow_hosts.iter().filter_map(|allowed| match &allowed.host {
                Host::Name(name) => Some(name.clone()),
                Host::Ip(_) => None,
            });
            Tls::given(paths.clone(), wished.collect())
        }
        (None, Some(folder)) => Tls::own(folder, address),
        (None, None) => return Err(StartError::NoStateDir),
    };
    match tls {
        Ok(tls) => Ok(Some(Arc::new(tls))),
        Err(TlsError::Io(error)) => {
            Err(StartError::StateDir { path: folder.map(Path::to_owned).unwrap_or_default(), error })
        }
        Err(e) => Err(StartError::Tls(e)),
    }
}
