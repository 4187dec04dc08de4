//! Proves that the authority can vouch for local networks only, that keys are their owner's, that leaves are kept
//! while they serve and made anew when they do not, and that brought files are read again.

use std::{fs, net::IpAddr, path::Path};

use rcgen::{CertificateParams, KeyPair, SanType};
use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::{ServerName, UnixTime},
};

use super::{leaf::renewal, *};
use crate::shutdown::Shutdown;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn now() -> SystemTime {
    UNIX_EPOCH + NOW
}

fn names(addresses: &[&str], hosts: &[&str]) -> Names {
    Names {
        addresses: addresses.iter().map(|ip| ip.parse().expect("an address")).collect(),
        hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
    }
}

fn authority(folder: &Path) -> Authority {
    Authority::load_or_make(folder, "pi", now()).expect("an authority")
}

/// What a client says that trusts this authority alone.
fn verify(authority: &Authority, leaf: &CertificateDer<'_>, server: &str, at: SystemTime) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).expect("an authority");
    let provider = Arc::new(provider::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().expect("a verifier");
    let server = ServerName::try_from(server.to_owned()).expect("a name");
    let at = UnixTime::since_unix_epoch(at.duration_since(UNIX_EPOCH).expect("after 1970"));
    verifier.verify_server_cert(leaf, &[], &server, &[], at).map(drop)
}

#[test]
fn a_leaf_is_trusted_for_what_it_names_by_those_who_trust_the_authority() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path());
    let wanted = names(&["192.168.1.20", "fd00::5", "127.0.0.1"], &["localhost", "lanline.local"]);
    let (leaf, _) = Leaf::load_or_make(folder.path(), &authority, &wanted, now()).expect("a leaf");
    let der = &leaf.certified.cert[0];
    for server in ["192.168.1.20", "fd00::5", "127.0.0.1", "localhost", "lanline.local"] {
        verify(&authority, der, server, now()).unwrap_or_else(|e| panic!("{server}: {e}"));
    }
    assert!(verify(&authority, der, "192.168.1.21", now()).is_err());
    assert!(verify(&authority, der, "127.0.0.1", now() + 91 * DAY).is_err());
}

#[test]
fn the_authority_vouches_for_nothing_outside_local_networks() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path());
    for (server, trusted) in [
        ("192.168.7.7", true),
        ("pi.home.arpa", true),
        ("voice.example", false),
        ("local.example", false),
        ("203.0.113.9", false),
        ("2001:db8::5", false),
    ] {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::default();
        params.subject_alt_names.push(match server.parse() {
            Ok(ip) => SanType::IpAddress(ip),
            Err(_) => SanType::DnsName(server.try_into().expect("a name")),
        });
        let leaf = authority.sign(&params, &key).expect("signed all the same");
        assert_eq!(verify(&authority, leaf.der(), server, now()).is_ok(), trusted, "{server}");
    }
}

#[test]
fn one_address_outside_would_break_the_whole_leaf() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path());
    let wanted = names(&["192.168.1.20", "2001:db8::5"], &[]);
    let (leaf, _) = Leaf::load_or_make(folder.path(), &authority, &wanted, now()).expect("a leaf");
    assert!(verify(&authority, &leaf.certified.cert[0], "192.168.1.20", now()).is_err());
}

#[test]
fn an_authority_is_made_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = authority(folder.path());
    let again = authority(folder.path());
    assert_eq!(first.der(), again.der());
    assert_eq!(fs::read(folder.path().join("ca.crt")).expect("there"), first.der().as_ref());
    let other = authority(tempfile::tempdir().expect("a folder").path());
    let subject = |a: &Authority| parse(a.der()).expect("a certificate").subject().to_string();
    assert_ne!(subject(&first), subject(&other), "two installations can be told apart in a list");
}

#[test]
fn a_damaged_authority_is_not_replaced_behind_anyones_back() {
    for (file, content) in [("ca.pem", "damaged"), ("ca-key.pem", "damaged"), ("ca-key.pem", "")] {
        let folder = tempfile::tempdir().expect("a folder");
        authority(folder.path());
        fs::write(folder.path().join(file), content).expect("written");
        let error = Authority::load_or_make(folder.path(), "pi", now()).map(drop).expect_err("damaged");
        assert!(error.to_string().contains("remove ca.pem"), "{error}");
    }
    let (folder, other) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    authority(folder.path());
    authority(other.path());
    fs::copy(other.path().join("ca-key.pem"), folder.path().join("ca-key.pem")).expect("copied");
    let error = Authority::load_or_make(folder.path(), "pi", now()).map(drop).expect_err("of another");
    assert!(error.to_string().contains("do not belong together"), "{error}");
}

#[test]
fn an_authority_made_without_a_clock_is_valid_once_there_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let early = Authority::load_or_make(folder.path(), "pi", UNIX_EPOCH + 3 * DAY).expect("made");
    let later = authority(folder.path());
    assert_eq!(early.der(), later.der());
    let wanted = names(&["192.168.1.20"], &[]);
    let (first, _) = Leaf::load_or_make(folder.path(), &early, &wanted, UNIX_EPOCH + 3 * DAY).expect("a leaf");
    let (second, reason) = Leaf::load_or_make(folder.path(), &later, &wanted, now()).expect("a leaf");
    assert!(reason.is_some() && first.facts != second.facts);
    verify(&later, &second.certified.cert[0], "192.168.1.20", now()).expect("trusted");
}

#[cfg(unix)]
#[test]
fn keys_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    Tls::own(folder.path(), "127.0.0.1:1".parse().expect("an address")).expect("made");
    for (file, mode) in [("ca-key.pem", 0o600), ("key.pem", 0o600), ("ca.pem", 0o644), ("certificate.pem", 0o644)] {
        let about = fs::metadata(folder.path().join(file)).expect("there");
        assert_eq!(about.permissions().mode() & 0o777, mode, "{file}");
    }
}

#[test]
fn a_leaf_is_renewed_for_a_reason() {
    let facts = |names| leaf::Facts { names, begins: now() - DAY, ends: now() + 89 * DAY };
    let named = facts(names(&["10.0.0.1", "127.0.0.1"], &["localhost", "old.local"]));
    for (wanted, at, renewed) in [
        (names(&["10.0.0.1"], &["localhost"]), now(), false),
        (names(&[], &[]), now(), false),
        (names(&["10.0.0.2"], &[]), now(), true),
        (names(&[], &["new.local"]), now(), true),
        (names(&[], &[]), now() + 58 * DAY, false),
        (names(&[], &[]), now() + 59 * DAY, true),
        (names(&[], &[]), now() + 200 * DAY, true),
        (names(&[], &[]), now() - 2 * DAY, true),
    ] {
        assert_eq!(renewal(&named, &wanted, at).is_some(), renewed, "{wanted:?} {at:?}");
    }
}

#[test]
fn a_leaf_is_kept_while_it_serves_and_the_next_names_the_old_addresses_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path());
    let make = |wanted: &Names| Leaf::load_or_make(folder.path(), &authority, wanted, now()).expect("a leaf");
    let (first, _) = make(&names(&["192.168.1.20"], &["localhost"]));
    let (again, reason) = make(&names(&["192.168.1.20"], &[]));
    assert_eq!((&first.facts, reason), (&again.facts, None));
    assert_eq!(first.certified.cert, again.certified.cert);
    let (second, reason) = make(&names(&["10.0.0.7"], &["localhost"]));
    assert!(reason.is_some());
    let listed: Vec<IpAddr> = second.facts.names.addresses.iter().copied().collect();
    assert_eq!(listed, [IpAddr::from([10, 0, 0, 7]), IpAddr::from([192, 168, 1, 20])]);
}

#[test]
fn a_damaged_or_foreign_leaf_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let kept = authority(folder.path());
    let wanted = names(&["192.168.1.20"], &[]);
    let make = |authority: &Authority| Leaf::load_or_make(folder.path(), authority, &wanted, now()).expect("a leaf").1;
    assert!(make(&kept).is_some());
    for file in ["certificate.pem", "key.pem"] {
        fs::write(folder.path().join(file), "damaged").expect("written");
        assert!(make(&kept).is_some(), "{file}");
        assert_eq!(make(&kept), None);
    }
    let other = authority(tempfile::tempdir().expect("a folder").path());
    assert!(make(&other).is_some());
}

fn bring(folder: &Path, host: &str) -> given::Paths {
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned(), "*.example".to_owned()]).expect("made");
    let paths = given::Paths { certificate: folder.join("full.pem"), key: folder.join("secret.pem") };
    fs::write(&paths.certificate, made.cert.pem()).expect("written");
    fs::write(&paths.key, made.signing_key.serialize_pem()).expect("written");
    paths
}

#[test]
fn a_brought_certificate_is_read_again_when_it_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    let tls = Tls::given(bring(folder.path(), "voice.example"), Vec::new()).expect("read");
    assert_eq!(tls.shown().hosts, ["voice.example"]);
    let shown = || Arc::clone(&tls.current.read().0);
    let first = shown();
    tls.look(now()).expect("nothing new");
    assert!(Arc::ptr_eq(&first, &shown()));
    bring(folder.path(), "other.example");
    tls.look(now()).expect("read again");
    assert_eq!(tls.shown().hosts, ["other.example"]);
    assert_ne!(first.cert, shown().cert);
}

#[test]
fn a_wildcard_serves_the_hosts_that_are_wished_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let wished = ["stage.example", "stage.other", "a.stage.example"].map(str::to_owned).to_vec();
    let tls = Tls::given(bring(folder.path(), "voice.example"), wished).expect("read");
    assert_eq!(tls.shown().hosts, ["voice.example", "stage.example"]);
}

#[test]
fn a_brought_certificate_that_became_worthless_is_not_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let paths = bring(folder.path(), "voice.example");
    let tls = Tls::given(paths.clone(), Vec::new()).expect("read");
    let whole = fs::read(&paths.key).expect("there");
    let foreign = KeyPair::generate().expect("a key").serialize_pem();
    for (content, said) in [("", "no unencrypted key"), (foreign.as_str(), "not the certificate's")] {
        fs::write(&paths.key, content).expect("written");
        let error = tls.look(now()).expect_err("worthless").to_string();
        assert!(error.contains(said) && error.contains("secret.pem"), "{error}");
        assert_eq!(tls.shown().hosts, ["voice.example"], "the old one goes on");
    }
    fs::write(&paths.key, whole).expect("written");
    tls.look(now()).expect("good again");
    fs::write(&paths.certificate, "x").expect("written");
    assert!(tls.look(now()).expect_err("worthless").to_string().contains("no certificate"));
    fs::remove_file(&paths.certificate).expect("removed");
    assert!(tls.look(now()).expect_err("gone").to_string().contains("full.pem"));
}

#[tokio::test]
async fn what_changes_while_the_relay_runs_is_noticed_and_the_end_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let tls = Arc::new(Tls::given(bring(folder.path(), "voice.example"), Vec::new()).expect("read"));
    let shutdown = Shutdown::default();
    let watching = tokio::spawn(Arc::clone(&tls).keep_fresh(Duration::from_millis(1), shutdown.guard()));
    bring(folder.path(), "other.example");
    while tls.shown().hosts != ["other.example"] {
        tokio::task::yield_now().await;
    }
    assert!(shutdown.finish(DAY).await);
    watching.await.expect("no panic");
}
