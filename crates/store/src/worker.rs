//! The one thread that writes.

use crate::{Schema, StoreError, file};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Jobs that may wait; what they hold is bounded by those who hand them over.
pub(crate) const QUEUE: usize = 256;

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

/// The store of a process. [`Store::close`] waits until everything handed over is done.
pub struct Store {
    jobs: SyncSender<Job>,
    thread: JoinHandle<()>,
}

/// A way into the store that can be sent to another thread.
#[derive(Clone)]
pub struct Port(SyncSender<Job>);

/// What was asked, once it is done.
pub struct Answer<T>(Receiver<rusqlite::Result<T>>);

impl Store {
    /// Opens the file below `data_dir` and starts the thread.
    ///
    /// # Errors
    /// The file cannot be used, or a later build wrote it.
    pub fn open(data_dir: &Path, schemas: &[Schema]) -> Result<Self, StoreError> {
        let connection = file::open(data_dir, schemas)?;
        let (jobs, waiting) = sync_channel(QUEUE);
        let work = move || run(&waiting, connection);
        let thread = std::thread::Builder::new().name("store".into()).spawn(work);
        let thread = thread.map_err(|source| StoreError::File { path: data_dir.join(file::FILE), source })?;
        Ok(Self { jobs, thread })
    }

    /// One more way in.
    pub fn port(&self) -> Port {
        Port(self.jobs.clone())
    }

    /// Ends once every [`Port`] is dropped and what they handed over is done.
    pub fn close(self) {
        drop(self.jobs);
        if self.thread.join().is_err() {
            tracing::error!("the store ended by a panic");
        }
    }
}

impl Port {
    /// Has `job` run in a transaction of its own; an error of it leaves nothing behind. Never waits: drop the answer, or
    /// [`Answer::wait`] for it.
    ///
    /// # Errors
    /// [`StoreError::Full`] and [`StoreError::Gone`].
    pub fn ask<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Answer<T>, StoreError> {
        let (tell, answer) = sync_channel(1);
        let job = Box::new(move |connection: &mut Connection| {
            let outcome = in_transaction(connection, job);
            if let Err(error) = &outcome {
                tracing::error!(%error, "store: a change was not made");
            }
            drop(tell.try_send(outcome)); // nobody may be waiting any more
        });
        match self.0.try_send(job) {
            Ok(()) => Ok(Answer(answer)),
            Err(TrySendError::Full(_)) => Err(StoreError::Full),
            Err(TrySendError::Disconnected(_)) => Err(StoreError::Gone),
        }
    }
}

impl<T> Answer<T> {
    /// Waits at most `deadline`. Not for the data path: it blocks the thread.
    ///
    /// # Errors
    /// What the job said, [`StoreError::Deadline`], or [`StoreError::Gone`] where the job panicked.
    pub fn wait(self, deadline: Duration) -> Result<T, StoreError> {
        match self.0.recv_timeout(deadline) {
            Ok(outcome) => Ok(outcome?),
            Err(RecvTimeoutError::Timeout) => Err(StoreError::Deadline),
            Err(RecvTimeoutError::Disconnected) => Err(StoreError::Gone),
        }
    }
}

fn in_transaction<T>(
    connection: &mut Connection,
    job: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcome = job(&transaction)?;
    transaction.commit()?;
    Ok(outcome)
}

fn run(waiting: &Receiver<Job>, mut connection: Connection) {
    while let Ok(job) = waiting.recv() {
        // Its transaction is rolled back by the drop; what others ask goes on.
        if catch_unwind(AssertUnwindSafe(|| job(&mut connection))).is_err() {
            tracing::error!("store: a change was not made: it panicked");
        }
    }
    if let Err((_, error)) = connection.close() {
        tracing::warn!(%error, "store: not closed in order; the next start puts it right");
    }
}
