use super::*;
use serde_saphyr::Location;

fn written(text: &str) -> Spanned<String> {
    Spanned { value: text.to_owned(), referenced: Location::UNKNOWN, defined: Location::UNKNOWN }
}

#[test]
fn an_origin_has_one_spelling() {
    let fine = [
        "https://app.example.com",
        "http://app.example.com",
        "https://app.example.com:8443",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "https://[::1]:8443",
        "capacitor://localhost",
    ];
    for text in fine {
        assert!(Origin::compile(&written(text)).unwrap().is(text.as_bytes()), "{text}");
    }
    let wrong = [
        "null",
        "*",
        "https://*.example.com",
        "https://App.example.com",
        "HTTPS://app.example.com",
        "https://app.example.com/",
        "https://app.example.com:443",
        "http://app.example.com:80",
        "https://app.example.com.",
        "https://user@app.example.com",
        "https://app.example.com:0443",
        "https://[0:0::1]",
        "app.example.com",
        "ftp://app.example.com",
        "1a://localhost",
        "https://",
        "",
    ];
    for text in wrong {
        assert!(Origin::compile(&written(text)).is_err(), "{text}");
    }
}

#[test]
fn an_origin_in_another_spelling_is_told_its_own() {
    for (text, own) in [("https://A.example", "https://a.example"), ("HTTP://a.example:80", "http://a.example")] {
        let error = Origin::compile(&written(text)).unwrap_err();
        assert_eq!(error.accepted, format!("`{own}`, as browsers write it"));
    }
}

#[test]
fn the_same_origin_is_scheme_host_and_port() {
    let cases = [
        ("https://api.example.com", true, "api.example.com", true),
        ("http://api.example.com:8080", false, "api.example.com:8080", true),
        ("http://api.example.com", true, "api.example.com", false),
        ("https://api.example.com", false, "api.example.com", false),
        ("https://api.example.com:8443", true, "api.example.com", false),
        ("https://api.example.com.evil.io", true, "api.example.com", false),
        ("https://evilapi.example.com", true, "api.example.com", false),
        ("https://API.example.com", true, "api.example.com", false),
        ("https://api.example.com/", true, "api.example.com", false),
        ("null", true, "null", false),
        ("", true, "", false),
        ("https://\u{e9}", true, "api.example.com", false),
    ];
    for (sent, is_tls, authority, is) in cases {
        assert_eq!(is_same(sent.as_bytes(), is_tls, authority), is, "{sent}, {authority}");
    }
}
