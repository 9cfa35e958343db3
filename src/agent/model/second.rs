//! The second reader: asks a model about what the rules could not close, and takes of its answer what the document confirms.
//!
//! What an answer can change is in [`merge`], a plain function. It can add claims that are marked as the model's, raise the confidence of a
//! kind that the rules have named, and make the document a question for a person. It cannot take a claim, a complaint or a question away,
//! and no rule that decides looks at a claim of a model (see [`crate::evidence`]).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use quittance_rules::cases::InputDigest;
use quittance_rules::confirm::{Unconfirmed, Writing, confirm};
use quittance_rules::evidence::{Claim, Confidence, EvidenceKind, Field, Reading, Source, Word};
use quittance_rules::journal::{ModelCall, ModelOutcome};
use sha2::{Digest, Sha256};

use super::answer::{Answer, CLAIMS_MAX};
use super::budget::{Budget, Reserve};
use super::ledger::digest_of;
use super::prompt::{CLASSIFY_EVIDENCE, Prompt};
use super::{Model, ModelError, ModelLedger, ModelReply, ModelRequest, Picture};
use crate::ports::{Clock, EvidenceReader, StoreError, Unreadable};
use crate::reading::document::Document;
use crate::reading::layout::Layout;
use crate::reading::{document::millionths, orders, running_text, scan};

/// Begins the complaint that makes a person look at a document on which model and rules disagree.
pub const DISAGREES: &str = "second reader disagrees";
/// Begins the complaints that only tell what a model said.
pub const SAYS: &str = "second reader";

/// Characters of a document that are shown. What matters of a real one stands on its first pages.
const SHOWN_MAX: usize = 6_000;
/// Pictures larger than this are not sent, in bytes.
const PICTURE_MAX: usize = 4 << 20;
/// Tokens of an answer.
const TOKENS_OUT_MAX: u32 = 700;
/// Below this confidence of the rules the kind is not closed.
const KIND_CLOSED: Confidence = Confidence::from_percent(75);
/// A value of the rules at least this likely is closed.
const VALUE_CLOSED: Confidence = Confidence::from_percent(50);
/// Confidence of a claim that only the model has made and the document confirms. Not higher: it may be the wrong one of two numbers that
/// both stand there.
const CLAIMED: Confidence = Confidence::from_percent(50);
/// Agreement raises the confidence of a kind to this at most.
const AGREED_MAX: Confidence = Confidence::from_percent(90);
/// How often a model is taken to name the kind of a document rightly, in percent.
const KIND_RIGHT_PERCENT: u32 = 80;

/// What a model is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ask {
    /// What the rules did not close: no kind, a kind that is not sure, a proof without amount, date or reference.
    #[default]
    WhenUnsure,
    /// Every document that can be shown. For evaluations.
    Always,
}

/// How the second reader works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecondSettings {
    /// What is asked.
    pub ask: Ask,
    /// What may be spent in a day.
    pub budget: Budget,
    /// Whether the picture goes with the text. Only for models that see.
    pub send_pictures: bool,
}

/// How a model's kind compares with that of the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KindVote {
    /// The same.
    Agrees,
    /// Another, of other consequence: a person reads it.
    Disagrees,
    /// Nothing that counts against the rules.
    Abstains,
}

/// What became of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The reading with it.
    pub reading: Reading,
    /// How the kinds compare.
    pub vote: KindVote,
    /// Claims that were added.
    pub added: usize,
    /// Values that the rules had read too.
    pub agreed: usize,
    /// Confirmed values that contradict one of the rules, which stands.
    pub overruled: usize,
    /// What did not count, and why.
    pub dropped: BTreeMap<Unconfirmed, usize>,
}

/// Whether the rules left something open that a model may help with.
pub fn wants(reading: &Reading, ask: Ask) -> bool {
    if reading.text.trim().is_empty() || reading.complaints.iter().any(|c| c.starts_with("instructions in document")) {
        // Nothing to read; or text that gives orders, which a person sees anyway and a model need not.
        return false;
    }
    let has = |field: Field| reading.claims.iter().any(|claim| claim.field == field && claim.confidence >= VALUE_CLOSED);
    let lacks_value = || match reading.kind {
        EvidenceKind::PaymentProof | EvidenceKind::BankReceipt | EvidenceKind::CardReceipt => {
            ![Field::Amount, Field::Date, Field::Reference].into_iter().all(has)
        }
        EvidenceKind::RemittanceAdvice => reading.remittance_lines.is_empty() && !has(Field::InvoiceNumber),
        EvidenceKind::Invoice
        | EvidenceKind::CreditNote
        | EvidenceKind::PromiseToPay
        | EvidenceKind::Dispute
        | EvidenceKind::RefundRequest
        | EvidenceKind::Query
        | EvidenceKind::Statement
        | EvidenceKind::NotAPayment
        | EvidenceKind::Unknown => false,
    };
    ask == Ask::Always || reading.kind == EvidenceKind::Unknown || reading.kind_confidence < KIND_CLOSED || lacks_value()
}

/// The text that is shown: whole lines, without the sentences that give orders, and no more than a model can take in.
pub fn shown(reading: &Reading) -> String {
    let barred = orders::find(&reading.words).barred;
    let open: Vec<Word> = reading
        .words
        .iter()
        .zip(barred.iter().chain(std::iter::repeat(&false)))
        .filter(|(_, b)| !**b)
        .map(|(w, _)| w.clone())
        .collect();
    let mut text = String::new();
    let mut length = 0_usize;
    for line in running_text(&open).split_inclusive(['\n', '\u{c}']) {
        length = length.saturating_add(line.chars().count());
        if length > SHOWN_MAX {
            break;
        }
        text.extend(line.chars().map(|c| if c == '\u{c}' { '\n' } else { c }).filter(|c| *c == '\n' || !c.is_control()));
    }
    text
}

/// Kinds of the same consequence: taking one for another changes nothing that happens.
fn consequence(kind: EvidenceKind) -> u8 {
    match kind {
        EvidenceKind::PaymentProof | EvidenceKind::BankReceipt | EvidenceKind::CardReceipt => 0,
        EvidenceKind::RemittanceAdvice => 1,
        EvidenceKind::Invoice | EvidenceKind::CreditNote => 2,
        EvidenceKind::PromiseToPay => 3,
        EvidenceKind::Dispute => 4,
        EvidenceKind::RefundRequest => 5,
        EvidenceKind::Query => 6,
        EvidenceKind::Statement => 7,
        EvidenceKind::NotAPayment => 8,
        EvidenceKind::Unknown => 9,
    }
}

fn name_of(kind: EvidenceKind) -> String {
    serde_json::to_value(kind).ok().and_then(|name| name.as_str().map(|name| name.replace('_', " "))).unwrap_or_default()
}

/// Takes an answer in. A plain function: the same reading and answer always give the same.
pub fn merge(mut reading: Reading, answer: &Answer, model: &str) -> Merged {
    let vote = vote(&mut reading, answer.kind, model);
    let mut merged = Merged { vote, added: 0, agreed: 0, overruled: 0, dropped: BTreeMap::new(), reading };
    let writing = writing(&merged.reading.words);
    let closed = orders::find(&merged.reading.words).barred;
    let beyond = answer.claims.len().saturating_sub(CLAIMS_MAX);
    if beyond > 0 {
        merged.dropped.insert(Unconfirmed::TooLong, beyond);
    }
    let mut new: Vec<Claim> = Vec::new();
    for said in answer.claims.iter().take(CLAIMS_MAX) {
        let field = said.field.field();
        let claims = match confirm(field, &said.text, &merged.reading.words, &closed, &writing, CLAIMED) {
            Ok(claims) if claims.iter().all(is_sound_account) => claims,
            Ok(_) => {
                count(&mut merged.dropped, Unconfirmed::OtherShape);
                continue;
            }
            Err(reason) => {
                count(&mut merged.dropped, reason);
                continue;
            }
        };
        let of_rules: Vec<&Claim> = merged.reading.claims.iter().filter(|claim| claim.field == field).collect();
        let same = of_rules.iter().any(|old| claims.iter().any(|new| new.value == old.value || new.region == old.region));
        // Invoice numbers repeat; of everything else a document has one, and the rules' own stands.
        if same {
            merged.agreed = merged.agreed.saturating_add(1);
        } else if field != Field::InvoiceNumber && of_rules.iter().any(|claim| claim.confidence >= VALUE_CLOSED) {
            merged.overruled = merged.overruled.saturating_add(1);
        } else if !new.iter().any(|old| old.field == field && (field != Field::InvoiceNumber || old.value == claims[0].value)) {
            merged.added = merged.added.saturating_add(1);
            new.extend(claims);
        }
    }
    if !new.is_empty() {
        merged.reading.claims.extend(new);
        merged.reading.claims.sort_by_key(|c| (c.field as u8, std::cmp::Reverse(c.confidence)));
    }
    merged
}

fn count(dropped: &mut BTreeMap<Unconfirmed, usize>, reason: Unconfirmed) {
    let count = dropped.entry(reason).or_default();
    *count = count.saturating_add(1);
}

/// What looks like an IBAN must hold its check digits.
fn is_sound_account(claim: &Claim) -> bool {
    if !matches!(claim.field, Field::PayerAccount | Field::PayeeAccount) {
        return true;
    }
    let number: String = match &claim.value {
        quittance_rules::evidence::ClaimValue::Text(text) => text.chars().filter(|c| c.is_alphanumeric()).collect(),
        _ => return false,
    };
    let head = number.as_bytes();
    let looks_like_iban = head.len() >= 15
        && head.iter().take(2).all(u8::is_ascii_alphabetic)
        && head.iter().skip(2).take(2).all(u8::is_ascii_digit);
    !looks_like_iban || scan::iban_holds(&number.to_ascii_uppercase())
}

/// What the kinds come to. A kind that the rules have named stands; only `unknown` may become one that stops more than it does.
fn vote(reading: &mut Reading, kind: EvidenceKind, model: &str) -> KindVote {
    let (of_rules, sure) = (reading.kind, reading.kind_confidence);
    if kind == EvidenceKind::Unknown {
        return KindVote::Abstains;
    }
    if of_rules == EvidenceKind::Unknown {
        reading.complaints.push(format!("{SAYS}: {model} takes it for {}, which no rule confirms", name_of(kind)));
        // These meet a person as `unknown` does, and stop more than it does.
        if matches!(kind, EvidenceKind::Dispute | EvidenceKind::RefundRequest) {
            reading.kind = kind;
            reading.kind_confidence = CLAIMED;
        }
        return KindVote::Abstains;
    }
    if consequence(of_rules) == consequence(kind) {
        if of_rules == kind {
            let odds = |p: u64, right: u64| p.saturating_mul(right);
            let (p, right) = (u64::from(sure.millionths()), u64::from(KIND_RIGHT_PERCENT));
            let (for_it, against) = (odds(p, right), odds(1_000_000_u64.saturating_sub(p), 100_u64.saturating_sub(right)));
            let raised = for_it.saturating_mul(1_000_000) / for_it.saturating_add(against).max(1);
            let raised = Confidence::from_millionths(u32::try_from(raised).unwrap_or(0)).min(AGREED_MAX);
            reading.kind_confidence = sure.max(raised);
        }
        return KindVote::Agrees;
    }
    reading.complaints.push(format!(
        "{DISAGREES}: {model} takes it for {}, the rules for {} ({sure})",
        name_of(kind),
        name_of(of_rules)
    ));
    // The rules' kind stands, so that what it brings about (a look for its money, a comparison with other pieces) still happens.
    KindVote::Disagrees
}

/// How the document writes numbers and dates, from all of it.
fn writing(words: &[Word]) -> Writing {
    let kept: Vec<Word> = words.iter().filter(|word| !word.text.trim().is_empty()).take(20_000).cloned().collect();
    let doc = Document::of(Layout::of(&kept));
    let currency = match doc.context.named.as_slice() {
        [one] => Some(*one),
        [] => match doc.context.pointed.as_slice() {
            [(one, weight), ..] if *weight >= 4 => Some(*one),
            _ => None,
        },
        _ => None,
    };
    let share = |p: f64| Confidence::from_millionths(millionths(p));
    Writing { decimal_point: share(doc.context.decimal_point(currency)), day_first: share(doc.context.day_first()), currency }
}

/// Why a question was not asked or its answer not used. The reading of the rules stands.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The budget.
    #[error(transparent)]
    Budget(#[from] super::budget::OverBudget),
    /// The ledger.
    #[error("what the model was asked cannot be written down: {0}")]
    Ledger(#[from] StoreError),
    /// Two answers, none of the form asked for.
    #[error("the model's answer had not the form asked for, twice")]
    Unusable,
    /// A reading without JSON.
    #[error("the reading cannot be written down: {0}")]
    Json(#[from] serde_json::Error),
}

/// Asks a model for a second opinion on a reading.
pub struct SecondOpinion<M, L, C> {
    model: M,
    ledger: L,
    clock: C,
    settings: SecondSettings,
    reserve: Reserve,
    notices: Mutex<Vec<String>>,
}

/// Reads with one reader and lets a model look at what that leaves open. It is a reader itself, so nothing else knows of it.
pub struct SecondReader<R, M, L, C> {
    reader: R,
    /// Who is asked.
    pub opinion: SecondOpinion<M, L, C>,
}

impl<R, M, L, C> SecondReader<R, M, L, C> {
    /// `reader` reads first.
    pub fn new(reader: R, opinion: SecondOpinion<M, L, C>) -> Self {
        Self { reader, opinion }
    }
}

impl<M: Model, L: ModelLedger, C: Clock> SecondOpinion<M, L, C> {
    /// `ledger` keeps answers and the bill.
    pub fn new(model: M, ledger: L, clock: C, settings: SecondSettings) -> Self {
        Self { model, ledger, clock, settings, reserve: Reserve::default(), notices: Mutex::new(Vec::new()) }
    }

    /// Why answers were missing since the last call, each sentence once. Without them everything is as without a model.
    pub fn notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.notices.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The ledger.
    pub fn ledger(&self) -> &L {
        &self.ledger
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// The reading with what the model adds to it; as it was where nothing is open, or the model gives no answer. `bytes` are the original's.
    pub async fn consider(&self, reading: Reading, bytes: &[u8]) -> Reading {
        if !wants(&reading, self.settings.ask) {
            return reading;
        }
        let picture = self.picture(bytes, &reading);
        match self.ask(&reading, digest_of(bytes), picture).await {
            Ok(answer) => {
                let merged = merge(reading, &answer, self.model.name());
                let dropped: usize = merged.dropped.values().sum();
                tracing::info!(added = merged.added, overruled = merged.overruled, dropped, "a model's answer was taken in");
                merged.reading
            }
            Err(why) => {
                let sentence = format!("read without a model: {why}");
                tracing::info!("{sentence}");
                let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
                if !notices.contains(&sentence) {
                    notices.push(sentence);
                }
                reading
            }
        }
    }

    /// Asks the model about a reading, from the cache where an equal question has been answered, and writes down what it cost.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, reading: &Reading, evidence: InputDigest, picture: Option<Picture>) -> Result<Answer, NoAnswer> {
        let prompt = CLASSIFY_EVIDENCE;
        let document = shown(reading);
        let question = question_of(&prompt, self.model.name(), &document, picture.as_ref());
        let now = self.clock.now();
        let id = digest_of(format!("{}:{}:{}", question.0, evidence.0, now.as_nanosecond()).as_bytes()).0;
        let before = self.ledger.keep(&serde_json::to_vec(reading)?).await?;
        let call = |outcome, answer, (tokens_in, tokens_out): (u64, u64)| ModelCall {
            id: id.clone(),
            question: question.clone(),
            task: prompt.task.to_owned(),
            prompt: prompt.version.to_owned(),
            model: self.model.name().to_owned(),
            evidence: evidence.clone(),
            asked_at: now,
            outcome,
            answer,
            reading: before.clone(),
            tokens_in,
            tokens_out,
            cost_micros: self.settings.budget.cost(tokens_in, tokens_out),
            currency: self.settings.budget.prices.map(|prices| prices.currency),
        };
        if let Some((known, text)) = self.ledger.answered(&question).await?
            && let Ok(answer) = Answer::parse(&String::from_utf8_lossy(&text))
        {
            self.ledger.record(call(ModelOutcome::Cached, known.answer, (0, 0))).await?;
            return Ok(answer);
        }
        let mut conversation = prompt.conversation(&document);
        let mut spent = (0_u64, 0_u64);
        // One try, and one to repair an answer that has not the form asked for.
        for last in [false, true] {
            let length: usize = conversation.iter().map(|message| message.text.len()).sum();
            let request = ModelRequest {
                messages: conversation.clone(),
                picture: picture.clone(),
                schema_name: "classify_evidence",
                schema: prompt.schema,
                tokens_out_max: TOKENS_OUT_MAX,
            };
            let ask = async {
                // Two bytes a token is more than any text comes to, so the budget holds.
                let (tokens_in, tokens_out) = (length as u64 / 2, u64::from(TOKENS_OUT_MAX));
                let _held = self.settings.budget.hold(&self.reserve, &self.ledger, now, tokens_in, tokens_out).await??;
                Ok::<ModelReply, NoAnswer>(self.model.ask(&request).await?)
            };
            let reply = match ask.await {
                Ok(reply) => reply,
                Err(error) => {
                    if spent != (0, 0) {
                        let nothing = self.ledger.keep(b"").await?;
                        self.ledger.record(call(ModelOutcome::Unusable, nothing, spent)).await?;
                    }
                    return Err(error);
                }
            };
            spent = (spent.0.saturating_add(reply.tokens_in), spent.1.saturating_add(reply.tokens_out));
            let parsed = Answer::parse(&reply.text);
            if parsed.is_ok() || last {
                let outcome = if parsed.is_ok() { ModelOutcome::Answered } else { ModelOutcome::Unusable };
                let kept: &[u8] = reply.text.as_bytes();
                let answer = self.ledger.keep(kept.get(..super::ANSWER_BYTES_MAX).unwrap_or(kept)).await?;
                self.ledger.record(call(outcome, answer, spent)).await?;
            }
            match parsed {
                Ok(answer) => return Ok(answer),
                Err(error) => prompt.ask_again(&mut conversation, &reply.text, &error),
            }
        }
        Err(NoAnswer::Unusable)
    }

    /// The picture that may go with a document.
    fn picture(&self, bytes: &[u8], reading: &Reading) -> Option<Picture> {
        let sendable = matches!(reading.media_type.as_str(), "image/png" | "image/jpeg" | "image/webp");
        (self.settings.send_pictures && sendable && bytes.len() <= PICTURE_MAX)
            .then(|| Picture { media_type: reading.media_type.clone(), bytes: bytes.to_vec() })
    }
}

/// The digest of all that an answer depends on.
fn question_of(prompt: &Prompt, model: &str, document: &str, picture: Option<&Picture>) -> InputDigest {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_be_bytes());
        hash.update(bytes);
    };
    for text in [prompt.task, prompt.version, model, document] {
        part(text.as_bytes());
    }
    part(picture.map_or(&[], |picture| picture.bytes.as_slice()));
    InputDigest(hex::encode(hash.finalize()))
}

impl<R: EvidenceReader, M: Model, L: ModelLedger, C: Clock> EvidenceReader for SecondReader<R, M, L, C> {
    async fn read(&self, bytes: &[u8], name: &str) -> Result<Reading, Unreadable> {
        Ok(self.opinion.consider(self.reader.read(bytes, name).await?, bytes).await)
    }
}

/// What the rules read, without what a model added: the only claims that anything is decided by.
pub fn of_rules(reading: &Reading) -> impl Iterator<Item = &Claim> {
    reading.claims.iter().filter(|claim| claim.source != Source::Model)
}
