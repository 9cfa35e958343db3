//! The OpenAPI 3.1 document, made from the handlers and the shapes.

use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;

use super::{actions, drafts, profiles, read, shapes, webhooks};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Quittance",
        description = "The queue, the cases and the book. Sign in with a token: `Authorization: Bearer …`.",
        contact(name = "Quittance"),
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        read::cases, read::counts, read::groups, read::case, read::notes, read::decision, read::customers, read::customer,
        read::items, read::item, read::payment, read::audit, actions::decide, actions::withdraw, actions::take, actions::assign,
        actions::snooze, actions::note, actions::undo, actions::batch, actions::preview, actions::undo_batch,
        webhooks::list, webhooks::add, webhooks::show, webhooks::set_state, webhooks::rotate, webhooks::test, webhooks::deliveries,
        webhooks::again, drafts::show, drafts::save, profiles::list, profiles::set_state
    ),
    components(schemas(shapes::Problem, shapes::Amount)),
    tags(
        (name = "cases", description = "The queue"), (name = "decisions", description = "Deciding and undoing"),
        (name = "work", description = "Working on a case without deciding it"), (name = "batches", description = "Many at once"),
        (name = "book", description = "Customers, items, payments"), (name = "audit", description = "The log"),
        (name = "imports", description = "How files are read"),
        (name = "webhooks", description = "Telling other programs what happened (Standard Webhooks)")
    ),
)]
struct Document;

/// The document.
pub fn document() -> serde_json::Value {
    let mut document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    document["components"]["securitySchemes"] = serde_json::json!({ "token": { "type": "http", "scheme": "bearer" } });
    document["security"] = serde_json::json!([{ "token": [] }]);
    document
}

/// Serves the document.
pub(super) async fn show() -> Response {
    axum::Json(document()).into_response()
}
