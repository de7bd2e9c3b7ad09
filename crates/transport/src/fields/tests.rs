use super::*;
use crate::client::Client;
use crate::target::authority;
use crate::trace::{TraceContext, Tracestate};
use http::{Request, Uri};
use std::net::IpAddr;

fn request(version: Version, fields: &[(&str, &str)]) -> Parts {
    let mut request = Request::builder().version(version);
    for (name, value) in fields {
        request = request.header(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    request.body(()).unwrap().into_parts().0
}

/// The names that are left, sorted, and what was learned.
fn cleaned(fields: &[(&str, &str)]) -> (Vec<String>, Cleaned) {
    let mut parts = request(Version::HTTP_11, fields);
    let cleaned = clean(&mut parts, false, &Rules::default()).unwrap();
    let mut names: Vec<_> = parts.headers.keys().map(|name| name.as_str().to_owned()).collect();
    names.sort();
    (names, cleaned)
}

fn refused(version: Version, fields: &[(&str, &str)]) -> Option<Reason> {
    clean(&mut request(version, fields), false, &Rules::default()).err().map(|stop| stop.reason())
}

#[test]
fn every_known_name_is_found_and_no_other() {
    for at in 0..128_u8 {
        let Some(name) = REQUEST.named(bit(at)).next() else { continue };
        assert_eq!(REQUEST.find(name).map(|(found, _)| found), Some(at), "{name}");
        assert!(REQUEST.find(&format!("{name}x")).is_none());
        assert_eq!(name, name.to_ascii_lowercase());
    }
    assert!(REQUEST.find("").is_none() && REQUEST.find("x").is_none() && REQUEST.find("x-unknown").is_none());
    assert_eq!(REQUEST.named(0).count(), 0);
}

#[test]
fn forged_fields_are_removed_and_counted() {
    let cases = [
        ("edge/Y1", "X-User-Id X-Roles X-Tenant X-Tenant-Id X-Authenticated-User X-Portcullis-Principal X-Client-Cert"),
        ("edge/Y1", "X-SSL-Client-Verify X-Forwarded-Client-Cert X-Forwarded-User X-Auth-Request-Email Client-Cert"),
        ("edge/Y1", "SSL-Client-Cert Remote-User X-Remote-User X-WebAuth-User X-Consumer-Id X-User x-UsEr-NAME"),
        ("edge/Y2", "X-Forwarded-For Forwarded"),
        ("edge/Y6", "X-Forwarded-Host X-Forwarded-Proto X-Forwarded-Port X-Forwarded-Prefix X-Forwarded-Server"),
        ("edge/Y6", "X-Real-IP True-Client-IP CF-Connecting-IP X-Original-URL X-Rewrite-URL X-Original-Host X-Host"),
        ("edge/Y6", "X-Envoy-Original-Path X-Envoy-Internal"),
        ("edge/Y7", "X-HTTP-Method-Override X-Method-Override X-HTTP-Method"),
        ("edge/Y13", "X_User_Id X_Forwarded_For Content_Length X.User.Id Transfer_Encoding X~y"),
        ("CVE-2016-5385", "Proxy"),
    ];
    for (row, names) in cases {
        for name in names.split(' ') {
            let (left, found) = cleaned(&[("accept", "*/*"), (name, "a"), (name, "b")]);
            assert_eq!((left.as_slice(), found.removed), (["accept".to_owned()].as_slice(), 2), "{row}: {name}");
        }
    }
}

#[test]
fn honest_fields_pass() {
    let names = [
        "accept",
        "accept-encoding",
        "authorization",
        "cookie",
        "user-agent",
        "content-type",
        "x-api-key",
        "x-requested-with",
        "x-user-agent",
        "x-csrf-token",
        "x-custom",
        "sec-fetch-mode",
        "sec-ch-ua",
        "origin",
        "referer",
        "if-none-match",
        "x-request-id",
        "traceparent",
        "grpc-timeout",
        "x-b3-traceid",
        "ssl",
        "x-tenancy",
        "proxy-status-wanted",
        "x-userland",
    ];
    let fields: Vec<_> = names.iter().map(|name| (*name, "a")).collect();
    let (left, found) = cleaned(&fields);
    assert_eq!((left.len(), found.removed), (names.len(), 0), "{left:?}");
}

#[test]
fn trusted_proxies_forge_nothing_by_forwarding() {
    let mut parts =
        request(Version::HTTP_11, &[("x-forwarded-for", "6.6.6.6"), ("x-real-ip", "6.6.6.6"), ("x-user-id", "1")]);
    let found = clean(&mut parts, true, &Rules::default()).unwrap();
    assert!(parts.headers.is_empty(), "edge/Y6: removed all the same, ours are set later");
    assert_eq!(found.removed, 1, "only the identity");
}

#[test]
fn the_configuration_adds_names() {
    let name = |text: &str| HeaderName::from_bytes(text.as_bytes()).unwrap();
    let rules = Rules {
        injected: [name("x-account")].into(),
        credentials: [name("x-partner-key")].into(),
        allowed: [name("x_legacy"), name("x-tenant-id")].into(),
    };
    let fields =
        [("x-account", "1"), ("x-partner-key", "k"), ("x_legacy", "1"), ("x-tenant-id", "t"), ("x_other", "1")];
    let mut parts = request(Version::HTTP_11, &fields);
    let found = clean(&mut parts, false, &rules).unwrap();
    assert_eq!(
        (found.removed, found.is_credentialed),
        (2, true),
        "edge/Y1: what the config injects; edge/Y13: allow-list"
    );
    assert!(["x-partner-key", "x_legacy", "x-tenant-id"].iter().all(|name| parts.headers.contains_key(*name)));
    let mut doubled = request(Version::HTTP_11, &[("x-partner-key", "k"), ("x-partner-key", "l")]);
    assert!(clean(&mut doubled, false, &rules).is_err(), "edge/Y14: a credential stands once");
    let mut listed = request(Version::HTTP_11, &[("connection", "x-account")]);
    assert!(clean(&mut listed, false, &rules).is_err(), "edge/H49: nor may Connection name what we inject");
    let mut listed = request(Version::HTTP_11, &[("connection", "X-Partner-Key")]);
    assert!(clean(&mut listed, false, &rules).is_err(), "edge/H49: nor a credential");
}

#[test]
fn connection_specific_fields_are_removed() {
    let fields = [
        ("connection", "close, X-Mine, x-mine-too"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("proxy-authorization", "Basic x"),
        ("te", "trailers"),
        ("trailer", "x-t"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("http2-settings", "AAMAAABk"),
        ("x-mine", "1"),
        ("X-Mine-Too", "1"),
        ("accept", "*/*"),
    ];
    let (left, found) = cleaned(&fields);
    assert_eq!(left, ["accept"], "edge/Y11, edge/H50");
    assert_eq!((found.removed, found.takes_trailers, found.upgrade), (0, true, None), "edge/Y11: not forged");
}

#[test]
fn connection_lists_are_bounded_and_name_no_end_to_end_field() {
    let fifty = ["a"; 50].join(",");
    let nine = ["close"; 9].join(",");
    let cases = [
        "close, Authorization",
        "X-Forwarded-For, x-real-ip",
        "Host, Content-Length",
        "AUTHORIZATION",
        "cookie", // edge/H49
        "x-request-id",
        "traceparent",
        "via",
        "x-user-id",
        "x-portcullis-x",
        "x-api-key",
        "content-md5",
        "sec-fetch-site",
        "accept",
        "cache-control",
        "expect",
        "range",
        "a b",
        "a\"",
        "caf\u{e9}",
        &fifty,
        &nine, // edge/H49e
    ];
    for list in cases {
        assert_eq!(
            refused(Version::HTTP_11, &[("connection", list)]),
            Some(Reason::ConnectionField),
            "edge/H49: {list}"
        );
    }
    let lines = [("connection", "a,b,c,d,e"), ("connection", "f,g,h,i")];
    assert_eq!(refused(Version::HTTP_11, &lines), Some(Reason::ConnectionField), "edge/H49e: over all lines");
    for list in ["keep-alive", "Close", "close, te, upgrade, keep-alive, http2-settings", "a,b,c,d,e,f,g,h", ""] {
        assert_eq!(refused(Version::HTTP_11, &[("connection", list)]), None, "{list}");
    }
}

#[test]
fn singletons_stand_once() {
    // edge/Y14
    let names = [
        "authorization",
        "content-type",
        "content-length",
        "cookie",
        "if-match",
        "if-none-match",
        "if-modified-since",
        "if-unmodified-since",
        "if-range",
        "x-api-key",
        "dpop",
        "origin",
        "range",
        "content-encoding",
        "idempotency-key",
    ];
    for name in names {
        let value = if name == "content-length" { "5" } else { "a" };
        assert_eq!(refused(Version::HTTP_11, &[(name, value)]), None, "{name}");
        assert_eq!(refused(Version::HTTP_11, &[(name, value), (name, value)]), Some(Reason::HeaderRepeated), "{name}");
    }
    for name in ["accept", "cache-control", "x-custom", "traceparent"] {
        assert_eq!(refused(Version::HTTP_11, &[(name, "a"), (name, "b")]), None, "{name} is a list, or judged later");
    }
}

#[test]
fn cookie_crumbs_of_http2_become_one_line() {
    // edge/W20b
    let mut parts =
        request(Version::HTTP_2, &[("cookie", "a=1"), ("accept", "*/*"), ("cookie", "b=2"), ("cookie", "c=3")]);
    clean(&mut parts, false, &Rules::default()).unwrap();
    let lines: Vec<_> = parts.headers.get_all(COOKIE).iter().collect();
    assert_eq!(lines, ["a=1; b=2; c=3"]);
}

#[test]
fn interpreted_fields_are_ascii_and_unpadded() {
    for name in ["authorization", "cookie", "content-type", "x-forwarded-for", "forwarded"] {
        assert_eq!(
            refused(Version::HTTP_11, &[(name, "caf\u{e9}")]),
            Some(Reason::RequestMalformed),
            "edge/H37: {name}"
        );
    }
    assert_eq!(refused(Version::HTTP_11, &[("x-note", "caf\u{e9}")]), None, "edge/H37: not interpreted");
    assert_eq!(refused(Version::HTTP_2, &[("x-note", " a")]), Some(Reason::RequestMalformed), "edge/W13h");
    assert_eq!(refused(Version::HTTP_2, &[("x-note", "a\t")]), Some(Reason::RequestMalformed), "edge/W13h");
    assert_eq!(refused(Version::HTTP_2, &[("x-note", "")]), None);
    for length in ["0005", "+5", "", "5 ", "5,5", "0x5", "-1"] {
        assert_eq!(
            refused(Version::HTTP_11, &[("content-length", length)]),
            Some(Reason::RequestMalformed),
            "edge/H19 {length}"
        );
    }
    assert_eq!(refused(Version::HTTP_11, &[("content-length", "0")]), None);
}

#[test]
fn expect_is_100_continue_or_refused() {
    for value in ["200-ok", "y 100-continue", "100-continue, 100-continue", ""] {
        assert_eq!(
            refused(Version::HTTP_11, &[("expect", value)]),
            Some(Reason::ExpectationUnknown),
            "edge/H53b: {value}"
        );
    }
    let twice = [("expect", "100-continue"), ("expect", "100-continue")];
    assert_eq!(refused(Version::HTTP_11, &twice), Some(Reason::ExpectationUnknown), "edge/H53b");
    let (left, found) = cleaned(&[("expect", "100-Continue")]);
    assert_eq!((left.len(), found.expects_continue, found.removed), (0, true, 0), "edge/H53");
}

#[test]
fn range_of_many_parts_is_removed() {
    // edge/Y15
    let ranges = |count: usize| format!("bytes={}", vec!["0-0"; count].join(","));
    let (left, found) = cleaned(&[("range", &ranges(MAX_RANGES))]);
    assert_eq!((left.len(), found.removed), (1, 0));
    let (left, found) = cleaned(&[("range", &ranges(200))]);
    assert_eq!((left.len(), found.removed), (0, 1));
}

#[test]
fn a_loop_is_noticed() {
    // edge/Y12
    let loops = [
        &[("via", "1.1 a, 1.1 portcullis, 2.0 Portcullis (x)")][..],
        &[("via", "1.1 portcullis"), ("via", "1.1 portcullis")],
    ];
    for vias in loops {
        assert_eq!(refused(Version::HTTP_11, vias), Some(Reason::ForwardingLoop), "{vias:?}");
    }
    for vias in [&[("via", "1.1 portcullis")][..], &[("via", "1.1 a, 1.1 b"), ("via", "1.1 portcullis-2")]] {
        assert_eq!(refused(Version::HTTP_11, vias), None, "{vias:?}");
    }
}

#[test]
fn heads_are_bounded() {
    let names: Vec<_> = (0..=MAX_HEADER_FIELDS).map(|at| format!("x-{at}")).collect();
    let fields: Vec<_> = names.iter().map(|name| (name.as_str(), "a")).collect();
    assert_eq!(refused(Version::HTTP_2, &fields[..MAX_HEADER_FIELDS]), None);
    assert_eq!(refused(Version::HTTP_2, &fields), Some(Reason::HeadTooLarge), "edge/W4b, edge/H48");
    let fit = "a".repeat(MAX_HEADER_LIST_BYTES - "x-a".len() - FIELD_OVERHEAD);
    assert_eq!(refused(Version::HTTP_11, &[("x-a", &fit)]), None);
    assert_eq!(refused(Version::HTTP_11, &[("x-a", &format!("{fit}a"))]), Some(Reason::HeadTooLarge), "edge/H48");
}

const HANDSHAKE: [(&str, &str); 4] = [
    ("connection", "keep-alive, Upgrade"),
    ("upgrade", "WebSocket"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ("sec-websocket-version", "13"),
];

#[test]
fn websocket_handshakes_are_recognised() {
    let (left, found) = cleaned(&[&HANDSHAKE[..], &[("sec-websocket-extensions", "permessage-deflate")]].concat());
    assert_eq!(found.upgrade, Some(Upgrade::WebSocket));
    assert_eq!(left, ["sec-websocket-key", "sec-websocket-version"], "the rest is put back on purpose only");
    let mut headers = HeaderMap::new();
    restore_upgrade(&mut headers, Upgrade::WebSocket);
    assert_eq!(
        (&headers["connection"], &headers["upgrade"]),
        (&"upgrade".parse().unwrap(), &"websocket".parse().unwrap())
    );
}

#[test]
fn a_handshake_without_its_upgrade_is_dropped_whole() {
    let rest = [("sec-websocket-protocol", "chat"), ("sec-websocket-extensions", "x"), ("accept", "a")];
    let mut parts = request(Version::HTTP_11, &[&HANDSHAKE[..], &rest].concat());
    assert!(clean(&mut parts, false, &Rules::default()).unwrap().has_handshake);
    drop_handshake(&mut parts.headers);
    assert_eq!(parts.headers.keys().collect::<Vec<_>>(), ["accept"], "edge/H50b");
    assert!(!cleaned(&[("accept", "a")]).1.has_handshake);
}

#[test]
fn unsafe_upgrades_are_refused_and_others_ignored() {
    let with = |at: usize, value: &'static str| {
        let mut fields = HANDSHAKE.to_vec();
        fields[at].1 = value;
        fields
    };
    let and = |name: &'static str, value: &'static str| [&HANDSHAKE[..], &[(name, value)]].concat();
    let refusals = [
        (with(2, "short=="), "edge/P13: key"),
        (with(2, "dGhlIHNhbXBsZSBub25jZQ__"), "edge/P13: key"),
        (HANDSHAKE[..3].to_vec(), "edge/P13: no version"),
        (and("content-length", "5"), "edge/H50c"),
        (and("transfer-encoding", "chunked"), "edge/H50c"),
    ];
    for (fields, why) in refusals {
        assert_eq!(refused(Version::HTTP_11, &fields), Some(Reason::UpgradeRefused), "{why}");
    }
    for version in ["8", "14", "013", "x"] {
        assert_eq!(refused(Version::HTTP_11, &with(3, version)), Some(Reason::WebSocketVersion), "edge/P13: {version}");
    }
    let mut post = request(Version::HTTP_11, &HANDSHAKE);
    post.method = Method::POST;
    assert!(clean(&mut post, false, &Rules::default()).is_err(), "RFC 6455 §4.1");
    let ignored = [
        (with(1, "h2c"), "edge/H50: never 101"),
        (with(1, "websocket, h2c"), "edge/H50"),
        (with(0, "keep-alive"), "Upgrade that Connection does not name"),
        (HANDSHAKE[1..].to_vec(), "no Connection"),
    ];
    for (fields, why) in ignored {
        let (left, found) = cleaned(&fields);
        assert_eq!(found.upgrade, None, "{why}");
        assert!(!left.iter().any(|name| name == "upgrade" || name == "connection"), "{why}");
    }
    assert_eq!(cleaned(&and("content-length", "0")).1.upgrade, Some(Upgrade::WebSocket), "no content");
}

#[test]
fn credentials_are_noticed() {
    for name in ["authorization", "cookie", "x-api-key", "dpop", "x-auth-token"] {
        assert!(cleaned(&[(name, "a")]).1.is_credentialed, "{name}");
    }
    assert!(!cleaned(&[("accept", "*/*"), ("x-csrf-token", "a")]).1.is_credentialed);
}

fn sent(
    client: &str,
    peer: &str,
    host: &str,
    is_tls: bool,
    before: &[(&str, &str)],
    cache: &mut ForwardedCache,
) -> HeaderMap {
    let (address, peer): (IpAddr, IpAddr) = (client.parse().unwrap(), peer.parse().unwrap());
    let mut parts = request(Version::HTTP_11, before);
    parts.headers.insert("host", host.parse().unwrap());
    let authority = authority(&Uri::from_static("/"), &mut parts.headers, false, is_tls).unwrap();
    let onward = Onward {
        client: Client { address, peer, is_trusted: address != peer, is_cut: false },
        is_tls,
        authority: &authority,
        request_id: HeaderValue::from_static("019"),
        trace: TraceContext {
            traceparent: HeaderValue::from_static("00-1-2-00"),
            tracestate: Tracestate::Dropped,
            trace_id: 1,
            span_id: 2,
        },
    };
    forwarded(&mut parts.headers, onward, cache).unwrap();
    parts.headers
}

#[test]
fn our_fields_tell_one_story() {
    // edge/Y2, edge/Y3, edge/Y5, edge/Y12
    let cache = &mut ForwardedCache::default();
    let cases = [
        ("192.0.2.1", "192.0.2.1", "api", true, "192.0.2.1", "for=192.0.2.1;host=\"api\";proto=https"),
        ("192.0.2.1", "192.0.2.1", "api", false, "192.0.2.1", "for=192.0.2.1;host=\"api\";proto=http"),
        (
            "192.0.2.1",
            "10.0.0.1",
            "api:8443",
            true,
            "192.0.2.1, 10.0.0.1",
            "for=192.0.2.1;host=\"api:8443\";proto=https, for=10.0.0.1",
        ),
        ("2001:db8::1", "2001:db8::1", "b", true, "2001:db8::1", "for=\"[2001:db8::1]\";host=\"b\";proto=https"),
    ];
    for (client, peer, host, is_tls, chain, element) in cases {
        for round in ["made", "kept"] {
            let headers = sent(
                client,
                peer,
                host,
                is_tls,
                &[("traceparent", "old"), ("tracestate", "a=1"), ("x-request-id", "<script>")],
                cache,
            );
            let one = |name: &str| {
                let values: Vec<_> = headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
                values.join("|")
            };
            assert_eq!(one("x-forwarded-for"), chain, "{round}");
            assert_eq!(one("forwarded"), element, "{round}");
            assert_eq!(
                (one("x-forwarded-host"), one("x-forwarded-proto")),
                (host.into(), if is_tls { "https".into() } else { "http".into() })
            );
            assert_eq!(
                (one("x-request-id"), one("traceparent"), one("tracestate")),
                ("019".into(), "00-1-2-00".into(), String::new()),
                "edge/Y29, edge/Y30"
            );
            assert_eq!(one("via"), "1.1 portcullis", "edge/Y12");
            assert!(!headers.contains_key("host"), "edge/P21: set by whoever writes the request");
        }
    }
    let headers = sent("192.0.2.1", "192.0.2.1", "api", true, &[("via", "1.0 a")], cache);
    assert_eq!(headers.get_all("via").iter().collect::<Vec<_>>(), ["1.0 a", "1.1 portcullis"], "edge/Y12: appended");
}
