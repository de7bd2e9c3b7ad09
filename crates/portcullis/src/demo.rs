//! `portcullis demo`: a weak shop, the gateway in front of it, and the guide's attacks against both.
//!
//! **Does**  writes the example configuration with free ports into a directory of its own, starts the shop and the gateway,
//! runs the [`tour`] and prints its table.
//! **Never** listens beyond 127.0.0.1; leaves files behind; needs the network.
//! **Flow**  [`shop::start`] → [`configuration`] → the caller's gateway → [`tour::run`] → table → with `--stay`, half an hour.
//! **Fails** what keeps it from starting is an error; a tour that did not go as promised is exit status 1.

mod shop;
mod tour;

use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};

const DOCUMENT: &str = include_str!("../../../examples/shop/shop.openapi.yaml");
const CONFIGURATION: &str = include_str!("../../../examples/shop/portcullis.yaml");
const STAY: Duration = Duration::from_secs(30 * 60);

/// What the command line says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Args {
    /// Leave shop and gateway up for thirty minutes after the tour.
    pub(crate) stay: bool,
}

/// Runs the demo.
///
/// `known_controls` are the ids of the Controls this build enforces. `start_gateway` starts it from a configuration file and
/// gives the address of its first listener, and a guard that stops it on drop.
///
/// # Errors
/// When the shop, the directory or the gateway does not start.
pub(crate) fn run<G>(
    args: Args,
    known_controls: &[&str],
    start_gateway: impl FnOnce(&Path) -> anyhow::Result<(SocketAddr, G)>,
) -> anyhow::Result<ExitCode> {
    let directory = tempfile::Builder::new().prefix("portcullis-demo-").tempdir()?;
    let shop = shop::start()?;
    let config = directory.path().join("portcullis.yaml");
    std::fs::create_dir(directory.path().join("data"))?;
    std::fs::write(directory.path().join("shop.openapi.yaml"), DOCUMENT)?;
    std::fs::write(&config, configuration(shop.address())?)?;
    let (guarded, gateway) = start_gateway(&config).context("the demo's gateway did not start")?;

    say(&format!(
        "A sample shop, weak on purpose, at http://{}, and the gateway in front of it at http://{guarded}.\n\
         Each attack of the guide runs against both, each time on fresh data.\n\n",
        shop.address()
    ));
    let mut outcome = tour::run(shop.address(), Some(guarded), known_controls);
    outcome.colours = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let passed = outcome.passed();
    let verdict = if passed {
        "Every control of this build stopped its attacks, and honest use works."
    } else {
        "This tour did not go as promised: see the red lines above."
    };
    say(&format!("{outcome}{verdict}\n"));
    if args.stay {
        say(&invitation(shop.address(), guarded));
        wait()?;
        let hits = shop.canary_hits().len();
        say(&format!("Stopped. The avatar fetch reached the canary {hits} times, and nothing else.\n"));
    }
    drop(gateway);
    drop(shop);
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The example configuration, on ports that are free here.
fn configuration(shop: SocketAddr) -> anyhow::Result<String> {
    let mut text = CONFIGURATION.to_owned();
    let shop = shop.to_string();
    for (example, here) in
        [("127.0.0.1:8080", "127.0.0.1:0"), ("127.0.0.1:9901", "127.0.0.1:0"), ("127.0.0.1:8000", shop.as_str())]
    {
        if text.matches(example).count() != 1 {
            bail!("the example configuration names `{example}` other than once");
        }
        text = text.replacen(example, here, 1);
    }
    Ok(text)
}

fn invitation(bare: SocketAddr, guarded: SocketAddr) -> String {
    format!(
        "\nUp for thirty minutes, Ctrl-C ends it. Try the same on both sides:\n\
         \n  curl -s 'http://{bare}/internal/debug'\
         \n  curl -s 'http://{guarded}/internal/debug'\
         \n  curl -s --path-as-is 'http://{bare}/orders/..%2fmanagement%2fusers'\
         \n  curl -s --path-as-is 'http://{guarded}/orders/..%2fmanagement%2fusers'\
         \n  curl -si -H 'X-User-Id: 1' 'http://{bare}/users/me'\
         \n  curl -si -H 'X-User-Id: 1' 'http://{guarded}/users/me'\
         \n  curl -si 'http://{guarded}/products?search=kettle'\n\n"
    )
}

/// Until Ctrl-C, SIGTERM or the end of the half hour.
fn wait() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted?,
            _ = terminate.recv() => {}
            () = tokio::time::sleep(STAY) => {}
        }
        anyhow::Ok(())
    })
}

/// A reader that left (`| head`) is no reason to fail.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
}

#[cfg(test)]
mod tests;
