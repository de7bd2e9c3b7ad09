use super::*;
use proptest::prelude::*;

fn whole(length: usize, source: &str) -> Result<Header, Invalid> {
    Ok(Header::Whole { length, source: source.parse().ok() })
}

/// A binary header with its length filled in.
fn v2(command: u8, family: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [SIGNATURE.as_slice(), &[command, family], &length, content].concat()
}

const IPV4: &[u8] = &[192, 0, 2, 7, 198, 51, 100, 1, 0x1F, 0x90, 0x01, 0xBB];

fn ipv6() -> Vec<u8> {
    let address = |text: &str| text.parse::<Ipv6Addr>().unwrap().octets();
    [address("2001:db8::7").as_slice(), &address("2001:db8::1"), &[0x1F, 0x90, 0x01, 0xBB]].concat()
}

/// A header of TCP over IPv4 with a checksum between two other records, `sum` added to it.
fn checked(sum: u32) -> Vec<u8> {
    let records = [0x04, 0, 1, 9, TYPE_CRC32C, 0, 4, 0, 0, 0, 0, 0x04, 0, 0];
    let mut header = v2(0x21, 0x11, &[IPV4, &records].concat());
    let right = crc32c(header.iter()).wrapping_add(sum).to_be_bytes();
    header[35..39].copy_from_slice(&right); // 16 bytes, 12 of addresses, a record of 4, and what stands before the sum
    header
}

#[test]
fn text_headers() {
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(91));
    assert_eq!(long.len(), MAX_LINE_BYTES);
    let cases = [
        // edge/Y8
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", whole(32, "1.2.3.4:1"), "the client"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nGET", whole(32, "1.2.3.4:1"), "what follows is not looked at"),
        ("PROXY TCP6 2001:db8::1 ::1 65535 0\r\n", whole(36, "[2001:db8::1]:65535"), "IPv6"),
        ("PROXY UNKNOWN\r\n", whole(15, ""), "edge/Y9: the proxy's address"),
        ("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", whole(35, ""), "edge/Y9: the rest of the line is ignored"),
        (&long, whole(107, ""), "the longest"),
        ("", Ok(Header::Partial), "nothing yet"),
        ("PRO", Ok(Header::Partial), "begun"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r", Ok(Header::Partial), "begun"),
        // edge/Y9
        (&format!("PROXY UNKNOWN {}\r\n", "x".repeat(92)), Err(Invalid), "108 bytes"),
        (&format!("PROXY {}", "x".repeat(101)), Err(Invalid), "107 bytes without an end"),
        ("PRI * HTTP/2.0\r\n", Err(Invalid), "HTTP/2"),
        ("POST / HTTP/1.1\r\n", Err(Invalid), "HTTP/1.1"),
        ("GET / HTTP/1.1\r\n", Err(Invalid), "HTTP/1.1"),
        ("proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", Err(Invalid), "lower case"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", Err(Invalid), "a bare LF"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", Err(Invalid), "a space behind"),
        ("PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n", Err(Invalid), "two spaces"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", Err(Invalid), "a port is missing"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", Err(Invalid), "one too many"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", Err(Invalid), "no port"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", Err(Invalid), "a leading zero"),
        ("PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", Err(Invalid), "a sign"),
        ("PROXY TCP4 1.2.3.04 5.6.7.8 1 2\r\n", Err(Invalid), "a leading zero: octal to some"),
        ("PROXY TCP4 2001:db8::1 ::1 1 2\r\n", Err(Invalid), "IPv6 as TCP4"),
        ("PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", Err(Invalid), "IPv4 as TCP6"),
        ("PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", Err(Invalid), "datagrams"),
        ("PROXY UNKNOWNX\r\n", Err(Invalid), "another word"),
        ("PROXY \r\n", Err(Invalid), "no family"),
    ];
    for (bytes, expected, why) in cases {
        assert_eq!(parse(bytes.as_bytes()), expected, "{bytes:?}: {why}");
    }
}

#[test]
fn binary_headers() {
    let record = |kind, length: u16, value: &[u8]| [&[kind], length.to_be_bytes().as_slice(), value].concat();
    let client = whole(28, "192.0.2.7:8080");
    let cases = [
        // edge/Y8
        (v2(0x21, 0x11, IPV4), client, "TCP over IPv4"),
        ([v2(0x21, 0x11, IPV4), b"GET".to_vec()].concat(), client, "what follows is not looked at"),
        (v2(0x21, 0x21, &ipv6()), whole(52, "[2001:db8::7]:8080"), "TCP over IPv6"),
        (v2(0x21, 0x11, &[IPV4, &record(0xEE, 2, b"ab")].concat()), whole(33, "192.0.2.7:8080"), "an unknown record"),
        (checked(0), whole(42, "192.0.2.7:8080"), "a right checksum"),
        // edge/Y9
        (v2(0x20, 0x00, &[]), whole(16, ""), "LOCAL: the proxy's address"),
        (v2(0x20, 0x11, IPV4), whole(28, ""), "LOCAL: its addresses are ignored"),
        (v2(0x21, 0x00, b"anything"), whole(24, ""), "a client that the proxy cannot describe"),
        (SIGNATURE[..7].to_vec(), Ok(Header::Partial), "begun"),
        (v2(0x21, 0x11, IPV4)[..27].to_vec(), Ok(Header::Partial), "a byte is missing"),
        (checked(1), Err(Invalid), "a wrong checksum"),
        (v2(0x21, 0x11, &[IPV4, &record(TYPE_CRC32C, 3, b"abc")].concat()), Err(Invalid), "no checksum"),
        (v2(0x21, 0x11, &[IPV4, &record(1, 3, b"ab")].concat()), Err(Invalid), "a record over the end"),
        (v2(0x21, 0x11, &[IPV4, &[1, 0]].concat()), Err(Invalid), "half a record"),
        (v2(0x21, 0x11, &IPV4[..11]), Err(Invalid), "too short for its family"),
        (v2(0x21, 0x21, IPV4), Err(Invalid), "too short for its family"),
        (v2(0x21, 0x12, IPV4), Err(Invalid), "datagrams"),
        (v2(0x21, 0x31, &[0; 216]), Err(Invalid), "a Unix socket"),
        (v2(0x22, 0x11, IPV4), Err(Invalid), "an unknown command"),
        (v2(0x11, 0x11, IPV4), Err(Invalid), "an unknown version"),
        (v2(0x21, 0x00, &[0; MAX_PROXY_HEADER_BYTES]), Err(Invalid), "over our bound"),
        (b"\r\n\r\n\0\r\nQUIX".to_vec(), Err(Invalid), "another signature"),
    ];
    for (bytes, expected, why) in cases {
        assert_eq!(parse(&bytes), expected, "{bytes:?}: {why}");
    }
}

#[test]
fn the_checksum_is_crc_32c() {
    assert_eq!(crc32c(b"123456789".iter()), 0xE306_9283); // the check value of RFC 3720's polynomial
}

proptest! {
    /// A header is whole at one length only: cut anywhere it is partial, and nothing behind it changes what it is.
    #[test]
    fn cut_and_continued(which in 0..6_usize, cut in any::<prop::sample::Index>(), behind in prop::collection::vec(any::<u8>(), 0..40)) {
        let header = [
            b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n".to_vec(),
            b"PROXY UNKNOWN what ever\r\n".to_vec(),
            v2(0x21, 0x11, IPV4),
            v2(0x21, 0x21, &ipv6()),
            v2(0x20, 0x00, &[1, 2, 3]),
            checked(0),
        ][which].clone();
        prop_assert_eq!(parse(&header[..cut.index(header.len())]), Ok(Header::Partial));
        let Ok(Header::Whole { length, source }) = parse(&header) else { panic!("{header:?}") };
        prop_assert_eq!(length, header.len());
        prop_assert_eq!(parse(&[header, behind].concat()), Ok(Header::Whole { length, source }));
    }

    #[test]
    fn any_bytes_are_judged(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(Header::Whole { length, .. }) = parse(&bytes) {
            prop_assert!(length <= bytes.len());
        }
    }
}
