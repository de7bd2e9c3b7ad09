//! What a configuration may say of an upstream.

use super::*;

#[test]
fn an_endpoint_has_one_form() {
    let cases = [
        // text, host as the upstream sees it (None: refused)
        ("http://10.0.1.5:8000", Some("10.0.1.5:8000")),
        ("http://Shop.Internal", Some("shop.internal")),
        ("http://shop.internal:80", Some("shop.internal")),
        ("https://shop.internal:443", Some("shop.internal")),
        ("https://shop.internal:8443", Some("shop.internal:8443")),
        ("http://[::1]:8000", Some("[::1]:8000")),
        ("https://[::1]", Some("[::1]")),
        ("http://shop.internal/", Some("shop.internal")),
        ("shop.internal:8000", None),
        ("10.0.1.5:8000", None),
        ("ftp://shop.internal", None),
        ("http://shop.internal/v2", None),
        ("http://shop.internal?x", None),
        ("http://user@shop.internal", None),
        ("http://shop.internal:0", None),
        ("http://shop.internal:", None),
        ("http://shop.internal:65536", None),
        ("http://", None),
        ("", None),
    ];
    for (text, host) in cases {
        let compiled = settings(&[text.to_owned()]).compile(&Clock::manual(0));
        match (compiled, host) {
            (Ok(compiled), Some(host)) => {
                assert_eq!(compiled.host().unwrap(), host, "{text}");
                assert_eq!(compiled.endpoint(0), Some(host), "{text}");
            }
            (Err(errors), None) => {
                let expected = format!(
                    "`{text}` is not an endpoint; accepted: `http://host:port` or `https://host:port`, nothing after the port"
                );
                assert_eq!(errors.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
            }
            (compiled, _) => panic!("{text}: {compiled:?}"),
        }
    }
}

#[test]
fn what_cannot_be_used_is_refused_at_load() {
    let mut no_ca = settings(&["https://shop.internal".to_owned()]);
    no_ca.tls.ca = Some(written("/nonexistent/ca.pem".into()));
    let mut odd_name = settings(&["https://shop.internal".to_owned()]);
    odd_name.tls.server_name = Some(written("no name".to_owned()));
    let cases = [
        (settings(&[]), "upstream `shop` has 0 endpoints"),
        (no_ca, "certificate authorities `/nonexistent/ca.pem`: "),
        (odd_name, "`no name` is not a server name"),
    ];
    for (settings, expected) in cases {
        let errors = settings.compile(&Clock::manual(0)).unwrap_err();
        assert!(errors[0].to_string().starts_with(expected), "{errors:?}");
    }
}
