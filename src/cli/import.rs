use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use quittance_agent::evidence::{Earlier, EvidenceOutcome, import_evidence};
use quittance_agent::import::{
    ImportReport, Placing, import_customers, import_invoices, import_statement, input_of, problem_sentence, to_complete,
};
use quittance_agent::ports::{Clock as _, Store};
use quittance_agent::ports_pages::{Pages as _, ProfileLine};
use quittance_agent::profiles::{Switched, switch};
use quittance_rules::bank::Problem;
use quittance_rules::cases::Actor;
use quittance_rules::journal::{Input, InputKind};
use quittance_rules::records::EntityId;
use quittance_tools::clock::SystemClock;
use quittance_tools::evidence::EvidenceReader;
use quittance_tools::intake::bank_file::{self, BankFileOptions};
use quittance_tools::intake::feed::BankFileFeed;
use quittance_tools::intake::{IntakeError, books};
use quittance_tools::store::Database;

use super::bank_options::BankOptions;
use super::model::{ModelArgs, ModelReader};
use super::progress::Bar;
use super::settings::{ByArgs, DbArgs};
use super::shown::on_terminal;
use super::{Format, Outcome, Usage};

/// Arguments of `import`.
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Customers, from CSV
    Customers(Files),
    /// Invoices and credit notes, from CSV, UBL 2.1, CII (Factur-X, ZUGFeRD, XRechnung) or a PDF with such XML inside
    Invoices(Files),
    /// Bank and processor statements: CAMT.052/.053/.054, MT940/942, OFX/QFX, BAI2, NACHA returns, QIF, CSV, XLSX
    Statement(Statements),
    /// Mapping profiles that were saved from tables: list them, or switch one off and on
    Profiles(Profiles),
    /// Evidence: images, PDFs, mails, text; folders are read with everything in them
    Evidence(Evidence),
}

#[derive(clap::Args)]
struct Files {
    /// Files, or folders
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    by: ByArgs,
}

#[derive(clap::Args)]
struct Profiles {
    /// Switch the profile of this name off: no file is read with it any more
    #[arg(long, value_name = "NAME", conflicts_with = "on")]
    off: Option<String>,
    /// Switch it on again
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// How to print the list
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    db: DbArgs,
    #[command(flatten)]
    by: ByArgs,
}

#[derive(clap::Args)]
struct Evidence {
    #[command(flatten)]
    files: Files,
    #[command(flatten)]
    model: ModelArgs,
}

#[derive(clap::Args)]
struct Statements {
    #[command(flatten)]
    files: Files,
    /// The account, for files that do not name one
    #[arg(long)]
    account: Option<String>,
    /// The entity whose account it is, for an account that is not placed yet
    #[arg(long)]
    entity: Option<String>,
    #[command(flatten)]
    options: BankOptions,
    /// Book interim reports and notifications too (CAMT.052 and .054, MT942): only for accounts whose bank sends nothing else,
    /// or their lines count twice
    #[arg(long)]
    book_interim: bool,
}

/// Takes files in. What is known already changes nothing.
pub async fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.what {
        What::Customers(files) => each(&files, InputKind::Customers, Importer::Customers).await,
        What::Invoices(files) => each(&files, InputKind::Invoices, Importer::Invoices).await,
        What::Profiles(profiles) => saved_profiles(&profiles).await,
        What::Evidence(evidence) => {
            let (database, settings) = evidence.files.db.open().await?;
            let by = evidence.files.by.name(&settings)?;
            let reader = ModelReader::new(&evidence.model, &settings, &database)?;
            let importer = Importer::Evidence(Box::new(reader), Arc::default());
            import_all(&database, &by, &evidence.files.paths, InputKind::Evidence, &importer).await
        }
        What::Statement(statements) => {
            let entity = statements.entity.as_deref().map(EntityId::parse).transpose();
            let placing = Placing {
                account: statements.account.clone(),
                entity: entity.map_err(|error| Usage(format!("--entity: {error}")))?,
                book_interim: statements.book_interim,
            };
            let (database, settings) = statements.files.db.open().await?;
            let by = statements.files.by.name(&settings)?;
            let options = Box::new(statements.options.read_with(&database, &placing).await?);
            let importer = Importer::Statement(placing, options);
            import_all(&database, &by, &statements.files.paths, InputKind::Statement, &importer).await
        }
    }
}

/// Lists the saved profiles, or switches one.
async fn saved_profiles(args: &Profiles) -> anyhow::Result<Outcome> {
    let (database, settings) = args.db.open().await?;
    let wanted = args.off.as_ref().map(|name| (name, false)).or(args.on.as_ref().map(|name| (name, true)));
    let Some((name, is_on)) = wanted else {
        list_profiles(&database.profile_lines().await?, args.format)?;
        return Ok(Outcome::Done);
    };
    let by = Actor::Person(args.by.name(&settings)?);
    let state = if is_on { "on" } else { "off" };
    let shown = on_terminal(name);
    match switch(&database, by, SystemClock.now(), name, is_on).await? {
        Switched::Changed(_) => println!("the mapping profile {shown} is {state} now"),
        Switched::Already(_) => println!("the mapping profile {shown} was {state} already"),
        Switched::Unknown => {
            return Err(Usage(format!("there is no mapping profile {shown}; see `quittance import profiles`")).into());
        }
    }
    Ok(Outcome::Done)
}

/// Columns of the list of saved profiles.
const PROFILE_COLUMNS: [&str; 6] = ["name", "version", "entity_id", "state", "changed_by", "changed_at"];

fn list_profiles(lines: &[ProfileLine], format: Format) -> anyhow::Result<()> {
    let cells = |line: &ProfileLine| {
        let (profile, state) = (&line.profile, if line.profile.is_on { "on" } else { "off" });
        let entity = profile.entity.as_ref().map(ToString::to_string).unwrap_or_default();
        [profile.name.clone(), profile.version.to_string(), entity, state.to_owned(), line.by.clone(), line.at.to_string()]
    };
    match format {
        Format::Json => {
            for line in lines {
                let object: serde_json::Map<String, serde_json::Value> =
                    PROFILE_COLUMNS.iter().zip(cells(line)).map(|(name, cell)| ((*name).to_owned(), cell.into())).collect();
                println!("{}", serde_json::Value::Object(object));
            }
        }
        Format::Csv => {
            let mut out = csv::Writer::from_writer(std::io::stdout().lock());
            out.write_record(PROFILE_COLUMNS)?;
            for line in lines {
                out.write_record(cells(line))?;
            }
            out.flush()?;
        }
        Format::Table => {
            for line in lines {
                let [name, _, entity, state, by, at] = cells(line);
                let entity = if entity.is_empty() { "all entities" } else { &entity };
                println!("{}", on_terminal(&format!("{state:<3} {name:<30} {entity}: {by} at {at}")));
            }
        }
    }
    Ok(())
}

/// What to do with each file.
pub enum Importer {
    /// Customer files.
    Customers,
    /// Invoice files.
    Invoices,
    /// Bank files, with where to place them and how to read them.
    Statement(Placing, Box<BankFileOptions>),
    /// Evidence, with who reads it and what it is compared with.
    Evidence(Box<ModelReader>, Arc<Earlier>),
}

async fn each(files: &Files, kind: InputKind, importer: Importer) -> anyhow::Result<Outcome> {
    let (database, settings) = files.db.open().await?;
    let by = files.by.name(&settings)?;
    import_all(&database, &by, &files.paths, kind, &importer).await
}

/// Takes all files in, one after the other, and says what came of each.
pub async fn import_all(
    database: &Database,
    by: &str,
    paths: &[PathBuf],
    kind: InputKind,
    importer: &Importer,
) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Done;
    let (paths, passed_over) = walk(paths)?;
    for sentence in passed_over {
        eprintln!("{sentence}");
        outcome = Outcome::SomeRefused;
    }
    let bar = Bar::new("importing");
    // Evidence is read in processes of its own, so two at a time; everything else is one writer's work.
    let at_once = if kind == InputKind::Evidence { 2 } else { 1 };
    let mut done = 0_u64;
    for group in paths.chunks(at_once) {
        let import = |path: &'_ PathBuf| import_one(database, by, path.clone(), kind, importer);
        let results = match group {
            [one, two] => {
                let (first, second) = tokio::join!(import(one), import(two));
                vec![first, second]
            }
            _ => match group.first() {
                Some(one) => vec![import(one).await],
                None => Vec::new(),
            },
        };
        for (path, result) in group.iter().zip(results) {
            let shown = super::shown_path(path);
            match result {
                Ok(Said { mut line, refused, suggested, unmapped: _, is_taken: _ }) => {
                    if let Some(profile) = suggested {
                        line = format!("{line}; {}", to_complete(&profile));
                    }
                    println!("{shown}: {line}");
                    if !refused.is_empty() {
                        outcome = Outcome::SomeRefused;
                    }
                    for sentence in refused {
                        eprintln!("{shown}: {sentence}");
                    }
                }
                Err(error) => {
                    eprintln!("{shown}: {error:#}");
                    outcome = Outcome::SomeRefused;
                }
            }
        }
        done = done.saturating_add(group.len() as u64);
        bar.set(done, paths.len() as u64);
    }
    bar.finish();
    super::webhooks::notice(database).await?;
    Ok(outcome)
}

/// What is said about one file.
#[derive(Default)]
pub struct Said {
    /// One line: `12 new, 3 known`.
    pub line: String,
    /// What was refused, one sentence each.
    pub refused: Vec<String>,
    /// Of a table whose columns a person must name first: the profile to complete, as TOML.
    pub suggested: Option<String>,
    /// Digest of a table of which nothing could be taken: its columns can be named on a page.
    pub unmapped: Option<String>,
    /// Whether anything of it is in the book now.
    pub is_taken: bool,
}

/// Takes one file in.
pub async fn import_one(
    database: &Database,
    by: &str,
    path: PathBuf,
    kind: InputKind,
    importer: &Importer,
) -> anyhow::Result<Said> {
    let path = path.as_path();
    if kind != InputKind::Evidence {
        bank_file::refuse_padding(path)?;
    }
    let (digest, size) = database.keep_file(path).await?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let input = input_of(digest.clone(), kind, &name, size);
    let by = Actor::Person(by.to_owned());
    let report = match importer {
        Importer::Customers => {
            let read = or_refused(books::read_customers(path));
            let mut report = import_customers(database, &SystemClock, by, input, read.records, read.problems).await?;
            report.notices.extend(read.notices);
            report
        }
        Importer::Invoices => {
            let customers = database.customers().await?;
            let read = or_refused(if books::is_pdf(path)? {
                let bytes = tokio::fs::read(path).await?;
                let reader = EvidenceReader::of_this_program()?;
                let taken = tokio::task::spawn_blocking(move || reader.embedded_invoice(&bytes)).await?;
                match taken {
                    Ok(xml) => books::read_invoice_xml(BufReader::new(xml.as_slice()), &customers),
                    Err(message) => Err(IntakeError::Malformed { line: None, message }),
                }
            } else {
                books::read_invoices(path, &customers)
            });
            let mut report = import_invoices(database, &SystemClock, by, input, read.records, read.problems).await?;
            report.notices.extend(read.notices);
            report
        }
        Importer::Statement(placing, options) => {
            let mut feed = BankFileFeed::open(path, options.as_ref().clone());
            let report = import_statement(database, &SystemClock, by, input, placing, &mut feed).await?;
            let nothing = report.added == 0 && report.known == 0 && report.announced == 0 && !report.problems.is_empty();
            // A layout that is known and lacks an account or an entity wants a word, not another layout without its rules.
            let unmapped = (nothing && report.unmapped.is_some()).then_some(digest.0);
            return Ok(Said { unmapped, ..said(&report) });
        }
        Importer::Evidence(reader, earlier) => return evidence_one(database, reader, earlier, by, path, input).await,
    };
    Ok(said(&report))
}

/// A file of which nothing could be taken is a problem like any other: its original is kept, and a case holds it.
fn or_refused<T>(read: Result<books::Records<T>, IntakeError>) -> books::Records<T> {
    read.unwrap_or_else(|error| books::Records {
        records: Vec::new(),
        problems: vec![Problem { line: None, field: None, message: error.to_string() }],
        notices: Vec::new(),
    })
}

async fn evidence_one(
    database: &Database,
    reader: &ModelReader,
    earlier: &Earlier,
    by: Actor,
    path: &Path,
    input: Input,
) -> anyhow::Result<Said> {
    let bytes = tokio::fs::read(path).await.with_context(|| format!("{}", path.display()))?;
    let outcome = import_evidence(database, &SystemClock, reader, by, (input, &bytes), None, earlier).await?;
    for notice in reader.notices() {
        eprintln!("notice: {notice}");
    }
    Ok(match outcome {
        EvidenceOutcome::Known => Said { line: "known already; nothing changed".to_owned(), ..Said::default() },
        EvidenceOutcome::Read(kind, raised) => {
            let kind = serde_json::to_value(kind)?;
            let kind = kind.as_str().unwrap_or_default().replace('_', " ");
            let raised: Vec<&str> = raised.iter().map(|kind| kind.words()).collect();
            let line = if raised.is_empty() { kind } else { format!("{kind}; to the queue: {}", raised.join(", ")) };
            Said { line, ..Said::default() }
        }
        EvidenceOutcome::Unreadable(sentence) => Said {
            line: "kept; a case holds it".to_owned(),
            refused: vec![format!("could not be read: {sentence}")],
            ..Said::default()
        },
    })
}

fn said(report: &ImportReport) -> Said {
    if report.already_taken {
        return Said { line: "known already; nothing changed".to_owned(), is_taken: true, ..Said::default() };
    }
    let mut parts = vec![format!("{} new", report.added)];
    for (count, word) in [(report.known, "known"), (report.updated, "brought up to date"), (report.announced, "only announced")] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    if !report.problems.is_empty() {
        parts.push(format!("{} refused", report.problems.len()));
    }
    let mut line = parts.join(", ");
    for notice in &report.notices {
        line.push_str("; ");
        line.push_str(notice);
    }
    Said {
        line,
        refused: report.problems.iter().map(problem_sentence).collect(),
        suggested: report.unmapped.clone(),
        unmapped: None,
        is_taken: report.added + report.known + report.updated + report.announced > 0,
    }
}

/// The files themselves, and all files in folders, sorted; and a sentence for each path that is neither. Links inside folders
/// are not followed; pipes and devices would never end.
pub fn walk(paths: &[PathBuf]) -> anyhow::Result<(Vec<PathBuf>, Vec<String>)> {
    let mut files = Vec::new();
    let mut passed_over = Vec::new();
    let mut open: Vec<PathBuf> = Vec::new();
    for path in paths {
        match std::fs::metadata(path) {
            Ok(found) if found.is_dir() => open.push(path.clone()),
            Ok(found) if found.is_file() => files.push(path.clone()),
            Ok(_) => passed_over.push(format!("{}: it is neither a file nor a folder; nothing was taken", path.display())),
            Err(error) => passed_over.push(format!("{}: it could not be opened: {error}", path.display())),
        }
    }
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).with_context(|| format!("folder {}", folder.display()))? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path());
            } else {
                passed_over.push(format!(
                    "{}: it is a link or no file; nothing was taken, name it itself to take it",
                    entry.path().display()
                ));
            }
        }
    }
    files.sort();
    files.dedup();
    Ok((files, passed_over))
}
