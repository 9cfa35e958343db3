//! The draft of a message about a case: words of a person around facts of the ledger.

use axum::body::Bytes;
use axum::extract::{Query as Params, State};
use axum::http::HeaderMap;
use axum::response::Response;
use quittance_agent::desk::draft::{self, DraftView};
use quittance_rules::users::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusals::{Conflict, Guarded, NotFound, OnceKey, TooLarge, Unfit};
use super::{body, json, once, written};
use crate::error::WebError;
use crate::pages::queue::draft::language;
use crate::pages::queue::{Number, case_for, failed};
use crate::session::Session;
use crate::state::{Desk, Web};

/// A piece of a draft.
#[derive(Serialize, ToSchema)]
pub(super) struct PieceShape {
    /// The fact's name; null for words.
    fact: Option<String>,
    /// The words, or what the ledger says now.
    text: String,
}

/// A draft.
#[derive(Serialize, ToSchema)]
pub(super) struct DraftShape {
    /// The version saved last; 0 when none was. Give it back when saving.
    version: i64,
    /// `en` or `es`.
    language: String,
    /// The template it is made of.
    template: String,
    /// The text, facts by name in braces.
    text: String,
    /// The same, with what the ledger says.
    pieces: Vec<PieceShape>,
    /// Who saved it last.
    saved_by: Option<String>,
    /// Whether the text is the template's.
    is_template: bool,
}

impl From<DraftView> for DraftShape {
    fn from(view: DraftView) -> Self {
        let pieces = view.pieces.into_iter().map(|piece| PieceShape { fact: piece.fact.map(str::to_owned), text: piece.text });
        Self {
            version: view.version,
            language: view.language.tag().to_owned(),
            template: view.template,
            text: view.text,
            pieces: pieces.collect(),
            saved_by: view.saved_by,
            is_template: view.is_template,
        }
    }
}

/// A draft to be saved.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DraftBody {
    /// The version the text was made from; 0 when none was saved.
    version: i64,
    /// `en` or `es`.
    language: String,
    /// The text: every fact of the template in braces, as often as there, and any words around them; at most 4,000 characters.
    text: String,
}

/// The draft of a case: the one saved last, or the template of its kind.
#[utoipa::path(get, path = "/api/v1/cases/{case}/draft", tag = "work", params(
    ("case" = i64, Path, description = "Number of the case"),
    ("language" = Option<String>, Query, description = "en or es; without it, the one saved, or that of the customer's country"),
), responses(
    (status = 200, body = DraftShape),
    Guarded, NotFound, Unfit,
))]
pub(super) async fn show<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Viewer).await?;
    let wanted = pairs.iter().find(|(name, _)| name == "language").map(|(_, tag)| language(tag)).transpose()?;
    json(&DraftShape::from(draft::draft(&web.store, &case, wanted, false).await?)).map(written)
}

/// Saves the draft of a case. A fact that is missing, added or changed is refused. Nothing is sent.
#[utoipa::path(post, path = "/api/v1/cases/{case}/draft", tag = "work",
    params(("case" = i64, Path, description = "Number of the case"), OnceKey),
    request_body = DraftBody, responses(
    (status = 200, body = DraftShape),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn save<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    once(&web, &session, &headers, &format!("draft {id}"), &bytes, async {
        let wanted: DraftBody = body(&bytes)?;
        let language = language(&wanted.language)?;
        let by = session.user.id.as_str();
        let saved = draft::save(&web.store, &web.clock, by, &case, wanted.version, language, &wanted.text).await;
        saved.map_err(|error| match failed(error) {
            WebError::Invalid { message, .. } => WebError::Invalid { field: "text", message },
            other => other,
        })?;
        json(&DraftShape::from(draft::draft(&web.store, &case, Some(language), false).await?))
    })
    .await
}
