//! nginx as upstream: what a real server does with connections, framing and TLS.

use std::time::Duration;

use anyhow::Result;
use portcullis_testkit::ca::TestCa;
use portcullis_testkit::loader::{Loader, Outcome};
use portcullis_testkit::pattern;
use portcullis_testkit::process::until;

use crate::setup::{Gateway, H2load, Nginx, curl};

const ITEM: &str = r#"{"name":"a small thing"}"#;

fn in_front_of(nginx: &Nginx) -> Result<Gateway> {
    let config = format!(
        "version: 1
cores: 2
listeners: [{{ address: 127.0.0.1:0 }}]
upstreams:
  nginx: {{ endpoints: [\"http://127.0.0.1:{}\"] }}
apis:
  files: {{ openapi: api.yaml, upstream: nginx, identity: public, controls: {{ contract.request: off, contract.response: off }} }}
",
        nginx.port
    );
    Gateway::start(&config, &[])
}

/// edge/P2: a connection that the upstream is about to close is not used again.
#[test]
fn connections_that_nginx_ends_every_five_requests_cost_none() -> Result<()> {
    let server = "server { listen 127.0.0.1:@PORT@; root www; keepalive_requests 5; }";
    let nginx = Nginx::start(server, &[("www/files/item.json", ITEM.as_bytes())])?;
    let mut gateway = in_front_of(&nginx)?;
    H2load::start(2_000, &["--h1", "-c", "8", &gateway.url("http", "/files/item.json")?])?.expect_all()?;
    let seen = nginx.seen(2_000)?;
    assert_eq!(seen.len(), 2_000, "each request reached nginx once");
    let most = seen.iter().filter_map(|line| line[1].parse::<u32>().ok()).max();
    assert_eq!(most, Some(5), "connections were kept, and nginx ended them: else this shows nothing");
    gateway.expect_well()
}

/// edge/P3, edge/P5: connections that the upstream closes just when they are needed.
#[test]
fn connections_that_nginx_ends_while_idle_cost_no_request() -> Result<()> {
    let server = "server { listen 127.0.0.1:@PORT@; root www; keepalive_timeout 5ms; }";
    let nginx = Nginx::start(server, &[("www/files/item.json", ITEM.as_bytes())])?;
    let mut gateway = in_front_of(&nginx)?;
    let request = "GET /files/item.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    // About as long between two requests as nginx waits: some come before its end, some after, some with it.
    let pauses = [4, 5, 6];
    let address = gateway.address("http", 0)?;
    let loaders = pauses.map(|pause| Loader::start(address, 3, request, Duration::from_millis(pause)));
    until("900 requests", || Ok((loaders.iter().map(Loader::sent).sum::<usize>() >= 900).then_some(())))?;
    for loader in loaders {
        for sent in loader.stop()?.concat() {
            assert_eq!(sent.outcome, Outcome::Status(200));
        }
    }
    let seen = nginx.seen(900)?;
    assert!(seen.iter().any(|line| line[1] != "1"), "no connection was used twice: this shows nothing");
    gateway.expect_well()
}

/// edge/P17 and the framings of a real server.
#[test]
fn what_nginx_answers_arrives_as_it_was_sent() -> Result<()> {
    let server = "server {
        listen 127.0.0.1:@PORT@;
        root www;
        location = /files/missing.json { server_tokens off; }
        location = /files/chunked.json { sub_filter_types application/json; sub_filter_once off; sub_filter small large; }
    }";
    let large: Vec<u8> = pattern::pieces(5 << 20).flatten().collect();
    let many = ITEM.repeat(4_000);
    let files: [(&str, &[u8]); 3] = [
        ("www/files/item.json", ITEM.as_bytes()),
        ("www/files/chunked.json", many.as_bytes()),
        ("www/files/large.bin", &large),
    ];
    let nginx = Nginx::start(server, &files)?;
    let mut gateway = in_front_of(&nginx)?;
    let (item, chunked) = (gateway.url("http", "/files/item.json")?, gateway.url("http", "/files/chunked.json")?);

    let got = curl(&[&item])?;
    assert_eq!((got.status, got.body.as_slice()), (200, ITEM.as_bytes()));
    assert_eq!(got.field("content-type"), Some("application/json"));
    assert_eq!(got.field("server"), None, "edge/Y16: {}", got.heads);

    let head = curl(&["--head", &item])?;
    assert_eq!((head.exit, head.status), (Some(0), 200), "{}", head.trace);
    assert_eq!(head.field("content-length"), Some(ITEM.len().to_string().as_str()), "HEAD keeps it");

    let tag = format!("If-None-Match: {}", got.field("etag").expect("nginx tags files"));
    let unchanged = curl(&["-H", &tag, &item])?;
    assert_eq!((unchanged.exit, unchanged.status, unchanged.body.len()), (Some(0), 304, 0), "{}", unchanged.trace);
    // Two on one connection: a 304 or HEAD with wrong framing would take the second one's bytes.
    let twice = curl(&["-H", &tag, &item, &item, "-o", "/dev/null"])?;
    assert_eq!(twice.exit, Some(0), "{}", twice.trace);
    assert_eq!(twice.trace.matches("Re-using existing connection").count(), 1, "{}", twice.trace);

    let filtered = curl(&[&chunked])?;
    assert_eq!(filtered.field("transfer-encoding"), Some("chunked"), "{}", filtered.heads);
    assert_eq!(filtered.body, many.replace("small", "large").as_bytes());

    let missing = curl(&[&gateway.url("http", "/files/missing.json")?])?;
    assert_eq!((missing.status, missing.problem()), (404, None), "the upstream's own 404 is passed on");
    assert!(String::from_utf8_lossy(&missing.body).contains("<h1>404 Not Found</h1>"));
    let telling = curl(&[&gateway.url("http", "/files/other.json")?])?;
    assert_eq!(
        (telling.status, telling.problem()),
        (404, Some("upstream-refused".to_owned())),
        "edge/Y27: its version is not"
    );

    let download = curl(&[&gateway.url("http", "/files/large.bin")?])?;
    assert_eq!((download.exit, download.status), (Some(0), 200), "{}", download.trace);
    assert!(download.body == large, "5 MiB arrive byte for byte");
    gateway.expect_well()
}

/// edge/T15, edge/T16: the certificate of an upstream is verified, and it is asked for by the configured name.
#[test]
fn nginx_is_believed_only_under_a_certificate_that_proves_its_name() -> Result<()> {
    let (ca, stranger) = (TestCa::new()?, TestCa::new()?);
    let issued = ca.issue(&["files.test"])?;
    let server = "server {
        listen 127.0.0.1:@PORT@ ssl;
        root www;
        ssl_certificate api.pem;
        ssl_certificate_key api.key;
    }";
    let files: [(&str, &[u8]); 3] = [
        ("www/files/item.json", ITEM.as_bytes()),
        ("api.pem", issued.certificate_pem.as_bytes()),
        ("api.key", issued.key_pem.as_bytes()),
    ];
    let nginx = Nginx::start(server, &files)?;
    let port = nginx.port;
    let upstream = |tls: &str| format!("{{ endpoints: [\"https://127.0.0.1:{port}\"], tls: {{ {tls} }} }}");
    let api = |name: &str| {
        format!(
            "{{ openapi: api.yaml, base_path: /{name}, upstream_path: /, upstream: {name}, identity: public, controls: {{ contract.request: off, contract.response: off }} }}"
        )
    };
    let config = format!(
        "version: 1
listeners: [{{ address: 127.0.0.1:0 }}]
upstreams:
  proven: {}
  stranger: {}
  misnamed: {}
apis:
  proven: {}
  stranger: {}
  misnamed: {}
",
        upstream("ca: ca.pem, server_name: files.test"),
        upstream("ca: stranger.pem, server_name: files.test"),
        upstream("ca: ca.pem, server_name: other.test"),
        api("proven"),
        api("stranger"),
        api("misnamed"),
    );
    let mut gateway = Gateway::start(&config, &[("ca.pem", ca.pem()), ("stranger.pem", stranger.pem())])?;
    for refused in ["stranger", "misnamed"] {
        let answer = curl(&[&gateway.url("http", &format!("/{refused}/files/item.json"))?])?;
        assert_eq!((answer.status, answer.problem().as_deref()), (502, Some("upstream-failed")), "{refused}");
    }
    assert_eq!(nginx.seen(0)?.len(), 0, "nothing was sent to who had proven nothing");

    let url = gateway.url("http", "/proven/files/item.json")?;
    let answer = curl(&[&url])?;
    assert_eq!((answer.status, answer.body.as_slice()), (200, ITEM.as_bytes()), "{}", answer.trace);
    assert_eq!(nginx.seen(1)?.first().and_then(|line| line.last()).map(String::as_str), Some("files.test"), "SNI");
    H2load::start(200, &["--h1", "-c", "4", &url])?.expect_all()?;
    gateway.expect_well()
}
