//! Addresses that are told what happened here, and the messages to them. The functions are those of the page.

use axum::body::Bytes;
use axum::extract::{Path, Query as Params, State};
use axum::response::Response;
use quittance_agent::webhooks::manage::{self, ManageError, NewEndpoint};
use quittance_agent::webhooks::ports::Delivery;
use quittance_rules::webhooks::{EventKind, WebhookEndpoint};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::read::{given, limit_of};
use super::refusals::{Conflict, Guarded, NotFound, TooLarge, Unfit};
use super::{body, json, written};
use crate::error::WebError;
use crate::pages::webhooks::{
    books_for, endpoint_for, fresh_names, fresh_secret, may_keep, place, place_of, proved, refused, switch_to,
};
use crate::secret;
use crate::session::Session;
use crate::state::{Desk, Web};

/// An address.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookShape {
    /// Its public name.
    id: String,
    /// Whose events; null is those of every entity.
    entity: Option<String>,
    /// Where messages go.
    url: String,
    /// What it is for.
    note: String,
    /// `case.opened`, `case.decided`, `case.undone`, `import.finished`.
    events: Vec<String>,
    /// `on`, `off`, or `gone`: it answered 410.
    state: String,
    /// When it was made (UTC).
    made_at: String,
    /// Until when the secret before the one in use still counts (UTC).
    old_secret_until: Option<String>,
    /// The secret, `whsec_…`: only in the answer to the request that made it.
    secret: Option<String>,
}

impl WebhookShape {
    fn of(endpoint: WebhookEndpoint, secret: Option<String>) -> Self {
        Self {
            entity: endpoint.entity.map(|id| id.to_string()),
            events: endpoint.events.iter().map(|kind| kind.name().to_owned()).collect(),
            state: endpoint.state.name().to_owned(),
            made_at: endpoint.made_at.to_string(),
            old_secret_until: endpoint.secrets.iter().filter_map(|secret| secret.ends_at).max().map(|end| end.to_string()),
            id: endpoint.id,
            url: endpoint.url,
            note: endpoint.note,
            secret,
        }
    }
}

/// Addresses.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhookList {
    /// The oldest first.
    webhooks: Vec<WebhookShape>,
}

/// An address to be added.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookBody {
    /// Where messages go: `https://…`.
    url: String,
    /// Whose events; null is those of every entity.
    #[serde(default)]
    entity: Option<String>,
    /// `case.opened`, `case.decided`, `case.undone`, `import.finished`.
    events: Vec<String>,
    /// What it is for; at most 200 characters.
    #[serde(default)]
    note: String,
}

/// Whether messages go to an address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WebhookStateBody {
    /// `on` or `off`.
    state: String,
}

/// How a secret is replaced.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateBody {
    /// For how many hours the old secret still counts, 0 to 168. 0 ends every earlier one now.
    overlap_hours: u32,
}

/// A message to an address.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryShape {
    /// Its `webhook-id`.
    id: String,
    /// What happened.
    event: String,
    /// When it happened (UTC).
    happened_at: String,
    /// Ids and counts.
    #[schema(value_type = Object)]
    data: serde_json::Value,
    /// `waiting`, `delivered`, `given_up`, `dropped`.
    state: String,
    /// Attempts begun.
    attempts: u32,
    /// When the next attempt is due (UTC); null where there is none.
    next_at: Option<String>,
    /// When the last attempt ended (UTC).
    last_at: Option<String>,
    /// HTTP status of the last attempt.
    last_status: Option<u16>,
    /// What went wrong with it.
    last_error: Option<String>,
}

impl From<Delivery> for DeliveryShape {
    fn from(delivery: Delivery) -> Self {
        let waits = delivery.state == quittance_agent::webhooks::ports::DeliveryState::Waiting;
        Self {
            id: delivery.id,
            event: delivery.event.name().to_owned(),
            happened_at: delivery.happened_at.to_string(),
            data: delivery.data,
            state: delivery.state.name().to_owned(),
            attempts: delivery.attempts,
            next_at: waits.then(|| delivery.next_at.to_string()),
            last_at: delivery.last_at.map(|at| at.to_string()),
            last_status: delivery.last_status,
            last_error: delivery.last_error,
        }
    }
}

/// Messages.
#[derive(Serialize, ToSchema)]
pub(super) struct Deliveries {
    /// The last first.
    deliveries: Vec<DeliveryShape>,
    /// Give it back as `before` for the next ones; null at the end.
    next: Option<String>,
}

/// Lists addresses of the books the caller keeps.
#[utoipa::path(get, path = "/api/v1/webhooks", tag = "webhooks", responses(
    (status = 200, body = WebhookList),
    Guarded,
))]
pub(super) async fn list<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    let found = web.store.webhooks().await?.into_iter().filter(|endpoint| may_keep(&session, endpoint.entity.as_ref()));
    json(&WebhookList { webhooks: found.map(|endpoint| WebhookShape::of(endpoint, None)).collect() }).map(written)
}

/// Adds an address. Its secret is in this answer and in no other.
#[utoipa::path(post, path = "/api/v1/webhooks", tag = "webhooks", request_body = WebhookBody, responses(
    (status = 200, body = WebhookShape),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn add<S: Desk>(State(web): State<Web<S>>, session: Session, bytes: Bytes) -> Result<Response, WebError> {
    let wanted: WebhookBody = body(&bytes)?;
    proved(&web, &session)?;
    let entity = books_for(&web, &session, wanted.entity.as_deref()).await?;
    let events = wanted.events.iter().map(|name| EventKind::parse(name)).collect::<Option<Vec<_>>>();
    let events = events.ok_or_else(|| refused(ManageError::NoEvents))?;
    let (id, secret) = fresh_names()?;
    let new = NewEndpoint { id, secret: secret.clone(), entity, url: wanted.url, note: wanted.note, events };
    let made = manage::add(&web.store, &web.settings.webhook_targets, session.actor(), web.now(), new).await;
    json(&WebhookShape::of(made.map_err(refused)?, Some(secret))).map(written)
}

/// One address.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the address")), responses(
    (status = 200, body = WebhookShape),
    Guarded, NotFound,
))]
pub(super) async fn show<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    json(&WebhookShape::of(endpoint_for(&web, &session, &id).await?, None)).map(written)
}

/// Switches an address on or off. What waits for one that is switched off is dropped.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/state", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the address")),
    request_body = WebhookStateBody, responses(
    (status = 200, body = WebhookShape),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn set_state<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    let wanted: WebhookStateBody = body(&bytes)?;
    switch_to(&web, &session, &endpoint, &wanted.state).await?;
    json(&WebhookShape::of(endpoint_for(&web, &session, &id).await?, None)).map(written)
}

/// Replaces the secret. The new one is in this answer and in no other; the old one counts for some hours more, and messages are signed
/// with both.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/secret", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the address")),
    request_body = RotateBody, responses(
    (status = 200, body = WebhookShape),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn rotate<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    let wanted: RotateBody = body(&bytes)?;
    proved(&web, &session)?;
    let secret = fresh_secret()?;
    let changed = manage::rotate(&web.store, session.actor(), web.now(), &endpoint, &secret, wanted.overlap_hours).await;
    json(&WebhookShape::of(changed.map_err(refused)?, Some(secret))).map(written)
}

/// Sends a message that only says that it is a test.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/test", tag = "webhooks",
    params(("webhook" = String, Path, description = "Id of the address")), responses(
    (status = 200, body = DeliveryShape),
    Guarded, NotFound, Conflict,
))]
pub(super) async fn test<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    let chance = hex::encode(secret::chance::<8>()?);
    let made = manage::test(&web.store, web.now(), &endpoint, &chance).await.map_err(refused)?;
    json(&DeliveryShape::from(made)).map(written)
}

/// Messages to an address, the last first.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/deliveries", tag = "webhooks", params(
    ("webhook" = String, Path, description = "Id of the address"),
    ("before" = Option<String>, Query, description = "The next of the page before"),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "1 to 200"),
), responses(
    (status = 200, body = Deliveries),
    Guarded, NotFound, Unfit,
))]
pub(super) async fn deliveries<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    let limit = limit_of(&pairs)?;
    let unknown = || WebError::invalid("before", "it is the `next` of the page before, unchanged");
    let before = given(&pairs, "before").map(|text| place(text).ok_or_else(unknown)).transpose()?;
    let found = web.store.deliveries_of(&endpoint.id, before, limit).await?;
    let next = found.last().filter(|_| found.len() == limit as usize).map(place_of);
    json(&Deliveries { deliveries: found.into_iter().map(DeliveryShape::from).collect(), next }).map(written)
}

/// Sends a message again, under its id.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/deliveries/{delivery}/again", tag = "webhooks", params(
    ("webhook" = String, Path, description = "Id of the address"),
    ("delivery" = String, Path, description = "Id of the message"),
), responses(
    (status = 200, body = DeliveryShape),
    Guarded, NotFound, Conflict,
))]
pub(super) async fn again<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    if !manage::again(&web.store, web.now(), &endpoint, &delivery).await.map_err(refused)? {
        return Err(WebError::NotFound);
    }
    let found = web.store.delivery(&delivery).await?.ok_or(WebError::NotFound)?;
    json(&DeliveryShape::from(found)).map(written)
}
