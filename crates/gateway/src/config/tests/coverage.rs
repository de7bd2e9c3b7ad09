//! What `check --coverage` prints.

use super::{Folder, short};
use crate::coverage;

#[test]
fn coverage_says_what_each_control_does() {
    let more = "\
hosts: [api.example.com]
controls:
  response.headers: { mode: monitor, operations: { feed: off } }
operations:
  feed: { internal: true }
response_headers: { frame_options: off }
";
    let plan = Folder::new().load(short("", more)).unwrap().plan;
    insta::assert_snapshot!(coverage::text(&plan));
    let cells = coverage::json(&plan);
    let state = |operation: &str, control: &str| {
        let cells = cells.as_array().unwrap().iter();
        let found: Vec<_> = cells.filter(|cell| cell["operation"] == operation && cell["control"] == control).collect();
        assert_eq!(found.len(), 1);
        found[0]["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(state("listOrders", "response.headers"), "monitored");
    assert_eq!(state("feed", "response.headers"), "off");
    assert_eq!(state("feed", "routing.internal"), "enforced");
    assert_eq!(state("listOrders", "routing.internal"), "not_applicable");
    assert_eq!(state("listOrders", "transport.tls"), "not_applicable");
}
