//! New connections.

use super::compiled::{Compiled, Endpoint, Place};
use super::io::UpstreamIo;
use super::link::Link;
use super::pool::{Pools, Slot};
use super::upload::RequestBody;
use portcullis_core::{Fault, Reason, Stop};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;

/// Addresses of one host name that are kept and tried.
const MAX_ADDRESSES: usize = 16;

impl<B: RequestBody> Pools<B> {
    /// Connects to an endpoint, within its deadline.
    pub(super) async fn connect(
        &self,
        upstream: &Compiled,
        index: usize,
        slot: &Slot<B>,
    ) -> Result<Box<Link<B>>, Stop> {
        let endpoint = upstream.endpoints.get(index).ok_or(Stop::fault(Reason::UpstreamUnavailable))?;
        let timer = self.wheel.timer();
        timer.arm(upstream.timeouts.connect);
        let mut dialled = pin!(dial(upstream, endpoint, slot));
        let io = poll_fn(|cx| match dialled.as_mut().poll(cx) {
            Poll::Pending => timer.poll_expired(cx).map(|()| Err(Stop::fault(Reason::UpstreamTimeout))),
            ready => ready,
        });
        let link = Link::open(io.await?, &self.wheel).await;
        link.map(Box::new).map_err(|error| Fault::new(Reason::UpstreamConnect, error).into())
    }
}

async fn dial<B: RequestBody>(upstream: &Compiled, endpoint: &Endpoint, slot: &Slot<B>) -> Result<UpstreamIo, Stop> {
    let refused = |error: io::Error| Stop::from(Fault::new(Reason::UpstreamConnect, error));
    let stream = match &endpoint.place {
        Place::Address(_) => return secure(upstream, endpoint, open(&endpoint.place).await?).await,
        Place::Name(host, port) => by_name(host, *port, slot).await,
    };
    secure(upstream, endpoint, stream.map_err(refused)?).await
}

/// A connection of its own, to the first address that accepts.
pub(super) async fn open(place: &Place) -> Result<TcpStream, Stop> {
    let stream = match place {
        Place::Address(address) => TcpStream::connect(address).await,
        Place::Name(host, port) => TcpStream::connect((&**host, *port)).await,
    };
    stream.map_err(|error| Fault::new(Reason::UpstreamConnect, error).into())
}

/// Proves who is at the other end, where the endpoint has to prove it.
pub(super) async fn secure(upstream: &Compiled, endpoint: &Endpoint, stream: TcpStream) -> Result<UpstreamIo, Stop> {
    let refused = |error: io::Error| Stop::from(Fault::new(Reason::UpstreamConnect, error));
    // Requests are written whole; waiting for more would only delay them.
    stream.set_nodelay(true).map_err(refused)?;
    match (&endpoint.server_name, &upstream.tls) {
        (Some(name), Some(identity)) => {
            let connector = TlsConnector::from(Arc::clone(&identity.config));
            let stream = connector.connect(name.clone(), stream).await;
            endpoint.proved(upstream.name(), stream.as_ref().map(|_| ()));
            let stream = stream.map_err(|error| Stop::from(Fault::new(Reason::UpstreamTls, error)))?;
            Ok(UpstreamIo::Tls(Box::new(stream)))
        }
        (None, _) => Ok(UpstreamIo::Plain(stream)),
        (Some(_), None) => Err(Stop::fault(Reason::Internal)), // compiled together: never in plain text instead
    }
}

/// The first address of a host name that accepts.
async fn by_name<B: RequestBody>(host: &str, port: u16, slot: &Slot<B>) -> io::Result<TcpStream> {
    let addresses = match slot.fresh_addresses() {
        Some(addresses) => addresses,
        None => {
            let addresses: Vec<SocketAddr> = lookup_host((host, port)).await?.take(MAX_ADDRESSES).collect();
            slot.keep_addresses(addresses.clone());
            addresses
        }
    };
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host name has no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}
