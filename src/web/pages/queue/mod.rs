//! The queue: the list of what waits for a person, the case on one screen, and everything a person does about it.

mod act;
mod case;
pub(crate) mod draft;
mod group;
pub mod keys;
mod list;
mod words;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use quittance_agent::desk::decide::Person;
use quittance_agent::desk::list::Query;
use quittance_agent::queue::{DecideError, policy_in_force};
use quittance_rules::cases::{Case, Decision, Subject};
use quittance_rules::ledger::{CaseId, DecisionId};
use quittance_rules::policy::Policy;
use quittance_rules::records::EntityId;
use quittance_rules::users::{Role, Scope};

use crate::error::WebError;
use crate::frame::see_other;
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

/// The routes of the queue.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    let viewer = Access::Role(Role::Viewer);
    let reviewer = Access::Role(Role::Reviewer);
    vec![
        Row::get("/queue", viewer, get(list::show::<S>)),
        Row::post("/queue/views", viewer, post(list::keep_view::<S>)),
        Row::get("/queue/keys", viewer, get(keys::show::<S>)),
        Row::get("/queue/keys/sheet", viewer, get(keys::sheet::<S>)),
        Row::post("/queue/keys", viewer, post(keys::keep::<S>)),
        Row::post("/queue/group", reviewer, post(group::preview::<S>)),
        Row::post("/queue/group/decide", reviewer, post(group::decide::<S>)),
        Row::post("/queue/undo", reviewer, post(act::undo::<S>)),
        Row::get("/queue/{case}", viewer, get(case::show::<S>)).of_subject(),
        Row::get("/queue/{case}/next", viewer, get(case::next::<S>)).of_subject(),
        Row::get("/queue/{case}/previous", viewer, get(case::previous::<S>)).of_subject(),
        Row::post("/queue/{case}/seen", viewer, post(act::seen::<S>)).of_subject(),
        Row::post("/queue/{case}/decide", reviewer, post(act::decide::<S>)).of_subject(),
        Row::post("/queue/{case}/complete", Access::Role(Role::Approver), post(act::complete::<S>)).of_subject(),
        Row::post("/queue/{case}/withdraw", reviewer, post(act::withdraw::<S>)).of_subject(),
        Row::post("/queue/{case}/take", reviewer, post(act::take::<S>)).of_subject(),
        Row::post("/queue/{case}/assign", reviewer, post(act::assign::<S>)).of_subject(),
        Row::post("/queue/{case}/snooze", reviewer, post(act::snooze::<S>)).of_subject(),
        Row::post("/queue/{case}/draft", reviewer, post(draft::save::<S>)).of_subject(),
        Row::post("/queue/{case}/note", reviewer, post(act::note::<S>)).of_subject(),
    ]
    .into_iter()
    .map(|row| if row.method == axum::http::Method::POST { row.with_scope(Scope::Decide) } else { row })
    .collect()
}

/// What a request to the queue knows before it looks at anything.
pub(crate) struct Asked {
    /// The question in the address.
    pub(crate) query: Query,
    /// The policy in force.
    pub(crate) policy: Policy,
}

/// Reads the question in an address and brings the index up to date. Parameters of the page itself are left out.
pub(crate) async fn ask<S: Desk>(web: &Web<S>, session: &Session, pairs: &[(String, String)]) -> Result<Asked, WebError> {
    let own = ["did", "batch", "said", "grouped", "draft", "fresh"];
    let pairs = pairs.iter().filter(|(name, _)| !own.contains(&name.as_str())).map(|(n, v)| (n.as_str(), v.as_str()));
    let mut query = Query::parse(pairs).map_err(|error| WebError::invalid("query", error.to_string()))?;
    query.allowed = session.entities(Role::Viewer);
    query.user = session.user.id.as_str().to_owned();
    query.now = web.now();
    web.set_days(session, &mut query).await?;
    let policy = policy_in_force(&web.store).await.map_err(failed)?;
    web.store.catch_up(&policy).await?;
    Ok(Asked { query, policy })
}

/// The case of a path, for somebody who may act in `role` on its entity.
pub(crate) async fn case_for<S: Desk>(web: &Web<S>, session: &Session, id: i64, role: Role) -> Result<Case, WebError> {
    let case = web.store.case(CaseId(id)).await?.ok_or(WebError::NotFound)?;
    session.demand(role, case.entity.as_ref())?;
    Ok(case)
}

/// The entity whose books a decision is of: that of its case, or of what it is about.
pub(crate) async fn entity_of<S: Desk>(web: &Web<S>, decision: &Decision) -> Result<Option<EntityId>, WebError> {
    if let Some(case) = decision.case {
        return Ok(web.store.case(case).await?.and_then(|case| case.entity));
    }
    Ok(match &decision.subject {
        Subject::Payment(id) | Subject::Return(id) => web.store.payment(id).await?.map(|payment| payment.line.entity),
        Subject::Item(id) => web.store.item(id).await?.map(|item| item.item.entity),
        Subject::Evidence(_) | Subject::Input(_) => None,
    })
}

/// Refuses to undo what concerns an entity on whose books the person may not decide.
pub(crate) async fn may_undo<S: Desk>(web: &Web<S>, session: &Session, decisions: &[DecisionId]) -> Result<(), WebError> {
    if decisions.is_empty() {
        return Err(WebError::NotFound);
    }
    if session.user.may_everywhere(Role::Reviewer) {
        return Ok(());
    }
    for decision in web.store.decisions_by_id(decisions).await? {
        session.demand(Role::Reviewer, entity_of(web, &decision).await?.as_ref())?;
    }
    Ok(())
}

/// Who decides, as the service functions know them.
pub(crate) fn person<'s, S: Desk>(web: &Web<S>, session: &'s Session, entity: Option<&EntityId>) -> Person<'s> {
    Person {
        name: session.user.id.as_str(),
        may_approve: session.may(Role::Approver, entity),
        is_stepped_up: session.stepped_up(web.now(), web.settings.step_up),
    }
}

/// A refused decision as the answer to a request.
pub(crate) fn failed(error: DecideError) -> WebError {
    let words = error.to_string();
    match error {
        DecideError::Store(store) => store.into(),
        DecideError::NoCase(_) | DecideError::NoDecision(_) => WebError::NotFound,
        DecideError::AlreadyDecided { .. }
        | DecideError::Stale { .. }
        | DecideError::Leased { .. }
        | DecideError::WaitsForSecond { .. }
        | DecideError::AlreadyUndone(_)
        | DecideError::LaterDecision { .. }
        | DecideError::NothingToUndo(_)
        | DecideError::NoProposal(_) => WebError::Conflict(words),
        DecideError::SamePerson | DecideError::NotApprover => WebError::Forbidden(words),
        DecideError::StepUpNeeded => WebError::StepUp,
        DecideError::Policy(_) => WebError::Internal(words),
        DecideError::NoCandidate { .. }
        | DecideError::NotAllowed { .. }
        | DecideError::NoCustomer(_)
        | DecideError::NoItem(_)
        | DecideError::OtherEntity { .. }
        | DecideError::MoneyLeft(_)
        | DecideError::Ledger(_)
        | DecideError::WriteOffTooLarge { .. }
        | DecideError::NotInBatch(_)
        | DecideError::Unfit(_)
        | DecideError::NotUndoable(_) => WebError::invalid("choice", words),
    }
}

/// What an action answers: to a script as JSON, to a form by leading on to the next page.
pub(crate) struct Done {
    /// Where to go on.
    pub(crate) next: String,
    /// What was done, in a sentence.
    pub(crate) notice: String,
    /// The decision that can be undone.
    pub(crate) undo: Option<DecisionId>,
    /// The batch that can be undone.
    pub(crate) batch: Option<i64>,
}

impl Done {
    pub(crate) fn answer(self, headers: &HeaderMap) -> Result<Response, WebError> {
        let wants_json = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|v| v.contains("json"));
        if wants_json {
            let undo = self.undo.map(|decision| decision.0);
            let body = serde_json::json!({ "next": self.next, "notice": self.notice, "undo": undo, "batch": self.batch });
            return Ok(axum::Json(body).into_response());
        }
        let mut place = self.next;
        let mut said = String::new();
        if let Some(decision) = self.undo {
            said = format!("did={decision}");
        }
        if let Some(batch) = self.batch {
            said = format!("batch={batch}");
        }
        if !said.is_empty() {
            place.push(if place.contains('?') { '&' } else { '?' });
            place.push_str(&said);
        }
        see_other(&place)
    }
}

/// The address of a case in the order of a question.
pub(crate) fn case_address(case: CaseId, query: &Query) -> String {
    let question = query.address();
    if question.is_empty() { format!("/queue/{case}") } else { format!("/queue/{case}?{question}") }
}

/// The address of the list that answers a question.
pub(crate) fn list_address(query: &Query) -> String {
    let question = query.address();
    if question.is_empty() { "/queue".to_owned() } else { format!("/queue?{question}") }
}

/// A form as it came: read only after whoever sent it has been let through, so that nothing is told by how it is refused.
pub(crate) type Sent<T> = Result<axum::Form<T>, axum::extract::rejection::FormRejection>;

/// The fields of a form.
pub(crate) fn sent<T>(form: Sent<T>) -> Result<T, WebError> {
    form.map(|axum::Form(form)| form).map_err(|error| WebError::invalid("form", error.body_text()))
}

/// The number in a path; anything that is no number is not found.
pub(crate) struct Number(pub(crate) i64);

impl<T: Send + Sync> axum::extract::FromRequestParts<T> for Number {
    type Rejection = WebError;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &T) -> Result<Self, WebError> {
        let path = axum::extract::RawPathParams::from_request_parts(parts, state).await.map_err(|_| WebError::NotFound)?;
        let number = path.iter().next().and_then(|(_, text)| text.parse().ok()).filter(|number| *number >= 0);
        number.map(Self).ok_or(WebError::NotFound)
    }
}
