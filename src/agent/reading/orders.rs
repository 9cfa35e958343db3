//! Text in a document that gives orders. It changes nothing: the sentence is barred from every claim, and a complaint says so.

use std::sync::LazyLock;

use quittance_rules::evidence::Word;

use super::lexicon::{Lexicon, fold};

static ORDERS: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(include_str!("lexicon/orders.txt")));

/// What was found.
#[derive(Debug, Default)]
pub struct Orders {
    /// Words of sentences that give orders; they carry no claims.
    pub barred: Vec<bool>,
    /// One sentence each, with prefix `instructions in document:` or `bank details:`.
    pub complaints: Vec<String>,
}

/// Complaints of one kind beyond this many say nothing new.
const COMPLAINTS_MAX: usize = 3;

/// Finds sentences that give orders or speak of changed bank details.
pub fn find(words: &[Word]) -> Orders {
    // Letters set apart (`I g n o r e`) and split by invisible characters fold to the same tokens as plain ones.
    let tokens: Vec<(usize, String)> = pieces(words);
    let ids: Vec<Option<u32>> =
        tokens.iter().map(|(w, t)| ORDERS.token(t, words[*w].source == quittance_rules::evidence::Source::Ocr)).collect();
    let mut orders = Orders { barred: vec![false; words.len()], complaints: Vec::new() };
    let mut counts = [0_usize; 2];
    for hit in ORDERS.find(&ids) {
        let first = tokens[hit.start].0;
        let last = tokens[hit.end.saturating_sub(1)].0;
        let sentence = sentence_around(words, first, last);
        let bank = ORDERS.keys()[hit.key] == "bank";
        if !bank {
            orders.barred[sentence.clone()].fill(true);
        }
        let count = &mut counts[usize::from(bank)];
        *count = count.saturating_add(1);
        if *count <= COMPLAINTS_MAX {
            let quote: String = words[first..=last].iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
            let quote: String = quote.chars().filter(|c| !c.is_control()).take(120).collect();
            let page = words[first].region.page;
            orders.complaints.push(if bank {
                format!("bank details: the text on page {page} speaks of other bank details (\"{quote}\"); check them by a known telephone number")
            } else {
                format!("instructions in document: the text on page {page} gives orders (\"{quote}\"); they were not followed")
            });
        }
    }
    if words.iter().any(|w| w.text.contains("<|") || w.text.contains("|>") || w.text.contains("</untrusted")) && counts[0] == 0 {
        orders
            .complaints
            .push("instructions in document: the text holds marks that fence off prompts; they have no effect".to_owned());
    }
    orders
}

fn pieces(words: &[Word]) -> Vec<(usize, String)> {
    let mut tokens = Vec::new();
    for (index, word) in words.iter().enumerate() {
        for piece in word.text.split(|c: char| {
            matches!(c, '_' | '-' | '/' | '|' | '<' | '>' | '.' | ',' | ':' | '\'' | '’' | '(' | ')' | '[' | ']' | '=' | '"')
        }) {
            let folded = fold(piece);
            if !folded.is_empty() {
                tokens.push((index, folded));
            }
        }
    }
    tokens
}

/// The sentence: to the nearest full stop on either side, at most two lines beyond the phrase.
fn sentence_around(words: &[Word], first: usize, last: usize) -> std::ops::Range<usize> {
    let ends = |w: &Word| w.text.ends_with(['.', '!', '?', ';']);
    let near = |a: &Word, b: &Word| a.region.page == b.region.page && a.line.abs_diff(b.line) <= 2;
    let mut from = first;
    while let Some(before) = from.checked_sub(1) {
        // Backwards only within the line: what stands above an order is not part of it.
        if words[before].line != words[first].line
            || words[before].region.page != words[first].region.page
            || ends(&words[before])
        {
            break;
        }
        from = before;
    }
    let mut to = last.saturating_add(1);
    while let Some(word) = words.get(to) {
        if ends(&words[to.saturating_sub(1)]) || !near(&words[last], word) || begins_anew(word, &words[to.saturating_sub(1)]) {
            break;
        }
        to = to.saturating_add(1);
    }
    from..to
}

/// A new line that begins like a label or far from where the one before ended is a new sentence.
fn begins_anew(word: &Word, before: &Word) -> bool {
    word.line != before.line
        && (word.text.ends_with(':')
            || word.text.chars().next().is_some_and(char::is_uppercase)
            || word.text.chars().next().is_some_and(|c| c.is_ascii_digit()))
}
