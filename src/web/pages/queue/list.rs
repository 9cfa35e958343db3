//! The list.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query as Params, State};
use axum::response::Response;
use jiff::SignedDuration;
use quittance_agent::desk::list::{Order, Owner, Query, Standing};
use quittance_agent::desk::ports::{CaseRow, Counts, Group, Page};
use quittance_rules::ledger::CaseId;
use quittance_rules::records::Entity;
use quittance_rules::users::Role;
use serde::Deserialize;

use super::keys::KeyMap;
use super::{Sent, ask, case_address, list_address, sent, words};
use crate::error::WebError;
use crate::frame::{Frame, page, see_other};
use crate::session::Session;
use crate::state::{Desk, Web};

/// Saved views of one person.
const VIEWS_MAX: usize = 30;

#[derive(Template)]
#[template(path = "queue.html")]
struct ListPage {
    frame: Frame,
    keys: KeyMap,
    query: Query,
    page: Page,
    counts: Counts,
    groups: Option<Vec<Group>>,
    views: Vec<(String, String)>,
    entities: Vec<Entity>,
    present: BTreeMap<CaseId, Vec<String>>,
    may_decide: bool,
    may_undo_day: bool,
    rules: Vec<String>,
    did: Option<i64>,
    batch: Option<i64>,
    /// What was typed as currency, amounts and days, where it cannot be asked; with the sentence why.
    unfit: Option<(Vec<(String, String)>, String)>,
}

/// The parameters of the form for amount and age: what is typed, and may be wrong.
const TYPED: [&str; 4] = ["currency", "min", "max", "age"];

impl ListPage {
    /// What stands in a field of the form for amount and age: what was typed, else what is asked.
    fn typed(&self, name: &str) -> String {
        let found = |pairs: &[(String, String)]| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let own = || self.query.pairs().into_iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        self.unfit.as_ref().map_or_else(own, |(pairs, _)| found(pairs)).unwrap_or_default()
    }

    /// The currencies of the books, to choose from.
    fn currencies(&self) -> std::collections::BTreeSet<&'static str> {
        self.entities.iter().map(|entity| entity.base_currency.code()).collect()
    }

    fn link(&self, row: &CaseRow) -> String {
        case_address(row.id, &self.query)
    }

    /// The address of this list with one condition changed; an empty value takes it out.
    fn with(&self, name: &str, value: &str) -> String {
        let mut pairs: Vec<(&str, String)> = self.query.pairs().into_iter().filter(|(known, _)| *known != name).collect();
        if !value.is_empty() {
            pairs.push((name, value.to_owned()));
        }
        match Query::parse(pairs.iter().map(|(name, value)| (*name, value.as_str()))) {
            Ok(query) => list_address(&query),
            // A condition without the one it needs (an amount without its currency) goes with it.
            Err(_) => "/queue".to_owned(),
        }
    }

    fn with_next(&self, next: &str) -> String {
        let address = list_address(&self.query);
        let joint = if address.contains('?') { '&' } else { '?' };
        format!("{address}{joint}after={next}")
    }

    fn grouped_address(&self) -> String {
        let address = list_address(&self.query);
        let joint = if address.contains('?') { '&' } else { '?' };
        format!("{address}{joint}grouped=1")
    }

    fn question(&self) -> String {
        self.query.address()
    }

    fn is_mine(&self) -> bool {
        self.query.owner == Some(Owner::Me)
    }

    fn is_kind(&self, kind: &quittance_rules::exceptions::ExceptionKind) -> bool {
        self.query.kind == Some(*kind)
    }

    fn is_entity(&self, entity: &Entity) -> bool {
        self.query.entity.as_ref() == Some(&entity.id)
    }

    fn orders(&self) -> Vec<(&'static str, String, bool)> {
        Order::ALL.into_iter().map(|o| (o.name(), self.frame.t(&format!("order-{}", o.name())), o == self.query.order)).collect()
    }

    fn standings(&self) -> Vec<(&'static str, String, bool)> {
        let word = |standing: Standing| self.frame.t(&format!("standing-{}", standing.name()));
        Standing::ALL.into_iter().map(|s| (s.name(), word(s), s == self.query.standing)).collect()
    }

    fn age(&self, row: &CaseRow) -> String {
        words::age(row.opened_at, self.query.now)
    }

    fn is_due(&self, row: &CaseRow) -> bool {
        row.due_at <= self.query.now
    }

    fn due(&self, row: &CaseRow) -> String {
        words::age(self.query.now, row.due_at)
    }

    fn headline(&self, row: &CaseRow) -> String {
        // The amount and the payer have columns of their own.
        let rest = match (row.amount, &row.party) {
            (Some(amount), Some(party)) => row
                .headline
                .strip_prefix(&format!("{amount} from {party}"))
                .map(|rest| rest.trim_start_matches([',', ':', ' ']).to_owned()),
            _ => None,
        };
        words::said(&self.frame, rest.as_deref().filter(|rest| !rest.is_empty()).unwrap_or(&row.headline))
    }

    fn watchers(&self, row: &CaseRow) -> Option<String> {
        self.present.get(&row.id).map(|names| names.join(", "))
    }

    fn confidence(&self, row: &CaseRow) -> String {
        if row.candidates == 0 { "–".to_owned() } else { words::percent(row.confidence) }
    }
}

/// The list.
pub(super) async fn show<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    Params(pairs): Params<Vec<(String, String)>>,
) -> Result<Response, WebError> {
    let frame = web.frame(&session, "queue");
    let (typed, others): (Vec<_>, Vec<_>) = pairs.iter().cloned().partition(|(name, _)| TYPED.contains(&name.as_str()));
    // A currency alone asks nothing that amounts would need; a slip in the form leaves the list in place.
    let slip = Query::parse(typed.iter().map(|(name, value)| (name.as_str(), value.as_str()))).err();
    let unfit =
        slip.map(|error| (typed, format!("{}: {}", frame.t(&format!("filter-{}", error.name)), frame.said(&error.message))));
    let query = ask(&web, &session, if unfit.is_some() { &others } else { &pairs }).await?.query;
    let number = |name: &str| pairs.iter().find(|(known, _)| known == name).and_then(|(_, value)| value.parse().ok());
    let user = query.user.clone();
    let found = web.store.list(&query).await?;
    let ids: Vec<CaseId> = found.rows.iter().map(|row| row.id).collect();
    let since = query.now.saturating_sub(SignedDuration::from_secs(45)).unwrap_or(query.now);
    let mut present: BTreeMap<CaseId, Vec<String>> = BTreeMap::new();
    for (case, name) in web.store.present(&ids, since).await? {
        if name != user {
            present.entry(case).or_default().push(name);
        }
    }
    let groups = match number("grouped") {
        Some(1_i64) => Some(web.store.groups(&query, 50).await?),
        _ => None,
    };
    let entities = web.seen_entities(&session).await?;
    let views = web.store.settings(&user, "view:").await?;
    let may_undo_day = session.user.may_everywhere(Role::Approver);
    let rules = if may_undo_day { web.store.rule_uses().await?.into_iter().map(|uses| uses.rule).collect() } else { Vec::new() };
    page(&ListPage {
        frame,
        unfit,
        keys: KeyMap::of(&web, &user).await?,
        counts: web.store.counts(&query, &user).await?,
        views: views.into_iter().map(|(name, question)| (name["view:".len()..].to_owned(), question)).collect(),
        may_decide: session.user.highest_role().is_some_and(|role| role >= Role::Reviewer),
        may_undo_day,
        rules,
        did: number("did"),
        batch: number("batch"),
        page: found,
        present,
        groups,
        entities,
        query,
    })
}

/// The form that keeps or forgets a view.
#[derive(Deserialize)]
pub(super) struct ViewForm {
    name: String,
    #[serde(default)]
    query: String,
    #[serde(default)]
    forget: String,
}

/// Keeps a question under a name, or forgets it.
pub(super) async fn keep_view<S: Desk>(
    State(web): State<Web<S>>,
    session: Session,
    form: Sent<ViewForm>,
) -> Result<Response, WebError> {
    let form = sent(form)?;
    let user = session.user.id.as_str();
    let name = form.name.trim();
    if name.is_empty() || name.chars().count() > 40 || name.chars().any(char::is_control) {
        return Err(WebError::invalid("name", "a view has a name of 1 to 40 characters"));
    }
    let key = format!("view:{name}");
    if form.forget == "1" {
        web.store.set(user, &key, None).await?;
        return see_other("/queue");
    }
    let known = web.store.settings(user, "view:").await?;
    if known.len() >= VIEWS_MAX && !known.iter().any(|(known, _)| *known == key) {
        return Err(WebError::invalid("name", format!("there are {VIEWS_MAX} views already; forget one first")));
    }
    // What is kept is what was understood, never the text as it came.
    let pairs: Vec<(String, String)> = parse_pairs(&form.query);
    let query = Query::parse(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
        .map_err(|error| WebError::invalid("query", error.to_string()))?;
    web.store.set(user, &key, Some(&query.address())).await?;
    see_other(&list_address(&query))
}

/// The parameters of a question as it stands in an address.
pub(super) fn parse_pairs(question: &str) -> Vec<(String, String)> {
    let question = question.trim_start_matches('?');
    let uri = format!("/?{question}");
    let Ok(uri) = uri.parse::<axum::http::Uri>() else { return Vec::new() };
    Params::<Vec<(String, String)>>::try_from_uri(&uri).map(|Params(pairs)| pairs).unwrap_or_default()
}
