//! What can go wrong, as one page and one JSON shape (RFC 9457, `application/problem+json`).

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use quittance_agent::ports::StoreError;

use crate::locale::Language;

/// Why a request was not done. Handlers return it; the outermost layer turns it into a page or JSON.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WebError {
    /// Nothing here, or nothing the person may see.
    #[error("there is nothing at this address")]
    NotFound,
    /// Signing in comes first.
    #[error("sign in first")]
    SignedOut,
    /// The person may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// The person must first prove once more who they are.
    #[error("prove once more who you are: this needs a fresh sign-in")]
    StepUp,
    /// The form's token is missing or old.
    #[error("the form is too old or came from elsewhere: go back, reload the page and try again")]
    Forged,
    /// Something in the request is wrong.
    #[error("{field}: {message}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// What is wrong, and what to do.
        message: String,
    },
    /// The request is larger than is taken.
    #[error("the request is larger than is taken here: {0}")]
    TooLarge(String),
    /// Somebody else was quicker, or the page is old.
    #[error("{0}")]
    Conflict(String),
    /// Too many attempts.
    #[error("too many failed attempts; try again in {0} seconds")]
    TooMany(u64),
    /// Our own failure, or the database's. The sentence goes to the log, not to the page.
    #[error("something went wrong here; it has been logged")]
    Internal(String),
    /// The database cannot be reached.
    #[error("the books cannot be reached right now; try again in a moment")]
    Unavailable(String),
}

impl WebError {
    /// Our own failure.
    pub fn internal(what: impl std::fmt::Display) -> Self {
        Self::Internal(what.to_string())
    }

    /// A field that is wrong.
    pub fn invalid(field: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid { field, message: message.into() }
    }

    /// Its HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::StepUp | Self::Forged => StatusCode::FORBIDDEN,
            Self::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// A stable name for programs: the last part of the problem's `type`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::SignedOut => "signed-out",
            Self::Forbidden(_) => "forbidden",
            Self::StepUp => "step-up",
            Self::Forged => "form-token",
            Self::Invalid { .. } => "invalid",
            Self::TooLarge(_) => "too-large",
            Self::Conflict(_) => "conflict",
            Self::TooMany(_) => "too-many-attempts",
            Self::Internal(_) => "internal",
            Self::Unavailable(_) => "unavailable",
        }
    }

    /// As `application/problem+json`, its sentence in a language.
    pub fn problem_in(&self, language: Language) -> serde_json::Value {
        let mut problem = self.problem();
        problem["detail"] = crate::said::say(language, &self.to_string()).into();
        problem
    }

    /// As `application/problem+json`.
    pub fn problem(&self) -> serde_json::Value {
        let mut problem = serde_json::json!({
            "type": format!("urn:quittance:problem:{}", self.name()),
            "title": self.status().canonical_reason().unwrap_or_default(),
            "status": self.status().as_u16(),
            "detail": self.to_string(),
        });
        if let Self::Invalid { field, .. } = self {
            problem["field"] = (*field).into();
        }
        problem
    }
}

impl From<StoreError> for WebError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(_) => Self::Conflict(error.to_string()),
            StoreError::BadRow { .. } => Self::Internal(error.to_string()),
            StoreError::Unavailable(what) => Self::Unavailable(what),
        }
    }
}

impl From<askama::Error> for WebError {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}

impl IntoResponse for WebError {
    /// An empty answer that carries the error; [`crate::guard`]'s outermost layer gives it a body.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
