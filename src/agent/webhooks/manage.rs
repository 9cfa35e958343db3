//! Keeping addresses: adding one, replacing its secret, trying it, sending a message again. Pages and the JSON interface call these.

use jiff::{SignedDuration, Timestamp};
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::records::EntityId;
use quittance_rules::webhooks::{EndpointState, EventKind, RotationUnderWay, SecretRecord, WebhookEndpoint};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::OVERLAP_HOURS_MAX;
use super::ports::{Delivery, DeliveryState, Webhooks};
use super::target::{BadTarget, Targets};
use crate::ports::StoreError;

/// Addresses that are on at once. Each costs a look at every change.
pub(super) const ENDPOINTS_MAX: usize = 50;
/// Characters of the words beside an address.
const NOTE_MAX: usize = 200;

/// Why an address was not kept or changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ManageError {
    /// The address may not be called.
    #[error(transparent)]
    Target(#[from] BadTarget),
    /// It would be told nothing.
    #[error("name at least one event: case.opened, case.decided, case.undone or import.finished")]
    NoEvents,
    /// Too long, or it holds what no page shows.
    #[error("the note has at most 200 characters and no control characters")]
    Note,
    /// It is there already.
    #[error("messages about these books go to this address already ({0})")]
    Known(String),
    /// More than are kept.
    #[error("at most 50 addresses can be on; switch one off first")]
    TooMany,
    /// An earlier replacement has not ended.
    #[error(transparent)]
    Rotation(#[from] RotationUnderWay),
    /// More than a week.
    #[error("the old secret may count 0 to 168 hours more")]
    Overlap,
    /// Nothing is sent there.
    #[error("the address is switched off; switch it on first")]
    Off,
    /// It is on its way.
    #[error("this message waits to be sent already")]
    Waiting,
    /// Of the store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// An address to be added.
#[derive(Debug, Clone)]
pub struct NewEndpoint {
    /// Its public name, made of chance.
    pub id: String,
    /// Its secret, made of chance: `whsec_` and at least 24 bytes in Base64.
    pub secret: String,
    /// Whose events; `None` is those of every entity.
    pub entity: Option<EntityId>,
    /// Where to.
    pub url: String,
    /// What it is for.
    pub note: String,
    /// What it asks for.
    pub events: Vec<EventKind>,
}

/// SHA-256 of a secret in lower-case hexadecimal: what the log holds of it.
pub fn digest_of(secret: &str) -> String {
    hex::encode(Sha256::digest(secret))
}

/// Adds an address.
///
/// # Errors
/// Why it was not added.
pub async fn add<S: Webhooks>(
    store: &S,
    targets: &Targets,
    by: Actor,
    now: Timestamp,
    new: NewEndpoint,
) -> Result<WebhookEndpoint, ManageError> {
    let url = targets.check(&new.url)?.to_string();
    let note = new.note.trim().to_owned();
    if note.chars().count() > NOTE_MAX || note.chars().any(char::is_control) {
        return Err(ManageError::Note);
    }
    let mut events = new.events;
    events.sort_unstable();
    events.dedup();
    if events.is_empty() {
        return Err(ManageError::NoEvents);
    }
    let known = store.webhooks().await?;
    let on: Vec<&WebhookEndpoint> = known.iter().filter(|endpoint| endpoint.state == EndpointState::On).collect();
    if let Some(same) = on.iter().find(|endpoint| endpoint.url == url && endpoint.entity == new.entity) {
        return Err(ManageError::Known(same.id.clone()));
    }
    if on.len() >= ENDPOINTS_MAX {
        return Err(ManageError::TooMany);
    }
    let endpoint = WebhookEndpoint {
        id: new.id,
        version: 1,
        entity: new.entity,
        url,
        note,
        events,
        secrets: vec![SecretRecord { digest: digest_of(&new.secret), made_at: now, ends_at: None }],
        state: EndpointState::On,
        made_at: now,
    };
    set(store, by, now, &endpoint, Some(&new.secret)).await?;
    Ok(endpoint)
}

async fn set<S: Webhooks>(
    store: &S,
    by: Actor,
    now: Timestamp,
    endpoint: &WebhookEndpoint,
    secret: Option<&str>,
) -> Result<(), StoreError> {
    let changes = ChangeSet { by, at: now, changes: vec![Change::WebhookSet(endpoint.clone())] };
    store.set_webhook(changes, endpoint, secret).await.map(|_| ())
}

/// Replaces the secret; the one before counts for `overlap_hours` more. 0 ends every earlier one now: for a secret that leaked.
///
/// # Errors
/// Why it was not replaced.
pub async fn rotate<S: Webhooks>(
    store: &S,
    by: Actor,
    now: Timestamp,
    endpoint: &WebhookEndpoint,
    secret: &str,
    overlap_hours: u32,
) -> Result<WebhookEndpoint, ManageError> {
    if overlap_hours > OVERLAP_HOURS_MAX {
        return Err(ManageError::Overlap);
    }
    let overlap = SignedDuration::from_hours(i64::from(overlap_hours));
    let changed = endpoint.rotated(digest_of(secret), now, overlap)?;
    set(store, by, now, &changed, Some(secret)).await?;
    Ok(changed)
}

/// Writes a message that only says that it is a test; `chance` makes its id. It is sent like any other.
///
/// # Errors
/// Why it was not written.
pub async fn test<S: Webhooks>(
    store: &S,
    now: Timestamp,
    endpoint: &WebhookEndpoint,
    chance: &str,
) -> Result<Delivery, ManageError> {
    if endpoint.state != EndpointState::On {
        return Err(ManageError::Off);
    }
    let delivery = Delivery {
        id: format!("msg_test_{chance}_{}", endpoint.id),
        endpoint: endpoint.id.clone(),
        event: EventKind::Test,
        happened_at: now,
        data: json!({ "endpoint": endpoint.id }),
        state: DeliveryState::Waiting,
        attempts: 0,
        next_at: now,
        last_at: None,
        last_status: None,
        last_error: None,
    };
    store.add_delivery(&delivery).await?;
    Ok(delivery)
}

/// Sends a message of an address again, under its id. `Ok(false)`: the address has no such message.
///
/// # Errors
/// Why it is not sent.
pub async fn again<S: Webhooks>(
    store: &S,
    now: Timestamp,
    endpoint: &WebhookEndpoint,
    delivery: &str,
) -> Result<bool, ManageError> {
    let found = store.delivery(delivery).await?;
    if found.is_none_or(|found| found.endpoint != endpoint.id) {
        return Ok(false);
    }
    if endpoint.state != EndpointState::On {
        return Err(ManageError::Off);
    }
    if store.send_again(delivery, now).await? { Ok(true) } else { Err(ManageError::Waiting) }
}
