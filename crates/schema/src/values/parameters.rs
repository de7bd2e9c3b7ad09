//! All parameters of an operation: compiled once, read for each request.

use super::form::Form;
use super::pairs::{self, Pair};
use super::percent::{self, Plus};
use super::query::{self, Found, Names, Owner};
use super::spec::{Content, Location, Options, Spec, SpecError, SpecProblem, Unknown, Writing};
use super::text;
use super::violation::{Report, Rule, Violation};
use super::{caps, cookies, path};
use crate::shape::Shape;
use http::{HeaderMap, HeaderName};
use portcullis_json::Bounds;
use std::ops::Range;

/// The parameters of one operation.
#[derive(Debug)]
pub struct Parameters {
    specs: Vec<Spec>,
    /// Of each of `specs`: its field, if it is one.
    headers: Vec<Option<HeaderName>>,
    /// Of each of `specs`: its least and its most.
    caps: Vec<Option<caps::Limit>>,
    query: Names,
    /// The parameter that is the query as a whole.
    whole_query: Option<usize>,
    /// Its fields, where it is a form.
    whole_form: Option<Form>,
    has_cookies: bool,
    options: Options,
}

/// What a request says.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// Names of the path template, each with what stands in its place: canonical, escapes not read.
    pub path: &'a [(&'a str, &'a str)],
    /// The query, without its `?`.
    pub query: Option<&'a str>,
    /// The header fields.
    pub headers: &'a HeaderMap,
}

/// What the parameters of a request say.
#[derive(Default)]
pub struct Values {
    /// A JSON array: one value for each entry of `found`.
    json: Vec<u8>,
    found: Vec<usize>,
    query: Option<String>,
    undeclared: Vec<Violation>,
}

impl Values {
    /// A JSON array, for [`portcullis_json::Document::parse`]: its elements are the values of [`Values::found`].
    #[must_use]
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Gives the JSON array away.
    #[must_use]
    pub fn into_json(self) -> Vec<u8> {
        self.json
    }

    /// Which parameters are present, in the order given when they were compiled. `Set-Cookie` once for each of its lines.
    #[must_use]
    pub fn found(&self) -> &[usize] {
        &self.found
    }

    /// The query to forward, if it is another than the one that came. Empty: no query.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// Undeclared pairs of the query that passed or were taken out, up to [`MAX_VIOLATIONS`](super::MAX_VIOLATIONS).
    #[must_use]
    pub fn undeclared(&self) -> &[Violation] {
        &self.undeclared
    }

    fn add(&mut self, spec: usize, write: impl FnOnce(&mut Vec<u8>) -> Result<bool, Rule>) -> Result<bool, Rule> {
        let before = self.json.len();
        self.json.push(if self.found.is_empty() { b'[' } else { b',' });
        let written = write(&mut self.json);
        if written == Ok(true) {
            self.found.push(spec);
        } else {
            self.json.truncate(before);
        }
        written
    }

    fn close(&mut self) {
        let end: &[u8] = if self.found.is_empty() { b"[]" } else { b"]" };
        self.json.extend_from_slice(end);
    }
}

impl std::fmt::Debug for Values {
    /// Never what they are: that is somebody's data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Values({} parameters, {} bytes)", self.found.len(), self.json.len())
    }
}

/// What is found while one request is read.
struct Reading<'a> {
    values: Values,
    violations: Report,
    /// What of the query goes, and what stands there instead; in order.
    changes: Vec<(usize, Option<String>)>,
    pairs: Vec<Pair<'a>>,
}

impl Reading<'_> {
    fn refuse(&mut self, location: Location, name: &str, rule: Rule) {
        self.violations.add(location, name, rule);
    }
}

impl Parameters {
    /// Takes the descriptions of all parameters of an operation.
    ///
    /// # Errors
    /// All that can not be read without a guess.
    pub fn compile(specs: Vec<Spec>, options: Options) -> Result<Self, Vec<SpecError>> {
        let mut errors = Vec::new();
        let mut headers = Vec::with_capacity(specs.len());
        for (place, spec) in specs.iter().enumerate() {
            let mut fail = |problem| errors.push(SpecError { parameter: Some(place), problem });
            if spec.location == Location::Form {
                fail(SpecProblem::Location(spec.location.name()));
            } else if let Err(problem) = spec.check(options.deep) {
                fail(problem);
            }
            let name = (spec.location == Location::Header).then(|| HeaderName::try_from(&*spec.name));
            if let Some(Err(_)) = name {
                fail(SpecProblem::HeaderName(spec.name.clone()));
            }
            headers.push(name.and_then(Result::ok));
        }
        let whole: Vec<usize> = places(&specs, Location::QueryString).collect();
        if !whole.is_empty() && (whole.len() > 1 || places(&specs, Location::Query).next().is_some()) {
            errors.push(SpecError { parameter: whole.last().copied(), problem: SpecProblem::QueryString });
        }
        errors.extend(collisions(&specs));
        let query = Names::compile(&specs, Location::Query).unwrap_or_else(|error| {
            errors.push(error);
            Names::default()
        });
        let caps = caps::compile(&specs, &options.caps, &mut errors);
        let has_cookies = places(&specs, Location::Cookie).next().is_some();
        let whole_query = whole.first().copied();
        let whole_form = whole_form(&specs, whole_query, &options, &mut errors);
        if errors.is_empty() {
            Ok(Self { specs, headers, caps, query, whole_query, whole_form, has_cookies, options })
        } else {
            Err(errors)
        }
    }

    /// The descriptions, in the order given.
    #[must_use]
    pub fn specs(&self) -> &[Spec] {
        &self.specs
    }

    /// What a value may hold.
    #[must_use]
    pub fn bounds(&self) -> &Bounds {
        &self.options.bounds
    }

    /// One of the parameters, in the order given when they were compiled.
    #[must_use]
    pub fn spec(&self, place: usize) -> Option<&Spec> {
        self.specs.get(place)
    }

    /// Reads the parameters of a request.
    ///
    /// # Errors
    /// What is wrong, at most [`MAX_VIOLATIONS`](super::MAX_VIOLATIONS), in the order of the descriptions.
    pub fn read(&self, input: &Input<'_>) -> Result<Values, Vec<Violation>> {
        let mut reading = Reading {
            values: Values::default(),
            violations: Report::default(),
            changes: Vec::new(),
            pairs: Vec::new(),
        };
        if self.whole_query.is_none() {
            match pairs::parse(input.query.unwrap_or_default(), self.options.max_pairs) {
                Ok(pairs) => reading.pairs = pairs,
                Err(rule) => reading.refuse(Location::Query, "", rule),
            }
        }
        let own = self.assign(&mut reading);
        let cookies =
            if self.has_cookies { cookies::parse(input.headers, self.options.max_cookies) } else { Ok(Vec::new()) };
        let cookies = cookies.unwrap_or_else(|rule| {
            reading.refuse(Location::Cookie, "", rule);
            Vec::new()
        });
        for (place, spec) in self.specs.iter().enumerate() {
            let outcome = match spec.location {
                _ if spec.writing == Writing::Unread => Ok(self.is_present(place, input, &own, &cookies)),
                Location::Path => self.path(place, spec, input, &mut reading),
                Location::Query => self.query(place, spec, &own, &mut reading),
                Location::QueryString => self.whole_query(place, spec, input, &mut reading),
                Location::Header => self.header(place, spec, input, &mut reading),
                Location::Cookie => reading.values.add(place, |out| cookies::write(spec, &cookies, &self.options, out)),
                Location::Form => Err(Rule::Style),
            };
            match outcome {
                Ok(false) if spec.required => reading.refuse(spec.location, &spec.name, Rule::Required),
                Ok(_) => {}
                Err(rule) => reading.refuse(spec.location, &spec.name, rule),
            }
        }
        if reading.violations.is_empty() {
            reading.values.query = pairs::rewrite(&reading.pairs, &mut reading.changes);
            reading.values.close();
            Ok(reading.values)
        } else {
            Err(reading.violations.into_vec())
        }
    }

    /// Whether a parameter that is not looked at is there.
    fn is_present(
        &self,
        place: usize,
        input: &Input<'_>,
        own: &[(usize, Owner)],
        cookies: &[cookies::Pair<'_>],
    ) -> bool {
        let Some(spec) = self.specs.get(place) else { return false };
        match spec.location {
            Location::Path => input.path.iter().any(|(name, _)| *name == &*spec.name),
            Location::Query => !range_of(own, place).is_empty(),
            Location::QueryString => input.query.is_some_and(|query| !query.is_empty()),
            Location::Header => self
                .headers
                .get(place)
                .is_some_and(|name| name.as_ref().is_some_and(|name| input.headers.contains_key(name))),
            Location::Cookie => cookies.iter().any(|(name, _)| *name == &*spec.name),
            Location::Form => false,
        }
    }

    /// Which pairs are whose; judges those that are nobody's.
    fn assign(&self, reading: &mut Reading<'_>) -> Vec<(usize, Owner)> {
        let mut own = Vec::with_capacity(reading.pairs.len());
        let mut undeclared = Report::default();
        for (place, pair) in reading.pairs.iter().enumerate() {
            match (self.query.find(&pair.name), self.options.unknown) {
                (Found::Owned(owner), _) => own.push((place, owner)),
                (Found::LookAlike, _) => reading.violations.add(Location::Query, &pair.name, Rule::LookAlike),
                (Found::Unknown, Unknown::Refuse) => {
                    reading.violations.add(Location::Query, &pair.name, Rule::Undeclared);
                }
                (Found::Unknown, Unknown::Allow) if pair.has_semicolon() => {
                    reading.violations.add(Location::Query, &pair.name, Rule::Separator);
                }
                (Found::Unknown, unknown) => {
                    undeclared.add(Location::Query, &pair.name, Rule::Undeclared);
                    reading.changes.extend((unknown == Unknown::Strip).then_some((place, None)));
                }
            }
        }
        reading.values.undeclared = undeclared.into_vec();
        own.sort_by_key(|(place, owner)| (owner.spec, *place));
        own
    }

    fn path(&self, place: usize, spec: &Spec, input: &Input<'_>, reading: &mut Reading<'_>) -> Result<bool, Rule> {
        let Some((_, raw)) = input.path.iter().find(|(name, _)| *name == &*spec.name) else { return Ok(false) };
        reading.values.add(place, |out| path::path(spec, raw, &self.options, out).map(|()| true))
    }

    fn query(
        &self,
        place: usize,
        spec: &Spec,
        own: &[(usize, Owner)],
        reading: &mut Reading<'_>,
    ) -> Result<bool, Rule> {
        let own = own.get(range_of(own, place)).unwrap_or_default();
        if own.is_empty() {
            return Ok(false);
        }
        let pairs: Vec<(&Pair<'_>, Owner)> =
            own.iter().filter_map(|(pair, owner)| Some((reading.pairs.get(*pair)?, *owner))).collect();
        if let Some(limit) = self.caps.get(place).and_then(Option::as_ref) {
            // What is clamped must be of its type before.
            query::write(spec, &pairs, &self.options, &mut Vec::new())?;
            if let Some(max) = limit.judge(&pairs)? {
                let name = pairs.first().and_then(|(pair, _)| pair.whole.split_once('=')).map_or("", |(name, _)| name);
                let changed = own.first().map(|(pair, _)| (*pair, Some(format!("{name}={max}"))));
                reading.changes.extend(changed);
                let write = |out: &mut Vec<u8>| text::write(max, &spec.shape, &self.options.bounds, out).map(|()| true);
                return reading.values.add(place, write);
            }
        }
        let present = reading.values.add(place, |out| query::write(spec, &pairs, &self.options, out))?;
        // An empty value that is allowed satisfies `required`.
        if !present && spec.required { Ok(true) } else { Ok(present) }
    }

    fn whole_query(
        &self,
        place: usize,
        spec: &Spec,
        input: &Input<'_>,
        reading: &mut Reading<'_>,
    ) -> Result<bool, Rule> {
        let Some(query) = input.query.filter(|query| !query.is_empty()) else { return Ok(false) };
        let Writing::Content(content) = spec.writing else { return Err(Rule::Style) };
        reading.values.add(place, |out| {
            if let Some(form) = &self.whole_form {
                let values = form.read(query.as_bytes()).map_err(first_rule)?;
                out.extend_from_slice(&values.json);
                return Ok(true);
            }
            // A plus is a blank to those who read a query as a form, and itself to all others.
            if query.contains('+') {
                return Err(Rule::Separator);
            }
            let value = percent::decode(query, Plus::Itself)?;
            match content {
                Content::Json => text::json(&value, &self.options.bounds, out)?,
                _ => text::write(&value, &spec.shape, &self.options.bounds, out)?,
            }
            Ok(true)
        })
    }

    fn header(&self, place: usize, spec: &Spec, input: &Input<'_>, reading: &mut Reading<'_>) -> Result<bool, Rule> {
        let Some(Some(name)) = self.headers.get(place) else { return Err(Rule::Style) };
        // Many servers read an empty field as none.
        if spec.required && input.headers.get_all(name).iter().all(|line| line.is_empty()) {
            return Ok(false);
        }
        // Each line of it is a value of its own (OAS32 Header Object): joined by commas, cookies can not be told apart.
        if name == http::header::SET_COOKIE {
            let mut is_present = false;
            for line in input.headers.get_all(name) {
                is_present = true;
                reading.values.add(place, |out| {
                    let line = line.to_str().map_err(|_| Rule::Encoding)?;
                    text::write(line, &spec.shape, &self.options.bounds, out).map(|()| true)
                })?;
            }
            return Ok(is_present);
        }
        reading.values.add(place, |out| path::header(spec, name, input.headers, &self.options, out))
    }
}

fn places(specs: &[Spec], location: Location) -> impl Iterator<Item = usize> {
    specs.iter().enumerate().filter(move |(_, spec)| spec.location == location).map(|(place, _)| place)
}

/// Where the pairs of one parameter stand among those that are sorted by it.
fn range_of(own: &[(usize, Owner)], spec: usize) -> Range<usize> {
    own.partition_point(|(_, owner)| owner.spec < spec)..own.partition_point(|(_, owner)| owner.spec <= spec)
}

/// The fields of a query that is a form as a whole. What of them is undeclared is refused, whatever the options say: nobody
/// would write the query again without them.
fn whole_form(
    specs: &[Spec],
    whole_query: Option<usize>,
    options: &Options,
    errors: &mut Vec<SpecError>,
) -> Option<Form> {
    let place = whole_query?;
    let spec = specs.get(place).filter(|spec| spec.writing == Writing::Content(Content::Form))?;
    let form = Form::of_shape(&spec.shape, Options { unknown: Unknown::Refuse, ..options.clone() });
    let problems = |found: Vec<SpecError>| {
        errors.extend(found.into_iter().map(|error| SpecError { parameter: Some(place), ..error }));
    };
    form.map_err(problems).ok()
}

fn first_rule(violations: Vec<Violation>) -> Rule {
    violations.first().map_or(Rule::Style, |violation| violation.rule)
}

/// Path parameters, header fields and cookies of one name. For the query, [`Names`] sees to it.
fn collisions(specs: &[Spec]) -> Vec<SpecError> {
    let mut names: Vec<(&'static str, String, usize)> = Vec::new();
    for (place, spec) in specs.iter().enumerate().filter(|(_, spec)| spec.location != Location::Query) {
        let own = match &spec.shape {
            Shape::Object { properties, .. } if spec.is_exploded_object() => {
                properties.iter().map(|(name, _)| name.to_string()).collect()
            }
            _ if spec.location == Location::Header => vec![spec.name.to_ascii_lowercase()],
            _ => vec![spec.name.to_string()],
        };
        names.extend(own.into_iter().map(|name| (spec.location.name(), name, place)));
    }
    names.sort();
    let two = names.windows(2).filter_map(|two| match two {
        [(place, name, _), (other_place, other, spec)] if place == other_place && name == other => {
            Some(SpecError { parameter: Some(*spec), problem: SpecProblem::Collision(name.as_str().into()) })
        }
        _ => None,
    });
    two.collect()
}
