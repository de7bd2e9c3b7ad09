use super::*;
use crate::client::Client;
use crate::head::{Compiled, normalise};
use http::Request;
use std::net::{IpAddr, Ipv4Addr};

fn answer(method: &str, uri: &str, field: Option<(&str, &str)>, is_known: bool, port: u16) -> Redirect {
    let mut request = Request::builder().method(method).uri(uri).header("host", "API.example.com:8080");
    if let Some((name, value)) = field {
        request = request.header(name, value);
    }
    let mut parts = request.body(()).unwrap().into_parts().0;
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let client = Client { address, peer: address, is_trusted: false, is_cut: false };
    let head = normalise(&mut parts, client, false, &Compiled::default()).unwrap();
    decide(&parts.method, &head, is_known, port)
}

#[test]
fn plain_text_is_redirected_or_refused() {
    let to = |location: &'static str| Redirect::To(HeaderValue::from_static(location));
    let leaked = || Redirect::Deny(Reason::PlaintextCredentials);
    let cases = [
        ("GET", "/a?b=%2f", None, true, to("https://api.example.com/a?b=%2F"), "edge/T18: canonical, our port"),
        ("HEAD", "/", None, true, to("https://api.example.com/"), "edge/T18"),
        ("GET", "/a", Some(("authorization", "Bearer x")), true, leaked(), "edge/T18"),
        ("GET", "/a", Some(("cookie", "sid=1")), true, leaked(), "edge/T18"),
        ("GET", "/a", Some(("x-api-key", "k")), true, leaked(), "edge/T18"),
        ("GET", "/a?x=1&api_key=k", None, true, leaked(), "edge/T18: in the query"),
        ("GET", "/a?Access-Token=k", None, true, leaked(), "edge/T18: any spelling"),
        ("GET", "/a?%61pi_key=k", None, true, leaked(), "edge/T18: encoded"),
        ("GET", "/a?monkey=k", None, true, to("https://api.example.com/a?monkey=k"), "not every name is a secret"),
        ("GET", "/a", Some(("cookie", "sid=1")), false, leaked(), "it leaked wherever it was sent"),
        ("GET", "/a", None, false, Redirect::Deny(Reason::HostUnknown), "no open redirect"),
        ("POST", "/a", None, true, Redirect::Deny(Reason::MethodRefused), "its content was readable already"),
        ("OPTIONS", "*", None, true, Redirect::Deny(Reason::MethodRefused), "nothing to redirect to"),
    ];
    for (method, uri, field, is_known, expected, why) in cases {
        assert_eq!(answer(method, uri, field, is_known, 443), expected, "{method} {uri} {field:?}: {why}");
    }
    assert_eq!(answer("GET", "/a", None, true, 8443), to("https://api.example.com:8443/a"));
}
