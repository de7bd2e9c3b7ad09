//! Documents → schemas. Nothing is dropped: a keyword is enforced, means nothing by definition, or is an error.

mod applied;
mod array;
mod cycles;
mod finish;
mod listed;
mod object;
mod scalar;
mod strict;
mod tags;

use super::keywords;
use super::options::{Dialect, Options};
use super::pattern::Pattern;
use super::references::{self, References};
use super::schema::{Schema, SchemaId, Schemas, TypeSet};
use crate::waivers::Waivers;
use portcullis_core::config::{ConfigError, Severity};
use portcullis_openapi::{Documents, FileId, Kind, Node, Place};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// References that lead to references.
const MAX_HOPS: usize = 64;

/// Compiles the schemas of one set of documents. Each place in them is compiled once, however many lead to it.
pub struct Compiler<'d> {
    documents: &'d Documents,
    options: Options,
    references: References<'d>,
    arena: Vec<Schema>,
    places: Vec<Place>,
    /// By the address of the node.
    known: HashMap<usize, SchemaId>,
    queue: Vec<Item<'d>>,
    problems: Vec<Problem>,
    patterns: HashMap<Box<str>, Option<Arc<Pattern>>>,
    /// Schemas that imply an object, if they are used where no other says the type.
    implying: Vec<SchemaId>,
    /// Schemas that are used where no other schema says the type.
    untyped: HashSet<SchemaId>,
    /// Schemas of a property, an element or a whole value.
    entries: Vec<SchemaId>,
    /// References whose siblings were judged, by the address of the node.
    judged: HashSet<usize>,
    discriminators: Vec<tags::Discriminator>,
    is_dynamic: bool,
}

/// What is wrong with a document, and where.
struct Problem {
    place: Place,
    error: ConfigError,
    /// Whether the schemas mean something without it.
    is_waivable: bool,
}

/// A schema that is to be compiled.
#[derive(Clone, Copy)]
struct Item<'d> {
    id: SchemaId,
    node: &'d Node,
    resource: u32,
    used: Used,
}

/// Where a schema stands.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Used {
    /// It applies to a value that others apply to as well.
    is_in_place: bool,
    /// One of those says the type.
    is_typed: bool,
    /// Somewhere in `not`, `if` or `contains`, where more accepted may mean more refused.
    is_condition: bool,
}

impl Used {
    const VALUE: Self = Self { is_in_place: false, is_typed: false, is_condition: false };

    /// Of the value of a property or element.
    fn inside(self) -> Self {
        Self { is_condition: self.is_condition, ..Self::VALUE }
    }
}

/// Compiled schemas, and what the operator should look at.
pub struct Compiled {
    /// The schemas.
    pub schemas: Schemas,
    /// What loads and is doubtful, or was waived.
    pub warnings: Vec<ConfigError>,
}

impl<'d> Compiler<'d> {
    /// Nothing is compiled yet.
    #[must_use]
    pub fn new(documents: &'d Documents, options: Options) -> Self {
        Self {
            documents,
            references: References::new(documents, options.dialect),
            options,
            arena: Vec::new(),
            places: Vec::new(),
            known: HashMap::new(),
            queue: Vec::new(),
            problems: Vec::new(),
            patterns: HashMap::new(),
            implying: Vec::new(),
            untyped: HashSet::new(),
            entries: Vec::new(),
            judged: HashSet::new(),
            discriminators: Vec::new(),
            is_dynamic: false,
        }
    }

    /// Makes a file known under an absolute address. `false` if it is none.
    pub fn add_address(&mut self, uri: &str, file: FileId) -> bool {
        self.references.add(uri, file)
    }

    /// Compiles the schema that a node is, and all that it leads to. What is wrong is told by [`Self::finish`].
    pub fn schema(&mut self, node: &'d Node) -> SchemaId {
        let resource = self.references.resource_of(node, None);
        let id = self.child(node, resource, Used::VALUE);
        while let Some(item) = self.queue.pop() {
            let schema = self.compile(item);
            if let Some(slot) = self.arena.get_mut(item.id.0 as usize) {
                *slot = schema;
            }
        }
        id
    }

    /// All schemas, or all that is wrong with them. What is waived is not enforced, and a warning. A reference that leads
    /// nowhere, or round and round, cannot be waived.
    ///
    /// # Errors
    /// What is wrong with the schemas, in the order of the document.
    pub fn finish(mut self, waivers: &Waivers) -> Result<Compiled, Vec<ConfigError>> {
        self.judge_whole();
        let mut problems = std::mem::take(&mut self.problems);
        problems.sort_by_key(|problem| problem.place);
        let mut errors: Vec<ConfigError> = std::mem::take(&mut self.references.problems);
        let mut warnings = Vec::new();
        for problem in problems {
            let error = self.told(problem, waivers);
            if error.severity == Severity::Warning { warnings.push(error) } else { errors.push(error) }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let schemas = Schemas {
            arena: self.arena,
            integers: match self.options.dialect {
                Dialect::OpenApi30 => super::options::Integers::Lexical,
                Dialect::OpenApi31 => self.options.integers,
            },
            is_closed: self.options.is_closed,
            is_dynamic: self.is_dynamic,
        };
        Ok(Compiled { schemas, warnings })
    }

    fn told(&self, problem: Problem, waivers: &Waivers) -> ConfigError {
        let Problem { place, error, is_waivable } = problem;
        if !is_waivable || error.severity == Severity::Warning {
            return error;
        }
        let told = waivers.unenforced(self.documents, place, error.message, &error.accepted);
        ConfigError { nearest: error.nearest, ..told }
    }

    /// The schema of a node, now or later. References that say nothing else are what they lead to.
    fn child(&mut self, node: &'d Node, resource: u32, used: Used) -> SchemaId {
        let (mut node, mut resource) = (node, self.references.resource_of(node, Some(resource)));
        for _ in 0..MAX_HOPS {
            let Some(reference) = self.bare_reference(node) else { return self.reserve(node, resource, used) };
            self.judge_siblings(node);
            match self.references.resolve(reference.0, resource, reference.1) {
                Ok(target) if !self.references.is_passage(resource, target.resource) => {
                    return self.reserve(node, resource, used);
                }
                Ok(target) => (node, resource) = (target.node, target.resource),
                Err(error) => return self.unknown(node, reference.1, error),
            }
        }
        let error =
            self.documents.error(node.place, "reference cycle without progress", "references that end at a schema");
        self.unknown(node, node.place, error)
    }

    /// A `$ref` with nothing beside it that has an effect.
    fn bare_reference(&self, node: &'d Node) -> Option<(&'d str, Place)> {
        let reference = node.get("$ref")?;
        let ignores_others = self.options.dialect == Dialect::OpenApi30;
        let is_bare = |name: &str| name == "$ref" || keywords::is_annotation(name);
        (ignores_others || node.entries().iter().all(|(key, _)| is_bare(&key.text)))
            .then(|| Some((reference.as_str()?, reference.place)))?
    }

    fn reserve(&mut self, node: &'d Node, resource: u32, used: Used) -> SchemaId {
        let next = SchemaId(u32::try_from(self.arena.len()).unwrap_or(u32::MAX));
        let id = *self.known.entry(references::address(node)).or_insert(next);
        if !used.is_typed && !used.is_condition {
            self.untyped.insert(id);
        }
        if !used.is_in_place && !used.is_condition {
            self.entries.push(id);
        }
        if id == next {
            // Until it is compiled, nothing is valid.
            self.arena.push(Schema::NEVER);
            self.places.push(node.place);
            self.queue.push(Item { id, node, resource, used });
        }
        id
    }

    /// A reference that leads nowhere allows nothing.
    fn unknown(&mut self, node: &'d Node, place: Place, error: ConfigError) -> SchemaId {
        if let Some(known) = self.known.get(&references::address(node)) {
            return *known;
        }
        self.problems.push(Problem { place, error, is_waivable: false });
        let id = SchemaId(u32::try_from(self.arena.len()).unwrap_or(u32::MAX));
        self.known.insert(references::address(node), id);
        self.arena.push(Schema::NEVER);
        self.places.push(node.place);
        id
    }

    fn compile(&mut self, item: Item<'d>) -> Schema {
        match &item.node.kind {
            Kind::Bool(true) if self.allows_boolean(item.node) => {
                return Schema { resource: item.resource, ..Schema::ANY };
            }
            Kind::Bool(false) if self.allows_boolean(item.node) => return Schema::NEVER,
            Kind::Map(_) => {}
            _ => {
                self.error(item.node.place, "a schema is expected", "an object, or in OpenAPI 3.1 a boolean");
                return Schema::NEVER;
            }
        }
        if self.options.is_strict {
            self.strict(item.node);
        }
        let stated = self.types(item.node);
        let used = Used { is_typed: item.used.is_typed || stated.is_some(), ..item.used };
        let mut schema = Schema {
            types: stated.unwrap_or(TypeSet::ALL),
            is_read_only: self.flag(item.node, "readOnly"),
            is_write_only: self.flag(item.node, "writeOnly"),
            resource: item.resource,
            ..Schema::ANY
        };
        let item = Item { used, ..item };
        schema.listed = self.listed(item);
        schema.number = self.number_rules(item, schema.types);
        schema.string = self.string_rules(item, schema.types);
        schema.array = self.array_rules(item);
        schema.object = self.object_rules(item, stated);
        schema.applied = self.applied(item);
        schema.describes_objects = schema.object.is_some();
        schema.is_shared = schema.applied.is_some();
        if stated.is_none() && self.implies_object(item.node) {
            self.implying.push(item.id);
        }
        schema
    }

    fn allows_boolean(&self, _: &Node) -> bool {
        self.options.dialect == Dialect::OpenApi31
    }

    fn implies_object(&self, node: &Node) -> bool {
        let is_off = node.get("x-portcullis-implied-type").and_then(Node::as_bool) == Some(false);
        self.options.is_object_implied
            && !is_off
            && (node.get("properties").is_some() || node.get("required").is_some())
    }

    /// What `type`, and in OpenAPI 3.0 `nullable`, say.
    fn types(&mut self, node: &'d Node) -> Option<TypeSet> {
        let stated = node.get("type")?;
        let mut types = TypeSet::NONE;
        let names: Vec<&Node> = match &stated.kind {
            Kind::List(names) => names.iter().collect(),
            _ => vec![stated],
        };
        for name in names {
            let known = |text: &str| TypeSet::NAMES.iter().find(|(known, _)| *known == text).map(|(_, set)| *set);
            match name.as_str().map(|text| (text, known(text))) {
                Some((_, Some(set))) => types = types.or(set),
                Some((text, None)) => {
                    let known = TypeSet::NAMES.iter().map(|(name, _)| *name);
                    let error = self.documents.unknown(name.place, "type", text, known);
                    self.problems.push(Problem { place: name.place, error, is_waivable: true });
                }
                None => self.error(name.place, "`type` is no name of a type", "such as `string`"),
            }
        }
        if self.options.dialect == Dialect::OpenApi30 && self.flag(node, "nullable") {
            types = types.or(TypeSet::NULL);
        }
        Some(types)
    }

    fn error(&mut self, place: Place, message: impl Into<String>, accepted: impl Into<String>) {
        let error = self.documents.error(place, message, accepted);
        self.problems.push(Problem { place, error, is_waivable: true });
    }

    fn warn(&mut self, place: Place, message: impl Into<String>, accepted: impl Into<String>) {
        let error = self.documents.error(place, message, accepted).warning();
        self.problems.push(Problem { place, error, is_waivable: true });
    }

    /// A boolean keyword; `false` if it is not there.
    fn flag(&mut self, node: &Node, keyword: &str) -> bool {
        let Some(value) = node.get(keyword) else { return false };
        value.as_bool().unwrap_or_else(|| {
            self.error(value.place, format!("`{keyword}` is no boolean"), "`true` or `false`");
            false
        })
    }

    /// A keyword that counts something.
    fn count(&mut self, node: &Node, keyword: &str) -> Option<usize> {
        let value = node.get(keyword)?;
        let number = match &value.kind {
            Kind::Number(text) => portcullis_json::Number::parse(text),
            _ => None,
        };
        let count = number.filter(|number| number.is_integer() && !number.is_negative());
        let Some(count) = count else {
            self.error(value.place, format!("`{keyword}` is no count"), "an integer that is not negative");
            return None;
        };
        // What does not fit is more than any value has.
        Some(count.as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(usize::MAX))
    }

    /// Names in a list.
    fn names(&mut self, list: &Node, keyword: &str) -> Vec<Box<str>> {
        if !matches!(list.kind, Kind::List(_)) {
            self.error(list.place, format!("`{keyword}` is no list"), "a list of names of properties");
        }
        let mut names: Vec<Box<str>> = Vec::new();
        for name in list.items() {
            match name.as_str() {
                Some(text) if !names.iter().any(|known| **known == *text) => names.push(text.into()),
                Some(text) if self.options.is_strict => {
                    self.error(name.place, format!("`{text}` stands twice in `{keyword}`"), "each name once");
                }
                Some(_) => {}
                None => self.error(
                    name.place,
                    format!("`{keyword}` holds something that is no name"),
                    "names of properties",
                ),
            }
        }
        names
    }

    /// A pattern, compiled once however often it stands in the document. `None` if it cannot be enforced.
    fn pattern(&mut self, text: &str, place: Place) -> Option<Arc<Pattern>> {
        if let Some(known) = self.patterns.get(text).cloned() {
            if known.is_none() {
                self.error(place, format!("pattern `{}` cannot be enforced", shown(text)), "see the other error");
            }
            return known;
        }
        let compiled = match Pattern::new(text) {
            Ok(pattern) => Some(Arc::new(pattern)),
            Err(error) => {
                let message = format!("pattern `{}` cannot be enforced: {error}", shown(text));
                self.error(place, message, "a pattern that takes linear time, or a waiver of this one");
                None
            }
        };
        self.patterns.insert(text.into(), compiled.clone());
        compiled
    }
}

/// The beginning of a text of the document, for errors.
fn shown(text: &str) -> String {
    const MAX: usize = 200;
    if text.chars().nth(MAX).is_none() { text.to_owned() } else { text.chars().take(MAX).chain(['…']).collect() }
}
