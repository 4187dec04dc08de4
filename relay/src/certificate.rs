//! The relay's own certificate: self-signed, kept in the state folder, made anew when it no longer fits.

use std::{
    collections::BTreeSet,
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use x509_parser::{extensions::GeneralName, prelude::X509Certificate};

use crate::state_dir;

/// Certificate and key, ready to serve with.
#[derive(Debug)]
pub struct Certificate {
    /// Where the certificate is, for clients that want to trust it.
    pub path: PathBuf,
    /// The certificate.
    pub der: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The state folder does not take the files.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The certificate was not made.
    #[error(transparent)]
    Rcgen(#[from] rcgen::Error),
}

const CERTIFICATE_FILE: &str = "certificate.pem";
const KEY_FILE: &str = "key.pem";
const DAY: Duration = Duration::from_secs(86_400);
/// Browsers ask for the exception anew with each certificate, so not too short; 398 days is what they accept at most.
const LIFETIME: Duration = Duration::from_secs(397 * 86_400);
/// Made anew when less than this is left, so that an evening that begins well ends well.
const MARGIN: Duration = Duration::from_secs(7 * 86_400);
/// Networks this machine has been in stay in the certificate, so that going back needs no new exception.
const MAX_ADDRESSES: usize = 32;

/// The certificate kept in `folder` if it is still good and covers all `addresses`, else a new one, kept from now on.
///
/// # Errors
/// When the folder cannot be written.
pub fn load_or_make(folder: &Path, addresses: &[IpAddr]) -> Result<Certificate, CertificateError> {
    let mut wanted: BTreeSet<IpAddr> = addresses.iter().copied().collect();
    wanted.extend([IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    if let Some(kept) = load(folder) {
        let (covered, expires) = facts(&kept.der).unwrap_or((BTreeSet::new(), UNIX_EPOCH));
        if wanted.is_subset(&covered) && SystemTime::now() + MARGIN < expires {
            return Ok(kept);
        }
        tracing::info!("the kept certificate runs out or lacks an address of this machine; making a new one");
        for old in covered {
            if wanted.len() < MAX_ADDRESSES {
                wanted.insert(old);
            }
        }
    }
    make(folder, &wanted)
}

impl Certificate {
    /// How to speak TLS with it: HTTP/1.1 only, for WebSocket over HTTP/2 is another protocol.
    ///
    /// # Errors
    /// When key and certificate do not belong together.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.der.clone()], self.key.clone_key())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// What is kept, if it can be read and its two halves fit.
fn load(folder: &Path) -> Option<Certificate> {
    let path = folder.join(CERTIFICATE_FILE);
    let der = CertificateDer::from_pem_slice(&fs::read(&path).ok()?).ok()?;
    let key = PrivateKeyDer::from_pem_slice(&fs::read(folder.join(KEY_FILE)).ok()?).ok()?;
    let kept = Certificate { path, der, key };
    kept.server_config().ok()?;
    Some(kept)
}

fn make(folder: &Path, addresses: &BTreeSet<IpAddr>) -> Result<Certificate, CertificateError> {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()])?;
    params.subject_alt_names.extend(addresses.iter().map(|ip| SanType::IpAddress(*ip)));
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Lanline relay");
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Phones whose clock runs behind should take it too.
    params.not_before = (SystemTime::now() - DAY).into();
    params.not_after = (SystemTime::now() + LIFETIME - DAY).into();
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;

    // The key first: a certificate without its key is made anew, a key without its certificate too.
    state_dir::write(&folder.join(KEY_FILE), key.serialize_pem().as_bytes(), 0o600)?;
    let path = folder.join(CERTIFICATE_FILE);
    state_dir::write(&path, certificate.pem().as_bytes(), 0o644)?;
    Ok(Certificate { path, der: certificate.der().clone(), key: PrivateKeyDer::Pkcs8(key.serialize_der().into()) })
}

/// The addresses in a certificate, and when it runs out.
fn facts(der: &CertificateDer<'_>) -> Option<(BTreeSet<IpAddr>, SystemTime)> {
    let certificate = parse(der)?;
    let names = &certificate.subject_alternative_name().ok()??.value.general_names;
    let addresses = names.iter().filter_map(|name| match name {
        GeneralName::IPAddress(bytes) => address(bytes),
        _ => None,
    });
    let expires = u64::try_from(certificate.validity().not_after.timestamp()).ok()?;
    Some((addresses.collect(), UNIX_EPOCH + Duration::from_secs(expires)))
}

fn parse<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    x509_parser::parse_x509_certificate(der).ok().map(|(_, certificate)| certificate)
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(list: &[&str]) -> Vec<IpAddr> {
        list.iter().map(|ip| ip.parse().expect("an address")).collect()
    }

    #[test]
    fn the_certificate_is_kept_while_it_fits() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = load_or_make(folder.path(), &ips(&["192.168.1.20"])).expect("made");
        let again = load_or_make(folder.path(), &ips(&["192.168.1.20"])).expect("kept");
        let fewer = load_or_make(folder.path(), &[]).expect("kept");
        assert_eq!(first.der, again.der);
        assert_eq!(first.der, fewer.der);
    }

    #[test]
    fn a_new_address_makes_a_new_one_that_covers_the_old_addresses_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = load_or_make(folder.path(), &ips(&["192.168.1.20"])).expect("made");
        let second = load_or_make(folder.path(), &ips(&["10.0.0.7", "fd00::7"])).expect("made");
        assert_ne!(first.der, second.der);
        let (covered, expires) = facts(&second.der).expect("readable");
        let expected = ips(&["10.0.0.7", "127.0.0.1", "192.168.1.20", "::1", "fd00::7"]);
        assert_eq!(covered.into_iter().collect::<Vec<_>>(), expected);
        assert!(expires > SystemTime::now() + MARGIN);
    }

    #[test]
    fn damaged_files_are_replaced() {
        for file in [CERTIFICATE_FILE, KEY_FILE] {
            let folder = tempfile::tempdir().expect("a folder");
            load_or_make(folder.path(), &[]).expect("made");
            fs::write(folder.path().join(file), "not PEM").expect("written");
            let replaced = load_or_make(folder.path(), &[]).expect("made anew");
            assert!(replaced.server_config().is_ok(), "{file}");
        }
    }

    #[test]
    fn a_key_of_another_certificate_is_replaced() {
        let (a, b) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        load_or_make(a.path(), &[]).expect("made");
        load_or_make(b.path(), &[]).expect("made");
        fs::copy(a.path().join(KEY_FILE), b.path().join(KEY_FILE)).expect("copied");
        assert!(load_or_make(b.path(), &[]).expect("made anew").server_config().is_ok());
    }
}
