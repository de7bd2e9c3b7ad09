//! Requests that are odd and right: they must reach every upstream, their meaning unchanged.

use anyhow::Result;
use portcullis_testkit::latin1;

use super::case::{Case, Seen, fill};
use super::fields;

/// A case that must arrive: its bytes as [`Case::odd`] takes them, what must be seen, and the sentence that allows it.
pub(crate) struct Valid<'a> {
    pub(crate) name: &'a str,
    pub(crate) method: &'a str,
    /// Of the request line, and what is seen of it; the second empty: the same.
    pub(crate) target: (&'a str, &'a str),
    /// Lines behind `Host`, each with its line end.
    pub(crate) lines: &'a str,
    /// Fields that must be seen.
    pub(crate) fields: &'a [(&'a str, &'a str)],
    /// As it is sent, and what it means.
    pub(crate) content: (&'a str, &'a str),
    pub(crate) why: &'static str,
}

impl Valid<'_> {
    pub(crate) fn case(&self) -> Result<Case> {
        let Self { name, method, target: (sent, seen), lines, content: (wire, content), why, .. } = self;
        let text = format!("{method} {sent} HTTP/1.1\r\nHost: peer.test\r\n{lines}\r\n{wire}");
        let case = Case::odd(format!("valid-{name}"), method, &text, why)?;
        let mut case = case.target(if seen.is_empty() { sent } else { seen });
        case.valid = true;
        let content = latin1::to_bytes(&fill(content, &case.name))?;
        for seen in &mut case.seen {
            seen.content = Some(content.clone());
            seen.fields = self.fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        }
        Ok(case)
    }
}

/// All of them.
pub(crate) fn cases() -> Result<Vec<Case>> {
    let mut all = methods()?;
    all.extend(targets()?);
    all.extend(fields::cases()?);
    all.extend(contents()?);
    all.extend(wholes()?);
    Ok(all)
}

fn methods() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (method, why) in [
        ("GET", "RFC 9110 §9.3.1"),
        ("HEAD", "RFC 9110 §9.3.2: as GET, without content in the response"),
        ("DELETE", "RFC 9110 §9.3.5"),
        ("OPTIONS", "RFC 9110 §9.3.7: of a resource, not of the server"),
        ("COPY", "RFC 4918 §9.8"),
        ("MOVE", "RFC 4918 §9.9"),
        ("MKCOL", "RFC 4918 §9.3"),
        ("UNLOCK", "RFC 4918 §9.11"),
        ("PROPFIND", "RFC 4918 §9.1: without content it asks for all properties"),
        ("REPORT", "RFC 3253 §3.6"),
        ("M-SEARCH", "RFC 9110 §9.1, §5.6.2: `-` is in the characters of a token"),
    ] {
        let name = format!("method-{}", method.to_ascii_lowercase());
        let valid = Valid { name: &name, method, target: ("@C@", ""), lines: "", fields: &[], content: ("", ""), why };
        all.push(valid.case()?);
    }
    for (method, why) in [
        ("POST", "RFC 9110 §9.3.3"),
        ("PUT", "RFC 9110 §9.3.4"),
        ("PATCH", "RFC 5789 §2"),
        ("DELETE", "RFC 9110 §9.3.5: content has no defined meaning, and may be there"),
        ("GET", "RFC 9110 §9.3.1: content has no defined meaning, and may be there"),
        ("OPTIONS", "RFC 9110 §9.3.7: content is allowed"),
        ("LOCK", "RFC 4918 §9.10"),
        ("PROPPATCH", "RFC 4918 §9.2"),
        ("SEARCH", "RFC 5323 §2.2"),
    ] {
        let name = format!("content-{}", method.to_ascii_lowercase());
        let lines = "Content-Type: text/plain\r\nContent-Length: @LENGTH@\r\n";
        let fields = &[("Content-Type", "text/plain")];
        let content = ("@SMUGGLED@", "@SMUGGLED@");
        all.push(Valid { name: &name, method, target: ("@C@", ""), lines, fields, content, why }.case()?);
    }
    Ok(all)
}

fn targets() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    let long = format!("@C@/{}", "a".repeat(8_000));
    let deep = format!("@C@{}", "/a".repeat(60));
    for (name, sent, seen, why) in [
        ("sub-delims", "@C@/!$&'()*+,=", "", "RFC 3986 §3.3: sub-delims in a segment"),
        ("colon-at", "@C@/a:b@c", "", "RFC 3986 §3.3: `:` and `@` in a segment"),
        ("unreserved", "@C@/-._~aZ09", "", "RFC 3986 §2.3"),
        ("three-dots", "@C@/.../a", "", "RFC 3986 §3.3: only `.` and `..` are dot segments"),
        ("dot-file", "@C@/.well-known/a..b/c.", "", "RFC 3986 §3.3: dots within a segment"),
        ("slash-end", "@C@/", "", "RFC 3986 §3.3: a last segment may be empty"),
        ("space", "@C@/a%20b", "", "RFC 3986 §2.1"),
        ("utf8", "@C@/caf%C3%A9/%E2%82%AC/%F0%9F%8F%B0", "", "RFC 3986 §2.5: characters as escaped UTF-8"),
        (
            "lower-digits",
            "@C@/caf%c3%a9",
            "@C@/caf%C3%A9",
            "RFC 3986 §6.2.2.1: hexadecimal digits in either case are equal",
        ),
        (
            "escaped-unreserved",
            "@C@/%6f%72%64%65%72%73",
            "@C@/orders",
            "RFC 3986 §6.2.2.2: escapes of unreserved characters",
        ),
        ("escaped-tilde", "@C@/%7euser", "@C@/~user", "RFC 3986 §6.2.2.2"),
        ("escaped-delims", "@C@/%3F%23%22%3C", "", "RFC 3986 §2.2: escaped, reserved characters are data"),
        ("full-width-slash", "@C@/a%EF%BC%8Fb", "", "RFC 3986 §3.3: data, as any other character"),
        ("query", "@C@?a=1&b=2", "", "RFC 3986 §3.4"),
        ("query-empty", "@C@?", "", "RFC 3986 §3.4: a query may be empty"),
        ("query-slashes", "@C@?a=/b//c/../d?e?", "", "RFC 3986 §3.4: `/` and `?` are data in a query"),
        ("query-delims", "@C@?!$'()*+,;:@=", "", "RFC 3986 §3.4"),
        ("query-repeated", "@C@?a=1&a=2&a", "", "RFC 3986 §3.4: the grammar knows no pairs"),
        ("query-no-name", "@C@?=b&&=", "", "RFC 3986 §3.4: the grammar knows no pairs"),
        ("query-escapes", "@C@?q=%26%3D%25%2F", "", "RFC 3986 §2.2: escaped, reserved characters are data"),
        ("query-lower-digits", "@C@?q=%e2%82%ac", "@C@?q=%E2%82%AC", "RFC 3986 §6.2.2.1"),
        ("query-brackets", "@C@?a[]=1", "@C@?a%5B%5D=1", "RFC 3986 §6.2.2: one spelling towards every upstream"),
        ("long", &long, "", "RFC 9110 §4.1: at least 8,000 octets"),
        ("deep", &deep, "", "RFC 3986 §3.3: any number of segments"),
        ("absolute", "http://peer.test@C@?a=b", "@C@?a=b", "RFC 9112 §3.2.2: a server must accept the absolute-form"),
        ("absolute-case", "HTTP://PEER.Test@C@", "@C@", "RFC 3986 §6.2.2.1: scheme and host in either case"),
        ("absolute-port", "http://peer.test:80@C@", "@C@", "RFC 3986 §6.2.3: a default port is none"),
    ] {
        let name = format!("target-{name}");
        let target = (sent, seen);
        all.push(Valid { name: &name, method: "GET", target, lines: "", fields: &[], content: ("", ""), why }.case()?);
    }
    Ok(all)
}

fn contents() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    let octets: String = (0..=255).map(char::from).collect();
    let large = "0123456789abcdef".repeat(4_096);
    let chunks: String = (1..=40).map(|size| format!("{size:x}\r\n{}\r\n", "x".repeat(size))).collect();
    let data = "x".repeat((1..=40).sum());
    let cl = "Content-Length: @LENGTH@\r\n";
    let te = "Transfer-Encoding: chunked\r\n";
    for (name, lines, wire, content, why) in [
        ("length-0", "Content-Length: 0\r\n", "", "", "RFC 9110 §8.6: zero is a length"),
        ("none", "", "", "", "RFC 9112 §6.3 rule 7: no framing, no content"),
        ("octets", cl, &*octets, &*octets, "RFC 9110 §6.4: content is octets"),
        ("empty-lines", cl, "\r\n\r\n\r\n", "\r\n\r\n\r\n", "RFC 9112 §6.2: the length alone ends it"),
        ("looks-chunked", cl, "0\r\n\r\n", "0\r\n\r\n", "RFC 9112 §6.2: the length alone ends it"),
        ("large", cl, &large, &large, "RFC 9110 §8.6: any length; ours is 1 MiB"),
        (
            "length-spaces",
            "Content-Length: \t @LENGTH@ \r\n",
            "hello",
            "hello",
            "RFC 9112 §5.1: whitespace around a value is not part of it",
        ),
        ("chunked", te, "5\r\nhello\r\n0\r\n\r\n", "hello", "RFC 9112 §7.1"),
        ("chunked-empty", te, "0\r\n\r\n", "", "RFC 9112 §7.1: no chunk but the last"),
        ("chunked-many", te, &format!("{chunks}0\r\n\r\n"), &data, "RFC 9112 §7.1: any number of chunks"),
        ("chunked-upper", te, "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", "RFC 5234 B.1: HEXDIG in either case"),
        ("chunked-lower", te, "a\r\n0123456789\r\n0\r\n\r\n", "0123456789", "RFC 5234 B.1: HEXDIG in either case"),
        ("chunked-octets", te, &format!("100\r\n{octets}\r\n0\r\n\r\n"), &octets, "RFC 9112 §7.1: data is octets"),
        ("chunked-request", te, "@SIZE@\r\n@SMUGGLED@\r\n0\r\n\r\n", "@SMUGGLED@", "RFC 9112 §7.1: data is octets"),
        ("extension", te, "5;a\r\nhello\r\n0;b\r\n\r\n", "hello", "RFC 9112 §7.1.1: extensions are ignored"),
        (
            "extension-value",
            te,
            "5;a=b;c=d\r\nhello\r\n0\r\n\r\n",
            "hello",
            "RFC 9112 §7.1.1: a recipient must ignore them",
        ),
        (
            "extension-quoted",
            te,
            "5;a=\"b;\\\"c \u{e9}\"\r\nhello\r\n0\r\n\r\n",
            "hello",
            "RFC 9112 §7.1.1: a value may be a quoted-string",
        ),
        ("trailer", te, "5\r\nhello\r\n0\r\nX-Odd: a\r\n\r\n", "hello", "RFC 9110 §6.5.1: trailers may be dropped"),
        (
            "te-case",
            "Transfer-Encoding: CHUNKED\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            "hello",
            "RFC 9112 §7: names of codings are case-insensitive",
        ),
        ("te-tab", "transfer-encoding:\tChUnKeD\t\r\n", "5\r\nhello\r\n0\r\n\r\n", "hello", "RFC 9112 §5.1, §7"),
        (
            "expect",
            "Expect: 100-continue\r\nContent-Length: 5\r\n",
            "hello",
            "hello",
            "RFC 9110 §10.1.1: a client may send without waiting",
        ),
        (
            "expect-case",
            "Expect: 100-Continue\r\nContent-Length: 5\r\n",
            "hello",
            "hello",
            "RFC 9110 §10.1.1: the value is case-insensitive",
        ),
        (
            "coded",
            "Content-Encoding: gzip\r\nContent-Length: @LENGTH@\r\n",
            "\u{1f}\u{8b}\u{8}",
            "\u{1f}\u{8b}\u{8}",
            "RFC 9110 §8.4: a coding is a property of the content, not of the message",
        ),
    ] {
        let name = format!("content-{name}");
        let content = (wire, content);
        all.push(Valid { name: &name, method: "POST", target: ("@C@", ""), lines, fields: &[], content, why }.case()?);
    }
    Ok(all)
}

/// Whole messages: hosts, lines before the request line, several requests.
fn wholes() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (name, text, why) in [
        (
            "empty-line-before",
            "\r\nGET @C@ HTTP/1.1\r\nHost: peer.test\r\n\r\n",
            "RFC 9112 §2.2: one empty line before the request line is ignored",
        ),
        (
            "host-last",
            "GET @C@ HTTP/1.1\r\nX-A: b\r\nHost: peer.test\r\n\r\n",
            "RFC 9110 §5.3: the order of different names does not count",
        ),
        ("host-port", "GET @C@ HTTP/1.1\r\nHost: peer.test:8080\r\n\r\n", "RFC 9110 §7.2: with a port"),
        (
            "host-default-port",
            "GET @C@ HTTP/1.1\r\nHost: peer.test:80\r\n\r\n",
            "RFC 3986 §6.2.3: a default port is none",
        ),
        ("host-upper", "GET @C@ HTTP/1.1\r\nHOST:PEER.Test\r\n\r\n", "RFC 3986 §6.2.2.1: hosts are case-insensitive"),
        ("host-ipv4", "GET @C@ HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n", "RFC 3986 §3.2.2"),
        ("host-ipv6", "GET @C@ HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n", "RFC 3986 §3.2.2: IP literals"),
        ("host-digits", "GET @C@ HTTP/1.1\r\nHost: 1a.2b\r\n\r\n", "RFC 1123 §2.1: labels may begin with digits"),
        ("host-underscore", "GET @C@ HTTP/1.1\r\nHost: a_b.test\r\n\r\n", "RFC 3986 §3.2.2: `_` is unreserved"),
    ] {
        let mut case = Case::odd(format!("valid-{name}"), "GET", text, why)?;
        case.valid = true;
        all.push(case);
    }
    let why = "RFC 9112 §9.3.2: requests may be pipelined, and are answered in order";
    for (name, first, behind) in [
        ("pipeline-get", "GET", "\r\n"),
        ("pipeline-head", "HEAD", "\r\n"),
        ("pipeline-post", "POST", "Content-Length: 5\r\n\r\nhello"),
        ("pipeline-chunked", "POST", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        ("pipeline-length-0", "POST", "Content-Length: 0\r\n\r\n"),
        ("pipeline-empty-line", "POST", "Content-Length: 5\r\n\r\nhello\r\n"),
    ] {
        let second = "GET @C@?second HTTP/1.1\r\nHost: peer.test\r\n\r\n";
        let text = format!("{first} @C@ HTTP/1.1\r\nHost: peer.test\r\n{behind}{second}");
        let mut case = Case::odd(format!("valid-{name}"), first, &text, why)?;
        let target = fill("@C@?second", &case.name);
        case.seen.push(Seen { method: "GET".to_owned(), target, content: Some(Vec::new()), ..Seen::default() });
        case.valid = true;
        all.push(case);
    }
    Ok(all)
}
