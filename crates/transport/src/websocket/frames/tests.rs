use super::*;
use proptest::prelude::*;

const LIMITS: Limits = Limits { max_message: 1000, messages: 100, max_age: Duration::MAX };
const NOW: Duration = Duration::from_secs(1);

/// A frame with `payload` zero bytes, as `sender` sends it.
fn frame(sender: Sender, first: u8, payload: usize) -> Vec<u8> {
    let mask = if sender == Sender::Client { MASKED } else { 0 };
    let mut frame = vec![first];
    match payload {
        0..=125 => frame.push(mask | payload as u8),
        126..=65_535 => {
            frame.push(mask | 126);
            frame.extend((payload as u16).to_be_bytes());
        }
        _ => {
            frame.push(mask | 127);
            frame.extend((payload as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(if mask > 0 { b"key!" } else { b"" });
    frame.extend(std::iter::repeat_n(0, payload));
    frame
}

/// What passes of `bytes`, and what was wrong behind it.
fn inspect(sender: Sender, bytes: &[u8]) -> (usize, Option<Breach>) {
    Frames::new(sender, &LIMITS).inspect(bytes, NOW)
}

const fn protocol(detail: &'static str) -> Option<Breach> {
    Some(Breach::Protocol(detail))
}

#[test]
fn frames_that_keep_the_rules_pass() {
    for sender in [Sender::Client, Sender::Upstream] {
        let good = [
            vec![(0x81, 0)],
            vec![(0x82, 125), (0x81, 126), (0x82, 1000)],
            vec![(0x01, 400), (0x89, 125), (0x00, 0), (0x8a, 0), (0x80, 600), (0x82, 1000)],
            vec![(0x88, 0)],
            vec![(0x88, 2)],
            vec![(0x81, 5), (0x88, 125)],
        ];
        for frames in good {
            let bytes: Vec<u8> = frames.iter().flat_map(|(first, payload)| frame(sender, *first, *payload)).collect();
            assert_eq!(inspect(sender, &bytes), (bytes.len(), None), "{sender:?} {frames:?}");
        }
    }
}

#[test]
fn what_breaks_the_protocol_does_not_pass() {
    // frames of a client, how many of them pass, what is wrong with the next one
    let cases: &[(&[_], usize, Option<Breach>)] = &[
        (&[(0xc1, 5)], 0, protocol("reserved bit set")),
        (&[(0xa1, 5)], 0, protocol("reserved bit set")),
        (&[(0x91, 5)], 0, protocol("reserved bit set")),
        (&[(0x83, 5)], 0, protocol("unknown opcode")),
        (&[(0x87, 0)], 0, protocol("unknown opcode")),
        (&[(0x8b, 0)], 0, protocol("unknown opcode")),
        (&[(0x8f, 0)], 0, protocol("unknown opcode")),
        (&[(0x80, 5)], 0, protocol("continuation of no message")),
        (&[(0x81, 5), (0x80, 5)], 1, protocol("continuation of no message")),
        (&[(0x01, 5), (0x81, 5)], 1, protocol("message within a message")),
        (&[(0x01, 5), (0x89, 5), (0x02, 5)], 2, protocol("message within a message")),
        (&[(0x09, 5)], 0, protocol("control frame in fragments")),
        (&[(0x08, 2)], 0, protocol("control frame in fragments")),
        (&[(0x89, 126)], 0, protocol("control frame too long")),
        (&[(0x88, 126)], 0, protocol("control frame too long")),
        (&[(0x88, 1)], 0, protocol("close frame with half a status")),
        (&[(0x88, 2), (0x81, 0)], 1, protocol("frame behind a close frame")),
        (&[(0x88, 0), (0x88, 0)], 1, protocol("frame behind a close frame")),
        (&[(0x82, 1001)], 0, Some(Breach::TooLarge)),
        (&[(0x82, 70_000)], 0, Some(Breach::TooLarge)),
        (&[(0x02, 600), (0x89, 125), (0x80, 401)], 2, Some(Breach::TooLarge)),
        (&[(0x02, 600), (0x00, 400), (0x00, 0), (0x00, 1)], 3, Some(Breach::TooLarge)),
    ];
    for (frames, good, breach) in cases {
        let bytes = |frames: &[(u8, usize)]| -> Vec<u8> {
            frames.iter().flat_map(|(first, payload)| frame(Sender::Client, *first, *payload)).collect()
        };
        let good = bytes(&frames[..*good]).len();
        assert_eq!(inspect(Sender::Client, &bytes(frames)), (good, *breach), "{frames:?}");
    }
    let (client, upstream) = (frame(Sender::Client, 0x81, 5), frame(Sender::Upstream, 0x81, 5));
    assert_eq!(inspect(Sender::Client, &upstream), (0, protocol("frame not masked")));
    assert_eq!(inspect(Sender::Upstream, &client), (0, protocol("frame masked")));
}

#[test]
fn a_length_has_one_form() {
    let headers: &[&[u8]] = &[
        b"\x82\x7e\x00\x05hello",
        b"\x82\x7e\x00\x7d",
        b"\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x05hello",
        b"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff",
        b"\x82\x7f\x80\x00\x00\x00\x00\x01\x00\x00",
        b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    for bytes in headers {
        assert_eq!(inspect(Sender::Upstream, bytes), (0, protocol("length not in its shortest form")), "{bytes:x?}");
    }
    let huge = b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff";
    assert_eq!(inspect(Sender::Upstream, huge), (0, Some(Breach::TooLarge)), "and no sum of it overflows");
}

#[test]
fn a_client_has_a_rate_and_an_upstream_none() {
    let empty = |sender| frame(sender, 0x82, 0);
    let mut frames = Frames::new(Sender::Client, &LIMITS);
    let many = empty(Sender::Client).repeat(500);
    let length = empty(Sender::Client).len();
    assert_eq!(frames.inspect(&many, NOW), (200 * length, Some(Breach::TooFast)), "two seconds of it at once");
    assert_eq!(frames.inspect(&many, NOW + Duration::from_millis(100)), (10 * length, Some(Breach::TooFast)));
    assert_eq!(
        frames.inspect(&many, NOW + Duration::from_secs(60)),
        (200 * length, Some(Breach::TooFast)),
        "no more is saved"
    );
    let fragments = [frame(Sender::Client, 0x02, 0), frame(Sender::Client, 0x00, 0).repeat(500)].concat();
    assert_eq!(inspect(Sender::Client, &fragments).1, Some(Breach::TooFast), "an endless message of nothing");
    let pings = frame(Sender::Client, 0x89, 0).repeat(500);
    assert_eq!(inspect(Sender::Client, &pings).1, Some(Breach::TooFast));
    let full = frame(Sender::Client, 0x82, 0).repeat(200);
    let closing = [full, frame(Sender::Client, 0x88, 2)].concat();
    assert_eq!(inspect(Sender::Client, &closing), (closing.len(), None), "whoever leaves may say so");
    let many = empty(Sender::Upstream).repeat(5000);
    assert_eq!(inspect(Sender::Upstream, &many), (many.len(), None));
}

#[test]
fn our_close_frames_keep_the_rules() {
    for sender in [Sender::Client, Sender::Upstream] {
        let frame = close_frame(sender, 1002);
        assert_eq!(inspect(sender, &frame), (frame.len(), None));
        assert!(frame.ends_with(&[0x03, 0xea]));
    }
}

/// Mostly frames, of all kinds, some of them wrong.
fn streams() -> impl Strategy<Value = Vec<u8>> {
    let first = prop_oneof![
        8 => prop::sample::select(vec![0x81_u8, 0x82, 0x01, 0x00, 0x80, 0x89, 0x8a]),
        1 => Just(0x88),
        1 => any::<u8>(),
    ];
    let payload = prop_oneof![4 => 0..20_usize, 1 => 120..130_usize, 1 => 990..1010_usize];
    let sender = prop_oneof![9 => Just(Sender::Client), 1 => Just(Sender::Upstream)];
    prop::collection::vec((sender, first, payload), 1..20).prop_map(|frames| {
        frames.iter().flat_map(|(sender, first, payload)| frame(*sender, *first, *payload)).collect()
    })
}

proptest! {
    /// However a stream is cut, the same of it passes, and what is held back is the begin of one header.
    #[test]
    fn cuts_change_nothing(stream in streams(), cuts in prop::collection::vec(1..40_usize, 1..80)) {
        let whole = inspect(Sender::Client, &stream);
        let mut frames = Frames::new(Sender::Client, &LIMITS);
        let (mut passed, mut held, mut rest) = (0, Vec::new(), &stream[..]);
        let mut cuts = cuts.iter().cycle();
        let mut found = None;
        while !rest.is_empty() && found.is_none() {
            let (piece, after) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
            rest = after;
            held.extend_from_slice(piece);
            let (good, breach) = frames.inspect(&held, NOW);
            passed = usize::saturating_add(passed, good);
            held.drain(..good);
            found = breach;
            prop_assert!(breach.is_some() || held.len() < MAX_HEADER_BYTES);
        }
        prop_assert_eq!((passed, found), whole);
    }
}
