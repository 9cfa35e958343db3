//! One's own account: language, password, one-time codes, sessions, tokens.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use jiff::{SignedDuration, Timestamp};
use quittance_agent::ports_accounts::{SessionRecord, Ticket};
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::users::{ApiToken, Scope, User};
use serde::Deserialize;

use crate::error::WebError;
use crate::frame::{Frame, page, see_other};
use crate::locale::Language;
use crate::pages::passkeys::{PasskeyLine, passkey_origin};
use crate::password;
use crate::qr;
use crate::routes::{Access, Row};
use crate::secret;
use crate::session::Session;
use crate::sign_in::totp;
use crate::state::{Desk, Web};
use crate::zone::Zone;

/// The routes of the account.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let own = Access::SignedIn;
    vec![
        Row::get("/account", own, get(show::<S>)),
        Row::post("/account/language", own, post(set_language::<S>)),
        Row::post("/account/password", own, post(set_password::<S>)),
        Row::post("/account/codes", own, post(begin_codes::<S>)),
        Row::post("/account/codes/confirm", own, post(confirm_codes::<S>)),
        Row::post("/account/codes/remove", own, post(remove_codes::<S>)),
        Row::post("/account/recovery", own, post(new_recovery_codes::<S>)),
        Row::post("/account/sessions/end", own, post(end_sessions::<S>)),
        Row::post("/account/tokens", own, post(make_token::<S>)),
        Row::post("/account/tokens/{id}/revoke", own, post(revoke_token::<S>)),
    ]
}

/// A token as a page shows it.
pub struct TokenLine {
    /// The token.
    pub token: ApiToken,
    /// Its scopes in words.
    pub scopes: String,
    /// When it was made.
    pub made_on: String,
    /// When it was used last.
    pub used_at: Option<String>,
    /// When it ends.
    pub ends_on: Option<String>,
    /// Neither revoked nor over.
    pub is_good: bool,
}

impl TokenLine {
    /// For a page seen now.
    pub fn of(token: ApiToken, used_at: Option<Timestamp>, now: Timestamp, zone: &Zone) -> Self {
        Self {
            scopes: token.scopes.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(", "),
            made_on: zone.instant(token.made_at),
            used_at: used_at.map(|at| zone.instant(at)),
            ends_on: token.expires_at.map(|at| zone.instant(at)),
            is_good: token.revoked_at.is_none() && token.expires_at.is_none_or(|end| end > now),
            token,
        }
    }
}

/// A browser's own description in a few words: `Chrome on Linux`; the description itself where it says nothing known.
fn browser(agent: &str) -> String {
    // Each names those it is like, so the order is from the particular to the general.
    let names = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let systems = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("Linux", "Linux"),
    ];
    let found = |list: &[(&str, &'static str)]| list.iter().find(|(mark, _)| agent.contains(mark)).map(|(_, name)| *name);
    match (found(&names), found(&systems)) {
        (Some(name), Some(system)) => format!("{name} · {system}"),
        (Some(name), None) => name.to_owned(),
        (None, _) => agent.chars().take(80).collect(),
    }
}

struct SessionLine {
    browser: String,
    record: SessionRecord,
    seen_at: String,
    started_at: String,
    is_this: bool,
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    frame: Frame,
    user: User,
    problem: Option<String>,
    has_password: bool,
    has_codes: bool,
    recovery_left: usize,
    sessions: Vec<SessionLine>,
    tokens: Vec<TokenLine>,
    passkeys: Vec<PasskeyLine>,
    /// Whether this address can carry passkeys, and which it is.
    passkeys_here: bool,
    public_url: String,
    new_token: Option<String>,
}

/// What a page of the account says besides what it always does.
#[derive(Default)]
struct Says {
    problem: Option<String>,
    notice: Option<String>,
    new_token: Option<String>,
}

async fn account_page<S: Desk>(web: &Web<S>, session: &Session, says: Says) -> Result<Response, WebError> {
    let user = session.user.clone();
    let credentials = web.store.credentials(&user.id).await?;
    let used = web.store.used_recovery_codes(&user.id, &credentials.recovery_hashes).await?;
    let zone = web.zone(session).await?;
    let sessions = web.store.sessions_of(&user.id).await?.into_iter().map(|record| SessionLine {
        seen_at: zone.instant(record.seen_at),
        started_at: zone.instant(record.started_at),
        is_this: session.session_hash() == Some(record.hash.as_str()),
        browser: browser(&record.agent),
        record,
    });
    let now = web.now();
    let own = web.store.tokens().await?.into_iter().filter(|(token, _)| token.user == user.id);
    let status = if says.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let mut response = page(&AccountPage {
        frame: Frame { notice: says.notice, ..web.frame(session, "") },
        has_password: credentials.password.is_some(),
        has_codes: credentials.totp_secret.is_some(),
        recovery_left: credentials.recovery_hashes.len().saturating_sub(used),
        sessions: sessions.collect(),
        tokens: own.map(|(token, used)| TokenLine::of(token, used, now, &zone)).collect(),
        passkeys: web.passkeys_of(&user.id).await?.into_iter().map(|found| PasskeyLine::of(found, &zone)).collect(),
        passkeys_here: passkey_origin(web).is_some(),
        public_url: web.settings.public_url.clone(),
        user,
        problem: says.problem,
        new_token: says.new_token,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// The page with what is wrong.
pub async fn refused<S: Desk>(web: &Web<S>, session: &Session, problem: String) -> Result<Response, WebError> {
    account_page(web, session, Says { problem: Some(problem), ..Says::default() }).await
}

/// The page.
pub async fn show<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    account_page(&web, &session, Says::default()).await
}

/// The language.
#[derive(Deserialize)]
pub struct LanguageForm {
    language: String,
}

/// Sets the language of one's pages; an empty one is the browser's.
pub async fn set_language<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Form(form): Form<LanguageForm>,
) -> Result<Response, WebError> {
    let language = Language::of_tag(&form.language).map(|language| language.tag().to_owned());
    let user = User { language, ..session.user.clone() };
    web.store.apply(ChangeSet { by: session.actor(), at: web.now(), changes: vec![Change::UserSet(user)] }).await?;
    see_other("/account")
}

/// A new password.
#[derive(Deserialize)]
pub struct PasswordForm {
    password: String,
    again: String,
}

/// Sets one's password; every other session ends.
pub async fn set_password<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Form(form): Form<PasswordForm>,
) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let frame = web.frame(&session, "");
    let problem = match password::check(&form.password, &session.user.id) {
        Err(weak) => Some(frame.t(weak.text())),
        Ok(()) if form.password != form.again => Some(frame.t("password-differs")),
        Ok(()) => None,
    };
    if problem.is_some() {
        return account_page(&web, &session, Says { problem, ..Says::default() }).await;
    }
    let hash = password::hash(&form.password).await?;
    web.change_credentials(session.actor(), &session.user.id, "password", session.session_hash(), |credentials| {
        credentials.password = Some(hash);
    })
    .await?;
    let notice = Some(frame.t("account-password-set"));
    account_page(&web, &session, Says { notice, ..Says::default() }).await
}

#[derive(Template)]
#[template(path = "account_codes.html")]
struct CodesPage {
    frame: Frame,
    secret: String,
    picture: String,
    ticket: String,
    is_wrong: bool,
}

const CODES_KIND: &str = "codes";

/// Begins to set one-time codes up: a secret to scan, kept until it is confirmed with a code made from it.
pub async fn begin_codes<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let bytes: Box<[u8]> = Box::new(secret::chance::<20>()?);
    let key = totp_rs::Secret::new(bytes).to_base32();
    let ticket = secret::fresh()?;
    web.store
        .put_ticket(&Ticket {
            hash: secret::hash(&ticket),
            kind: CODES_KIND.to_owned(),
            user: Some(session.user.id.clone()),
            content: key.clone(),
            ends_at: web.now().checked_add(SignedDuration::from_mins(15)).map_err(WebError::internal)?,
        })
        .await?;
    codes_page(&web, &session, key, ticket, false)
}

fn codes_page<S: Desk>(
    web: &Web<S>,
    session: &Session,
    key: String,
    ticket: String,
    is_wrong: bool,
) -> Result<Response, WebError> {
    let address = totp(&key, &session.user)?.to_url().map_err(|error| WebError::internal(format!("one-time codes: {error}")))?;
    let picture = qr::svg(&address).ok_or_else(|| WebError::internal("the address of the one-time codes is too long to draw"))?;
    let spaced: Vec<String> = key.as_bytes().chunks(4).map(|four| String::from_utf8_lossy(four).into_owned()).collect();
    page(&CodesPage { frame: web.frame(session, ""), secret: spaced.join(" "), picture, ticket, is_wrong })
}

/// A code made from the new secret.
#[derive(Deserialize)]
pub struct ConfirmForm {
    ticket: String,
    code: String,
}

#[derive(Template)]
#[template(path = "recovery_codes.html")]
struct RecoveryPage {
    frame: Frame,
    codes: Vec<String>,
}

/// Ten codes of 80 bits in groups of four letters and digits that are not mistaken for each other, with their hashes.
fn recovery_codes() -> Result<(Vec<String>, Vec<String>), WebError> {
    const LETTERS: &[u8; 32] = b"23456789abcdefghijkmnpqrstuvwxyz";
    let mut codes = Vec::new();
    let mut hashes = Vec::new();
    for _ in 0..10 {
        let plain: String = secret::chance::<16>()?.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        hashes.push(secret::hash(&plain));
        let groups: Vec<&str> = [0, 4, 8, 12].into_iter().filter_map(|at| plain.get(at..at + 4)).collect();
        codes.push(groups.join("-"));
    }
    Ok((codes, hashes))
}

/// Confirms the new secret; from now on a code is asked for. Shows the recovery codes, once.
pub async fn confirm_codes<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Form(form): Form<ConfirmForm>,
) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let hash = secret::hash(&form.ticket);
    let found = web.store.ticket(&hash, CODES_KIND, web.now()).await?;
    let Some(ticket) = found.filter(|ticket| ticket.user.as_ref() == Some(&session.user.id)) else {
        return Err(WebError::NotFound);
    };
    let code: String = form.code.chars().filter(|c| !c.is_whitespace()).collect();
    let seconds = u64::try_from(web.now().as_second()).map_err(WebError::internal)?;
    let Some(step) = totp(&ticket.content, &session.user)?.check(&code, seconds) else {
        let mut response = codes_page(&web, &session, ticket.content, form.ticket, true)?;
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(response);
    };
    let (codes, hashes) = recovery_codes()?;
    web.change_credentials(session.actor(), &session.user.id, "one-time codes", session.session_hash(), |credentials| {
        credentials.totp_secret = Some(ticket.content);
        credentials.recovery_hashes = hashes;
    })
    .await?;
    web.store.take_totp_step(&session.user.id, i64::try_from(step).map_err(WebError::internal)?).await?;
    page(&RecoveryPage { frame: web.frame(&session, ""), codes })
}

/// Takes the one-time codes away.
pub async fn remove_codes<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    web.change_credentials(session.actor(), &session.user.id, "one-time codes removed", session.session_hash(), |credentials| {
        credentials.totp_secret = None;
        credentials.recovery_hashes = Vec::new();
    })
    .await?;
    see_other("/account")
}

/// New recovery codes; those of before are worth nothing.
pub async fn new_recovery_codes<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    if web.store.credentials(&session.user.id).await?.totp_secret.is_none() {
        return see_other("/account");
    }
    let (codes, hashes) = recovery_codes()?;
    web.change_credentials(session.actor(), &session.user.id, "recovery codes", session.session_hash(), |credentials| {
        credentials.recovery_hashes = hashes;
    })
    .await?;
    page(&RecoveryPage { frame: web.frame(&session, ""), codes })
}

/// Ends every session but this one.
pub async fn end_sessions<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    web.store.end_sessions(&session.user.id, session.session_hash()).await?;
    see_other("/account")
}

/// A new token: its name, its scopes as fields that are there or not, and its life in days.
#[derive(Deserialize)]
pub struct TokenForm {
    name: String,
    read: Option<String>,
    decide: Option<String>,
    import: Option<String>,
    admin: Option<String>,
    days: String,
}

/// Makes a token and shows it, once.
pub async fn make_token<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Form(form): Form<TokenForm>,
) -> Result<Response, WebError> {
    session.demand_step_up(web.now(), &web.settings)?;
    let frame = web.frame(&session, "");
    let name = form.name.trim().to_owned();
    let wanted =
        [(Scope::Read, &form.read), (Scope::Decide, &form.decide), (Scope::Import, &form.import), (Scope::Admin, &form.admin)];
    let scopes: Vec<Scope> = wanted.into_iter().filter(|(_, field)| field.is_some()).map(|(scope, _)| scope).collect();
    let days = form.days.parse::<i64>().ok().filter(|days| (1..=730).contains(days));
    let problem = if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        Some(frame.t("token-name-problem"))
    } else if scopes.is_empty() {
        Some(frame.t("token-scope-problem"))
    } else if days.is_none() {
        Some(frame.t("token-days-problem"))
    } else {
        None
    };
    let (None, Some(days)) = (&problem, days) else {
        return account_page(&web, &session, Says { problem, ..Says::default() }).await;
    };
    let now = web.now();
    let id = hex::encode(secret::chance::<6>()?);
    // The prefix lets scanners of repositories and logs find a token that leaked.
    let whole = format!("qtc_{id}.{}", secret::fresh()?);
    let token = ApiToken {
        id,
        user: session.user.id.clone(),
        name,
        scopes,
        hash: secret::hash(&whole),
        made_at: now,
        expires_at: Some(now.checked_add(SignedDuration::from_hours(24 * days)).map_err(WebError::internal)?),
        revoked_at: None,
    };
    web.store.apply(ChangeSet { by: session.actor(), at: now, changes: vec![Change::TokenSet(token)] }).await?;
    account_page(&web, &session, Says { new_token: Some(whole), ..Says::default() }).await
}

/// Takes a token back, at once: one's own.
pub async fn revoke_token<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    revoke(&web, session.actor(), &id, |token| token.user == session.user.id).await?;
    see_other("/account")
}

/// Takes a token back that `may` allows.
pub async fn revoke<S: Desk>(web: &Web<S>, by: Actor, id: &str, may: impl Fn(&ApiToken) -> bool) -> Result<(), WebError> {
    let found = web.store.tokens().await?.into_iter().map(|(token, _)| token).find(|token| token.id == id);
    let token = found.filter(|token| may(token)).ok_or(WebError::NotFound)?;
    if token.revoked_at.is_none() {
        let now = web.now();
        let revoked = ApiToken { revoked_at: Some(now), ..token };
        web.store.apply(ChangeSet { by, at: now, changes: vec![Change::TokenSet(revoked)] }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recovery_codes_are_ten_different_ones_with_their_hashes() {
        let (codes, hashes) = recovery_codes().unwrap();
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 10);
        for (code, hash) in codes.iter().zip(&hashes) {
            assert_eq!(code.len(), 19);
            assert_eq!(secret::hash(&code.replace('-', "")), *hash);
        }
    }

    #[test]
    fn browsers_are_named_in_a_few_words() {
        for (agent, wanted) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
                "Chrome · Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1",
                "Safari · iPhone",
            ),
            ("Mozilla/5.0 (Windows NT 10.0) Chrome/156.0 Safari/537.36 Edg/156.0", "Edge · Windows"),
            ("curl/8.0", "curl"),
            ("odd", "odd"),
            ("", ""),
        ] {
            assert_eq!(browser(agent), wanted);
        }
    }
}
