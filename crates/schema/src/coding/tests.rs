mod bombs;
mod samples;

use super::*;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::HeaderValue;
use proptest::prelude::*;
use std::io::Write as _;

const ALL: [Coding; 4] = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd];

fn limits() -> Limits {
    Limits::new(1024 * 1024)
}

fn sample() -> String {
    let item = |id: u32| format!(r#"{{"id":{id},"name":"item {}"}}"#, id.wrapping_mul(7919) % 1000);
    format!("[{}]", (0..60).map(item).collect::<Vec<_>>().join(","))
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes().chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn samples() -> Vec<(Coding, Vec<u8>)> {
    vec![
        (Coding::Gzip, bytes(samples::GZIP)),
        (Coding::Deflate, bytes(samples::ZLIB)),
        (Coding::Brotli, bytes(samples::BROTLI)),
        (Coding::Brotli, bytes(samples::BROTLI_WIDE)),
        (Coding::Zstd, bytes(samples::ZSTD)),
        (Coding::Zstd, bytes(samples::ZSTD_WIDE)),
    ]
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zlib(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zstd(content: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(content, ruzstd::encoding::CompressionLevel::Fastest)
}

/// Decodes what arrives in pieces of this size.
fn in_pieces(coding: Coding, content: &[u8], piece: usize) -> Result<Vec<u8>, CodingError> {
    let (mut decoder, mut out) = (Decoder::new(coding, limits()), Vec::new());
    for piece in content.chunks(piece) {
        decoder.push(piece, &mut out)?;
    }
    decoder.finish().map(|()| out)
}

#[test]
fn what_others_encode_is_decoded_however_it_is_cut() {
    for (coding, content) in samples() {
        assert_eq!(decode(coding, limits(), &content).unwrap(), sample().into_bytes(), "{coding:?}");
        for piece in [1, 2, 7, 100] {
            assert_eq!(in_pieces(coding, &content, piece).unwrap(), sample().into_bytes(), "{coding:?} by {piece}");
        }
    }
}

#[test]
fn nothing_at_all_is_what_its_coding_says_it_is() {
    for (coding, content) in [
        (Coding::Gzip, gzip(b"")),
        (Coding::Deflate, zlib(b"")),
        (Coding::Brotli, vec![0x3b]),
        (Coding::Zstd, bytes("28b52ffd2000010000")),
    ] {
        assert_eq!(decode(coding, limits(), &content), Ok(Vec::new()), "{coding:?}");
        assert_eq!(decode(coding, limits(), b""), Err(CodingError::Truncated), "{coding:?}");
    }
}

#[test]
fn a_coding_is_named_once() {
    let of = |lines: &[&str]| {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(CONTENT_ENCODING, HeaderValue::from_str(line).unwrap());
        }
        Coding::of(&headers)
    };
    let cases: [(&[&str], _); 12] = [
        (&[], Ok(None)),
        (&["identity"], Ok(None)),
        (&["gzip"], Ok(Some(Coding::Gzip))),
        (&["X-GZIP"], Ok(Some(Coding::Gzip))),
        (&["deflate"], Ok(Some(Coding::Deflate))),
        (&[" br , identity"], Ok(Some(Coding::Brotli))),
        (&["zstd"], Ok(Some(Coding::Zstd))),
        (&["gzip, gzip"], Err(CodingError::Several)),
        (&["gzip", "br"], Err(CodingError::Several)),
        (&["snappy"], Err(CodingError::Unknown)),
        (&["gzip;q=1"], Err(CodingError::Unknown)),
        (&["compress"], Err(CodingError::Unknown)),
    ];
    for (lines, expected) in cases {
        assert_eq!(of(lines), expected, "{lines:?}");
    }
}

#[test]
fn what_is_not_of_its_coding_is_refused() {
    // contract/V-54
    for coding in ALL {
        assert_eq!(decode(coding, limits(), br#"{"plain":"body"}"#), Err(CodingError::Malformed), "{coding:?}");
    }
    let mut raw = DeflateEncoder::new(Vec::new(), Compression::default());
    raw.write_all(sample().as_bytes()).unwrap();
    assert_eq!(decode(Coding::Deflate, limits(), &raw.finish().unwrap()), Err(CodingError::Malformed), "no zlib");
}

#[test]
fn nothing_follows_the_end() {
    // contract/V-54
    for (coding, content) in samples() {
        for more in [b"x".as_slice(), b"\0", &content] {
            let both = [content.as_slice(), more].concat();
            assert_eq!(decode(coding, limits(), &both), Err(CodingError::Trailing), "{coding:?}");
            assert_eq!(in_pieces(coding, &both, 1), Err(CodingError::Trailing), "{coding:?} by one");
        }
    }
}

#[test]
fn what_has_no_end_is_refused_wherever_it_was_cut() {
    for (coding, content) in samples() {
        for end in 0..content.len() {
            let outcome = decode(coding, limits(), &content[..end]);
            assert_eq!(outcome, Err(CodingError::Truncated), "{coding:?} {end}");
        }
    }
}

#[test]
fn a_changed_checksum_or_size_is_refused() {
    for (coding, content) in samples().into_iter().filter(|(coding, _)| *coding != Coding::Brotli) {
        for from_end in 1..=4 {
            let mut changed = content.clone();
            let at = changed.len() - from_end;
            changed[at] ^= 1;
            assert_eq!(decode(coding, limits(), &changed), Err(CodingError::Malformed), "{coding:?} {from_end}");
        }
    }
}

#[test]
fn an_error_is_the_answer_to_all_that_follows() {
    let (mut decoder, mut out) = (Decoder::new(Coding::Gzip, limits()), Vec::new());
    assert_eq!(decoder.push(b"plain", &mut out), Err(CodingError::Malformed));
    assert_eq!(decoder.push(&gzip(b"{}"), &mut out), Err(CodingError::Malformed));
    assert_eq!(decoder.finish(), Err(CodingError::Malformed));
    assert!(out.is_empty());
}

#[test]
fn a_gzip_header_may_hold_what_the_format_has_within_a_bound() {
    let data = gzip(b"{}").split_off(10);
    let with = |flags: u8, fields: &[u8]| {
        let header = [0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255];
        decode(Coding::Gzip, limits(), &[&header, fields, &data].concat())
    };
    assert_eq!(with(0, b""), Ok(b"{}".to_vec()));
    assert_eq!(with(0b1_1110, b"\x02\x00abname\0comment\0\x00\x00"), Ok(b"{}".to_vec()));
    assert_eq!(with(0b1000, &[b'n'; 600]), Err(CodingError::Malformed), "a name without end");
    assert_eq!(with(0b10_0000, b""), Err(CodingError::Malformed), "a reserved flag");
}

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_itself(content in prop::collection::vec(any::<u8>(), 0..3000), piece in 1..700_usize) {
        for (coding, encoded) in [
            (Coding::Gzip, gzip(&content)),
            (Coding::Deflate, zlib(&content)),
            (Coding::Zstd, zstd(&content)),
        ] {
            prop_assert_eq!(in_pieces(coding, &encoded, piece), Ok(content.clone()), "{:?}", coding);
        }
    }

    #[test]
    fn whatever_arrives_stays_within_the_bounds(noise in prop::collection::vec(any::<u8>(), 0..300), at in any::<prop::sample::Index>(), byte in any::<u8>(), piece in 1..50_usize) {
        let tight = Limits { max_bytes: 1_000, max_ratio: 20, ratio_from: 100 };
        let changed = samples().into_iter().map(|(coding, mut content)| {
            let at = at.index(content.len());
            content[at] = byte;
            (coding, content)
        });
        for (coding, content) in changed.chain(ALL.map(|coding| (coding, noise.clone()))) {
            let (mut decoder, mut out) = (Decoder::new(coding, tight), Vec::new());
            for piece in content.chunks(piece) {
                let outcome = decoder.push(piece, &mut out);
                prop_assert!(out.len() <= 1_000, "{:?}", coding);
                if outcome.is_err() {
                    break;
                }
            }
        }
    }
}
