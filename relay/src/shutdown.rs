//! Ending together: everybody hears that the relay ends, and the relay waits until everybody is gone.

use std::time::Duration;

use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};

/// The relay's end: says that it has come, and waits.
#[derive(Debug)]
pub struct Shutdown {
    begun: watch::Sender<bool>,
    guard: Guard,
    alive: mpsc::Receiver<()>,
}

/// A connection's end: hears that the relay ends, and keeps it waiting until dropped.
#[derive(Debug, Clone)]
pub struct Guard {
    begun: watch::Receiver<bool>,
    _alive: mpsc::Sender<()>,
}

impl Default for Shutdown {
    fn default() -> Self {
        let (begun, heard) = watch::channel(false);
        let (kept, alive) = mpsc::channel(1);
        Self { begun, guard: Guard { begun: heard, _alive: kept }, alive }
    }
}

impl Shutdown {
    /// A guard for something the relay should wait for.
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.guard.clone()
    }

    /// Says that the relay ends and waits until every guard is dropped; false when that took longer than `patience`.
    pub async fn finish(mut self, patience: Duration) -> bool {
        self.begun.send_replace(true);
        drop(self.guard);
        timeout(patience, self.alive.recv()).await.is_ok()
    }
}

impl Guard {
    /// Returns once the relay ends.
    pub async fn begun(&mut self) {
        // The sender is gone only when the relay is, which is an end too.
        let _ = self.begun.wait_for(|begun| *begun).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_end_waits_for_every_guard() {
        let shutdown = Shutdown::default();
        let mut guard = shutdown.guard();
        let task = tokio::spawn(async move { guard.begun().await });
        assert!(shutdown.finish(Duration::from_secs(60)).await);
        task.await.expect("the task ended");
    }

    #[tokio::test]
    async fn the_end_does_not_wait_for_ever() {
        let shutdown = Shutdown::default();
        let _guard = shutdown.guard();
        assert!(!shutdown.finish(Duration::from_millis(1)).await);
    }
}
