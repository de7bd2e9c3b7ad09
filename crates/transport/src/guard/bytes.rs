//! What a byte may be, one lookup each.

/// `tchar`, RFC 9110 §5.6.2: methods and field names.
pub(super) const TOKEN: u8 = 1;
/// In a field value or a quoted string: visible, space, HTAB, and 0x80 to 0xFF, which later stages judge by field.
pub(super) const VALUE: u8 = 2;
/// In a request target: visible ASCII without `#`. hyper cuts a fragment off in silence; the rest [`crate::target`] judges.
pub(super) const TARGET: u8 = 4;

const CLASSES: [u8; 256] = classes();

#[expect(clippy::indexing_slicing, reason = "runs in the compiler only, which checks the index")]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0_usize;
    while byte < 256 {
        let mut class = 0;
        if let b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'|' | b'~' =
            byte as u8
        {
            class |= TOKEN;
        }
        if let b'\t' | b' '..=b'~' | 0x80..=0xFF = byte as u8 {
            class |= VALUE;
        }
        if let b'!'..=b'"' | b'$'..=b'~' = byte as u8 {
            class |= TARGET;
        }
        table[byte] = class;
        byte = byte.wrapping_add(1);
    }
    table
}

pub(super) fn is(byte: u8, class: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// What follows the longest prefix of this class.
pub(super) fn skip(bytes: &[u8], class: u8) -> &[u8] {
    let length = bytes.iter().position(|byte| !is(*byte, class)).unwrap_or(bytes.len());
    bytes.get(length..).unwrap_or_default()
}

/// Optional whitespace, `OWS` and `BWS` of RFC 9110 §5.6.3.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}
