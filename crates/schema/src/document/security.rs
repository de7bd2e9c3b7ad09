//! Security schemes and which of them an operation asks for.

use super::fields;
use super::model::{Requirement, SchemeKind, SecurityScheme};
use super::reader::Reader;
use crate::values::Location;
use portcullis_openapi::{Documents, FileId, Key, Node};

impl<'d> Reader<'d> {
    /// Those of the document itself: a reference into another file does not bring schemes along (OpenAPI 3.2, Security
    /// Considerations).
    pub(super) fn security_schemes(&mut self) -> Vec<SecurityScheme<'d>> {
        let mut found = Vec::new();
        for (key, node) in schemes(self.documents, FileId(0)) {
            found.extend(self.security_scheme(key, node));
        }
        found
    }

    fn security_scheme(&mut self, key: &'d Key, node: &'d Node) -> Option<SecurityScheme<'d>> {
        let object = &fields::SECURITY_SCHEME;
        let node = self.object(node, object)?;
        let name = &*key.text;
        let kind = match self.required_text(node, "type", object)? {
            "apiKey" => self.api_key(name, node)?,
            "http" => {
                let scheme = self.required_text(node, "scheme", object)?;
                if scheme.eq_ignore_ascii_case("basic") {
                    self.warn(
                        node.place,
                        format!("security scheme `{name}` sends a password with each request"),
                        "a token",
                    );
                }
                SchemeKind::Http(scheme)
            }
            "oauth2" => {
                for (flow, _) in self.map(node, "flows") {
                    if matches!(&*flow.text, "implicit" | "password") {
                        let message =
                            format!("security scheme `{name}` offers the flow `{}` (RFC 9700 §2.1.2, §2.4)", flow.text);
                        self.warn(flow.place, message, "`authorizationCode` with PKCE, or `clientCredentials`");
                    }
                }
                SchemeKind::OAuth2
            }
            "openIdConnect" => SchemeKind::OpenIdConnect,
            "mutualTLS" => SchemeKind::MutualTls,
            other => {
                let at = node.get("type").map_or(node.place, |value| value.place);
                let known = ["apiKey", "http", "oauth2", "openIdConnect", "mutualTLS"];
                self.findings.push(self.documents.unknown(at, "type of security scheme", other, known));
                return None;
            }
        };
        Some(SecurityScheme { name, place: key.place, kind })
    }

    fn api_key(&mut self, name: &str, node: &'d Node) -> Option<SchemeKind<'d>> {
        let object = &fields::SECURITY_SCHEME;
        let field = self.required_text(node, "name", object);
        let location = match self.required_text(node, "in", object)? {
            "query" => {
                let message = format!("security scheme `{name}` puts a key into the query, which logs and pages keep");
                self.warn(node.place, message, "`in: header`");
                Location::Query
            }
            "header" => Location::Header,
            "cookie" => Location::Cookie,
            other => {
                let at = node.get("in").map_or(node.place, |value| value.place);
                self.findings.push(self.documents.unknown(at, "location", other, ["query", "header", "cookie"]));
                return None;
            }
        };
        Some(SchemeKind::ApiKey(location, field?))
    }

    /// A list of requirements. Names are those of the document itself, also where the list stands in another file.
    pub(super) fn requirements(&mut self, list: &'d Node) -> Vec<Requirement<'d>> {
        let mut found = Vec::new();
        for node in self.list(Some(list), "security") {
            let mut schemes = Vec::new();
            for (key, scopes) in node.entries() {
                self.check_scheme(key);
                let scopes = self.list(Some(scopes), &key.text);
                schemes.push((&*key.text, scopes.iter().filter_map(Node::as_str).collect()));
            }
            found.push(Requirement { schemes });
        }
        found
    }

    fn check_scheme(&mut self, key: &Key) {
        let find = |file| schemes(self.documents, file).find(|(known, _)| known.text == key.text);
        let Some((_, known)) = find(FileId(0)) else {
            let names = schemes(self.documents, FileId(0)).map(|(key, _)| &*key.text);
            let error = self.documents.unknown(key.place, "security scheme", &key.text, names);
            self.findings.push(error);
            return;
        };
        let Some((other, node)) = find(key.place.file).filter(|_| key.place.file != FileId(0)) else { return };
        if node.get("type").and_then(Node::as_str) != known.get("type").and_then(Node::as_str) {
            let message =
                format!("security scheme `{}` is another one in this file, at line {}", key.text, other.place.line);
            self.refuse(key.place, message, "one meaning of each name");
        }
    }
}

fn schemes(documents: &Documents, file: FileId) -> impl Iterator<Item = (&Key, &Node)> {
    let components = documents.root_of(file).and_then(|root| root.get("components"));
    let schemes = components.and_then(|components| components.get("securitySchemes"));
    let entries = schemes.into_iter().flat_map(Node::entries);
    entries.filter(|(key, _)| !key.text.starts_with("x-")).map(|(key, node)| (key, node))
}
