//! Path Items → declared paths: references followed, methods named, operationIds unique.

use super::model::{Entries, Item, Op, Root};
use super::{DeclaredOperation, DeclaredPath, Version};
use crate::template::{Malformed, Template};
use http::Method;
use portcullis_core::bounds::MAX_METHOD_BYTES;
use portcullis_core::config::ConfigError;
use serde_saphyr::{Location, Spanned};
use std::collections::HashMap;
use std::path::Path;

/// References of one path item that are followed, one to the next.
const MAX_REFERENCES: usize = 16;
/// Longest operationId in bytes: it stands in every record.
const MAX_NAME_BYTES: usize = 256;

/// What a document declares, and what is wrong with it.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) paths: Vec<DeclaredPath>,
    pub(super) errors: Vec<ConfigError>,
    pub(super) warnings: Vec<ConfigError>,
}

/// Reads all of `paths` into `found`.
pub(super) fn collect(root: &Root, version: Version, file: &Path, found: &mut Found) {
    let items = Items {
        paths: index(root.paths.as_ref()),
        components: index(root.components.as_ref().and_then(|components| components.path_items.as_ref())),
    };
    let mut names = HashMap::new();
    for (key, item) in root.paths.iter().flat_map(|paths| &paths.0) {
        let template = match Template::parse(&key.value) {
            Ok(template) => template,
            Err(malformed) => {
                found.errors.push(malformed_path(key, &malformed));
                continue;
            }
        };
        let mut declared = Vec::new();
        for item in items.chain(key, item, &mut found.errors) {
            read_item(item, version, &mut declared, found);
        }
        let operations = name_operations(key, declared, file, &mut names, &mut found.errors);
        if !operations.is_empty() {
            found.paths.push(DeclaredPath {
                text: key.value.as_str().into(),
                template,
                place: key.referenced,
                operations,
            });
        }
    }
}

fn malformed_path(key: &Spanned<String>, malformed: &Malformed) -> ConfigError {
    ConfigError::at(&key.referenced, format!("path `{}` {malformed}", key.value), malformed.accepted())
}

type Index<'r> = HashMap<&'r str, &'r Item>;

/// Where a `$ref` of a path item can lead.
struct Items<'r> {
    paths: Index<'r>,
    components: Index<'r>,
}

fn index(entries: Option<&Entries<Item>>) -> Index<'_> {
    entries.iter().flat_map(|entries| &entries.0).map(|(key, item)| (key.value.as_str(), item)).collect()
}

impl<'r> Items<'r> {
    /// The item itself and the items that its `$ref` leads to. Their operations are taken together.
    fn chain(&self, key: &Spanned<String>, item: &'r Item, errors: &mut Vec<ConfigError>) -> Vec<&'r Item> {
        let mut chain = vec![item];
        let mut next = item.reference.as_ref();
        while let Some(reference) = next {
            let refuse = |why: &str| {
                let accepted = "`#/components/pathItems/NAME` or `#/paths/~1PATH` of the same document";
                ConfigError::at(&reference.referenced, format!("reference `{}` {why}", reference.value), accepted)
            };
            let Some(target) = self.resolve(&reference.value) else {
                errors.push(refuse("leads to no path item of this document"));
                break;
            };
            if chain.len() > MAX_REFERENCES || chain.iter().any(|known| std::ptr::eq(*known, target)) {
                errors.push(refuse(&format!("of path `{}` leads in a circle or too far", key.value)));
                break;
            }
            chain.push(target);
            next = target.reference.as_ref();
        }
        chain
    }

    fn resolve(&self, reference: &str) -> Option<&'r Item> {
        let decoded = percent_decode(reference.strip_prefix("#/")?)?;
        let (index, token) = match decoded.strip_prefix("paths/") {
            Some(token) => (&self.paths, token),
            None => (&self.components, decoded.strip_prefix("components/pathItems/")?),
        };
        if token.contains('/') {
            return None;
        }
        // `~1` first: `~01` is the text `~1` (RFC 6901 §4).
        index.get(token.replace("~1", "/").replace("~0", "~").as_str()).copied()
    }
}

/// A JSON Pointer in a URI fragment is percent-encoded (RFC 6901 §6).
fn percent_decode(text: &str) -> Option<String> {
    let mut octets = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(octet) = octets.next() {
        decoded.push(if octet == b'%' {
            let mut digit = || octets.next().and_then(|digit| char::from(digit).to_digit(16));
            u8::try_from(digit()? << 4 | digit()?).ok()?
        } else {
            octet
        });
    }
    String::from_utf8(decoded).ok()
}

/// A method of a path, where it stands, and its operation.
type Declared<'r> = (Method, Location, &'r Op);

fn read_item<'r>(item: &'r Item, version: Version, declared: &mut Vec<Declared<'r>>, found: &mut Found) {
    if let Some(servers) = &item.servers {
        found.warnings.push(other_servers(servers.referenced));
    }
    for field in &item.misspelt {
        let message = format!("`{}` is no field of a path item", field.value);
        found.errors.push(ConfigError::at(
            &field.referenced,
            message,
            format!("`{}`", field.value.to_ascii_lowercase()),
        ));
    }
    let fields = item.operations.iter().map(|(field, op)| (field, op, field_method(field, version)));
    let additional = item.additional.iter().map(|(method, op)| (method, op, additional_method(method, version)));
    for (key, op, method) in fields.chain(additional) {
        match method {
            Ok(Method::TRACE) => {
                let message = "`trace` is never served: it shows header fields to scripts (CWE-693)";
                found.warnings.push(ConfigError::at(&key.referenced, message, "").warning());
            }
            Ok(method) if declared.iter().any(|(known, ..)| *known == method) => {
                let message = format!("`{}` stands both here and beside the `$ref` that leads here", key.value);
                found.errors.push(ConfigError::at(&key.referenced, message, "each method of a path once"));
            }
            Ok(method) => {
                if let Some(servers) = &op.servers {
                    found.warnings.push(other_servers(servers.referenced));
                }
                declared.push((method, key.referenced, op));
            }
            Err(error) => found.errors.push(error),
        }
    }
}

fn other_servers(place: Location) -> ConfigError {
    let message = "`servers` of a path or an operation has no effect: it is served under the API's base path";
    ConfigError::at(&place, message, "`servers` at the top of the document").warning()
}

fn field_method(field: &Spanned<String>, version: Version) -> Result<Method, ConfigError> {
    if field.value == "query" && version < Version::V3_2 {
        let message = "`query` is a field of OpenAPI 3.2";
        return Err(ConfigError::at(&field.referenced, message, "`openapi: 3.2.0`"));
    }
    let name = field.value.to_ascii_uppercase();
    Method::from_bytes(name.as_bytes()).map_err(|_| no_method(field))
}

/// A key of `additionalOperations`: the method as it is sent, none that has a field of its own (OpenAPI 3.2, Path Item).
fn additional_method(key: &Spanned<String>, version: Version) -> Result<Method, ConfigError> {
    let refuse =
        |why: &str, accepted: &str| Err(ConfigError::at(&key.referenced, format!("`{}` {why}", key.value), accepted));
    if version < Version::V3_2 {
        return refuse("stands under `additionalOperations`, a field of OpenAPI 3.2", "`openapi: 3.2.0`");
    }
    match key.value.to_ascii_uppercase().as_str() {
        "CONNECT" | "TRACE" => refuse("is never served", "another method"),
        "GET" | "PUT" | "POST" | "DELETE" | "OPTIONS" | "HEAD" | "PATCH" | "QUERY" => {
            refuse("has a field of its own", &format!("`{}` in the path item", key.value.to_ascii_lowercase()))
        }
        _ if key.value.len() > MAX_METHOD_BYTES => Err(no_method(key)),
        _ => Method::from_bytes(key.value.as_bytes()).map_err(|_| no_method(key)),
    }
}

fn no_method(key: &Spanned<String>) -> ConfigError {
    ConfigError::at(&key.referenced, format!("`{}` is no method", key.value), "a method such as `COPY`")
}

/// Gives each operation its name, and refuses a name that another one has.
fn name_operations(
    path: &Spanned<String>,
    declared: Vec<Declared<'_>>,
    file: &Path,
    names: &mut HashMap<Box<str>, Location>,
    errors: &mut Vec<ConfigError>,
) -> Vec<DeclaredOperation> {
    let mut operations = Vec::with_capacity(declared.len());
    for (method, place, op) in declared {
        let (name, place): (Box<str>, Location) = match &op.operation_id {
            Some(id) => (id.value.as_str().into(), id.referenced),
            None => (format!("{method} {}", path.value).into(), place),
        };
        if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
            let accepted = format!("1 to {MAX_NAME_BYTES} bytes without control characters");
            errors.push(ConfigError::at(
                &place,
                format!("operationId `{}` cannot be a name", name.escape_debug()),
                accepted,
            ));
        } else if let Some(first) = names.get(&name) {
            let at = format!("{}:{}:{}", file.display(), first.line(), first.column());
            let message = format!("operationId `{name}` is taken by the operation at {at}");
            errors.push(ConfigError::at(&place, message, "an operationId that no other operation of the document has"));
        } else {
            names.insert(name.clone(), place);
            operations.push(DeclaredOperation { method, name, deprecated: op.deprecated });
        }
    }
    operations
}
