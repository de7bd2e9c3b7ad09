//! What an operator reads of a configuration that does not load.

use super::{Folder, short};
use insta::assert_snapshot;

#[test]
fn names_that_are_wrong_are_reported_together() {
    // edge/R1, edge/R15
    let more = "\
rate_limt: 5
limits: []
operations:
  listOrders: { permission: orders:read, max_body: 10MB }
controls:
  authz.object: enforce
";
    assert_snapshot!(Folder::new().printed(short("identity: { corp: {} }\nlistner: []\nstore: sqlite\n", more)));
}

#[test]
fn values_that_are_wrong_are_reported_together() {
    let more = "\
hosts: [api.example.com:80]
max_body: 10MiB
upstream_path: /v2/../admin
operations:
  listOrdes: { internal: true }
  feed: { stream: true, timeout: 5s }
  createOrder: { identity: [corp] }
controls:
  transport.framing: off
  contract.request: enforce
  response.header: off
  routing.operation: { mode: monitor, operations: { nope: off } }
";
    let text = short("drain_delay: 5s\nadmin: { address: 0.0.0.0:9901 }\nhealth: { address: 127.0.0.1 }\n", more)
        .replace("version: 1", "version: 2")
        .replace("upstream: shop", "upstream: shp");
    assert_snapshot!(Folder::new().printed(text));
}

#[test]
fn identity_must_be_stated() {
    let text = short("", "").replace("    identity: public\n", "");
    assert_snapshot!(Folder::new().printed(text));
    let text = short("", "").replace("identity: public", "identity: [corp, partners]");
    assert_snapshot!(Folder::new().printed(text));
}

#[test]
fn yaml_that_is_wrong_has_its_place() {
    // edge/R2
    let cases: &[(&str, String)] = &[
        ("duplicate key", short("version: 1\n", "")),
        ("duplicate key in two types", short("", "operations: { 200: {}, '200': {} }\n")),
        ("tab indent", short("admin:\n\taddress: 127.0.0.1:9901\n", "")),
        ("wrong type", short("listeners: 5\n", "").replacen("listeners: [{ address: 127.0.0.1:8080 }]\n", "", 1)),
        ("empty value", short("data_dir:\n", "")),
        ("boolean as a word", short("", "preserve_host: yes\n")),
        ("number", short("", "").replace("cores: 1", "cores: 0_1")),
        ("number too small", short("", "").replace("cores: 1", "cores: -1")),
        ("unknown tag", short("data_dir: !foo x\n", "")),
        ("second document", format!("{}---\nversion: 1\n", short("", ""))),
        ("not closed", short("admin: { address: 127.0.0.1:9901\n", "")),
        ("reference outside a secret", short("data_dir: '${env:HOME}'\n", "")),
    ];
    let folder = Folder::new();
    let printed: Vec<String> = cases.iter().map(|(why, text)| format!("# {why}\n{}", folder.printed(text))).collect();
    assert_snapshot!(printed.join("\n"));
}

#[test]
fn bombs_are_refused_by_bounds() {
    // edge/R2: nine levels of nine aliases are 10⁹ values
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..=9 {
        let previous = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![previous; 9].join(", ")));
    }
    let folder = Folder::new();
    let printed = folder.printed(&bomb);
    assert!(printed.contains("the file is over a bound"), "{printed}");
    let printed = folder.printed("[".repeat(100_000));
    assert!(printed.starts_with("error: portcullis.yaml:1:"), "{printed}");
    let printed = folder.printed(vec![b' '; (10 << 20) + 1]);
    assert_eq!(printed, "error: portcullis.yaml: too large\n  accepted: at most 10 MiB\n");
    assert!(folder.printed(b"version: \xff1\n").starts_with("error: portcullis.yaml:1:10: not UTF-8\n"));
    assert!(folder.printed("version: 1\ncores: \0\n").starts_with("error: portcullis.yaml:2:8: a NUL byte\n"));
}

#[test]
fn secrets_that_cannot_be_read_name_the_reference() {
    // edge/R6
    let headers = "headers:
      X-A: ${env:PORTCULLIS_TEST_MISSING}
      X-B: ${file:/no}
      X-C: Bearer ${env:HOME}
      X-D: ${vault:secret/x}
      X-E: ${file:../portcullis.yaml}
      X-F: ${file:newline}
      Host: x
      x-a: twice
";
    let folder = Folder::new();
    std::fs::create_dir(folder.0.path().join("secrets")).unwrap();
    let file = folder.write("secrets/newline", "cAnArY\r\nInjected: 1");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = short("secrets_dir: secrets\n", "").replace(
        "upstreams: { shop: { endpoints: ['http://127.0.0.1:9000'] } }\n",
        &format!("upstreams:\n  shop:\n    endpoints: ['http://127.0.0.1:9000']\n    {headers}"),
    );
    let printed = folder.printed(text);
    assert!(!printed.contains("cAnArY"), "{printed}");
    assert_snapshot!(printed);
}

#[test]
fn endpoints_are_not_this_gateway() {
    // edge/R11
    let cases = [
        ("http://127.0.0.1:8080", true, "the listener"),
        ("http://localhost:8080", true, "by name"),
        ("http://[::ffff:127.0.0.1]:8080", true, "mapped into IPv6"),
        ("http://127.0.0.1:9901", true, "the admin listener"),
        ("http://127.0.0.2:9902", true, "another loopback address of a listener on all addresses"),
        ("http://127.0.0.1:8081", false, "another port"),
        ("http://10.0.0.1:8080", false, "another machine"),
    ];
    let folder = Folder::new();
    for (endpoint, refused, why) in cases {
        let top = "admin: { address: 127.0.0.1:9901 }\nhealth: { address: 0.0.0.0:9902 }\n";
        let printed = folder.printed(short(top, "").replace("http://127.0.0.1:9000", endpoint));
        assert_eq!(printed.contains("is this gateway itself"), refused, "{endpoint}: {why}: {printed}");
    }
}

#[test]
fn admin_stays_on_loopback() {
    // edge/R9
    for (address, fine) in [
        ("127.0.0.1:0", true),
        ("[::1]:9901", true),
        ("0.0.0.0:9901", false),
        ("10.0.0.1:9901", false),
        ("[::]:9901", false),
    ] {
        let loaded = Folder::new().load(short(&format!("admin: {{ address: '{address}' }}\n"), ""));
        assert_eq!(loaded.is_ok(), fine, "{address}");
    }
}

#[test]
fn files_that_are_missing_or_wrong() {
    let folder = Folder::new();
    let path = folder.0.path().join("nothing.yaml");
    let failed = crate::config::load(&path, &crate::config::LoadOptions::default()).unwrap_err();
    assert_eq!(failed.errors[0].message, "cannot be read: No such file or directory (os error 2)");
    folder.write("broken.yaml", "openapi: 3.0.3\npaths: [");
    let text = short("", "").replace("shop.yaml", "missing.yaml");
    let text = format!("{text}  other: {{ openapi: broken.yaml, upstream: shop, identity: public, base_path: /o }}\n");
    assert_snapshot!(folder.printed(text));
}

#[test]
fn upstream_certificates_are_verified_unless_a_reason_is_given() {
    let folder = Folder::new();
    let with = |tls: &str| {
        folder.printed(
            short("", "").replace("http://127.0.0.1:9000'] }", &format!("https://127.0.0.1:9000'], tls: {tls} }}")),
        )
    };
    assert_snapshot!(with("{ verify: false }"));
    assert!(with("{ verify: false, because: 'self-signed in the lab' }").starts_with("warning: "));
    assert!(with("{ because: 'why' }").contains("`because` without `verify: false`"));
}
