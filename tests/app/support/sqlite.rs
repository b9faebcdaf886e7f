//! D1 as SQLite in memory, with D1's limits and its way of answering.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use koby_portal::app::BoxFuture;
use koby_portal::db::{Database, DbError, Meta, Param, Rows, Statement};
use rusqlite::backup::Backup;
use rusqlite::limits::Limit;
use rusqlite::types::{Value as SqlValue, ValueRef};
use rusqlite::{Connection, StatementStatus, params_from_iter};
use serde_json::{Map, Value, json};

/// One database.
pub struct Sqlite {
    connection: Mutex<Connection>,
    round_trips: AtomicUsize,
    /// Steps of SQLite's machine that batches took: the same for the same work.
    steps: AtomicUsize,
    /// Messages that the next batches fail with, first come first served.
    failures: Mutex<Vec<(usize, String)>>,
    /// What another request does right before a batch.
    interruptions: Mutex<Vec<(usize, String)>>,
}

impl Sqlite {
    /// An empty database with the limits of D1 (Cloudflare docs, "D1 limits"; workerd's SQLite settings).
    pub fn empty() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("PRAGMA foreign_keys = ON").unwrap();
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_LENGTH, 2_000_000),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
            (Limit::SQLITE_LIMIT_COLUMN, 100),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
            (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
        ] {
            connection.set_limit(limit, value).unwrap();
        }
        Self {
            connection: Mutex::new(connection),
            round_trips: AtomicUsize::new(0),
            steps: AtomicUsize::new(0),
            failures: Mutex::default(),
            interruptions: Mutex::default(),
        }
    }

    /// A copy of the database that `make` makes, which happens once per name: migrating one takes longer
    /// than most tests.
    pub fn like(name: &'static str, make: impl FnOnce() -> Self) -> Self {
        static MADE: Mutex<BTreeMap<&str, Sqlite>> = Mutex::new(BTreeMap::new());
        let copy = Self::empty();
        let mut known = MADE.lock().unwrap();
        let original = known.entry(name).or_insert_with(make).connection.lock().unwrap();
        let mut target = copy.connection.lock().unwrap();
        let backup = Backup::new(&original, &mut target).unwrap();
        backup.run_to_completion(i32::MAX, Duration::from_millis(1), None).unwrap();
        drop(backup);
        drop(target);
        copy
    }

    /// A database with the migrations of `folder`, recorded as wrangler records them.
    pub fn migrated(folder: &str) -> Self {
        let database = Self::empty();
        database.run_script(
            "CREATE TABLE d1_migrations (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE,
             applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL)",
        );
        for (name, script) in sql_files(Path::new(folder)) {
            database.run_script(&script);
            database.run_script(&format!("INSERT INTO d1_migrations (name) VALUES ('{name}')"));
        }
        database
    }

    /// Runs statements outside of any count.
    pub fn run_script(&self, script: &str) {
        self.connection.lock().unwrap().execute_batch(script).unwrap();
    }

    /// Runs statements that may be refused.
    pub fn try_script(&self, script: &str) -> Result<(), String> {
        self.connection.lock().unwrap().execute_batch(script).map_err(|error| error.to_string())
    }

    /// The rows of a query, for assertions.
    pub fn rows(&self, sql: &str) -> Vec<Value> {
        let connection = self.connection.lock().unwrap();
        select(&connection, sql, &[]).unwrap().0
    }

    /// The first column of the first row, for assertions.
    pub fn value(&self, sql: &str) -> Value {
        let rows = self.rows(sql);
        rows.first()
            .and_then(|row| row.as_object()?.values().next().cloned())
            .unwrap_or(Value::Null)
    }

    /// Batches so far.
    pub fn round_trips(&self) -> usize {
        self.round_trips.load(Ordering::Relaxed)
    }

    /// Steps of SQLite's machine that batches took so far.
    pub fn steps_taken(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    /// Lets the batch after the next `skip` fail with `message`.
    pub fn fail_after(&self, skip: usize, message: &str) {
        self.failures.lock().unwrap().push((self.round_trips() + skip + 1, message.to_owned()));
    }

    /// How many steps SQLite's machine takes for a query: what it costs, whatever it gives.
    pub fn steps(&self, sql: &str, params: &[Param]) -> i32 {
        let connection = self.connection.lock().unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query(params_from_iter(params.iter().map(sql_value))).unwrap();
        while rows.next().unwrap().is_some() {}
        drop(rows);
        statement.get_status(StatementStatus::VmStep)
    }

    /// Runs a script right before the `nth` batch from now, as another request might.
    pub fn before_batch(&self, nth: usize, script: &str) {
        self.interruptions.lock().unwrap().push((self.round_trips() + nth, script.to_owned()));
    }

    /// Whether SQLite plans a prepared statement again when its values are bound. What it does is undone.
    pub fn plans_again(&self, sql: &str) -> bool {
        let connection = self.connection.lock().unwrap();
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut statement =
            connection.prepare(sql).unwrap_or_else(|error| panic!("{error}: {sql}"));
        let values = vec![SqlValue::Text("x".to_owned()); statement.parameter_count()];
        for _ in 0..2 {
            statement.clear_bindings();
            // Whether the values fit is not asked.
            if let Ok(mut rows) = statement.query(params_from_iter(&values)) {
                while let Ok(Some(_)) = rows.next() {}
            }
        }
        let is_again = statement.get_status(StatementStatus::RePrepare) > 0;
        drop(statement);
        connection.execute_batch("ROLLBACK").unwrap();
        is_again
    }

    /// The plan of a statement, one step a line.
    pub fn plan(&self, sql: &str) -> Vec<String> {
        let connection = self.connection.lock().unwrap();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let count = statement.parameter_count();
        let nulls = vec![SqlValue::Null; count];
        let steps = statement.query_map(params_from_iter(nulls), |row| row.get(3)).unwrap();
        steps.map(Result::unwrap).collect()
    }
}

impl Database for Sqlite {
    fn batch<'a>(
        &'a self,
        statements: &'a [Statement],
    ) -> BoxFuture<'a, Result<Vec<Rows>, DbError>> {
        Box::pin(async move {
            let trip = self.round_trips.fetch_add(1, Ordering::Relaxed) + 1;
            let mut failures = self.failures.lock().unwrap();
            if let Some(at) = failures.iter().position(|(due, _)| *due == trip) {
                return Err(DbError::new(failures.remove(at).1));
            }
            drop(failures);
            let mut interruptions = self.interruptions.lock().unwrap();
            if let Some(at) = interruptions.iter().position(|(due, _)| *due == trip) {
                self.run_script(&interruptions.remove(at).1);
            }
            drop(interruptions);
            let connection = self.connection.lock().unwrap();
            connection.execute_batch("BEGIN IMMEDIATE").unwrap();
            let results: Result<Vec<Rows>, rusqlite::Error> = statements
                .iter()
                .map(|statement| {
                    let (rows, steps) = select(&connection, statement.sql, &statement.params)?;
                    self.steps.fetch_add(steps, Ordering::Relaxed);
                    let json = serde_json::value::to_raw_value(&rows).unwrap();
                    Ok(Rows::new(
                        json,
                        Meta { rows_read: rows.len() as u64, rows_written: 0, duration: 0.5 },
                    ))
                })
                .collect();
            let end = if results.is_ok() { "COMMIT" } else { "ROLLBACK" };
            connection.execute_batch(end).unwrap();
            results.map_err(|error| DbError::new(format!("D1_ERROR: {error}")))
        })
    }
}

fn select(
    connection: &Connection,
    sql: &str,
    params: &[Param],
) -> Result<(Vec<Value>, usize), rusqlite::Error> {
    let mut statement = connection.prepare(sql)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query(params_from_iter(params.iter().map(sql_value)))?;
    let mut objects = Vec::new();
    while let Some(row) = rows.next()? {
        let mut object = Map::new();
        for (at, name) in names.iter().enumerate() {
            object.insert(name.clone(), json_value(row.get_ref(at)?));
        }
        objects.push(Value::Object(object));
    }
    drop(rows);
    let steps = statement.get_status(StatementStatus::VmStep);
    Ok((objects, usize::try_from(steps).unwrap()))
}

/// As JavaScript binds them: a number is a double, which SQLite stores by the column's affinity.
#[expect(clippy::cast_precision_loss, reason = "so does D1")]
fn sql_value(param: &Param) -> SqlValue {
    match param {
        Param::Null => SqlValue::Null,
        Param::Integer(number) => SqlValue::Real(*number as f64),
        Param::Text(text) => SqlValue::Text(text.clone()),
    }
}

fn json_value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => json!(number),
        // JavaScript prints a whole double without a fraction.
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            json!(number as i64)
        }
        ValueRef::Real(number) => json!(number),
        ValueRef::Text(text) => json!(std::str::from_utf8(text).unwrap()),
        ValueRef::Blob(bytes) => json!(bytes),
    }
}

/// The `.sql` files of a folder by name, without those of its subfolders.
pub fn sql_files(folder: &Path) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files: Vec<(String, String)> = std::fs::read_dir(root.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect();
    files.sort();
    files
}
