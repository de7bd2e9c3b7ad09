//! Clients that do nothing wrong: one request after another over kept connections, and a new one when told to close.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tokio::task::JoinSet;

use super::{Plan, address, block_on, timed};
use crate::client::Target;
use crate::client::h1::Connection;

/// What became of honest requests.
#[derive(Debug, Default)]
pub struct Tally {
    /// How long each took that got a whole 200.
    pub answered: Vec<Duration>,
    /// The others.
    pub failed: u64,
    /// The first of them.
    pub first_failure: Option<String>,
}

impl Tally {
    /// The time that `share` (0.99) of the answers took at most.
    pub fn quantile(&self, share: f64) -> Duration {
        let mut sorted = self.answered.clone();
        sorted.sort_unstable();
        let place = (sorted.len() as f64 * share) as usize;
        sorted.get(place).or(sorted.last()).copied().unwrap_or_default()
    }

    fn add(&mut self, other: Self) {
        self.answered.extend(other.answered);
        self.failed += other.failed;
        self.first_failure = self.first_failure.take().or(other.first_failure);
    }
}

pub(super) fn run(plan: &Plan, is_stopped: &Arc<AtomicBool>) -> Result<Tally> {
    block_on(async {
        let mut clients = JoinSet::new();
        for index in 0..plan.honest {
            let is_tls = index % 2 == 1;
            let target = Target {
                address: if is_tls { plan.tls } else { plan.plain },
                from: address(1, u16::try_from(index)?),
                tls: is_tls.then(|| (Arc::clone(&plan.client), "127.0.0.1".to_owned())),
                preface: Vec::new(),
            };
            clients.spawn_local(client(target, plan.pause, Arc::clone(is_stopped)));
        }
        let mut total = Tally::default();
        while let Some(tally) = clients.join_next().await {
            total.add(tally.context("a client panicked")?);
        }
        Ok(total)
    })?
}

async fn client(target: Target, pause: Duration, is_stopped: Arc<AtomicBool>) -> Tally {
    let mut tally = Tally::default();
    let mut connection = None;
    while !is_stopped.load(Ordering::Relaxed) {
        match timed(exchange(&target, &mut connection)).await {
            (took, Ok(())) => tally.answered.push(took),
            (_, Err(error)) => {
                connection = None;
                tally.failed += 1;
                tally.first_failure.get_or_insert(format!("{error:#}"));
            }
        }
        tokio::time::sleep(pause).await;
    }
    tally
}

async fn exchange(target: &Target, connection: &mut Option<Connection>) -> Result<()> {
    let mut kept = match connection.take() {
        Some(kept) => kept,
        None => Connection::open(target).await?,
    };
    let answer = kept.exchange(b"GET /count HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", false).await?;
    let answer = answer.context("closed without an answer")?;
    ensure!(answer.status == 200 && answer.complete, "status {}", answer.status);
    if !answer.values("connection").contains(&"close") {
        *connection = Some(kept);
    }
    Ok(())
}
