//! The PROXY protocol, versions 1 and 2: what a proxy that only passes bytes on says of its client, before the first of them.
//!
//! **Does**  reads one header from the first bytes of a connection.
//! **Never** reads from a socket, believes a header that is not exactly one of the grammar, or takes a byte behind it.
//! **Fails** with [`Invalid`]; the connection is then closed without an answer, because who sent it does not speak HTTP.
//! **Source** The PROXY protocol, HAProxy 3.x, sections 2.1 (text), 2.2 (binary), 2.2.3 (CRC-32C); edge/Y8, edge/Y9.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use portcullis_core::bounds::MAX_PROXY_HEADER_BYTES;

/// How every binary header begins.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family, length.
const FIXED_BYTES: usize = 16;
/// How every text header begins.
const WORD: &[u8; 6] = b"PROXY ";
/// The longest text header with its line end; the protocol says that no valid one is longer.
const MAX_LINE_BYTES: usize = 107;
/// The record that holds a checksum of the whole header.
const TYPE_CRC32C: u8 = 0x03;

/// What the bytes so far are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// The beginning of a header, and nothing behind it.
    Partial,
    /// A whole header.
    Whole {
        /// Its bytes; what follows is the client's.
        length: usize,
        /// The client; `None` where the proxy speaks for itself (LOCAL) or does not know (UNKNOWN).
        source: Option<SocketAddr>,
    },
}

/// The bytes are no header and cannot become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a PROXY protocol header")]
pub struct Invalid;

/// Reads the header that `bytes` begin with.
///
/// # Errors
/// [`Invalid`], as soon as that is certain.
pub fn parse(bytes: &[u8]) -> Result<Header, Invalid> {
    match bytes {
        [] => Ok(Header::Partial),
        [b'P', ..] => text(bytes),
        _ => binary(bytes),
    }
}

fn text(bytes: &[u8]) -> Result<Header, Invalid> {
    let begun = bytes.len().min(WORD.len());
    if bytes.get(..begun) != WORD.get(..begun) {
        return Err(Invalid);
    }
    let window = bytes.get(..bytes.len().min(MAX_LINE_BYTES)).unwrap_or(bytes);
    let Some(end) = memchr::memchr(b'\n', window) else {
        return if window.len() < MAX_LINE_BYTES { Ok(Header::Partial) } else { Err(Invalid) };
    };
    let line = window.get(WORD.len()..end).and_then(|line| line.strip_suffix(b"\r")).ok_or(Invalid)?;
    let line = std::str::from_utf8(line).map_err(|_| Invalid)?;
    let length = end.saturating_add(1);
    if line == "UNKNOWN" || line.starts_with("UNKNOWN ") {
        return Ok(Header::Whole { length, source: None }); // the protocol: whatever follows the word is to be ignored
    }
    let mut words = line.split(' ');
    let mut next = || words.next().ok_or(Invalid);
    let (family, source, destination, port, to_port) = (next()?, next()?, next()?, next()?, next()?);
    if words.next().is_some() {
        return Err(Invalid);
    }
    let (source, _) = match family {
        "TCP4" => (IpAddr::V4(parsed(source)?), IpAddr::V4(parsed(destination)?)),
        "TCP6" => (IpAddr::V6(parsed(source)?), IpAddr::V6(parsed(destination)?)),
        _ => return Err(Invalid),
    };
    let (port, _) = (self::port(port)?, self::port(to_port)?);
    Ok(Header::Whole { length, source: Some(SocketAddr::new(source, port)) })
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, Invalid> {
    text.parse().map_err(|_| Invalid)
}

/// Digits without a sign or leading zeros.
fn port(text: &str) -> Result<u16, Invalid> {
    let is_canonical = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    if is_canonical { parsed(text) } else { Err(Invalid) }
}

fn binary(bytes: &[u8]) -> Result<Header, Invalid> {
    let begun = bytes.len().min(SIGNATURE.len());
    if bytes.get(..begun) != SIGNATURE.get(..begun) {
        return Err(Invalid);
    }
    let Some([command, family, high, low]) = bytes.get(SIGNATURE.len()..).and_then(|rest| rest.first_chunk()) else {
        return Ok(Header::Partial);
    };
    let length = FIXED_BYTES.saturating_add(usize::from(u16::from_be_bytes([*high, *low])));
    if length > MAX_PROXY_HEADER_BYTES || !matches!(command, 0x20 | 0x21) {
        return Err(Invalid);
    }
    let Some(header) = bytes.get(..length) else { return Ok(Header::Partial) };
    let content = header.get(FIXED_BYTES..).unwrap_or_default();
    let source = match (*command, *family) {
        // The proxy itself (a health check), or a client that it cannot describe: the rest is to be skipped unread.
        (0x20, _) | (_, 0x00) => None,
        (_, 0x11) => {
            let ([a, b, c, d, _, _, _, _, high, low, _, _], records) = content.split_first_chunk().ok_or(Invalid)?;
            check(header, records)?;
            Some(SocketAddr::new(Ipv4Addr::new(*a, *b, *c, *d).into(), u16::from_be_bytes([*high, *low])))
        }
        (_, 0x21) => {
            let (address, rest) = content.split_first_chunk::<16>().ok_or(Invalid)?;
            let (_, rest) = rest.split_first_chunk::<16>().ok_or(Invalid)?;
            let ([high, low, _, _], records) = rest.split_first_chunk().ok_or(Invalid)?;
            check(header, records)?;
            Some(SocketAddr::new(Ipv6Addr::from(*address).into(), u16::from_be_bytes([*high, *low])))
        }
        _ => return Err(Invalid), // datagrams and Unix sockets do not lead to a TCP listener
    };
    Ok(Header::Whole { length, source })
}

/// The records behind the addresses: each within the header, and the checksum right where there is one.
fn check(header: &[u8], mut records: &[u8]) -> Result<(), Invalid> {
    let mut is_checked = false;
    while let [kind, high, low, rest @ ..] = records {
        let (value, behind) = rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low]))).ok_or(Invalid)?;
        if *kind == TYPE_CRC32C {
            let sum = value.try_into().map(u32::from_be_bytes).map_err(|_| Invalid)?;
            let place = header.len().saturating_sub(behind.len()).saturating_sub(value.len());
            let (before, after) = header.split_at_checked(place).ok_or(Invalid)?;
            let covered = before.iter().chain(&[0; 4]).chain(after.iter().skip(value.len()));
            if is_checked || crc32c(covered) != sum {
                return Err(Invalid);
            }
            is_checked = true;
        }
        records = behind;
    }
    if records.is_empty() { Ok(()) } else { Err(Invalid) }
}

/// CRC-32C (RFC 3720 appendix B.4), a bit at a time: at most [`MAX_PROXY_HEADER_BYTES`], once per connection.
fn crc32c<'a>(bytes: impl Iterator<Item = &'a u8>) -> u32 {
    let sum = bytes.fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0x82F6_3B78 & (sum & 1).wrapping_neg()))
    });
    !sum
}

#[cfg(test)]
mod tests;
