use super::*;
use proptest::prelude::*;
use url::Url;

/// `Ok`: it goes to the client like this; `Err`: it does not.
fn judged(value: &str, upstream_path: Option<&str>) -> Result<String, ()> {
    judged_by(judge, value, upstream_path)
}

type Judge = fn(&HeaderValue, &Map<'_>) -> Verdict;

fn judged_by(judge: Judge, value: &str, upstream_path: Option<&str>) -> Result<String, ()> {
    let map = Map {
        host: "api.example.com",
        base_path: "/v1",
        upstream_path,
        is_endpoint: &|authority| {
            ["10.0.1.5:8000", "shop.internal", "shop-1:8000", "[fd00::5]:8000"].contains(&authority)
        },
        is_served: &|host| host == "api.corp",
    };
    match judge(&HeaderValue::from_bytes(value.as_bytes()).unwrap(), &map) {
        Verdict::Fine => Ok(value.to_owned()),
        Verdict::Public(value) => Ok(value.to_str().unwrap().to_owned()),
        Verdict::Internal => Err(()),
    }
}

#[test]
fn a_reference_to_an_endpoint_becomes_one_to_the_api() {
    // edge/P19
    let cases = [
        ("http://10.0.1.5:8000/v1/x?a=1#b", Ok("/v1/x?a=1#b"), "address and port"),
        ("http://10.0.1.5:8000", Ok("/"), "no path"),
        ("http://10.0.1.5:8000?a", Ok("/?a"), "no path, a query"),
        ("HTTP://SHOP.internal:80/v1/x", Ok("/v1/x"), "case and default port"),
        ("https://shop.internal/v1/x", Ok("/v1/x"), "another scheme"),
        ("//shop-1:8000/v1/x", Ok("/v1/x"), "no scheme"),
        ("\\\\shop-1:8000/v1/x", Ok("/v1/x"), "as browsers read it"),
        ("http:/10.0.1.5:8000/v1/x", Ok("/v1/x"), "as browsers read it"),
        ("http:10.0.1.5:8000/v1/x", Ok("/v1/x"), "as browsers read it"),
        ("http:///10.0.1.5:8000/v1/x", Ok("/v1/x"), "as browsers read it"),
        ("http://user:secret@10.0.1.5:8000/v1/x", Ok("/v1/x"), "user information"),
        ("http://[fd00:0::5]:8000/v1/x", Ok("/v1/x"), "IPv6 in another spelling"),
        ("http://10.0.1.5:8000//evil.example/", Err(()), "a path that is a host to the client"),
        ("http://10.0.1.5:8000/\\evil.example/", Err(()), "a path that is a host to the client"),
        ("http://10.0.1.5:8000\\\\evil.example/", Err(()), "a path that is a host to the client"),
    ];
    for (value, expected, why) in cases {
        assert_eq!(judged(value, None), expected.map(str::to_owned), "{why}: {value}");
    }
}

#[test]
fn other_internal_addresses_go_no_further() {
    // edge/P19
    for value in [
        "http://10.0.1.5:8001/x",
        "http://10.0.1.5/x",
        "https://192.168.1.1/",
        "http://172.16.0.1:80/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/",
        "http://127.0.0.1:8000/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://[fe80::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://localhost:3000/",
        "http://backend/x",
        "//backend/x",
        "\\/backend/x",
        "http://db.internal/",
        "http://shop.default.svc/",
        "http://printer.local/",
        "ftp://10.0.0.1/x",
        "http://10.1/",
        "http://2130706433/",
        "http://a.0x7f/",
        "http://u@10.0.0.9:80/",
        "http://exa mple/",
        "http://",
        "http://\u{e9}.example/",
    ] {
        assert_eq!(judged(value, None), Err(()), "{value}");
    }
}

#[test]
fn public_references_stay_as_they_are() {
    for value in [
        "https://login.example.org/authorize?x=http://10.0.0.1/",
        "https://api.example.com:8443/x",
        "http://api.example.com/x",
        "http://api.corp/x",
        "http://8.8.8.8/",
        "http://[2001:4860:4860::8888]/",
        "/v1/x",
        "/",
        "x/y",
        "../x",
        "?page=2",
        "#a",
        "",
        "mailto:a@example.com",
        "urn:uuid:1",
        "com.example.app:/callback",
        "com.example.app://callback/x",
        "localhost:3000/x",
    ] {
        assert_eq!(judged(value, None), Ok(value.to_owned()), "{value}");
    }
}

#[test]
fn the_upstreams_path_becomes_the_apis() {
    let cases = [
        ("http://10.0.1.5:8000/v2/x", "/v1/x"),
        ("http://10.0.1.5:8000/v2", "/v1"),
        ("http://10.0.1.5:8000/v2?a", "/v1?a"),
        ("http://10.0.1.5:8000/v22/x", "/v22/x"),
        ("/v2/x", "/v1/x"),
        ("/v22/x", "/v22/x"),
        ("/v1/x", "/v1/x"),
        ("v2/x", "v2/x"),
    ];
    let at_root =
        Map { host: "", base_path: "", upstream_path: Some("/v2"), is_endpoint: &|_| false, is_served: &|_| false };
    for (value, expected) in [
        ("/v2", Verdict::Public(HeaderValue::from_static("/"))),
        ("/v2?a", Verdict::Public(HeaderValue::from_static("/?a"))),
        ("/v2//evil.example", Verdict::Internal),
    ] {
        assert_eq!(judge(&HeaderValue::from_static(value), &at_root), expected, "{value}");
    }
    for (value, expected) in cases {
        assert_eq!(judged(value, Some("/v2")), Ok(expected.to_owned()), "{value}");
    }
    assert_eq!(judged("/x", Some("")), Ok("/v1/x".to_owned()), "the upstream has the API at its root");
    assert_eq!(judged("http://10.0.1.5:8000", Some("")), Ok("/v1/".to_owned()));
    assert_eq!(judged("/\t/10.0.0.1/", None), Err(()), "browsers skip tabs");
}

#[test]
fn every_place_of_a_link_is_judged() {
    // edge/P19
    let cases = [
        (
            "<http://10.0.1.5:8000/v1/x?page=2>; rel=\"next\", <http://shop-1:8000/v1/x?page=9>; rel=last",
            Ok("</v1/x?page=2>; rel=\"next\", </v1/x?page=9>; rel=last"),
        ),
        (
            "<https://example.org/>; rel=help, </v1/x>; rel=self",
            Ok("<https://example.org/>; rel=help, </v1/x>; rel=self"),
        ),
        ("</a>; title=\"1 < 2\"", Ok("</a>; title=\"1 < 2\"")),
        ("</a>; rel=self, <http://10.0.0.9/>; rel=next", Err(())),
        ("<http://10.0.1.5:8000//evil.example>; rel=next", Err(())),
        ("", Ok("")),
        ("<", Ok("<")),
    ];
    for (value, expected) in cases {
        assert_eq!(judged_by(judge_links, value, None), expected.map(str::to_owned), "{value}");
    }
}

/// What references are made of, and what reads them wrongly.
const PIECES: [&str; 26] = [
    "http:",
    "https:",
    "HTTP:",
    "ftp:",
    "x:",
    "/",
    "//",
    "\\",
    "?",
    "#",
    "@",
    ":",
    ":80",
    ":8000",
    "u:p@",
    " ",
    "\t",
    ".",
    "..",
    "a",
    "10.0.1.5",
    "backend",
    "[::1]",
    "127.0.0.1",
    "shop.internal",
    "example.org",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// A browser that follows what we hand on never asks for an internal host: the `url` crate reads as browsers do.
    #[test]
    fn no_browser_is_sent_to_an_internal_host(pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..8)) {
        let text = pieces.concat();
        for upstream_path in [None, Some("/a"), Some("")] {
            let Ok(handed_on) = judged(&text, upstream_path) else { continue };
            let seen = Url::parse("https://api.example.com/v1/x").unwrap().join(&handed_on);
            let Ok(seen) = seen else { continue };
            let host = seen.host_str().filter(|_| WEB.contains(&seen.scheme())).unwrap_or("example.org");
            prop_assert!(!is_internal(host), "`{text}` as `{handed_on}` is {seen}");
            prop_assert_eq!(judged(&handed_on, None), Ok(handed_on.clone()), "judged once is judged");
        }
    }
}
