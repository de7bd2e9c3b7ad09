//! Host names and e-mail addresses.

use idna::uts46::{AsciiDenyList, Hyphens, Uts46};

/// RFC 1123 §2.1, and labels of RFC 5890 where they say they are some.
pub(super) fn is_hostname(text: &str) -> bool {
    is_ascii_hostname(text) && (!text.contains("--") || text.split('.').all(is_reserved_label_valid))
}

fn is_ascii_hostname(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&label.len()) && label.bytes().all(is_inside) && !label.starts_with('-') && !label.ends_with('-')
}

/// Two hyphens in the third and fourth place are of `xn--` only (RFC 5891 §4.2.3.1).
fn is_reserved_label_valid(label: &str) -> bool {
    match label.as_bytes() {
        [b'x' | b'X', b'n' | b'N', b'-', b'-', ..] => is_idn(label),
        [_, _, b'-', b'-', ..] => false,
        _ => true,
    }
}

/// RFC 5890 §2.3.2.3: labels in ASCII or in any script.
pub(super) fn is_idn_hostname(text: &str) -> bool {
    !text.is_empty() && !text.ends_with(['.', '\u{3002}', '\u{ff0e}', '\u{ff61}']) && text.len() <= 1024 && is_idn(text)
}

fn is_idn(text: &str) -> bool {
    let uts46 = Uts46::new();
    let (unicode, outcome) = uts46.to_unicode(text.as_bytes(), AsciiDenyList::STD3, Hyphens::Check);
    if outcome.is_err() || !unicode.split('.').all(is_in_context) {
        return false;
    }
    // Its length counts as it goes over the wire.
    uts46
        .to_ascii(text.as_bytes(), AsciiDenyList::STD3, Hyphens::Check, idna::uts46::DnsLength::Verify)
        .is_ok_and(|ascii| is_ascii_hostname(&ascii))
}

/// What UTS 46 lets pass and RFC 5892 does not (appendix A.3 to A.9, §2.6).
fn is_in_context(label: &str) -> bool {
    let characters: Vec<char> = label.chars().collect();
    let any = |wanted: fn(char) -> bool| characters.iter().any(|character| wanted(*character));
    let is_kana_or_han = |character: char| matches!(character, '\u{3041}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{3005}' | '\u{3007}');
    let is_arabic = |character: char| matches!(character, '\u{660}'..='\u{669}');
    let is_extended = |character: char| matches!(character, '\u{6f0}'..='\u{6f9}');
    characters.iter().enumerate().all(|(place, character)| {
        let before = place.checked_sub(1).and_then(|place| characters.get(place)).copied();
        let after = characters.get(place.saturating_add(1)).copied();
        match character {
            '\u{b7}' => before == Some('l') && after == Some('l'),
            '\u{375}' => after.is_some_and(|next| matches!(next, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')),
            '\u{5f3}' | '\u{5f4}' => before.is_some_and(|last| matches!(last, '\u{590}'..='\u{5ff}')),
            '\u{30fb}' => any(is_kana_or_han),
            '\u{660}'..='\u{669}' => !any(is_extended),
            '\u{6f0}'..='\u{6f9}' => !any(is_arabic),
            '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}' => false,
            _ => true,
        }
    })
}

/// RFC 5321 §4.1.2, without what mail hardly has and attacks do: quoted local parts, address literals, domains without a dot.
pub(super) fn is_email(text: &str, is_international: bool) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |atom: &str| {
        let is_inside = |character: char| {
            character.is_ascii_alphanumeric()
                || "!#$%&'*+-/=?^_`{|}~".contains(character)
                || (is_international && !character.is_ascii() && !character.is_control() && !character.is_whitespace())
        };
        !atom.is_empty() && atom.chars().all(is_inside)
    };
    local.len() <= 64
        && text.len() <= 254
        && local.split('.').all(is_atom)
        && domain.contains('.')
        && if is_international { is_idn_hostname(domain) } else { is_hostname(domain) }
}
