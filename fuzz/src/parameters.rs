//! Parameters in every style, and forms: what is read is JSON, what is forwarded instead reads the same and is not changed
//! again, and no violation repeats a value. The first byte is the set and what becomes of undeclared names; then come lines:
//! the query, the values of the path parameters, of a header field, of `Cookie`.

mod sets;

use http::header::COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue};
use portcullis_json::{Bounds, Document};
use portcullis_schema::values::{Form, Input, Location, MAX_VIOLATIONS, Parameters, Unknown, Values, Violation};

/// All of it.
pub fn check(data: &[u8]) {
    let Some((mode, data)) = data.split_first() else { return };
    let unknown = [Unknown::Refuse, Unknown::Strip, Unknown::Allow][usize::from(mode % 3)];
    form(data, unknown);
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let [query, path, header, cookie] = [(); 4].map(|()| lines.next().filter(|line| !line.is_empty()));
    let mut headers = HeaderMap::new();
    for (name, line) in [(HeaderName::from_static("h"), header), (COOKIE, cookie)] {
        headers.extend(line.and_then(|line| HeaderValue::from_str(line).ok()).map(|value| (name, value)));
    }
    let path: Vec<(&str, &str)> = path.iter().flat_map(|path| sets::PATH.into_iter().zip(path.split('/'))).collect();
    let parameters = sets::parameters(usize::from(mode / 3), unknown);
    let input = Input { path: &path, query, headers: &headers };
    match parameters.read(&input) {
        Ok(values) => taken(&parameters, &values, &input, unknown),
        Err(violations) => refused(&violations, query.unwrap_or_default()),
    }
}

fn taken(parameters: &Parameters, values: &Values, input: &Input<'_>, unknown: Unknown) {
    let document = Document::parse(values.json().to_vec(), parameters.bounds()).expect("the values are JSON");
    assert_eq!(document.root().len(), values.found().len());
    assert!(values.found().is_sorted() && values.found().iter().all(|place| *place < parameters.specs().len()));
    for (place, spec) in parameters.specs().iter().enumerate() {
        assert!(!spec.required || values.found().contains(&place), "`{}` is missing", spec.name);
    }
    assert!(unknown != Unknown::Refuse || values.undeclared().is_empty(), "undeclared, and not refused");
    let Some(query) = values.query() else { return };
    assert!(Some(query) != input.query, "rewritten to what it was");
    let input = Input { query: Some(query).filter(|query| !query.is_empty()), ..*input };
    let again = parameters.read(&input).unwrap_or_else(|found| panic!("what is forwarded is refused: {found:?}"));
    assert_eq!((again.json(), again.found()), (values.json(), values.found()), "what is forwarded says something else");
    assert_eq!(again.query(), None, "not the same the second time");
    assert!(unknown != Unknown::Strip || again.undeclared().is_empty(), "what was taken out is still there");
}

fn form(data: &[u8], unknown: Unknown) {
    let form = Form::of_shape(&sets::form_shape(), sets::options(unknown)).expect("a shape that can be read");
    match form.read(data) {
        Ok(values) => {
            Document::parse(values.json.clone(), &Bounds::default()).expect("the form is JSON");
            let Some(text) = values.rewritten else { return };
            let again = form.read(text.as_bytes());
            let again = again.unwrap_or_else(|found| panic!("what is forwarded is refused: {found:?}"));
            assert_eq!(again.json, values.json, "what is forwarded says something else");
            assert_eq!(again.rewritten, None, "not the same the second time");
        }
        Err(violations) => refused(&violations, std::str::from_utf8(data).unwrap_or_default()),
    }
}

/// A name of ours, or one that the client wrote where names stand.
fn refused(violations: &[Violation], query: &str) {
    assert!((1..=MAX_VIOLATIONS).contains(&violations.len()), "refused without a reason");
    for Violation { location, name, rule } in violations {
        let is_ours = name.is_empty() || sets::NAMES.contains(&&**name);
        let is_pair = matches!(location, Location::Query | Location::Form);
        assert!(is_ours || is_pair && names(query).any(|own| own.starts_with(&**name)), "{rule:?} tells `{name}`");
    }
}

/// The names of the pairs, read plainly.
fn names(query: &str) -> impl Iterator<Item = String> {
    query.split('&').map(|pair| {
        let name = pair.split('=').next().unwrap_or_default().replace('+', " ");
        let mut parts = name.split('%');
        let mut octets = parts.next().unwrap_or_default().as_bytes().to_vec();
        for part in parts {
            match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
                Some(octet) => {
                    octets.push(octet);
                    octets.extend_from_slice(&part.as_bytes()[2..]);
                }
                None => octets.extend_from_slice(part.as_bytes()),
            }
        }
        String::from_utf8_lossy(&octets).into_owned()
    })
}
