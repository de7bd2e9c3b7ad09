//! Days until certificates end: as metrics, and as a warning each day of the last two weeks (edge/T11).

use crate::snapshot::Snapshot;
use portcullis_core::Clock;
use portcullis_events::Metrics;
use portcullis_transport::tls::EXPIRY_WARNING_DAYS;

/// Seconds between two looks.
const LOOK_EVERY: i64 = 60;
const DAY: i64 = 86_400;

/// Looks at the certificates and revocation lists of the running Snapshot.
#[derive(Default)]
pub(crate) struct Expiry {
    looked: Option<(u64, i64)>,
    warned_on: Option<(u64, i64)>,
}

impl Expiry {
    /// Called once a second; works when the Snapshot changed or a minute has passed.
    pub(crate) fn look(&mut self, snapshot: &Snapshot, metrics: &Metrics, clock: &Clock) {
        let now = i64::try_from(clock.unix_micros() / 1_000_000).unwrap_or(i64::MAX);
        let (look, today) = ((snapshot.id, now / LOOK_EVERY), (snapshot.id, now / DAY));
        if self.looked == Some(look) {
            return;
        }
        self.looked = Some(look);
        // The load itself has warned of what it read.
        let warns = self.warned_on.is_some_and(|(id, day)| id == snapshot.id && day != today.1);
        self.warned_on = Some(today);
        metrics.clear_expiries();
        for listener in &snapshot.listeners {
            let (Some(tls), address) = (&listener.tls, listener.facts.address) else { continue };
            for certificate in tls.certificates.iter() {
                let days = certificate.expires_at.saturating_sub(now) / DAY;
                metrics.set_certificate_days_left(address, &certificate.file, days);
                if warns && days < EXPIRY_WARNING_DAYS {
                    tracing::warn!(%address, certificate = &*certificate.file, days, "a certificate expires soon");
                }
            }
            if let Some(end) = tls.lists_end {
                let hours = end.saturating_sub(now) / 3_600;
                metrics.set_revocation_list_hours_left(address, hours);
                if warns && end <= now {
                    tracing::error!(%address, "a revocation list is past its nextUpdate: no client certificate passes");
                }
            }
        }
    }
}
