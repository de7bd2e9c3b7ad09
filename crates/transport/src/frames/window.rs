//! How often something happened of late.

use portcullis_core::bounds::H2_FLOOD_SECONDS;

/// The present second has only begun, so one more than the span: never less than the span is looked at.
const SLOTS: usize = H2_FLOOD_SECONDS + 1;

/// Events of the last seconds, one count a second; none goes over 255, which is over every limit.
#[derive(Debug)]
pub(super) struct Window {
    counts: [u8; SLOTS],
    /// The second of the last event.
    last: u32,
}

impl Window {
    pub(super) const fn new() -> Self {
        Self { counts: [0; SLOTS], last: 0 }
    }

    /// Counts one event in second `now`; gives how many there were in the span that ends with it. A clock that goes back is
    /// taken to stand still.
    pub(super) fn count(&mut self, now: u32) -> u32 {
        let passed = usize::try_from(now.saturating_sub(self.last)).unwrap_or(SLOTS).min(SLOTS);
        for _ in 0..passed {
            self.last = self.last.saturating_add(1);
            self.set(|_| 0);
        }
        self.last = self.last.max(now);
        self.set(|count| count.saturating_add(1));
        self.counts.iter().map(|count| u32::from(*count)).sum()
    }

    fn set(&mut self, change: impl FnOnce(u8) -> u8) {
        let place = usize::try_from(self.last).unwrap_or(0) % SLOTS;
        if let Some(count) = self.counts.get_mut(place) {
            *count = change(*count);
        }
    }
}

#[cfg(test)]
mod tests;
