//! URIs, IRIs, their templates, and JSON Pointers.

/// RFC 3986 §4.1, or RFC 3987 with characters of any script. Tells whether it has a scheme; `None` if it is no reference.
pub(super) fn is_reference(text: &str, is_iri: bool) -> Option<bool> {
    let (rest, fragment) = split(text, '#');
    let (rest, query) = split(rest, '?');
    let are_good = |part: &str, more: &str| is_made_of(part, more, is_iri);
    let private = |part: &str| {
        // Of private use characters only a query may be made (RFC 3987 §2.2).
        is_iri && part.chars().any(is_private)
    };
    if !fragment.is_none_or(|fragment| are_good(fragment, ":@/?") && !private(fragment)) {
        return None;
    }
    if !query.is_none_or(|query| are_good(query, ":@/?")) || private(rest) {
        return None;
    }
    let scheme = rest.split_once(':').filter(|(scheme, _)| is_scheme(scheme));
    let path = scheme.map_or(rest, |(_, path)| path);
    let path = match path.strip_prefix("//") {
        Some(behind) => {
            let end = behind.find('/').unwrap_or(behind.len());
            let (authority, path) = behind.split_at_checked(end)?;
            if !is_authority(authority, is_iri) {
                return None;
            }
            path
        }
        // Without a scheme, a colon in the first segment would make one (RFC 3986 §4.2).
        None if scheme.is_none() && path.split('/').next().is_some_and(|first| first.contains(':')) => return None,
        None => path,
    };
    are_good(path, ":@/").then_some(scheme.is_some())
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_authority(text: &str, is_iri: bool) -> bool {
    let (user, host) = text.rsplit_once('@').map_or((None, text), |(user, host)| (Some(user), host));
    if !user.is_none_or(|user| is_made_of(user, ":", is_iri)) {
        return false;
    }
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(literal) = host.strip_prefix('[') {
        let Some((address, port)) = literal.split_once(']') else { return false };
        return is_ip_literal(address) && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port));
    }
    let (name, port) = split(host, ':');
    port.is_none_or(is_port) && is_made_of(name, "", is_iri)
}

fn is_ip_literal(text: &str) -> bool {
    let Some(future) = text.strip_prefix(['v', 'V']) else {
        return text.parse::<std::net::Ipv6Addr>().is_ok();
    };
    let is_inside = |character: char| is_plain(character) || character == ':';
    future.split_once('.').is_some_and(|(version, address)| {
        !version.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_hexdigit())
            && !address.is_empty()
            && address.chars().all(is_inside)
    })
}

/// Unreserved characters and sub-delimiters (RFC 3986 §2.2, §2.3).
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-._~!$&'()*+,;=".contains(character)
}

fn is_private(character: char) -> bool {
    matches!(u32::from(character), 0xe000..=0xf8ff | 0xf_0000..=0xf_fffd | 0x10_0000..=0x10_fffd)
}

/// RFC 3987 §2.2 `ucschar`.
fn is_of_any_script(character: char) -> bool {
    let code = u32::from(character);
    matches!(code, 0xa0..=0xd7ff | 0xf900..=0xfdcf | 0xfdf0..=0xffef)
        || (0x1_0000..0xf_0000).contains(&code) && code & 0xffff < 0xfffe
}

/// Plain characters, those in `more`, and percent-escapes.
fn is_made_of(text: &str, more: &str, is_iri: bool) -> bool {
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let is_good = match character {
            '%' => {
                let mut is_hex = || characters.next().is_some_and(|digit| digit.is_ascii_hexdigit());
                is_hex() && is_hex()
            }
            _ if character.is_ascii() => is_plain(character) || more.contains(character),
            _ => is_iri && (is_of_any_script(character) || is_private(character)),
        };
        if !is_good {
            return false;
        }
    }
    true
}

/// RFC 6570 §2.
pub(super) fn is_template(text: &str) -> bool {
    let mut rest = text;
    while let Some((literal, behind)) = rest.split_once('{') {
        let Some((expression, after)) = behind.split_once('}') else { return false };
        if !is_literal(literal) || !is_expression(expression) {
            return false;
        }
        rest = after;
    }
    is_literal(rest)
}

fn is_literal(text: &str) -> bool {
    let refused = |character: char| character.is_ascii_control() || " \"<>\\^`{|}".contains(character);
    !text.contains(refused) && are_escapes_good(text)
}

fn are_escapes_good(text: &str) -> bool {
    text.split('%').skip(1).all(|behind| behind.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2)
}

fn is_expression(text: &str) -> bool {
    text.trim_start_matches(|first| "+#./;?&=,!@|".contains(first)).len().saturating_add(1) >= text.len()
        && text.strip_prefix(|first| "+#./;?&=,!@|".contains(first)).unwrap_or(text).split(',').all(is_variable)
}

fn is_variable(text: &str) -> bool {
    let name = match text.split_once(':') {
        Some((name, length)) => {
            let is_length = (1..=4).contains(&length.len())
                && !length.starts_with('0')
                && length.bytes().all(|byte| byte.is_ascii_digit());
            if !is_length {
                return false;
            }
            name
        }
        None => text.strip_suffix('*').unwrap_or(text),
    };
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'%';
    name.split('.').all(|part| !part.is_empty() && part.bytes().all(is_inside)) && are_escapes_good(name)
}

/// RFC 6901 §3.
pub(super) fn is_json_pointer(text: &str) -> bool {
    (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(|behind| behind.starts_with(['0', '1']))
}

/// A number of levels up, then a pointer or `#`.
pub(super) fn is_relative_json_pointer(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let Some((number, rest)) = text.split_at_checked(digits) else { return false };
    !number.is_empty() && (number == "0" || !number.starts_with('0')) && (rest == "#" || is_json_pointer(rest))
}
