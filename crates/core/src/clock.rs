//! Time as a value that tests steer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Wall time and monotonic time. Cheap to clone; one per core in the gateway.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System(Instant),
    /// Microseconds since the epoch, moved by the test.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Source::System(Instant::now()))
    }

    /// A clock that stands at `unix_micros` until [`Clock::advance`] moves it.
    pub fn manual(unix_micros: u64) -> Self {
        Self(Source::Manual(Arc::new(AtomicU64::new(unix_micros))))
    }

    /// Moves a manual clock; a system clock is left alone.
    pub fn advance(&self, by: Duration) {
        if let Source::Manual(now) = &self.0 {
            now.fetch_add(micros(by), Ordering::Relaxed);
        }
    }

    /// Microseconds since the Unix epoch; 0 on a machine whose clock stands before it.
    pub fn unix_micros(&self) -> u64 {
        match &self.0 {
            Source::System(_) => system_micros(),
            Source::Manual(now) => now.load(Ordering::Relaxed),
        }
    }

    /// Microseconds since this clock was made; never goes back.
    pub fn monotonic_micros(&self) -> u64 {
        match &self.0 {
            Source::System(start) => micros(start.elapsed()),
            Source::Manual(now) => now.load(Ordering::Relaxed),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where wall time enters")]
fn system_micros() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, micros)
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
