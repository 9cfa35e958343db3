//! Two passes over one picture become one list of words. Where both read the same the confidence rises; where they differ the surer
//! one stands, less sure than before; what only one saw stands if it was sure enough.

use super::decimals::decimals_of;
use super::page::{Rect, Seen};

/// Of their smaller one, two words must share this part to be the same word.
const SAME_PLACE: f32 = 0.5;
/// A word that only the pass over the whole page saw needs this confidence: outside the lines found by ink it is mostly icons.
const ALONE_PAGE: f32 = 60.0;
/// A word that only the pass over the lines saw.
const ALONE_LINES: f32 = 30.0;
/// Below this nothing is kept.
const FLOOR: f32 = 20.0;

/// A number that a third look is to settle: its place among the words, and how it was read.
#[derive(Debug, PartialEq)]
pub(super) struct Contested {
    pub(super) word: usize,
    /// The two passes' readings, of other digits; or one that neither was sure of.
    pub(super) readings: Vec<String>,
}

/// The numbers that want a third look: to those read in two ways, those that nobody was sure of.
pub(super) fn doubts(words: &[Seen], mut doubts: Vec<Contested>) -> Vec<Contested> {
    for (word, seen) in words.iter().enumerate() {
        let is_number =
            digits(&seen.text).len() >= CONTESTED_DIGITS || decimals_of(&seen.text).is_some_and(|(mark, ..)| mark.is_some());
        if is_number && seen.confidence < LEGIBLE && !doubts.iter().any(|known| known.word == word) {
            doubts.push(Contested { word, readings: vec![seen.text.clone()] });
        }
    }
    doubts
}

/// Fewer digits than this are a count or a day, and are told by what stands around them.
const CONTESTED_DIGITS: usize = 3;

/// Both are numbers, and their digits are not the same.
fn contest(ours: &[&Seen], theirs: &[&Seen]) -> Option<Vec<String>> {
    let (&[one], &[other]) = (ours, theirs) else { return None };
    let (first, second) = (digits(&one.text), digits(&other.text));
    let numbers = first.len().max(second.len()) >= CONTESTED_DIGITS && !first.is_empty() && !second.is_empty();
    (numbers && first != second).then(|| vec![one.text.clone(), other.text.clone()])
}

/// What a third look at a contested number says: the reading that it confirms stands, and a number on which no two agree is not legible.
pub(super) fn settle(word: &mut Seen, contested: &Contested, third: &str) {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '.' | ',')).collect::<String>();
    match contested.readings.iter().find(|reading| plain(reading) == plain(third)) {
        Some(reading) => {
            word.text = with_sign(reading, third).to_owned();
            word.confidence = word.confidence.max(CONFIRMED);
        }
        None => word.confidence = word.confidence.min(ILLEGIBLE),
    }
}

/// A reading, or the look that confirmed it where that saw the sign of a currency as well: by itself it is seen more often.
pub(super) fn with_sign<'a>(reading: &'a str, look: &'a str) -> &'a str {
    let signed = |text: &str| text.contains(['¥', '€', '£', '$']);
    if signed(look) && !signed(reading) { look } else { reading }
}

/// The figures of a text.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// From here on a word counts as legible, and what a number has at least that another look confirmed.
pub(super) const LEGIBLE: f32 = 60.0;
pub(super) const CONFIRMED: f32 = 65.0;

/// Under what counts as legible, above what is dropped.
pub(super) const ILLEGIBLE: f32 = 55.0;

/// Joins the words of the pass over the whole page and of the pass over the lines set again; and says which numbers are contested.
pub(super) fn reconcile(page: Vec<Seen>, lines: Vec<Seen>) -> (Vec<Seen>, Vec<Contested>) {
    let mut contested = Vec::new();
    let mut used = vec![false; page.len()];
    let mut taken = vec![false; lines.len()];
    let mut words = Vec::new();
    for start in 0..lines.len() {
        if taken.get(start) != Some(&false) {
            continue;
        }
        let (ours, theirs) = cluster(start, &page, &lines, &mut used, &mut taken);
        let ours: Vec<&Seen> = ours.iter().filter_map(|i| lines.get(*i)).collect();
        let theirs: Vec<&Seen> = theirs.iter().filter_map(|i| page.get(*i)).collect();
        let chosen = choose(&ours, &theirs);
        if let (Some(readings), [_]) = (contest(&ours, &theirs), chosen.as_slice()) {
            contested.push(Contested { word: words.len(), readings });
        }
        words.extend(chosen);
    }
    let left =
        page.into_iter().zip(used).filter(|(word, used)| !used && word.confidence >= ALONE_PAGE && has_letters(&word.text));
    words.extend(left.map(|(word, _)| word));
    (words, contested)
}

/// All words of both passes that share places, directly or through one another.
fn cluster(start: usize, page: &[Seen], lines: &[Seen], used: &mut [bool], taken: &mut [bool]) -> (Vec<usize>, Vec<usize>) {
    let (mut ours, mut theirs) = (vec![start], Vec::new());
    if let Some(mark) = taken.get_mut(start) {
        *mark = true;
    }
    let mut ahead = vec![(true, start)];
    while let Some((is_ours, index)) = ahead.pop() {
        let Some(here) = (if is_ours { lines.get(index) } else { page.get(index) }).map(|w| w.at) else { continue };
        let (others, marks) = if is_ours { (page, &mut *used) } else { (lines, &mut *taken) };
        for (other, (word, mark)) in others.iter().zip(marks.iter_mut()).enumerate() {
            if !*mark && word.at.covered(here) > SAME_PLACE {
                *mark = true;
                ahead.push((!is_ours, other));
                if is_ours { theirs.push(other) } else { ours.push(other) }
            }
        }
    }
    let by_place = |list: &[Seen], indexes: &mut Vec<usize>| {
        indexes.sort_by(|a, b| {
            let x = |i: &usize| list.get(*i).map_or(0.0, |w| w.at.x0);
            x(a).total_cmp(&x(b))
        });
    };
    by_place(lines, &mut ours);
    by_place(page, &mut theirs);
    (ours, theirs)
}

fn choose(ours: &[&Seen], theirs: &[&Seen]) -> Vec<Seen> {
    if theirs.is_empty() {
        return ours.iter().filter(|w| w.confidence >= ALONE_LINES).map(|w| (*w).clone()).collect();
    }
    let (sure_ours, sure_theirs) = (sureness(ours), sureness(theirs));
    // Spaces apart, the same letters: the reading with more words is the one that saw the gaps.
    if joined(ours.iter().copied()) == joined(theirs.iter().copied()) {
        let better = if theirs.len() > ours.len() { theirs } else { ours };
        let doubt = (1.0 - sure_ours / 100.0) * (1.0 - sure_theirs / 100.0);
        return better.iter().map(|w| Seen { confidence: (100.0 * (1.0 - doubt)).max(w.confidence), ..(*w).clone() }).collect();
    }
    // One pass saw an amount whole, the other its pieces with a gap between them.
    for (one, pieces) in [(theirs, ours), (ours, theirs)] {
        if let ([whole], true) = (one, pieces.len() >= 2)
            && is_whole_amount(&whole.text)
            && pieces
                .iter()
                .try_fold(whole.text.as_str(), |rest, piece| {
                    rest.find(&piece.text).and_then(|at| rest.get(at + piece.text.len()..))
                })
                .is_some_and(str::is_empty)
        {
            let sure = pieces.iter().map(|w| w.confidence).fold(whole.confidence, f32::max);
            return vec![Seen { confidence: sure * 0.85, ..(*whole).clone() }];
        }
    }
    // A word swallowed whole by an icon or a neighbour in one pass: the larger area has seen more letters.
    let letters = |words: &[&Seen]| words.iter().map(|w| w.text.chars().filter(|c| c.is_alphanumeric()).count()).sum::<usize>();
    let (more_ours, more_theirs) = (letters(ours) as f32, letters(theirs) as f32);
    let score = |sure: f32, count: f32| sure * (1.0 + count.min(20.0)).sqrt();
    let ours_stand = score(sure_ours, more_ours) + 2.0 >= score(sure_theirs, more_theirs);
    let chosen = if ours_stand { ours } else { theirs };
    chosen.iter().filter(|w| w.confidence >= FLOOR).map(|w| Seen { confidence: w.confidence * 0.85, ..(*w).clone() }).collect()
}

/// `N312,500.00`: at most three letters or signs, thousands in threes, two decimals.
fn is_whole_amount(text: &str) -> bool {
    let number = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let sign = text.strip_suffix(number).unwrap_or("");
    // `AB-12,250.00`: a code's prefix, no sign.
    let is_code = sign.ends_with('-') && sign.starts_with(char::is_alphabetic);
    if sign.chars().count() > 3 || is_code {
        return false;
    }
    let Some((whole, decimals)) = number.rsplit_once([',', '.']) else { return false };
    let Some(mark) = whole.chars().find(|c| !c.is_ascii_digit()) else { return false };
    let mut groups = whole.split(mark);
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit());
    groups.next().is_some_and(|head| digits(head) && head.len() <= 3)
        && groups.all(|group| group.len() == 3 && digits(group))
        && matches!(mark, ',' | '.' | '\'' | '’')
        && decimals.len() == 2
        && digits(decimals)
        && !number.ends_with(mark)
}

/// Mean confidence, weighed by letters.
fn sureness(words: &[&Seen]) -> f32 {
    let mut sum = (0.0, 0.0);
    for word in words {
        let weight = word.text.chars().count() as f32;
        sum = (sum.0 + weight * word.confidence, sum.1 + weight);
    }
    if sum.1 > 0.0 { sum.0 / sum.1 } else { 0.0 }
}

pub(super) fn joined<'a>(words: impl IntoIterator<Item = &'a Seen>) -> String {
    words.into_iter().map(|w| w.text.as_str()).collect()
}

pub(super) fn has_letters(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The words, without those that say nothing: unsure marks made of icons and rules.
pub(super) fn without_noise(words: Vec<Seen>) -> Vec<Seen> {
    let sign =
        |text: &str| text.chars().any(|c| matches!(c, '$' | '€' | '£' | '¥' | '₹' | '+' | '-' | '−' | '*' | '%' | '/' | '#'));
    let words = words
        .into_iter()
        .filter(|w| {
            w.confidence >= FLOOR && (has_letters(&w.text) || (sign(&w.text) && w.confidence >= 40.0) || w.confidence >= 80.0)
        })
        .filter(|w| w.at.area() > 0.0 && w.at != Rect::default())
        .collect::<Vec<_>>();
    let strays: Vec<bool> = words.iter().map(|w| is_stray(w, &words)).collect();
    words.into_iter().zip(strays).filter(|(_, stray)| !stray).map(|(w, _)| w).collect()
}

/// One letter that was made of a rule, a frame or an icon: it lies across the place of real words, or its box is of another size than
/// the words it stands among. Left in, it would part a value from its label, and a box from its words.
fn is_stray(word: &Seen, all: &[Seen]) -> bool {
    if is_tail(word, all) {
        return true;
    }
    let mut letters = word.text.chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else { return false };
    if !letter.is_alphabetic() && !matches!(letter, '|' | '/' | '\\' | '_' | '~' | '\'' | '`' | '^') {
        return false;
    }
    let middle = |r: Rect| ((r.x0 + r.x1) / 2.0, (r.y0 + r.y1) / 2.0);
    let holds = |r: Rect, (x, y): (f32, f32)| (r.x0..=r.x1).contains(&x) && (r.y0..=r.y1).contains(&y);
    all.iter().filter(|other| other.text.chars().count() >= 3).any(|other| {
        let near = other.at.height();
        let around = Rect { x0: other.at.x0 - near, x1: other.at.x1 + near, ..other.at };
        let odd = word.at.height() > 1.7 * near || word.at.height() < 0.4 * near;
        holds(word.at, middle(other.at))
            || holds(other.at, middle(word.at))
            || (odd
                && (holds(around, middle(word.at))
                    || holds(Rect { x0: word.at.x0 - near, x1: word.at.x1 + near, ..word.at }, middle(other.at))))
    })
}

/// What hangs down from a longer word, less than half as high and within its width: the tail of a comma, seen by one pass as a word.
fn is_tail(word: &Seen, all: &[Seen]) -> bool {
    word.text.chars().count() <= 2
        && all.iter().filter(|other| other.text.chars().count() >= 4).any(|other| {
            let (at, over) = (word.at, other.at);
            at.height() < 0.5 * over.height()
                && at.x0 >= over.x0
                && at.x1 <= over.x1
                && at.y0 < over.y1
                && at.y0 > over.y0 + 0.4 * over.height()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_rules::evidence::Source;

    fn seen(text: &str, x0: f32, x1: f32, confidence: f32) -> Seen {
        Seen { text: text.to_owned(), at: Rect { x0, y0: 0.0, x1, y1: 10.0 }, confidence, source: Source::Ocr }
    }
    fn texts(words: &[Seen]) -> Vec<&str> {
        words.iter().map(|w| w.text.as_str()).collect()
    }

    #[test]
    fn agreement_raises_and_disagreement_lowers() {
        let (words, _) = reconcile(vec![seen("10.00", 0.0, 50.0, 80.0)], vec![seen("10.00", 1.0, 49.0, 70.0)]);
        assert_eq!(texts(&words), ["10.00"]);
        assert!((words[0].confidence - 94.0).abs() < 0.1);
        let (words, _) = reconcile(vec![seen("9)", 0.0, 50.0, 40.0)], vec![seen("5", 1.0, 49.0, 90.0)]);
        assert_eq!(texts(&words), ["5"]);
        assert!(words[0].confidence < 80.0);
    }

    #[test]
    fn a_number_read_in_two_ways_needs_a_third_look() {
        let (mut words, contested) = reconcile(
            vec![seen("1,284.90", 0.0, 50.0, 80.0)],
            vec![seen("1,234.90", 1.0, 49.0, 90.0), seen("Paid", 60.0, 90.0, 90.0)],
        );
        assert_eq!(contested, [Contested { word: 0, readings: vec!["1,234.90".into(), "1,284.90".into()] }]);
        settle(&mut words[0], &contested[0], "1,284.90");
        assert_eq!(words[0].text, "1,284.90");
        settle(&mut words[0], &contested[0], "1,264.90");
        assert!(words[0].confidence < 60.0, "nobody can say");
        let (_, contested) = reconcile(vec![seen("S/185", 0.0, 50.0, 80.0)], vec![seen("5/185", 1.0, 49.0, 90.0)]);
        assert_eq!(contested.len(), 1);
        let (_, contested) = reconcile(vec![seen("S/185", 0.0, 50.0, 80.0)], vec![seen("$/185", 1.0, 49.0, 90.0)]);
        assert!(contested.is_empty(), "the digits are the same");
    }

    #[test]
    fn the_reading_that_saw_the_gap_stands() {
        let (words, _) =
            reconcile(vec![seen("12:21PM", 0.0, 70.0, 80.0)], vec![seen("12:21", 0.0, 40.0, 90.0), seen("PM", 45.0, 70.0, 90.0)]);
        assert_eq!(texts(&words), ["12:21", "PM"]);
    }

    #[test]
    fn an_amount_seen_whole_stands_against_its_pieces() {
        let pieces = [seen("N", 0.0, 20.0, 6.0), seen("N312,5", 1.0, 60.0, 89.0), seen("0.00", 75.0, 100.0, 79.0)];
        let (words, _) = reconcile(vec![seen("N312,500.00", 0.0, 100.0, 61.0)], pieces[1..].to_vec());
        assert_eq!(texts(&words), ["N312,500.00"]);
        assert!(words[0].confidence >= 60.0);
        let other = vec![seen("N312,5", 1.0, 60.0, 89.0), seen("8.00", 75.0, 100.0, 79.0)];
        let (words, _) = reconcile(vec![seen("N312,500.00", 0.0, 100.0, 61.0)], other);
        assert_eq!(texts(&words), ["N312,5", "8.00"], "they do not say the same");
        for (text, is) in [("R$1.250,00", true), ("1,250.00", true), ("12.50", false), ("1,250", false), ("AB-12,250.00", false)]
        {
            assert_eq!(is_whole_amount(text), is, "{text}");
        }
    }

    #[test]
    fn a_letter_made_of_a_rule_goes_and_a_real_one_stays() {
        let rule = Seen { at: Rect { x0: 60.0, y0: -10.0, x1: 64.0, y1: 20.0 }, ..seen("J", 0.0, 0.0, 90.0) };
        let words = without_noise(vec![seen("640,00", 0.0, 58.0, 90.0), rule, seen("EUR", 66.0, 90.0, 90.0)]);
        assert_eq!(texts(&words), ["640,00", "EUR"]);
        let words =
            without_noise(vec![seen("Para", 0.0, 40.0, 90.0), seen("a", 45.0, 50.0, 90.0), seen("Elena", 55.0, 95.0, 90.0)]);
        assert_eq!(texts(&words), ["Para", "a", "Elena"]);
    }

    #[test]
    fn the_tail_of_a_comma_is_no_word() {
        let at = |x0, y0, x1, y1| Rect { x0, y0, x1, y1 };
        let number = Seen { at: at(100.0, 50.0, 180.0, 70.0), ..seen("1,250,000", 0.0, 0.0, 90.0) };
        let tail = Seen { at: at(108.0, 65.0, 111.0, 72.0), ..seen("3", 0.0, 0.0, 75.0) };
        let below = Seen { at: at(108.0, 75.0, 116.0, 90.0), ..seen("3", 0.0, 0.0, 90.0) };
        assert_eq!(texts(&without_noise(vec![number, tail, below])), ["1,250,000", "3"]);
    }

    #[test]
    fn what_one_pass_alone_saw_must_be_sure() {
        let (words, _) =
            reconcile(vec![seen("Share", 0.0, 50.0, 90.0), seen("oq", 200.0, 220.0, 40.0)], vec![seen("S/", 100.0, 120.0, 50.0)]);
        assert_eq!(texts(&words), ["S/", "Share"]);
    }
}
