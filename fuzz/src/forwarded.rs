//! Who the client is, from `X-Forwarded-For` and `Forwarded`. Each line is a field line.

use std::net::{IpAddr, SocketAddr};

use http::header::FORWARDED;
use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_core::config::Spanned;
use portcullis_transport::client::{Client, Source, TrustedProxies, address};
use serde_saphyr::Location;

const TRUSTED: &str = "10.0.0.1:4711";
const STRANGER: &str = "203.0.113.9:4711";
const NETWORKS: [&str; 3] = ["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.7"];

/// All of it.
pub fn check(data: &[u8]) {
    let lines: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    let forged = |element: &[u8]| [element, b", ", lines[0]].concat();
    for (source, name, element) in [
        (Source::XForwardedFor, HeaderName::from_static("x-forwarded-for"), &b"198.51.100.1"[..]),
        (Source::Forwarded, FORWARDED, b"for=198.51.100.1"),
    ] {
        let trusted = trusted(source);
        let find = |peer: &str, lines: &[&[u8]]| client(peer, &name, lines, &trusted);
        let stranger = find(STRANGER, &lines).flatten();
        let itself = Client { is_trusted: false, is_cut: false, ..reached(STRANGER) };
        assert!(stranger.is_none_or(|found| found == itself), "a stranger is believed");
        let Some(found) = find(TRUSTED, &lines) else { continue };
        assert_eq!(find(TRUSTED, &[&lines.join(&b',')[..]]), Some(found), "lines are a list (RFC 9110 §5.3)");
        let Some(found) = found else { continue };
        assert_eq!((found.peer, found.is_trusted), (reached(TRUSTED).peer, true));
        assert_eq!(found.address, found.address.to_canonical(), "an address in two forms");
        let first = forged(element);
        let longer: Vec<&[u8]> = std::iter::once(&first[..]).chain(lines.iter().skip(1).copied()).collect();
        if let Some(Some(other)) = find(TRUSTED, &longer)
            && (found.is_cut || !trusted.contains(found.address))
        {
            assert_eq!(other, found, "what a client writes before its address changes it");
        }
        oracle(source, &lines, &trusted, found);
    }
}

fn trusted(source: Source) -> TrustedProxies {
    let list = NETWORKS.map(|network| Spanned::new(network.to_owned(), Location::UNKNOWN, Location::UNKNOWN));
    TrustedProxies::compile(&list, source).expect("networks").0
}

fn reached(peer: &str) -> Client {
    let peer = peer.parse::<SocketAddr>().expect("an address").ip();
    Client { address: peer, peer, is_trusted: true, is_cut: false }
}

/// The client; the inner `None` where the request is refused, the outer one where a line is no field value.
fn client(peer: &str, name: &HeaderName, lines: &[&[u8]], trusted: &TrustedProxies) -> Option<Option<Client>> {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(name, HeaderValue::from_bytes(line).ok()?);
    }
    Some(address(peer.parse().expect("an address"), &headers, trusted).ok())
}

/// Plain addresses, read from the right: the first that is not trusted, or the left-most.
fn oracle(source: Source, lines: &[&[u8]], trusted: &TrustedProxies, found: Client) {
    let text = String::from_utf8_lossy(&lines.join(&b',')).into_owned();
    let plain: Option<Vec<IpAddr>> = text
        .split(',')
        .map(|element| match source {
            Source::XForwardedFor => element.trim_matches([' ', '\t']).parse().ok(),
            Source::Forwarded => element.trim_matches([' ', '\t']).strip_prefix("for=")?.parse().ok(),
        })
        .collect();
    let Some(plain) = plain else { return };
    let plain: Vec<IpAddr> = plain.into_iter().map(|address| address.to_canonical()).collect();
    let expected = plain.iter().rev().find(|address| !trusted.contains(**address)).or(plain.first());
    assert_eq!((Some(&found.address), found.is_cut), (expected, false), "{text}");
}
