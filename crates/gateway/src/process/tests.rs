use super::*;
use crate::snapshot::Snapshot;
use portcullis_core::bounds::{ADDRESS_BURST, ADDRESS_RATE};
use portcullis_transport::address_rate::Pace;
use std::sync::Weak;
use tempfile::TempDir;

const DOCUMENT: &str = r#"
openapi: 3.1.0
info: { title: mini, version: "1" }
paths: { /things: { get: { operationId: listThings, responses: { "200": { description: ok } } } } }
"#;

/// A gateway in a folder of its own; the listeners stand in this order.
fn config(listeners: &str) -> String {
    format!(
        "version: 1\ncores: 1\nlisteners: [{listeners}]\nadmin: {{ address: 127.0.0.1:0 }}\n\
         upstreams: {{ up: {{ endpoints: ['http://127.0.0.1:1'] }} }}\n\
         apis: {{ mini: {{ openapi: api.yaml, upstream: up, identity: public, controls: {{ contract.request: off, contract.response: off }} }} }}\n"
    )
}

fn start(listeners: &str) -> (TempDir, Gateway) {
    let folder = tempfile::tempdir().expect("folder");
    std::fs::write(folder.path().join("api.yaml"), DOCUMENT).expect("document");
    std::fs::write(folder.path().join("portcullis.yaml"), config(listeners)).expect("configuration");
    let gateway = Gateway::start(&folder.path().join("portcullis.yaml")).expect("starts");
    (folder, gateway)
}

/// Runs `test` as the control loop would.
fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default());
    runtime.expect("runtime").block_on(test);
}

async fn reload(gateway: &mut Gateway) {
    let before = gateway.shared.snapshots.load().id;
    gateway.asks.note(By::Signal);
    let batch = gateway.asks.next().await;
    gateway.reload(batch, |_| {}).await;
    assert_eq!(gateway.shared.snapshots.load().id, before.saturating_add(1), "{}", gateway.state.details());
}

/// edge/R13: what a storm leaves behind is one Snapshot, also on cores that nobody sends anything to.
#[test]
fn many_reloads_leave_one_snapshot() {
    run(async {
        let (_folder, mut gateway) = start("{ address: 127.0.0.1:0 }");
        let mut old: Vec<Weak<Snapshot>> = Vec::new();
        for _ in 0..10 {
            old.push(Arc::downgrade(&gateway.shared.snapshots.load_full()));
            reload(&mut gateway).await;
        }
        let patience = tokio::time::Instant::now() + Duration::from_secs(30);
        while old.iter().any(|snapshot| snapshot.strong_count() > 0) {
            let left: Vec<_> = old.iter().map(Weak::strong_count).collect();
            assert!(tokio::time::Instant::now() < patience, "still held: {left:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::task::spawn_blocking(move || gateway.stop()).await.expect("stops");
    });
}

/// edge/R13: a bucket belongs to the address that its listener is bound to, wherever that stands in the file.
#[test]
fn a_reload_forgets_nobody_who_has_used_up_a_limit() {
    run(async {
        let (folder, mut gateway) = start("{ address: 127.0.0.1:0 }, { address: 127.0.0.2:0 }");
        let client = "192.0.2.7".parse().expect("address");
        let pace = Pace::new(ADDRESS_RATE, ADDRESS_BURST);
        let take = |gateway: &Gateway, ip: &str| {
            let snapshot = gateway.shared.snapshots.load();
            let is_it =
                |listener: &&portcullis_transport::listener::Compiled| listener.facts.address.ip().to_string() == ip;
            let listener = snapshot.listeners.iter().find(is_it).expect("listener");
            gateway.shared.requests.take(client, listener.facts.id, pace, 1_000_000)
        };
        let bound = |gateway: &Gateway, ip: &str| {
            gateway.listening().iter().map(|one| one.address).find(|address| address.ip().to_string() == ip)
        };
        while take(&gateway, "127.0.0.2") {}
        assert!(take(&gateway, "127.0.0.1"), "the other listener counts for itself");
        let before = bound(&gateway, "127.0.0.2");
        for listeners in [
            "{ address: 127.0.0.1:0 }, { address: 127.0.0.2:0 }",
            "{ address: 127.0.0.2:0 }, { address: 127.0.0.1:0 }",
            "{ address: 127.0.0.3:0 }, { address: 127.0.0.2:0 }",
        ] {
            std::fs::write(folder.path().join("portcullis.yaml"), config(listeners)).expect("configuration");
            reload(&mut gateway).await;
            assert!(!take(&gateway, "127.0.0.2"), "edge/R13: {listeners}");
            assert_eq!(bound(&gateway, "127.0.0.2"), before, "nobody had to connect anew: {listeners}");
        }
        assert!(take(&gateway, "127.0.0.3"), "what is new has counted nothing");
        tokio::task::spawn_blocking(move || gateway.stop()).await.expect("stops");
    });
}

/// edge/R18: a change is told to whoever asked for it, and recorded; also one that was refused.
#[test]
fn every_change_is_recorded_with_who_and_what() {
    run(async {
        let (folder, mut gateway) = start("{ address: 127.0.0.1:0 }");
        let document = DOCUMENT.replace("/things: ", "/others: ").replace("listThings", "listOthers");
        std::fs::write(folder.path().join("api.yaml"), document).expect("document");
        let text = config("{ address: 127.0.0.1:0 }").replace("identity: public", "identity: public, max_body: 2MiB");
        std::fs::write(folder.path().join("portcullis.yaml"), text).expect("configuration");
        reload(&mut gateway).await;
        std::fs::write(folder.path().join("portcullis.yaml"), "version: 2\n").expect("configuration");
        gateway.asks.note(By::File);
        let batch = gateway.asks.next().await;
        gateway.reload(batch, |_| {}).await;
        let data_dir = gateway.data_dir.clone();
        tokio::task::spawn_blocking(move || gateway.stop()).await.expect("stops");
        let record = std::fs::read_to_string(data_dir.join("events/00000001.jsonl")).expect("record");
        let lines: Vec<serde_json::Value> =
            record.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let [done, refused] = &lines[..] else { panic!("two lines: {record}") };
        assert_eq!(done["by"], serde_json::json!([{ "via": "signal" }]));
        assert_eq!((&done["before"], &done["snapshot"]), (&1.into(), &2.into()));
        let changes = done["changes"].as_array().expect("changes");
        for expected in
            ["apis/mini/max_body: added", "operation mini/listOthers: added", "operation mini/listThings: removed"]
        {
            assert!(changes.contains(&expected.into()), "edge/R18: {expected}: {done}");
        }
        let files =
            changes.iter().filter(|change| change.as_str().is_some_and(|text| text.ends_with("api.yaml: changed")));
        assert_eq!((files.count(), changes.len()), (1, 5), "both files, and nothing else: {done}");
        assert_eq!((&refused["outcome"], &refused["snapshot"]), (&"refused".into(), &2.into()));
        assert!(
            refused["error"].as_str().is_some_and(|error| error.contains("does not state `listeners`")),
            "{refused}"
        );
    });
}
