//! The same bytes in different pieces.

/// Whole, byte by byte, and in pieces that the bytes themselves choose.
pub(crate) fn cuttings(data: &[u8]) -> [Vec<&[u8]>; 3] {
    [vec![data], data.chunks(1).collect(), odd(data)]
}

/// Pieces of 1 to 16 bytes, and a long one now and then; the same for the same bytes.
fn odd(mut data: &[u8]) -> Vec<&[u8]> {
    let mut state = data.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3) // FNV-1a
    });
    let mut pieces = Vec::new();
    while !data.is_empty() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let choice = (state >> 33) as usize;
        let length = if choice % 8 == 0 { 200 } else { 1 + choice % 16 };
        let (piece, rest) = data.split_at(length.min(data.len()));
        pieces.push(piece);
        data = rest;
    }
    pieces
}

/// Two parts, cut where the bytes themselves choose.
pub(crate) fn halves(data: &[u8]) -> [&[u8]; 2] {
    let sum = data.iter().fold(data.len(), |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    let (first, second) = data.split_at(sum % (data.len() + 1));
    [first, second]
}
