//! Sending messages to other programs while the pages are served.

use std::time::Duration;

use jiff::SignedDuration;
use quittance_agent::ports::{Clock as _, StoreError};
use quittance_agent::webhooks::ports::{WebhookSender, Webhooks as _};
use quittance_agent::webhooks::{AT_ONCE_PER_ENDPOINT, CLAIM, deliver};
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;
use tokio::task::JoinSet;

/// Messages under way at once.
const AT_ONCE: usize = 16;
/// How long nothing is looked for when nothing was due.
const PAUSE: Duration = Duration::from_secs(1);
/// How often somebody who sends says so.
const BEAT: SignedDuration = SignedDuration::from_secs(30);
/// How long messages that ended are shown.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 90);
/// A sender not seen for so long is not there.
const GONE: SignedDuration = SignedDuration::from_mins(2);

/// Sends what is due until it is stopped. A failure of the database is logged and tried again: the pages go on.
pub async fn send_while_serving<N>(database: Database, sender: N, base: String)
where
    N: WebhookSender + Clone + 'static,
{
    let mut under_way: JoinSet<()> = JoinSet::new();
    let mut seen_at = None;
    loop {
        let now = SystemClock.now();
        if seen_at.is_none_or(|seen| now.duration_since(seen) >= BEAT) {
            match beat(&database).await {
                Ok(()) => seen_at = Some(now),
                Err(error) => tracing::warn!("webhooks: {error}"),
            }
        }
        while under_way.try_join_next().is_some() {}
        let places = AT_ONCE.saturating_sub(under_way.len());
        let begun = match begin(&database, &sender, &base, &mut under_way, places).await {
            Ok(begun) => begun,
            Err(error) => {
                tracing::warn!("webhooks: messages that are due could not be claimed: {error}");
                0
            }
        };
        if begun == 0 {
            tokio::time::sleep(PAUSE).await;
        } else if begun == places {
            // Every place is taken: go on when one is free.
            under_way.join_next().await;
        }
    }
}

async fn beat(database: &Database) -> Result<(), StoreError> {
    let now = SystemClock.now();
    database.sender_is_here(now).await?;
    let before = now.saturating_sub(KEPT).unwrap_or(now);
    database.forget_deliveries(before).await.map(|_| ())
}

/// Claims what is due and sets it on its way; gives the number.
async fn begin<N>(
    database: &Database,
    sender: &N,
    base: &str,
    under_way: &mut JoinSet<()>,
    places: usize,
) -> anyhow::Result<usize>
where
    N: WebhookSender + Clone + 'static,
{
    let places = u32::try_from(places).unwrap_or(u32::MAX);
    if places == 0 {
        return Ok(0);
    }
    let now = SystemClock.now();
    let until = now.saturating_add(CLAIM)?;
    let token = quittance_web::secret::fresh()?;
    let claimed = database.claim_deliveries(now, until, AT_ONCE_PER_ENDPOINT, places, &token).await?;
    let begun = claimed.len();
    for one in claimed {
        let (database, sender, base) = (database.clone(), sender.clone(), base.to_owned());
        under_way.spawn(async move {
            if let Err(error) = deliver(&database, &sender, &SystemClock, &base, &one).await {
                tracing::warn!(message = one.delivery.id, "webhooks: the end of an attempt could not be recorded: {error}");
            }
        });
    }
    Ok(begun)
}

/// Says on standard error that messages wait while nobody is here who sends them.
pub async fn notice(database: &Database) -> anyhow::Result<()> {
    let now = SystemClock.now();
    let backlog = database.backlog(now).await?;
    if backlog.due > 0 && backlog.sender_seen_at.is_none_or(|seen| now.duration_since(seen) > GONE) {
        let words = if backlog.due == 1 { "1 message waits" } else { &format!("{} messages wait", backlog.due) };
        eprintln!("notice: {words} to be sent to other programs (webhooks); `quittance serve` sends them while it runs");
    }
    Ok(())
}
