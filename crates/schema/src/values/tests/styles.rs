use super::*;
use crate::values::{Content, Deep};

/// OAS32 Style Examples: how `blue`, `["blue", "black", "brown"]` and `{"R": 100, "G": 200, "B": 150}` are written.
#[test]
fn every_style_example_reads_back_as_its_value() {
    use Location::{Cookie, Header, Path, Query};
    let (text, list, colours) = (STRING, array(STRING), rgb());
    const BLUE: &str = r#""blue""#;
    const ITEMS: &str = r#"["blue","black","brown"]"#;
    const OBJECT: &str = r#"{"R":100,"G":200,"B":150}"#;
    let cases = [
        (Path, Style::Matrix, false, &text, ";color", r#""""#),
        (Path, Style::Matrix, false, &text, ";color=blue", BLUE),
        (Path, Style::Matrix, false, &list, ";color=blue,black,brown", ITEMS),
        (Path, Style::Matrix, false, &colours, ";color=R,100,G,200,B,150", OBJECT),
        (Path, Style::Matrix, true, &text, ";color=blue", BLUE),
        (Path, Style::Matrix, true, &list, ";color=blue;color=black;color=brown", ITEMS),
        (Path, Style::Matrix, true, &colours, ";R=100;G=200;B=150", OBJECT),
        (Path, Style::Label, false, &text, ".", r#""""#),
        (Path, Style::Label, false, &text, ".blue", BLUE),
        (Path, Style::Label, false, &list, ".blue,black,brown", ITEMS),
        (Path, Style::Label, false, &colours, ".R,100,G,200,B,150", OBJECT),
        (Path, Style::Label, true, &text, ".blue", BLUE),
        (Path, Style::Label, true, &list, ".blue.black.brown", ITEMS),
        (Path, Style::Label, true, &colours, ".R=100.G=200.B=150", OBJECT),
        (Path, Style::Simple, false, &text, "blue", BLUE),
        (Path, Style::Simple, false, &list, "blue,black,brown", ITEMS),
        (Path, Style::Simple, false, &colours, "R,100,G,200,B,150", OBJECT),
        (Path, Style::Simple, true, &list, "blue,black,brown", ITEMS),
        (Path, Style::Simple, true, &colours, "R=100,G=200,B=150", OBJECT),
        (Header, Style::Simple, false, &text, "blue", BLUE),
        (Header, Style::Simple, false, &list, "blue,black, brown", ITEMS),
        (Header, Style::Simple, false, &colours, "R,100,G,200,B,150", OBJECT),
        (Header, Style::Simple, true, &colours, "R=100,G=200,B=150", OBJECT),
        (Query, Style::Form, false, &text, "color=", r#""""#),
        (Query, Style::Form, false, &text, "color=blue", BLUE),
        (Query, Style::Form, false, &list, "color=blue,black,brown", ITEMS),
        (Query, Style::Form, false, &colours, "color=R,100,G,200,B,150", OBJECT),
        (Query, Style::Form, true, &list, "color=blue&color=black&color=brown", ITEMS),
        (Query, Style::Form, true, &colours, "R=100&G=200&B=150", OBJECT),
        (Query, Style::SpaceDelimited, false, &list, "color=blue%20black+brown", ITEMS),
        (Query, Style::SpaceDelimited, false, &colours, "color=R%20100%20G%20200%20B%20150", OBJECT),
        (Query, Style::PipeDelimited, false, &list, "color=blue%7Cblack%7cbrown", ITEMS),
        (Query, Style::PipeDelimited, false, &list, "color=blue|black|brown", ITEMS),
        (Query, Style::PipeDelimited, false, &colours, "color=R%7C100%7CG%7C200%7CB%7C150", OBJECT),
        (Query, Style::DeepObject, true, &colours, "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150", OBJECT),
        (Query, Style::DeepObject, false, &colours, "color[R]=100&color[G]=200&color[B]=150", OBJECT),
        (Cookie, Style::Form, true, &text, "color=blue", BLUE),
        (Cookie, Style::Form, false, &list, "color=blue,black,brown", ITEMS),
        (Cookie, Style::Form, false, &colours, "color=R,100,G,200,B,150", OBJECT),
        (Cookie, Style::Cookie, true, &text, "a=1; color=blue", BLUE),
        (Cookie, Style::Cookie, true, &list, "color=blue; color=black; color=brown", ITEMS),
        (Cookie, Style::Cookie, true, &colours, "R=100; G=200; B=150", OBJECT),
        (Cookie, Style::Cookie, false, &list, "color=blue,black,brown", ITEMS),
    ];
    for (location, style, explode, shape, raw, expected) in cases {
        let read = read(spec("color", location, style, explode, shape.clone()), raw);
        assert_eq!(read.as_deref(), Ok(expected), "{location:?} {style:?} {explode} {raw}");
    }
}

#[test]
fn what_a_style_does_not_write_is_refused() {
    use Location::{Header, Path, Query};
    let (text, list, colours) = (STRING, array(STRING), rgb());
    let cases = [
        // contract/V-06
        (Path, Style::Matrix, false, &text, "color=blue", Rule::Style, "no `;`"),
        (Path, Style::Matrix, false, &text, ";colour=blue", Rule::Style, "another name"),
        (Path, Style::Matrix, false, &text, ";color=blue;color=black", Rule::Duplicate, "a scalar twice"),
        (Path, Style::Matrix, true, &list, ";color=blue;colour=black", Rule::Style, "another name"),
        (Path, Style::Matrix, true, &colours, ";R=100;R=200", Rule::Duplicate, "a property twice"),
        (Path, Style::Matrix, true, &colours, ";R=100;X=200", Rule::Undeclared, "an undeclared property"),
        (Path, Style::Label, false, &text, "blue", Rule::Style, "no `.`"),
        (Path, Style::Label, true, &colours, ".R=100.G", Rule::Style, "no `=`"),
        // contract/V-07
        (Path, Style::Simple, false, &colours, "R,100,G", Rule::Style, "odd"),
        (Header, Style::Simple, false, &colours, "R,100,G", Rule::Style, "odd"),
        (Path, Style::Simple, true, &colours, "R=100=1", Rule::Style, "two `=`"),
        (Path, Style::Simple, true, &colours, "R%3D100", Rule::Style, "`=` encoded"),
        (Header, Style::Simple, false, &list, "a,\"b,c\"", Rule::Separator, "two items or three"),
        // contract/V-11
        (Query, Style::DeepObject, true, &colours, "color[R][x]=1", Rule::Style, "deeper"),
        (Query, Style::DeepObject, true, &colours, "color[]=1", Rule::Style, "no name"),
        (Query, Style::DeepObject, true, &colours, "color[R=1", Rule::Style, "no end"),
        (Query, Style::DeepObject, true, &colours, "color=1", Rule::Style, "no property"),
        (Query, Style::DeepObject, true, &colours, "color[R]=1&color[R]=2", Rule::Duplicate, "twice"),
        (Query, Style::DeepObject, true, &colours, "color[R]x=1", Rule::Style, "more behind"),
        // contract/V-12, contract/V-13
        (Query, Style::DeepObject, true, &colours, "color[items][99999999]=1", Rule::Style, "an index"),
        (Query, Style::DeepObject, true, &colours, "color[__proto__][admin]=1", Rule::Style, "a prototype"),
        (Query, Style::DeepObject, true, &colours, "color[constructor][prototype][x]=1", Rule::Style, "a prototype"),
        (Query, Style::DeepObject, true, &colours, "color[toString]=1", Rule::Undeclared, "inherited"),
    ];
    for (location, style, explode, shape, raw, rule, why) in cases {
        let read = read(spec("color", location, style, explode, shape.clone()), raw);
        assert_eq!(read, Err(rule), "{style:?} {raw}: {why}");
    }
}

#[test]
fn an_inherited_name_is_a_property_only_where_it_is_declared() {
    // contract/V-13
    let open = Shape::Object { properties: Vec::new(), other: Some(Box::new(STRING)) };
    let deep = |shape| spec("f", Location::Query, Style::DeepObject, true, shape);
    assert_eq!(read(deep(open.clone()), "f[colour]=1").as_deref(), Ok(r#"{"colour":"1"}"#));
    for name in ["__proto__", "constructor", "toString"] {
        assert_eq!(read(deep(open.clone()), &format!("f[{name}]=1")), Err(Rule::Undeclared), "{name}");
        let declared = object(&[(name, STRING)]);
        assert!(read(deep(declared), &format!("f[{name}]=1")).is_ok(), "{name}");
    }
}

#[test]
fn the_items_of_a_list_are_those_that_every_server_sees() {
    // contract/V-08
    let exploded = || query_spec("color", array(STRING));
    let joined = || spec("color", Location::Query, Style::Form, false, array(STRING));
    let both = r#"["blue","black"]"#;
    assert_eq!(read(exploded(), "color=blue&color=black").as_deref(), Ok(both));
    assert_eq!(read(joined(), "color=blue,black").as_deref(), Ok(both));
    assert_eq!(read(joined(), "color=blue%2Cblack"), Err(Rule::Separator));
    let data = Options { is_encoded_separator_data: true, ..Options::default() };
    assert_eq!(read_with(joined(), data, "color=blue%2Cblack").as_deref(), Ok(r#"["blue,black"]"#));
    // contract/V-10
    for (style, query) in [
        (Style::SpaceDelimited, "color=a%20b"),
        (Style::SpaceDelimited, "color=a+b"),
        (Style::PipeDelimited, "color=a%7Cb"),
        (Style::PipeDelimited, "color=a|b"),
    ] {
        let list = spec("color", Location::Query, style, false, array(STRING));
        assert_eq!(read(list, query).as_deref(), Ok(r#"["a","b"]"#), "contract/V-10 {query}");
    }
}

#[test]
fn a_list_holds_no_more_items_than_a_document_may() {
    let list = spec("ids", Location::Query, Style::Form, false, array(INTEGER));
    let query = |items: usize| format!("ids={}", vec!["1"; items].join(","));
    assert!(read(list.clone(), &query(10_000)).is_ok());
    assert_eq!(read(list, &query(10_001)), Err(Rule::TooMany));
}

#[test]
fn a_field_is_read_without_decoding() {
    // contract/V-21
    let name = || spec("X-Name", Location::Header, Style::Simple, false, STRING);
    assert_eq!(read(name(), "a%20b").as_deref(), Ok(r#""a%20b""#));
    let parameters = compiled(vec![name()], Options::default());
    let headers = fields(&[("x-name", b"caf\xe9")]);
    let refused = parameters.read(&Input { path: &[], query: None, headers: &headers }).unwrap_err();
    assert_eq!(refused[0].rule, Rule::Encoding);
    // What no schema applies to is not looked at.
    let headers = fields(&[("x-other", b"caf\xe9")]);
    assert!(parameters.read(&Input { path: &[], query: None, headers: &headers }).is_ok());
}

#[test]
fn a_single_value_stands_once_and_a_list_may_take_several_lines() {
    // contract/V-20
    let headers = fields(&[("x-id", b"1"), ("x-id", b"2"), ("x-ids", b"1"), ("x-ids", b"2")]);
    let header =
        |name, shape| compiled(vec![spec(name, Location::Header, Style::Simple, false, shape)], Options::default());
    let input = Input { path: &[], query: None, headers: &headers };
    assert_eq!(header("X-Id", INTEGER).read(&input).unwrap_err()[0].rule, Rule::Duplicate);
    assert_eq!(json_of(&header("X-Ids", array(INTEGER)).read(&input).unwrap()), "[[1,2]]");
}

#[test]
fn cookies_are_read_as_their_style_says() {
    // contract/V-22
    let sid = |style| spec("sid", Location::Cookie, style, true, STRING);
    assert_eq!(read(sid(Style::Form), "sid=1; sid=2"), Err(Rule::Duplicate));
    assert_eq!(read(sid(Style::Form), "sid=\"1\"").as_deref(), Ok(r#""\"1\"""#), "quotes are part of the value");
    assert_eq!(read(sid(Style::Cookie), "sid=a%20b").as_deref(), Ok(r#""a%20b""#));
    assert_eq!(read(sid(Style::Form), "sid=a%20b").as_deref(), Ok(r#""a b""#));
    assert_eq!(read(sid(Style::Form), "sid=a+b").as_deref(), Ok(r#""a+b""#), "only forms have `+` for a blank");
    assert_eq!(read(sid(Style::Form), "a=\"x; sid=1; b=y\""), Err(Rule::Separator), "one cookie or three");
    assert_eq!(read(sid(Style::Form), "SID=1").as_deref(), Ok(""), "names have letters of either case");
    assert_eq!(read(sid(Style::Form), "sid").as_deref(), Ok(r#""""#), "a name without a value is the name");
    let many = (0..51).map(|number| format!("c{number}=1")).collect::<Vec<_>>().join("; ");
    assert_eq!(read(sid(Style::Form), &many), Err(Rule::TooMany));
}

#[test]
fn content_is_one_json_text() {
    // contract/V-23
    let filter = |location, name: &str| Spec {
        writing: Writing::Content(Content::Json),
        ..spec(name, location, Style::Form, false, Shape::Any)
    };
    let query = |raw: &str| read(filter(Location::Query, "f"), raw);
    assert_eq!(query(r#"f={"a":1}"#).as_deref(), Ok(r#"{"a":1}"#));
    assert_eq!(query("f=%7B%22a%22:+1%7D").as_deref(), Ok(r#"{"a": 1}"#));
    assert_eq!(query(r#"f={"a":1,"a":2}"#), Err(Rule::Json));
    assert_eq!(query(r#"f={"a":1}x"#), Err(Rule::Json));
    assert_eq!(query(&format!("f={}", "[".repeat(200))), Err(Rule::Json));
    assert_eq!(query(r#"f=1],[{"b":2}"#), Err(Rule::Json), "no way out of its place");
    assert_eq!(query("f=1&f=2"), Err(Rule::Duplicate));
    assert_eq!(read(filter(Location::Header, "X-F"), r#"{"a":1}"#).as_deref(), Ok(r#"{"a":1}"#));
    assert_eq!(read(filter(Location::Path, "f"), "%7B%22a%22:1%7D").as_deref(), Ok(r#"{"a":1}"#));
}

#[test]
fn a_query_may_be_one_value_as_a_whole() {
    let whole = |content, shape| Spec {
        writing: Writing::Content(content),
        ..spec("q", Location::QueryString, Style::Form, false, shape)
    };
    let json = |raw: &str| read(whole(Content::Json, Shape::Any), raw);
    assert_eq!(json("%7B%22a%22%3A1%7D").as_deref(), Ok(r#"{"a":1}"#));
    assert_eq!(json("%22a+b%22"), Err(Rule::Separator), "a blank or a plus");
    assert_eq!(json("%5B1,2"), Err(Rule::Json));
    let form = |raw: &str| read(whole(Content::Form, object(&[("a", INTEGER), ("b", array(STRING))])), raw);
    assert_eq!(form("a=1&b=x&b=y").as_deref(), Ok(r#"{"a":1,"b":["x","y"]}"#));
    assert_eq!(form("a=1&c=2"), Err(Rule::Undeclared));
}

#[test]
fn deep_objects_go_deeper_where_that_is_allowed() {
    let deep = |name: &str, shape| spec(name, Location::Query, Style::DeepObject, true, shape);
    let allowed = || Options { deep: Deep { depth: 3, max_index: 100 }, ..Options::default() };
    let shape = object(&[
        ("a", INTEGER),
        ("to", object(&[("b", STRING)])),
        ("items", array(object(&[("id", INTEGER)]))),
        ("tags", array(STRING)),
    ]);
    let read = |query: &str| read_with(deep("f", shape.clone()), allowed(), query);
    assert_eq!(read("f[a]=1&f[to][b]=x").as_deref(), Ok(r#"{"a":1,"to":{"b":"x"}}"#));
    assert_eq!(read("f[items][1][id]=2&f[items][0][id]=1").as_deref(), Ok(r#"{"items":[{"id":1},{"id":2}]}"#));
    assert_eq!(read("f[tags][]=x&f[tags][]=y").as_deref(), Ok(r#"{"tags":["x","y"]}"#));
    assert_eq!(read_with(deep("ids", array(INTEGER)), allowed(), "ids[]=1&ids[]=2").as_deref(), Ok("[1,2]"));
    for (query, rule, why) in [
        ("f[items][99999999][id]=1", Rule::TooMany, "contract/V-12"),
        ("f[items][1][id]=1", Rule::Style, "a gap"),
        ("f[items][00][id]=1", Rule::Style, "another spelling of 0"),
        ("f[items][][id]=1", Rule::Style, "one item or many"),
        ("f[tags][0]=x&f[tags][]=y", Rule::Style, "two ways at once"),
        ("f[tags][0]=x&f[tags][0]=y", Rule::Duplicate, "a place twice"),
        ("f[tags]=x", Rule::Style, "no item"),
        ("f[a][b]=1", Rule::Style, "deeper than its shape"),
        ("f[to]=1", Rule::Style, "not as deep"),
        ("f[to][b]=1&f[to][b][c]=2", Rule::Style, "a value and an object"),
        ("f[to][b][c][d]=1", Rule::Style, "too deep"),
        ("f[to][__proto__]=1", Rule::Undeclared, "contract/V-13"),
        ("f[to][b]]=1", Rule::Style, "a bracket too many"),
    ] {
        assert_eq!(read(query), Err(rule), "{query}: {why}");
    }
}

#[test]
fn every_line_of_set_cookie_is_a_value() {
    let parameters =
        compiled(vec![spec("Set-Cookie", Location::Header, Style::Simple, false, STRING)], Options::default());
    let headers = fields(&[("set-cookie", b"a=1; Expires=Wed, 30 Jun 2027 00:00:00 GMT"), ("set-cookie", b"b=2")]);
    let values = parameters.read(&Input { path: &[], query: None, headers: &headers }).unwrap();
    assert_eq!(json_of(&values), r#"["a=1; Expires=Wed, 30 Jun 2027 00:00:00 GMT","b=2"]"#);
    assert_eq!(values.found(), [0, 0]);
}
