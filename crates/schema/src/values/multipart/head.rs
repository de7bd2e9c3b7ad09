//! The header of a part: its name, its file name and its media type (RFC 7578 §4.2 to §4.8).

use super::super::media::MediaType;
use super::super::violation::Rule;
use super::files;
use std::fmt;

/// Bytes of the name of a part.
const MAX_NAME_BYTES: usize = 256;

/// What the header of a part says.
#[derive(Clone, PartialEq, Eq)]
pub struct Head {
    name: Box<str>,
    file_name: Option<Box<str>>,
    media: Option<Box<str>>,
    length: Option<u64>,
}

impl fmt::Debug for Head {
    /// Never the name of a file: that is somebody's data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head({}, {})", self.name, if self.file_name.is_some() { "file" } else { "no file" })
    }
}

impl Head {
    /// The name of the field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of the file, if it is said to be one.
    #[must_use]
    pub fn file_name(&self) -> Option<&str> {
        self.file_name.as_deref()
    }

    /// The media type, as it was sent; a good one.
    #[must_use]
    pub fn media(&self) -> Option<&str> {
        self.media.as_deref()
    }

    /// The length that it claims.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// Reads the lines of a header, without the end of the last.
    ///
    /// # Errors
    /// Anything but one Content-Disposition and what else a part may have, each once.
    pub(super) fn parse(lines: &[u8]) -> Result<Self, Rule> {
        let text = std::str::from_utf8(lines).map_err(|_| Rule::PartHeader)?;
        let (mut disposition, mut media, mut length) = (None, None, None);
        let mut has_encoding = false;
        for line in text.split("\r\n") {
            // A line that begins with a blank is folded, and no token; what is left of CR and LF is a control character.
            let (name, value) = line.split_once(':').ok_or(Rule::PartHeader)?;
            let value = value.trim_matches([' ', '\t']);
            if value.chars().any(|letter| letter.is_control() && letter != '\t') {
                return Err(Rule::PartHeader);
            }
            let is_repeated = match name.to_ascii_lowercase().as_str() {
                "content-disposition" => disposition.replace(value).is_some(),
                "content-type" => media.replace(value).is_some(),
                "content-length" => length.replace(value).is_some(),
                // RFC 7578 §4.7: deprecated. What encodes nothing says nothing.
                "content-transfer-encoding" if is_identity(value) => std::mem::replace(&mut has_encoding, true),
                _ => return Err(Rule::PartHeader),
            };
            if is_repeated {
                return Err(Rule::PartHeader);
            }
        }
        let (name, file_name) = names(disposition.ok_or(Rule::PartHeader)?)?;
        if let Some(file_name) = file_name {
            files::check_name(file_name)?;
        }
        // Parts inside a part (RFC 7578 §4.3) are read by some and a file to others.
        let is_simple = |media| MediaType::parse(media).is_ok_and(|media| !media.is_multipart());
        if media.is_some_and(|media| !is_simple(media)) {
            return Err(Rule::PartHeader);
        }
        let length = length.map(digits).transpose()?;
        Ok(Self { name: name.into(), file_name: file_name.map(Into::into), media: media.map(Into::into), length })
    }

    /// Writes it in its one form, with the boundary before it. What it holds was read without escapes, so it needs none.
    pub fn write(&self, boundary: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", self.name).as_bytes(),
        );
        if let Some(file_name) = &self.file_name {
            out.extend_from_slice(format!("; filename=\"{file_name}\"").as_bytes());
        }
        if let Some(media) = &self.media {
            out.extend_from_slice(format!("\r\nContent-Type: {media}").as_bytes());
        }
        out.extend_from_slice(b"\r\n\r\n");
    }
}

fn is_identity(value: &str) -> bool {
    ["7bit", "8bit", "binary"].iter().any(|known| value.eq_ignore_ascii_case(known))
}

fn digits(text: &str) -> Result<u64, Rule> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_plain { text.parse().map_err(|_| Rule::PartHeader) } else { Err(Rule::PartHeader) }
}

/// `form-data; name="a"; filename="b"`: the name, and that of the file. No other parameter, neither twice, no backslash.
fn names(disposition: &str) -> Result<(&str, Option<&str>), Rule> {
    let (kind, mut rest) = disposition.split_once(';').ok_or(Rule::PartHeader)?;
    if !kind.trim_end_matches([' ', '\t']).eq_ignore_ascii_case("form-data") {
        return Err(Rule::PartHeader);
    }
    let (mut name, mut file_name) = (None, None);
    loop {
        let (parameter, value, after) = parameter(rest.trim_start_matches([' ', '\t'])).ok_or(Rule::PartHeader)?;
        let slot = match parameter.to_ascii_lowercase().as_str() {
            "name" => &mut name,
            "filename" => &mut file_name,
            // `filename*` and `name*` among them: whoever reads them sees another name.
            _ => return Err(Rule::PartHeader),
        };
        if slot.replace(value).is_some() {
            return Err(Rule::PartHeader);
        }
        let after = after.trim_start_matches([' ', '\t']);
        if after.is_empty() {
            break;
        }
        rest = after.strip_prefix(';').ok_or(Rule::PartHeader)?;
    }
    let name = name.filter(|name| !name.is_empty() && name.len() <= MAX_NAME_BYTES).ok_or(Rule::PartHeader)?;
    Ok((name, file_name))
}

/// One `name="value"` or `name=value`, and what follows.
fn parameter(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once('=')?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let (value, after) = quoted.split_once('"')?;
        return (!value.contains('\\')).then_some((name, value, after));
    }
    let (value, after) = rest.split_at_checked(rest.find([';', ' ', '\t']).unwrap_or(rest.len()))?;
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (!value.is_empty() && value.bytes().all(is_token)).then_some((name, value, after))
}
