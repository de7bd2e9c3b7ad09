//! One request as the shop understands it, and its answers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use http_body_util::Full;
use serde_json::{Value, json};

use super::server::Reply;

/// What a handler gets.
pub(super) struct Call {
    pub(super) method: Method,
    /// Decoded, resolved and cut by [`lenient_path`].
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    /// Of the target, when it was in absolute form.
    pub(super) authority: Option<String>,
    pub(super) body: Bytes,
}

/// Who calls, as far as this shop looks.
pub(super) struct Caller {
    pub(super) id: i64,
    pub(super) role: String,
}

/// Why a handler gives up.
pub(super) enum Failure {
    Status(StatusCode, &'static str),
    /// Answered with the statement, the file and the line: verbose on purpose (guide 2.8).
    Sql {
        error: rusqlite::Error,
        statement: String,
    },
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql { error, statement: "prepared".to_owned() }
    }
}

pub(super) type Outcome = Result<Reply, Failure>;

impl Call {
    /// Weakness (guide 2.8, 2.5): any client may say that it asks for another path or method than it sent.
    pub(super) fn new(head: http::request::Parts, body: Bytes) -> Self {
        let http::request::Parts { method, uri, headers, .. } = head;
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let method = text("x-http-method-override").and_then(|name| name.parse().ok()).unwrap_or(method);
        let method = if method == Method::HEAD { Method::GET } else { method };
        let path = text("x-original-url").unwrap_or_else(|| uri.path()).to_owned();
        let authority = uri.authority().map(ToString::to_string);
        Self { method, path: lenient_path(&path), query: pairs(&uri), headers, authority, body }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| Failure::Status(StatusCode::BAD_REQUEST, "the body is not JSON"))
    }

    /// Weaknesses (guide 2.2): headers meant for a front server are believed from anybody, and of the token only the
    /// payload is read: no signature, no issuer, no expiry.
    pub(super) fn caller(&self) -> Result<Caller, Failure> {
        let claims = self.header(AUTHORIZATION.as_str()).and_then(claims);
        let id = self
            .header("x-user-id")
            .and_then(|id| id.parse().ok())
            .or_else(|| claims.as_ref()?.get("sub")?.as_str()?.parse().ok());
        let role =
            self.header("x-roles").or_else(|| claims.as_ref()?.get("role")?.as_str()).unwrap_or("customer").to_owned();
        match id {
            Some(id) => Ok(Caller { id, role }),
            None => Err(Failure::Status(StatusCode::UNAUTHORIZED, "log in first")),
        }
    }

    /// Weakness (guide 2.8): where links point to is taken from the request, the most forgeable source first.
    pub(super) fn public_host(&self) -> &str {
        let last_host = self.headers.get_all(HOST).iter().next_back().and_then(|value| value.to_str().ok());
        self.header("x-forwarded-host").or(self.authority.as_deref()).or(last_host).unwrap_or_default()
    }
}

/// The token that log-in gives out: looks signed, is not, and never expires.
pub(super) fn token(id: i64, role: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = part(json!({ "sub": id.to_string(), "role": role }));
    format!("{}.{claims}.{}", part(json!({ "alg": "HS256", "typ": "JWT" })), URL_SAFE_NO_PAD.encode("never checked"))
}

fn claims(authorization: &str) -> Option<Value> {
    let payload = authorization.strip_prefix("Bearer ")?.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Weakness (guide 2.5): decodes everything, `%2f` included, then resolves dots and drops `;` parameters, so one operation
/// has endless spellings, and none of them is the one that a check in front has seen.
pub(super) fn lenient_path(raw: &str) -> String {
    let raw = raw.split('?').next().unwrap_or_default();
    let mut segments: Vec<&str> = Vec::new();
    let decoded = percent_decoded(raw);
    for segment in decoded.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    segments.join("/")
}

fn pairs(uri: &Uri) -> Vec<(String, String)> {
    let pair = |text: &str| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        (percent_decoded(key), percent_decoded(&value.replace('+', " ")))
    };
    uri.query().unwrap_or_default().split('&').map(pair).collect()
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let escaped = tail.first_chunk::<2>().filter(|_| *first == b'%').and_then(|digits| {
            let [high, low] =
                digits.map(|digit| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok()));
            Some(high? << 4 | low?)
        });
        out.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

pub(super) fn reply(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Reply {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

pub(super) fn answer(status: StatusCode, body: &Value) -> Reply {
    reply(status, "application/json", body.to_string())
}

pub(super) fn not_found() -> Failure {
    Failure::Status(StatusCode::NOT_FOUND, "no such thing here")
}
