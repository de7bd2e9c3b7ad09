//! What the API exposes beside its contract, and the front door itself: guide 2.8, 2.9 and 6.

use super::client::Answer;
use super::step::{ALICE, MALLORY, get, post, raw, request};
use super::{Attack, Stop};

fn last_has(answers: &[Answer], text: &str) -> bool {
    answers.last().is_some_and(|answer| answer.status == 200 && answer.has(text))
}

fn link_leads_to_evil(answers: &[Answer]) -> bool {
    answers.last().is_some_and(|answer| {
        answer.at("/mail/link").as_str().is_some_and(|link| link.starts_with("http://evil.example/"))
    })
}

/// Reads the bare head of the answer: what names a product or version, or what is missing (guide 6.4, the two that matter
/// most for an API are nosniff and, on TLS, HSTS).
fn names_software(answers: &[Answer]) -> bool {
    answers.last().is_some_and(|answer| {
        answer.status == 200
            && (answer.header("x-powered-by").is_some()
                || answer.header("server").is_some_and(|value| value.contains(|letter: char| letter.is_ascii_digit())))
    })
}

fn lacks_security_headers(answers: &[Answer]) -> bool {
    answers.last().is_some_and(|answer| {
        let wanted = ["x-content-type-options", "x-frame-options", "content-security-policy", "referrer-policy"];
        answer.status == 200 && wanted.iter().any(|name| answer.header(name).is_none())
    })
}

/// Transfer-Encoding says that the content is a log-in, Content-Length that it is four bytes and the rest another request.
/// Two servers in a row that choose differently smuggle it; one that chooses at all is half of that (RFC 9112 §6.3, edge/H2).
const TWO_LENGTHS: &str = "POST /login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
    Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n\
    35\r\n{\"email\":\"alice@example.com\",\"password\":\"password42\"}\r\n0\r\n\r\n";

/// The authority of an absolute-form target outranks Host (RFC 9112 §3.2.2, edge/H41).
const ABSOLUTE_FORM: &str = "POST http://evil.example/password-reset HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 29\r\n\r\n{\"email\":\"alice@example.com\"}";

/// Who reads the first line routes, who reads the last builds the link (RFC 9112 §3.2, edge/H39).
const TWO_HOSTS: &str = "POST /password-reset HTTP/1.1\r\nHost: {host}\r\nHost: evil.example\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 29\r\n\r\n{\"email\":\"alice@example.com\"}";

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        section: "2.8",
        name: "debug page",
        control: "routing.operation",
        stop: Stop::Refused(&[404]),
        steps: &[get("/internal/debug")],
        success: |answers| last_has(answers, "PAYMENT_KEY"),
    },
    Attack {
        section: "2.8",
        name: "TRACE reads a cookie",
        control: "transport.framing",
        stop: Stop::Refused(&[405, 501]),
        steps: &[request("TRACE", "/products").with(&[("Cookie", "session=trace-me")])],
        success: |answers| last_has(answers, "trace-me"),
    },
    Attack {
        section: "2.8",
        name: "SQL and stack in an error",
        control: "response.errors",
        stop: Stop::Refused(&[400, 500, 502]),
        steps: &[get("/products?search=%27")],
        success: |answers| answers.last().is_some_and(|answer| answer.has("SELECT") && answer.has("store.rs")),
    },
    Attack {
        section: "2.8",
        name: "software and its version",
        control: "response.headers",
        stop: Stop::Harmless,
        steps: &[get("/products/1")],
        success: names_software,
    },
    Attack {
        section: "2.8",
        name: "X-Original-URL",
        control: "transport.identity_headers",
        stop: Stop::Harmless,
        steps: &[get("/products").with(&[("X-Original-URL", "/management/users")])],
        success: |answers| last_has(answers, "admin@shop.example"),
    },
    Attack {
        section: "2.8",
        name: "reset link: X-Forwarded-Host",
        control: "transport.identity_headers",
        stop: Stop::Harmless,
        steps: &[
            post("/password-reset", r#"{"email":"alice@example.com"}"#).with(&[("X-Forwarded-Host", "evil.example")])
        ],
        success: link_leads_to_evil,
    },
    Attack {
        section: "2.8",
        name: "reset link: absolute form",
        control: "transport.target",
        stop: Stop::Refused(&[400, 404, 421]),
        steps: &[raw(ABSOLUTE_FORM, 1)],
        success: link_leads_to_evil,
    },
    Attack {
        section: "2.8",
        name: "reset link: two Host lines",
        control: "transport.target",
        stop: Stop::Refused(&[400, 404, 421]),
        steps: &[raw(TWO_HOSTS, 1)],
        success: link_leads_to_evil,
    },
    Attack {
        section: "2.9",
        name: "forgotten version /v1/users",
        control: "routing.operation",
        stop: Stop::Refused(&[404]),
        steps: &[get("/v1/users")],
        success: |answers| last_has(answers, "admin@shop.example"),
    },
    Attack {
        section: "2.9",
        name: "undocumented DELETE",
        control: "routing.operation",
        stop: Stop::Refused(&[405]),
        steps: &[request("DELETE", "/orders/1002"), ALICE, get("/orders/1002").bearer()],
        success: |answers| answers.last().is_some_and(|answer| answer.status == 404),
    },
    Attack {
        section: "2.9",
        name: "internal export from outside",
        control: "routing.internal",
        stop: Stop::Refused(&[404]),
        steps: &[MALLORY, get("/admin/export").bearer()],
        success: |answers| last_has(answers, "supplier_cost_cents"),
    },
    Attack {
        section: "6",
        name: "two lengths, one message",
        control: "transport.framing",
        stop: Stop::Refused(&[400]),
        steps: &[raw(TWO_LENGTHS, 1)],
        success: |answers| last_has(answers, "access_token"),
    },
    Attack {
        section: "6.1",
        name: "300 requests in a burst",
        control: "limits.rate",
        stop: Stop::Refused(&[429]),
        steps: &[get("/products?search=o").times(300)],
        success: |answers| answers.iter().filter(|answer| answer.status == 200).count() == 300,
    },
    Attack {
        section: "6.4",
        name: "no security headers",
        control: "response.headers",
        stop: Stop::Harmless,
        steps: &[get("/products/1")],
        success: lacks_security_headers,
    },
];
