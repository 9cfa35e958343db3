//! What stands sealed in the database: sealed on the first start, and again when the key was changed.

use jiff::Timestamp;
use quittance_agent::ports::StoreError;
use quittance_rules::users::UserId;
use sha2::{Digest as _, Sha256};

use super::engine::Kind::{Int, Text};
use super::engine::Result;
use super::{Database, Pool, sql};
use crate::sealing::{Cell, Keys, SealError, key_of};

/// A column of secrets.
#[derive(Clone, Copy)]
pub(super) struct Column {
    table: &'static str,
    column: &'static str,
    /// Row, content, and the digest the log names.
    all: &'static str,
    sealed: &'static str,
}

/// Password hash, secret of the one-time codes and recovery codes of a person.
pub(super) const CREDENTIALS: Column =
    Column { table: "secrets", column: "content", all: sql::SECRETS_ALL, sealed: sql::SECRET_SEALED };
/// What waits for a ticket, such as the seed of a one-time code that is not confirmed yet. It lives for minutes and is not sealed again.
pub(super) const WAITING: Cell<'static> = Cell { table: "tickets", column: "content", row: "" };
/// Secret messages to an address are signed with.
pub(super) const SIGNING: Column =
    Column { table: "webhook_secrets", column: "secret", all: sql::WEBHOOK_SECRETS_ALL, sealed: sql::WEBHOOK_SECRET_SEALED };

impl Column {
    /// The place of a row's secret.
    pub(super) fn cell<'c>(&self, row: &'c str) -> Cell<'c> {
        Cell { table: self.table, column: self.column, row }
    }
}

/// A refusal of the seal as one of the store.
pub(super) fn refused(error: SealError) -> StoreError {
    match error {
        SealError::Damaged { table, row, column } => {
            StoreError::BadRow { table, row, column, message: "the secret is not what was sealed for this place".to_owned() }
        }
        SealError::Readable { table, row, column } => StoreError::BadRow {
            table,
            row,
            column,
            message: "the secret is not sealed: it was not this program that put it there".to_owned(),
        },
        other => StoreError::Unavailable(other.to_string()),
    }
}

/// Whose secrets are sealed with a key that is not at hand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lost {
    /// People, with the version of their credentials.
    pub people: Vec<(UserId, i64)>,
    /// Ids of addresses for messages.
    pub addresses: Vec<String>,
}

/// What [`Database::seal_secrets`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sealed {
    /// A new key was made.
    pub made: bool,
    /// Secrets that stood readable and are sealed now.
    pub first: usize,
    /// Secrets of an older key that are sealed with the newest now.
    pub again: usize,
}

impl Database {
    /// Keys this database's secrets are sealed with.
    #[must_use]
    pub fn with_keys(mut self, keys: impl Into<std::sync::Arc<Keys>>) -> Self {
        self.keys = keys.into();
        self
    }

    /// Names of the keys that secrets here are sealed with.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the database does not answer.
    pub async fn keys_in_use(&self) -> Result<Vec<String>> {
        let mut tx = self.pool.snapshot().await?;
        let mut keys: Vec<String> = tx.rows(sql::SEALING_KEYS, vec![], &[Text]).await?.iter().map(|row| row[0].bare()).collect();
        for column in [CREDENTIALS, SIGNING] {
            let rows = tx.rows(column.all, vec![], &[Text, Text, Text]).await?;
            keys.extend(rows.iter().filter_map(|row| key_of(&row[1].bare())));
        }
        keys.sort();
        keys.dedup();
        Ok(keys)
    }

    /// Whose secrets cannot be opened with the keys at hand; a key is made where there is none, and the missing one is asked for no longer.
    /// The secrets stay until new ones are set in their place.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where no key is missing, or none can be made.
    pub async fn give_up_key(&self, now: Timestamp) -> Result<Lost> {
        let mut lost = Lost::default();
        let mut tx = self.pool.write().await?;
        let is_lost = |content: &str| key_of(content).is_some_and(|key| !self.keys.has(&key));
        for row in tx.rows(sql::SECRET_VERSIONS, vec![], &[Text, Text, Int]).await? {
            if is_lost(&row[1].bare()) {
                let user = UserId::parse(&row[0].bare()).map_err(|error| StoreError::BadRow {
                    table: "secrets",
                    row: row[0].bare(),
                    column: "user_id",
                    message: error.to_string(),
                })?;
                lost.people.push((user, row[2].int()));
            }
        }
        for row in tx.rows(sql::WEBHOOK_SECRETS_SEALED, vec![], &[Text, Text]).await? {
            let endpoint = row[0].bare();
            if is_lost(&row[1].bare()) && !lost.addresses.contains(&endpoint) {
                lost.addresses.push(endpoint);
            }
        }
        let recorded = tx.rows(sql::SEALING_KEYS, vec![], &[Text]).await?;
        if lost == Lost::default() && recorded.iter().all(|row| self.keys.has(&row[0].bare())) {
            return Err(StoreError::Unavailable(format!(
                "{} holds the key of this database: nothing is lost",
                self.keys.place()
            )));
        }
        self.keys.make().map_err(refused)?;
        let newest = self.keys.ids().into_iter().next().ok_or_else(|| refused(self.keys.none_at_hand()))?;
        // Never empty from here on: then what stands readable would be taken for what an older version left.
        tx.run(sql::SEALING_KEY_SET, vec![newest.as_str().into(), now.as_microsecond().into()]).await?;
        tx.run(sql::SEALING_KEYS_OLD, vec![newest.into()]).await?;
        tx.commit().await?;
        Ok(lost)
    }

    /// Makes sure that every secret is sealed with the first key, and that the key is the one of this database. Where nothing was ever sealed,
    /// the key is made if need be, and what stands readable from before is sealed if it is what the log says was set; what stands readable
    /// otherwise or later was not put there by this program, and is left to be refused. All in one transaction: it happens whole or not at all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with what to do where the key of this database is missing or another one is given.
    pub async fn seal_secrets(&self, now: Timestamp) -> Result<Sealed> {
        let mut done = Sealed::default();
        let mut tx = self.pool.write().await?;
        if tx.is_postgres() {
            // Two who start at once would each make a key of their own.
            tx.run(sql::POSTGRES_SEALING_KEYS_LOCKED, vec![]).await?;
        }
        let recorded: Vec<String> = tx.rows(sql::SEALING_KEYS, vec![], &[Text]).await?.iter().map(|row| row[0].bare()).collect();
        let mut found = Vec::new();
        for column in [CREDENTIALS, SIGNING] {
            for row in tx.rows(column.all, vec![], &[Text, Text, Text]).await? {
                found.push((column, row[0].bare(), row[1].bare(), row[2].bare()));
            }
        }
        let used = found.iter().filter_map(|(_, _, content, _)| key_of(content));
        for key in recorded.iter().cloned().chain(used) {
            if !self.keys.has(&key) {
                return Err(refused(self.keys.without(&key)));
            }
        }
        if self.keys.ids().is_empty() {
            done.made = self.keys.make().map_err(refused)?;
        }
        let newest = self.keys.ids().into_iter().next().ok_or_else(|| refused(self.keys.none_at_hand()))?;
        for (column, row, content, in_log) in found {
            let cell = column.cell(&row);
            let (secret, is_first) = match key_of(&content) {
                Some(key) if key == newest => continue,
                // One that does not open is left as it is: reading it says so, and so does a verification.
                Some(_) => match self.keys.open(cell, &content) {
                    Ok(secret) => (secret, false),
                    Err(SealError::Damaged { .. }) => continue,
                    Err(error) => return Err(refused(error)),
                },
                None if recorded.is_empty() && hex::encode(Sha256::digest(&content)) == in_log => (content.clone(), true),
                None => continue,
            };
            let sealed = self.keys.seal(cell, &secret).map_err(refused)?;
            // Somebody who set another secret meanwhile sealed it with the newest key.
            if tx.run(column.sealed, vec![row.into(), sealed.into(), content.into()]).await? == 0 {
                continue;
            }
            if is_first {
                done.first += 1;
            } else {
                done.again += 1;
            }
        }
        tx.run(sql::SEALING_KEY_SET, vec![newest.as_str().into(), now.as_microsecond().into()]).await?;
        tx.run(sql::SEALING_KEYS_OLD, vec![newest.into()]).await?;
        tx.commit().await?;
        if done.first > 0
            && let Pool::Sqlite(_) = &self.pool
        {
            // The log ahead of the file still holds the pages as they were.
            self.pool.rows(sql::SQLITE_LOG_EMPTIED, vec![], &[]).await?;
        }
        Ok(done)
    }
}
