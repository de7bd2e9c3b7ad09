//! What the process says of itself.

use crate::access::{Access, Refusal, Token};
use crate::reload::Asked;
use http::HeaderMap;
use portcullis_core::Clock;
use portcullis_events::Metrics;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc;

/// Whether requests should be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Readiness {
    /// Not serving yet.
    Starting = 0,
    /// Serving.
    Ready = 1,
    /// Draining: finish elsewhere.
    Stopping = 2,
}

impl Readiness {
    /// The word that `/readyz` shows.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Stopping => "stopping",
        }
    }
}

/// Shared between the admin listeners and the gateway. Never touched on the data path.
pub struct State {
    /// The counters behind `/metrics`.
    pub metrics: Arc<Metrics>,
    readiness: AtomicU8,
    configuration: Mutex<Configuration>,
    access: Mutex<Access>,
    clock: Clock,
    pub(crate) asks: mpsc::Sender<Asked>,
}

#[derive(Default)]
struct Configuration {
    snapshot: u64,
    refused: Option<String>,
}

impl State {
    /// A process that is starting, and has no token yet. Who asks for a reload is sent to `asks`.
    pub fn new(metrics: Arc<Metrics>, clock: Clock, asks: mpsc::Sender<Asked>) -> Self {
        let readiness = AtomicU8::new(Readiness::Starting as u8);
        Self { metrics, readiness, configuration: Mutex::default(), access: Mutex::default(), clock, asks }
    }

    /// Sets who may change something: the holder of this token, or nobody.
    pub fn set_token(&self, token: Option<Token>) {
        self.access.lock().unwrap_or_else(PoisonError::into_inner).token = token;
    }

    /// Judges who sent these fields.
    pub(crate) fn judge(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        self.access.lock().unwrap_or_else(PoisonError::into_inner).judge(headers, self.clock.monotonic_micros())
    }

    /// Sets what `/readyz` answers.
    pub fn set_readiness(&self, readiness: Readiness) {
        self.readiness.store(readiness as u8, Ordering::Release);
    }

    /// What `/readyz` answers.
    pub fn readiness(&self) -> Readiness {
        match self.readiness.load(Ordering::Acquire) {
            1 => Readiness::Ready,
            2 => Readiness::Stopping,
            _ => Readiness::Starting,
        }
    }

    /// Notes the Snapshot in use; clears a refusal before it.
    pub fn loaded(&self, snapshot: u64) {
        let mut configuration = self.configuration.lock().unwrap_or_else(PoisonError::into_inner);
        *configuration = Configuration { snapshot, refused: None };
        self.metrics.reload_failed.set(0);
        if snapshot > 1 {
            self.metrics.reloads.inc();
        }
    }

    /// Notes that the file on disk was refused and the Snapshot before it runs on.
    pub fn refused(&self, errors: String) {
        self.configuration.lock().unwrap_or_else(PoisonError::into_inner).refused = Some(errors);
        self.metrics.reload_failed.set(1);
        self.metrics.reload_failures.inc();
    }

    /// Readiness with what an operator wants to know.
    pub fn details(&self) -> String {
        let configuration = self.configuration.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = format!("{}\nsnapshot {}\n", self.readiness().id(), configuration.snapshot);
        if let Some(errors) = &configuration.refused
            && writeln!(
                text,
                "the configuration on disk was refused; the one before it runs on:\n{}",
                errors.trim_end()
            )
            .is_err()
        {
            text.push_str("the configuration on disk was refused\n");
        }
        text
    }
}
