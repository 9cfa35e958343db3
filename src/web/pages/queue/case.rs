//! One case on one screen.

use askama::Template;
use axum::extract::{Query as Params, State};
use axum::response::Response;
use quittance_agent::desk::draft::{DraftView, draft};
use quittance_agent::desk::explain::{Agreement, Bar, Condition, Effect, Shown, Term};
use quittance_agent::desk::list::Query;
use quittance_agent::desk::view::{CandidateView, CaseView, ClaimView, EvidenceView, Looker, Origin, view};
use quittance_agent::evidence::reading_of;
use quittance_rules::cases::{CaseState, Subject};
use quittance_rules::evidence::{PageRegion, Reading};
use quittance_rules::exceptions::Action;
use quittance_rules::ledger::CaseId;
use quittance_rules::money::Money;
use quittance_rules::users::Role;

use super::draft::language;
use super::keys::KeyMap;
use super::{Number, ask, case_address, case_for, list_address, words};
use crate::error::WebError;
use crate::frame::{Frame, page, see_other};
use crate::pages::evidence::{Picture, page_pictures};
use crate::session::Session;
use crate::state::{Desk, Web};

/// One page of a document as it is drawn.
struct Sheet {
    /// Address of its picture: the original where browsers show it, else the page as it is drawn.
    picture: String,
    /// What it is, for who does not see it.
    label: String,
    /// It is text without a page of its own.
    is_text: bool,
    /// Boxes of claims: number of the claim, place, whether the bank line says the same.
    boxes: Vec<(usize, PageRegion, bool)>,
}

/// A document beside the case.
struct Document {
    view: EvidenceView,
    sheets: Vec<Sheet>,
    original: String,
}

#[derive(Template)]
#[template(path = "case.html")]
struct CasePage {
    frame: Frame,
    keys: KeyMap,
    view: CaseView,
    documents: Vec<Document>,
    question: String,
    back: String,
    next: Option<String>,
    previous: bool,
    me: String,
    may_decide: bool,
    may_approve: bool,
    did: Option<i64>,
    draft: DraftView,
    /// Whether the draft is what the person came for.
    on_draft: bool,
}

/// A bar of the waterfall in the drawing's units.
struct Drawn {
    y: usize,
    x: i64,
    width: i64,
    class: &'static str,
}

impl CasePage {
    fn headline(&self) -> String {
        words::said(&self.frame, &self.view.case.headline)
    }
    fn said(&self, text: &str) -> String {
        words::said(&self.frame, text)
    }
    fn shown(&self, value: &Shown) -> String {
        words::shown(&self.frame, value)
    }
    /// A value as text; accounts in their groups.
    fn value(&self, name: &str, value: &Shown) -> String {
        match value {
            Shown::Text(text) if name.ends_with("account") => words::account(text),
            Shown::Text(_) | Shown::Money(_) => self.shown(value),
        }
    }
    /// The row before compares the same field: its name is said once.
    fn is_again(&self, candidate: &CandidateView, at: &usize) -> bool {
        let field = |at: usize| candidate.compared.get(at).map(|row| row.field);
        at.checked_sub(1).is_some_and(|before| field(before) == field(*at))
    }
    fn is_money(&self, value: &Shown) -> bool {
        matches!(value, Shown::Money(_))
    }
    /// The weights of the first answer fit the screen beside everything else, so they stand open.
    fn has_room(&self, candidate: &CandidateView) -> bool {
        let others = self.view.candidates.len().saturating_sub(1);
        candidate.rank == 1 && candidate.compared.len() + candidate.bars.len() + 2 * others <= 17
    }
    fn chances(&self, text: &str) -> String {
        words::chances(&words::said(&self.frame, text))
    }
    /// What was found and what was needed, where the sentence does not say it already in full.
    fn weighed(&self, condition: &Condition) -> Option<(String, String)> {
        let (value, threshold) = condition.value.as_ref().zip(condition.threshold.as_ref())?;
        let says_more = matches!(value, Shown::Money(_)) || matches!(threshold, Shown::Money(_));
        let words = |value: &Shown| match value {
            Shown::Text(text) => self.said(text),
            Shown::Money(_) => self.shown(value),
        };
        says_more.then(|| (words(value), words(threshold)))
    }
    /// The case is about a file that came in, not about a payment.
    fn is_of_file(&self) -> bool {
        matches!(self.view.case.subject, Subject::Evidence(_) | Subject::Input(_))
    }
    fn is_about_evidence(&self) -> bool {
        matches!(self.view.case.subject, Subject::Evidence(_)) && !self.documents.is_empty()
    }
    fn origin(&self, origin: &Origin) -> String {
        self.frame.t(words::origin(*origin))
    }
    fn fact(&self, name: &str) -> String {
        self.frame.t(&format!("fact-{}", name.replace('_', "-")))
    }
    fn sign(&self, agreement: &Agreement) -> &'static str {
        words::agreement(*agreement).0
    }
    fn tone(&self, agreement: &Agreement) -> &'static str {
        words::agreement(*agreement).1
    }
    fn agreement(&self, agreement: &Agreement) -> String {
        self.frame.t(words::agreement(*agreement).2)
    }
    fn percent(&self, candidate: &CandidateView) -> String {
        words::percent(candidate.confidence.millionths())
    }
    fn weight(&self, bar: &Bar) -> String {
        words::weight(bar.weight)
    }
    fn instant(&self, at: &jiff::Timestamp) -> String {
        self.frame.instant(at)
    }
    fn signed(&self, term: &Term) -> String {
        if term.amount.is_negative() { self.frame.money(&term.amount) } else { format!("+{}", self.frame.money(&term.amount)) }
    }
    fn absolute(&self, amount: &Money) -> String {
        self.frame.money(&if amount.is_negative() { amount.checked_neg().unwrap_or(*amount) } else { *amount })
    }
    fn allows(&self, action: &str) -> bool {
        self.view.allowed.actions.iter().any(|allowed| {
            action
                == match allowed {
                    Action::Apply => "apply",
                    Action::KeepUnapplied => "keep",
                    Action::MarkNotOurs => "not-ours",
                    Action::RejectCandidates => "reject",
                    Action::Close => "close",
                }
        })
    }
    fn is_pending(&self) -> bool {
        self.view.case.state.is_pending()
    }
    fn state(&self) -> String {
        match &self.view.case.state {
            CaseState::Open => self.frame.t("state-open"),
            CaseState::Assigned { to } => self.frame.t1("state-assigned", "name", to.clone()),
            CaseState::Snoozed { until, .. } if *until == quittance_agent::desk::work::NO_DAY => {
                self.frame.t("state-snoozed-news")
            }
            CaseState::Snoozed { until, .. } => self.frame.t1("state-snoozed", "day", until.to_string()),
            CaseState::Resolved { .. } => self.frame.t("state-resolved"),
        }
    }
    /// Somebody else works on the case: who, and until when.
    fn held(&self) -> Option<String> {
        let lease = self.view.lease.as_ref().filter(|lease| lease.by != self.me)?;
        Some(self.frame.t2("case-held", "name", lease.by.clone(), "time", self.frame.instant(&lease.until)))
    }
    fn is_mine(&self) -> bool {
        self.view.lease.as_ref().is_some_and(|lease| lease.by == self.me)
    }
    fn present(&self) -> Option<String> {
        (!self.view.present.is_empty()).then(|| self.frame.t1("case-present", "names", self.view.present.join(", ")))
    }
    fn customer_id(&self) -> String {
        self.view.customer.as_ref().map(|card| card.customer.id.to_string()).unwrap_or_default()
    }
    fn entity(&self) -> String {
        self.view.case.entity.as_ref().map(ToString::to_string).unwrap_or_default()
    }
    fn currency(&self) -> String {
        let amount = self.view.remaining.or(self.view.case.amount);
        amount.map(|amount| amount.currency().to_string()).unwrap_or_default()
    }
    fn short(&self, digest: &str) -> String {
        digest.chars().take(8).collect()
    }
    fn plain(&self, amount: &Money) -> String {
        amount.amount()
    }
    fn has_effect(&self, effect: &Effect) -> bool {
        !effect.items.is_empty() || !effect.accounts.is_empty() || effect.not_ours.is_some()
    }
    fn may_undo(&self) -> bool {
        self.may_decide
    }
    fn can_complete(&self, by: &str) -> bool {
        self.may_approve && by != self.me
    }
    fn claim_field(&self, claim: &ClaimView) -> String {
        let name = serde_json::to_value(claim.claim.field).ok().and_then(|value| value.as_str().map(str::to_owned));
        self.frame.said(&name.unwrap_or_default().replace('_', " "))
    }
    fn evidence_kind(&self, view: &EvidenceView) -> String {
        self.frame.said(&view.kind.replace('_', " "))
    }
    /// The waterfall in a drawing 300 wide, the zero line where the sums want it.
    fn drawn(&self, candidate: &CandidateView) -> Vec<Drawn> {
        let (low, high) = span(candidate);
        let width = (high - low).max(1);
        let place = |value: i64| (value - low).saturating_mul(300) / width;
        candidate
            .bars
            .iter()
            .enumerate()
            .map(|(at, bar)| {
                let (from, to) = (place(bar.from.min(bar.to)), place(bar.from.max(bar.to)));
                Drawn {
                    y: at * 22 + 4,
                    x: from,
                    width: (to - from).max(2),
                    class: if bar.weight < 0 { "against" } else { "for" },
                }
            })
            .collect()
    }
    fn zero(&self, candidate: &CandidateView) -> i64 {
        let (low, high) = span(candidate);
        (0 - low).saturating_mul(300) / (high - low).max(1)
    }
    fn drawing_height(&self, candidate: &CandidateView) -> usize {
        candidate.bars.len() * 22
    }
    /// The languages a draft can be written in, with their own names.
    fn draft_languages(&self) -> Vec<(&'static str, &'static str, bool)> {
        crate::locale::Language::ALL.iter().map(|l| (l.tag(), l.own_name(), l.tag() == self.draft.language.tag())).collect()
    }
    fn fact_word(&self, name: &str) -> String {
        self.frame.t(&format!("draft-fact-{}", name.replace('_', "-")))
    }
    fn language(&self) -> Option<String> {
        self.view.customer.as_ref().and_then(|card| card.language).map(|tag| self.frame.t(&format!("language-{tag}")))
    }
}

/// The least and the most a waterfall reaches, zero included.
fn span(candidate: &CandidateView) -> (i64, i64) {
    let ends = candidate.bars.iter().flat_map(|bar| [bar.from, bar.to]);
    ends.fold((0, 0), |(low, high), end| (low.min(end), high.max(end)))
}

/// The case.
pub(super) async fn show<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let asked = ask(&web, &session, &pairs).await?;
    let allowed = session.entities(Role::Viewer);
    let who = Looker { name: session.user.id.as_str(), allowed: allowed.as_deref() };
    let view = view(&web.store, &web.clock, &asked.policy, who, CaseId(id)).await?.ok_or(WebError::NotFound)?;
    let entity = view.case.entity.clone();
    let frame = web.frame(&session, "queue").in_zone(web.zone_of(&session, entity.as_ref()).await?);
    let mut documents = Vec::new();
    for evidence in &view.evidence {
        documents.push(document(&web, &frame, evidence).await?);
    }
    let next = web.store.line_after(&asked.query, CaseId(id)).await?;
    let previous = web.store.line_before(&asked.query, CaseId(id)).await?.is_some();
    let did = pairs.iter().find(|(name, _)| name == "did").and_then(|(_, value)| value.parse().ok());
    let wanted = pairs.iter().find(|(name, _)| name == "draft").map(|(_, tag)| language(tag)).transpose()?;
    let fresh = pairs.iter().any(|(name, _)| name == "fresh");
    let draft = draft(&web.store, &view.case, wanted, fresh).await?;
    page(&CasePage {
        draft,
        on_draft: wanted.is_some(),
        frame,
        keys: KeyMap::of(&web, session.user.id.as_str()).await?,
        question: asked.query.address(),
        back: list_address(&asked.query),
        next: next.map(|row| case_address(row.id, &asked.query)),
        previous,
        me: session.user.id.as_str().to_owned(),
        may_decide: session.may(Role::Reviewer, entity.as_ref()),
        may_approve: session.may(Role::Approver, entity.as_ref()),
        did,
        documents,
        view,
    })
}

/// Leads to the next case in the order of the question, or back to the list at its end.
pub(super) async fn next<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    case_for(&web, &session, id, Role::Viewer).await?;
    let asked = ask(&web, &session, &pairs).await?;
    see_other(&place_after(&web, &asked.query, CaseId(id)).await?)
}

/// Leads to the case before.
pub(super) async fn previous<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Number(id): Number,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    case_for(&web, &session, id, Role::Viewer).await?;
    let asked = ask(&web, &session, &pairs).await?;
    let before = web.store.line_before(&asked.query, CaseId(id)).await?;
    see_other(&before.map_or_else(|| list_address(&asked.query), |row| case_address(row.id, &asked.query)))
}

/// Where to go on after a case.
pub(super) async fn place_after<S: Desk>(web: &Web<S>, query: &Query, case: CaseId) -> Result<String, WebError> {
    let after = web.store.line_after(query, case).await?;
    Ok(after.map_or_else(|| list_address(query), |row| case_address(row.id, query)))
}

/// A document with its pages.
async fn document<S: Desk>(web: &Web<S>, frame: &Frame, view: &EvidenceView) -> Result<Document, WebError> {
    let kept = web.store.evidence_kept(&view.digest).await?.ok_or(WebError::NotFound)?;
    let reading = reading_of(&web.store, &kept.record).await?;
    let sheets = reading.as_ref().map(|reading| sheets(frame, view, reading)).unwrap_or_default();
    Ok(Document { view: view.clone(), sheets, original: format!("/evidence/{}/original", view.digest) })
}

fn sheets(frame: &Frame, view: &EvidenceView, reading: &Reading) -> Vec<Sheet> {
    let boxes = |number: u32| {
        let on_page = view.claims.iter().filter(|claim| claim.claim.region.page == number);
        on_page.map(|claim| (claim.index, claim.claim.region, claim.is_confirmed)).collect()
    };
    let pages = page_pictures(&view.digest, reading);
    let count = pages.len();
    pages
        .into_iter()
        .map(|Picture { number, address, is_text }| Sheet {
            picture: address,
            label: if count == 1 {
                view.name.clone()
            } else {
                format!("{}, {}", view.name, frame.t1("page-number", "number", number))
            },
            boxes: boxes(number),
            is_text,
        })
        .collect()
}
