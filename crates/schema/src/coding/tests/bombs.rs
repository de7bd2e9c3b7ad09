//! Little that becomes much (CWE-409).

use super::*;

const MIB: usize = 1024 * 1024;

/// Blocks of zstd that are one byte, 128 KiB long: 4 bytes each.
fn runs(blocks: usize, window: u8) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0, window];
    for block in 1..=blocks {
        let header = u32::try_from((128 * 1024) << 3 | 1 << 1 | usize::from(block == blocks)).unwrap();
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

/// Pushes byte by byte; gives the error, how many bytes it took, and the most that `out` had room for.
fn push(coding: Coding, limits: Limits, content: &[u8]) -> (CodingError, usize, usize) {
    let (mut decoder, mut out) = (Decoder::new(coding, limits), Vec::new());
    for (place, byte) in content.iter().enumerate() {
        if let Err(error) = decoder.push(&[*byte], &mut out) {
            return (error, place, out.len());
        }
    }
    panic!("{coding:?} decoded {} bytes: {:?}", out.len(), decoder.finish())
}

#[test]
fn a_bomb_ends_at_the_ratio_and_without_one_at_the_bound() {
    let zeros = vec![0; 8 * MIB];
    let bombs = [
        (Coding::Gzip, gzip(&zeros)),
        (Coding::Deflate, zlib(&zeros)),
        (Coding::Brotli, bytes(samples::BROTLI_BOMB)),
        (Coding::Zstd, runs(64, 0x58)),
        (Coding::Zstd, zstd(&zeros)),
    ];
    for (coding, bomb) in bombs {
        // The decoder that holds back a window, or allocates by what is announced, ends at the bound.
        let (error, _, given) = push(coding, limits(), &bomb);
        assert!(matches!(error, CodingError::Ratio | CodingError::TooLarge), "{coding:?} {error:?}");
        assert!(given <= MIB, "{coding:?} {given}");
        let any_ratio = Limits { max_ratio: u64::MAX, ..limits() };
        let (error, _, given) = push(coding, any_ratio, &bomb);
        assert_eq!(error, CodingError::TooLarge, "{coding:?}");
        assert!(given <= MIB, "{coding:?} {given}");
    }
}

#[test]
fn what_expands_a_lot_passes_below_the_size_from_which_the_ratio_counts() {
    let zeros = vec![0; 64 * 1024];
    for (coding, content) in
        [(Coding::Gzip, gzip(&zeros)), (Coding::Deflate, zlib(&zeros)), (Coding::Zstd, zstd(&zeros))]
    {
        assert_eq!(decode(coding, limits(), &content).unwrap().len(), zeros.len(), "{coding:?}");
    }
    assert_eq!(decode(Coding::Gzip, limits(), &gzip(&vec![0; 80 * 1024])), Err(CodingError::Ratio));
}

#[test]
fn a_window_over_its_bound_is_refused_before_it_is_allocated() {
    let wide = bytes(samples::ZSTD_TOO_WIDE);
    assert_eq!(push(Coding::Zstd, limits(), &wide).0, CodingError::Window);
    assert_eq!(push(Coding::Zstd, limits(), &wide).1, 5, "at the byte that says so");
    // 8 MiB is 13 in the exponent; an eighth more is over it.
    assert!(matches!(push(Coding::Zstd, limits(), &runs(9, 13 << 3)).0, CodingError::TooLarge | CodingError::Ratio));
    assert_eq!(push(Coding::Zstd, limits(), &runs(1, 13 << 3 | 1)).0, CodingError::Window);
}

#[test]
fn no_more_is_held_than_may_come_out() {
    // 8 MiB of window, and 1 MiB may come out: the ninth block is one too many, however much the window would hold.
    let (error, taken, _) = push(Coding::Zstd, Limits { max_ratio: u64::MAX, ..limits() }, &runs(64, 13 << 3));
    assert_eq!((error, taken), (CodingError::TooLarge, 6 + 9 * 4 - 1));
    // A frame that announces more than that is not begun: single segment, size in four bytes.
    let announced = bytes("28b52ffda001001000");
    assert_eq!(push(Coding::Zstd, limits(), &announced).0, CodingError::TooLarge);
    // As for brotli, whose block announces 16 MiB: refused before 1 MiB came out.
    let (error, _, given) = push(Coding::Brotli, limits(), &bytes(samples::BROTLI_BOMB));
    assert_eq!((error, given), (CodingError::TooLarge, 0));
}

#[test]
fn a_frame_of_zstd_that_no_http_has_is_refused() {
    for (hex, why) in [
        ("502a4d1804000000deadbeef", "a frame to be skipped"),
        ("28b52ffd0158 07 010000", "a dictionary"),
        ("28b52ffd0858010000", "a reserved bit"),
        ("28b52ffd0058070000", "a reserved type of block"),
        ("28b52ffd0058010080", "a block of 1 MiB"),
        ("28b52ffd2002090000617c", "another size than announced"),
    ] {
        let outcome = decode(Coding::Zstd, limits(), &bytes(&hex.replace(' ', "")));
        assert_eq!(outcome, Err(CodingError::Malformed), "{why}");
    }
}
