//! A TCP proxy between a participant and a relay, for what only happens to real connections: resets, ends that
//! vanish without a word, bytes that come one at a time, and buffers that take more than they pass on.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::watch,
    task::JoinHandle,
};

/// What is done to the connections that exist, and to those to come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Treatment {
    /// Bytes pass as they come.
    #[default]
    Pass,
    /// Bytes pass one by one, each in a segment of its own.
    OneByOne,
    /// Bytes are taken and vanish, and so does the end of a connection: the other end is gone, and nobody says so.
    HalfOpen,
    /// Both ends are reset.
    Reset,
}

/// A proxy in front of one address; it ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    treatment: Arc<watch::Sender<Treatment>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Accepts on that listener and connects to `target` for each that comes.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn start(listener: TcpListener, target: SocketAddr) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let treatment = Arc::new(watch::Sender::new(Treatment::default()));
        let accepting = tokio::spawn(accept(listener, target, Arc::clone(&treatment)));
        Ok(Self { address, treatment, accepting })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes what is done, from the next bytes on.
    pub fn treat(&self, treatment: Treatment) {
        self.treatment.send_replace(treatment);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, treatment: Arc<watch::Sender<Treatment>>) {
    while let Ok((guest, _)) = listener.accept().await {
        let treatment = treatment.subscribe();
        tokio::spawn(async move {
            let Ok(relay) = TcpStream::connect(target).await else { return };
            // Connections die in every way here; how is the business of their ends.
            let _ = join(guest, relay, treatment).await;
        });
    }
}

async fn join(mut guest: TcpStream, mut relay: TcpStream, mut treatment: watch::Receiver<Treatment>) -> io::Result<()> {
    guest.set_nodelay(true)?;
    relay.set_nodelay(true)?;
    let (up, down) = (treatment.clone(), treatment.clone());
    let (guest_in, guest_out) = guest.split();
    let (relay_in, relay_out) = relay.split();
    let ends = async { tokio::join!(pump(guest_in, relay_out, up), pump(relay_in, guest_out, down)) };
    tokio::select! {
        (up, down) = ends => return up.and(down),
        _ = treatment.wait_for(|treatment| *treatment == Treatment::Reset) => {}
    }
    // A socket that closes without lingering is reset.
    SockRef::from(&guest).set_linger(Some(Duration::ZERO))?;
    SockRef::from(&relay).set_linger(Some(Duration::ZERO))
}

async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut treatment: watch::Receiver<Treatment>,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = from.read(&mut buffer).await?;
        let now = *treatment.borrow();
        match (now, length) {
            (Treatment::HalfOpen, 0) => {
                let _ = treatment.wait_for(|treatment| *treatment != Treatment::HalfOpen).await;
                return to.shutdown().await;
            }
            (Treatment::HalfOpen, _) => {}
            (_, 0) => return to.shutdown().await,
            (Treatment::OneByOne, _) => {
                for byte in buffer[..length].chunks(1) {
                    to.write_all(byte).await?;
                }
            }
            (Treatment::Pass | Treatment::Reset, _) => to.write_all(&buffer[..length]).await?,
        }
    }
}
