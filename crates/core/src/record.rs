//! What is known of one exchange: filled while it runs, closed once.

use crate::{ApiId, Control, Mode, OperationId, Reason, Violation, bounds::MAX_FINDINGS};
use http::Method;
use std::net::{IpAddr, Ipv4Addr};
use uuid::Uuid;

/// The id of an exchange, a UUIDv7: `X-Request-Id` on both sides, `id` in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub Uuid);

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The client vanished, or the response was cut, before anything else was true. What a record starts as.
    Abandoned,
    /// Forwarded and answered.
    Allow,
    /// A control refused it.
    Deny,
    /// A check could not decide, the upstream failed, or the gateway did.
    Fault,
}

impl Verdict {
    /// The word of the record and of metric labels.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Abandoned => "abandoned",
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Fault => "fault",
        }
    }
}

/// Where the time of an exchange went. Microseconds since the exchange began; 0 when the point was not reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    /// Routed and every check before forwarding done.
    pub decided: u32,
    /// The head of the upstream's response was there.
    pub answered: u32,
    /// The last byte of the response was handed to the connection.
    pub ended: u32,
}

/// One control in monitor that would have refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The control.
    pub control: Control,
    /// What enforce would have answered.
    pub reason: Reason,
}

/// One exchange as it is recorded. Names are looked up from the Snapshot when it is written.
#[derive(Clone, Debug)]
pub struct Record {
    /// The request id.
    pub id: RequestId,
    /// Microseconds since the epoch at the first stage.
    pub started_at: u64,
    /// The Snapshot that decided.
    pub snapshot: u64,
    /// The API, once known.
    pub api: Option<ApiId>,
    /// The Operation, once known.
    pub operation: Option<OperationId>,
    /// The client address: the right-most untrusted one.
    pub client: IpAddr,
    /// The method as sent.
    pub method: Method,
    /// 1 or 2.
    pub http: u8,
    /// Status sent to the client; 0 when none was.
    pub status: u16,
    /// How it ended.
    pub verdict: Verdict,
    /// What decided, where something did.
    pub reason: Option<Reason>,
    /// The mode of the deciding control.
    pub mode: Mode,
    /// Controls in monitor that would have refused, at most [`MAX_FINDINGS`].
    findings: [Option<Finding>; MAX_FINDINGS],
    /// Time points.
    pub stages: Stages,
    /// Content bytes received from the client.
    pub bytes_in: u64,
    /// Content bytes sent to the client.
    pub bytes_out: u64,
    /// Endpoint of the upstream that answered, by its place in the upstream.
    pub endpoint: Option<u16>,
    /// Attempts made upstream.
    pub attempts: u8,
    /// SHA-256 of the client certificate that holds for this exchange.
    pub client_certificate: Option<[u8; 32]>,
    /// Header fields of the client that were removed as forged or ambiguous.
    pub removed_fields: u16,
    /// What of a message breaks the contract: places and rules, no values.
    pub violations: Box<[Violation]>,
    /// Cause of a fault, for the operator; never sent to the client, never a secret.
    pub detail: Option<Box<str>>,
}

impl Record {
    /// A record of an exchange of which nothing is known yet.
    pub fn open(id: RequestId, started_at: u64, method: Method) -> Self {
        Self {
            id,
            started_at,
            snapshot: 0,
            api: None,
            operation: None,
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            method,
            http: 1,
            status: 0,
            verdict: Verdict::Abandoned,
            reason: None,
            mode: Mode::Enforce,
            findings: [None; MAX_FINDINGS],
            stages: Stages { decided: 0, answered: 0, ended: 0 },
            bytes_in: 0,
            bytes_out: 0,
            endpoint: None,
            attempts: 0,
            client_certificate: None,
            removed_fields: 0,
            violations: Box::default(),
            detail: None,
        }
    }

    /// Notes what a control in monitor would have done. Over [`MAX_FINDINGS`] the later ones are left out.
    pub fn note(&mut self, finding: Finding) {
        if let Some(free) = self.findings.iter_mut().find(|slot| slot.is_none()) {
            *free = Some(finding);
        }
    }

    /// What controls in monitor would have done.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().flatten()
    }
}
