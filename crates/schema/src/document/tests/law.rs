//! Documents that are nearly right: nothing is lost in silence, and all that is said has a place.

use super::*;
use proptest::prelude::*;
use proptest::sample::Index;

const WHOLE: &str = "openapi: 3.2.0
info: { title: Shop }
jsonSchemaDialect: https://json-schema.org/draft/2020-12/schema
security: [{ oauth: [read] }]
paths:
  /a/{id}:
    $ref: '#/components/pathItems/Shared'
    parameters:
    - { name: id, in: path, required: true, schema: { type: integer } }
    - { name: X-Id, in: header, schema: { type: string } }
    get:
      operationId: getA
      parameters:
      - { $ref: '#/components/parameters/Limit' }
      - { name: f, in: query, style: deepObject, schema: { type: object, properties: { a: { type: string } } } }
      - { name: j, in: query, content: { application/json: { schema: { $ref: '#/components/schemas/Loop' } } } }
      - { name: sid, in: cookie, style: cookie, schema: { type: string } }
      responses:
        200: { headers: { ETag: { schema: { type: string } } }, content: { application/jsonl: { itemSchema: {} } } }
        4XX: { $ref: '#/components/responses/Problem' }
        default: {}
    post:
      operationId: postA
      security: []
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema: { type: object, properties: { file: { type: string, format: binary } } }
            encoding: { file: { contentType: image/png, headers: { X-A: { schema: { type: string } } } } }
      callbacks: { done: { 'http://a.example': { post: { requestBody: { content: { text/plain: {} } } } } } }
    additionalOperations: { COPY: { deprecated: true } }
webhooks: { paid: { post: { responses: { 200: {} } } } }
components:
  pathItems: { Shared: { delete: { operationId: deleteA } } }
  parameters: { Limit: { name: limit, in: query, allowEmptyValue: true, schema: { type: integer } } }
  responses: { Problem: { content: { application/problem+json: { schema: { type: object } } } } }
  schemas: { Loop: { anyOf: [{ $ref: '#/components/schemas/Loop' }, { type: 'null' }] } }
  securitySchemes: { oauth: { type: oauth2, flows: {} }, key: { type: apiKey, in: header, name: X-Key } }
";

/// What may stand in the place of a word.
const WORDS: &[&str] =
    &["", "a", "5", "true", "null", "[]", "{}", "$ref", "schema", "content", "query", "object", "x-a", "*/*"];

fn mutated(lines: &[Index], words: &[(Index, Index)]) -> String {
    let mut text: Vec<String> = WHOLE.split_inclusive('\n').map(str::to_owned).collect();
    for line in lines {
        text.remove(line.index(text.len()));
    }
    let mut tokens = tokens(&text.concat());
    for (place, word) in words {
        let place = place.index(tokens.len());
        if let Some(token) = tokens.get_mut(place).filter(|token| token.starts_with(char::is_alphanumeric)) {
            *token = word.get(WORDS).to_string();
        }
    }
    tokens.concat()
}

/// Words, and what stands between them.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for c in text.chars() {
        match tokens.last_mut() {
            Some(last) if last.starts_with(char::is_alphanumeric) == c.is_alphanumeric() => last.push(c),
            _ => tokens.push(c.into()),
        }
    }
    tokens
}

fn check(text: &str) {
    let Ok(documents) = Documents::parse(Path::new("shop.yaml"), text.as_bytes()) else { return };
    let Ok(paths) = Paths::read(&documents) else { return };
    let waivers = Waivers::default();
    let contract = Contract::read(&documents, &paths, &waivers);
    let mut findings = paths.findings.clone();
    findings.extend(contract.findings.iter().cloned());
    for operation in &contract.operations {
        let options = Options::default();
        operation.compile_parameters(&documents, &waivers, &options, shapes(&documents, operation), &mut findings);
    }
    for finding in findings {
        assert!(finding.line > 0 && finding.column > 0 && finding.file.is_some(), "{finding}\n{text}");
    }
}

#[test]
fn the_whole_document_is_fine() {
    read(WHOLE, "[]", |contract| {
        assert_eq!(lines(&contract.findings), "");
        assert_eq!(contract.operations.len(), 4);
    });
    check(WHOLE);
}

proptest! {
    #[test]
    fn every_finding_has_a_place(
        lines in proptest::collection::vec(any::<Index>(), 0..3),
        words in proptest::collection::vec((any::<Index>(), any::<Index>()), 0..5),
    ) {
        check(&mutated(&lines, &words));
    }
}
