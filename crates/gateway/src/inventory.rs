//! How the inventory comes about: each core notes what it serves, one thread puts it together and keeps it.

use crate::config::Plan;
use crate::exchange::{Exchange, Upload};
use crate::snapshot::{Pinned, Snapshot};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, response};
use portcullis_core::bounds::MAX_LEARNED_BYTES;
use portcullis_core::{CanonicalTarget, Clock, Control, Mode, Reason, Record, Verdict};
use portcullis_routing::inventory::{Batch, Call, Report, Rows, SCHEMA, Shape, Sighting, State, read};
use portcullis_store::{Port, Reader, Store, StoreError};
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Batches that may wait, of all cores together; a core keeps its own beyond it.
const BATCHES: usize = 64;
/// How much of what was seen a crash may take.
const SAVE_EVERY: Duration = Duration::from_secs(1);

/// What a core noted, and the Snapshot that its ids are of.
type Noted = (Arc<Snapshot>, Batch);

/// The thread that puts together what the cores note.
pub struct Inventory {
    batches: SyncSender<Noted>,
    thread: JoinHandle<()>,
    store: Store,
}

impl Inventory {
    /// Reads what is known from the store below `data_dir`.
    ///
    /// # Errors
    /// The store cannot be opened or read.
    pub fn open(data_dir: &Path, clock: Clock) -> Result<Self, StoreError> {
        let store = Store::open(data_dir, &[SCHEMA])?;
        let port = store.port();
        let state = State::load(&port)?;
        let (batches, noted) = sync_channel(BATCHES);
        let work = move || put_together(&noted, state, &port, &clock);
        let thread = std::thread::Builder::new().name("inventory".into()).spawn(work);
        let thread = thread.map_err(|source| StoreError::File { path: data_dir.to_owned(), source })?;
        Ok(Self { batches, thread, store })
    }

    /// One core's end.
    pub fn lane(&self) -> LaneStart {
        LaneStart(self.batches.clone())
    }

    /// Ends once every [`Lane`] is dropped and what they noted is kept.
    pub fn close(self) {
        drop(self.batches);
        if self.thread.join().is_err() {
            tracing::error!("the inventory ended by a panic");
        }
        self.store.close();
    }
}

fn put_together(noted: &Receiver<Noted>, mut state: State, store: &Port, clock: &Clock) {
    let mut saved = Instant::now();
    let mut is_failing = false;
    let mut is_open = true;
    while is_open {
        match noted.recv_timeout(SAVE_EVERY.saturating_sub(saved.elapsed())) {
            Ok((snapshot, batch)) => state.merge(&snapshot.routes, batch),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => is_open = false,
        }
        if is_open && saved.elapsed() < SAVE_EVERY {
            continue;
        }
        saved = Instant::now();
        match state.save(store, clock.unix_micros() / 1_000_000) {
            Ok(()) => is_failing = false,
            Err(error) if !is_failing => {
                tracing::error!(%error, "inventory not kept: it is tried again every second");
                is_failing = true;
            }
            Err(_) => {}
        }
    }
}

/// A [`Lane`] on its way to its core.
pub struct LaneStart(SyncSender<Noted>);

/// One core's end of the inventory: no lock, and nobody waits.
pub struct Lane {
    noted: RefCell<(Option<Pinned>, Batch)>,
    batches: SyncSender<Noted>,
}

impl Lane {
    /// The end of the core that it is made on.
    pub fn new(LaneStart(batches): LaneStart) -> Self {
        Self { noted: RefCell::default(), batches }
    }

    /// Notes an exchange that has ended.
    /// `undocumented` comes with what was kept of the request's content.
    pub fn note(
        &self,
        record: &Record,
        snapshot: &Pinned,
        is_routed: bool,
        undocumented: Option<(Box<Unknown>, Option<Vec<u8>>)>,
    ) {
        let at = record.started_at / 1_000_000;
        if let (Some(operation), Some(api), true) = (record.operation, record.api, is_routed) {
            let is_asked = snapshot.routes.lifecycle(api, Some(operation)).is_some();
            let is_refused = record.verdict == Verdict::Deny;
            let caller = is_asked.then_some(record.client);
            let call = Call { operation, at, status: record.status, is_refused, caller };
            self.of(snapshot, |batch| batch.call(&call, broken(record)));
        }
        if let Some((unknown, content)) = undocumented {
            let Unknown { mut sighting, response, .. } = *unknown;
            let is_unknown = matches!(record.reason, Some(Reason::OperationUnknown | Reason::MethodUnknown));
            (sighting.at, sighting.status) = (at, record.status);
            sighting.is_refused = record.verdict == Verdict::Deny && is_unknown;
            // Refused by another control, or answered by nobody: that says nothing of what is there.
            if sighting.is_refused || (record.verdict != Verdict::Deny && record.endpoint.is_some()) {
                if !sighting.is_refused && record.status < 300 {
                    let shape = |content: Option<Vec<u8>>| {
                        content.filter(|content| content.len() <= MAX_LEARNED_BYTES).and_then(Shape::of)
                    };
                    (sighting.request, sighting.response) = (shape(content), shape(response));
                }
                self.of(snapshot, |batch| batch.sight(sighting));
            }
        }
    }

    /// Hands over what was noted. Where the other end is behind, it waits here, within the bounds of a batch.
    pub fn flush(&self) {
        let (snapshot, batch) = self.noted.take();
        let Some(snapshot) = snapshot.filter(|_| !batch.is_empty()) else { return };
        if let Err(TrySendError::Full((_, batch))) = self.batches.try_send((Arc::clone(&snapshot), batch)) {
            self.noted.replace((Some(snapshot), batch));
        }
    }

    /// Ids are of one Snapshot: what was noted under another one is handed over first.
    fn of<T>(&self, snapshot: &Pinned, note: impl FnOnce(&mut Batch) -> T) -> T {
        let is_other = self.noted.borrow().0.as_ref().is_some_and(|known| !Arc::ptr_eq(known, snapshot));
        if is_other {
            self.flush();
        }
        let mut noted = self.noted.borrow_mut();
        let (known, batch) = &mut *noted;
        if known.as_ref().is_none_or(|known| !Arc::ptr_eq(known, snapshot)) {
            *known = Some(Rc::clone(snapshot));
            *batch = Batch::default(); // the other end is behind and a reload came: a second's counts are lost
        }
        note(batch)
    }
}

/// What is known of the Operations of `plan`, read beside a gateway that may be running. Times in seconds since the epoch.
///
/// # Errors
/// The store cannot be read.
pub fn report(plan: &Plan, now: u64, used_since: u64) -> Result<Report, StoreError> {
    let rows = match Reader::open(&plan.data_dir, SCHEMA)? {
        Some(mut reader) => reader.read(read)?,
        None => Rows::default(),
    };
    Ok(Report::new(&plan.routes, rows, now, used_since))
}

/// What of an exchange broke the contract, refused or not.
fn broken(record: &Record) -> impl Iterator<Item = Reason> {
    let found = record.findings().map(|finding| finding.reason).chain(record.reason);
    found.filter(|reason| reason.control().id().starts_with("contract."))
}

/// What is asked for, where no document of its API has it; `None` where it is not learned, or where there is no room.
pub(crate) fn sight(
    x: &Exchange,
    lane: &Lane,
    is_unknown: bool,
    target: &CanonicalTarget,
    parts: &Parts,
) -> Option<Box<Unknown>> {
    let api = x.record.api.filter(|_| is_unknown)?;
    let mode = x.mode(Control::RoutingOperation);
    let is_refused = mode == Mode::Enforce;
    if mode == Mode::Off || !lane.of(&x.snapshot, |batch| batch.has_room(api, is_refused)) {
        return None;
    }
    let path = target.path().get(x.snapshot.routes.base_path(api).len()..).unwrap_or_default();
    let sighting = Sighting {
        api,
        method: parts.method.clone(),
        path: path.into(),
        parameters: Sighting::names(target.path_and_query().query()),
        request: None,
        response: None,
        at: 0,
        status: 0,
        is_refused: false,
    };
    let looks_into = !is_refused && lane.of(&x.snapshot, Batch::takes_shape);
    let has_json = looks_into && is_json(&parts.headers);
    Some(Box::new(Unknown { sighting, looks_into, has_json, response: None }))
}

/// What no document has, while it is served.
pub struct Unknown {
    sighting: Sighting,
    /// Its content is looked into.
    looks_into: bool,
    /// The request's content is JSON.
    has_json: bool,
    /// Content of the response on its way to the client.
    response: Option<Vec<u8>>,
}

/// Has the content of a request kept as it streams, where it is learned.
pub(crate) fn keep_request(x: &Exchange, upload: &Upload) {
    if x.undocumented.as_ref().is_some_and(|unknown| unknown.has_json) {
        upload.kept.replace(Some(Vec::new()));
    }
}

/// The same of a response.
pub(crate) fn keep_response(x: &mut Exchange, parts: &response::Parts) {
    if let Some(unknown) = x.undocumented.as_mut().filter(|unknown| unknown.looks_into) {
        unknown.response = (parts.status.is_success() && is_json(&parts.headers)).then(Vec::new);
    }
}

/// Takes note of content on its way to the client.
pub(crate) fn watch(x: &mut Exchange, data: &[u8]) {
    if let Some(kept) = x.undocumented.as_mut().and_then(|unknown| unknown.response.as_mut()) {
        keep(kept, data);
    }
}

/// One byte over the bound says that there was more.
pub(crate) fn keep(kept: &mut Vec<u8>, data: &[u8]) {
    let room = MAX_LEARNED_BYTES.saturating_add(1).saturating_sub(kept.len());
    kept.extend_from_slice(data.get(..room).unwrap_or(data));
}

/// Content that can be read as it streams: JSON by its type, and not compressed.
fn is_json(headers: &HeaderMap) -> bool {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"));
    is_json && !headers.contains_key(CONTENT_ENCODING)
}
