//! The process log: to standard error, text on a terminal and JSON lines elsewhere. Requests are in the record, not here.

use std::io::IsTerminal as _;
use tracing_subscriber::EnvFilter;

/// Starts the log; `PORTCULLIS_LOG` chooses levels (`info` unless it says otherwise).
pub(crate) fn start() {
    let filter =
        EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).with_env_var("PORTCULLIS_LOG");
    let log = tracing_subscriber::fmt().with_env_filter(filter.from_env_lossy()).with_writer(std::io::stderr);
    let started =
        if std::io::stderr().is_terminal() { log.try_init() } else { log.json().flatten_event(true).try_init() };
    if let Err(error) = started {
        eprintln!("no log: {error}");
    }
}
