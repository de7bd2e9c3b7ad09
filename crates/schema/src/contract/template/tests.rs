use super::*;

fn values(template: &str, path: &str) -> Option<String> {
    let template = Template::parse(template).unwrap();
    let mut found = Vec::new();
    template
        .values(path, &mut found)
        .then(|| found.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" "))
}

#[test]
fn each_name_gets_what_stands_in_its_place() {
    for (template, path, expected) in [
        ("/orders", "/orders", ""),
        ("/orders/{id}", "/orders/17", "id=17"),
        ("/orders/{id}/lines/{line}", "/orders/17/lines/%20x", "id=17 line=%20x"),
        ("/files/{name}.{ext}", "/files/a.b.c", "name=a ext=b.c"),
        ("/a/{x}-{y}:run", "/a/1-2-3:run", "x=1 y=2-3"),
        ("/a/{x}2{y}", "/a/%12222", "x=%12 y=22"),
        ("/{id}:cancel", "/7:cancel", "id=7"),
        ("/files/{path+}", "/files/a/b/c", "path=a/b/c"),
        ("/{last}/", "/x/", "last=x"),
    ] {
        assert_eq!(values(template, path).as_deref(), Some(expected), "{template} {path}");
    }
}

#[test]
fn what_routing_would_not_have_given_is_refused() {
    assert_eq!(values("/a/{x}-{y}", "/a/12"), None);
    assert_eq!(values("/a/{x}:run", "/a/12"), None);
}

#[test]
fn text_that_a_request_would_escape_has_no_place_beside_a_name() {
    assert_eq!(Template::parse("/ä/{x}").map(|_| ()), Ok(()));
    assert_eq!(Template::parse("/a/ä{x}").map(|_| ()), Err("ä{x}".into()));
}
