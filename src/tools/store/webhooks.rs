//! Addresses for messages to other programs, and the messages: written with the change they tell about, claimed by whoever sends.

use std::collections::HashMap;
use std::str::FromStr as _;

use jiff::Timestamp;
use quittance_agent::ports::{Applied, StoreError};
use quittance_agent::webhooks::ports::{Backlog, Claimed, Delivery, DeliveryState, Ended, Webhooks};
use quittance_rules::cases::Subject;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::ledger::CaseId;
use quittance_rules::records::EntityId;
use quittance_rules::webhooks::{Announced, EndpointState, EventKind, SecretRecord, WebhookEndpoint, announced};
use sha2::{Digest as _, Sha256};

use super::apply::Also;
use super::codec::{self, json, name_of, named, read_instant};
use super::engine::Kind::{Int, Text};
use super::engine::{Kind, Result, Row, Tx, Value};
use super::secrets::{SIGNING, refused};
use super::tables::{self, INSERT_SIZES, Reader, Table};
use super::{Database, sql};
use crate::sealing::Keys;

/// Messages. Not in the log: it says what happened; this says whether somebody was told.
pub(super) const DELIVERIES: &Table = &tables::table(
    usize::MAX,
    "webhook_deliveries",
    &[
        ("id", Text),
        ("endpoint_id", Text),
        ("event", Text),
        ("happened_at", Int),
        ("data", Text),
        ("state", Text),
        ("attempts", Int),
        ("next_at", Int),
        ("last_at", Int),
        ("last_status", Int),
        ("last_error", Text),
    ],
    false,
    false,
);

/// Longest sentence kept about a failed attempt, in characters.
const ERROR_MAX: usize = 300;

pub(super) fn endpoint_row(endpoint: &WebhookEndpoint) -> Result<Row> {
    Ok(vec![
        endpoint.id.as_str().into(),
        endpoint.version.into(),
        endpoint.entity.as_ref().map(|id| id.as_str().to_owned()).into(),
        endpoint.url.as_str().into(),
        endpoint.note.as_str().into(),
        json(&endpoint.events)?.into(),
        json(&endpoint.secrets)?.into(),
        endpoint.state.name().into(),
        endpoint.made_at.as_microsecond().into(),
    ])
}

pub(super) fn read_endpoint(row: Row) -> Result<WebhookEndpoint> {
    let row = &mut Reader::new(tables::WEBHOOK_ENDPOINTS, row);
    Ok(WebhookEndpoint {
        id: row.text()?,
        version: row.int()?,
        entity: row.opt_parse(EntityId::parse)?,
        url: row.text()?,
        note: row.text()?,
        events: row.parse(|text| serde_json::from_str::<Vec<EventKind>>(text))?,
        secrets: row.parse(|text| serde_json::from_str::<Vec<SecretRecord>>(text))?,
        state: row.parse(named)?,
        made_at: read_instant(row)?,
    })
}

fn delivery_row(delivery: &Delivery) -> Result<Row> {
    Ok(vec![
        delivery.id.as_str().into(),
        delivery.endpoint.as_str().into(),
        name_of(&delivery.event)?.into(),
        delivery.happened_at.as_microsecond().into(),
        json(&delivery.data)?.into(),
        delivery.state.name().into(),
        i64::from(delivery.attempts).into(),
        delivery.next_at.as_microsecond().into(),
        delivery.last_at.map(Timestamp::as_microsecond).into(),
        delivery.last_status.map(i64::from).into(),
        delivery.last_error.clone().into(),
    ])
}

fn read_delivery(row: Row) -> Result<Delivery> {
    let row = &mut Reader::new(DELIVERIES, row);
    Ok(Delivery {
        id: row.text()?,
        endpoint: row.text()?,
        event: row.parse(named)?,
        happened_at: read_instant(row)?,
        data: row.parse(serde_json::Value::from_str)?,
        state: row.parse(|name| {
            DeliveryState::ALL.into_iter().find(|state| state.name() == name).ok_or("no such state of a message")
        })?,
        attempts: {
            let attempts = row.int()?;
            u32::try_from(attempts).map_err(|_| row.bad("is no count"))?
        },
        next_at: read_instant(row)?,
        last_at: row.opt_int()?.map(Timestamp::from_microsecond).transpose().map_err(|error| row.bad(error))?,
        last_status: row.opt_int()?.map(u16::try_from).transpose().map_err(|error| row.bad(error))?,
        last_error: row.opt_text()?,
    })
}

/// Statements put together here, so that a check of the statements covers them.
pub(super) fn statements() -> Vec<String> {
    let mut all: Vec<String> = INSERT_SIZES.map(|rows| DELIVERIES.insert(rows)).into();
    all.push(DELIVERIES.by_key());
    all
}

/// Writes the messages about recorded changes, each to the addresses that ask for it. Nothing is read where nothing is told.
pub(super) async fn tell(tx: &mut Tx, recorded: &[&Change], seq: i64, at: Timestamp) -> Result<()> {
    let told: Vec<(usize, Announced)> =
        recorded.iter().enumerate().filter_map(|(number, change)| Some((number, announced(change)?))).collect();
    if told.is_empty() {
        return Ok(());
    }
    let rows = tx.rows(sql::WEBHOOKS_ON, vec![], &tables::WEBHOOK_ENDPOINTS.kinds()).await?;
    if rows.is_empty() {
        return Ok(());
    }
    let endpoints: Vec<WebhookEndpoint> = rows.into_iter().map(read_endpoint).collect::<Result<_>>()?;
    let own: HashMap<CaseId, Option<EntityId>> = recorded
        .iter()
        .filter_map(|change| match change {
            Change::CaseOpened(case) | Change::CaseChanged(case) => Some((case.id, case.entity.clone())),
            _ => None,
        })
        .collect();
    let mut deliveries: Vec<Row> = Vec::new();
    for (number, announced) in told {
        if !endpoints.iter().any(|endpoint| endpoint.events.contains(&announced.kind)) {
            continue;
        }
        let (entities, kind) = entities_of(tx, &announced, &own).await?;
        let mut data = announced.data;
        if let Some(fields) = data.as_object_mut() {
            match entities.as_slice() {
                [one] => drop(fields.insert("entity".to_owned(), one.as_str().into())),
                _ => drop(fields.insert("entity".to_owned(), serde_json::Value::Null)),
            }
            if let Some(kind) = kind {
                fields.insert("kind".to_owned(), kind.into());
            }
        }
        for endpoint in &endpoints {
            let wants = if entities.is_empty() {
                endpoint.wants(announced.kind, None)
            } else {
                entities.iter().any(|entity| endpoint.wants(announced.kind, Some(entity)))
            };
            if wants {
                deliveries.push(delivery_row(&Delivery {
                    id: format!("msg_{seq}_{number}_{}", endpoint.id),
                    endpoint: endpoint.id.clone(),
                    event: announced.kind,
                    happened_at: at,
                    data: data.clone(),
                    state: DeliveryState::Waiting,
                    attempts: 0,
                    next_at: at,
                    last_at: None,
                    last_status: None,
                    last_error: None,
                })?);
            }
        }
    }
    add(tx, &deliveries).await
}

async fn add(tx: &mut Tx, mut rows: &[Row]) -> Result<()> {
    while !rows.is_empty() {
        let size = INSERT_SIZES.into_iter().find(|size| *size <= rows.len()).unwrap_or(1);
        let (some, rest) = rows.split_at(size);
        rows = rest;
        tx.run(&DELIVERIES.insert(size), some.iter().flatten().cloned().collect()).await?;
    }
    Ok(())
}

/// Whose books an event is of (none, or for a statement perhaps several), and for a file what it was brought as.
async fn entities_of(
    tx: &mut Tx,
    announced: &Announced,
    own: &HashMap<CaseId, Option<EntityId>>,
) -> Result<(Vec<EntityId>, Option<String>)> {
    let one = |rows: Vec<Row>| -> Result<Vec<EntityId>> {
        let ids = rows.iter().filter_map(|row| match row.first() {
            Some(Value::Text(Some(id))) => Some(id.as_str()),
            _ => None,
        });
        ids.map(|id| {
            EntityId::parse(id).map_err(|error| StoreError::BadRow {
                table: "entities",
                row: id.to_owned(),
                column: "id",
                message: error.to_string(),
            })
        })
        .collect()
    };
    if let Some(case) = announced.case {
        if let Some(entity) = own.get(&case) {
            return Ok((entity.iter().cloned().collect(), None));
        }
        return Ok((one(tx.rows(sql::ENTITY_OF_CASE, vec![case.0.into()], &[Text]).await?)?, None));
    }
    match &announced.subject {
        Some(Subject::Payment(id) | Subject::Return(id)) => {
            Ok((one(tx.rows(sql::ENTITY_OF_PAYMENT, vec![id.as_str().into()], &[Text]).await?)?, None))
        }
        Some(Subject::Item(id)) => Ok((one(tx.rows(sql::ENTITY_OF_ITEM, vec![id.as_str().into()], &[Text]).await?)?, None)),
        Some(Subject::Input(digest)) => {
            let entities = one(tx.rows(sql::ENTITIES_OF_INPUT, vec![digest.0.as_str().into()], &[Text]).await?)?;
            let kinds = tables::INPUTS.kinds();
            let input = tx.rows(&tables::INPUTS.by_key(), vec![digest.0.as_str().into()], &kinds).await?;
            let input = input.into_iter().next().map(codec::read_input).transpose()?;
            Ok((entities, input.map(|input| input.kind.name().to_owned())))
        }
        Some(Subject::Evidence(_)) | None => Ok((Vec::new(), None)),
    }
}

impl Database {
    async fn endpoints(&self, statement: &str) -> Result<Vec<WebhookEndpoint>> {
        let rows = self.pool.rows(statement, vec![], &tables::WEBHOOK_ENDPOINTS.kinds()).await?;
        rows.into_iter().map(read_endpoint).collect()
    }

    async fn secrets_of(&self, endpoint: &WebhookEndpoint, now: Timestamp) -> Result<Vec<String>> {
        let rows = self.pool.rows(sql::WEBHOOK_SECRETS_OF, vec![endpoint.id.as_str().into()], &[Text, Text]).await?;
        let found: HashMap<String, String> = rows.iter().map(|row| (row[0].bare(), row[1].bare())).collect();
        let held = endpoint.digests_at(now);
        let sealed = held.iter().filter_map(|digest| found.get_key_value(*digest));
        sealed.map(|(digest, sealed)| self.keys.open(SIGNING.cell(digest), sealed).map_err(refused)).collect()
    }
}

/// A sentence cut to what is kept, without what no database keeps.
fn kept(error: &str) -> Value {
    error.chars().filter(|c| *c != '\0').take(ERROR_MAX).collect::<String>().into()
}

impl Webhooks for Database {
    async fn webhooks(&self) -> Result<Vec<WebhookEndpoint>> {
        self.endpoints(sql::WEBHOOKS).await
    }

    async fn webhook(&self, id: &str) -> Result<Option<WebhookEndpoint>> {
        // PostgreSQL takes no text with a NUL, and nothing has such a name.
        if id.contains('\0') {
            return Ok(None);
        }
        let table = tables::WEBHOOK_ENDPOINTS;
        let rows = self.pool.rows(&table.by_key(), vec![id.into()], &table.kinds()).await?;
        rows.into_iter().next().map(read_endpoint).transpose()
    }

    async fn set_webhook(&self, changes: ChangeSet, endpoint: &WebhookEndpoint, secret: Option<&str>) -> Result<Applied> {
        let recorded = changes.changes.iter().any(|change| matches!(change, Change::WebhookSet(set) if set == endpoint));
        if !recorded {
            return Err(StoreError::Unavailable(format!("the change of address {} is not in its change set", endpoint.id)));
        }
        let mut also = Vec::new();
        if let Some(secret) = secret {
            let digest = hex::encode(Sha256::digest(secret));
            if !endpoint.secrets.iter().any(|known| known.digest == digest) {
                return Err(StoreError::Unavailable(format!("address {} does not name its new secret", endpoint.id)));
            }
            let sealed = self.keys.seal(SIGNING.cell(&digest), secret).map_err(refused)?;
            also.push(Also {
                statement: sql::WEBHOOK_SECRET_KEPT,
                values: vec![digest.into(), endpoint.id.as_str().into(), sealed.into()],
                at_least: 1,
                about: format!("the secret of address {}", endpoint.id),
            });
        }
        let digest = |at: usize| endpoint.secrets.get(at).map(|secret| secret.digest.as_str()).unwrap_or_default();
        also.push(Also {
            statement: sql::WEBHOOK_SECRETS_FORGOTTEN,
            values: vec![endpoint.id.as_str().into(), digest(0).into(), digest(1).into()],
            at_least: 0,
            about: String::new(),
        });
        if endpoint.state != EndpointState::On {
            also.push(Also {
                statement: sql::WEBHOOK_DELIVERIES_DROPPED,
                values: vec![endpoint.id.as_str().into()],
                at_least: 0,
                about: String::new(),
            });
        }
        self.apply_with(changes, None, &also).await
    }

    async fn webhook_changed(&self, id: &str) -> Result<Option<(String, Timestamp)>> {
        let rows = self.pool.rows(sql::WEBHOOK_CHANGED, vec![id.into()], &[Text, Int]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let at = Timestamp::from_microsecond(row[1].int()).map_err(|error| StoreError::BadRow {
            table: "audit_entries",
            row: id.to_owned(),
            column: "entered_at",
            message: error.to_string(),
        })?;
        Ok(Some((row[0].bare(), at)))
    }

    async fn delivered_since(&self, endpoint: &str, since: Timestamp) -> Result<bool> {
        let values = vec![endpoint.into(), since.as_microsecond().into()];
        Ok(!self.pool.rows(sql::WEBHOOK_DELIVERED_SINCE, values, &[Int]).await?.is_empty())
    }

    async fn deliveries_of(&self, endpoint: &str, before: Option<(i64, &str)>, limit: u32) -> Result<Vec<Delivery>> {
        let (at, id) = before.unwrap_or((i64::MAX, ""));
        if id.contains('\0') {
            return Ok(Vec::new());
        }
        let values = vec![endpoint.into(), at.into(), id.into(), i64::from(limit).into()];
        let rows = self.pool.rows(sql::WEBHOOK_DELIVERIES_OF, values, &DELIVERIES.kinds()).await?;
        rows.into_iter().map(read_delivery).collect()
    }

    async fn delivery(&self, id: &str) -> Result<Option<Delivery>> {
        if id.contains('\0') {
            return Ok(None);
        }
        let rows = self.pool.rows(&DELIVERIES.by_key(), vec![id.into()], &DELIVERIES.kinds()).await?;
        rows.into_iter().next().map(read_delivery).transpose()
    }

    async fn add_delivery(&self, delivery: &Delivery) -> Result<()> {
        let mut tx = self.pool.write().await?;
        add(&mut tx, &[delivery_row(delivery)?]).await?;
        tx.commit().await
    }

    async fn send_again(&self, id: &str, now: Timestamp) -> Result<bool> {
        let mut tx = self.pool.write().await?;
        let changed = tx.run(sql::WEBHOOK_SENT_AGAIN, vec![id.into(), now.as_microsecond().into()]).await?;
        tx.commit().await?;
        Ok(changed == 1)
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        per_endpoint: u32,
        most: u32,
        token: &str,
    ) -> Result<Vec<Claimed>> {
        // A question first: a writing transaction every second would keep others waiting for nothing.
        let at: Value = now.as_microsecond().into();
        if self.pool.rows(sql::WEBHOOK_ANY_DUE, vec![at.clone()], &[Int]).await?.is_empty() {
            return Ok(Vec::new());
        }
        // Secrets first: an address whose secret does not open costs none of its messages an attempt, and keeps no other waiting.
        let mut unopened = None;
        let mut endpoints = Vec::new();
        for endpoint in self.endpoints(sql::WEBHOOKS_ON).await? {
            match self.secrets_of(&endpoint, now).await {
                Ok(secrets) => endpoints.push((endpoint, secrets)),
                Err(error) => unopened = Some(error),
            }
        }
        let mut claimed = Vec::new();
        let mut tx = self.pool.write().await?;
        let statement = if tx.is_postgres() { sql::POSTGRES_WEBHOOK_CLAIM } else { sql::SQLITE_WEBHOOK_CLAIM };
        let mut loads = Vec::with_capacity(endpoints.len());
        for (endpoint, secrets) in &endpoints {
            let running = tx.rows(sql::WEBHOOK_RUNNING, vec![endpoint.id.as_str().into(), at.clone()], &[Int]).await?;
            loads.push((running.first().map(|row| row[0].int()).unwrap_or_default(), endpoint, secrets));
        }
        // Who has least under way comes first: slow addresses cannot keep every place.
        loads.sort_by_key(|(running, ..)| *running);
        for (running, endpoint, secrets) in loads {
            let left = i64::from(most).saturating_sub(claimed.len() as i64);
            let places = i64::from(per_endpoint).saturating_sub(running).min(left);
            if places <= 0 {
                continue;
            }
            let values =
                vec![endpoint.id.as_str().into(), at.clone(), places.into(), token.into(), until.as_microsecond().into()];
            for row in tx.rows(statement, values, &DELIVERIES.kinds()).await? {
                let delivery = read_delivery(row)?;
                claimed.push(Claimed { delivery, endpoint: endpoint.clone(), secrets: secrets.clone(), token: token.to_owned() });
            }
        }
        tx.commit().await?;
        match unopened {
            // Said when nothing else is to be done.
            Some(error) if claimed.is_empty() => Err(error),
            _ => Ok(claimed),
        }
    }

    async fn delivery_ended(&self, id: &str, token: &str, at: Timestamp, ended: &Ended) -> Result<bool> {
        let (state, next_at, status, error) = match ended {
            Ended::Delivered { status } => (DeliveryState::Delivered, at, Some(*status), Value::Text(None)),
            Ended::Again { status, error, next_at } => (DeliveryState::Waiting, *next_at, *status, kept(error)),
            Ended::GivenUp { status, error } => (DeliveryState::GivenUp, at, *status, kept(error)),
        };
        let values = vec![
            id.into(),
            token.into(),
            state.name().into(),
            next_at.as_microsecond().into(),
            at.as_microsecond().into(),
            status.map(i64::from).into(),
            error,
        ];
        let mut tx = self.pool.write().await?;
        let changed = tx.run(sql::WEBHOOK_ENDED, values).await?;
        tx.commit().await?;
        Ok(changed == 1)
    }

    async fn forget_deliveries(&self, before: Timestamp) -> Result<u64> {
        let mut tx = self.pool.write().await?;
        tx.run(sql::WEBHOOK_DELIVERIES_EXPIRED, vec![before.as_microsecond().into()]).await?;
        let forgotten = tx.run(sql::WEBHOOK_DELIVERIES_FORGOTTEN, vec![before.as_microsecond().into()]).await?;
        tx.commit().await?;
        Ok(forgotten)
    }

    async fn sender_is_here(&self, now: Timestamp) -> Result<()> {
        let mut tx = self.pool.write().await?;
        tx.run(sql::WEBHOOK_SENDER_SEEN, vec![now.as_microsecond().into()]).await?;
        tx.commit().await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        let due = self.pool.rows(sql::WEBHOOK_DUE_COUNT, vec![now.as_microsecond().into()], &[Int]).await?;
        let due = due.first().map(|row| row[0].int()).unwrap_or_default();
        let seen = self.pool.rows(sql::WEBHOOK_SENDER, vec![], &[Int]).await?;
        let seen = seen.first().map(|row| Timestamp::from_microsecond(row[0].int())).transpose();
        Ok(Backlog {
            due: u64::try_from(due).unwrap_or_default(),
            sender_seen_at: seen.map_err(|error| StoreError::BadRow {
                table: "webhook_sender",
                row: "1".to_owned(),
                column: "seen_at",
                message: error.to_string(),
            })?,
        })
    }
}

/// Table, row, column and a sentence.
type Finding = (&'static str, String, &'static str, String);

/// What is wrong with the secrets of addresses; the log has their digests. An error is why one could not be looked at.
pub(super) async fn secrets_findings(tx: &mut Tx, keys: &Keys) -> Result<Vec<std::result::Result<Finding, String>>> {
    let mut findings = Vec::new();
    let rows = tx.rows(sql::WEBHOOKS, vec![], &tables::WEBHOOK_ENDPOINTS.kinds()).await?;
    let endpoints: Vec<WebhookEndpoint> = rows.into_iter().map(read_endpoint).collect::<Result<_>>()?;
    let kinds: [Kind; 3] = [Text, Text, Text];
    let secrets = tx.rows(sql::WEBHOOK_SECRETS, vec![], &kinds).await?;
    let mut kept: HashMap<String, String> = HashMap::new();
    for row in &secrets {
        let (digest, endpoint) = (row[0].bare(), row[1].bare());
        match keys.open(SIGNING.cell(&digest), &row[2].bare()) {
            Ok(secret) if hex::encode(Sha256::digest(&secret)) == digest => {}
            Err(error) if error.is_without_key() => findings.push(Err(error.to_string())),
            Ok(_) | Err(_) => {
                findings.push(Ok((
                    "webhook_secrets",
                    digest.clone(),
                    "secret",
                    "it is not what the log says was set".to_owned(),
                )));
            }
        }
        let named = endpoints.iter().find(|known| known.id == endpoint);
        if !named.is_some_and(|known| known.secrets.iter().any(|secret| secret.digest == digest)) {
            findings.push(Ok(("webhook_secrets", digest.clone(), "digest", format!("address {endpoint} does not name it"))));
        }
        kept.insert(digest, endpoint);
    }
    for endpoint in &endpoints {
        for secret in endpoint.secrets.iter().filter(|secret| !kept.contains_key(&secret.digest)) {
            findings.push(Ok(("webhook_secrets", secret.digest.clone(), "digest", "the row is missing".to_owned())));
        }
    }
    Ok(findings)
}
