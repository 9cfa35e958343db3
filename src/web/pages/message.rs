//! The one page for everything that went wrong.

use askama::Template;
use axum::response::{IntoResponse, Response};

use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::session::Visitor;

#[derive(Template)]
#[template(path = "message.html")]
struct Message {
    frame: Frame,
    status: u16,
    title: String,
    detail: String,
}

/// The page of an error, in the visitor's language.
pub fn error_page(visitor: &Visitor, error: &WebError) -> Response {
    let frame = Frame::of_visitor(visitor);
    let title = frame.t(&format!("error-{}", error.name()));
    let detail = match error {
        WebError::TooMany(seconds) => frame.t1("error-too-many-attempts-detail", "seconds", *seconds),
        WebError::NotFound
        | WebError::SignedOut
        | WebError::StepUp
        | WebError::Forged
        | WebError::Internal(_)
        | WebError::Unavailable(_) => frame.t(&format!("error-{}-detail", error.name())),
        WebError::Forbidden(_) | WebError::Invalid { .. } | WebError::TooLarge(_) | WebError::Conflict(_) => {
            frame.said(&error.to_string())
        }
    };
    let message = Message { frame, status: error.status().as_u16(), title, detail };
    // A template that cannot be written leaves the bare status; there is nothing better to say then.
    page(&message).unwrap_or_else(|_| error.status().into_response())
}
