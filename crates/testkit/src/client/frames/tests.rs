use super::*;

#[test]
fn a_status_is_read_in_every_form() {
    for (block, expected) in [
        (&b"\x88"[..], 200),
        (b"\x8d\x00", 404),
        (b"\x08\x03431", 431),
        (b"\x48\x83\x68\x2c\xff", 413), // Huffman
        (b"\x48\x82\x64\x02", 302),     // RFC 7541 appendix C.6.1
        (b"", 0),
    ] {
        assert_eq!(status(block), expected, "{block:?}");
    }
}

#[test]
fn long_values_have_long_lengths() {
    let mut out = Vec::new();
    literal(&mut out, b"n", &[b'v'; 1337 + 96]);
    assert_eq!(&out[..6], b"\x00\x01n\x7f\x9a\x0a", "127 + 26 + 10 × 128");
}
