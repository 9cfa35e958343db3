//! Files: what was brought, and bringing more.

use askama::Template;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http_body_util::BodyExt as _;
use quittance_agent::ports_pages::{InputLine, Upload};
use quittance_agent::profiles::{Switched, switch};
use quittance_rules::journal::InputKind;
use quittance_rules::records::{Entity, EntityId};
use quittance_rules::users::{Role, Scope};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt as _;

use crate::error::WebError;
use crate::frame::{Frame, page, query_escaped, see_other};
use crate::pages::queue::{Sent, sent};
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

const PAGE: u32 = 50;

/// The routes of files.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let reviewer = Access::Role(Role::Reviewer);
    vec![
        Row::get("/imports", reviewer, get(list::<S>)),
        Row::post("/imports/profiles/state", Access::Everywhere(Role::Reviewer), post(set_profile::<S>)),
        Row::post("/imports/{kind}", reviewer, post(take::<S>)).with_scope(Scope::Import),
    ]
}

/// Place in the list.
#[derive(Deserialize, Default)]
pub struct Asked {
    before: Option<i64>,
}

struct FileLine {
    line: InputLine,
    at: String,
    by: String,
    kind: &'static str,
    size: String,
    /// A table of which nothing was taken yet, or not all: its columns can be named.
    is_table: bool,
}

/// Whether a statement that is not taken, or not wholly, may be a table, by its name; what it is, its page says.
fn may_be_table(line: &InputLine) -> bool {
    let name = line.input.name.to_lowercase();
    let is_table = [".csv", ".tsv", ".txt", ".xlsx"].iter().any(|end| name.ends_with(end));
    line.input.kind == InputKind::Statement && (line.taken.is_none() || line.case.is_some()) && is_table
}

#[derive(Template)]
#[template(path = "imports.html")]
struct ImportsPage {
    frame: Frame,
    files: Vec<FileLine>,
    next: Option<i64>,
    is_first: bool,
    entities: Vec<Entity>,
    may_books: bool,
    largest: String,
    /// Saved mapping profiles that the person may use.
    profiles: Vec<SavedProfile>,
    /// Names of those that are on.
    usable: Vec<String>,
}

/// A saved mapping profile in the list.
struct SavedProfile {
    name: String,
    /// Whose files it reads; `None` is those of every entity.
    entity: Option<String>,
    by: String,
    at: String,
    is_on: bool,
}

/// Switches the mapping profile of a name `on` or `off`.
pub(crate) async fn switch_profile<S: Desk>(web: &Web<S>, session: &Session, name: &str, state: &str) -> Result<(), WebError> {
    let is_on = match state {
        "on" => true,
        "off" => false,
        _ => return Err(WebError::invalid("state", "it is on or off")),
    };
    match switch(&web.store, session.actor(), web.now(), name, is_on).await? {
        Switched::Changed(_) | Switched::Already(_) => Ok(()),
        Switched::Unknown => Err(WebError::NotFound),
    }
}

/// Whether files are read with a profile.
#[derive(Deserialize)]
pub struct ProfileForm {
    /// Its name.
    name: String,
    /// `on` or `off`.
    state: String,
}

/// Switches a mapping profile on or off.
pub async fn set_profile<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    form: Sent<ProfileForm>,
) -> Result<Response, WebError> {
    let form = sent(form)?;
    switch_profile(&web, &session, &form.name, &form.state).await?;
    see_other("/imports")
}

/// Bytes for people: `812 B`, `4.2 MB`.
pub fn size(bytes: u64) -> String {
    let (unit, divisor) = match bytes {
        0..1_000 => return format!("{bytes} B"),
        1_000..1_000_000 => ("kB", 100),
        1_000_000..1_000_000_000 => ("MB", 100_000),
        _ => ("GB", 100_000_000),
    };
    let tenths = bytes / divisor;
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// The list and the place to drop files.
pub async fn list<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let mut found = web.store.inputs_before(asked.before, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|line| line.seq);
    let zone = web.zone(&session).await?;
    let files = found.into_iter().map(|line| FileLine {
        at: zone.instant(line.received_at),
        by: line.by.strip_prefix("person:").unwrap_or(&line.by).to_owned(),
        kind: line.input.kind.name(),
        size: size(line.input.size),
        is_table: may_be_table(&line),
        line,
    });
    let entities = web.store.entities().await?;
    let person = |by: &str| by.strip_prefix("person:").unwrap_or(by).to_owned();
    let called = |id: &EntityId| entities.iter().find(|one| one.id == *id).map_or_else(|| id.to_string(), |one| one.name.clone());
    let may_books = session.user.may_everywhere(Role::Reviewer);
    let lines = if may_books { web.store.profile_lines().await? } else { Vec::new() };
    let profiles: Vec<SavedProfile> = lines
        .into_iter()
        .map(|line| SavedProfile {
            entity: line.profile.entity.as_ref().map(called),
            by: person(&line.by),
            at: zone.instant(line.at),
            is_on: line.profile.is_on,
            name: line.profile.name,
        })
        .collect();
    page(&ImportsPage {
        files: files.collect(),
        next,
        is_first: asked.before.is_none(),
        entities: entities.into_iter().filter(|entity| session.may(Role::Reviewer, Some(&entity.id))).collect(),
        may_books,
        usable: profiles.iter().filter(|profile| profile.is_on).map(|profile| profile.name.clone()).collect(),
        profiles,
        largest: size(web.settings.upload_max as u64),
        frame: web.frame(&session, "imports"),
    })
}

/// Name and place of a file that is brought; the body is the file.
#[derive(Deserialize)]
pub struct Brought {
    name: String,
    account: Option<String>,
    entity: Option<String>,
    profile: Option<String>,
}

/// What became of it.
#[derive(Serialize)]
struct Taken {
    name: String,
    line: String,
    refused: Vec<String>,
    /// Where its columns can be named.
    columns: Option<String>,
}

/// A name without folders that is safe as a file name; what it says decides nothing.
pub(crate) fn file_name(name: &str) -> String {
    let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = base.chars().filter(|c| !c.is_control()).take(120).collect();
    let plain = plain.trim().trim_start_matches('.').to_owned();
    if plain.is_empty() { "file".to_owned() } else { plain }
}

/// Takes one file in. Customers, invoices and statements may hold anything of any entity, so they need the role on all of them.
pub async fn take<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(kind): Path<String>,
    Query(brought): Query<Brought>,
    body: Body,
) -> Result<Response, WebError> {
    let kind = match kind.as_str() {
        "customers" => InputKind::Customers,
        "invoices" => InputKind::Invoices,
        "statement" => InputKind::Statement,
        "evidence" => InputKind::Evidence,
        _ => return Err(WebError::NotFound),
    };
    if kind != InputKind::Evidence && !session.user.may_everywhere(Role::Reviewer) {
        return Err(WebError::Forbidden(
            "books and statements may hold any entity's lines: this needs the role reviewer for all entities".to_owned(),
        ));
    }
    let entity = match brought.entity.as_deref().filter(|entity| !entity.is_empty()) {
        None => None,
        Some(text) => {
            let id = EntityId::parse(text).map_err(|error| WebError::invalid("entity", error.to_string()))?;
            session.demand(Role::Reviewer, Some(&id))?;
            Some(id)
        }
    };
    let importer = web.importer.clone().ok_or_else(|| WebError::Unavailable("this process takes no files".to_owned()))?;
    let folder = tempfile::tempdir().map_err(|error| WebError::internal(format!("no temporary folder: {error}")))?;
    let name = file_name(&brought.name);
    let path = folder.path().join(&name);
    write(body, &path, web.settings.upload_max).await?;
    let account = brought.account.map(|account| account.trim().to_owned()).filter(|account| !account.is_empty());
    let profile = match brought.profile.as_deref().filter(|name| !name.is_empty() && kind == InputKind::Statement) {
        None => None,
        Some(name) => {
            let saved = web.store.profiles().await?.into_iter().find(|profile| profile.name == name);
            let saved = saved.ok_or_else(|| WebError::invalid("profile", "there is no mapping profile of this name"))?;
            if !saved.is_on {
                return Err(WebError::invalid("profile", "the mapping profile of this name is switched off; switch it on first"));
            }
            Some(saved)
        }
    };
    // Where the columns are named, the profiles of the entity that was said are tried first.
    let of_entity = entity.as_ref().map(|id| format!("?entity={}", query_escaped(id.as_str()))).unwrap_or_default();
    // The entity of the profile is where a new account goes, unless another one was said.
    let entity = entity.or_else(|| profile.as_ref().and_then(|profile| profile.entity.clone()));
    let profile = profile.map(|profile| profile.text);
    let upload = Upload { path, kind, by: session.actor(), account, entity, profile };
    let frame = web.frame(&session, "imports");
    let taken = match importer.import(upload).await {
        Ok(imported) => {
            let columns = imported.needs_columns.map(|digest| format!("/imports/columns/{digest}{of_entity}"));
            let refused = imported.refused.iter().map(|sentence| frame.said(sentence)).collect();
            Taken { name, line: frame.said(&imported.line), refused, columns }
        }
        Err(sentence) => Taken { name, line: String::new(), refused: vec![frame.said(&sentence)], columns: None },
    };
    Ok(Json(taken).into_response())
}

/// Writes the body to a file, piece by piece.
async fn write(mut body: Body, path: &std::path::Path, most: usize) -> Result<(), WebError> {
    let failed = |error: std::io::Error| WebError::internal(format!("a brought file could not be kept: {error}"));
    let mut file = tokio::fs::File::create(path).await.map_err(failed)?;
    let mut written = 0_usize;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| WebError::invalid("file", format!("it broke off on its way: {error}")))?;
        let Ok(piece) = frame.into_data() else { continue };
        written = written.saturating_add(piece.len());
        if written > most {
            return Err(WebError::TooLarge(size(most as u64)));
        }
        file.write_all(&piece).await.map_err(failed)?;
    }
    file.flush().await.map_err(failed)?;
    if written == 0 { Err(WebError::invalid("file", "it is empty")) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_folders() {
        for (name, wanted) in [
            ("may.xml", "may.xml"),
            ("../../etc/passwd", "passwd"),
            ("C:\\bank\\mayo 2026.csv", "mayo 2026.csv"),
            ("..", "file"),
            ("", "file"),
            (".hidden", "hidden"),
            ("a\nb", "ab"),
        ] {
            assert_eq!(file_name(name), wanted, "{name:?}");
        }
    }

    #[test]
    fn sizes_are_short() {
        for (bytes, wanted) in [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (4_250_000, "4.2 MB"), (3_000_000_000, "3.0 GB")] {
            assert_eq!(size(bytes), wanted);
        }
    }
}
