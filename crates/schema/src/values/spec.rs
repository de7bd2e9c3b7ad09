//! What a document says of one parameter, and which combinations of it can be read without a guess.

use super::deep::Deep;
use crate::shape::Shape;
use portcullis_json::Bounds;

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// In a segment of the path.
    Path,
    /// A pair of the query.
    Query,
    /// The query as a whole.
    QueryString,
    /// A header field.
    Header,
    /// A cookie.
    Cookie,
    /// A field of a form that is the content.
    Form,
}

impl Location {
    /// As OpenAPI and our errors name it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::QueryString => "querystring",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Form => "form",
        }
    }
}

/// How a value is written (OAS32 Style Values).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// `;color=blue`
    Matrix,
    /// `.blue`
    Label,
    /// `blue,black`
    Simple,
    /// `color=blue&color=black`
    Form,
    /// `color=blue%20black`
    SpaceDelimited,
    /// `color=blue%7Cblack`
    PipeDelimited,
    /// `color[R]=100&color[G]=200`
    DeepObject,
    /// `color=blue; color=black`, nothing encoded
    Cookie,
}

/// A value in one piece, in the form of a media type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// `application/json`, or a type that ends in `+json`.
    Json,
    /// `text/plain`.
    Text,
    /// `application/x-www-form-urlencoded`; for the query as a whole only.
    Form,
}

/// How a parameter is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// It has a `schema`, and is written by a style.
    Styled {
        /// `style`
        style: Style,
        /// `explode`
        explode: bool,
        /// `allowReserved`: `;` may stand as it is.
        allow_reserved: bool,
        /// `allowEmptyValue`: an empty value counts as none.
        allow_empty: bool,
    },
    /// It has `content`.
    Content(Content),
    /// It is not looked at: the configuration says so in writing. The name is known, `name[…]` too, and the value passes.
    Unread,
}

impl Writing {
    /// A style without the two permissions.
    #[must_use]
    pub const fn styled(style: Style, explode: bool) -> Self {
        Self::Styled { style, explode, allow_reserved: false, allow_empty: false }
    }
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// `name`
    pub name: Box<str>,
    /// `in`
    pub location: Location,
    /// `style` and what belongs to it, or `content`.
    pub writing: Writing,
    /// `required`
    pub required: bool,
    /// As which type it is to be read.
    pub shape: Shape,
}

/// What becomes of a query parameter or form field that is not declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// The request is refused.
    #[default]
    Refuse,
    /// It is taken out.
    Strip,
    /// It passes.
    Allow,
}

/// What becomes of a number over the most allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// The request is refused.
    #[default]
    Refuse,
    /// The most allowed stands in its place.
    Clamp,
}

/// The least and the most that a number in the query may be, whatever its schema says: page sizes and offsets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// The query parameter.
    pub parameter: Box<str>,
    /// Less is refused.
    pub min: i64,
    /// More is refused or clamped.
    pub max: i64,
    /// Which of the two.
    pub over: Over,
}

/// What holds for all parameters of an operation.
#[derive(Clone, Debug)]
pub struct Options {
    /// Undeclared query parameters.
    pub unknown: Unknown,
    /// Whether an encoded separator inside an item of a list is data. Servers that decode first see two items there.
    pub is_encoded_separator_data: bool,
    /// How deep `deepObject` goes.
    pub deep: Deep,
    /// Pairs of a query: more are refused, whatever they are. A form holds as many as an object has members.
    pub max_pairs: usize,
    /// Cookies of a request.
    pub max_cookies: usize,
    /// Page sizes and offsets.
    pub caps: Vec<Cap>,
    /// What a value may hold.
    pub bounds: Bounds,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            unknown: Unknown::Refuse,
            is_encoded_separator_data: false,
            deep: Deep::default(),
            max_pairs: portcullis_core::bounds::MAX_QUERY_PAIRS,
            max_cookies: 50,
            caps: Vec::new(),
            bounds: Bounds::default(),
        }
    }
}

/// Why parameters cannot be read without a guess.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    /// Which of the parameters, in the order given; `None` for a cap.
    pub parameter: Option<usize>,
    /// Why.
    pub problem: SpecProblem,
}

/// What is wrong with a description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecProblem {
    /// OAS32 Style Values.
    #[error("style `{0:?}` is not for a parameter in `{1}`")]
    Place(Style, &'static str),
    /// OAS32 Style Examples, "n/a".
    #[error("style `{0:?}` can not write this type with `explode: {1}`")]
    Combination(Style, bool),
    /// No style says how to write it.
    #[error(
        "a style writes no array or object inside another; use `content`, or `style: deepObject` where the configuration allows it to be nested"
    )]
    Nested,
    /// It stands elsewhere.
    #[error("a parameter in `{0}` is not read here")]
    Location(&'static str),
    /// An array or object, in a cookie, by `form` and exploded: it would hold `&`.
    #[error("several cookies can not be written by style `form`; use `style: cookie`, or `explode: false`")]
    FormCookie,
    /// An exploded object that may have any name, where other parameters stand.
    #[error("an exploded object here needs `additionalProperties: false`: any name would be its property")]
    OpenObject,
    /// Two that read one name.
    #[error("`{0}` is read by two parameters")]
    Collision(Box<str>),
    /// OAS32 Parameter Locations.
    #[error("`in: querystring` stands alone, once, and has `content`")]
    QueryString,
    /// `content` that has no meaning here.
    #[error("content of this type stands only in `in: querystring`")]
    Content,
    /// The name of a header field.
    #[error("`{0}` is no name of a header field")]
    HeaderName(Box<str>),
    /// A cap on what is no number in the query.
    #[error("no query parameter `{0}` is a number")]
    Cap(Box<str>),
}

/// What kind of value a shape is, as styles see it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Scalar,
    Array,
    Object,
}

impl Spec {
    /// Whether it can be read without a guess.
    ///
    /// # Errors
    /// A combination that OpenAPI does not define, or defines ambiguously.
    pub(crate) fn check(&self, deep: Deep) -> Result<(), SpecProblem> {
        let (style, explode) = match self.writing {
            Writing::Styled { style, explode, .. } => (style, explode),
            Writing::Content(Content::Form) if self.location != Location::QueryString => {
                return Err(SpecProblem::Content);
            }
            Writing::Content(_) | Writing::Unread => return Ok(()),
        };
        let is_placed = match self.location {
            Location::Path => matches!(style, Style::Matrix | Style::Label | Style::Simple),
            Location::Query | Location::Form => {
                matches!(style, Style::Form | Style::SpaceDelimited | Style::PipeDelimited | Style::DeepObject)
            }
            Location::QueryString => return Err(SpecProblem::QueryString),
            Location::Header => style == Style::Simple,
            Location::Cookie => matches!(style, Style::Form | Style::Cookie),
        };
        if !is_placed {
            return Err(SpecProblem::Place(style, self.location.name()));
        }
        let kind = self.kind(deep)?;
        let is_defined = match style {
            Style::SpaceDelimited | Style::PipeDelimited => kind != Kind::Scalar && !explode,
            Style::DeepObject => kind == Kind::Object || (kind == Kind::Array && deep.depth > 1),
            _ => true,
        };
        if !is_defined {
            return Err(SpecProblem::Combination(style, explode));
        }
        if self.location == Location::Cookie && explode && kind != Kind::Scalar {
            if style == Style::Form {
                return Err(SpecProblem::FormCookie);
            }
            if matches!(self.shape, Shape::Object { other: Some(_), .. }) {
                return Err(SpecProblem::OpenObject);
            }
        }
        Ok(())
    }

    /// # Errors
    /// An array or object inside another.
    fn kind(&self, deep: Deep) -> Result<Kind, SpecProblem> {
        if self.is_deep() && levels(&self.shape, deep.depth) > deep.depth {
            return Err(SpecProblem::Nested);
        }
        let is_leaf = |shape: &Shape| matches!(shape, Shape::Any | Shape::Scalar(_));
        let (kind, is_flat) = match &self.shape {
            Shape::Any | Shape::Scalar(_) => (Kind::Scalar, true),
            Shape::Array(item) => (Kind::Array, is_leaf(item)),
            Shape::Object { properties, other } => {
                let others = other.as_deref().into_iter();
                (Kind::Object, properties.iter().map(|(_, shape)| shape).chain(others).all(is_leaf))
            }
        };
        if is_flat || self.is_deep() { Ok(kind) } else { Err(SpecProblem::Nested) }
    }

    /// As violations name it: `query.limit`.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{}.{}", self.location.name(), self.name)
    }

    /// Whether its properties stand as pairs, or cookies, of their own names.
    pub(crate) fn is_exploded_object(&self) -> bool {
        let is_exploded =
            matches!(self.writing, Writing::Styled { style: Style::Form | Style::Cookie, explode: true, .. });
        is_exploded && matches!(self.shape, Shape::Object { .. })
    }

    /// Whether its properties stand as `name[property]`.
    pub(crate) fn is_deep(&self) -> bool {
        matches!(self.writing, Writing::Styled { style: Style::DeepObject, .. })
    }

    /// Whether `;` may stand in it unencoded.
    pub(crate) fn is_reserved_allowed(&self) -> bool {
        matches!(self.writing, Writing::Styled { allow_reserved: true, .. })
    }
}

/// Arrays and objects inside each other; more than `most` is not counted.
fn levels(shape: &Shape, most: usize) -> usize {
    let Some(rest) = most.checked_sub(1) else {
        return usize::from(!matches!(shape, Shape::Any | Shape::Scalar(_)));
    };
    let deepest = match shape {
        Shape::Any | Shape::Scalar(_) => return 0,
        Shape::Array(item) => levels(item, rest),
        Shape::Object { properties, other } => {
            let shapes = properties.iter().map(|(_, shape)| shape).chain(other.as_deref());
            shapes.map(|shape| levels(shape, rest)).max().unwrap_or(0)
        }
    };
    deepest.saturating_add(1)
}
