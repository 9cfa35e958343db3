//! Passkeys: the second halves are plain forms that a script fills with the device's answer, so what goes wrong is a page like any other.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::post;
use axum::{Form, Json};
use jiff::Timestamp;
use quittance_rules::users::{Passkey, PasskeyState, Role};
use serde::Deserialize;

use crate::error::WebError;
use crate::frame::{Frame, own_path, page, see_other};
use crate::pages::{account, sign_in, users};
use crate::passkeys::{Answer, Challenge, PASSKEYS_MAX, relying_party};
use crate::routes::{Access, Row};
use crate::session::{Session, Visitor};
use crate::state::{Desk, Web};
use crate::zone::Zone;

/// The routes of passkeys.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    vec![
        Row::post("/sign-in/passkey/begin", Access::Visitor, post(begin_sign_in::<S>)),
        Row::post("/sign-in/passkey", Access::Visitor, post(sign_in_with::<S>)),
        Row::post("/step-up/passkey/begin", Access::SignedIn, post(begin_step_up::<S>)),
        Row::post("/step-up/passkey", Access::SignedIn, post(step_up_with::<S>)),
        Row::post("/account/passkeys/new", Access::SignedIn, post(begin_new::<S>)),
        Row::post("/account/passkeys", Access::SignedIn, post(add::<S>)),
        Row::post("/account/passkeys/{passkey}/remove", Access::SignedIn, post(remove_own::<S>)),
        Row::post("/users/{id}/passkeys/{passkey}/remove", Access::Everywhere(Role::Admin), post(remove_of::<S>)),
    ]
}

/// A passkey as a page shows it.
pub struct PasskeyLine {
    /// Its credential's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// When it was made.
    pub made_on: String,
    /// When it was used last.
    pub used_at: Option<String>,
    /// Opens the account; otherwise it was refused as a copy.
    pub is_good: bool,
}

impl PasskeyLine {
    /// For a page in this zone.
    pub fn of((passkey, used): (Passkey, Option<Timestamp>), zone: &Zone) -> Self {
        Self {
            made_on: zone.instant(passkey.made_at),
            used_at: used.map(|at| zone.instant(at)),
            is_good: passkey.state == PasskeyState::On,
            id: passkey.id,
            name: passkey.name,
        }
    }
}

/// The address passkeys work at; `None` where they cannot.
pub fn passkey_origin<S: Desk>(web: &Web<S>) -> Option<String> {
    relying_party(&web.settings)
        .and_then(|us| us.get_allowed_origins().first().map(|origin| origin.origin().ascii_serialization()))
}

/// What the browser's script sends: where to go on to, and the answer.
#[derive(Deserialize)]
pub struct AnswerForm {
    ticket: String,
    credential: String,
    next: Option<String>,
}

impl AnswerForm {
    fn parts(self) -> (Answer, String) {
        let next = own_path(self.next.as_deref().unwrap_or("/")).to_owned();
        (Answer { ticket: self.ticket, credential: self.credential }, next)
    }
}

/// A challenge to sign in with.
pub async fn begin_sign_in<S: Desk>(State(web): State<Web<S>>, visitor: Visitor) -> Result<Json<Challenge>, WebError> {
    Ok(Json(web.begin_passkey_sign_in(&visitor).await?))
}

/// Signs in.
pub async fn sign_in_with<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<AnswerForm>,
) -> Result<Response, WebError> {
    let (answer, next) = form.parts();
    match web.finish_passkey_sign_in(&answer, &visitor).await? {
        Ok(secret) => {
            sign_in::end_old(&web, &headers).await?;
            sign_in::entered(&web, &secret, &next)
        }
        Err(refusal) => sign_in::sign_in_page(&web, &visitor, next, String::new(), Some(refusal.text())),
    }
}

/// A challenge to prove again with.
pub async fn begin_step_up<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Json<Challenge>, WebError> {
    Ok(Json(web.begin_passkey_step_up(&session).await?))
}

/// Proves again.
pub async fn step_up_with<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Form(form): Form<AnswerForm>,
) -> Result<Response, WebError> {
    let (answer, next) = form.parts();
    match web.finish_passkey_step_up(&session, &answer).await? {
        Ok(secret) => sign_in::entered(&web, &secret, &next),
        Err(refusal) => sign_in::step_up_page(&web, &session, next, Some(refusal.text())).await,
    }
}

/// The name of a new passkey.
#[derive(Deserialize)]
pub struct NewForm {
    name: String,
}

#[derive(Template)]
#[template(path = "passkey_new.html")]
struct NewPage {
    frame: Frame,
    name: String,
    ticket: String,
    options: String,
    origin: String,
}

/// Begins to make one; the next page asks the device.
pub async fn begin_new<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Form(form): Form<NewForm>,
) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let frame = web.frame(&session, "");
    let name = form.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return account::refused(&web, &session, frame.t("passkey-name-problem")).await;
    }
    let Some(origin) = passkey_origin(&web) else {
        return account::refused(&web, &session, frame.t1("passkeys-not-here", "address", web.settings.public_url.as_str()))
            .await;
    };
    if web.passkeys_of(&session.user.id).await?.len() >= PASSKEYS_MAX {
        return account::refused(&web, &session, frame.t1("passkeys-too-many", "most", PASSKEYS_MAX)).await;
    }
    let Challenge { ticket, options } = web.begin_passkey(&session, name.clone()).await?;
    page(&NewPage { frame, name, ticket, options: options.to_string(), origin })
}

/// Keeps what the device made.
pub async fn add<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Form(form): Form<AnswerForm>,
) -> Result<Response, WebError> {
    // The fresh proof stood before the challenge, which only this browser can answer, for five minutes: asking again would lose what the
    // device has made meanwhile.
    let (answer, _) = form.parts();
    match web.finish_passkey(&session, &answer).await? {
        Ok(()) => see_other("/account#passkeys"),
        Err(refusal) => account::refused(&web, &session, web.frame(&session, "").t(refusal.text())).await,
    }
}

/// Takes one's own away.
pub async fn remove_own<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(passkey): Path<String>,
) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    web.remove_passkey(session.actor(), &session.user.id, &passkey, session.session_hash()).await?;
    see_other("/account#passkeys")
}

/// Takes one of somebody who lost it away.
pub async fn remove_of<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path((id, passkey)): Path<(String, String)>,
) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let user = users::find(&web, &id).await?;
    web.remove_passkey(session.actor(), &user.id, &passkey, session.session_hash()).await?;
    see_other(&format!("/users/{}", crate::frame::query_escaped(user.id.as_str())))
}
