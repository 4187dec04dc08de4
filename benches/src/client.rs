//! A participant on a raw socket: sends what it is told, stamps what it gets, decodes nothing meanwhile.

use std::{
    io,
    net::{SocketAddr, TcpStream},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use relay_wire::{ClientMessage, SUBPROTOCOL, ServerMessage, audio::KIND_DOWN};
use tungstenite::{ClientRequestBuilder, Error, Message, WebSocket, protocol::WebSocketConfig};

use crate::{link::Link, listener::Arrival};

/// A few packets: the default of 128 KiB, times thousands of participants, would be memory the machine may not have.
const READ_BUFFER: usize = 4096;

/// A participant in a room.
#[derive(Debug)]
pub struct Client {
    socket: WebSocket<Link>,
    relay_clock_us: u64,
    welcomed: Instant,
    ptime_ms: u32,
    pings: u64,
    refusal: Option<String>,
}

impl Client {
    /// Joins a room and waits for the welcome; from then on nothing blocks.
    ///
    /// # Errors
    /// If the relay is not there, refuses the handshake, or does not begin with a welcome.
    pub fn join(address: SocketAddr, tls: bool, room: &str, name: &str) -> Result<Self> {
        let scheme = if tls { "wss" } else { "ws" };
        let uri = format!("{scheme}://{address}/ws?room={room}&name={name}").parse()?;
        let request = ClientRequestBuilder::new(uri).with_sub_protocol(SUBPROTOCOL);
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let link = Link::connect(address, tls)?;
        let (mut socket, _) = match tungstenite::client::client_with_config(request, link, Some(config)) {
            Ok(joined) => joined,
            Err(error) => bail!("the relay refused the handshake: {error}"),
        };
        let Message::Text(text) = socket.read().context("waiting for the welcome")? else {
            bail!("the relay's first message is not a text")
        };
        let welcomed = socket.get_ref().last_read();
        let Some(ServerMessage::Welcome { clock_us, ptime_ms, .. }) = ServerMessage::parse(&text)? else {
            bail!("the relay's first message is not a welcome: {text}")
        };
        socket.get_ref().socket().set_nonblocking(true)?;
        Ok(Self { socket, relay_clock_us: clock_us, welcomed, ptime_ms, pings: 0, refusal: None })
    }

    /// The room's packet time.
    #[must_use]
    pub fn ptime_ms(&self) -> u32 {
        self.ptime_ms
    }

    /// The relay's clock at that instant, microseconds, from the welcome: on loopback that is right to less than a millisecond.
    #[must_use]
    pub fn relay_clock_us(&self, at: Instant) -> u64 {
        self.relay_clock_us + at.saturating_duration_since(self.welcomed).as_micros() as u64
    }

    /// How many of the relay's pings were answered.
    #[must_use]
    pub fn pings(&self) -> u64 {
        self.pings
    }

    /// The socket, to wait for.
    #[must_use]
    pub fn tcp(&self) -> &TcpStream {
        self.socket.get_ref().socket()
    }

    /// Sends an audio message.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn send(&mut self, message: Bytes) -> Result<()> {
        self.write(Message::Binary(message))
    }

    /// Takes what has arrived: audio goes to `hear`, pings are answered.
    ///
    /// # Errors
    /// If the connection is gone or the relay complains: both make figures worthless.
    pub fn receive(&mut self, mut hear: impl FnMut(Arrival)) -> Result<()> {
        loop {
            match self.socket.read() {
                Ok(Message::Binary(message)) if message.first() == Some(&KIND_DOWN) => {
                    hear(Arrival { at: self.socket.get_ref().last_read(), message });
                }
                Ok(Message::Text(text)) => self.take_text(&text)?,
                Ok(Message::Close(frame)) => bail!("the relay closed the connection: {frame:?} {:?}", self.refusal),
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => bail!("reading from the relay: {error} {:?}", self.refusal),
            }
        }
    }

    fn take_text(&mut self, text: &str) -> Result<()> {
        match ServerMessage::parse(text)? {
            Some(ServerMessage::Ping { t }) => {
                self.pings += 1;
                self.write(Message::Text(ClientMessage::Pong { t }.to_json().into()))
            }
            Some(ServerMessage::Error { code, message }) => {
                // The close that may follow says less.
                self.refusal = Some(message.clone());
                bail!("the relay complains: {code}: {message}")
            }
            _ => Ok(()),
        }
    }

    fn write(&mut self, message: Message) -> Result<()> {
        match self.socket.send(message) {
            Ok(()) => Ok(()),
            // Nothing may queue here unseen: a delay of ours would count as the relay's.
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                bail!("the relay does not read what it is sent")
            }
            Err(error) => bail!("writing to the relay: {error} {:?}", self.refusal),
        }
    }
}
