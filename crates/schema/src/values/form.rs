//! A form as a whole: application/x-www-form-urlencoded, as content or as the query.

use super::list;
use super::pairs::{self, Pair};
use super::query::{self, Found, Names, Owner};
use super::spec::{Content, Location, Options, Spec, SpecError, SpecProblem, Style, Unknown, Writing};
use super::text;
use super::violation::{Report, Rule, Violation};
use crate::shape::Shape;

/// The fields of a form. Which of them are required is for the schema of the whole to say.
#[derive(Debug)]
pub struct Form {
    fields: Vec<Spec>,
    names: Names,
    /// The shape of any other field.
    other: Option<Shape>,
    options: Options,
}

/// What a form says.
pub struct FormValues {
    /// A JSON object.
    pub json: Vec<u8>,
    /// The form to forward, if it is another than the one that came.
    pub rewritten: Option<String>,
    /// Undeclared pairs that passed or were taken out, up to [`MAX_VIOLATIONS`](super::MAX_VIOLATIONS).
    pub undeclared: Vec<Violation>,
}

impl std::fmt::Debug for FormValues {
    /// Never what they are: that is somebody's data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FormValues({} bytes)", self.json.len())
    }
}

impl Form {
    /// Takes the fields that the schema names, each in [`Location::Form`], and the shape of any other.
    ///
    /// # Errors
    /// All that can not be read without a guess.
    pub fn compile(fields: Vec<Spec>, other: Option<Shape>, options: Options) -> Result<Self, Vec<SpecError>> {
        let checked = fields.iter().enumerate();
        let mut errors: Vec<SpecError> = checked
            .filter_map(|(place, spec)| {
                Some(SpecError { parameter: Some(place), problem: check(spec, &options).err()? })
            })
            .collect();
        let names = Names::compile(&fields, Location::Form).unwrap_or_else(|error| {
            errors.push(error);
            Names::default()
        });
        if errors.is_empty() { Ok(Self { fields, names, other, options }) } else { Err(errors) }
    }

    /// The fields of a schema that says nothing of how they are written: values and lists of them by style `form`, exploded;
    /// what is deeper as JSON (OAS32 Encoding Object, `contentType`).
    ///
    /// # Errors
    /// As [`Form::compile`].
    pub fn of_shape(shape: &Shape, options: Options) -> Result<Self, Vec<SpecError>> {
        let Shape::Object { properties, other } = shape else { return Self::compile(Vec::new(), None, options) };
        let fields = properties.iter().map(|(name, shape)| field(name, shape)).collect();
        Self::compile(fields, other.as_deref().cloned(), options)
    }

    /// Reads a form.
    ///
    /// # Errors
    /// What is wrong, at most [`MAX_VIOLATIONS`](super::MAX_VIOLATIONS).
    pub fn read(&self, text: &[u8]) -> Result<FormValues, Vec<Violation>> {
        let whole = |rule| vec![Violation::new(Location::Form, "", rule)];
        // What is encoded is ASCII; bytes beyond are read in different charsets by different servers.
        let text =
            std::str::from_utf8(text).ok().filter(|text| text.is_ascii()).ok_or_else(|| whole(Rule::Encoding))?;
        let pairs = pairs::parse(text, self.options.bounds.members as usize).map_err(whole)?;
        let mut members = Members { json: vec![b'{'], violations: Report::default() };
        let (mut changes, mut undeclared) = (Vec::new(), Report::default());
        let mut own: Vec<(usize, &Pair<'_>, Owner)> = Vec::new();
        let mut others: Vec<&Pair<'_>> = Vec::new();
        for (place, pair) in pairs.iter().enumerate() {
            match (self.names.find(&pair.name), self.options.unknown) {
                (Found::Owned(owner), _) => own.push((owner.spec, pair, owner)),
                (Found::LookAlike, _) => members.refuse(&pair.name, Rule::LookAlike),
                (Found::Unknown, _) if self.other.is_some() => others.push(pair),
                (Found::Unknown, Unknown::Refuse) => members.refuse(&pair.name, Rule::Undeclared),
                (Found::Unknown, Unknown::Allow) if pair.has_semicolon() => members.refuse(&pair.name, Rule::Separator),
                (Found::Unknown, unknown) => {
                    undeclared.add(Location::Form, &pair.name, Rule::Undeclared);
                    changes.extend((unknown == Unknown::Strip).then_some((place, None)));
                }
            }
        }
        own.sort_by_key(|(spec, _, _)| *spec);
        for group in own.chunk_by(|(one, _, _), (other, _, _)| one == other) {
            let Some(spec) = group.first().and_then(|(spec, _, _)| self.fields.get(*spec)) else { continue };
            if spec.writing == Writing::Unread {
                continue;
            }
            let pairs: Vec<_> = group.iter().map(|(_, pair, owner)| (*pair, *owner)).collect();
            members.add(&spec.name, &self.options, |out| query::write(spec, &pairs, &self.options, out));
        }
        self.others(others, &mut members);
        members.json.push(b'}');
        if members.violations.is_empty() {
            let rewritten = pairs::rewrite(&pairs, &mut changes);
            Ok(FormValues { json: members.json, rewritten, undeclared: undeclared.into_vec() })
        } else {
            Err(members.violations.into_vec())
        }
    }

    /// Fields that the schema does not name, but allows.
    fn others(&self, mut others: Vec<&Pair<'_>>, members: &mut Members) {
        let Some(shape) = &self.other else { return };
        others.sort_by(|one, other| one.name.cmp(&other.name));
        for group in others.chunk_by(|one, other| one.name == other.name) {
            let Some(first) = group.first() else { continue };
            let spec = field(&first.name, shape);
            let pairs: Vec<_> = group.iter().map(|pair| (*pair, Owner { spec: 0, is_property: false })).collect();
            members.add(&spec.name, &self.options, |out| {
                if list::is_inherited(&spec.name) {
                    return Err(Rule::Undeclared);
                }
                spec.check(self.options.deep).map_err(|_| Rule::Style)?;
                query::write(&spec, &pairs, &self.options, out)
            });
        }
    }
}

fn field(name: &str, shape: &Shape) -> Spec {
    let is_value = |shape: &Shape| matches!(shape, Shape::Any | Shape::Scalar(_));
    let is_flat = is_value(shape) || matches!(shape, Shape::Array(item) if is_value(item));
    let writing = if is_flat { Writing::styled(Style::Form, true) } else { Writing::Content(Content::Json) };
    Spec { name: name.into(), location: Location::Form, writing, required: false, shape: shape.clone() }
}

fn check(field: &Spec, options: &Options) -> Result<(), SpecProblem> {
    if field.location != Location::Form {
        return Err(SpecProblem::Location(field.location.name()));
    }
    field.check(options.deep)
}

/// What is found while one form is read.
struct Members {
    json: Vec<u8>,
    violations: Report,
}

impl Members {
    fn refuse(&mut self, name: &str, rule: Rule) {
        self.violations.add(Location::Form, name, rule);
    }

    /// Adds one member.
    fn add(&mut self, name: &str, options: &Options, write: impl FnOnce(&mut Vec<u8>) -> Result<bool, Rule>) {
        let before = self.json.len();
        if before > 1 {
            self.json.push(b',');
        }
        let written = text::string(name, &options.bounds, &mut self.json).and_then(|()| {
            self.json.push(b':');
            write(&mut self.json)
        });
        if written != Ok(true) {
            self.json.truncate(before);
        }
        if let Err(rule) = written {
            self.refuse(name, rule);
        }
    }
}
