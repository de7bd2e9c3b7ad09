//! One exchange while it runs: its record, its Snapshot, its deadline. Dropping it is what records it.

use crate::contract::Seen;
use crate::inventory::Unknown;
use crate::snapshot::Pinned;
use crate::worker::Worker;
use http::{HeaderValue, Method};
use portcullis_core::record::{Record, RequestId};
use portcullis_core::{Control, Mode, Operation, Reason, Stop, Verdict};
use portcullis_events::Names;
use portcullis_transport::drive::Connection;
use portcullis_transport::wheel::Timer;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a request body tells the exchange while it streams.
#[derive(Default)]
pub struct Upload {
    /// Content bytes taken from the client so far.
    pub bytes: Cell<u64>,
    /// Why the client's content failed, once it has: a refusal, never an upstream's fault.
    pub failed: Cell<Option<Reason>>,
    /// It failed because the client closed the connection.
    pub left: Cell<bool>,
    /// In monitor: what of it is kept for judging.
    pub(crate) seen: RefCell<Option<Box<Seen>>>,
    /// The content itself, where it is learned.
    pub kept: RefCell<Option<Vec<u8>>>,
}

/// One request and its response.
///
/// It is moved into the response's body, so that it ends when the last byte has gone, failed or been given up.
pub struct Exchange {
    /// What is known of it.
    pub record: Record,
    /// The Snapshot that decides it, from its first stage to its last.
    pub snapshot: Pinned,
    /// The request id as a field value.
    pub id: HeaderValue,
    /// What a 405 lists.
    pub allow: Option<HeaderValue>,
    /// Whether routing let it pass, so that the lifecycle of what it asks for concerns the client.
    pub is_routed: bool,
    /// What a 415 lists.
    pub accept: Option<HeaderValue>,
    /// Whether the request carried a credential, so that no cache may keep the answer.
    pub is_credentialed: bool,
    /// The media type of a gRPC call, whose refusal has its own form.
    pub grpc: Option<&'static str>,
    /// Whether the client came over TLS.
    pub tls: bool,
    /// What `Access-Control-Allow-Origin` says to the page that asks, where it may read.
    pub granted: Option<HeaderValue>,
    /// Content of an error on its way to the client, as far as it is looked at in monitor.
    pub seen: Option<Vec<u8>>,
    /// What is asked for, where no document has it and the inventory has room for it.
    pub undocumented: Option<Box<Unknown>>,
    /// Content of a response on its way to the client, kept for judging in monitor.
    pub(crate) monitored: Option<Box<Seen>>,
    /// What the request body says of itself, where there is one.
    pub upload: Option<Rc<Upload>>,
    /// The deadline of the whole.
    pub deadline: Option<Timer>,
    /// The connection that it is on, which knows why it is given up; `None` for what is refused before there is a request.
    pub connection: Option<Rc<Connection>>,
    worker: Rc<Worker>,
    started: u64,
}

impl Exchange {
    /// Opens the record of a request of which only the method is known.
    pub fn open(worker: &Rc<Worker>, method: Method) -> Box<Self> {
        let (id, started_at) = worker.request_id();
        let mut text = [0_u8; uuid::fmt::Hyphenated::LENGTH];
        let id_text = id.hyphenated().encode_lower(&mut text);
        let snapshot = worker.pin();
        let mut record = Record::open(RequestId(id), started_at, method);
        record.snapshot = snapshot.id;
        Box::new(Self {
            record,
            snapshot,
            id: HeaderValue::from_str(id_text).unwrap_or(HeaderValue::from_static("")), // hex and dashes are always valid
            allow: None,
            accept: None,
            is_routed: false,
            is_credentialed: false,
            grpc: None,
            tls: false,
            granted: None,
            seen: None,
            undocumented: None,
            monitored: None,
            upload: None,
            deadline: None,
            connection: None,
            worker: Rc::clone(worker),
            started: worker.clock.monotonic_micros(),
        })
    }

    /// The request id as text.
    pub fn id_text(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    /// When it began, in microseconds of the monotonic clock.
    pub fn started(&self) -> u64 {
        self.started
    }

    /// Microseconds since it began.
    pub fn elapsed(&self) -> u32 {
        let micros = self.worker.clock.monotonic_micros().saturating_sub(self.started);
        u32::try_from(micros).unwrap_or(u32::MAX)
    }

    /// The Operation, once routed.
    pub fn operation(&self) -> Option<&Operation> {
        self.record.operation.and_then(|id| self.snapshot.routes.operation(id))
    }

    /// The mode of `control` for this exchange, as far as it is routed.
    pub fn mode(&self, control: Control) -> Mode {
        self.snapshot.mode(control, self.record.api, self.record.operation)
    }

    /// Applies the mode of `control` to what its check returned: the one place that knows modes.
    ///
    /// `enforce` passes a stop on; `monitor` notes it and hands on `None`, the evidence that proves least.
    ///
    /// # Errors
    /// The stop itself, when the control enforces.
    pub fn settle<T>(&mut self, control: Control, outcome: Result<T, Stop>) -> Result<Option<T>, Stop> {
        let stop = match outcome {
            Ok(evidence) => return Ok(Some(evidence)),
            Err(stop) => stop,
        };
        match self.mode(control) {
            Mode::Enforce => Err(stop),
            Mode::Monitor => {
                self.record.note(portcullis_core::record::Finding { control, reason: stop.reason() });
                Ok(None)
            }
            Mode::Off => Ok(None),
        }
    }

    /// Notes what stopped it. A fault's cause goes into the record, never to the client.
    pub fn stopped(&mut self, stop: &Stop) {
        self.record.reason = Some(stop.reason());
        self.record.mode = Mode::Enforce;
        self.record.verdict = match stop {
            Stop::Deny(_) => Verdict::Deny,
            Stop::Fault(fault) => {
                self.record.detail = fault.source.as_ref().map(|source| chain(source.as_ref()).into_boxed_str());
                Verdict::Fault
            }
        };
    }
}

/// An error and its causes on one line, at most 300 bytes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        if !text.ends_with(&part) {
            text.push_str(": ");
            text.push_str(&part);
        }
        cause = error.source();
    }
    let end = (0..=300.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    text
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.record.stages.ended = self.elapsed();
        if self.record.verdict == Verdict::Abandoned
            && let Some(reason) = self.connection.as_ref().and_then(|connection| connection.given_up())
        {
            self.stopped(&Stop::Deny(reason));
        }
        if let Some(upload) = &self.upload {
            self.record.bytes_in = upload.bytes.get();
            if upload.left.get() && self.record.verdict == Verdict::Deny {
                self.record.verdict = Verdict::Abandoned; // nobody waits for the refusal
            }
        }
        let routes = &self.snapshot.routes;
        let api = self.record.api;
        // Also where nobody was asked because nobody could be.
        let is_upstream_concerned = self.record.endpoint.is_some()
            || self.record.reason.is_some_and(|reason| reason.control() == Control::TransportUpstream);
        let names = Names {
            api: api.map(|id| routes.api_name(id)),
            operation: self.operation(),
            upstream: api
                .filter(|_| is_upstream_concerned)
                .and_then(|id| self.snapshot.api(id))
                .and_then(|api| self.snapshot.upstream(api))
                .map(|upstream| upstream.compiled.name()),
        };
        self.worker.lane.push(&self.record, &names);
        let content = self.upload.as_ref().and_then(|upload| upload.kept.take());
        let undocumented = self.undocumented.take().map(|unknown| (unknown, content));
        self.worker.inventory.note(&self.record, &self.snapshot, self.is_routed, undocumented);
    }
}
