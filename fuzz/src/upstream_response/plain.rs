//! A response read in the plainest way, as leniently as any client may: what the gateway believes must be what it finds.

/// Status and content of the final response in `bytes`, which is one that the gateway has believed.
pub(super) fn read(bytes: &[u8], is_head: bool) -> (u16, Vec<u8>) {
    let mut reader = Reader(bytes);
    loop {
        let (status, fields) = reader.head();
        if matches!(status, 100 | 102..=199) {
            continue;
        }
        assert!((200..=599).contains(&status) && status != 407, "status {status}");
        let values = |name: &str| -> Vec<&str> {
            fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| &value[..]).collect()
        };
        let (lengths, codings) = (values("content-length"), values("transfer-encoding"));
        assert!(lengths.len() + codings.len() <= 1, "framed twice: {lengths:?} {codings:?}");
        let content = match (&lengths[..], &codings[..]) {
            _ if is_head || matches!(status, 204 | 304) => Vec::new(),
            ([length], _) => reader.counted(length.parse().expect("a length")),
            (_, [coding]) => {
                assert!(coding.eq_ignore_ascii_case("chunked"), "Transfer-Encoding {coding:?}");
                reader.chunked()
            }
            _ => reader.0.to_vec(),
        };
        return (status, content);
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A line without its end, LF or CRLF.
    fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == b'\n').expect("a whole line");
        let line = &self.0[..end];
        self.0 = &self.0[end + 1..];
        line.strip_suffix(b"\r").unwrap_or(line)
    }

    fn head(&mut self) -> (u16, Vec<(String, String)>) {
        let mut first = self.line();
        while first.is_empty() {
            first = self.line();
        }
        let text = String::from_utf8_lossy(first).into_owned();
        let mut words = text.split(' ');
        let version = words.next().unwrap_or_default();
        assert!(matches!(version, "HTTP/1.1" | "HTTP/1.0"), "status line {text:?}");
        let status = words.next().unwrap_or_default();
        assert_eq!(status.len(), 3, "status line {text:?}");
        let mut fields = Vec::new();
        loop {
            let line = String::from_utf8_lossy(self.line()).into_owned();
            if line.is_empty() {
                return (status.parse().expect("a status"), fields);
            }
            let (name, value) = line.split_once(':').expect("a field has a name");
            assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "field name {name:?}");
            assert!(!value.contains(['\r', '\0']), "a value that some end earlier: {value:?}");
            fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
        }
    }

    fn counted(&mut self, length: usize) -> Vec<u8> {
        let (content, rest) = self.0.split_at_checked(length).expect("content is whole");
        self.0 = rest;
        content.to_vec()
    }

    fn chunked(&mut self) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let line = String::from_utf8_lossy(self.line()).into_owned();
            let digits = line.split([';', ' ', '\t']).next().unwrap_or_default();
            let size = usize::from_str_radix(digits, 16).expect("a chunk size");
            if size == 0 {
                break;
            }
            content.extend(self.counted(size));
            assert!(self.line().is_empty(), "data ends where its size says");
        }
        while !self.line().is_empty() {}
        content
    }
}
