use std::collections::BTreeSet;

use super::{OPERATIONS_PER_RESOURCE, TARGETS, document, targets};

#[test]
fn a_resource_is_five_operations() {
    let document = document(3);
    let paths = document["paths"].as_object().unwrap();
    let methods = paths.values().flat_map(|item| item.as_object().unwrap().keys());
    let operations = methods.filter(|key| *key != "parameters").count();
    assert_eq!(operations, 3 * usize::try_from(OPERATIONS_PER_RESOURCE).unwrap() + 1, "and `/item`");
}

#[test]
fn targets_reach_the_whole_document_and_nothing_else() {
    let resources = 2000;
    let document = document(resources);
    let text = targets(resources);
    let mut reached = BTreeSet::new();
    for target in text.lines() {
        let path = target.strip_prefix("http://127.0.0.1").unwrap();
        let template = match path.split('/').collect::<Vec<_>>()[..] {
            ["", version, area, resource, _] => format!("/{version}/{area}/{resource}/{{id}}"),
            _ => path.to_owned(),
        };
        assert!(document["paths"][&template]["get"].is_object(), "{target}");
        reached.insert(template);
    }
    assert_eq!(reached.len(), usize::try_from(TARGETS).unwrap());
    assert!(reached.contains("/v1/area0/resource0/{id}") && reached.iter().any(|path| path.contains("resource1998")));
}
