use super::*;
use crate::values::{Cap, Content, Deep, Form, Over, SpecProblem};

fn problem(specs: Vec<Spec>) -> SpecProblem {
    Parameters::compile(specs, Options::default()).unwrap_err().remove(0).problem
}

#[test]
fn a_combination_that_openapi_does_not_define_is_refused() {
    // contract/O-31
    use Location::{Cookie, Header, Path, Query};
    let cases = [
        (Query, Style::DeepObject, true, STRING, SpecProblem::Combination(Style::DeepObject, true)),
        (Query, Style::SpaceDelimited, true, array(STRING), SpecProblem::Combination(Style::SpaceDelimited, true)),
        (Query, Style::PipeDelimited, false, STRING, SpecProblem::Combination(Style::PipeDelimited, false)),
        (Query, Style::Matrix, false, STRING, SpecProblem::Place(Style::Matrix, "query")),
        (Header, Style::Form, false, STRING, SpecProblem::Place(Style::Form, "header")),
        (Path, Style::Form, false, STRING, SpecProblem::Place(Style::Form, "path")),
        (Cookie, Style::Simple, false, STRING, SpecProblem::Place(Style::Simple, "cookie")),
        (Cookie, Style::Form, true, array(STRING), SpecProblem::FormCookie),
        (Query, Style::Form, true, array(array(STRING)), SpecProblem::Nested),
        (Query, Style::DeepObject, true, object(&[("a", array(STRING))]), SpecProblem::Nested),
    ];
    for (location, style, explode, shape, expected) in cases {
        assert_eq!(problem(vec![spec("p", location, style, explode, shape)]), expected, "{location:?} {style:?}");
    }
}

#[test]
fn two_parameters_do_not_read_one_name() {
    // contract/V-09
    let two = vec![query_spec("R", STRING), query_spec("filter", rgb())];
    assert_eq!(problem(two), SpecProblem::Collision("R".into()));
    let open = Shape::Object { properties: Vec::new(), other: Some(Box::new(STRING)) };
    assert_eq!(problem(vec![query_spec("a", open.clone()), query_spec("b", open)]), SpecProblem::OpenObject);
}

#[test]
fn the_query_as_a_whole_stands_alone() {
    // contract/O-33
    let whole = || Spec {
        writing: Writing::Content(Content::Json),
        ..spec("q", Location::QueryString, Style::Form, false, Shape::Any)
    };
    assert_eq!(problem(vec![whole(), query_spec("a", STRING)]), SpecProblem::QueryString);
    assert_eq!(problem(vec![whole(), whole()]), SpecProblem::QueryString);
    assert_eq!(problem(vec![spec("q", Location::QueryString, Style::Form, true, STRING)]), SpecProblem::QueryString);
    let form_elsewhere = Spec { writing: Writing::Content(Content::Form), ..query_spec("f", rgb()) };
    assert_eq!(problem(vec![form_elsewhere]), SpecProblem::Content);
}

#[test]
fn a_cap_is_on_a_number_in_the_query() {
    for specs in
        [vec![], vec![query_spec("limit", STRING)], vec![spec("limit", Location::Path, Style::Simple, false, INTEGER)]]
    {
        let caps = vec![Cap { parameter: "limit".into(), min: 1, max: 100, over: Over::Refuse }];
        let errors = Parameters::compile(specs, Options { caps, ..Options::default() }).unwrap_err();
        assert_eq!(errors[0].problem, SpecProblem::Cap("limit".into()));
    }
}

#[test]
fn every_error_names_its_parameter() {
    let errors = Parameters::compile(
        vec![
            query_spec("a", STRING),
            spec("b", Location::Header, Style::Form, false, STRING),
            spec("c d", Location::Header, Style::Simple, false, STRING),
        ],
        Options::default(),
    )
    .unwrap_err();
    assert_eq!(errors.iter().map(|error| error.parameter).collect::<Vec<_>>(), [Some(1), Some(2)]);
    assert_eq!(errors[1].problem.to_string(), "`c d` is no name of a header field");
}

#[test]
fn a_name_stands_once_in_each_place() {
    let header = |name: &str| spec(name, Location::Header, Style::Simple, false, STRING);
    assert_eq!(problem(vec![header("X-Id"), header("x-id")]), SpecProblem::Collision("x-id".into()));
    let cookie = |name: &str, shape| spec(name, Location::Cookie, Style::Cookie, true, shape);
    assert_eq!(problem(vec![cookie("c", rgb()), cookie("R", STRING)]), SpecProblem::Collision("R".into()));
    assert!(Parameters::compile(vec![header("R"), cookie("R", STRING)], Options::default()).is_ok());
    assert_eq!(problem(vec![spec("f", Location::Form, Style::Form, true, STRING)]), SpecProblem::Location("form"));
    let field = Form::compile(vec![query_spec("q", STRING)], None, Options::default()).unwrap_err();
    assert_eq!(field[0].problem, SpecProblem::Location("query"));
}

#[test]
fn a_deep_object_holds_no_more_than_the_configuration_allows() {
    // contract/O-32
    let nested =
        || spec("f", Location::Query, Style::DeepObject, true, object(&[("a", array(object(&[("b", STRING)])))]));
    for (depth, expected) in [(1, Some(SpecProblem::Nested)), (2, Some(SpecProblem::Nested)), (3, None)] {
        let options = Options { deep: Deep { depth, max_index: 100 }, ..Options::default() };
        let problem = Parameters::compile(vec![nested()], options).err().map(|mut errors| errors.remove(0).problem);
        assert_eq!(problem, expected, "contract/O-32 {depth}");
    }
}
