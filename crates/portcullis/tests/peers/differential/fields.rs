//! Odd but valid field lines.

use anyhow::Result;

use super::case::Case;
use super::valid::Valid;

type Lines = &'static [(&'static str, &'static str)];

/// Name, lines as they are sent, fields that must be seen, the sentence that allows it.
type Row = (&'static str, &'static str, Lines, &'static str);

const ROWS: &[Row] = &[
    ("no-space", "X-Odd:a\r\n", &[("X-Odd", "a")], "RFC 9112 §5.1: whitespace around a value is optional"),
    ("spaces", "X-Odd:    a   \r\n", &[("X-Odd", "a")], "RFC 9112 §5.1: whitespace around a value is not part of it"),
    ("tabs", "X-Odd:\t\ta\t \r\n", &[("X-Odd", "a")], "RFC 9110 §5.6.3: OWS is spaces and tabs"),
    (
        "inner-space",
        "X-Odd: a  b\tc\r\n",
        &[("X-Odd", "a  b\tc")],
        "RFC 9110 §5.5: whitespace within a value is part of it",
    ),
    ("empty", "X-Odd:\r\n", &[("X-Odd", "")], "RFC 9110 §5.5: a value may be empty"),
    ("empty-spaces", "X-Odd:   \r\n", &[("X-Odd", "")], "RFC 9110 §5.5: a value may be empty"),
    ("name-case", "x-oDD: a\r\n", &[("X-Odd", "a")], "RFC 9110 §5.1: names are case-insensitive"),
    ("name-digits", "X-1-2-3: a\r\n", &[("X-1-2-3", "a")], "RFC 9110 §5.6.2: digits in a token"),
    ("name-short", "Q: a\r\n", &[("Q", "a")], "RFC 9110 §5.6.2: a token has one character or more"),
    ("name-dashes", "X--Odd-: a\r\n", &[("X--Odd-", "a")], "RFC 9110 §5.6.2: `-` anywhere in a token"),
    ("colons", "X-Odd: a:b::c:\r\n", &[("X-Odd", "a:b::c:")], "RFC 9112 §5: only the first colon ends the name"),
    (
        "obs-text",
        "X-Odd: caf\u{e9} \u{80}\u{ff}\r\n",
        &[("X-Odd", "caf\u{e9} \u{80}\u{ff}")],
        "RFC 9110 §5.5: obs-text is opaque data",
    ),
    (
        "visible",
        "X-Odd: !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\r\n",
        &[("X-Odd", "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")],
        "RFC 9110 §5.5: every visible character",
    ),
    ("quoted-string", "X-Odd: \"a, \\\"b\\\"; c\"\r\n", &[("X-Odd", "\"a, \\\"b\\\"; c\"")], "RFC 9110 §5.6.4"),
    (
        "comment",
        "User-Agent: x/1 (a (b \\) c))\r\n",
        &[("User-Agent", "x/1 (a (b \\) c))")],
        "RFC 9110 §5.6.5: comments nest",
    ),
    (
        "lines",
        "X-Odd: a\r\nX-Other: x\r\nX-Odd: b, c\r\n",
        &[("X-Odd", "a"), ("X-Odd", "b, c")],
        "RFC 9110 §5.3: the order of lines of one name counts",
    ),
    (
        "accept-lines",
        "Accept: text/html;q=0.1\r\nAccept: */*\r\n",
        &[("Accept", "text/html;q=0.1"), ("Accept", "*/*")],
        "RFC 9110 §5.3: a list may stand on several lines",
    ),
    (
        "list-empty-elements",
        "Accept-Language: , de,, en;q=0.5 ,\r\n",
        &[("Accept-Language", ", de,, en;q=0.5 ,")],
        "RFC 9110 §5.6.1.2: empty elements are ignored by who reads the list",
    ),
    (
        "authorization",
        "Authorization: Bearer abc-._~+/==\r\n",
        &[("Authorization", "Bearer abc-._~+/==")],
        "RFC 9110 §11.4: token68",
    ),
    (
        "authorization-digest",
        "Authorization: Digest a=\"b\", c=d\r\n",
        &[("Authorization", "Digest a=\"b\", c=d")],
        "RFC 9110 §11.4: parameters",
    ),
    (
        "cookie",
        "Cookie: a=1; b=\"2\"; c=d=e; =f\r\n",
        &[("Cookie", "a=1; b=\"2\"; c=d=e; =f")],
        "RFC 6265 §5.4: what the client sends is opaque",
    ),
    (
        "date",
        "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        &[("If-Modified-Since", "Sun, 06 Nov 1994 08:49:37 GMT")],
        "RFC 9110 §5.6.7: a comma that is no list",
    ),
    (
        "date-obsolete",
        "If-Unmodified-Since: Sunday, 06-Nov-94 08:49:37 GMT\r\n",
        &[("If-Unmodified-Since", "Sunday, 06-Nov-94 08:49:37 GMT")],
        "RFC 9110 §5.6.7: recipients must accept the obsolete forms",
    ),
    (
        "entity-tags",
        "If-None-Match: W/\"a,b\", \"\", \"c\"\r\n",
        &[("If-None-Match", "W/\"a,b\", \"\", \"c\"")],
        "RFC 9110 §8.8.3: commas within a tag, and the empty tag",
    ),
    (
        "range",
        "Range: bytes=0-0,-1\r\nIf-Range: \"a\"\r\n",
        &[("Range", "bytes=0-0,-1"), ("If-Range", "\"a\"")],
        "RFC 9110 §14.2",
    ),
    ("range-unit", "Range: pages=1-2\r\n", &[("Range", "pages=1-2")], "RFC 9110 §14.2: units may be others than bytes"),
    ("referer", "Referer: https://a.test/b?c=d\r\n", &[("Referer", "https://a.test/b?c=d")], "RFC 9110 §10.1.3"),
    ("origin-null", "Origin: null\r\n", &[("Origin", "null")], "RFC 6454 §7.1"),
    (
        "max-forwards",
        "Max-Forwards: 0\r\n",
        &[("Max-Forwards", "0")],
        "RFC 9110 §7.6.2: only TRACE and OPTIONS heed it",
    ),
    (
        "cache-control",
        "Cache-Control: no-cache, max-age=0, x=\"y, z\"\r\nPragma: no-cache\r\n",
        &[("Cache-Control", "no-cache, max-age=0, x=\"y, z\"")],
        "RFC 9111 §5.2.3: extensions are passed on",
    ),
    (
        "disposition",
        "Content-Disposition: attachment; filename*=UTF-8''a%20b\r\n",
        &[("Content-Disposition", "attachment; filename*=UTF-8''a%20b")],
        "RFC 8187 §3.2",
    ),
    ("priority", "Priority: u=1, i\r\n", &[("Priority", "u=1, i")], "RFC 9218 §5: end-to-end"),
    (
        "structured",
        "X-Odd: (\"a\" :AQI=:);b=?0\r\n",
        &[("X-Odd", "(\"a\" :AQI=:);b=?0")],
        "RFC 9651 §3: structured values",
    ),
    (
        "connection-close",
        "Connection: close\r\nX-Odd: a\r\n",
        &[("X-Odd", "a")],
        "RFC 9112 §9.6: concerns this connection only",
    ),
    (
        "connection-names",
        "Connection: X-Private, keep-alive\r\nX-Private: a\r\nX-Odd: b\r\n",
        &[("X-Odd", "b")],
        "RFC 9110 §7.6.1: what it names stays here, the rest goes on",
    ),
    (
        "connection-empty",
        "Connection: ,, close ,\r\nX-Odd: a\r\n",
        &[("X-Odd", "a")],
        "RFC 9110 §5.6.1.2: empty elements are ignored",
    ),
    ("te-trailers", "Connection: TE\r\nTE: trailers\r\nX-Odd: a\r\n", &[("X-Odd", "a")], "RFC 9110 §10.1.4"),
    ("via", "Via: 1.0 a, 1.1 b (c)\r\n", &[("Via", "1.0 a, 1.1 b (c)")], "RFC 9110 §7.6.3: earlier hops stay"),
];

/// All of them.
pub(crate) fn cases() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (name, lines, fields, why) in ROWS {
        all.push(valid(name, lines, fields, why)?);
    }
    let long = "v".repeat(16_000);
    let why = "RFC 9110 §5.4: no limit in the protocol; ours is 32 KiB";
    all.push(valid("long", &format!("X-Odd: {long}\r\n"), &[("X-Odd", &long)], why)?);
    let many: String = (0..90).map(|at| format!("X-Field-{at}: {at}\r\n")).collect();
    let why = "RFC 9110 §5.4: no limit in the protocol; ours is 100";
    all.push(valid("many", &many, &[("X-Field-0", "0"), ("X-Field-89", "89")], why)?);
    Ok(all)
}

fn valid(name: &str, lines: &str, fields: &[(&str, &str)], why: &'static str) -> Result<Case> {
    let name = format!("field-{name}");
    Valid { name: &name, method: "GET", target: ("@C@", ""), lines, fields, content: ("", ""), why }.case()
}
