//! The draft of a message about a case, saved from the case's page.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use quittance_agent::desk::draft;
use quittance_rules::draft::DraftLanguage;
use quittance_rules::users::Role;
use serde::Deserialize;

use super::act::question;
use super::{Done, Number, Sent, case_address, case_for, failed, sent};
use crate::error::WebError;
use crate::session::Session;
use crate::state::{Desk, Web};

/// A draft as the page sends it.
#[derive(Deserialize)]
pub(super) struct DraftForm {
    draft_version: i64,
    language: String,
    text: String,
    #[serde(default)]
    query: String,
}

/// The language of a tag in a request.
pub(crate) fn language(tag: &str) -> Result<DraftLanguage, WebError> {
    DraftLanguage::parse(tag).ok_or_else(|| WebError::invalid("language", "it is en or es"))
}

/// Saves the draft.
pub(super) async fn save<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    form: Sent<DraftForm>,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    let form = sent(form)?;
    let language = language(&form.language)?;
    let by = session.user.id.as_str();
    draft::save(&web.store, &web.clock, by, &case, form.draft_version, language, &form.text).await.map_err(
        |error| match failed(error) {
            WebError::Invalid { message, .. } => WebError::Invalid { field: "text", message },
            other => other,
        },
    )?;
    let query = question(&web, &session, &form.query).await?;
    let notice = web.frame(&session, "queue").t1("did-draft", "case", id);
    Done { next: case_address(case.id, &query), notice, undo: None, batch: None }.answer(&headers)
}
