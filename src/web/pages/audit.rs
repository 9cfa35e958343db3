//! The audit log: what was changed, by whom, and whether the chain is whole.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use quittance_agent::ports::VerifyReport;
use quittance_rules::journal::AuditEntry;
use quittance_rules::users::Role;
use serde::Deserialize;

use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};
use crate::zone::Zone;

const PAGE: u32 = 50;
/// Largest text of an entry that is shown; an import of thousands of lines is one entry.
const SHOWN: usize = 4_000;

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

/// `3 line booked, 1 case opened`: what an entry holds, counted by the name of the change.
fn summary(changes: &str) -> String {
    let Ok(serde_json::Value::Array(changes)) = serde_json::from_str(changes) else { return "?".to_owned() };
    let mut counts: Vec<(String, u64)> = Vec::new();
    for change in &changes {
        let name = change.get("change").and_then(serde_json::Value::as_str).unwrap_or("?").replace('_', " ");
        match counts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    let words = counts.into_iter().map(|(name, count)| if count == 1 { name } else { format!("{count} × {name}") });
    words.collect::<Vec<_>>().join(", ")
}

fn line(entry: &AuditEntry, zone: &Zone) -> EntryLine {
    let changes: String = entry.changes.chars().take(SHOWN).collect();
    EntryLine {
        seq: entry.seq,
        at: zone.instant(entry.at),
        by: entry.by.strip_prefix("person:").unwrap_or(&entry.by).to_owned(),
        is_rule: !entry.by.starts_with("person:"),
        summary: summary(&entry.changes),
        hash: entry.hash.chars().take(12).collect(),
        is_cut: changes.len() < entry.changes.len(),
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
    page(&AuditPage {
        frame: web.frame(session, "audit"),
        entries: entries.iter().map(|entry| line(entry, &zone)).collect(),
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
        assert_eq!(
            summary(r#"[{"change":"line_booked"},{"change":"case_opened"},{"change":"line_booked"}]"#),
            "2 × line booked, case opened"
        );
        assert_eq!(summary("nonsense"), "?");
    }
}
