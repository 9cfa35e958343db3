use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use quittance_agent::ports::{Clock as _, RuleUse, Store};
use quittance_rules::cases::{Actor, Decision, Ruling};
use quittance_rules::journal::{Change, ChangeSet};
use quittance_rules::policy::{DEFAULT_POLICY, Policy};
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;
use serde_json::json;

use super::settings::{ByArgs, DbArgs};
use super::shown::on_terminal;
use super::{Format, Outcome, Usage};

/// Arguments of `policy`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Check a policy file: thresholds, rules and their conditions; needs no database
    Check {
        /// The file
        file: PathBuf,
    },
    /// Show the policy in force, and of each rule what it last did
    Show {
        /// The text as published, for a file to start from
        #[arg(long)]
        text: bool,
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
        #[command(flatten)]
        db: DbArgs,
    },
    /// Check a policy file and put it in force
    Publish {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
}

/// Checks, shows, publishes.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.what {
        What::Check { file } => {
            let (policy, _) = read(&file)?;
            println!("{}: a well-formed policy with {} (version {})", file.display(), rules_in_words(&policy), short(&policy));
            list(&policy, &BTreeMap::new());
        }
        What::Show { text, format, db } => {
            let (database, _) = db.open().await?;
            show(&database, text, format).await?;
        }
        What::Publish { file, db, by } => {
            let (policy, text) = read(&file)?;
            let (database, settings) = db.open().await?;
            let by = Actor::Person(by.name(&settings)?);
            let change = Change::PolicyPublished { version: policy.version.clone(), text };
            let applied = database.apply(ChangeSet { by, at: SystemClock.now(), changes: vec![change] }).await?;
            if applied.recorded == 0 {
                println!("This policy is in force already (version {}).", short(&policy));
            } else {
                println!("In force now: a policy with {} (version {}).", rules_in_words(&policy), short(&policy));
            }
        }
    }
    Ok(Outcome::Done)
}

fn read(file: &Path) -> anyhow::Result<(Policy, String)> {
    let text = std::fs::read_to_string(file).map_err(|error| Usage(format!("{} cannot be read: {error}", file.display())))?;
    let policy = Policy::parse(&text).map_err(|error| Usage(format!("{}, {error}", file.display())))?;
    Ok((policy, text))
}

fn rules_in_words(policy: &Policy) -> String {
    match policy.rules.iter().len() {
        0 => "no rules".to_owned(),
        1 => "one rule".to_owned(),
        many => format!("{many} rules"),
    }
}

fn short(policy: &Policy) -> &str {
    policy.version.get(..12).unwrap_or(&policy.version)
}

/// What a rule has done, with its last decision.
struct Done {
    uses: RuleUse,
    last: Option<Decision>,
}

impl Done {
    fn last_in_words(&self) -> Option<String> {
        let last = self.last.as_ref()?;
        let what = match &last.ruling {
            Ruling::Settled { .. } => "settled",
            Ruling::Asked => "asked",
            Ruling::Approved { .. } | Ruling::Rejected | Ruling::Closed | Ruling::Undone { .. } => "decided",
        };
        Some(format!("{what} in decision {} at {}", last.id, last.at))
    }
}

async fn show(database: &Database, as_text: bool, format: Format) -> anyhow::Result<()> {
    let published = database.policy().await?;
    let is_built_in = published.is_none();
    let text = published.map_or_else(|| DEFAULT_POLICY.to_owned(), |(_, text)| text);
    if as_text {
        print!("{text}");
        return Ok(());
    }
    let policy = Policy::parse(&text).map_err(|error| anyhow::anyhow!("the policy in force, {error}"))?;
    let mut done = BTreeMap::new();
    for uses in database.rule_uses().await? {
        let last = database.decision(uses.last).await?;
        done.insert(uses.rule.clone(), Done { uses, last });
    }
    match format {
        Format::Table => {
            let from = if is_built_in { "the built-in one" } else { "published" };
            println!("The policy in force: {from}, version {}, with {}.", short(&policy), rules_in_words(&policy));
            let limits: Vec<String> =
                policy.gate.high_value.iter().map(|(currency, amount)| format!("{currency} {amount}")).collect();
            println!("Above {} a person decides; so for every other currency.", limits.join(", "));
            list(&policy, &done);
        }
        Format::Json => {
            let rules: Vec<serde_json::Value> = policy
                .rules
                .iter()
                .map(|rule| {
                    let done = done.get(&rule.name);
                    json!({
                        "name": rule.name,
                        "line": rule.line,
                        "when": rule.when,
                        "action": rule.action,
                        "decisions": done.map_or(0, |done| done.uses.decisions),
                        "settled": done.map_or(0, |done| done.uses.settled),
                        "last_decision": done.map(|done| done.uses.last.0),
                        "last_at": done.and_then(|done| done.last.as_ref()).map(|last| last.at.to_string()),
                        "last_did": done.and_then(Done::last_in_words),
                    })
                })
                .collect();
            println!(
                "{}",
                json!({"version": policy.version, "built_in": is_built_in, "high_value": policy.gate.high_value, "rules": rules})
            );
        }
        Format::Csv => {
            let mut out = csv::Writer::from_writer(std::io::stdout().lock());
            out.write_record(["rule", "line", "action", "decisions", "settled", "last_decision", "last_at"])?;
            for rule in policy.rules.iter() {
                let done = done.get(&rule.name);
                out.write_record([
                    super::shown::in_cell(&rule.name),
                    rule.line.to_string(),
                    super::shown::in_cell(&rule.action.words()),
                    done.map_or(0, |done| done.uses.decisions).to_string(),
                    done.map_or(0, |done| done.uses.settled).to_string(),
                    done.map(|done| done.uses.last.to_string()).unwrap_or_default(),
                    done.and_then(|done| done.last.as_ref()).map(|last| last.at.to_string()).unwrap_or_default(),
                ])?;
            }
            out.flush()?;
        }
    }
    Ok(())
}

fn list(policy: &Policy, done: &BTreeMap<String, Done>) {
    for (place, rule) in (1..).zip(policy.rules.iter()) {
        println!("{}", on_terminal(&format!("{place:>3}. {} (line {}): {}", rule.name, rule.line, rule.action.words())));
        println!("{}", on_terminal(&format!("     when {}", rule.when.split_whitespace().collect::<Vec<_>>().join(" "))));
        if let Some(done) = done.get(&rule.name) {
            let last = done.last_in_words().unwrap_or_default();
            println!(
                "{}",
                on_terminal(&format!("     {} decisions, {} settled; last {last}", done.uses.decisions, done.uses.settled))
            );
        } else if !done.is_empty() || policy.rules.is_empty() {
            println!("     has done nothing yet");
        }
    }
}
