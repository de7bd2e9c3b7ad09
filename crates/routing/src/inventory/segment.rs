//! Which part of a path is a word of the API and which is a value, and what a value is called.

/// Longest word in bytes.
const MAX_WORD: usize = 64;
/// So many digits are no name: `oauth2` and `v1` are, dates, numbers, hashes and UUIDs are not.
const FEW_DIGITS: usize = 3;
/// From so many characters on, both cases and a digit together are no name: tokens in base64.
const LONG: usize = 16;
/// Words that stand where values do and mean something else.
const RESERVED: &[&str] = &["me", "self", "current"];

/// Whether `segment`, as a canonical target spells it, looks like a value: of a kind that no name of a resource has, or so that
/// it should not be kept.
pub(super) fn is_value(segment: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let has = |test: fn(&u8) -> bool| segment.bytes().any(|octet| test(&octet));
    let is_token = segment.len() >= LONG && digits > 0 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    segment.len() > MAX_WORD
        || !segment.bytes().all(plain)
        || digits > FEW_DIGITS
        || digits == segment.len() && digits > 0
        || is_token
}

/// Whether it stays itself among values.
pub(super) fn is_reserved(segment: &str) -> bool {
    RESERVED.contains(&segment)
}

/// What a value behind `word` is called: `userId` behind `users`.
pub(super) fn parameter_name(word: Option<&str>) -> String {
    let parts = word.unwrap_or_default().split(|char: char| !char.is_ascii_alphanumeric());
    let mut name = String::new();
    for part in parts.filter(|part| !part.is_empty()) {
        let mut letters = part.chars();
        let first = letters.next().into_iter();
        if name.is_empty() {
            name.extend(first.flat_map(char::to_lowercase));
        } else {
            name.extend(first.flat_map(char::to_uppercase));
        }
        name.push_str(letters.as_str());
    }
    if !name.starts_with(|char: char| char.is_ascii_alphabetic()) {
        return "id".to_owned();
    }
    format!("{}Id", singular(&name))
}

fn singular(name: &str) -> String {
    if let Some(stem) = name.strip_suffix("ies") {
        return format!("{stem}y");
    }
    let with_e = ["sses", "shes", "ches", "xes"].iter().any(|ending| name.ends_with(ending));
    let stem =
        if with_e { name.strip_suffix("es") } else { name.strip_suffix('s').filter(|stem| !stem.ends_with('s')) };
    stem.filter(|stem| !stem.is_empty()).unwrap_or(name).to_owned()
}
