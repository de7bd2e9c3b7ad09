//! `cargo xtask layers`: imports point one way only, and every crate keeps the rules of the workspace.

#[cfg(test)]
mod tests;

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Where a crate stands. It may use what stands lower, never what stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    Core,
    Kit,
    Room,
    Admin,
    Gateway,
    Binary,
    /// Test support and this program: nothing that ships uses them.
    Dev,
}

/// Every crate of the design, by name without the prefix.
const TIERS: &[(Tier, &[&str])] = &[
    (Tier::Core, &["core"]),
    (Tier::Kit, &["json", "jose", "net", "openapi", "store"]),
    (
        Tier::Room,
        &[
            "transport",
            "routing",
            "schema",
            "identity",
            "authz",
            "limits",
            "events",
            "inspection",
            "flows",
            "protection",
            "egress",
            "detection",
            "issuer",
            "console",
        ],
    ),
    (Tier::Admin, &["admin"]),
    (Tier::Gateway, &["gateway"]),
    (Tier::Binary, &["portcullis"]),
    (Tier::Dev, &["testkit", "xtask"]),
];
/// What `core` must not know: runtimes, HTTP implementations, stores.
const NOT_IN_CORE: &[&str] =
    &["tokio", "hyper", "hyper-util", "rustls", "rusqlite", "tokio-postgres", "redis", "fred", "reqwest"];
/// The crates that may use `anyhow` outside tests.
const WITH_ANYHOW: &[&str] = &["portcullis", "xtask", "testkit"];

/// One crate of the workspace, as far as the rules look at it.
struct Crate {
    name: String,
    /// Name, and whether it is for tests only.
    dependencies: Vec<(String, bool)>,
    manifest: String,
}

/// Checks the workspace.
///
/// # Errors
/// Lists everything that breaks a rule.
pub(crate) fn run() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let mut broken = Vec::new();
    let packages = metadata.workspace_packages();
    for package in &packages {
        let manifest = std::fs::read_to_string(&package.manifest_path)
            .with_context(|| format!("cannot read {}", package.manifest_path))?;
        let dependencies = package.dependencies.iter();
        let dependencies = dependencies.map(|dep| (dep.name.clone(), dep.kind == DependencyKind::Development));
        let one = Crate { name: short(&package.name).to_owned(), dependencies: dependencies.collect(), manifest };
        broken.extend(check(&one));
    }
    if broken.is_empty() {
        println!("layers: {} crates keep the rules", packages.len());
        return Ok(());
    }
    bail!("layers:\n  {}", broken.join("\n  "))
}

fn short(name: &str) -> &str {
    name.strip_prefix("portcullis-").unwrap_or(name)
}

fn tier(name: &str) -> Option<Tier> {
    TIERS.iter().find(|(_, names)| names.contains(&name)).map(|(tier, _)| *tier)
}

fn check(one: &Crate) -> Vec<String> {
    let name = &one.name;
    let mut broken = Vec::new();
    let Some(own) = tier(name) else {
        return vec![format!("`{name}` has no tier: add it to TIERS in crates/xtask/src/layers.rs")];
    };
    for (dependency, for_tests) in &one.dependencies {
        let is_ours = dependency.starts_with("portcullis-") || tier(dependency).is_some();
        match (is_ours.then(|| tier(short(dependency))).flatten(), for_tests) {
            (Some(Tier::Dev), true) => {}
            (Some(other), _) if other >= own && own != Tier::Dev => {
                broken.push(format!("`{name}` ({own:?}) depends on `{}` ({other:?})", short(dependency)));
            }
            _ => {}
        }
        if own == Tier::Core && NOT_IN_CORE.contains(&dependency.as_str()) {
            broken.push(format!("`core` depends on `{dependency}`: core does no I/O"));
        }
        if dependency == "anyhow" && !for_tests && !WITH_ANYHOW.contains(&name.as_str()) {
            broken.push(format!("`{name}` depends on `anyhow`: accepted in {}", WITH_ANYHOW.join(", ")));
        }
    }
    broken.extend(manifest(name, &one.manifest));
    broken
}

/// Rules that cargo metadata does not show: lints and versions come from the workspace.
fn manifest(name: &str, text: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut section = "";
    let mut has_lints = false;
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    for line in lines.filter(|line| !line.is_empty()) {
        if let Some(header) = line.strip_prefix('[') {
            section = header.trim_end_matches(']');
            if section.contains("dependencies.") {
                broken.push(format!("`{name}`: `[{section}]`: write it as one line of `[dependencies]`"));
            }
            continue;
        }
        let words: String = line.chars().filter(|char| !char.is_whitespace()).collect();
        match section {
            "lints" => has_lints |= words == "workspace=true",
            _ if section.ends_with("dependencies") && !words.contains("workspace=true") => {
                broken.push(format!("`{name}`: `{line}`: the version stands in [workspace.dependencies]"));
            }
            _ => {}
        }
    }
    if !has_lints {
        broken.push(format!("`{name}` does not say `[lints] workspace = true`"));
    }
    broken
}
