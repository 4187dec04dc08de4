//! The relay's own certificate authority: made once for each installation, kept in the state folder, and trusted by
//! whoever installs it for local addresses and names only.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, pem::PemObject};

use super::{DAY, TlsError, constraints, parse};
use crate::state_dir;

/// Makes leaves.
pub struct Authority {
    /// Its certificate in PEM, for programs.
    pub pem_path: PathBuf,
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// PEM, for programs and Firefox.
const PEM_FILE: &str = "ca.pem";
/// DER under the extension that Android and Windows open.
const DER_FILE: &str = "ca.crt";
const KEY_FILE: &str = "ca-key.pem";

/// Trusting it takes a person some steps on each device, so it lasts.
const LIFETIME: Duration = Duration::from_secs(20 * 365 * 86_400);
/// Each day of its life a leaf can be signed that lives to its own end.
const MARGIN: Duration = Duration::from_secs(180 * 86_400);
/// A Raspberry Pi without a clock begins in the past; what it signs there should be valid once it knows better.
const OLDEST: Duration = Duration::from_secs(1_735_689_600); // 2025-01-01

impl Authority {
    /// The authority kept in `folder`, or a new one where there is none or its time is nearly over.
    ///
    /// # Errors
    /// When the folder cannot be written, or what is kept is damaged: a new authority has to be trusted anew on every
    /// device, so it is not made behind anyone's back.
    pub fn load_or_make(folder: &Path, host: &str, now: SystemTime) -> Result<Self, TlsError> {
        match Self::load(folder)? {
            Some(kept) if now + MARGIN < kept.expires()? => Ok(kept),
            Some(_) => {
                tracing::warn!("the relay's certificate authority runs out; every device has to trust a new one");
                Self::make(folder, host, now)
            }
            None => Self::make(folder, host, now),
        }
    }

    /// Its certificate.
    #[must_use]
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Signs a leaf.
    ///
    /// # Errors
    /// When the parameters are none of a certificate.
    pub fn sign(&self, leaf: &CertificateParams, key: &KeyPair) -> Result<Certificate, TlsError> {
        Ok(leaf.signed_by(key, &self.issuer)?)
    }

    fn load(folder: &Path) -> Result<Option<Self>, TlsError> {
        let pem_path = folder.join(PEM_FILE);
        let pem = match fs::read(&pem_path) {
            Ok(pem) => pem,
            // A key alone is left from a start that was cut short; nobody can have trusted it.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let damaged = |what: &str| TlsError::Authority { folder: folder.to_owned(), what: what.to_owned() };
        let der = CertificateDer::from_pem_slice(&pem).map_err(|_| damaged("ca.pem holds no certificate"))?;
        let key = fs::read_to_string(folder.join(KEY_FILE)).map_err(|e| damaged(&format!("ca-key.pem: {e}")))?;
        let key = KeyPair::from_pem(&key).map_err(|_| damaged("ca-key.pem holds no key"))?;
        let certificate = parse(&der).ok_or_else(|| damaged("ca.pem holds no certificate"))?;
        if certificate.public_key().raw != rcgen::PublicKeyData::subject_public_key_info(&key) {
            return Err(damaged("ca.pem and ca-key.pem do not belong together"));
        }
        let issuer = Issuer::from_ca_cert_der(&der, key)?;
        if fs::read(folder.join(DER_FILE)).ok().as_deref() != Some(der.as_ref()) {
            state_dir::write(&folder.join(DER_FILE), &der, 0o644)?;
        }
        Ok(Some(Self { pem_path, der, issuer }))
    }

    fn make(folder: &Path, host: &str, now: SystemTime) -> Result<Self, TlsError> {
        let key = KeyPair::generate()?;
        let params = params(&key, host, now);
        let certificate = params.self_signed(&key)?;
        state_dir::write(&folder.join(KEY_FILE), key.serialize_pem().as_bytes(), 0o600)?;
        let pem_path = folder.join(PEM_FILE);
        state_dir::write(&pem_path, certificate.pem().as_bytes(), 0o644)?;
        state_dir::write(&folder.join(DER_FILE), certificate.der(), 0o644)?;
        Ok(Self { pem_path, der: certificate.der().clone(), issuer: Issuer::new(params, key) })
    }

    fn expires(&self) -> Result<SystemTime, TlsError> {
        let certificate = parse(&self.der).ok_or(rcgen::Error::CouldNotParseCertificate)?;
        Ok(super::time(certificate.validity().not_after))
    }
}

fn params(key: &KeyPair, host: &str, now: SystemTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    // Two authorities of one name but different keys confuse trust stores.
    let tag: String = key.public_key_raw().iter().rev().take(3).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "Lanline");
    params.distinguished_name.push(DnType::CommonName, format!("Lanline on {host} ({tag})"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    // Name constraints say nothing about signed programs or mail; this does.
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(constraints::constraints());
    let begin = SystemTime::UNIX_EPOCH + OLDEST;
    params.not_before = begin.min(now - DAY).into();
    params.not_after = (begin.max(now) + LIFETIME).into();
    params
}
