//! The audit log: what was changed, by whom, and whether the chain is whole.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use quittance_agent::ports::VerifyReport;
use quittance_rules::journal::AuditEntry;
use quittance_rules::users::Role;
use serde::Deserialize;
use serde_json::Value;

use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};
use crate::zone::Zone;

const PAGE: u32 = 50;
/// Largest text of an entry that is shown; an import of thousands of lines is one entry.
const SHOWN: usize = 6_000;
/// Cases named beside an entry.
const CASES_SHOWN: usize = 3;

/// The routes of the log. An entry may hold changes of several entities, so it is for those who see all of them.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    vec![
        Row::get("/audit", Access::Everywhere(Role::Viewer), get(list::<S>)),
        Row::post("/audit/verify", Access::Everywhere(Role::Approver), post(verify::<S>)),
    ]
}

/// Place in the list.
#[derive(Deserialize, Default)]
pub struct Asked {
    before: Option<i64>,
}

struct EntryLine {
    seq: i64,
    at: String,
    by: String,
    is_rule: bool,
    summary: String,
    cases: Vec<i64>,
    hash: String,
    changes: String,
    is_cut: bool,
}

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    frame: Frame,
    entries: Vec<EntryLine>,
    next: Option<i64>,
    is_first: bool,
    report: Option<VerifyReport>,
    may_verify: bool,
    head: i64,
}

/// `3 × line booked, case opened`: what an entry holds, counted by the name of the change; `word` gives the words of a key.
fn summary(changes: &[Value], word: impl Fn(&str) -> String) -> String {
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for change in changes {
        let name = change.get("change").and_then(Value::as_str).unwrap_or("?");
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    let words = counts.into_iter().map(|(name, count)| {
        let name = word(&format!("change-{}", name.replace('_', "-")));
        if count == 1 { name } else { format!("{count} × {name}") }
    });
    words.collect::<Vec<_>>().join(", ")
}

/// The cases an entry opens, changes or decides, each once, at most [`CASES_SHOWN`].
fn cases(changes: &[Value]) -> Vec<i64> {
    let mut cases: Vec<i64> = Vec::new();
    for change in changes {
        let field = match change.get("change").and_then(Value::as_str) {
            Some("case_opened" | "case_changed") => "id",
            _ => "case",
        };
        if let Some(case) = change.get(field).and_then(Value::as_i64)
            && !cases.contains(&case)
        {
            cases.push(case);
        }
    }
    cases.truncate(CASES_SHOWN);
    cases
}

/// JSON that stands in a text within JSON, as what it is: to be read by people.
fn unfolded(value: Value) -> Value {
    match value {
        Value::String(text) if text.starts_with(['{', '[']) => serde_json::from_str(&text).map_or(Value::String(text), unfolded),
        Value::Array(parts) => Value::Array(parts.into_iter().map(unfolded).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, unfolded(value))).collect()),
        other => other,
    }
}

fn line(frame: &Frame, entry: &AuditEntry, zone: &Zone) -> EntryLine {
    // What cannot be read is shown as it stands.
    let parsed: Vec<Value> = serde_json::from_str(&entry.changes).unwrap_or_default();
    let (cases, summary) = (cases(&parsed), summary(&parsed, |key| frame.t(key)));
    let whole = match parsed.is_empty() {
        true => entry.changes.clone(),
        false => serde_json::to_string_pretty(&unfolded(Value::Array(parsed))).unwrap_or_else(|_| entry.changes.clone()),
    };
    let changes: String = whole.chars().take(SHOWN).collect();
    EntryLine {
        seq: entry.seq,
        at: zone.instant(entry.at),
        by: entry.by.strip_prefix("person:").unwrap_or(&entry.by).to_owned(),
        is_rule: !entry.by.starts_with("person:"),
        summary: if summary.is_empty() { "?".to_owned() } else { summary },
        cases,
        hash: entry.hash.chars().take(12).collect(),
        is_cut: changes.len() < whole.len(),
        changes,
    }
}

async fn audit_page<S: Desk>(
    web: &Web<S>,
    session: &Session,
    before: Option<i64>,
    report: Option<VerifyReport>,
) -> Result<Response, WebError> {
    let head = web.store.head().await?;
    let upto = before.map_or(head, |before| (before - 1).min(head)).max(0);
    let after = (upto - i64::from(PAGE)).max(0);
    // A page of the latest may be shorter than it could be: entries written meanwhile are on the next look.
    let count = u32::try_from(upto - after).unwrap_or(PAGE);
    let mut entries = if count == 0 { Vec::new() } else { web.store.audit_entries(after, count).await? };
    entries.reverse();
    let zone = web.zone(session).await?;
    let frame = web.frame(session, "audit");
    page(&AuditPage {
        entries: entries.iter().map(|entry| line(&frame, entry, &zone)).collect(),
        frame,
        next: (after > 0).then_some(after + 1),
        is_first: before.is_none(),
        report,
        may_verify: session.user.may_everywhere(Role::Approver),
        head,
    })
}

/// The log, the last first.
pub async fn list<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Query(asked): Query<Asked>,
) -> Result<Response, WebError> {
    audit_page(&web, &session, asked.before, None).await
}

/// Follows the whole chain and compares everything kept with it.
pub async fn verify<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    let report = web.store.verify().await?;
    if !report.findings.is_empty() {
        tracing::error!(findings = report.findings.len(), "the verification of the audit log found something");
    }
    audit_page(&web, &session, None, Some(report)).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_summed_up() {
        let changes = r#"[{"change":"line_booked"},{"change":"case_opened","id":7},{"change":"line_booked"},{"change":"decided","case":7}]"#;
        let changes: Vec<Value> = serde_json::from_str(changes).unwrap();
        let word = |key: &str| crate::locale::Language::English.text(key, &[]);
        assert_eq!(summary(&changes, word), "2 × line booked, case opened, decided");
        assert_eq!(cases(&changes), [7]);
        assert_eq!(
            unfolded(serde_json::json!({ "inputs": "{\"a\":1}", "text": "{no" })),
            serde_json::json!({ "inputs": { "a": 1 }, "text": "{no" })
        );
    }

    /// Every change the log can hold has words in every language: the names are read from where they are defined.
    #[test]
    fn every_change_has_words() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules/journal.rs");
        let source = std::fs::read_to_string(path).unwrap();
        let (_, body) = source.split_once("pub enum Change {").unwrap();
        let (body, _) = body.split_once("\n}\n").unwrap();
        let mut seen = 0;
        for line in body.lines().filter_map(|line| line.strip_prefix("    ")) {
            let name: String = line.chars().take_while(char::is_ascii_alphanumeric).collect();
            if !name.starts_with(|c: char| c.is_ascii_uppercase()) {
                continue;
            }
            let mut key = "change".to_owned();
            for letter in name.chars() {
                if letter.is_ascii_uppercase() {
                    key.push('-');
                }
                key.push(letter.to_ascii_lowercase());
            }
            for language in crate::locale::Language::ALL {
                assert_ne!(language.text(&key, &[]), key);
            }
            seen += 1;
        }
        assert!(seen > 20, "the search would find them: {seen}");
    }
}
