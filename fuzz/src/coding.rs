//! Content codings: decoding does not depend on the cuts, gives no more than its bound, and reads what encoders write. The
//! low bits of the first byte are the coding, the next says whether the rest is coded content or content to code, and two
//! more are the bound.

use std::io::{Read, Write as _};

use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use portcullis_schema::coding::{Coding, CodingError, Decoder, Limits, decode};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use crate::cuts::{cuttings, halves};

const BOUNDS: [u64; 4] = [1, 300, 20_000, 1_000_000];

/// All of it.
pub fn check(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let coding = [Coding::Gzip, Coding::Deflate, Coding::Brotli, Coding::Zstd][usize::from(mode & 3)];
    if mode & 4 != 0 {
        return reads_what_is_written(coding, data);
    }
    let limits = Limits::new(BOUNDS[usize::from((mode >> 3) & 3)]);
    let [whole, single, odd] = cuttings(data);
    let outcome = in_pieces(coding, limits, &whole);
    for pieces in [single, odd] {
        // Of content that is wrong twice, the cuts say which is found first.
        assert_eq!(in_pieces(coding, limits, &pieces).ok(), outcome.clone().ok(), "{coding:?} depends on the cuts");
    }
    assert_eq!(decode(coding, limits, data), outcome, "whole or pushed");
    if let Ok(content) = outcome {
        assert_eq!(second_opinion(coding, data).as_deref().ok(), Some(&content[..]), "{coding:?} is read in two ways");
    }
}

fn in_pieces(coding: Coding, limits: Limits, pieces: &[&[u8]]) -> Result<Vec<u8>, CodingError> {
    let (mut decoder, mut out) = (Decoder::new(coding, limits), Vec::new());
    let pushed = pieces.iter().try_for_each(|piece| decoder.push(piece, &mut out));
    assert!(out.len() as u64 <= limits.max_bytes, "{coding:?} gives more than its bound");
    if let Err(error) = pushed {
        assert_eq!((decoder.push(b"", &mut out), decoder.finish()), (Err(error), Err(error)), "an error is the end");
    }
    pushed.and_then(|()| decoder.finish()).map(|()| out)
}

fn reads_what_is_written(coding: Coding, content: &[u8]) {
    let coded = encoded(coding, content);
    let limits = |max_bytes| Limits { max_ratio: u64::MAX, ..Limits::new(max_bytes) };
    let length = content.len() as u64;
    let read = decode(coding, limits(length), &coded);
    assert_eq!(read.as_deref(), Ok(content), "{coding:?} does not read what was written");
    let [part, rest] = halves(&coded);
    if !rest.is_empty() {
        assert_eq!(decode(coding, limits(length), part), Err(CodingError::Truncated), "{coding:?} without its end");
    }
    let longer = [&coded[..], b"\0"].concat();
    assert!(decode(coding, limits(length), &longer).is_err(), "{coding:?} with a byte behind its end");
    if let Some(less) = length.checked_sub(1) {
        assert_eq!(decode(coding, limits(less), &coded), Err(CodingError::TooLarge), "{coding:?}");
    }
}

fn encoded(coding: Coding, content: &[u8]) -> Vec<u8> {
    let written = match coding {
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(content).and_then(|()| encoder.finish())
        }
        Coding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(content).and_then(|()| encoder.finish())
        }
        Coding::Brotli => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 18);
            encoder.write_all(content).map(|()| encoder.into_inner())
        }
        Coding::Zstd => Ok(compress_to_vec(content, CompressionLevel::Fastest)),
    };
    written.expect("memory takes it")
}

/// What the library of a coding makes of it.
fn second_opinion(coding: Coding, data: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    match coding {
        Coding::Gzip => GzDecoder::new(data).read_to_end(&mut out)?,
        Coding::Deflate => ZlibDecoder::new(data).read_to_end(&mut out)?,
        Coding::Brotli => brotli::Decompressor::new(data, 4096).read_to_end(&mut out)?,
        Coding::Zstd => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(data);
            decoder.map_err(std::io::Error::other)?.read_to_end(&mut out)?
        }
    };
    Ok(out)
}
