use super::*;
use crate::fixture::{Sketch, compiled};
use http::uri::PathAndQuery;
use std::borrow::Cow;

fn authority(host: &str) -> Authority<'_> {
    Authority { host: Cow::Borrowed(host), port: Some(8443) }
}

pub(super) fn target(path: &str) -> CanonicalTarget {
    CanonicalTarget::from_canonical(PathAndQuery::try_from(path).unwrap())
}

/// What was found, as text: a name, or what else.
fn found(compiled: &Compiled, host: &str, method: &str, path: &str, audience: Audience) -> String {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    match compiled.find(&authority(host), &target(path), &method, audience) {
        Err(stop) => stop.reason().id().into(),
        Ok(routed) => match routed.outcome {
            Outcome::Operation(operation) => {
                assert_eq!(routed.api, Some(operation.api));
                operation.name.to_string()
            }
            Outcome::Internal(operation) => format!("internal {}", operation.name),
            Outcome::PathUnknown => "404".into(),
            Outcome::MethodUnknown { allow } => format!("405 {}", allow.to_str().unwrap()),
        },
    }
}

fn shop() -> Compiled {
    let paths = &[
        ("/orders", "get post"),
        ("/orders/{id}", "get delete"),
        ("/orders/mine", "get"),
        ("/orders/{id}/lines/{line}", "get"),
        ("/orders/mine/total", "get"),
        ("/files/{path+}", "get"),
        ("/reports/{name}.json", "get"),
        ("/reports/{name}.{ext}", "get"),
        ("/reports/q-{n}.json", "get"),
        ("/things/", "get"),
        ("/custom/{id}:cancel", "post"),
        ("/mail", "head get options"),
        ("/caf%c3%a9", "get"),
        ("/{any}/deep", "get"),
    ];
    compiled(&[Sketch {
        name: "shop",
        hosts: Some(&["api.example.com"]),
        base: Some("/v1/"),
        paths,
        ..Sketch::default()
    }])
    .unwrap()
}

#[test]
fn path_finds_its_operation_or_none() {
    let compiled = shop();
    let cases = [
        ("/v1/orders", "GET /orders", ""),
        ("/v1/orders/7", "GET /orders/{id}", ""),
        ("/v1/orders/mine", "GET /orders/mine", "edge/N22: literal text before parameters"),
        ("/v1/orders/mine/total", "GET /orders/mine/total", ""),
        ("/v1/orders/mine/lines/2", "GET /orders/{id}/lines/{line}", "goes back where literal text leads nowhere"),
        ("/v1/orders/", "404", "edge/N6: a trailing slash is another path, and a parameter never matches nothing"),
        ("/v1/orders/7/", "404", "edge/N6"),
        ("/v1/things/", "GET /things/", "edge/N6"),
        ("/v1/things", "404", "edge/N6"),
        ("/v1/ORDERS/1", "404", "edge/N10"),
        ("/V1/orders/1", "404", "edge/N10: the base path too"),
        ("/v1/orders/7/lines", "404", "part of a template"),
        ("/v1/files/a", "GET /files/{path+}", "edge/N21"),
        ("/v1/files/a/b/c", "GET /files/{path+}", "edge/N21"),
        ("/v1/files/a/", "GET /files/{path+}", ""),
        ("/v1/files/", "404", "the rest is not nothing"),
        ("/v1/files", "404", ""),
        ("/v1/reports/q-1.json", "GET /reports/q-{n}.json", "edge/N22: the narrowest"),
        ("/v1/reports/year.json", "GET /reports/{name}.json", ""),
        ("/v1/reports/year.xml", "GET /reports/{name}.{ext}", ""),
        ("/v1/reports/year", "404", ""),
        ("/v1/custom/7:cancel", "405 POST", ""),
        ("/v1/caf%C3%A9", "GET /caf%c3%a9", "edge/N14"),
        ("/v1/x/deep", "GET /{any}/deep", ""),
        ("/v1/orders/deep", "GET /orders/{id}", "literal text decides from the left"),
        ("/v1", "404", "the base path alone"),
        ("/v1/", "404", ""),
        ("/", "404", ""),
        ("/v10/orders", "404", "a base path ends at a slash"),
        ("/orders", "404", "outside the base path"),
    ];
    for (path, expected, why) in cases {
        let found = found(&compiled, "api.example.com", "GET", path, Audience::Public);
        assert_eq!(found, expected, "{path}: {why}");
    }
}

#[test]
fn method_is_exact_and_allow_lists_what_would_work() {
    let compiled = shop();
    let cases = [
        ("PUT", "/v1/orders", "405 GET, HEAD, POST", "edge/N23, contract/I-14"),
        ("FOO", "/v1/orders", "405 GET, HEAD, POST", "an unknown method too"),
        ("get", "/v1/orders", "405 GET, HEAD, POST", "methods are case-sensitive (RFC 9110 §9.1)"),
        ("DELETE", "/v1/orders/mine", "405 GET, HEAD", "the literal path decides before the method"),
        ("HEAD", "/v1/orders", "GET /orders", "edge/N23: HEAD runs as the GET operation"),
        ("HEAD", "/v1/custom/7:cancel", "405 POST", "no GET, no HEAD"),
        ("HEAD", "/v1/mail", "HEAD /mail", "its own HEAD operation"),
        ("OPTIONS", "/v1/orders", "405 GET, HEAD, POST", "edge/N23: not declared"),
        ("OPTIONS", "/v1/mail", "OPTIONS /mail", "edge/N23: declared"),
        ("PUT", "/v1/mail", "405 GET, HEAD, OPTIONS", "each method once"),
        ("OPTIONS", "/v1/nothing", "404", ""),
        ("PUT", "/v1/nothing", "404", ""),
    ];
    for (method, path, expected, why) in cases {
        let found = found(&compiled, "api.example.com", method, path, Audience::Public);
        assert_eq!(found, expected, "{method} {path}: {why}");
    }
}

#[test]
fn host_must_be_one_that_is_configured() {
    let paths = &[("/a", "get")];
    let one = |hosts| compiled(&[Sketch { name: "one", hosts, paths, ..Sketch::default() }]).unwrap();
    let named = one(Some(&["api.example.com", "[::1]"]));
    let any = one(None);
    let cases = [
        (&named, "api.example.com", "GET /a", "edge/N16: the port plays no part"),
        (&named, "[::1]", "GET /a", "edge/N18: an IP host that is configured"),
        (&named, "127.0.0.1", "routing.host_unknown", "edge/N18: and one that is not"),
        (&named, "evil.example.com", "routing.host_unknown", "edge/N17: never the first API"),
        (&named, "xn--api.example.com", "routing.host_unknown", "edge/N18"),
        (&named, "", "routing.host_unknown", ""),
        (&any, "127.0.0.1", "GET /a", "an API without `hosts` has any"),
    ];
    for (compiled, host, expected, why) in cases {
        assert_eq!(found(compiled, host, "GET", "/a", Audience::Public), expected, "{host}: {why}");
    }
    assert!(named.serves_host("api.example.com") && !named.serves_host("evil.example.com"));
    assert!(!any.serves_host("evil.example.com"), "no redirect to a host that nobody configured");
}

#[test]
fn longest_base_path_decides_and_any_host_stands_below_named_ones() {
    let compiled = compiled(&[
        Sketch { name: "outer", base: Some("/v1"), paths: &[("/orders/{id}", "get")], ..Sketch::default() },
        Sketch {
            name: "inner",
            hosts: Some(&["api.example.com"]),
            base: Some("/v1/admin"),
            paths: &[("/users", "get")],
            ..Sketch::default()
        },
    ])
    .unwrap();
    let cases = [
        ("api.example.com", "/v1/orders/1", Some(ApiId(0)), "GET /orders/{id}"),
        ("api.example.com", "/v1/admin/users", Some(ApiId(1)), "GET /users"),
        ("api.example.com", "/v1/admin/x", Some(ApiId(1)), "404"),
        ("api.example.com", "/v1/admin", Some(ApiId(1)), "404"),
        ("api.example.com", "/v1/administer", Some(ApiId(0)), "404"),
        ("api.example.com", "/v2", None, "404"),
        ("other.example.com", "/v1/orders/1", Some(ApiId(0)), "GET /orders/{id}"),
        ("other.example.com", "/v1/admin/users", Some(ApiId(0)), "404"),
    ];
    for (host, path, api, expected) in cases {
        let routed = compiled.find(&authority(host), &target(path), &Method::GET, Audience::Public).unwrap();
        assert_eq!(routed.api, api, "{host}{path}");
        assert_eq!(found(&compiled, host, "GET", path, Audience::Public), expected, "{host}{path}");
    }
    assert_eq!(compiled.base_path(ApiId(1)), "/v1/admin");
    assert_eq!(compiled.api_name(ApiId(1)), "inner");
    assert_eq!(compiled.operations_of(ApiId(1)).len(), 1);
    assert_eq!(&*compiled.operations()[1].template, "/v1/admin/users");
    assert_eq!(compiled.operation_named(ApiId(1), "GET /users").unwrap().id, OperationId(1));
}

#[test]
fn internal_operation_shows_on_internal_listeners_only() {
    let compiled = compiled(&[Sketch {
        name: "shop",
        paths: &[("/a", "get delete"), ("/b", "get"), ("/c", "get head options")],
        internal: &["DELETE /a", "GET /b", "HEAD /c", "OPTIONS /c"],
        ..Sketch::default()
    }])
    .unwrap();
    let cases = [
        ("DELETE", "/a", "internal DELETE /a", "DELETE /a"),
        ("PUT", "/a", "405 GET, HEAD", "405 GET, HEAD, DELETE"),
        ("GET", "/b", "internal GET /b", "GET /b"),
        ("HEAD", "/b", "internal GET /b", "GET /b"),
        ("PUT", "/b", "404", "405 GET, HEAD"),
        ("OPTIONS", "/b", "404", "405 GET, HEAD"),
        ("PUT", "/c", "405 GET", "405 GET, HEAD, OPTIONS"),
        ("HEAD", "/c", "internal HEAD /c", "HEAD /c"),
        ("OPTIONS", "/c", "internal OPTIONS /c", "OPTIONS /c"),
    ];
    for (method, path, public, internal) in cases {
        assert_eq!(found(&compiled, "h", method, path, Audience::Public), public, "contract/I-13: {method} {path}");
        assert_eq!(found(&compiled, "h", method, path, Audience::Internal), internal, "{method} {path}");
    }
    assert!(compiled.is_internal(OperationId(99)), "an id of another Snapshot is not shown");
}

/// The steps of lookups of the same shape among `count` operations.
fn steps_among(count: usize) -> Vec<u32> {
    let templates: Vec<String> =
        (0..count).map(|number| format!("/area{}/things{number}/{{id}}", number % 7)).collect();
    let paths: Vec<(&str, &str)> = templates.iter().map(|text| (text.as_str(), "get")).collect();
    let compiled = compiled(&[Sketch { name: "big", paths: &paths, ..Sketch::default() }]).unwrap();
    let find = |path: &str| {
        let mut steps = 0;
        let audience = Audience::Public;
        let routed = compiled.find_counted(&authority("h"), &target(path), &Method::GET, audience, &mut steps).unwrap();
        (steps, matches!(routed.outcome, Outcome::Operation(_)))
    };
    let hits = ["/area0/things0/x", "/area1/things1/x", "/area2/things9/x"].map(|path| {
        let (steps, is_hit) = find(path);
        assert!(is_hit, "{path}");
        steps
    });
    let misses = ["/area0/nothing/x", "/nowhere", "/area0/things0/x/y"].map(|path| {
        let (steps, is_hit) = find(path);
        assert!(!is_hit, "{path}");
        steps
    });
    hits.into_iter().chain(misses).collect()
}

#[test]
fn lookup_takes_the_same_steps_among_10_and_10_000_operations() {
    let few = steps_among(10);
    assert_eq!(few, [4, 4, 4, 2, 1, 4]);
    assert_eq!(few, steps_among(10_000), "contract/O-08");
}
