use super::*;
use http::header::AUTHORIZATION;
use http_body_util::BodyExt as _;
use portcullis_core::Clock;
use portcullis_events::Metrics;
use tokio::sync::mpsc;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn state() -> (State, mpsc::Receiver<Asked>) {
    let (asks, asked) = mpsc::channel(1);
    let state = State::new(Arc::new(Metrics::default()), Clock::manual(0), asks);
    state.set_token(Some(Token::of(TOKEN)));
    (state, asked)
}

fn ends() -> Ends {
    let address = |text: &str| text.parse().expect("address");
    Ends { peer: address("127.0.0.1:4711"), local: address("127.0.0.1:9901") }
}

fn request(method: &str, target: &str, fields: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(target);
    if !fields.iter().any(|(name, _)| *name == "host") {
        request = request.header(HOST, "127.0.0.1:9901");
    }
    fields.iter().fold(request, |request, (name, value)| request.header(*name, *value)).body(()).expect("request")
}

/// Polls once: no endpoint but `/reload` waits for anything.
fn ready<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("waits"),
    }
}

fn content(response: Response<Full<Bytes>>) -> String {
    let frame = ready(response.into_body().frame()).expect("frame").expect("content");
    String::from_utf8(frame.into_data().expect("data").to_vec()).expect("text")
}

fn ask(method: &str, target: &str, state: &State, scope: Scope) -> (u16, String) {
    let response = ready(answer(&request(method, target, &[]), ends(), state, scope));
    (response.status().as_u16(), content(response))
}

fn status(fields: &[(&str, &str)], state: &State, scope: Scope) -> u16 {
    ready(answer(&request("GET", "/healthz", fields), ends(), state, scope)).status().as_u16()
}

#[test]
fn readyz_follows_the_life_of_the_process_and_keeps_its_details_to_admin() {
    let (state, _asked) = state();
    assert_eq!(ask("GET", "/readyz", &state, Scope::Health), (503, "starting\n".into()));
    state.set_readiness(Readiness::Ready);
    state.loaded(1);
    assert_eq!(ask("GET", "/readyz", &state, Scope::Health), (200, "ready\n".into()));
    state.refused("portcullis.yaml:3:1: unknown key `rate_limt`".into());
    assert_eq!(ask("GET", "/readyz", &state, Scope::Health), (200, "ready\n".into()), "edge/R3: still serving");
    assert!(ask("GET", "/readyz", &state, Scope::Admin).1.contains("rate_limt"));
    state.loaded(2);
    assert!(!ask("GET", "/readyz", &state, Scope::Admin).1.contains("rate_limt"), "the next good reload clears it");
    state.set_readiness(Readiness::Stopping);
    assert_eq!(ask("GET", "/readyz", &state, Scope::Health).0, 503);
    assert_eq!(ask("GET", "/healthz", &state, Scope::Health).0, 200);
}

#[test]
fn health_shows_no_metrics_and_nothing_takes_other_methods() {
    let (state, _asked) = state();
    assert_eq!(ask("GET", "/metrics", &state, Scope::Health).0, 404);
    assert_eq!(ask("POST", "/reload", &state, Scope::Health).0, 404);
    assert_eq!(ask("POST", "/metrics", &state, Scope::Admin).0, 405);
    assert_eq!(ask("GET", "/", &state, Scope::Admin).0, 404);
    let (status, text) = ask("GET", "/metrics", &state, Scope::Admin);
    assert_eq!(status, 200);
    assert!(text.ends_with("# EOF\n"), "OpenMetrics ends so");
}

#[test]
fn what_a_web_page_sends_is_refused() {
    let (state, _asked) = state();
    let origin = [("origin", "https://evil.example")];
    assert_eq!([Scope::Admin, Scope::Health].map(|scope| status(&origin, &state, scope)), [403, 403], "edge/R10");
    let cases = [
        ("127.0.0.1:9901", 200),
        ("127.0.0.1", 200),
        ("localhost:9901", 200),
        ("LOCALHOST", 200),
        ("[::ffff:127.0.0.1]:9901", 200),
        ("evil.example:9901", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("127.0.0.2:9901", 403),
        ("[::1]:9901", 403),
        ("::1", 403),
        ("", 403),
        (":9901", 403),
        ("127.0.0.1:9901:9901", 403),
        ("user@127.0.0.1", 403),
    ];
    for (host, expected) in cases {
        assert_eq!(status(&[("host", host)], &state, Scope::Admin), expected, "edge/R10: `{host}`");
        assert_eq!(
            status(&[("host", host)], &state, Scope::Health),
            200,
            "a load balancer has its own names: `{host}`"
        );
    }
    assert_eq!(status(&[("host", "127.0.0.1"), ("host", "127.0.0.1")], &state, Scope::Admin), 403, "edge/R10: two");
}

#[test]
fn a_reload_needs_the_token_in_its_field() {
    let (state, mut asked) = state();
    let bearer = format!("Bearer {TOKEN}");
    let query = format!("/reload?token={TOKEN}&access_token={TOKEN}");
    let cases = [
        ("POST", "/reload", vec![], 401, "edge/R8: none"),
        ("POST", &query, vec![], 401, "edge/R8: in the query"),
        ("POST", "/reload", vec![("cookie", bearer.as_str())], 401, "in a cookie"),
        ("GET", "/reload", vec![], 401, "the token is asked for before anything is said"),
        ("GET", "/reload", vec![(AUTHORIZATION.as_str(), bearer.as_str())], 405, "GET changes nothing"),
        (
            "OPTIONS",
            "/reload",
            vec![(AUTHORIZATION.as_str(), bearer.as_str())],
            405,
            "edge/R18: no preflight is granted",
        ),
        ("POST", "/reload", vec![(AUTHORIZATION.as_str(), "Bearer wrong")], 401, "edge/R8: wrong"),
    ];
    for (method, target, fields, expected, why) in cases {
        let response = ready(answer(&request(method, target, &fields), ends(), &state, Scope::Admin));
        assert_eq!(response.status(), expected, "{why}");
        assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), expected == 401, "{why}");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store", "edge/R18: {why}");
        let is_cors = response.headers().keys().any(|name| name.as_str().starts_with("access-control-"));
        assert!(!is_cors, "edge/R18: {why}");
        assert!(asked.try_recv().is_err(), "nothing was asked for: {why}");
    }
}

#[tokio::test]
async fn whoever_asks_gets_the_outcome() {
    let (state, mut asked) = state();
    let bearer = format!("Bearer {TOKEN}");
    let request = request("POST", "/reload", &[(AUTHORIZATION.as_str(), &bearer)]);
    let done = Outcome::Reloaded { before: 1, snapshot: 2, changes: ["apis/shop: added".to_owned()].into() };
    let wrong = Outcome::Refused { snapshot: 2, errors: "portcullis.yaml:3:1: no".into() };
    for (outcome, status, said) in [
        (done, 200, r#"{"outcome":"reloaded","before":1,"snapshot":2,"changes":["apis/shop: added"]}"#),
        (wrong, 422, r#"{"outcome":"refused","snapshot":2,"errors":"portcullis.yaml:3:1: no"}"#),
    ] {
        let (response, peer) = tokio::join!(answer(&request, ends(), &state, Scope::Admin), async {
            let Asked { peer, answer } = asked.recv().await.expect("asked");
            answer.send(outcome).expect("waited for");
            peer
        });
        assert_eq!((response.status().as_u16(), peer), (status, ends().peer));
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(content(response).trim_end(), said);
    }
    drop(asked);
    let response = answer(&request, ends(), &state, Scope::Admin).await;
    assert_eq!(response.status(), 503, "nobody reloads any more");
}
