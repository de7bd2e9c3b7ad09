use super::*;
use std::path::Path;

fn version(text: &str) -> Result<Version, String> {
    let documents = Documents::parse(Path::new("shop.yaml"), text.as_bytes()).unwrap();
    documents.version().map_err(|error| error.to_string())
}

#[test]
fn versions_that_are_read() {
    let cases =
        [("3.0.4", Version::V3_0), ("\"3.0.0\"", Version::V3_0), ("3.1.2", Version::V3_1), ("3.2.0", Version::V3_2)];
    for (text, expected) in cases {
        assert_eq!(version(&format!("openapi: {text}\n")), Ok(expected), "contract/O-01: {text}");
        assert_eq!(version(&format!("{{\"openapi\": \"{}\"}}", text.trim_matches('"'))), Ok(expected), "JSON: {text}");
    }
}

#[test]
fn versions_that_are_not_read_are_named() {
    for text in ["3.3.0", "4.0", "3.1", "3", "3.1.", "3.1.0-rc1", "v3.1.0", "2.0.0"] {
        let expected =
            format!("shop.yaml:1:10: `{text}` is no version of OpenAPI that this build reads; accepted: {ACCEPTED}");
        assert_eq!(version(&format!("openapi: {text}\n")), Err(expected), "contract/O-02: the float is not guessed at");
    }
    let expected = format!("shop.yaml:is no OpenAPI document: it has no `openapi`; accepted: {ACCEPTED}");
    assert_eq!(version("paths: {}\n"), Err(expected), "contract/O-02");
    let found = version("swagger: \"2.0\"\n").unwrap_err();
    assert_eq!(
        found,
        "shop.yaml:1:10: is a Swagger 2.0 document; accepted: OpenAPI 3; a converter such as swagger2openapi rewrites \
         the document",
        "contract/O-02: a hint to convert"
    );
}
