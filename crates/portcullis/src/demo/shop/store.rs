//! The shop's database: SQLite in memory, seeded, and fenced.
//!
//! The shop builds SQL from strings, so a visitor of the demo runs statements of his own. That is the point, and the fence
//! keeps it inside the toy: one statement a call, ATTACH and extensions off, a budget of steps, bounded rows and memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, Authorization};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Params};
use serde_json::{Map, Value};

/// Rows of one answer: more than the seed holds, less than a recursive query could make.
const MAX_ROWS: usize = 2_000;
/// Steps of 1,000 virtual-machine operations: some 100 ms, then the statement is interrupted.
const MAX_STEPS: u32 = 2_000;
/// Longest string or row SQLite may build, in bytes: `hex(zeroblob(1e9))` must not take the machine's memory, and a review of
/// 3 MiB must fit, for nobody limits it.
const MAX_VALUE_BYTES: i32 = 4 << 20;

const SCHEMA: &str = "
CREATE TABLE users(id INTEGER PRIMARY KEY, email TEXT, name TEXT, role TEXT, phone TEXT, password_hash TEXT,
  card_token TEXT, internal_note TEXT, avatar TEXT);
CREATE TABLE products(id INTEGER PRIMARY KEY, name TEXT, price_cents INTEGER, stock INTEGER, supplier_cost_cents INTEGER);
CREATE TABLE orders(id INTEGER PRIMARY KEY, customer_id INTEGER, product_id INTEGER, quantity INTEGER,
  total_cents INTEGER, status TEXT, address TEXT, card_token TEXT, internal_note TEXT);
CREATE TABLE reviews(id INTEGER PRIMARY KEY, product_id INTEGER, author TEXT, text TEXT);
INSERT INTO users VALUES
  (1,'alice@example.com','Alice','customer','+44 20 7946 0001','cGFzc3dvcmQ0Mg==','card-4929-alice','pays late, no credit',NULL),
  (2,'mallory@example.com','Mallory','customer','+44 20 7946 0002','dHIwbWJvbmUtU3Vuc2V0','card-4929-mallory','watch this one',NULL),
  (3,'admin@shop.example','Olga','admin','+44 20 7946 0003','Q29ycmVjdC1ob3JzZS03','card-4929-olga','root',NULL),
  (4,'bob@example.com','Bob','support','+44 20 7946 0004','c3RhcGxlLUJhdHRlci05','card-4929-bob','on leave in May',NULL);
INSERT INTO products VALUES (1,'Concert ticket',4500,20,900), (2,'Kettle',2900,80,1100), (3,'Café mug',900,300,150);
WITH RECURSIVE n(i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 600)
  INSERT INTO products SELECT i, 'Part no. ' || i, 100 + i, 50, 40 FROM n;
INSERT INTO orders VALUES
  (1001,1,2,1,2900,'paid','1 Alice Lane','card-4929-alice','gift, do not call'),
  (1002,1,3,2,1800,'shipped','1 Alice Lane','card-4929-alice',NULL),
  (1003,2,3,1,900,'paid','2 Mallory Row','card-4929-mallory',NULL),
  (1004,4,1,1,4500,'paid','4 Bob Street','card-4929-bob','staff discount');
INSERT INTO reviews VALUES (1,2,'Bob','Boils water as promised.');
";

/// One connection, owned by the shop's thread.
pub(super) struct Store {
    connection: Connection,
    budget: Arc<AtomicU32>,
}

impl Store {
    pub(super) fn open() -> rusqlite::Result<Self> {
        let budget = Arc::new(AtomicU32::new(MAX_STEPS));
        let connection = Self::fenced(&budget)?;
        Ok(Self { connection, budget })
    }

    /// Back to the seed: each attack of the tour starts from the same shop.
    pub(super) fn reset(&mut self) -> rusqlite::Result<()> {
        self.budget.store(MAX_STEPS, Ordering::Relaxed);
        self.connection = Self::fenced(&self.budget)?;
        Ok(())
    }

    fn fenced(budget: &Arc<AtomicU32>) -> rusqlite::Result<Connection> {
        let mut connection = Connection::open_in_memory()?;
        connection.execute_batch(SCHEMA)?;
        // 4 KiB pages: 16 MiB, so that a visitor of `--stay` fills the toy and not the machine.
        connection.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA max_page_count = 4096;")?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
        connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES)?;
        connection.authorizer(Some(|context: rusqlite::hooks::AuthContext<'_>| match context.action {
            AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Pragma { .. } => Authorization::Deny,
            _ => Authorization::Allow,
        }))?;
        let left = Arc::clone(budget);
        connection.progress_handler(
            1_000,
            Some(move || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()),
        )?;
        Ok(connection)
    }

    /// Runs one query; each row becomes a JSON object named by the query's own columns.
    pub(super) fn rows(&self, sql: &str, params: impl Params) -> rusqlite::Result<Vec<Value>> {
        self.budget.store(MAX_STEPS, Ordering::Relaxed);
        let mut statement = self.connection.prepare(sql)?;
        let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query(params)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            if out.len() >= MAX_ROWS {
                break;
            }
            let mut object = Map::new();
            for (index, name) in names.iter().enumerate() {
                object.insert(name.clone(), json(row.get_ref(index)?));
            }
            out.push(Value::Object(object));
        }
        Ok(out)
    }

    /// The first row of a query, if it has one.
    pub(super) fn row(&self, sql: &str, params: impl Params) -> rusqlite::Result<Option<Value>> {
        Ok(self.rows(sql, params)?.into_iter().next())
    }

    /// Runs one statement and gives the number of rows it changed.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
        self.budget.store(MAX_STEPS, Ordering::Relaxed);
        self.connection.execute(sql, params)
    }

    pub(super) fn last_id(&self) -> i64 {
        self.connection.last_insert_rowid()
    }
}

fn json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into_owned().into(),
    }
}

#[cfg(test)]
mod tests;
