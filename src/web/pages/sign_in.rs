//! Sign in, with a code where the account asks for one; sign out; prove again.

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use quittance_rules::users::PasskeyState;
use serde::Deserialize;

use crate::error::WebError;
use crate::frame::{Frame, own_path, page, see_other};
use crate::pages::passkeys::passkey_origin;
use crate::session::{Session, Visitor, cookie, cookie_name, set_cookie};
use crate::sign_in::FirstStep;
use crate::state::{Desk, Web};

/// Where to go on to.
#[derive(Deserialize, Default)]
pub struct Next {
    next: Option<String>,
}

impl Next {
    fn path(&self) -> String {
        own_path(self.next.as_deref().unwrap_or("/")).to_owned()
    }
}

/// A provider's button.
pub struct Provider {
    /// Name in addresses.
    pub id: String,
    /// Name on the button.
    pub name: String,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    frame: Frame,
    next: String,
    name: String,
    /// Key of what is wrong.
    problem: Option<&'static str>,
    providers: Vec<Provider>,
    /// Where passkeys work; `None` where they cannot.
    passkeys: Option<String>,
}

/// A page that says what is wrong is an answer to somebody who is not who they say.
fn refused_if(problem: Option<&str>, mut response: Response) -> Response {
    if problem.is_some() {
        *response.status_mut() = axum::http::StatusCode::UNAUTHORIZED;
    }
    response
}

/// The page; `problem` is the key of what is wrong.
pub fn sign_in_page<S: Desk>(
    web: &Web<S>,
    visitor: &Visitor,
    next: String,
    name: String,
    problem: Option<&'static str>,
) -> Result<Response, WebError> {
    let providers =
        web.settings.oidc.iter().map(|provider| Provider { id: provider.id.clone(), name: provider.name.clone() }).collect();
    let shown = SignInPage { frame: Frame::of_visitor(visitor), next, name, problem, providers, passkeys: passkey_origin(web) };
    Ok(refused_if(problem, page(&shown)?))
}

/// The form for name and password.
pub async fn show<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    session: Option<axum::Extension<Session>>,
    Query(next): Query<Next>,
) -> Result<Response, WebError> {
    if session.is_some() {
        return see_other(&next.path());
    }
    sign_in_page(&web, &visitor, next.path(), String::new(), None)
}

/// Name and password.
#[derive(Deserialize)]
pub struct NameAndPassword {
    name: String,
    password: String,
    next: Option<String>,
}

/// Takes name and password.
pub async fn enter<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<NameAndPassword>,
) -> Result<Response, WebError> {
    let next = Next { next: form.next }.path();
    end_old(&web, &headers).await?;
    match web.sign_in(&form.name, &form.password, &visitor).await? {
        FirstStep::Wrong => sign_in_page(&web, &visitor, next, form.name, Some("sign-in-wrong")),
        FirstStep::In(secret) => entered(&web, &secret, &next),
        FirstStep::Code(secret) => {
            let mut response = see_other(&format!("/sign-in/code?next={}", crate::frame::query_escaped(&next)))?;
            response.headers_mut().append(header::SET_COOKIE, set_cookie(&web.settings, "code", &secret, Some(300))?);
            Ok(response)
        }
    }
}

/// A session this browser still has ends with the next sign-in.
pub async fn end_old<S: Desk>(web: &Web<S>, headers: &HeaderMap) -> Result<(), WebError> {
    if let Some(old) = cookie(headers, &cookie_name(&web.settings, "session")) {
        web.store.end_session(&crate::secret::hash(old)).await?;
    }
    Ok(())
}

/// Sets the session's cookie and goes on.
pub fn entered<S: Desk>(web: &Web<S>, secret: &str, next: &str) -> Result<Response, WebError> {
    let mut response = see_other(own_path(next))?;
    let headers = response.headers_mut();
    headers.append(header::SET_COOKIE, set_cookie(&web.settings, "session", secret, None)?);
    headers.append(header::SET_COOKIE, set_cookie(&web.settings, "visitor", "", Some(0))?);
    headers.append(header::SET_COOKIE, set_cookie(&web.settings, "code", "", Some(0))?);
    Ok(response)
}

#[derive(Template)]
#[template(path = "sign_in_code.html")]
struct CodePage {
    frame: Frame,
    next: String,
    is_wrong: bool,
}

/// The form for the one-time code.
pub async fn show_code<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(next): Query<Next>,
) -> Result<Response, WebError> {
    if cookie(&headers, &cookie_name(&web.settings, "code")).is_none() {
        return see_other("/sign-in");
    }
    page(&CodePage { frame: Frame::of_visitor(&visitor), next: next.path(), is_wrong: false })
}

/// A one-time code.
#[derive(Deserialize)]
pub struct Code {
    code: String,
    next: Option<String>,
}

/// Takes the one-time code.
pub async fn enter_code<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    headers: HeaderMap,
    Form(form): Form<Code>,
) -> Result<Response, WebError> {
    let Some(ticket) = cookie(&headers, &cookie_name(&web.settings, "code")) else { return Err(WebError::SignedOut) };
    let next = Next { next: form.next }.path();
    match web.second_step(ticket, &form.code, &visitor).await? {
        Some(secret) => entered(&web, &secret, &next),
        None => {
            let mut response = page(&CodePage { frame: Frame::of_visitor(&visitor), next, is_wrong: true })?;
            *response.status_mut() = axum::http::StatusCode::UNAUTHORIZED;
            Ok(response)
        }
    }
}

/// Ends the session.
pub async fn leave<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    if let Some(hash) = session.session_hash() {
        web.store.end_session(hash).await?;
    }
    let mut response = see_other("/sign-in")?;
    response.headers_mut().append(header::SET_COOKIE, set_cookie(&web.settings, "session", "", Some(0))?);
    Ok(response)
}

#[derive(Template)]
#[template(path = "step_up.html")]
struct StepUpPage {
    frame: Frame,
    next: String,
    with_code: bool,
    problem: Option<&'static str>,
    /// Where passkeys work; `None` where they cannot, or the person has none.
    passkeys: Option<String>,
}

/// The page; `problem` is the key of what is wrong.
pub async fn step_up_page<S: Desk>(
    web: &Web<S>,
    session: &Session,
    next: String,
    problem: Option<&'static str>,
) -> Result<Response, WebError> {
    let with_code = web.store.credentials(&session.user.id).await?.totp_secret.is_some();
    let has_passkeys = web.passkeys_of(&session.user.id).await?.iter().any(|(passkey, _)| passkey.state == PasskeyState::On);
    let passkeys = passkey_origin(web).filter(|_| has_passkeys);
    Ok(refused_if(problem, page(&StepUpPage { frame: web.frame(session, ""), next, with_code, problem, passkeys })?))
}

/// The form to prove again.
pub async fn show_step_up<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Query(next): Query<Next>,
) -> Result<Response, WebError> {
    step_up_page(&web, &session, next.path(), None).await
}

/// The proof.
#[derive(Deserialize)]
pub struct Proof {
    proof: String,
    next: Option<String>,
}

/// Takes the proof.
pub async fn step_up<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Form(form): Form<Proof>,
) -> Result<Response, WebError> {
    let next = Next { next: form.next }.path();
    let Some(hash) = session.session_hash() else {
        return Err(WebError::Forbidden("a token cannot prove who somebody is".to_owned()));
    };
    match web.prove_again(&session.user, hash, &form.proof, &session.visitor).await? {
        Some(secret) => entered(&web, &secret, &next),
        None => step_up_page(&web, &session, next, Some("step-up-wrong")).await,
    }
}

/// Goes to an identity provider.
pub async fn go<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    Path(provider): Path<String>,
    Query(next): Query<Next>,
) -> Result<Response, WebError> {
    see_other(&web.go_to_provider(&provider, &visitor, &next.path()).await?)
}

/// What a provider sends back with.
#[derive(Deserialize)]
pub struct Back {
    code: Option<String>,
    state: Option<String>,
}

/// Comes back from an identity provider.
pub async fn back<S: Desk>(
    State(web): State<Web<S>>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(provider): Path<String>,
    Query(back): Query<Back>,
) -> Result<Response, WebError> {
    // Without a code the person, or the provider, said no.
    let (Some(code), Some(state)) = (back.code, back.state) else { return see_other("/sign-in") };
    let (secret, next) = web.back_from_provider(&provider, &code, &state, &visitor).await?;
    end_old(&web, &headers).await?;
    entered(&web, &secret, &next)
}
