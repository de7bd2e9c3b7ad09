//! HTTP/1.1 read in the plainest way: all bytes at hand, one search after the other, no state. It shares nothing with the
//! guard but the RFC. What the guard has let pass must leave it no choice, so every doubt is a panic.

use std::ops::Range;

/// One request whose content has come whole.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// From its first byte (an empty line before it included) to the end of its head.
    pub(crate) head: Range<usize>,
    /// Where the next one begins.
    pub(crate) end: usize,
    pub(crate) method: String,
    pub(crate) content: Vec<u8>,
}

/// What the bytes end in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    Between,
    Head,
    Content,
}

/// All requests in `bytes`, and what is left.
pub(crate) fn read(bytes: &[u8]) -> (Vec<Message>, Tail) {
    let mut messages = Vec::new();
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        let skipped = if rest.starts_with(b"\r\n") { 2 } else { 0 };
        let head = &rest[skipped..];
        if head.is_empty() || rest == b"\r" {
            return (messages, Tail::Between);
        }
        let Some(length) = find(head, b"\r\n\r\n") else { return (messages, Tail::Head) };
        let head_end = at + skipped + length + 4;
        let head = Head::read(&head[..length]);
        let Some((content, length)) = head.content(&bytes[head_end..]) else { return (messages, Tail::Content) };
        let end = head_end + length;
        messages.push(Message { head: at..head_end, end, method: head.method, content });
        at = end;
    }
}

pub(crate) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

struct Head {
    method: String,
    length: Option<usize>,
    is_chunked: bool,
}

impl Head {
    fn read(head: &[u8]) -> Self {
        let text = String::from_utf8_lossy(head).into_owned();
        let mut lines = text.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let words: Vec<&str> = first.split(' ').collect();
        assert!(matches!(words[..], [_, _, "HTTP/1.1" | "HTTP/1.0"]), "request line {first:?}");
        let mut found = Self { method: words[0].to_owned(), length: None, is_chunked: false };
        for line in lines {
            assert!(!line.contains(['\r', '\n', '\0']), "a field line that some end earlier: {line:?}");
            let (name, value) = line.split_once(':').expect("a field has a name");
            assert!(!name.is_empty() && name.bytes().all(is_token), "field name {name:?}");
            let value = value.trim_matches([' ', '\t']);
            let is_framing = |name: &str| matches!(name, "content-length" | "transfer-encoding");
            if is_framing(&name.to_ascii_lowercase()) {
                assert!(found.length.is_none() && !found.is_chunked, "framed twice: {text:?}");
            }
            match name.to_ascii_lowercase().as_str() {
                "content-length" => {
                    assert!(value.bytes().all(|byte| byte.is_ascii_digit()), "Content-Length {value:?}");
                    assert!(value == "0" || !value.starts_with('0'), "octal to some: {value:?}");
                    found.length = Some(value.parse().expect("a length that a u64 holds"));
                }
                "transfer-encoding" => {
                    assert!(value.eq_ignore_ascii_case("chunked"), "Transfer-Encoding {value:?}");
                    assert_eq!(words[2], "HTTP/1.1", "HTTP/1.0 has no codings");
                    found.is_chunked = true;
                }
                _ => {}
            }
        }
        found
    }

    /// The content at the start of `bytes`, decoded, and how many bytes it takes there; `None` where it has not come whole.
    fn content(&self, bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
        if self.is_chunked {
            return chunked(bytes);
        }
        let length = self.length.unwrap_or(0);
        Some((bytes.get(..length)?.to_vec(), length))
    }
}

fn chunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut content, mut at) = (Vec::new(), 0);
    loop {
        let line = &bytes[at..];
        let line = &line[..find(line, b"\r\n")?];
        assert!(!line.contains(&b'\n') && !line.contains(&b'\r'), "a size line that some end earlier: {line:?}");
        let digits = line.split(|byte| matches!(byte, b';' | b' ' | b'\t')).next().unwrap_or_default();
        assert!(!digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit), "chunk size {line:?}");
        let size = std::str::from_utf8(digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let size = size.expect("a size that a u64 holds");
        at += line.len() + 2;
        if size == 0 {
            break;
        }
        content.extend_from_slice(bytes.get(at..at.checked_add(size)?)?);
        at += size;
        let end = bytes.get(at..at + 2)?;
        assert_eq!(end, b"\r\n", "data ends where its size says");
        at += 2;
    }
    loop {
        let line = &bytes[at..];
        let line = &line[..find(line, b"\r\n")?];
        at += line.len() + 2;
        if line.is_empty() {
            return Some((content, at));
        }
        assert!(!line.contains(&b'\n') && !line.contains(&b'\r') && !line.contains(&0), "trailer {line:?}");
        let colon = line.iter().position(|byte| *byte == b':').expect("a trailer has a name");
        assert!(colon > 0 && line[..colon].iter().copied().all(is_token), "trailer name {line:?}");
    }
}

/// RFC 9110 §5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
