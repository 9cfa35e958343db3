//! The store: one database, SQLite or PostgreSQL, and all SQL of the program.
//!
//! - `engine`: one way to talk to both; `tables`: names, columns and the statements that follow from them; `sql`: all others;
//! - `codec`: domain types to rows and back;
//! - `apply`: the one way in, a transaction that writes changes, balances and one audit entry;
//! - `read`: the port's questions; `accounts`: people, sessions and tokens; `desk`, `desk_list`, `desk_index`: the queue's;
//!   `secrets`: what stands sealed; `model_calls`: what models were asked; `webhooks`: messages to other programs; `chat`: messages of the chat; `pages`: lists and sums; `blobs`: originals as received;
//! - `verify`: everything compared with the log.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

pub use quittance_agent::ports::StoreError;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, Executor, PgConnection, PgPool, SqlSafeStr, SqlitePool};

use self::engine::Kind;
use crate::sealing::Keys;

mod accounts;
mod aliases;
mod apply;
mod blobs;
mod chat;
mod codec;
mod columns;
mod desk;
mod desk_index;
mod desk_list;
mod engine;
mod model_calls;
mod pages;
mod read;
mod secrets;
mod sql;
mod tables;
mod verify;
mod webhooks;

pub use self::secrets::{Lost, Sealed};
pub use self::verify::verify_export;

type Result<T> = std::result::Result<T, StoreError>;

static SQLITE_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");
static POSTGRES_MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// A pool of connections to one of the two databases.
#[derive(Debug, Clone)]
enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A book of Quittance on SQLite (`sqlite://FILE`) or PostgreSQL (`postgres://…`). Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Database {
    pool: Pool,
    keys: Arc<Keys>,
}

/// Where a database is.
enum Place {
    File(PathBuf, SqliteConnectOptions),
    Server(PgConnectOptions),
}

fn unavailable(message: impl Into<String>) -> StoreError {
    StoreError::Unavailable(message.into())
}

impl Place {
    fn parse(url: &str) -> Result<Self> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The URL may hold a password, so it is not repeated.
            let options = PgConnectOptions::from_str(url)
                .map_err(|error| unavailable(format!("the PostgreSQL URL cannot be read: {error}")))?;
            return Ok(Self::Server(options.statement_cache_capacity(256)));
        }
        if !url.starts_with("sqlite:") {
            // What was written there instead may be a password; it is not repeated.
            return Err(unavailable(
                "the setting names no database this program knows; write sqlite://FILE or postgres://HOST/NAME",
            ));
        }
        let bare = url.trim_start_matches("sqlite:").trim_start_matches("//");
        if bare.is_empty() || bare.starts_with(":memory:") || url.contains("mode=memory") {
            return Err(unavailable("a database in memory is lost when the program ends; name a file: sqlite://FILE"));
        }
        let options =
            SqliteConnectOptions::from_str(url).map_err(|error| unavailable(format!("`{url}` cannot be read: {error}")))?;
        let file = options.get_filename().to_owned();
        // WAL lets readers go on while one writes. FULL, not NORMAL: with NORMAL a power cut may take back the last decisions
        // that were already reported as made; one fsync per change set costs little. Recursive triggers make REPLACE fire the
        // triggers that refuse deletions.
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(30))
            .pragma("recursive_triggers", "ON")
            // What is written over is wiped: a secret that is sealed or replaced leaves nothing readable in its page.
            .pragma("secure_delete", "FAST")
            .statement_cache_capacity(256);
        Ok(Self::File(file, options))
    }
}

/// The file of a database on SQLite; `None` for one on a server, or an address that names neither.
pub fn file_of(url: &str) -> Option<PathBuf> {
    match Place::parse(url) {
        Ok(Place::File(file, _)) => Some(file),
        Ok(Place::Server(_)) | Err(_) => None,
    }
}

impl Database {
    /// Opens a database that `quittance init` has made. A missing file, a database without a book, an older schema (run
    /// `quittance migrate`) and a newer one (made by a newer version) are refused, each with a sentence.
    ///
    /// An older schema is not brought up to date here: with several workers on one database, that is a step to take on purpose,
    /// after a backup, and not a side effect of the first worker that starts.
    pub async fn open(url: &str) -> Result<Self> {
        let place = Place::parse(url)?;
        if let Place::File(file, _) = &place
            && !file.exists()
        {
            return Err(unavailable(format!("there is no database at {}; make one with `quittance init`", file.display())));
        }
        let database = Self::connect(place, false).await?;
        database.check_version().await?;
        Ok(database)
    }

    /// Makes the database (for SQLite the file, for PostgreSQL the tables in the database named) and opens it. Where it is
    /// there already, it is brought up to date and nothing else is changed. A newer one is refused.
    pub async fn create(url: &str) -> Result<Self> {
        let place = Place::parse(url)?;
        if let Place::File(file, _) = &place
            && let Some(folder) = file.parent().filter(|folder| *folder != Path::new(""))
            && !folder.is_dir()
        {
            return Err(unavailable(format!("there is no folder {}; make it first", folder.display())));
        }
        let database = Self::connect(place, true).await?;
        database.bring_up_to_date().await?;
        Ok(database)
    }

    /// Brings an existing database up to the schema of this program (`quittance migrate`); migrations only go forward.
    pub async fn migrate(url: &str) -> Result<Self> {
        let place = Place::parse(url)?;
        if let Place::File(file, _) = &place
            && !file.exists()
        {
            return Err(unavailable(format!("there is no database at {}; make one with `quittance init`", file.display())));
        }
        let database = Self::connect(place, false).await?;
        if database.version().await?.is_none() {
            return Err(unavailable("this database holds no book of quittance; make one with `quittance init`"));
        }
        database.bring_up_to_date().await?;
        Ok(database)
    }

    async fn connect(place: Place, may_create: bool) -> Result<Self> {
        let pool = match place {
            Place::File(file, options) => SqlitePoolOptions::new()
                .max_connections(8)
                .acquire_timeout(Duration::from_secs(30))
                // A file is not a peer that can hang up; asking it before each use only costs.
                .test_before_acquire(false)
                .connect_with(options.create_if_missing(may_create))
                .await
                .map(Pool::Sqlite)
                .map_err(|error| unavailable(format!("{} cannot be opened as a database: {error}", file.display())))?,
            Place::Server(options) => {
                let shown = format!("{}:{}", options.get_host(), options.get_port());
                let unreachable = |error| unavailable(format!("the PostgreSQL database at {shown} cannot be reached: {error}"));
                // A pool tries again and again for 30 seconds; a first connection of our own says at once what is wrong.
                let first = PgConnection::connect_with(&options).await.map_err(unreachable)?;
                first.close().await.map_err(unreachable)?;
                let pool = PgPoolOptions::new().max_connections(8).acquire_timeout(Duration::from_secs(30));
                Pool::Postgres(pool.connect_with(options).await.map_err(unreachable)?)
            }
        };
        Ok(Self { pool, keys: Arc::new(Keys::none()) })
    }

    /// The newest migration this program knows.
    fn newest() -> i64 {
        SQLITE_MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
    }

    /// The newest migration the database has; `None` where it holds no book.
    async fn version(&self) -> Result<Option<i64>> {
        let exists = match &self.pool {
            Pool::Sqlite(_) => sql::SQLITE_HAS_MIGRATIONS,
            Pool::Postgres(_) => sql::POSTGRES_HAS_MIGRATIONS,
        };
        let found = self.pool.rows(exists, vec![], &[Kind::Int]).await?;
        if found.iter().all(|row| row[0].int() == 0) {
            return Ok(None);
        }
        let rows = self.pool.rows(sql::NEWEST_MIGRATION, vec![], &[Kind::Int]).await?;
        Ok(rows.first().map(|row| row[0].int()).filter(|version| *version > 0))
    }

    async fn check_version(&self) -> Result<()> {
        let newest = Self::newest();
        match self.version().await? {
            None => Err(unavailable("this database holds no book of quittance; make one with `quittance init`")),
            Some(found) if found > newest => Err(unavailable(format!(
                "this database was made by a newer version (schema {found}, this program knows {newest}); use that version"
            ))),
            Some(found) if found < newest => Err(unavailable(format!(
                "this database was made by an older version (schema {found} of {newest}); make a backup, then run `quittance migrate`"
            ))),
            Some(_) => Ok(()),
        }
    }

    async fn bring_up_to_date(&self) -> Result<()> {
        if self.version().await?.is_some_and(|found| found > Self::newest()) {
            return self.check_version().await;
        }
        let done = match &self.pool {
            Pool::Sqlite(pool) => SQLITE_MIGRATIONS.run(pool).await,
            Pool::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await,
        };
        done.map_err(|error| unavailable(format!("the tables could not be made or changed: {error}")))?;
        self.check_version().await
    }

    /// Prepares every statement of the store and gives their number. Fails on the first that does not fit the tables: the
    /// schema was altered by hand.
    pub async fn check_statements(&self) -> Result<usize> {
        let statements = sql::all(matches!(self.pool, Pool::Postgres(_)));
        for statement in &statements {
            let statement = sqlx::AssertSqlSafe(statement.clone()).into_sql_str();
            let text = statement.as_str().to_owned();
            let prepared = match &self.pool {
                Pool::Sqlite(pool) => pool.prepare(statement).await.map(|_| ()),
                Pool::Postgres(pool) => pool.prepare(statement).await.map(|_| ()),
            };
            prepared.map_err(|error| unavailable(format!("a statement does not fit the tables: {error}: {text}")))?;
        }
        Ok(statements.len())
    }

    /// Closes all connections; for SQLite this also folds the write-ahead log into the file.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}
