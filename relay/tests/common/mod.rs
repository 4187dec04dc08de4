//! A relay on a port of its own, and participants who come to it over real sockets.
#![allow(dead_code, reason = "each test file uses its own part")]

pub mod closed;
pub mod talk;

use std::{fmt::Debug, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use relay::{Config, Limits, Relay, banner::Doors};
use relay_wire::{ClientMessage, DownHeader, ServerMessage};
use rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::CertificateDer};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsConnector;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{self, Message, client::IntoClientRequest, http::HeaderValue},
};

/// The subprotocol to offer.
pub const V1: Option<&str> = Some(relay_wire::SUBPROTOCOL);

/// Longer than anything here takes; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A stream of either kind.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Stream for T {}

/// A running relay; it ends with the test.
pub struct TestRelay {
    pub address: SocketAddr,
    pub authority: Option<CertificateDer<'static>>,
    /// `None` where the relay is a program of its own.
    pub doors: Option<Doors>,
    end: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

impl TestRelay {
    /// Without TLS.
    pub fn plain() -> Self {
        // A busy machine may keep a test's participants from answering; only the test of silence is about that.
        let limits = Limits { silence: Duration::from_secs(600), ..Limits::default() };
        Self::with(Config { open: true, plain: true, limits, ..Config::default() })
    }

    /// With these settings, on a free port of the loopback address unless they name one.
    pub fn with(config: Config) -> Self {
        let bind = config.bind.or(Some(SocketAddr::from(([127, 0, 0, 1], 0))));
        let relay = Relay::start(&Config { bind, ..config }).expect("the relay starts");
        let (end, ended) = oneshot::channel();
        let address = relay.address();
        let authority = relay.tls().and_then(|tls| tls.authority()).map(|authority| authority.der.clone());
        let doors = relay.doors();
        let serving = tokio::spawn(relay.serve(async {
            let _ = ended.await;
        }));
        Self { address, authority, doors: Some(doors), end: Some(end), serving }
    }

    /// One that runs as a program of its own.
    pub fn elsewhere(address: SocketAddr, authority: CertificateDer<'static>) -> Self {
        Self { address, authority: Some(authority), doors: None, end: None, serving: tokio::spawn(async {}) }
    }

    /// Begins the end.
    pub fn end(&mut self) {
        let _ = self.end.take().expect("ended once").send(());
    }

    /// Waits for the end.
    pub async fn ended(self) {
        timeout(PATIENCE, self.serving).await.expect("the relay ends in time").expect("without a panic");
    }

    /// A TCP connection, with TLS if the relay has it.
    pub async fn connect(&self) -> Box<dyn Stream> {
        let tcp = TcpStream::connect(self.address).await.expect("connected");
        self.secure(tcp).await
    }

    /// Whether TLS over a connection that was made elsewhere fails.
    pub async fn refuses(&self, tcp: std::net::TcpStream) -> bool {
        tcp.set_nonblocking(true).expect("set");
        let tcp = TcpStream::from_std(tcp).expect("registered");
        let authority = self.authority.as_ref().expect("TLS");
        self.tls(authority).connect(self.server_name(), tcp).await.is_err()
    }

    async fn secure(&self, tcp: TcpStream) -> Box<dyn Stream> {
        tcp.set_nodelay(true).expect("set");
        match &self.authority {
            None => Box::new(tcp),
            Some(authority) => Box::new(self.tls(authority).connect(self.server_name(), tcp).await.expect("TLS")),
        }
    }

    fn tls(&self, authority: &CertificateDer<'static>) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone()).expect("an authority");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    }

    fn server_name(&self) -> rustls::pki_types::ServerName<'static> {
        self.address.ip().into()
    }

    /// Joins a room and reads the welcome.
    pub async fn join(&self, room: &str, name: &str) -> Client {
        self.join_over(self.connect().await, &socket_path(room, name)).await
    }

    /// Joins at that path, and reads the welcome.
    pub async fn join_at(&self, path: &str) -> Client {
        self.join_over(self.connect().await, path).await
    }

    /// Joins over a connection that was made elsewhere.
    pub async fn join_from(&self, tcp: std::net::TcpStream, room: &str, name: &str) -> Client {
        tcp.set_nonblocking(true).expect("set");
        let tcp = TcpStream::from_std(tcp).expect("registered");
        self.join_over(self.secure(tcp).await, &socket_path(room, name)).await
    }

    /// Joins with a receive window that holds next to nothing, so that not reading is soon felt.
    pub async fn join_narrow(&self, room: &str, name: &str) -> Client {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_recv_buffer_size(4096).expect("set");
        let tcp = socket.connect(self.address).await.expect("connected");
        self.join_over(Box::new(tcp), &socket_path(room, name)).await
    }

    /// Comes back with a resume token and reads the welcome.
    pub async fn resume(&self, token: &str, after: u64) -> Client {
        self.join_over(self.connect().await, &format!("/ws?resume={token}&after={after}")).await
    }

    async fn join_over(&self, stream: Box<dyn Stream>, path: &str) -> Client {
        let mut client = self.upgrade(stream, path).await;
        client.welcome = client.text().await;
        let ServerMessage::Welcome { id, .. } = client.welcome else { panic!("no welcome: {:?}", client.welcome) };
        client.id = id;
        client
    }

    /// A socket that has not been welcomed yet.
    pub async fn upgrade(&self, stream: Box<dyn Stream>, path: &str) -> Client {
        let request = self.request(path, V1, None);
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await.expect("upgraded");
        assert_eq!(response.headers()["sec-websocket-protocol"], "lanline.v1");
        Client { socket, id: 0, welcome: ServerMessage::Pong { t: 0, clock_us: 0 } }
    }

    /// A handshake that is expected to be refused: status and error code.
    pub async fn refused(&self, path: &str, protocol: Option<&'static str>, origin: Option<&str>) -> (u16, String) {
        let request = self.request(path, protocol, origin);
        match tokio_tungstenite::client_async(request, self.connect().await).await {
            Err(tungstenite::Error::Http(response)) => {
                let status = response.status().as_u16();
                let body = response.into_body().unwrap_or_default();
                let body: serde_json::Value = serde_json::from_slice(&body).expect("a JSON body");
                assert!(!body["message"].as_str().expect("a sentence").is_empty());
                (status, body["error"].as_str().expect("a code").to_owned())
            }
            Err(other) => panic!("not refused but {other}"),
            Ok(_) => panic!("not refused"),
        }
    }

    pub fn request(
        &self,
        path: &str,
        protocol: Option<&'static str>,
        origin: Option<&str>,
    ) -> tungstenite::http::Request<()> {
        let mut request = format!("ws://{}{path}", self.address).into_client_request().expect("a request");
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(protocol));
        }
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", HeaderValue::from_str(origin).expect("a value"));
        }
        request
    }

    /// Sends a request as it is written and reads the answer: status, head, body.
    pub async fn http(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.address);
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            request += &format!("Content-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        request += body;
        let mut stream = self.connect().await;
        // A refusal may come before the whole body is taken.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time");
        Answer::parse(&answer)
    }

    /// Sends a notification over HTTP.
    pub async fn notify(&self, room: &str, body: &str) -> Answer {
        let path = format!("/api/v1/rooms/{room}/notifications");
        self.http("POST", &path, &[("Content-Type", "application/json")], body).await
    }
}

/// Asks for something in the clear, with these headers; `Host` is the address unless they name another.
pub async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = format!("GET {} HTTP/1.1\r\nConnection: close\r\n", path.replace('<', "%3C"));
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request += &format!("Host: {address}\r\n");
    }
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "\r\n";
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time").expect("read");
    Answer::parse(&answer)
}

/// Where a relay that is open to all has the socket.
fn socket_path(room: &str, name: &str) -> String {
    format!("/ws?room={room}&name={name}")
}

/// An HTTP answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    /// The body as text.
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    fn parse(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("not HTTP: {:?}", String::from_utf8_lossy(answer)));
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let bytes = answer[end + 4..].to_vec();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
        Self { status, head, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    /// The body, which is JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {:?}", self.body))
    }

    /// The error code of a refusal.
    pub fn code(&self) -> String {
        self.json()["error"].as_str().expect("a code").to_owned()
    }
}

/// A participant.
pub struct Client {
    pub socket: WebSocketStream<Box<dyn Stream>>,
    pub id: u32,
    pub welcome: ServerMessage,
}

/// What a participant is sent.
#[derive(Debug)]
pub enum Incoming {
    Text(ServerMessage),
    Audio(DownHeader, Bytes),
    /// The close code.
    Closed(u16),
    /// No close, just the end.
    Lost,
}

impl Client {
    /// The next of anything.
    pub async fn next(&mut self) -> Incoming {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("something comes in time");
            match message {
                Some(Ok(Message::Text(text))) => {
                    return Incoming::Text(ServerMessage::parse(&text).expect("valid").expect("known"));
                }
                Some(Ok(Message::Binary(bytes))) => {
                    let (header, payload) = DownHeader::parse(&bytes).expect("a packet");
                    return Incoming::Audio(header, payload);
                }
                Some(Ok(Message::Close(frame))) => return Incoming::Closed(frame.map_or(1005, |f| f.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Incoming::Lost,
            }
        }
    }

    /// The next text that is neither a ping nor audio.
    pub async fn text(&mut self) -> ServerMessage {
        loop {
            match self.next().await {
                Incoming::Text(ServerMessage::Ping { .. }) | Incoming::Audio(..) => {}
                Incoming::Text(message) => return message,
                other => panic!("{other:?} instead of a text"),
            }
        }
    }

    /// Reads until a text that fits, and gives what the test takes from it.
    pub async fn until<T>(&mut self, pick: impl Fn(&ServerMessage) -> Option<T>) -> T {
        loop {
            match self.next().await {
                Incoming::Text(message) => {
                    if let Some(picked) = pick(&message) {
                        return picked;
                    }
                }
                Incoming::Audio(..) => {}
                other => panic!("{other:?} instead of a text"),
            }
        }
    }

    /// Reads to the end of the session: the codes of all errors, and the close code.
    pub async fn end(&mut self) -> (Vec<String>, Option<u16>) {
        let mut errors = Vec::new();
        loop {
            match self.next().await {
                Incoming::Text(ServerMessage::Error { code, .. }) => errors.push(code),
                Incoming::Text(_) | Incoming::Audio(..) => {}
                Incoming::Closed(code) => return (errors, Some(code)),
                Incoming::Lost => return (errors, None),
            }
        }
    }

    pub async fn say(&mut self, message: &ClientMessage) {
        self.send(Message::text(message.to_json())).await;
    }

    pub async fn chat(&mut self, text: &str) {
        self.say(&ClientMessage::Chat { text: text.to_owned(), echo: None }).await;
    }

    pub async fn send(&mut self, message: Message) {
        self.socket.send(message).await.expect("sent");
    }

    /// The welcome's resume token.
    pub fn token(&self) -> String {
        let ServerMessage::Welcome { resume, .. } = &self.welcome else { panic!("no welcome: {:?}", self.welcome) };
        resume.clone()
    }

    /// Says that the token is kept, and waits until the relay has heard it; the token.
    pub async fn keep_token(&mut self) -> String {
        self.say(&ClientMessage::ResumeReceived {}).await;
        self.say(&ClientMessage::Ping { t: 53 }).await;
        self.until(|m| matches!(m, ServerMessage::Pong { t: 53, .. }).then_some(())).await;
        self.token()
    }

    /// The next chat line: number and text.
    pub async fn chat_line(&mut self) -> (u64, String) {
        self.until(|m| match m {
            ServerMessage::Chat { message, text, .. } => Some((*message, text.clone())),
            _ => None,
        })
        .await
    }
}
