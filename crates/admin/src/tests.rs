use super::*;
use http_body_util::BodyExt as _;
use portcullis_events::Metrics;

fn ask(method: &str, path: &str, state: &State, scope: Scope) -> (u16, String) {
    let request = Request::builder().method(method).uri(path).body(()).expect("request");
    let response = answer(&request, state, scope);
    let status = response.status().as_u16();
    let frame =
        tokio::runtime::Builder::new_current_thread().build().expect("runtime").block_on(response.into_body().frame());
    let bytes = frame.expect("frame").expect("content").into_data().expect("data");
    (status, String::from_utf8(bytes.to_vec()).expect("text"))
}

#[test]
fn readyz_follows_the_life_of_the_process_and_keeps_its_details_to_admin() {
    let state = State::new(Arc::new(Metrics::default()));
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
    let state = State::new(Arc::new(Metrics::default()));
    assert_eq!(ask("GET", "/metrics", &state, Scope::Health).0, 404);
    assert_eq!(ask("POST", "/metrics", &state, Scope::Admin).0, 405);
    assert_eq!(ask("GET", "/", &state, Scope::Admin).0, 404);
    let (status, text) = ask("GET", "/metrics", &state, Scope::Admin);
    assert_eq!(status, 200);
    assert!(text.ends_with("# EOF\n"), "OpenMetrics ends so");
}

#[test]
fn a_web_page_is_refused() {
    let state = State::new(Arc::new(Metrics::default()));
    let request = Request::get("/metrics").header(ORIGIN, "https://evil.example").body(()).expect("request");
    assert_eq!(answer(&request, &state, Scope::Admin).status(), StatusCode::FORBIDDEN, "edge/R10");
}
