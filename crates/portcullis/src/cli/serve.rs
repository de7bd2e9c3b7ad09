//! `run`, and the gateway inside `demo`.

use super::{UNFIT, complain, say};
use anyhow::Context as _;
use portcullis_gateway::process::{Gateway, Listening, StartError};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

/// Serves. What keeps it from starting is exit status 2, a failure while serving 1.
pub(super) fn run(config: &Path) -> anyhow::Result<ExitCode> {
    super::log::start();
    let gateway = match Gateway::start(config) {
        Ok(gateway) => gateway,
        Err(StartError::Configuration(text)) => {
            complain(&text);
            return Ok(ExitCode::from(UNFIT));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(match gateway.run(announce) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {error}\n"));
            ExitCode::FAILURE
        }
    })
}

fn announce(listening: &Listening) {
    // Nobody may be reading any more; serving goes on.
    drop(say(&format!("listening {} ({})\n", listening.address, listening.kind)));
}

/// Stops the gateway when the demo is done with it.
pub(super) struct Guard(Option<Gateway>);

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(gateway) = self.0.take() {
            gateway.stop();
        }
    }
}

/// The gateway of the demo: the address of its first listener, and what stops it.
pub(super) fn start_for_demo(config: &Path) -> anyhow::Result<(SocketAddr, Guard)> {
    let gateway = Gateway::start(config)?;
    let address = gateway.listening().first().context("no listener")?.address;
    Ok((address, Guard(Some(gateway))))
}
