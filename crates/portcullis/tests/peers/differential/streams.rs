//! Requests over HTTP/2: odd ones that would become something else where they are written as HTTP/1.1, and valid ones.

use anyhow::Result;
use portcullis_testkit::latin1;

use super::case::{Case, Seen, Wire, fill};

type Lines = &'static [(&'static str, &'static str)];
type Octets = Vec<(Vec<u8>, Vec<u8>)>;

/// Name, changes to the head, what is wrong with them. A field that is there already gets the value; `-` removes it, `&` in
/// front of the value adds another line.
type Head = (&'static str, Lines, &'static str);

/// The same with content and a trailer section.
type Whole = (&'static str, Lines, Option<&'static str>, Lines, &'static str);

/// A valid request: name, all of its fields, content, fields that must be seen, the sentence that allows it.
type Valid = (&'static str, Lines, Option<&'static str>, Lines, &'static str);

const CL: &str = "RFC 9113 §8.1.1: content-length equals the DATA";
const TE: &str = "RFC 9113 §8.2.2: no transfer codings";
const CHUNKED: Option<&str> = Some("0\r\n\r\n@SMUGGLED@");

const HEADS: &[Head] = &[
    ("no-method", &[(":method", "-")], "RFC 9113 §8.3.1"),
    ("no-path", &[(":path", "-")], "RFC 9113 §8.3.1"),
    ("no-scheme", &[(":scheme", "-")], "RFC 9113 §8.3.1"),
    ("no-authority", &[(":authority", "-")], "RFC 9113 §8.3.1"),
    ("two-paths", &[(":path", "&@S@")], "RFC 9113 §8.3: each once"),
    ("two-methods", &[(":method", "&GET")], "RFC 9113 §8.3: each once"),
    ("two-authorities", &[(":authority", "&evil.test")], "RFC 9113 §8.3: each once"),
    ("status", &[(":status", "200")], "RFC 9113 §8.3: not in a request"),
    ("unknown-pseudo", &[(":foo", "bar")], "RFC 9113 §8.3"),
    ("pseudo-behind", &[("x-a", "b"), (":path", "&@S@")], "RFC 9113 §8.3: before all others"),
    ("upper-name", &[("X-Odd", "a")], "RFC 9113 §8.2.1"),
    ("connection", &[("connection", "close")], "RFC 9113 §8.2.2"),
    ("keep-alive", &[("keep-alive", "timeout=5")], "RFC 9113 §8.2.2"),
    ("proxy-connection", &[("proxy-connection", "close")], "RFC 9113 §8.2.2"),
    ("upgrade", &[("upgrade", "h2c")], "RFC 9113 §8.2.2"),
    ("te-gzip", &[("te", "gzip")], "RFC 9113 §8.2.2"),
    ("value-crlf", &[("x-odd", "a\r\nTransfer-Encoding: chunked")], "RFC 9113 §8.2.1: request splitting"),
    ("value-request", &[("x-odd", "a\r\n\r\n@SMUGGLED@")], "RFC 9113 §8.2.1: request splitting"),
    ("value-lf", &[("x-odd", "a\nContent-Length: 0")], "RFC 9113 §8.2.1"),
    ("value-cr", &[("x-odd", "a\rb")], "RFC 9113 §8.2.1"),
    ("value-nul", &[("x-odd", "a\0b")], "RFC 9113 §8.2.1"),
    ("value-space-before", &[("x-odd", " a")], "RFC 9113 §8.2.1"),
    ("value-space-behind", &[("x-odd", "a ")], "RFC 9113 §8.2.1"),
    ("value-tab-behind", &[("x-odd", "a\t")], "RFC 9113 §8.2.1"),
    ("name-crlf", &[("x-odd: a\r\ny", "b")], "RFC 9113 §8.2.1"),
    ("name-space", &[("x odd", "a")], "RFC 9113 §8.2.1"),
    ("name-colon", &[("x:odd", "a")], "RFC 9113 §8.2.1"),
    ("name-empty", &[("", "a")], "RFC 9113 §8.2.1"),
    ("name-latin1", &[("x-\u{e9}", "a")], "RFC 9113 §8.2.1"),
    ("name-nul", &[("x\0y", "a")], "RFC 9113 §8.2.1"),
    ("path-space", &[(":path", "@C@ HTTP/1.1")], "RFC 9113 §8.3.1: downgrade"),
    ("path-request", &[(":path", "@C@ HTTP/1.1\r\nHost: a\r\n\r\n@SMUGGLED@")], "RFC 9113 §8.3.1: downgrade"),
    ("path-crlf", &[(":path", "@C@\r\nX-A: b")], "RFC 9113 §8.3.1: downgrade"),
    ("path-empty", &[(":path", "")], "RFC 9113 §8.3.1"),
    ("path-no-slash", &[(":path", "c")], "RFC 9113 §8.3.1"),
    ("path-absolute", &[(":path", "http://evil.test@C@")], "RFC 9113 §8.3.1"),
    ("path-fragment", &[(":path", "@C@#x")], "RFC 9113 §8.3.1, RFC 3986 §3.5"),
    ("path-asterisk", &[(":path", "*")], "RFC 9113 §8.3.1: only with OPTIONS"),
    ("path-two-slashes", &[(":path", "//evil.test@C@")], "RFC 9112 §3.2: one reading of each target"),
    ("path-dots", &[(":path", "@C@/../../smuggled")], "RFC 3986 §5.2.4"),
    ("path-nul", &[(":path", "@C@\0")], "RFC 9113 §8.3.1"),
    ("path-latin1", &[(":path", "@C@\u{e9}")], "RFC 3986 §3.3"),
    ("method-request", &[(":method", "GET @S@ HTTP/1.1\r\nx:")], "RFC 9113 §8.3.1: downgrade"),
    ("method-space", &[(":method", "GET @S@")], "RFC 9113 §8.3.1: downgrade"),
    ("method-empty", &[(":method", "")], "RFC 9113 §8.3.1"),
    ("method-lower", &[(":method", "post")], "RFC 9110 §9.1"),
    ("method-trace", &[(":method", "TRACE")], "RFC 9110 §9.3.8"),
    ("method-connect", &[(":method", "CONNECT")], "RFC 9113 §8.5"),
    ("method-extended-connect", &[(":method", "CONNECT"), (":protocol", "websocket")], "RFC 8441 §4: not offered"),
    ("scheme-url", &[(":scheme", "http://peer.test/?")], "RFC 9113 §8.3.1: downgrade"),
    ("scheme-ftp", &[(":scheme", "ftp")], "RFC 9113 §8.3.1"),
    ("scheme-https", &[(":scheme", "https")], "RFC 9110 §4.2.2: the connection is not secured"),
    ("scheme-empty", &[(":scheme", "")], "RFC 9113 §8.3.1"),
    ("authority-userinfo", &[(":authority", "user@peer.test")], "RFC 9113 §8.3.1"),
    ("authority-path", &[(":authority", "peer.test/x")], "RFC 9113 §8.3.1"),
    ("authority-crlf", &[(":authority", "peer.test\r\nX-A: b")], "RFC 9113 §8.3.1: downgrade"),
    ("authority-space", &[(":authority", "peer test")], "RFC 9113 §8.3.1"),
    ("authority-empty", &[(":authority", "")], "RFC 9113 §8.3.1"),
    ("authority-port", &[(":authority", "peer.test:99999")], "RFC 3986 §3.2.3"),
    ("host-other", &[("host", "evil.test")], "RFC 9113 §8.3.1: they name one authority"),
    ("host-two", &[("host", "peer.test"), ("host", "&peer.test")], "RFC 9110 §7.2"),
    ("host-bad", &[("host", "peer.test\\x")], "RFC 9110 §7.2"),
];

const WHOLES: &[Whole] = &[
    ("te-chunked", &[("transfer-encoding", "chunked")], CHUNKED, &[], TE),
    ("te-identity", &[("transfer-encoding", "identity")], CHUNKED, &[], TE),
    ("te-chunked-cl", &[("transfer-encoding", "chunked"), ("content-length", "5")], CHUNKED, &[], TE),
    ("te-underscore", &[("transfer_encoding", "chunked")], CHUNKED, &[], TE),
    ("te-in-value", &[("x-odd", "a\r\ntransfer-encoding: chunked")], CHUNKED, &[], TE),
    ("te-in-name", &[("x-odd: a\r\ntransfer-encoding", "chunked")], CHUNKED, &[], TE),
    ("cl-less", &[("content-length", "0")], CHUNKED, &[], CL),
    ("cl-more", &[("content-length", "9999")], CHUNKED, &[], CL),
    ("cl-without-data", &[("content-length", "5")], None, &[], CL),
    ("cl-plus", &[("content-length", "+5")], Some("hello"), &[], CL),
    ("cl-octal", &[("content-length", "05")], Some("hello"), &[], CL),
    ("cl-empty", &[("content-length", "")], Some("hello"), &[], CL),
    ("cl-two", &[("content-length", "5"), ("content-length", "&0")], Some("hello"), &[], CL),
    ("cl-twice", &[("content-length", "5"), ("content-length", "&5")], Some("hello"), &[], CL),
    ("cl-list", &[("content-length", "5, 5")], Some("hello"), &[], CL),
    ("cl-underscore", &[("content_length", "0")], Some("@SMUGGLED@"), &[], CL),
    ("trailer-pseudo", &[], Some("hello"), &[(":path", "@S@")], "RFC 9113 §8.1: no pseudo-header fields in trailers"),
    ("trailer-te", &[], Some("hello"), &[("transfer-encoding", "chunked")], TE),
    ("trailer-cl", &[], Some("hello"), &[("content-length", "0")], "RFC 9110 §6.5.1: nothing that frames"),
    ("trailer-host", &[], Some("hello"), &[("host", "evil.test")], "RFC 9110 §6.5.1: nothing that routes"),
    ("trailer-identity", &[], Some("hello"), &[("x-user-id", "1")], "RFC 9110 §6.5.1: never merged"),
    ("trailer-crlf", &[], Some("hello"), &[("x-odd", "a\r\n\r\n@SMUGGLED@")], "RFC 9113 §8.2.1"),
    ("expect", &[("expect", "200-ok")], Some("hello"), &[], "RFC 9110 §10.1.1"),
    ("smuggled-content", &[], Some("@SMUGGLED@"), &[], "RFC 9113 §8.1: frames alone frame content"),
];

const METHOD: (&str, &str) = (":method", "POST");
const SCHEME: (&str, &str) = (":scheme", "http");
const AUTHORITY: (&str, &str) = (":authority", "peer.test");
const PATH: (&str, &str) = (":path", "@C@");
const ODD: (&str, &str) = ("x-odd", "a");

const VALID: &[Valid] = &[
    ("plain", &[METHOD, SCHEME, AUTHORITY, PATH, ODD], None, &[ODD], "RFC 9113 §8.1"),
    ("content", &[METHOD, SCHEME, AUTHORITY, PATH], Some("hello"), &[], "RFC 9113 §8.1.1: content-length is optional"),
    ("content-length", &[METHOD, SCHEME, AUTHORITY, PATH, ("content-length", "5")], Some("hello"), &[], CL),
    ("content-empty", &[METHOD, SCHEME, AUTHORITY, PATH], Some(""), &[], "RFC 9113 §6.1: DATA may be empty"),
    ("content-chunk", &[METHOD, SCHEME, AUTHORITY, PATH], CHUNKED, &[], "RFC 9113 §8.1: frames alone frame content"),
    (
        "order",
        &[PATH, AUTHORITY, SCHEME, METHOD, ODD],
        None,
        &[ODD],
        "RFC 9113 §8.3: pseudo-header fields in any order",
    ),
    ("host", &[METHOD, SCHEME, PATH, ("host", "peer.test")], None, &[], "RFC 9113 §8.3.1: Host in place of :authority"),
    (
        "host-too",
        &[METHOD, SCHEME, AUTHORITY, PATH, ("host", "peer.test")],
        None,
        &[],
        "RFC 9113 §8.3.1: Host and :authority, equal",
    ),
    (
        "cookies",
        &[METHOD, SCHEME, AUTHORITY, PATH, ("cookie", "a=1"), ("cookie", "b=2")],
        None,
        &[("cookie", "a=1; b=2")],
        "RFC 9113 §8.2.3: crumbs are joined",
    ),
    (
        "te",
        &[METHOD, SCHEME, AUTHORITY, PATH, ("te", "trailers"), ODD],
        None,
        &[ODD],
        "RFC 9113 §8.2.2: the one value that is allowed",
    ),
    (
        "lines",
        &[METHOD, SCHEME, AUTHORITY, PATH, ODD, ("x-odd", "b")],
        None,
        &[ODD, ("x-odd", "b")],
        "RFC 9110 §5.3: the order of lines of one name counts",
    ),
    (
        "obs-text",
        &[METHOD, SCHEME, AUTHORITY, PATH, ("x-odd", "caf\u{e9}")],
        None,
        &[("x-odd", "caf\u{e9}")],
        "RFC 9110 §5.5: obs-text is opaque data",
    ),
];

/// All of them.
pub(crate) fn cases() -> Result<Vec<Case>> {
    let heads = HEADS.iter().map(|(name, change, why)| odd(name, change, None, &[], why));
    let wholes = WHOLES.iter().map(|(name, change, content, trailers, why)| odd(name, change, *content, trailers, why));
    heads.chain(wholes).chain(VALID.iter().map(valid)).collect()
}

fn octets(fields: &[(&str, &str)], name: &str) -> Result<Octets> {
    let octets = |text: &str| latin1::to_bytes(&fill(text, name));
    fields.iter().map(|(key, value)| Ok((octets(key)?, octets(value)?))).collect()
}

fn odd(name: &str, change: Lines, content: Option<&str>, trailers: Lines, why: &'static str) -> Result<Case> {
    let name = format!("h2-{name}");
    let mut head = vec![METHOD, SCHEME, AUTHORITY, PATH];
    for (key, value) in change {
        match (head.iter_mut().find(|(known, _)| known == key), value.strip_prefix('&')) {
            (_, Some(another)) => head.push((key, another)),
            (Some(line), None) => line.1 = value,
            (None, None) => head.push((key, value)),
        }
    }
    head.retain(|(_, value)| *value != "-");
    let method = head.iter().find(|(key, _)| *key == ":method").map_or("", |(_, method)| method);
    let seen = Seen { method: method.to_owned(), target: fill("@C@", &name), ..Seen::default() };
    let content = content.map(|content| latin1::to_bytes(&fill(content, &name))).transpose()?;
    let wire = Wire::Http2 { fields: octets(&head, &name)?, content, trailers: octets(trailers, &name)? };
    Ok(Case { name, why, wire, seen: vec![seen], valid: false })
}

fn valid((name, lines, content, fields, why): &Valid) -> Result<Case> {
    let name = format!("valid-h2-{name}");
    let content = content.map(|content| latin1::to_bytes(&fill(content, &name))).transpose()?;
    let seen = Seen {
        method: "POST".to_owned(),
        target: fill("@C@", &name),
        fields: fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        content: Some(content.clone().unwrap_or_default()),
    };
    let wire = Wire::Http2 { fields: octets(lines, &name)?, content, trailers: Vec::new() };
    Ok(Case { name, why, wire, seen: vec![seen], valid: true })
}
