//! Members of `Link` that speak of deprecation or sunset (RFC 8288 §3, RFC 9745 §3, RFC 8594 §6).

use http::header::LINK;
use http::{HeaderMap, HeaderValue};

/// Removes those members; others stay as they were written.
pub(super) fn remove(headers: &mut HeaderMap) {
    let lines: Vec<HeaderValue> = headers.get_all(LINK).iter().cloned().collect();
    if !lines.iter().any(|line| members(line.as_bytes()).any(speaks_of_life)) {
        return;
    }
    headers.remove(LINK);
    for line in lines {
        let kept: Vec<&[u8]> =
            members(line.as_bytes()).filter(|member| !speaks_of_life(member)).map(<[u8]>::trim_ascii).collect();
        if let Some(line) = HeaderValue::from_bytes(&kept.join(&b", "[..])).ok().filter(|line| !line.is_empty()) {
            headers.append(LINK, line);
        }
    }
}

/// The members of a list, commas in targets and quotes aside.
fn members(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    split(line, b',')
}

fn speaks_of_life(member: &[u8]) -> bool {
    let Some(target_end) = member.iter().position(|octet| *octet == b'>') else { return false };
    let parameters = member.get(target_end.saturating_add(1)..).unwrap_or_default();
    // Of several `rel` the first counts; all are looked at, because not every client knows.
    split(parameters, b';').any(|parameter| {
        let (name, value) = parameter.split_at(parameter.iter().position(|octet| *octet == b'=').unwrap_or(0));
        name.trim_ascii().eq_ignore_ascii_case(b"rel")
            && value
                .split(|octet| matches!(octet, b'=' | b'"' | b' ' | b'\t'))
                .any(|word| word.eq_ignore_ascii_case(b"deprecation") || word.eq_ignore_ascii_case(b"sunset"))
    })
}

/// Splits at `separator` outside of `<…>` and of quoted strings.
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut in_target, mut in_quotes, mut is_escaped) = (false, false, false);
    text.split(move |octet| {
        if std::mem::take(&mut is_escaped) {
            return false;
        }
        match octet {
            b'\\' if in_quotes => is_escaped = true,
            b'"' if !in_target => in_quotes = !in_quotes,
            b'<' if !in_quotes => in_target = true,
            b'>' if !in_quotes => in_target = false,
            octet => return *octet == separator && !in_target && !in_quotes,
        }
        false
    })
}
