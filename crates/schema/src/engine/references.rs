//! What `$ref` and its kin name: files, `$id`, anchors (JSON Schema core §8.2, §9).

use super::keywords::{self, Inside};
use super::options::Dialect;
use portcullis_core::config::ConfigError;
use portcullis_openapi::{Documents, FileId, Kind, Node, Place};
use std::collections::HashMap;
use url::Url;

/// A file, or a schema with `$id` in one.
struct Resource<'d> {
    root: &'d Node,
    /// Without fragment. Of a file, a name that nothing outside can have.
    uri: Option<Url>,
    is_file: bool,
    anchors: HashMap<&'d str, &'d Node>,
    dynamic: HashMap<&'d str, &'d Node>,
}

/// All resources of a set of documents that were come across.
pub(crate) struct References<'d> {
    documents: &'d Documents,
    dialect: Dialect,
    resources: Vec<Resource<'d>>,
    by_uri: HashMap<String, u32>,
    files: HashMap<FileId, u32>,
    /// Of each schema, by [`address`].
    of: HashMap<usize, u32>,
    pub(crate) problems: Vec<ConfigError>,
}

/// What a reference names.
#[derive(Clone, Copy)]
pub(crate) struct Target<'d> {
    pub(crate) node: &'d Node,
    pub(crate) resource: u32,
}

/// Nodes are borrowed from documents that outlive this, so each has one place in memory.
pub(crate) fn address(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
}

impl<'d> References<'d> {
    pub(crate) fn new(documents: &'d Documents, dialect: Dialect) -> Self {
        Self {
            documents,
            dialect,
            resources: Vec::new(),
            by_uri: HashMap::new(),
            files: HashMap::new(),
            of: HashMap::new(),
            problems: Vec::new(),
        }
    }

    /// A document that is known under this address. Nothing is ever fetched.
    pub(crate) fn add(&mut self, uri: &str, file: FileId) -> bool {
        let Some(uri) = Url::parse(uri).ok() else { return false };
        let number = self.file(file);
        // A schema that says the same of itself is known already.
        self.by_uri.entry(without_fragment(&uri)).or_insert(number);
        if let Some(resource) = self.resources.get_mut(number as usize) {
            resource.uri = Some(uri);
        }
        true
    }

    fn add_resource(&mut self, root: &'d Node, uri: Option<Url>, is_file: bool) -> u32 {
        let number = u32::try_from(self.resources.len()).unwrap_or(u32::MAX);
        if let Some(uri) = &uri {
            self.by_uri.insert(without_fragment(uri), number);
        }
        self.resources.push(Resource { root, uri, is_file, anchors: HashMap::new(), dynamic: HashMap::new() });
        number
    }

    /// The resource that a file is; all schemas in it are come across.
    fn file(&mut self, file: FileId) -> u32 {
        if let Some(known) = self.files.get(&file) {
            return *known;
        }
        let root = self.documents.root_of(file).unwrap_or(self.documents.root());
        // `$self` of OpenAPI 3.2 is the address of the document (Document Object).
        let own = root.get("$self").and_then(Node::as_str).and_then(|own| base(file)?.join(own).ok());
        let number = self.add_resource(root, own.or_else(|| base(file)), true);
        self.files.insert(file, number);
        if self.dialect == Dialect::OpenApi31 {
            if root.get("openapi").is_some() {
                self.scan_document(root, number);
            } else {
                self.scan(root, number);
            }
        }
        number
    }

    /// Schemas stand in an OpenAPI document below `schema`, `itemSchema` and `components.schemas`.
    fn scan_document(&mut self, root: &'d Node, resource: u32) {
        let mut left = vec![root];
        while let Some(node) = left.pop() {
            left.extend(node.items());
            for (key, value) in node.entries() {
                match &*key.text {
                    "schema" | "itemSchema" => self.scan(value, resource),
                    "schemas" => value.entries().iter().for_each(|(_, schema)| self.scan(schema, resource)),
                    "example" | "examples" | "default" => {}
                    name if name.starts_with("x-") => {}
                    _ => left.push(value),
                }
            }
        }
    }

    /// Notes the resource, and the anchors, of a schema and of those inside it.
    fn scan(&mut self, root: &'d Node, resource: u32) {
        let mut left = vec![(root, resource)];
        while let Some((node, resource)) = left.pop() {
            if self.of.contains_key(&address(node)) {
                continue;
            }
            let resource = self.own_resource(node, resource);
            self.of.insert(address(node), resource);
            for (keyword, is_dynamic) in [("$anchor", false), ("$dynamicAnchor", true)] {
                if let Some(name) = node.get(keyword) {
                    self.anchor(name, node, resource, is_dynamic);
                }
            }
            for (key, value) in node.entries() {
                match keywords::inside(&key.text) {
                    Some(Inside::Schema) => left.push((value, resource)),
                    Some(Inside::List) => left.extend(value.items().iter().map(|schema| (schema, resource))),
                    Some(Inside::Map) => left.extend(value.entries().iter().map(|(_, schema)| (schema, resource))),
                    None => {}
                }
            }
        }
    }

    /// A new resource if the schema has `$id`.
    fn own_resource(&mut self, node: &'d Node, outer: u32) -> u32 {
        let Some(id) = node.get("$id") else { return outer };
        let base = self.resources.get(outer as usize).and_then(|resource| resource.uri.clone());
        let uri = id.as_str().and_then(|id| match base {
            Some(base) => base.join(id).or_else(|_| Url::parse(id)).ok(),
            None => Url::parse(id).ok(),
        });
        let Some(uri) = uri.filter(|uri| uri.fragment().is_none_or(str::is_empty)) else {
            self.refuse(id.place, "`$id` is no address of a schema", "a URI reference without fragment");
            return outer;
        };
        if let Some(known) = self.by_uri.get(&without_fragment(&uri)).copied() {
            let is_root = self.resources.get(known as usize).is_some_and(|resource| std::ptr::eq(resource.root, node));
            if !is_root {
                self.refuse(id.place, "`$id` stands twice", "one schema for each address");
            }
            return known;
        }
        self.add_resource(node, Some(uri), false)
    }

    fn anchor(&mut self, name: &'d Node, schema: &'d Node, resource: u32, is_dynamic: bool) {
        let Some(resource) = self.resources.get_mut(resource as usize) else { return };
        let Some(text) = name.as_str() else { return };
        if is_dynamic {
            resource.dynamic.insert(text, schema);
        }
        if resource.anchors.insert(text, schema).is_some_and(|before| !std::ptr::eq(before, schema)) {
            self.refuse(name.place, &format!("anchor `{text}` stands twice"), "one schema for each anchor");
        }
    }

    fn refuse(&mut self, place: Place, message: &str, accepted: &str) {
        self.problems.push(self.documents.error(place, message, accepted));
    }

    /// The resource that a schema is part of; `outer` if it is come across for the first time and has none of its own.
    pub(crate) fn resource_of(&mut self, node: &'d Node, outer: Option<u32>) -> u32 {
        let file = self.file(node.place.file);
        if self.dialect == Dialect::OpenApi30 {
            return file;
        }
        if let Some(known) = self.of.get(&address(node)) {
            return *known;
        }
        self.scan(node, outer.unwrap_or(file));
        self.of.get(&address(node)).copied().unwrap_or(file)
    }

    /// What `reference`, written in `resource` at `at`, names.
    pub(crate) fn resolve(&mut self, reference: &str, resource: u32, at: Place) -> Result<Target<'d>, ConfigError> {
        let Some(base) = self.resources.get(resource as usize) else {
            return Err(self.documents.error(at, "reference without a document", ""));
        };
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if base.is_file && address.is_empty() {
            return self.in_file(at.file, reference, fragment, at);
        }
        let joined = base.uri.as_ref().and_then(|base| base.join(address).ok());
        let absolute = joined.or_else(|| Url::parse(address).ok());
        let named = absolute.and_then(|uri| self.by_uri.get(&without_fragment(&uri)).copied());
        match named.or(address.is_empty().then_some(resource)) {
            Some(named) => self.in_resource(named, reference, fragment, at),
            None if base.is_file => {
                let (file, _) = self.documents.locate(at.file, reference, at)?;
                self.in_file(file, reference, fragment, at)
            }
            None => {
                let message = format!("reference `{reference}` names no schema of the document");
                Err(self.documents.error(
                    at,
                    message,
                    "the `$id` of a schema, or a pointer from the nearest one around",
                ))
            }
        }
    }

    fn in_file(&mut self, file: FileId, reference: &str, fragment: &str, at: Place) -> Result<Target<'d>, ConfigError> {
        let number = self.file(file);
        if fragment.is_empty() || fragment.starts_with('/') {
            let node = self.documents.resolve(at.file, reference, at)?;
            let resource = self.resource_of(node, Some(number));
            return Ok(Target { node, resource });
        }
        self.in_resource(number, reference, fragment, at)
    }

    fn in_resource(
        &mut self,
        number: u32,
        reference: &str,
        fragment: &str,
        at: Place,
    ) -> Result<Target<'d>, ConfigError> {
        let fragment = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
        let resource = self.resources.get(number as usize);
        let node = match resource {
            Some(resource) if fragment.is_empty() => Some(resource.root),
            Some(resource) if fragment.starts_with('/') => walk(resource.root, &fragment),
            Some(resource) => resource.anchors.get(&*fragment).copied(),
            None => None,
        };
        let Some(node) = node else {
            let message = format!("reference `{reference}` leads nowhere");
            return Err(self.documents.error(at, message, "a reference to something that the document has"));
        };
        let resource = self.resource_of(node, Some(number));
        Ok(Target { node, resource })
    }

    /// Whether a reference from one resource to another can be left out: `$dynamicRef` asks which were entered.
    pub(crate) fn is_passage(&self, from: u32, to: u32) -> bool {
        let is_plain = |number: u32| {
            let resource = self.resources.get(number as usize);
            resource.is_some_and(|resource| resource.is_file && resource.dynamic.is_empty())
        };
        from == to || (is_plain(from) && is_plain(to))
    }

    /// Whether a schema is what a dynamic anchor of its resource names.
    pub(crate) fn is_dynamic(&self, target: Target<'d>, name: &str) -> bool {
        let resource = self.resources.get(target.resource as usize);
        let named = resource.and_then(|resource| resource.dynamic.get(name));
        named.is_some_and(|named| std::ptr::eq(*named, target.node))
    }

    /// What a dynamic anchor names in each resource that has it.
    pub(crate) fn dynamic(&self, name: &str) -> Vec<(u32, &'d Node)> {
        let named = |(number, resource): (usize, &Resource<'d>)| {
            Some((u32::try_from(number).ok()?, *resource.dynamic.get(name)?))
        };
        self.resources.iter().enumerate().filter_map(named).collect()
    }
}

/// An address for a file that nobody else can give.
fn base(file: FileId) -> Option<Url> {
    Url::parse(&format!("portcullis-file://file{}/document", file.0)).ok()
}

fn without_fragment(uri: &Url) -> String {
    let mut uri = uri.clone();
    uri.set_fragment(None);
    uri.into()
}

fn walk<'d>(root: &'d Node, pointer: &str) -> Option<&'d Node> {
    pointer.split('/').skip(1).try_fold(root, |node, token| {
        let token = token.replace("~1", "/").replace("~0", "~");
        match &node.kind {
            Kind::Map(_) => node.get(&token),
            Kind::List(items) => items.get(token.parse::<usize>().ok()?),
            _ => None,
        }
    })
}
