//! Messages to other programs about what happened here (Standard Webhooks): which addresses may be called, what a message says, and
//! what comes of an attempt. The store writes messages in the transaction of the change they tell about; whoever serves sends them.

pub mod manage;
pub mod ports;
pub mod target;

use jiff::{SignedDuration, Timestamp};
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::webhooks::{EndpointState, EventKind, retry_after};
use serde_json::{Value, json};

use self::ports::{Claimed, Delivery, Ended, Outgoing, Sent, WebhookSender, Webhooks};
use crate::ports::{Clock, StoreError};

/// For how long a claimed message is nobody else's: longer than any attempt may take. After a crash it is sent again after this.
pub const CLAIM: SignedDuration = SignedDuration::from_mins(3);
/// Longest wait an address may ask for with `Retry-After`.
const RETRY_AFTER_MAX: SignedDuration = SignedDuration::from_hours(24);
/// How long a secret that is replaced may count beside the new one, in hours.
pub const OVERLAP_HOURS_MAX: u32 = 168;
/// Messages of one address under way at once.
pub const AT_ONCE_PER_ENDPOINT: u32 = 4;

/// The body of a message: `type`, `timestamp` and `data` as the specification has them. `base` is the address of the pages, without a
/// slash at the end.
pub fn payload(delivery: &Delivery, base: &str) -> String {
    let mut data = delivery.data.clone();
    let mut links = serde_json::Map::new();
    let mut link = |name: &str, path: String| links.insert(name.to_owned(), format!("{base}{path}").into());
    if let Some(case) = data.get("case").and_then(Value::as_i64) {
        link("page", format!("/queue/{case}"));
        link("case", format!("/api/v1/cases/{case}"));
    }
    if let Some(decision) = data.get("decision").and_then(Value::as_i64) {
        link("decision", format!("/api/v1/decisions/{decision}"));
    }
    if delivery.event == EventKind::ImportFinished {
        link("page", "/imports".to_owned());
    }
    if let Some(fields) = data.as_object_mut() {
        fields.insert("links".to_owned(), Value::Object(links));
    }
    json!({ "type": delivery.event.name(), "timestamp": delivery.happened_at.to_string(), "data": data }).to_string()
}

/// Sends one claimed message and records what came of it. `true` when it was taken.
///
/// # Errors
/// Of the store; the message is then sent again once its claim has run out.
pub async fn deliver<S: Webhooks, N: WebhookSender, C: Clock>(
    store: &S,
    sender: &N,
    clock: &C,
    base: &str,
    claimed: &Claimed,
) -> Result<bool, StoreError> {
    let delivery = &claimed.delivery;
    let body = payload(delivery, base);
    let sent = sender
        .send(Outgoing { url: &claimed.endpoint.url, id: &delivery.id, at: clock.now(), body: &body, secrets: &claimed.secrets })
        .await;
    let now = clock.now();
    let (ended, is_gone) = ended(delivery, sent, now);
    let is_taken = matches!(ended, Ended::Delivered { .. });
    store.delivery_ended(&delivery.id, &claimed.token, now, &ended).await?;
    if is_gone {
        switch(store, Actor::Rule, now, &claimed.endpoint.id, EndpointState::Gone).await?;
    } else if matches!(ended, Ended::GivenUp { .. })
        && !store.delivered_since(&claimed.endpoint.id, delivery.happened_at).await?
        && store.webhook(&claimed.endpoint.id).await?.is_some_and(|known| known.version == claimed.endpoint.version)
    {
        // Every attempt of the schedule failed, over more than three days, and nothing else got through: nobody listens there. The
        // specification advises to switch such an address off and to say so. Who changed it meanwhile has looked at it.
        match switch(store, Actor::Rule, now, &claimed.endpoint.id, EndpointState::Off).await {
            Err(StoreError::Conflict(_)) | Ok(_) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(is_taken)
}

/// What an attempt comes to; `true` when the address wants no more messages at all.
fn ended(delivery: &Delivery, sent: Sent, now: Timestamp) -> (Ended, bool) {
    let (status, asked, error) = match sent {
        Sent::Answered { status, .. } if (200..300).contains(&status) => return (Ended::Delivered { status }, false),
        Sent::Answered { status: 410, .. } => {
            let error = "it answered 410 Gone: it wants no more messages".to_owned();
            return (Ended::GivenUp { status: Some(410), error }, true);
        }
        Sent::Answered { status, retry_after } => (Some(status), retry_after, format!("it answered {status}")),
        Sent::Failed(error) => (None, None, error),
    };
    let ended = match retry_after(&delivery.id, delivery.attempts) {
        None => Ended::GivenUp { status, error: format!("{error}; that was the last of {} attempts", delivery.attempts) },
        Some(wait) => {
            let wait = asked.map_or(wait, |asked| wait.max(asked.min(RETRY_AFTER_MAX)));
            Ended::Again { status, error, next_at: now.saturating_add(wait).unwrap_or(now) }
        }
    };
    (ended, false)
}

/// Switches an address on or off; what waits for one that is switched off is not sent. `false` when it stands so already, or is not
/// there. Somebody who changes it at the same time is a [`StoreError::Conflict`], except for another `410`.
///
/// # Errors
/// Of the store.
pub async fn switch<S: Webhooks>(
    store: &S,
    by: Actor,
    now: Timestamp,
    id: &str,
    state: EndpointState,
) -> Result<bool, StoreError> {
    let Some(endpoint) = store.webhook(id).await?.filter(|endpoint| endpoint.state != state) else { return Ok(false) };
    // A person who switched it off meant it, whatever the address says then.
    if state == EndpointState::Gone && endpoint.state == EndpointState::Off {
        return Ok(false);
    }
    if state == EndpointState::On {
        let on = store.webhooks().await?.iter().filter(|one| one.state == EndpointState::On).count();
        if on >= manage::ENDPOINTS_MAX {
            return Err(StoreError::Conflict(format!(
                "{on} addresses are on, which is the most there can be; switch one off first"
            )));
        }
    }
    let mut changed = endpoint.clone();
    changed.version = endpoint.version.saturating_add(1);
    changed.state = state;
    let set = ChangeSet { by, at: now, changes: vec![Change::WebhookSet(changed.clone())] };
    match store.set_webhook(set, &changed, None).await {
        Err(StoreError::Conflict(_)) if state == EndpointState::Gone => Ok(false),
        other => other.map(|_| true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(event: EventKind, data: Value, attempts: u32) -> Delivery {
        Delivery {
            id: "msg_7_0_we_1".into(),
            endpoint: "we_1".into(),
            event,
            happened_at: "2026-03-16T09:00:00Z".parse().expect("an instant"),
            data,
            state: ports::DeliveryState::Waiting,
            attempts,
            next_at: Timestamp::UNIX_EPOCH,
            last_at: None,
            last_status: None,
            last_error: None,
        }
    }

    #[test]
    fn a_message_says_type_time_ids_and_links() {
        let body = payload(&delivery(EventKind::CaseDecided, json!({ "case": 3, "decision": 5 }), 0), "https://q.example");
        let said: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(
            said,
            json!({
                "type": "case.decided",
                "timestamp": "2026-03-16T09:00:00Z",
                "data": { "case": 3, "decision": 5, "links": {
                    "page": "https://q.example/queue/3",
                    "case": "https://q.example/api/v1/cases/3",
                    "decision": "https://q.example/api/v1/decisions/5",
                } },
            })
        );
    }

    #[test]
    fn what_comes_of_an_attempt() {
        let now: Timestamp = "2026-03-16T09:00:00Z".parse().expect("an instant");
        let answered = |status| Sent::Answered { status, retry_after: None };
        let wait = |ended: &Ended| match ended {
            Ended::Again { next_at, .. } => next_at.duration_since(now).as_secs(),
            Ended::Delivered { .. } => -1,
            Ended::GivenUp { .. } => -2,
        };
        for (sent, attempts, low, high, gone) in [
            (answered(200), 1, -1, -1, false),
            (answered(204), 1, -1, -1, false),
            (answered(301), 1, 5, 6, false),
            (answered(500), 2, 300, 330, false),
            (answered(410), 1, -2, -2, true),
            (Sent::Failed("no answer within 20 seconds".into()), 1, 5, 6, false),
            (answered(500), 10, -2, -2, false),
            (Sent::Answered { status: 429, retry_after: Some(SignedDuration::from_secs(60)) }, 1, 60, 60, false),
            (Sent::Answered { status: 503, retry_after: Some(SignedDuration::from_hours(900)) }, 1, 86_400, 86_400, false),
        ] {
            let shown = format!("{sent:?} {attempts}");
            let (came, is_gone) = ended(&delivery(EventKind::Test, json!({}), attempts), sent, now);
            assert!((low..=high).contains(&wait(&came)) && is_gone == gone, "{shown}: {came:?}");
        }
    }
}
