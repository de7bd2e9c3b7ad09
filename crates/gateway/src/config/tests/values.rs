//! What a valid configuration comes to.

use super::{Folder, short};
use crate::config::LoadOptions;
use portcullis_core::{Control, Mode};
use std::time::Duration;

#[test]
fn short_form_is_the_secure_form() {
    let loaded = Folder::new().load(short("", "")).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let plan = loaded.plan;
    assert_eq!((plan.listeners.len(), plan.upstreams.len(), plan.apis.len(), plan.operations.len()), (1, 1, 1, 3));
    assert!(plan.admin.is_none() && plan.health.is_none(), "nothing listens that is not written");
    assert_eq!(plan.timeouts.connection.head, Duration::from_secs(10));
    for settings in plan.operations.iter().chain([&plan.apis[0].default]) {
        assert!(settings.modes.iter().all(|mode| *mode == Mode::Enforce));
        assert_eq!((settings.max_body, settings.timeout), (1 << 20, Some(Duration::from_secs(60))));
        assert!(settings.websocket.is_none());
    }
}

#[test]
fn settings_of_an_operation_stand_over_those_of_its_api() {
    let more = "\
max_body: 2MiB
controls:
  response.headers: monitor
  routing.operation: { mode: monitor, operations: { listOrders: enforce } }
operations:
  createOrder: { max_body: 10MiB, timeout: 5m, identity: public }
  feed: { stream: true, internal: true }
";
    let plan = Folder::new().load(short("timeouts: { exchange: 20s }\n", more)).unwrap().plan;
    let of = |name: &str| {
        let operation = plan.routes.operation_named(portcullis_core::ApiId(0), name).unwrap();
        (plan.operations[operation.id.index()].clone(), plan.routes.is_internal(operation.id))
    };
    let (list, create, feed) = (of("listOrders"), of("createOrder"), of("feed"));
    assert_eq!((list.0.max_body, list.0.timeout, list.1), (2 << 20, Some(Duration::from_secs(20)), false));
    assert_eq!((create.0.max_body, create.0.timeout, create.1), (10 << 20, Some(Duration::from_secs(300)), false));
    assert_eq!((feed.0.max_body, feed.0.timeout, feed.1), (2 << 20, None, true));
    let mode = |modes: crate::config::Modes, control: Control| modes[control.index()];
    assert_eq!(mode(list.0.modes, Control::RoutingOperation), Mode::Enforce);
    assert_eq!(mode(create.0.modes, Control::RoutingOperation), Mode::Monitor);
    assert_eq!(mode(list.0.modes, Control::ResponseHeaders), Mode::Monitor);
    assert_eq!(mode(plan.apis[0].default.modes, Control::RoutingOperation), Mode::Monitor);
}

#[test]
fn deadline_is_that_of_the_operation_then_the_upstream_then_the_listener() {
    let text = short("", "operations: { feed: { timeout: 3s } }\n")
        .replace("9000'] }", "9000'], timeouts: { total: 7s, connect: 2s } }");
    let plan = Folder::new().load(text).unwrap().plan;
    assert_eq!(plan.timeouts.exchange, Duration::from_secs(60));
    assert_eq!(plan.apis[0].default.timeout, Some(Duration::from_secs(7)));
    assert_eq!(plan.operations[2].timeout, Some(Duration::from_secs(3)));
}

#[test]
fn paths_start_at_the_file() {
    let folder = Folder::new();
    let loaded = folder.load(short("data_dir: state\n", "")).unwrap();
    assert_eq!(loaded.plan.data_dir, folder.0.path().join("state"));
    let names: Vec<_> = loaded.files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["portcullis.yaml", "shop.yaml"], "what the watcher looks at");
}

#[test]
fn secrets_are_read_and_never_shown() {
    // edge/R6, edge/R7
    const CANARY: &str = "cAnArY-77";
    let folder = Folder::new();
    std::fs::create_dir(folder.0.path().join("secrets")).unwrap();
    let file = folder.write("secrets/token", format!("{CANARY}\r\n"));
    let mode = |mode| std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    let text = short("secrets_dir: secrets\n", "")
        .replace("9000'] }", "9000'], headers: { X-Token: '${file:token}', X-Plain: 'literal-cAnArY-77' } }");
    mode(0o600);
    let loaded = folder.load(&text).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let fields = &loaded.plan.upstreams[0].fields;
    assert_eq!(fields[0].1.as_bytes(), CANARY.as_bytes(), "trailing newline trimmed");
    assert!(loaded.files.contains(&file), "a rotated secret is a reload");
    assert!(!format!("{loaded:?}").contains(CANARY), "Debug of everything that was loaded");

    mode(0o644);
    let printed = folder.printed(&text);
    assert!(printed.contains("warning: portcullis.yaml:4:"), "{printed}");
    assert!(printed.contains("`${file:token}`: others may read or change the file (mode 0644)"), "{printed}");
    assert!(!printed.contains(CANARY), "the excerpt masks what is written out: {printed}");
}

#[test]
fn secrets_of_a_file_that_is_no_yaml_are_not_shown() {
    // edge/R7: where nothing can be parsed, everything below `headers` is taken for a secret
    let cases = [
        "upstreams:\n  shop:\n    headers:\n      X-Token: \"cAnArY-77\n    endpoints: []\n",
        "upstreams:\n  shop: { headers: { X-Token: cAnArY-77, X-B: \"cAnArY-77 } }\n",
        "upstreams:\n  shop:\n    headers: {\n      X-Token: cAnArY-77 cAnArY: x: [\n",
    ];
    for text in cases {
        let printed = Folder::new().printed(text);
        assert!(printed.contains("error: portcullis.yaml:") && !printed.contains("cAnArY"), "{printed}");
    }
    let printed = Folder::new().printed("apis:\n  shop:\n    response_headers: { hsts: off\n    x: y\n");
    assert!(!printed.contains("**"), "nothing secret there: {printed}");
}

#[test]
fn without_secrets_references_are_opaque() {
    let folder = Folder::new();
    let text = short("", "").replace("9000'] }", "9000'], headers: { X-Token: '${env:PORTCULLIS_TEST_MISSING}' } }");
    let path = folder.write("portcullis.yaml", &text);
    let options = LoadOptions { without_secrets: true, ..LoadOptions::default() };
    assert!(crate::config::load(&path, &options).is_ok());
    assert!(folder.load(&text).is_err(), "with secrets it is missing");
}

#[test]
fn schema_names_every_setting_of_the_design_that_exists() {
    let schema = crate::config::schema();
    let top = schema.pointer("/properties").unwrap().as_object().unwrap();
    for name in ["version", "listeners", "upstreams", "apis", "trusted_proxies", "admin", "health", "data_dir"] {
        assert!(top.contains_key(name), "{name}");
    }
    assert_eq!(schema.pointer("/additionalProperties"), Some(&false.into()));
    assert_eq!(schema.pointer("/required").unwrap(), &serde_json::json!(["version", "listeners", "upstreams", "apis"]));
}

#[test]
fn files_of_a_document_are_watched() {
    let folder = Folder::new();
    let orders = folder.write("orders.yaml", "get: { operationId: listOrders }\n");
    folder.write("shop.yaml", "openapi: 3.1.0\npaths: { /orders: { $ref: orders.yaml } }\n");
    let loaded = folder.load(short("", "")).unwrap();
    assert!(loaded.files.contains(&orders), "a part of the document that changes is a reload");
}
