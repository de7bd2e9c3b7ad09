//! Who asks for a reload: a signal, a file that changed, the admin listener. Many who ask at once get one.

use portcullis_admin::{Asked, MAX_CONNECTIONS, Outcome, TOKEN_FILE};
use portcullis_events::By;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

/// From the end of a reload to the beginning of the next: a storm of them takes at most so much of a core and of memory, and
/// a Snapshot that nobody uses any more has time to go.
pub(super) const REST: Duration = Duration::from_millis(250);

/// All who get the next reload. Bound: a signal, a file, and one for each admin connection.
#[derive(Default)]
pub(super) struct Batch {
    /// Who they are.
    pub(super) by: Vec<By>,
    answers: Vec<oneshot::Sender<Outcome>>,
}

impl Batch {
    /// Tells all of them.
    pub(super) fn answer(self, outcome: &Outcome) {
        for answer in self.answers {
            drop(answer.send(outcome.clone())); // whoever has left does not want to know
        }
    }
}

/// Those who wait.
pub(super) struct Asks {
    waiting: Batch,
    admin: mpsc::Receiver<Asked>,
    rested_at: Instant,
}

impl Asks {
    /// Hears what is sent to the other end of `admin`.
    pub(super) fn new(admin: mpsc::Receiver<Asked>) -> Self {
        Self { waiting: Batch::default(), admin, rested_at: Instant::now() }
    }

    /// The two ends that the admin listener needs.
    pub(super) fn channel() -> (mpsc::Sender<Asked>, mpsc::Receiver<Asked>) {
        mpsc::channel(MAX_CONNECTIONS)
    }

    /// A signal, or a file that changed: once each, however often.
    pub(super) fn note(&mut self, by: By) {
        if !self.waiting.by.contains(&by) {
            self.waiting.by.push(by);
        }
    }

    /// All who ask until the process may reload again. May be dropped and called again: nobody is forgotten.
    pub(super) async fn next(&mut self) -> Batch {
        if self.waiting.by.is_empty() {
            match self.admin.recv().await {
                Some(asked) => self.take(asked),
                None => std::future::pending().await, // stopping
            }
        }
        tokio::time::sleep_until(self.rested_at).await;
        while let Ok(asked) = self.admin.try_recv() {
            self.take(asked);
        }
        std::mem::take(&mut self.waiting)
    }

    /// A reload has ended.
    pub(super) fn rest(&mut self) {
        self.rested_at = Instant::now().checked_add(REST).unwrap_or(self.rested_at);
    }

    /// Nobody is heard any more: whoever asked is told that the process is stopping.
    pub(super) fn close(&mut self) {
        self.admin.close();
        while self.admin.try_recv().is_ok() {}
        self.waiting = Batch::default();
    }

    fn take(&mut self, Asked { peer, answer }: Asked) {
        self.note(By::Admin { token: TOKEN_FILE, peer });
        self.waiting.answers.push(answer);
    }
}

#[cfg(test)]
mod tests;
