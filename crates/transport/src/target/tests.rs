use super::*;
use http::HeaderMap;
use http::header::HOST;
use portcullis_core::Authority;
use std::borrow::Cow;

fn reason<T: std::fmt::Debug>(result: Result<T, Stop>) -> Option<Reason> {
    result.err().map(|stop| stop.reason())
}

fn read(raw: &str) -> Result<String, Reason> {
    // What hyper refuses before us is refused, too.
    let Ok(uri) = Uri::from_maybe_shared(Bytes::copy_from_slice(raw.as_bytes())) else {
        return Err(Reason::TargetAmbiguous);
    };
    match canonical(&uri, &Method::GET) {
        Ok(Target::Origin(target)) => Ok(target.path_and_query().as_str().to_owned()),
        Ok(Target::Server) => Ok("*".to_owned()),
        Err(stop) => Err(stop.reason()),
    }
}

#[test]
fn ambiguous_targets_are_refused() {
    let cases = [
        ("/orders/../admin", "edge/N1"),
        ("/./orders", "edge/N1"),
        ("/orders/..", "edge/N1"),
        ("/orders/.", "edge/N1"),
        ("/%2e%2e/admin", "edge/N2"),
        ("/%2E./", "edge/N2"),
        ("/.%2e", "edge/N2"),
        ("/orders%2fadmin", "edge/N3"),
        ("/orders%2Fadmin", "edge/N3"),
        ("/orders%5cadmin", "edge/N3"),
        ("/orders/%252e%252e/admin", "edge/N4"),
        ("/%25%32%66", "edge/N4"),
        ("/100%25", "edge/N4: a literal percent in a segment"),
        (r"/orders\..\admin", "edge/N5"),
        ("/a%5Cb", "edge/N5"),
        ("//orders", "edge/N6, edge/H42e"),
        ("/orders//1", "edge/N6"),
        ("//evil.example/x", "edge/H42e"),
        ("/orders;jsessionid=1/1", "edge/N7"),
        ("/admin;x/..;/", "edge/N7"),
        ("/orders%3Bx", "edge/N7: encoded"),
        ("/orders%00.json", "edge/N8"),
        ("/a%0a", "edge/N8"),
        ("/a%0d%0a", "edge/N8"),
        ("/a%7f", "edge/N8"),
        ("/a?x=%00", "edge/N8, edge/N19: in the query"),
        ("/a?x=%0D%0A", "edge/N8: in the query"),
        ("/%c0%ae%c0%ae/", "edge/N9: not the shortest form"),
        ("/%e0%80%af", "edge/N9"),
        ("/%ff", "edge/N9"),
        ("/%ed%a0%80", "edge/N9: a surrogate"),
        ("/%c3", "edge/N9: cut short"),
        ("/%c3x", "edge/N9: cut short"),
        ("/%f4%90%80%80", "edge/N9: beyond U+10FFFF"),
        ("/a?x=%ff", "edge/N9: in the query"),
        ("/%zz", "edge/N12"),
        ("/%2", "edge/N12"),
        ("/%", "edge/N12"),
        ("/%u0041", "edge/N12"),
        ("/a?b=%", "edge/N12: in the query"),
        ("/café", "edge/N14: raw"),
        ("/a?x=é", "edge/N14: raw, in the query"),
        ("/files/a/%2e%2e/b", "edge/N21"),
        ("/a{b}", "edge/H46"),
        ("/a|b", "edge/H46"),
        ("/a^b", "edge/H46"),
        ("/a[b]", "edge/H46"),
        ("/a`b", "edge/H46"),
        ("/a\"b", "edge/H46"),
        ("/a<b>", "edge/H46"),
        ("/a?x={y}", "edge/H46"),
        ("/a?x=y|z", "edge/H46"),
        (r"/a?x=y\z", "edge/H46"),
        ("/a b", "edge/H43"),
    ];
    for (raw, why) in cases {
        assert_eq!(read(raw), Err(Reason::TargetAmbiguous), "{raw}: {why}");
    }
}

#[test]
fn equal_spellings_become_one() {
    let cases = [
        ("/%6frders/1", "/orders/1", "edge/N13"),
        ("/orders/%7Euser", "/orders/~user", "edge/N13"),
        ("/caf%c3%a9", "/caf%C3%A9", "hex case"),
        ("/a?%61=1", "/a?a=1", "edge/N19"),
        ("/a?x=%2f", "/a?x=%2F", "data in a query"),
        ("/a?x=100%25", "/a?x=100%25", "data in a query"),
        ("/a?x=%2541", "/a?x=%2541", "decoded once only"),
        ("/a?a[]=1", "/a?a%5B%5D=1", "edge/N19: browsers send brackets raw"),
        ("/a?a;b", "/a?a;b", "edge/N19: `&` only"),
        ("/a?x=/b?c:d@e", "/a?x=/b?c:d@e", "RFC 3986 §3.4"),
        ("/a%2Cb", "/a%2Cb", "an encoded reserved octet is not equal to the raw one"),
        ("/a,b", "/a,b", "and stays raw where it was raw"),
    ];
    for (raw, canonical, why) in cases {
        assert_eq!(read(raw).as_deref(), Ok(canonical), "{raw}: {why}");
    }
}

#[test]
fn plain_targets_pass_untouched_and_uncopied() {
    let cases = [
        ("/", "root"),
        ("/orders/", "edge/N6: another path, not an error"),
        ("/ORDERS/1", "edge/N10: case stays"),
        ("/orders/1.", "edge/N11: never trimmed"),
        ("/orders/1%20", "edge/N11"),
        ("/orders/1::$DATA", "edge/N11"),
        ("/a/...", "three dots are a name"),
        ("/a/.b/..c/d..", "dots beside other bytes"),
        ("/%EF%BC%8Fx", "edge/N15: full-width slash is data"),
        ("/%E2%80%A4%E2%80%A4", "edge/N15: one-dot leader is data"),
        ("/a?", "an empty query stays"),
        ("/a?a=1&a=2", "edge/N19: the contract decides"),
    ];
    for (raw, why) in cases {
        let uri = Uri::from_static(raw);
        let Ok(Target::Origin(target)) = canonical(&uri, &Method::GET) else { panic!("{raw} refused: {why}") };
        let before = uri.path_and_query().unwrap().as_str();
        assert_eq!(target.path_and_query().as_str(), raw, "{why}");
        assert_eq!(target.path_and_query().as_str().as_ptr(), before.as_ptr(), "{raw} was copied");
    }
}

#[test]
fn unicode_is_never_folded() {
    // edge/N14: NFC and NFD are two segments.
    assert_ne!(read("/caf%C3%A9"), read("/cafe%CC%81"));
}

#[test]
fn forms_of_the_target() {
    let cases: [(&str, Method, Result<&str, Reason>, &str); 12] = [
        ("*", Method::OPTIONS, Ok("*"), "edge/H42: answered locally"),
        ("*", Method::GET, Err(Reason::TargetForm), "edge/H42, edge/W14e"),
        ("evil.example:443", Method::GET, Err(Reason::TargetForm), "edge/H42"),
        ("echo", Method::GET, Err(Reason::TargetForm), "edge/H42"),
        ("ftp://api/x", Method::GET, Err(Reason::TargetForm), "edge/H41c"),
        ("http://api/x?y=1", Method::GET, Ok("/x?y=1"), "edge/H41: origin-form upstream"),
        ("http://api", Method::GET, Ok("/"), "RFC 9112 §3.2.1"),
        ("http://api?x=1", Method::GET, Err(Reason::TargetForm), "a query without a path"),
        ("https://api/x", Method::GET, Ok("/x"), "the scheme is judged with the listener"),
        ("http://api/../x", Method::GET, Err(Reason::TargetAmbiguous), "the same rules"),
        ("/x", Method::OPTIONS, Ok("/x"), "a preflight"),
        ("x", Method::OPTIONS, Err(Reason::TargetForm), "edge/H42"),
    ];
    for (raw, method, expected, why) in cases {
        let got = canonical(&raw.parse().unwrap(), &method);
        let got = got.as_ref().map_err(Stop::reason).map(|target| match target {
            Target::Origin(target) => target.path_and_query().as_str(),
            Target::Server => "*",
        });
        assert_eq!(got, expected, "{raw}: {why}");
    }
}

#[test]
fn bounds_of_the_target() {
    let long = |bytes: usize| read(&format!("/{}", "a".repeat(bytes - 1)));
    assert!(long(MAX_TARGET_BYTES).is_ok());
    assert_eq!(long(MAX_TARGET_BYTES + 1), Err(Reason::TargetTooLong), "edge/H47");
    assert_eq!(long(20_000), Err(Reason::TargetTooLong), "edge/H47");
    assert!(read(&"/a".repeat(MAX_PATH_SEGMENTS)).is_ok());
    assert_eq!(read(&"/a".repeat(MAX_PATH_SEGMENTS + 1)), Err(Reason::TargetAmbiguous));
    let pairs = |count: usize| read(&format!("/a?{}", vec!["b=1"; count].join("&")));
    assert!(pairs(MAX_QUERY_PAIRS).is_ok());
    assert_eq!(pairs(MAX_QUERY_PAIRS + 1), Err(Reason::QueryTooMany), "edge/N20");
    assert_eq!(pairs(2_000), Err(Reason::QueryTooMany), "edge/N20");
    let name = |bytes: usize| read(&format!("/a?x=1&{}=1", "n".repeat(bytes)));
    assert!(name(MAX_QUERY_NAME_BYTES).is_ok());
    assert_eq!(name(MAX_QUERY_NAME_BYTES + 1), Err(Reason::QueryTooMany), "edge/N20");
    // Rewriting brackets makes a target longer; what is forwarded is bounded, too.
    assert_eq!(read(&format!("/a?x={}", "[".repeat(4_000))), Err(Reason::TargetTooLong));
}

/// A generator of our own: 200,000 targets from the pieces that parsers disagree on, the same ones each time.
struct Targets(u64);

impl Targets {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn target(&mut self) -> String {
        const PIECES: [&str; 46] = [
            "/",
            "/",
            "/",
            "/",
            "/",
            "a",
            "orders",
            "Z",
            "9",
            ".",
            "..",
            "...",
            "%2e",
            "%2E",
            "%2f",
            "%5c",
            "\\",
            ";",
            "%3b",
            "%",
            "%2",
            "%zz",
            "%25",
            "%00",
            "%7f",
            "%41",
            "%7e",
            "%c3%a9",
            "%C3%A9",
            "%c0%ae",
            "%ff",
            "%ef%bc%8f",
            "%20",
            "?",
            "&",
            "=",
            "[",
            "]",
            "{",
            ":",
            "@",
            "~",
            "%3f",
            "%23",
            "+",
            "%e2%80%a4",
        ];
        let mut text = "/".to_owned();
        for _ in 0..self.next() % 8 {
            let piece = PIECES.iter().cycle().nth((self.next() & 63) as usize).unwrap();
            text.push_str(piece);
        }
        text
    }
}

/// RFC 3986 read strictly and on its own: what a segment means.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digits = [rest.next()?, rest.next()?];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

/// edge/N24: for every accepted target, three readings of what is sent upstream give the segments that routing and
/// authorization saw, and normalising once more changes nothing.
#[test]
fn what_is_forwarded_reads_as_what_was_authorized() {
    let (mut targets, mut accepted) = (Targets(0x9E37_79B9_7F4A_7C15), 0_u32);
    for _ in 0..200_000 {
        let raw = targets.target();
        let Ok(uri) = Uri::from_maybe_shared(Bytes::from(raw.clone())) else { continue };
        let Ok(Target::Origin(target)) = canonical(&uri, &Method::GET) else { continue };
        accepted += 1;
        let sent = target.path_and_query().as_str();
        let seen: Vec<_> = target.segments().map(|segment| decoded(segment).expect("accepted")).collect();

        let path = raw.split('?').next().unwrap();
        let strict: Vec<_> = path.split('/').skip(1).map(|segment| decoded(segment).expect("accepted")).collect();
        assert_eq!(seen, strict, "the raw target {raw} against {sent}");

        let url = url::Url::parse(&format!("http://api{sent}")).unwrap();
        let second: Vec<_> = url.path_segments().unwrap().map(|segment| decoded(segment).unwrap()).collect();
        assert_eq!(seen, second, "the url crate on {sent}");
        assert_eq!(url.host_str(), Some("api"), "{sent} changed the authority");
        assert_eq!(url.query().map(decoded), target.query().map(decoded), "the query of {sent}");

        for segment in &seen {
            let is_safe = !segment.contains(['/', '\\', '%', ';']) && !matches!(segment.as_str(), "." | "..");
            assert!(is_safe && !segment.bytes().any(|byte| byte.is_ascii_control()), "{segment} of {raw}");
        }
        let again = canonical(&sent.parse().unwrap(), &Method::GET).expect("canonical targets are accepted");
        assert_eq!(again, Target::Origin(target.clone()), "{raw} is not stable");
    }
    assert!(accepted > 20_000, "only {accepted} were accepted: the generator is too wild to prove anything");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(4_096))]
    #[test]
    fn canonicalisation_is_idempotent_on_any_text(raw in "/[ -~]{0,40}") {
        if let Ok(once) = read(&raw) {
            proptest::prop_assert_eq!(read(&once), Ok(once.clone()));
        }
    }
}

fn asked(uri: &str, hosts: &[&str], is_http2: bool, is_tls: bool) -> Result<RequestAuthority, Stop> {
    let mut headers = HeaderMap::new();
    for host in hosts {
        headers.append(HOST, host.parse().unwrap());
    }
    let result = authority(&uri.parse().unwrap(), &mut headers, is_http2, is_tls);
    assert!(!headers.contains_key(HOST) || result.is_err(), "the raw Host is taken out");
    result
}

#[test]
fn malformed_hosts_are_refused() {
    let cases = [
        "",
        "a b",
        "user@h",
        "h/path",
        "h:99999",
        "a,b",
        "h?x",
        "h#x",
        "[::1",
        r"a\b",
        "%65vil", // edge/H40
        "api.example.com.",
        ".",
        "a..b",
        ".a", // edge/N16
        "h:",
        "h:0",
        "h:080",
        "h:+80",
        "h:8a",
        "h:80:80",
        "::1",
        "[::1]x",
        "[::1%25eth0]",
        "[v1.x]",
        "[127.0.0.1]",
        "[]",
        "*",
    ];
    for host in cases {
        assert_eq!(reason(asked("/", &[host], false, true)), Some(Reason::AuthorityInvalid), "edge/H40: `{host}`");
    }
    assert_eq!(reason(asked("/", &[&"a".repeat(256)], false, true)), Some(Reason::AuthorityInvalid));
    let mut headers = HeaderMap::new();
    headers.append(HOST, http::HeaderValue::from_bytes(b"caf\xe9").unwrap());
    let latin1 = authority(&Uri::from_static("/"), &mut headers, false, true);
    assert_eq!(reason(latin1), Some(Reason::AuthorityInvalid), "edge/H37");
}

#[test]
fn one_authority_or_none() {
    let cases = [
        ("/", vec![], false, "edge/H39: none"),
        ("/", vec!["api", "api"], false, "edge/H39: two that are equal"),
        ("/", vec!["api", "evil"], false, "edge/H39: two"),
        ("http://evil.example/x", vec!["api"], false, "edge/H41"),
        ("http://api:81/x", vec!["api"], false, "edge/H41: another port"),
        ("http://api/x", vec![], false, "edge/H39: HTTP/1.1 wants Host also beside an absolute-form"),
        ("http://user@api/x", vec!["api"], false, "edge/H41c"),
        ("https://api/x", vec!["evil"], true, "edge/W16d"),
        ("https://user@api/x", vec![], true, "edge/W16"),
        ("/", vec![], true, "edge/W16d: neither"),
        ("https://api/x", vec!["api", "api"], true, "edge/W16d: two"),
    ];
    for (uri, hosts, is_http2, why) in cases {
        let got = asked(uri, &hosts, is_http2, uri.starts_with("https"));
        assert_eq!(reason(got), Some(Reason::AuthorityInvalid), "{uri} {hosts:?}: {why}");
    }
}

#[test]
fn authorities_have_one_spelling() {
    let cases = [
        ("/", "API.example.com:443", true, "api.example.com", None, "edge/N16"),
        ("/", "api.example.com:443", true, "api.example.com", None, "edge/N16"),
        ("/", "api.example.com:443", false, "api.example.com", Some(443), "not the default of plain text"),
        ("/", "api.example.com:80", false, "api.example.com", None, "edge/N16"),
        ("/", "Api:8443", true, "api", Some(8443), "case beside a port"),
        ("/", "xn--bcher-kva.example", true, "xn--bcher-kva.example", None, "edge/N18"),
        ("/", "127.0.0.1:8443", true, "127.0.0.1", Some(8443), "edge/N18"),
        ("/", "[::1]:8443", true, "[::1]", Some(8443), "edge/N18"),
        ("/", "[0:0:0::0001]", true, "[::1]", None, "edge/N18: one spelling"),
        ("/", "a_b", true, "a_b", None, "container networks name hosts so"),
        ("http://API/x", "api:80", false, "api", None, "edge/H41: equal but for case and default port"),
    ];
    for (uri, host, is_tls, expected, port, why) in cases {
        let got = asked(uri, &[host], false, is_tls).expect(why);
        let text = port.map_or_else(|| expected.to_owned(), |port| format!("{expected}:{port}"));
        assert_eq!(got.view(), Authority { host: Cow::Borrowed(expected), port }, "{host}: {why}");
        assert_eq!((got.as_str(), got.port()), (text.as_str(), port), "{host}: {why}");
        assert_eq!(got.to_value().unwrap(), *text, "{host}: {why}");
    }
    let got = asked("https://Api.example.com/x", &[], true, true).unwrap();
    assert_eq!(got.host(), "api.example.com", "edge/W16d: `:authority` alone");
    let got = asked("https://api.example.com/x", &["API.example.com:443"], true, true).unwrap();
    assert_eq!(got.host(), "api.example.com", "edge/W16d: an equal `host` is dropped");
    let got = asked("/x", &["api"], true, true).unwrap();
    assert_eq!(got.host(), "api", "RFC 9113 §8.3.1: `host` alone");
}
