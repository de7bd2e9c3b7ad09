//! Data that becomes code or an address, and targets with two readings: guide 2.5, 2.7, 5.1 to 5.3.

use super::client::Answer;
use super::step::{MALLORY, get, post};
use super::{Attack, Stop};

const SCRIPT: &str = "<script>steal()</script>";

fn last_has(answers: &[Answer], text: &str) -> bool {
    answers.last().is_some_and(|answer| answer.status == 200 && answer.has(text))
}

/// A browser would run the script: it is HTML, and no policy forbids scripts.
fn script_runs(answers: &[Answer]) -> bool {
    answers.last().is_some_and(|answer| {
        let html = answer.header("content-type").is_some_and(|value| value.starts_with("text/html"));
        let forbidden = answer
            .header("content-security-policy")
            .is_some_and(|policy| policy.contains("default-src 'none'") || policy.contains("script-src 'none'"));
        answer.status == 200 && html && !forbidden && answer.has(SCRIPT)
    })
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        section: "2.5",
        name: "/orders/..%2fmanagement",
        control: "transport.target",
        stop: Stop::Refused(&[400]),
        steps: &[get("/orders/..%2fmanagement%2fusers")],
        success: |answers| last_has(answers, "admin@shop.example"),
    },
    Attack {
        section: "2.5",
        name: "/orders/%2e%2e/management",
        control: "transport.target",
        stop: Stop::Refused(&[400]),
        steps: &[get("/orders/%2e%2e/management/users")],
        success: |answers| last_has(answers, "admin@shop.example"),
    },
    Attack {
        section: "2.5",
        name: "/orders/..;/management",
        control: "transport.target",
        stop: Stop::Refused(&[400]),
        steps: &[get("/orders/..;/management/users")],
        success: |answers| last_has(answers, "admin@shop.example"),
    },
    Attack {
        section: "2.7",
        name: "avatar from localhost",
        control: "egress.ssrf",
        stop: Stop::Refused(&[400, 403, 422]),
        steps: &[MALLORY, post("/users/me/avatar", r#"{"url":"http://localhost:6379/keys"}"#).bearer()],
        success: |answers| last_has(answers, "CANARY-KEY"),
    },
    Attack {
        section: "5.1",
        name: "SQL in a search (UNION)",
        control: "contract.response",
        stop: Stop::Refused(&[400, 403, 502]),
        steps: &[get("/products?search=%27%20UNION%20SELECT%20id,email,password_hash,role%20FROM%20users%20--%20")],
        success: |answers| last_has(answers, "cGFzc3dvcmQ0Mg=="),
    },
    Attack {
        section: "5.1",
        name: "SQL in a log-in",
        control: "contract.request",
        stop: Stop::Refused(&[400, 403, 422]),
        steps: &[post("/login", r#"{"email":"admin@shop.example' -- ","password":"any"}"#)],
        success: |answers| last_has(answers, "access_token"),
    },
    Attack {
        section: "5.2",
        name: "script stored in a review",
        control: "inspection.crs",
        stop: Stop::Refused(&[400, 403, 422]),
        steps: &[
            MALLORY,
            post("/products/2/reviews", r#"{"text":"<script>steal()</script>"}"#).bearer(),
            get("/products/2/reviews"),
        ],
        success: |answers| last_has(answers, SCRIPT),
    },
    Attack {
        section: "5.2",
        name: "a browser runs that script",
        control: "response.headers",
        stop: Stop::Harmless,
        steps: &[
            MALLORY,
            post("/products/2/reviews", r#"{"text":"<script>steal()</script>"}"#).bearer().setup(),
            get("/products/2/reviews").with(&[("Accept", "text/html")]),
        ],
        success: script_runs,
    },
    Attack {
        section: "5.3",
        name: "cloud metadata as an avatar",
        control: "egress.ssrf",
        stop: Stop::Refused(&[400, 403, 422]),
        steps: &[
            MALLORY,
            post("/users/me/avatar", r#"{"url":"http://169.254.169.254/latest/meta-data/iam/shop"}"#).bearer(),
        ],
        success: |answers| last_has(answers, "CANARY-KEY"),
    },
];
