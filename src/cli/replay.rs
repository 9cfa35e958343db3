use quittance_agent::ports::Store;
use quittance_agent::reconcile::{ReplayError, replay};
use quittance_rules::ledger::DecisionId;

use super::settings::{DbArgs, PolicyShelf};
use super::{Outcome, Usage};

/// Arguments of `replay`.
#[derive(clap::Args)]
pub struct Args {
    /// Number of the decision
    #[arg(required_unless_present = "all")]
    decision: Option<i64>,
    /// All decisions of the gate
    #[arg(long, conflicts_with = "decision")]
    all: bool,
    #[command(flatten)]
    db: DbArgs,
}

/// Decisions read at a time.
const PAGE: u32 = 500;

/// Asks the gate again, from what was stored with each decision, and compares.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    let (database, _) = args.db.open().await?;
    if let Some(id) = args.decision {
        let decision = database.decision(DecisionId(id)).await?.ok_or_else(|| Usage(format!("there is no decision {id}")))?;
        let mut shelf = PolicyShelf::default();
        let same = replay(&decision, shelf.of(&database, &decision.policy).await?.as_deref())?;
        println!("decision {id}: {}", if same { "replays to the same verdict" } else { "REPLAYS TO ANOTHER VERDICT" });
        return Ok(if same { Outcome::Done } else { Outcome::SomeRefused });
    }
    let (mut same, mut people, mut differing) = (0_u64, 0_u64, 0_u64);
    let mut after = DecisionId(0);
    let mut shelf = PolicyShelf::default();
    loop {
        let page = database.decisions(after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for decision in &page {
            match replay(decision, shelf.of(&database, &decision.policy).await?.as_deref()) {
                Ok(true) => same += 1,
                Ok(false) => {
                    differing += 1;
                    println!("decision {}: REPLAYS TO ANOTHER VERDICT", decision.id);
                }
                Err(ReplayError::NotByTheGate(_)) => people += 1,
                Err(error @ (ReplayError::Inputs { .. } | ReplayError::Policy { .. })) => {
                    differing += 1;
                    println!("decision {}: {error}", decision.id);
                }
            }
        }
    }
    println!(
        "{same} decisions of the gate replay to the same verdict, {differing} do not; {people} were taken by people or closed a matter."
    );
    Ok(if differing == 0 { Outcome::Done } else { Outcome::SomeRefused })
}
