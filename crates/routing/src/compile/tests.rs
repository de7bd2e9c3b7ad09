use crate::fixture::{Sketch, compiled, messages};

fn refusal(sketches: &[Sketch<'_>]) -> String {
    compiled(sketches).err().map(|errors| messages(&errors)).unwrap_or_default()
}

#[test]
fn templates_without_one_meaning_are_refused_and_both_are_named() {
    let same = "matches the same requests as";
    let crossed = "matches some of the same requests, and neither is the narrower, as";
    let cases: [(&[(&str, &str)], String); 9] = [
        (&[("/orders/{id}", "get"), ("/orders/mine", "get")], String::new()),
        (
            &[("/orders/{id}", "get"), ("/orders/{orderId}", "get")],
            format!("shop.yaml:5:3: path `/orders/{{orderId}}` {same} `/orders/{{id}}` at shop.yaml:3:3"),
        ),
        (
            &[("/orders/{id}", "get"), ("/orders/{orderId}", "post")],
            format!("shop.yaml:5:3: path `/orders/{{orderId}}` {same} `/orders/{{id}}` at shop.yaml:3:3"),
        ),
        (&[("/a", "get"), ("/%61", "get")], format!("shop.yaml:5:3: path `/%61` {same} `/a` at shop.yaml:3:3")),
        (
            &[("/{x}-{y}", "get"), ("/{a}-{b}", "get")],
            format!("shop.yaml:5:3: path `/{{a}}-{{b}}` {same} `/{{x}}-{{y}}` at shop.yaml:3:3"),
        ),
        (
            &[("/f/{x+}", "get"), ("/f/{y+}", "get")],
            format!("shop.yaml:5:3: path `/f/{{y+}}` {same} `/f/{{x+}}` at shop.yaml:3:3"),
        ),
        (
            &[("/{name}.json", "get"), ("/report-{id}/x", "get")],
            format!("shop.yaml:5:3: path `/report-{{id}}/x` {crossed} `/{{name}}.json` at shop.yaml:3:3"),
        ),
        (&[("/{name}.json", "get"), ("/{name}.xml", "get"), ("/{name}.{ext}", "get")], String::new()),
        (&[("/{a}/x", "get"), ("/{b}/y", "get")], String::new()),
    ];
    for (paths, expected) in cases {
        let refusal = refusal(&[Sketch { name: "shop", paths, ..Sketch::default() }]);
        let (found, accepted) = refusal.split_once("; accepted: ").unwrap_or((&refusal, "none"));
        assert_eq!(found, expected, "edge/N22, contract/O-23, O-25: {paths:?}");
        assert!(!accepted.is_empty());
    }
}

#[test]
fn a_document_that_makes_lookups_dear_is_refused() {
    // Each place has `a` and a parameter: 2^11 ways through the trie.
    let templates: Vec<String> = (0..1_u32 << 11)
        .map(|bits| {
            let segment = |place: u32| if bits >> place & 1 == 0 { "/a".into() } else { format!("/{{p{place}}}") };
            (0..11).map(segment).collect()
        })
        .collect();
    let paths: Vec<_> = templates.iter().map(|text| (text.as_str(), "get")).collect();
    let refused = refusal(&[Sketch { name: "shop", paths: &paths, ..Sketch::default() }]);
    assert!(
        refused.starts_with("shop.yaml:has templates so alike that finding one could take 4095 steps"),
        "{refused}"
    );

    let templates: Vec<String> = (0..129).map(|number| format!("/{{id}}:verb{number}x")).collect();
    let paths: Vec<_> = templates.iter().map(|text| (text.as_str(), "post")).collect();
    let refused = refusal(&[Sketch { name: "shop", paths: &paths, ..Sketch::default() }]);
    assert!(refused.contains("is one of too many with text and parameters in one segment"), "{refused}");
    assert_eq!(refusal(&[Sketch { name: "shop", paths: &paths[..128], ..Sketch::default() }]), "");
}

#[test]
fn apis_that_overlap_are_refused_and_both_are_named() {
    let api = |name, hosts, base, paths| Sketch { name, hosts, base: Some(base), paths, ..Sketch::default() };
    let one: Option<&[&str]> = Some(&["a.example"]);
    let two: Option<&[&str]> = Some(&["b.example", "A.example"]);
    let other: Option<&[&str]> = Some(&["c.example"]);
    let list: &[(&str, &str)] = &[("/orders", "get")];
    let admin: &[(&str, &str)] = &[("/orders", "get"), ("/{section}/users", "get")];
    let root: &[(&str, &str)] = &[("/admin", "get")];
    let rest: &[(&str, &str)] = &[("/{path+}", "get")];
    let mixed: &[(&str, &str)] = &[("/ad{x}", "get")];
    let cases = [
        (api("x", one, "/v1", list), api("y", other, "/v1", list), None),
        (api("x", one, "/v1", list), api("y", one, "/v2", list), None),
        (api("x", one, "/v1", list), api("y", one, "/v1/admin", list), None),
        (api("x", one, "/v1", list), api("y", one, "/v10", rest), None),
        (api("x", one, "/v1", list), api("y", two, "/v1", list), Some("both have the base path `/v1`")),
        (api("x", None, "/", list), api("y", one, "/", list), Some("both have the base path `/`")),
        (api("x", None, "/", list), api("y", None, "", list), None), // `` is no base path: another error
        (
            api("x", one, "/v1", admin),
            api("y", one, "/v1/admin", list),
            Some("path `/{section}/users` of `x` can match below"),
        ),
        (
            api("y", one, "/v1/admin", list),
            api("x", one, "/v1", admin),
            Some("path `/{section}/users` of `x` can match below"),
        ),
        (api("x", one, "/v1", root), api("y", one, "/v1/admin", list), Some("path `/admin` of `x` can match below")),
        (
            api("x", one, "/v1", rest),
            api("y", one, "/v1/a/b", list),
            Some("path `/{path+}` of `x` can match below `/v1/a/b`"),
        ),
        (api("x", one, "/v1", mixed), api("y", one, "/v1/admin", list), Some("path `/ad{x}` of `x` can match below")),
        (api("x", one, "/v1", mixed), api("y", one, "/v1/admin/users", list), None),
    ];
    for (left, right, expected) in cases {
        let refusal = refusal(&[left, right]);
        let names = format!("APIs `{}` and `{}` overlap under `", left.name, right.name);
        match expected {
            None => assert!(!refusal.contains("overlap"), "{:?} {:?}: {refusal}", left.base, right.base),
            Some(expected) => {
                let is_there = refusal.starts_with(&names) && refusal.contains(expected);
                assert!(is_there, "contract/O-23: {:?} {:?}: {refusal}", left.base, right.base);
            }
        }
    }
}

#[test]
fn all_errors_of_all_apis_are_given_together() {
    let refusal = refusal(&[
        Sketch {
            name: "x",
            hosts: Some(&["*.example", "a.example", "A.example"]),
            base: Some("v1"),
            ..Sketch::default()
        },
        Sketch {
            name: "y",
            hosts: Some(&[]),
            paths: &[("/orders", "get")],
            internal: &["GET /ordrs"],
            ..Sketch::default()
        },
    ]);
    let expected = "\
host `*.example` has a wildcard; accepted: a host alone, such as `api.example.com`, `10.0.0.1` or `[::1]`
host `A.example` is listed twice; accepted: a host alone, such as `api.example.com`, `10.0.0.1` or `[::1]`
base path `v1` does not begin with `/`; accepted: a path such as `/v1`, or `/`
API `y` has an empty list of hosts, so nothing would reach it; accepted: at least one host, or no `hosts:` for any host
unknown operation `GET /ordrs`; nearest: `GET /orders`; accepted: `GET /orders`";
    assert_eq!(refusal, expected, "contract/O-56");
}
