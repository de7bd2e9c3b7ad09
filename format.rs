//! Formats, all asserted: a format that is not is a check that nobody makes.

mod host;
mod text;
mod time;
mod uri;

use super::schema::TypeSet;

/// A format of strings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Base64 with padding (RFC 4648 §4).
    Base64,
    /// Base64 for URLs, without padding (RFC 4648 §5).
    Base64Url,
    Date,
    DateTime,
    Decimal,
    Duration,
    Email,
    Hostname,
    IdnEmail,
    IdnHostname,
    Ipv4,
    Ipv6,
    Iri,
    IriReference,
    JsonPointer,
    Regex,
    RelativeJsonPointer,
    /// A 64-bit integer as text.
    SignedText,
    Time,
    /// The same without sign.
    UnsignedText,
    Uri,
    UriReference,
    UriTemplate,
    Uuid,
}

/// What a name of a format means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// The types that it says something about.
    pub(crate) types: TypeSet,
    pub(crate) string: Option<Format>,
    /// The least and the greatest number.
    pub(crate) range: Option<(&'static str, &'static str)>,
}

const fn text(string: Format) -> Meaning {
    Meaning { types: TypeSet::STRING, string: Some(string), range: None }
}

const fn range(string: Option<Format>, least: &'static str, greatest: &'static str) -> Meaning {
    let numbers = TypeSet::INTEGER.or(TypeSet::NUMBER);
    let types = if string.is_some() { numbers.or(TypeSet::STRING) } else { numbers };
    Meaning { types, string, range: Some((least, greatest)) }
}

const NOTHING: Meaning = Meaning { types: TypeSet::STRING, string: None, range: None };

/// All that are known, `password` and `binary` as annotations.
pub(crate) const FORMATS: [(&str, Meaning); 31] = [
    ("int32", range(None, "-2147483648", "2147483647")),
    ("int64", range(Some(Format::SignedText), "-9223372036854775808", "9223372036854775807")),
    ("uint32", range(None, "0", "4294967295")),
    ("uint64", range(Some(Format::UnsignedText), "0", "18446744073709551615")),
    // The greatest finite number of each (IEEE 754); between two of them, upstreams round.
    ("float", range(None, "-340282346638528859811704183484516925440", "340282346638528859811704183484516925440")),
    ("double", range(None, "-1.7976931348623157e308", "1.7976931348623157e308")),
    ("decimal", Meaning { types: TypeSet::STRING.or(TypeSet::NUMBER).or(TypeSet::INTEGER), ..text(Format::Decimal) }),
    ("date", text(Format::Date)),
    ("date-time", text(Format::DateTime)),
    ("time", text(Format::Time)),
    ("duration", text(Format::Duration)),
    ("email", text(Format::Email)),
    ("idn-email", text(Format::IdnEmail)),
    ("hostname", text(Format::Hostname)),
    ("idn-hostname", text(Format::IdnHostname)),
    ("ipv4", text(Format::Ipv4)),
    ("ipv6", text(Format::Ipv6)),
    ("uri", text(Format::Uri)),
    ("uri-reference", text(Format::UriReference)),
    ("iri", text(Format::Iri)),
    ("iri-reference", text(Format::IriReference)),
    ("uri-template", text(Format::UriTemplate)),
    ("json-pointer", text(Format::JsonPointer)),
    ("relative-json-pointer", text(Format::RelativeJsonPointer)),
    ("uuid", text(Format::Uuid)),
    ("regex", text(Format::Regex)),
    ("byte", text(Format::Base64)),
    ("base64", text(Format::Base64)),
    ("base64url", text(Format::Base64Url)),
    ("binary", NOTHING),
    ("password", NOTHING),
];

pub(crate) fn meaning(name: &str) -> Option<Meaning> {
    FORMATS.iter().find(|(known, _)| *known == name).map(|(_, meaning)| *meaning)
}

impl Format {
    /// Whether a text has the format.
    pub(crate) fn accepts(self, text: &str) -> bool {
        match self {
            Self::Base64 => text::is_base64(text),
            Self::Base64Url => text::is_base64url(text),
            Self::Date => time::is_date(text),
            Self::DateTime => time::is_date_time(text),
            Self::Decimal => text::is_decimal(text),
            Self::Duration => time::is_duration(text),
            Self::Email => host::is_email(text, false),
            Self::Hostname => host::is_hostname(text),
            Self::IdnEmail => host::is_email(text, true),
            Self::IdnHostname => host::is_idn_hostname(text),
            Self::Ipv4 => text.parse::<std::net::Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<std::net::Ipv6Addr>().is_ok(),
            Self::Iri => uri::is_reference(text, true).is_some_and(|has_scheme| has_scheme),
            Self::IriReference => uri::is_reference(text, true).is_some(),
            Self::JsonPointer => uri::is_json_pointer(text),
            Self::Regex => text::is_regex(text),
            Self::RelativeJsonPointer => uri::is_relative_json_pointer(text),
            Self::SignedText => text::is_integer_text(text) && text.parse::<i64>().is_ok(),
            Self::Time => time::is_time(text),
            Self::UnsignedText => text::is_integer_text(text) && text.parse::<u64>().is_ok(),
            Self::Uri => uri::is_reference(text, false).is_some_and(|has_scheme| has_scheme),
            Self::UriReference => uri::is_reference(text, false).is_some(),
            Self::UriTemplate => uri::is_template(text),
            Self::Uuid => text::is_uuid(text),
        }
    }
}

#[cfg(test)]
mod tests;
