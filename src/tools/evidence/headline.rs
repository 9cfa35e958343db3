//! The large numbers of a picture: what a wallet sets in letters of twice the size is the amount, and an error in it costs most. The two
//! passes are compared line by line; where they differ, or neither is sure, the line is looked at once more by itself, and a number on
//! which no two looks agree is not legible.

use quittance_rules::evidence::Source;

use super::decimals::{self, decimals_of};
use super::page::{Rect, Seen};
use super::relay::LargeLine;
use super::vote::{CONFIRMED, ILLEGIBLE, LEGIBLE, digits, joined, with_sign};

/// Lines of one picture that are looked at once more: some hundredths of a second each.
const LOOKS: usize = 6;
/// Of a word, this part lies in the line or the part it is counted to.
const INSIDE: f32 = 0.5;

/// Takes the large lines that hold a number and on which the passes differ, or of which neither is sure, out of both, and gives what is to
/// be read there. `look` reads one place of the picture by itself.
pub(super) fn settle(
    lines: &[LargeLine],
    page: &mut Vec<Seen>,
    set: &mut Vec<Seen>,
    mut look: impl FnMut(Rect) -> String,
) -> Vec<Seen> {
    let mut settled = Vec::new();
    for line in lines.iter().take(LOOKS) {
        if !is_one_line(line.at, page) {
            continue;
        }
        let (ours, theirs) = (taken(set, line.at), taken(page, line.at));
        let is_number = |words: &[Seen]| words.iter().any(|word| digits(&word.text).len() >= 2);
        let is_clear = || line.decimals.is_none() && figures(&ours) == figures(&theirs) && (is_sure(&ours) || is_sure(&theirs));
        if !is_number(&ours) && !is_number(&theirs) {
            set.extend(ours);
            page.extend(theirs);
            continue;
        }
        if is_clear() {
            // Cut into other words by the other pass, the same figures would seem to differ.
            if numbers(&ours).eq(numbers(&theirs)) {
                set.extend(ours);
                page.extend(theirs);
            } else {
                settled.extend(sure(if is_sure(&ours) { ours } else { theirs }));
            }
            continue;
        }
        settled.extend(match line.decimals {
            Some(small) if !is_word(&ours, small) => with_decimals(small, &ours, &theirs, &mut look),
            _ => confirmed(&ours, &theirs, &look(line.at)),
        });
    }
    settled
}

/// The ink that was taken for one line is one: no word reaches far out of it, and none is much lower than it.
fn is_one_line(line: Rect, page: &[Seen]) -> bool {
    let mut touching = page.iter().filter(|word| word.at.covered(line) > INSIDE);
    let fits = |word: &Seen| {
        let (beyond, high) = ((line.x0 - word.at.x0).max(word.at.x1 - line.x1), line.height());
        beyond < 0.5 * high && (word.at.height() > 0.55 * high || digits(&word.text).len() < 3)
    };
    touching.all(fits)
}

/// Takes the words of a line out of a pass, from left to right.
fn taken(words: &mut Vec<Seen>, at: Rect) -> Vec<Seen> {
    let mut inside: Vec<Seen> = words.extract_if(.., |word| word.at.covered(at) > INSIDE).collect();
    inside.sort_by(|a, b| a.at.x0.total_cmp(&b.at.x0));
    inside
}

fn is_sure(words: &[Seen]) -> bool {
    words.iter().filter(|word| !digits(&word.text).is_empty()).all(|word| word.confidence >= LEGIBLE)
}

/// Figures and marks of the words that hold any.
fn numbers(words: &[Seen]) -> impl Iterator<Item = String> {
    words.iter().map(|word| figures(std::slice::from_ref(word))).filter(|text| text.contains(|c: char| c.is_ascii_digit()))
}

/// What was set small is a word or a sign (`TL`), not figures that were taken for letters.
fn is_word(ours: &[Seen], small: Rect) -> bool {
    let text = joined(ours.iter().filter(|word| word.at.covered(small) > INSIDE));
    digits(&text).is_empty() && text.chars().any(|c| !c.is_ascii_punctuation() && !"OoQDSsIlBbZzgqTi".contains(c))
}

/// A number with small figures behind it. The page as it stands is little help with them: it sees a stroke, or nothing.
fn with_decimals(small: Rect, ours: &[Seen], theirs: &[Seen], look: &mut impl FnMut(Rect) -> String) -> Vec<Seen> {
    let (decimals, mut whole): (Vec<Seen>, Vec<Seen>) = ours.iter().cloned().partition(|word| word.at.covered(small) > INSIDE);
    let (without, with) = (digits(&joined(&whole)), digits(&joined(theirs)));
    let beyond = with.strip_prefix(without.as_str()).filter(|_| !without.is_empty());
    if beyond.is_some_and(|rest| matches!(rest.len(), 0 | 2)) {
        // On the number before them the passes agree.
        whole = sure(whole).collect();
    }
    if let Some((written, figures, rest)) = decimals_of(&joined(&decimals)).filter(|_| is_sure(&decimals)) {
        // Raised, they may seem to stand on a line of their own.
        let sure = decimals.iter().map(|word| word.confidence).fold(f32::MAX, f32::min);
        let part = Seen { text: String::new(), at: small, confidence: sure, source: Source::Ocr };
        return attached(&whole, written, figures, rest, &part).unwrap_or_else(|| ours.to_vec());
    }
    // The page saw two figures more; or a look at them alone tells them.
    let seen = beyond.filter(|rest| rest.len() == 2 && is_sure(theirs)).map(str::to_owned);
    let text = match seen {
        Some(figures) => Some(figures),
        // With the mark and the sign that stand with them.
        None => Some(look(small)).filter(|text| decimals_of(text).is_some()),
    };
    let Some(text) = text else { return illegible(ours) };
    let (written, figures, rest) = decimals_of(&text).unwrap_or((None, &text, ""));
    let part = Seen { text: text.clone(), at: small, confidence: CONFIRMED, source: Source::Ocr };
    attached(&whole, written, figures, rest, &part).unwrap_or_else(|| whole.into_iter().chain([part]).collect())
}

/// The words of a line with the small decimals put to the number before them, where its own marks or theirs tell which mark they want.
/// The number is no surer than either.
fn attached(whole: &[Seen], written: Option<char>, figures: &str, rest: &str, part: &Seen) -> Option<Vec<Seen>> {
    let (number, before) = whole.split_last()?;
    let text = decimals::with_decimals(&number.text, written, figures)?;
    let rest = rest.trim();
    let gap = if rest.is_empty() { "" } else { " " };
    let number = Seen {
        text: format!("{text}{gap}{rest}"),
        at: Rect::union(number.at, part.at),
        confidence: number.confidence.min(part.confidence),
        source: number.source,
    };
    Some(before.iter().cloned().chain([number]).collect())
}

/// Words on whose figures both passes agree.
fn sure(words: Vec<Seen>) -> impl Iterator<Item = Seen> {
    let is_number = |word: &Seen| !digits(&word.text).is_empty();
    words
        .into_iter()
        .map(move |w| Seen { confidence: if is_number(&w) { w.confidence.max(CONFIRMED) } else { w.confidence }, ..w })
}

/// The pass that the look at the line by itself confirms.
fn confirmed(ours: &[Seen], theirs: &[Seen], look: &str) -> Vec<Seen> {
    let wanted = letters(look);
    let found = [theirs, ours].into_iter().find(|words| !words.is_empty() && plain(words) == wanted);
    match found {
        Some(words) => {
            let text = |word: &Seen| if words.len() == 1 { with_sign(&word.text, look) } else { &word.text }.to_owned();
            words.iter().map(|w| Seen { text: text(w), confidence: w.confidence.max(CONFIRMED), ..w.clone() }).collect()
        }
        None => illegible(if ours.is_empty() { theirs } else { ours }),
    }
}

fn illegible(words: &[Seen]) -> Vec<Seen> {
    let lowered = |word: &Seen| if digits(&word.text).is_empty() { word.confidence } else { word.confidence.min(ILLEGIBLE) };
    words.iter().map(|word| Seen { confidence: lowered(word), ..word.clone() }).collect()
}

/// Figures and the marks between them: one pass alone may see the sign of a currency.
fn figures(words: &[Seen]) -> String {
    plain(words).chars().filter(|c| !c.is_alphabetic()).collect()
}

/// Letters, figures and the marks between them: without spaces and the signs of currencies.
fn plain(words: &[Seen]) -> String {
    letters(&joined(words))
}

fn letters(text: &str) -> String {
    let mark = |c: char| if matches!(c, '’' | '‘') { '\'' } else { c };
    text.chars().map(mark).filter(|c| c.is_alphanumeric() || matches!(c, '.' | ',' | '\'')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str, x0: f32, x1: f32, confidence: f32) -> Seen {
        Seen { text: text.to_owned(), at: Rect { x0, y0: 0.0, x1, y1: 40.0 }, confidence, source: Source::Ocr }
    }

    fn line(x1: f32, decimals: Option<Rect>) -> LargeLine {
        LargeLine { at: Rect { x0: 0.0, y0: 0.0, x1, y1: 40.0 }, decimals }
    }

    /// What is read, and whether it is legible.
    fn settled(line: LargeLine, page: &[Seen], set: &[Seen], looks: &str) -> Vec<(String, bool)> {
        let (mut page, mut set) = (page.to_vec(), set.to_vec());
        let words = settle(&[line], &mut page, &mut set, |_| looks.to_owned());
        if words.is_empty() {
            assert!(!page.is_empty() || !set.is_empty(), "what is not settled is left");
        }
        words.into_iter().map(|word| (word.text, word.confidence >= LEGIBLE)).collect()
    }

    #[test]
    fn what_both_passes_read_alike_is_left_to_them() {
        let words = [seen("1,250.00", 0.0, 100.0, 90.0)];
        assert_eq!(settled(line(100.0, None), &words, &words, "never looked at"), []);
        let signed = [seen("S/", 0.0, 20.0, 90.0), seen("1,250.00", 30.0, 100.0, 90.0)];
        assert_eq!(settled(line(100.0, None), &words, &signed, "1,250.00"), [], "a sign that one pass saw is no difference");
        let text = [seen("Transfer", 0.0, 100.0, 50.0)];
        assert_eq!(settled(line(100.0, None), &text, &[seen("Transfor", 0.0, 100.0, 40.0)], ""), [], "no number");
    }

    #[test]
    fn another_look_tells_which_pass_is_right() {
        let page = [seen("CHF", 0.0, 30.0, 92.0), seen("3'275.60", 40.0, 100.0, 86.0)];
        let set = [seen("CHF3", 0.0, 40.0, 84.0), seen("275.60", 44.0, 100.0, 77.0)];
        let both = [("CHF".to_owned(), true), ("3'275.60".to_owned(), true)];
        assert_eq!(settled(line(100.0, None), &page, &set, "CHF 3'275.60"), both);
        let nobody = settled(line(100.0, None), &page, &set[..1], "CHF 8'275.60");
        assert_eq!(nobody, [("CHF3".to_owned(), false)], "no two agree");
        // Both saw it and neither was sure; alone, the sign before it is seen as well.
        let faint = [seen("128,000", 0.0, 100.0, 8.0)];
        assert_eq!(settled(line(100.0, None), &faint, &faint, "¥128,000"), [("¥128,000".to_owned(), true)]);
    }

    #[test]
    fn small_decimals_are_read_or_the_number_is_not() {
        let place = Rect { x0: 84.0, y0: 0.0, x1: 100.0, y1: 18.0 };
        let small = Some(place);
        let whole = seen("1.284", 0.0, 80.0, 90.0);
        let decimals = |text: &str, confidence| Seen { at: place, ..seen(text, 0.0, 0.0, confidence) };
        let stroke = [seen("1.284”", 0.0, 100.0, 92.0)];
        let read = settled(line(100.0, small), &stroke, &[whole.clone(), decimals(",50", 80.0)], "");
        let one = [("1.284,50".to_owned(), true)];
        assert_eq!(read, one);
        // One pass made letters of them: the other saw figures, or a look at them alone tells, or nobody knows what was paid.
        let garbled = [whole, decimals("so", 70.0)];
        assert_eq!(settled(line(100.0, small), &[seen("1.28450", 0.0, 100.0, 80.0)], &garbled, ""), one);
        assert_eq!(settled(line(100.0, small), &stroke, &garbled, ",50"), one);
        let signed = settled(line(100.0, small), &stroke, &garbled, ",50 kr.");
        assert_eq!(signed, [("1.284,50 kr".to_owned(), true)]);
        // Passes that cut the same figures into other words agree.
        let (cut, whole) =
            ([seen("—1", 0.0, 20.0, 80.0), seen("764,39", 24.0, 100.0, 37.0)], [seen("-1764,39", 0.0, 100.0, 62.0)]);
        assert_eq!(settled(line(100.0, None), &cut, &whole, ""), [("-1764,39".to_owned(), true)]);
        // Two looks at the number before them agree, or it is no surer than it was.
        let faint = |text: &str| [seen(text, 0.0, 80.0, 27.0), decimals("07", 92.0)];
        let read = |page: &str| settled(line(100.0, small), &[seen(page, 0.0, 100.0, 83.0)], &faint("2,415"), "");
        assert_eq!(read("*2,415”"), [("2,415.07".to_owned(), true)]);
        assert_eq!(read("*2,475”"), [("2,415.07".to_owned(), false)]);
        assert!(settled(line(100.0, small), &stroke, &garbled, "$").iter().all(|(text, legible)| !legible || text == "so"));
        // `TL` in small letters is a sign, and no figures.
        let turkish = [seen("1.284", 0.0, 80.0, 90.0), decimals("TL", 80.0)];
        let read = settled(line(100.0, small), &[seen("1.284", 0.0, 80.0, 90.0)], &turkish, "1.284 TL");
        assert_eq!(read, [("1.284".to_owned(), true), ("TL".to_owned(), true)]);
    }

    #[test]
    fn what_is_not_one_line_is_left_alone() {
        let rows = [
            seen("162.80", 0.0, 100.0, 96.0),
            Seen { at: Rect { x0: 0.0, y0: 0.0, x1: 60.0, y1: 16.0 }, ..seen("14.80", 0.0, 0.0, 96.0) },
        ];
        assert_eq!(settled(line(100.0, None), &rows, &[seen("4.80", 0.0, 100.0, 80.0)], "4.80"), [], "two rows");
        let beyond = [seen("US$1,094.27", 0.0, 180.0, 92.0)];
        assert_eq!(settled(line(100.0, None), &beyond, &[seen("$1,09", 0.0, 100.0, 93.0)], "$1,09"), [], "a part of a word");
    }
}
