use super::Store;

#[test]
fn injected_statements_stay_inside_the_memory_database() {
    let store = Store::open().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("out.db");
    let attach = format!("ATTACH DATABASE '{}' AS other", file.display());
    let vacuum = format!("VACUUM INTO '{}'", file.display());
    for sql in [attach.as_str(), vacuum.as_str(), "SELECT load_extension('x')", "PRAGMA temp_store = FILE"] {
        assert!(store.rows(sql, []).is_err(), "{sql} was allowed");
    }
    assert!(!file.exists());
}

#[test]
fn injected_statements_end_and_stay_small() {
    let store = Store::open().unwrap();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    assert!(store.rows(endless, []).is_err(), "an endless query is interrupted");
    assert!(store.rows("SELECT hex(zeroblob(900000000))", []).is_err(), "a huge value is refused");
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) SELECT i FROM n";
    assert_eq!(store.rows(many, []).unwrap().len(), super::MAX_ROWS);
    assert_eq!(store.rows("SELECT id FROM users", []).unwrap().len(), 4, "the budget is per statement");
}

#[test]
fn reset_returns_to_the_seed() {
    let mut store = Store::open().unwrap();
    assert_eq!(store.execute("DELETE FROM orders", []).unwrap(), 4);
    store.reset().unwrap();
    assert_eq!(store.rows("SELECT id FROM orders", []).unwrap().len(), 4);
}
