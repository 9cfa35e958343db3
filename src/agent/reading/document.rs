//! A document with everything found in it so far, and the questions the makers of claims ask of it.

use quittance_rules::evidence::{Claim, ClaimValue, Confidence, Field, PageRegion, Source};

use super::context::{CURRENCIES, Context};
use super::labels::{Label, Role, labels_of, words_after};
use super::layout::Layout;
use super::scan::{LEGIBLE, Scan, scan, trimmed, value_part};

/// How a value came by its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// The label stands under the value.
    Under,
    /// Over a column of several values.
    Column,
    /// Right over the value.
    Above,
    /// To the left, in the same row.
    Row,
    /// In the same run of words.
    Same,
}

/// A label that governs a value.
#[derive(Debug, Clone, Copy)]
pub struct Governed<'d> {
    /// The label.
    pub label: &'d Label,
    /// How.
    pub relation: Relation,
}

/// No real paper has more labels; comparing more with each other would take long.
const LABELS_MAX: usize = 5_000;

/// Words, arranged and scanned.
#[derive(Debug)]
pub struct Document<'w> {
    /// Where the words stand.
    pub layout: Layout<'w>,
    /// What they are by shape.
    pub scan: Scan,
    /// Labels, in the order of segments.
    pub labels: Vec<Label>,
    /// Conventions of the whole.
    pub context: Context,
    /// Range of labels of each segment.
    labels_of: Vec<std::ops::Range<usize>>,
    /// Number of amounts in each segment.
    amounts_in: Vec<usize>,
    /// Words that belong to an amount, date, time or account.
    pub shaped: Vec<bool>,
}

impl<'w> Document<'w> {
    /// Arranges and scans. `barred` words (see `orders`) are seen by nobody.
    pub fn of(layout: Layout<'w>) -> Self {
        let scan = scan(&layout, &CURRENCIES);
        let mut labels = labels_of(&layout);
        labels.truncate(LABELS_MAX);
        let context = Context::of(&layout, &scan);
        let mut ranges = vec![0..0; layout.segments.len()];
        for (index, label) in labels.iter().enumerate() {
            let range = &mut ranges[label.segment];
            if range.start == range.end {
                *range = index..index.saturating_add(1);
            } else {
                range.end = index.saturating_add(1);
            }
        }
        let mut amounts_in = vec![0_usize; layout.segments.len()];
        for amount in &scan.amounts {
            amounts_in[amount.segment] = amounts_in[amount.segment].saturating_add(1);
        }
        let mut shaped = vec![false; layout.words.len()];
        let spans = scan.amounts.iter().filter(|a| a.has_fraction || a.has_sign()).map(|a| &a.words);
        let spans = spans.chain(scan.dates.iter().map(|d| &d.words)).chain(scan.times.iter().map(|t| &t.words));
        for &word in spans.chain(scan.accounts.iter().map(|a| &a.words)).flatten() {
            shaped[word] = true;
        }
        Self { layout, scan, labels, context, labels_of: ranges, amounts_in, shaped }
    }

    /// Labels of a segment, from left to right.
    pub fn labels_in(&self, segment: usize) -> &[Label] {
        &self.labels[self.labels_of[segment].clone()]
    }

    /// The label that follows a label within its segment.
    pub fn next_label(&self, label: &Label) -> Option<&Label> {
        self.labels_in(label.segment).iter().find(|l| l.from >= label.to && (l.colon || l.role != label.role))
    }

    /// The segment begins with a label that stands as one, so what is in it belongs to that label.
    pub fn begins_with_label(&self, segment: usize) -> bool {
        self.labels_in(segment).first().is_some_and(|l| l.at_start && (l.colon || l.whole))
    }

    /// How many amounts a segment holds.
    pub fn amounts_in(&self, segment: usize) -> usize {
        self.amounts_in[segment]
    }

    fn last_position(&self, label: &Label) -> usize {
        let segment = &self.layout.segments[label.segment];
        segment.tokens.get(label.to.saturating_sub(1)).map_or(0, |&t| self.layout.position(self.layout.tokens[t].word))
    }

    /// Three words or more that end as a sentence does.
    fn is_sentence(&self, segment: usize) -> bool {
        let words = &self.layout.segments[segment].words;
        words.len() >= 3 && words.last().is_some_and(|&w| self.layout.words[w].text.ends_with(['.', '!', '?']))
    }

    /// Nothing but the label, its colon and marks stand in its segment.
    fn is_bare(&self, label: &Label) -> bool {
        // `Wire amount`, `Cash deposit`: a short run of words that ends in a label is one, but the end of a sentence is not.
        let tokens = self.layout.segments[label.segment].tokens.len();
        label.whole || label.to == tokens && !self.is_sentence(label.segment) && (label.at_start || tokens <= 4)
    }

    /// The label that governs a value, among those of the wanted roles. A nearer label for which `stops` holds leaves the value to it:
    /// then there is none.
    pub fn governing(&self, words: &[usize], wants: fn(Role) -> bool, stops: fn(Role) -> bool) -> Option<Governed<'_>> {
        let segment = self.layout.segment_of[*words.last()?];
        let first = words.iter().copied().find(|&w| self.layout.segment_of[w] == segment)?;
        let position = self.layout.position(first);
        for label in self.labels_in(segment).iter().rev() {
            let last = self.last_position(label);
            if last > position || (last == position && value_part(&self.layout, first) == self.layout.words[first].text) {
                continue;
            }
            let between = position.saturating_sub(last).saturating_sub(1);
            // A word of a sentence is a label only right before its value.
            let reach = if label.at_start { 4 } else { 1 };
            if wants(label.role) && (between <= reach || label.colon) {
                return Some(Governed { label, relation: Relation::Same });
            }
            if stops(label.role) && between <= 2 {
                return None;
            }
        }
        if let Some(found) = self.governing_in_row(segment, words, wants, stops) {
            return found;
        }
        self.governing_above(segment, wants, stops).or_else(|| self.governing_under(segment, wants))
    }

    /// `Some(None)`: something in the row owns the value, and it is not wanted.
    fn governing_in_row(
        &self,
        segment: usize,
        words: &[usize],
        wants: fn(Role) -> bool,
        stops: fn(Role) -> bool,
    ) -> Option<Option<Governed<'_>>> {
        let row = &self.layout.rows[self.layout.segments[segment].row];
        for left in row.segments.clone().filter(|&s| s < segment).rev() {
            let labels = self.labels_in(left);
            let Some(last) = labels.last() else {
                if self.amounts_in(left) > 0 || self.is_numeric(left) || words.contains(&self.layout.segments[left].words[0]) {
                    continue;
                }
                return None;
            };
            if let Some(label) = labels.iter().rev().find(|l| wants(l.role) && (l.at_start || l.colon || self.is_bare(l))) {
                return Some(Some(Governed { label, relation: Relation::Row }));
            }
            if stops(last.role) && self.is_bare(last) {
                return Some(None);
            }
            if self.amounts_in(left) == 0 {
                return None;
            }
        }
        None
    }

    fn governing_above(&self, segment: usize, wants: fn(Role) -> bool, stops: fn(Role) -> bool) -> Option<Governed<'_>> {
        let mut values_between = 0_usize;
        let mut nearest = segment;
        for above in self.layout.above(segment, 60) {
            if self.layout.segments[above].row == self.layout.segments[nearest].row && nearest != segment {
                continue;
            }
            let far = self.layout.lines_between(above, nearest) > if values_between > 0 { 80 } else { 35 };
            if far {
                return None;
            }
            let labels = self.over(self.labels_in(above), segment);
            let heads = |l: &Label| self.is_bare(l) || l.at_start && !self.is_sentence(above);
            if let Some(label) = labels.iter().find(|l| wants(l.role) && heads(l)) {
                if self.amounts_in(above) > 0 {
                    return None;
                }
                let heads = values_between > 0 || (self.heads_columns(above) && self.goes_on_below(segment));
                let relation = if heads { Relation::Column } else { Relation::Above };
                return Some(Governed { label, relation });
            }
            if labels.iter().any(|l| stops(l.role) && self.is_bare(l)) && values_between == 0 {
                return None;
            }
            if self.amounts_in(above) == 0 && !self.is_numeric(above) {
                return None;
            }
            values_between = values_between.saturating_add(1);
            nearest = above;
        }
        None
    }

    /// Of several labels in one segment (`Importe  Comisión`, set close), those that stand over a segment further down; all of them where
    /// none does.
    fn over<'l>(&self, labels: &'l [Label], segment: usize) -> &'l [Label] {
        if labels.len() < 2 {
            return labels;
        }
        let own = self.layout.segments[segment].region;
        let stands_over = |label: &Label| {
            let tokens = &self.layout.segments[label.segment].tokens[label.from..label.to];
            tokens.iter().map(|&t| self.layout.words[self.layout.tokens[t].word].region).any(|r| r.x0 < own.x1 && own.x0 < r.x1)
        };
        let Some(first) = labels.iter().position(stands_over) else { return labels };
        let last = labels.iter().rposition(stands_over).unwrap_or(first);
        &labels[first..=last]
    }

    /// Stands in a row of headers: others beside it, and no amount among them.
    fn heads_columns(&self, segment: usize) -> bool {
        let row = self.layout.rows[self.layout.segments[segment].row].segments.clone();
        row.len() >= 2 && row.clone().all(|s| self.amounts_in(s) == 0)
    }

    /// Another amount stands right below, with no label of its own: both are of one column.
    fn goes_on_below(&self, segment: usize) -> bool {
        let below = self.layout.below(segment, 3).into_iter().next();
        below.is_some_and(|s| {
            self.amounts_in(s) > 0 && self.layout.lines_between(segment, s) <= 35 && self.labels_in(s).is_empty()
        })
    }

    /// The big number with its label beneath, as some apps draw it.
    fn governing_under(&self, segment: usize, wants: fn(Role) -> bool) -> Option<Governed<'_>> {
        if !wants(Role::Paid) {
            return None;
        }
        let under = self.layout.below(segment, 2).into_iter().next()?;
        let label = self.labels_in(under).iter().find(|l| l.whole && wants(l.role))?;
        let own_value = self.layout.right_of(under).any(|s| self.amounts_in(s) > 0)
            || self.layout.below(under, 2).first().is_some_and(|&s| self.amounts_in(s) > 0);
        (!own_value).then_some(Governed { label, relation: Relation::Under })
    }

    /// Digits and marks only (quantities, percentages, dates), so part of a table row.
    fn is_numeric(&self, segment: usize) -> bool {
        self.layout.segments[segment].words.iter().all(|&w| {
            let text = &self.layout.words[w].text;
            text.chars().any(|c| c.is_ascii_digit()) || text.chars().all(|c| !c.is_alphanumeric()) || text.chars().count() <= 3
        })
    }

    /// The words that hold the value of a label: behind it, else to its right, else under it. `accept` picks the value out of a run
    /// of words, or says that there is none.
    pub fn value_of(&self, label: &Label, accept: impl Fn(&[usize]) -> Option<Vec<usize>>) -> Option<(Vec<usize>, Relation)> {
        let behind = words_after(&self.layout, label, self.next_label(label));
        let says_something =
            behind.iter().any(|&w| !value_part(&self.layout, w).chars().all(|c| !c.is_alphanumeric() && c != '*' && c != '•'));
        if says_something {
            return accept(&behind).map(|v| (v, Relation::Same));
        }
        if !(label.at_start || label.colon) {
            return None;
        }
        for right in self.layout.right_of(label.segment) {
            if self.begins_with_label(right) {
                break;
            }
            if let Some(value) = accept(&self.layout.segments[right].words) {
                return Some((value, Relation::Row));
            }
            if self.layout.segments[right].words.iter().any(|&w| self.layout.words[w].text.chars().any(char::is_alphanumeric)) {
                // A neighbour that is no value: a header over columns, so the value may stand below.
                break;
            }
        }
        for below in self.layout.below(label.segment, 3).into_iter().take(2) {
            if self.begins_with_label(below) {
                return None;
            }
            if let Some(value) = accept(&self.layout.segments[below].words) {
                return Some((value, Relation::Above));
            }
        }
        None
    }

    /// The least sure of some words. `None` when one of them is not legible.
    pub fn legibility(&self, words: &[usize]) -> Option<f64> {
        let least = words.iter().map(|&w| self.layout.words[w].confidence).min()?;
        (least >= LEGIBLE).then(|| f64::from(least.millionths()) / 1e6)
    }

    /// A claim over whole words. `None` when they are not legible, stand on two pages, or other words stand within their box.
    pub fn claim(&self, field: Field, value: ClaimValue, words: &[usize], probability: f64) -> Option<Claim> {
        let mut words = words.to_vec();
        words.sort_by_key(|&w| (self.layout.segment_of[w], self.layout.position(w)));
        words.dedup();
        let legible = self.legibility(&words)?;
        let region = self.apart_from_strangers(self.layout.region(&words)?, &words)?;
        let source = words.first().map_or(Source::Ocr, |&w| self.layout.words[w].source);
        let probability = (probability * legible.sqrt()).clamp(0.0, 1.0);
        Some(Claim {
            field,
            value,
            region,
            text: self.layout.text(&words),
            confidence: Confidence::from_millionths(millionths(probability)),
            source,
        })
    }

    /// Boxes of OCR reach over their neighbours at times. A side is drawn in where that leaves out the stranger and keeps every word of
    /// ours; where it does not, there is no telling them apart.
    fn apart_from_strangers(&self, mut region: PageRegion, words: &[usize]) -> Option<PageRegion> {
        let middle = |w: usize| {
            let r = self.layout.words[w].region;
            r.x0.midpoint(r.x1)
        };
        let holds = |region: PageRegion, w: usize| region.holds_middle_of(self.layout.words[w].region);
        let page = region.page;
        let others = || (0..self.layout.words.len()).filter(|w| self.layout.words[*w].region.page == page && !words.contains(w));
        for stranger in others() {
            if !holds(region, stranger) {
                continue;
            }
            let edge = self.layout.words[stranger].region;
            let x = middle(stranger);
            if words.iter().all(|&w| middle(w) < x) {
                region.x1 = region.x1.min(edge.x0.max(region.x0).min(x.saturating_sub(1)));
            } else if words.iter().all(|&w| middle(w) > x) {
                region.x0 = region.x0.max(edge.x1.min(region.x1).max(x.saturating_add(1)));
            } else {
                return None;
            }
        }
        words.iter().all(|&w| holds(region, w)).then_some(region)
    }

    /// A code (operation number, invoice number) at the head of a run of words: fillers are skipped, digits grouped by spaces are
    /// kept together. `None` when what stands there is not a legible code of at least `length_min` letters and digits.
    pub fn code_at(&self, words: &[usize], length_min: usize) -> Option<Vec<usize>> {
        let mut rest = words;
        while let [first, tail @ ..] = rest {
            let folded = super::lexicon::fold(value_part(&self.layout, *first));
            if tail.is_empty() || !(folded.is_empty() || CODE_FILLERS.contains(&folded.as_str())) {
                break;
            }
            rest = tail;
        }
        let (&first, tail) = rest.split_first()?;
        let text = trimmed(value_part(&self.layout, first)).trim_matches(['(', ')']);
        if self.shaped[first] && !self.scan.accounts.iter().any(|a| a.words.contains(&first)) {
            return None;
        }
        let mut taken = vec![first];
        let all_digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        let prefix = text.len() <= 6 && !text.is_empty() && text.bytes().all(|b| b.is_ascii_uppercase());
        let groups = all_digits(text) || (text.len() == 4 && text.starts_with("RF") && all_digits(&text[2..]));
        for &next in tail {
            let piece = trimmed(&self.layout.words[next].text);
            let listed = taken.last().is_some_and(|&w| self.layout.words[w].text.ends_with([',', ';']));
            let joins = (groups
                && !listed
                && all_digits(piece)
                && piece.len() <= 8
                && !self.shaped[next]
                && text.len() <= 8
                && !self.next_is_unit(next))
                || (prefix && taken.len() == 1 && piece.bytes().any(|b| b.is_ascii_digit()) && !self.shaped[next]);
            if !joins {
                break;
            }
            taken.push(next);
        }
        let code: String =
            taken.iter().map(|&w| trimmed(value_part(&self.layout, w)).trim_matches(['(', ')'])).collect::<Vec<_>>().join(" ");
        self.is_code(&code, &taken, length_min).then_some(taken)
    }

    fn next_is_unit(&self, word: usize) -> bool {
        let segment = &self.layout.segments[self.layout.segment_of[word]];
        let next = segment.words.get(self.layout.position(word).saturating_add(1));
        next.is_some_and(|&n| {
            matches!(super::lexicon::fold(&self.layout.words[n].text).as_str(), "eur" | "usd" | "soles" | "pcs" | "kg")
        })
    }

    fn is_code(&self, code: &str, words: &[usize], length_min: usize) -> bool {
        let letters_and_digits = code.chars().filter(|c| c.is_alphanumeric()).count();
        let digits = code.chars().filter(char::is_ascii_digit).count();
        let clean = code.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.' | ' ' | '\\'));
        // OCR reads 0 as O and 1 as I. Among digits such a letter may be either, so the number is not legible.
        let mixed_up = words.iter().any(|&w| self.layout.is_ocr(w)) && {
            let alphabetic: Vec<char> = code.chars().filter(|c| c.is_alphabetic()).collect();
            let at_head = code.chars().take_while(|c| c.is_alphabetic()).count();
            digits >= 4
                && at_head < alphabetic.len()
                && alphabetic.len() <= 2
                && alphabetic.iter().all(|c| "OoIlSBZ".contains(*c))
        };
        letters_and_digits >= length_min
            && letters_and_digits <= 64
            && digits >= length_min.min(2)
            && clean
            && !mixed_up
            && !code.contains("://")
            && !code.starts_with("www")
    }

    /// The value of a code, as written, without the label glued to it and the punctuation around it.
    pub fn code_text(&self, words: &[usize]) -> String {
        words.iter().map(|&w| trimmed(value_part(&self.layout, w)).trim_matches(['(', ')'])).collect::<Vec<_>>().join(" ")
    }
}

/// Words between a label and its number.
const CODE_FILLERS: &[&str] = &[
    "n", "no", "nr", "nro", "num", "numero", "number", "nos", "nrs", "is", "es", "de", "id", "code", "codigo", "la", "el", "den",
    "vom", "der", "e", "est", "ist", "var", "numbers", "nummer", "nummern", "numeros", "ref", "invoice", "factura", "facture",
    "rechnung", "fattura", "your", "our", "su", "sus", "deg", "s", "o", "os", "as", "las", "los",
];

/// Probability to whole millionths.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=1 before")]
pub fn millionths(probability: f64) -> u32 {
    (probability.clamp(0.0, 1.0) * 1e6).round() as u32
}
