//! Sockets that are opened at the start and by reloads.

use super::StartError;
use crate::snapshot::Snapshot;
use portcullis_admin::Scope;
use portcullis_transport::listener::{self, Bound};
use std::net::{SocketAddr, TcpListener};
use tokio::task::AbortHandle;

/// Where a listener stands. What is counted by listener belongs to the place, so it outlives a change of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    configured: SocketAddr,
    /// With the port that was picked, where the configuration says 0.
    pub(super) bound: SocketAddr,
    id: u16,
}

/// The admin or the health listener.
pub(super) struct Control {
    pub(super) configured: SocketAddr,
    pub(super) address: SocketAddr,
    pub(super) scope: Scope,
    /// Until it is served.
    pub(super) socket: Option<TcpListener>,
    /// Once it is served.
    pub(super) task: Option<AbortHandle>,
}

/// Binds the listeners that are not bound yet, and writes bound addresses and ids into the Snapshot.
pub(super) fn bind(
    snapshot: &mut Snapshot,
    present: &[Place],
    cores: usize,
) -> Result<(Vec<Place>, Vec<Bound>), StartError> {
    let (mut places, mut sockets): (Vec<Place>, _) = (Vec::new(), Vec::new());
    let mut left = present.to_vec();
    for listener in &mut snapshot.listeners {
        let configured = listener.facts.address;
        let place = match left.iter().position(|place| place.configured == configured) {
            Some(at) => left.remove(at), // once each: several listeners may ask for any free port
            None => {
                let new = listener::bind(configured, cores)?;
                let bound = new.address;
                sockets.push(new);
                Place { configured, bound, id: free_id(present.iter().chain(&places)) }
            }
        };
        (listener.facts.address, listener.facts.id) = (place.bound, place.id);
        places.push(place);
    }
    snapshot.settle_https_port();
    Ok((places, sockets))
}

/// The lowest id that no listener has. There are fewer listeners than ids: each has a port.
fn free_id<'a>(places: impl Iterator<Item = &'a Place>) -> u16 {
    let mut taken: Vec<u16> = places.map(|place| place.id).collect();
    taken.sort_unstable();
    taken.dedup();
    let free = taken.iter().zip(0..).find(|(id, at)| **id != *at).map(|(_, at)| at);
    free.unwrap_or(u16::try_from(taken.len()).unwrap_or(u16::MAX))
}

/// Binds the control listeners that are not there yet.
pub(super) fn bind_control(wanted: &[(SocketAddr, Scope)], present: &[Control]) -> Result<Vec<Control>, StartError> {
    let mut new = Vec::new();
    for &(configured, scope) in wanted {
        if present.iter().any(|control| (control.configured, control.scope) == (configured, scope)) {
            continue;
        }
        let mut bound = listener::bind(configured, 1)?;
        new.push(Control { configured, address: bound.address, scope, socket: bound.sockets.pop(), task: None });
    }
    Ok(new)
}
