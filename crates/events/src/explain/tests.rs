use super::*;
use std::fs;

#[test]
fn finds_the_exchange_among_broken_lines_and_other_mentions() {
    let folder = tempfile::tempdir().expect("folder");
    let events = folder.path().join(DIRECTORY);
    fs::create_dir(&events).expect("folder");
    fs::write(events.join("00000001.jsonl"), "{\"id\":\"a\",\"status\":200}\n{\"id\":\"b").expect("write");
    fs::write(events.join("00000002.jsonl"), "{\"id\":\"c\",\"detail\":\"a\"}\n").expect("write");
    assert_eq!(find(folder.path(), "a").expect("read").expect("found")["status"], 200);
    assert!(find(folder.path(), "b").expect("read").is_none(), "half a line is nothing");
    assert!(find(folder.path(), "zzz").expect("read").is_none());
}
