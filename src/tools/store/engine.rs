//! One way to talk to two databases: the same SQL text, the same two kinds of values, the same errors.
//!
//! Every column the store reads or writes here is a 64-bit integer or a text (bytes of originals are in `blobs`). That keeps
//! the two databases alike and lets one piece of code write, read and verify every table.

use quittance_agent::ports::StoreError;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, Transaction};

use super::Pool;

pub(super) type Result<T> = std::result::Result<T, StoreError>;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// 64-bit integer.
    Int,
    /// Text.
    Text,
}

/// A value on its way in or out; a null has a kind too, because PostgreSQL wants to know.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Value {
    Int(Option<i64>),
    Text(Option<String>),
}

impl Value {
    /// For people: the value as it would be written, shortened.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Int(None) | Self::Text(None) => "nothing".to_owned(),
            Self::Int(Some(number)) => number.to_string(),
            Self::Text(Some(text)) if text.chars().count() > 60 => {
                format!("`{}…`", text.chars().take(60).collect::<String>())
            }
            Self::Text(Some(text)) => format!("`{text}`"),
        }
    }

    /// As a key in a message: the bare value.
    pub(super) fn bare(&self) -> String {
        match self {
            Self::Int(None) | Self::Text(None) => String::new(),
            Self::Int(Some(number)) => number.to_string(),
            Self::Text(Some(text)) => text.clone(),
        }
    }

    /// The integer; 0 where there is none (callers use it on columns that are never null).
    pub(super) fn int(&self) -> i64 {
        match self {
            Self::Int(Some(number)) => *number,
            Self::Int(None) | Self::Text(_) => 0,
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}
impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}
impl From<Option<i64>> for Value {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}
impl From<Option<String>> for Value {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

/// The values of a row, in the order asked for.
pub(super) type Row = Vec<Value>;

/// A row as read, where single columns may not decode (a file that was tampered with).
pub(super) type RawRow = Vec<std::result::Result<Value, String>>;

/// A query with its values bound, for whichever database the executor is.
macro_rules! bound {
    ($sql:expr, $arguments:expr) => {{
        let mut query = sqlx::query(AssertSqlSafe($sql.to_owned()));
        for argument in $arguments {
            query = match argument {
                Value::Int(value) => query.bind(value),
                Value::Text(value) => query.bind(value),
            };
        }
        query
    }};
}

fn decode<R>(row: &R, kinds: &[Kind]) -> RawRow
where
    R: sqlx::Row,
    usize: sqlx::ColumnIndex<R>,
    for<'r> i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    for<'r> String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    kinds
        .iter()
        .enumerate()
        .map(|(at, kind)| match kind {
            Kind::Int => row.try_get::<Option<i64>, _>(at).map(Value::Int).map_err(|e| e.to_string()),
            Kind::Text => row.try_get::<Option<String>, _>(at).map(Value::Text).map_err(|e| e.to_string()),
        })
        .collect()
}

/// All columns or the first that does not decode.
fn whole(rows: Vec<RawRow>) -> Result<Vec<Row>> {
    rows.into_iter()
        .map(|row| row.into_iter().collect::<std::result::Result<Row, String>>())
        .collect::<std::result::Result<_, String>>()
        .map_err(|message| StoreError::Unavailable(format!("a value of the database is not of its column's type: {message}")))
}

/// A database error in words. What the database's own rules refuse is a conflict: the code above checks the same things first
/// and names them better, so that this is the second net.
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    match &error {
        sqlx::Error::Database(refusal) => {
            let message = refusal.message();
            if refusal.is_unique_violation() || refusal.is_check_violation() || refusal.is_foreign_key_violation() {
                StoreError::Conflict(format!("something this change rests on ({message})"))
            } else if message.contains("is locked") {
                StoreError::Unavailable(format!("the database is busy with another process for too long ({message}); try again"))
            } else {
                StoreError::Unavailable(format!("the database refused: {message}"))
            }
        }
        sqlx::Error::PoolTimedOut => {
            StoreError::Unavailable("the database gave no connection within 30 seconds; try again".to_owned())
        }
        sqlx::Error::Io(io) => StoreError::Unavailable(format!("the database cannot be reached: {io}")),
        _ => StoreError::Unavailable(format!("the database did not answer: {error}")),
    }
}

impl Pool {
    /// One query outside a transaction.
    pub(super) async fn rows(&self, sql: &str, arguments: Vec<Value>, kinds: &[Kind]) -> Result<Vec<Row>> {
        let raw = match self {
            Self::Sqlite(pool) => {
                let rows = bound!(sql, arguments).fetch_all(pool).await.map_err(failed)?;
                rows.iter().map(|row| decode(row, kinds)).collect()
            }
            Self::Postgres(pool) => {
                let rows = bound!(sql, arguments).fetch_all(pool).await.map_err(failed)?;
                rows.iter().map(|row| decode(row, kinds)).collect()
            }
        };
        whole(raw)
    }

    /// Begins a transaction that writes: on SQLite it waits for the one writer's place.
    pub(super) async fn write(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await.map_err(failed)?),
        })
    }

    /// Begins a transaction that sees one state of the whole database.
    pub(super) async fn snapshot(&self) -> Result<Tx> {
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN DEFERRED").await.map_err(failed)?),
            Self::Postgres(pool) => {
                Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?)
            }
        })
    }
}

/// A transaction; rolled back when dropped.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Rows where each column decodes or says why not.
    pub(super) async fn raw_rows(&mut self, sql: &str, arguments: Vec<Value>, kinds: &[Kind]) -> Result<Vec<RawRow>> {
        Ok(match self {
            Self::Sqlite(tx) => {
                let rows = bound!(sql, arguments).fetch_all(&mut **tx).await.map_err(failed)?;
                rows.iter().map(|row| decode(row, kinds)).collect()
            }
            Self::Postgres(tx) => {
                let rows = bound!(sql, arguments).fetch_all(&mut **tx).await.map_err(failed)?;
                rows.iter().map(|row| decode(row, kinds)).collect()
            }
        })
    }

    /// Rows of a query.
    pub(super) async fn rows(&mut self, sql: &str, arguments: Vec<Value>, kinds: &[Kind]) -> Result<Vec<Row>> {
        whole(self.raw_rows(sql, arguments, kinds).await?)
    }

    /// Runs a statement and gives the number of rows it changed.
    pub(super) async fn run(&mut self, sql: &str, arguments: Vec<Value>) -> Result<u64> {
        Ok(match self {
            Self::Sqlite(tx) => bound!(sql, arguments).execute(&mut **tx).await.map_err(failed)?.rows_affected(),
            Self::Postgres(tx) => bound!(sql, arguments).execute(&mut **tx).await.map_err(failed)?.rows_affected(),
        })
    }

    /// Makes it so.
    pub(super) async fn commit(self) -> Result<()> {
        match self {
            Self::Sqlite(tx) => tx.commit().await.map_err(failed),
            Self::Postgres(tx) => tx.commit().await.map_err(failed),
        }
    }

    /// Which of the two.
    pub(super) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}
