//! From request to handler. The document admits to the first block of [`route`]; the second is what a shop forgets.

use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use http::header::{HOST, SERVER};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use serde_json::json;

use super::call::{Call, Failure, Outcome, answer, not_found, reply};
use super::server::{Reply, Serve};
use super::{State, accounts, catalogue, orders};

pub(super) struct Api {
    pub(super) address: SocketAddr,
    pub(super) state: Rc<State>,
}

impl Serve for Api {
    async fn answer(&self, head: http::request::Parts, body: Option<Bytes>) -> Reply {
        // Not a weakness, but the demo's own fence: a page in a browser that points its name at 127.0.0.1 gets nothing.
        let literal = self.address.to_string();
        if head.headers.get(HOST).and_then(|host| host.to_str().ok()) != Some(literal.as_str()) {
            return reply(StatusCode::MISDIRECTED_REQUEST, "text/plain", format!("only for Host: {literal}\n"));
        }
        let Some(body) = body else {
            return answer(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "error": "the toy reads no more" }));
        };
        let call = Call::new(head, body);
        let mut reply = route(&self.state, &call).await.unwrap_or_else(|failure| refuse(failure, &call));
        // Weakness (guide 2.8): tells everybody what to look up.
        reply.headers_mut().insert(SERVER, HeaderValue::from_static("ShopServer/2.4.1 (SQLite)"));
        reply.headers_mut().insert(HeaderName::from_static("x-powered-by"), HeaderValue::from_static("ShopKit/1.3.0"));
        reply
    }
}

async fn route(state: &State, call: &Call) -> Outcome {
    let path: Vec<&str> = call.path.split('/').collect();
    match (call.method.as_str(), path.as_slice()) {
        ("POST", ["login"]) => accounts::log_in(state, call),
        ("POST", ["password-reset"]) => accounts::request_password_reset(state, call),
        ("GET", ["users", "me"]) => accounts::profile(state, call),
        ("PATCH", ["users", "me"]) => accounts::update_profile(state, call),
        ("POST", ["users", "me", "avatar"]) => accounts::set_avatar(state, call).await,
        ("GET", ["users", id]) => accounts::user(state, id),
        ("GET", ["products"]) => catalogue::list(state, call),
        ("GET", ["products", id]) => catalogue::product(state, id),
        ("GET", ["products", id, "reviews"]) => catalogue::reviews(state, call, id),
        ("POST", ["products", id, "reviews"]) => catalogue::add_review(state, call, id),
        ("GET", ["orders"]) => orders::list(state, call),
        ("GET", ["orders", id]) => orders::order(state, call, id),
        ("PATCH", ["orders", id]) => orders::change_address(state, call, id),
        ("POST", ["orders", id, "refund"]) => orders::refund(state, call, id),
        ("POST", ["checkout"]) => orders::check_out(state, call),
        ("GET", ["reports", "sales"]) => orders::sales(state, call),
        ("GET", ["admin", "users"]) => accounts::all_users(state, call),
        ("GET", ["admin", "export"]) => orders::export(state, call),

        // Undocumented (guide 2.2, 2.5, 2.8, 2.9).
        ("GET", ["login"]) => accounts::log_in_by_query(state, call),
        ("GET", ["v1", "users"]) | ("GET", ["management", "users"]) => accounts::every_user(state),
        ("DELETE", ["orders", id]) => orders::delete(state, id),
        ("GET", ["internal", "debug"]) => Ok(answer(
            StatusCode::OK,
            &json!({ "debug": true, "env": { "PAYMENT_KEY": "sk_demo_not_a_secret", "DATABASE": ":memory:" } }),
        )),
        ("POST", ["internal", "reset"]) => {
            state.store.borrow_mut().reset()?;
            Ok(answer(StatusCode::OK, &json!({ "reset": true })))
        }
        ("TRACE", _) => Ok(reply(StatusCode::OK, "message/http", echo(call))),
        _ => Err(not_found()),
    }
}

/// What TRACE gives back: the head, credentials included, which is how a script reads a cookie it must not see.
fn echo(call: &Call) -> String {
    let mut text = format!("{} /{} HTTP/1.1\r\n", Method::TRACE, call.path);
    for (name, value) in &call.headers {
        text.push_str(&format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes())));
    }
    text
}

fn refuse(failure: Failure, call: &Call) -> Reply {
    match failure {
        Failure::Status(status, error) => answer(status, &json!({ "error": error })),
        Failure::Sql { error, statement } => answer(
            StatusCode::INTERNAL_SERVER_ERROR,
            &json!({
                "error": error.to_string(),
                "statement": statement,
                "trace": [
                    format!("at route (/srv/shop/src/api.rs:41) {} /{}", call.method, call.path),
                    "at rows (/srv/shop/src/store.rs:97) sqlite3_step",
                ],
            }),
        ),
    }
}
