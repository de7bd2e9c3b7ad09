//! How long an endpoint takes to answer, as one core sees it (edge/P10).

/// After so many microseconds an earlier answer counts for a third (1/e).
const MEMORY: f64 = 10_000_000.0;

/// A peak-sensitive moving average: a worse answer counts at once and whole, a better one by and by. What is not asked is slowly
/// forgotten, so that an endpoint that was slow is tried again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Latency {
    /// 0: nothing is known.
    micros: f64,
    /// Microseconds of the clock.
    at: u64,
}

impl Latency {
    /// Notes an answer that came at `now` and took so long. An answer that is no good may take long, but is never quick.
    pub(super) fn observe(&mut self, taken: u64, now: u64, is_good: bool) {
        let taken = exact(taken).max(1.0);
        if taken > self.micros {
            *self = Self { micros: taken, at: now };
        } else if is_good {
            let kept = self.kept(now);
            *self = Self { micros: self.micros * kept + taken * (1.0 - kept), at: now };
        }
    }

    /// What one more request costs with so many under way: the time that it may take there. Of what was never asked the first
    /// request costs nothing, and the next ones wait for its answer.
    pub(super) fn cost(&self, in_flight: u32, now: u64) -> f64 {
        if self.micros == 0.0 && in_flight > 0 {
            return UNKNOWN + f64::from(in_flight);
        }
        self.micros * self.kept(now) * (f64::from(in_flight) + 1.0)
    }

    fn kept(&self, now: u64) -> f64 {
        (-exact(now.saturating_sub(self.at)) / MEMORY).exp()
    }
}

/// More than any endpoint that answers.
const UNKNOWN: f64 = 1e15;

/// A span in microseconds; more than an hour is as good as an hour.
fn exact(micros: u64) -> f64 {
    f64::from(u32::try_from(micros).unwrap_or(u32::MAX))
}
