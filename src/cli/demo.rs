use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use quittance_agent::import::Placing;
use quittance_agent::ports::{CaseFilter, Store};
use quittance_agent::reconcile;
use quittance_rules::exceptions::ExceptionKind;
use quittance_rules::journal::InputKind;
use quittance_rules::records::EntityId;
use quittance_simulate::demo::{DemoManifest, write_demo};
use quittance_tools::clock::SystemClock;
use quittance_tools::store::Database;

use super::import::{Importer, import_all};
use super::model::{ModelArgs, ModelReader};
use super::progress::Bar;
use super::settings::{EntitySetting, Settings, policy_in_force, wrong_database};
use super::{Outcome, Usage, run};

/// Arguments of `demo`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder for the files and the database; one made by an earlier demo is made anew
    #[arg(long, default_value = "demo")]
    dir: PathBuf,
    /// Another seed makes another book
    #[arg(long, default_value_t = 2026)]
    seed: u64,
    #[command(flatten)]
    model: ModelArgs,
    /// Serve the queue on the demo's book when it is made, until Ctrl-C; on any free port where the address is taken
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = "127.0.0.1:8080")]
    serve: Option<SocketAddr>,
}

/// Written into a folder that the demo made, so that it only ever clears its own.
const MARKER: &str = "made-by-quittance-demo";

/// Makes a book, reconciles it, and says what was settled, what waits and why.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    clear(&args.dir)?;
    let bar = Bar::new("making files");
    let manifest = write_demo(&args.dir, args.seed, &mut |_, done, of| bar.set(done as u64, of as u64))?;
    bar.finish();
    println!(
        "Two companies of one group, {} customers, {} invoices and credit notes, {} bank lines in {} statements, {} pieces of evidence",
        count(&manifest, "customers"),
        count(&manifest, "invoices") + count(&manifest, "credit_notes"),
        count(&manifest, "bank_lines"),
        manifest.statements.len(),
        manifest.evidence.len()
    );
    println!("were made in {}.\n", args.dir.display());

    let settings = settings(&args.dir, &manifest);
    let text = toml_of(&settings)?;
    let config = args.dir.join("quittance.toml");
    std::fs::write(&config, text).with_context(|| format!("{}", config.display()))?;
    let database = Database::create(&settings.database).await.map_err(wrong_database)?;
    let database = settings.seal(database).await?;
    settings.publish(&database, "demo").await?;

    let (customers, invoices) = ([args.dir.join(&manifest.customers)], [args.dir.join(&manifest.invoices)]);
    let evidence: Vec<PathBuf> = manifest.evidence.iter().map(|file| args.dir.join(file)).collect();
    // One account after the other: some banks' files do not name it, and some name it in a form of their own.
    let mut statements: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for statement in &manifest.statements {
        statements.entry(statement.account.clone()).or_default().push(args.dir.join(&statement.file));
    }
    let mut worst = Outcome::Done;
    let mut steps: Vec<(&str, &[PathBuf], InputKind, Importer)> = vec![
        ("customers", &customers, InputKind::Customers, Importer::Customers),
        ("invoices", &invoices, InputKind::Invoices, Importer::Invoices),
    ];
    for (number, statement) in &statements {
        let account = manifest.accounts.iter().find(|account| account.number == *number);
        let placing = Placing {
            account: Some(number.clone()),
            entity: account.map(|account| EntityId::parse(&account.entity_id)).transpose()?,
            book_interim: false,
        };
        steps.push(("statements", statement, InputKind::Statement, Importer::Statement(placing, Box::default())));
    }
    // The model, where one is wanted, is that of the settings around the demo; the demo's own settings name none.
    let reader = ModelReader::new(&args.model, &Settings::read(None)?, &database)?;
    steps.push(("evidence", &evidence, InputKind::Evidence, Importer::Evidence(Box::new(reader), std::sync::Arc::default())));
    let mut before = "";
    for (what, paths, kind, importer) in steps {
        if what != before {
            println!("Taking in {what}");
            before = what;
        }
        if import_all(&database, "demo", paths, kind, &importer).await? == Outcome::SomeRefused {
            worst = Outcome::SomeRefused;
        }
    }
    if worst == Outcome::SomeRefused {
        println!("(What was refused is meant to be: an unreadable file waits in the queue with its original.)");
    }

    println!("\nReconciling");
    let policy = policy_in_force(&database).await?;
    let bar = Bar::new("reconciling");
    let report = reconcile::run(&database, &SystemClock, &policy, &mut |done, of| bar.set(done, of)).await?;
    bar.finish();
    run::print(&report, super::Format::Table)?;
    positions(&database).await?;
    waiting(&database).await?;
    explore(&args.dir);
    let Some(wanted) = args.serve else {
        database.close().await;
        return Ok(Outcome::Done);
    };
    let password = super::user::people_of_demo(&database).await?;
    database.close().await;
    let listen = if TcpListener::bind(wanted).is_ok() { wanted } else { SocketAddr::new(wanted.ip(), 0) };
    println!(
        "\nThe queue is open until Ctrl-C. Sign in as `demo` (may do everything) or `second` (completes what needs four eyes);"
    );
    println!("the password of both is {password}");
    super::serve::run(super::serve::Args::of_demo(config, listen)).await
}

fn count(manifest: &DemoManifest, what: &str) -> usize {
    manifest.counts.get(what).copied().unwrap_or_default()
}

/// Clears a folder that an earlier demo made, and refuses any other that holds something.
fn clear(folder: &Path) -> anyhow::Result<()> {
    let marker = folder.join(MARKER);
    if folder.exists() {
        let is_empty = std::fs::read_dir(folder).with_context(|| format!("{}", folder.display()))?.next().is_none();
        if !is_empty && !marker.is_file() {
            return Err(
                Usage(format!("{} holds something that no demo made: name another folder with --dir", folder.display())).into()
            );
        }
        std::fs::remove_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    }
    std::fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    std::fs::write(marker, "The demo clears this folder when it runs again.\n")?;
    Ok(())
}

fn settings(folder: &Path, manifest: &DemoManifest) -> Settings {
    let accounts = |id: &str| {
        let own = manifest.accounts.iter().filter(|account| account.entity_id == id);
        own.flat_map(|account| [account.number.clone(), account.local_number.clone()]).collect()
    };
    Settings {
        database: format!("sqlite://{}", folder.join("quittance.db").display()),
        entity: manifest
            .entities
            .iter()
            .map(|entity| EntitySetting {
                id: entity.id.to_string(),
                name: entity.name.clone(),
                currency: entity.base_currency.to_string(),
                time_zone: entity.time_zone.clone(),
                accounts: accounts(entity.id.as_str()),
            })
            .collect(),
        ..Settings::default()
    }
}

fn toml_of(settings: &Settings) -> anyhow::Result<String> {
    Ok(format!("# Settings of the demo.\n{}", toml::to_string(settings)?))
}

async fn positions(database: &Database) -> anyhow::Result<()> {
    println!("\nWhere the money is");
    println!("  {:<9}{:>16}{:>16}{:>16}{:>16}{:>16}", "", "bank in", "applied", "unapplied", "not ours", "in the queue");
    for position in database.positions(None).await? {
        println!(
            "  {:<9}{:>16}{:>16}{:>16}{:>16}{:>16}",
            position.bank_in.currency().code(),
            position.bank_in.amount(),
            position.applied.amount(),
            position.unapplied.amount(),
            position.not_ours.amount(),
            position.in_queue.amount()
        );
    }
    Ok(())
}

async fn waiting(database: &Database) -> anyhow::Result<()> {
    let cases = database.cases(&CaseFilter::default()).await?;
    let mut kinds: BTreeMap<ExceptionKind, Vec<&quittance_rules::cases::Case>> = BTreeMap::new();
    for case in &cases {
        kinds.entry(case.kind).or_default().push(case);
    }
    println!("\nWhat waits for a person, and why: {} cases", cases.len());
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(kind, cases)| (std::cmp::Reverse(cases.len()), *kind));
    for (kind, cases) in kinds {
        println!("  {:>4}  {}", cases.len(), kind.words());
        if let Some(case) = cases.first() {
            println!("          e.g. case {}: {}", case.id, case.headline);
            if let Some(reason) = case.reasons.first() {
                println!("          because {reason}");
            }
        }
    }
    Ok(())
}

fn explore(folder: &Path) {
    let config = folder.join("quittance.toml");
    let config = config.display();
    println!("\nExplore it:");
    println!("  quittance queue list --config {config}");
    println!("  quittance queue show 1 --config {config}");
    println!("  quittance queue approve 1 --config {config}        (and: queue undo 1)");
    println!("  quittance export allocations --out allocations.csv --config {config}");
    println!("  quittance replay --all --config {config}");
    println!("  quittance audit verify --config {config}");
    println!("The program is target/debug/quittance; the files it read are in {}.", folder.display());
}
