use super::*;
use crate::{Lane, Names};
use portcullis_core::{Record, RequestId};

fn lines(directory: &Path) -> Vec<String> {
    let files = files(directory).expect("folder");
    files
        .iter()
        .flat_map(|file| fs::read_to_string(file).expect("file").lines().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[test]
fn what_lanes_pushed_is_on_disk_after_close() {
    let folder = tempfile::tempdir().expect("folder");
    let metrics = Arc::new(Metrics::default());
    let recorder = Recorder::open(folder.path(), Arc::clone(&metrics)).expect("recorder");
    let lane = Lane::new(recorder.port(), Arc::clone(&metrics));
    for _ in 0..10_000 {
        let record = Record::open(RequestId(uuid::Uuid::nil()), 0, http::Method::GET);
        lane.push(&record, &Names { api: None, operation: None, upstream: None });
    }
    drop(lane);
    recorder.close();
    assert_eq!(lines(&folder.path().join(DIRECTORY)).len(), 10_000);
    let text = metrics.encode();
    assert!(text.contains("portcullis_exchanges_total{verdict=\"abandoned\"} 10000"), "{text}");
    assert!(text.contains("portcullis_events_lost_total 0"), "{text}");
}

#[test]
fn the_oldest_file_leaves_at_the_bound() {
    let folder = tempfile::tempdir().expect("folder");
    let mut files = Files::open(folder.path(), 100, 3).expect("files");
    for n in 0..100 {
        files.append(format!("{{\"line\":{n:020}}}\n").as_bytes()).expect("append");
    }
    assert_eq!(numbers(folder.path()).expect("numbers").len(), 3);
    let kept = lines(folder.path());
    assert!(kept.last().expect("line").contains("99"), "the newest line is kept");
    assert!(kept.len() <= 12, "three files of at most 100 bytes");
}

#[test]
fn half_a_line_of_a_killed_process_is_ended_before_the_next() {
    let folder = tempfile::tempdir().expect("folder");
    fs::write(path(folder.path(), 7), b"{\"whole\":1}\n{\"hal").expect("write");
    let mut files = Files::open(folder.path(), 1000, 3).expect("files");
    files.append(b"{\"next\":2}\n").expect("append");
    assert_eq!(lines(folder.path()), ["{\"whole\":1}", "{\"hal", "{\"next\":2}"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("file");
    fs::write(&file, b"").expect("write");
    let error = Recorder::open(&file, Arc::default()).err().expect("error");
    assert!(error.to_string().contains("file/events"), "{error}");
}
