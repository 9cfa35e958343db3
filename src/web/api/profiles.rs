//! Mapping profiles that people saved of their banks' tables. The functions are those of the page.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use quittance_agent::ports_pages::ProfileLine;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusals::{Conflict, Guarded, NotFound, OnceKey, TooLarge, Unfit};
use super::{body, json, once, written};
use crate::error::WebError;
use crate::pages::imports::switch_profile;
use crate::session::Session;
use crate::state::{Desk, Web};

/// A mapping profile.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileShape {
    /// Its name; one profile a name.
    name: String,
    /// Raised with every change.
    version: i64,
    /// Whose files it reads; null is those of every entity.
    entity: Option<String>,
    /// `on` or `off`: no file is read with one that is off.
    state: String,
    /// The profile, as `quittance import statement --profile` takes it (TOML).
    text: String,
    /// Who changed it last.
    changed_by: String,
    /// When (UTC).
    changed_at: String,
}

impl From<ProfileLine> for ProfileShape {
    fn from(line: ProfileLine) -> Self {
        Self {
            name: line.profile.name,
            version: line.profile.version,
            entity: line.profile.entity.map(|id| id.to_string()),
            state: if line.profile.is_on { "on" } else { "off" }.to_owned(),
            text: line.profile.text,
            changed_by: line.by,
            changed_at: line.at.to_string(),
        }
    }
}

/// Mapping profiles.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileList {
    /// By name.
    profiles: Vec<ProfileShape>,
}

/// Whether files are read with a profile.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileStateBody {
    /// Name of the profile.
    name: String,
    /// `on` or `off`.
    state: String,
}

/// Lists mapping profiles, also those that are switched off.
#[utoipa::path(get, path = "/api/v1/import-profiles", tag = "imports", responses(
    (status = 200, body = ProfileList),
    Guarded,
))]
pub(super) async fn list<S: Desk>(State(web): State<Web<S>>) -> Result<Response, WebError> {
    let found = web.store.profile_lines().await?;
    json(&ProfileList { profiles: found.into_iter().map(ProfileShape::from).collect() }).map(written)
}

/// Switches a mapping profile on or off. Nothing that was read with it changes.
#[utoipa::path(post, path = "/api/v1/import-profiles/state", tag = "imports", params(OnceKey), request_body = ProfileStateBody,
    responses(
    (status = 200, body = ProfileShape),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn set_state<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    once(&web, &session, &headers, "import-profiles/state", &bytes, async {
        let wanted: ProfileStateBody = body(&bytes)?;
        switch_profile(&web, &session, &wanted.name, &wanted.state).await?;
        let found = web.store.profile_lines().await?.into_iter().find(|line| line.profile.name == wanted.name);
        json(&ProfileShape::from(found.ok_or(WebError::NotFound)?))
    })
    .await
}
