//! Odd requests: where the content ends. Each carries a second request that a reader of another mind would find.

use anyhow::Result;

use super::case::Case;

const TE_CL: &str = "RFC 9112 §6.3: both framings in one message are an attack or a mistake";
const TE: &str = "RFC 9112 §6.1, §7: one `chunked`, last, spelled as the grammar has it";
const CL: &str = "RFC 9110 §8.6: one length, digits only";
const CHUNK: &str = "RFC 9112 §7.1: the grammar of chunks";
const TRAILER: &str = "RFC 9112 §7.1.2: trailer fields are fields, and none frames or routes";

/// A POST with these field lines (each with its line end) and this content.
fn post(name: String, lines: &str, content: &str, why: &'static str) -> Result<Case> {
    Case::odd(name, "POST", &format!("POST @C@ HTTP/1.1\r\nHost: peer.test\r\n{lines}\r\n{content}"), why)
}

/// All of them.
pub(crate) fn cases() -> Result<Vec<Case>> {
    let mut all = both()?;
    all.extend(codings()?);
    all.extend(lengths()?);
    all.extend(chunks()?);
    all.extend(chunk_lines()?);
    all.extend(trailers()?);
    all.extend(without_content()?);
    Ok(all)
}

/// Content-Length × Transfer-Encoding × order × which of the two the smuggled request stands behind.
fn both() -> Result<Vec<Case>> {
    let codings = [
        ("chunked", "chunked"),
        ("case", "ChUnKeD"),
        ("twice", "chunked, chunked"),
        ("identity", "identity"),
        ("gzip", "gzip"),
        ("gzip-chunked", "gzip, chunked"),
        ("chunked-identity", "chunked, identity"),
        ("x", "xchunked"),
        ("quoted", "\"chunked\""),
        ("parameter", "chunked;q=1"),
        ("comma", ",chunked"),
        ("comma-behind", "chunked,"),
        ("empty", ""),
        ("vt", "\u{b}chunked"),
        ("del", "chunked\u{7f}"),
        ("nbsp", "\u{a0}chunked"),
    ];
    let mut all = Vec::new();
    for (label, coding) in codings {
        let te = format!("Transfer-Encoding: {coding}\r\n");
        // Behind the last chunk, or behind the 4 octets of the size line.
        let contents = [
            ("clte", "Content-Length: @LENGTH@\r\n", "0\r\n\r\n@SMUGGLED@"),
            ("tecl", "Content-Length: 4\r\n", "@SIZE@\r\n@SMUGGLED@\r\n0\r\n\r\n"),
        ];
        for (kind, cl, content) in contents {
            all.push(post(format!("{kind}-{label}"), &format!("{cl}{te}"), content, TE_CL)?);
            all.push(post(format!("{kind}-{label}-te-first"), &format!("{te}{cl}"), content, TE_CL)?);
        }
    }
    for (label, cl) in [("abc", "abc"), ("empty", ""), ("negative", "-1"), ("plus", "+4"), ("hex", "0x4")] {
        let lines = format!("Transfer-Encoding: chunked\r\nContent-Length: {cl}\r\n");
        all.push(post(format!("te-bad-cl-{label}"), &lines, "0\r\n\r\n@SMUGGLED@", TE_CL)?);
    }
    Ok(all)
}

fn codings() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    let chunked = "0\r\n\r\n@SMUGGLED@";
    for (label, lines) in [
        ("lines-chunked-identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
        ("lines-identity-chunked", "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n"),
        ("lines-chunked-chunked", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        ("lines-chunked-x", "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n"),
        ("lines-empty-chunked", "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n"),
        ("lines-gzip-chunked", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
        ("twice", "Transfer-Encoding: chunked, chunked\r\n"),
        ("chunked-first", "Transfer-Encoding: chunked, gzip\r\n"),
        ("gzip", "Transfer-Encoding: gzip, chunked\r\n"),
        ("deflate", "Transfer-Encoding: deflate\r\n"),
        ("identity", "Transfer-Encoding: identity\r\n"),
        ("trailers", "Transfer-Encoding: trailers\r\n"),
        ("space-colon", "Transfer-Encoding : chunked\r\n"),
        ("tab-colon", "Transfer-Encoding\t: chunked\r\n"),
        ("vt-colon", "Transfer-Encoding\u{b}: chunked\r\n"),
        ("fold", "Transfer-Encoding:\r\n chunked\r\n"),
        ("fold-tab", "Transfer-Encoding: \r\n\tchunked\r\n"),
        ("fold-before", "X-A: a\r\n Transfer-Encoding: chunked\r\n"),
        ("first-line-space", " Transfer-Encoding: chunked\r\n"),
        ("bare-lf-before", "X-A: b\nTransfer-Encoding: chunked\r\n"),
        ("bare-cr-before", "X-A: b\rTransfer-Encoding: chunked\r\n"),
        ("nul-name", "Transfer-Encoding\0: chunked\r\n"),
        ("nul-value", "Transfer-Encoding: chunked\0\r\n"),
        ("backspace", "Transfer-Encoding: chunked\u{8}\r\n"),
        ("underscore", "Transfer_Encoding: chunked\r\n"),
        ("dot", "Transfer.Encoding: chunked\r\n"),
        ("x-name", "X-Transfer-Encoding: chunked\r\n"),
        ("no-colon", "Transfer-Encoding chunked\r\n"),
        ("two-colons", "Transfer-Encoding:: chunked\r\n"),
        ("connection", "Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n"),
        ("semicolon", "Transfer-Encoding: chunked;\r\n"),
        ("single-quotes", "Transfer-Encoding: 'chunked'\r\n"),
        ("latin1", "Transfer-Encoding: chunk\u{e9}d\r\n"),
    ] {
        let case = post(format!("te-{label}"), lines, chunked, TE)?;
        // Named by Connection it is what it is anyway: of this connection only (RFC 9110 §7.6.1).
        all.push(if label == "connection" { case.and_smuggled() } else { case });
        if matches!(label, "underscore" | "dot" | "x-name" | "space-colon" | "fold-before" | "nul-name") {
            let both = format!("Content-Length: @LENGTH@\r\n{lines}");
            all.push(post(format!("te-{label}-cl"), &both, chunked, TE)?);
        }
    }
    let http10 = "POST @C@ HTTP/1.0\r\nHost: peer.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n@SMUGGLED@";
    all.push(Case::odd("te-http10", "POST", http10, "RFC 9112 §6.1: HTTP/1.0 has no transfer codings")?);
    let keep = "POST @C@ HTTP/1.0\r\nHost: peer.test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n@SMUGGLED@";
    all.push(Case::odd("te-http10-keep-alive", "POST", keep, "RFC 9112 §6.1: HTTP/1.0 has no transfer codings")?);
    Ok(all)
}

fn lengths() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, value) in [
        ("plus", "+5"),
        ("minus", "-5"),
        ("minus-zero", "-0"),
        ("hex", "0x5"),
        ("fraction", "5.0"),
        ("exponent", "5e0"),
        ("spaced", "5 5"),
        ("tabbed", "5\t5"),
        ("empty", ""),
        ("digits-underscore", "5_0"),
        ("parameter", "5;a=b"),
        ("quoted", "\"5\""),
        ("single-quoted", "'5'"),
        ("list-same", "5, 5"),
        ("list-other", "5, 6"),
        ("list-empty", "5,"),
        ("list-before", ",5"),
        ("octal", "0005"),
        ("octal-eight", "010"),
        ("wraps-64", "18446744073709551621"),
        ("wraps-32", "4294967301"),
        ("negative-64", "9223372036854775813"),
        ("huge", "1000000000000000000000000000000000000000000000000000000000000000000000005"),
        ("vt", "5\u{b}"),
        ("nul", "5\0"),
        ("nbsp", "\u{a0}5"),
        ("superscript", "5\u{b2}"),
        ("words", "five"),
        ("nan", "NaN"),
        ("infinity", "Infinity"),
        ("suffix", "5b"),
        ("cr", "5\r"),
    ] {
        let lines = format!("Content-Length: {value}\r\n");
        all.push(post(format!("cl-{label}"), &lines, "hello@SMUGGLED@", CL)?);
    }
    for (label, lines) in [
        ("twice-other", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        ("twice-other-0", "Content-Length: 5\r\nContent-Length: 0\r\n"),
        ("twice-0-other", "Content-Length: 0\r\nContent-Length: @LENGTH@\r\n"),
        ("twice-same", "Content-Length: 5\r\nContent-Length: 5\r\n"),
        ("twice-case", "Content-Length: 5\r\ncontent-length: 6\r\n"),
        ("twice-apart", "Content-Length: 5\r\nX-A: b\r\nContent-Length: 6\r\n"),
        ("space-colon", "Content-Length : 5\r\n"),
        ("tab-colon", "Content-Length\t: 5\r\n"),
        ("fold", "Content-Length:\r\n 5\r\n"),
        ("fold-second", "Content-Length: 5\r\n 0\r\n"),
        ("hidden-by-fold", "X-A: b\r\n Content-Length: @LENGTH@\r\n"),
        ("nul-name", "Content-Length\0: 5\r\n"),
        ("underscore", "Content_Length: @LENGTH@\r\n"),
        ("underscore-too", "Content-Length: 5\r\nContent_Length: @LENGTH@\r\n"),
        ("no-colon", "Content-Length 5\r\n"),
        ("two-colons", "Content-Length:: 5\r\n"),
        ("bare-lf-behind", "Content-Length: 5\nX-A: b\r\n"),
        ("connection", "Connection: Content-Length\r\nContent-Length: 5\r\n"),
        ("space-before", " Content-Length: 5\r\n"),
    ] {
        let case = post(format!("cl-{label}"), lines, "hello@SMUGGLED@", CL)?;
        // The one in the right spelling counts, the other does not arrive.
        all.push(if label == "underscore-too" { case.and_smuggled() } else { case });
    }
    Ok(all)
}

/// Chunked content with a smuggled request behind it.
fn chunked(name: String, content: &str) -> Result<Case> {
    post(name, "Transfer-Encoding: chunked\r\n", content, CHUNK)
}

fn chunks() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, size) in [
        ("hex-prefix", "0x5"),
        ("plus", "+5"),
        ("minus", "-5"),
        ("underscore", "0_5"),
        ("space-before", " 5"),
        ("tab-before", "\t5"),
        ("space-behind", "5 "),
        ("tab-behind", "5\t"),
        ("empty", ""),
        ("letter", "5g"),
        ("two", "5 5"),
        ("zeros", "0000005"),
        ("many-zeros", "000000000000000000000000000000005"),
        ("wraps-64", "10000000000000005"),
        ("wraps-32", "100000005"),
        ("negative-64", "8000000000000005"),
        ("fraction", "5.0"),
        ("comma", "5,5"),
        ("quoted", "\"5\""),
        ("nul", "5\0"),
        ("vt", "5\u{b}"),
        ("cr-before", "\r5"),
        ("superscript", "\u{b2}5"),
        ("colon", "5:5"),
        ("equals", "5=a"),
    ] {
        let case = chunked(format!("size-{label}"), &format!("{size}\r\nhello\r\n0\r\n\r\n@SMUGGLED@"))?;
        let is_plain = label.contains("zeros"); // 1*HEXDIG: then what follows is a request
        all.push(if is_plain { case.and_smuggled() } else { case });
    }
    for (label, size) in
        [("00", "00"), ("000", "000"), ("0x0", "0x0"), ("space", "0 "), ("minus", "-0"), ("letter", "0g")]
    {
        let case = chunked(format!("last-{label}"), &format!("5\r\nhello\r\n{size}\r\n\r\n@SMUGGLED@"))?;
        let is_plain = label.starts_with("00"); // last-chunk = 1*("0"): then what follows is a request
        all.push(if is_plain { case.and_smuggled() } else { case });
    }
    for (label, extension) in [
        ("bad-name", ";a b=c"),
        ("no-name", ";"),
        ("no-name-equals", ";=a"),
        ("no-value", ";a="),
        ("open-quote", ";a=\"b"),
        ("quote-inside", ";a=b\"c"),
        ("nul", ";a=\0"),
        ("control", ";a\u{1}=b"),
        ("del", ";a=\"\u{7f}\""),
        ("lf-inside", ";\nxx"),
        ("cr-inside", ";\rxx"),
        ("request-inside", ";\n@SMUGGLED@"),
        ("space-before", " ;a=b"),
        ("spaces", " ; a = b"),
        ("no-semicolon", " a=b"),
        ("latin1", ";a=\u{e9}"),
        ("backslash", ";a=\"\\"),
    ] {
        let case = chunked(format!("extension-{label}"), &format!("5{extension}\r\nhello\r\n0\r\n\r\n@SMUGGLED@"))?;
        let is_valid = matches!(label, "space-before" | "spaces"); // BWS stands around `;` and `=`
        all.push(if is_valid { case.and_smuggled() } else { case });
        if matches!(label, "lf-inside" | "cr-inside" | "open-quote" | "nul") {
            all.push(chunked(
                format!("extension-last-{label}"),
                &format!("5\r\nhello\r\n0{extension}\r\n\r\n@SMUGGLED@"),
            )?);
        }
    }
    let long = "e".repeat(20 * 1024);
    all.push(chunked("extension-long".to_owned(), &format!("5;{long}\r\nhello\r\n0\r\n\r\n@SMUGGLED@"))?);
    let many = format!("1;{}\r\nx\r\n", "e".repeat(20)).repeat(2_000);
    all.push(chunked("extensions-many".to_owned(), &format!("{many}0\r\n\r\n@SMUGGLED@"))?);
    let tiny = "1\r\nx\r\n".repeat(20_000);
    all.push(chunked("chunks-tiny".to_owned(), &format!("{tiny}0\r\n\r\n@SMUGGLED@"))?);
    Ok(all)
}

fn chunk_lines() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, content) in [
        ("size-lf", "5\nhello\r\n0\r\n\r\n@SMUGGLED@"),
        ("size-cr", "5\rhello\r\n0\r\n\r\n@SMUGGLED@"),
        ("size-lflf", "5\n\nhello\r\n0\r\n\r\n@SMUGGLED@"),
        ("data-lf", "5\r\nhello\n0\r\n\r\n@SMUGGLED@"),
        ("data-cr", "5\r\nhello\r0\r\n\r\n@SMUGGLED@"),
        ("data-nothing", "5\r\nhello0\r\n\r\n@SMUGGLED@"),
        ("data-crlfcrlf", "5\r\nhello\r\n\r\n0\r\n\r\n@SMUGGLED@"),
        ("data-xx", "5\r\nhelloXX0\r\n\r\n@SMUGGLED@"),
        ("data-lfcr", "5\r\nhello\n\r0\r\n\r\n@SMUGGLED@"),
        ("data-longer", "5\r\nhello world\r\n0\r\n\r\n@SMUGGLED@"),
        ("data-shorter", "b\r\nhello\r\n0\r\n\r\n@SMUGGLED@"),
        ("last-lf", "5\r\nhello\r\n0\n\r\n@SMUGGLED@"),
        ("last-crlf-lf", "5\r\nhello\r\n0\r\n\n@SMUGGLED@"),
        ("last-lflf", "5\r\nhello\r\n0\n\n@SMUGGLED@"),
        ("last-cr", "5\r\nhello\r\n0\r\r@SMUGGLED@"),
        ("last-crlf-cr", "5\r\nhello\r\n0\r\n\r@SMUGGLED@"),
        ("last-crlf-only", "5\r\nhello\r\n0\r\n@SMUGGLED@"),
        ("last-nothing", "5\r\nhello\r\n0@SMUGGLED@"),
        ("no-last", "5\r\nhello\r\n@SMUGGLED@"),
        ("no-chunks", "@SMUGGLED@"),
        ("empty-line-before", "\r\n0\r\n\r\n@SMUGGLED@"),
        ("all-lf", "5\nhello\n0\n\n@SMUGGLED@"),
        ("lf-in-first-all-others-right", "0\n\r\n@SMUGGLED@"),
    ] {
        all.push(chunked(format!("line-{label}"), content)?);
    }
    Ok(all)
}

fn trailers() -> Result<Vec<Case>> {
    let mut all = Vec::new();
    for (label, trailers) in [
        ("content-length", "Content-Length: 99\r\n"),
        ("transfer-encoding", "Transfer-Encoding: chunked\r\n"),
        ("host", "Host: evil.test\r\n"),
        ("authorization", "Authorization: Bearer x\r\n"),
        ("identity", "X-User-Id: 1\r\n"),
        ("lf", "X-T: a\n"),
        ("lf-between", "X-T: a\nX-U: b\r\n"),
        ("bare-cr", "X-T: a\rX-U: b\r\n"),
        ("space-colon", "X-T : a\r\n"),
        ("no-colon", "X-T\r\n"),
        ("no-name", ": a\r\n"),
        ("fold", "X-T: a\r\n b\r\n"),
        ("nul", "X-T: a\0\r\n"),
        ("request", "@SMUGGLED@"),
        ("space-first", " X-T: a\r\n"),
    ] {
        let content = format!("5\r\nhello\r\n0\r\n{trailers}\r\n@SMUGGLED@");
        let case = post(format!("trailer-{label}"), "Transfer-Encoding: chunked\r\n", &content, TRAILER)?;
        // In the grammar, so they may be dropped (§7.1.2), and what follows is a request.
        let is_grammar =
            matches!(label, "content-length" | "transfer-encoding" | "host" | "authorization" | "identity");
        all.push(if is_grammar { case.and_smuggled() } else { case });
    }
    let long = format!("5\r\nhello\r\n0\r\nX-T: {}\r\n\r\n@SMUGGLED@", "t".repeat(40 * 1024));
    all.push(post("trailer-long".to_owned(), "Transfer-Encoding: chunked\r\n", &long, TRAILER)?);
    let many = format!("5\r\nhello\r\n0\r\n{}\r\n@SMUGGLED@", "X-T: t\r\n".repeat(500));
    all.push(post("trailer-many".to_owned(), "Transfer-Encoding: chunked\r\n", &many, TRAILER)?);
    Ok(all)
}

/// Content where readers expect none, and none where they expect it.
fn without_content() -> Result<Vec<Case>> {
    let why = "RFC 9112 §6: the framing fields alone say whether there is content, not the method";
    let mut all = Vec::new();
    for method in ["GET", "HEAD", "DELETE", "OPTIONS"] {
        for (label, lines, content) in [
            ("length", "Content-Length: @LENGTH@\r\n", "@SMUGGLED@"),
            ("chunked", "Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
            ("chunked-cl", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n@SMUGGLED@"),
        ] {
            let text = format!("{method} @C@ HTTP/1.1\r\nHost: peer.test\r\n{lines}\r\n{content}");
            all.push(Case::odd(format!("content-{}-{label}", method.to_ascii_lowercase()), method, &text, why)?);
        }
    }
    for (label, lines) in [
        (
            "upgrade",
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        ),
        ("h2c", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"),
    ] {
        let text = format!("GET @C@ HTTP/1.1\r\nHost: peer.test\r\n{lines}Content-Length: @LENGTH@\r\n\r\n@SMUGGLED@");
        all.push(Case::odd(
            format!("content-{label}"),
            "GET",
            &text,
            "RFC 9110 §7.8: content belongs to the request before any switch",
        )?);
    }
    Ok(all)
}
