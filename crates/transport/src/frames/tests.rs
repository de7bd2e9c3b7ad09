use super::*;
use proptest::prelude::*;

const PRIORITY: u8 = 2;
const WINDOW_UPDATE: u8 = 8;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    out.extend([kind, flags]);
    out.extend(stream.to_be_bytes());
    out.extend(payload);
    out
}

fn request(stream: u32) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | END_STREAM, stream, b"\x82")
}

/// A connection whose preface has passed.
fn open() -> Frames {
    let mut frames = Frames::new(false);
    assert_eq!(frames.pass(PREFACE, 0), Passed { bytes: 24, abuse: None });
    frames
}

/// How many times `bytes` pass, and why no more; at most 20,000.
fn how_many(frames: &mut Frames, bytes: &[u8], now: u32) -> (usize, Option<Abuse>) {
    for count in 0..20_000 {
        let passed = frames.pass(bytes, now);
        if passed.abuse.is_some() {
            assert!(passed.bytes < bytes.len());
            return (count, passed.abuse);
        }
        assert_eq!(passed.bytes, bytes.len());
    }
    (20_000, None)
}

#[test]
fn each_flood_ends_at_its_limit() {
    let continuations = (MAX_H2_CONTINUATIONS as usize, Some(Abuse::HeaderBlock));
    let control = (H2_CONTROL_FRAMES as usize, Some(Abuse::Control));
    let mut padded = vec![200];
    padded.resize(202, b'x');
    let floods = [
        ("edge/W5", frame(SETTINGS, 0, 0, b""), (100, Some(Abuse::Settings))),
        ("edge/W6", frame(PING, 0, 0, b"12345678"), (100, Some(Abuse::Pings))),
        ("edge/W7", frame(DATA, 0, 1, b""), control),
        ("edge/W7b", frame(DATA, PADDED, 1, &padded), (327, Some(Abuse::Padding))),
        ("edge/W8: PRIORITY", frame(PRIORITY, 0, 3, b"\0\0\0\0\x10"), control),
        ("edge/W8: WINDOW_UPDATE", frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\x01"), control),
        ("edge/W8: unknown", frame(0xbb, 0, 0, b"?"), control),
        ("edge/W3: empty", frame(CONTINUATION, 0, 1, b""), continuations),
        ("edge/W3", frame(CONTINUATION, 0, 1, &[0; 1024]), continuations),
    ];
    for (row, flood, expected) in floods {
        let mut frames = open();
        frames.pass(&frame(HEADERS, 0, 1, b"\x82"), 0);
        if flood[3] != CONTINUATION {
            frames.pass(&frame(CONTINUATION, END_HEADERS, 1, b""), 0);
            frames.ping_is_earned = false;
        }
        assert_eq!(how_many(&mut frames, &flood, 0), expected, "{row}");
    }
}

#[test]
fn a_header_block_is_bounded_in_bytes_and_each_begins_anew() {
    let mut frames = open();
    frames.pass(&frame(HEADERS, 0, 1, &[0; 16_384]), 0);
    assert!(frames.is_in_head());
    assert_eq!(frames.pass(&frame(CONTINUATION, 0, 1, &[0; 16_384]), 0).abuse, None, "32 KiB, edge/W3");
    assert_eq!(frames.pass(&frame(CONTINUATION, 0, 1, b"\0"), 0), Passed { bytes: 0, abuse: Some(Abuse::HeaderBlock) });

    let mut frames = open();
    for stream in (1..2_000).step_by(2) {
        frames.pass(&frame(HEADERS, 0, stream, b"\x82"), 0);
        for _ in 0..7 {
            assert_eq!(frames.pass(&frame(CONTINUATION, 0, stream, b""), 0).abuse, None);
        }
        assert_eq!(frames.pass(&frame(CONTINUATION, END_HEADERS, stream, b""), 0).abuse, None);
        assert!(!frames.is_in_head());
    }
}

#[test]
fn more_than_a_hundred_resets_in_ten_seconds_are_a_flood() {
    let reset = |stream| [request(stream), frame(RST_STREAM, 0, stream, b"\0\0\0\x08")].concat();
    let mut frames = open();
    for n in 0..100 {
        assert_eq!(frames.pass(&reset(2 * n + 1), n / 10).abuse, None, "edge/W1b");
    }
    assert_eq!(frames.pass(&reset(201), 10).abuse, Some(Abuse::Resets), "edge/W1b");

    let mut proxy = Frames::new(true);
    proxy.pass(PREFACE, 0);
    for n in 0..199 {
        assert_eq!(proxy.pass(&reset(2 * n + 1), 0).abuse, None, "a trusted proxy carries many clients");
    }
    assert_eq!(proxy.pass(&reset(399), 0).abuse, Some(Abuse::Resets), "but not if it does nothing else");
}

#[test]
fn more_than_half_of_two_hundred_streams_reset_is_a_habit() {
    let mut frames = open();
    let (mut stream, mut last) = (1, None);
    for n in 0..200 {
        assert_eq!(last, None, "edge/W1b: after {n}");
        last = frames.pass(&request(stream), n).abuse;
        if n % 2 == 0 {
            last = frames.pass(&frame(RST_STREAM, 0, stream, &[0; 4]), n).abuse;
        }
        stream += 2;
    }
    assert_eq!(last, None, "half is not more than half, edge/W1b");
    assert_eq!(frames.pass(&frame(RST_STREAM, 0, 1, &[0; 4]), 400).abuse, Some(Abuse::Resets), "edge/W1b");
}

#[test]
fn a_page_that_is_left_cancels_fifty_images_again_and_again() {
    let mut frames = open();
    let mut stream = 1;
    for page in 0..100 {
        for _ in 0..110 {
            assert_eq!(frames.pass(&request(stream), page * 10).abuse, None);
            stream += 2;
        }
        for image in 1..=50 {
            let reset = frame(RST_STREAM, 0, stream - 2 * image, &[0; 4]);
            assert_eq!(frames.pass(&reset, page * 10).abuse, None, "edge/W1b");
        }
    }
}

#[test]
fn requests_and_what_we_send_pay_for_control_frames() {
    let update = frame(WINDOW_UPDATE, 0, 0, b"\0\0\x10\0");
    let mut frames = open();
    frames.answered(3);
    assert_eq!(how_many(&mut frames, &update, 0).0, 1_060, "edge/W8");
    let mut frames = open();
    for sent in 0..25_600 {
        frames.sent(4096 + 9); // 100 MiB to a client that updates both windows every 4 KiB
        for _ in 0..2 {
            assert_eq!(frames.pass(&update, 0).abuse, None, "edge/W8: after {sent}");
        }
    }
    frames.sent(1 << 30);
    assert_eq!(how_many(&mut frames, &update, 0).0, MAX_H2_CONTROL_FRAMES as usize, "what is saved up is bounded");
    let mut frames = open();
    for _ in 0..1_000 {
        assert_eq!(frames.pass(&frame(WINDOW_UPDATE, 0, 1, b"\0\0\0\x01"), 0).abuse, None);
        frames.sent(10);
    }
    let left = how_many(&mut frames, &update, 0).0;
    assert!(left < 50, "one byte at a time does not pay for itself, edge/W10: {left}");
}

#[test]
fn a_ping_that_measures_is_not_counted() {
    let ping = frame(PING, 0, 0, &[0; 8]);
    let mut frames = open();
    for n in 0..1_000 {
        assert_eq!(frames.pass(&request(2 * n + 1), 0).abuse, None);
        frames.answered(1);
        assert_eq!(frames.pass(&ping, 0).abuse, None, "edge/W6");
    }
    assert_eq!(how_many(&mut frames, &ping, 0).0, 100, "edge/W6: without a request");
    let mut frames = open();
    for _ in 0..10_000 {
        frames.sent(16_384);
        assert_eq!(frames.pass(&ping, 0).abuse, None, "a client that measures its bandwidth");
    }
}

#[test]
fn honest_padding_passes() {
    let mut frames = open();
    let mut payload = vec![255];
    payload.resize(1 + 255 + 100, b'x');
    assert_eq!(how_many(&mut frames, &frame(DATA, PADDED, 1, &payload), 0), (20_000, None), "edge/W7b");
}

#[test]
fn an_abuse_is_refused_again() {
    let mut frames = open();
    let settings = frame(SETTINGS, 0, 0, b"");
    assert_eq!(how_many(&mut frames, &settings, 0).0, 100);
    assert_eq!(frames.pass(&settings, 0), Passed { bytes: 0, abuse: Some(Abuse::Settings) });
}

/// Everything that passes, when the bytes come in pieces of these lengths and what is left over is given again.
fn in_pieces(bytes: &[u8], pieces: &[usize]) -> (usize, Option<Abuse>) {
    let (mut frames, mut held, mut passed, mut rest) = (Frames::new(false), Vec::new(), 0_usize, bytes);
    let mut pieces = pieces.iter().copied().cycle();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(pieces.next().unwrap().clamp(1, rest.len()));
        rest = after;
        held.extend(piece);
        let step = frames.pass(&held, 0);
        assert!(step.bytes <= held.len());
        passed = step.bytes.saturating_add(passed);
        held.drain(..step.bytes);
        if step.abuse.is_some() {
            return (passed, step.abuse);
        }
        assert!(held.len() < HEADER_BYTES, "no more than a part of a header is held back");
    }
    (passed, None)
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![4 => 0_u8..10, 1 => any::<u8>()];
    (kind, any::<u8>(), 0_u32..50, prop::collection::vec(any::<u8>(), 0..40))
        .prop_map(|(kind, flags, stream, payload)| frame(kind, flags, stream, &payload))
}

proptest! {
    #[test]
    fn the_cut_changes_nothing(
        stream in prop::collection::vec(any_frame(), 0..300),
        again in 1_usize..20,
        tail in prop::collection::vec(any::<u8>(), 0..60),
        pieces in prop::collection::vec(1_usize..60, 1..20),
    ) {
        let bytes = [PREFACE, &stream.concat().repeat(again), &tail].concat();
        let whole = Frames::new(false).pass(&bytes, 0);
        let cut = in_pieces(&bytes, &pieces);
        prop_assert_eq!(cut.0, whole.bytes);
        prop_assert_eq!(cut.1, whole.abuse);
    }
}
