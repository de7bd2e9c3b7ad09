//! Notices that a file of the configuration changed.
//!
//! By looking, not by kernel events: the same on every file system, through symlinks (Kubernetes swaps `..data`), and an
//! editor that writes in two steps is waited for: a change counts once two looks in a row agree (edge/R5).

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

const LOOK_EVERY: Duration = Duration::from_millis(200);

/// What tells one state of a file from another; `None` where it cannot be read.
type State = Option<(SystemTime, u64, u64)>;

/// Watches some files.
#[derive(Clone)]
pub(crate) struct Watcher {
    files: Vec<PathBuf>,
    known: Vec<State>,
    /// The look before.
    before: Vec<State>,
}

impl Watcher {
    /// Takes the present state of `files` as known.
    pub(crate) fn new(files: &[PathBuf]) -> Self {
        let mut watcher = Self { files: files.to_vec(), known: Vec::new(), before: Vec::new() };
        watcher.known = watcher.look();
        watcher.before.clone_from(&watcher.known);
        watcher
    }

    /// The same over `files`: what is known of a file stays known, a new one is looked at now.
    pub(crate) fn with(self, files: &[PathBuf]) -> Self {
        let mut watcher = Self::new(files);
        for (file, state) in self.files.iter().zip(self.known) {
            if let Some(place) = files.iter().position(|known| known == file)
                && let Some(known) = watcher.known.get_mut(place)
            {
                *known = state;
            }
        }
        watcher
    }

    /// The files that are in another state than `before` knew them in.
    pub(crate) fn differing(&self, before: &Self) -> Vec<String> {
        let known = before.files.iter().zip(&before.known);
        let is_other =
            |(file, state): &(&PathBuf, &State)| known.clone().any(|(old, then)| old == *file && then != *state);
        let own = self.files.iter().zip(&self.known);
        own.filter(|one| is_other(one)).map(|(file, _)| file.display().to_string()).collect()
    }

    /// Returns once a file differs from what is known and has stayed so for two looks. May be dropped and called again.
    pub(crate) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let now = self.look();
            if now != self.known && now == self.before {
                return;
            }
            self.before = now;
        }
    }

    fn look(&self) -> Vec<State> {
        use std::os::unix::fs::MetadataExt as _;
        let state = |path: &PathBuf| {
            let metadata = std::fs::metadata(path).ok()?; // follows symlinks
            Some((metadata.modified().ok()?, metadata.len(), metadata.ino()))
        };
        self.files.iter().map(state).collect()
    }
}
