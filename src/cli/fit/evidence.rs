//! `quittance fit evidence`: fits the classifier of evidence, and says how good it is on examples it was not fitted to.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context;
use quittance_agent::evals::cases::{Case, Material};
use quittance_agent::evidence::reading_of;
use quittance_agent::ports::Store as _;
use quittance_agent::reading::classifier::{CLASSES, Weights, join};
use quittance_agent::reading::fit::{Sample, fit};
use quittance_agent::reading::grid::words_on_grid;
use quittance_agent::reading::kind::{ALL, classify};
use quittance_agent::reading::{Words, kind_readers};
use quittance_rules::evidence::{Confidence, EvidenceKind, Source};
use quittance_simulate::pieces::{Split, Spoil, Workshop};

use crate::cli::Outcome;
use crate::cli::settings::DbArgs;

/// Arguments of `fit evidence`.
#[derive(clap::Args)]
pub struct Args {
    /// Folder of the evaluation sets
    #[arg(long, value_name = "DIR", default_value = "eval-sets")]
    sets: PathBuf,
    /// Learn from the kinds that reviewers set in the database too
    #[arg(long)]
    corrected: bool,
    #[command(flatten)]
    db: DbArgs,
    /// Where the weights go; the build embeds them from there
    #[arg(long, value_name = "FILE", default_value = "src/agent/reading/weights/kind.bin")]
    out: PathBuf,
    /// Only measure the weights that would be written
    #[arg(long)]
    dry_run: bool,
}

/// A document with the truth about its kind.
struct Labelled {
    set: &'static str,
    held_out: bool,
    template: String,
    words: Words,
    kind: EvidenceKind,
}

/// Fits the classifier.
pub async fn run(args: &Args) -> anyhow::Result<Outcome> {
    let mut labelled = grids(&args.sets.join("read-evidence/cases"))?;
    labelled.extend(pieces()?);
    if args.corrected {
        labelled.extend(corrected(&args.db).await?);
    }
    let read: Vec<(Vec<u16>, [f64; CLASSES])> = labelled.iter().map(|l| kind_readers(&l.words)).collect();
    let samples: Vec<Sample> = labelled
        .iter()
        .zip(&read)
        .filter(|(l, _)| !l.held_out)
        .map(|(l, (features, _))| Sample { features: features.clone(), kind: l.kind, template: l.template.clone() })
        .collect();
    let fitted = fit(&samples).context("there is nothing to learn from")?;
    println!(
        "{} documents; templates left out in turn: {:.1} % right, loss {:.3}, temperature {:.2}",
        samples.len(),
        fitted.left_out_right * 100.0,
        fitted.left_out_loss,
        fitted.weights.temperature as f64 / 1_024.0
    );
    report(&labelled, &read, &fitted.weights);
    if !args.dry_run {
        std::fs::write(&args.out, fitted.weights.to_bytes()).with_context(|| format!("cannot write {}", args.out.display()))?;
        println!("{} written; build again to embed it", args.out.display());
    }
    Ok(Outcome::Done)
}

/// Right, wrong and `unknown` of a reader, and the sum of what it thought likely.
#[derive(Default)]
struct Tally {
    all: usize,
    right: usize,
    wrong: usize,
    said: f64,
}

fn report(labelled: &[Labelled], read: &[(Vec<u16>, [f64; CLASSES])], weights: &Weights) {
    let mut tallies: BTreeMap<(&str, bool, &str), Tally> = BTreeMap::new();
    for (document, (features, sums)) in labelled.iter().zip(read) {
        let opinion = weights.probabilities(features);
        let best = (0..CLASSES).max_by_key(|c| opinion[*c]).unwrap_or(CLASSES - 1);
        let rules = classify(sums);
        let own = (ALL[best], Confidence::from_millionths(opinion[best]));
        for (reader, (kind, confidence)) in [("rules", rules), ("classifier", own), ("both", join(rules, sums, Some(&opinion)))] {
            let tally = tallies.entry((document.set, document.held_out, reader)).or_default();
            tally.all += 1;
            tally.right += usize::from(kind == document.kind);
            tally.wrong += usize::from(kind != document.kind && kind != EvidenceKind::Unknown);
            tally.said += f64::from(confidence.millionths()) / 1e6;
        }
    }
    println!("{:<16} {:<9} {:<11} {:>5} {:>8} {:>6} {:>8}", "set", "split", "reader", "n", "right %", "wrong", "said %");
    for ((set, held_out, reader), tally) in tallies {
        let share = |part: f64| part * 100.0 / tally.all.max(1) as f64;
        println!(
            "{set:<16} {:<9} {reader:<11} {:>5} {:>8.1} {:>6} {:>8.1}",
            if held_out { "held-out" } else { "fitted" },
            tally.all,
            share(tally.right as f64),
            tally.wrong,
            share(tally.said)
        );
    }
}

fn document(lines: &[String], source: Source) -> Words {
    let media_type = if source == Source::Ocr { "image/png" } else { "text/plain" };
    Words {
        media_type: media_type.to_owned(),
        pages: 1,
        words: words_on_grid(&lines.join("\n"), source),
        complaints: vec![],
        mail: None,
    }
}

/// The synthetic papers of `eval-sets/read-evidence`.
fn grids(folder: &Path) -> anyhow::Result<Vec<Labelled>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot read {}: give the folder of the evaluation sets with --sets", folder.display()))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "json"))
        .collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let case = Case::parse(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        let Some(kind) = case.expected.get("kind").and_then(|k| serde_json::from_value(k.clone()).ok()) else { continue };
        let words = match case.material()? {
            Material::Grid(grid) => grid.words(),
            Material::WordList(file) => {
                let file = folder.join("..").join(file);
                let text = std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
                serde_json::from_str(&text).with_context(|| format!("{} holds no words", file.display()))?
            }
            // Files and recipes have sets of their own, and reading them here would take the time of an evaluation.
            Material::File(_) | Material::Recipe(_) => continue,
        };
        found.push(Labelled { set: "read-evidence", held_out: case.split == "held-out", words, template: case.template, kind });
    }
    Ok(found)
}

/// Copies of each design, beyond those of the set: words are cheap where no picture has to be drawn.
const COPIES: u64 = 6;

/// The designs of `eval-sets/evidence-files`, as the words a perfect reader of letters would see.
fn pieces() -> anyhow::Result<Vec<Labelled>> {
    let workshop = Workshop::new()?;
    let mut found = Vec::new();
    for design in workshop.designs() {
        for copy in 0..COPIES {
            let recipe =
                quittance_simulate::pieces::Recipe { design: design.id.clone(), seed: 90_000 + copy, spoil: Spoil::default() };
            let lines = workshop.lines(&recipe)?;
            let source = if design.is_mail() { Source::Mail } else { Source::Ocr };
            found.push(Labelled {
                set: "evidence-files",
                held_out: design.split == Split::HeldOut,
                template: design.id.clone(),
                words: document(&lines, source),
                kind: design.kind,
            });
        }
    }
    Ok(found)
}

/// Evidence whose kind a reviewer set: certain, because a person said so.
async fn corrected(db: &DbArgs) -> anyhow::Result<Vec<Labelled>> {
    let (database, _) = db.open().await?;
    let mut found = Vec::new();
    for (record, _) in database.evidence().await? {
        if record.kind_confidence != Confidence::CERTAIN {
            continue;
        }
        let Some(reading) = reading_of(&database, &record).await? else { continue };
        found.push(Labelled {
            set: "reviewers",
            held_out: false,
            template: record.digest.to_string(),
            words: Words { media_type: reading.media_type, pages: reading.pages, words: reading.words, ..Words::default() },
            kind: record.kind,
        });
    }
    Ok(found)
}
