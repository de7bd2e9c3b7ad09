//! The gateway's own addresses, and endpoints that must not be one of them.

use super::Compiler;
use crate::config::shape::Config;
use http::Uri;
use portcullis_core::config::{ConfigError, Spanned};
use portcullis_transport::client::TrustedProxies;
use std::net::{IpAddr, SocketAddr};

impl Compiler<'_> {
    /// Addresses of the admin and the health listener. Two listeners on one address cannot both be bound.
    pub(super) fn own_addresses(&mut self, config: &Config) -> (Option<SocketAddr>, Option<SocketAddr>) {
        let admin = config.admin.as_ref().and_then(|admin| self.address(&admin.address));
        if let (Some(admin), Some(written)) = (admin, &config.admin)
            && !admin.ip().to_canonical().is_loopback()
        {
            let message = format!("admin on `{admin}`, which is not loopback, without TLS");
            self.error(
                &written.address,
                message,
                "a loopback address, such as `127.0.0.1:9901`; `health` for load balancers",
            );
        }
        let health = config.health.as_ref().and_then(|health| self.address(&health.address));
        let own = own(config);
        for (index, (address, place)) in own.iter().enumerate() {
            let earlier = own.iter().take(index).find(|(earlier, _)| is_same(*earlier, *address));
            if let Some((_, earlier)) = earlier {
                let message = format!("`{address}` is taken by line {}", earlier.referenced.line());
                self.error(place, message, "an address and port of its own");
            }
        }
        (admin, health)
    }

    fn address(&mut self, written: &Spanned<String>) -> Option<SocketAddr> {
        let parsed = written.value.parse().ok();
        if parsed.is_none() {
            let message = format!("`{}` is not an address with a port", written.value);
            self.error(written, message, "both, such as `127.0.0.1:9901` or `[::1]:9901`");
        }
        parsed
    }

    /// An endpoint that is one of our own listeners would forward to ourselves, or make the admin listener public.
    pub(super) fn refuse_loops(&mut self, config: &Config) {
        let own = own(config);
        for endpoint in config.upstreams.iter().flat_map(|(_, upstream)| &upstream.value.endpoints) {
            let Some((host, port)) = host_and_port(&endpoint.value) else { continue };
            let target = own.iter().find(|(address, _)| {
                address.port() == port
                    && port != 0
                    && match host {
                        Some(ip) => ip == address.ip().to_canonical() || (is_own(ip) && is_reached_locally(*address)),
                        None => is_reached_locally(*address),
                    }
            });
            if let Some((_, place)) = target {
                let message = format!("`{}` is this gateway itself (line {})", endpoint.value, place.referenced.line());
                self.error(endpoint, message, "the address of another server");
            }
        }
    }

    /// A trusted proxy that is an upstream too: whoever can make the upstream send requests chooses the client address.
    pub(super) fn warn_of_trusted_endpoints(&mut self, config: &Config, proxies: &TrustedProxies) {
        for endpoint in config.upstreams.iter().flat_map(|(_, upstream)| &upstream.value.endpoints) {
            if let Some((Some(ip), _)) = host_and_port(&endpoint.value)
                && proxies.contains(ip)
            {
                let message = format!("`{}` is covered by `trusted_proxies`", endpoint.value);
                let accepted = "trusted proxies that are no upstream";
                self.findings.push(ConfigError::at(&endpoint.referenced, message, accepted).warning());
            }
        }
    }
}

/// Every address that this configuration listens on, with the place where it is written.
fn own(config: &Config) -> Vec<(SocketAddr, &Spanned<String>)> {
    let listeners = config.listeners.iter().map(|listener| &listener.address);
    let admin = config.admin.iter().map(|admin| &admin.address);
    let health = config.health.iter().map(|health| &health.address);
    listeners.chain(admin).chain(health).filter_map(|written| Some((written.value.parse().ok()?, written))).collect()
}

fn is_same(left: SocketAddr, right: SocketAddr) -> bool {
    left.port() != 0
        && left.port() == right.port()
        && (left.ip() == right.ip()
            || (left.is_ipv4() == right.is_ipv4() && (left.ip().is_unspecified() || right.ip().is_unspecified())))
}

/// Addresses that are always this machine.
fn is_own(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified()
}

fn is_reached_locally(address: SocketAddr) -> bool {
    is_own(address.ip().to_canonical())
}

/// Host and port of an endpoint. The host is `Some(None)` for names of this machine, which is `localhost`; other names are
/// not looked up, so they give nothing.
fn host_and_port(endpoint: &str) -> Option<(Option<IpAddr>, u16)> {
    let uri: Uri = endpoint.parse().ok()?;
    let authority = uri.authority()?;
    let port = authority.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    let host = authority.host().trim_start_matches('[').trim_end_matches(']');
    match host.parse::<IpAddr>() {
        Ok(ip) => Some((Some(ip.to_canonical()), port)),
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            (host == "localhost" || host.ends_with(".localhost")).then_some((None, port))
        }
    }
}
