//! Language and theme, kept in cookies of the browser.

use axum::Form;
use axum::extract::State;
use axum::http::header;
use axum::response::Response;
use serde::Deserialize;

use crate::error::WebError;
use crate::frame::{own_path, see_other};
use crate::locale::Language;
use crate::session::{Theme, set_cookie};
use crate::state::{Desk, Web};

const YEAR: i64 = 365 * 24 * 3600;

/// The form.
#[derive(Deserialize)]
pub struct Preferences {
    theme: Option<String>,
    language: Option<String>,
    next: Option<String>,
}

/// Sets what the form names.
pub async fn set<S: Desk>(State(web): State<Web<S>>, Form(form): Form<Preferences>) -> Result<Response, WebError> {
    let mut response = see_other(own_path(form.next.as_deref().unwrap_or("/")))?;
    if let Some(theme) = form.theme {
        let value = set_cookie(&web.settings, "theme", Theme::of(&theme).name(), Some(YEAR))?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    if let Some(language) = form.language.as_deref().and_then(Language::of_tag) {
        let value = set_cookie(&web.settings, "language", language.tag(), Some(YEAR))?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}
