use super::*;
use crate::values::{Cap, MAX_VIOLATIONS, Over, Unknown};

fn rules(outcome: Result<Values, Vec<Violation>>) -> Vec<(String, Rule)> {
    outcome.unwrap_err().into_iter().map(|violation| (violation.to_string(), violation.rule)).collect()
}

#[test]
fn a_single_value_stands_once_under_every_name_that_a_server_may_read() {
    // contract/V-14
    for (query, rule) in [
        ("id=1&id=2", Rule::Duplicate),
        ("id=1&ID=2", Rule::LookAlike),
        ("id[]=1&id=2", Rule::LookAlike),
        ("id=1;id=2", Rule::Separator),
    ] {
        for unknown in [Unknown::Refuse, Unknown::Strip, Unknown::Allow] {
            let options = Options { unknown, ..Options::default() };
            let refused = rules(read_query(vec![query_spec("id", INTEGER)], options, query));
            assert_eq!(refused[0].1, rule, "contract/V-14 {query} {unknown:?}");
        }
    }
}

#[test]
fn what_is_not_declared_is_refused_taken_out_or_passed() {
    // contract/V-15
    let specs = || vec![query_spec("q", STRING), query_spec("n", INTEGER)];
    let with = |unknown| Options { unknown, ..Options::default() };
    let refused = rules(read_query(specs(), with(Unknown::Refuse), "q=a&debug=true"));
    assert_eq!(refused, [("query.debug".to_owned(), Rule::Undeclared)]);

    let query = "a=0&q=x%2fy+z&debug=true&n=1&debug=false";
    let stripped = read_query(specs(), with(Unknown::Strip), query).unwrap();
    assert_eq!(stripped.query(), Some("q=x%2fy+z&n=1"), "the rest stays byte for byte");
    assert_eq!((json_of(&stripped).as_str(), stripped.undeclared().len()), (r#"["x/y z",1]"#, 3));
    assert_eq!(stripped.undeclared()[1].to_string(), "query.debug");
    let empty = read_query(specs(), with(Unknown::Strip), "debug=true").unwrap();
    assert_eq!((empty.query(), empty.json()), (Some(""), &b"[]"[..]));

    let passed = read_query(specs(), with(Unknown::Allow), query).unwrap();
    assert_eq!((passed.query(), passed.found(), passed.undeclared().len()), (None, &[0, 1][..], 3));

    // Fields and cookies are open sets.
    let headers = fields(&[("x-debug", b"1"), ("cookie", b"debug=1")]);
    assert!(compiled(specs(), Options::default()).read(&Input { path: &[], query: None, headers: &headers }).is_ok());
}

#[test]
fn an_empty_value_is_a_value_unless_it_counts_as_none() {
    // contract/V-16
    let q = |allow_empty| Spec {
        writing: Writing::Styled { style: Style::Form, explode: true, allow_reserved: false, allow_empty },
        required: true,
        ..query_spec("q", STRING)
    };
    for query in ["q=", "q"] {
        assert_eq!(read(q(false), query).as_deref(), Ok(r#""""#), "goes to the schema: {query}");
        assert_eq!(read(q(true), query).as_deref(), Ok(""), "counts as absent: {query}");
    }
}

#[test]
fn what_is_required_is_named_when_it_is_absent() {
    // contract/V-19
    let required = |name, location, style| Spec { required: true, ..spec(name, location, style, false, STRING) };
    let parameters = compiled(
        vec![
            required("q", Location::Query, Style::Form),
            required("X-Id", Location::Header, Style::Simple),
            required("sid", Location::Cookie, Style::Cookie),
        ],
        Options::default(),
    );
    let named = |headers: &HeaderMap| rules(parameters.read(&Input { path: &[], query: None, headers }));
    let all = [("query.q", Rule::Required), ("header.X-Id", Rule::Required), ("cookie.sid", Rule::Required)];
    let all = all.map(|(name, rule)| (name.to_owned(), rule));
    assert_eq!(named(&HeaderMap::new()), all);
    assert_eq!(named(&fields(&[("x-id", b"")])), all, "present, but empty");
}

#[test]
fn a_query_of_too_many_pairs_is_not_read() {
    // contract/V-24, the count; the bytes are the listener's
    let query = |pairs: usize| vec!["ids=1"; pairs].join("&");
    let ids = || vec![query_spec("ids", array(INTEGER))];
    assert!(read_query(ids(), Options::default(), &query(100)).is_ok());
    assert_eq!(rules(read_query(ids(), Options::default(), &query(101))), [("query".to_owned(), Rule::TooMany)]);
}

#[test]
fn page_sizes_are_clamped_or_refused() {
    // contract/V-25, what a request meets
    let cap = |over| Options {
        caps: vec![
            Cap { parameter: "limit".into(), min: 1, max: 100, over },
            Cap { parameter: "offset".into(), min: 0, max: i64::from(i32::MAX), over: Over::Refuse },
        ],
        ..Options::default()
    };
    let specs = || vec![query_spec("limit", INTEGER), query_spec("offset", INTEGER), query_spec("q", STRING)];
    let read = |over, query: &str| read_query(specs(), cap(over), query);

    let clamped = read(Over::Clamp, "q=a%20b&limit=1000000&offset=5").unwrap();
    assert_eq!(clamped.query(), Some("q=a%20b&limit=100&offset=5"));
    assert_eq!(json_of(&clamped), r#"[100,5,"a b"]"#, "what is judged is what is forwarded");
    let huge = read(Over::Clamp, "limit=99999999999999999999999999999999").unwrap();
    assert_eq!(huge.query(), Some("limit=100"));
    assert_eq!(rules(read(Over::Refuse, "limit=101")), [("query.limit".to_owned(), Rule::Maximum)]);
    for over in [Over::Clamp, Over::Refuse] {
        assert_eq!(read(over, "limit=100").unwrap().query(), None);
        assert_eq!(rules(read(over, "limit=-1"))[0].1, Rule::Minimum);
        assert_eq!(rules(read(over, "limit=0"))[0].1, Rule::Minimum);
        assert_eq!(rules(read(over, "offset=99999999999"))[0].1, Rule::Maximum);
        assert_eq!(rules(read(over, "limit=ten"))[0].1, Rule::Type);
        assert_eq!(rules(read(over, "limit=1e9"))[0].1, Rule::Type);
        assert_eq!(rules(read(over, "limit=1&limit=2"))[0].1, Rule::Duplicate);
    }
}

#[test]
fn all_that_is_wrong_is_told_up_to_a_bound_and_never_the_value() {
    let specs: Vec<_> = (0..30).map(|number| query_spec(&format!("n{number}"), INTEGER)).collect();
    let query = (0..30).map(|number| format!("n{number}=s3cret")).collect::<Vec<_>>().join("&");
    let refused = read_query(specs, Options::default(), &query).unwrap_err();
    assert_eq!(refused.len(), MAX_VIOLATIONS);
    assert_eq!((refused[0].to_string().as_str(), refused[19].to_string().as_str()), ("query.n0", "query.n19"));
    assert!(!format!("{refused:?}").contains("s3cret"));
    let values = read_query(vec![query_spec("q", STRING)], Options::default(), "q=s3cret").unwrap();
    assert!(!format!("{values:?}").contains("s3cret"));
    let long = "ü".repeat(200);
    let refused = read_query(Vec::new(), Options::default(), &format!("{long}=1")).unwrap_err();
    assert_eq!(refused[0].name.len(), 64, "an undeclared name is the client's own text");
}

#[test]
fn an_exploded_object_takes_the_names_that_it_declares() {
    // contract/V-09, without a collision
    let filter = query_spec("filter", rgb());
    let read = |query| read_query(vec![filter.clone(), query_spec("q", STRING)], Options::default(), query);
    assert_eq!(json_of(&read("R=1&q=x&G=2").unwrap()), r#"[{"R":1,"G":2},"x"]"#);
    assert_eq!(rules(read("R=1&X=2")), [("query.X".to_owned(), Rule::Undeclared)]);
    assert_eq!(rules(read("filter=1")), [("query.filter".to_owned(), Rule::Undeclared)]);
    let open = Shape::Object { properties: vec![("R".into(), INTEGER)], other: Some(Box::new(STRING)) };
    let free = read_query(vec![query_spec("free", open)], Options::default(), "R=1&x=y").unwrap();
    assert_eq!(json_of(&free), r#"[{"R":1,"x":"y"}]"#);
}

#[test]
fn what_is_waived_passes_by_its_name() {
    let unread = |name, location| Spec {
        writing: Writing::Unread,
        required: true,
        ..spec(name, location, Style::Form, true, Shape::Any)
    };
    let specs = || {
        vec![
            unread("f", Location::Query),
            unread("X-F", Location::Header),
            unread("c", Location::Cookie),
            unread("p", Location::Path),
            query_spec("q", STRING),
        ]
    };
    let read = |query, headers: &HeaderMap, path: &[(&str, &str)]| {
        compiled(specs(), Options::default()).read(&Input { path, query: Some(query), headers })
    };
    let headers = fields(&[("x-f", b"\xff"), ("x-f", b"2"), ("cookie", b"c=1; c=2")]);
    let values = read("f[a][b]=1;2&f=x&f=y&f[]=z&q=1", &headers, &[("p", "%2F")]).unwrap();
    assert_eq!((json_of(&values).as_str(), values.found(), values.query()), (r#"["1"]"#, &[4][..], None));
    let absent: Vec<_> = rules(read("q=1", &HeaderMap::new(), &[])).into_iter().map(|(name, _)| name).collect();
    assert_eq!(absent, ["query.f", "header.X-F", "cookie.c", "path.p"]);
    assert_eq!(rules(read("F=1&f=1", &headers, &[("p", "x")])), [("query.F".to_owned(), Rule::LookAlike)]);
}
