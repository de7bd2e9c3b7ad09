//! The seeds of every target: what was found once stays found.

use std::fs;
use std::path::Path;

/// A target and its check.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 16] = [
    ("guard_h1", portcullis_fuzz::guard_h1::check),
    ("chunks", portcullis_fuzz::chunks::check),
    ("frames_h2", portcullis_fuzz::frames_h2::check),
    ("frames_ws", portcullis_fuzz::frames_ws::check),
    ("target", portcullis_fuzz::target::check),
    ("forwarded", portcullis_fuzz::forwarded::check),
    ("proxy_protocol", portcullis_fuzz::proxy_protocol::check),
    ("upstream_response", portcullis_fuzz::upstream_response::check),
    ("config", portcullis_fuzz::config::check),
    ("openapi", portcullis_fuzz::openapi::check),
    ("json_document", portcullis_fuzz::json_document::check),
    ("multipart", portcullis_fuzz::multipart::check),
    ("parameters", portcullis_fuzz::parameters::check),
    ("contract_loader", portcullis_fuzz::contract_loader::check),
    ("coding", portcullis_fuzz::coding::check),
    ("schema", portcullis_fuzz::schema::check),
];

#[test]
fn every_seed_passes() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let mut names: Vec<_> = fs::read_dir(&seeds).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut known: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    known.sort_unstable();
    assert_eq!(names, known, "a folder of seeds for each target");
    for (name, check) in TARGETS {
        for entry in fs::read_dir(seeds.join(name)).unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display()); // shown where the test fails
            check(&fs::read(&path).unwrap());
        }
    }
}
