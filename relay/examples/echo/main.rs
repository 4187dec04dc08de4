//! An echo on the relay's own listener, for conformance suites that want one, such as Autobahn's.
//!
//! ```text
//! cargo run --release -p relay --example echo -- 127.0.0.1:9001
//! ```
//!
//! A client has to offer the subprotocol `lanline.v1`; messages may have 16 MiB. `relay/tests/conformance.rs` tests the
//! same echo byte by byte, and says how to run Autobahn's suite.

mod server;

use std::{io, net::SocketAddr};

use relay::listen;

#[tokio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let address: SocketAddr = address.parse().map_err(io::Error::other)?;
    let listener = listen::bind(Some(address.ip()), address.port())?;
    println!("echo at ws://{}/", listener.local_addr()?);
    server::serve(listener).await;
    Ok(())
}
