//! Styles by name and what is meant where nothing is written (OpenAPI, Style Values).
//!
//! Which of them fit a location and a type is judged with the compiled schema, in `values`.

use crate::values::{Location, Style};
use portcullis_openapi::Version;

/// All styles by name, and the version that brought each.
pub(super) const NAMES: &[(&str, Style, Version)] = &[
    ("matrix", Style::Matrix, Version::V3_0),
    ("label", Style::Label, Version::V3_0),
    ("simple", Style::Simple, Version::V3_0),
    ("form", Style::Form, Version::V3_0),
    ("spaceDelimited", Style::SpaceDelimited, Version::V3_0),
    ("pipeDelimited", Style::PipeDelimited, Version::V3_0),
    ("deepObject", Style::DeepObject, Version::V3_0),
    ("cookie", Style::Cookie, Version::V3_2),
];

/// The style where none is written.
pub(super) const fn default(location: Location) -> Style {
    match location {
        Location::Path | Location::Header => Style::Simple,
        Location::Query | Location::QueryString | Location::Cookie | Location::Form => Style::Form,
    }
}

/// `explode` where none is written. For deepObject the specification says false and leaves that undefined; everybody means
/// the one form that it defines.
pub(super) const fn explodes(style: Style) -> bool {
    matches!(style, Style::Form | Style::Cookie | Style::DeepObject)
}
