//! Names behind endpoints: looked up on the control thread, never by a request (edge/P11).

use super::compiled::{Compiled, Place};
use super::targets::At;
use ipnet::IpNet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Each name is looked up this often: no time to live that is believed is shorter.
const EVERY: Duration = Duration::from_secs(5);
/// The longest that one look-up may take; the next one begins anew.
const PATIENCE: Duration = Duration::from_secs(15);
/// Addresses of one name that requests are sent to.
const MAX_ADDRESSES: usize = 64;

/// Look-ups of the process at once: each one holds a thread until the machine's resolver answers.
static LOOK_UPS: Semaphore = Semaphore::const_new(16);

/// Finds the addresses of a name.
pub(super) trait Resolve: Clone + 'static {
    /// All of them, in any order.
    fn resolve(&self, host: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>>;
}

/// The resolver of the machine, with its hosts file, search domains and caches: a name means what it means to every other program.
#[derive(Clone, Copy)]
pub(super) struct System;

impl Resolve for System {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let _permit = LOOK_UPS.acquire().await.map_err(io::Error::other)?;
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Follows all names of an upstream until it is dropped. Each on its own: one whose server hangs delays no other.
pub(super) async fn follow(upstream: Arc<Compiled>, resolver: impl Resolve, every: Duration) {
    let mut names = JoinSet::new();
    for (index, endpoint) in (0..).zip(&upstream.endpoints) {
        if let Place::Name(host, _) = &endpoint.place {
            let (upstream, resolver, host) = (Arc::clone(&upstream), resolver.clone(), host.clone());
            names.spawn_local(async move {
                let mut name = Name { upstream, index, host, last: None };
                loop {
                    name.look_up(&resolver).await;
                    tokio::time::sleep(every).await;
                }
            });
        }
    }
    while names.join_next().await.is_some() {}
}

/// As [`follow`], with what the gateway uses.
pub(super) async fn follow_all(upstream: Arc<Compiled>) {
    follow(upstream, System, EVERY).await;
}

/// One endpoint that is a name.
pub(super) struct Name {
    pub(super) upstream: Arc<Compiled>,
    pub(super) index: u16,
    pub(super) host: Box<str>,
    /// What was last complained of: said once, not with every look-up.
    pub(super) last: Option<String>,
}

impl Name {
    /// Looks up once. Where nothing usable is found the addresses known before stay.
    pub(super) async fn look_up(&mut self, resolver: &impl Resolve) {
        let found = tokio::time::timeout(PATIENCE, resolver.resolve(&self.host)).await;
        let judged = match found {
            Ok(Ok(found)) => self.judge(&found),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer in time".to_owned()),
        };
        match judged {
            Ok(addresses) => self.take(&addresses),
            Err(problem) => self.complain("name not resolved: the addresses known before stay", problem),
        }
        self.upstream.was_looked_up(self.index);
    }

    fn judge(&mut self, found: &[IpAddr]) -> Result<Vec<IpAddr>, String> {
        let is_good = |address: &IpAddr| self.upstream.may_be_at(At::Address(SocketAddr::new(*address, 0)));
        let (mut good, refused): (Vec<IpAddr>, Vec<IpAddr>) =
            found.iter().map(IpAddr::to_canonical).partition(|address| is_good(address));
        // Most names with both families are one server each: who has both is asked over the one that every network has.
        if good.iter().any(IpAddr::is_ipv4) {
            good.retain(IpAddr::is_ipv4);
        }
        good.sort_unstable();
        good.dedup();
        good.truncate(MAX_ADDRESSES);
        match (good.is_empty(), refused.is_empty()) {
            (true, true) => Err("it has no address".to_owned()),
            (true, false) => {
                Err(format!("{refused:?} are addresses that a name may not have unless `allow_addresses` lists them"))
            }
            (false, true) => {
                self.last = None;
                Ok(good)
            }
            (false, false) => {
                self.complain(
                    "addresses of a name refused: `allow_addresses` does not list them",
                    format!("{refused:?}"),
                );
                Ok(good)
            }
        }
    }

    fn take(&mut self, addresses: &[IpAddr]) {
        let (upstream, endpoint) = (self.upstream.name(), self.upstream.endpoint(self.index));
        let before = self.upstream.addresses(self.index);
        if before != addresses {
            self.upstream.move_to(self.index, addresses);
            tracing::info!(upstream, endpoint, ?before, ?addresses, "addresses of an endpoint changed");
        }
    }

    fn complain(&mut self, what: &'static str, problem: String) {
        if self.last.as_ref() != Some(&problem) {
            let (upstream, endpoint) = (self.upstream.name(), self.upstream.endpoint(self.index));
            tracing::warn!(upstream, endpoint, problem, "{what}");
            self.last = Some(problem);
        }
    }
}

/// Whether an answer of a name server with this address is more likely an attack than a server: this machine itself, its
/// neighbours on the link, and where clouds keep credentials.
pub(super) fn is_suspect(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_suspect_v4(address),
        IpAddr::V6(address) => {
            address.is_unspecified()
                || address.is_loopback()
                || address.is_unicast_link_local()
                || address.is_multicast()
                || address == METADATA_V6
                || embedded(address).is_some_and(is_suspect_v4)
        }
    }
}

fn is_suspect_v4(address: Ipv4Addr) -> bool {
    address.octets().first() == Some(&0)
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || METADATA.contains(&address)
}

/// Metadata services outside 169.254/16: Alibaba Cloud, Oracle Cloud, Azure.
const METADATA: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
/// That of AWS.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);

/// The IPv4 address that a gateway would make of it: NAT64 (RFC 6052), 6to4 (RFC 3056), IPv4-compatible.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let last = |high: u16, low: u16| Some(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0, 0, 0, 0, 0, 0, high, low] => last(high, low),
        [0x2002, high, low, ..] => last(high, low),
        _ => None,
    }
}

/// Reads an address or a network.
pub(super) fn allowed(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}
