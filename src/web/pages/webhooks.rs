//! Addresses that are told what happened here: who gets what, whether it arrives, and the secrets messages are signed with.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine as _;
use jiff::SignedDuration;
use quittance_agent::webhooks::manage::{self, ManageError, NewEndpoint};
use quittance_agent::webhooks::ports::{Delivery, DeliveryState};
use quittance_agent::webhooks::switch;
use quittance_rules::records::{Entity, EntityId};
use quittance_rules::users::{Role, Scope};
use quittance_rules::webhooks::{EndpointState, EventKind, WebhookEndpoint};
use serde::Deserialize;

use crate::error::WebError;
use crate::frame::{Frame, page, see_other};
use crate::pages::queue::{Sent, sent};
use crate::routes::{Access, Row};
use crate::secret;
use crate::session::Session;
use crate::state::{Desk, Web};

/// Messages shown at once.
const PAGE: u32 = 50;
/// A sender not seen for so long is not there.
const SENDER_GONE: SignedDuration = SignedDuration::from_mins(2);

/// The routes of addresses.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let admin = Access::Role(Role::Admin);
    vec![
        Row::get("/webhooks", admin, get(list::<S>)).with_scope(Scope::Admin),
        Row::post("/webhooks", admin, post(add::<S>)),
        Row::get("/webhooks/{webhook}", admin, get(show::<S>)).with_scope(Scope::Admin).of_subject(),
        Row::post("/webhooks/{webhook}/state", admin, post(set_state::<S>)).of_subject(),
        Row::post("/webhooks/{webhook}/secret", admin, post(rotate::<S>)).of_subject(),
        Row::post("/webhooks/{webhook}/test", admin, post(test::<S>)).of_subject(),
        Row::post("/webhooks/{webhook}/deliveries/{delivery}/again", admin, post(again::<S>)).of_subject(),
    ]
}

/// Refuses an address of books the person does not keep. One for every entity is for who keeps all of them.
pub(crate) fn may_keep(session: &Session, entity: Option<&EntityId>) -> bool {
    match entity {
        Some(entity) => session.may(Role::Admin, Some(entity)),
        None => session.user.may_everywhere(Role::Admin),
    }
}

/// The address of a path, for somebody who may keep it; otherwise it is not found, so that nothing tells what exists.
pub(crate) async fn endpoint_for<S: Desk>(web: &Web<S>, session: &Session, id: &str) -> Result<WebhookEndpoint, WebError> {
    let found = web.store.webhook(id).await?;
    found.filter(|endpoint| may_keep(session, endpoint.entity.as_ref())).ok_or(WebError::NotFound)
}

/// Secrets and names are changed only by who has just proved who they are; a program proves itself with its token.
pub(crate) fn proved<S: Desk>(web: &Web<S>, session: &Session) -> Result<(), WebError> {
    if session.session_hash().is_none() { Ok(()) } else { session.demand_step_up(web.now(), &web.settings) }
}

/// A refusal as the answer to a request.
pub(crate) fn refused(error: ManageError) -> WebError {
    let words = error.to_string();
    match error {
        ManageError::Store(store) => store.into(),
        ManageError::Target(_) => WebError::invalid("url", words),
        ManageError::NoEvents => WebError::invalid("events", words),
        ManageError::Note => WebError::invalid("note", words),
        ManageError::Overlap => WebError::invalid("overlap_hours", words),
        ManageError::Known(_) | ManageError::TooMany | ManageError::Rotation(_) | ManageError::Off | ManageError::Waiting => {
            WebError::Conflict(words)
        }
    }
}

/// A public name for an address, and a secret of 256 bits.
pub(crate) fn fresh_names() -> Result<(String, String), WebError> {
    Ok((format!("we_{}", hex::encode(secret::chance::<8>()?)), fresh_secret()?))
}

/// A signing secret of 256 bits as the specification writes it.
///
/// # Errors
/// Where the system gives no chance.
pub fn fresh_secret() -> Result<String, WebError> {
    Ok(format!("whsec_{}", base64::engine::general_purpose::STANDARD.encode(secret::chance::<32>()?)))
}

struct EndpointLine {
    endpoint: WebhookEndpoint,
    entity: Option<String>,
    events: String,
}

/// What the form for a new address held, when it is shown again.
#[derive(Default)]
struct Again {
    problem: Option<String>,
    url: String,
    note: String,
    entity: String,
    events: Vec<String>,
    made: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct WebhooksPage {
    frame: Frame,
    lines: Vec<EndpointLine>,
    entities: Vec<Entity>,
    may_all: bool,
    kinds: Vec<(&'static str, String, bool)>,
    /// Messages that are due although nobody is here who sends.
    stuck: Option<u64>,
    again: Again,
}

fn event_key(kind: EventKind) -> &'static str {
    match kind {
        EventKind::CaseOpened => "event-case-opened",
        EventKind::CaseDecided => "event-case-decided",
        EventKind::CaseUndone => "event-case-undone",
        EventKind::ImportFinished => "event-import-finished",
        EventKind::Test => "event-test",
    }
}

fn events_of(endpoint: &WebhookEndpoint) -> String {
    endpoint.events.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

/// Messages that are due although nobody who sends was here lately.
async fn stuck<S: Desk>(web: &Web<S>) -> Result<Option<u64>, WebError> {
    let now = web.now();
    let backlog = web.store.backlog(now).await?;
    let is_there = backlog.sender_seen_at.is_some_and(|seen| now.duration_since(seen) <= SENDER_GONE);
    Ok((!is_there && backlog.due > 0).then_some(backlog.due))
}

async fn list_page<S: Desk>(web: &Web<S>, session: &Session, again: Again) -> Result<Response, WebError> {
    let entities = web.store.entities().await?;
    let name = |id: &EntityId| entities.iter().find(|entity| entity.id == *id).map(|entity| entity.name.clone());
    let lines = web.store.webhooks().await?.into_iter().filter(|endpoint| may_keep(session, endpoint.entity.as_ref()));
    let lines = lines.map(|endpoint| EndpointLine {
        entity: endpoint.entity.as_ref().map(|id| name(id).unwrap_or_else(|| id.to_string())),
        events: events_of(&endpoint),
        endpoint,
    });
    let frame = web.frame(session, "webhooks");
    let is_fresh = again.problem.is_none() && again.events.is_empty();
    let kinds = EventKind::ALL.into_iter().map(|kind| {
        let is_chosen = is_fresh || again.events.iter().any(|name| name == kind.name());
        (kind.name(), frame.t(event_key(kind)), is_chosen)
    });
    let status = if again.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut response = page(&WebhooksPage {
        lines: lines.collect(),
        may_all: may_keep(session, None),
        kinds: kinds.collect(),
        stuck: stuck(web).await?,
        entities: entities.into_iter().filter(|entity| may_keep(session, Some(&entity.id))).collect(),
        frame,
        again,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// The books a new address is for; `None` is those of every entity. Refuses books the person does not keep, and those nobody has.
pub(crate) async fn books_for<S: Desk>(
    web: &Web<S>,
    session: &Session,
    entity: Option<&str>,
) -> Result<Option<EntityId>, WebError> {
    let entity = entity.map(EntityId::parse).transpose().map_err(|error| WebError::invalid("entity", error.to_string()))?;
    match &entity {
        Some(id) if !may_keep(session, Some(id)) => Err(WebError::NotFound),
        Some(id) if !web.store.entities().await?.iter().any(|known| known.id == *id) => {
            Err(WebError::invalid("entity", format!("there is no entity {id}")))
        }
        None if !may_keep(session, None) => {
            Err(WebError::Forbidden("an address for every entity is kept by admins of all of them; choose an entity".to_owned()))
        }
        Some(_) | None => Ok(entity),
    }
}

/// Switches an address `on` or `off`.
pub(crate) async fn switch_to<S: Desk>(
    web: &Web<S>,
    session: &Session,
    endpoint: &WebhookEndpoint,
    state: &str,
) -> Result<(), WebError> {
    let state = match state {
        "on" => EndpointState::On,
        "off" => EndpointState::Off,
        _ => return Err(WebError::invalid("state", "it is on or off")),
    };
    if state == EndpointState::On {
        // The settings may have become stricter since.
        web.settings.webhook_targets.check(&endpoint.url).map_err(|error| WebError::Conflict(error.to_string()))?;
    }
    switch(&web.store, session.actor(), web.now(), &endpoint.id, state).await?;
    Ok(())
}

/// All addresses of the books the person keeps.
pub async fn list<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    list_page(&web, &session, Again::default()).await
}

/// Adds an address and shows its secret, once. Fields: `url`, `note`, `entity` (empty for all), `events` (repeated).
pub async fn add<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    form: Sent<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let fields = sent(form)?;
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned());
    let mut again = Again {
        url: field("url").unwrap_or_default(),
        note: field("note").unwrap_or_default(),
        entity: field("entity").unwrap_or_default(),
        events: fields.iter().filter(|(name, _)| name == "events").map(|(_, value)| value.clone()).collect(),
        ..Again::default()
    };
    proved(&web, &session)?;
    let entity = books_for(&web, &session, Some(again.entity.as_str()).filter(|entity| !entity.is_empty())).await?;
    let events = again.events.iter().filter_map(|name| EventKind::parse(name)).collect();
    let (id, secret) = fresh_names()?;
    let new =
        NewEndpoint { id: id.clone(), secret: secret.clone(), entity, url: again.url.clone(), note: again.note.clone(), events };
    match manage::add(&web.store, &web.settings.webhook_targets, session.actor(), web.now(), new).await {
        Ok(_) => list_page(&web, &session, Again { made: Some((id, secret)), ..Again::default() }).await,
        Err(ManageError::Store(error)) => Err(error.into()),
        Err(refusal) => {
            again.problem = Some(refusal.to_string());
            list_page(&web, &session, again).await
        }
    }
}

struct DeliveryLine {
    delivery: Delivery,
    at: String,
    last_at: Option<String>,
    next_at: String,
    is_waiting: bool,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct WebhookPage {
    frame: Frame,
    endpoint: WebhookEndpoint,
    events: String,
    entity: Option<String>,
    /// Until when the secret before counts.
    old_until: Option<String>,
    is_on: bool,
    /// When it was switched off because nothing got through any more.
    failed_at: Option<String>,
    secret: Option<String>,
    problem: Option<String>,
    deliveries: Vec<DeliveryLine>,
    next: Option<String>,
    stuck: Option<u64>,
}

/// Place in the list of messages: instant in microseconds and id of the last one seen, with a dash between.
#[derive(Deserialize, Default)]
pub struct Asked {
    before: Option<String>,
}

/// A place in the list of messages, taken apart.
pub(crate) fn place(text: &str) -> Option<(i64, &str)> {
    let (at, id) = text.split_once('-')?;
    Some((at.parse().ok()?, id))
}

/// The place of a message in the list.
pub(crate) fn place_of(delivery: &Delivery) -> String {
    format!("{}-{}", delivery.happened_at.as_microsecond(), delivery.id)
}

#[derive(Default)]
struct Says {
    secret: Option<String>,
    problem: Option<String>,
    before: Option<String>,
}

async fn endpoint_page<S: Desk>(
    web: &Web<S>,
    session: &Session,
    endpoint: WebhookEndpoint,
    says: Says,
) -> Result<Response, WebError> {
    let before = says.before.as_deref().and_then(place);
    let mut found = web.store.deliveries_of(&endpoint.id, before, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(place_of);
    let now = web.now();
    let zone = web.zone_of(session, endpoint.entity.as_ref()).await?;
    let deliveries = found.into_iter().map(|delivery| DeliveryLine {
        at: zone.instant(delivery.happened_at),
        last_at: delivery.last_at.map(|at| zone.instant(at)),
        next_at: zone.instant(delivery.next_at),
        is_waiting: delivery.state == DeliveryState::Waiting,
        delivery,
    });
    let entity = match &endpoint.entity {
        None => None,
        Some(id) => {
            let entities = web.store.entities().await?;
            Some(entities.into_iter().find(|entity| entity.id == *id).map_or_else(|| id.to_string(), |entity| entity.name))
        }
    };
    let changed = if endpoint.state == EndpointState::Off { web.store.webhook_changed(&endpoint.id).await? } else { None };
    let failed_at = changed.filter(|(by, _)| by == "rule").map(|(_, at)| zone.instant(at));
    let status = if says.problem.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let old = endpoint.secrets.iter().filter_map(|secret| secret.ends_at).filter(|end| now < *end).max();
    let mut response = page(&WebhookPage {
        frame: web.frame(session, "webhooks"),
        events: events_of(&endpoint),
        entity,
        old_until: old.map(|end| zone.instant(end)),
        is_on: endpoint.state == EndpointState::On,
        failed_at,
        secret: says.secret,
        problem: says.problem,
        deliveries: deliveries.collect(),
        next,
        stuck: stuck(web).await?,
        endpoint,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// One address with its last messages.
pub async fn show<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    endpoint_page(&web, &session, endpoint, Says { before: asked.before, ..Says::default() }).await
}

fn own_page(id: &str) -> Result<Response, WebError> {
    see_other(&format!("/webhooks/{}", crate::frame::query_escaped(id)))
}

/// Whether messages go to an address.
#[derive(Deserialize)]
pub struct StateForm {
    /// `on` or `off`.
    state: String,
}

/// Switches an address on or off.
pub async fn set_state<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
    form: Sent<StateForm>,
) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    switch_to(&web, &session, &endpoint, &sent(form)?.state).await?;
    own_page(&endpoint.id)
}

/// For how long the old secret counts beside the new one.
#[derive(Deserialize)]
pub struct RotateForm {
    overlap_hours: String,
}

/// Replaces the secret and shows the new one, once.
pub async fn rotate<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
    form: Sent<RotateForm>,
) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    let form = sent(form)?;
    proved(&web, &session)?;
    let hours = form.overlap_hours.trim().parse().map_err(|_| refused(ManageError::Overlap))?;
    let secret = fresh_secret()?;
    match manage::rotate(&web.store, session.actor(), web.now(), &endpoint, &secret, hours).await {
        Ok(changed) => endpoint_page(&web, &session, changed, Says { secret: Some(secret), ..Says::default() }).await,
        Err(error @ ManageError::Rotation(_)) => {
            endpoint_page(&web, &session, endpoint, Says { problem: Some(error.to_string()), ..Says::default() }).await
        }
        Err(error) => Err(refused(error)),
    }
}

/// Sends a message that only says that it is a test.
pub async fn test<S: Desk>(State(web): State<Web<S>>, session: Session, Path(id): Path<String>) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    let chance = hex::encode(secret::chance::<8>()?);
    manage::test(&web.store, web.now(), &endpoint, &chance).await.map_err(refused)?;
    own_page(&endpoint.id)
}

/// Sends a message again.
pub async fn again<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let endpoint = endpoint_for(&web, &session, &id).await?;
    if !manage::again(&web.store, web.now(), &endpoint, &delivery).await.map_err(refused)? {
        return Err(WebError::NotFound);
    }
    own_page(&endpoint.id)
}
