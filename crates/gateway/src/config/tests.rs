//! Configurations that load, and what an operator reads of those that do not.

mod coverage;
mod errors;
mod values;

use super::{Failed, LoadOptions, Loaded, load, print};
use std::fmt::Write;
use std::path::PathBuf;

/// The document that every configuration here serves.
const DOCUMENT: &str = r#"
openapi: 3.0.3
info: { title: shop, version: "1" }
servers: [{ url: /v1 }]
paths:
  /orders:
    get: { operationId: listOrders, responses: { "200": { description: ok } } }
    post: { operationId: createOrder, responses: { "201": { description: ok } } }
  /feed:
    get: { operationId: feed, responses: { "200": { description: ok } } }
"#;

/// A short configuration; `{more}` of an API, `{top}` of the file.
const SHORT: &str = "\
version: 1
cores: 1
listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { shop: { endpoints: ['http://127.0.0.1:9000'] } }
{top}apis:
  shop:
    openapi: shop.yaml
    upstream: shop
    identity: public
{more}";

/// A folder with a document and a configuration.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("shop.yaml", DOCUMENT);
        folder
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn load(&self, text: impl AsRef<[u8]>) -> Result<Loaded, Box<Failed>> {
        load(&self.write("portcullis.yaml", text), &LoadOptions::default())
    }

    /// What `check` prints, without the name of the folder.
    fn printed(&self, text: impl AsRef<[u8]>) -> String {
        let (findings, source) = match self.load(text) {
            Ok(loaded) => (loaded.warnings, loaded.source),
            Err(failed) => (failed.errors, failed.source),
        };
        let text = print(&findings, &source, false);
        text.replace(&format!("{}/", self.0.path().display()), "")
    }
}

fn short(top: &str, more: &str) -> String {
    let indent = |text: &str| {
        text.lines().fold(String::new(), |mut all, line| {
            let _ = writeln!(all, "    {line}");
            all
        })
    };
    SHORT.replace("{top}", top).replace("{more}", &indent(more))
}
