//! A connection to the relay, with or without TLS, that knows when its last bytes came.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// How long a blocking call may take before the run begins.
const SETUP_TIMEOUT: Duration = Duration::from_secs(5);

/// A TCP connection, perhaps with TLS inside.
#[derive(Debug)]
pub enum Link {
    /// As the relay speaks with `--plain`.
    Plain(Stamped),
    /// TLS to a certificate that is not checked: it is our own relay's.
    Tls(Box<StreamOwned<ClientConnection, Stamped>>),
}

impl Link {
    /// Connects; calls block, for at most some seconds.
    ///
    /// # Errors
    /// If nobody listens there, or the TLS configuration is refused.
    pub fn connect(address: SocketAddr, tls: bool) -> Result<Self> {
        let socket = TcpStream::connect_timeout(&address, SETUP_TIMEOUT).context("connecting to the relay")?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(SETUP_TIMEOUT))?;
        let stamped = Stamped { socket, last_read: Instant::now() };
        if !tls {
            return Ok(Self::Plain(stamped));
        }
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        let connection = ClientConnection::new(Arc::new(config), ServerName::from(address.ip()))?;
        Ok(Self::Tls(Box::new(StreamOwned::new(connection, stamped))))
    }

    /// The socket, to wait for.
    #[must_use]
    pub fn socket(&self) -> &TcpStream {
        &self.stamped().socket
    }

    /// When the read that brought the newest bytes returned, before any decryption or parsing.
    #[must_use]
    pub fn last_read(&self) -> Instant {
        self.stamped().last_read
    }

    fn stamped(&self) -> &Stamped {
        match self {
            Self::Plain(stamped) => stamped,
            Self::Tls(stream) => &stream.sock,
        }
    }
}

impl Read for Link {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Link {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(buffer),
            Self::Tls(stream) => stream.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// A socket that stamps each read.
#[derive(Debug)]
pub struct Stamped {
    socket: TcpStream,
    last_read: Instant,
}

impl Read for Stamped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.read(buffer)?;
        self.last_read = Instant::now();
        Ok(read)
    }
}

impl Write for Stamped {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.socket.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.socket.flush()
    }
}

/// Takes any certificate whose key the peer has.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
