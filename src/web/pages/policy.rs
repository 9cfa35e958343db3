//! The policy in force, in words.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::money::{Currency, Money};
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_rules::users::Role;

use crate::error::WebError;
use crate::frame::{Frame, page};
use crate::routes::{Access, Row};
use crate::session::Session;
use crate::state::{Desk, Web};

/// The route of the policy.
pub fn rows<S: Desk>() -> Vec<Row<S>> {
    vec![Row::get("/policy", Access::Role(Role::Viewer), get(show::<S>))]
}

struct LimitLine {
    currency: Currency,
    high_value: Option<Money>,
    /// One amount per further column.
    more: Vec<Option<Money>>,
}

#[derive(Template)]
#[template(path = "policy.html")]
struct PolicyPage {
    frame: Frame,
    version: String,
    is_built_in: bool,
    claim_waits: u64,
    booking_within: u64,
    limits: Vec<LimitLine>,
    /// Keys of the names of further columns.
    more_columns: Vec<&'static str>,
    checkpoints: Vec<ExceptionKind>,
    text: String,
}

/// The page.
pub async fn show<S: Desk>(State(web): State<Web<S>>, session: Session) -> Result<Response, WebError> {
    let published = web.store.policy().await?;
    let is_built_in = published.is_none();
    let text = published.map_or_else(|| DEFAULT_POLICY.to_owned(), |(_, text)| text);
    let policy = Policy::parse(&text).map_err(|error| WebError::internal(format!("the policy in force: {error}")))?;
    let mut limits = Vec::new();
    let named = [&policy.gate.high_value, &policy.desk.four_eyes_above, &policy.desk.write_off_max];
    let currencies: BTreeSet<Currency> = named.into_iter().flat_map(|amounts| amounts.keys().copied()).collect();
    for currency in currencies {
        let high_value = policy.gate.high_value_limit(currency).map_err(WebError::internal)?;
        let four_eyes = policy.desk.four_eyes_limit(currency).map_err(WebError::internal)?;
        let write_off = policy.desk.write_off_limit(currency).map_err(WebError::internal)?;
        limits.push(LimitLine { currency, high_value, more: vec![four_eyes, write_off] });
    }
    page(&PolicyPage {
        frame: web.frame(&session, "policy"),
        version: policy.version.chars().take(12).collect(),
        is_built_in,
        claim_waits: policy.evidence.claim_waits_days.into(),
        booking_within: policy.evidence.booking_within_days.into(),
        limits,
        more_columns: vec!["policy-four-eyes", "policy-write-off"],
        checkpoints: ExceptionKind::ALL.iter().filter(|kind| kind.is_checkpoint()).copied().collect(),
        text,
    })
}
