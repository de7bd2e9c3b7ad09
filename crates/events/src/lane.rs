//! One core's end of the record: a buffer of lines and plain counters, no lock and no atomic per exchange.

use crate::audit::{self, Change};
use crate::line::{self, Second};
use crate::metrics::{Counts, Metrics};
use crate::recorder::Port;
use portcullis_core::{Operation, Record};
use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::mpsc::TrySendError;

/// Bytes of lines after which a buffer is handed to the recorder without waiting for the tick.
const HAND_OVER_BYTES: usize = 64 * 1024;
/// Bytes of lines that one core keeps while the recorder is behind; over it new lines are lost and counted.
const MAX_WAITING_BYTES: usize = 4 * 1024 * 1024;

/// Names that a record's ids stand for, from the Snapshot that decided.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The API.
    pub api: Option<&'a str>,
    /// The Operation.
    pub operation: Option<&'a Operation>,
    /// The upstream that the request was forwarded to.
    pub upstream: Option<&'a str>,
}

/// One per core. [`Lane::flush`] is called on the core's tick.
pub struct Lane {
    waiting: RefCell<Waiting>,
    counts: RefCell<Counts>,
    lost: Cell<u64>,
    recorder: Port,
    metrics: Arc<Metrics>,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    second: Second,
}

impl Lane {
    /// A lane into a recorder, counting into `metrics`.
    pub fn new(recorder: Port, metrics: Arc<Metrics>) -> Self {
        Self { waiting: RefCell::default(), counts: RefCell::default(), lost: Cell::new(0), recorder, metrics }
    }

    /// Writes and counts one closed exchange. Never waits.
    pub fn push(&self, record: &Record, names: &Names<'_>) {
        self.counts.borrow_mut().add(record);
        let mut waiting = self.waiting.borrow_mut();
        if waiting.lines.len() >= MAX_WAITING_BYTES {
            self.lost.set(self.lost.get().saturating_add(1));
            return;
        }
        let Waiting { lines, second } = &mut *waiting;
        line::write(lines, record, names, second);
        if lines.len() >= HAND_OVER_BYTES {
            self.hand_over(lines);
        }
    }

    /// Writes one administrative change.
    pub fn push_change(&self, change: &Change<'_>) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.lines.len() >= MAX_WAITING_BYTES {
            self.lost.set(self.lost.get().saturating_add(1));
            return;
        }
        let Waiting { lines, second } = &mut *waiting;
        audit::write(lines, change, second);
    }

    /// Hands what waits to the recorder and the counts to the metrics.
    pub fn flush(&self) {
        self.hand_over(&mut self.waiting.borrow_mut().lines);
        self.metrics.add(&mut self.counts.borrow_mut());
        self.metrics.events_lost.inc_by(self.lost.take());
    }

    fn hand_over(&self, lines: &mut Vec<u8>) {
        if lines.is_empty() {
            return;
        }
        let full = std::mem::replace(lines, Vec::with_capacity(lines.len().min(HAND_OVER_BYTES)));
        match self.recorder.0.try_send(full) {
            Ok(()) => {}
            // The recorder is behind: the lines wait here, up to the bound that `push` keeps.
            Err(TrySendError::Full(back)) => *lines = back,
            Err(TrySendError::Disconnected(back)) => {
                let gone = back.iter().filter(|byte| **byte == b'\n').count();
                self.lost.set(self.lost.get().saturating_add(u64::try_from(gone).unwrap_or(u64::MAX)));
            }
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.flush();
    }
}
