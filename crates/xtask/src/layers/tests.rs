//! What `layers` accepts and refuses.

use super::{Crate, check};

const MANIFEST: &str = "[package]\nname = \"x\"\n[lints]\nworkspace = true\n[dependencies]\nserde.workspace = true\n";

fn broken(name: &str, dependencies: &[(&str, bool)], manifest: &str) -> String {
    let dependencies = dependencies.iter().map(|(name, test)| ((*name).to_owned(), *test)).collect();
    check(&Crate { name: name.to_owned(), dependencies, manifest: manifest.to_owned() }).join("; ")
}

#[test]
fn imports_point_one_way() {
    let cases = [
        // crate, dependency, for tests, refused, why
        ("transport", "portcullis-core", false, false, "a room on core"),
        ("transport", "portcullis-routing", false, true, "a room on a room"),
        ("transport", "portcullis-routing", true, true, "a room on a room, in tests too"),
        ("authz", "portcullis-json", false, false, "a room on a kit"),
        ("json", "portcullis-authz", false, true, "a kit on a room"),
        ("json", "portcullis-jose", false, true, "a kit on a kit"),
        ("core", "portcullis-json", false, true, "core on a kit"),
        ("core", "tokio", false, true, "core on a runtime"),
        ("core", "serde", false, false, "core on words of others"),
        ("admin", "portcullis-events", false, false, "admin on a room"),
        ("gateway", "portcullis-admin", false, false, "gateway on admin"),
        ("admin", "portcullis-gateway", false, true, "admin on gateway"),
        ("gateway", "portcullis-testkit", true, false, "test support in tests"),
        ("gateway", "portcullis-testkit", false, true, "test support in what ships"),
        ("xtask", "portcullis-gateway", false, false, "tasks use what they describe"),
        ("routing", "anyhow", false, true, "anyhow in a room"),
        ("routing", "anyhow", true, false, "anyhow in tests"),
        ("portcullis", "anyhow", false, false, "anyhow in the binary"),
        ("misc", "serde", false, true, "a crate without a tier"),
    ];
    for (name, dependency, test, refused, why) in cases {
        let broken = broken(name, &[(dependency, test)], MANIFEST);
        assert_eq!(!broken.is_empty(), refused, "{why}: {broken}");
    }
}

#[test]
fn manifests_take_lints_and_versions_from_the_workspace() {
    let cases = [
        (
            "[lints]\nworkspace = true\n[dependencies]\nserde = { workspace = true, features = [\"rc\"] }\n",
            false,
            "features of its own",
        ),
        ("[dependencies]\nserde.workspace = true\n", true, "no lints"),
        ("[lints]\nworkspace = false\n", true, "lints of its own"),
        ("[lints]\nworkspace = true\n[dependencies]\nserde = \"1\"\n", true, "a version of its own"),
        (
            "[lints]\nworkspace = true\n[dev-dependencies]\nserde = { version = \"1\" }\n",
            true,
            "a version of its own, in tests",
        ),
        ("[lints]\nworkspace = true\n[dependencies.serde]\nworkspace = true\n", true, "a form that this does not read"),
        ("[lints]\nworkspace = true\n[dependencies]\n# serde = \"1\"\n", false, "a comment"),
    ];
    for (manifest, refused, why) in cases {
        let broken = broken("routing", &[], manifest);
        assert_eq!(!broken.is_empty(), refused, "{why}: {broken}");
    }
}
