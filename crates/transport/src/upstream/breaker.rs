//! Whether an upstream is asked at all: one that is down must cost nothing and hold nothing (edge/P8).
//!
//! Closed, every request passes and what it came to is counted. Once at least half of enough requests of the last ten seconds
//! failed it opens: nobody is sent there until its time is over, then [`PROBES`] requests find out. All of them well closes it,
//! one that fails opens it again. All cores share it; nobody takes a lock.

use portcullis_core::Clock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Requests that find out whether the upstream is back; all must be well.
const PROBES: u64 = 3;
/// Failures that count are at most this old.
const WINDOW_SECONDS: usize = 10;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Fewer requests in ten seconds say nothing.
    pub requests: u32,
    /// How long nothing is sent once it is open.
    pub open: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { requests: 20, open: Duration::from_secs(10) }
    }
}

/// The breaker of one upstream.
pub(super) struct Breaker {
    pub(super) settings: BreakerSettings,
    phase: AtomicU64,
    counted: Window,
    openings: AtomicU64,
}

/// What a settled request changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Opened,
    Closed,
}

/// How a request came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    Plain,
    /// To find out whether the upstream is back; names the opening that it belongs to.
    Probe(u64),
    Settled,
}

/// Open or half-open; closed is the word 0.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Phase {
    /// Nothing passes until then, in milliseconds of the clock. Never 0.
    until: u64,
    /// Probes sent.
    sent: u64,
    /// Probes that were well.
    well: u64,
}

const CLOSED: u64 = 0;

impl Phase {
    fn of(word: u64) -> Option<Self> {
        (word != CLOSED).then_some(Self { until: word >> 16, sent: word >> 8 & 0xff, well: word & 0xff })
    }

    const fn word(self) -> u64 {
        self.until << 16 | self.sent << 8 | self.well
    }
}

impl Breaker {
    pub(super) fn new(settings: BreakerSettings) -> Self {
        Self { settings, phase: AtomicU64::new(CLOSED), counted: Window::default(), openings: AtomicU64::new(0) }
    }

    /// Lets one request pass; `None` while it is open, or while others find out.
    pub(super) fn admit<'a>(&'a self, clock: &'a Clock) -> Option<Permit<'a>> {
        if self.phase.load(Ordering::Relaxed) == CLOSED {
            return Some(Permit { breaker: self, clock, pass: Pass::Plain });
        }
        let now = millis(clock);
        let admitted = self.phase.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            let Some(phase) = Phase::of(word) else { return Some(CLOSED) };
            let is_admitted = now >= phase.until && phase.sent < PROBES;
            is_admitted.then_some(Phase { sent: phase.sent.saturating_add(1), ..phase }.word())
        });
        let pass = Phase::of(admitted.ok()?).map_or(Pass::Plain, |phase| Pass::Probe(phase.until));
        Some(Permit { breaker: self, clock, pass })
    }

    pub(super) fn is_closed(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == CLOSED
    }

    /// How often it opened; a probe that failed counts too.
    pub(super) fn openings(&self) -> u64 {
        self.openings.load(Ordering::Relaxed)
    }

    fn count(&self, clock: &Clock, is_failed: bool) -> Option<Change> {
        let second = millis(clock) / 1000;
        self.counted.add(second, is_failed);
        if !is_failed || !self.is_closed() {
            return None;
        }
        let (failed, all) = self.counted.sum(second);
        let is_down = all >= u64::from(self.settings.requests) && failed.saturating_mul(2) >= all;
        (is_down && self.replace(CLOSED, clock)).then_some(Change::Opened)
    }

    fn probed(&self, until: u64, clock: &Clock, is_failed: bool) -> Option<Change> {
        let is_last = |phase: Phase| phase.well.saturating_add(1) >= PROBES;
        let before = self.change(until, |phase| {
            Some(match phase {
                _ if is_failed => self.opened(clock),
                phase if is_last(phase) => CLOSED,
                phase => Phase { well: phase.well.saturating_add(1), ..phase }.word(),
            })
        })?;
        if is_failed {
            self.openings.fetch_add(1, Ordering::Relaxed);
            return Some(Change::Opened);
        }
        is_last(before).then(|| {
            self.counted.clear();
            Change::Closed
        })
    }

    /// Changes the phase of the opening `until`; what belongs to an earlier one is over.
    fn change(&self, until: u64, mut change: impl FnMut(Phase) -> Option<u64>) -> Option<Phase> {
        let changed = self.phase.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| {
            Phase::of(word).filter(|phase| phase.until == until).and_then(&mut change)
        });
        Phase::of(changed.ok()?)
    }

    fn replace(&self, before: u64, clock: &Clock) -> bool {
        let opened = self.opened(clock);
        let is_ours = self.phase.compare_exchange(before, opened, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        self.openings.fetch_add(u64::from(is_ours), Ordering::Relaxed);
        is_ours
    }

    fn opened(&self, clock: &Clock) -> u64 {
        let open = u64::try_from(self.settings.open.as_millis()).unwrap_or(u64::MAX);
        Phase { until: millis(clock).saturating_add(open).max(1), sent: 0, well: 0 }.word()
    }
}

/// One request that may be sent. Dropped before it is settled, it counts as nothing, and another may probe in its place.
pub(super) struct Permit<'a> {
    breaker: &'a Breaker,
    clock: &'a Clock,
    pass: Pass,
}

impl Permit<'_> {
    /// What the request came to. Once is enough.
    pub(super) fn settle(&mut self, is_failed: bool) -> Option<Change> {
        match std::mem::replace(&mut self.pass, Pass::Settled) {
            Pass::Plain => self.breaker.count(self.clock, is_failed),
            Pass::Probe(until) => self.breaker.probed(until, self.clock, is_failed),
            Pass::Settled => None,
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if let Pass::Probe(until) = self.pass {
            self.breaker.change(until, |phase| Some(Phase { sent: phase.sent.saturating_sub(1), ..phase }.word()));
        }
    }
}

fn millis(clock: &Clock) -> u64 {
    clock.monotonic_micros() / 1000
}

/// Requests of the last [`WINDOW_SECONDS`], second by second: which second (24 bits), failed (20), all (20).
#[derive(Default)]
struct Window([AtomicU64; WINDOW_SECONDS]);

const COUNT_BITS: u32 = 20;
const COUNT: u64 = (1 << COUNT_BITS) - 1;

impl Window {
    fn add(&self, second: u64, is_failed: bool) {
        let index = usize::try_from(second).unwrap_or(0) % WINDOW_SECONDS;
        let Some(slot) = self.0.get(index) else { return };
        let (begin, step) = (second << (2 * COUNT_BITS), 1 | u64::from(is_failed) << COUNT_BITS);
        // A full second keeps its share of failures.
        let _ = slot.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| match word {
            word if word >> (2 * COUNT_BITS) != begin >> (2 * COUNT_BITS) => Some(begin | step),
            word if word & COUNT == COUNT => None,
            word => Some(word.saturating_add(step)),
        });
    }

    /// Failed and all.
    fn sum(&self, now: u64) -> (u64, u64) {
        let now = now << (2 * COUNT_BITS) >> (2 * COUNT_BITS);
        let recent = self.0.iter().map(|slot| slot.load(Ordering::Relaxed)).filter(|word| {
            let second = word >> (2 * COUNT_BITS);
            now.checked_sub(second).is_some_and(|age| age < WINDOW_SECONDS as u64)
        });
        recent.fold((0, 0), |(failed, all), word| {
            (failed.saturating_add(word >> COUNT_BITS & COUNT), all.saturating_add(word & COUNT))
        })
    }

    fn clear(&self) {
        self.0.iter().for_each(|slot| slot.store(0, Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests;
