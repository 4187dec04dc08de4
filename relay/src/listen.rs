//! The port: accepts, tunes, speaks TLS, and hands each connection to the routes. Every step has a time limit.

use std::{
    io,
    net::{IpAddr, Ipv6Addr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tower_service::Service;

use crate::{
    connection::Connection,
    handshake::Via,
    kernel,
    shutdown::Guard,
    turnstile::{Passage, Turnstile},
};

/// How long a client may take for its TLS handshake.
const TLS_PATIENCE: Duration = Duration::from_secs(10);
/// The smallest head buffer hyper accepts; ours are far smaller.
const HEAD_BUFFER: usize = 8192;
/// Connections the kernel completes before we accept them.
const BACKLOG: i32 = 1024;
/// Pause when accepting fails for want of a resource that connections give back.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// First byte of a TLS handshake record (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 22;

/// Opens a port: at the given address, or at every address of both families.
///
/// # Errors
/// Whatever the system says.
pub fn bind(address: Option<IpAddr>, port: u16) -> io::Result<TcpListener> {
    match address {
        Some(address) => open((address, port).into()),
        None => match open((Ipv6Addr::UNSPECIFIED, port).into()) {
            // A machine without IPv6.
            Err(e) if e.kind() != io::ErrorKind::AddrInUse => open(([0, 0, 0, 0], port).into()),
            outcome => outcome,
        },
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // On Windows the option would let two relays share the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Serves connections.
#[derive(Clone)]
pub struct Server {
    /// The routes.
    pub router: Router,
    /// TLS, unless plain.
    pub tls: Option<TlsAcceptor>,
    /// Told of the relay's end, and held by every connection.
    pub guard: Guard,
    /// Bounds the connections.
    pub connections: Arc<Turnstile>,
    /// Bounds those that have not asked for anything yet.
    pub handshakes: Arc<Turnstile>,
    /// How long a client may take for the head of a request, and how long a connection may idle between two.
    pub head: Duration,
}

impl Server {
    /// Accepts connections until the relay ends.
    pub async fn accept(self, listener: TcpListener) {
        let mut end = self.guard.clone();
        loop {
            let accepted = tokio::select! {
                () = end.begun() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((tcp, peer)) => {
                    // A dual-stack port sees IPv4 peers as mapped addresses.
                    let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                    match (self.connections.enter(peer.ip()), self.handshakes.enter(peer.ip())) {
                        (Some(place), Some(unfinished)) => {
                            tokio::spawn(self.clone().connection(tcp, peer, place, unfinished));
                        }
                        _ => tracing::debug!(%peer, "too many connections; one is refused"),
                    }
                }
                // What a client did between connecting and being accepted is its own affair; the rest passes.
                Err(e) if e.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(e) => {
                    tracing::warn!(error = %e, "accepting a connection failed");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn connection(self, tcp: TcpStream, peer: SocketAddr, place: Passage, unfinished: Passage) {
        kernel::tune(&tcp);
        let mut end = self.guard.clone();
        let connection = tokio::select! {
            () = end.begun() => return,
            connection = timeout(TLS_PATIENCE, self.secure(tcp)) => connection,
        };
        match connection {
            Ok(Ok(connection)) => self.http(connection, peer, place, unfinished).await,
            Ok(Err(e)) => tracing::debug!(%peer, error = %e, "no TLS connection"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
        }
    }

    async fn secure(&self, mut tcp: TcpStream) -> io::Result<Connection> {
        let Some(tls) = &self.tls else { return Ok(Connection::Plain(tcp)) };
        let mut first = [0];
        if tcp.peek(&mut first).await? == 1 && first[0] != TLS_HANDSHAKE {
            // Somebody typed the address without https.
            tcp.write_all(PLAIN_ANSWER).await?;
            tcp.shutdown().await?;
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the client does not speak TLS"));
        }
        Ok(Connection::Tls(Box::new(tls.accept(tcp).await?)))
    }

    async fn http(mut self, connection: Connection, peer: SocketAddr, place: Passage, unfinished: Passage) {
        let Ok(local) = connection.tcp().local_addr() else { return };
        let local = SocketAddr::new(local.ip().to_canonical(), local.port());
        let via = Via::new(peer, local, self.guard.clone(), place);
        let unfinished = Mutex::new(Some(unfinished));
        let service = service_fn(|mut request: Request<Incoming>| {
            drop(unfinished.lock().unwrap_or_else(PoisonError::into_inner).take());
            request.extensions_mut().insert(via.clone());
            self.router.clone().call(request)
        });
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.head)
            .max_buf_size(HEAD_BUFFER)
            .serve_connection(TokioIo::new(connection), service)
            .with_upgrades();
        let mut serving = pin!(serving);
        let outcome = tokio::select! {
            outcome = serving.as_mut() => outcome,
            () = self.guard.begun() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(e) = outcome {
            tracing::debug!(%peer, error = %e, "the connection ended badly");
        }
    }
}

const PLAIN_ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n\
    {\"error\":\"tls_required\",\"message\":\"this relay speaks HTTPS: begin the address with https://\"}";
