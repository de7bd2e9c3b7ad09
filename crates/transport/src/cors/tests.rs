use super::*;
use portcullis_core::config::{ConfigError, Severity};

fn compile(yaml: &str) -> (Option<Compiled>, Vec<ConfigError>) {
    let mut findings = Vec::new();
    let compiled = serde_saphyr::from_str::<Config>(yaml).unwrap().compile(&mut findings);
    (compiled, findings)
}

fn rules(yaml: &str) -> Compiled {
    let (compiled, findings) = compile(yaml);
    assert_eq!(findings, []);
    compiled.unwrap()
}

fn fields(list: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in list {
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

const SHOP: &str = "origins: [https://app.example.com, 'https://app.example.com:8443', capacitor://localhost]";

#[test]
fn only_an_origin_that_is_listed_is_granted() {
    // edge/Y22
    let rules = rules(SHOP);
    let cases = [
        ("https://app.example.com", true, "listed"),
        ("https://app.example.com:8443", true, "listed with its port"),
        ("capacitor://localhost", true, "the shell of a mobile application"),
        ("https://app.example.com.evil.io", false, "a longer name"),
        ("https://evilapp.example.com", false, "a name with the same end"),
        ("https://app.example.co", false, "a shorter name"),
        ("null", false, "a sandboxed frame"),
        ("http://app.example.com", false, "plain text"),
        ("https://APP.example.com", false, "no browser writes it like this"),
        ("https://app.example.com:443", false, "nor like this"),
        ("https://app.example.com:444", false, "another port"),
        ("https://app.example.com/", false, "a path"),
        ("https://app.example.com https://app.example.com", false, "two"),
        ("", false, "nothing"),
        ("*", false, "no origin"),
    ];
    for (origin, granted, why) in cases {
        let answer = rules.grant(&Method::GET, &fields(&[("origin", origin)]));
        assert_eq!(answer.is_some(), granted, "{why}");
        assert!(answer.is_none_or(|answer| answer == origin));
    }
    assert!(rules.grant(&Method::GET, &HeaderMap::new()).is_none(), "a request of no page");
}

#[test]
fn everybody_means_everybody_without_credentials() {
    let rules = rules("origins: ['*']");
    for origin in ["https://a.example", "null"] {
        assert_eq!(rules.grant(&Method::GET, &fields(&[("origin", origin)])).unwrap(), "*");
    }
    let mut headers = HeaderMap::new();
    rules.apply(Some(&ANY), &mut headers);
    assert!(!headers.contains_key("access-control-allow-credentials"));
}

#[test]
fn a_preflight_gets_what_it_asks_for_or_a_reason() {
    // edge/Y24
    let narrow = rules("origins: [https://a.example]\nmethods: [GET, PUT]\nheaders: [X-A, Content-Type]\nmax_age: 5m");
    let ask = |rules: &Compiled, origin: &str, method: Method, names: &[&str]| {
        let mut list = vec![("origin", origin)];
        list.extend(names.iter().map(|names| ("access-control-request-headers", *names)));
        rules.preflight(&method, &fields(&list)).map_err(|stop| stop.reason())
    };
    let many = "x-a,".repeat(MAX_HEADER_FIELDS + 1);
    let cases: [(&str, Method, &[&str], Option<Reason>); 12] = [
        ("https://a.example", Method::PUT, &["x-a,content-type"], None),
        ("https://a.example", Method::PUT, &[], None),
        ("https://a.example", Method::PUT, &[""], None),
        ("https://a.example", Method::HEAD, &["X-A , Content-Type"], None),
        ("https://a.example", Method::GET, &["x-a", "content-type"], None),
        ("https://b.example", Method::GET, &[], Some(Reason::CorsOrigin)),
        ("null", Method::GET, &[], Some(Reason::CorsOrigin)),
        ("https://a.example", Method::DELETE, &[], Some(Reason::CorsMethod)),
        ("https://b.example", Method::DELETE, &[], Some(Reason::CorsOrigin)),
        ("https://a.example", Method::PUT, &["x-a, authorization"], Some(Reason::CorsField)),
        ("https://a.example", Method::PUT, &["x-a", "x-b"], Some(Reason::CorsField)),
        ("https://a.example", Method::PUT, &[&many], Some(Reason::CorsField)),
    ];
    for (origin, method, names, reason) in cases {
        let answer = ask(&narrow, origin, method.clone(), names);
        assert_eq!(answer.as_ref().err().copied(), reason, "{origin} {method} {names:?}");
        let Ok(answer) = answer else { continue };
        assert_eq!(text(&answer, "access-control-allow-methods"), [method.as_str()], "no more than it asks for");
        assert_eq!(text(&answer, "access-control-allow-headers"), ["x-a, content-type"]);
        assert_eq!(text(&answer, "access-control-max-age"), ["300"]);
        assert_eq!(text(&answer, "vary"), ["Origin, Access-Control-Request-Method, Access-Control-Request-Headers"]);
    }
    let short = rules("origins: [https://a.example]");
    let answer = ask(&short, "https://a.example", Method::PATCH, &["authorization,content-type"]).unwrap();
    assert_eq!(text(&answer, "access-control-allow-headers"), ["authorization, content-type"]);
    assert_eq!(text(&answer, "access-control-max-age"), ["600"]);
    let none = rules("origins: [https://a.example]\nheaders: []");
    assert_eq!(ask(&none, "https://a.example", Method::GET, &["content-type"]).unwrap_err(), Reason::CorsField);
}

#[test]
fn a_request_of_a_method_that_is_not_offered_is_not_granted() {
    let narrow = rules("origins: [https://a.example]\nmethods: [GET]");
    let headers = fields(&[("origin", "https://a.example")]);
    assert!(narrow.grant(&Method::GET, &headers).is_some());
    assert!(narrow.grant(&Method::HEAD, &headers).is_some());
    assert!(narrow.grant(&Method::POST, &headers).is_none(), "a form posts without asking");
}

#[test]
fn only_a_question_of_a_browser_is_a_preflight() {
    let asking = [("origin", "https://a.example"), ("access-control-request-method", "PUT")];
    assert!(is_preflight(&Method::OPTIONS, &fields(&asking)));
    assert!(!is_preflight(&Method::GET, &fields(&asking)));
    assert!(!is_preflight(&Method::OPTIONS, &fields(&asking[..1])));
    assert!(!is_preflight(&Method::OPTIONS, &fields(&asking[1..])));
    assert_eq!(asked_method(&fields(&asking)), Some(Method::PUT));
    assert_eq!(asked_method(&fields(&[("access-control-request-method", "a b")])), None);
}

#[test]
fn every_response_varies_by_origin_once() {
    // edge/Y25
    let rules = rules("origins: [https://a.example]\ncredentials: true\nexpose: [X-Total, Link]");
    let origin = HeaderValue::from_static("https://a.example");
    let cases: [(&[&str], &[&str]); 5] = [
        (&[], &["Origin"]),
        (&["Accept"], &["Accept", "Origin"]),
        (&["accept, ORIGIN"], &["accept, ORIGIN"]),
        (&["*"], &["*"]),
        (&["X-Origin"], &["X-Origin", "Origin"]),
    ];
    for granted in [Some(&origin), None] {
        for (before, after) in cases {
            let list: Vec<_> = before.iter().map(|value| ("vary", *value)).collect();
            let mut headers = fields(&list);
            rules.apply(granted, &mut headers);
            assert_eq!(text(&headers, "vary"), after);
            let said: &[&str] = if granted.is_some() { &["https://a.example"] } else { &[] };
            assert_eq!(text(&headers, "access-control-allow-origin"), said);
            assert_eq!(headers.contains_key("access-control-allow-credentials"), granted.is_some());
            assert_eq!(headers.contains_key("access-control-expose-headers"), granted.is_some());
        }
    }
}

#[test]
fn nothing_of_the_upstream_is_left() {
    // edge/Y25
    let mut headers = fields(&[
        ("access-control-allow-origin", "*"),
        ("access-control-allow-origin", "https://evil.example"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-private-network", "true"),
        ("access-control-new-thing", "1"),
        ("vary", "accept"),
    ]);
    remove(&mut headers);
    assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["vary"]);
}

#[test]
fn settings_that_open_more_than_they_say_are_refused() {
    // edge/Y23
    let cases = [
        ("origins: ['*']\ncredentials: true", "`\"*\"` with `credentials: true`", "one by one"),
        ("origins: ['*', https://a.example]", "`\"*\"` beside other origins", "alone"),
        ("origins: ['null']", "`null` is not an origin", "sandboxed"),
        ("origins: ['https://*.example.com']", "is not an origin", "as browsers send them"),
        ("origins: ['^https://.*example.com$']", "is not an origin", "as browsers send them"),
        ("origins: ['https://a.example/']", "is not an origin", "no path"),
        ("origins: ['https://a.example/x']", "is not an origin", "no path"),
        ("origins: ['https://u@a.example']", "is not an origin", "as browsers send them"),
        ("origins: ['a.example']", "is not an origin", "as browsers send them"),
        ("origins: ['https://']", "is not an origin", "as browsers send them"),
        ("origins: ['https://a.example.']", "is not an origin", "as browsers send them"),
        ("origins: ['https://A.example']", "is not an origin", "`https://a.example`, as browsers"),
        ("origins: ['HTTPS://a.example']", "is not an origin", "`https://a.example`, as browsers"),
        ("origins: ['https://a.example:443']", "is not an origin", "`https://a.example`, as browsers"),
        ("origins: ['http://a.example:80']", "is not an origin", "`http://a.example`, as browsers"),
        ("origins: []", "without `origins`", "at least one"),
        ("origins: [https://a.example]\nmethods: ['*']", "`*` is not a method", "one by one"),
        ("origins: [https://a.example]\nmethods: [get]", "`get` is not a method", "upper case"),
        ("origins: [https://a.example]\nmethods: [OPTIONS]", "`OPTIONS` is not a method", "`GET`"),
        ("origins: [https://a.example]\nheaders: ['*']", "`*` is not a field name", "one by one"),
        ("origins: [https://a.example]\nexpose: ['a b']", "`a b` is not a field name", "one by one"),
        ("origins: [https://a.example]\nmax_age: 11m", "`max_age` over 10m", "at most `10m`"),
    ];
    for (yaml, message, accepted) in cases {
        let (compiled, findings) = compile(yaml);
        assert!(compiled.is_none(), "{yaml}");
        assert_eq!(findings.len(), 1, "{yaml}");
        assert!(findings[0].message.contains(message), "{yaml}: {}", findings[0].message);
        assert!(findings[0].accepted.contains(accepted), "{yaml}: {}", findings[0].accepted);
        assert!(findings[0].line == yaml.lines().count() as u64 || yaml.contains("origins: ["), "{yaml}");
    }
}

#[test]
fn plain_text_with_credentials_is_a_warning() {
    let (compiled, findings) = compile("origins: ['http://a.example', 'http://localhost:3000']\ncredentials: true");
    assert!(compiled.is_some());
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].severity, Severity::Warning);
    assert!(findings[0].message.starts_with("`http://a.example` is"));
}
