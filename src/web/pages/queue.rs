//! The queue: what waits for a person.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use quittance_rules::users::Role;

use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

/// The routes of the queue.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    vec![Row::get("/queue", Access::Role(Role::Viewer), get(list::<S>))]
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage {
    frame: Frame,
}

/// The list.
pub async fn list<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    page(&QueuePage { frame: web.frame(&session, "queue") })
}
