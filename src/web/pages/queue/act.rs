//! What a person does about one case. Every action answers a form and a script alike.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use quittance_agent::desk::decide::{self as desk, Outcome};
use quittance_agent::desk::list::Query;
use quittance_agent::desk::ports::Selection;
use quittance_agent::desk::{bulk, work};
use quittance_agent::queue::{self, Choice, Split, policy_in_force};
use quittance_rules::cases::Case;
use quittance_rules::ledger::DecisionId;
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{CustomerId, ItemId};
use quittance_rules::users::Role;
use serde::Deserialize;

use super::case::place_after;
use super::list::parse_pairs;
use super::{Done, Number, Sent, case_address, case_for, failed, may_undo, person, sent};
use crate::error::WebError;
use crate::session::Session;
use crate::state::{Desk, Web};

/// The question a form carries along, so that the next case is the next in the person's order.
pub(super) async fn question<S: Desk>(web: &Web<S>, session: &Session, text: &str) -> Result<Query, WebError> {
    let pairs = parse_pairs(text);
    let pairs = pairs.iter().filter(|(name, _)| name != "did" && name != "batch").map(|(n, v)| (n.as_str(), v.as_str()));
    // A question that does not read is no reason not to decide: then the order is the usual one.
    let mut query = Query::parse(pairs).unwrap_or_default();
    query.allowed = session.entities(Role::Viewer);
    query.user = session.user.id.as_str().to_owned();
    query.now = web.now();
    query.limit = 1;
    web.set_days(session, &mut query).await?;
    Ok(query)
}

/// A decision.
#[derive(Deserialize, Default)]
pub(super) struct Decide {
    version: i64,
    choice: String,
    #[serde(default)]
    candidate: Option<u32>,
    #[serde(default)]
    customer: String,
    #[serde(default)]
    lines: String,
    #[serde(default)]
    write_offs: String,
    #[serde(default)]
    query: String,
}

/// What a form chooses: `candidate` (with its rank), `keep`, `not_ours`, `close`, `split`, `reject`.
async fn choice<S: Desk>(web: &Web<S>, form: &Decide, case: &Case) -> Result<Option<Choice>, WebError> {
    let customer = || {
        CustomerId::parse(form.customer.trim())
            .map_err(|error| WebError::invalid("customer", format!("name the customer on whose account it stays: {error}")))
    };
    Ok(Some(match form.choice.as_str() {
        "reject" => return Ok(None),
        "not_ours" => Choice::NotOurs,
        "close" => Choice::Close,
        "keep" => Choice::KeepUnapplied(customer()?),
        "split" => {
            let currency = case
                .amount
                .map(Money::currency)
                .ok_or_else(|| WebError::invalid("lines", "this case carries no money to apply"))?;
            let rest = if form.customer.trim().is_empty() { None } else { Some(customer()?) };
            Choice::Split(Split {
                items: split_lines(web, case, ("lines", &form.lines), currency).await?,
                write_offs: split_lines(web, case, ("write_offs", &form.write_offs), currency).await?,
                rest,
            })
        }
        "candidate" => Choice::Candidate(form.candidate.unwrap_or(1)),
        _ => return Err(WebError::invalid("choice", "it is candidate, keep, not_ours, close, split or reject")),
    }))
}

/// Lines `ITEM=AMOUNT`, one each: an item by its number, as the page shows it, or by its id.
async fn split_lines<S: Desk>(
    web: &Web<S>,
    case: &Case,
    (field, text): (&'static str, &str),
    currency: Currency,
) -> Result<Vec<(ItemId, Money)>, WebError> {
    let mut lines = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let wrong = |what: String| WebError::invalid(field, format!("`{}`: {what}", line.chars().take(60).collect::<String>()));
        let (item, amount) = line.rsplit_once('=').ok_or_else(|| wrong("write ITEM=AMOUNT".to_owned()))?;
        let amount = Money::parse(amount.trim(), currency).map_err(|error| wrong(error.to_string()))?;
        lines.push((item_named(web, case, item.trim()).await?.map_err(wrong)?, amount));
    }
    Ok(lines)
}

/// The open item of a case's entity that is meant by a text; the sentence why there is none, or not only one.
async fn item_named<S: Desk>(web: &Web<S>, case: &Case, text: &str) -> Result<Result<ItemId, String>, WebError> {
    /// Items looked at: a number names one, rarely a few.
    const ALIKE_MAX: u32 = 20;
    let id = ItemId::parse(text);
    if let Ok(id) = &id
        && web.store.item(id).await?.is_some()
    {
        return Ok(Ok(id.clone()));
    }
    let found = match &case.entity {
        Some(entity) if !text.is_empty() => web.store.items_like(entity, text, ALIKE_MAX).await?,
        Some(_) | None => Vec::new(),
    };
    let same: Vec<ItemId> =
        found.into_iter().filter(|item| item.item.number.eq_ignore_ascii_case(text)).map(|item| item.item.id).collect();
    Ok(match same.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(format!("there is no open item {text}")),
        several => {
            let ids: Vec<&str> = several.iter().map(ItemId::as_str).collect();
            Err(format!("several open items have this number; name one by its id: {}", ids.join(", ")))
        }
    })
}

/// Decides, and leads on to the next case in the person's order.
pub(super) async fn decide<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    form: Sent<Decide>,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    let form = sent(form)?;
    let who = person(&web, &session, case.entity.as_ref());
    let frame = web.frame(&session, "queue");
    let (undo, notice) = match choice(&web, &form, &case).await? {
        None => {
            let taken = desk::reject(&web.store, &web.clock, who, case.id, Some(form.version)).await.map_err(failed)?;
            (Some(taken.decision), frame.t1("did-reject", "case", id))
        }
        Some(choice) => {
            let policy = policy_in_force(&web.store).await.map_err(failed)?;
            let decided = desk::decide(&web.store, &web.clock, &policy, who, case.id, choice, Some(form.version)).await;
            match decided.map_err(failed)? {
                Outcome::Decided(taken) => (Some(taken.decision), frame.t1("did-decide", "case", id)),
                Outcome::Proposed(_) => (None, frame.t1("did-propose", "case", id)),
            }
        }
    };
    let query = question(&web, &session, &form.query).await?;
    let next = place_after(&web, &query, case.id).await?;
    Done { next, notice, undo, batch: None }.answer(&headers)
}

/// A form that only carries the question along, and the version it was made from.
#[derive(Deserialize, Default)]
pub(super) struct Plain {
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    query: String,
}

/// Completes the proposal on a case.
pub(super) async fn complete<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    form: Sent<Plain>,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Approver).await?;
    let form = sent(form)?;
    let who = person(&web, &session, case.entity.as_ref());
    let taken = desk::complete(&web.store, &web.clock, who, case.id, form.version).await.map_err(failed)?;
    let query = question(&web, &session, &form.query).await?;
    let next = place_after(&web, &query, case.id).await?;
    let notice = web.frame(&session, "queue").t1("did-decide", "case", id);
    Done { next, notice, undo: Some(taken.decision), batch: None }.answer(&headers)
}

/// Takes a proposal back.
pub(super) async fn withdraw<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    form: Sent<Plain>,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    let form = sent(form)?;
    let who = person(&web, &session, case.entity.as_ref());
    desk::withdraw(&web.store, &web.clock, who, case.id).await.map_err(failed)?;
    let query = question(&web, &session, &form.query).await?;
    let notice = web.frame(&session, "queue").t1("did-withdraw", "case", id);
    Done { next: case_address(case.id, &query), notice, undo: None, batch: None }.answer(&headers)
}

/// Takes a case, or gives it back.
#[derive(Deserialize, Default)]
pub(super) struct Take {
    #[serde(default)]
    back: String,
    #[serde(default)]
    query: String,
}

/// Takes a case for the policy's minutes, or gives it back.
pub(super) async fn take<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    form: Sent<Take>,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    let form = sent(form)?;
    let name = session.user.id.as_str();
    let frame = web.frame(&session, "queue");
    let notice = if form.back == "1" {
        work::give_back(&web.store, &web.clock, name, case.id).await.map_err(failed)?;
        frame.t1("did-give-back", "case", id)
    } else {
        let policy = policy_in_force(&web.store).await.map_err(failed)?;
        work::take(&web.store, &web.clock, &policy, name, case.id).await.map_err(failed)?;
        frame.t1("did-take", "case", id)
    };
    let query = question(&web, &session, &form.query).await?;
    Done { next: case_address(case.id, &query), notice, undo: None, batch: None }.answer(&headers)
}

/// Whose a case shall be.
#[derive(Deserialize, Default)]
pub(super) struct Assign {
    #[serde(default)]
    to: String,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    query: String,
}

/// Gives a case to somebody; an empty name to nobody.
pub(super) async fn assign<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    form: Sent<Assign>,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    let form = sent(form)?;
    let to = Some(form.to.trim()).filter(|name| !name.is_empty());
    let by = session.user.id.as_str();
    work::assign(&web.store, &web.clock, by, case.id, to, form.version).await.map_err(failed)?;
    let frame = web.frame(&session, "queue");
    let notice = match to {
        Some(name) => frame.t2("did-assign", "case", id, "name", name.to_owned()),
        None => frame.t1("did-unassign", "case", id),
    };
    let query = question(&web, &session, &form.query).await?;
    Done { next: case_address(case.id, &query), notice, undo: None, batch: None }.answer(&headers)
}

/// Until when a case is put off.
#[derive(Deserialize, Default)]
pub(super) struct Snooze {
    #[serde(default)]
    until: String,
    #[serde(default)]
    day: String,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    query: String,
}

/// Puts a case off, and leads on.
pub(super) async fn snooze<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    form: Sent<Snooze>,
) -> Result<Response, WebError> {
    use jiff::ToSpan as _;
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    let form = sent(form)?;
    let today = web.zone_of(&session, case.entity.as_ref()).await?.day(web.now());
    let wanted = if form.until == "day" { form.day.as_str() } else { form.until.as_str() };
    let until = match wanted {
        "news" => work::Until::News,
        "tomorrow" => work::Until::Day(today.saturating_add(1.day())),
        "week" => work::Until::Day(today.saturating_add(7.days())),
        day => work::Until::Day(
            day.parse().map_err(|_| WebError::invalid("until", "it is tomorrow, week, news or a day such as 2026-12-01"))?,
        ),
    };
    let by = session.user.id.as_str();
    work::snooze(&web.store, &web.clock, by, case.id, until, form.version).await.map_err(failed)?;
    let query = question(&web, &session, &form.query).await?;
    let next = place_after(&web, &query, case.id).await?;
    let frame = web.frame(&session, "queue");
    let notice = match until {
        work::Until::News => frame.t1("did-snooze-news", "case", id),
        work::Until::Day(day) => frame.t2("did-snooze", "case", id, "day", day.to_string()),
    };
    Done { next, notice, undo: None, batch: None }.answer(&headers)
}

/// A note.
#[derive(Deserialize)]
pub(super) struct NoteForm {
    text: String,
    #[serde(default)]
    query: String,
}

/// Writes on a case.
pub(super) async fn note<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    headers: HeaderMap,
    form: Sent<NoteForm>,
) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Reviewer).await?;
    let form = sent(form)?;
    work::note(&web.store, &web.clock, session.user.id.as_str(), case.id, &form.text).await.map_err(failed)?;
    let query = question(&web, &session, &form.query).await?;
    let notice = web.frame(&session, "queue").t1("did-note", "case", id);
    Done { next: case_address(case.id, &query), notice, undo: None, batch: None }.answer(&headers)
}

/// Says that the person looks at a case now; the page tells so every now and then.
pub(super) async fn seen<S: Desk>(State(web): State<Web<S>>, session: Session, Number(id): Number) -> Result<Response, WebError> {
    let case = case_for(&web, &session, id, Role::Viewer).await?;
    web.store.seen(case.id, session.user.id.as_str(), web.now()).await?;
    let since = web.now().saturating_sub(jiff::SignedDuration::from_secs(45)).unwrap_or_default();
    let others = web.store.present(&[case.id], since).await?.into_iter().map(|(_, name)| name);
    let others: Vec<String> = others.filter(|name| name != session.user.id.as_str()).collect();
    let words = (!others.is_empty()).then(|| web.frame(&session, "queue").t1("case-present", "names", others.join(", ")));
    Ok(axum::Json(serde_json::json!({ "version": case.version, "present": words })).into_response())
}

fn every_rule() -> String {
    "*".to_owned()
}

/// What is undone: a decision, or a batch by its audit entry.
#[derive(Deserialize)]
pub(super) struct Undo {
    #[serde(default)]
    decision: Option<i64>,
    #[serde(default)]
    batch: Option<i64>,
    /// A day at the desk: what the rules settled on it.
    #[serde(default)]
    rule_day: String,
    /// Only what this rule settled.
    #[serde(default = "every_rule")]
    rule: String,
    #[serde(default)]
    query: String,
}

/// Undoes by reversal, and leads to the case that waits again.
pub(super) async fn undo<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    headers: HeaderMap,
    form: Sent<Undo>,
) -> Result<Response, WebError> {
    let form = sent(form)?;
    let by = session.user.id.as_str();
    let frame = web.frame(&session, "queue");
    let query = question(&web, &session, &form.query).await?;
    let done = match (form.decision, form.batch) {
        (Some(decision), None) => {
            may_undo(&web, &session, &[DecisionId(decision)]).await?;
            let taken = queue::undo(&web.store, &web.clock, by, DecisionId(decision)).await.map_err(failed)?;
            let next = taken.case.map_or_else(|| "/queue".to_owned(), |case| case_address(case.id, &query));
            Done { next, notice: frame.t1("did-undo", "decision", decision), undo: None, batch: None }
        }
        (None, None) if !form.rule_day.is_empty() => {
            // It takes back what nobody looked at one by one, on every book: an approver of all of them, freshly confirmed.
            if !session.user.may_everywhere(Role::Approver) {
                return Err(WebError::Forbidden(
                    "undoing a day of the rules needs the role approver for all entities".to_owned(),
                ));
            }
            session.demand_step_up(web.now(), &web.settings)?;
            let day: jiff::civil::Date =
                form.rule_day.parse().map_err(|_| WebError::invalid("rule_day", "it is a day such as 2026-12-01"))?;
            let zone = web.zone(&session).await?;
            let next = day.tomorrow().ok().and_then(|next| zone.start(next));
            let next = next.ok_or_else(|| WebError::invalid("rule_day", "there is no day after it"))?;
            let from = zone.start(day).ok_or_else(|| WebError::invalid("rule_day", "it is no day of this calendar"))?;
            // `*` is every rule, nothing the pattern built into the gate, anything else a rule of the policy by its name.
            let rule = Some(form.rule.trim().to_owned()).filter(|name| name != "*");
            let selection = Selection::ByRule { from, to: next, rule };
            let report = bulk::undo_many(&web.store, &web.clock, by, &selection).await.map_err(failed)?;
            let count = i64::try_from(report.undone).unwrap_or(i64::MAX);
            let notice = frame.t1("did-undo-batch", "count", count);
            Done { next: super::list_address(&query), notice, undo: None, batch: None }
        }
        (None, Some(entry)) => {
            let selection = Selection::Entry(entry);
            may_undo(&web, &session, &web.store.selected(&selection).await?).await?;
            let report = bulk::undo_many(&web.store, &web.clock, by, &selection).await.map_err(failed)?;
            let count = i64::try_from(report.undone).unwrap_or(i64::MAX);
            Done {
                next: super::list_address(&query),
                notice: frame.t1("did-undo-batch", "count", count),
                undo: None,
                batch: None,
            }
        }
        _ => return Err(WebError::invalid("decision", "name one decision or one batch")),
    };
    done.answer(&headers)
}
