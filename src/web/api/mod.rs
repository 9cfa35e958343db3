//! The JSON interface under `/api/v1`: the same functions as the pages, with one shape for every answer and every refusal.
//!
//! Amounts are decimal strings beside an ISO 4217 currency. Lists come in pages: give `next` back as `after`. A change of a case or of a
//! mapping profile may carry an `Idempotency-Key`: the first answer is kept for a day and given again to the same request; another request
//! under the same key is refused. Not so the addresses of webhooks, whose first answer holds a secret. Refusals are
//! `application/problem+json` (RFC 9457).

mod actions;
mod document;
mod drafts;
mod profiles;
mod read;
mod refusals;
mod shapes;
mod webhooks;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::SignedDuration;
use quittance_agent::desk::ports::FirstAnswer;
use quittance_rules::users::{Role, Scope};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::WebError;
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

pub use document::document;

/// The routes of the interface.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let viewer = Access::Role(Role::Viewer);
    let reviewer = Access::Role(Role::Reviewer);
    let admin = Access::Role(Role::Admin);
    let mut rows: Vec<Row<S>> = vec![
        Row::get("/api/v1/openapi.json", Access::Open, get(document::show)),
        Row::get("/api/v1/cases", viewer, get(read::cases::<S>)),
        Row::get("/api/v1/cases/counts", viewer, get(read::counts::<S>)),
        Row::get("/api/v1/cases/groups", viewer, get(read::groups::<S>)),
        Row::get("/api/v1/cases/{case}", viewer, get(read::case::<S>)).of_subject(),
        Row::get("/api/v1/cases/{case}/notes", viewer, get(read::notes::<S>)).of_subject(),
        Row::get("/api/v1/cases/{case}/draft", viewer, get(drafts::show::<S>)).of_subject(),
        Row::post("/api/v1/cases/{case}/draft", reviewer, post(drafts::save::<S>)).of_subject(),
        Row::get("/api/v1/decisions/{decision}", viewer, get(read::decision::<S>)).of_subject(),
        Row::get("/api/v1/customers", viewer, get(read::customers::<S>)),
        Row::get("/api/v1/customers/{customer}", viewer, get(read::customer::<S>)),
        Row::get("/api/v1/items", viewer, get(read::items::<S>)),
        Row::get("/api/v1/items/{item}", viewer, get(read::item::<S>)).of_subject(),
        Row::get("/api/v1/payments/{payment}", viewer, get(read::payment::<S>)).of_subject(),
        Row::get("/api/v1/audit", Access::Everywhere(Role::Viewer), get(read::audit::<S>)),
        Row::post("/api/v1/cases/{case}/decide", reviewer, post(actions::decide::<S>)).of_subject(),
        Row::post("/api/v1/cases/{case}/withdraw", reviewer, post(actions::withdraw::<S>)).of_subject(),
        Row::post("/api/v1/cases/{case}/take", reviewer, post(actions::take::<S>)).of_subject(),
        Row::post("/api/v1/cases/{case}/assign", reviewer, post(actions::assign::<S>)).of_subject(),
        Row::post("/api/v1/cases/{case}/snooze", reviewer, post(actions::snooze::<S>)).of_subject(),
        Row::post("/api/v1/cases/{case}/notes", reviewer, post(actions::note::<S>)).of_subject(),
        Row::post("/api/v1/decisions/{decision}/undo", reviewer, post(actions::undo::<S>)).of_subject(),
        Row::post("/api/v1/batches", reviewer, post(actions::batch::<S>)),
        Row::post("/api/v1/batches/preview", reviewer, post(actions::preview::<S>)),
        Row::post("/api/v1/batches/{entry}/undo", reviewer, post(actions::undo_batch::<S>)).of_subject(),
    ]
    .into_iter()
    .map(|row| if row.method == Method::POST { row.with_scope(Scope::Decide) } else { row })
    .collect();
    let webhooks = vec![
        Row::get("/api/v1/webhooks", admin, get(webhooks::list::<S>)),
        Row::post("/api/v1/webhooks", admin, post(webhooks::add::<S>)),
        Row::get("/api/v1/webhooks/{webhook}", admin, get(webhooks::show::<S>)).of_subject(),
        Row::post("/api/v1/webhooks/{webhook}/state", admin, post(webhooks::set_state::<S>)).of_subject(),
        Row::post("/api/v1/webhooks/{webhook}/secret", admin, post(webhooks::rotate::<S>)).of_subject(),
        Row::post("/api/v1/webhooks/{webhook}/test", admin, post(webhooks::test::<S>)).of_subject(),
        Row::get("/api/v1/webhooks/{webhook}/deliveries", admin, get(webhooks::deliveries::<S>)).of_subject(),
        Row::post("/api/v1/webhooks/{webhook}/deliveries/{delivery}/again", admin, post(webhooks::again::<S>)).of_subject(),
    ];
    let everywhere = Access::Everywhere(Role::Reviewer);
    rows.push(Row::get("/api/v1/import-profiles", everywhere, get(profiles::list::<S>)));
    let switched = Row::post("/api/v1/import-profiles/state", everywhere, post(profiles::set_state::<S>));
    rows.push(switched.with_scope(Scope::Import));
    rows.extend(webhooks.into_iter().map(|row| row.with_scope(Scope::Admin)));
    rows
}

/// An answer of the interface before it is written.
type Answer = Result<(StatusCode, serde_json::Value), WebError>;

fn json(value: &impl Serialize) -> Answer {
    Ok((StatusCode::OK, serde_json::to_value(value).map_err(WebError::internal)?))
}

fn written((status, body): (StatusCode, serde_json::Value)) -> Response {
    (status, axum::Json(body)).into_response()
}

/// Reads a body. What does not fit is told with the place in it.
fn body<T: DeserializeOwned>(bytes: &Bytes) -> Result<T, WebError> {
    serde_json::from_slice(bytes).map_err(|error| WebError::invalid("body", error.to_string()))
}

/// How long a first answer is kept.
const KEPT_HOURS: i64 = 24;

/// Runs a change at most once under an idempotency key. The key belongs to the person; the request is told by method, path and body.
async fn once<S: Desk>(
    web: &Web<S>,
    session: &Session,
    headers: &HeaderMap,
    path: &str,
    bytes: &Bytes,
    change: impl Future<Output = Answer>,
) -> Result<Response, WebError> {
    let Some(key) = headers.get("idempotency-key") else { return change.await.map(written) };
    let key = key
        .to_str()
        .ok()
        .filter(|key| (1..=200).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic()))
        .ok_or_else(|| WebError::invalid("Idempotency-Key", "it has 1 to 200 visible ASCII characters"))?;
    let user = session.user.id.as_str();
    let mut request = path.as_bytes().to_vec();
    request.push(b'\n');
    request.extend_from_slice(bytes);
    let request = crate::secret::digest(&request);
    if let Some(first) = web.store.first_answer(user, key).await? {
        if first.request != request {
            return Err(WebError::invalid(
                "Idempotency-Key",
                "this key was used for another request: take a new one, or send the same request again",
            ));
        }
        return replayed(&first);
    }
    let answer = change.await;
    let (status, body) = match &answer {
        Ok((status, body)) => (status.as_u16(), body.to_string()),
        // What fails here may succeed when it is tried again; only what was decided about the request is an answer.
        Err(error) if error.status().is_server_error() => return answer.map(written),
        Err(error) => (error.status().as_u16(), error.problem().to_string()),
    };
    let now = web.now();
    let old = now.saturating_sub(SignedDuration::from_hours(KEPT_HOURS)).unwrap_or(now);
    web.store.keep_answer(user, key, &FirstAnswer { request, status, body }, now, old).await?;
    answer.map(written)
}

fn replayed(first: &FirstAnswer) -> Result<Response, WebError> {
    let mut response = first.body.clone().into_response();
    *response.status_mut() = StatusCode::from_u16(first.status).map_err(WebError::internal)?;
    let kind = if first.status >= 400 { "application/problem+json" } else { "application/json" };
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert("idempotent-replayed", HeaderValue::from_static("true"));
    Ok(response)
}
