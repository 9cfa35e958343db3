//! From words with boxes to claims: the pure step of reading evidence. It knows no pixels, no PDF and no model; whoever reads the
//! letters (OCR, a text layer, a mail) hands in [`Words`], and [`interpret`] says what they seem to say and where.
//!
//! Text in a document is data. Nothing in here follows it; orders found in it become complaints.

pub mod amounts;
pub mod classifier;
pub mod columns;
pub mod context;
pub mod dates;
pub mod document;
pub mod fit;
pub mod grid;
pub mod kind;
pub mod labels;
pub mod layout;
pub mod level;
pub mod lexicon;
pub mod orders;
pub mod parties;
pub mod references;
pub mod remittance;
pub mod scan;
pub mod swift;
mod told;

use jiff::civil::Date;
use quittance_rules::evidence::{Claim, Confidence, EvidenceKind, Field, Reading, Source, Word};
use serde::{Deserialize, Serialize};

use self::document::Document;
use self::layout::Layout;
use self::level::Levelled;

/// What a mail's header says, as decoded text. It is what the sender wrote, not what is true.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MailHead {
    /// `From`: display name and address as shown, for example `Ana Ruiz <ana@example.com>`.
    pub from: String,
    /// `To` and `Cc`, each as shown.
    pub to: Vec<String>,
    /// `Subject`. It stands as the first line of the words too, so that a claim from it has a place.
    pub subject: String,
    /// Day of `Date`, in the zone the header gives.
    pub date: Option<Date>,
}

/// All words of one document, in reading order, as some reader of letters found them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Words {
    /// Detected media type of the original, from its bytes.
    pub media_type: String,
    /// Number of pages; 1 for an image or a mail.
    pub pages: u32,
    /// The words, sorted by page and then by [`Word::line`]. Mail and plain text, which have no page, stand on a grid of characters.
    pub words: Vec<Word>,
    /// What the reader of the letters could not do, one sentence each.
    pub complaints: Vec<String>,
    /// Present for a mail only.
    pub mail: Option<MailHead>,
}

/// Words beyond this many are not read for claims; the text of a real paper that long names its sums before.
const WORDS_MAX: usize = 20_000;

/// How sure it is that the order of one bank to another stands for a payment made, in percent: it was sent, not yet settled.
const MESSAGE_IS_PROOF: u32 = 90;

/// Says what a document is and what it claims, each value with the words and the place it was read from.
///
/// It is a plain function: the same words give the same reading. A value that is not legible is absent; an ambiguous one gives
/// every reading as a claim of its own. It never fails: words that say nothing give kind `unknown` and no claims.
pub fn interpret(words: &Words) -> Reading {
    let mut complaints = words.complaints.clone();
    if words.words.len() > WORDS_MAX {
        complaints.push(format!("only the first {WORDS_MAX} of {} words were read for claims", words.words.len()));
    }
    let orders = orders::find(&words.words);
    complaints.extend(orders.complaints.iter().cloned());
    let read = Levelled::of(readable(words, &orders.barred));
    let doc = Document::of(Layout::of(&read.words));
    for iban in &doc.scan.broken_ibans {
        complaints.push(format!(
            "account: `{}` fails its check digits, so it was not taken",
            iban.chars().take(40).collect::<String>()
        ));
    }
    let (rows, mut candidates, aside) = tabled(&doc);
    let sum_of_rows = remittance::sum_of(&rows, &candidates);
    let parts = remittance::amounts_of(&rows);
    let listed = if rows.rows.len() >= 2 { remittance::places(&doc, &rows) } else { Vec::new() };
    let shape = shape_of(words, &rows, &candidates, sum_of_rows);
    let sums = kind::sums(&doc, shape);
    let opinion = classifier::opinion(&classifier::features(&doc, shape));
    let (mut kind, mut kind_confidence) = classifier::join(kind::classify(&sums), &sums, opinion.as_ref());
    let message = swift::claims(&doc);
    if message.is_some() && matches!(kind, EvidenceKind::Unknown | EvidenceKind::BankReceipt) {
        (kind, kind_confidence) = (EvidenceKind::PaymentProof, Confidence::from_percent(MESSAGE_IS_PROOF));
    }

    amounts::score(&doc, kind, &mut candidates);
    amounts::weigh_rows(&mut candidates, &parts, sum_of_rows, kind);
    if columns::pays_rows(kind) {
        amounts::set_aside(&mut candidates, &aside);
    }
    let mut claims = amounts::amount_claims(&doc, &candidates, chance_of_kind(kind, kind_confidence));
    let total = claims.first().and_then(amounts::decimal_of);
    claims.extend(amounts::part_claims(&doc, &candidates, total));
    complaints.extend(amounts::complaints(&candidates, total));
    claims.extend(dates::date_claims(&doc, kind, &listed));
    claims.extend(references::reference_claims(&doc, kind));
    if !matches!(kind, EvidenceKind::Invoice | EvidenceKind::Statement) {
        claims.extend(remittance::number_claims(&doc, &rows, &claims));
    }
    let amount = claims.iter().find(|c| c.field == Field::Amount).cloned();
    claims.extend(parties::party_claims(&doc, kind, amount.as_ref()));
    if let Some(message) = message {
        // Its fields say what everything else can only guess.
        claims.retain(|claim| !message.iter().any(|said| said.field == claim.field));
        claims.extend(message);
    }
    let (mut remittance_lines, sums) = remittance::remittance(&doc, &rows, kind, &candidates, total);
    complaints.extend(sums);
    claims.iter_mut().for_each(|claim| claim.region = read.place(claim.region));
    remittance_lines.iter_mut().for_each(|row| row.region = read.place(row.region));
    claims.retain(|claim| stands_alone(claim, &words.words));
    claims.sort_by_key(|c| (c.field as u8, std::cmp::Reverse(c.confidence)));
    let claims = claims;

    Reading {
        media_type: words.media_type.clone(),
        kind,
        kind_confidence,
        claims,
        remittance_lines,
        complaints,
        pages: words.pages,
        words: words.words.clone(),
        text: running_text(&words.words),
        also: also_said(words, &orders.barred, &doc, shape),
        picture: None,
        hints: Vec::new(),
        sender: words.mail.as_ref().map(|m| m.from.clone()).filter(|from| !from.is_empty()),
    }
}

/// How likely the kind is the one the amount was looked for by; of `unknown` its confidence says how little is known.
fn chance_of_kind(kind: EvidenceKind, confidence: Confidence) -> f64 {
    let sure = f64::from(confidence.millionths()) / 1_000_000.0;
    if kind == EvidenceKind::Unknown { 1.0 - sure } else { sure }
}

/// Kinds that always meet a person and whose words stand anywhere in it, barred sentences too: text that gives orders must not be able
/// to silence the complaint it stands beside.
fn also_said(words: &Words, barred: &[bool], doc: &Document<'_>, shape: kind::Shape) -> Vec<EvidenceKind> {
    if !barred.contains(&true) {
        return kind::always_asked(doc, shape.is_message);
    }
    let whole = Levelled::of(readable(words, &[]));
    kind::always_asked(&Document::of(Layout::of(&whole.words)), shape.is_message)
}

fn shape_of(
    words: &Words,
    rows: &remittance::Rows,
    candidates: &[amounts::Candidate],
    sum_of_rows: Option<rust_decimal::Decimal>,
) -> kind::Shape {
    let parts = remittance::amounts_of(rows);
    kind::Shape {
        remittance_rows: rows.rows.len(),
        movement_rows: rows.movements,
        rows_add_up: sum_of_rows.is_some() && candidates.iter().any(|c| !parts.contains(&c.amount) && c.value() == sum_of_rows),
        is_message: words.mail.is_some() || words.words.first().is_some_and(|w| w.source == Source::Mail),
    }
}

/// Rows and amounts with the paid column chosen; and the amounts of other columns.
fn tabled(doc: &Document<'_>) -> (remittance::Rows, Vec<amounts::Candidate>, Vec<usize>) {
    let mut rows = remittance::find(doc);
    let candidates = amounts::candidates(doc);
    let aside = columns::settle(doc, &mut rows, &candidates);
    (rows, candidates, aside)
}

/// What the two readers of the kind go by: the buckets of the classifier, and the rules' sums of evidence. For those who measure and fit.
pub fn kind_readers(words: &Words) -> (Vec<u16>, [f64; classifier::CLASSES]) {
    let barred = orders::find(&words.words).barred;
    let read = Levelled::of(readable(words, &barred));
    let doc = Document::of(Layout::of(&read.words));
    let (rows, candidates, _) = tabled(&doc);
    let shape = shape_of(words, &rows, &candidates, remittance::sum_of(&rows, &candidates));
    (classifier::features(&doc, shape), kind::sums(&doc, shape))
}

/// The words that may carry claims: not those of orders, not what stands twice at one place (bold print drawn twice).
fn readable(words: &Words, barred: &[bool]) -> Vec<Word> {
    let mut seen: std::collections::HashSet<(u32, u32, u32, &str)> = std::collections::HashSet::new();
    words
        .words
        .iter()
        .enumerate()
        .take(WORDS_MAX)
        .filter(|(i, w)| !barred.get(*i).copied().unwrap_or(false) && !w.text.trim().is_empty())
        // On the grid of a mail nothing is drawn twice, and the lines of a long one stand closer than that.
        .filter(|(_, w)| {
            w.source == Source::Mail || seen.insert((w.region.page, w.region.x0 / 1_500, w.region.y0 / 1_500, w.text.as_str()))
        })
        .map(|(_, w)| w.clone())
        .collect()
}

/// The words whose middle lies in a claim's box are the words of the claim, and no others (a word drawn twice counts once).
fn stands_alone(claim: &Claim, words: &[Word]) -> bool {
    let inside = words.iter().filter(|w| claim.region.holds_middle_of(w.region) && !w.text.trim().is_empty());
    let mut wanted: Vec<&str> = claim.text.split_whitespace().collect();
    let total = wanted.len();
    let mut met = 0_usize;
    for word in inside {
        let mut known = true;
        for piece in word.text.split_whitespace() {
            known &= wanted.contains(&piece);
            met = met.saturating_add(1);
        }
        if !known {
            return false;
        }
    }
    wanted.dedup();
    met >= total
}

/// The words as running text: a space between words, a line feed between lines, a form feed between pages.
pub fn running_text(words: &[Word]) -> String {
    let mut text = String::with_capacity(words.iter().map(|w| w.text.len().saturating_add(1)).sum());
    let mut before: Option<&Word> = None;
    for word in words {
        if let Some(before) = before {
            text.push(match (before.region.page == word.region.page, before.line == word.line) {
                (false, _) => '\u{c}',
                (true, false) => '\n',
                (true, true) => ' ',
            });
        }
        text.push_str(&word.text);
        before = Some(word);
    }
    text
}
