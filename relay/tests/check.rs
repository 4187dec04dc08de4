//! Proves that the device check gets a socket that says that sockets work and is gone, whoever opens it in the page.

mod common;

use common::TestRelay;
use futures_util::StreamExt;
use relay::Config;
use tokio_tungstenite::tungstenite::{Message, protocol::frame::coding::CloseCode};

#[tokio::test]
async fn the_socket_of_the_device_check_says_that_it_works_and_closes() {
    let folder = tempfile::tempdir().expect("a folder");
    // Nobody has a key, and the check works all the same.
    let relay = TestRelay::with(Config { state_dir: Some(folder.path().into()), open: false, ..Config::default() });
    let own = format!("https://{}", relay.address);
    let request = relay.request("/check/socket", Some("lanline.check"), Some(&own));
    let (mut socket, _) = tokio_tungstenite::client_async(request, relay.connect().await).await.expect("upgraded");
    let Some(Ok(Message::Close(Some(close)))) = socket.next().await else { panic!("it did not close") };
    assert_eq!(close.code, CloseCode::Normal);
    assert!(socket.next().await.is_none_or(|end| end.is_err()), "and is gone");

    for (protocol, origin, status, code) in [
        (None, own.as_str(), 400, "bad_subprotocol"),
        (Some("lanline.v1"), own.as_str(), 400, "bad_subprotocol"),
        (Some("lanline.check"), "https://evil.example", 403, "bad_origin"),
    ] {
        let refused = relay.refused("/check/socket", protocol, Some(origin)).await;
        assert_eq!(refused, (status, code.to_owned()));
    }
}
