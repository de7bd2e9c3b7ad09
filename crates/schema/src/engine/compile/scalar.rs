//! Keywords of numbers and strings.

use super::{Compiler, Item};
use crate::engine::format::{self, FORMATS, Meaning};
use crate::engine::options::Dialect;
use crate::engine::schema::{Bound, NumberRules, Side, StringRules, TypeSet};
use crate::engine::small::Small;
use portcullis_json::Number;
use portcullis_openapi::{Kind, Node};

const INT64: (&str, &str) = ("-9223372036854775808", "9223372036854775807");

impl<'d> Compiler<'d> {
    pub(super) fn number_rules(&mut self, item: Item<'d>, types: TypeSet) -> Option<Box<NumberRules>> {
        let node = item.node;
        let mut rules = NumberRules::default();
        for (keyword, exclusive, side, stricter) in [
            ("minimum", "exclusiveMinimum", Side::Minimum, Side::ExclusiveMinimum),
            ("maximum", "exclusiveMaximum", Side::Maximum, Side::ExclusiveMaximum),
        ] {
            let is_flag = self.options.dialect == Dialect::OpenApi30;
            let is_exclusive = is_flag && self.flag(node, exclusive);
            if let Some(text) = self.number(node, keyword) {
                rules.bounds.push(bound(if is_exclusive { stricter } else { side }, text, false));
            }
            if !is_flag && let Some(text) = self.number(node, exclusive) {
                rules.bounds.push(bound(stricter, text, false));
            }
        }
        if let Some(text) = self.number(node, "multipleOf") {
            let parsed = Number::parse(text);
            if parsed.is_none_or(Number::is_negative)
                || parsed.and_then(|number| number.is_multiple_of(number)).is_none()
            {
                let place = node.get("multipleOf").map_or(node.place, |value| value.place);
                self.error(place, "`multipleOf` cannot be enforced", "a number above zero of at most 18 digits");
            } else {
                rules.multiples.push(text.into());
            }
        }
        let is_integer = types.meets(TypeSet::INTEGER) && !types.meets(TypeSet::NUMBER);
        let range = self.meaning(node).and_then(|meaning| meaning.range);
        let implied = (is_integer && self.options.is_integer_bounded).then_some(INT64);
        if let Some((least, greatest)) = range.or(implied) {
            rules.bounds.push(bound(Side::Minimum, least, true));
            rules.bounds.push(bound(Side::Maximum, greatest, true));
        }
        let is_empty = rules.bounds.is_empty() && rules.multiples.is_empty();
        (!is_empty).then(|| Box::new(rules))
    }

    fn number(&mut self, node: &'d Node, keyword: &str) -> Option<&'d str> {
        let value = node.get(keyword)?;
        match &value.kind {
            Kind::Number(text) if Number::parse(text).is_some() => Some(text),
            _ => {
                self.error(value.place, format!("`{keyword}` is no number"), "a number");
                None
            }
        }
    }

    pub(super) fn string_rules(&mut self, item: Item<'d>, types: TypeSet) -> Option<Box<StringRules>> {
        let node = item.node;
        let mut rules = StringRules {
            min: self.count(node, "minLength").unwrap_or(0),
            max: self.count(node, "maxLength"),
            ..StringRules::default()
        };
        if let Some(pattern) = node.get("pattern") {
            match pattern.as_str() {
                Some(text) => rules.pattern = self.pattern(text, pattern.place),
                None => self.error(pattern.place, "`pattern` is no text", "a regular expression in quotes"),
            }
        }
        if types.meets(TypeSet::STRING) {
            rules.format = self.meaning(node).and_then(|meaning| meaning.string);
            rules.custom = self.custom_format(node);
        }
        let is_empty = rules.min == 0
            && rules.max.is_none()
            && rules.pattern.is_none()
            && rules.format.is_none()
            && rules.custom.is_none();
        (!is_empty).then(|| Box::new(rules))
    }

    fn format_name(&self, node: &'d Node) -> Option<&'d str> {
        node.get("format").filter(|_| self.options.is_format_asserted)?.as_str()
    }

    fn meaning(&self, node: &'d Node) -> Option<Meaning> {
        let name = self.format_name(node)?;
        let is_own = self.options.custom_formats.iter().any(|(known, _)| **known == *name)
            || self.options.annotation_formats.iter().any(|known| **known == *name);
        if is_own { None } else { format::meaning(name) }
    }

    fn custom_format(&mut self, node: &'d Node) -> Option<std::sync::Arc<crate::engine::pattern::Pattern>> {
        let name = self.format_name(node)?;
        let (_, pattern) = self.options.custom_formats.iter().find(|(known, _)| **known == *name)?;
        let whole = format!("^(?:{pattern})$");
        let place = node.get("format").map_or(node.place, |value| value.place);
        self.pattern(&whole, place)
    }

    /// A format that nothing is known of, or that says nothing of the types of the schema.
    pub(super) fn judge_format(&mut self, node: &'d Node, types: Option<TypeSet>) {
        let Some(value) = node.get("format") else { return };
        let Some(name) = value.as_str() else {
            self.error(value.place, "`format` is no name", "such as `date-time`");
            return;
        };
        let is_custom = self.options.custom_formats.iter().any(|(known, _)| **known == *name);
        let is_annotation = self.options.annotation_formats.iter().any(|known| **known == *name);
        if is_annotation {
            return;
        }
        let meaning =
            if is_custom { Some(TypeSet::STRING) } else { format::meaning(name).map(|meaning| meaning.types) };
        match meaning {
            None => {
                let known = FORMATS.iter().map(|(name, _)| *name);
                let mut error = self.documents.unknown(value.place, "format", name, known);
                error.accepted.push_str(", or a name under `formats.annotations` or `formats.custom`");
                self.problems.push(super::Problem { place: value.place, error, is_waivable: true });
            }
            Some(meant) if types.is_some_and(|types| !types.meets(meant)) => {
                self.error(value.place, format!("format `{name}` says nothing of values of this type"), "another type");
            }
            Some(_) => {}
        }
    }
}

fn bound(side: Side, text: &str, is_format: bool) -> Bound {
    let far = Number::parse(text).and_then(Small::all_to);
    Bound { side, text: text.into(), small: Small::new(text), far, is_format }
}
