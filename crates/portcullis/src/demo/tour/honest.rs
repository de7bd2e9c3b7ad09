//! Honest use: a gateway that refuses everything stops every attack, and fails here.

use super::client::Answer;
use super::step::{ADMIN, ALICE, Step, get, post, raw, request, send};

pub(super) struct Honest {
    pub(super) name: &'static str,
    pub(super) steps: &'static [Step],
    pub(super) works: fn(&[Answer]) -> bool,
}

fn last_has(answers: &[Answer], status: u16, text: &str) -> bool {
    answers.last().is_some_and(|answer| answer.status == status && answer.has(text))
}

fn all_ok(answers: &[Answer], count: usize) -> bool {
    answers.len() == count && answers.iter().all(|answer| answer.status == 200)
}

const CHUNKED_LOG_IN: &str = "POST /login HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
    Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n\
    8;why=no\r\n{\"email\"\r\n2d\r\n:\"alice@example.com\",\"password\":\"password42\"}\r\n0\r\n\r\n";

const TWO_IN_A_ROW: &str = "GET /products/1 HTTP/1.1\r\nHost: {host}\r\n\r\n\
    GET /products/2 HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n";

pub(super) const USES: &[Honest] = &[
    Honest {
        name: "list products",
        steps: &[get("/products?limit=20&offset=20")],
        works: |answers| answers.last().is_some_and(|answer| answer.json().as_array().map_or(0, Vec::len) == 20),
    },
    Honest {
        name: "search with accents and a space",
        steps: &[get("/products?search=Caf%C3%A9+mug")],
        works: |answers| answers.last().is_some_and(|answer| answer.at("/0/name") == "Café mug"),
    },
    Honest {
        name: "read a product, escaped spelling",
        steps: &[get("/%70roducts/2")],
        works: |answers| last_has(answers, 200, "Kettle"),
    },
    Honest { name: "HEAD of a product", steps: &[request("HEAD", "/products/2")], works: |answers| all_ok(answers, 1) },
    Honest { name: "log in", steps: &[ALICE], works: |answers| last_has(answers, 200, "Bearer") },
    Honest {
        name: "log in with chunked content",
        steps: &[raw(CHUNKED_LOG_IN, 1)],
        works: |answers| last_has(answers, 200, "access_token"),
    },
    Honest {
        name: "two requests on one connection",
        steps: &[raw(TWO_IN_A_ROW, 2)],
        works: |answers| all_ok(answers, 2) && last_has(answers, 200, "Kettle"),
    },
    Honest {
        name: "own profile",
        steps: &[ALICE, get("/users/me").bearer()],
        works: |answers| last_has(answers, 200, "alice@example.com"),
    },
    Honest {
        name: "change own name",
        steps: &[ALICE, send("PATCH", "/users/me", r#"{"name":"Alice O'Neill"}"#).bearer()],
        works: |answers| last_has(answers, 200, "O'Neill"),
    },
    Honest {
        name: "avatar from an image host",
        steps: &[ALICE, post("/users/me/avatar", r#"{"url":"https://images.example.com/alice.svg"}"#).bearer()],
        works: |answers| last_has(answers, 200, "<svg"),
    },
    Honest {
        name: "own orders",
        steps: &[ALICE, get("/orders").bearer()],
        works: |answers| answers.last().is_some_and(|answer| answer.json().as_array().map_or(0, Vec::len) == 2),
    },
    Honest {
        name: "own order",
        steps: &[ALICE, get("/orders/1001").bearer()],
        works: |answers| last_has(answers, 200, "1 Alice Lane"),
    },
    Honest {
        name: "buy and see the order",
        steps: &[
            ALICE,
            post("/checkout", r#"{"product_id":1,"quantity":2}"#).bearer().capture("order", "/id").setup(),
            get("/orders/{order}").bearer(),
        ],
        works: |answers| answers.last().is_some_and(|answer| answer.at("/total_cents") == 9000),
    },
    Honest {
        name: "change own delivery address",
        steps: &[ALICE, send("PATCH", "/orders/1001", r#"{"address":"3 New Lane"}"#).bearer()],
        works: |answers| last_has(answers, 200, "3 New Lane"),
    },
    Honest {
        name: "write and read a review",
        steps: &[
            ALICE,
            post("/products/2/reviews", r#"{"text":"5 < 6 & it boils; I'd buy it again"}"#).bearer().setup(),
            get("/products/2/reviews"),
        ],
        works: |answers| last_has(answers, 200, "5 < 6 & it boils; I'd buy it again"),
    },
    Honest {
        name: "reset link leads back here",
        steps: &[post("/password-reset", r#"{"email":"alice@example.com"}"#)],
        works: |answers| last_has(answers, 202, "http://127.0.0.1:"),
    },
    Honest {
        name: "administrator reads users",
        steps: &[ADMIN, get("/admin/users").bearer()],
        works: |answers| last_has(answers, 200, "mallory@example.com"),
    },
    Honest {
        name: "administrator reads sales",
        steps: &[ADMIN, get("/reports/sales").bearer()],
        works: |answers| last_has(answers, 200, "revenue_cents"),
    },
];
