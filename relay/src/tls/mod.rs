//! The relay's TLS: a certificate of its own authority, or one that was brought, renewed while the relay runs.
//!
//! [`Authority`] is made once and trusted by people; [`leaf`] makes what is shown from it, for the [`names`] this
//! machine has and the [`constraints`] allow; [`given`] reads what was brought instead. [`Tls`] holds what is shown
//! now and looks every few seconds whether it still serves.

mod authority;
pub mod constraints;
pub mod given;
pub mod leaf;
pub mod names;
#[cfg(test)]
mod tests;

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub use authority::Authority;
use given::Given;
use leaf::Leaf;
use names::Names;
use ring::digest::{SHA256, digest};
use rustls::{
    ServerConfig,
    crypto::ring as provider,
    pki_types::{CertificateDer, PrivateKeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::time::{MissedTickBehavior, interval};
use x509_parser::{prelude::X509Certificate, time::ASN1Time};

use crate::{addresses, shutdown::Guard};

const DAY: Duration = Duration::from_secs(86_400);
/// How often to look: a machine that changes its network is named rightly before somebody has typed the new address.
pub const LOOK: Duration = Duration::from_secs(5);

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The state folder does not take the files.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A certificate was not made.
    #[error("cannot make a certificate: {0}")]
    Rcgen(#[from] rcgen::Error),
    /// What is shown was refused by the TLS library.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
    /// The kept authority is damaged.
    #[error(
        "the certificate authority in {} is damaged ({what}); put the files back, or remove ca.pem to begin with a new \
         authority, which every device has to trust anew", folder.display()
    )]
    Authority {
        /// The state folder.
        folder: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A certificate that was brought is of no use.
    #[error("{} (--tls-cert, --tls-key): {what}", path.display())]
    Given {
        /// Which of the two files.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

/// What is shown to clients, and where it comes from.
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
    /// Locked by whoever looks whether it still serves, never while a client waits.
    source: Mutex<Source>,
    authority: Option<Published>,
}

/// The authority's certificate, for those who want to trust it.
#[derive(Debug, Clone)]
pub struct Published {
    /// Where it is, in PEM.
    pub path: PathBuf,
    /// The certificate.
    pub der: CertificateDer<'static>,
}

impl Published {
    /// What lists of authorities call it.
    #[must_use]
    pub fn name(&self) -> String {
        let name = parse(&self.der).and_then(|certificate| {
            certificate.subject().iter_common_name().next()?.as_str().ok().map(ToOwned::to_owned)
        });
        name.unwrap_or_else(|| "Lanline".to_owned())
    }

    /// The SHA-256 fingerprint as devices show it: pairs of hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let hash = digest(&SHA256, &self.der);
        hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":")
    }
}

/// Whom the certificate names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// It was brought, so the page should be opened by one of its hosts.
    pub brought: bool,
    /// The hosts it names, without wildcards.
    pub hosts: Vec<String>,
    /// Addresses of this machine that the relay's own authority may not vouch for.
    pub uncovered: Vec<IpAddr>,
}

enum Source {
    Own { folder: PathBuf, authority: Box<Authority>, bound: SocketAddr, hostname: String },
    Given(Given),
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("shown", &self.shown()).finish_non_exhaustive()
    }
}

impl Tls {
    /// A certificate of the authority kept in `folder`, for a port bound there.
    ///
    /// # Errors
    /// [`TlsError`] saying what is in the way.
    pub fn own(folder: &Path, bound: SocketAddr) -> Result<Self, TlsError> {
        let hostname = addresses::hostname();
        let authority = Authority::load_or_make(folder, &printable(&hostname), SystemTime::now())?;
        let published = Published { path: authority.pem_path.clone(), der: authority.der().clone() };
        Self::start(
            Source::Own { folder: folder.to_owned(), authority: Box::new(authority), bound, hostname },
            Some(published),
        )
    }

    /// A certificate that was brought. Where it has a wildcard, the relay is known by the hosts `wished` for.
    ///
    /// # Errors
    /// [`TlsError::Given`] naming the file and what is wrong with it.
    pub fn given(paths: given::Paths, wished: Vec<String>) -> Result<Self, TlsError> {
        Self::start(Source::Given(Given::new(paths, wished)), None)
    }

    fn start(mut source: Source, authority: Option<Published>) -> Result<Self, TlsError> {
        let (certified, shown) = source.look(None, SystemTime::now())?.expect("nothing is shown yet, so this is news");
        let current = Arc::new(Current(RwLock::new((Arc::new(certified), shown))));
        Ok(Self { config: server_config(&current)?, current, source: Mutex::new(source), authority })
    }

    /// How to speak TLS with it.
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// The relay's own authority, unless a certificate was brought.
    #[must_use]
    pub fn authority(&self) -> Option<&Published> {
        self.authority.as_ref()
    }

    /// Whom the certificate names now.
    #[must_use]
    pub fn shown(&self) -> Shown {
        self.current.read().1.clone()
    }

    /// Looks that often whether what is shown still serves, until the relay ends. Connections that are open go on.
    pub async fn keep_fresh(self: Arc<Self>, every: Duration, mut end: Guard) {
        let mut looks = interval(every);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut complained = String::new();
        loop {
            tokio::select! {
                () = end.begun() => return,
                _ = looks.tick() => {}
            }
            let tls = Arc::clone(&self);
            // Writing to a slow card must not keep sockets waiting.
            let outcome = tokio::task::spawn_blocking(move || tls.look(SystemTime::now())).await;
            let complaint = match outcome {
                Ok(Ok(())) => String::new(),
                Ok(Err(e)) => e.to_string(),
                Err(e) => e.to_string(),
            };
            if !complaint.is_empty() && complaint != complained {
                tracing::warn!("the certificate stays as it is: {complaint}");
            }
            complained = complaint;
        }
    }

    /// Looks once.
    fn look(&self, now: SystemTime) -> Result<(), TlsError> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = self.shown();
        if let Some((certified, shown)) = source.look(Some(&shown), now)? {
            *self.current.0.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(certified), shown);
        }
        Ok(())
    }
}

impl Source {
    /// What is to be shown from now on, or `None` when `shown` still serves.
    fn look(&mut self, shown: Option<&Shown>, now: SystemTime) -> Result<Option<(CertifiedKey, Shown)>, TlsError> {
        match self {
            Self::Own { folder, authority, bound, hostname } => {
                let (wanted, uncovered) = names::wanted(&addresses::lan(), *bound, hostname);
                let (leaf, reason) = Leaf::load_or_make(folder, authority, &wanted, now)?;
                let Names { hosts, .. } = leaf.facts.names;
                let next = Shown { brought: false, hosts: hosts.into_iter().collect(), uncovered };
                if let Some(reason) = reason {
                    tracing::info!("made a certificate: {reason}");
                }
                if shown.is_none_or(|shown| shown.uncovered != next.uncovered) && !next.uncovered.is_empty() {
                    tracing::info!(addresses = ?next.uncovered, "not in the certificate, because not of a local network");
                }
                Ok((reason.is_some() || shown != Some(&next)).then_some((leaf.certified, next)))
            }
            Self::Given(given) => {
                let Some(read) = given.read()? else { return Ok(None) };
                if read.ends <= now {
                    tracing::warn!("the certificate that was brought has run out; browsers will refuse it");
                } else if shown.is_some() {
                    tracing::info!("the certificate was read again");
                }
                Ok(Some((read.certified, Shown { brought: true, hosts: read.hosts, uncovered: Vec::new() })))
            }
        }
    }
}

/// The certificate of the moment; handshakes read it, a look may replace it.
struct Current(RwLock<(Arc<CertifiedKey>, Shown)>);

impl Current {
    fn read(&self) -> std::sync::RwLockReadGuard<'_, (Arc<CertifiedKey>, Shown)> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.read().0))
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Current").field(&self.read().1).finish()
    }
}

/// HTTP/1.1 only, for WebSocket over HTTP/2 is another protocol.
fn server_config(current: &Arc<Current>) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::clone(current) as Arc<dyn ResolvesServerCert>);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Chain and key, if they belong together.
fn certified(chain: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'static>) -> Result<CertifiedKey, TlsError> {
    let certified = CertifiedKey::new(chain, provider::sign::any_supported_type(key)?);
    certified.keys_match()?;
    Ok(certified)
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    x509_parser::parse_x509_certificate(der).ok().map(|(_, certificate)| certificate)
}

fn time(asn1: ASN1Time) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(asn1.timestamp().try_into().unwrap_or(0))
}

/// A host name as a person may read it in a list of authorities.
fn printable(hostname: &str) -> String {
    let plain: String = hostname.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    if plain.is_empty() { "this network".to_owned() } else { plain }
}
