//! `portcullis run`: the gateway, in the foreground.

use portcullis_gateway::process::Gateway;
use std::path::Path;
use std::process::ExitCode;

/// Before serving: nothing was started, and starting again would not help.
const NOT_STARTED: u8 = 2;

/// Serves until it is told to stop.
pub(crate) fn run(config: &Path) -> ExitCode {
    super::log::start();
    let gateway = match Gateway::start(config) {
        Ok(gateway) => gateway,
        Err(error) => {
            eprintln!("{}", error.to_string().trim_end());
            return ExitCode::from(NOT_STARTED);
        }
    };
    match gateway.run(|listening| println!("listening {} ({})", listening.address, listening.kind)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "stopped by a failure");
            ExitCode::FAILURE
        }
    }
}
