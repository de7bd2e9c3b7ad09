//! What is known of one endpoint: whether it is asked, and since when not (edge/P7, P9). All cores share it.

use portcullis_core::Clock;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// An endpoint that cannot be connected to is left alone for this long before it has failed often enough to be ejected: a
/// refused connection costs its request another attempt, and a server that starts anew is back within seconds.
const REST: Duration = Duration::from_secs(1);
/// The longest ejection, in times of the first.
const MAX_TIMES: u32 = 10;

/// When an endpoint is ejected, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EjectionSettings {
    /// Failures in a row that eject; `None`: none do.
    pub failures: Option<u32>,
    /// How long, the first time; the nth time in a row n times as long.
    pub span: Duration,
}

impl Default for EjectionSettings {
    fn default() -> Self {
        Self { failures: Some(5), span: Duration::from_secs(30) }
    }
}

/// What one attempt says of its endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempted {
    /// It answered, and not with a 5xx.
    Well,
    /// No answer that may be passed on, or a 5xx.
    Failed,
    /// No connection.
    Refused,
}

/// The right to find out whether an endpoint is back, until somebody else has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim(u64);

/// The standing of one endpoint. Set aside is an endpoint that rests or is ejected.
#[derive(Default)]
pub(super) struct Standing {
    /// Failures in a row.
    strikes: AtomicU32,
    /// Set aside until then, in microseconds of the clock; 0 when it is not.
    until: AtomicU64,
    /// Ejections in a row.
    times: AtomicU32,
    /// When it last came back.
    returned: AtomicU64,
    /// Ejections since the process began.
    ejections: AtomicU64,
    /// Its health checks failed.
    down: AtomicBool,
    /// Checks in a row that say the opposite of `down`.
    contrary: AtomicU32,
}

/// What one attempt changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    /// For so long, after so many failures in a row.
    Ejected(Duration, u32),
    Returned,
}

impl Standing {
    /// Whether any request may go there.
    pub(super) fn is_open(&self) -> bool {
        self.until.load(Ordering::Relaxed) == 0 && !self.is_down()
    }

    /// Whether its health checks fail.
    pub(super) fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// Whether it is not asked, in step with what other cores do to other endpoints.
    pub(super) fn is_out(&self) -> bool {
        self.until.load(Ordering::SeqCst) != 0 || self.is_down()
    }

    /// Notes a health check; true when `contrary` of them in a row have turned what is known.
    pub(super) fn checked(&self, is_well: bool, contrary: u32) -> bool {
        if is_well != self.is_down() {
            self.contrary.store(0, Ordering::Relaxed);
            return false;
        }
        let is_turned = self.contrary.fetch_add(1, Ordering::Relaxed).saturating_add(1) >= contrary;
        if is_turned {
            self.contrary.store(0, Ordering::Relaxed);
            self.down.store(!is_well, Ordering::Relaxed);
        }
        is_turned
    }

    /// Nobody checks it any more.
    pub(super) fn unchecked(&self) {
        self.contrary.store(0, Ordering::Relaxed);
        self.down.store(false, Ordering::Relaxed);
    }

    pub(super) fn ejections(&self) -> u64 {
        self.ejections.load(Ordering::Relaxed)
    }

    /// Whether it was left alone for long enough: one caller is told so and must try it; the next one only after `patience`.
    pub(super) fn claim(&self, clock: &Clock, patience: Duration) -> Option<Claim> {
        let until = self.until.load(Ordering::Relaxed);
        if until == 0 || self.is_down() {
            return None;
        }
        let now = clock.monotonic_micros();
        let next = now.saturating_add(micros(patience)).max(1);
        let is_ours =
            now >= until && self.until.compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed).is_ok();
        is_ours.then_some(Claim(next))
    }

    /// Notes an attempt, which is a probe if the endpoint was claimed for it and not for another one since. `may_leave` says whether enough others are left.
    pub(super) fn note(
        &self,
        attempted: Attempted,
        claim: Option<Claim>,
        settings: EjectionSettings,
        clock: &Clock,
        may_leave: impl Fn() -> bool,
    ) -> Option<Moved> {
        let until = self.until.load(Ordering::Relaxed);
        let is_probe = claim == Some(Claim(until));
        if !is_probe && until != 0 {
            return None; // sent before it was set aside: only a probe brings it back or prolongs it
        }
        if attempted == Attempted::Well {
            return self.well(is_probe, settings, clock);
        }
        let strikes = self.strikes.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if strikes == 1 {
            self.forgive(settings.span, clock);
        }
        if settings.failures.is_some_and(|most| strikes >= most) {
            let times = self.times.load(Ordering::Relaxed).saturating_add(1).min(MAX_TIMES);
            let span = settings.span.saturating_mul(times);
            return self.set_aside(span, is_probe, clock, may_leave).then(|| {
                self.times.store(times, Ordering::Relaxed);
                self.ejections.fetch_add(1, Ordering::Relaxed);
                Moved::Ejected(span, strikes)
            });
        }
        if attempted == Attempted::Refused {
            self.set_aside(REST, is_probe, clock, may_leave);
        } else if is_probe {
            self.until.store(0, Ordering::Relaxed); // it can be connected to, and has not failed often enough
        }
        None
    }

    fn well(&self, is_probe: bool, settings: EjectionSettings, clock: &Clock) -> Option<Moved> {
        if self.strikes.load(Ordering::Relaxed) == 0 && !is_probe {
            return None;
        }
        let strikes = self.strikes.swap(0, Ordering::Relaxed);
        if !is_probe {
            return None;
        }
        self.returned.store(clock.monotonic_micros(), Ordering::Relaxed);
        self.until.store(0, Ordering::Relaxed);
        settings.failures.is_some_and(|most| strikes >= most).then_some(Moved::Returned)
    }

    /// An endpoint that was well for as long as it was out begins anew.
    fn forgive(&self, span: Duration, clock: &Clock) {
        let well_for = clock.monotonic_micros().saturating_sub(self.returned.load(Ordering::Relaxed));
        if well_for >= micros(span.saturating_mul(self.times.load(Ordering::Relaxed))) {
            self.times.store(0, Ordering::Relaxed);
        }
    }

    fn set_aside(&self, span: Duration, is_probe: bool, clock: &Clock, may_leave: impl Fn() -> bool) -> bool {
        let until = clock.monotonic_micros().saturating_add(micros(span)).max(1);
        if is_probe {
            self.until.store(until, Ordering::Relaxed);
            return true;
        }
        // Judged again once it counts, so that two cores never set two aside where one may be.
        let is_ours = may_leave() && self.until.compare_exchange(0, until, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if is_ours && !may_leave() {
            self.until.store(0, Ordering::SeqCst);
            return false;
        }
        is_ours
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
