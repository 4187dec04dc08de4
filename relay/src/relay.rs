//! The relay as a whole: starts, serves, ends.

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, sync::Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::{
    Config, addresses,
    certificate::{self, Certificate, CertificateError},
    clock::Clock,
    config::DEFAULT_PORT,
    http::{self, App},
    listen::{self, Server},
    mixer::Mixer,
    registry::Registry,
    shutdown::Shutdown,
    state_dir,
};

/// How long everybody may take to leave when the relay ends.
const PATIENCE: Duration = Duration::from_secs(4);

/// A relay that has its port, and serves once told to.
pub struct Relay {
    listener: TcpListener,
    address: SocketAddr,
    certificate: Option<Certificate>,
    registry: Arc<Registry>,
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
    #[error("there is no home folder to keep the certificate in; name a folder with --state-dir DIR")]
    NoStateDir,
    /// The certificate was not made.
    #[error("cannot make a certificate: {0}")]
    Certificate(String),
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
        let listener = listen::bind(config.bind).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let certificate = match folder {
            Some(folder) if !config.plain => Some(certificate(&folder, address)?),
            _ => None,
        };
        let tls = certificate.as_ref().map(Certificate::server_config).transpose();
        let tls = tls.map_err(|e| StartError::Certificate(e.to_string()))?.map(TlsAcceptor::from);

        let clock = Clock::start();
        let mixers = (0..config.mixers.get()).map(|index| Mixer::start(index, clock, config.ptime));
        let mixers = mixers.collect::<io::Result<_>>().map_err(StartError::Thread)?;
        let registry = Arc::new(Registry::new(mixers, config.limits));
        let app = App {
            registry: Arc::clone(&registry),
            clock,
            ptime: config.ptime,
            plain: config.plain,
            silence: config.limits.silence,
        };
        let shutdown = Shutdown::default();
        let slots = Arc::new(Semaphore::new(config.limits.connections));
        let server = Server {
            router: http::router(Arc::new(app)),
            tls,
            guard: shutdown.guard(),
            slots,
            head: config.limits.head,
        };
        Ok(Self { listener, address, certificate, registry, server, shutdown })
    }

    /// Where it listens; the port is the real one, also when 0 was asked for.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate it shows, unless plain.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// Serves until `end`, then says goodbye to everyone and waits for them, but not for long.
    pub async fn serve(self, end: impl Future<Output = ()>) {
        let accepting = tokio::spawn(self.server.accept(self.listener));
        end.await;
        tracing::info!("shutting down");
        self.registry.goodbye();
        if !self.shutdown.finish(PATIENCE).await {
            tracing::warn!("some connections did not close in time");
        }
        accepting.abort();
    }
}

/// The folder to keep state in, ready for use. A plain relay keeps nothing, so it needs one only when told.
fn state_folder(config: &Config) -> Result<Option<PathBuf>, StartError> {
    let folder = match &config.state_dir {
        Some(folder) => folder.clone(),
        None if config.plain => return Ok(None),
        None => state_dir::default_path().ok_or(StartError::NoStateDir)?,
    };
    match state_dir::prepare(&folder) {
        Ok(()) => Ok(Some(folder)),
        Err(error) => Err(StartError::StateDir { path: folder, error }),
    }
}

fn certificate(folder: &Path, address: SocketAddr) -> Result<Certificate, StartError> {
    let mut covered: Vec<IpAddr> = addresses::lan();
    if !address.ip().is_unspecified() {
        covered.push(address.ip());
    }
    certificate::load_or_make(folder, &covered).map_err(|e| match e {
        CertificateError::Io(error) => StartError::StateDir { path: folder.to_owned(), error },
        CertificateError::Rcgen(e) => StartError::Certificate(e.to_string()),
    })
}
