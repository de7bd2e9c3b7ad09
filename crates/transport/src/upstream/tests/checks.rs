//! What takes an endpoint down, and what brings it up (edge/P9).

use super::*;
use crate::upstream::health::{check, round};
use http::{HeaderName, HeaderValue};

const SICK: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";

fn checked(fakes: &[&Fake]) -> Gateway {
    let endpoints: Vec<String> = fakes.iter().map(|fake| fake.url("http")).collect();
    let mut settings = settings(&endpoints);
    settings.health = Some(HealthSettings::default());
    Gateway::new(&settings)
}

/// So many rounds in which the endpoints say this.
async fn rounds(gateway: &Gateway, fakes: &[(&Fake, &'static [u8])], count: usize) {
    for _ in 0..count {
        let says = async {
            for (fake, says) in fakes {
                fake.accept().await.answer(says).await;
            }
        };
        let fields = Arc::from([]);
        tokio::join!(round(&gateway.upstream, &fields), says);
    }
}

#[test]
fn three_failures_take_an_endpoint_down_and_two_answers_bring_it_up() {
    run(async {
        let (well, sick) = (Fake::new().await, Fake::new().await);
        let gateway = checked(&[&well, &sick]);
        let usable = || gateway.upstream.look().usable;
        rounds(&gateway, &[(&well, OK), (&sick, SICK)], 2).await;
        assert_eq!(usable(), 2, "two are too few");
        rounds(&gateway, &[(&well, OK), (&sick, OK)], 1).await;
        rounds(&gateway, &[(&well, OK), (&sick, SICK)], 2).await;
        assert_eq!(usable(), 2, "not three in a row");
        rounds(&gateway, &[(&well, OK), (&sick, SICK)], 1).await;
        assert_eq!(usable(), 1, "three are enough");
        let requests = async {
            for _ in 0..50 {
                let answer = gateway.send(Method::POST, Content::none(), Attempt::default()).await.unwrap();
                assert_eq!(answer.endpoint, 0);
            }
        };
        tokio::select! { () = well.serve(OK, 1) => {}, () = requests => {} }
        rounds(&gateway, &[(&well, OK), (&sick, OK)], 1).await;
        assert_eq!(usable(), 1, "one is too few");
        rounds(&gateway, &[(&well, OK), (&sick, OK)], 1).await;
        assert_eq!(usable(), 2);
    });
}

#[test]
fn without_a_healthy_endpoint_nobody_is_asked() {
    run(async {
        for count in [1, 2] {
            let fakes = [Fake::new().await, Fake::new().await];
            let asked: Vec<&Fake> = fakes.iter().take(count).collect();
            let gateway = checked(&asked);
            let sick: Vec<(&Fake, &'static [u8])> = asked.iter().map(|fake| (*fake, SICK)).collect();
            rounds(&gateway, &sick, 3).await;
            let failed = gateway.send(Method::GET, Content::none(), Attempt::default()).await.unwrap_err();
            let seen = (failed.stop.reason(), failed.endpoint, failed.attempts);
            assert_eq!(seen, (Reason::UpstreamUnavailable, None, 0), "no panic mode");
            let look = gateway.upstream.look();
            assert_eq!(look, Look { endpoints: count, down: count, ..Look::default() });
        }
    });
}

#[test]
fn only_an_answer_in_time_that_says_success_is_well() {
    let cases: [(&str, &[u8], bool); 6] = [
        ("200", OK, true),
        ("204", b"HTTP/1.1 204 No Content\r\n\r\n", true),
        ("a redirect", b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", false),
        ("503", SICK, false),
        ("no HTTP", b"hello\r\n\r\n", false),
        ("nothing", b"", false),
    ];
    run(async {
        for (what, says, is_well) in cases {
            let fake = Fake::new().await;
            let gateway = checked(&[&fake]);
            let targets = gateway.upstream.targets();
            let answers = async { fake.accept().await.answer(says).await };
            let (outcome, head) = tokio::join!(check(&gateway.upstream, &targets[0], &[]), answers);
            assert_eq!(outcome.unwrap().is_ok(), is_well, "{what}");
            assert!(head.starts_with("GET /healthz HTTP/1.1\r\n"), "{head}");
        }
    });
}

#[test]
fn a_check_ends_with_its_time() {
    run(async {
        let fake = Fake::new().await;
        let mut settings = settings(&[fake.url("http")]);
        settings.health = Some(HealthSettings { timeout: Duration::from_millis(20), ..HealthSettings::default() });
        let gateway = Gateway::new(&settings);
        let failed = check(&gateway.upstream, &gateway.upstream.targets()[0], &[]).await.unwrap().unwrap_err();
        assert_eq!(failed.reason(), Reason::UpstreamTimeout);
    });
}

#[test]
fn a_check_shows_what_every_request_shows() {
    run(async {
        let fake = Fake::new().await;
        let mut settings = settings(&[fake.url("http")]);
        settings.health = Some(HealthSettings { path: "/up?deep=1".parse().unwrap(), ..HealthSettings::default() });
        let gateway = Gateway::new(&settings);
        let fields = [(HeaderName::from_static("x-key"), HeaderValue::from_static("k"))];
        let targets = gateway.upstream.targets();
        let answers = async { fake.accept().await.answer(OK).await };
        let (outcome, head) = tokio::join!(check(&gateway.upstream, &targets[0], &fields), answers);
        outcome.unwrap().unwrap();
        let host = fake.url("host").replace("://", ": ");
        for line in ["GET /up?deep=1 HTTP/1.1", &host, "x-key: k", "user-agent: portcullis-health", "connection: close"]
        {
            assert!(head.contains(&format!("{line}\r\n")), "{line}: {head}");
        }
    });
}

#[test]
fn a_reload_keeps_what_is_known_unless_the_checks_are_gone() {
    let mut written = settings(&["http://10.0.0.1:1".to_owned()]);
    written.health = Some(HealthSettings::default());
    let clock = Clock::manual(1);
    let running = written.compile(&clock).unwrap();
    (0..3).for_each(|_| running.checked(&running.targets()[0], Err(Stop::fault(Reason::UpstreamTimeout))));
    let mut next = written.compile(&clock).unwrap();
    next.keep(&running);
    assert_eq!(next.look().down, 1);
    written.health = None;
    let mut without = written.compile(&clock).unwrap();
    without.keep(&running);
    assert_eq!(without.look().down, 0, "nobody would bring it up again");
}

#[test]
fn many_endpoints_are_all_checked() {
    run(async {
        let urls: Vec<String> = (0..100).map(|_| "http://127.0.0.1:1".to_owned()).collect();
        let mut settings = settings(&urls);
        settings.health = Some(HealthSettings { unhealthy: 1, ..HealthSettings::default() });
        let gateway = Gateway::new(&settings);
        round(&gateway.upstream, &Arc::from([])).await;
        assert_eq!(gateway.upstream.look().down, 100);
    });
}
