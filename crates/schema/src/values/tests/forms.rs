use super::*;
use crate::values::{Content, Form, Unknown};

fn form(options: Options) -> Form {
    let field = |name: &str, shape| spec(name, Location::Form, Style::Form, true, shape);
    let address = Spec { writing: Writing::Content(Content::Json), ..field("address", Shape::Any) };
    Form::compile(vec![field("a", INTEGER), field("tags", array(STRING)), address], None, options).unwrap()
}

fn read_form(text: &str) -> Result<String, (String, Rule)> {
    match form(Options::default()).read(text.as_bytes()) {
        Ok(values) => Ok(String::from_utf8(values.json).unwrap()),
        Err(violations) => Err((violations[0].to_string(), violations[0].rule)),
    }
}

#[test]
fn a_form_is_read_by_the_rules_of_a_query() {
    // contract/V-59
    let refused = |name: &str, rule| Err((name.to_owned(), rule));
    let cases = [
        ("a=1&tags=x&tags=y+z", Ok(r#"{"a":1,"tags":["x","y z"]}"#.to_owned())),
        ("", Ok("{}".to_owned())),
        ("a=1&a=2", refused("form.a", Rule::Duplicate)),
        ("a=%ff", refused("form", Rule::Encoding)),
        ("a[b]=1", refused("form.a[b]", Rule::LookAlike)),
        ("address=%7B%22zip%22:%221%22%7D", Ok(r#"{"address":{"zip":"1"}}"#.to_owned())),
        ("address=%7B%22zip%22:1,%22zip%22:2%7D", refused("form.address", Rule::Json)),
        ("_method=DELETE", refused("form._method", Rule::Undeclared)),
        ("{\"a\":1}", refused("form.{\"a\":1}", Rule::Undeclared)),
        ("tags=ü", refused("form", Rule::Encoding)),
    ];
    for (text, expected) in cases {
        assert_eq!(read_form(text), expected, "contract/V-59 {text}");
    }
}

#[test]
fn a_form_is_written_again_without_what_was_taken_out() {
    let stripped =
        form(Options { unknown: Unknown::Strip, ..Options::default() }).read(b"x=1&a=%31&_method=PUT").unwrap();
    assert_eq!(stripped.rewritten.as_deref(), Some("a=%31"));
    assert_eq!((stripped.json.as_slice(), stripped.undeclared.len()), (&br#"{"a":1}"#[..], 2));
    let passed = form(Options { unknown: Unknown::Allow, ..Options::default() }).read(b"x=1&a=1").unwrap();
    assert_eq!((passed.rewritten, passed.undeclared.len()), (None, 1));
}

#[test]
fn a_form_that_allows_other_fields_reads_them_by_their_shape() {
    let open = Shape::Object { properties: vec![("a".into(), STRING)], other: Some(Box::new(INTEGER)) };
    let form = Form::of_shape(&open, Options::default()).unwrap();
    let read = |text: &str| form.read(text.as_bytes()).map(|values| String::from_utf8(values.json).unwrap());
    assert_eq!(read("y=2&a=x&x=1").unwrap(), r#"{"a":"x","x":1,"y":2}"#);
    assert_eq!(read("x=one").unwrap_err()[0].rule, Rule::Type);
    assert_eq!(read("x=1&x=2").unwrap_err()[0].rule, Rule::Duplicate);
    assert_eq!(read("__proto__=1").unwrap_err()[0].rule, Rule::Undeclared);
    assert!(!format!("{:?}", form.read(b"a=s3cret").unwrap()).contains("s3cret"));
}

#[test]
fn a_field_that_is_waived_passes_by_its_name() {
    let unread = Spec { writing: Writing::Unread, ..spec("f", Location::Form, Style::Form, true, Shape::Any) };
    let form = Form::compile(vec![unread], None, Options::default()).unwrap();
    let values = form.read(b"f[a]=1&f=x&f=y").unwrap();
    assert_eq!((values.json.as_slice(), values.rewritten, values.undeclared.len()), (&b"{}"[..], None, 0));
}

#[test]
fn what_is_deeper_than_a_list_is_written_as_json() {
    let shape = object(&[("tags", array(STRING)), ("address", object(&[("lines", array(STRING))]))]);
    let form = Form::of_shape(&shape, Options::default()).unwrap();
    let json = form.read(b"tags=x&tags=y&address=%7B%22lines%22:[%22a%22]%7D").unwrap().json;
    assert_eq!(String::from_utf8(json).unwrap(), r#"{"tags":["x","y"],"address":{"lines":["a"]}}"#);
}

#[test]
fn a_form_holds_as_many_pairs_as_an_object_has_members() {
    let form = form(Options::default());
    let pairs = |count: usize| vec!["tags=x"; count].join("&");
    assert!(form.read(pairs(1_000).as_bytes()).is_ok());
    assert_eq!(form.read(pairs(1_001).as_bytes()).unwrap_err()[0].rule, Rule::TooMany);
}
