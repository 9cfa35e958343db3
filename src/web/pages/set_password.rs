//! Setting a password by a link that is good once: the first admin, a new person, one who forgot.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use quittance_agent::ports_accounts::Ticket;
use quittance_rules::cases::Actor;
use quittance_rules::users::User;
use serde::Deserialize;

use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::password;
use crate::secret;
use crate::session::Visitor;
use crate::state::{Desk, Web};

const KIND: &str = "set_password";

#[derive(Template)]
#[template(path = "set_password.html")]
struct SetPasswordPage {
    frame: Frame,
    user: String,
    problem: Option<String>,
}

async fn owner<S: Desk>(web: &Web<S>, secret: &str) -> Result<(Ticket, User), WebError> {
    let ticket = web.store.ticket(&secret::hash(secret), KIND, web.now()).await?.ok_or(WebError::NotFound)?;
    let id = ticket.user.clone().ok_or(WebError::NotFound)?;
    let user = web.store.user(&id).await?.filter(|user| !user.is_disabled).ok_or(WebError::NotFound)?;
    Ok((ticket, user))
}

/// The form.
pub async fn show<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    Path(ticket): Path<String>,
) -> Result<Response, WebError> {
    let (_, user) = owner(&web, &ticket).await?;
    page(&SetPasswordPage { frame: Frame::of_visitor(&visitor), user: user.id.to_string(), problem: None })
}

/// The password, twice.
#[derive(Deserialize)]
pub struct Passwords {
    password: String,
    again: String,
}

/// Sets the password and signs in. The link and every session of before are worth nothing afterwards.
pub async fn set<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    Path(ticket): Path<String>,
    Form(form): Form<Passwords>,
) -> Result<Response, WebError> {
    let (found, user) = owner(&web, &ticket).await?;
    let frame = Frame::of_visitor(&visitor);
    let problem = match password::check(&form.password, &user.id) {
        Err(weak) => Some(frame.t(weak.text())),
        Ok(()) if form.password != form.again => Some(frame.t("password-differs")),
        Ok(()) => None,
    };
    if problem.is_some() {
        let mut response = page(&SetPasswordPage { frame, user: user.id.to_string(), problem })?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    }
    let hash = password::hash(&form.password).await?;
    // Of two who use the link at once, one gets it.
    if web.store.take_ticket(&found.hash, KIND, web.now()).await?.is_none() {
        return Err(WebError::NotFound);
    }
    let by = Actor::Person(user.id.as_str().to_owned());
    web.change_credentials(by, &user.id, "password", None, |credentials| credentials.password = Some(hash)).await?;
    let needs_code = web.store.credentials(&user.id).await?.totp_secret.is_some();
    if needs_code {
        // A stolen mailbox is not a stolen telephone.
        return crate::frame::see_other("/sign-in");
    }
    let secret = web.begin(&user, &visitor).await?;
    super::sign_in::entered(&web, &secret, "/")
}
