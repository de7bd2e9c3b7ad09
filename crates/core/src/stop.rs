//! What a stage returns when it does not let the exchange go on.

use crate::{Control, Reason};
use std::error::Error;

/// Why an exchange stops here. Status and headers are picked in `gateway::render`, nowhere else.
#[derive(Debug)]
pub enum Stop {
    /// The rule says no.
    Deny(Reason),
    /// The check could not decide, or the upstream failed.
    Fault(Fault),
}

/// A check that could not decide. It denies unless the control's `on_fault` says otherwise.
#[derive(Debug)]
pub struct Fault {
    /// The stable id that the record and the answer carry.
    pub reason: Reason,
    /// What happened, for the log and the record; never for the client.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault with its cause.
    pub fn new(reason: Reason, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { reason, source: Some(source.into()) }
    }
}

impl Stop {
    /// A fault without a further cause.
    pub const fn fault(reason: Reason) -> Self {
        Self::Fault(Fault { reason, source: None })
    }

    /// The stable id of either kind.
    pub const fn reason(&self) -> Reason {
        match self {
            Self::Deny(reason) => *reason,
            Self::Fault(fault) => fault.reason,
        }
    }

    /// The control that speaks.
    pub const fn control(&self) -> Control {
        self.reason().control()
    }
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
