use super::{PERIOD, Reader, pieces};

const LENGTH: usize = 3 * PERIOD + 17;

fn pattern() -> Vec<u8> {
    pieces(LENGTH as u64).flatten().collect()
}

#[test]
fn what_was_written_is_what_is_read() {
    let mut reader = Reader::default();
    pattern().chunks(4_099).for_each(|chunk| reader.read(chunk));
    assert_eq!(reader, Reader { length: LENGTH as u64, is_intact: true });
}

#[test]
fn every_fault_is_seen() {
    let right = pattern();
    let [mut changed, mut missing, mut page, mut twice] = [right.clone(), right.clone(), right.clone(), right.clone()];
    changed[70_000] ^= 1;
    missing.remove(70_000);
    page.drain(8_192..12_288);
    twice.splice(..0, right[..65_536].iter().copied());
    let cases =
        [("a byte changed", changed), ("a byte missing", missing), ("a page missing", page), ("64 KiB twice", twice)];
    for (fault, bytes) in cases {
        let mut reader = Reader::default();
        reader.read(&bytes);
        assert!(!reader.is_intact, "{fault}");
    }
}
