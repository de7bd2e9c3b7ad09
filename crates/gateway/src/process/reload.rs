//! From the configuration on disk to the Snapshot in use, while requests go on.

use super::asks::Batch;
use super::changes::changes;
use super::{Gateway, Listening, StartError, send, sockets};
use crate::config::{self, LoadOptions, Outline, Plan};
use crate::cores::Command;
use crate::snapshot::Snapshot;
use crate::watch::Watcher;
use portcullis_admin::{Outcome, Scope, Token, TokenError};
use portcullis_core::Clock;
use portcullis_events::{Change, Changed};
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// What a Plan says beside its Snapshot.
pub(super) struct Around {
    pub(super) files: Vec<PathBuf>,
    pub(super) outline: Arc<Outline>,
    pub(super) content_memory: u64,
    pub(super) drain_delay: Duration,
    pub(super) drain_deadline: Duration,
    pub(super) control: Vec<(SocketAddr, Scope)>,
    pub(super) cores: usize,
    pub(super) data_dir: PathBuf,
}

impl Around {
    fn of(plan: &Plan, files: Vec<PathBuf>, outline: Outline) -> Self {
        let control = [(plan.admin, Scope::Admin), (plan.health, Scope::Health)];
        Self {
            files,
            outline: Arc::new(outline),
            content_memory: plan.content_memory,
            drain_delay: plan.drain_delay,
            drain_deadline: plan.drain_deadline,
            control: control.into_iter().filter_map(|(address, scope)| Some((address?, scope))).collect(),
            cores: plan.cores,
            data_dir: plan.data_dir.clone(),
        }
    }

    /// The token in `data_dir`, where there is something that needs it.
    pub(super) fn token(&self, data_dir: &Path) -> Result<Option<Token>, TokenError> {
        let is_needed = self.control.iter().any(|(_, scope)| *scope == Scope::Admin);
        is_needed.then(|| Token::open(data_dir)).transpose()
    }
}

/// A configuration that loads, not in use yet.
pub(super) struct Compiled {
    pub(super) snapshot: Snapshot,
    pub(super) around: Around,
}

/// Loads the configuration as the Snapshot with this id.
pub(super) fn compile(path: &Path, id: u64, clock: &Clock) -> Result<Compiled, StartError> {
    // One clock for all Snapshots: what outlives a reload is timed by it.
    let options = LoadOptions { without_secrets: false, clock: clock.clone() };
    let loaded = config::load(path, &options)
        .map_err(|failed| StartError::Configuration(config::print(&failed.errors, &failed.source, false)))?;
    for warning in &loaded.warnings {
        tracing::warn!(%warning, "configuration");
    }
    let around = Around::of(&loaded.plan, loaded.files, loaded.outline);
    Ok(Compiled { snapshot: Snapshot::new(loaded.plan, id), around })
}

impl Gateway {
    /// Takes the configuration on disk into use, or keeps the running one and says why. What is watched from now on was
    /// looked at before the files were read, so a change in between is not missed.
    pub(super) async fn reload(&mut self, batch: Batch, announce: fn(&Listening)) -> Watcher {
        let watcher = Watcher::new(&self.files);
        let before = self.shared.snapshots.load_full();
        let (id, before_id) = (before.id.saturating_add(1), before.id);
        let (path, outline, clock) = (self.config.clone(), Arc::clone(&self.outline), self.shared.clock.clone());
        let written = watcher.differing(&self.known);
        // Off this thread, which is none of the cores either: a large document takes a while, and the admin listener should
        // answer meanwhile.
        let compiled = tokio::task::spawn_blocking(move || {
            let compiled = compile(&path, id, &clock)?;
            let changes = changes((&before, &outline), &compiled, &written);
            Ok::<_, StartError>((compiled, changes))
        });
        let taken = match compiled.await {
            Ok(Ok((compiled, changes))) => self.take(compiled, announce).map(|()| changes),
            Ok(Err(error)) => Err(error),
            Err(panic) => Err(StartError::System(io::Error::other(panic))),
        };
        let outcome = match taken {
            Ok(changes) => {
                tracing::info!(snapshot = id, "configuration reloaded");
                self.known = watcher.clone().with(&self.files);
                Outcome::Reloaded { before: before_id, snapshot: id, changes }
            }
            Err(error) => {
                let error = error.to_string();
                tracing::error!(%error, "configuration refused: the one before it runs on");
                self.state.refused(error.clone());
                Outcome::Refused { snapshot: before_id, errors: error.into() }
            }
        };
        self.record(&batch, before_id, &outcome);
        batch.answer(&outcome);
        self.asks.rest();
        watcher.with(&self.files)
    }

    /// One line of the audit lane, on disk without waiting for a tick.
    fn record(&self, batch: &Batch, before: u64, outcome: &Outcome) {
        let result = match outcome {
            Outcome::Reloaded { snapshot, changes, .. } => Ok(Changed { snapshot: *snapshot, changes }),
            Outcome::Refused { errors, .. } => Err(&**errors),
        };
        let at = self.shared.clock.unix_micros();
        self.audit.push_change(&Change { at, by: &batch.by, before, result });
        self.audit.flush();
    }

    /// New sockets first, then the Snapshot, then the old sockets: at no moment is a listener missing.
    fn take(&mut self, compiled: Compiled, announce: fn(&Listening)) -> Result<(), StartError> {
        let Compiled { mut snapshot, around } = compiled;
        let before = self.shared.snapshots.load_full();
        let (places, sockets) = sockets::bind(&mut snapshot, &self.places, self.cores.len())?;
        snapshot.keep_tickets(&before);
        snapshot.keep_upstreams(&before);
        let control = sockets::bind_control(&around.control, &self.control)?;
        let token = around.token(&self.data_dir)?;
        let id = snapshot.id;
        self.shared.snapshots.store(Arc::new(snapshot));
        self.listen(sockets);
        for gone in self.places.iter().filter(|old| !places.contains(old)) {
            self.cores.iter().for_each(|core| send(core, Command::Close(gone.bound)));
        }
        self.places = places;
        self.state.set_token(token);
        let (kept, gone): (Vec<_>, _) = std::mem::take(&mut self.control)
            .into_iter()
            .partition(|control| around.control.contains(&(control.configured, control.scope)));
        gone.iter().filter_map(|control| control.task.as_ref()).for_each(AbortHandle::abort);
        self.control = kept.into_iter().chain(control).collect();
        self.serve_control()?;
        self.watches.follow(&self.shared.snapshots.load());
        self.settle(around);
        let listening = self.describe();
        listening.iter().filter(|new| !self.listening.contains(new)).for_each(announce);
        self.listening = listening;
        self.state.loaded(id);
        free_later(before);
        Ok(())
    }

    /// Takes over what is no part of the Snapshot. What only a start can change is said, not passed over.
    fn settle(&mut self, around: Around) {
        if around.cores != self.cores.len() {
            tracing::warn!(
                running = self.cores.len(),
                configured = around.cores,
                "`cores` takes effect at the next start"
            );
        }
        if around.data_dir != self.data_dir {
            let (running, configured) = (self.data_dir.display(), around.data_dir.display());
            tracing::warn!(%running, %configured, "`data_dir` takes effect at the next start");
        }
        self.files = around.files;
        self.outline = around.outline;
        self.shared.held.resize(around.content_memory);
        (self.drain_delay, self.drain_deadline) = (around.drain_delay, around.drain_deadline);
    }
}

/// A large Snapshot takes a while to free; that is not a core's work. Waits here until no exchange holds it.
fn free_later(snapshot: Arc<Snapshot>) {
    tokio::task::spawn_local(async move {
        while Arc::strong_count(&snapshot) > 1 {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        drop(tokio::task::spawn_blocking(move || drop(snapshot)));
    });
}
