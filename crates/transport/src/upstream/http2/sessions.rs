//! The connections to one endpoint.

use super::super::compiled::Compiled;
use super::super::pool::Pools;
use super::super::targets::Target;
use super::super::upload::RequestBody;
use super::session::{Seat, Session};
use portcullis_core::bounds::MAX_UPSTREAM_H2_CONNECTIONS;
use portcullis_core::{Fault, Reason, Stop};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use tokio::sync::Notify;

/// What one core has open to one endpoint.
pub(in super::super) struct Sessions {
    open: RefCell<Vec<Rc<Session>>>,
    /// The attempt to open another one: there is one at a time, and whoever needs a connection waits for it.
    opening: RefCell<Option<Rc<Opening>>>,
    seconds: Rc<Cell<u64>>,
}

#[derive(Default)]
struct Opening {
    ended: Notify,
    failed: Cell<Option<Reason>>,
}

/// Ends the attempt when it is dropped, also where the exchange that made it is gone.
struct Opener<'a> {
    sessions: &'a Sessions,
    opening: Rc<Opening>,
}

impl<'a> Opener<'a> {
    fn new(sessions: &'a Sessions) -> Self {
        let opening = Rc::new(Opening::default());
        *sessions.opening.borrow_mut() = Some(Rc::clone(&opening));
        Self { sessions, opening }
    }
}

impl Drop for Opener<'_> {
    fn drop(&mut self) {
        self.sessions.opening.borrow_mut().take();
        self.opening.ended.notify_waiters();
    }
}

impl Sessions {
    pub(in super::super) fn new(seconds: &Rc<Cell<u64>>) -> Self {
        Self { open: RefCell::default(), opening: RefCell::default(), seconds: Rc::clone(seconds) }
    }

    /// A place for one exchange: on the least busy connection, or on a new one where all are full.
    pub(in super::super) async fn seat<B: RequestBody>(
        &self,
        pools: &Pools<B>,
        upstream: &Compiled,
        target: &Target,
    ) -> Result<Seat, Stop> {
        let mut was_kept = true;
        loop {
            if let Some(session) = self.least_busy() {
                return Ok(Seat::new(session, was_kept));
            }
            was_kept = false;
            let opening = self.opening.borrow().clone();
            if let Some(opening) = opening {
                opening.ended.notified().await;
                if let Some(reason) = opening.failed.get() {
                    return Err(Fault::new(reason, "the connection that several requests waited for failed").into());
                }
                continue;
            }
            let opener = Opener::new(self);
            let opened = match pools.reach(upstream, target).await {
                Ok(io) => Session::open(io, &pools.wheel, &self.seconds)
                    .await
                    .map_err(|error| Stop::from(Fault::new(Reason::UpstreamConnect, error))),
                Err(stop) => Err(stop),
            };
            match opened {
                Ok(session) => self.open.borrow_mut().push(session),
                Err(stop) => {
                    opener.opening.failed.set(Some(stop.reason()));
                    return Err(stop);
                }
            }
        }
    }

    /// `None` where another connection is needed, and may be opened.
    fn least_busy(&self) -> Option<Rc<Session>> {
        self.forget(|session| !session.is_usable());
        let open = self.open.borrow();
        let least = open.iter().min_by_key(|session| session.streams())?;
        // Behind the last connection requests wait in h2 until the upstream allows them.
        (least.has_room() || open.len() >= MAX_UPSTREAM_H2_CONNECTIONS).then(|| Rc::clone(least))
    }

    /// Closes what nobody used for `keep` seconds, what is old and what has ended; exchanges on them continue.
    pub(in super::super) fn sweep(&self, keep: u64) {
        self.forget(|session| session.is_idle(keep) || !session.is_usable());
    }

    fn forget(&self, is_over: impl Fn(&Session) -> bool) {
        let mut open = self.open.borrow_mut();
        if !open.iter().any(|session| is_over(session)) {
            return;
        }
        let over: Vec<_> = open.extract_if(.., |session| is_over(session)).collect();
        drop(open);
        drop(over); // wakes their tasks
    }

    #[cfg(test)]
    pub(in super::super) fn count(&self) -> usize {
        self.open.borrow().len()
    }
}
