//! What is written about the life of an operation, and what comes of it.

use super::Lifecycle;
use crate::fixture::{self, Sketch, compiled, messages};
use http::{HeaderMap, HeaderValue};
use portcullis_core::{ApiId, Reason};

fn lifecycle(text: &str) -> Option<Lifecycle> {
    let mut errors = Vec::new();
    let compiled = fixture::lifecycle(text).compile(&mut errors);
    assert!(errors.is_empty(), "{text}: {}", messages(&errors));
    compiled
}

/// Fields of a response as lines, after a lifecycle spoke on what the upstream had said.
fn said(text: &str, upstream: &[(&'static str, &'static str)]) -> Vec<String> {
    let mut headers = HeaderMap::new();
    for (name, value) in upstream {
        headers.append(*name, HeaderValue::from_static(value));
    }
    lifecycle(text).unwrap().say(&mut headers);
    let mut lines: Vec<String> =
        headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    lines.sort();
    lines
}

const WHOLE: &str = "{ state: deprecated, since: 2026-01-01, sunset: 2027-06-30, link: 'https://example.com/v2' }";

#[test]
fn what_is_said_has_the_form_of_the_rfcs() {
    let whole = [
        "deprecation: @1767225600",
        "link: <https://example.com/v2>; rel=\"deprecation\"",
        "sunset: Wed, 30 Jun 2027 00:00:00 GMT",
    ];
    assert_eq!(said(WHOLE, &[]), whole, "RFC 9745 §2, RFC 8594 §3");
    let upstream = [("deprecation", "true"), ("deprecation", "@1"), ("sunset", "Tue, 01 Jan 2030 00:00:00 GMT")];
    assert_eq!(said(WHOLE, &upstream), whole, "the upstream's own are replaced");
    let instant = "{ state: deprecated, since: 2026-01-01T00:00:01Z }";
    assert_eq!(said(instant, &[]), ["deprecation: @1767225601"]);
    assert_eq!(said("{ state: deprecated }", &[]), ["deprecation: @0"], "no date is known");
    let ends = "{ sunset: 2027-06-30, link: 'http://example.com/' }";
    let only_sunset = ["link: <http://example.com/>; rel=\"sunset\"", "sunset: Wed, 30 Jun 2027 00:00:00 GMT"];
    assert_eq!(said(ends, &[]), only_sunset, "contract/I-09: sunset without deprecation is allowed");
}

#[test]
fn links_of_other_kinds_stay() {
    let cases = [
        ("</a>; rel=next", "</a>; rel=next"),
        ("</a>; rel=next, </b>; rel=\"deprecation\"", "</a>; rel=next"),
        ("</b>; rel=sunset,</a>; rel=next", "</a>; rel=next"),
        ("</b>; title=\"x, y\\\"; z\"; REL=\"next Deprecation\"", ""),
        (
            "</a>; title=\"rel=deprecation, <x>; rel=sunset\"; rel=next",
            "</a>; title=\"rel=deprecation, <x>; rel=sunset\"; rel=next",
        ),
        ("</a,b;rel=sunset>; rel=next", "</a,b;rel=sunset>; rel=next"),
        ("<", "<"),
        ("</a>; rel", "</a>; rel"),
    ];
    for (upstream, kept) in cases {
        let lines = said("{ state: deprecated, since: 2026-01-01 }", &[("link", upstream)]);
        let links: Vec<&str> = lines.iter().filter_map(|line| line.strip_prefix("link: ")).collect();
        assert_eq!(links, if kept.is_empty() { vec![] } else { vec![kept] }, "{upstream}");
    }
}

#[test]
fn it_is_gone_from_the_instant_of_its_sunset() {
    let lifecycle = lifecycle("{ sunset: 2027-06-30T12:00:00Z }").unwrap();
    let at = 1_814_356_800;
    for (now, is_gone) in [(0, false), (at - 1, false), (at, true), (at + 1, true), (u64::MAX, true)] {
        let outcome = lifecycle.check(now).map_err(|stop| stop.reason());
        assert_eq!(outcome, if is_gone { Err(Reason::Sunset) } else { Ok(()) }, "contract/I-10: {now}");
    }
    assert_eq!(lifecycle.sunset(), Some(at));
    assert!(!lifecycle.is_deprecated());
}

#[test]
fn what_has_no_meaning_does_not_load() {
    let cases = [
        ("{ state: deprecated, since: 2027-01-02, sunset: 2027-01-01 }", "sunset `2027-01-01` is earlier than `since`"),
        ("{ state: deprecated, since: 'true' }", "`true` is not a date"),
        ("{ state: deprecated, since: 01/02/2026 }", "`01/02/2026` is not a date"),
        ("{ state: deprecated, since: 2026-13-01 }", "`2026-13-01` is not a date"),
        ("{ state: deprecated, since: 1969-12-31 }", "`1969-12-31` is not a date"),
        ("{ sunset: 2026-02-30 }", "`2026-02-30` is not a date"),
        ("{ sunset: 2026-02-03T00:00:00 }", "`2026-02-03T00:00:00` is not a date"),
        ("{ sunset: 2026-02-03T00:00:00.5Z }", "`2026-02-03T00:00:00.5Z` is not a date"),
        ("{ since: 2026-01-01 }", "`since` without `state: deprecated`"),
        ("{ link: 'https://example.com' }", "`link` without `state: deprecated` or `sunset`"),
        ("{ state: deprecated, link: /local }", "link `/local` is no address of a page"),
        ("{ state: deprecated, link: 'https://x>; rel=\"next' }", "is no address of a page"),
        ("{ state: deprecated, link: 'https://' }", "is no address of a page"),
    ];
    for (text, expected) in cases {
        let mut errors = Vec::new();
        fixture::lifecycle(text).compile(&mut errors);
        let messages = messages(&errors);
        assert!(messages.contains(expected), "contract/I-09: {text}: {messages}");
        assert!(errors.iter().all(|error| error.line == 1 && error.column > 1), "{text}: {messages}");
    }
}

#[test]
fn the_nearest_word_counts() {
    let paths: &[(&str, &str)] = &[("/a", "get"), ("/b", "get")];
    let cases = [
        // of the API, of `GET /b`, whether `GET /a` and `GET /b` are deprecated, and whether they end
        (None, None, [false, false], [false, false]),
        (Some("{ state: active }"), None, [false, false], [false, false]),
        (Some("{ state: deprecated }"), None, [true, true], [false, false]),
        (Some("{ state: deprecated, sunset: 2027-01-01 }"), Some("{ state: active }"), [true, false], [true, false]),
        (None, Some("{ state: deprecated, sunset: 2027-01-01 }"), [false, true], [false, true]),
        (Some("{ sunset: 2027-01-01 }"), Some("{ state: deprecated }"), [false, true], [true, false]),
    ];
    for (api, operation, deprecated, ends) in cases {
        let sketch = Sketch {
            name: "shop",
            paths,
            lifecycle: api,
            operations: operation.map(|text| ("GET /b", text)),
            ..Sketch::default()
        };
        let compiled = compiled(&[sketch]).unwrap();
        let found: Vec<_> =
            compiled.operations().iter().map(|operation| compiled.lifecycle(ApiId(0), Some(operation.id))).collect();
        let flags =
            |test: fn(&Lifecycle) -> bool| -> Vec<bool> { found.iter().map(|found| found.is_some_and(test)).collect() };
        assert_eq!(flags(Lifecycle::is_deprecated), deprecated, "{api:?} {operation:?}");
        assert_eq!(flags(|found| found.sunset().is_some()), ends, "{api:?} {operation:?}");
        let of_api = compiled.lifecycle(ApiId(0), None);
        assert_eq!(of_api.is_some_and(Lifecycle::is_deprecated), api.is_some_and(|api| api.contains("deprecated")));
    }
}

#[test]
fn the_document_says_deprecated_too() {
    let said_by_document = Lifecycle::of(None, None, true).unwrap();
    assert!(said_by_document.is_deprecated());
    let mut headers = HeaderMap::new();
    said_by_document.say(&mut headers);
    assert_eq!(headers.get("deprecation").unwrap(), "@0");
    headers.insert("deprecation", HeaderValue::from_static("@1700000000"));
    headers.insert("sunset", HeaderValue::from_static("Wed, 30 Jun 2027 00:00:00 GMT"));
    said_by_document.say(&mut headers);
    assert_eq!(headers.get("deprecation").unwrap(), "@1700000000", "the upstream knows the date");
    assert_eq!(headers.len(), 2);
    assert_eq!(Lifecycle::of(Some(&None), None, true), None, "the operator's word counts");
    let api = lifecycle("{ sunset: 2027-06-30 }");
    let both = Lifecycle::of(None, api.as_ref(), true).unwrap();
    assert_eq!((both.is_deprecated(), both.sunset()), (true, api.unwrap().sunset()));
}
