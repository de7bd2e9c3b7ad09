use super::*;
use portcullis_core::config::ConfigError;

const TLS: Facts = Facts { is_tls: true, is_credentialed: false, is_shared: false };

fn fields(list: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
    }
    headers
}

fn all<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

fn rules(yaml: &str) -> Result<Compiled, Vec<ConfigError>> {
    serde_saphyr::from_str::<Config>(yaml).unwrap().compile()
}

fn hardened(list: &[(&str, &str)], facts: Facts, rules: &Compiled) -> (HeaderMap, Changes) {
    let mut headers = fields(list);
    let changes = response(&mut headers, facts, rules, true);
    (headers, changes)
}

#[test]
fn security_fields_are_set_once() {
    let upstream = [
        ("content-security-policy", "default-src *"),
        ("content-security-policy", "frame-ancestors *"),
        ("x-frame-options", "ALLOWALL"),
        ("strict-transport-security", "max-age=1"),
    ];
    for list in [&upstream[..], &[]] {
        let (headers, _) = hardened(list, TLS, &Compiled::default());
        let expected = [
            ("x-content-type-options", "nosniff", "edge/Y17"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'", "edge/Y19, edge/Y20"),
            ("x-frame-options", "DENY", "edge/Y19, edge/Y20"),
            ("referrer-policy", "no-referrer", "edge/Y19"),
            ("cross-origin-resource-policy", "same-origin", "edge/Y19"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains", "edge/Y21, edge/T19"),
        ];
        for (name, value, row) in expected {
            assert_eq!(all(&headers, name), [value], "{row}");
        }
        assert!(!headers.contains_key("cache-control"), "no credential, no opinion");
    }
}

#[test]
fn hsts_is_for_tls_only() {
    // edge/Y21
    let plain = Facts { is_tls: false, ..TLS };
    let (headers, changes) = hardened(&[("strict-transport-security", "max-age=9")], plain, &Compiled::default());
    assert!(!headers.contains_key("strict-transport-security"));
    assert_eq!(changes, Changes { set: 5, removed: 1 });
}

#[test]
fn answers_to_credentials_stay_out_of_shared_caches() {
    // edge/Y18
    let facts = Facts { is_credentialed: true, ..TLS };
    let cases: [(&[&str], &[&str]); 8] = [
        (&[], &["no-store"]),
        (&["public, max-age=60"], &["no-store"]),
        (&["max-age=60", "Public"], &["no-store"]),
        (&["max-age=1, S-MaxAge=60"], &["no-store"]),
        (&["private, max-age=60"], &["private, max-age=60"]),
        (&["no-cache"], &["no-cache"]),
        (&["no-store"], &["no-store"]),
        (&["max-age=60", "private"], &["max-age=60", "private"]),
    ];
    for (before, after) in cases {
        let list: Vec<_> =
            before.iter().map(|value| ("cache-control", *value)).chain([("vary", "Authorization")]).collect();
        let (headers, _) = hardened(&list, facts, &Compiled::default());
        assert_eq!(all(&headers, "cache-control"), after, "{before:?}");
        assert_eq!(all(&headers, "vary"), ["Authorization"]);
        let (headers, _) = hardened(&list, TLS, &Compiled::default());
        assert_eq!(all(&headers, "cache-control"), *before, "without a credential");
    }
}

#[test]
fn revealing_fields_are_removed() {
    // edge/Y16
    let names = [
        "server",
        "x-powered-by",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "x-runtime",
        "x-debug-sql",
        "x-internal-node",
    ];
    let list: Vec<_> =
        names.iter().map(|name| (*name, "Apache/2.4.1")).chain([("etag", "1"), ("x-total", "3")]).collect();
    let (headers, changes) = hardened(&list, TLS, &Compiled::default());
    assert!(names.iter().all(|name| !headers.contains_key(*name)), "{headers:?}");
    assert!(headers.contains_key("etag") && headers.contains_key("x-total"));
    assert_eq!(usize::from(changes.removed), names.len());
}

#[test]
fn monitor_counts_and_changes_nothing() {
    let list = [("server", "x"), ("x-debug-a", "1"), ("x-frame-options", "DENY"), ("cache-control", "public")];
    for facts in [TLS, Facts { is_tls: false, is_credentialed: true, ..TLS }] {
        let (before, mut after) = (fields(&list), fields(&list));
        let would = response(&mut after, facts, &Compiled::default(), false);
        assert_eq!(before, after);
        assert_eq!(would, response(&mut after, facts, &Compiled::default(), true), "monitor says what enforce does");
        assert!(!would.is_empty());
        assert!(response(&mut after, facts, &Compiled::default(), true).is_empty(), "hardened twice is hardened once");
    }
}

#[test]
fn what_spoke_to_us_goes_no_further() {
    // edge/Y11, edge/Y12, edge/Y13, edge/Y29
    let mut headers = fields(&[
        ("connection", "keep-alive, X-Mine, Set-Cookie, content-type"),
        ("keep-alive", "timeout=5"),
        ("proxy-authenticate", "Basic"),
        ("proxy-connection", "close"),
        ("te", "trailers"),
        ("trailer", "x"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("x-mine", "1"),
        ("x-request-id", "theirs"),
        ("x-portcullis-principal", "root"),
        ("x_odd", "1"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
        ("content-type", "application/json"),
        ("via", "1.1 cache"),
    ]);
    assert_eq!(strip(&mut headers), Met { odd: 1, cookies: true, ..Met::default() }, "odd names are counted");
    let mut names: Vec<_> = headers.keys().map(HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-type", "set-cookie", "via"]);
    assert_eq!(all(&headers, "set-cookie"), ["a=1", "b=2"], "Connection removes nothing that is end-to-end");
    assert_eq!(all(&headers, "via"), ["1.1 cache", "1.1 portcullis"], "edge/Y12");
    sign(&mut headers, HeaderValue::from_static("ours"));
    assert_eq!(all(&headers, "x-request-id"), ["ours"], "edge/Y29");
}

#[test]
fn each_field_can_be_set_or_switched_off() {
    let custom = rules(
        "hsts: max-age=60\ncontent_security_policy: default-src 'self'\nframe_options: SAMEORIGIN\nreferrer_policy: \"off\"\n\
         cross_origin_resource_policy: cross-origin\ncontent_type_options: \"off\"\ncache_control: \"off\"\n\
         remove: [X-Custom]\nkeep: [Server]\n",
    )
    .unwrap();
    let facts = Facts { is_credentialed: true, ..TLS };
    let (headers, changes) =
        hardened(&[("x-custom", "1"), ("server", "nginx"), ("x-powered-by", "php")], facts, &custom);
    assert_eq!(all(&headers, "strict-transport-security"), ["max-age=60"]);
    assert_eq!(all(&headers, "content-security-policy"), ["default-src 'self'"]);
    assert_eq!(all(&headers, "x-frame-options"), ["SAMEORIGIN"]);
    assert_eq!(all(&headers, "cross-origin-resource-policy"), ["cross-origin"]);
    assert_eq!(all(&headers, "server"), ["nginx"]);
    let absent = ["referrer-policy", "x-content-type-options", "cache-control", "x-custom", "x-powered-by"];
    assert!(absent.iter().all(|name| !headers.contains_key(*name)), "{headers:?}");
    assert_eq!(changes, Changes { set: 4, removed: 2 });
    assert_eq!(custom.off(), ["content_type_options", "referrer_policy", "cache_control"]);
    assert!(Compiled::default().off().is_empty());
}

#[test]
fn kept_security_fields_are_set_where_missing() {
    let kept = rules("keep: [content-security-policy, cache-control, strict-transport-security]").unwrap();
    let facts = Facts { is_credentialed: true, ..TLS };
    let own = [
        ("content-security-policy", "default-src 'self'"),
        ("cache-control", "public"),
        ("strict-transport-security", "max-age=5"),
    ];
    let (headers, _) = hardened(&own, facts, &kept);
    for (name, value) in own {
        assert_eq!(all(&headers, name), [value]);
    }
    let (headers, _) = hardened(&[], facts, &kept);
    assert_eq!(all(&headers, "cache-control"), ["no-store"]);
    assert_eq!(all(&headers, "content-security-policy"), ["default-src 'none'; frame-ancestors 'none'"]);
}

#[test]
fn wrong_settings_say_what_is_accepted() {
    let cases = [
        ("frame_options: ALLOWALL", "`ALLOWALL` is not a value of `x-frame-options`", "`DENY`, `SAMEORIGIN` or `off`"),
        ("hsts: forever", "`forever` is not a value of `strict-transport-security`", "`max-age="),
        ("referrer_policy: none", "`none` is not a value of `referrer-policy`", "`no-referrer`, "),
        ("content_type_options: sniff", "`sniff` is not a value of `x-content-type-options`", "`nosniff` or `off`"),
        ("content_security_policy: ''", "`` is not a value of `content-security-policy`", "a field value"),
        ("remove: ['a b']", "`a b` is not a field name", "letters, digits and `-`"),
    ];
    for (yaml, message, accepted) in cases {
        let errors = rules(yaml).expect_err(yaml);
        assert_eq!(errors.len(), 1);
        assert_eq!((errors[0].line, errors[0].message.as_str()), (1, message));
        assert!(errors[0].accepted.contains(accepted), "{}", errors[0].accepted);
    }
    assert_eq!(rules("hsts: x\nframe_options: y\nkeep: ['']").expect_err("three").len(), 3);
}
