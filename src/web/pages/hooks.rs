//! What other services bring to a route of ours: believed by their signature, never by where they come from.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use jiff::SignedDuration;
use quittance_agent::chat::HookRefusal;

use crate::error::WebError;
use crate::routes::{Access, Row};
use crate::session::Visitor;
use crate::state::{Desk, Web};

/// Largest notification; the service documents 3 MB.
const BODY_MAX: usize = 3 << 20;
/// Unsigned bodies of one address within [`WITHIN`], before it is told to wait.
const UNSIGNED_MAX: i64 = 20;
const WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// The routes that services bring something to.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    vec![
        Row::get("/hooks/whatsapp", Access::Open, get(challenge::<S>)),
        Row::post("/hooks/whatsapp", Access::Open, post(receive::<S>).layer(DefaultBodyLimit::max(BODY_MAX))),
    ]
}

/// The handshake by which the address is set up with the service.
pub async fn challenge<S: Desk>(
    State(web): State<Web<S>>,
    Query(query): Query<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let hook = web.chat.as_ref().ok_or(WebError::NotFound)?;
    let challenge = hook.challenge(&query).ok_or_else(|| WebError::Forbidden("the verify token is not ours".to_owned()))?;
    let mut response = challenge.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

/// Takes a notification: the signature over its raw bytes first, then everything in it is kept, then it is answered. What becomes of it
/// is another's work, so that the service is not kept waiting.
pub async fn receive<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, WebError> {
    let hook = web.chat.as_ref().ok_or(WebError::NotFound)?;
    let body = body.map_err(|_| WebError::TooLarge(format!("{} MiB", BODY_MAX >> 20)))?;
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    match hook.receive(signature, &body).await {
        Ok(()) => Ok(StatusCode::OK.into_response()),
        Err(HookRefusal::Unsigned(why)) => {
            // What is signed is always taken: behind one proxy, whoever forges may have the service's own address.
            let key = format!("hook:{}", visitor.address);
            let now = web.now();
            let since = now.saturating_sub(WITHIN).unwrap_or(now);
            let before = web.store.attempts(&key).await?;
            if before.failures >= UNSIGNED_MAX && before.first_at > since {
                let left = before.first_at.saturating_add(WITHIN).unwrap_or(now).duration_since(now).as_secs();
                return Err(WebError::TooMany(u64::try_from(left).unwrap_or(0).max(1)));
            }
            web.store.note_failure(&key, now, since).await?;
            Err(WebError::Forbidden(why))
        }
        Err(HookRefusal::Full) => Err(WebError::Unavailable("too many messages of the chat wait to be taken in".to_owned())),
        Err(HookRefusal::Store(error)) => Err(error.into()),
    }
}
