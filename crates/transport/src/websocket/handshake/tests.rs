use super::*;
use crate::websocket::compile;
use portcullis_core::config::{ScalarOr, Spanned};
use serde_saphyr::Location;

fn spanned<T>(value: T) -> Spanned<T> {
    Spanned { value, referenced: Location::UNKNOWN, defined: Location::UNKNOWN }
}

fn rules(origins: Option<&[&str]>) -> Compiled {
    let origins = origins.map(|origins| origins.iter().map(|origin| spanned((*origin).to_owned())).collect());
    let mut findings = Vec::new();
    let config = crate::websocket::Config { origins, ..Default::default() };
    let compiled = compile(&spanned(ScalarOr::Long(config)), &mut findings).unwrap();
    assert!(findings.is_empty(), "{findings:?}");
    Compiled::clone(&compiled)
}

fn fields(list: &[(&'static str, &str)]) -> HeaderMap {
    list.iter().map(|(name, value)| ((*name).parse().unwrap(), HeaderValue::from_str(value).unwrap())).collect()
}

#[test]
fn only_pages_of_the_same_or_a_listed_origin_may_open_one() {
    let listed: &[&str] = &["https://app.example.com", "http://localhost:3000"];
    let cases = [
        (None, None, true),
        (None, Some(&[][..]), true),
        (Some("https://api.example.com"), None, true),
        (Some("http://api.example.com"), None, false),
        (Some("https://evil.example"), None, false),
        (Some("null"), None, false),
        (Some("https://app.example.com"), Some(listed), true),
        (Some("http://localhost:3000"), Some(listed), true),
        (Some("https://app.example.com.evil.io"), Some(listed), false),
        (Some("https://api.example.com"), Some(listed), false),
        (Some("null"), Some(listed), false),
        (Some("https://api.example.com"), Some(&[]), false),
    ];
    for (origin, listed, is_allowed) in cases {
        let headers = origin.map(|origin| fields(&[("origin", origin)])).unwrap_or_default();
        let outcome = check_origin(&rules(listed), &headers, true, "api.example.com");
        assert_eq!(
            outcome.map_err(|stop| stop.reason()),
            if is_allowed { Ok(()) } else { Err(Reason::WebSocketOrigin) }
        );
    }
}

#[test]
fn the_upstream_must_have_understood_the_handshake() {
    assert_eq!(accept(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", "RFC 6455 §1.3");
    let offer = fields(&[
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-protocol", "v2"),
    ]);
    let handshake = Handshake::of(&offer);
    let good = [
        ("upgrade", "WebSocket"),
        ("connection", "keep-alive, Upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
    ];
    let with = |at: usize, value: &'static str| {
        let mut fields = good;
        fields[at].1 = value;
        self::fields(&fields)
    };
    let and = |name: &'static str, value: &'static str| fields(&[&good[..], &[(name, value)]].concat());
    for fine in [fields(&good), and("sec-websocket-protocol", "superchat"), and("sec-websocket-protocol", "v2")] {
        assert!(handshake.judge(&fine).is_ok(), "{fine:?}");
    }
    let wrong = [
        with(0, "h2c"),
        and("upgrade", "websocket"),
        with(1, "close"),
        with(2, "s3pPLMBiTxaQ9kYGzzhZRbK+xOO="),
        fields(&good[..2]),
        and("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        and("sec-websocket-extensions", "permessage-deflate"),
        and("sec-websocket-protocol", "Chat"),
        and("sec-websocket-protocol", "chat, superchat"),
        fields(&[&good[..], &[("sec-websocket-protocol", "chat"), ("sec-websocket-protocol", "v2")]].concat()),
    ];
    for wrong in wrong {
        let stop = handshake.judge(&wrong).unwrap_err();
        assert_eq!(stop.reason(), Reason::UpstreamMalformed, "{wrong:?}");
    }
    assert!(Handshake::of(&HeaderMap::new()).judge(&fields(&good)).is_err(), "no key is no handshake");
}
