//! Sockets: one per core on the same port, so that the kernel spreads connections and no lock is shared.

use std::io;
use std::net::{SocketAddr, TcpListener};

use portcullis_core::bounds::{ACCEPT_BACKLOG, UNSENT_BYTES};
use socket2::{Domain, Protocol, Socket, Type};

/// How often a picked port may be taken by another process between the probe and the sockets.
const PORT_ATTEMPTS: usize = 5;

/// An address cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on `{address}`: {}", reason(source))]
pub struct BindError {
    /// As configured.
    pub address: SocketAddr,
    /// What the kernel said.
    #[source]
    pub source: io::Error,
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => "the port is in use by another process".to_owned(),
        io::ErrorKind::PermissionDenied => "this account may not bind the port".to_owned(),
        io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
        _ => error.to_string(),
    }
}

/// The sockets of one listener.
#[derive(Debug)]
pub struct Bound {
    /// With the port that was picked, where the configuration says 0.
    pub address: SocketAddr,
    /// One per core, non-blocking, listening.
    pub sockets: Vec<TcpListener>,
}

/// Opens one listening socket per core.
///
/// The port is bound once without `SO_REUSEPORT` first: with it alone, a second gateway of the same account would share the
/// port quietly and take half of the connections.
///
/// # Errors
/// [`BindError`] with the kernel's reason; nothing stays open.
pub fn bind(address: SocketAddr, cores: usize) -> Result<Bound, BindError> {
    let mut attempts = PORT_ATTEMPTS;
    loop {
        attempts = attempts.saturating_sub(1);
        match bind_once(address, cores) {
            // Only a port that we picked ourselves is worth a second try.
            Err(error) if address.port() == 0 && attempts > 0 && error.kind() == io::ErrorKind::AddrInUse => {}
            outcome => return outcome.map_err(|source| BindError { address, source }),
        }
    }
}

fn bind_once(address: SocketAddr, cores: usize) -> io::Result<Bound> {
    let probe = socket(address)?;
    probe.bind(&address.into())?;
    let bound = probe.local_addr()?.as_socket().unwrap_or(address);
    drop(probe);
    let sockets = (0..cores.max(1)).map(|_| listen(bound)).collect::<io::Result<_>>()?;
    Ok(Bound { address: bound, sockets })
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?; // connections of the last run in TIME_WAIT do not hold the port
    Ok(socket)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket(address)?;
    #[cfg(unix)]
    socket.set_reuse_port(true)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_notsent_lowat(UNSENT_BYTES)?; // accepted connections inherit it
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(ACCEPT_BACKLOG)?;
    Ok(socket.into())
}
