//! The PROXY protocol: what a prefix says holds for all that begins with it, and no byte behind the header is looked at.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use portcullis_core::bounds::MAX_PROXY_HEADER_BYTES;
use portcullis_transport::proxy_protocol::{Header, Invalid, parse};

/// Cuts beyond which only every 16th is tried.
const EACH: usize = 256;

/// All of it.
pub fn check(data: &[u8]) {
    let verdict = parse(data);
    for cut in (0..data.len()).filter(|cut| *cut < EACH || cut % 16 == 0) {
        let early = parse(&data[..cut]);
        match (early, verdict) {
            (Ok(Header::Partial), _) => {}
            (Err(Invalid), Err(Invalid)) => {}
            (Ok(Header::Whole { length, .. }), _) if length <= cut => assert_eq!(early, verdict, "at {cut}"),
            _ => panic!("{early:?} after {cut} bytes, then {verdict:?}"),
        }
    }
    match verdict {
        Ok(Header::Whole { length, source }) => {
            assert!(length <= data.len() && length <= MAX_PROXY_HEADER_BYTES);
            assert_eq!(parse(&data[..length]), verdict, "the header alone");
            assert_eq!(parse(&data[..length - 1]), Ok(Header::Partial), "a header without its last byte");
            if let Some(source) = source {
                assert_eq!(plain(&data[..length]), Some(source));
            }
        }
        Ok(Header::Partial) => assert!(data.len() < MAX_PROXY_HEADER_BYTES, "it waits for ever"),
        Err(Invalid) => {}
    }
}

/// The source address at its place.
fn plain(header: &[u8]) -> Option<SocketAddr> {
    if header.starts_with(b"PROXY ") {
        let text = std::str::from_utf8(header).ok()?;
        let words: Vec<&str> = text.strip_suffix("\r\n")?.split(' ').collect();
        let [_, family, source, _, port, _] = words[..] else { return None };
        let address: IpAddr = source.parse().ok()?;
        let is_right = address.is_ipv4() == (family == "TCP4") && matches!(family, "TCP4" | "TCP6");
        return is_right.then_some(SocketAddr::new(address, port.parse().ok()?));
    }
    let port = |at: usize| Some(u16::from_be_bytes(header.get(at..at + 2)?.try_into().ok()?));
    match header.get(12..14)? {
        [0x21, 0x11] => {
            let octets: [u8; 4] = header.get(16..20)?.try_into().ok()?;
            Some(SocketAddr::new(Ipv4Addr::from(octets).into(), port(24)?))
        }
        [0x21, 0x21] => {
            let octets: [u8; 16] = header.get(16..32)?.try_into().ok()?;
            Some(SocketAddr::new(Ipv6Addr::from(octets).into(), port(48)?))
        }
        _ => None,
    }
}
