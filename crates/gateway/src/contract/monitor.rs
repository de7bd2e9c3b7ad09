//! `contract.request` and `contract.response` in monitor: content is looked at as it streams, and judged when it has gone.

use super::note;
use crate::body::{FromUpstream, RequestBody, Share};
use crate::exchange::Exchange;
use crate::worker::Worker;
use http::Response;
use portcullis_core::bounds::MAX_HELD_RESPONSE_BYTES;
use portcullis_core::record::Finding;
use portcullis_core::{Control, Reason};
use portcullis_schema::contract::{Accepted, Expected, Promised, Refused, RequestRules, ResponseRules};

/// What the detail of a record says where content was too large to be kept for judging.
const NOT_INSPECTED: &str = "not_inspected";

/// Content that is kept while it streams.
pub(crate) struct Seen {
    content: Vec<u8>,
    share: Share,
    /// There was more than could be kept.
    is_cut: bool,
    rules: Rules,
    /// What may come out of a coding.
    max_bytes: u64,
}

enum Rules {
    Request(RequestRules),
    Response(ResponseRules),
    /// There should be none.
    Nothing,
}

impl Seen {
    fn new(share: Share, rules: Rules, max_bytes: u64) -> Self {
        Self { content: Vec::new(), share, is_cut: false, rules, max_bytes }
    }

    /// Keeps more of it, as long as there is room.
    pub(crate) fn add(&mut self, data: &[u8]) {
        let length = self.content.len().saturating_add(data.len());
        if self.is_cut || length > MAX_HELD_RESPONSE_BYTES || self.share.cover(length as u64).is_err() {
            (self.is_cut, self.content) = (true, Vec::new());
            return;
        }
        self.content.extend_from_slice(data);
    }

    fn judge(self) -> (Control, Result<Accepted, Refused>) {
        match self.rules {
            Rules::Request(rules) => (Control::ContractRequest, rules.judge(self.content, self.max_bytes)),
            Rules::Nothing if self.content.is_empty() => (Control::ContractRequest, Ok(Accepted::default())),
            Rules::Nothing => (Control::ContractRequest, Err(Refused::new(Reason::ContentUnexpected))),
            Rules::Response(rules) => (Control::ContractResponse, rules.judge(self.content, self.max_bytes)),
        }
    }
}

/// A request in monitor: forwarded as it comes.
pub(super) fn content(
    worker: &Worker,
    x: &mut Exchange,
    expected: Result<Expected, Refused>,
    max_bytes: u64,
    content: RequestBody,
) -> RequestBody {
    let rules = match expected {
        Ok(Expected::Opaque) => return content,
        Ok(Expected::Nothing) => Rules::Nothing,
        Ok(Expected::Whole(rules)) => Rules::Request(rules),
        Err(refused) => {
            x.record.note(Finding { control: Control::ContractRequest, reason: refused.reason });
            note(x, refused.violations);
            return content;
        }
    };
    let seen = Seen::new(worker.held.share(x.record.client), rules, max_bytes);
    match &x.upload {
        Some(upload) => *upload.seen.borrow_mut() = Some(Box::new(seen)),
        None => settle(x, seen), // nothing was sent
    }
    content
}

/// A response in monitor: forwarded as it comes.
pub(super) fn response(
    worker: &Worker,
    x: &mut Exchange,
    promised: Result<Promised, Refused>,
    response: Response<FromUpstream>,
) -> Response<FromUpstream> {
    match promised {
        Ok(Promised::Anything) => {}
        Err(refused) => {
            x.record.note(Finding { control: Control::ContractResponse, reason: refused.reason });
            note(x, refused.violations);
        }
        Ok(Promised::Whole(rules)) => {
            let share = worker.held.share(x.record.client);
            let mut seen = Seen::new(share, Rules::Response(rules), MAX_HELD_RESPONSE_BYTES as u64);
            if let FromUpstream::Held(held) = response.body() {
                seen.add(held.content());
                settle(x, seen);
            } else if response.body().is_end_stream() {
                settle(x, seen);
            } else {
                x.monitored = Some(Box::new(seen));
            }
        }
    }
    response
}

/// Takes note of response content on its way to the client.
pub(crate) fn watch(x: &mut Exchange, data: &[u8]) {
    if let Some(seen) = &mut x.monitored {
        seen.add(data);
    }
}

/// The exchange has come to its end: what enforce would have found.
pub(crate) fn conclude(x: &mut Exchange) {
    let uploaded = x.upload.as_ref().and_then(|upload| upload.seen.take());
    let answered = x.monitored.take();
    for seen in uploaded.into_iter().chain(answered) {
        settle(x, *seen);
    }
}

fn settle(x: &mut Exchange, seen: Seen) {
    if seen.is_cut {
        x.record.detail.get_or_insert_with(|| NOT_INSPECTED.into());
        return;
    }
    let (control, outcome) = seen.judge();
    let (reason, violations) = match outcome {
        Ok(accepted) if control == Control::ContractRequest || accepted.noted.is_empty() => (None, accepted.noted),
        Ok(accepted) => (Some(Reason::ResponseUndeclared), accepted.noted),
        Err(refused) => (Some(refused.reason), refused.violations),
    };
    if let Some(reason) = reason {
        x.record.note(Finding { control, reason });
    }
    note(x, violations);
}
