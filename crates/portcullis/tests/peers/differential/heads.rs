//! Odd requests: request lines, hosts, fields, line ends.

use anyhow::Result;

use super::case::Case;

const LINES: &str = "RFC 9112 §2.2: lines end in CRLF; a bare CR is never a line end";
const NAME: &str = "RFC 9112 §5.1: a token, then a colon, nothing in between";
const VALUE: &str = "RFC 9110 §5.5: no control octets in values";
const FOLD: &str = "RFC 9112 §5.2: no folded lines";
const START: &str = "RFC 9112 §3: method SP target SP version";
const VERSION: &str = "RFC 9112 §2.3: HTTP/1.1";
const METHOD: &str = "RFC 9110 §9.1: a method is a token, and case-sensitive";
const TARGET: &str = "RFC 9112 §3.2, RFC 3986 §3.3: one reading of each target";
const HOST: &str = "RFC 9112 §3.2, RFC 9110 §7.2: exactly one host, and it is a host";
const HOP: &str = "RFC 9110 §7.6.1: what concerns one connection is not forwarded, and removes nothing end-to-end";

/// All of them.
pub(crate) fn cases() -> Result<Vec<Case>> {
    let mut all = line_ends()?;
    all.extend(names()?);
    all.extend(values()?);
    all.extend(start_lines()?);
    all.extend(targets()?);
    all.extend(absolute_targets()?);
    all.extend(hosts()?);
    all.extend(connection_fields()?);
    all.extend(pipelines()?);
    Ok(all)
}

fn line_ends() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, text) in [
        ("lf-all", "GET @C@ HTTP/1.1\nHost: peer.test\n\n@SMUGGLED@"),
        ("lf-start", "GET @C@ HTTP/1.1\nHost: peer.test\r\n\r\n"),
        ("lf-field", "GET @C@ HTTP/1.1\r\nHost: peer.test\nX-A: b\r\n\r\n"),
        ("lf-last-field", "GET @C@ HTTP/1.1\r\nHost: peer.test\n\r\n"),
        ("lf-empty-line", "GET @C@ HTTP/1.1\r\nHost: peer.test\r\n\n@SMUGGLED@"),
        ("lf-lf", "GET @C@ HTTP/1.1\r\nHost: peer.test\n\n@SMUGGLED@"),
        (
            "lf-hidden-end",
            "POST @C@ HTTP/1.1\r\nHost: peer.test\r\nX-A: b\n\nContent-Length: @LENGTH@\r\n\r\n@SMUGGLED@",
        ),
        ("cr-start", "GET @C@ HTTP/1.1\rHost: peer.test\r\n\r\n"),
        ("cr-field", "GET @C@ HTTP/1.1\r\nHost: peer.test\rX-A: b\r\n\r\n"),
        ("cr-all", "GET @C@ HTTP/1.1\rHost: peer.test\r\r@SMUGGLED@"),
        ("cr-empty-line", "GET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r@SMUGGLED@"),
        ("crcrlf", "GET @C@ HTTP/1.1\r\nHost: peer.test\r\r\n\r\n"),
        ("lfcr", "GET @C@ HTTP/1.1\n\rHost: peer.test\n\r\n\r"),
        ("vt", "GET @C@ HTTP/1.1\u{b}Host: peer.test\r\n\r\n"),
        ("nel", "GET @C@ HTTP/1.1\r\nHost: peer.test\u{85}X-A: b\r\n\r\n"),
        ("crlf-before-2", "\r\n\r\nGET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n"),
        ("crlf-before-100", "@CRLFS@GET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n"),
        ("lf-before", "\nGET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n"),
        ("cr-before", "\rGET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n"),
        ("space-before", " GET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n"),
        ("tab-before", "\tGET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n"),
        ("nul-before", "\0GET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n"),
        ("bom-before", "\u{ef}\u{bb}\u{bf}GET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n"),
        ("only-empty-lines", "\r\n\r\n\r\n\r\n"),
    ] {
        let text = text.replace("@CRLFS@", &"\r\n".repeat(100));
        let method = if text.starts_with("POST") { "POST" } else { "GET" };
        all.push(Case::odd(format!("ends-{label}"), method, &text, LINES)?);
    }
    for (label, lines) in [
        ("space", "X-A: a\r\n b\r\n"),
        ("tab", "X-A: a\r\n\tb\r\n"),
        ("empty", "X-A: a\r\n \r\n"),
        ("host", "X-A: a\r\n Host: evil.test\r\n"),
        ("first", " X-A: a\r\n"),
        ("twice", "X-A: a\r\n b\r\n c\r\n"),
    ] {
        let text = format!("GET @C@ HTTP/1.1\r\nHost: peer.test\r\n{lines}\r\n");
        all.push(Case::odd(format!("fold-{label}"), "GET", &text, FOLD)?);
    }
    let first = "GET @C@ HTTP/1.1\r\n Host: peer.test\r\nHost: peer.test\r\n\r\n";
    all.push(Case::odd("fold-behind-start-line", "GET", first, FOLD)?);
    Ok(all)
}

fn get(name: String, lines: &str, why: &'static str) -> Result<Case> {
    Case::odd(name, "GET", &format!("GET @C@ HTTP/1.1\r\nHost: peer.test\r\n{lines}\r\n"), why)
}

fn names() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, line) in [
        ("space-colon", "X-A : a"),
        ("tab-colon", "X-A\t: a"),
        ("empty", ": a"),
        ("no-colon", "X-A"),
        ("space-inside", "X A: a"),
        ("parentheses", "X(A): a"),
        ("latin1", "X-\u{ff}: a"),
        ("nul", "X\0A: a"),
        ("cr", "X\rA: a"),
        ("slash", "X/A: a"),
        ("at", "X@A: a"),
        ("bracket", "X[A]: a"),
        ("brace", "X{A}: a"),
        ("quote", "\"X-A\": a"),
        ("comma", "X,A: a"),
        ("semicolon", "X;A: a"),
        ("equals", "X=A: a"),
        ("backslash", "X\\A: a"),
        ("pseudo-path", ":path: /smuggled"),
        ("pseudo-authority", ":authority: evil.test"),
        ("only-space", " : a"),
        ("only-colon", ":"),
        ("status-line", "HTTP/1.1 200 OK"),
        ("request-line", "GET @S@ HTTP/1.1"),
        ("del", "X\u{7f}A: a"),
    ] {
        all.push(get(format!("name-{label}"), &format!("{line}\r\n"), NAME)?);
    }
    Ok(all)
}

fn values() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for octet in (0_u8..0x20).chain([0x7f]).filter(|octet| !matches!(octet, b'\t' | b'\n')) {
        let line = format!("X-A: a{}b\r\n", char::from(octet));
        all.push(get(format!("value-octet-{octet:02x}"), &line, VALUE)?);
    }
    for (label, line) in [
        ("host-latin1", "X-Forwarded-Host: \u{e9}"),
        ("authorization-latin1", "Authorization: Bearer \u{e9}"),
        ("cookie-latin1", "Cookie: a=\u{e9}"),
        ("type-latin1", "Content-Type: text/\u{e9}"),
        ("long", "X-A: @LONG@"),
    ] {
        let line = line.replace("@LONG@", &"a".repeat(70_000));
        all.push(get(format!("value-{label}"), &format!("{line}\r\n"), VALUE)?);
    }
    all.push(get("fields-150".to_owned(), &"X-A: a\r\n".repeat(150), "bounds: 100 fields")?);
    all.push(get("fields-5000-empty".to_owned(), &"a:\r\n".repeat(5_000), "bounds: 100 fields")?);
    let authorization = "Authorization: Basic YTpi\r\nAuthorization: Bearer x\r\n";
    all.push(get("twice-authorization".to_owned(), authorization, "RFC 9110 §5.3: not a list")?);
    all.push(get("twice-cookie".to_owned(), "Cookie: a=1\r\nCookie: a=2\r\n", "RFC 6265 §5.4: one line")?);
    let content_type = "Content-Type: text/plain\r\nContent-Type: text/html\r\n";
    all.push(get("twice-content-type".to_owned(), content_type, "RFC 9110 §5.3: not a list")?);
    Ok(all)
}

fn start_lines() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, line) in [
        ("two-spaces", "GET  @C@ HTTP/1.1"),
        ("two-spaces-behind", "GET @C@  HTTP/1.1"),
        ("tab", "GET\t@C@ HTTP/1.1"),
        ("tab-behind", "GET @C@\tHTTP/1.1"),
        ("space-at-end", "GET @C@ HTTP/1.1 "),
        ("space-in-target", "GET @C@ x HTTP/1.1"),
        ("nbsp", "GET\u{a0}@C@ HTTP/1.1"),
        ("vt", "GET\u{b}@C@ HTTP/1.1"),
        ("ff", "GET @C@\u{c}HTTP/1.1"),
        ("cr", "GET @C@\rHTTP/1.1"),
        ("nul", "GET @C@\0 HTTP/1.1"),
        ("two-targets", "GET @C@ @S@ HTTP/1.1"),
        ("no-target", "GET HTTP/1.1"),
        ("only-method", "GET"),
        ("junk-behind", "GET @C@ HTTP/1.1 x"),
        ("comma", "GET,@C@ HTTP/1.1"),
    ] {
        all.push(Case::odd(format!("start-{label}"), "GET", &format!("{line}\r\nHost: peer.test\r\n\r\n"), START)?);
    }
    for (label, version) in [
        ("none", ""),
        ("0.9", " HTTP/0.9"),
        ("1.0", " HTTP/1.0"),
        ("1.2", " HTTP/1.2"),
        ("1.10", " HTTP/1.10"),
        ("01.1", " HTTP/01.1"),
        ("1", " HTTP/1"),
        ("1.", " HTTP/1."),
        ("2.0", " HTTP/2.0"),
        ("3.0", " HTTP/3.0"),
        ("9.9", " HTTP/9.9"),
        ("lower", " http/1.1"),
        ("https", " HTTPS/1.1"),
        ("icy", " ICY/1.1"),
        ("comma", " HTTP/1,1"),
        ("minus", " HTTP/-1.1"),
        ("space", " HTTP/1. 1"),
        ("rtsp", " RTSP/1.0"),
        ("no-slash", " HTTP1.1"),
        ("letter", " HTTP/1.x"),
    ] {
        let text = format!("GET @C@{version}\r\nHost: peer.test\r\n\r\n");
        all.push(Case::odd(format!("version-{label}"), "GET", &text, VERSION)?);
    }
    let text = "GET @C@ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n@SMUGGLED@";
    all.push(Case::odd("version-1.0-without-host", "GET", text, VERSION)?);
    all.push(Case::odd("version-preface", "PRI", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", VERSION)?);
    let long = "M".repeat(5_000);
    for (label, method) in [
        ("brace", "GE{T"),
        ("lower", "get"),
        ("mixed", "Get"),
        ("colon", "GET:"),
        ("latin1", "G\u{c9}T"),
        ("nul", "G\0ET"),
        ("quote", "\"GET\""),
        ("slash", "GE/T"),
        ("long", &long),
        ("trace", "TRACE"),
        ("track", "TRACK"),
        ("connect", "CONNECT"),
        ("unknown", "FROBNICATE"),
        ("empty", ""),
        ("space", "GE T"),
        ("underscore", "GE_T"),
        ("digits", "GET1"),
        ("post-get", "POSTGET"),
    ] {
        let text = format!("{method} @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n");
        all.push(Case::odd(format!("method-{label}"), method, &text, METHOD)?);
    }
    let text = "CONNECT peer.test:443 HTTP/1.1\r\nHost: peer.test:443\r\n\r\n@SMUGGLED@";
    all.push(Case::odd("method-connect-authority", "CONNECT", text, METHOD)?);
    Ok(all)
}

fn targets() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    let long = "a".repeat(20_000);
    let longer = "a".repeat(70_000);
    let pairs = "a=1&".repeat(5_000);
    for (label, target) in [
        ("asterisk", "*"),
        ("no-slash", "c/target-no-slash"),
        ("authority", "evil.test:443"),
        ("empty-authority", "http:///c"),
        ("two-slashes", "//evil.test@C@"),
        ("two-slashes-inside", "@C@//smuggled"),
        ("dot", "/.@C@"),
        ("dot-dot", "@C@/../../smuggled"),
        ("dot-dot-end", "@C@/.."),
        ("escaped-dots", "@C@/%2e%2e/%2E%2e/smuggled"),
        ("half-escaped-dots", "@C@/.%2e/x"),
        ("escaped-slash", "@C@%2fsmuggled"),
        ("escaped-backslash", "@C@%5csmuggled"),
        ("backslash", "@C@\\..\\smuggled"),
        ("twice-escaped", "@C@/%252e%252e/smuggled"),
        ("semicolon", "@C@;x=1/a"),
        ("semicolon-dots", "@C@/..;/smuggled"),
        ("nul", "@C@%00.json"),
        ("crlf", "@C@%0d%0aX-A:%20b"),
        ("del", "@C@%7f"),
        ("query-crlf", "@C@?a=%0d%0aSet-Cookie:b"),
        ("overlong", "@C@/%c0%ae%c0%ae/smuggled"),
        ("overlong-slash", "@C@%e0%80%afsmuggled"),
        ("not-utf8", "@C@/%ff"),
        ("surrogate", "@C@/%ed%a0%80"),
        ("bad-digits", "@C@/%zz"),
        ("one-digit", "@C@/%2"),
        ("no-digits", "@C@/%"),
        ("unicode-escape", "@C@/%u0041"),
        ("fragment", "@C@#smuggled"),
        ("fragment-query", "@C@?a=1#b"),
        ("raw-utf8", "@C@/caf\u{c3}\u{a9}"),
        ("raw-ff", "@C@/\u{ff}"),
        ("raw-nul", "@C@\0x"),
        ("quote", "@C@/\"x"),
        ("less", "@C@/<x>"),
        ("backtick", "@C@/`x"),
        ("caret", "@C@/^x"),
        ("braces", "@C@/{x}"),
        ("pipe", "@C@/|x"),
        ("brackets", "@C@/[x]"),
        ("raw-control", "@C@/\u{1}x"),
        ("raw-del", "@C@/\u{7f}x"),
        ("long", &format!("@C@/{long}")),
        ("longer", &format!("@C@/{longer}")),
        ("many-pairs", &format!("@C@?{pairs}")),
        ("many-segments", &format!("@C@{}", "/a".repeat(200))),
        ("query-control", "@C@?a=\u{1}"),
        ("query-quote", "@C@?a=\"b\""),
        ("query-space", "@C@?a=b c"),
        ("empty", ""),
        ("question", "?a=b"),
        ("http-name", "http:@C@"),
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: peer.test\r\n\r\n");
        all.push(Case::odd(format!("target-{label}"), "GET", &text, TARGET)?);
    }
    Ok(all)
}

fn absolute_targets() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, target) in [
        ("other-host", "http://evil.test@C@"),
        ("userinfo", "http://user:pass@peer.test@C@"),
        ("userinfo-confusing", "http://peer.test@evil.test@C@"),
        ("ftp", "ftp://peer.test@C@"),
        ("https", "https://peer.test@C@"),
        ("file", "file:///c"),
        ("other-port", "http://peer.test:8080@C@"),
        ("empty-port", "http://peer.test:@C@"),
        ("backslash", "http:\\\\peer.test@C@"),
        ("one-slash", "http:/peer.test@C@"),
        ("fragment", "http://peer.test#@evil.test@C@"),
        ("trailing-dot", "http://peer.test.@C@"),
        ("escaped-host", "http://%70eer.test@C@"),
        ("space-host", "http://peer .test@C@"),
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: peer.test\r\n\r\n");
        all.push(Case::odd(
            format!("absolute-{label}"),
            "GET",
            &text,
            "RFC 9112 §3.2.2: target and Host name one authority",
        )?);
    }
    Ok(all)
}

fn hosts() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, lines) in [
        ("none", ""),
        ("two-same", "Host: peer.test\r\nHost: peer.test\r\n"),
        ("two-other", "Host: peer.test\r\nHost: evil.test\r\n"),
        ("two-apart", "Host: peer.test\r\nX-A: b\r\nhost: evil.test\r\n"),
        ("empty", "Host:\r\n"),
        ("space-inside", "Host: a b\r\n"),
        ("userinfo", "Host: user@peer.test\r\n"),
        ("path", "Host: peer.test/x\r\n"),
        ("port-large", "Host: peer.test:99999\r\n"),
        ("port-word", "Host: peer.test:http\r\n"),
        ("port-empty", "Host: peer.test:\r\n"),
        ("port-twice", "Host: peer.test:80:80\r\n"),
        ("port-plus", "Host: peer.test:+80\r\n"),
        ("list", "Host: peer.test, evil.test\r\n"),
        ("query", "Host: peer.test?x\r\n"),
        ("fragment", "Host: peer.test#x\r\n"),
        ("open-bracket", "Host: [::1\r\n"),
        ("zone", "Host: [fe80::1%25eth0]\r\n"),
        ("future", "Host: [v1.x]\r\n"),
        ("backslash", "Host: peer\\test\r\n"),
        ("escape", "Host: %70eer.test\r\n"),
        ("latin1", "Host: p\u{e9}er.test\r\n"),
        ("nul", "Host: peer.test\0\r\n"),
        ("url", "Host: http://peer.test\r\n"),
        ("dot-end", "Host: peer.test.\r\n"),
        ("dots", "Host: peer..test\r\n"),
        ("long", "Host: @LONG@\r\n"),
        ("space-colon", "Host : peer.test\r\n"),
        ("fold", "Host:\r\n peer.test\r\n"),
        ("quote", "Host: \"peer.test\"\r\n"),
        ("underscored", "X_Host: evil.test\r\n"),
        ("tab-value", "Host: peer.test\tevil.test\r\n"),
    ] {
        let lines = lines.replace("@LONG@", &"a".repeat(300));
        all.push(Case::odd(format!("host-{label}"), "GET", &format!("GET @C@ HTTP/1.1\r\n{lines}\r\n"), HOST)?);
    }
    Ok(all)
}

fn connection_fields() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, lines) in [
        ("authorization", "Connection: close, Authorization\r\nAuthorization: Bearer x\r\n"),
        ("host", "Connection: Host\r\n"),
        ("content-length", "Connection: Content-Length\r\n"),
        ("forwarded-for", "Connection: X-Forwarded-For\r\n"),
        ("request-id", "Connection: x-request-id\r\n"),
        ("case", "connection: hOsT\r\n"),
        ("many", "Connection: a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12\r\n"),
        ("no-token", "Connection: a b\r\n"),
        ("quoted", "Connection: \"close\"\r\n"),
        ("upgrade-h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
        (
            "upgrade-websocket",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        ),
        (
            "upgrade-bad-key",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n",
        ),
        ("upgrade-tls", "Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"),
        ("upgrade-two", "Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n"),
        ("upgrade-alone", "Upgrade: websocket\r\n"),
        ("expect-other", "Expect: 200-ok\r\n"),
        ("expect-list", "Expect: y, 100-continue\r\n"),
        ("expect-two", "Expect: 100-continue\r\nExpect: 100-continue\r\n"),
        ("te-gzip", "TE: gzip;q=1\r\n"),
        ("te-trailers", "Connection: TE\r\nTE: trailers\r\n"),
        ("proxy-connection", "Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic YTpi\r\n"),
        ("keep-alive", "Connection: keep-alive\r\nKeep-Alive: timeout=5, max=1000\r\n"),
        ("via-loop", "Via: 1.1 portcullis, 1.1 x\r\nVia: 1.1 portcullis\r\n"),
        ("method-override", "X-HTTP-Method-Override: DELETE\r\nX-Original-URL: @S@\r\n"),
    ] {
        all.push(get(format!("hop-{label}"), lines, HOP)?);
    }
    Ok(all)
}

/// Good and bad requests in one segment: behind the first bad one nothing is read.
fn pipelines() -> Result<Vec<Case>> {
    let why = "RFC 9112 §9.3.2, §9.6: requests in order; behind a refusal that closes, none";
    let mut all = Vec::new();
    let good = "GET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n";
    for (label, text) in [
        ("bad-good", "GET @C@ HTTP/1.1\r\nHost: peer.test\r\nX A: b\r\n\r\n@SMUGGLED@".to_owned()),
        ("bad-host-good", "GET @C@ HTTP/1.1\r\nHost: a b\r\n\r\n@SMUGGLED@".to_owned()),
        ("bad-target-good", "GET @C@/../x HTTP/1.1\r\nHost: peer.test\r\n\r\n@SMUGGLED@".to_owned()),
        ("good-bad-good", format!("{good}GET @C@ HTTP/1.1\r\nHost : peer.test\r\n\r\n@SMUGGLED@")),
        ("good-lf-good", format!("{good}GET @C@ HTTP/1.1\nHost: peer.test\n\n@SMUGGLED@")),
        ("good-garbage", format!("{good}\0\0\0\0@SMUGGLED@")),
        ("good-empty-lines", format!("{good}\r\n\r\n\r\n@SMUGGLED@")),
        ("close-good", "GET @C@ HTTP/1.1\r\nHost: peer.test\r\nConnection: close\r\n\r\n@SMUGGLED@".to_owned()),
        ("length-short", "POST @C@ HTTP/1.1\r\nHost: peer.test\r\nContent-Length: 5\r\n\r\nhello world@SMUGGLED@".to_owned()),
        ("length-long", "POST @C@ HTTP/1.1\r\nHost: peer.test\r\nContent-Length: 100000\r\n\r\nhello@SMUGGLED@".to_owned()),
        ("too-large", "POST @C@ HTTP/1.1\r\nHost: peer.test\r\nContent-Length: 99999999\r\n\r\n@SMUGGLED@".to_owned()),
        ("not-found", "POST /unknown HTTP/1.1\r\nHost: peer.test\r\nContent-Length: @LENGTH@\r\n\r\n@SMUGGLED@".to_owned()),
        ("expect-denied", "POST @C@ HTTP/1.1\r\nHost: peer.test\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n@SMUGGLED@".to_owned()),
        ("head-incomplete", "GET @C@ HTTP/1.1\r\nHost: peer.test\r\nX-A: b".to_owned()),
    ] {
        let method = if text.starts_with("POST") { "POST" } else { "GET" };
        all.push(Case::odd(format!("pipeline-{label}"), method, &text, why)?);
    }
    Ok(all)
}
