//! Which column of a table is what: a file whose columns nobody knew, the profile that is suggested, and what would be read with it.

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use quittance_agent::ports::StoreError;
use quittance_agent::ports_pages::{
    FIELD_NAMES, Imported, PreviewRefused, TABLE_COLUMNS_MAX, TableLack, TablePreview, TableProfile, Upload,
};
use quittance_rules::bank::{Problem, StatementLine};
use quittance_rules::journal::{Change, ChangeSet, Input, InputKind};
use quittance_rules::records::{Entity, EntityId, ImportProfile};
use quittance_rules::users::Role;

use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::pages::evidence::digest_of;
use crate::pages::imports::file_name;
use crate::pages::queue::{Sent, sent};
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

/// Characters of a profile's name.
const NAME_MAX: usize = 80;

/// The routes of mapping profiles. A statement may hold any entity's lines, so they need the role on all of them.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let reviewer = Access::Everywhere(Role::Reviewer);
    vec![
        Row::get("/imports/columns/{digest}", reviewer, get(show::<S>)),
        Row::post("/imports/columns/{digest}", reviewer, post(set::<S>)),
    ]
}

/// A line as it would be read.
struct Line {
    place: String,
    date: String,
    amount: String,
    is_out: bool,
    party: String,
    account: String,
    reference: String,
    text: String,
}

impl Line {
    fn new(frame: &Frame, line: &StatementLine) -> Self {
        let references = [&line.structured_reference, &line.end_to_end_id, &line.bank_reference];
        Self {
            place: line.place.strip_prefix("line ").unwrap_or(&line.place).to_owned(),
            date: line.booking_date.or(line.value_date).map(|day| day.to_string()).unwrap_or_default(),
            amount: frame.money(&line.amount),
            is_out: line.amount.is_negative(),
            party: line.counterparty_name.clone().unwrap_or_default(),
            account: line.counterparty_account.clone().unwrap_or_default(),
            reference: references.into_iter().flatten().next().cloned().unwrap_or_default(),
            text: line.remittance.clone().unwrap_or_default(),
        }
    }
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
    rows: Vec<(u64, Vec<String>)>,
    fields: Vec<(&'static str, String)>,
    lines: Vec<Line>,
    counted: String,
    lacks: Vec<&'static str>,
    problems: Vec<String>,
    notices: Vec<String>,
    entities: Vec<Entity>,
    entity: String,
    version: i64,
    told: String,
    imported: Option<Imported>,
    is_saved: bool,
    problem: Option<String>,
}

impl ColumnsPage {
    fn is_decimal(&self, word: &str) -> bool {
        self.profile.decimal.as_deref() == Some(word)
    }

    fn is_date(&self, word: &str) -> bool {
        self.profile.date.as_deref() == Some(word)
    }
}

/// A kept statement with its bytes in a folder of its own.
struct Kept {
    input: Input,
    path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

async fn kept<S: Desk>(web: &Web<S>, digest: &str) -> Result<Kept, WebError> {
    let digest = digest_of(digest)?;
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
    /// Name of the profile whose version was told.
    told: String,
    entity: String,
    imported: Option<Imported>,
    is_saved: bool,
    problem: Option<String>,
}

/// The profiles a table may be recognised by: those that are on, of the entity where one was said, and those of every entity.
fn usable(saved: &[ImportProfile], entity: Option<&EntityId>) -> Vec<ImportProfile> {
    let fits = |profile: &&ImportProfile| match (&profile.entity, entity) {
        (Some(of), Some(asked)) => of == asked,
        (None, _) | (_, None) => true,
    };
    saved.iter().filter(|profile| profile.is_on).filter(fits).cloned().collect()
}

/// What would be read; where that cannot be said, the sentence why.
async fn preview<S: Desk>(
    web: &Web<S>,
    kept: &Kept,
    saved: Vec<ImportProfile>,
    wanted: Option<TableProfile>,
) -> Result<Result<TablePreview, String>, WebError> {
    let importer = web.importer.clone().ok_or_else(|| WebError::Unavailable("this process takes no files".to_owned()))?;
    match importer.preview(kept.path.clone(), saved, wanted).await {
        Ok(seen) => Ok(Ok(seen)),
        Err(PreviewRefused::Busy) => Err(WebError::Unavailable(PreviewRefused::Busy.to_string())),
        Err(refused) => Ok(Err(refused.to_string())),
    }
}

fn lack_words(lack: TableLack) -> &'static str {
    match lack {
        TableLack::Date => "columns-lacks-date",
        TableLack::Amount => "columns-lacks-amount",
        TableLack::AmountTwice => "columns-amount-twice",
        TableLack::Account => "columns-lacks-account",
    }
}

/// `Line 12, Amount: …`, the field by the name its column is chosen by.
fn sentence(frame: &Frame, problem: &Problem) -> String {
    let line = problem.line.map(|line| frame.t1("columns-at-line", "line", line.to_string()));
    let field = problem.field.as_ref().map(|field| {
        let is_column = FIELD_NAMES.contains(&field.as_str());
        if is_column { frame.t(&format!("column-{}", field.replace('_', "-"))) } else { field.clone() }
    });
    let place: Vec<String> = line.into_iter().chain(field).collect();
    let message = frame.said(&problem.message);
    if place.is_empty() { message } else { format!("{}: {message}", place.join(", ")) }
}

async fn columns_page<S: Desk>(
    web: &Web<S>,
    session: &Session,
    kept: &Kept,
    seen: Result<TablePreview, String>,
    says: Says,
) -> Result<Response, WebError> {
    let frame = web.frame(session, "imports");
    let (preview, unreadable) = match seen {
        Ok(preview) => (preview, None),
        Err(sentence) => (TablePreview::default(), Some(sentence)),
    };
    let mut problems: Vec<String> = unreadable.iter().map(|sentence| frame.said(sentence)).collect();
    problems.extend(preview.problems.iter().map(|problem| sentence(&frame, problem)));
    let status = if says.problem.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let columns = preview.header.into_iter().zip(preview.profile.fields.iter().cloned());
    let mut response = page(&ColumnsPage {
        columns: columns.map(|(name, field)| Column { name, field }).collect(),
        rows: preview.rows,
        digest: kept.input.digest.0.clone(),
        input: kept.input.clone(),
        fields: FIELD_NAMES.iter().map(|name| (*name, frame.t(&format!("column-{}", name.replace('_', "-"))))).collect(),
        lines: preview.lines.iter().map(|line| Line::new(&frame, line)).collect(),
        counted: frame.t1("columns-count", "count", preview.taken),
        notices: preview.notices.iter().map(|notice| frame.said(notice)).collect(),
        imported: says.imported.map(|imported| Imported {
            line: frame.said(&imported.line),
            refused: imported.refused.iter().map(|sentence| frame.said(sentence)).collect(),
            ..imported
        }),
        frame,
        profile: preview.profile,
        lacks: preview.lacks.into_iter().map(lack_words).collect(),
        problems,
        entities: web.store.entities().await?,
        entity: says.entity,
        version: says.version,
        told: says.told,
        is_saved: says.is_saved,
        problem: says.problem,
    })?;
    *response.status_mut() = status;
    Ok(response)
}

/// Whose file it is, where that is known.
#[derive(serde::Deserialize, Default)]
pub struct Asked {
    entity: Option<String>,
}

/// The file with the profile that is suggested.
pub async fn show<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(digest): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    let kept = kept(&web, &digest).await?;
    let entity = asked.entity.as_deref().filter(|id| !id.is_empty()).map(EntityId::parse).transpose();
    let entity = entity.map_err(|error| WebError::invalid("entity", error.to_string()))?;
    let saved = usable(&web.store.profiles().await?, entity.as_ref());
    let seen = preview(&web, &kept, saved.clone(), None).await?;
    // Who looks at a profile again has been told that it is there.
    let known = seen.as_ref().ok().and_then(|seen| saved.iter().find(|profile| profile.name == seen.profile.name));
    let says = Says {
        version: known.map_or(0, |profile| profile.version),
        told: known.map(|profile| profile.name.clone()).unwrap_or_default(),
        entity: known.and_then(|profile| profile.entity.clone()).or(entity).map(|id| id.as_str().to_owned()).unwrap_or_default(),
        ..Says::default()
    };
    columns_page(&web, &session, &kept, seen, says).await
}

/// Words between commas.
fn words(text: &str) -> Vec<String> {
    text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

/// The profile in a form: `name`, `decimal`, `date`, `currency`, `account`, `headless`, `out`, `credit_words`, `debit_words`, and
/// `field.N` for column N.
fn table(fields: &[(String, String)]) -> TableProfile {
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.trim().to_owned());
    let given = |name: &str| field(name).filter(|value| !value.is_empty());
    TableProfile {
        name: given("name").unwrap_or_default(),
        headless: field("headless").is_some(),
        decimal: given("decimal"),
        date: given("date"),
        currency: given("currency").map(|code| code.to_uppercase()),
        account: given("account"),
        out_is_positive: field("out").is_some(),
        credit_words: words(&field("credit_words").unwrap_or_default()),
        debit_words: words(&field("debit_words").unwrap_or_default()),
        fields: (0..TABLE_COLUMNS_MAX).map_while(|number| field(&format!("field.{number}"))).collect(),
    }
}

/// Shows what would be read, or saves the profile and takes the file in with it (`do` = `save`).
pub async fn set<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(digest): Path<String>,
    form: Sent<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let kept = kept(&web, &digest).await?;
    let sent = sent(form)?;
    let field = |name: &str| sent.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).unwrap_or_default();
    let table = table(&sent);
    let saved = web.store.profiles().await?;
    let known = saved.iter().find(|profile| profile.name == table.name);
    let version = known.map_or(0, |profile| profile.version);
    let entities = web.store.entities().await?;
    let entity = match field("entity") {
        "" => None,
        text => {
            let id = EntityId::parse(text).map_err(|error| WebError::invalid("entity", error.to_string()))?;
            session.demand(Role::Reviewer, Some(&id))?;
            let is_known = entities.iter().any(|entity| entity.id == id);
            Some(is_known.then_some(id).ok_or_else(|| WebError::invalid("entity", "there is no entity of this id"))?)
        }
    };
    let frame = web.frame(&session, "imports");
    let seen = preview(&web, &kept, usable(&saved, entity.as_ref()), Some(table.clone())).await?;
    let mut says = Says { entity: field("entity").to_owned(), ..Says::default() };
    if field("do") != "save" {
        // The version somebody was told of stays: looking again is not being told again.
        says.version = field("version").parse().unwrap_or(0);
        field("told").clone_into(&mut says.told);
        return columns_page(&web, &session, &kept, seen, says).await;
    }
    let length = table.name.chars().count();
    let is_name = (1..=NAME_MAX).contains(&length) && !table.name.chars().any(char::is_control);
    says.version = version;
    says.told.clone_from(&table.name);
    let (text, taken) = seen.as_ref().map(|seen| (seen.text.clone(), seen.taken)).unwrap_or_default();
    says.problem = if !is_name {
        Some(frame.t("columns-name-problem"))
    } else if known.is_some() && (field("version").parse() != Ok(version) || field("told") != table.name) {
        // Somebody has saved one of this name: it is replaced only by who has been told.
        Some(frame.t("columns-name-taken"))
    } else if text.is_none() || taken == 0 {
        Some(frame.t("columns-incomplete"))
    } else {
        None
    };
    let (Some(text), None) = (text, &says.problem) else {
        return columns_page(&web, &session, &kept, seen, says).await;
    };
    let profile = ImportProfile {
        name: table.name.clone(),
        version: version.saturating_add(1),
        entity: entity.clone(),
        text: text.clone(),
        is_on: true,
    };
    let is_whole = web.store.input(&kept.input.digest).await?.is_some_and(|(_, is_taken)| is_taken);
    let has_lines = web.store.has_lines(&kept.input.digest).await?;
    let mut imported = if has_lines && is_whole {
        // Nothing is left to take: it is for the next file.
        Imported { line: String::new(), refused: vec![frame.t("columns-booked")], needs_columns: None, is_taken: true }
    } else {
        let importer = web.importer.clone().ok_or_else(|| WebError::Unavailable("this process takes no files".to_owned()))?;
        let upload = Upload {
            path: kept.path.clone(),
            kind: InputKind::Statement,
            by: session.actor(),
            account: table.account.clone(),
            entity,
            profile: Some(text),
        };
        importer.import(upload).await.unwrap_or_else(|sentence| Imported {
            line: String::new(),
            refused: vec![sentence],
            needs_columns: None,
            is_taken: false,
        })
    };
    // A profile that has taken something is kept, and no other: one that failed would be tried on every file to come.
    if imported.is_taken {
        let is_new =
            known.is_none_or(|known| (&known.text, &known.entity, known.is_on) != (&profile.text, &profile.entity, true));
        let changes = if is_new { vec![Change::ProfileSet(profile.clone())] } else { Vec::new() };
        let kept = if is_new {
            web.store.apply(ChangeSet { by: session.actor(), at: web.now(), changes }).await.map(|_| ())
        } else {
            Ok(())
        };
        match kept {
            Ok(()) => {
                says.is_saved = true;
                says.version = if is_new { profile.version } else { version };
            }
            Err(StoreError::Conflict(_)) => imported.refused.push(frame.t("columns-conflict")),
            Err(error) => return Err(error.into()),
        }
    }
    says.imported = Some(imported);
    columns_page(&web, &session, &kept, seen, says).await
}
