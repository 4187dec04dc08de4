//! The certificate the relay shows: signed by its own authority, kept in the state folder, and made anew before it
//! runs out and when the machine has an address it does not name.

use std::{
    collections::BTreeSet,
    fs,
    net::IpAddr,
    path::Path,
    time::{Duration, SystemTime},
};

use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SanType,
};
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_parser::extensions::GeneralName;

use super::{Authority, DAY, TlsError, certified, names::Names, parse, time};
use crate::state_dir;

/// A certificate of the relay's own authority, ready to serve with.
#[derive(Debug)]
pub struct Leaf {
    /// Certificate and key.
    pub certified: CertifiedKey,
    /// Whom it names, and how long it is valid.
    pub facts: Facts,
}

/// What a leaf says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whom it names.
    pub names: Names,
    /// Valid from then.
    pub begins: SystemTime,
    /// Valid until then.
    pub ends: SystemTime,
}

const CERTIFICATE_FILE: &str = "certificate.pem";
const KEY_FILE: &str = "key.pem";
/// Short, so that a stolen key is soon worth nothing; Apple takes at most 825 days from an authority a person installed.
const LIFETIME: Duration = Duration::from_secs(90 * 86_400);
/// Renewed when a third is left.
const MARGIN: Duration = Duration::from_secs(30 * 86_400);
/// Networks this machine has been in stay named, so that who accepted the certificate by hand is not asked again there.
const MAX_ADDRESSES: usize = 32;

impl Leaf {
    /// The leaf kept in `folder` while it serves, else a new one, kept from now on; and why it was made.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn load_or_make(
        folder: &Path,
        authority: &Authority,
        wanted: &Names,
        now: SystemTime,
    ) -> Result<(Self, Option<&'static str>), TlsError> {
        let kept = load(folder, authority);
        let reason = match &kept {
            Some(kept) => renewal(&kept.facts, wanted, now),
            None => Some("there is none of this authority yet"),
        };
        match (kept, reason) {
            (Some(kept), None) => Ok((kept, None)),
            (kept, reason) => {
                let mut names = wanted.clone();
                let room = MAX_ADDRESSES.saturating_sub(names.addresses.len());
                let old = kept.map(|kept| kept.facts.names.addresses).unwrap_or_default();
                names.addresses.extend(old.difference(&wanted.addresses).take(room));
                Ok((make(folder, authority, &names, now)?, reason))
            }
        }
    }
}

/// Why a leaf has to be made anew, if it has to.
#[must_use]
pub fn renewal(leaf: &Facts, wanted: &Names, now: SystemTime) -> Option<&'static str> {
    if now < leaf.begins {
        Some("the clock of this machine was ahead when the last one was made")
    } else if leaf.ends <= now + MARGIN {
        Some("the last one runs out")
    } else if !leaf.names.contain(wanted) {
        Some("this machine has a new address or name")
    } else {
        None
    }
}

fn load(folder: &Path, authority: &Authority) -> Option<Leaf> {
    let der = CertificateDer::from_pem_slice(&fs::read(folder.join(CERTIFICATE_FILE)).ok()?).ok()?;
    let key = PrivateKeyDer::from_pem_slice(&fs::read(folder.join(KEY_FILE)).ok()?).ok()?;
    let issuer = parse(authority.der())?;
    parse(&der)?.verify_signature(Some(issuer.public_key())).ok()?;
    let facts = facts(&der)?;
    let certified = certified(vec![der], &key).ok()?;
    Some(Leaf { certified, facts })
}

fn make(folder: &Path, authority: &Authority, names: &Names, now: SystemTime) -> Result<Leaf, TlsError> {
    let params = params(names, now)?;
    // A new key each time: the serial number is made from it.
    let key = KeyPair::generate()?;
    let certificate = authority.sign(&params, &key)?;
    // What is left of a pair that was written by half does not fit, and is made anew.
    state_dir::write(&folder.join(KEY_FILE), key.serialize_pem().as_bytes(), 0o600)?;
    state_dir::write(&folder.join(CERTIFICATE_FILE), certificate.pem().as_bytes(), 0o644)?;
    let facts = facts(certificate.der()).ok_or(rcgen::Error::CouldNotParseCertificate)?;
    let certified = certified(vec![certificate.der().clone()], &PrivateKeyDer::Pkcs8(key.serialize_der().into()))?;
    Ok(Leaf { certified, facts })
}

fn params(names: &Names, now: SystemTime) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::default();
    for host in &names.hosts {
        params.subject_alt_names.push(SanType::DnsName(host.as_str().try_into()?));
    }
    params.subject_alt_names.extend(names.addresses.iter().map(|ip| SanType::IpAddress(*ip)));
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Lanline relay");
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Phones whose clock runs behind should take it too.
    params.not_before = (now - DAY).into();
    params.not_after = (now - DAY + LIFETIME).into();
    Ok(params)
}

fn facts(der: &CertificateDer<'_>) -> Option<Facts> {
    let certificate = parse(der)?;
    let (mut addresses, mut hosts) = (BTreeSet::new(), BTreeSet::new());
    for name in &certificate.subject_alternative_name().ok()??.value.general_names {
        match name {
            GeneralName::IPAddress(bytes) => addresses.extend(address(bytes)),
            GeneralName::DNSName(host) => drop(hosts.insert((*host).to_owned())),
            _ => {}
        }
    }
    let validity = certificate.validity();
    Some(Facts { names: Names { addresses, hosts }, begins: time(validity.not_before), ends: time(validity.not_after) })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}
