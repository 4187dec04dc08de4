//! A certificate that somebody brings: two PEM files, read again when they change.

use std::{
    fs,
    path::{Path, PathBuf},
    time::SystemTime,
};

use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};
use x509_parser::extensions::GeneralName;

use super::{TlsError, certified, parse, time};

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The certificate, and after it those between it and its authority.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

/// Reads the two files when they have changed.
#[derive(Debug)]
pub struct Given {
    paths: Paths,
    /// By which names the relay should be known, where the certificate has a wildcard for them.
    wished: Vec<String>,
    /// What was read last, good or not.
    last: Option<(Vec<u8>, Vec<u8>)>,
}

/// What the two files hold.
#[derive(Debug)]
pub struct Read {
    /// Certificate and key.
    pub certified: CertifiedKey,
    /// The hosts the certificate names: those of its own, and those wished for that a wildcard covers.
    pub hosts: Vec<String>,
    /// Valid until then.
    pub ends: SystemTime,
}

impl Given {
    /// Nothing read yet. The relay should be known by the `wished` hosts, in lower case.
    #[must_use]
    pub fn new(paths: Paths, wished: Vec<String>) -> Self {
        Self { paths, wished, last: None }
    }

    /// What the files hold, or `None` when that is what they held before.
    ///
    /// # Errors
    /// When they cannot be read or do not belong together, said once for one content.
    pub fn read(&mut self) -> Result<Option<Read>, TlsError> {
        let content = (file(&self.paths.certificate)?, file(&self.paths.key)?);
        if self.last.as_ref() == Some(&content) {
            return Ok(None);
        }
        let (certificate, key) = self.last.insert(content);
        let wrong = |path: &Path, what: &str| TlsError::Given { path: path.to_owned(), what: what.to_owned() };
        let chain = CertificateDer::pem_slice_iter(certificate)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| wrong(&self.paths.certificate, &e.to_string()))?;
        let Some(first) = chain.first().and_then(parse) else {
            return Err(wrong(&self.paths.certificate, "there is no certificate in PEM form in it"));
        };
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|_| wrong(&self.paths.key, "there is no unencrypted key in PEM form in it"))?;
        let ends = time(first.validity().not_after);
        let names = first.subject_alternative_name().ok().flatten().map(|names| &names.value.general_names);
        let named = names.into_iter().flatten().filter_map(|name| match name {
            GeneralName::DNSName(host) => Some(host.to_ascii_lowercase()),
            _ => None,
        });
        let (wildcards, mut hosts): (Vec<_>, Vec<_>) = named.partition(|host| host.starts_with('*'));
        let covered = |host: &&String| wildcards.iter().any(|wildcard| covers(wildcard, host));
        hosts.extend(self.wished.iter().filter(covered).cloned());
        let certified = certified(chain, &key).map_err(|e| match e {
            TlsError::Rustls(rustls::Error::InconsistentKeys(_)) => {
                wrong(&self.paths.key, "this key is not the certificate's")
            }
            other => wrong(&self.paths.key, &other.to_string()),
        })?;
        Ok(Some(Read { certified, hosts, ends }))
    }
}

/// Whether `*.example.org` stands for a host: for one label, RFC 6125 section 6.4.3.
fn covers(wildcard: &str, host: &str) -> bool {
    let below = host.split_once('.').filter(|(label, _)| !label.is_empty()).map(|(_, domain)| domain);
    below.is_some() && below == wildcard.strip_prefix("*.")
}

/// Far larger than any chain; a device file would never end.
const MAX_FILE: u64 = 1 << 20;

fn file(path: &Path) -> Result<Vec<u8>, TlsError> {
    let wrong = |what: String| TlsError::Given { path: path.to_owned(), what };
    let about = fs::metadata(path).map_err(|e| wrong(e.to_string()))?;
    if !about.is_file() || about.len() > MAX_FILE {
        return Err(wrong("this is no PEM file".to_owned()));
    }
    fs::read(path).map_err(|e| wrong(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        for (host, covered) in [
            ("voice.example.org", true),
            ("example.org", false),
            ("a.voice.example.org", false),
            (".example.org", false),
            ("voice.example.org.evil", false),
            ("localhost", false),
        ] {
            assert_eq!(covers("*.example.org", host), covered, "{host}");
        }
        assert!(!covers("*", "org"));
    }
}
