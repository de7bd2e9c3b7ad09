//! From bytes to the written shape.

use super::outline::Outline;
use super::shape::Config;
use super::tree::{self, Node};
use portcullis_core::bounds::MAX_CONFIG_BYTES;
use portcullis_core::config::{ConfigError, Spanned};
use serde::de::DeserializeOwned;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, Location, Options};
use std::io::Read;
use std::path::{Path, PathBuf};

/// Deepest nesting of the file.
const MAX_DEPTH: usize = 64;
/// Values and keys of the file, aliases expanded.
const MAX_NODES: usize = 1_000_000;

/// The file as the operator sees it, for excerpts: secrets that are written out are masked.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// As given on the command line.
    pub path: PathBuf,
    /// Masked text; empty when the file could not be read.
    pub text: String,
}

/// Reads the whole file: at most [`MAX_CONFIG_BYTES`], UTF-8, no NUL.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |error: std::io::Error| ConfigError::new(format!("cannot be read: {error}"), "");
    let file = std::fs::File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(ConfigError::new("not a file", ""));
    }
    let mut bytes = Vec::new();
    file.take(MAX_CONFIG_BYTES.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_CONFIG_BYTES) {
        return Err(ConfigError::new("too large", format!("at most {} MiB", MAX_CONFIG_BYTES >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let (line, column) = end_of(&String::from_utf8_lossy(
            error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default(),
        ));
        ConfigError { line, column, ..ConfigError::new("not UTF-8", "a file in UTF-8") }
    })?;
    match text.split_once('\0') {
        None => Ok(text),
        Some((before, _)) => {
            let (line, column) = end_of(before);
            Err(ConfigError { line, column, ..ConfigError::new("a NUL byte", "text only") })
        }
    }
}

/// Line and column of what follows `text`, both 1-based.
fn end_of(text: &str) -> (u64, u64) {
    let line = text.matches('\n').count().saturating_add(1);
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count().saturating_add(1);
    (u64::try_from(line).unwrap_or(0), u64::try_from(column).unwrap_or(0))
}

/// What reading the shape gives.
pub(super) struct Parsed {
    /// The shape, or every error that names and shapes alone show.
    pub config: Result<Config, Vec<ConfigError>>,
    /// `text` with written-out secrets masked.
    pub masked: String,
    /// Places and digests of its values; empty for what is no YAML.
    pub outline: Outline,
}

/// Reads `text` twice: once as a tree, to report all names that are wrong at once, and once into the types.
pub(super) fn parse(text: &str) -> Parsed {
    let tree: Spanned<Node> = match from_str(text) {
        Ok(tree) => tree,
        Err(error) => {
            let masked = mask_unparsed(text);
            return Parsed { config: Err(vec![error]), masked, outline: Outline::default() };
        }
    };
    let found = tree::check(&tree, super::schema());
    let outline = Outline::of(&tree.value);
    drop(tree);
    let config = if found.errors.is_empty() { from_str(text).map_err(|error| vec![error]) } else { Err(found.errors) };
    Parsed { config, masked: mask(text, &found.secrets), outline }
}

fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, ConfigError> {
    serde_saphyr::from_str_with_options(text, options()).map_err(|error| translate(&error))
}

/// Nothing is guessed: `no` is text, `010` is text, unknown tags and second keys are errors, aliases are bounded.
fn options() -> Options {
    let budget = serde_saphyr::budget! {
        max_depth: MAX_DEPTH,
        max_nodes: MAX_NODES,
        max_events: MAX_NODES.saturating_mul(3),
        max_documents: 1,
    };
    serde_saphyr::options! {
        budget: budget,
        with_snippet: false,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: true,
    }
}

/// The parser's errors in our words.
fn translate(error: &Error) -> ConfigError {
    let error = error.without_snippet();
    let place = error.location().unwrap_or(Location::UNKNOWN);
    let at = |message: String, accepted: &str| ConfigError::at(&place, message, accepted);
    match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            ConfigError::unknown(&place, "key", field, expected.iter().copied())
        }
        Error::SerdeUnknownVariant { variant, expected, .. } => {
            ConfigError::unknown(&place, "value", variant, expected.iter().copied())
        }
        Error::SerdeInvalidType { unexpected, expected, .. }
        | Error::SerdeInvalidValue { unexpected, expected, .. } => at(format!("found {unexpected}"), expected),
        Error::SerdeMissingField { field, .. } => at(format!("`{field}` is missing"), ""),
        Error::DuplicateMappingKey { key: Some(key), .. } => at(format!("`{key}` stands twice"), "each key once"),
        Error::MultipleDocuments { .. } | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            at("a second document begins here".to_owned(), "one document in the file")
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => at("the file is over a bound".to_owned(), &bounds()),
        Error::InvalidScalar { .. } => at("not a number that can stand here".to_owned(), "digits only, in range"),
        Error::Message { msg, .. } => match msg.split_once("; accepted: ") {
            Some((message, accepted)) => at(message.to_owned(), accepted),
            None => at(words(msg), ""),
        },
        Error::AliasError { error, .. } => {
            let inner = translate(error);
            ConfigError { line: place.line(), column: place.column(), ..inner }
        }
        other => at(words(&other.to_string()), ""),
    }
}

fn bounds() -> String {
    format!("at most {MAX_DEPTH} levels and {MAX_NODES} values, aliases counted as often as they are used")
}

/// A message of the parser: lower case, without its own place.
fn words(text: &str) -> String {
    let text = text.split(" at line ").next().unwrap_or_default();
    let text =
        text.rsplit_once("column ").map_or(text, |(_, rest)| rest.split_once(": ").map_or(rest, |(_, rest)| rest));
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}

/// Every character of a written-out secret becomes `*`; line breaks stay, so that places stay.
fn mask(text: &str, secrets: &[Location]) -> String {
    let spans: Vec<_> = secrets
        .iter()
        .map(|place| (place.span().offset(), place.span().offset().saturating_add(place.span().len())))
        .collect();
    if spans.is_empty() {
        return text.to_owned();
    }
    let masked = |at: u64| spans.iter().any(|&(start, end)| at >= start && at < end);
    text.chars().zip(0u64..).map(|(char, at)| if char != '\n' && masked(at) { '*' } else { char }).collect()
}

/// [`mask`] for text that is no YAML, where nobody knows which values are secret: all below `headers:` are taken for it.
fn mask_unparsed(text: &str) -> String {
    let stars = |text: &str| text.chars().map(|char| if char.is_whitespace() { char } else { '*' }).collect::<String>();
    let depth = |line: &str| line.chars().take_while(|char| *char == ' ').count();
    let mut below = None;
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if below.is_some_and(|headers| depth(line) <= headers && !line.trim().is_empty()) {
            below = None;
        }
        let kept = match (below, line.find("headers:")) {
            (Some(_), _) => line.find(':').map_or(0, |at| at.saturating_add(1)),
            (None, Some(at)) if !line.get(..at).is_some_and(|before| before.ends_with(['_', '-'])) => {
                below = Some(depth(line));
                at.saturating_add("headers:".len())
            }
            (None, _) => line.len(),
        };
        let (shown, hidden) = line.split_at_checked(kept).unwrap_or((line, ""));
        out.push_str(shown);
        out.push_str(&stars(hidden));
    }
    out
}
