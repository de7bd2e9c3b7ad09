use super::*;
use proptest::prelude::*;

const HOST: &str = "api.example.com";

fn hardened(lines: &[&str]) -> (Vec<String>, u16) {
    let mut headers = HeaderMap::new();
    for line in lines {
        headers.append(SET_COOKIE, HeaderValue::from_str(line).unwrap());
    }
    let before = headers.clone();
    let would = harden(&mut headers, HOST, &["csrf".into()], false);
    assert_eq!(headers, before, "monitor changes nothing");
    let changed = harden(&mut headers, HOST, &["csrf".into()], true);
    assert_eq!(would, changed, "monitor says what enforce does");
    let once = headers.clone();
    assert_eq!(harden(&mut headers, HOST, &["csrf".into()], true), 0, "hardened twice is hardened once");
    assert_eq!(headers, once);
    (headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect(), changed)
}

#[test]
fn each_cookie_becomes_what_it_should_be() {
    // edge/Y26
    let fine = "sid=1; Secure; HttpOnly; SameSite=Strict";
    let cases = [
        ("sid=1", Some("sid=1; Secure; HttpOnly; SameSite=Lax"), "all is missing"),
        ("sid=1; Path=/; Max-Age=5", Some("sid=1; Path=/; Max-Age=5; Secure; HttpOnly; SameSite=Lax"), "others stay"),
        (fine, Some(fine), "nothing is missing"),
        ("sid=1;secure;HTTPONLY;samesite=lax", Some("sid=1;secure;HTTPONLY;samesite=lax"), "without case"),
        (
            "sid=1; Secure=x; HttpOnly=; SameSite=Lax",
            Some("sid=1; Secure=x; HttpOnly=; SameSite=Lax"),
            "values of flags",
        ),
        ("sid=Secure", Some("sid=Secure; Secure; HttpOnly; SameSite=Lax"), "a value is no attribute"),
        ("Secure; Path=/", Some("Secure; Path=/; Secure; HttpOnly; SameSite=Lax"), "a name is no attribute"),
        ("sid=1; SameSite=None; Secure", Some("sid=1; SameSite=None; Secure; HttpOnly"), "cross-site, secure"),
        ("sid=1; SameSite=None", None, "cross-site in plain text"),
        ("sid=1; SameSite=Lax; SameSite=none", None, "the last counts"),
        (
            "sid=1; SameSite=None; SameSite=Lax; Secure; HttpOnly",
            Some("sid=1; SameSite=None; SameSite=Lax; Secure; HttpOnly"),
            "the last counts",
        ),
        (
            "sid=1; SameSite=foo; Secure; HttpOnly",
            Some("sid=1; SameSite=foo; Secure; HttpOnly; SameSite=Lax"),
            "unknown is missing",
        ),
        ("csrf=1; SameSite=Strict", Some("csrf=1; SameSite=Strict; Secure"), "scripts may read it"),
        ("CSRF=1; Secure; SameSite=Lax", Some("CSRF=1; Secure; SameSite=Lax; HttpOnly"), "names have case"),
        ("__Host-sid=1; Path=/", Some("__Host-sid=1; Path=/; Secure; HttpOnly; SameSite=Lax"), "bound to the host"),
        ("__Host-sid=1; Path=/; Domain=api.example.com; Secure", None, "bound to the host, with a domain"),
        ("__Host-sid=1; Path=/v1; Secure", None, "bound to the host, below a path"),
        ("__Host-sid=1; Secure", None, "bound to the host, without a path"),
        ("__host-sid=1; Secure; Domain=x", None, "prefixes have no case"),
        ("__Secure-sid=1", Some("__Secure-sid=1; Secure; HttpOnly; SameSite=Lax"), "promised to be secure"),
        (
            "sid=1; Domain=example.com; Secure; HttpOnly; SameSite=Lax",
            Some("sid=1; Secure; HttpOnly; SameSite=Lax"),
            "wider than the host",
        ),
        (
            "sid=1; domain=.example.com;Path=/; Domain=evil.com; Secure; HttpOnly; SameSite=Lax",
            Some("sid=1;Path=/; Secure; HttpOnly; SameSite=Lax"),
            "each of them",
        ),
        (
            "sid=1; Domain=db.internal; Secure; HttpOnly; SameSite=Lax",
            Some("sid=1; Secure; HttpOnly; SameSite=Lax"),
            "another host",
        ),
        (
            "sid=1; Domain=.API.example.com; Secure; HttpOnly; SameSite=Lax",
            Some("sid=1; Domain=.API.example.com; Secure; HttpOnly; SameSite=Lax"),
            "the host",
        ),
        ("sid=1; Domain=; Secure; HttpOnly; SameSite=Lax", Some("sid=1; Secure; HttpOnly; SameSite=Lax"), "nothing"),
    ];
    for (before, after, why) in cases {
        let (lines, changed) = hardened(&[before]);
        assert_eq!(lines, after.into_iter().collect::<Vec<_>>(), "{why}");
        assert_eq!(changed > 0, after != Some(before), "{why}");
    }
}

#[test]
fn cookies_keep_their_order_and_one_does_not_touch_another() {
    let (lines, changed) = hardened(&["a=1; Secure; HttpOnly; SameSite=Lax", "b=2; SameSite=None", "c=3"]);
    assert_eq!(lines, ["a=1; Secure; HttpOnly; SameSite=Lax", "c=3; Secure; HttpOnly; SameSite=Lax"]);
    assert_eq!(changed, 2);
}

/// What cookies are made of.
const PIECES: [&str; 22] = [
    "sid",
    "csrf",
    "__Host-a",
    "__secure-b",
    "=",
    "1",
    ";",
    "; ",
    " ",
    "Secure",
    "secure",
    "HttpOnly",
    "SameSite",
    "=None",
    "=Lax",
    "=x",
    "Domain",
    "=api.example.com",
    "=.example.com",
    "Path",
    "=/",
    ",",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever was written: what is set is secure, belongs to the host, and would not be changed again.
    #[test]
    fn what_is_set_is_as_it_should_be(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..16)) {
        let (lines, _) = hardened(&[&pieces.concat()]);
        for line in lines {
            let said = attributes(line.as_bytes().split(|byte| *byte == b';').skip(1));
            prop_assert!(said.secure && said.same_site.is_some(), "{line}");
            prop_assert!(said.domain.is_none_or(|domain| is_host(domain, HOST)), "{line}");
        }
    }
}
