//! From a document to the contracts of its operations.

use super::content::{Contents, Entry};
use super::response::Answer;
use super::template::Template;
use super::{Body, Contract};
use crate::config::{Config, OnViolation, Over, ReadOnly, Unknown};
use crate::document::{self, Header, HeaderValue, MediaType, Operation, Parameter, ParameterValue};
use crate::engine::{Compiler, Dialect, OneWay, Options, Policy, SchemaId, Schemas, Undeclared};
use crate::shape::Shape;
use crate::values::media::{Ranges, Reading};
use crate::values::multipart::{self, FormData, PartKind, PartSpec};
use crate::values::{self, Cap, Content, Form, Location, Parameters, Spec, SpecError, Style, Writing};
use crate::waivers::Waivers;
use portcullis_core::config::{ConfigError, Severity};
use portcullis_json::Bounds;
use portcullis_openapi::{Documents, Limits, Node, Paths, Place, Version};
use std::path::Path;
use std::sync::Arc;

/// What a document says of its operations.
#[derive(Debug)]
pub struct Document {
    /// By the name that routing gives the operation too.
    pub contracts: Vec<(Box<str>, Arc<Contract>)>,
    /// What loads but does not do what it seems to say.
    pub warnings: Vec<ConfigError>,
}

/// Reads the document in `file` and compiles what its operations take and promise.
///
/// # Errors
/// All that is wrong with it, or cannot be enforced and is not waived.
pub fn compile(file: &Path, config: &Config) -> Result<Document, Vec<ConfigError>> {
    let documents = Documents::load(file, &Limits::default())?;
    let waivers = Waivers::new(&documents, &config.waive)?;
    let paths = Paths::read(&documents).map_err(|error| vec![error])?;
    let model = document::Contract::read(&documents, &paths, &waivers);
    let mut findings = model.findings;
    let dialect = match model.version {
        Version::V3_0 => Dialect::OpenApi30,
        Version::V3_1 | Version::V3_2 => Dialect::OpenApi31,
    };
    let mut compiler = Compiler::new(&documents, options(dialect, config));
    let mut drafts = Vec::with_capacity(model.operations.len());
    for operation in &model.operations {
        drafts.push(Draft::read(operation, &mut compiler));
    }
    for outbound in &model.outbound {
        for schema in &outbound.schemas {
            compiler.schema(schema); // its errors are found, and nothing is enforced by it (contract/O-48)
        }
    }
    let compiled = match compiler.finish(&waivers) {
        Ok(compiled) => compiled,
        Err(errors) => {
            findings.extend(errors);
            return Err(findings);
        }
    };
    findings.extend(compiled.warnings);
    let mut assembly =
        Assembly { documents: &documents, waivers: &waivers, schemas: Arc::new(compiled.schemas), config, findings };
    let contracts: Vec<_> = drafts
        .into_iter()
        .filter_map(|draft| Some((draft.operation.name.clone(), Arc::new(assembly.contract(draft)?))))
        .collect();
    let mut findings = assembly.findings;
    findings.extend(waivers.unused());
    if findings.iter().any(|finding| finding.severity == Severity::Error) {
        return Err(findings);
    }
    Ok(Document { contracts, warnings: findings })
}

fn options(dialect: Dialect, config: &Config) -> Options {
    let custom = config.formats.custom.iter();
    Options {
        annotation_formats: config.formats.annotations.iter().map(|name| name.as_str().into()).collect(),
        custom_formats: custom.map(|(name, pattern)| (name.as_str().into(), pattern.as_str().into())).collect(),
        ..Options::new(dialect)
    }
}

/// One operation whose schemas have names, but are not all compiled yet.
struct Draft<'d> {
    operation: &'d Operation<'d>,
    parameters: Named,
    body: Named,
    /// Fields and content of each.
    answers: Vec<(Named, Named)>,
}

/// The schemas of a list of parameters, fields or contents; `None` where there is none, or it is waived.
type Named = Vec<Option<SchemaId>>;

impl<'d> Draft<'d> {
    fn read(operation: &'d Operation<'d>, compiler: &mut Compiler<'d>) -> Self {
        let parameters = operation.parameters.iter().map(|parameter| compile_some(compiler, of_parameter(parameter)));
        let parameters = parameters.collect();
        let body = operation.body.iter().flat_map(|body| &body.content);
        let body = body.map(|media| compile_some(compiler, of_media(media))).collect();
        let answers = operation.responses.iter().map(|response| {
            let fields = response.headers.iter().map(|header| compile_some(compiler, of_header(header))).collect();
            (fields, response.content.iter().map(|media| compile_some(compiler, of_media(media))).collect())
        });
        let answers = answers.collect();
        Self { operation, parameters, body, answers }
    }
}

fn compile_some<'d>(compiler: &mut Compiler<'d>, schema: Option<&'d Node>) -> Option<SchemaId> {
    schema.map(|schema| compiler.schema(schema))
}

fn of_parameter<'d>(parameter: &Parameter<'d>) -> Option<&'d Node> {
    match &parameter.value {
        ParameterValue::Styled(styled) => Some(styled.schema),
        ParameterValue::Content(media) => of_media(media),
        ParameterValue::Waived => None,
    }
}

fn of_header<'d>(header: &Header<'d>) -> Option<&'d Node> {
    match &header.value {
        HeaderValue::Styled { schema, .. } => Some(schema),
        HeaderValue::Content(media) => of_media(media),
        HeaderValue::Waived => None,
    }
}

fn of_media<'d>(media: &MediaType<'d>) -> Option<&'d Node> {
    if media.is_waived { None } else { media.schema }
}

struct Assembly<'d> {
    documents: &'d Documents,
    waivers: &'d Waivers,
    schemas: Arc<Schemas>,
    config: &'d Config,
    findings: Vec<ConfigError>,
}

impl Assembly<'_> {
    fn contract(&mut self, draft: Draft<'_>) -> Option<Contract> {
        let operation = draft.operation;
        self.warn_of_pages(operation);
        let template = Template::parse(operation.path).map_err(|segment| {
            let message = format!("segment `{segment}` has text beside a parameter that a request would escape");
            self.refuse(operation.place, message, "letters, digits and punctuation beside a parameter");
        });
        let shapes: Vec<Shape> = draft.parameters.iter().map(|schema| self.shape(*schema)).collect();
        let options = values::Options { caps: self.caps(operation), unknown: self.unknown(), ..Default::default() };
        let parameters =
            operation.compile_parameters(self.documents, self.waivers, &options, shapes, &mut self.findings);
        let body = operation
            .body
            .as_ref()
            .map(|body| Body { required: body.required, contents: self.contents(&body.content, &draft.body) });
        let mut answers: Vec<Answer> = Vec::with_capacity(operation.responses.len());
        for (response, (fields, media)) in operation.responses.iter().zip(&draft.answers) {
            let specs = response.headers.iter().zip(fields).map(|(header, schema)| self.field(header, *schema));
            let specs: Vec<_> = specs.collect();
            let promised = Parameters::compile(specs, values::Options::default());
            answers.push(Answer {
                status: response.status,
                fields: promised.map_err(|errors| self.refuse_fields(errors, response.place)).ok()?,
                values: fields.iter().copied().collect(),
                contents: self.contents(&response.content, media),
            });
        }
        answers.sort_by_key(|answer| answer.status);
        let accept = body.as_ref().and_then(|body| http::HeaderValue::try_from(body.contents.ranges.accept()).ok());
        Some(Contract {
            schemas: Arc::clone(&self.schemas),
            template: template.ok()?,
            parameters: parameters?,
            values: draft.parameters.into(),
            body,
            answers: answers.into(),
            accept,
            request: self.request_policy(),
            response: self.response_policy(),
            bounds: Bounds::default(),
        })
    }

    fn request_policy(&self) -> Policy {
        let undeclared = match self.config.unknown {
            Unknown::Refuse => Undeclared::Refuse,
            Unknown::Strip => Undeclared::Strip,
            Unknown::Allow => Undeclared::Allow,
        };
        let one_way = match self.config.read_only {
            ReadOnly::Refuse => OneWay::Refuse,
            ReadOnly::Strip => OneWay::Strip,
        };
        Policy { undeclared, one_way, ..Policy::REQUEST }
    }

    /// What is only written never leaves, whatever becomes of the rest (contract/S-06).
    fn response_policy(&self) -> Policy {
        match self.config.on_violation {
            OnViolation::Strip => Policy::RESPONSE,
            OnViolation::Refuse => Policy { undeclared: Undeclared::Refuse, ..Policy::RESPONSE },
        }
    }

    fn unknown(&self) -> values::Unknown {
        match self.config.unknown {
            Unknown::Refuse => values::Unknown::Refuse,
            Unknown::Strip => values::Unknown::Strip,
            Unknown::Allow => values::Unknown::Allow,
        }
    }

    /// Page sizes of the configuration, as far as this operation has the parameter.
    fn caps(&self, operation: &Operation<'_>) -> Vec<Cap> {
        let is_declared = |name: &str| {
            let mut all = operation.parameters.iter();
            all.any(|parameter| parameter.location == Location::Query && parameter.name == name)
        };
        let sizes = self.config.page_sizes.iter().map(|size| &size.value).filter(|size| is_declared(&size.parameter));
        let over = |over| match over {
            Over::Refuse => values::Over::Refuse,
            Over::Clamp => values::Over::Clamp,
        };
        let cap = |size: &crate::config::PageSize| Cap {
            parameter: size.parameter.as_str().into(),
            min: 0,
            max: size.max,
            over: over(size.over),
        };
        sizes.map(cap).collect()
    }

    fn shape(&self, schema: Option<SchemaId>) -> Shape {
        schema.map_or(Shape::Any, |schema| self.schemas.shape(schema))
    }

    fn field(&mut self, header: &Header<'_>, schema: Option<SchemaId>) -> Spec {
        let writing = match &header.value {
            HeaderValue::Styled { explode, .. } => Writing::styled(Style::Simple, *explode),
            HeaderValue::Content(media) => Writing::Content(Self::content(media)),
            HeaderValue::Waived => Writing::Unread,
        };
        Spec {
            name: header.name.into(),
            location: Location::Header,
            writing,
            required: header.required,
            shape: self.shape(schema),
        }
    }

    /// How one value is written that is content of a media type; the document was asked before whether it can be read.
    fn content(media: &MediaType<'_>) -> Content {
        match media.reading {
            Reading::Json => Content::Json,
            Reading::Form => Content::Form,
            _ => Content::Text,
        }
    }

    fn contents(&mut self, media: &[MediaType<'_>], schemas: &[Option<SchemaId>]) -> Contents {
        let ranges = Ranges::compile(media.iter().map(|media| media.range)).unwrap_or_else(|error| {
            if let Some(media) = media.get(error.entry) {
                self.refuse(media.place, error.to_string(), "a media type");
            }
            Ranges::default()
        });
        let entries = media.iter().zip(schemas).map(|(media, schema)| self.entry(media, *schema)).collect();
        Contents { ranges, entries }
    }

    fn entry(&mut self, media: &MediaType<'_>, schema: Option<SchemaId>) -> Entry {
        let mut entry = Entry { schema: None, form: None, parts: None };
        if let Some(item) = media.item_schema {
            let message = format!("this build does not look into the items of `{}`", media.range);
            self.unenforced(item.place, message, "");
            return entry;
        }
        let Some(schema) = schema else { return entry };
        match media.reading {
            // Bytes that are a string: their number is all that can be said. The document was asked before.
            Reading::Opaque if !is_open_range(media.range) => return entry,
            Reading::Form => {
                let options = values::Options { unknown: self.unknown(), ..Default::default() };
                let shape = self.schemas.shape(schema);
                let other = match &shape {
                    Shape::Object { other, .. } => other.as_deref().cloned(),
                    _ => None,
                };
                let form = Form::compile(media.fields(&shape), other, options);
                entry.form = form.map_err(|errors| self.refuse_fields(errors, media.place)).ok();
            }
            Reading::Multipart => entry.parts = Some(self.parts(media, schema)),
            _ => {}
        }
        entry.schema = Some(schema);
        entry
    }

    /// The parts of a form, by the properties of its schema.
    fn parts(&self, media: &MediaType<'_>, schema: SchemaId) -> FormData {
        let shape = self.schemas.shape(schema);
        let parts = media.parts(self.documents, &shape, u64::MAX); // the whole has a bound of its own
        let other = match &shape {
            Shape::Object { other, .. } => other.as_deref(),
            _ => None,
        };
        let other = other.map(|shape| PartSpec {
            name: "".into(),
            kind: if matches!(shape, Shape::Any | Shape::Scalar(_)) {
                PartKind::Text(shape.clone())
            } else {
                PartKind::Json
            },
            is_repeated: false,
            types: Ranges::default(),
            max_bytes: u64::MAX,
            sniff: false,
        });
        FormData::new(parts, other, self.unknown(), multipart::Limits::default(), Bounds::default())
    }

    /// Page sizes that neither the document nor the configuration bounds (contract/V-25).
    fn warn_of_pages(&mut self, operation: &Operation<'_>) {
        let is_capped = |name: &str| self.config.page_sizes.iter().any(|size| size.value.parameter == name);
        let open = operation.unbounded_pages(self.documents).filter(|parameter| !is_capped(parameter.name));
        let warning = |parameter: &Parameter<'_>| {
            let message = format!("`{}` has no maximum: one request may ask for everything", parameter.name);
            let accepted = "`maximum` in its schema, or `contract: { page_sizes: [{ parameter: …, max: 100 }] }`";
            self.documents.error(parameter.place, message, accepted).warning()
        };
        self.findings.extend(open.map(warning).collect::<Vec<_>>());
    }

    fn unenforced(&mut self, at: Place, message: String, accepted: &str) {
        self.findings.push(self.waivers.unenforced(self.documents, at, message, accepted));
    }

    fn refuse(&mut self, at: Place, message: String, accepted: &str) {
        self.findings.push(self.documents.error(at, message, accepted));
    }

    fn refuse_fields(&mut self, errors: Vec<SpecError>, at: Place) {
        for error in errors {
            self.refuse(at, error.problem.to_string(), "");
        }
    }
}

fn is_open_range(range: &str) -> bool {
    range.starts_with("*/*") || range.to_ascii_lowercase().starts_with("application/*")
}
