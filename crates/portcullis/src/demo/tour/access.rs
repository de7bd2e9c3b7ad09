//! Who may call, and what they may touch: guide 2.1 to 2.6, and 4.2.

use super::client::Answer;
use super::step::{ALICE, MALLORY, get, post, request, send};
use super::{Attack, Stop};

/// `{"alg":"none"}`, `{"sub":"3","role":"admin"}`, and no signature.
const UNSIGNED: &str = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIzIiwicm9sZSI6ImFkbWluIn0.";

fn last_is(answers: &[Answer], status: u16) -> bool {
    answers.last().is_some_and(|answer| answer.status == status)
}

fn last_has(answers: &[Answer], text: &str) -> bool {
    answers.last().is_some_and(|answer| answer.status == 200 && answer.has(text))
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        section: "2.1",
        name: "read another's order",
        control: "authz.object",
        stop: Stop::Refused(&[404]),
        steps: &[MALLORY, get("/orders/1001").bearer()],
        success: |answers| last_has(answers, "1 Alice Lane"),
    },
    Attack {
        section: "2.1",
        name: "redirect another's order",
        control: "authz.object",
        stop: Stop::Refused(&[404]),
        steps: &[MALLORY, send("PATCH", "/orders/1001", r#"{"address":"2 Mallory Row"}"#).bearer()],
        success: |answers| last_has(answers, "2 Mallory Row"),
    },
    Attack {
        section: "2.2",
        name: "guess a password, 60 tries",
        control: "limits.rate",
        stop: Stop::Refused(&[429]),
        steps: &[post("/login", r#"{"email":"alice@example.com","password":"password{n}"}"#).times(60)],
        success: |answers| answers.iter().any(|answer| answer.at("/access_token").is_string()),
    },
    Attack {
        section: "2.2",
        name: "token without a signature",
        control: "identity.required",
        stop: Stop::Refused(&[401]),
        steps: &[get("/reports/sales").with(&[("Authorization", UNSIGNED)])],
        success: |answers| last_has(answers, "revenue_cents"),
    },
    Attack {
        section: "2.2",
        name: "credentials in the URL",
        control: "routing.operation",
        stop: Stop::Refused(&[404, 405]),
        steps: &[get("/login?email=alice%40example.com&password=password42")],
        success: |answers| last_has(answers, "access_token"),
    },
    Attack {
        section: "2.2",
        name: "forged X-User-Id",
        control: "transport.identity_headers",
        stop: Stop::Harmless,
        steps: &[get("/users/me").with(&[("X-User-Id", "1")])],
        success: |answers| last_has(answers, "alice@example.com"),
    },
    Attack {
        section: "2.3",
        name: "read hidden properties",
        control: "contract.response",
        stop: Stop::Harmless,
        steps: &[get("/users/1")],
        success: |answers| last_has(answers, "password_hash") && last_has(answers, "card-4929-alice"),
    },
    Attack {
        section: "2.4",
        name: "a page of 100,000 products",
        control: "contract.request",
        stop: Stop::Refused(&[400, 422]),
        steps: &[get("/products?limit=100000")],
        success: |answers| answers.last().is_some_and(|answer| answer.json().as_array().map_or(0, Vec::len) > 100),
    },
    Attack {
        section: "2.4",
        name: "3 MiB where 1 is plenty",
        control: "transport.bounds",
        stop: Stop::Refused(&[413]),
        steps: &[MALLORY, post("/products/2/reviews", r#"{"text":"{pad}"}"#).bearer().pad(3 << 20)],
        success: |answers| last_is(answers, 201),
    },
    Attack {
        section: "2.4",
        name: "a header of 40 KiB",
        control: "transport.bounds",
        stop: Stop::Refused(&[431]),
        steps: &[get("/products/1").with(&[("X-Note", "{pad}")]).pad(40 << 10)],
        success: |answers| last_is(answers, 200),
    },
    Attack {
        section: "2.4",
        name: "a target of 9 KiB",
        control: "transport.bounds",
        stop: Stop::Refused(&[414]),
        steps: &[get("/products?search={pad}").pad(9 << 10)],
        success: |answers| last_is(answers, 200),
    },
    Attack {
        section: "2.5",
        name: "customer lists all users",
        control: "authz.function",
        stop: Stop::Refused(&[403, 404]),
        steps: &[MALLORY, get("/admin/users").bearer()],
        success: |answers| last_has(answers, "admin@shop.example"),
    },
    Attack {
        section: "2.5",
        name: "customer refunds an order",
        control: "authz.function",
        stop: Stop::Refused(&[403, 404]),
        steps: &[MALLORY, request("POST", "/orders/1003/refund").bearer()],
        success: |answers| answers.last().is_some_and(|answer| answer.at("/status") == "refunded"),
    },
    Attack {
        section: "2.5",
        name: "forged X-Roles: admin",
        control: "transport.identity_headers",
        stop: Stop::Harmless,
        steps: &[MALLORY, get("/reports/sales").bearer().with(&[("X-Roles", "admin")])],
        success: |answers| last_has(answers, "revenue_cents"),
    },
    Attack {
        section: "2.5",
        name: "alternate admin path",
        control: "routing.operation",
        stop: Stop::Refused(&[404]),
        steps: &[get("/management/users")],
        success: |answers| last_has(answers, "admin@shop.example"),
    },
    Attack {
        section: "2.5",
        name: "X-HTTP-Method-Override",
        control: "transport.identity_headers",
        stop: Stop::Harmless,
        steps: &[
            get("/orders/1002").with(&[("X-HTTP-Method-Override", "DELETE")]),
            ALICE,
            get("/orders/1002").bearer(),
        ],
        success: |answers| last_is(answers, 404),
    },
    Attack {
        section: "2.6",
        name: "40 tickets to one account",
        control: "flows.human",
        stop: Stop::Refused(&[403, 409, 429]),
        steps: &[MALLORY, post("/checkout", r#"{"product_id":1,"quantity":4}"#).bearer().times(10)],
        success: |answers| {
            let bought = answers.iter().filter_map(|answer| answer.at("/quantity").as_i64());
            bought.sum::<i64>() > 20
        },
    },
    Attack {
        section: "4.2",
        name: "forged office address (XFF)",
        control: "transport.identity_headers",
        stop: Stop::Harmless,
        steps: &[get("/reports/sales").with(&[("X-Forwarded-For", "10.0.0.7")])],
        success: |answers| last_has(answers, "revenue_cents"),
    },
    Attack {
        section: "5.4",
        name: "make oneself an admin",
        control: "contract.request",
        stop: Stop::Refused(&[400, 403, 422]),
        steps: &[MALLORY, send("PATCH", "/users/me", r#"{"name":"Mallory","role":"admin"}"#).bearer()],
        success: |answers| answers.last().is_some_and(|answer| answer.at("/role") == "admin"),
    },
    Attack {
        section: "5.4",
        name: "name one's own price",
        control: "contract.request",
        stop: Stop::Refused(&[400, 403, 422]),
        steps: &[MALLORY, post("/checkout", r#"{"product_id":1,"quantity":1,"price_cents":1}"#).bearer()],
        success: |answers| answers.last().is_some_and(|answer| answer.at("/total_cents") == 1),
    },
];
