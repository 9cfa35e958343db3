//! Questions: the list, a case, customers, items, payments, the audit log.

use axum::extract::{Path, Query as Params, State};
use axum::response::Response;
use quittance_agent::desk::card::card;
use quittance_agent::desk::view::{Looker, view};
use quittance_rules::ledger::{CaseId, DecisionId};
use quittance_rules::records::{CustomerId, EntityId, ItemId, PaymentId};
use quittance_rules::users::Role;

use super::refusals::{Away, Guarded, NotFound, Unfit};
use super::shapes::{CasePage, CountsShape, DecisionShape, Groups, Listed, Notes, OfKind};
use super::{json, written};
use crate::error::WebError;
use crate::pages::queue::{Number, ask, case_for, entity_of, failed};
use crate::session::Session;
use crate::state::{Desk, Web};

type Pairs = Params<Vec<(String, String)>>;

/// The value of a parameter, where it is given and not empty.
pub(super) fn given<'p>(pairs: &'p [(String, String)], name: &str) -> Option<&'p str> {
    pairs.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// Refuses a parameter that is there and says nothing. A page's filters may be left empty; a program means something, and should be told.
fn nothing_empty(pairs: &[(String, String)]) -> Result<(), WebError> {
    match pairs.iter().find(|(name, value)| value.is_empty() && name != "q") {
        Some((name, _)) => {
            let name: String = name.chars().filter(|c| !c.is_control()).take(40).collect();
            Err(WebError::invalid("query", format!("`{name}` is empty: leave it out, or say what it is")))
        }
        None => Ok(()),
    }
}

/// How many rows of a list are asked for: the parameter `limit`.
pub(super) fn limit_of(pairs: &[(String, String)]) -> Result<u32, WebError> {
    let limit = given(pairs, "limit").unwrap_or("50").parse().ok();
    limit.filter(|limit| (1..=200).contains(limit)).ok_or_else(|| WebError::invalid("limit", "it is a number, 1 to 200"))
}

/// Lists cases.
#[utoipa::path(get, path = "/api/v1/cases", tag = "cases", params(
    ("q" = Option<String>, Query, description = "Words: payer, reference, invoice, amount, case; each must begin a word of the case"),
    ("kind" = Option<String>, Query, description = "Kind of exception, such as short_payment"),
    ("entity" = Option<String>, Query, description = "Entity"),
    ("state" = Option<String>, Query, pattern = "^(open|snoozed|resolved|all)$", description = "open, snoozed, resolved or all"),
    ("owner" = Option<String>, Query, description = "me, nobody, or a login name"),
    ("customer" = Option<String>, Query, description = "Customer of the best candidate"),
    ("currency" = Option<String>, Query, pattern = "^[A-Z]{3}$", description = "ISO 4217"),
    ("min" = Option<String>, Query, pattern = "^[0-9]{1,12}([.][0-9]{1,2})?$", description = "Least amount; needs currency"),
    ("max" = Option<String>, Query, pattern = "^[0-9]{1,12}([.][0-9]{1,2})?$", description = "Largest amount; needs currency"),
    ("age" = Option<u32>, Query, maximum = 36500, description = "Raised at least so many days ago"),
    ("due" = Option<String>, Query, pattern = "^[01]$", description = "1: only past their due time"),
    ("group" = Option<String>, Query, description = "Only of this group"),
    ("sort" = Option<String>, Query, pattern = "^(worth|risk|age|due)$", description = "worth, risk, age or due"),
    ("after" = Option<String>, Query, description = "The next of the page before"),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "1 to 200"),
), responses(
    (status = 200, body = CasePage),
    Guarded, Unfit, Away,
))]
pub(super) async fn cases<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Params(pairs): Pairs,
) -> Result<Response, WebError> {
    nothing_empty(&pairs)?;
    let asked = ask(&web, &session, &pairs).await?;
    if asked.query.after.as_deref().is_some_and(|after| quittance_agent::desk::list::Place::parse(after).is_none()) {
        return Err(WebError::invalid("after", "it is the `next` of the page before, unchanged"));
    }
    let page = web.store.list(&asked.query).await?;
    json(&CasePage { cases: page.rows.into_iter().map(Into::into).collect(), next: page.next }).map(written)
}

/// Counts cases.
#[utoipa::path(get, path = "/api/v1/cases/counts", tag = "cases", params(
    ("entity" = Option<String>, Query, description = "Entity"),
), responses(
    (status = 200, body = CountsShape),
    Guarded, Unfit,
))]
pub(super) async fn counts<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Params(pairs): Pairs,
) -> Result<Response, WebError> {
    nothing_empty(&pairs)?;
    let asked = ask(&web, &session, &pairs).await?;
    let counts = web.store.counts(&asked.query, session.user.id.as_str()).await?;
    json(&CountsShape {
        kinds: counts.kinds.iter().map(|kind| OfKind { kind: kind.kind.to_string(), cases: kind.cases }).collect(),
        open: counts.open,
        mine: counts.mine,
        unassigned: counts.unassigned,
        due: counts.due,
        snoozed: counts.snoozed,
    })
    .map(written)
}

/// Groups cases that one answer may fit. Takes the conditions of the list.
#[utoipa::path(get, path = "/api/v1/cases/groups", tag = "cases", responses(
    (status = 200, body = Groups),
    Guarded, Unfit,
))]
pub(super) async fn groups<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Params(pairs): Pairs,
) -> Result<Response, WebError> {
    nothing_empty(&pairs)?;
    let asked = ask(&web, &session, &pairs).await?;
    let groups = web.store.groups(&asked.query, 200).await?;
    json(&Groups { groups: groups.into_iter().map(Into::into).collect() }).map(written)
}

/// One case with everything needed to decide.
#[utoipa::path(get, path = "/api/v1/cases/{case}", tag = "cases", params(("case" = i64, Path, description = "Number of the case")), responses(
    (status = 200, body = Object),
    Guarded, NotFound,
))]
pub(super) async fn case<S: Desk>(State(web): State<Web<S>>, session: Session, Number(id): Number) -> Result<Response, WebError> {
    let policy = quittance_agent::queue::policy_in_force(&web.store).await.map_err(failed)?;
    web.store.catch_up(&policy).await?;
    let allowed = session.entities(Role::Viewer);
    let who = Looker { name: session.user.id.as_str(), allowed: allowed.as_deref() };
    let view = view(&web.store, &web.clock, &policy, who, CaseId(id)).await?.ok_or(WebError::NotFound)?;
    json(&view).map(written)
}

/// The notes on a case.
#[utoipa::path(get, path = "/api/v1/cases/{case}/notes", tag = "cases", params(("case" = i64, Path, description = "Number of the case")), responses(
    (status = 200, body = Notes),
    Guarded, NotFound,
))]
pub(super) async fn notes<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
) -> Result<Response, WebError> {
    case_for(&web, &session, id, Role::Viewer).await?;
    let notes = web.store.notes(CaseId(id)).await?;
    json(&Notes { notes: notes.into_iter().map(Into::into).collect() }).map(written)
}

/// One decision.
#[utoipa::path(get, path = "/api/v1/decisions/{decision}", tag = "decisions", params(("decision" = i64, Path, description = "Number of the decision")), responses(
    (status = 200, body = DecisionShape),
    Guarded, NotFound,
))]
pub(super) async fn decision<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
) -> Result<Response, WebError> {
    let decision = web.store.decision(DecisionId(id)).await?.ok_or(WebError::NotFound)?;
    session.demand(Role::Viewer, entity_of(&web, &decision).await?.as_ref())?;
    json(&DecisionShape::from(&decision)).map(written)
}

/// Finds customers by a part of their id or name.
#[utoipa::path(get, path = "/api/v1/customers", tag = "book", params(
    ("q" = Option<String>, Query, description = "Part of id or name; without it, the first ones"),
), responses(
    (status = 200, body = Listed),
    Guarded,
))]
pub(super) async fn customers<S: Desk>(
    State(web): State<Web<S>>,
    _session: Session,
    Params(pairs): Pairs,
) -> Result<Response, WebError> {
    let found = web.store.customers_like(given(&pairs, "q").unwrap_or_default(), 100).await?;
    let rows = found.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(WebError::internal)?;
    json(&Listed { rows, next: None }).map(written)
}

/// One customer: what is open and how old, how it pays, what was last done with its money.
#[utoipa::path(get, path = "/api/v1/customers/{customer}", tag = "book", params(("customer" = String, Path, description = "Id of the customer")), responses(
    (status = 200, body = Object),
    Guarded, NotFound,
))]
pub(super) async fn customer<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let id = CustomerId::parse(&id).map_err(|_| WebError::NotFound)?;
    let allowed = session.entities(Role::Viewer);
    let today = web.zone(&session).await?.day(web.now());
    let card = card(&web.store, &id, allowed.as_deref(), today).await?.ok_or(WebError::NotFound)?;
    json(&card).map(written)
}

fn item_json(item: &quittance_agent::ports::StoredItem) -> Result<serde_json::Value, WebError> {
    let mut value = serde_json::to_value(&item.item).map_err(WebError::internal)?;
    value["open"] = serde_json::to_value(item.balance.open).map_err(WebError::internal)?;
    Ok(value)
}

/// Open items of a customer, or of an entity by a part of number, id or customer name.
#[utoipa::path(get, path = "/api/v1/items", tag = "book", params(
    ("customer" = Option<String>, Query, description = "Id of the customer: all its items, open ones first"),
    ("entity" = Option<String>, Query, description = "Entity"),
    ("q" = Option<String>, Query, description = "Part of number, id or customer name; needs entity"),
), responses(
    (status = 200, body = Listed),
    Guarded, NotFound, Unfit,
))]
pub(super) async fn items<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Params(pairs): Pairs,
) -> Result<Response, WebError> {
    let entity = given(&pairs, "entity").map(EntityId::parse).transpose();
    let entity = entity.map_err(|error| WebError::invalid("entity", error.to_string()))?;
    if let Some(entity) = &entity {
        session.demand(Role::Viewer, Some(entity))?;
    }
    let customer = given(&pairs, "customer").map(CustomerId::parse).transpose();
    let found = match (customer.map_err(|error| WebError::invalid("customer", error.to_string()))?, &entity) {
        (Some(customer), entity) => web.store.items_of_customer(&customer, entity.as_ref(), 500).await?,
        (None, Some(entity)) => web.store.items_like(entity, given(&pairs, "q").unwrap_or_default(), 100).await?,
        (None, None) => return Err(WebError::invalid("customer", "name a customer, or an entity to search in")),
    };
    let seen = found.iter().filter(|item| session.may(Role::Viewer, Some(&item.item.entity)));
    json(&Listed { rows: seen.map(item_json).collect::<Result<_, _>>()?, next: None }).map(written)
}

/// One item with what is open of it.
#[utoipa::path(get, path = "/api/v1/items/{item}", tag = "book", params(("item" = String, Path, description = "Id of the item")), responses(
    (status = 200, body = Object),
    Guarded, NotFound,
))]
pub(super) async fn item<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let id = ItemId::parse(&id).map_err(|_| WebError::NotFound)?;
    let item = web.store.item(&id).await?.ok_or(WebError::NotFound)?;
    session.demand(Role::Viewer, Some(&item.item.entity))?;
    json(&item_json(&item)?).map(written)
}

/// One payment with its bank line, what is left of it, and its postings.
#[utoipa::path(get, path = "/api/v1/payments/{payment}", tag = "book", params(("payment" = String, Path, description = "Id of the payment")), responses(
    (status = 200, body = Object),
    Guarded, NotFound,
))]
pub(super) async fn payment<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let id = PaymentId::parse(&id).map_err(|_| WebError::NotFound)?;
    let payment = web.store.payment(&id).await?.ok_or(WebError::NotFound)?;
    session.demand(Role::Viewer, Some(&payment.line.entity))?;
    let postings = web.store.postings_of_payment(&id).await?;
    json(&serde_json::json!({
        "bank_line": payment.line,
        "received": payment.balance.received,
        "remaining": payment.balance.remaining,
        "postings": postings,
    }))
    .map(written)
}

/// Entries of the audit log, as `quittance export audit` writes them.
#[utoipa::path(get, path = "/api/v1/audit", tag = "audit", params(
    ("after" = Option<i64>, Query, minimum = 0, description = "Number of the last entry seen; 0 or nothing begins at the first"),
    ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "1 to 200"),
), responses(
    (status = 200, body = Listed),
    Guarded, Unfit,
))]
pub(super) async fn audit<S: Desk>(
    State(web): State<Web<S>>,
    _session: Session,
    Params(pairs): Pairs,
) -> Result<Response, WebError> {
    let after = given(&pairs, "after").unwrap_or("0").parse().ok().filter(|after: &i64| *after >= 0);
    let after = after.ok_or_else(|| WebError::invalid("after", "it is a number, 0 or more"))?;
    let limit = limit_of(&pairs)?;
    let entries = web.store.audit_entries(after, limit).await?;
    let next = entries.last().filter(|_| entries.len() == limit as usize).map(|entry| entry.seq.to_string());
    let rows = entries.iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(WebError::internal)?;
    json(&Listed { rows, next }).map(written)
}
