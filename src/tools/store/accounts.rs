//! People, their secrets, sessions, tickets, tokens and failed attempts.

use jiff::{SignedDuration, Timestamp};
use quittance_agent::ports::{Applied, StoreError};
use quittance_agent::ports_accounts::{Accounts, Attempts, Credentials, SessionRecord, Ticket, content_of};
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::users::{ApiToken, Passkey, User, UserId};
use sha2::{Digest, Sha256};

use super::apply::Also;
use super::engine::Kind::{Int, Text};
use super::engine::{Kind, Result, Row, Value};
use super::secrets::{CREDENTIALS, WAITING, refused};
use super::{Database, codec, sql, tables};
use crate::sealing::{Cell, Keys};

const SESSION: [Kind; 8] = [Text, Text, Int, Int, Int, Int, Text, Text];
const TICKET: [Kind; 5] = [Text, Text, Text, Text, Int];

/// How long failed attempts are remembered at most.
const ATTEMPTS_KEPT: SignedDuration = SignedDuration::from_hours(24);

fn bad(table: &'static str, row: &Row, column: &'static str, message: impl std::fmt::Display) -> StoreError {
    StoreError::BadRow { table, row: row.first().map(Value::shown).unwrap_or_default(), column, message: message.to_string() }
}

/// The instant of the last use, which stands behind the columns of its own.
fn last_use(table: &'static str, row: &mut Row) -> Result<Option<Timestamp>> {
    let Some(Value::Int(Some(micros))) = row.pop() else { return Ok(None) };
    Timestamp::from_microsecond(micros).map(Some).map_err(|error| bad(table, row, "used_at", error))
}

fn instant(table: &'static str, row: &Row, at: usize, column: &'static str) -> Result<Timestamp> {
    let micros = row.get(at).map(Value::int).unwrap_or_default();
    Timestamp::from_microsecond(micros).map_err(|error| bad(table, row, column, error))
}

fn text(row: &Row, at: usize) -> String {
    row.get(at).map(Value::bare).unwrap_or_default()
}

fn read_session(row: &Row) -> Result<SessionRecord> {
    Ok(SessionRecord {
        hash: text(row, 0),
        user: UserId::parse(&text(row, 1)).map_err(|error| bad("sessions", row, "user_id", error))?,
        started_at: instant("sessions", row, 2, "started_at")?,
        seen_at: instant("sessions", row, 3, "seen_at")?,
        ends_at: instant("sessions", row, 4, "ends_at")?,
        proved_at: instant("sessions", row, 5, "proved_at")?,
        address: text(row, 6),
        agent: text(row, 7),
    })
}

fn read_ticket(row: &Row, keys: &Keys) -> Result<Ticket> {
    let user = match row.get(2) {
        Some(Value::Text(Some(id))) => Some(UserId::parse(id).map_err(|error| bad("tickets", row, "user_id", error))?),
        _ => None,
    };
    let (hash, sealed) = (text(row, 0), text(row, 3));
    // Most tickets hold nothing.
    let content = if sealed.is_empty() { sealed } else { keys.open(Cell { row: &hash, ..WAITING }, &sealed).map_err(refused)? };
    Ok(Ticket { hash, kind: text(row, 1), user, content, ends_at: instant("tickets", row, 4, "ends_at")? })
}

/// A row of two tables, cut after the first.
fn with_user(mut row: Row, first: usize) -> Result<(Row, User)> {
    let user = row.split_off(first);
    Ok((row, codec::read_user(user)?))
}

fn kinds_with_user(first: &[Kind]) -> Vec<Kind> {
    first.iter().copied().chain(tables::USERS.kinds()).collect()
}

impl Database {
    async fn change(&self, statement: &'static str, values: Vec<Value>) -> Result<u64> {
        let mut tx = self.pool.write().await?;
        let changed = tx.run(statement, values).await?;
        tx.commit().await?;
        Ok(changed)
    }

    /// A statement that changes and answers.
    async fn change_rows(&self, statement: &'static str, values: Vec<Value>, kinds: &[Kind]) -> Result<Vec<Row>> {
        let mut tx = self.pool.write().await?;
        let rows = tx.rows(statement, values, kinds).await?;
        tx.commit().await?;
        Ok(rows)
    }
}

impl Accounts for Database {
    async fn user(&self, id: &UserId) -> Result<Option<User>> {
        let rows = self.pool.rows(&tables::USERS.by_key(), vec![id.as_str().into()], &tables::USERS.kinds()).await?;
        rows.into_iter().next().map(codec::read_user).transpose()
    }

    async fn users(&self) -> Result<Vec<User>> {
        let rows = self.pool.rows(sql::USERS, vec![], &tables::USERS.kinds()).await?;
        rows.into_iter().map(codec::read_user).collect()
    }

    async fn user_of_external(&self, issuer: &str, subject: &str) -> Result<Option<User>> {
        let rows = self.pool.rows(sql::USER_OF_EXTERNAL, vec![issuer.into(), subject.into()], &tables::USERS.kinds()).await?;
        rows.into_iter().next().map(codec::read_user).transpose()
    }

    async fn credentials(&self, id: &UserId) -> Result<Credentials> {
        let rows = self.pool.rows(sql::SECRET, vec![id.as_str().into()], &[Text]).await?;
        let Some(row) = rows.first() else { return Ok(Credentials::default()) };
        let content = self.keys.open(CREDENTIALS.cell(id.as_str()), &text(row, 0)).map_err(refused)?;
        serde_json::from_str(&content).map_err(|error| StoreError::BadRow {
            table: "secrets",
            row: id.to_string(),
            column: "content",
            // Not the error's own words: they may quote the secret.
            message: format!("is no JSON of credentials ({:?})", error.classify()),
        })
    }

    async fn set_credentials(
        &self,
        changes: ChangeSet,
        user: &UserId,
        credentials: &Credentials,
        keep: Option<&str>,
    ) -> Result<Applied> {
        let content = content_of(credentials);
        let digest = hex::encode(Sha256::digest(content.as_bytes()));
        let recorded = changes
            .changes
            .iter()
            .any(|change| matches!(change, Change::CredentialsSet(record) if record.user == *user && record.digest == digest));
        if !recorded {
            return Err(StoreError::Unavailable(format!("the change of {user}'s credentials is not in its change set")));
        }
        let sealed = self.keys.seal(CREDENTIALS.cell(user.as_str()), &content).map_err(refused)?;
        let also = [
            Also {
                statement: sql::SECRET_SET,
                values: vec![user.as_str().into(), sealed.into(), credentials.version.into()],
                at_least: 1,
                about: format!("the credentials of {user}"),
            },
            Also {
                statement: sql::SESSIONS_ENDED,
                values: vec![user.as_str().into(), keep.unwrap_or_default().into()],
                at_least: 0,
                about: String::new(),
            },
            Also { statement: sql::TICKETS_ENDED, values: vec![user.as_str().into()], at_least: 0, about: String::new() },
        ];
        self.apply_with(changes, None, &also).await
    }

    async fn take_totp_step(&self, user: &UserId, step: i64) -> Result<bool> {
        Ok(self.change(sql::TOTP_STEP_TAKEN, vec![user.as_str().into(), step.into()]).await? == 1)
    }

    async fn take_recovery_code(&self, user: &UserId, hash: &str, now: Timestamp) -> Result<bool> {
        let values = vec![user.as_str().into(), hash.into(), now.as_microsecond().into()];
        Ok(self.change(sql::RECOVERY_CODE_TAKEN, values).await? == 1)
    }

    async fn used_recovery_codes(&self, user: &UserId, hashes: &[String]) -> Result<usize> {
        let rows = self.pool.rows(sql::USED_RECOVERY_CODES, vec![user.as_str().into()], &[Text]).await?;
        Ok(rows.iter().filter(|row| hashes.contains(&text(row, 0))).count())
    }

    async fn begin_session(&self, session: &SessionRecord) -> Result<()> {
        let values = vec![
            session.hash.as_str().into(),
            session.user.as_str().into(),
            session.started_at.as_microsecond().into(),
            session.seen_at.as_microsecond().into(),
            session.ends_at.as_microsecond().into(),
            session.proved_at.as_microsecond().into(),
            session.address.replace('\0', "").into(),
            session.agent.replace('\0', "").into(),
        ];
        self.change(sql::SESSION_BEGUN, values).await.map(|_| ())
    }

    async fn session(&self, hash: &str) -> Result<Option<(SessionRecord, User)>> {
        let rows = self.pool.rows(sql::SESSION, vec![hash.into()], &kinds_with_user(&SESSION)).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let (row, user) = with_user(row, SESSION.len())?;
        Ok(Some((read_session(&row)?, user)))
    }

    async fn touch_session(&self, hash: &str, now: Timestamp) -> Result<()> {
        self.change(sql::SESSION_SEEN, vec![hash.into(), now.as_microsecond().into()]).await.map(|_| ())
    }

    async fn renew_session(&self, hash: &str, new_hash: &str, proved_at: Timestamp) -> Result<bool> {
        let values = vec![hash.into(), new_hash.into(), proved_at.as_microsecond().into()];
        Ok(self.change(sql::SESSION_RENEWED, values).await? == 1)
    }

    async fn end_session(&self, hash: &str) -> Result<()> {
        self.change(sql::SESSION_ENDED, vec![hash.into()]).await.map(|_| ())
    }

    async fn end_sessions(&self, user: &UserId, keep: Option<&str>) -> Result<u64> {
        self.change(sql::SESSIONS_ENDED, vec![user.as_str().into(), keep.unwrap_or_default().into()]).await
    }

    async fn sessions_of(&self, user: &UserId) -> Result<Vec<SessionRecord>> {
        let rows = self.pool.rows(sql::SESSIONS_OF, vec![user.as_str().into()], &SESSION).await?;
        rows.iter().map(read_session).collect()
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64> {
        let at = now.as_microsecond();
        let forgotten = now.checked_sub(ATTEMPTS_KEPT).map_or(i64::MIN, Timestamp::as_microsecond);
        let mut tx = self.pool.write().await?;
        let mut swept = tx.run(sql::SESSIONS_SWEPT, vec![at.into()]).await?;
        swept += tx.run(sql::TICKETS_SWEPT, vec![at.into()]).await?;
        swept += tx.run(sql::ATTEMPTS_SWEPT, vec![forgotten.into()]).await?;
        tx.commit().await?;
        Ok(swept)
    }

    async fn put_ticket(&self, ticket: &Ticket) -> Result<()> {
        let content = match ticket.content.as_str() {
            "" => String::new(),
            content => self.keys.seal(Cell { row: &ticket.hash, ..WAITING }, content).map_err(refused)?,
        };
        let values = vec![
            ticket.hash.as_str().into(),
            ticket.kind.as_str().into(),
            ticket.user.as_ref().map(|user| user.as_str().to_owned()).into(),
            content.into(),
            ticket.ends_at.as_microsecond().into(),
        ];
        self.change(sql::TICKET_PUT, values).await.map(|_| ())
    }

    async fn ticket(&self, hash: &str, kind: &str, now: Timestamp) -> Result<Option<Ticket>> {
        let rows = self.pool.rows(sql::TICKET, vec![hash.into(), kind.into(), now.as_microsecond().into()], &TICKET).await?;
        rows.first().map(|row| read_ticket(row, &self.keys)).transpose()
    }

    async fn take_ticket(&self, hash: &str, kind: &str, now: Timestamp) -> Result<Option<Ticket>> {
        let values = vec![hash.into(), kind.into(), now.as_microsecond().into()];
        self.change_rows(sql::TICKET_TAKEN, values, &TICKET).await?.first().map(|row| read_ticket(row, &self.keys)).transpose()
    }

    async fn attempts(&self, key: &str) -> Result<Attempts> {
        let rows = self.pool.rows(sql::ATTEMPTS, vec![key.into()], &[Int, Int, Int]).await?;
        let Some(row) = rows.first() else { return Ok(Attempts::default()) };
        Ok(Attempts {
            failures: row[0].int(),
            first_at: instant("sign_in_attempts", row, 1, "first_at")?,
            last_at: instant("sign_in_attempts", row, 2, "last_at")?,
        })
    }

    async fn note_failure(&self, key: &str, now: Timestamp, since: Timestamp) -> Result<i64> {
        let values = vec![key.into(), now.as_microsecond().into(), since.as_microsecond().into()];
        let rows = self.change_rows(sql::ATTEMPT_FAILED, values, &[Int]).await?;
        Ok(rows.first().map(|row| row[0].int()).unwrap_or_default())
    }

    async fn clear_failures(&self, key: &str) -> Result<()> {
        self.change(sql::ATTEMPTS_CLEARED, vec![key.into()]).await.map(|_| ())
    }

    async fn token_of_hash(&self, hash: &str) -> Result<Option<(ApiToken, User)>> {
        let own = tables::API_TOKENS.kinds();
        let rows = self.pool.rows(sql::TOKEN_OF_HASH, vec![hash.into()], &kinds_with_user(&own)).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let (row, user) = with_user(row, own.len())?;
        Ok(Some((codec::read_token(row)?, user)))
    }

    async fn tokens(&self) -> Result<Vec<(ApiToken, Option<Timestamp>)>> {
        let mut kinds = tables::API_TOKENS.kinds();
        kinds.push(Int);
        let rows = self.pool.rows(sql::TOKENS, vec![], &kinds).await?;
        rows.into_iter()
            .map(|mut row| {
                let used = last_use("token_uses", &mut row)?;
                Ok((codec::read_token(row)?, used))
            })
            .collect()
    }

    async fn passkey(&self, id: &str) -> Result<Option<(Passkey, User)>> {
        let own = tables::PASSKEYS.kinds();
        let rows = self.pool.rows(sql::PASSKEY, vec![id.into()], &kinds_with_user(&own)).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        let (row, user) = with_user(row, own.len())?;
        Ok(Some((codec::read_passkey(row)?, user)))
    }

    async fn passkeys_of(&self, user: &UserId) -> Result<Vec<(Passkey, Option<Timestamp>)>> {
        let mut kinds = tables::PASSKEYS.kinds();
        kinds.push(Int);
        let rows = self.pool.rows(sql::PASSKEYS_OF, vec![user.as_str().into()], &kinds).await?;
        rows.into_iter()
            .map(|mut row| {
                let used = last_use("passkey_uses", &mut row)?;
                Ok((codec::read_passkey(row)?, used))
            })
            .collect()
    }

    async fn use_passkey(&self, id: &str, counter: u32, now: Timestamp) -> Result<bool> {
        let values = vec![id.into(), i64::from(counter).into(), now.as_microsecond().into()];
        Ok(self.change(sql::PASSKEY_USED, values).await? == 1)
    }

    async fn touch_token(&self, id: &str, now: Timestamp) -> Result<()> {
        self.change(sql::TOKEN_USED, vec![id.into(), now.as_microsecond().into()]).await.map(|_| ())
    }
}
