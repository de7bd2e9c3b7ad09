//! The soak in short: answers, counts and memory. `cargo xtask soak` is the long one, with times.

use std::time::Duration;

use anyhow::Result;
use portcullis_testkit::ca::TestCa;
use portcullis_testkit::soak::{self, DOCUMENT, Plan};

use crate::setup::{Gateway, upstream};

const SLOW: u16 = 500;

/// edge/S10: beside slow connections and floods every honest request is answered, and memory comes back.
#[test]
fn honest_clients_are_served_beside_attackers() -> Result<()> {
    soak::raise_descriptor_limit()?;
    let (_upstream, address) = upstream()?;
    let ca = TestCa::new()?;
    let issued = ca.issue(&["127.0.0.1"])?;
    let config = soak::configuration(address);
    let files =
        [("api.yaml", DOCUMENT), ("api.pem", issued.certificate_pem.as_str()), ("api.key", issued.key_pem.as_str())];
    let mut gateway = Gateway::start(&config, &files)?;
    let report = soak::run(&Plan {
        gateway: gateway.process.id(),
        plain: gateway.address("http", 0)?,
        tls: gateway.address("https", 0)?,
        client: ca.client(&["http/1.1"])?,
        honest: 4,
        pause: Duration::from_millis(20),
        slow: SLOW,
        quiet: Duration::from_secs(1),
        attack: Duration::from_secs(16),
    })?;
    for (when, tally) in [("before", &report.quiet), ("beside", &report.attacked), ("after", &report.after)] {
        assert!(!tally.answered.is_empty(), "{when}: nothing was asked");
        assert_eq!(tally.failed, 0, "edge/S10: {when}: {:?} of {}", tally.first_failure, tally.answered.len());
    }
    let counts = report.counts;
    println!("{counts:?}, resident {:?}", report.resident);
    // Ten seconds for a head, five for a handshake.
    assert!(counts.slow_closed >= u64::from(SLOW), "edge/S1, edge/S3: {counts:?}");
    assert!(counts.resets_closed > 0 && counts.pings_closed > 0, "edge/W2, edge/W6: {counts:?}");
    assert!(counts.vanished > 0 && counts.big_refused > 0 && counts.flood_refused > 0, "{counts:?}");
    let [before, middle, end, after] = report.resident;
    // 40 KiB for each slow connection, and what the floods may hold at once.
    let bound = before + u64::from(SLOW) * 40 * 1024 + (32 << 20);
    assert!(middle.max(end).max(after) < bound, "edge/S10: {:?}", report.resident);
    gateway.expect_well()
}
