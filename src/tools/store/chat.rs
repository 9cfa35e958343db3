//! Messages of the chat on their way to becoming evidence, and how far our own have come.

use jiff::Timestamp;
use quittance_agent::chat::{ChatContent, ChatEnded, ChatInbox, ChatMessage, ChatStep, ClaimedMessage};
use quittance_agent::ports::StoreError;

use super::codec::json;
use super::engine::Kind::{Int, Text};
use super::engine::{Kind, Result, Row, Value};
use super::{Database, sql};

/// id, sender, name, sent_at, content, attempts.
const MESSAGE: [Kind; 6] = [Text, Text, Text, Int, Text, Int];

fn bad(row: &Row, column: &'static str, message: impl std::fmt::Display) -> StoreError {
    StoreError::BadRow { table: "chat_messages", row: row[0].bare(), column, message: message.to_string() }
}

fn read_message(row: &Row) -> Result<(ChatMessage, u32)> {
    let sent_at = match row[3] {
        Value::Int(Some(micros)) => Some(Timestamp::from_microsecond(micros).map_err(|error| bad(row, "sent_at", error))?),
        _ => None,
    };
    let content: ChatContent = serde_json::from_str(&row[4].bare()).map_err(|error| bad(row, "content", error))?;
    let name = Some(row[2].bare()).filter(|name| !name.is_empty());
    let message = ChatMessage { id: row[0].bare(), from: row[1].bare(), name, sent_at, content };
    Ok((message, u32::try_from(row[5].int()).map_err(|error| bad(row, "attempts", error))?))
}

/// A text without what no database keeps.
fn clean(text: &str) -> String {
    text.replace('\0', "")
}

impl ChatInbox for Database {
    async fn chat_received(
        &self,
        messages: &[ChatMessage],
        steps: &[ChatStep],
        now: Timestamp,
        most: u32,
    ) -> Result<Option<usize>> {
        let mut tx = self.pool.write().await?;
        let waiting = tx.rows(sql::CHAT_WAITING, vec![], &[Int]).await?;
        let waiting = waiting.first().map(|row| row[0].int()).unwrap_or_default();
        if waiting.saturating_add(messages.len() as i64) > i64::from(most) {
            return Ok(None);
        }
        let mut new = 0;
        for message in messages {
            // JSON writes a NUL as an escape, which PostgreSQL keeps as text; names and numbers are written bare.
            let values = vec![
                clean(&message.id).into(),
                clean(&message.from).into(),
                message.name.as_deref().map(clean).into(),
                message.sent_at.map(Timestamp::as_microsecond).into(),
                now.as_microsecond().into(),
                json(&message.content)?.into(),
            ];
            new += tx.run(sql::CHAT_RECEIVED, values).await?;
        }
        for step in steps {
            let at: Value = step.at.map(Timestamp::as_microsecond).into();
            tx.run(sql::CHAT_STEP_TAKEN, vec![clean(&step.id).into(), i64::from(step.rank).into(), at]).await?;
        }
        tx.commit().await?;
        Ok(Some(usize::try_from(new).unwrap_or(usize::MAX)))
    }

    async fn claim_chat(&self, now: Timestamp, until: Timestamp, token: &str) -> Result<Option<ClaimedMessage>> {
        let at: Value = now.as_microsecond().into();
        if self.pool.rows(sql::CHAT_ANY_DUE, vec![at.clone()], &[Int]).await?.is_empty() {
            return Ok(None);
        }
        let mut tx = self.pool.write().await?;
        let statement = if tx.is_postgres() { sql::POSTGRES_CHAT_CLAIM } else { sql::SQLITE_CHAT_CLAIM };
        let rows = tx.rows(statement, vec![at, token.into(), until.as_microsecond().into()], &MESSAGE).await?;
        tx.commit().await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (message, attempts) = read_message(row)?;
        Ok(Some(ClaimedMessage { message, attempts, token: token.to_owned() }))
    }

    async fn chat_ended(&self, id: &str, token: &str, at: Timestamp, ended: &ChatEnded) -> Result<bool> {
        let mut tx = self.pool.write().await?;
        let changed = match ended {
            ChatEnded::Taken(words) => {
                let empty = json(&ChatContent::Text { text: String::new() })?;
                let values = vec![id.into(), token.into(), at.as_microsecond().into(), clean(words).into(), empty.into()];
                tx.run(sql::CHAT_TAKEN, values).await?
            }
            ChatEnded::Again { why, next_at } => {
                let values = vec![id.into(), token.into(), next_at.as_microsecond().into(), clean(why).into()];
                tx.run(sql::CHAT_AGAIN, values).await?
            }
        };
        tx.commit().await?;
        Ok(changed == 1)
    }

    async fn chat_outcome(&self, id: &str) -> Result<Option<String>> {
        let rows = self.pool.rows(sql::CHAT_OUTCOME, vec![id.into()], &[Text]).await?;
        Ok(rows.first().map(|row| row[0].bare()))
    }

    async fn chat_step(&self, id: &str) -> Result<Option<u8>> {
        let rows = self.pool.rows(sql::CHAT_STEP, vec![id.into()], &[Int]).await?;
        Ok(rows.first().and_then(|row| u8::try_from(row[0].int()).ok()))
    }
}
