//! The part of `eval` that asks a model, or repeats what one has answered.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use anyhow::Context as _;
use quittance_agent::evals::cases::Case;
use quittance_agent::evals::live::{Judged, judge};
use quittance_agent::evals::rates::rate;
use quittance_agent::evals::{Outcome, Tally};
use quittance_agent::model::ledger::{MemoryLedger, digest_of};
use quittance_agent::model::second::{Ask, KindVote, SecondOpinion, SecondSettings, wants};
use quittance_agent::model::{Model, ModelError, ModelLedger as _, ModelReply, ModelRequest};
use quittance_agent::ports::Clock as _;
use quittance_rules::cases::InputDigest;
use quittance_rules::evidence::Reading;
use quittance_rules::journal::{ModelCall, ModelOutcome};
use quittance_tools::clock::SystemClock;
use quittance_tools::model::HttpModel;
use serde_json::{Value, json};

use super::Usage;
use super::eval::shown_rate;
use super::model::{model_of, second_settings};
use super::progress::Bar;
use super::settings::Settings;

/// Who answers.
enum Answers {
    /// A model, now.
    Live(Box<HttpModel>),
    /// A model of this name, earlier; what it has not answered stays without an answer.
    Recorded(String),
}

impl Model for Answers {
    fn name(&self) -> &str {
        match self {
            Self::Live(model) => model.name(),
            Self::Recorded(name) => name,
        }
    }
    async fn ask(&self, request: &ModelRequest) -> Result<ModelReply, ModelError> {
        match self {
            Self::Live(model) => model.ask(request).await,
            Self::Recorded(_) => Err(ModelError::Down),
        }
    }
}

/// Asks about every case.
pub struct Live {
    opinion: SecondOpinion<Answers, MemoryLedger, SystemClock>,
    runtime: tokio::runtime::Runtime,
}

impl Live {
    /// With the model of the settings.
    pub fn asking(settings: &Settings) -> anyhow::Result<Self> {
        let Some(model) = model_of(&settings.model)? else {
            return Err(Usage("--live needs a model: QUITTANCE_MODEL, and OPENAI_BASE_URL or OPENAI_API_KEY".to_owned()).into());
        };
        let settings = SecondSettings { ask: Ask::Always, ..second_settings(&settings.model)? };
        Self::new(Answers::Live(Box::new(model)), MemoryLedger::default(), settings)
    }

    /// With the answers of an earlier log.
    pub fn recorded(log: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(log).map_err(|error| Usage(format!("{}: {error}", log.display())))?;
        let wrong = |line: usize, what: &str| Usage(format!("{}: line {line}: {what}", log.display()));
        let ledger = MemoryLedger::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let mut model = None;
        for (number, line) in (1..).zip(text.lines()) {
            let value: Value = serde_json::from_str(line).map_err(|error| wrong(number, &error.to_string()))?;
            if let Some(name) = value["model"].as_str() {
                if model.as_deref().is_some_and(|model| model != name) {
                    return Err(wrong(number, "the answers are those of another model than the ones before").into());
                }
                model = Some(name.to_owned());
            }
            let (Some(question), Some(answer)) = (value["live"]["question"].as_str(), value["live"]["answer"].as_str()) else {
                continue;
            };
            runtime.block_on(keep(&ledger, question, answer))?;
        }
        let Some(model) = model else { return Err(Usage(format!("{}: it names no model", log.display())).into()) };
        Self::new(Answers::Recorded(model), ledger, SecondSettings { ask: Ask::Always, ..SecondSettings::default() })
    }

    fn new(model: Answers, ledger: MemoryLedger, settings: SecondSettings) -> anyhow::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { opinion: SecondOpinion::new(model, ledger, SystemClock, settings), runtime })
    }

    /// The model's name.
    pub fn model(&self) -> &str {
        self.opinion.model().name()
    }

    /// Asks about each case and judges the answer.
    pub fn run<'c>(&mut self, cases: impl ExactSizeIterator<Item = (&'c Case, &'c Reading)>) -> anyhow::Result<LiveReport> {
        let mut report = LiveReport { model: self.model().to_owned(), ..LiveReport::default() };
        let bar = Bar::new("asking");
        let of = cases.len() as u64;
        for (done, (case, reading)) in (1..).zip(cases) {
            bar.set(done, of);
            if !wants(reading, Ask::Always) {
                report.not_shown.push(case.id.clone());
                continue;
            }
            let evidence = digest_of(case.id.as_bytes());
            let asked = self.runtime.block_on(self.opinion.ask(reading, evidence.clone(), None));
            let call = self.runtime.block_on(self.opinion.ledger().calls(Some(&evidence)))?.pop();
            let mut logged = json!({});
            if let Some(call) = &call {
                let answer = self.opinion.ledger().kept(&call.answer).unwrap_or_default();
                logged = json!({
                    "question": call.question.0, "answer": String::from_utf8_lossy(&answer), "outcome": call.outcome,
                    "tokens_in": call.tokens_in, "tokens_out": call.tokens_out, "prompt": call.prompt,
                });
                report.tokens = report.tokens.saturating_add(call.tokens_in).saturating_add(call.tokens_out);
            }
            match asked {
                Ok(answer) => report.take(case, judge(case, reading, &answer, self.opinion.model().name()), &mut logged),
                Err(why) => {
                    logged["no_answer"] = json!(why.to_string());
                    *report.no_answer.entry(why.to_string()).or_default() += 1;
                }
            }
            report.cases.insert(case.id.clone(), logged);
        }
        bar.finish();
        Ok(report)
    }
}

async fn keep(ledger: &MemoryLedger, question: &str, answer: &str) -> anyhow::Result<()> {
    let digest = ledger.keep(answer.as_bytes()).await.context("the answer")?;
    let call = ModelCall {
        id: digest.0.clone(),
        question: InputDigest(question.to_owned()),
        task: String::new(),
        prompt: String::new(),
        model: String::new(),
        evidence: digest.clone(),
        asked_at: SystemClock.now(),
        outcome: ModelOutcome::Answered,
        reading: digest.clone(),
        answer: digest,
        tokens_in: 0,
        tokens_out: 0,
        cost_micros: 0,
        currency: None,
    };
    Ok(ledger.record(call).await?)
}

/// What a model made of a set.
#[derive(Default)]
pub struct LiveReport {
    model: String,
    /// The model alone, by field: its kind, and its claims that the document confirms.
    alone: BTreeMap<String, Tally>,
    votes: BTreeMap<&'static str, u32>,
    dropped: BTreeMap<String, usize>,
    no_answer: BTreeMap<String, u32>,
    not_shown: Vec<String>,
    wrong: Vec<String>,
    harm: Vec<String>,
    tokens: u64,
    cases: BTreeMap<String, Value>,
}

impl LiveReport {
    fn take(&mut self, case: &Case, judged: Judged, logged: &mut Value) {
        for mark in &judged.marks {
            self.alone.entry(mark.field.clone()).or_default().count(mark.outcome);
            if mark.outcome == Outcome::Wrong {
                self.wrong.push(format!("{:<28} {:<16} said `{}`, true is `{}`", case.id, mark.field, mark.saw, mark.truth));
            }
        }
        for (why, count) in &judged.dropped {
            *self.dropped.entry(why.to_string()).or_default() += count;
        }
        let vote = match judged.vote {
            KindVote::Agrees => "agrees with the rules",
            KindVote::Disagrees => "disagrees: a person reads it",
            KindVote::Abstains => "says nothing against the rules",
        };
        *self.votes.entry(vote).or_default() += 1;
        self.harm.extend(judged.harm.iter().map(|harm| format!("{}: {harm}", case.id)));
        logged["marks"] = json!(judged.marks);
        logged["harm"] = json!(judged.harm);
    }

    /// Nothing that the product decides by was made wrong.
    pub fn is_good(&self) -> bool {
        self.harm.is_empty()
    }

    /// What is logged of a case.
    pub fn of_case(&self, id: &str) -> Option<&Value> {
        self.cases.get(id)
    }

    /// For scripts.
    pub fn as_json(&self) -> Value {
        let alone: BTreeMap<&str, Value> = self
            .alone
            .iter()
            .map(|(field, tally)| {
                let right = shown_rate(rate(tally.right, tally.total()));
                (
                    field.as_str(),
                    json!({ "right": tally.right, "wrong": tally.wrong, "absent": tally.absent, "right_rate": right }),
                )
            })
            .collect();
        json!({
            "model": self.model, "alone": alone, "votes": self.votes, "dropped": self.dropped, "no_answer": self.no_answer,
            "not_shown": self.not_shown, "wrong": self.wrong, "harm": self.harm, "tokens": self.tokens,
        })
    }

    /// For people.
    pub fn print(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(
            out,
            "\n  {:<22}{:>7}{:>7}{:>7}   right (95 % interval)",
            format!("{} alone", self.model),
            "right",
            "wrong",
            "absent"
        )?;
        for (field, tally) in &self.alone {
            let share = rate(tally.right, tally.total()).map(|rate| rate.to_string()).unwrap_or_default();
            writeln!(out, "    {field:<20}{:>7}{:>7}{:>7}   {share}", tally.right, tally.wrong, tally.absent)?;
        }
        writeln!(out, "\n  what became of it ({} tokens)", self.tokens)?;
        for (vote, count) in &self.votes {
            writeln!(out, "    {count:>5}  its kind {vote}")?;
        }
        for (why, count) in &self.dropped {
            writeln!(out, "    {count:>5}  claims dropped: {why}")?;
        }
        for (why, count) in &self.no_answer {
            writeln!(out, "    {count:>5}  without an answer: {why}")?;
        }
        if !self.not_shown.is_empty() {
            writeln!(out, "    {:>5}  not shown to it: no text, or text that gives orders", self.not_shown.len())?;
        }
        writeln!(out, "    {:>5}  readings made wrong by it", self.harm.len())?;
        if !self.wrong.is_empty() {
            writeln!(out, "\n  what the model alone got wrong")?;
        }
        for line in &self.wrong {
            writeln!(out, "    {line}")?;
        }
        for harm in &self.harm {
            writeln!(out, "  WORSE: {harm}")?;
        }
        Ok(())
    }
}
