//! Orders, checkout, refunds and what the back office reads.

use http::StatusCode;
use serde_json::{Value, json};

use super::State;
use super::call::{Call, Failure, Outcome, answer, not_found, reply};

pub(super) fn list(state: &State, call: &Call) -> Outcome {
    let caller = call.caller()?;
    let rows = state.store.borrow().rows("SELECT * FROM orders WHERE customer_id = ?1", [caller.id])?;
    Ok(answer(StatusCode::OK, &Value::Array(rows)))
}

fn row_of(state: &State, id: &str) -> Result<Value, Failure> {
    state.store.borrow().row("SELECT * FROM orders WHERE id = ?1", [id])?.ok_or_else(not_found)
}

/// Weakness (guide 2.1): asks who calls, not whose order it is.
pub(super) fn order(state: &State, call: &Call, id: &str) -> Outcome {
    call.caller()?;
    Ok(answer(StatusCode::OK, &row_of(state, id)?))
}

/// Weakness (guide 2.1), for writing.
pub(super) fn change_address(state: &State, call: &Call, id: &str) -> Outcome {
    call.caller()?;
    let body = call.json()?;
    let address = body.get("address").and_then(Value::as_str).unwrap_or_default();
    state.store.borrow().execute("UPDATE orders SET address = ?1 WHERE id = ?2", (address, id))?;
    Ok(answer(StatusCode::OK, &row_of(state, id)?))
}

/// Weakness (guide 2.5): customers refund themselves.
pub(super) fn refund(state: &State, call: &Call, id: &str) -> Outcome {
    call.caller()?;
    state.store.borrow().execute("UPDATE orders SET status = 'refunded' WHERE id = ?1", [id])?;
    Ok(answer(StatusCode::OK, &row_of(state, id)?))
}

/// Undocumented, and open to all.
pub(super) fn delete(state: &State, id: &str) -> Outcome {
    state.store.borrow().execute("DELETE FROM orders WHERE id = ?1", [id])?;
    Ok(reply(StatusCode::NO_CONTENT, "application/json", ""))
}

/// Weaknesses: the price is the caller's (guide 5.4); tickets are sold by the hundred to one account (guide 2.6).
pub(super) fn check_out(state: &State, call: &Call) -> Outcome {
    let caller = call.caller()?;
    let body = call.json()?;
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    let product = number("product_id").unwrap_or_default();
    let quantity = number("quantity").unwrap_or(1);
    let store = state.store.borrow();
    let found = store.row("SELECT price_cents FROM products WHERE id = ?1", [product])?.ok_or_else(not_found)?;
    let price = number("price_cents").or_else(|| found.get("price_cents")?.as_i64()).unwrap_or_default();
    store.execute(
        "INSERT INTO orders(customer_id, product_id, quantity, total_cents, status, address, card_token)
         SELECT id, ?1, ?2, ?3, 'paid', '', card_token FROM users WHERE id = ?4",
        (product, quantity, price.saturating_mul(quantity), caller.id),
    )?;
    let id = store.last_id().to_string();
    drop(store);
    Ok(answer(StatusCode::CREATED, &row_of(state, &id)?))
}

/// Weakness (guide 2.8): for administrators and for the office network, which is whoever says so in `X-Forwarded-For`.
pub(super) fn sales(state: &State, call: &Call) -> Outcome {
    let from_office = call.header("x-forwarded-for").is_some_and(|from| from.starts_with("10."));
    if !from_office && call.caller()?.role != "admin" {
        return Err(Failure::Status(StatusCode::FORBIDDEN, "for administrators and the office"));
    }
    let totals = "SELECT count(*) AS orders, sum(total_cents) AS revenue_cents FROM orders";
    Ok(answer(StatusCode::OK, &state.store.borrow().row(totals, [])?.unwrap_or_else(|| json!({}))))
}

/// Weakness (guide 2.5): the whole business, to any customer who is logged in.
pub(super) fn export(state: &State, call: &Call) -> Outcome {
    call.caller()?;
    let store = state.store.borrow();
    let tables = json!({
        "orders": store.rows("SELECT * FROM orders", [])?,
        "products": store.rows("SELECT id, name, stock, supplier_cost_cents FROM products", [])?,
    });
    Ok(answer(StatusCode::OK, &tables))
}
