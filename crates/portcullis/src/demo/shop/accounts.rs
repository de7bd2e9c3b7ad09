//! Users: log-in, profile, avatar, password reset, and administration.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{StatusCode, Uri};
use serde_json::{Value, json};

use super::call::{Call, Failure, Outcome, answer, not_found, token};
use super::{State, canary};

pub(super) fn log_in(state: &State, call: &Call) -> Outcome {
    let body = call.json()?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    give_token(state, &text("email"), &text("password"))
}

/// Weakness (guide 2.2): credentials in a URL end in every log on the way.
pub(super) fn log_in_by_query(state: &State, call: &Call) -> Outcome {
    give_token(state, call.query("email").unwrap_or_default(), call.query("password").unwrap_or_default())
}

/// Weaknesses: SQL from strings (guide 5.1), an encoding where a password hash belongs and attempts without end (guide 2.2).
fn give_token(state: &State, email: &str, password: &str) -> Outcome {
    let hash = STANDARD.encode(password);
    let statement = format!("SELECT id, role FROM users WHERE email = '{email}' AND password_hash = '{hash}'");
    let found = state.store.borrow().row(&statement, []).map_err(|error| Failure::Sql { error, statement })?;
    let found = found.ok_or(Failure::Status(StatusCode::UNAUTHORIZED, "wrong email or password"))?;
    let id = found.get("id").and_then(Value::as_i64).unwrap_or_default();
    let role = found.get("role").and_then(Value::as_str).unwrap_or("customer");
    Ok(answer(StatusCode::OK, &json!({ "access_token": token(id, role), "token_type": "Bearer" })))
}

/// The demo has no mail server, so the answer shows the mail that would be sent.
pub(super) fn request_password_reset(state: &State, call: &Call) -> Outcome {
    let body = call.json()?;
    let email = body.get("email").and_then(Value::as_str).unwrap_or_default();
    let found = state.store.borrow().row("SELECT id FROM users WHERE email = ?1", [email])?.ok_or_else(not_found)?;
    let id = found.get("id").and_then(Value::as_i64).unwrap_or_default();
    let link = format!("http://{}/reset?token=reset-{id}", call.public_host());
    Ok(answer(StatusCode::ACCEPTED, &json!({ "mail": { "to": email, "link": link } })))
}

/// Weakness (guide 2.3): the whole row, password hash, card token and internal note included.
fn row_of(state: &State, id: i64) -> Result<Value, Failure> {
    state.store.borrow().row("SELECT * FROM users WHERE id = ?1", [id])?.ok_or_else(not_found)
}

pub(super) fn profile(state: &State, call: &Call) -> Outcome {
    Ok(answer(StatusCode::OK, &row_of(state, call.caller()?.id)?))
}

pub(super) fn user(state: &State, id: &str) -> Outcome {
    let id = id.parse().map_err(|_| not_found())?;
    Ok(answer(StatusCode::OK, &row_of(state, id)?))
}

/// Weakness (guide 2.3, 5.4): every property that is a column is written, `role` among them.
pub(super) fn update_profile(state: &State, call: &Call) -> Outcome {
    let caller = call.caller()?;
    let body = call.json()?;
    for column in ["email", "name", "phone", "role", "internal_note"] {
        if let Some(value) = body.get(column).and_then(Value::as_str) {
            let statement = format!("UPDATE users SET {column} = ?1 WHERE id = ?2");
            state.store.borrow().execute(&statement, (value, caller.id))?;
        }
    }
    Ok(answer(StatusCode::OK, &row_of(state, caller.id)?))
}

/// Weakness (guide 2.7, 5.3): fetches whatever it is given and shows what came back. The canary is all it can reach.
pub(super) async fn set_avatar(state: &State, call: &Call) -> Outcome {
    let caller = call.caller()?;
    let body = call.json()?;
    let url = body.get("url").and_then(Value::as_str).unwrap_or_default();
    let unfit = Failure::Status(StatusCode::UNPROCESSABLE_ENTITY, "the avatar needs an http URL");
    let Some(uri) = url.parse::<Uri>().ok().filter(|uri| uri.authority().is_some()) else { return Err(unfit) };
    let Some(fetched) = canary::fetch(state.canary, &uri).await else {
        return Err(Failure::Status(StatusCode::BAD_GATEWAY, "the avatar did not load"));
    };
    state.store.borrow().execute("UPDATE users SET avatar = ?1 WHERE id = ?2", (url, caller.id))?;
    let content = fetched.split_once("\r\n\r\n").map_or("", |(_, content)| content);
    Ok(answer(StatusCode::OK, &json!({ "avatar": url, "preview": content.chars().take(400).collect::<String>() })))
}

/// Weakness (guide 2.5): any customer who is logged in is good enough.
pub(super) fn all_users(state: &State, call: &Call) -> Outcome {
    call.caller()?;
    every_user(state)
}

/// The same without even a log-in: an old version and an "internal" path that nobody switched off (guide 2.5, 2.9).
pub(super) fn every_user(state: &State) -> Outcome {
    Ok(answer(StatusCode::OK, &Value::Array(state.store.borrow().rows("SELECT * FROM users", [])?)))
}
