use clap::Subcommand;
use quittance_agent::desk::decide::{self, Person};
use quittance_agent::desk::list::shared_zone;
use quittance_agent::desk::ports::Selection;
use quittance_agent::desk::{bulk, work};
use quittance_agent::evidence;
use quittance_agent::ports::{CaseFilter, Store};
use quittance_agent::queue::{Choice, Payer, Taken, undo, undo_case};
use quittance_rules::cases::{Case, CaseState, Subject};
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::ledger::{CaseId, DecisionId, Entry, Purpose};
use quittance_rules::money::Money;
use quittance_rules::records::{CustomerId, EntityId, ItemId};
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;

use super::settings::{ByArgs, DbArgs, policy_in_force};
use super::shown::{in_cell, on_terminal};
use super::{Format, Outcome, Usage};

/// Arguments of `queue`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// List the cases that wait for a person
    List {
        /// Only this entity
        #[arg(long)]
        entity: Option<String>,
        /// Only this kind, such as short_payment
        #[arg(long)]
        kind: Option<String>,
        /// Also those decided
        #[arg(long)]
        all: bool,
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
        #[command(flatten)]
        db: DbArgs,
    },
    /// Show one case with everything needed to decide
    Show {
        /// Number of the case
        id: i64,
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
        #[command(flatten)]
        db: DbArgs,
    },
    /// Decide a case: apply a candidate or items you name, keep the money on an account, or close
    Approve(Approve),
    /// Say that none of the candidates is right; the money stays in the queue
    Reject {
        /// Number of the case
        id: i64,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Give a case to somebody, or back to nobody
    Assign {
        /// Number of the case
        id: i64,
        /// Their name; `nobody` gives it back
        user: String,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Put a case off until a day, or until something new is known about it
    Snooze {
        /// Number of the case
        id: i64,
        /// A day such as 2026-12-01, or `news`. News brings it back before the day too.
        until: String,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Write a note on a case
    Note {
        /// Number of the case
        id: i64,
        /// The text; `@name` mentions somebody
        text: String,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Complete the decision somebody else proposed on a case that needs two people
    Complete {
        /// Number of the case
        id: i64,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Undo the last decision on a case, one decision by its number, a batch, or all that the rules settled in a day
    Undo {
        /// Number of the case
        #[arg(required_unless_present_any = ["decision", "batch", "rule"])]
        id: Option<i64>,
        /// Number of the decision, for one that a rule took without a case
        #[arg(long, conflicts_with_all = ["id", "batch", "rule"])]
        decision: Option<i64>,
        /// All decisions of one audit entry: the number a group answer prints
        #[arg(long, value_name = "ENTRY", conflicts_with_all = ["id", "rule"])]
        batch: Option<i64>,
        /// What the rules settled on this day, such as 2026-11-22: the day of the entities' time zone where they share one, else UTC
        #[arg(long, value_name = "DAY", conflicts_with = "id")]
        rule: Option<jiff::civil::Date>,
        /// With --rule: only what this rule of the policy settled; empty for the pattern built into the gate
        #[arg(long, value_name = "NAME", requires = "rule")]
        named: Option<String>,
        #[command(flatten)]
        db: DbArgs,
        #[command(flatten)]
        by: ByArgs,
    },
}

#[derive(clap::Args)]
struct Approve {
    /// Number of the case
    id: i64,
    /// Rank of the candidate to apply
    #[arg(long, value_name = "N", group = "choice")]
    candidate: Option<u32>,
    /// An item and the amount of the payment to apply to it, such as INV-7=120.00; may be given several times
    #[arg(long = "item", value_name = "ID=AMOUNT", group = "choice")]
    items: Vec<String>,
    /// Keep the money on this customer's account
    #[arg(long, value_name = "CUSTOMER", group = "choice")]
    unapplied: Option<String>,
    /// The money is not ours to apply
    #[arg(long, group = "choice")]
    not_ours: bool,
    /// Close a case that carries no money
    #[arg(long, group = "choice")]
    close: bool,
    /// Somebody else pays for the customer: nothing is learned about this payer, now or later
    #[arg(long)]
    third_party: bool,
    /// The version of the case you saw; a case that changed since is not decided
    #[arg(long, value_name = "N")]
    version: Option<i64>,
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    by: ByArgs,
}

/// Works the queue.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.what {
        What::List { entity, kind, all, format, db } => {
            let (database, _) = db.open().await?;
            let entity =
                entity.as_deref().map(EntityId::parse).transpose().map_err(|error| Usage(format!("--entity: {error}")))?;
            if let Some(kind) = &kind
                && !ExceptionKind::ALL.iter().any(|known| known.to_string() == *kind)
            {
                let known: Vec<String> = ExceptionKind::ALL.iter().map(ToString::to_string).collect();
                return Err(Usage(format!("--kind {kind}: there is no such kind; the kinds are {}", known.join(", "))).into());
            }
            let filter = CaseFilter { entity, kind, resolved: all, ..CaseFilter::default() };
            print_list(&database.cases(&filter).await?, format)?;
        }
        What::Show { id, format, db } => {
            if format == Format::Csv {
                return Err(Usage(
                    "`queue show` prints json or table; one case with its candidates does not fit a CSV line".to_owned(),
                )
                .into());
            }
            let (database, _) = db.open().await?;
            let case = database.case(CaseId(id)).await?.ok_or_else(|| Usage(format!("there is no case {id}")))?;
            show(&database, &case, format).await?;
        }
        What::Approve(args) => {
            let (database, settings) = args.db.open().await?;
            let by = args.by.name(&settings)?;
            let choice = choice(&database, &args).await?;
            let policy = policy_in_force(&database).await?;
            let who = Person::at_the_machine(&by);
            let payer = if args.third_party { Payer::ThirdParty } else { Payer::Customer };
            match decide::decide_as(&database, &SystemClock, &policy, who, CaseId(args.id), choice, args.version, payer).await? {
                decide::Outcome::Decided(taken) => say(&format!("case {} is decided", args.id), &taken),
                decide::Outcome::Proposed(proposal) => {
                    println!("case {} needs a second person: what {} proposes is not posted yet", args.id, proposal.by);
                    for entry in &proposal.entries {
                        println!("  {}", on_terminal(&entry_sentence(entry)));
                    }
                    println!("Another person completes it: quittance queue complete {} --by NAME", args.id);
                }
            }
        }
        What::Reject { id, db, by } => {
            let (database, settings) = db.open().await?;
            let by = by.name(&settings)?;
            let taken = decide::reject(&database, &SystemClock, Person::at_the_machine(&by), CaseId(id), None).await?;
            say(&format!("case {id}: none of the candidates is right; the money stays in the queue"), &taken);
        }
        What::Assign { id, user, db, by } => {
            let (database, settings) = db.open().await?;
            let to = (user != "nobody").then_some(user.as_str());
            let case = work::assign(&database, &SystemClock, &by.name(&settings)?, CaseId(id), to, None).await?;
            println!("{}", on_terminal(&format!("case {id} is with {user}: {}", case.headline)));
        }
        What::Snooze { id, until, db, by } => {
            let (database, settings) = db.open().await?;
            let day = match until.as_str() {
                "news" => work::Until::News,
                day => work::Until::Day(
                    day.parse().map_err(|_| Usage(format!("`{day}` is neither a day such as 2026-12-01 nor `news`")))?,
                ),
            };
            let case = work::snooze(&database, &SystemClock, &by.name(&settings)?, CaseId(id), day, None).await?;
            println!("{}", on_terminal(&format!("case {id} is put off until {until}: {}", case.headline)));
        }
        What::Note { id, text, db, by } => {
            let (database, settings) = db.open().await?;
            work::note(&database, &SystemClock, &by.name(&settings)?, CaseId(id), &text).await?;
            println!("noted on case {id}");
        }
        What::Complete { id, db, by } => {
            let (database, settings) = db.open().await?;
            let by = by.name(&settings)?;
            let taken = decide::complete(&database, &SystemClock, Person::at_the_machine(&by), CaseId(id), None).await?;
            say(&format!("case {id} is decided"), &taken);
        }
        What::Undo { batch: Some(entry), db, by, .. } => {
            let (database, settings) = db.open().await?;
            let by = by.name(&settings)?;
            return undo_many(&database, &by, Selection::Entry(entry)).await;
        }
        What::Undo { rule: Some(day), named, db, by, .. } => {
            let (database, settings) = db.open().await?;
            let by = by.name(&settings)?;
            let entities = database.entities().await?;
            let zone = jiff::tz::TimeZone::get(shared_zone(&entities))?;
            let start = |day: jiff::civil::Date| Ok::<_, anyhow::Error>(day.to_zoned(zone.clone())?.timestamp());
            let selection = Selection::ByRule { from: start(day)?, to: start(day.tomorrow()?)?, rule: named };
            return undo_many(&database, &by, selection).await;
        }
        What::Undo { id, decision, db, by, .. } => {
            let (database, settings) = db.open().await?;
            let by = by.name(&settings)?;
            let taken = match (id, decision) {
                (Some(id), _) => undo_case(&database, &SystemClock, &by, CaseId(id)).await?,
                (None, Some(decision)) => undo(&database, &SystemClock, &by, DecisionId(decision)).await?,
                (None, None) => return Err(Usage("name a case or a decision".to_owned()).into()),
            };
            say("undone", &taken);
            if let Some(case) = &taken.case {
                println!("case {} waits again: {}", case.id, case.headline);
            }
        }
    }
    Ok(Outcome::Done)
}

/// Undoes all of a selection, and lists what was left as it is.
async fn undo_many(database: &Database, by: &str, selection: Selection) -> anyhow::Result<Outcome> {
    let report = bulk::undo_many(database, &SystemClock, by, &selection).await?;
    println!("{} decisions undone{}", report.undone, report.entry.map_or(String::new(), |entry| format!(" (entry {entry})")));
    for (decision, reason) in &report.skipped {
        eprintln!("decision {decision} stays: {reason}");
    }
    Ok(if report.skipped.is_empty() { Outcome::Done } else { Outcome::SomeRefused })
}

async fn choice(database: &Database, args: &Approve) -> anyhow::Result<Choice> {
    if let Some(rank) = args.candidate {
        return Ok(Choice::Candidate(rank));
    }
    if let Some(customer) = &args.unapplied {
        return Ok(Choice::KeepUnapplied(CustomerId::parse(customer).map_err(|error| Usage(format!("--unapplied: {error}")))?));
    }
    if args.not_ours {
        return Ok(Choice::NotOurs);
    }
    if args.close {
        return Ok(Choice::Close);
    }
    if args.items.is_empty() {
        return Ok(Choice::Candidate(1));
    }
    let case = database.case(CaseId(args.id)).await?.ok_or_else(|| Usage(format!("there is no case {}", args.id)))?;
    let Some(currency) = case.amount.map(Money::currency) else {
        return Err(Usage(format!("case {} carries no money to apply", args.id)).into());
    };
    let items = args.items.iter().map(|text| {
        let wrong = |what: String| Usage(format!("--item {text}: {what}"));
        let (id, amount) = text.rsplit_once('=').ok_or_else(|| wrong("write ID=AMOUNT".to_owned()))?;
        let id = ItemId::parse(id).map_err(|error| wrong(error.to_string()))?;
        let amount = Money::parse(amount, currency).map_err(|error| wrong(error.to_string()))?;
        Ok::<_, Usage>((id, amount))
    });
    Ok(Choice::Items(items.collect::<Result<_, _>>()?))
}

fn say(what: &str, taken: &Taken) {
    println!("{what} (decision {})", taken.decision);
    for entry in &taken.entries {
        println!("  {}", entry_sentence(entry));
    }
}

/// One entry in words: `EUR 120.00 to INV-7`.
pub fn entry_sentence(entry: &Entry) -> String {
    let item = entry.item.as_ref().map(ItemId::as_str).unwrap_or_default();
    let cleared = entry.cleared.unwrap_or(entry.amount);
    match entry.purpose {
        Purpose::Allocation if cleared.currency() != entry.amount.currency() => {
            format!("{} to {item}, clearing {cleared}", entry.amount)
        }
        Purpose::Allocation => format!("{} to {item}", entry.amount),
        Purpose::Discount => format!("{cleared} discount on {item}"),
        Purpose::BankFee => format!("{cleared} bank charges on {item}"),
        Purpose::Withholding => format!("{cleared} withheld tax on {item}"),
        Purpose::WriteOff => format!("{cleared} written off on {item}"),
        Purpose::Unapplied => {
            format!(
                "{} stays on the account of {}",
                entry.amount,
                entry.customer.as_ref().map(CustomerId::as_str).unwrap_or_default()
            )
        }
        Purpose::NotOurs => format!("{} is not ours to apply", entry.amount),
    }
}

fn print_list(cases: &[Case], format: Format) -> anyhow::Result<()> {
    match format {
        Format::Json => {
            for case in cases {
                println!("{}", serde_json::to_string(case)?);
            }
        }
        Format::Csv => {
            let mut out = csv::Writer::from_writer(std::io::stdout().lock());
            out.write_record(["case_id", "kind", "severity", "state", "entity", "amount", "currency", "opened_at", "headline"])?;
            for case in cases {
                out.write_record([
                    case.id.to_string(),
                    case.kind.to_string(),
                    format!("{:?}", case.kind.severity()).to_lowercase(),
                    case.state.name().to_owned(),
                    case.entity.as_ref().map(ToString::to_string).unwrap_or_default(),
                    case.amount.map(Money::amount).unwrap_or_default(),
                    case.amount.map(|amount| amount.currency().to_string()).unwrap_or_default(),
                    case.opened_at.to_string(),
                    in_cell(&case.headline),
                ])?;
            }
            out.flush()?;
        }
        Format::Table => {
            for case in cases {
                let state = if case.state.is_pending() { String::new() } else { " (decided)".to_owned() };
                println!("{}", on_terminal(&format!("{:>5}  {:<34} {}{state}", case.id.0, case.kind.words(), case.headline)));
            }
            eprintln!("{} cases", cases.len());
        }
    }
    Ok(())
}

async fn show(database: &Database, case: &Case, format: Format) -> anyhow::Result<()> {
    if format == Format::Json {
        println!("{}", serde_json::to_string_pretty(case)?);
        return Ok(());
    }
    println!(
        "{}",
        on_terminal(&format!(
            "Case {} · {} · {} · {}",
            case.id,
            case.kind.words(),
            plain_name(&case.kind.severity())?,
            plain_name(&case.kind.owner())?
        ))
    );
    println!("{}", on_terminal(&case.headline));
    if let CaseState::Resolved { decision } = &case.state
        && let Some(decision) = database.decision(*decision).await?
    {
        println!("{}", on_terminal(&format!("Decided by {} at {} (decision {}).", decision.by, decision.at, decision.id)));
    }
    println!("\nWhy it was not settled alone");
    for reason in &case.reasons {
        println!("{}", on_terminal(&format!("  - {reason}")));
    }
    if let Subject::Payment(id) | Subject::Return(id) = &case.subject
        && let Some(payment) = database.payment(id).await?
    {
        let line = &payment.line.line;
        println!("{}", on_terminal(&format!("\nBank line {id} ({}, {})", payment.line.account, line.place)));
        let date = line.booking_date.map(|date| date.to_string());
        let amount = line.amount.to_string();
        let fields = [
            ("booked", date.as_deref()),
            ("amount", Some(amount.as_str())),
            ("payer", line.counterparty_name.as_deref()),
            ("payer account", line.counterparty_account.as_deref()),
            ("text", line.remittance.as_deref()),
            ("reference", line.structured_reference.as_deref()),
            ("end-to-end id", line.end_to_end_id.as_deref()),
            ("bank reference", line.bank_reference.as_deref()),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                println!("{}", on_terminal(&format!("  {name:<15} {value}")));
            }
        }
    }
    if let Subject::Evidence(digest) = &case.subject {
        show_evidence(database, digest).await?;
    }
    if !case.candidates.is_empty() {
        println!("\nCandidates");
    }
    for candidate in &case.candidates {
        println!("{}", on_terminal(&format!("  {}. {} (confidence {})", candidate.rank, candidate.reason, candidate.confidence)));
        for entry in &candidate.entries {
            println!("{}", on_terminal(&format!("       {}", entry_sentence(entry))));
        }
        let weights: Vec<String> =
            candidate.weights.iter().map(|w| format!("{} {:+.1}", w.field, f64::from(w.log_odds_milli) / 1000.0)).collect();
        if !weights.is_empty() {
            println!("{}", on_terminal(&format!("       weights: {}", weights.join(", "))));
        }
    }
    Ok(())
}

/// The name of a kind as people read it: `cash application`.
fn plain_name(kind: &impl serde::Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_value(kind)?.as_str().unwrap_or_default().replace('_', " "))
}

async fn show_evidence(database: &Database, digest: &quittance_rules::cases::InputDigest) -> anyhow::Result<()> {
    let all = database.evidence().await?;
    let Some((record, input)) = all.iter().find(|(record, _)| record.digest == *digest) else { return Ok(()) };
    println!("{}", on_terminal(&format!("\nEvidence {} ({}, {} bytes)", input.name, evidence::short(digest), input.size)));
    if let Some(reading) = evidence::reading_of(database, record).await? {
        println!(
            "{}",
            on_terminal(&format!("  reads as {} (confidence {})", plain_name(&reading.kind)?, reading.kind_confidence))
        );
        for claim in &reading.claims {
            let at = claim.region;
            println!(
                "  {}: `{}` (page {}, {:.0} % across, {:.0} % down, confidence {})",
                plain_name(&claim.field)?,
                claim.text,
                at.page,
                f64::from(at.x0) / 10_000.0,
                f64::from(at.y0) / 10_000.0,
                claim.confidence
            );
        }
    }
    Ok(())
}
