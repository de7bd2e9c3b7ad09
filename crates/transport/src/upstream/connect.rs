//! New connections.

use super::compiled::{Compiled, Endpoint};
use super::http1::Link;
use super::io::UpstreamIo;
use super::pool::Pools;
use super::settings::Protocol;
use super::targets::{At, Target};
use super::upload::RequestBody;
use portcullis_core::{Fault, Reason, Stop};
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;

impl<B: RequestBody> Pools<B> {
    /// An HTTP/1.1 connection to a target.
    pub(super) async fn connect(&self, upstream: &Compiled, target: &Target) -> Result<Box<Link<B>>, Stop> {
        let io = self.reach(upstream, target).await?;
        Ok(Box::new(Link::new(io, &self.wheel)))
    }

    /// Connects to a target, within its deadline.
    pub(super) async fn reach(&self, upstream: &Compiled, target: &Target) -> Result<UpstreamIo, Stop> {
        let timer = self.wheel.timer();
        timer.arm(upstream.timeouts.connect);
        let mut dialled = pin!(dial(upstream, target));
        poll_fn(|cx| match dialled.as_mut().poll(cx) {
            Poll::Pending => timer.poll_expired(cx).map(|()| Err(Stop::fault(Reason::UpstreamTimeout))),
            ready => ready,
        })
        .await
    }
}

/// A connection of its own, and the proof of who is at its other end.
pub(super) async fn dial(upstream: &Compiled, target: &Target) -> Result<UpstreamIo, Stop> {
    let endpoint = upstream.endpoints.get(usize::from(target.endpoint)).ok_or(Stop::fault(Reason::Internal))?;
    let stream = match target.at {
        At::Address(address) => open(address).await?,
        At::Localhost(port) => match open((Ipv4Addr::LOCALHOST, port).into()).await {
            Ok(stream) => stream,
            Err(stop) => open((Ipv6Addr::LOCALHOST, port).into()).await.map_err(|_| stop)?,
        },
    };
    secure(upstream, endpoint, stream).await
}

async fn open(address: SocketAddr) -> Result<TcpStream, Stop> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    socket.map_err(ours)?.connect(address).await.map_err(of_connecting)
}

/// Descriptors, ports or memory of this machine are used up: no fault of the upstream, so neither its breaker nor its endpoints
/// may be blamed. Whoever floods the gateway would shut off what is behind it otherwise.
fn ours(error: io::Error) -> Stop {
    Fault::new(Reason::UpstreamUnavailable, error).into()
}

fn of_connecting(error: io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::AddrNotAvailable | io::ErrorKind::OutOfMemory => ours(error),
        _ => Fault::new(Reason::UpstreamConnect, error).into(),
    }
}

/// Proves who is at the other end, where the endpoint has to prove it.
async fn secure(upstream: &Compiled, endpoint: &Endpoint, stream: TcpStream) -> Result<UpstreamIo, Stop> {
    let refused = |error: io::Error| Stop::from(Fault::new(Reason::UpstreamConnect, error));
    // Requests are written whole; waiting for more would only delay them.
    stream.set_nodelay(true).map_err(refused)?;
    match (&endpoint.server_name, &upstream.tls) {
        (Some(name), Some(identity)) => {
            let connector = TlsConnector::from(Arc::clone(&identity.config));
            let stream = connector.connect(name.clone(), stream).await;
            endpoint.proved(upstream.name(), stream.as_ref().map(|_| ()));
            let stream = stream.map_err(|error| Stop::from(Fault::new(Reason::UpstreamTls, error)))?;
            if upstream.protocol == Protocol::Http2 && stream.get_ref().1.alpn_protocol() != Some(b"h2") {
                return Err(Fault::new(Reason::UpstreamTls, "the upstream does not offer HTTP/2 (ALPN `h2`)").into());
            }
            Ok(UpstreamIo::Tls(Box::new(stream)))
        }
        (None, _) => Ok(UpstreamIo::Plain(stream)),
        (Some(_), None) => Err(Stop::fault(Reason::Internal)), // compiled together: never in plain text instead
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upstream::error::is_fault_of_upstream;

    #[test]
    fn what_this_machine_lacks_is_no_fault_of_the_upstream() {
        use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, OutOfMemory, PermissionDenied};
        let cases = [
            (ConnectionRefused, true),
            (HostUnreachable, true),
            (PermissionDenied, true),
            (AddrNotAvailable, false), // all ports are taken
            (OutOfMemory, false),
        ];
        for (kind, is_theirs) in cases {
            assert_eq!(is_fault_of_upstream(&of_connecting(kind.into())), is_theirs, "{kind}");
        }
        assert!(!is_fault_of_upstream(&ours(io::Error::from_raw_os_error(24))), "no descriptors");
    }
}
