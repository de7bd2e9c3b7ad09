//! APIs: document, routes, and what holds for each operation.

use super::Compiler;
use super::controls::ApiModes;
use crate::config::plan::{Api, Settings};
use crate::config::shape::{self, Config};
use portcullis_core::bounds::MAX_BODY_BYTES;
use portcullis_core::config::{ConfigError, ScalarOr, Size, Spanned};
use portcullis_core::{ApiId, Control, Mode, Operation};
use portcullis_openapi::{Documents, Limits, Paths};
use portcullis_routing::{ApiConfig, ApiInput, Document, OperationConfig};
use portcullis_schema::contract::{self, Contract};
use portcullis_transport::upstream::Protocol;
use portcullis_transport::{cors, harden, websocket};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// All APIs of a configuration.
pub(super) struct Served {
    pub(super) routes: portcullis_routing::Compiled,
    pub(super) apis: Vec<Api>,
    pub(super) operations: Vec<Settings>,
    pub(super) contracts: contract::Compiled,
}

/// One API before its operations are known.
struct Draft<'a> {
    name: &'a Spanned<String>,
    written: &'a shape::Api,
    routing: ApiConfig,
    routed: Vec<(Spanned<String>, OperationConfig)>,
    modes: ApiModes<'a>,
    harden: Option<harden::Compiled>,
    cors: Option<cors::Compiled>,
    upstream: Option<usize>,
    upstream_path: Option<Box<str>>,
    default: Settings,
    /// Settings of single operations, not yet compared with the document.
    operations: Vec<(&'a Spanned<String>, Settings)>,
    document: Option<Document>,
}

impl Compiler<'_> {
    /// All APIs; `None` when a finding was an error.
    pub(super) fn apis(&mut self, config: &Config, exchange: Duration) -> Option<Served> {
        if config.apis.0.is_empty() {
            self.findings
                .push(ConfigError::new("`apis` is empty, so every request would be refused", "at least one API"));
        }
        let drafts: Vec<Draft<'_>> =
            config.apis.iter().map(|(name, api)| self.draft(config, name, &api.value, exchange)).collect();
        // An API that is being learned may begin with nothing.
        let is_closed =
            |draft: &&Draft<'_>| draft.default.modes.get(Control::RoutingOperation.index()) == Some(&Mode::Enforce);
        let closed = drafts.iter().filter(is_closed).filter_map(|draft| draft.document.as_ref());
        self.findings.extend(closed.filter_map(Document::emptiness));
        let inputs: Option<Vec<ApiInput<'_>>> = drafts
            .iter()
            .map(|draft| {
                let document = draft.document.as_ref()?;
                Some(ApiInput { name: draft.name, config: &draft.routing, document, operations: &draft.routed })
            })
            .collect();
        let routes = match portcullis_routing::compile(&inputs?) {
            Ok(routes) => routes,
            Err(errors) => {
                self.findings.extend(errors);
                drafts.iter().for_each(|draft| drop(self.contracts(draft, &[], std::slice::from_ref(&draft.default))));
                return None;
            }
        };
        let mut operations = Vec::new();
        let mut contracts = Vec::new();
        for (draft, id) in drafts.iter().zip(0..) {
            let settings = self.operations(draft, ApiId(id), &routes);
            contracts.extend(self.contracts(draft, routes.operations_of(ApiId(id)), &settings));
            operations.extend(settings);
        }
        let contracts = contract::Compiled::new(contracts);
        let apis: Option<Vec<Api>> = drafts.into_iter().map(Draft::finish).collect();
        Some(Served { routes, apis: apis?, operations, contracts })
    }

    /// The contract of each operation of an API. Where none is enforced or tried the document need not be one that could be.
    fn contracts(
        &mut self,
        draft: &Draft<'_>,
        known: &[Operation],
        settings: &[Settings],
    ) -> Vec<Option<Arc<Contract>>> {
        let is_used = |settings: &Settings| {
            let mut controls = [Control::ContractRequest, Control::ContractResponse].into_iter();
            controls.any(|control| settings.modes.get(control.index()) != Some(&Mode::Off))
        };
        let mut contracts = vec![None; known.len()];
        if !settings.iter().any(is_used) {
            return contracts;
        }
        match contract::compile(&draft.routing.openapi.value, &draft.written.contract) {
            Ok(document) => {
                self.findings.extend(document.warnings);
                let position: HashMap<&str, usize> =
                    known.iter().enumerate().map(|(position, operation)| (&*operation.name, position)).collect();
                for (name, contract) in document.contracts {
                    let slot = position.get(&*name).and_then(|&position| contracts.get_mut(position));
                    slot.into_iter().for_each(|slot| *slot = Some(Arc::clone(&contract)));
                }
            }
            Err(errors) => self.findings.extend(errors),
        }
        contracts
    }

    fn draft<'a>(
        &mut self,
        config: &Config,
        name: &'a Spanned<String>,
        api: &'a shape::Api,
        exchange: Duration,
    ) -> Draft<'a> {
        self.identity(&api.identity);
        let position = config.upstreams.position(&api.upstream.value);
        if position.is_none() {
            let at = &api.upstream.referenced;
            self.findings.push(ConfigError::unknown(at, "upstream", &api.upstream.value, config.upstreams.names()));
        }
        let upstream =
            position.and_then(|position| config.upstreams.0.get(position)).map(|(_, upstream)| &upstream.value);
        let total = upstream.and_then(|upstream| upstream.timeouts.total.as_ref());
        let timeout = self.period(total, exchange);
        let modes = self.modes(&api.controls);
        let harden = api.response_headers.compile().map_err(|errors| self.findings.extend(errors)).ok();
        let default = Settings {
            max_body: api.max_body.as_ref().map_or(MAX_BODY_BYTES, |size| size.value.0),
            timeout: Some(timeout),
            websocket: None,
            modes: modes.default,
        };
        let is_http2 = upstream.is_some_and(|upstream| upstream.protocol == Protocol::Http2);
        let own = |(name, operation): (&'a Spanned<String>, &'a Spanned<shape::Operation>)| {
            let settings = self.settings(&default, &operation.value);
            if settings.websocket.is_some() && is_http2 {
                self.error(name, "`websocket` behind `protocol: http2`", "an upstream with `protocol: http1`");
            }
            (name, settings)
        };
        let operations = api.operations.iter().map(own).collect();
        let openapi = Spanned { value: self.base.join(&api.openapi.value), ..api.openapi.clone() };
        Draft {
            name,
            written: api,
            document: self.document(&openapi),
            routing: ApiConfig {
                openapi,
                hosts: api.hosts.clone(),
                base_path: api.base_path.clone(),
                lifecycle: api.lifecycle.clone(),
            },
            routed: routed(api),
            modes,
            harden,
            cors: api.cors.as_ref().and_then(|cors| self.cors(cors)),
            upstream: position,
            upstream_path: api.upstream_path.as_ref().map(|path| self.upstream_path(path)),
            default,
            operations,
        }
    }

    /// An error that belongs to the whole gets the place of the whole.
    fn cors(&mut self, written: &Spanned<cors::Config>) -> Option<cors::Compiled> {
        let before = self.findings.len();
        let compiled = written.value.compile(&mut self.findings);
        for finding in self.findings.iter_mut().skip(before).filter(|finding| finding.line == 0) {
            (finding.line, finding.column) = (written.referenced.line(), written.referenced.column());
        }
        compiled
    }

    /// Reads a document. One that cannot be opened is an error of the line that names it.
    fn document(&mut self, openapi: &Spanned<std::path::PathBuf>) -> Option<Document> {
        self.files.push(openapi.value.clone());
        if let Err(error) = std::fs::File::open(&openapi.value) {
            let message = format!("`{}` cannot be read: {error}", openapi.value.display());
            self.error(openapi, message, "an OpenAPI document, relative to this file");
            return None;
        }
        let document = Documents::load(&openapi.value, &Limits::default()).and_then(|documents| {
            // Files that it refers to are watched as it is.
            self.files.extend(documents.files().skip(1).map(|file| documents.file(file).to_owned()));
            let paths = Paths::read(&documents).map_err(|error| vec![error])?;
            Document::of(&documents, &paths)
        });
        match document {
            Ok(document) => {
                self.findings.extend_from_slice(document.warnings());
                Some(document)
            }
            Err(errors) => {
                self.findings.extend(errors);
                None
            }
        }
    }

    fn identity(&mut self, written: &Spanned<ScalarOr<Vec<String>>>) {
        match &written.value {
            ScalarOr::Scalar(word) if word == "public" => {}
            ScalarOr::Scalar(word) => {
                self.error(
                    written,
                    format!("this build does not enforce `identity: {word}`"),
                    "`identity: public`: anybody may call",
                );
            }
            ScalarOr::Long(_) => {
                self.error(written, "this build does not enforce `identity`", "`identity: public`: anybody may call");
            }
        }
    }

    /// Checked so that a canonical target stays one below it.
    fn upstream_path(&mut self, written: &Spanned<String>) -> Box<str> {
        let path = written.value.as_str();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte);
        let trimmed = path.strip_suffix('/').unwrap_or(path);
        let is_fine = path.starts_with('/')
            && trimmed
                .split('/')
                .skip(1)
                .all(|segment| !matches!(segment, "" | "." | "..") && segment.bytes().all(plain));
        if !is_fine {
            self.error(written, format!("`{path}` is not a path to put before others"), "a path such as `/v2`, or `/`");
        }
        trimmed.into()
    }

    /// Settings of every operation of the document, in its order. The names of `controls:` are judged here.
    fn operations(&mut self, draft: &Draft<'_>, id: ApiId, routes: &portcullis_routing::Compiled) -> Vec<Settings> {
        let known = routes.operations_of(id);
        let position: HashMap<&str, usize> =
            known.iter().enumerate().map(|(position, operation)| (&*operation.name, position)).collect();
        let mut settings = vec![draft.default.clone(); known.len()];
        for (name, own) in &draft.operations {
            // A name that is not known was found by routing.
            if let Some(slot) = position.get(name.value.as_str()).and_then(|&position| settings.get_mut(position)) {
                slot.clone_from(own);
            }
        }
        for (name, control, mode) in &draft.modes.operations {
            let slot = position.get(name.value.as_str()).and_then(|&position| settings.get_mut(position));
            match slot.and_then(|settings| settings.modes.get_mut(control.index())) {
                Some(slot) => *slot = *mode,
                None => {
                    let names = known.iter().map(|operation| &*operation.name);
                    self.findings.push(ConfigError::unknown(&name.referenced, "operation", &name.value, names));
                }
            }
        }
        settings
    }

    fn settings(&mut self, default: &Settings, written: &shape::Operation) -> Settings {
        if let Some(identity) = &written.identity {
            self.identity(identity);
        }
        let max_body = written.max_body.as_ref().map_or(default.max_body, |Spanned { value: Size(bytes), .. }| *bytes);
        let streams = written.stream.as_ref().filter(|stream| stream.value);
        let timeout = match (streams, &written.timeout) {
            (Some(stream), Some(_)) => {
                self.error(stream, "`stream: true` beside `timeout`", "one of them: `stream` means no deadline");
                None
            }
            (Some(_), None) => None,
            (None, Some(period)) => Some(self.period(Some(period), Duration::ZERO)),
            (None, None) => default.timeout,
        };
        let websocket = written.websocket.as_ref();
        let websocket = websocket.and_then(|written| websocket::compile(written, &mut self.findings));
        Settings { max_body, timeout, websocket, modes: default.modes }
    }
}

impl Draft<'_> {
    fn finish(self) -> Option<Api> {
        Some(Api {
            name: self.name.value.as_str().into(),
            upstream: self.upstream?,
            upstream_path: self.upstream_path,
            preserve_host: self.written.preserve_host,
            has_hosts: self.routing.hosts.is_some(),
            harden: self.harden?,
            cors: self.cors,
            default: self.default,
        })
    }
}

/// What routing needs to know of single operations.
fn routed(api: &shape::Api) -> Vec<(Spanned<String>, OperationConfig)> {
    let of = |written: &shape::Operation| OperationConfig {
        internal: written.internal,
        lifecycle: written.lifecycle.clone(),
    };
    api.operations.iter().map(|(name, operation)| (name.clone(), of(&operation.value))).collect()
}
