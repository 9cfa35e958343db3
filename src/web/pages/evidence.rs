//! The evidence inbox: every proof and letter as received, with what it seems to say.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use quittance_agent::desk::ports::KeptEvidence;
use quittance_agent::evidence::reading_of;
use quittance_agent::ports_pages::EvidenceLine;
use quittance_rules::cases::{InputDigest, Subject};
use quittance_rules::evidence::{ClaimValue, EvidenceKind, Reading};
use quittance_rules::journal::Input;
use quittance_rules::ledger::CaseId;
use quittance_rules::users::Role;
use serde::{Deserialize, Serialize};

use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::painter;
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

const PAGE: u32 = 50;

/// The routes of evidence.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let viewer = Access::Role(Role::Viewer);
    vec![
        Row::get("/evidence", viewer, get(list::<S>)),
        Row::get("/evidence/{digest}", viewer, get(show::<S>)),
        Row::get("/evidence/{digest}/original", viewer, get(original::<S>)),
        Row::get("/evidence/{digest}/pages/{page}", viewer, get(page_picture::<S>)),
    ]
}

/// The serialised name of a plain enum, in words: `payment proof`.
fn words(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.replace('_', " "),
        Ok(_) | Err(_) => String::new(),
    }
}

/// Place in the list, and whether only what waits.
#[derive(Deserialize, Default)]
pub struct Asked {
    before: Option<i64>,
    #[serde(default)]
    waiting: bool,
}

struct InboxLine {
    line: EvidenceLine,
    at: String,
    kind: String,
    percent: u32,
}

#[derive(Template)]
#[template(path = "evidence.html")]
struct EvidencePage {
    frame: Frame,
    lines: Vec<InboxLine>,
    waiting: bool,
    next: Option<i64>,
    is_first: bool,
}

/// The inbox.
pub async fn list<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let mut found = web.store.evidence_before(asked.before, asked.waiting, PAGE + 1).await?;
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|line| line.seq);
    let zone = web.zone(&session).await?;
    let lines = found.into_iter().map(|line| InboxLine {
        at: zone.instant(line.received_at),
        kind: words(&line.record.kind),
        percent: line.record.kind_confidence.millionths() / 10_000,
        line,
    });
    page(&EvidencePage {
        frame: web.frame(&session, "evidence"),
        lines: lines.collect(),
        waiting: asked.waiting,
        next,
        is_first: asked.before.is_none(),
    })
}

struct ClaimLine {
    field: String,
    value: String,
    text: String,
    source: String,
    percent: u32,
    page: u32,
    /// Edges in thousandths of the page.
    x: u32,
    y: u32,
    w: u32,
    h: u32,
}

#[derive(Template)]
#[template(path = "evidence_one.html")]
struct OnePage {
    frame: Frame,
    input: Input,
    kind: String,
    percent: u32,
    case: Option<CaseId>,
    claims: Vec<ClaimLine>,
    complaints: Vec<String>,
    rows: Vec<(String, String, String)>,
    text: String,
    pages: u32,
    sheets: Vec<Picture>,
    was_read: bool,
    size: String,
}

fn value_text(value: &ClaimValue, frame: &Frame) -> String {
    match value {
        ClaimValue::Money(money) => frame.money(money),
        ClaimValue::BareAmount(text) | ClaimValue::Text(text) => text.clone(),
        ClaimValue::Currency(currency) => currency.code().to_owned(),
        ClaimValue::Date(date) => date.to_string(),
        ClaimValue::Time(time) => time.to_string(),
    }
}

/// What browsers show as a picture.
const PICTURES: [&str; 4] = ["image/png", "image/jpeg", "image/webp", "image/gif"];

/// Which picture of [`PICTURES`] this is, told by its first bytes; the name decides nothing. SVG is not among them: it may hold a script.
fn picture(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        _ => None,
    }
}

/// The digest in an address.
pub(crate) fn digest_of(text: &str) -> Result<InputDigest, WebError> {
    InputDigest::parse(text).map_err(|_| WebError::NotFound)
}

/// One piece of evidence with what was read in it.
pub async fn show<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(digest): Path<String>,
) -> Result<Response, WebError> {
    let digest = digest_of(&digest)?;
    let KeptEvidence { record, input } = web.store.evidence_kept(&digest).await?.ok_or(WebError::NotFound)?;
    let case = web.store.pending_case(&Subject::Evidence(digest.clone())).await?.map(|case| case.id);
    let frame = web.frame(&session, "evidence");
    let reading = reading_of(&web.store, &record).await?;
    let sheets = match &reading {
        Some(reading) => page_pictures(&digest, reading),
        // What could not be read is told by its bytes.
        None if web.store.kept(&digest).await?.is_some_and(|bytes| picture(&bytes).is_some()) => {
            vec![original_picture(&digest)]
        }
        None => Vec::new(),
    };
    let size = super::imports::size(input.size);
    let kind = words(&record.kind);
    let percent = record.kind_confidence.millionths() / 10_000;
    let was_read = reading.is_some();
    let reading = reading.unwrap_or_else(|| Reading::empty(EvidenceKind::Unknown, record.kind_confidence));
    let claims = reading.claims.iter().map(|claim| ClaimLine {
        field: words(&claim.field),
        value: value_text(&claim.value, &frame),
        text: claim.text.clone(),
        source: words(&claim.source),
        percent: claim.confidence.millionths() / 10_000,
        page: claim.region.page,
        x: claim.region.x0 / 1_000,
        y: claim.region.y0 / 1_000,
        w: claim.region.x1.saturating_sub(claim.region.x0) / 1_000,
        h: claim.region.y1.saturating_sub(claim.region.y0) / 1_000,
    });
    let rows = reading.remittance_lines.iter().map(|row| {
        let currency = row.currency.map(|currency| currency.code().to_owned()).unwrap_or_default();
        (row.invoice_number.clone(), row.amount.clone().unwrap_or_default(), currency)
    });
    page(&OnePage {
        claims: claims.collect(),
        rows: rows.collect(),
        complaints: reading.complaints.clone(),
        // A page shows the beginning; the original has it all.
        text: reading.text.chars().take(20_000).collect(),
        pages: reading.pages,
        frame,
        input,
        kind,
        percent,
        case,
        sheets,
        was_read,
        size,
    })
}

/// Pages of a document that are shown.
const PAGES_SHOWN: u32 = 8;

/// A page of a document as a picture.
pub(crate) struct Picture {
    /// The page, from 1.
    pub(crate) number: u32,
    /// Address of the picture: of a picture the original, of anything else as it is drawn.
    pub(crate) address: String,
    /// It is text without a page of its own.
    pub(crate) is_text: bool,
}

/// What is a picture itself.
fn original_picture(digest: &InputDigest) -> Picture {
    Picture { number: 1, address: format!("/evidence/{digest}/original"), is_text: false }
}

/// The pages of a document as pictures.
pub(crate) fn page_pictures(digest: &InputDigest, reading: &Reading) -> Vec<Picture> {
    if PICTURES.contains(&reading.media_type.as_str()) {
        return vec![original_picture(digest)];
    }
    let is_pdf = reading.media_type == "application/pdf";
    let has_words = |number: u32| reading.words.iter().any(|word| word.region.page == number);
    (1..=reading.pages.clamp(1, PAGES_SHOWN))
        .filter(|number| is_pdf || has_words(*number))
        .map(|number| Picture {
            number,
            address: format!("/evidence/{digest}/pages/{number}"),
            is_text: !is_pdf && painter::is_text(reading, number),
        })
        .collect()
}

/// A page of a document as a picture: drawn by the reading process, or from the words that were read where it is no PDF or cannot be
/// drawn.
pub async fn page_picture<S: Desk>(
    State(web): State<Web<S>>,
    _: Session,
    Path((digest, number)): Path<(String, String)>,
) -> Result<Response, WebError> {
    let digest = digest_of(&digest)?;
    let number: u32 = number.parse().map_err(|_| WebError::NotFound)?;
    let record = web.store.evidence_kept(&digest).await?.ok_or(WebError::NotFound)?.record;
    let reading = reading_of(&web.store, &record).await?.ok_or(WebError::NotFound)?;
    if !(1..=reading.pages.clamp(1, PAGES_SHOWN)).contains(&number) {
        return Err(WebError::NotFound);
    }
    let drawn = match &web.painter {
        Some(painter) if reading.media_type == "application/pdf" => match painter.kept(&digest, number) {
            Some(png) => Some(png),
            None => {
                let bytes = web.store.kept(&digest).await?.ok_or(WebError::NotFound)?;
                painter
                    .page(&digest, bytes, number)
                    .await
                    .inspect_err(|error| tracing::warn!(page = number, "a page is drawn from its words: {error}"))
                    .ok()
            }
        },
        Some(_) | None => None,
    };
    let (kind, bytes) = match drawn {
        Some(png) => ("image/png", png.to_vec()),
        None => ("image/svg+xml", painter::from_words(&reading, number).into_bytes()),
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    Ok(response)
}

/// The original: pictures are shown, everything else is saved, never opened in our place.
pub async fn original<S: Desk>(State(web): State<Web<S>>, _: Session, Path(digest): Path<String>) -> Result<Response, WebError> {
    let digest = digest_of(&digest)?;
    let input = web.store.evidence_kept(&digest).await?.ok_or(WebError::NotFound)?.input;
    let bytes = web.store.kept(&digest).await?.ok_or(WebError::NotFound)?;
    let kind = picture(&bytes);
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind.unwrap_or("application/octet-stream")));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    let disposition = if kind.is_some() { "inline" } else { "attachment" };
    let name = crate::frame::query_escaped(&input.name).replace('/', "_");
    let value = HeaderValue::from_str(&format!("{disposition}; filename*=UTF-8''{name}")).map_err(WebError::internal)?;
    headers.insert(header::CONTENT_DISPOSITION, value);
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_their_bytes() {
        for (bytes, wanted) in [
            (&b"\x89PNG\r\n\x1a\n"[..], Some("image/png")),
            (b"\xff\xd8\xff\xe0", Some("image/jpeg")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
            (b"%PDF-1.7", None),
            (b"", None),
        ] {
            assert_eq!(picture(bytes), wanted);
        }
    }
}
