use super::*;
use crate::client::Client;
use http::Request;
use http::header::HOST;
use std::net::{IpAddr, Ipv4Addr};

fn client(is_trusted: bool) -> Client {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Client { address, peer: address, is_trusted, is_cut: false }
}

fn parts(method: &str, uri: &str, version: Version) -> Parts {
    let request = Request::builder().method(method).uri(uri).version(version);
    request.header(HOST, "api").body(()).unwrap().into_parts().0
}

fn refused(mut parts: Parts, is_tls: bool) -> Option<Reason> {
    normalise(&mut parts, client(false), is_tls, &Compiled::default()).err().map(|stop| stop.reason())
}

#[test]
fn methods_are_known_by_their_exact_name() {
    let cases = [
        ("GET", None, ""),
        ("PATCH", None, ""),
        ("PROPFIND", None, "an API may declare any method"),
        ("M-SEARCH", None, ""),
        ("TRACE", Some(Reason::MethodRefused), "edge/H51"),
        ("TRACK", Some(Reason::MethodRefused), "edge/H51"),
        ("CONNECT", Some(Reason::MethodRefused), "edge/H52"),
        ("get", Some(Reason::MethodRefused), "edge/H45"),
        ("Get", Some(Reason::MethodRefused), "edge/H45"),
        ("GE+T", Some(Reason::MethodRefused), "edge/H45"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", None, "as long as it may be"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", Some(Reason::MethodRefused), "edge/H45: too long"),
    ];
    for (method, expected, why) in cases {
        assert_eq!(refused(parts(method, "/x", Version::HTTP_11), true), expected, "{method}: {why}");
    }
}

#[test]
fn versions_are_1_1_and_2() {
    let cases = [
        (Version::HTTP_09, Some(Reason::VersionUnsupported)),
        (Version::HTTP_10, Some(Reason::VersionUnsupported)), // edge/H57
        (Version::HTTP_11, None),
        (Version::HTTP_2, None),
        (Version::HTTP_3, Some(Reason::VersionUnsupported)),
    ];
    for (version, expected) in cases {
        assert_eq!(refused(parts("GET", "/x", version), true), expected, "{version:?}");
    }
}

#[test]
fn the_scheme_is_the_listeners() {
    // edge/W15, edge/H41
    for version in [Version::HTTP_11, Version::HTTP_2] {
        assert_eq!(refused(parts("GET", "http://api/x", version), true), Some(Reason::TargetForm));
        assert_eq!(refused(parts("GET", "https://api/x", version), false), Some(Reason::TargetForm));
        assert_eq!(refused(parts("GET", "https://api/x", version), true), None);
        assert_eq!(refused(parts("GET", "http://api/x", version), false), None);
    }
    let mut behind_tls = parts("GET", "https://api/x", Version::HTTP_2);
    assert!(normalise(&mut behind_tls, client(true), false, &Compiled::default()).is_ok(), "a proxy that ended TLS");
}

#[test]
fn the_raw_form_is_gone_afterwards() {
    let mut parts = parts("GET", "/%6frders/1?a=1", Version::HTTP_11);
    parts.headers.insert(HOST, "API:443".parse().unwrap());
    parts.headers.insert("x-user-id", "1".parse().unwrap());
    let head = normalise(&mut parts, Client { is_cut: true, ..client(true) }, true, &Compiled::default()).unwrap();
    let Target::Origin(target) = head.target else { panic!("origin-form") };
    assert_eq!(target.path_and_query().as_str(), "/orders/1?a=1", "edge/N13");
    assert_eq!(head.authority.as_str(), "api", "edge/N16");
    assert_eq!(parts.uri.path(), "/");
    assert!(parts.headers.is_empty());
    assert_eq!(head.cleaned.removed, 2, "edge/Y1, and edge/Y4: the cut chain is recorded");
}

#[test]
fn options_of_the_server_is_a_target_of_its_own() {
    let mut parts = parts("OPTIONS", "*", Version::HTTP_11);
    let head = normalise(&mut parts, client(false), true, &Compiled::default()).unwrap();
    assert_eq!(head.target, Target::Server, "edge/H42");
}
