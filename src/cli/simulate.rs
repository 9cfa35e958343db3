//! `quittance simulate`: makes a seeded book with the truth beside it, and scores answers against the truth.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Subcommand, ValueEnum};
use quittance_simulate::books::score::{Given, Lines, Score};
use quittance_simulate::books::{Kind, Wanted, make, make_other, profile, write};
use quittance_simulate::pieces::{Split, Workshop, mutated};

use super::{Outcome, Usage};

/// Makes a seeded book of customers, invoices and payments with the truth beside it, or scores answers against such a truth.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// The same seed gives the same book on every machine
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of customers; a twelfth of the payments where it is not given
    #[arg(long, value_name = "N")]
    customers: Option<usize>,
    /// Number of payments; there are five open items for every four
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    payments: usize,
    /// Kind of desk: `one` (German, English, Dutch; tidy), `two` (Romance, Nordic, Polish; twice the noise), `three` (every seed draws
    /// another desk: languages, numbering, gaps, habits, and what misleads)
    #[arg(long, value_enum, default_value_t = ProfileName::One)]
    profile: ProfileName,
    /// Folder for customers.csv, invoices.csv, payments.csv, fx.csv and truth.csv
    #[arg(long, value_name = "DIR", default_value = "book")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProfileName {
    One,
    Two,
    Three,
}

#[derive(Subcommand)]
enum Command {
    /// Score the output of `match` against a truth file: right, wrong and queued for each kind of payment, and calibration
    Score(ScoreArgs),
    /// Make the files of `eval-sets/evidence-files` from their recipes, or write the recipes anew
    Evidence(EvidenceArgs),
}

#[derive(clap::Args)]
struct EvidenceArgs {
    /// Folder for the files, with `truth.json` beside them
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Folder for the cases: recipe, truth, tags, template and split of each
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// Only of this split: `train`, `dev` or `held-out`
    #[arg(long)]
    split: Option<String>,
    /// Another seed is another set of the same designs
    #[arg(long, default_value_t = 4)]
    seed: u64,
    /// Break each file in this many ways as well, and write only the broken ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    broken: u64,
    /// Pieces of each design
    #[arg(long, value_name = "N", default_value_t = 2)]
    each: u64,
}

#[derive(clap::Args)]
struct ScoreArgs {
    /// truth.csv of the book
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// What `quittance match --out` wrote
    #[arg(long, value_name = "FILE")]
    answers: PathBuf,
}

pub fn run(args: Args) -> anyhow::Result<Outcome> {
    match args.command {
        Some(Command::Score(score)) => return run_score(&score),
        Some(Command::Evidence(evidence)) => return run_evidence(&evidence),
        None => {}
    }
    let (profile, name) = match args.profile {
        ProfileName::One | ProfileName::Three => (profile::ONE, "one"),
        ProfileName::Two => (profile::TWO, "two"),
    };
    let customers = args.customers.unwrap_or(args.payments / 12).max(1);
    let wanted = Wanted { seed: args.seed, customers, payments: args.payments, profile };
    let (made, name) = match args.profile {
        ProfileName::One | ProfileName::Two => (make(wanted), name),
        ProfileName::Three => (make_other(wanted), "three"),
    };
    write(&made, &args.out).with_context(|| format!("cannot write to {}", args.out.display()))?;
    println!(
        "{} customers, {} open items, {} payments of profile {} in {}",
        made.customers.len(),
        made.items.len(),
        made.payments.len(),
        name,
        args.out.display()
    );
    Ok(Outcome::Done)
}

fn run_evidence(args: &EvidenceArgs) -> anyhow::Result<Outcome> {
    let split = match args.split.as_deref() {
        None => None,
        Some("train") => Some(Split::Train),
        Some("dev") => Some(Split::Dev),
        Some("held-out") => Some(Split::HeldOut),
        Some(other) => return Err(Usage(format!("--split {other}: write train, dev or held-out")).into()),
    };
    if args.out.is_none() && args.cases.is_none() {
        return Err(Usage("name a folder: --out DIR for the files, --cases DIR for the recipes".to_owned()).into());
    }
    let workshop = Workshop::new()?;
    let cases = workshop.cases(args.seed, args.each);
    let cases: Vec<_> = cases.iter().filter(|c| split.is_none_or(|s| c.split == s)).collect();
    let written = |path: &Path| format!("cannot write {}", path.display());
    if let Some(folder) = &args.cases {
        std::fs::create_dir_all(folder).with_context(|| written(folder))?;
        for case in &cases {
            let path = folder.join(format!("{}.json", case.id));
            let text = format!("{}\n", serde_json::to_string_pretty(case)?);
            std::fs::write(&path, text).with_context(|| written(&path))?;
        }
    }
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder).with_context(|| written(folder))?;
        let mut truth = Vec::new();
        for case in &cases {
            let piece = workshop.make(&case.recipe)?;
            for way in 0..args.broken {
                let path = folder.join(format!("broken-{way}-{}", piece.file_name));
                let bytes = mutated(&piece.bytes, case.recipe.seed.wrapping_mul(1_000).wrapping_add(way));
                std::fs::write(&path, bytes).with_context(|| written(&path))?;
            }
            if args.broken > 0 {
                continue;
            }
            let path = folder.join(&piece.file_name);
            std::fs::write(&path, &piece.bytes).with_context(|| written(&path))?;
            truth.push(serde_json::json!({"file": piece.file_name, "case": case}));
        }
        let path = folder.join("truth.json");
        std::fs::write(&path, serde_json::to_string_pretty(&truth)?).with_context(|| written(&path))?;
    }
    println!("{} pieces of {} designs", cases.len(), workshop.designs().len());
    Ok(Outcome::Done)
}

struct Known {
    kind: Kind,
    lines: Lines,
}

fn reader(path: &Path) -> anyhow::Result<csv::Reader<std::fs::File>> {
    csv::Reader::from_path(path).map_err(|e| Usage(format!("{} cannot be read: {e}", path.display())).into())
}

/// Hundredths of a decimal with up to two places; amounts with three places are compared in thousandths by neither side here.
fn hundredths(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |r| (-1, r));
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let fraction: i64 = format!("{fraction:0<2}").get(..2)?.parse().ok()?;
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(fraction)?.checked_mul(sign)
}

/// Payment, whether it settled, and its candidates with their confidence.
type Answered = (String, bool, Vec<(Lines, f64)>);

fn run_score(args: &ScoreArgs) -> anyhow::Result<Outcome> {
    let mut truth: HashMap<String, Known> = HashMap::new();
    for (at, record) in reader(&args.truth)?.into_records().enumerate() {
        let record = record.with_context(|| args.truth.display().to_string())?;
        let field = |i: usize| record.get(i).unwrap_or_default();
        let kind = Kind::ALL
            .into_iter()
            .find(|k| k.name() == field(3))
            .ok_or_else(|| Usage(format!("{}, line {}: unknown kind `{}`", args.truth.display(), at + 2, field(3))))?;
        let known = truth.entry(field(0).to_owned()).or_insert(Known { kind, lines: Vec::new() });
        if !field(1).is_empty() {
            known.lines.push((field(1).to_owned(), hundredths(field(2)).unwrap_or(0)));
        }
    }
    let mut score = Score::default();
    let mut current: Option<Answered> = None;
    let mut finish = |one: Answered| {
        if let Some(known) = truth.get(&one.0) {
            let size = known.lines.iter().map(|l| l.1).sum();
            score.add(known.kind, &known.lines, &Given { settled: one.1, candidates: &one.2 }, size);
        }
    };
    for record in reader(&args.answers)?.into_records() {
        let record = record.with_context(|| args.answers.display().to_string())?;
        let field = |i: usize| record.get(i).unwrap_or_default();
        let rank: usize = field(5).parse().unwrap_or(1);
        if current.as_ref().is_none_or(|(id, _, _)| id != field(0))
            && let Some(done) = current.replace((field(0).to_owned(), field(3) == "auto", Vec::new()))
        {
            finish(done);
        }
        let Some((_, _, candidates)) = current.as_mut() else { continue };
        while candidates.len() < rank {
            candidates.push((Vec::new(), field(4).parse().unwrap_or(0.0)));
        }
        if !field(1).is_empty()
            && let Some(candidate) = candidates.get_mut(rank - 1)
        {
            candidate.0.push((field(1).to_owned(), hundredths(field(2)).unwrap_or(0)));
        }
    }
    if let Some(done) = current {
        finish(done);
    }
    print!("{}", score.table());
    Ok(Outcome::Done)
}
