//! What is learned from traffic, what is kept of it, and what never is.

use super::segment::{is_value, parameter_name};
use super::tree::{Tree, named};
use super::usage::Caller;
use super::{Batch, Call, EntryState, Learned, MAX_CALLERS, MAX_NODES, Report, SCHEMA, Shape, Sighting, State, read};
use crate::Compiled;
use crate::fixture::{Sketch, compiled};
use http::Method;
use portcullis_core::{ApiId, OperationId, Reason};
use portcullis_store::{Reader, Store};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

fn sighting(path: &str) -> Sighting {
    Sighting {
        api: ApiId(0),
        method: Method::GET,
        path: path.into(),
        parameters: BTreeSet::new(),
        request: None,
        response: None,
        at: 100,
        status: 200,
        is_refused: false,
    }
}

fn tree(paths: impl IntoIterator<Item = String>) -> Tree {
    let mut tree = Tree::learned();
    for path in paths {
        tree.add(&path, "GET", sighting(&path).learned());
    }
    tree
}

fn templates(tree: &Tree) -> Vec<String> {
    tree.known().iter().map(|known| named(&known.template)).collect()
}

fn shop() -> Compiled {
    let paths = &[("/v1/orders", "get post"), ("/v2/orders", "get"), ("/orders/{id}", "get")];
    let sketch = Sketch {
        name: "shop",
        paths,
        operations: Some(("POST /v1/orders", "{ state: deprecated, since: 2020-01-01, sunset: 2027-01-01 }")),
        ..Sketch::default()
    };
    compiled(&[sketch]).unwrap()
}

fn call(place: u32, at: u64) -> Call {
    Call { operation: OperationId(place), at, status: 200, is_refused: false, caller: None }
}

/// What another process reads after `batches` were merged and saved.
fn report(data_dir: &Path, routes: &Compiled, batches: Vec<Batch>, now: u64) -> Report {
    let store = Store::open(data_dir, &[SCHEMA]).unwrap();
    let mut state = State::load(&store.port()).unwrap();
    for batch in batches {
        state.merge(routes, batch);
        state.save(&store.port(), 50).unwrap();
    }
    store.close();
    let rows = Reader::open(data_dir, SCHEMA).unwrap().unwrap().read(read).unwrap();
    Report::new(routes, rows, now, now.saturating_sub(1_000))
}

fn states(report: &Report, id: &str) -> Vec<&'static str> {
    let entry = report.entries.iter().find(|entry| entry.id == id).unwrap_or_else(|| panic!("{id}"));
    entry.states.iter().map(|state| state.id()).collect()
}

#[test]
fn values_are_told_from_words() {
    let values = [
        "1",
        "300",
        "2026-11-28",
        "01936d5e-7f3a-7c21-9d52-3f1c0a8b4e77",
        "d41d8cd98f00b204e9800998ecf8427e",
        "dGhlIHNhbXBsZSBub25jZQ1",
        "ORD-2024-77",
        "ada%40example.com",
        "a,b",
        "x@y",
        "01J9ZQ8W3K4M5N6P7R8S9T0V1W",
    ];
    for value in values {
        assert!(is_value(value), "contract/I-03: {value}");
    }
    for word in
        ["me", "orders", "order-items", "v2", "oauth2", "s3", "getUserAccountPreferences", "robots.txt", "", "~ada"]
    {
        assert!(!is_value(word), "contract/I-03: {word}");
    }
    assert!(is_value(&"x".repeat(65)));
    let names = [
        (Some("users"), "userId"),
        (Some("categories"), "categoryId"),
        (Some("addresses"), "addressId"),
        (Some("glass"), "glassId"),
        (Some("order-items"), "orderItemId"),
        (Some("s"), "sId"),
        (Some("2fa"), "id"),
        (None, "id"),
        (Some("boxes"), "boxId"),
    ];
    for (word, name) in names {
        assert_eq!(parameter_name(word), name);
    }
}

#[test]
fn typed_segments_become_parameters_at_once_and_me_stays() {
    let users = (1..=300).map(|number| format!("/users/{number}"));
    let learned = tree(users.chain(["/users/me".into(), "/users/me/keys".into(), "/users/7/keys/9".into()]));
    assert_eq!(
        templates(&learned),
        ["/users/me", "/users/me/keys", "/users/{userId}", "/users/{userId}/keys/{keyId}"],
        "contract/I-03"
    );
    assert_eq!(learned.known()[2].learned.count, 300);
    assert_eq!(templates(&tree(["/1/2/3".into()])), ["/{id}/{id2}/{id3}"]);
    assert_eq!(templates(&tree(["/".into(), "".into()])), ["/"]);
}

#[test]
fn words_become_a_parameter_when_there_are_twenty_of_them() {
    let names = |count: usize| (0..count).map(|n| format!("/tags/{}", char::from(b'a' + n as u8))).collect::<Vec<_>>();
    assert_eq!(templates(&tree(names(19))).len(), 19, "contract/I-03: below 20 they are words");
    let collapsed = tree(names(20));
    assert_eq!(templates(&collapsed), ["/tags/{tagId}"], "contract/I-03");
    assert!(collapsed.is_restructured);
    assert_eq!(collapsed.known()[0].learned.count, 20);
    let below = names(20).into_iter().flat_map(|tag| [format!("{tag}/posts"), format!("{tag}/me")]);
    let after = below.chain(["/tags/me".into(), "/tags/zz/posts".into(), "/tags/zz".into()]);
    assert_eq!(templates(&tree(after)), ["/tags/me", "/tags/{tagId}", "/tags/{tagId}/me", "/tags/{tagId}/posts"]);
    let resources = (0..60_u8).map(|n| format!("/{}{}", char::from(b'a' + n / 8), char::from(b'a' + n % 8)));
    assert_eq!(templates(&tree(resources)).len(), 60, "an API has more than twenty resources");
}

#[test]
fn what_was_learned_is_put_back_as_it_was() {
    let names = (0..26).map(|n| format!("/tags/{}/x", char::from(b'a' + n)));
    let before = tree(names.chain(["/users/7".into(), "/users/me".into()]));
    let mut after = Tree::learned();
    for known in before.known() {
        after.restore(&known.template, known.method, known.learned.clone());
    }
    after.count();
    assert_eq!(templates(&after), templates(&before));
    assert!(after.add("/tags/new-one/x", "GET", Learned::default()));
    assert_eq!(templates(&after), templates(&before), "values stay values");
}

#[test]
fn a_scanner_does_not_make_it_grow() {
    let mut tree = Tree::learned();
    let word = |mut number: u32| {
        let mut word = String::new();
        for _ in 0..5 {
            word.push(char::from(b'a' + u8::try_from(number % 26).unwrap()));
            number /= 26;
        }
        word
    };
    let mut left_out = 0;
    for number in 0..100_000_u32 {
        let path = format!(
            "/{}/{}/{}/{}",
            word(number % 90),
            word(number % 17),
            word(number / 19 % 18),
            word(number % 16 + 7)
        );
        left_out += usize::from(!tree.add(&path, "GET", Learned::default()));
    }
    tree.count();
    let entries = tree.known().len();
    assert!(entries <= super::MAX_ENTRIES && left_out > 0, "contract/I-03, I-04: {entries} kept, {left_out} left out");
    assert!(tree.nodes <= MAX_NODES + super::MAX_SEGMENTS, "{}", tree.nodes);
    assert!(!tree.add(&"/a".repeat(30), "GET", Learned::default()), "too deep");

    let mut batch = Batch::default();
    for status in [0, 401, 403, 404, 405, 410, 500, 503] {
        batch.sight(Sighting { status, ..sighting("/x") });
    }
    assert!(batch.is_empty(), "contract/I-04: what the upstream does not have either is not learned");
    for number in 0..100_000 {
        let is_refused = number % 2 == 0;
        if batch.has_room(ApiId(0), is_refused) {
            batch.sight(Sighting { is_refused, ..sighting("/x") });
        }
    }
    assert_eq!(batch.sightings.len(), 256 + 32);
    assert_eq!(batch.left_out[&ApiId(0)], 100_000 - 256 - 32, "what is left out is counted");
}

#[test]
fn every_operation_has_its_states() {
    let folder = tempfile::tempdir().unwrap();
    let routes = shop();
    let now = 1_800_000_000; // after the sunset
    let mut batch = Batch::default();
    batch.call(&call(0, now - 10), std::iter::empty());
    batch.call(&call(2, now - 5_000), [Reason::Internal].into_iter());
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    batch.call(&Call { is_refused: true, status: 410, caller: Some(client), ..call(1, now - 3) }, std::iter::empty());
    batch.sight(Sighting {
        parameters: Sighting::names(Some("page=7&q=secret&%20=&=1&x y")),
        ..sighting("/internal/7/debug")
    });
    batch.sight(Sighting { is_refused: true, status: 404, method: Method::PUT, ..sighting("/.env") });
    let report = report(folder.path(), &routes, vec![batch], now);
    assert_eq!(states(&report, "shop:GET /v1/orders"), ["used", "superseded"], "a later version is served as well");
    assert_eq!(states(&report, "shop:POST /v1/orders"), ["unused", "deprecated", "ended"]);
    assert_eq!(states(&report, "shop:GET /v2/orders"), ["unused", "drifted"], "contract/I-05: not for 1,000 seconds");
    assert_eq!(states(&report, "shop:GET /orders/{id}"), ["unused"], "contract/I-05: never");
    assert_eq!(states(&report, "shop:GET /internal/{internalId}/debug"), ["undocumented"]);
    assert_eq!(states(&report, "shop:PUT /.env"), ["refused"]);
    let ended = report.entries.iter().find(|entry| entry.states.contains(&EntryState::Ended)).unwrap();
    assert_eq!(ended.callers.get(&client), Some(&Caller { last: now - 3, count: 1 }), "who still calls it");
    assert_eq!((ended.forwarded, ended.refused, ended.statuses[&410]), (0, 1, 1));
    let text = serde_json::to_string(&report).unwrap();
    assert!(
        text.contains("\"parameters\":[\"page\",\"q\"]") && !text.contains("secret"),
        "names, never values: {text}"
    );
    assert_eq!(report.watched_since, Some(50));
}

#[test]
fn what_is_known_grows_over_restarts() {
    let folder = tempfile::tempdir().unwrap();
    let routes = shop();
    let mut count = 0;
    for round in 0..3 {
        let batches = (0..2).map(|step| {
            let mut batch = Batch::default();
            batch.call(&call(0, 1_000 + round * 10 + step), std::iter::empty());
            for word in ["a", "b", "c", "d", "e", "f", "g"] {
                batch.sight(sighting(&format!(
                    "/tags/{word}{}",
                    char::from(b'a' + u8::try_from(round * 2 + step).unwrap())
                )));
            }
            batch
        });
        let report = report(folder.path(), &routes, batches.collect(), 2_000);
        let entry = report.entries.iter().find(|entry| entry.id == "shop:GET /v1/orders").unwrap();
        count += 2;
        assert_eq!((entry.forwarded, entry.first_seen), (count, Some(1_000)), "contract/I-05: survives a restart");
        let learned: Vec<&str> =
            report.entries.iter().filter(|entry| !entry.documented).map(|entry| entry.id.as_str()).collect();
        if round == 0 {
            assert_eq!(learned.len(), 14, "{learned:?}");
        } else {
            assert_eq!(learned, ["shop:GET /tags/{tagId}"], "rows of what was put together are gone");
        }
    }
}

#[test]
fn callers_are_bounded_and_those_who_came_last_stay() {
    let mut batch = Batch::default();
    for number in 0..300_u32 {
        let caller = Some(IpAddr::V4(Ipv4Addr::from(number)));
        batch.call(&Call { caller, ..call(0, u64::from(number) + 1) }, std::iter::empty());
    }
    let usage = &batch.uses[&OperationId(0)];
    assert_eq!((usage.callers.len(), usage.callers_left_out), (MAX_CALLERS, 200));
    assert!(usage.callers.values().all(|caller| caller.last > 200), "{:?}", usage.callers);
}

fn shape(contents: &[&str]) -> Shape {
    let mut shape = Shape::default();
    contents.iter().for_each(|content| shape.merge(Shape::of(content.as_bytes().to_vec()).unwrap()));
    shape
}

#[test]
fn shapes_have_names_and_types_and_no_value() {
    let order = r#"{"id":7,"total":1.5,"note":null,"lines":[{"sku":"secret-7f3a9c","qty":2},{"sku":"b"}],"by":{"ada@example.com":1,"2024":2}}"#;
    let other = r#"{"id":8,"total":2,"note":"text","extra":true,"lines":[]}"#;
    let shape = shape(&[order, other, order, order, order]);
    let schema = serde_json::json!({
        "type": "object",
        "required": ["id", "lines", "note", "total"],
        "properties": {
            "by": { "type": "object", "additionalProperties": true },
            "extra": { "type": "boolean" },
            "id": { "type": "integer" },
            "lines": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["sku"],
                    "properties": { "qty": { "type": "integer" }, "sku": { "type": "string" } },
                },
            },
            "note": { "type": ["null", "string"] },
            "total": { "type": "number" },
        },
    });
    assert_eq!(shape.schema(), schema);
    let kept = serde_json::to_string(&shape).unwrap();
    assert!(!kept.contains("secret") && !kept.contains("ada") && !kept.contains("2024"), "{kept}");
    assert_eq!(serde_json::from_str::<Shape>(&kept).unwrap(), shape);
    assert_eq!(Shape::of(b"{\"a\":1,\"a\":2}".to_vec()), None, "no JSON that two readers read alike");
}

#[test]
fn shapes_are_bounded() {
    let word = |n: usize| format!("{}{}", char::from(b'a' + (n / 26 % 26) as u8), char::from(b'a' + (n % 26) as u8));
    let wide = |first: usize| {
        (first..first + 60).map(|n| format!("\"{}\":[{{\"x\":{{\"y\":[]}}}}]", word(n))).collect::<Vec<_>>()
    };
    let contents: Vec<String> = (0..10).map(|n| format!("{{{}}}", wide(n * 60).join(","))).collect();
    let contents: Vec<&str> = contents.iter().map(String::as_str).collect();
    let kept = serde_json::to_string(&shape(&contents)).unwrap();
    assert!(kept.matches("\"n\":").count() <= 513 && kept.contains("\"x\":true"), "{}", kept.len());
    let deep = format!("{}1{}", "{\"a\":".repeat(40), "}".repeat(40));
    assert_eq!(serde_json::to_string(&shape(&[&deep])).unwrap().matches("\"n\":").count(), 9);
}

#[test]
fn the_draft_is_a_document_that_loads_and_serves_what_was_learned() {
    let folder = tempfile::tempdir().unwrap();
    let sketch = Sketch { name: "shop", base: Some("/v1"), paths: &[], ..Sketch::default() };
    let routes = compiled(&[sketch]).unwrap();
    let mut batch = Batch::default();
    let body = |text: &str| Shape::of(text.as_bytes().to_vec());
    batch.sight(Sighting {
        response: body(r#"{"id":1}"#),
        parameters: Sighting::names(Some("page=1")),
        ..sighting("/users/7")
    });
    batch.sight(Sighting { method: Method::PUT, request: body(r#"{"id":"x"}"#), status: 204, ..sighting("/users/8") });
    batch.sight(sighting("/users/me"));
    batch.sight(sighting("/"));
    batch.sight(Sighting { method: Method::from_bytes(b"PURGE").unwrap(), ..sighting("/cache") });
    batch.sight(Sighting { is_refused: true, status: 404, ..sighting("/never") });
    let report = report(folder.path(), &routes, vec![batch], 2_000);
    assert_eq!(report.learned().into_iter().collect::<Vec<_>>(), ["shop"]);
    let draft = report.draft(&routes, ApiId(0));
    let get = &draft["paths"]["/users/{userId}"]["get"];
    assert_eq!(get["operationId"], "getUsersByUserId");
    assert_eq!(get["parameters"][0]["name"], "page");
    assert_eq!(get["responses"]["200"]["content"]["application/json"]["schema"]["properties"]["id"]["type"], "integer");
    let put = &draft["paths"]["/users/{userId}"]["put"];
    assert_eq!(put["requestBody"]["content"]["application/json"]["schema"]["properties"]["id"]["type"], "string");
    assert!(put["responses"]["204"].get("content").is_none());

    let document = crate::Document::load(Path::new("draft.json"), draft.to_string().as_bytes()).unwrap();
    assert_eq!(document.operation_count(), 4, "{draft}");
    assert!(document.warnings().is_empty());
    let paths = draft["paths"].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(
        paths,
        ["/", "/users/me", "/users/{userId}"],
        "neither what was refused nor what OpenAPI 3.1 cannot say"
    );
    assert_eq!(draft["servers"][0]["url"], "/v1");
}
