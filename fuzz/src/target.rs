//! Request target and authority: what is accepted has one reading, and reading it again changes nothing. The first line is
//! the target, the second the value of `Host`.

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, HeaderValue, Method, Uri};
use portcullis_core::bounds::{MAX_PATH_SEGMENTS, MAX_TARGET_BYTES};
use portcullis_transport::target::{RequestAuthority, Target, authority, canonical};

/// All of it.
pub fn check(data: &[u8]) {
    let (target, host) =
        data.iter().position(|byte| *byte == b'\n').map_or((data, None), |end| (&data[..end], Some(&data[end + 1..])));
    let Ok(uri) = Uri::from_maybe_shared(Bytes::copy_from_slice(target)) else { return };
    for method in [Method::GET, Method::OPTIONS, Method::CONNECT] {
        match canonical(&uri, &method) {
            Ok(Target::Origin(target)) => has_one_reading(&uri, target.path_and_query().as_str()),
            Ok(Target::Server) => assert_eq!((uri.path(), &method), ("*", &Method::OPTIONS)),
            Err(_) => {}
        }
    }
    let host = host.and_then(|host| HeaderValue::from_bytes(host).ok());
    for (is_http2, is_tls) in [(false, false), (true, false), (false, true), (true, true)] {
        let mut headers: HeaderMap = host.clone().map(|host| (HOST, host)).into_iter().collect();
        if let Ok(found) = authority(&uri, &mut headers, is_http2, is_tls) {
            assert!(!headers.contains_key(HOST), "the client's own spelling is gone");
            is_canonical(&found, is_tls);
        }
    }
}

fn has_one_reading(uri: &Uri, text: &str) {
    let (path, query) = text.split_once('?').map_or((text, None), |(path, query)| (path, Some(query)));
    assert!(path.starts_with('/') && text.len() <= MAX_TARGET_BYTES, "{text}");
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
    assert!(!text.contains(['#', '\\', '"', '<', '>', '^', '`', '{', '|', '}', '[', ']']), "{text}");
    assert!(!path.contains("//") && !path.contains(';'), "{text}");
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    assert!(segments.len() <= MAX_PATH_SEGMENTS && !segments.iter().any(|segment| matches!(*segment, "." | "..")));
    for hidden in ["%2F", "%5C", "%25", "%3B", "%2E"] {
        assert!(!path.contains(hidden), "{text} hides {hidden}");
    }
    for escape in escapes(text) {
        assert!(!escape.bytes().any(|digit| digit.is_ascii_lowercase()), "{text}");
        let octet = u8::from_str_radix(escape, 16).expect("hex digits");
        assert!(octet >= 0x20 && octet != 0x7f, "a control byte in {text}");
        assert!(!octet.is_ascii_alphanumeric() && !b"-._~".contains(&octet), "{text} escapes what needs none");
    }
    assert!(std::str::from_utf8(&decoded(text)).is_ok(), "{text} is not UTF-8");
    let raw = uri.path_and_query().map_or("", |raw| raw.as_str());
    assert_eq!(decoded(raw), decoded(text), "{raw} became another target");
    assert_eq!(raw.split_once('?').is_some(), query.is_some(), "{raw} lost its query, or gained one");
    let again = Uri::try_from(text).expect("what comes out is a target");
    let Ok(Target::Origin(again)) = canonical(&again, &Method::GET) else {
        panic!("{text} is refused the second time")
    };
    assert_eq!(again.path_and_query().as_str(), text, "not the same the second time");
}

fn escapes(text: &str) -> impl Iterator<Item = &str> {
    text.split('%').skip(1).map(|rest| rest.get(..2).expect("two digits"))
}

fn decoded(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut octets = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at(2);
        octets.push(u8::from_str_radix(digits, 16).expect("hex digits"));
        octets.extend_from_slice(rest.as_bytes());
    }
    octets
}

fn is_canonical(found: &RequestAuthority, is_tls: bool) {
    let text = found.as_str();
    assert!(!found.host().is_empty() && !found.host().starts_with('.') && !found.host().ends_with('.'), "{text}");
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic() && !byte.is_ascii_uppercase()), "{text}");
    assert!(!text.contains(['@', '/', '?', '#', '%', ',', '\\']), "{text}");
    assert_ne!(found.port(), Some(if is_tls { 443 } else { 80 }), "{text}");
    let written = found.port().map_or_else(|| found.host().to_owned(), |port| format!("{}:{port}", found.host()));
    assert_eq!(text, written);
    let value = found.to_value().expect("a field value");
    assert_eq!(value.as_bytes(), text.as_bytes());
    let mut headers: HeaderMap = [(HOST, value)].into_iter().collect();
    let again = authority(&Uri::from_static("/"), &mut headers, false, is_tls).expect("accepted the second time");
    assert_eq!(again.as_str(), text, "not the same the second time");
}
