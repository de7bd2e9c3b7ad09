//! What is kept, what is refused, and what a crash leaves.

use crate::{FILE, Reader, Schema, Store, StoreError};
use rusqlite::{Connection, params};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

const FIRST: Schema = Schema { room: "words", steps: &["CREATE TABLE words (word TEXT PRIMARY KEY) STRICT"] };
const SECOND: Schema = Schema {
    room: "words",
    steps: &[
        "CREATE TABLE words (word TEXT PRIMARY KEY) STRICT",
        "ALTER TABLE words ADD COLUMN length INTEGER; UPDATE words SET length = length(word)",
    ],
};
const LONG: Duration = Duration::from_secs(60);

fn write(store: &Store, word: &'static str) -> Result<usize, StoreError> {
    store.port().ask(move |store| store.execute("INSERT INTO words (word) VALUES (?1)", [word]))?.wait(LONG)
}

fn words(data_dir: &Path) -> Vec<String> {
    let mut reader = Reader::open(data_dir, SECOND).unwrap().unwrap();
    let read = |store: &Connection| {
        store.prepare("SELECT word FROM words ORDER BY word")?.query_map([], |row| row.get(0))?.collect()
    };
    reader.read(read).unwrap()
}

#[test]
fn what_was_written_is_there_for_others_and_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Reader::open(folder.path(), FIRST).unwrap().is_none(), "nothing was written yet");
    let store = Store::open(folder.path(), &[FIRST]).unwrap();
    write(&store, "one").unwrap();
    assert_eq!(words(folder.path()), ["one"], "another process reads while this one may write");
    store.close();
    let store = Store::open(folder.path(), &[FIRST]).unwrap();
    write(&store, "two").unwrap();
    store.close();
    assert_eq!(words(folder.path()), ["one", "two"]);
}

#[test]
fn nobody_else_may_read_the_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), "").unwrap();
    std::fs::set_permissions(folder.path().join(FILE), std::fs::Permissions::from_mode(0o644)).unwrap();
    let store = Store::open(folder.path(), &[FIRST]).unwrap();
    write(&store, "one").unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
        files += 1;
    }
    assert!(files >= 2, "the log stands beside the file");
    store.close();
}

#[test]
fn what_fails_leaves_nothing_behind_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &[FIRST]).unwrap();
    let half = |store: &rusqlite::Transaction<'_>| -> rusqlite::Result<()> {
        store.execute("INSERT INTO words VALUES ('half')", [])?;
        store.execute("INSERT INTO nowhere VALUES (1)", [])?;
        Ok(())
    };
    let failed = store.port().ask(half).unwrap().wait(LONG);
    assert!(matches!(failed, Err(StoreError::Failed(_))), "{failed:?}");
    let panics = |store: &rusqlite::Transaction<'_>| -> rusqlite::Result<()> {
        store.execute("INSERT INTO words VALUES ('panic')", [])?;
        panic!("a mistake of a room");
    };
    let failed = store.port().ask(panics).unwrap().wait(LONG);
    assert!(matches!(failed, Err(StoreError::Gone)), "{failed:?}");
    write(&store, "whole").unwrap();
    store.close();
    assert_eq!(words(folder.path()), ["whole"]);
}

#[test]
fn a_full_queue_is_refused_and_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &[FIRST]).unwrap();
    let (release, held) = mpsc::channel::<()>();
    let (began, begins) = mpsc::channel();
    let first = store.port().ask(move |_| {
        began.send(()).unwrap();
        assert!(held.recv().is_err());
        Ok(())
    });
    begins.recv().unwrap();
    let waiting: Vec<_> = (0..super::worker::QUEUE).map(|_| store.port().ask(|_| Ok(())).unwrap()).collect();
    assert!(matches!(store.port().ask(|_| Ok(())), Err(StoreError::Full)));
    let late = first.unwrap().wait(Duration::from_millis(1));
    assert!(matches!(late, Err(StoreError::Deadline)), "{late:?}");
    drop(release);
    for answer in waiting {
        answer.wait(LONG).unwrap();
    }
    store.close();
}

#[test]
fn tables_are_brought_up_to_date_and_never_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &[FIRST]).unwrap();
    write(&store, "four").unwrap();
    store.close();
    let store = Store::open(folder.path(), &[SECOND]).unwrap();
    let length =
        |store: &rusqlite::Transaction<'_>| store.query_row("SELECT length FROM words", [], |row| row.get::<_, i64>(0));
    assert_eq!(store.port().ask(length).unwrap().wait(LONG).unwrap(), 4);
    store.close();
    Store::open(folder.path(), &[SECOND]).unwrap().close();
    let refused = Store::open(folder.path(), &[FIRST]).err().unwrap();
    assert!(matches!(refused, StoreError::Newer { room: "words", found: 2, known: 1 }), "{refused}");
    assert!(Reader::open(folder.path(), FIRST).is_err());
    let other = Schema { room: "others", steps: &[] };
    assert!(Reader::open(folder.path(), other).unwrap().is_none(), "none of its tables");
}

#[test]
fn a_file_that_is_none_of_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), "x".repeat(8192)).unwrap();
    let refused = Store::open(folder.path(), &[FIRST]).err().unwrap();
    assert!(refused.to_string().contains("not a database"), "{refused}");
}

#[test]
fn a_commit_survives_a_process_that_does_not_close() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), &[FIRST]).unwrap();
    for _ in 0..3 {
        store.port().ask(|store| store.execute("INSERT OR IGNORE INTO words VALUES (?1)", params!["kept"])).unwrap();
    }
    write(&store, "last").unwrap();
    // What the disk holds at this moment is what kill -9 leaves: the log is not in the file yet.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
    }
    store.close();
    assert_eq!(words(copy.path()), ["kept", "last"]);
}
