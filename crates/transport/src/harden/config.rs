//! Settings of `response.headers`. The default is all of it.

use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderName, HeaderValue};
use portcullis_core::config::{ConfigError, Spanned};
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Settings of the control `response.headers`: each field takes the value to send, or `off`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// `Strict-Transport-Security` on TLS; default `max-age=31536000; includeSubDomains`.
    #[schemars(with = "Option<String>")]
    pub hsts: Option<Spanned<String>>,
    /// `Content-Security-Policy`; default `default-src 'none'; frame-ancestors 'none'`, which fits an API that serves no pages.
    #[schemars(with = "Option<String>")]
    pub content_security_policy: Option<Spanned<String>>,
    /// `X-Content-Type-Options`; default `nosniff`.
    #[schemars(with = "Option<String>")]
    pub content_type_options: Option<Spanned<String>>,
    /// `X-Frame-Options`: `DENY` (default) or `SAMEORIGIN`.
    #[schemars(with = "Option<String>")]
    pub frame_options: Option<Spanned<String>>,
    /// `Referrer-Policy`; default `no-referrer`.
    #[schemars(with = "Option<String>")]
    pub referrer_policy: Option<Spanned<String>>,
    /// `Cross-Origin-Resource-Policy`: `same-origin` (default), `same-site` or `cross-origin`.
    #[schemars(with = "Option<String>")]
    pub cross_origin_resource_policy: Option<Spanned<String>>,
    /// `Cache-Control` where a credential was used and a shared cache might keep the answer: `no-store` (default).
    #[schemars(with = "Option<String>")]
    pub cache_control: Option<Spanned<String>>,
    /// Further fields that are removed from responses.
    #[schemars(with = "Vec<String>")]
    pub remove: Vec<Spanned<String>>,
    /// Cookies that scripts of pages may read, such as `XSRF-TOKEN`: no `HttpOnly` is added to them.
    #[schemars(with = "Vec<String>")]
    pub readable_cookies: Vec<Spanned<String>>,
    /// Fields that stay as the upstream sent them, also `Set-Cookie`, `Location`, `Content-Location` and `Link`; a security
    /// field among them is set only where it is missing.
    #[schemars(with = "Vec<String>")]
    pub keep: Vec<Spanned<String>>,
}

/// `response.headers` ready to apply.
#[derive(Clone, Debug)]
pub struct Compiled {
    fields: Vec<Field>,
    hsts: Option<Field>,
    cache_control: Option<Field>,
    remove: Vec<HeaderName>,
    keep: Vec<HeaderName>,
    readable_cookies: Vec<Box<str>>,
    off: Vec<&'static str>,
}

/// One field that is set.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: HeaderName,
    pub(super) value: HeaderValue,
    /// Whether the upstream's own value stands.
    pub(super) yields: bool,
}

/// One setting: name, default, and what it accepts (nothing listed: any field value).
struct Setting {
    name: HeaderName,
    default: &'static str,
    accepts: &'static [&'static str],
}

const REFERRER_POLICIES: &[&str] = &[
    "no-referrer",
    "same-origin",
    "strict-origin",
    "strict-origin-when-cross-origin",
    "origin",
    "origin-when-cross-origin",
    "no-referrer-when-downgrade",
    "unsafe-url",
];

const fn setting(name: HeaderName, default: &'static str, accepts: &'static [&'static str]) -> Setting {
    Setting { name, default, accepts }
}

impl Config {
    /// Checks every setting; all errors are returned together.
    pub fn compile(&self) -> Result<Compiled, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let mut off = Vec::new();
        let keep = names(&self.keep, &mut errors);
        let remove = names(&self.remove, &mut errors);
        for name in self.readable_cookies.iter().filter(|name| HeaderName::from_bytes(name.value.as_bytes()).is_err()) {
            let message = format!("`{}` is not the name of a cookie", name.value);
            errors.push(ConfigError::at(&name.referenced, message, "a name as it stands in `Set-Cookie`"));
        }
        let written = [
            (setting(X_CONTENT_TYPE_OPTIONS, "nosniff", &["nosniff"]), &self.content_type_options),
            (setting(X_FRAME_OPTIONS, "DENY", &["DENY", "SAMEORIGIN"]), &self.frame_options),
            (
                setting(CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'", &[]),
                &self.content_security_policy,
            ),
            (setting(REFERRER_POLICY, "no-referrer", REFERRER_POLICIES), &self.referrer_policy),
            (
                setting(CROSS_ORIGIN_RESOURCE_POLICY, "same-origin", &["same-origin", "same-site", "cross-origin"]),
                &self.cross_origin_resource_policy,
            ),
            (setting(STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubDomains", &[]), &self.hsts),
            (setting(CACHE_CONTROL, "no-store", &["no-store"]), &self.cache_control),
        ];
        let mut fields = Vec::new();
        for (setting, value) in written {
            match setting.read(value.as_ref()) {
                Ok(Some(value)) => {
                    let yields = keep.contains(&setting.name);
                    fields.push(Field { name: setting.name, value, yields });
                }
                Ok(None) => off.push(setting.id()),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        // These two depend on the exchange, so they leave the list.
        let mut take = |name| fields.extract_if(.., |field: &mut Field| field.name == name).next();
        let (hsts, cache_control) = (take(STRICT_TRANSPORT_SECURITY), take(CACHE_CONTROL));
        let readable_cookies = self.readable_cookies.iter().map(|name| name.value.as_str().into()).collect();
        Ok(Compiled { fields, hsts, cache_control, remove, keep, readable_cookies, off })
    }
}

impl Setting {
    /// The value to send; `None` where it is off.
    fn read(&self, written: Option<&Spanned<String>>) -> Result<Option<HeaderValue>, ConfigError> {
        let Some(written) = written else { return Ok(Some(HeaderValue::from_static(self.default))) };
        let text = written.value.trim();
        if text == "off" {
            return Ok(None);
        }
        let refused = |accepted: String| {
            Err(ConfigError::at(&written.referenced, format!("`{text}` is not a value of `{}`", self.name), accepted))
        };
        if !self.accepts.is_empty() && !self.accepts.contains(&text) {
            return refused(format!("`{}` or `off`", self.accepts.join("`, `")));
        }
        if self.name == STRICT_TRANSPORT_SECURITY && !has_max_age(text) {
            return refused(format!("`max-age=` and a number of seconds, such as `{}`, or `off`", self.default));
        }
        match HeaderValue::from_str(text) {
            Ok(value) if !text.is_empty() => Ok(Some(value)),
            _ => refused(format!("a field value, such as `{}`, or `off`", self.default)),
        }
    }

    fn id(&self) -> &'static str {
        match self.name.as_str() {
            "strict-transport-security" => "hsts",
            "content-security-policy" => "content_security_policy",
            "x-content-type-options" => "content_type_options",
            "x-frame-options" => "frame_options",
            "referrer-policy" => "referrer_policy",
            "cache-control" => "cache_control",
            _ => "cross_origin_resource_policy",
        }
    }
}

fn has_max_age(text: &str) -> bool {
    text.split(';').any(|directive| {
        let seconds = directive.trim().split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("max-age"));
        seconds.is_some_and(|(_, seconds)| seconds.parse::<u32>().is_ok())
    })
}

fn names(list: &[Spanned<String>], errors: &mut Vec<ConfigError>) -> Vec<HeaderName> {
    let mut names = Vec::new();
    for entry in list {
        match HeaderName::from_bytes(entry.value.as_bytes()) {
            Ok(name) => names.push(name),
            Err(_) => {
                let message = format!("`{}` is not a field name", entry.value);
                errors.push(ConfigError::at(&entry.referenced, message, "letters, digits and `-`"));
            }
        }
    }
    names
}

impl Compiled {
    pub(super) fn fields(&self) -> &[Field] {
        &self.fields
    }

    pub(super) const fn hsts(&self) -> Option<&Field> {
        self.hsts.as_ref()
    }

    pub(super) const fn cache_control(&self) -> Option<&Field> {
        self.cache_control.as_ref()
    }

    /// Whether a field stays as the upstream sent it.
    pub fn keeps(&self, name: &HeaderName) -> bool {
        self.keep.contains(name)
    }

    /// Cookies that scripts may read; `None`: all cookies stay as the upstream sets them.
    pub fn readable_cookies(&self) -> Option<&[Box<str>]> {
        if self.keeps(&SET_COOKIE) { None } else { Some(&self.readable_cookies) }
    }

    pub(super) fn removes(&self, name: &HeaderName) -> bool {
        self.remove.contains(name)
    }

    /// Settings that are `off`, for `check --coverage`.
    pub fn off(&self) -> &[&'static str] {
        &self.off
    }
}

#[expect(clippy::expect_used, reason = "a test compiles the default; it reads no input")]
impl Default for Compiled {
    fn default() -> Self {
        Config::default().compile().expect("the default compiles")
    }
}
