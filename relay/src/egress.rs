//! The way out to one listener: what waits for the socket, and who writes it.
//!
//! Packets, and what comes with them, are written by the room's own thread, at once: to wake another for it costs about a
//! third of the write. Where that is not possible without waiting, and for words alone, the session's task is woken.

use std::{
    io,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
    task::{Context, Poll, Waker},
};

use futures_util::task::AtomicWaker;
use tokio::io::AsyncWrite;
use tokio_tungstenite::{WebSocketStream, tungstenite::Utf8Bytes};

use crate::{
    connection::Connection,
    queues::{Close, Queues},
    writer::Writer,
};

/// What one session and its room share.
#[derive(Debug, Default)]
pub struct Egress {
    queues: Queues,
    session: AtomicWaker,
    /// Empty once the session has ended.
    link: Mutex<Option<Link>>,
}

/// A socket, and what is known of how it takes what is written.
#[derive(Debug)]
pub struct Link {
    /// The socket.
    pub socket: WebSocketStream<Connection>,
    /// What writes the queues to it.
    pub writer: Writer,
}

impl Link {
    /// Ends our side of the connection.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.socket.get_mut()).poll_shutdown(cx)
    }
}

impl Egress {
    /// A way out to that socket.
    #[must_use]
    pub fn to(link: Link) -> Self {
        Self { link: Mutex::new(Some(link)), ..Self::default() }
    }

    /// What waits.
    #[must_use]
    pub fn queues(&self) -> &Queues {
        &self.queues
    }

    /// Writes what was just put into the queues, as far as that takes no waiting; false where the session was woken to do it.
    /// What the kernel has no room for waits, and the session looks again by itself.
    pub fn write(&self) -> bool {
        let done = self.try_write();
        if !done {
            self.session.wake();
        }
        done
    }

    fn try_write(&self) -> bool {
        let mut link = match self.link.try_lock() {
            Ok(link) => link,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // The session may have looked before this came.
            Err(TryLockError::WouldBlock) => return false,
        };
        link.as_mut().is_some_and(|link| link.writer.write_at_once(&self.queues, &mut link.socket))
    }

    /// Says a last message and ends the session; whoever ends it first has the say.
    pub fn close(&self, last: Utf8Bytes, close: Close) {
        self.queues.close(last, close);
        self.session.wake();
    }

    /// Registers the session, to be woken when there is something for it to do. Register, then look.
    pub fn register(&self, session: &Waker) {
        self.session.register(session);
    }

    /// The socket, for as long as it takes to look or to write.
    pub fn link(&self) -> MutexGuard<'_, Option<Link>> {
        // Whoever panicked with it has left the socket in the middle of a message at worst, and then the peer refuses the rest.
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
    };

    use bytes::Bytes;
    use futures_util::StreamExt;
    use relay_engine::{Micros, Ptime};
    use relay_wire::{DownHeader, close};
    use tokio::net::{TcpListener, TcpStream};
    use tokio_tungstenite::tungstenite::{Message, protocol::Role};

    use super::*;
    use crate::clock::Clock;

    #[derive(Default)]
    struct Session(AtomicUsize);

    impl Wake for Session {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Session {
        /// Whether it was woken, after which it has to register again.
        fn was_woken(self: &Arc<Self>, egress: &Egress) -> bool {
            egress.register(&Waker::from(Arc::clone(self)));
            self.0.swap(0, Ordering::Relaxed) > 0
        }
    }

    async fn egress() -> (Egress, WebSocketStream<TcpStream>, Clock) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let peer = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
        let (tcp, _) = listener.accept().await.expect("accepted");
        let clock = Clock::start();
        let egress = Egress::to(Link {
            socket: WebSocketStream::from_raw_socket(Connection::Plain(tcp), Role::Server, None).await,
            writer: Writer::new(clock, Ptime::Ms20, 0),
        });
        egress.queues().push_welcome("welcome".into());
        (egress, WebSocketStream::from_raw_socket(peer, Role::Client, None).await, clock)
    }

    fn push(egress: &Egress, now: Micros, bytes: usize) {
        egress.queues().push_audio(now, DownHeader::default(), Bytes::from(vec![0; bytes]));
    }

    #[tokio::test]
    async fn words_and_packets_are_written_in_order_by_who_brings_them() {
        let (egress, mut peer, clock) = egress().await;
        let session = Arc::new(Session::default());
        session.was_woken(&egress);
        push(&egress, clock.now(), 100);
        assert!(egress.write());
        egress.queues().push_text("talking".into());
        push(&egress, clock.now(), 100);
        assert!(egress.write());
        let mut kinds = Vec::new();
        for _ in 0..4 {
            kinds.push(peer.next().await.expect("a message").expect("whole").is_text());
        }
        assert_eq!(kinds, [true, false, true, false]);
        assert!(!session.was_woken(&egress));
    }

    #[tokio::test]
    async fn a_ping_rides_along_with_a_packet() {
        let (egress, mut peer, clock) = egress().await;
        push(&egress, clock.now(), 100);
        assert!(egress.write());
        egress.link().as_mut().expect("there").writer.ping();
        drain(&egress).await;
        let heard = tokio::time::timeout(std::time::Duration::from_millis(20), async {
            peer.next().await;
            peer.next().await;
            peer.next().await
        });
        assert!(heard.await.is_err(), "more than the welcome and a packet");
        push(&egress, clock.now(), 100);
        assert!(egress.write());
        // So it does where the session writes: a slow link leaves that to it for as long as there is talk.
        egress.link().as_mut().expect("there").writer.ping();
        push(&egress, clock.now(), 100);
        drain(&egress).await;
        let mut messages = Vec::new();
        for _ in 0..4 {
            messages.push(peer.next().await.expect("a message").expect("whole"));
        }
        for pair in messages.chunks(2) {
            let Message::Text(ping) = &pair[0] else { panic!("{messages:?}") };
            assert!(ping.contains("ping") && pair[1].is_binary(), "{messages:?}");
        }
    }

    #[tokio::test]
    async fn what_cannot_be_written_at_once_is_left_to_the_session() {
        let (egress, _peer, clock) = egress().await;
        let session = Arc::new(Session::default());
        session.was_woken(&egress);
        assert!(!egress.write(), "words alone can wait a little and may come in floods");
        assert!(session.was_woken(&egress));

        push(&egress, clock.now(), 100);
        let link = egress.link();
        assert!(!egress.write(), "somebody else has the socket");
        drop(link);
        assert!(session.was_woken(&egress));
        assert!(egress.write());

        push(&egress, clock.now(), 100);
        egress.queues().push_text("x".repeat(10_000).into());
        assert!(!egress.write(), "a long text would hold up others");
        assert!(session.was_woken(&egress));

        egress.close("bye".into(), Close { code: close::GOING_AWAY, reason: "goodbye" });
        assert!(session.was_woken(&egress));
        assert!(!egress.write(), "the end of a session is its own affair");
        assert!(session.was_woken(&egress));
    }

    #[tokio::test]
    async fn a_peer_that_takes_nothing_holds_nobody_up() {
        let (egress, _peer, clock) = egress().await;
        let session = Arc::new(Session::default());
        session.was_woken(&egress);
        let mut written = 0;
        while {
            push(&egress, clock.now(), 1200);
            egress.write()
        } {
            written += 1;
            assert!(written < 100_000, "the kernel takes all");
        }
        assert!(written > 0);
        assert!(session.was_woken(&egress));
    }

    /// As the session does it; the time that a link is not asked again is its own.
    async fn drain(egress: &Egress) {
        let drained = std::future::poll_fn(|cx| {
            egress.register(cx.waker());
            let mut link = egress.link();
            let Link { socket, writer } = link.as_mut().expect("there");
            assert!(writer.poll(cx, egress.queues(), socket).is_pending(), "nothing ends here");
            let pending = egress.queues().pending(Micros(0));
            if pending.audio || pending.text { Poll::Pending } else { Poll::Ready(()) }
        });
        tokio::time::timeout(std::time::Duration::from_secs(10), drained).await.expect("the kernel takes it");
    }

    #[tokio::test]
    async fn a_link_that_has_recovered_is_written_to_at_once_again() {
        let (egress, mut peer, clock) = egress().await;
        drain(&egress).await;
        while {
            push(&egress, clock.now(), 1200);
            egress.write()
        } {}
        let reading = tokio::spawn(async move { while peer.next().await.is_some() {} });
        drain(&egress).await;
        // Text that nobody asked the kernel about may still be on its way.
        let mut tries = 0;
        while {
            push(&egress, clock.now(), 100);
            !egress.write() || egress.queues().pending(clock.now()).audio
        } {
            drain(&egress).await;
            tries += 1;
            assert!(tries < 100, "it stays with the session");
        }
        reading.abort();
    }
}
