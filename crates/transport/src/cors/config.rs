//! Settings of CORS. There is no pattern for origins: the ones that were ever written were wrong (CWE-942).

use super::{Compiled, Origins};
use crate::origin::Origin;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method};
use portcullis_core::config::{ConfigError, Period, Severity, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Location;
use std::time::Duration;

/// How long a browser may remember the answer to a preflight: what the configuration no longer allows lives on for as long.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Which pages of other origins may read this API (CORS). The gateway answers preflights itself.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Cors")]
pub struct Config {
    /// Exact origins, such as `https://app.example.com`; or `"*"` alone: any page, without credentials.
    #[schemars(with = "Vec<String>", length(min = 1))]
    pub origins: Vec<Spanned<String>>,
    /// Whether those pages may use the cookies of their visitors. Default: `false`.
    #[serde(default)]
    #[schemars(with = "bool")]
    pub credentials: Option<Spanned<bool>>,
    /// Methods that those pages may use. Default: all that the API has.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    pub methods: Option<Vec<Spanned<String>>>,
    /// Request header fields that those pages may set. Default: `[Authorization, Content-Type]`.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>")]
    pub headers: Option<Vec<Spanned<String>>>,
    /// Response header fields that those pages may read, beside those that every page may. Default: none.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub expose: Vec<Spanned<String>>,
    /// How long a browser may remember the answer to a preflight, at most `10m`. Default: `10m`.
    #[serde(default)]
    #[schemars(with = "Option<Period>")]
    pub max_age: Option<Spanned<Period>>,
}

impl Config {
    /// Checks every setting; `None` when one of the `findings` added is an error.
    pub fn compile(&self, findings: &mut Vec<ConfigError>) -> Option<Compiled> {
        let before = findings.len();
        let credentials = self.credentials.as_ref().is_some_and(|credentials| credentials.value);
        let origins = self.origins(credentials, findings);
        let methods =
            self.methods.as_ref().map(|methods| methods.iter().filter_map(|name| method(name, findings)).collect());
        let fields: Box<[HeaderName]> = match &self.headers {
            None => Box::new([AUTHORIZATION, CONTENT_TYPE]),
            Some(names) => names.iter().filter_map(|name| field(name, findings)).collect(),
        };
        let exposed: Box<[HeaderName]> = self.expose.iter().filter_map(|name| field(name, findings)).collect();
        let max_age = self.max_age.as_ref().map_or(MAX_AGE, |period| period.value.0);
        if let Some(written) = self.max_age.as_ref().filter(|_| max_age > MAX_AGE) {
            let message = "`max_age` over 10m: what is forbidden later stays allowed for as long";
            findings.push(ConfigError::at(&written.referenced, message, "at most `10m`"));
        }
        if findings.iter().skip(before).any(|finding| finding.severity == Severity::Error) {
            return None;
        }
        Some(Compiled {
            origins,
            credentials,
            methods,
            allow_headers: list(&fields),
            fields,
            expose: list(&exposed),
            max_age: HeaderValue::from(max_age.as_secs()),
        })
    }

    fn origins(&self, credentials: bool, findings: &mut Vec<ConfigError>) -> Origins {
        let at = |place: &Location, message: String, accepted: &str| ConfigError::at(place, message, accepted);
        if self.origins.is_empty() {
            findings
                .push(ConfigError::new("`cors` without `origins` allows nobody", "at least one origin, or no `cors`"));
        }
        if let Some(any) = self.origins.iter().find(|origin| origin.value == "*") {
            if credentials {
                let message = "`\"*\"` with `credentials: true` would let every page act as its visitor".to_owned();
                findings.push(at(&any.referenced, message, "the origins that may, one by one")); // edge/Y23
            }
            if self.origins.len() > 1 {
                let message = "`\"*\"` beside other origins allows them all".to_owned();
                findings.push(at(&any.referenced, message, "`\"*\"` alone, or origins one by one"));
            }
            return Origins::Any;
        }
        let mut listed: Vec<Origin> = Vec::new();
        for written in &self.origins {
            match Origin::compile(written) {
                Ok(origin) => {
                    if credentials && origin.is_forgeable() {
                        let message = format!("`{}` is whoever controls the network to it", written.value);
                        findings.push(at(&written.referenced, message, "the same origin with `https`").warning());
                    }
                    listed.push(origin);
                }
                Err(error) => findings.push(error),
            }
        }
        listed.sort_unstable_by(|one, other| one.value().as_bytes().cmp(other.value().as_bytes()));
        listed.dedup();
        Origins::Listed(listed.into())
    }
}

fn method(written: &Spanned<String>, findings: &mut Vec<ConfigError>) -> Option<Method> {
    let text = written.value.as_str();
    let is_upper = text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-');
    let method = Method::from_bytes(text.as_bytes()).ok().filter(|_| is_upper);
    let method = method.filter(|_| !matches!(text, "OPTIONS" | "TRACE" | "TRACK" | "CONNECT"));
    if method.is_none() {
        let message = format!("`{text}` is not a method that a page may use");
        findings.push(ConfigError::at(
            &written.referenced,
            message,
            "methods one by one, such as `GET`, in upper case",
        ));
    }
    method
}

/// `*` is a field name by its grammar, so it is refused by name.
fn field(written: &Spanned<String>, findings: &mut Vec<ConfigError>) -> Option<HeaderName> {
    let name = HeaderName::from_bytes(written.value.as_bytes()).ok().filter(|name| name.as_str() != "*");
    if name.is_none() {
        let message = format!("`{}` is not a field name", written.value);
        findings.push(ConfigError::at(&written.referenced, message, "names one by one, such as `Content-Type`"));
    }
    name
}

/// A list as a field value; `None`: an empty one.
fn list(names: &[HeaderName]) -> Option<HeaderValue> {
    let names: Vec<&str> = names.iter().map(HeaderName::as_str).collect();
    HeaderValue::from_str(&names.join(", ")).ok().filter(|_| !names.is_empty())
}
