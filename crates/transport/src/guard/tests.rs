#![expect(clippy::arithmetic_side_effects, reason = "positions in a few bytes")]

mod agreement;

use portcullis_core::bounds::{MAX_CHUNK_EXTENSION_BYTES, SMALL_CHUNKS};
use proptest::prelude::*;

use super::*;

/// Reads `bytes` in pieces of `cut` and gives how many were good and where it stands.
fn read(bytes: &[u8], cut: usize) -> (usize, Guard) {
    let mut guard = Guard::new();
    let mut good = 0;
    for piece in bytes.chunks(cut) {
        let taken = guard.inspect(piece);
        good += taken;
        if taken < piece.len() {
            assert!(guard.halt().is_some(), "takes all or says why");
            break;
        }
    }
    (good, guard)
}

/// Reads `bytes` whole, and checks that cuts change nothing.
fn judge(bytes: &[u8]) -> (usize, Guard) {
    let (good, guard) = read(bytes, bytes.len().max(1));
    for cut in [1, 2, 3, 7] {
        let (again, other) = read(bytes, cut);
        assert_eq!((again, format!("{other:?}")), (good, format!("{guard:?}")), "cut by {cut}: {:?}", shown(bytes));
    }
    (good, guard)
}

fn shown(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(200)].escape_ascii().to_string()
}

const MALFORMED: Option<Halt> = Some(Halt::Head(Reason::RequestMalformed));
const CODING: Option<Halt> = Some(Halt::Head(Reason::TransferCodingUnknown));
const VERSION: Option<Halt> = Some(Halt::Head(Reason::VersionUnsupported));
const BROKEN: Option<Halt> = Some(Halt::Content(Reason::BodyMalformed));

/// The first byte that is refused stands behind `¦`; one character is one byte.
fn check(cases: &[(&str, Option<Halt>)], before: &str, after: &str) {
    for (case, halt) in cases {
        let text = format!("{before}{case}{after}");
        let bytes: Vec<u8> = text.chars().filter(|c| *c != '¦').map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let good = text.chars().position(|c| c == '¦').unwrap_or(bytes.len());
        let (taken, guard) = judge(&bytes);
        assert_eq!(guard.halt(), *halt, "{case:?}");
        assert_eq!(taken, good, "{case:?}: good bytes");
        if halt.is_none() {
            assert_eq!((guard.heads(), guard.place()), (1, Place::Between), "{case:?}");
        }
    }
}

#[test]
fn request_lines() {
    let cases = [
        ("GET / HTTP/1.1", None),
        ("\r\nGET / HTTP/1.1", None), // edge/H38
        ("GET / HTTP/1.0", None),     // the version is judged later
        ("M-SEARCH * HTTP/1.1", None),
        ("GET http://a/b?c HTTP/1.1", None),
        ("GET /\\{}|^[]`<>\" HTTP/1.1", None), // judged with the target
        ("\r\n¦\r\nGET / HTTP/1.1", MALFORMED),
        ("\r¦GET / HTTP/1.1", MALFORMED),
        ("¦\nGET / HTTP/1.1", MALFORMED),
        ("¦ GET / HTTP/1.1", MALFORMED),
        ("G¦(T / HTTP/1.1", MALFORMED),
        ("GET¦\t/ HTTP/1.1", MALFORMED),
        ("GET ¦ / HTTP/1.1", MALFORMED),
        ("GET /a¦#b HTTP/1.1", MALFORMED), // edge/H46
        ("GET /a¦\u{7f} HTTP/1.1", MALFORMED),
        ("GET /¦\u{c3}\u{a9} HTTP/1.1", MALFORMED),
        ("GET /¦\0 HTTP/1.1", MALFORMED),
        ("GET / ¦ HTTP/1.1", MALFORMED),
        ("GET / ¦a HTTP/1.1", MALFORMED),
        ("GET / HTTP/1.1¦ ", MALFORMED),
        ("GET /¦", MALFORMED), // HTTP/0.9
        ("GET / ¦http/1.1", MALFORMED),
        ("GET / HTTP¦S/1.1", MALFORMED),
        ("GET / HTTP/1.1¦0", MALFORMED),
        ("GET / HTTP/0¦1.1", MALFORMED),
        ("GET / HTTP/1¦", MALFORMED),
        ("GET / HTTP/1.2¦", VERSION),
        ("GET / HTTP/2.0¦", VERSION),
        ("PRI * HTTP/2.0¦", VERSION), // edge/H55
        ("GET / HTTP/1.1¦\n", MALFORMED),
        ("GET / HTTP/1.1\r¦\r", MALFORMED),
        ("¦\u{16}\u{3}\u{1}", MALFORMED), // TLS on a plain listener
    ];
    check(&cases, "", "\r\nHost: a\r\n\r\n");
}

#[test]
fn field_lines() {
    let cases = [
        ("X-A: b", None),
        ("x!#$%&'*+-.^_`|~9:", None),
        ("X-A:\t b\t\u{e9}\u{ff} ", None),
        ("X-A: b\r¦\tc", MALFORMED),
        ("X-A: b\r\n¦ c", MALFORMED),
        ("X-A: b\r\n¦\tc", MALFORMED),
        ("X-A: b¦\nc: d", MALFORMED),
        ("X-A: b\r¦c", MALFORMED),
        ("X-A: b¦\0", MALFORMED),
        ("X-A: b¦\u{1}", MALFORMED),
        ("X-A: b¦\u{b}", MALFORMED),
        ("X-A: b¦\u{1b}", MALFORMED),
        ("X-A: b¦\u{7f}", MALFORMED),
        ("X-A¦ : b", MALFORMED),
        ("X¦ A: b", MALFORMED),
        ("X-A¦", MALFORMED),
        ("¦: b", MALFORMED),
        ("¦:path: /x", MALFORMED),
        ("X¦(A): b", MALFORMED),
        ("X-¦\u{ff}: b", MALFORMED),
        ("content-length¦\t: 5", MALFORMED),
        ("Content-Length¦\0: 5", MALFORMED),
        ("Transfer-Encoding¦ : chunked", MALFORMED),
        ("Transfer-Encodin: chunked, x", None),
        ("Transfer-Encodings: chunked, x", None),
        ("Transfer_Encoding: chunked", None),
        ("Content-Lengt: x", None),
        ("Upgrad: x", None),
    ];
    check(&cases, "GET / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n");
}

#[test]
fn framing_fields() {
    let cases = [
        ("Content-Length: 0", None),
        ("Content-Length:0 \t", None),
        ("Content-Length: ¦", MALFORMED),
        ("Content-Length: 0¦5", MALFORMED),
        ("Content-Length: ¦+5", MALFORMED),
        ("Content-Length: ¦-5", MALFORMED),
        ("Content-Length: 0¦x5", MALFORMED),
        ("Content-Length: 5¦.0", MALFORMED),
        ("Content-Length: 5¦e0", MALFORMED),
        ("Content-Length: 5 ¦5", MALFORMED),
        ("Content-Length: 5¦, 5", MALFORMED),
        ("Content-Length: 5¦;a=b", MALFORMED),
        ("Content-Length: ¦'5'", MALFORMED),
        ("Content-Length: ¦\u{ef}\u{bc}\u{95}", MALFORMED),
        ("Content-Length: 1844674407370955162¦1", MALFORMED),
        ("Content-Length: 1844674407370955161¦4", MALFORMED), // 2^64 - 2: more than hyper takes
        ("Content-Length: 0\r\ncontent-length:¦ 0", MALFORMED),
        ("Content-Length: 6\r\nTransfer-Encoding:¦ chunked", MALFORMED),
        ("Transfer-Encoding: chunked\r\nContent-Length:¦ abc", MALFORMED),
        ("Transfer-Encoding: chunked\r\ntransfer-encoding:¦ chunked", MALFORMED),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding:¦ identity", MALFORMED),
        ("Transfer-Encoding: identity¦", CODING),
        ("Transfer-Encoding: gzip¦, chunked", CODING),
        ("Transfer-Encoding: xchunked¦", CODING),
        ("Transfer-Encoding: chunkedx¦", CODING),
        ("Transfer-Encoding: chunke¦ ", CODING),
        ("Transfer-Encoding: gzip¦\u{7f}", MALFORMED),
        ("Transfer-Encoding: chunked¦, chunked", MALFORMED),
        ("Transfer-Encoding: chunked¦, identity", MALFORMED),
        ("Transfer-Encoding: chunked ¦chunked", MALFORMED),
        ("Transfer-Encoding: chunked¦;q=1", MALFORMED),
        ("Transfer-Encoding: ¦\"chunked\"", MALFORMED),
        ("Transfer-Encoding: ¦,chunked", MALFORMED),
        ("Transfer-Encoding:¦", MALFORMED),
        ("Transfer-Encoding:¦\r\n chunked", MALFORMED),
        ("Transfer-Encoding: ¦\u{b}chunked", MALFORMED),
        ("Transfer-Encoding: chunked¦\u{7f}", MALFORMED),
    ];
    check(&cases, "POST / HTTP/1.1\r\nHost: a\r\n", "\r\n\r\n");
    check(&[("Transfer-Encoding:¦ chunked", MALFORMED)], "POST / HTTP/1.0\r\n", "\r\n\r\n"); // edge/H12
}

#[test]
fn content_ends_where_its_length_says() {
    let cases = [("5\r\n\r\nhello", None), ("1\r\n\r\n\n", None), ("0\r\n\r\n", None)];
    check(&cases, "POST / HTTP/1.1\r\nContent-Length: ", "");
    let bytes = b"POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    let (good, guard) = judge(bytes);
    assert_eq!((good, guard.heads(), guard.place()), (bytes.len(), 1, Place::Content), "never a second head");
}

#[test]
fn chunks() {
    let cases = [
        ("5\r\nhello\r\n0\r\n\r\n", None),
        ("5;a=b;c=\"d\"\r\nhello\r\n0;x\r\n\r\n", None), // edge/H22
        ("5 ; a = \"\\\"\t;\u{e9}\" ;b\r\nhello\r\n000\r\n\r\n", None),
        ("A\r\n0123456789\r\na;a=b\r\n0123456789\r\n0000000000000000\r\n\r\n", None),
        ("0\r\nX-T: a\r\nContent-Length: 99, x\r\nTransfer-Encoding: \r\n\r\n", None), // dropped later, edge/H30
        ("5;¦\nxxxxx\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("2;¦\rxx\r\n0\r\n\r\n", BROKEN),
        ("5;a=\"b¦\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a=\"b\"¦c\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a=\"b\\¦\r\"\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a¦\0\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a=¦\u{1}\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a=\"¦\u{7f}\"\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a=¦\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a ¦\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a=b ¦\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a=b ¦=c\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5;a ¦b\r\nhello\r\n0\r\n\r\n", BROKEN),
        ("5¦\nhello\r\n0\r\n\r\n", BROKEN),
        ("5\r\nhello¦\n0\r\n\r\n", BROKEN),
        ("5\r\nhello\r¦0\r\n\r\n", BROKEN),
        ("5\r¦hello\r\n0\r\n\r\n", BROKEN),
        ("5\r\nhello¦XX0\r\n\r\n", BROKEN),
        ("0\r\n¦\nGET /x HTTP/1.1\r\n\r\n", BROKEN), // edge/H24c
        ("0\r\nGET¦ /x HTTP/1.1\r\nHost: a\r\n\r\n", BROKEN),
        ("0\r\nX-T: a¦\nX-U: b\r\n\r\n", BROKEN),
        ("0\r\nX-T: a\r\n¦ b\r\n\r\n", BROKEN),
        ("0¦x5\r\n", BROKEN),
        ("¦+5\r\n", BROKEN),
        ("¦-5\r\n", BROKEN),
        ("0¦_5\r\n", BROKEN),
        ("¦ 5\r\n", BROKEN),
        ("¦\r\n", BROKEN),
        ("5¦g\r\n", BROKEN),
        ("5 ¦5\r\n", BROKEN),
        ("5 ¦\r\n", BROKEN),
        ("0000000000000005¦0\r\n", BROKEN),
        ("1000000000000000¦5\r\n", BROKEN), // 2^64 + 5
        ("8000000000000000\r\n¦", Some(Halt::Content(Reason::BodyTooLarge))),
    ];
    check(&cases, "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "");
}

#[test]
fn chunks_cost_no_more_than_they_carry() {
    let small = usize::try_from(SMALL_CHUNKS).unwrap();
    let mixed =
        |length: usize| format!("{}{length:x}\r\n{}\r\n1\r\na\r\n", "1\r\na\r\n".repeat(small - 1), "x".repeat(length));
    let most = usize::try_from(MAX_CHUNK_EXTENSION_BYTES).unwrap();
    let extended = |length: usize| format!("1;{}\r\na\r\n", "x".repeat(length - 1));
    let cases = [
        // the chunks, whether they are refused, why
        ("1\r\na\r\n".repeat(small), false, "some small chunks are somebody's stream"),
        ("1\r\na\r\n".repeat(small + 1), true, "edge/H28c"),
        ("10\r\n0123456789abcdef\r\n".repeat(small * 2), false, "just large enough"),
        (mixed(15_015), true, "below 16 on average"),
        (mixed(15_016), false, "16 on average"),
        (extended(most), false, "the bound"),
        (extended(most + 1), true, "edge/H28"),
        (extended(20).repeat(most / 20), false, "the bound, in all chunks"),
        (extended(20).repeat(most / 20 + 1), true, "edge/H28"),
    ];
    for (chunks, is_refused, why) in cases {
        let text = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}");
        let (_, guard) = judge(text.as_bytes());
        assert_eq!(guard.halt(), is_refused.then_some(Halt::Content(Reason::BodyMalformed)), "{why}");
    }
}

#[test]
fn many_chunks_at_once_take_no_stack() {
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let bytes = [&head[..], &b"10\r\n0123456789abcdef\r\n".repeat(100_000)].concat();
    let small = std::thread::Builder::new().stack_size(64 * 1024);
    let read = small.spawn(move || (Guard::new().inspect(&bytes), bytes.len())).unwrap().join().unwrap();
    assert_eq!(read.0, read.1);
}

#[test]
fn nothing_behind_an_upgrade_is_read_before_it_is_decided() {
    let upgrade = "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n";
    let cases = [
        (upgrade.to_owned(), "no content"),
        (upgrade.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 5\r\n\r\nhello"), "counted content"),
        (upgrade.replace("\r\n\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), "chunked content"),
    ];
    for (request, why) in cases {
        for behind in ["\x16\x03\x01", "GET / HTTP/1.1\r\n\r\n", ""] {
            let (good, mut guard) = judge(format!("{request}{behind}").as_bytes());
            assert_eq!((good, guard.halt()), (request.len(), Some(Halt::Undecided)), "{why}");
            assert_eq!(guard.inspect(behind.as_bytes()), 0, "{why}");
            guard.resume();
            assert_eq!((guard.halt(), guard.place()), (None, Place::Between), "{why}");
            assert_eq!(guard.inspect(b"\x16"), 0, "{why}");
            guard.resume();
            assert_eq!(guard.halt(), MALFORMED, "a broken rule stays broken: {why}");
        }
    }
    let (_, guard) = judge(upgrade.replace("1.1", "1.0").as_bytes());
    assert_eq!(guard.halt(), None, "HTTP/1.0 cannot be upgraded");
}

#[test]
fn a_broken_rule_ends_it() {
    let (good, mut guard) = read(b"GET / HTTP/1.1\r\n\r\n\0", 100);
    assert_eq!((good, guard.heads(), guard.halt()), (18, 1, MALFORMED));
    assert_eq!(guard.inspect(b"GET / HTTP/1.1\r\n\r\n"), 0);
    assert_eq!(guard.heads(), 1);
}

proptest! {
    /// Not one verdict depends on where the bytes were cut.
    #[test]
    fn cuts_change_nothing(pieces in prop::collection::vec(piece(), 1..30), cuts in prop::collection::vec(1_usize..40, 1..20)) {
        let bytes = pieces.concat();
        let (good, whole) = read(&bytes, bytes.len().max(1));
        let mut guard = Guard::new();
        let (mut at, mut taken) = (0, 0);
        for cut in cuts.iter().cycle() {
            let piece = &bytes[at..(at + cut).min(bytes.len())];
            at += piece.len();
            taken += guard.inspect(piece);
            if piece.is_empty() || guard.halt().is_some() {
                break;
            }
        }
        prop_assert_eq!(taken, good);
        prop_assert_eq!(format!("{guard:?}"), format!("{whole:?}"));
    }
}

/// What requests are made of, and any byte now and then.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "GET / HTTP/1.1\r\n", "POST /a?b HTTP/1.1\r\n", "Host: a\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
            "\r\n", "hello", "5\r\nhello\r\n", "0\r\n\r\n", "0\r\n", "Upgrade: x\r\n", "X: y\r\n", "5;a=\"b\"\r\nhello\r\n",
        ]).prop_map(|text| text.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..3),
        1 => prop::sample::select(vec!["\r", "\n", " ", ":", "G", "c", "Transfer-", "chunked", ";", "\""])
            .prop_map(|text| text.as_bytes().to_vec()),
    ]
}
