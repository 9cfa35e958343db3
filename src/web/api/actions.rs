//! Changes: deciding, undoing, taking, assigning, putting off, writing. The functions are those of the pages and the command line.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use quittance_agent::desk::bulk::{self, Seen};
use quittance_agent::desk::decide::{self as desk, Outcome};
use quittance_agent::desk::ports::Selection;
use quittance_agent::desk::work;
use quittance_agent::queue::{self, Choice, Split, policy_in_force};
use quittance_rules::cases::Case;
use quittance_rules::ledger::{CaseId, DecisionId};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{CustomerId, ItemId};
use quittance_rules::users::Role;

use super::refusals::{Conflict, Guarded, NotFound, OnceKey, TooLarge, Unfit};
use super::shapes::{
    AssignBody, Batch, BatchBody, ChoiceShape, DecideBody, Decided, EntryShape, LeaseShape, LineShape, NoteBody, NoteShape,
    Preview, PreviewLine, Skipped, SnoozeBody, Stands, TakeBody, Undone,
};
use super::{body, json, once};
use crate::error::WebError;
use crate::pages::queue::{Number, case_for, failed, may_undo, person};
use crate::session::Session;
use crate::state::{Desk, Web};

fn customer(text: &str) -> Result<CustomerId, WebError> {
    CustomerId::parse(text).map_err(|error| WebError::invalid("customer", error.to_string()))
}

fn lines(lines: &[LineShape], currency: Currency) -> Result<Vec<(ItemId, Money)>, WebError> {
    lines
        .iter()
        .map(|line| {
            let item = ItemId::parse(&line.item).map_err(|error| WebError::invalid("item", error.to_string()))?;
            let amount = Money::parse(&line.amount, currency).map_err(|error| WebError::invalid("amount", error.to_string()))?;
            Ok((item, amount))
        })
        .collect()
}

/// A choice as the service functions know it; `None` refuses all candidates.
fn choice(shape: &ChoiceShape, currency: Option<Currency>) -> Result<Option<Choice>, WebError> {
    Ok(Some(match shape {
        ChoiceShape::Candidate { rank } => Choice::Candidate(*rank),
        ChoiceShape::Keep { customer: id } => Choice::KeepUnapplied(customer(id)?),
        ChoiceShape::NotOurs => Choice::NotOurs,
        ChoiceShape::Close => Choice::Close,
        ChoiceShape::Reject => return Ok(None),
        ChoiceShape::Split { items, write_offs, rest } => {
            let currency = currency.ok_or_else(|| WebError::invalid("items", "this case carries no money to apply"))?;
            Choice::Split(Split {
                items: lines(items, currency)?,
                write_offs: lines(write_offs, currency)?,
                rest: rest.as_deref().map(customer).transpose()?,
            })
        }
    }))
}

/// Decides a case. Above the policy's limit for one person the decision is proposed, and another person completes it on its page.
#[utoipa::path(post, path = "/api/v1/cases/{case}/decide", tag = "decisions",
    params(("case" = i64, Path, description = "Number of the case"), OnceKey),
    request_body = DecideBody, responses(
    (status = 200, body = Decided),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn decide<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    once(&web, &session, &headers, &format!("decide {id}"), &bytes, async {
        let wanted: DecideBody = body(&bytes)?;
        let who = person(&web, &session, case.entity.as_ref());
        let seen = Some(wanted.version);
        let Some(choice) = choice(&wanted.choice, case.amount.map(Money::currency))? else {
            let taken = desk::reject(&web.store, &web.clock, who, case.id, seen).await.map_err(failed)?;
            return json(&Decided { outcome: "decided".to_owned(), decision: Some(taken.decision.0), entries: Vec::new() });
        };
        let policy = policy_in_force(&web.store).await.map_err(failed)?;
        let outcome = desk::decide(&web.store, &web.clock, &policy, who, case.id, choice, seen).await.map_err(failed)?;
        json(&match outcome {
            Outcome::Decided(taken) => Decided {
                outcome: "decided".to_owned(),
                decision: Some(taken.decision.0),
                entries: taken.entries.iter().map(EntryShape::from).collect(),
            },
            Outcome::Proposed(proposal) => Decided {
                outcome: "proposed".to_owned(),
                decision: None,
                entries: proposal.entries.iter().map(EntryShape::from).collect(),
            },
        })
    })
    .await
}

fn stands(case: &Case) -> Stands {
    Stands { case: case.id.0, version: case.version, state: case.state.name().to_owned() }
}

/// Takes a proposal back.
#[utoipa::path(post, path = "/api/v1/cases/{case}/withdraw", tag = "decisions",
    params(("case" = i64, Path, description = "Number of the case"), OnceKey), responses(
    (status = 200, body = Stands),
    Guarded, NotFound, Conflict, Unfit,
))]
pub(super) async fn withdraw<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    once(&web, &session, &headers, &format!("withdraw {id}"), &bytes, async {
        let who = person(&web, &session, case.entity.as_ref());
        desk::withdraw(&web.store, &web.clock, who, case.id).await.map_err(failed)?;
        json(&stands(&case))
    })
    .await
}

/// Takes a case for the policy's minutes, or gives it back. Nobody else may decide it until then.
#[utoipa::path(post, path = "/api/v1/cases/{case}/take", tag = "work",
    params(("case" = i64, Path, description = "Number of the case"), OnceKey),
    request_body = TakeBody, responses(
    (status = 200, body = LeaseShape),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn take<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    once(&web, &session, &headers, &format!("take {id}"), &bytes, async {
        let wanted: TakeBody = body(&bytes)?;
        let name = session.user.id.as_str();
        if wanted.give_back {
            work::give_back(&web.store, &web.clock, name, case.id).await.map_err(failed)?;
            return json(&LeaseShape { by: None, until: None });
        }
        let policy = policy_in_force(&web.store).await.map_err(failed)?;
        let lease = work::take(&web.store, &web.clock, &policy, name, case.id).await.map_err(failed)?;
        json(&LeaseShape { by: Some(lease.by), until: Some(lease.until.to_string()) })
    })
    .await
}

/// Gives a case to somebody, or back to nobody.
#[utoipa::path(post, path = "/api/v1/cases/{case}/assign", tag = "work",
    params(("case" = i64, Path, description = "Number of the case"), OnceKey),
    request_body = AssignBody, responses(
    (status = 200, body = Stands),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn assign<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    once(&web, &session, &headers, &format!("assign {id}"), &bytes, async {
        let wanted: AssignBody = body(&bytes)?;
        let by = session.user.id.as_str();
        let changed = work::assign(&web.store, &web.clock, by, case.id, wanted.to.as_deref(), wanted.version).await;
        json(&stands(&changed.map_err(failed)?))
    })
    .await
}

/// Puts a case off until a day, or until something new is known about it.
#[utoipa::path(post, path = "/api/v1/cases/{case}/snooze", tag = "work",
    params(("case" = i64, Path, description = "Number of the case"), OnceKey),
    request_body = SnoozeBody, responses(
    (status = 200, body = Stands),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn snooze<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    once(&web, &session, &headers, &format!("snooze {id}"), &bytes, async {
        let wanted: SnoozeBody = body(&bytes)?;
        let until = match wanted.until.as_str() {
            "news" => work::Until::News,
            day => {
                work::Until::Day(day.parse().map_err(|_| WebError::invalid("until", "it is a day such as 2026-12-01, or news"))?)
            }
        };
        let by = session.user.id.as_str();
        let changed = work::snooze(&web.store, &web.clock, by, case.id, until, wanted.version).await.map_err(failed)?;
        json(&stands(&changed))
    })
    .await
}

/// Writes on a case.
#[utoipa::path(post, path = "/api/v1/cases/{case}/notes", tag = "work",
    params(("case" = i64, Path, description = "Number of the case"), OnceKey),
    request_body = NoteBody, responses(
    (status = 200, body = NoteShape),
    Guarded, NotFound, TooLarge, Unfit,
))]
pub(super) async fn note<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    once(&web, &session, &headers, &format!("note {id}"), &bytes, async {
        let wanted: NoteBody = body(&bytes)?;
        let by = session.user.id.as_str();
        let note = work::note(&web.store, &web.clock, by, case.id, &wanted.text).await.map_err(failed)?;
        json(&NoteShape::from(note))
    })
    .await
}

/// Undoes one decision by reversal.
#[utoipa::path(post, path = "/api/v1/decisions/{decision}/undo", tag = "decisions",
    params(("decision" = i64, Path, description = "Number of the decision"), OnceKey), responses(
    (status = 200, body = Undone),
    Guarded, NotFound, Conflict, Unfit,
))]
pub(super) async fn undo<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let decision = web.store.decision(DecisionId(id)).await?.ok_or(WebError::NotFound)?;
    may_undo(&web, &session, &[decision.id]).await?;
    once(&web, &session, &headers, &format!("undo {id}"), &bytes, async {
        let by = session.user.id.as_str();
        let taken = queue::undo(&web.store, &web.clock, by, decision.id).await.map_err(failed)?;
        json(&Undone { undone: 1, skipped: Vec::new(), case: taken.case.map(|case| case.id.0) })
    })
    .await
}

async fn seen<S: Desk>(web: &Web<S>, session: &Session, wanted: &BatchBody) -> Result<(Vec<Seen>, Choice), WebError> {
    if wanted.cases.len() > bulk::GROUP_MAX {
        return Err(WebError::invalid("cases", format!("a batch has at most {} cases", bulk::GROUP_MAX)));
    }
    let mut cases = Vec::with_capacity(wanted.cases.len());
    for one in &wanted.cases {
        case_for(web, session, one.case, Role::Reviewer).await?;
        cases.push((CaseId(one.case), Some(one.version)));
    }
    let choice = match &wanted.choice {
        ChoiceShape::Reject | ChoiceShape::Split { .. } => None,
        other => choice(other, None)?,
    };
    Ok((cases, choice.ok_or_else(|| WebError::invalid("choice", "a batch is answered by candidate, keep, not_ours or close"))?))
}

/// Shows what one answer would do to several cases. Nothing is written.
#[utoipa::path(post, path = "/api/v1/batches/preview", tag = "batches", request_body = BatchBody, responses(
    (status = 200, body = Preview),
    Guarded, NotFound, TooLarge, Unfit,
))]
pub(super) async fn preview<S: Desk>(State(web): State<Web<S>>, session: Session, bytes: Bytes) -> Result<Response, WebError> {
    let wanted: BatchBody = body(&bytes)?;
    let (cases, choice) = seen(&web, &session, &wanted).await?;
    let by = session.user.id.as_str();
    let preview = bulk::preview_group(&web.store, &web.clock, by, &cases, &choice).await.map_err(failed)?;
    let is_whole = preview.is_whole();
    let lines = preview.lines.into_iter().map(|line| PreviewLine {
        case: line.case.0,
        version: line.version,
        headline: line.headline,
        entries: line.entries.iter().map(EntryShape::from).collect(),
        refusal: line.refusal,
    });
    json(&Preview { lines: lines.collect(), is_whole, money: preview.money.into_iter().map(Into::into).collect() })
        .map(super::written)
}

/// Decides several cases with one answer, whole or not at all.
#[utoipa::path(post, path = "/api/v1/batches", tag = "batches",
    params(OnceKey),
    request_body = BatchBody, responses(
    (status = 200, body = Batch),
    Guarded, NotFound, Conflict, TooLarge, Unfit,
))]
pub(super) async fn batch<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    once(&web, &session, &headers, "batch", &bytes, async {
        let wanted: BatchBody = body(&bytes)?;
        let (cases, choice) = seen(&web, &session, &wanted).await?;
        let by = session.user.id.as_str();
        let done = bulk::decide_group(&web.store, &web.clock, by, &cases, &choice).await.map_err(failed)?;
        json(&Batch { entry: done.entry, decided: done.decided })
    })
    .await
}

/// Undoes every decision of a batch in one action.
#[utoipa::path(post, path = "/api/v1/batches/{entry}/undo", tag = "batches",
    params(("entry" = i64, Path, description = "The audit entry of the batch"), OnceKey), responses(
    (status = 200, body = Undone),
    Guarded, NotFound, Conflict, Unfit,
))]
pub(super) async fn undo_batch<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(entry): Number,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, WebError> {
    let selection = Selection::Entry(entry);
    may_undo(&web, &session, &web.store.selected(&selection).await?).await?;
    once(&web, &session, &headers, &format!("undo batch {entry}"), &bytes, async {
        let by = session.user.id.as_str();
        let report = bulk::undo_many(&web.store, &web.clock, by, &selection).await.map_err(failed)?;
        let skipped = report.skipped.into_iter().map(|(decision, reason)| Skipped { decision: decision.0, reason });
        json(&Undone { undone: report.undone, skipped: skipped.collect(), case: None })
    })
    .await
}
