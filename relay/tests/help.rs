//! Proves that the help port hands out what it takes to trust the relay, on plain HTTP, and nothing else.

mod common;

use std::num::NonZero;

use base64::{Engine, engine::general_purpose::STANDARD};
use common::{TestRelay, get};
use relay::{Config, Relay, tls::given};
use tokio::net::TcpListener;

/// A relay with a help port that was free just now.
async fn with_help(config: Config) -> (TestRelay, std::net::SocketAddr) {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("bound").local_addr().expect("an address");
    let relay = TestRelay::with(Config { open: true, help_port: NonZero::new(free.port()), ..config });
    (relay, free)
}

fn config(folder: &tempfile::TempDir) -> Config {
    Config { open: true, state_dir: Some(folder.path().into()), ..Config::default() }
}

#[tokio::test]
async fn the_authority_is_handed_out_in_the_form_each_device_takes() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, help) = with_help(config(&folder)).await;
    let authority = relay.authority.clone().expect("its own");
    assert_eq!(relay.http("GET", "/healthz", &[], "").await.json()["help_port"], help.port(), "the page finds it");

    let certificate = get(help, "/ca.crt", &[]).await;
    assert_eq!(certificate.status, 200);
    assert!(certificate.head.contains("content-type: application/x-x509-ca-cert"), "{}", certificate.head);
    assert_eq!(certificate.bytes, authority.as_ref());

    let profile = get(help, "/ca.mobileconfig", &[]).await;
    assert_eq!(profile.status, 200);
    assert!(profile.head.contains("content-type: application/x-apple-aspen-config"), "{}", profile.head);
    assert!(profile.body.contains("com.apple.security.root"));
    let (_, rest) = profile.body.split_once("<data>").expect("a payload");
    let (data, _) = rest.split_once("</data>").expect("an end");
    assert_eq!(STANDARD.decode(data).expect("base64"), authority.as_ref());
    assert_eq!(profile.body, get(help, "/ca.mobileconfig", &[]).await.body, "twice installed is once installed");
}

#[tokio::test]
async fn the_help_leads_to_the_page_and_opens_the_steps_of_the_device() {
    let folder = tempfile::tempdir().expect("a folder");
    let (relay, help) = with_help(config(&folder)).await;
    let agents = [("iPhone", "<details open><summary>iPhone"), ("Android", "<details open><summary>Android")];
    for (agent, opened) in agents {
        let page = get(help, "/", &[("User-Agent", agent)]).await;
        assert_eq!(page.status, 200);
        assert!(page.body.contains(&format!("href=\"https://{}\"", relay.address)), "{}", page.body);
        assert!(page.body.contains(opened), "{agent}");
        assert!(page.body.contains("<svg") && !page.body.contains("<script"));
        assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
    }
}

#[tokio::test]
async fn what_a_request_says_is_not_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_relay, help) = with_help(config(&folder)).await;
    for (name, value) in [("Host", "evil<b>.example"), ("Host", "evil.example"), ("User-Agent", "iPhone evil<b>")] {
        for path in ["/", "/evil<b>"] {
            let page = get(help, path, &[(name, value)]).await;
            assert!(!page.body.contains("evil"), "{name} {value} {path}: {}", page.body);
        }
    }
}

#[tokio::test]
async fn the_page_the_api_and_the_socket_are_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_relay, help) = with_help(config(&folder)).await;
    for path in ["/r/lobby", "/ws?room=lobby&name=ann", "/healthz", "/index.html", "/api/v1/rooms", "/ca-key.pem"] {
        let answer = get(help, path, &[]).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_help_port_in_use_is_no_reason_not_to_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let port = taken.local_addr().expect("an address").port();
    let bind = Some("127.0.0.1:0".parse().expect("an address"));
    let relay = Relay::start(&Config { bind, help_port: NonZero::new(port), ..config(&folder) }).expect("it starts");
    assert_eq!(relay.help_port(), None);
}

#[tokio::test]
async fn there_is_no_help_where_there_is_nothing_to_trust() {
    let plain = Config { open: true, plain: true, help_port: NonZero::new(1), ..Config::default() };
    let bind = Some("127.0.0.1:0".parse().expect("an address"));
    assert_eq!(Relay::start(&Config { bind, ..plain }).expect("it starts").help_port(), None);

    let folder = tempfile::tempdir().expect("a folder");
    let made = rcgen::generate_simple_self_signed(vec!["voice.example".to_owned()]).expect("made");
    let paths = given::Paths { certificate: folder.path().join("c.pem"), key: folder.path().join("k.pem") };
    std::fs::write(&paths.certificate, made.cert.pem()).expect("written");
    std::fs::write(&paths.key, made.signing_key.serialize_pem()).expect("written");
    let (relay, help) = with_help(Config { open: true, certificate: Some(paths), ..config(&folder) }).await;
    let page = get(help, "/", &[]).await;
    assert!(page.body.contains(&format!("https://voice.example:{}", relay.address.port())), "{}", page.body);
    assert!(page.body.contains("nothing to install"));
    assert_eq!(get(help, "/ca.crt", &[]).await.status, 404);
}
