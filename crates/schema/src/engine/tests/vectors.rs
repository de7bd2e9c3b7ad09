//! The vectors of JSON Schema, straight through the engine: of draft 2020-12 for OpenAPI 3.1 and 3.2, of draft 4 for 3.0.

use crate::Waivers;
use crate::engine::{Compiler, Dialect, Options};
use portcullis_json::{Bounds, Document, Value};
use portcullis_openapi::{Documents, Limits};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const FOLDER: &str = "../../../shared/vectors/json-schema";

const NO_TUPLE: &str = "OpenAPI 3.0 has no list of schemas in `items`: a load error";
const NO_ID: &str = "OpenAPI 3.0 has no `id`: a load error";
const NOT_FETCHED: &str = "the meta-schema is none of the documents, and nothing is fetched: a load error";
const MAIL: &str = "quoted local parts and address literals are refused (contract/V-50)";

/// Cases that do not come out as the vectors say, and why. `*` stands for all groups of the file, or all cases of the group.
const EXCEPTIONS: &[(&str, &str, &str, &str)] = &[
    // file, group, case, reason
    ("draft4/items.json", "an array of schemas for items", "*", NO_TUPLE),
    ("draft4/items.json", "items and subitems", "*", NO_TUPLE),
    ("draft4/items.json", "array-form items with null instance elements", "*", NO_TUPLE),
    ("draft4/ref.json", "relative pointer ref to array", "*", NO_TUPLE),
    ("draft4/uniqueItems.json", "uniqueItems with an array of items", "*", NO_TUPLE),
    ("draft4/uniqueItems.json", "uniqueItems with an array of items and additionalItems=false", "*", NO_TUPLE),
    ("draft4/uniqueItems.json", "uniqueItems=false with an array of items", "*", NO_TUPLE),
    ("draft4/uniqueItems.json", "uniqueItems=false with an array of items and additionalItems=false", "*", NO_TUPLE),
    ("draft4/ref.json", "$ref prevents a sibling id from changing the base uri", "*", NO_ID),
    ("draft4/ref.json", "Recursive references between schemas", "*", NO_ID),
    ("draft4/ref.json", "Location-independent identifier", "*", NO_ID),
    ("draft4/ref.json", "Location-independent identifier with base URI change in subschema", "*", NO_ID),
    ("draft4/ref.json", "id must be resolved against nearest parent, not just immediate parent", "*", NO_ID),
    ("draft4/ref.json", "remote ref, containing refs itself", "*", NOT_FETCHED),
    ("draft2020-12/ref.json", "remote ref, containing refs itself", "*", NOT_FETCHED),
    ("draft2020-12/defs.json", "validate definition against metaschema", "*", NOT_FETCHED),
    (
        "draft4/optional/format/hostname.json",
        "validation of host names",
        "hostname with consecutive hyphens (RFC1123)",
        "the labels that RFC 5891 reserves are refused in all versions",
    ),
    (
        "draft2020-12/optional/dependencies-compatibility.json",
        "*",
        "*",
        "`dependencies` is of another draft: a load error where it is written",
    ),
    (
        "draft2020-12/optional/format/ecmascript-regex.json",
        "ECMA 262 named groups and backreferences are valid",
        "an ECMA 262 named backreference \\k<name>",
        "a pattern that we could not match in linear time",
    ),
    (
        "draft2020-12/optional/format/ecmascript-regex.json",
        "ECMA 262 lookbehind is valid, including variable width",
        "a variable-width lookbehind (ES2018)",
        "a pattern that we could not match in linear time",
    ),
    (
        "draft2020-12/optional/format/ecmascript-regex.json",
        "ECMA 262 character classes and escapes",
        "an empty character class is valid ECMA 262",
        "a class without members is a mistake (contract/O-46)",
    ),
    (
        "draft2020-12/optional/format/ecmascript-regex.json",
        "ECMA 262 character classes and escapes",
        "a negated empty character class is valid ECMA 262",
        "a class without members is a mistake (contract/O-46)",
    ),
    (
        "draft2020-12/optional/format/email.json",
        "validation of e-mail addresses",
        "a quoted string with a space in the local part is valid",
        MAIL,
    ),
    (
        "draft2020-12/optional/format/email.json",
        "validation of e-mail addresses",
        "a quoted string with a double dot in the local part is valid",
        MAIL,
    ),
    (
        "draft2020-12/optional/format/email.json",
        "validation of e-mail addresses",
        "a quoted string with a @ in the local part is valid",
        MAIL,
    ),
    (
        "draft2020-12/optional/format/email.json",
        "validation of e-mail addresses",
        "an IPv4-address-literal after the @ is valid",
        MAIL,
    ),
    (
        "draft2020-12/optional/format/email.json",
        "validation of e-mail addresses",
        "an IPv6-address-literal after the @ is valid",
        MAIL,
    ),
    (
        "draft2020-12/optional/format/idn-email.json",
        "validation of an internationalized e-mail addresses",
        "a non-ASCII quoted local part is valid",
        MAIL,
    ),
    (
        "draft2020-12/optional/format/idn-email.json",
        "validation of an internationalized e-mail addresses",
        "a C1 control in the local part is valid",
        "no mail has control characters in its address, and those who print it are misled",
    ),
];

fn options(dialect: Dialect, is_format_asserted: bool, is_strict: bool) -> Options {
    Options {
        is_closed: false,
        is_object_implied: false,
        is_integer_bounded: false,
        is_strict,
        is_format_asserted,
        ..Options::new(dialect)
    }
}

/// As for bodies, but for the numbers that some vectors are about.
const BOUNDS: Bounds = Bounds {
    depth: 64,
    members: 1_000,
    elements: 10_000,
    nodes: 200_000,
    string_bytes: 1 << 18,
    number_bytes: 1 << 10,
    is_nul_allowed: true,
};

fn text<'v>(value: Value<'v>, name: &str) -> &'v str {
    value.get(name).unwrap().as_str().unwrap()
}

#[derive(Default)]
struct Outcome {
    passed: usize,
    failed: Vec<String>,
    excepted: Vec<(String, String, String)>,
    /// Groups that a strict engine does not load.
    refused: BTreeSet<String>,
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Each schema is a file beside the documents that the vectors name by address.
fn run_group(file: &str, group: Value<'_>, dialect: Dialect, is_strict: bool, outcome: &mut Outcome) {
    let folder = tempfile::tempdir().unwrap();
    let entry = folder.path().join("schema.json");
    let schema = group.get("schema").unwrap().raw();
    std::fs::write(&entry, schema).unwrap();
    let mut names = Vec::new();
    for remote in files(&Path::new(FOLDER).join("remotes")) {
        let name = remote.file_name().unwrap().to_str().unwrap().to_owned();
        if schema.contains(&name) {
            std::fs::copy(&remote, folder.path().join(&name)).unwrap();
            names.push(name);
        }
    }
    // What is named by address only is not followed when loading; a file that names it locally is.
    let references: Vec<_> = names.iter().map(|name| format!(r##"{{"$ref": "{name}#"}}"##)).collect();
    let index = folder.path().join("index.json");
    let all = format!(r##"{{"entry": {{"$ref": "schema.json#"}}, "others": [{}]}}"##, references.join(","));
    std::fs::write(&index, all).unwrap();
    let description = text(group, "description");
    let loaded = Documents::load(&index, &Limits::default());
    let documents = loaded.unwrap_or_else(|errors| panic!("{file}: {description}: {errors:?}"));
    let is_format = file.contains("/format/");
    let mut compiler = Compiler::new(&documents, options(dialect, is_format, is_strict));
    for id in documents.files() {
        let name = documents.file(id).file_name().unwrap().to_str().unwrap().to_owned();
        if names.contains(&name) {
            compiler.add_address(&format!("http://localhost:1234/draft2020-12/{name}"), id);
        }
    }
    let root = documents.files().find(|id| documents.file(*id).ends_with("schema.json")).unwrap();
    let id = compiler.schema(documents.root_of(root).unwrap());
    let compiled = compiler.finish(&Waivers::default());
    if is_strict && compiled.is_err() {
        outcome.refused.insert(format!("{file}: {description}"));
        return;
    }
    for case in group.get("tests").unwrap().elements() {
        let name = text(case, "description");
        let data = Document::parse(case.get("data").unwrap().raw().as_bytes().to_vec(), &BOUNDS);
        let valid = match (&compiled, &data) {
            (Ok(compiled), Ok(data)) => compiled.schemas.is_valid(id, data.root()).to_string(),
            (Err(errors), _) => format!("load error: {}", errors[0]),
            (_, Err(error)) => error.to_string(),
        };
        let excepted = EXCEPTIONS.iter().find(|exception| {
            let fits = |pattern: &str, name: &str| pattern == "*" || pattern == name;
            exception.0 == file && fits(exception.1, description) && fits(exception.2, name)
        });
        if valid == case.get("valid").unwrap().raw() {
            outcome.passed = outcome.passed.saturating_add(1);
            if excepted.is_some_and(|exception| exception.2 != "*") {
                outcome.failed.push(format!("{file}: {description}: {name}: passes, so it is no exception"));
            }
        } else if let Some(exception) = excepted {
            outcome.excepted.push((file.into(), exception.1.into(), exception.2.into()));
        } else {
            outcome.failed.push(format!("{file}: {description}: {name}: {valid}"));
        }
    }
}

fn run(dialect: Dialect, name: &str, is_strict: bool) -> Option<Outcome> {
    let root = Path::new(FOLDER);
    if !root.exists() {
        eprintln!("left out: {FOLDER} is not there");
        return None;
    }
    let mut outcome = Outcome::default();
    for path in files(&root.join(name)) {
        let file = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let groups = Document::parse(std::fs::read(&path).unwrap(), &BOUNDS).unwrap();
        for group in groups.root().elements() {
            run_group(&file, group, dialect, is_strict, &mut outcome);
        }
    }
    Some(outcome)
}

/// Each case, and each exception.
fn run_all(dialect: Dialect, name: &str) {
    let Some(mut outcome) = run(dialect, name, false) else { return };
    for exception in EXCEPTIONS.iter().filter(|exception| exception.0.starts_with(name)) {
        let is_used = outcome
            .excepted
            .iter()
            .any(|(file, group, case)| *file == exception.0 && *group == exception.1 && *case == exception.2);
        if !is_used {
            outcome.failed.push(format!("{exception:?} excepts nothing"));
        }
    }
    assert!(outcome.failed.is_empty(), "{} failed:\n{}", outcome.failed.len(), outcome.failed.join("\n"));
    assert!(outcome.passed > 600, "{} passed", outcome.passed);
}

#[test]
fn of_draft_2020_12() {
    run_all(Dialect::OpenApi31, "draft2020-12");
}

#[test]
fn of_draft_4() {
    run_all(Dialect::OpenApi30, "draft4");
}

/// As an operator loads them: what is refused stands on a list, so that a new refusal shows; what loads means the same.
#[test]
fn that_a_document_may_hold() {
    let list = std::fs::read_to_string("src/engine/tests/refused.txt").unwrap();
    let known: BTreeSet<_> = list.lines().map(str::to_owned).collect();
    let outcomes = [run(Dialect::OpenApi31, "draft2020-12", true), run(Dialect::OpenApi30, "draft4", true)];
    let mut refused = BTreeSet::new();
    for outcome in outcomes {
        let Some(outcome) = outcome else { return };
        assert!(outcome.failed.is_empty(), "{}", outcome.failed.join("\n"));
        refused.extend(outcome.refused);
    }
    let differences: Vec<_> = refused.symmetric_difference(&known).cloned().collect();
    assert!(
        differences.is_empty(),
        "refused, and not on the list, or the other way round:\n{}",
        differences.join("\n")
    );
}
