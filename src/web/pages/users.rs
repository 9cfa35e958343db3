//! People, their roles, and everybody's tokens.

use std::collections::HashMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::SignedDuration;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::records::{Entity, EntityId};
use quittance_rules::users::{Grant, Role, Scope, User, UserId};
use serde::Deserialize;

use crate::error::WebError;
use crate::frame::{Frame, page, see_other};
use crate::pages::account::{TokenLine, revoke};
use crate::pages::passkeys::PasskeyLine;
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

/// The routes of people and tokens.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let admin = Access::Everywhere(Role::Admin);
    vec![
        Row::get("/users", admin, get(list::<S>)).with_scope(Scope::Admin),
        Row::post("/users", admin, post(add::<S>)),
        Row::get("/users/{id}", admin, get(show::<S>)).with_scope(Scope::Admin),
        Row::post("/users/{id}", admin, post(set::<S>)),
        Row::post("/users/{id}/link", admin, post(link::<S>)),
        Row::post("/users/{id}/codes/remove", admin, post(remove_codes::<S>)),
        Row::post("/users/{id}/sessions/end", admin, post(end_sessions::<S>)),
        Row::post("/tokens/{id}/revoke", admin, post(revoke_any::<S>)),
    ]
}

/// A person in the list.
struct UserLine {
    user: User,
    roles: String,
}

fn roles_of(frame: &Frame, user: &User, entities: &[Entity]) -> String {
    let name = |id: &EntityId| entities.iter().find(|e| e.id == *id).map_or_else(|| id.to_string(), |e| e.name.clone());
    let words = user.grants.iter().map(|grant| match &grant.entity {
        None => frame.t(role_key(grant.role)),
        Some(entity) => format!("{} ({})", frame.t(role_key(grant.role)), name(entity)),
    });
    words.collect::<Vec<_>>().join(", ")
}

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    frame: Frame,
    users: Vec<UserLine>,
    tokens: Vec<TokenLine>,
    problem: Option<String>,
    login: String,
    name: String,
    email: String,
}

/// What the form for a new person held, when it is shown again.
#[derive(Default)]
struct Again {
    problem: Option<String>,
    login: String,
    name: String,
    email: String,
}

async fn users_page<S: Desk>(web: &Web<S>, session: &Session, again: Again) -> Result<Response, WebError> {
    let entities = web.store.entities().await?;
    let users = web.store.users().await?;
    let now = web.now();
    let zone = web.zone(session).await?;
    let tokens = web.store.tokens().await?.into_iter().map(|(token, used)| TokenLine::of(token, used, now, &zone)).collect();
    let status = if again.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = web.frame(session, "users");
    let mut response = page(&UsersPage {
        users: users.into_iter().map(|user| UserLine { roles: roles_of(&frame, &user, &entities), user }).collect(),
        frame,
        tokens,
        problem: again.problem,
        login: again.login,
        name: again.name,
        email: again.email,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// Everybody.
pub async fn list<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    users_page(&web, &session, Again::default()).await
}

/// A new person.
#[derive(Deserialize)]
pub struct NewUser {
    login: String,
    name: String,
    email: String,
}

fn plain(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

/// An address with something before and after one `@` and no space; whether it exists, only a mail can tell.
fn address(text: &str) -> Result<Option<String>, ()> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let parts = text.split_once('@').filter(|(user, host)| !user.is_empty() && host.contains('.') && !host.contains('@'));
    match parts {
        Some(_) if text.chars().count() <= 254 && !text.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            Ok(Some(text.to_owned()))
        }
        _ => Err(()),
    }
}

/// Adds a person without a role; roles are given on the person's own page.
pub async fn add<S: Desk>(State(web): State<Web<S>>, session: Session, Form(form): Form<NewUser>) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let frame = web.frame(&session, "users");
    let id = UserId::parse(&form.login);
    let name = plain(&form.name, 200);
    let email = address(&form.email);
    let taken = match &id {
        Ok(id) => web.store.user(id).await?.is_some(),
        Err(_) => false,
    };
    let problem = match (&id, &name, &email) {
        (Err(error), _, _) => Some(error.to_string()),
        (Ok(id), _, _) if taken => Some(frame.t1("user-taken", "login", id.as_str())),
        (_, None, _) => Some(frame.t("user-name-problem")),
        (_, _, Err(())) => Some(frame.t("user-email-problem")),
        _ => None,
    };
    let (Ok(id), Some(name), Ok(email), None) = (id, name, email, &problem) else {
        return users_page(&web, &session, Again { problem, login: form.login, name: form.name, email: form.email }).await;
    };
    let user = User { id: id.clone(), name, email, language: None, grants: Vec::new(), external: None, is_disabled: false };
    web.store.apply(ChangeSet { by: session.actor(), at: web.now(), changes: vec![Change::UserSet(user)] }).await?;
    see_other(&format!("/users/{}", crate::frame::query_escaped(id.as_str())))
}

/// The choice of a role for one entity, or for all.
struct RoleChoice {
    /// Name of the field: `role.` for all, `role.ENTITY` for one.
    field: String,
    label: Option<String>,
    chosen: Option<String>,
}

#[derive(Template)]
#[template(path = "user.html")]
struct UserPage {
    frame: Frame,
    user: User,
    choices: Vec<RoleChoice>,
    has_codes: bool,
    passkeys: Vec<PasskeyLine>,
    sessions: usize,
    problem: Option<String>,
    link: Option<String>,
    is_self: bool,
    /// Names of the roles with their names for people.
    roles: Vec<(&'static str, String)>,
}

/// Key of a role's name.
fn role_key(role: Role) -> &'static str {
    match role {
        Role::Viewer => "role-viewer",
        Role::Reviewer => "role-reviewer",
        Role::Approver => "role-approver",
        Role::Admin => "role-admin",
    }
}

async fn user_page<S: Desk>(
    web: &Web<S>,
    session: &Session,
    id: &str,
    problem: Option<String>,
    link: Option<String>,
) -> Result<Response, WebError> {
    let user = find(web, id).await?;
    let chosen = |entity: Option<&EntityId>| {
        user.grants
            .iter()
            .filter(|grant| grant.entity.as_ref() == entity)
            .map(|grant| grant.role)
            .max()
            .map(|role| role.name().to_owned())
    };
    let mut choices = vec![RoleChoice { field: "role.".to_owned(), label: None, chosen: chosen(None) }];
    for entity in web.store.entities().await? {
        let label = format!("{} ({})", entity.name, entity.id);
        choices.push(RoleChoice { field: format!("role.{}", entity.id), label: Some(label), chosen: chosen(Some(&entity.id)) });
    }
    let status = if problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = web.frame(session, "users");
    let zone = web.zone(session).await?;
    let mut response = page(&UserPage {
        roles: Role::ALL.into_iter().map(|role| (role.name(), frame.t(role_key(role)))).collect(),
        frame,
        has_codes: web.store.credentials(&user.id).await?.totp_secret.is_some(),
        passkeys: web.passkeys_of(&user.id).await?.into_iter().map(|found| PasskeyLine::of(found, &zone)).collect(),
        sessions: web.store.sessions_of(&user.id).await?.len(),
        is_self: user.id == session.user.id,
        choices,
        user,
        problem,
        link,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// The person of a login name in an address.
pub async fn find<S: Desk>(web: &Web<S>, id: &str) -> Result<User, WebError> {
    let id = UserId::parse(id).map_err(|_| WebError::NotFound)?;
    web.store.user(&id).await?.ok_or(WebError::NotFound)
}

/// One person.
pub async fn show<S: Desk>(State(web): State<Web<S>>, session: Session, Path(id): Path<String>) -> Result<Response, WebError> {
    user_page(&web, &session, &id, None, None).await
}

/// Sets name, address, roles and whether the person may sign in. Fields: `name`, `email`, `enabled`, `role.`, `role.ENTITY`.
pub async fn set<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let before = find(&web, &id).await?;
    let frame = web.frame(&session, "users");
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let refuse = async |key: &str| user_page(&web, &session, &id, Some(frame.t(key)), None).await;
    let Some(name) = plain(field("name"), 200) else { return refuse("user-name-problem").await };
    let Ok(email) = address(field("email")) else { return refuse("user-email-problem").await };
    let entities = web.store.entities().await?;
    let mut grants = Vec::new();
    for (entity, field_name) in std::iter::once((None, "role.".to_owned()))
        .chain(entities.iter().map(|entity| (Some(entity.id.clone()), format!("role.{}", entity.id))))
    {
        match field(&field_name) {
            "" => {}
            role => match Role::parse(role) {
                Some(role) => grants.push(Grant { role, entity }),
                None => return refuse("user-role-problem").await,
            },
        }
    }
    let user = User { name, email, grants, is_disabled: field("enabled").is_empty(), ..before.clone() };
    // Somebody must be left who can let others in.
    if before.may_everywhere(Role::Admin) && !user.may_everywhere(Role::Admin) {
        let others = web.store.users().await?;
        if !others.iter().any(|other| other.id != user.id && other.may_everywhere(Role::Admin)) {
            return refuse("user-last-admin").await;
        }
    }
    let is_disabled = user.is_disabled;
    web.store.apply(ChangeSet { by: session.actor(), at: web.now(), changes: vec![Change::UserSet(user)] }).await?;
    if is_disabled {
        web.store.end_sessions(&before.id, None).await?;
    }
    see_other("/users")
}

/// A one-time link for the person to set a password; shown once, to be passed on.
pub async fn link<S: Desk>(State(web): State<Web<S>>, session: Session, Path(id): Path<String>) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let user = find(&web, &id).await?;
    let link = web.password_link(&user.id, SignedDuration::from_hours(24)).await?;
    user_page(&web, &session, &id, None, Some(link)).await
}

/// Takes the one-time codes of somebody who lost them away.
pub async fn remove_codes<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let user = find(&web, &id).await?;
    web.change_credentials(session.actor(), &user.id, "one-time codes removed by an admin", None, |credentials| {
        credentials.totp_secret = None;
        credentials.recovery_hashes = Vec::new();
    })
    .await?;
    see_other(&format!("/users/{}", crate::frame::query_escaped(user.id.as_str())))
}

/// Ends every session of the person, at once.
pub async fn end_sessions<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let user = find(&web, &id).await?;
    web.store.end_sessions(&user.id, session.session_hash()).await?;
    see_other(&format!("/users/{}", crate::frame::query_escaped(user.id.as_str())))
}

/// Takes anybody's token back.
pub async fn revoke_any<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    revoke(&web, session.actor(), &id, |_| true).await?;
    see_other("/users")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_for_form_only() {
        for (text, wanted) in [
            ("", Ok(None)),
            (" ana@example.com ", Ok(Some("ana@example.com".to_owned()))),
            ("ana", Err(())),
            ("ana@host", Err(())),
            ("a@b@c.d", Err(())),
            ("a b@c.de", Err(())),
        ] {
            assert_eq!(address(text), wanted, "{text}");
        }
    }
}
