//! `quittance eval`: cases with known answers through the real reader, held to a baseline; and with `--live`, what a model makes of them.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use quittance_agent::evals::cases::{Case, Material};
use quittance_agent::evals::rates::{Rate, rate};
use quittance_agent::evals::score::{misplaced, score};
use quittance_agent::evals::{Mark, Outcome as Came, Scores, Tally, worse};
use quittance_agent::model::prompt::CLASSIFY_EVIDENCE;
use quittance_agent::ports::Clock as _;
use quittance_agent::reading::{Words, interpret};
use quittance_rules::evidence::{Confidence, EvidenceKind, Reading};
use quittance_simulate::pieces::{Recipe, Workshop};
use quittance_tools::clock::SystemClock;
use quittance_tools::evidence::{EvidenceReader, Outcome as Read};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::eval_live::{Live, LiveReport};
use super::progress::Bar;
use super::settings::Settings;
use super::{Format, Outcome, Usage};

/// Arguments of `eval`.
#[derive(clap::Args)]
pub struct Args {
    /// Sets, by the names of their folders [default: all]
    #[arg(value_name = "SET")]
    sets: Vec<String>,
    /// Folder with the sets
    #[arg(long, value_name = "DIR", default_value = "eval-sets")]
    dir: PathBuf,
    /// Ask the model of the settings about every case, and show what it gets right and wrong
    #[arg(long, conflicts_with = "answers")]
    live: bool,
    /// Use the model's answers of an earlier log instead of asking
    #[arg(long, value_name = "LOG")]
    answers: Option<PathBuf>,
    /// At most so many cases of a set, drawn by the seed
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Draws the cases of --limit
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only cases of this split
    #[arg(long)]
    split: Option<String>,
    /// Only cases with this tag
    #[arg(long)]
    tag: Option<String>,
    /// Write a log of the run, one JSON object a line: versions, seed, and for each case what was read, answered and scored
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Write the counts of this run as the new baseline
    #[arg(long, conflicts_with_all = ["limit", "split", "tag"])]
    update_baseline: bool,
    /// A table, or one JSON object a set
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Settings file, for the model [default: quittance.toml where there is one; also QUITTANCE_CONFIG]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// What came of one case.
struct Ran {
    case: Case,
    /// What was read; with the reason where nothing could be.
    reading: Reading,
    refused: Option<String>,
    marks: Vec<Mark>,
    misplaced: Vec<String>,
}

/// Runs the sets.
pub fn run(args: Args) -> anyhow::Result<Outcome> {
    if args.format == Format::Csv {
        return Err(Usage("`eval` prints json or table".to_owned()).into());
    }
    let mut live = match (&args.answers, args.live) {
        (Some(log), _) => Some(Live::recorded(log)?),
        (None, true) => Some(Live::asking(&Settings::read(args.config.as_deref())?)?),
        (None, false) => None,
    };
    let mut log = args.log.as_ref().map(|path| Log::create(path)).transpose()?;
    let mut outcome = Outcome::Done;
    for set in sets(&args)? {
        let folder = args.dir.join(&set);
        let cases = cases(&folder, &args)?;
        let ran = read_all(&folder, cases)?;
        if let Some(log) = &mut log {
            log.line(&json!({
                "set": set, "code": env!("CARGO_PKG_VERSION"), "task": CLASSIFY_EVIDENCE.task, "prompt": CLASSIFY_EVIDENCE.version,
                "model": live.as_ref().map(Live::model), "seed": args.seed, "limit": args.limit, "split": args.split, "tag": args.tag,
                "started_at": SystemClock.now().to_string(), "cases": ran.len(),
            }))?;
        }
        let mut report = Report::of(&set, &ran);
        let partial = args.limit.is_some() || args.split.is_some() || args.tag.is_some();
        let path = folder.join("baseline.json");
        if args.update_baseline {
            std::fs::write(&path, format!("{}\n", serde_json::to_string_pretty(&report.scores)?))
                .with_context(|| format!("{}", path.display()))?;
        } else {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|_| "{}".to_owned());
            let baseline: Scores = serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
            report.worse = worse(&report.scores, &baseline, partial);
        }
        if let Some(live) = &mut live {
            report.live = Some(live.run(ran.iter().map(|ran| (&ran.case, &ran.reading)))?);
        }
        if let Some(log) = &mut log {
            for one in &ran {
                log.line(&logged(one, report.live.as_ref()))?;
            }
        }
        let is_good =
            report.worse.is_empty() && report.misplaced.is_empty() && report.live.as_ref().is_none_or(LiveReport::is_good);
        if !is_good {
            outcome = Outcome::SomeRefused;
        }
        report.print(args.format)?;
    }
    Ok(outcome)
}

/// The sets asked for, or all there are.
fn sets(args: &Args) -> anyhow::Result<Vec<String>> {
    let folder = args.dir.display();
    let there =
        std::fs::read_dir(&args.dir).map_err(|error| Usage(format!("the folder of sets {folder}: {error}; name it by --dir")))?;
    let mut found: Vec<String> = there
        .filter_map(Result::ok)
        .filter(|entry| entry.path().join("cases").is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    if let Some(missing) = args.sets.iter().find(|set| !found.contains(set)) {
        return Err(Usage(format!("{folder} has no set `{missing}`; it has: {}", found.join(", "))).into());
    }
    if found.is_empty() {
        return Err(Usage(format!("{folder} has no set: a set is a folder with a folder `cases`")).into());
    }
    Ok(if args.sets.is_empty() { found } else { args.sets.clone() })
}

fn cases(folder: &Path, args: &Args) -> anyhow::Result<Vec<Case>> {
    let mut cases = Vec::new();
    let folder = folder.join("cases");
    for entry in std::fs::read_dir(&folder).with_context(|| format!("{}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let case = Case::parse(&text).map_err(|error| Usage(format!("{}: {error}", path.display())))?;
        let fits = args.split.as_ref().is_none_or(|split| case.split == *split)
            && args.tag.as_ref().is_none_or(|tag| case.tags.contains(tag));
        if fits {
            cases.push(case);
        }
    }
    cases.sort_by(|a, b| a.id.cmp(&b.id));
    if let Some(pair) = cases.windows(2).find(|pair| pair[0].id == pair[1].id) {
        return Err(Usage(format!("{}: two cases have the id {}", folder.display(), pair[0].id)).into());
    }
    if let Some(limit) = args.limit {
        cases.sort_by_key(|case| Sha256::digest(format!("{}:{}", args.seed, case.id)));
        cases.truncate(limit);
        cases.sort_by(|a, b| a.id.cmp(&b.id));
    }
    Ok(cases)
}

/// How many times as long as usual a file may take to be read for an evaluation.
const PATIENCE: u32 = 6;

/// Reads every case, files two at a time: each in a process of its own, as in use.
fn read_all(folder: &Path, cases: Vec<Case>) -> anyhow::Result<Vec<Ran>> {
    // A busy machine must not change what an evaluation finds.
    let reader = EvidenceReader::of_this_program()?.patience(PATIENCE);
    let workshop = Workshop::new()?;
    let bar = Bar::new("reading");
    let of = cases.len() as u64;
    let mut ran = Vec::with_capacity(cases.len());
    for pair in cases.chunks(2) {
        let read: Vec<anyhow::Result<(Reading, Option<String>)>> = std::thread::scope(|scope| {
            let at_work: Vec<_> = pair.iter().map(|case| scope.spawn(|| read(folder, case, &reader, &workshop))).collect();
            at_work
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("the reading of a case ended in a panic"))))
                .collect()
        });
        for (case, read) in pair.iter().zip(read) {
            let (reading, refused) = read.with_context(|| format!("case {}", case.id))?;
            let marks = score(case, &reading);
            let misplaced = misplaced(&reading);
            ran.push(Ran { case: case.clone(), reading, refused, marks, misplaced });
        }
        bar.set(ran.len() as u64, of);
    }
    bar.finish();
    Ok(ran)
}

fn read(folder: &Path, case: &Case, reader: &EvidenceReader, workshop: &Workshop) -> anyhow::Result<(Reading, Option<String>)> {
    let bytes = match case.material()? {
        Material::Grid(grid) => return Ok((interpret(&grid.words()), None)),
        Material::WordList(path) => {
            let path = folder.join(path);
            let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
            let words: Words = serde_json::from_str(&text).with_context(|| format!("{}", path.display()))?;
            return Ok((interpret(&words), None));
        }
        Material::File(path) => {
            let path = folder.join(path);
            std::fs::read(&path).with_context(|| format!("{}", path.display()))?
        }
        Material::Recipe(recipe) => {
            let recipe: Recipe = serde_json::from_value(recipe.clone()).map_err(|error| Usage(format!("recipe: {error}")))?;
            workshop.make(&recipe)?.bytes
        }
    };
    let report = reader.read(&bytes)?;
    Ok(match report.outcome {
        Read::Read(reading) => (*reading, None),
        unread => (nothing_read(), unread.sentence()),
    })
}

/// What is known of a file that could not be read.
fn nothing_read() -> Reading {
    Reading {
        media_type: String::new(),
        kind: EvidenceKind::Unknown,
        kind_confidence: Confidence::from_millionths(0),
        claims: Vec::new(),
        remittance_lines: Vec::new(),
        complaints: Vec::new(),
        pages: 0,
        words: Vec::new(),
        text: String::new(),
        also: Vec::new(),
        picture: None,
        hints: Vec::new(),
        sender: None,
    }
}

/// The log of a run.
struct Log(std::io::BufWriter<std::fs::File>);

impl Log {
    fn create(path: &Path) -> anyhow::Result<Self> {
        let file = std::fs::File::create(path).with_context(|| format!("{}", path.display()))?;
        Ok(Self(std::io::BufWriter::new(file)))
    }

    fn line(&mut self, value: &Value) -> anyhow::Result<()> {
        writeln!(self.0, "{value}").context("the log could not be written")?;
        self.0.flush().context("the log could not be written")
    }
}

fn logged(ran: &Ran, live: Option<&LiveReport>) -> Value {
    let claims: Vec<Value> = ran
        .reading
        .claims
        .iter()
        .map(|claim| json!({ "field": claim.field, "value": quittance_agent::evals::score::shown(&claim.value), "confidence": claim.confidence.to_string() }))
        .collect();
    json!({
        "case": ran.case.id, "split": ran.case.split, "tags": ran.case.tags,
        "kind": ran.reading.kind, "kind_confidence": ran.reading.kind_confidence.to_string(), "claims": claims,
        "refused": ran.refused, "marks": ran.marks,
        "live": live.and_then(|live| live.of_case(&ran.case.id)),
    })
}

/// What a set came to.
struct Report {
    set: String,
    cases: usize,
    scores: Scores,
    tags: BTreeMap<String, Tally>,
    misses: Vec<(String, Mark)>,
    refused: Vec<(String, String)>,
    misplaced: Vec<String>,
    worse: Vec<String>,
    live: Option<LiveReport>,
}

impl Report {
    fn of(set: &str, ran: &[Ran]) -> Self {
        let mut report = Self {
            set: set.to_owned(),
            cases: ran.len(),
            scores: Scores::new(),
            tags: BTreeMap::new(),
            misses: Vec::new(),
            refused: Vec::new(),
            misplaced: Vec::new(),
            worse: Vec::new(),
            live: None,
        };
        for one in ran {
            for mark in &one.marks {
                let fields = report.scores.entry(one.case.split.clone()).or_default();
                fields.entry(mark.field.clone()).or_default().count(mark.outcome);
                for tag in &one.case.tags {
                    report.tags.entry(tag.clone()).or_default().count(mark.outcome);
                }
                if mark.outcome != Came::Right {
                    report.misses.push((one.case.id.clone(), mark.clone()));
                }
            }
            report.misplaced.extend(one.misplaced.iter().map(|wrong| format!("{}: {wrong}", one.case.id)));
            report.refused.extend(one.refused.iter().map(|why| (one.case.id.clone(), why.clone())));
        }
        report
    }

    fn print(&self, format: Format) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if format == Format::Json {
            let rates = |tally: &Tally| {
                json!({
                    "right": tally.right, "wrong": tally.wrong, "absent": tally.absent,
                    "right_rate": shown_rate(rate(tally.right, tally.total())),
                    "wrong_rate": shown_rate(rate(tally.wrong, tally.total())),
                })
            };
            let by = |tallies: &BTreeMap<String, Tally>| -> BTreeMap<String, Value> {
                tallies.iter().map(|(name, tally)| (name.clone(), rates(tally))).collect()
            };
            let scores: BTreeMap<&str, _> = self.scores.iter().map(|(split, fields)| (split.as_str(), by(fields))).collect();
            let misses: Vec<Value> = self.misses.iter().map(|(case, mark)| json!({ "case": case, "mark": mark })).collect();
            let object = json!({
                "set": self.set, "cases": self.cases, "scores": scores, "tags": by(&self.tags), "misses": misses,
                "refused": self.refused, "misplaced": self.misplaced, "worse": self.worse,
                "live": self.live.as_ref().map(LiveReport::as_json),
            });
            return Ok(writeln!(out, "{object}")?);
        }
        writeln!(out, "{}: {} cases", self.set, self.cases)?;
        for groups in [&self.scores, &Scores::from([("by tag".to_owned(), self.tags.clone())])] {
            for (split, fields) in groups {
                writeln!(out, "\n  {split:<22}{:>7}{:>7}{:>7}   right (95 % interval)", "right", "wrong", "absent")?;
                for (field, tally) in fields {
                    let share = rate(tally.right, tally.total()).map(|rate| rate.to_string()).unwrap_or_default();
                    writeln!(out, "    {field:<20}{:>7}{:>7}{:>7}   {share}", tally.right, tally.wrong, tally.absent)?;
                }
            }
        }
        if !self.misses.is_empty() {
            writeln!(out, "\n  not right")?;
        }
        for (case, mark) in &self.misses {
            let what = if mark.outcome == Came::Wrong { "wrong" } else { "absent" };
            writeln!(out, "    {case:<28} {:<16} {what:<7} read `{}`, true is `{}`", mark.field, mark.saw, mark.truth)?;
        }
        for (case, why) in &self.refused {
            writeln!(out, "    {case:<28} could not be read: {why}")?;
        }
        if let Some(live) = &self.live {
            live.print(&mut out)?;
        }
        for sentence in self.misplaced.iter().chain(&self.worse) {
            writeln!(out, "  WORSE: {sentence}")?;
        }
        Ok(writeln!(out)?)
    }
}

/// A rate with its interval.
pub fn shown_rate(rate: Option<Rate>) -> Value {
    rate.map_or(Value::Null, |rate| json!({ "share": rate.share, "low": rate.low, "high": rate.high }))
}
