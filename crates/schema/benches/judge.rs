//! What judging a body costs: `cargo bench -p portcullis-schema`, or one line of it: `cargo bench -p portcullis-schema -- valid`.

use portcullis_json::{Bounds, Document};
use portcullis_openapi::Documents;
use portcullis_schema::Waivers;
use portcullis_schema::engine::{Compiler, Dialect, Options, Policy};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

const ROUNDS: u32 = 100_000;

const SCHEMA: &str = r##"
type: object
required: [orderId, customer, items, total, currency]
properties:
  orderId: { type: string, format: uuid }
  customer: { $ref: "#/$defs/customer" }
  items: { type: array, maxItems: 100, items: { $ref: "#/$defs/item" } }
  total: { type: number, minimum: 0 }
  currency: { type: string, enum: [EUR, USD, GBP] }
  comment: { type: [string, "null"], maxLength: 200 }
  isGift: { type: boolean }
$defs:
  customer:
    type: object
    required: [name, email]
    properties:
      name: { type: string, minLength: 1, maxLength: 100 }
      email: { type: string, format: email }
      note: { type: string }
  item:
    type: object
    required: [id, name, price]
    properties:
      id: { type: integer, format: int64, minimum: 1 }
      name: { type: string, maxLength: 100 }
      price: { type: number, minimum: 0, maximum: 10000 }
      tags: { type: array, items: { type: string, pattern: "^[a-z]+$" } }
      isActive: { type: boolean }
"##;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let documents =
        Documents::parse(Path::new("schema.yaml"), SCHEMA.as_bytes()).map_err(|errors| format!("{errors:?}"))?;
    let mut compiler = Compiler::new(&documents, Options::new(Dialect::OpenApi31));
    let id = compiler.schema(documents.root());
    let schemas = compiler.finish(&Waivers::default()).map_err(|errors| format!("{errors:?}"))?.schemas;
    let text = order("");
    let document = Document::parse(text.clone().into_bytes(), &Bounds::default())?;
    let extra = Document::parse(order(r#","x":1"#).into_bytes(), &Bounds::default())?;
    let tree: serde_json::Value = serde_json::from_str(&text)?;
    let theirs = jsonschema::validator_for(&serde_json::from_str(&serde_json::to_string(&schema_tree()?)?)?)?;
    println!("{} bytes, {} values and names", text.len(), document.root().size());
    let judge = |document: &Document, policy| schemas.judge(id, document.root(), policy);
    line("copy and parse", || _ = black_box(parse(&text)));
    line("valid", || _ = black_box(schemas.is_valid(id, document.root())));
    line("nothing wrong", || _ = black_box(judge(&document, &Policy::REQUEST)));
    line("ten properties to strip", || _ = black_box(judge(&extra, &Policy::RESPONSE)));
    line("crate jsonschema, of a tree", || _ = black_box(theirs.is_valid(&tree)));
    Ok(())
}

fn parse(text: &str) -> Option<Document> {
    Document::parse(text.as_bytes().to_vec(), &Bounds::default()).ok()
}

/// The schema for the other crate, which reads JSON only.
fn schema_tree() -> Result<serde_json::Value, Box<dyn std::error::Error>> {
    Ok(serde_saphyr::from_str(SCHEMA)?)
}

/// About 1 KB, as an API might send it; `extra` stands in each object.
fn order(extra: &str) -> String {
    let item = |count: u32| {
        format!(
            r#"{{"id":1{count:03},"name":"Product number {count}","price":{count}.99,"tags":["a","bcd"],"isActive":true{extra}}}"#
        )
    };
    let items: Vec<_> = (0..9).map(item).collect();
    format!(
        r#"{{"orderId":"550e8400-e29b-41d4-a716-446655440000","customer":{{"name":"Ada Lovelace","email":"ada@example.com","note":"line one\nline two"{extra}}},"items":[{}],"total":123.45,"currency":"EUR","comment":null,"isGift":false}}"#,
        items.join(",")
    )
}

fn line(name: &str, step: impl FnMut()) {
    let mut wanted = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).peekable();
    if wanted.peek().is_none() || wanted.any(|wanted| name.contains(&wanted)) {
        println!("{name:28} {:7.0} ns", nanos(step));
    }
}

/// The best of five rounds: what disturbs only adds.
fn nanos(mut step: impl FnMut()) -> f64 {
    let round = |step: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| step());
        start.elapsed().as_secs_f64() * 1e9 / f64::from(ROUNDS)
    };
    (0..5).map(|_| round(&mut step)).fold(f64::INFINITY, f64::min)
}
