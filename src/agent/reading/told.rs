//! What a sentence says of the amount that stands in it, where no label does: `QAR 4,310.50 transferred from a/c …`.

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use quittance_rules::evidence::Source;

use super::document::Document;
use super::lexicon::fold;
use super::scan::Amount;

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// The amount has moved.
    Moved,
    /// The sentence says that something was paid, and this is the only amount in it.
    Reported,
    /// A payment of this amount is spoken of: done, asked or promised.
    Payment,
    /// It costs money beside a payment.
    Cost,
}

/// Phrases in folded words, with what each says.
struct Phrases {
    behind: HashMap<String, Told>,
    before: HashMap<String, Told>,
    done: HashSet<String>,
    later: HashSet<String>,
}

/// The words of the longest phrase, and room for a word that denies it.
const REACH: usize = 9;

/// Words on either side of an amount within which its sentence begins and ends.
const SENTENCE: usize = 25;
/// Fewer words are a label with its value.
const SENTENCE_MIN: usize = 5;

static PHRASES: LazyLock<Phrases> = LazyLock::new(|| {
    let mut phrases = Phrases { behind: HashMap::new(), before: HashMap::new(), done: HashSet::new(), later: HashSet::new() };
    for line in include_str!("lexicon/told.txt").lines().filter(|line| !line.starts_with('#')) {
        let Some((key, list)) = line.split_once('|') else { continue };
        let list = || list.split(';').map(|phrase| folded(phrase.split_whitespace()));
        let (place, told) = match key.trim() {
            "done" => {
                phrases.done.extend(list());
                continue;
            }
            "later" => {
                phrases.later.extend(list());
                continue;
            }
            "behind" => (&mut phrases.behind, Told::Moved),
            "before" => (&mut phrases.before, Told::Moved),
            "noun" => (&mut phrases.before, Told::Payment),
            _ => (&mut phrases.before, Told::Cost),
        };
        for phrase in list() {
            place.entry(phrase).or_insert(told);
        }
    }
    phrases
});

fn folded<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.map(fold).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Words that say it is not so.
const DENIES: [&str; 12] = ["not", "never", "no", "nicht", "kein", "pas", "niet", "geen", "non", "nao", "nie", "ne"];

/// What its sentence says of an amount with a sign: the words right before and right behind it, else the sentence as a whole.
pub fn of(doc: &Document<'_>, amount: &Amount) -> Option<Told> {
    if !amount.has_sign() {
        return None;
    }
    match beside(doc, amount) {
        None | Some(Told::Payment) if is_reported(doc, amount) => Some(Told::Reported),
        told => told,
    }
}

/// Whether a word ends its sentence: `today.`, not `Nro.` or `M.N.`.
fn ends_sentence(doc: &Document<'_>, at: usize) -> bool {
    let word = &doc.layout.words[at];
    let Some(next) = doc.layout.words.get(at.saturating_add(1)) else { return true };
    // An empty line, or another page.
    if next.region.page != word.region.page || next.line > word.line.saturating_add(1) {
        return true;
    }
    let stem = word.text.trim_end_matches(['.', '!', '?', ')', '"']);
    let is_short = stem.chars().count() <= 3 && !stem.ends_with(|c: char| c.is_ascii_digit());
    word.text.ends_with(['!', '?']) || word.text.ends_with('.') && !is_short && !stem.contains('.') || word.text.ends_with(':')
}

/// The sentence an amount stands in tells of a payment that was made, and of no other amount.
fn is_reported(doc: &Document<'_>, amount: &Amount) -> bool {
    // On a screen lines stand together that are no sentence.
    let typed = |at: &usize| doc.layout.words[*at].source == Source::Mail;
    let Some(at) = amount.words.iter().min().copied().filter(typed) else { return false };
    let from =
        (at.saturating_sub(SENTENCE)..at).rev().find(|&w| ends_sentence(doc, w)).map_or(at.saturating_sub(SENTENCE), |w| w + 1);
    let last = doc.layout.words.len().saturating_sub(1);
    let to = (at..=last).take(SENTENCE).find(|&w| ends_sentence(doc, w)).unwrap_or(last);
    if doc.layout.words[to].text.ends_with('?') {
        return false;
    }
    let others = doc.scan.amounts.iter().filter(|other| other.has_sign() && other.words != amount.words);
    if others.flat_map(|other| &other.words).any(|w| (from..=to).contains(w)) {
        return false;
    }
    let words: Vec<String> = (from..=to).map(|w| fold(&doc.layout.words[w].text)).filter(|word| !word.is_empty()).collect();
    let says = |phrases: &HashSet<String>| {
        words.iter().any(|word| phrases.contains(word)) || words.windows(2).any(|pair| phrases.contains(&pair.join(" ")))
    };
    words.len() >= SENTENCE_MIN && says(&PHRASES.done) && !says(&PHRASES.later)
}

/// What the words right before and right behind an amount say of it.
fn beside(doc: &Document<'_>, amount: &Amount) -> Option<Told> {
    let (first, last) = (*amount.words.iter().min()?, *amount.words.iter().max()?);
    // The sign may stand at the end of the line before.
    let first = first.checked_sub(1).filter(|before| amount.currency_words.contains(before)).unwrap_or(first);
    let (line, page) = (doc.layout.words[last].line, doc.layout.words[last].region.page);
    let text = |at: usize| {
        let word = &doc.layout.words[at];
        (word.region.page == page && word.line.abs_diff(line) <= 1).then_some(word.text.as_str())
    };
    let words = |range: std::ops::Range<usize>| -> Vec<String> {
        range.filter_map(text).map(fold).filter(|word| !word.is_empty()).collect()
    };
    let before = words(first.saturating_sub(REACH)..first);
    let denied = |words: &[String]| words.iter().any(|word| DENIES.contains(&word.as_str()));
    // The longest phrase that ends at the amount, and the longest that begins behind it.
    let ahead = (0..before.len()).find_map(|from| PHRASES.before.get(&before[from..].join(" ")).map(|told| (from, *told)));
    let ahead =
        ahead.filter(|(from, told)| !(*told == Told::Moved && denied(&before[from.saturating_sub(2)..]))).map(|(_, told)| told);
    // `… of USD 500. Sent from my phone`: a sentence that ends says nothing more.
    let behind = if doc.layout.words[last].text.ends_with(['.', ';', '!', '?']) {
        Vec::new()
    } else {
        words(last.saturating_add(1)..last.saturating_add(REACH).min(doc.layout.words.len()))
    };
    let told = (1..=behind.len()).rev().find_map(|to| PHRASES.behind.get(&behind[..to].join(" ")).copied());
    let told = told.filter(|_| !denied(&before[before.len().saturating_sub(3)..]));
    // `Have you paid £890.00 to us?` tells nothing.
    let asked = || {
        let ends = |at: &usize| {
            text(*at).is_none_or(|word| word.ends_with(['!', '?']) || word.ends_with('.') && word.chars().count() > 3)
        };
        (last..doc.layout.words.len()).take(SENTENCE).find(ends).and_then(text).is_some_and(|word| word.ends_with('?'))
    };
    let moved = |told: &Told| *told == Told::Moved;
    let ahead = if ahead.as_ref().is_some_and(moved) && asked() { Some(Told::Payment) } else { ahead };
    let told = told.filter(|_| !asked());
    // That it has moved says more than that a payment is spoken of; what costs money does so whatever follows.
    if ahead == Some(Told::Cost) { ahead } else { told.or(ahead) }
}
