//! Originals of evidence, as they were received.

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use quittance_agent::evidence::reading_of;
use quittance_rules::cases::InputDigest;

use crate::error::WebError;
use crate::session::Session;
use crate::state::{Desk, Web};

/// Whether browsers show this media type as a picture.
pub(super) fn is_picture(media_type: &str) -> bool {
    matches!(media_type, "image/png" | "image/jpeg" | "image/webp" | "image/gif")
}

/// The original. Pictures, plain text and PDF are shown; anything a browser could run as a page of ours (HTML, SVG, mail) is only
/// handed out as a file. The media type is that of the bytes as they were read, never of the name.
pub(super) async fn original<S: Desk>(
    State(web): State<Web<S>>,
    _session: Session,
    Path(digest): Path<String>,
) -> Result<Response, WebError> {
    if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(WebError::NotFound);
    }
    let digest = InputDigest(digest);
    // Only evidence: a statement or an invoice file is not for everybody.
    let kept = web.store.evidence_of(&digest).await?.ok_or(WebError::NotFound)?;
    let media_type = reading_of(&web.store, &kept.record).await?.map(|reading| reading.media_type).unwrap_or_default();
    let bytes = web.store.kept(&digest).await?.ok_or(WebError::NotFound)?;
    let is_shown = is_picture(&media_type) || media_type == "application/pdf";
    let kind = match media_type.as_str() {
        kind if is_shown => kind,
        "text/plain" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    };
    let plain: String = kept.input.name.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_ ".contains(*c)).take(80).collect();
    let how = if is_shown || kind.starts_with("text/plain") { "inline" } else { "attachment" };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(kind).map_err(WebError::internal)?);
    let place = format!("{how}; filename=\"{plain}\"");
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_str(&place).map_err(WebError::internal)?);
    // Nothing in it may load, run or be framed.
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
    // The address is the digest of the content: it never changes for whoever may see it.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600, immutable"));
    Ok(response)
}
