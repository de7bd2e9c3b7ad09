//! What is read of a document.

use crate::values::media::{Ranges, Reading};
use crate::values::{Location, Style};
use portcullis_core::config::ConfigError;
use portcullis_openapi::{Node, Place, Version};

/// All operations of one document.
#[derive(Debug)]
pub struct Contract<'d> {
    /// What the document says it is.
    pub version: Version,
    /// In the order of the document.
    pub operations: Vec<Operation<'d>>,
    /// By name, in the order of the document.
    pub security_schemes: Vec<SecurityScheme<'d>>,
    /// Webhooks and callbacks: requests that the API sends, which are not enforced here.
    pub outbound: Vec<Outbound<'d>>,
    /// What is wrong (errors), and what has no effect or is waived (warnings); in the order of files and lines, each once.
    pub findings: Vec<ConfigError>,
}

/// One operation.
#[derive(Debug)]
pub struct Operation<'d> {
    /// As it is sent.
    pub method: Box<str>,
    /// The path template.
    pub path: &'d str,
    /// The operationId, or `METHOD /template`: as routing names it.
    pub name: Box<str>,
    /// Where its method stands.
    pub place: Place,
    /// `deprecated: true`.
    pub deprecated: bool,
    /// Those of the path item and its own, its own first where both have one.
    pub parameters: Vec<Parameter<'d>>,
    /// What it takes; `None`: no content.
    pub body: Option<Body<'d>>,
    /// What it answers; none where the document says nothing.
    pub responses: Vec<Response<'d>>,
    /// Its own security or that of the document: any one of these. Empty: the document asks for nobody.
    pub security: Vec<Requirement<'d>>,
    /// It has `callbacks`, which are outbound.
    pub has_callbacks: bool,
}

/// One parameter.
#[derive(Debug)]
pub struct Parameter<'d> {
    /// As it is written; names of header fields compare without case.
    pub name: &'d str,
    /// Where it begins.
    pub place: Place,
    /// Where its value stands in a request.
    pub location: Location,
    /// A request without it is refused.
    pub required: bool,
    /// `deprecated: true`.
    pub deprecated: bool,
    /// How its value is written and what it must hold.
    pub value: ParameterValue<'d>,
}

/// How the value of a parameter is written.
#[derive(Debug)]
pub enum ParameterValue<'d> {
    /// By a style.
    Styled(Styled<'d>),
    /// As content of one media type, its schema included.
    Content(MediaType<'d>),
    /// Not enforced, as the configuration says in writing: the name is known, the value is not looked at.
    Waived,
}

/// A value written by a style.
#[derive(Debug)]
pub struct Styled<'d> {
    /// Which one.
    pub style: Style,
    /// Each item or property stands for itself.
    pub explode: bool,
    /// Reserved characters stand unescaped.
    pub allow_reserved: bool,
    /// An empty value counts as absent.
    pub allow_empty_value: bool,
    /// What the value must hold.
    pub schema: &'d Node,
}

/// Content of a request.
#[derive(Debug)]
pub struct Body<'d> {
    /// Where it begins.
    pub place: Place,
    /// A request without content is refused.
    pub required: bool,
    /// By media type, in the order of the document. The configuration may have waived their schemas.
    pub content: Vec<MediaType<'d>>,
}

/// Content of one media type or range of them.
#[derive(Debug)]
pub struct MediaType<'d> {
    /// Its key, which [`Ranges`] reads.
    pub range: &'d str,
    /// Where its key stands.
    pub place: Place,
    /// How content of it is read.
    pub reading: Reading,
    /// What the content must hold; `None`: anything, or it is waived.
    pub schema: Option<&'d Node>,
    /// What each item of a sequence must hold (OpenAPI 3.2).
    pub item_schema: Option<&'d Node>,
    /// How parts or pairs are written, by property.
    pub encoding: Vec<Encoding<'d>>,
    /// Only its size and type can be checked: the configuration waived the rest.
    pub is_waived: bool,
}

/// How one property is written in a form.
#[derive(Debug)]
pub struct Encoding<'d> {
    /// Of which property.
    pub property: &'d str,
    /// Where its key stands.
    pub place: Place,
    /// Media types that a part may have; empty: what follows from the schema.
    pub content_types: Ranges,
    /// Header fields of a part.
    pub headers: Vec<Header<'d>>,
    /// `None`: the property is content of a media type, not written by a style.
    pub style: Option<(Style, bool)>,
    /// Reserved characters stand unescaped.
    pub allow_reserved: bool,
}

/// An answer of an operation.
#[derive(Debug)]
pub struct Response<'d> {
    /// For which status.
    pub status: StatusRange,
    /// Where its status stands.
    pub place: Place,
    /// Header fields it promises.
    pub headers: Vec<Header<'d>>,
    /// By media type; none: no content is promised.
    pub content: Vec<MediaType<'d>>,
}

/// Which status a response is for. An exact one comes before its class, and that before the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StatusRange {
    /// `200`
    Code(u16),
    /// `2XX`: all that begin with the digit.
    Class(u8),
    /// `default`
    Default,
}

/// A header field of a response or part, in the style `simple`.
#[derive(Debug)]
pub struct Header<'d> {
    /// As it is written; compares without case.
    pub name: &'d str,
    /// Where it begins.
    pub place: Place,
    /// It is always there.
    pub required: bool,
    /// What it holds.
    pub value: HeaderValue<'d>,
}

/// What a header field holds.
#[derive(Debug)]
pub enum HeaderValue<'d> {
    /// By the style `simple`.
    Styled {
        /// Properties are written `name=value`.
        explode: bool,
        /// What the value must hold.
        schema: &'d Node,
    },
    /// As content of one media type.
    Content(MediaType<'d>),
    /// Not enforced, as the configuration says in writing.
    Waived,
}

/// Security schemes that a request needs together.
#[derive(Debug, PartialEq, Eq)]
pub struct Requirement<'d> {
    /// Names and scopes; empty: nobody needs to be known.
    pub schemes: Vec<(&'d str, Vec<&'d str>)>,
}

/// One way to be known.
#[derive(Debug)]
pub struct SecurityScheme<'d> {
    /// Its key.
    pub name: &'d str,
    /// Where its key stands.
    pub place: Place,
    /// What it is.
    pub kind: SchemeKind<'d>,
}

/// What a security scheme is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemeKind<'d> {
    /// A key in a query, header field or cookie of this name.
    ApiKey(Location, &'d str),
    /// A scheme of `Authorization`, such as `bearer`.
    Http(&'d str),
    /// OAuth 2.
    OAuth2,
    /// OpenID Connect.
    OpenIdConnect,
    /// A client certificate.
    MutualTls,
}

/// A request that the API sends.
#[derive(Debug)]
pub struct Outbound<'d> {
    /// Where its key stands.
    pub place: Place,
    /// The name of the webhook or callback.
    pub name: &'d str,
    /// Schemas in it, so that their errors are found.
    pub schemas: Vec<&'d Node>,
}

impl Contract<'_> {
    /// Whether anything stands against enforcing the document.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == portcullis_core::config::Severity::Error)
    }
}

impl Operation<'_> {
    /// The document lets anybody call it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.security.is_empty() || self.security.iter().any(|requirement| requirement.schemes.is_empty())
    }
}

impl StatusRange {
    /// Whether it is for this status.
    #[must_use]
    pub fn covers(self, status: u16) -> bool {
        match self {
            Self::Code(code) => code == status,
            Self::Class(class) => status.checked_div(100) == Some(class.into()),
            Self::Default => true,
        }
    }
}
