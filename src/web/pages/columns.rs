//! Which column of a table is what: a file whose columns nobody knew, the profile that is suggested, and what would be read with it.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::{get, post};
use quittance_agent::import::problem_sentence;
use quittance_agent::ports_pages::{FIELD_NAMES, Imported, TablePreview, TableProfile, Upload};
use quittance_rules::cases::InputDigest;
use quittance_rules::journal::{Change, ChangeSet, Input, InputKind};
use quittance_rules::records::{Entity, EntityId, ImportProfile};
use quittance_rules::users::Role;

use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::pages::imports::file_name;
use crate::pages::queue::{Sent, sent};
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

/// Characters of a profile's name.
const NAME_MAX: usize = 80;
/// Columns of a table that can be named.
const COLUMNS_MAX: usize = 200;

/// The routes of mapping profiles. A statement may hold any entity's lines, so they need the role on all of them.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let reviewer = Access::Everywhere(Role::Reviewer);
    vec![
        Row::get("/imports/columns/{digest}", reviewer, get(show::<S>)),
        Row::post("/imports/columns/{digest}", reviewer, post(set::<S>)),
    ]
}

struct Line {
    place: String,
    date: String,
    amount: String,
    party: String,
    text: String,
}

struct Column {
    name: String,
    field: String,
}

#[derive(Template)]
#[template(path = "columns.html")]
struct ColumnsPage {
    frame: Frame,
    digest: String,
    input: Input,
    profile: TableProfile,
    columns: Vec<Column>,
    fields: Vec<(&'static str, String)>,
    lines: Vec<Line>,
    taken: u64,
    problems: Vec<String>,
    notices: Vec<String>,
    entities: Vec<Entity>,
    entity: String,
    version: i64,
    imported: Option<Imported>,
    problem: Option<String>,
    is_usable: bool,
}

/// A kept statement with its bytes in a folder of its own.
struct Kept {
    input: Input,
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

async fn kept<S: Desk>(web: &Web<S>, digest: &str) -> Result<Kept, WebError> {
    let is_digest = digest.len() == 64 && digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let digest = is_digest.then(|| InputDigest(digest.to_owned())).ok_or(WebError::NotFound)?;
    let (input, _) = web.store.input(&digest).await?.ok_or(WebError::NotFound)?;
    if input.kind != InputKind::Statement {
        return Err(WebError::NotFound);
    }
    let bytes = web.store.kept(&digest).await?.ok_or(WebError::NotFound)?;
    let failed = |error: std::io::Error| WebError::internal(format!("a kept file could not be laid out: {error}"));
    let folder = tempfile::tempdir().map_err(failed)?;
    let path = folder.path().join(file_name(&input.name));
    tokio::fs::write(&path, bytes).await.map_err(failed)?;
    Ok(Kept { input, path, _folder: folder })
}

/// What a page shows beside the preview.
#[derive(Default)]
struct Says {
    version: i64,
    entity: String,
    imported: Option<Imported>,
    problem: Option<String>,
}

async fn columns_page<S: Desk>(
    web: &Web<S>,
    session: &Session,
    kept: &Kept,
    wanted: Option<TableProfile>,
    says: Says,
) -> Result<Response, WebError> {
    let importer = web.importer.clone().ok_or_else(|| WebError::Unavailable("this process takes no files".to_owned()))?;
    let (preview, unreadable) = match importer.preview(kept.path.clone(), wanted.clone()).await {
        Ok(preview) => (preview, None),
        Err(sentence) => (TablePreview { profile: wanted.unwrap_or_default(), ..TablePreview::default() }, Some(sentence)),
    };
    let frame = web.frame(session, "imports");
    let lines = preview.lines.iter().map(|line| Line {
        place: line.place.clone(),
        date: line.booking_date.or(line.value_date).map(|day| day.to_string()).unwrap_or_default(),
        amount: frame.money(&line.amount),
        party: line.counterparty_name.clone().unwrap_or_default(),
        text: line.remittance.clone().unwrap_or_default(),
    });
    let lines = lines.collect();
    let fields = FIELD_NAMES.iter().map(|name| (*name, frame.t(&format!("column-{}", name.replace('_', "-")))));
    let fields = fields.collect();
    let mut problems: Vec<String> = preview.problems.iter().map(problem_sentence).collect();
    problems.extend(unreadable);
    let status = if says.problem.is_some() { axum::http::StatusCode::UNPROCESSABLE_ENTITY } else { axum::http::StatusCode::OK };
    let columns = preview.profile.columns.iter();
    let mut response = page(&ColumnsPage {
        columns: columns.map(|(name, field)| Column { name: name.clone(), field: field.clone() }).collect(),
        frame,
        digest: kept.input.digest.0.clone(),
        input: kept.input.clone(),
        is_usable: preview.text.is_some(),
        profile: preview.profile,
        fields,
        lines,
        taken: preview.taken,
        problems,
        notices: preview.notices,
        entities: web.store.entities().await?,
        entity: says.entity,
        version: says.version,
        imported: says.imported,
        problem: says.problem,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// The file with the profile that is suggested.
pub async fn show<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(digest): Path<String>,
) -> Result<Response, WebError> {
    let kept = kept(&web, &digest).await?;
    columns_page(&web, &session, &kept, None, Says::default()).await
}

/// The profile in a form: `name`, `decimal`, `date`, `currency`, `account`, `delimiter`, `out`, and `column.N` with `field.N`.
fn table(fields: &[(String, String)]) -> Result<TableProfile, WebError> {
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned());
    let given = |name: &str| field(name).filter(|value| !value.is_empty());
    let mut columns = Vec::new();
    for number in 0..COLUMNS_MAX {
        let Some((_, column)) = fields.iter().find(|(known, _)| *known == format!("column.{number}")) else { break };
        columns.push((column.clone(), field(&format!("field.{number}")).unwrap_or_default()));
    }
    if columns.iter().any(|(name, _)| name.chars().any(char::is_control)) {
        return Err(WebError::invalid("column", "a column's name holds a control character"));
    }
    // A tab does not survive trimming.
    let delimiter = fields.iter().find(|(known, _)| known == "delimiter").and_then(|(_, value)| value.chars().next());
    Ok(TableProfile {
        name: given("name").unwrap_or_default(),
        delimiter,
        decimal: given("decimal"),
        date: given("date"),
        currency: given("currency").map(|code| code.to_uppercase()),
        account: given("account"),
        out_is_positive: field("out").is_some(),
        columns,
    })
}

/// Shows what would be read, or saves the profile and takes the file in with it (`do` = `save`).
pub async fn set<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(digest): Path<String>,
    form: Sent<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let kept = kept(&web, &digest).await?;
    let fields = sent(form)?;
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    let table = table(&fields)?;
    let entity_text = field("entity").to_owned();
    let frame = web.frame(&session, "imports");
    let known = web.store.profiles().await?.into_iter().find(|profile| profile.name == table.name);
    let version = known.as_ref().map_or(0, |profile| profile.version);
    let says = |problem: Option<String>| Says { version, entity: entity_text.clone(), problem, imported: None };
    if field("do") != "save" {
        return columns_page(&web, &session, &kept, Some(table), says(None)).await;
    }
    let length = table.name.chars().count();
    if length == 0 || length > NAME_MAX || table.name.chars().any(char::is_control) {
        return columns_page(&web, &session, &kept, Some(table), says(Some(frame.t("columns-name-problem")))).await;
    }
    if known.is_some() && field("version").parse() != Ok(version) {
        // Somebody has saved one of this name: it is replaced only by who has been told.
        return columns_page(&web, &session, &kept, Some(table), says(Some(frame.t("columns-name-taken")))).await;
    }
    let importer = web.importer.clone().ok_or_else(|| WebError::Unavailable("this process takes no files".to_owned()))?;
    let preview =
        importer.preview(kept.path.clone(), Some(table.clone())).await.map_err(|error| WebError::invalid("file", error))?;
    let Some(text) = preview.text else {
        return columns_page(&web, &session, &kept, Some(table), says(Some(frame.t("columns-incomplete")))).await;
    };
    let entity = match entity_text.as_str() {
        "" => None,
        text => Some(EntityId::parse(text).map_err(|error| WebError::invalid("entity", error.to_string()))?),
    };
    if known.as_ref().is_none_or(|profile| profile.text != text) {
        let profile = ImportProfile { name: table.name.clone(), version: version.saturating_add(1), text: text.clone() };
        web.store.apply(ChangeSet { by: session.actor(), at: web.now(), changes: vec![Change::ProfileSet(profile)] }).await?;
    }
    let upload = Upload {
        path: kept.path.clone(),
        kind: InputKind::Statement,
        by: session.actor(),
        account: table.account.clone(),
        entity,
        profile: Some(text),
    };
    let imported = match importer.import(upload).await {
        Ok(imported) => imported,
        Err(sentence) => Imported { line: String::new(), refused: vec![sentence], needs_columns: None },
    };
    let says = Says { version: version.saturating_add(1), entity: entity_text.clone(), imported: Some(imported), problem: None };
    columns_page(&web, &session, &kept, Some(table), says).await
}
