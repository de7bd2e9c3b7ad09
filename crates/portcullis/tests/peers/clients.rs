//! curl and h2load as clients, over every protocol that the gateway speaks.

use std::fs;

use anyhow::Result;
use portcullis_testkit::pattern;
use portcullis_testkit::process::Process;

use crate::setup::{Certificates, Gateway, H2load, curl, upstream};

/// A gateway with listeners `http` 0 (HTTP/1.1 only), `http` 1 (prior knowledge of HTTP/2) and `https`.
struct Front {
    gateway: Gateway,
    certificates: Certificates,
    _upstream: Process,
}

impl Front {
    fn start() -> Result<Self> {
        let (process, address) = upstream()?;
        let certificates = Certificates::new()?;
        let config = format!(
            "version: 1
cores: 2
listeners:
  - address: 127.0.0.1:0
  - {{ address: 127.0.0.1:0, h2c: true }}
  - {{ address: 127.0.0.1:0, tls: {{ certificate: api.pem, key: api.key }} }}
upstreams:
  small: {{ endpoints: [\"http://{address}\"] }}
apis:
  peers:
    openapi: api.yaml
    upstream: small
    identity: public
    controls: {{ contract.request: off, contract.response: off }}
    operations: {{ upload: {{ max_body: 8MiB }} }}
"
        );
        let issued = &certificates.issued;
        let files = [("api.pem", issued.certificate_pem.as_str()), ("api.key", issued.key_pem.as_str())];
        Ok(Self { gateway: Gateway::start(&config, &files)?, certificates, _upstream: process })
    }

    /// What curl needs to speak each protocol, where to, and the version that it reports.
    fn protocols(&self, path: &str) -> Result<[(Vec<String>, &'static str); 4]> {
        let ca = self.certificates.ca().display().to_string();
        let (plain, h2c) = (self.gateway.url("http", path)?, self.gateway.url_of("http", 1, path)?);
        let https = self.gateway.url("https", path)?;
        let args = |args: &[&str]| args.iter().map(|arg| (*arg).to_owned()).collect();
        Ok([
            (args(&["--http1.1", &plain]), "1.1"),
            (args(&["--http1.1", "--cacert", &ca, &https]), "1.1"),
            (args(&["--http2", "--cacert", &ca, &https]), "2"),
            (args(&["--http2-prior-knowledge", &h2c]), "2"),
        ])
    }
}

fn with<'a>(protocol: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    protocol.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

/// edge/T7: HTTP/2 by ALPN and by prior knowledge, HTTP/1.1 with and without TLS.
#[test]
fn curl_gets_and_posts_over_every_protocol() -> Result<()> {
    let mut front = Front::start()?;
    for (protocol, version) in front.protocols("/items")? {
        let got = curl(&with(&protocol, &[]))?;
        assert_eq!((got.exit, got.status, got.version.as_str()), (Some(0), 200, version), "{}", got.trace);
        assert_eq!(got.body, br#"{"bytes":0}"#);
        assert_eq!(
            got.field("strict-transport-security").is_some(),
            protocol.join(" ").contains("https://"),
            "edge/Y21"
        );

        let posted = curl(&with(&protocol, &["-d", r#"{"name":"thing"}"#]))?;
        assert_eq!((posted.exit, posted.status), (Some(0), 200), "{}", posted.trace);
        assert_eq!(posted.body, br#"{"bytes":16}"#);

        let refused = curl(&with(&protocol, &["-X", "DELETE"]))?;
        assert_eq!((refused.status, refused.problem().as_deref()), (405, Some("method-not-allowed")), "{protocol:?}");
    }
    let unasked = curl(&["--http2-prior-knowledge", &front.gateway.url("http", "/items")?])?;
    assert_ne!(unasked.status, 200, "HTTP/2 without TLS only where the listener says so");
    front.gateway.expect_well()
}

/// edge/S12, edge/S13: content over the bound is refused, however it is framed; below a raised one it passes.
#[test]
fn curl_uploads_what_the_operation_takes() -> Result<()> {
    let mut front = Front::start()?;
    let file = front.gateway.folder().join("content");
    fs::write(&file, pattern::pieces(3 << 20).flatten().collect::<Vec<_>>())?;
    let content = format!("@{}", file.display());
    let framings: [&[&str]; 3] = [
        &["--data-binary", &content],                  // with Expect, which curl adds over HTTP/1.1
        &["--data-binary", &content, "-H", "Expect:"], // at once
        &["--data-binary", &content, "-H", "Expect:", "-H", "Transfer-Encoding: chunked"],
    ];
    for framing in framings {
        for (protocol, _) in front.protocols("/upload")? {
            let taken = curl(&with(&protocol, framing))?;
            assert_eq!((taken.exit, taken.status), (Some(0), 200), "{}", taken.trace);
            assert_eq!(String::from_utf8_lossy(&taken.body), r#"{"bytes":3145728,"intact":true}"#);
        }
        // Refused for its length, and for its path before the content is looked at: the answer arrives, although curl is
        // still sending.
        for (path, status, problem) in [("/items", 413, "content-too-large"), ("/nowhere", 404, "not-found")] {
            for (protocol, version) in front.protocols(path)? {
                let refused = curl(&with(&protocol, framing))?;
                // Over HTTP/1.1 only the end of the connection stops who sends without asking, and not more than
                // `LINGER_BYTES` are read before it: it may come before the answer was read.
                let may_break = version == "1.1" && framing.contains(&"Expect:");
                if may_break && refused.status == 0 && matches!(refused.exit, Some(55 | 56)) {
                    continue;
                }
                let outcome = (refused.exit, refused.status, refused.problem());
                let expected = (Some(0), status, Some(problem.to_owned()));
                assert_eq!(outcome, expected, "{path} {protocol:?} {framing:?} {}", refused.trace);
            }
        }
    }
    front.gateway.expect_well()
}

/// RFC 9110 §10.1.1: content is asked for when it will be read, and not when it will be refused.
#[test]
fn curl_is_told_to_continue_only_when_the_content_is_wanted() -> Result<()> {
    let mut front = Front::start()?;
    let file = front.gateway.folder().join("content");
    fs::write(&file, vec![b'a'; 3 << 20])?;
    let content = format!("@{}", file.display());
    let url = front.gateway.url("http", "/items")?;

    let wanted = curl(&["-H", "Expect: 100-continue", "--expect100-timeout", "15", "-d", "{}", &url])?;
    assert_eq!((wanted.exit, wanted.status), (Some(0), 200), "{}", wanted.trace);
    assert_eq!(wanted.trace.matches("< HTTP/1.1 100 Continue").count(), 1, "{}", wanted.trace);

    let expect = ["-H", "Expect: 100-continue", "--expect100-timeout", "15", "--data-binary", &content, &url];
    let refused = curl(&expect)?;
    assert_eq!((refused.exit, refused.status), (Some(0), 413), "{}", refused.trace);
    assert_eq!(refused.trace.matches("100 Continue").count(), 0, "{}", refused.trace);

    let unknown = curl(&["-H", "Expect: 200-ok", "-d", "{}", &url])?;
    assert_eq!((unknown.status, unknown.problem().as_deref()), (417, Some("expectation-unknown")));
    front.gateway.expect_well()
}

#[test]
fn h2load_gets_all_its_answers_over_every_protocol() -> Result<()> {
    let mut front = Front::start()?;
    let loads = [
        (front.gateway.url("http", "/items")?, ["--h1", "-c8", "-m1"]),
        (front.gateway.url("https", "/items")?, ["--h1", "-c8", "-m1"]),
        (front.gateway.url_of("http", 1, "/items")?, ["-t1", "-c4", "-m10"]),
        (front.gateway.url("https", "/items")?, ["-t1", "-c4", "-m10"]),
    ];
    let started = loads.iter().map(|(url, shape)| {
        let args: Vec<&str> = shape.iter().copied().chain([url.as_str()]).collect();
        H2load::start(400, &args)
    });
    for load in started.collect::<Result<Vec<_>>>()? {
        load.expect_all()?;
    }
    front.gateway.expect_well()
}
