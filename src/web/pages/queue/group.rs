//! One answer for several cases: shown case by case first, then taken whole or not at all.

use askama::Template;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use quittance_agent::desk::bulk::{self, GroupPreview, Seen};
use quittance_agent::desk::explain::{Items, sentence};
use quittance_agent::queue::Choice;
use quittance_rules::ledger::{CaseId, Entry};
use quittance_rules::records::CustomerId;
use quittance_rules::users::Role;
use serde::Deserialize;

use super::keys::KeyMap;
use super::{Done, Sent, case_for, failed, sent, words};
use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::session::Session;
use crate::state::{Desk, Web};

/// The cases and the one answer.
#[derive(Deserialize)]
pub(super) struct GroupForm {
    /// Cases with the version seen: `12.1,15.3`.
    cases: String,
    /// `candidate`, `keep`, `not_ours`, `close`.
    choice: String,
    #[serde(default)]
    customer: String,
    #[serde(default)]
    query: String,
}

#[derive(Template)]
#[template(path = "group.html")]
struct GroupPage {
    frame: Frame,
    keys: KeyMap,
    preview: GroupPreview,
    sentences: Vec<Vec<String>>,
    cases: String,
    choice: String,
    customer: String,
    question: String,
    refused: usize,
}

impl GroupPage {
    fn said(&self, text: &str) -> String {
        words::said(&self.frame, text)
    }
    fn back(&self) -> String {
        if self.question.is_empty() { "/queue".to_owned() } else { format!("/queue?{}", self.question) }
    }
    fn answer(&self) -> String {
        self.frame.t(&format!("group-{}", self.choice.replace('_', "-")))
    }
}

fn parse(form: &GroupForm) -> Result<(Vec<Seen>, Choice), WebError> {
    let wrong = || WebError::invalid("cases", "write them as CASE.VERSION with commas between");
    let cases: Vec<Seen> = form
        .cases
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (case, version) = part.split_once('.').ok_or_else(wrong)?;
            Ok((CaseId(case.parse().map_err(|_| wrong())?), Some(version.parse().map_err(|_| wrong())?)))
        })
        .collect::<Result<_, WebError>>()?;
    let choice =
        match form.choice.as_str() {
            "candidate" => Choice::Candidate(1),
            "not_ours" => Choice::NotOurs,
            "close" => Choice::Close,
            "keep" => Choice::KeepUnapplied(CustomerId::parse(form.customer.trim()).map_err(|error| {
                WebError::invalid("customer", format!("name the customer on whose account it stays: {error}"))
            })?),
            _ => return Err(WebError::invalid("choice", "it is candidate, keep, not_ours or close")),
        };
    Ok((cases, choice))
}

/// Refuses a group with a case the person may not decide.
async fn may_decide<S: Desk>(web: &Web<S>, session: &Session, cases: &[Seen]) -> Result<(), WebError> {
    if cases.len() > bulk::GROUP_MAX {
        return Err(WebError::invalid("cases", format!("a group answer is for at most {} cases", bulk::GROUP_MAX)));
    }
    for (case, _) in cases {
        case_for(web, session, case.0, Role::Reviewer).await?;
    }
    Ok(())
}

/// Shows what one answer would do to each case.
pub(super) async fn preview<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    form: Sent<GroupForm>,
) -> Result<Response, WebError> {
    let form = sent(form)?;
    let (cases, choice) = parse(&form)?;
    may_decide(&web, &session, &cases).await?;
    let by = session.user.id.as_str();
    let preview = bulk::preview_group(&web.store, &web.clock, by, &cases, &choice).await.map_err(failed)?;
    let mut sentences = Vec::new();
    for line in &preview.lines {
        sentences.push(in_words(&web, &line.entries).await?);
    }
    page(&GroupPage {
        frame: web.frame(&session, "queue"),
        keys: KeyMap::of(&web, by).await?,
        refused: preview.lines.iter().filter(|line| line.refusal.is_some()).count(),
        cases: form.cases,
        choice: form.choice,
        customer: form.customer,
        question: form.query,
        sentences,
        preview,
    })
}

async fn in_words<S: Desk>(web: &Web<S>, entries: &[Entry]) -> Result<Vec<String>, WebError> {
    let mut items = Items::new();
    let mut customers = std::collections::BTreeMap::new();
    for entry in entries {
        if let Some(id) = &entry.item
            && let Some(item) = web.store.item(id).await?
        {
            items.insert(id.clone(), item);
        }
        if let Some(id) = &entry.customer
            && let Some(customer) = web.store.customer(id).await?
        {
            customers.insert(id.clone(), customer);
        }
    }
    Ok(entries.iter().map(|entry| sentence(entry, &items, &customers)).collect())
}

/// Takes the answer for all of them.
pub(super) async fn decide<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    headers: HeaderMap,
    form: Sent<GroupForm>,
) -> Result<Response, WebError> {
    let form = sent(form)?;
    let (cases, choice) = parse(&form)?;
    may_decide(&web, &session, &cases).await?;
    let by = session.user.id.as_str();
    let batch = bulk::decide_group(&web.store, &web.clock, by, &cases, &choice).await.map_err(failed)?;
    let count = i64::try_from(batch.decided).unwrap_or(i64::MAX);
    let notice = web.frame(&session, "queue").t1("did-group", "count", count);
    let pairs = super::list::parse_pairs(&form.query);
    let query =
        quittance_agent::desk::list::Query::parse(pairs.iter().map(|(n, v)| (n.as_str(), v.as_str()))).unwrap_or_default();
    Done { next: super::list_address(&query), notice, undo: None, batch: Some(batch.entry) }.answer(&headers)
}
