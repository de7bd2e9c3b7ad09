use super::*;

const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const TRACE: u128 = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736;

fn headers(parents: &[&str], states: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for parent in parents {
        headers.append(TRACEPARENT, HeaderValue::from_bytes(parent.as_bytes()).unwrap());
    }
    for state in states {
        headers.append(TRACESTATE, HeaderValue::from_bytes(state.as_bytes()).unwrap());
    }
    headers
}

fn traced(parents: &[&str], states: &[&str], is_trusted: bool) -> TraceContext {
    let mut ids = 0x1111_1111_1111_1112_u64..;
    let random = || ids.next().unwrap();
    context(&headers(parents, states), is_trusted, random).unwrap()
}

#[test]
fn a_valid_parent_is_continued() {
    let cases = [
        (PARENT, false, "00", "edge/Y30: the sampled flag of a client is not believed"),
        (PARENT, true, "01", "of a trusted proxy it is"),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", true, "01", "unknown flags are not passed on"),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00-new", true, "00", "a later version"),
        ("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00", true, "00", "a later version without more"),
    ];
    for (parent, is_trusted, flags, why) in cases {
        let trace = traced(&[parent], &[], is_trusted);
        let expected = format!("00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111112-{flags}");
        assert_eq!(trace.traceparent, *expected, "{parent}: {why}");
        assert_eq!((trace.trace_id, trace.span_id), (TRACE, 0x1111_1111_1111_1112), "{why}");
    }
}

#[test]
fn an_invalid_parent_begins_a_new_trace() {
    let cases: [(&[&str], &str); 13] = [
        (&[], "none"),
        (&[PARENT, PARENT], "edge/Y30: two lines"),
        (&["00-00000000000000000000000000000000-00f067aa0ba902b7-01"], "edge/Y30: zero trace"),
        (&["00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"], "edge/Y30: zero span"),
        (&["ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"], "edge/Y30: version ff"),
        (&["00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"], "edge/Y30: upper case"),
        (&["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x"], "version 00 has no more"),
        (&["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"], "short"),
        (&["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g"], "no digit"),
        (&["00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"], "no dash"),
        (&["00-4bf92f3577b34da6a3ce929d0e0e4736+00f067aa0ba902b7-01"], "no dash"),
        (&["cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"], "a later version continues with a dash"),
        (&[""], "empty"),
    ];
    for (parents, why) in cases {
        let trace = traced(parents, &["a=1"], true);
        assert_eq!(trace.traceparent, "00-11111111111111131111111111111114-1111111111111112-00", "{parents:?}: {why}");
        assert_eq!(trace.tracestate, Tracestate::Dropped, "{why}: a state without its trace");
    }
}

#[test]
fn ids_are_never_zero() {
    let trace = context(&HeaderMap::new(), false, || 0).unwrap();
    assert!(trace.trace_id != 0 && trace.span_id != 0);
}

#[test]
fn tracestate_is_cut_to_its_bounds() {
    let members = |count: usize| (0..count).map(|at| format!("k{at}=v")).collect::<Vec<_>>().join(",");
    let (long, many) = (format!("{},z={}", members(2), "x".repeat(600)), members(40));
    let cases: [(&[&str], Tracestate, &str); 6] = [
        (&[], Tracestate::Kept, "none"),
        (&["a=1, b=2"], Tracestate::Kept, "as it came"),
        (&[&many], Tracestate::Cut(members(32).parse().unwrap()), "edge/Y30: 40 members"),
        (&[&long], Tracestate::Cut(members(2).parse().unwrap()), "edge/Y30: 512 bytes, whole members"),
        (&["a=1", "b=2"], Tracestate::Cut(HeaderValue::from_static("a=1,b=2")), "two lines become one"),
        (&["a=\u{e9}"], Tracestate::Dropped, "beyond ASCII"),
    ];
    for (states, expected, why) in cases {
        assert_eq!(traced(&[PARENT], states, false).tracestate, expected, "{why}");
    }
}
