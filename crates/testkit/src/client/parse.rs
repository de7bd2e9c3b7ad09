//! A tolerant HTTP/1 message reader: what a lenient peer would make of the bytes.

/// Header lines in order.
pub type Lines = Vec<(String, String)>;

/// The first line and the header lines of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Request line or status line, without its line end.
    pub first: String,
    /// The header lines.
    pub headers: Lines,
}

/// How the content of a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none, or exactly so many bytes.
    Length(usize),
    /// Chunks and a trailer section.
    Chunked,
    /// The connection's end is its end.
    Close,
}

/// Splits a head off the front of `bytes`: the head and how many bytes it took, once its blank line is there.
pub fn head(bytes: &[u8]) -> Option<(Head, usize)> {
    let end = find(bytes, b"\r\n\r\n").map(|at| at + 4);
    let end = end.or_else(|| find(bytes, b"\n\n").map(|at| at + 2))?;
    let text = crate::latin1::to_text(bytes.get(..end)?);
    let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
    let first = lines.next().unwrap_or_default().to_owned();
    Some((Head { first, headers: fields(lines) }, end))
}

/// The fields in `lines`, up to the first blank one.
pub fn fields<'a>(lines: impl Iterator<Item = &'a str>) -> Lines {
    lines
        .take_while(|line| !line.is_empty())
        .map(|line| {
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            (name.to_owned(), value.trim_matches([' ', '\t']).to_owned())
        })
        .collect()
}

/// The framing that `headers` ask for; `otherwise` when they say nothing.
pub fn framing(headers: &[(String, String)], otherwise: Framing) -> Framing {
    let last = |name| super::values(headers, name).last().map(|value| value.to_ascii_lowercase());
    if last("transfer-encoding").is_some_and(|value| value.ends_with("chunked")) {
        return Framing::Chunked;
    }
    last("content-length").and_then(|value| value.parse().ok()).map_or(otherwise, Framing::Length)
}

/// What a chunked content held so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chunked {
    /// The data of all chunks.
    pub body: Vec<u8>,
    /// The trailer section.
    pub trailers: Lines,
    /// Bytes used, framing included.
    pub used: usize,
    /// True when the last chunk and its trailer section were there.
    pub complete: bool,
}

/// Reads chunks from the front of `bytes` as far as they go.
pub fn chunked(bytes: &[u8]) -> Chunked {
    let mut out = Chunked::default();
    let mut rest = bytes;
    while let Some(at) = find(rest, b"\r\n") {
        let line = crate::latin1::to_text(rest.get(..at).unwrap_or_default());
        let digits = line.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(digits, 16) else { return out };
        rest = rest.get(at + 2..).unwrap_or_default();
        if size == 0 {
            let Some(end) = trailer_end(rest) else { return out };
            let text = crate::latin1::to_text(rest.get(..end).unwrap_or_default());
            out.trailers = fields(text.split("\r\n"));
            out.used = bytes.len() - rest.len() + end;
            out.complete = true;
            return out;
        }
        out.body.extend_from_slice(rest.get(..size.min(rest.len())).unwrap_or_default());
        let Some(after) = rest.get(size + 2..) else { return out };
        rest = after;
    }
    out
}

fn trailer_end(rest: &[u8]) -> Option<usize> {
    if rest.starts_with(b"\r\n") { Some(2) } else { find(rest, b"\r\n\r\n").map(|at| at + 4) }
}

/// Where `needle` first stands in `haystack`.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests;
