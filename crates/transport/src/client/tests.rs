use super::*;
use http::HeaderValue;
use portcullis_core::config::Severity;

fn trusted(list: &[&str], source: Source) -> TrustedProxies {
    let list: Vec<_> = list.iter().map(|text| spanned(text)).collect();
    TrustedProxies::compile(&list, source).expect("networks").0
}

fn spanned(text: &str) -> Spanned<String> {
    serde_saphyr::from_str(&format!("{text:?}")).unwrap()
}

fn fields(name: &'static str, lines: &[&str]) -> HeaderMap {
    lines
        .iter()
        .map(|line| (HeaderName::from_static(name), HeaderValue::from_bytes(line.as_bytes()).unwrap()))
        .collect()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn client_is_the_right_most_untrusted_address() {
    let proxies = trusted(&["10.0.0.0/8", "fd00::/8"], Source::XForwardedFor);
    let cases: [(&str, &[&str], &str, bool, &str); 22] = [
        ("192.0.2.9:1", &["6.6.6.6"], "192.0.2.9", false, "edge/Y2: an untrusted peer is the client"),
        ("10.0.0.1:1", &["1.1.1.1, 6.6.6.6, 10.0.0.2"], "6.6.6.6", false, "edge/Y3"),
        ("10.0.0.1:1", &[], "10.0.0.1", false, "a trusted proxy that speaks for itself"),
        ("10.0.0.1:1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3", false, "all trusted: the left-most"),
        ("10.0.0.1:1", &["1.1.1.1", "6.6.6.6", "10.0.0.2"], "6.6.6.6", false, "edge/Y4: lines joined in order"),
        ("10.0.0.1:1", &["6.6.6.6:4711"], "6.6.6.6", false, "edge/Y4: port"),
        ("10.0.0.1:1", &["[2001:db8::1]:4711"], "2001:db8::1", false, "edge/Y4: brackets and port"),
        ("10.0.0.1:1", &["[2001:db8::1]"], "2001:db8::1", false, "edge/Y4: brackets"),
        ("10.0.0.1:1", &["2001:db8::1"], "2001:db8::1", false, "bare IPv6"),
        ("10.0.0.1:1", &["6.6.6.6, junk, 10.0.0.2"], "10.0.0.2", true, "edge/Y4: stops at junk"),
        ("10.0.0.1:1", &["unknown"], "10.0.0.1", true, "edge/Y4: unknown"),
        ("10.0.0.1:1", &["6.6.6.6,"], "10.0.0.1", true, "an empty entry is junk"),
        ("10.0.0.1:1", &["6.6.6.6 7.7.7.7"], "10.0.0.1", true, "two addresses in one entry"),
        ("10.0.0.1:1", &["06.6.6.6"], "10.0.0.1", true, "octal to some readers"),
        ("10.0.0.1:1", &["caf\u{e9}"], "10.0.0.1", true, "beyond ASCII"),
        ("10.0.0.1:1", &["::ffff:6.6.6.6"], "6.6.6.6", false, "edge/Y10"),
        ("10.0.0.1:1", &["6.6.6.6, ::ffff:10.0.0.2"], "6.6.6.6", false, "edge/Y10: a mapped proxy is trusted"),
        ("[::ffff:10.0.0.1]:1", &["6.6.6.6"], "6.6.6.6", false, "edge/Y10: a mapped peer is trusted"),
        ("[::ffff:192.0.2.9]:1", &["6.6.6.6"], "192.0.2.9", false, "edge/Y10"),
        ("[fd00::1]:1", &["6.6.6.6"], "6.6.6.6", false, "IPv6 proxies"),
        ("[2001:db8::9]:1", &["6.6.6.6"], "2001:db8::9", false, "edge/Y2"),
        ("10.0.0.1:1", &["10.0.0.9, evil, 6.6.6.6"], "6.6.6.6", false, "what stands left of the client is not judged"),
    ];
    for (peer, lines, expected, is_cut, why) in cases {
        let client = address(peer.parse().unwrap(), &fields("x-forwarded-for", lines), &proxies).expect(why);
        assert_eq!((client.address, client.is_cut), (ip(expected), is_cut), "{peer} {lines:?}: {why}");
        assert_eq!(client.is_trusted, peer.contains("10.0.0.1") || peer.contains("fd00"), "{peer}: {why}");
    }
}

#[test]
fn one_configured_source_only() {
    // edge/Y5
    let mut both = fields("x-forwarded-for", &["6.6.6.6"]);
    both.append("forwarded", HeaderValue::from_static("for=7.7.7.7;host=evil;proto=https"));
    let peer = "10.0.0.1:1".parse().unwrap();
    let by = |source| address(peer, &both, &trusted(&["10.0.0.1"], source)).unwrap().address;
    assert_eq!((by(Source::XForwardedFor), by(Source::Forwarded)), (ip("6.6.6.6"), ip("7.7.7.7")));
}

#[test]
fn forwarded_is_read_as_rfc_7239_writes_it() {
    let proxies = trusted(&["10.0.0.0/8"], Source::Forwarded);
    let cases: [(&[&str], &str, bool, &str); 11] = [
        (&["for=6.6.6.6;host=h;proto=https"], "6.6.6.6", false, "edge/Y5"),
        (&["For=\"6.6.6.6:80\" ; by=_x"], "6.6.6.6", false, "quoted with a port, name without case"),
        (&["for=\"[2001:db8::1]:80\""], "2001:db8::1", false, "IPv6"),
        (&["for=1.1.1.1, for=6.6.6.6;proto=http, for=10.0.0.2"], "6.6.6.6", false, "right-most untrusted"),
        (&["for=1.1.1.1", "for=6.6.6.6"], "6.6.6.6", false, "edge/Y4: lines"),
        (&["for=unknown"], "10.0.0.1", true, "edge/Y4"),
        (&["for=_hidden"], "10.0.0.1", true, "obfuscated"),
        (&["proto=https"], "10.0.0.1", true, "no `for`"),
        (&["for=6.6.6.6;for=7.7.7.7"], "10.0.0.1", true, "two in one element"),
        (&["for=\"6.6.6.6"], "10.0.0.1", true, "an open quote"),
        (&["for=\"x, for=6.6.6.6\""], "10.0.0.1", true, "a comma in a quoted string hides nothing"),
    ];
    for (lines, expected, is_cut, why) in cases {
        let client = address("10.0.0.1:1".parse().unwrap(), &fields("forwarded", lines), &proxies).expect(why);
        assert_eq!((client.address, client.is_cut), (ip(expected), is_cut), "{lines:?}: {why}");
    }
}

#[test]
fn chains_over_the_bound_are_refused() {
    // edge/Y4
    let proxies = trusted(&["10.0.0.0/8"], Source::XForwardedFor);
    let ask = |peer: &str, count: usize| {
        let line = vec!["6.6.6.6"; count].join(", ");
        address(peer.parse().unwrap(), &fields("x-forwarded-for", &[line.as_str()]), &proxies)
    };
    assert!(ask("10.0.0.1:1", MAX_FORWARDED_HOPS).is_ok());
    let refused = ask("10.0.0.1:1", MAX_FORWARDED_HOPS + 1).unwrap_err();
    assert_eq!(refused.reason(), Reason::ForwardedInvalid);
    assert!(ask("192.0.2.9:1", 100).is_ok(), "an untrusted peer's is not read at all");
}

#[test]
fn wide_and_odd_networks_are_findings() {
    let cases = [
        ("10.0.0.5/32", None, "exact"),
        ("10.0.0.5", None, "a plain address"),
        ("2001:db8::5", None, "a plain address"),
        ("::ffff:10.0.0.5", None, "mapped"),
        ("10.0.0.0/8", None, "as wide as it may be"),
        ("0.0.0.0/0", Some(Severity::Warning), "everybody"),
        ("8.0.0.0/7", Some(Severity::Warning), "wide"),
        ("2001::/16", Some(Severity::Warning), "wide"),
        ("10.0.0.5/24", Some(Severity::Warning), "bits beyond the prefix"),
        ("10.0.0.0/33", Some(Severity::Error), "no such prefix"),
        ("proxy.example", Some(Severity::Error), "a name"),
        ("", Some(Severity::Error), "nothing"),
    ];
    for (text, expected, why) in cases {
        let worst = match TrustedProxies::compile(&[spanned(text)], Source::XForwardedFor) {
            Ok((_, warnings)) => warnings.iter().map(|finding| finding.severity).max(),
            Err(errors) => errors.iter().map(|finding| finding.severity).max(),
        };
        assert_eq!(worst, expected, "`{text}`: {why}");
    }
    let mapped = trusted(&["::ffff:10.0.0.0/104"], Source::XForwardedFor);
    assert!(mapped.contains(ip("10.1.2.3")) && !mapped.contains(ip("11.1.2.3")), "edge/Y10");
}
