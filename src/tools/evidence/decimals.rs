//! Decimals set small: wallets and banks print `8,249` in large figures and `.50` beside it in small ones, raised or at the foot. A
//! reader of letters sees two words, and either alone is another amount. Their places tell that they are one number.

use quittance_agent::reading::scan::lone_sign;
use quittance_rules::money::Currency;

use super::page::{Rect, Seen};

/// What stands between a number and its decimals, in parts of the number's height: with a mark to tell them by, and without.
const GAP_MARKED: f32 = 0.75;
const GAP_BARE: f32 = 0.65;
/// Behind a mark, where they are as high as the number.
const GAP_SAME: f32 = 0.1;
/// Behind the comma of a typewriter.
const GAP_TYPED: f32 = 1.1;
/// Decimals without a mark are at most so high, measured by the number they belong to.
const SMALL: f32 = 0.78;
/// Ink of raised figures, as it may be seen behind a number.
const STROKES: [char; 9] = [':', ';', '"', '\'', '`', '°', '*', '’', '”'];
/// And that number is so much higher than the usual word of the page: a footnote's sign stands beside small numbers too.
const LARGE: f32 = 1.25;

/// Puts together, on every line, a number and the small decimals right behind it.
pub(super) fn join(lines: &mut [Vec<Seen>]) {
    let usual = usual_height(lines);
    let mark = usual_mark(lines);
    for line in lines {
        let mut at = 0;
        while at + 1 < line.len() {
            let is_money = |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(|word| is_sign(&word.text));
            let joined = match line.get(at..at + 2) {
                Some([whole, part]) => together(whole, part, usual, mark).or_else(|| {
                    let named = is_money(at.checked_sub(1)) || is_money(Some(at + 2));
                    named.then(|| apart(whole, part)).flatten()
                }),
                _ => None,
            };
            if let Some(word) = joined {
                line.splice(at..at + 2, [word]);
            }
            at += 1;
        }
    }
}

/// Median height of the words of a page.
fn usual_height(lines: &[Vec<Seen>]) -> f32 {
    let mut heights: Vec<f32> = lines.iter().flatten().map(|w| w.at.height()).collect();
    heights.sort_by(f32::total_cmp);
    heights.get(heights.len() / 2).copied().unwrap_or(0.0)
}

/// The mark that the page's other numbers have before their decimals.
fn usual_mark(lines: &[Vec<Seen>]) -> char {
    let ends_with = |text: &str, mark: char| {
        let bytes = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let (whole, part) = bytes.rsplit_once(mark).unwrap_or_default();
        part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()) && whole.ends_with(|c: char| c.is_ascii_digit())
    };
    let count = |mark: char| lines.iter().flatten().filter(|w| ends_with(&w.text, mark)).count();
    if count(',') > count('.') { ',' } else { '.' }
}

/// The number and its decimals as one word; `None` where they are two.
fn together(whole: &Seen, part: &Seen, usual: f32, mark: char) -> Option<Seen> {
    let (written, decimals, rest) = decimals_of(&part.text)?;
    // Behind the figures, ink of the decimals may have been seen as a stroke.
    let text = whole.text.trim_end_matches(STROKES);
    let (text, own) = match text.strip_suffix([',', '.']) {
        Some(bare) => (bare, text.chars().last()),
        None => (text, None),
    };
    if !text.ends_with(|c: char| c.is_ascii_digit()) || (written.is_some() && own.is_some()) {
        return None;
    }
    let number = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let grouping = whole_number(number)?;
    let (a, b) = (whole.at, part.at);
    let gap = b.x0 - a.x1;
    let high = a.height();
    let beside = gap > -0.3 * high && b.y0 < a.y1 && b.y1 > a.y0 && b.height() <= 1.25 * high;
    let marked = written.or(own);
    let is_part = match marked {
        // `.` and `,` behind a number that has the same as its grouping mark is another group of it.
        // A mark behind the number may be a comma between two things, and then a space follows.
        Some(mark) => {
            let near = written.is_some() || b.height() <= SMALL * high || gap < GAP_SAME * high;
            gap < GAP_MARKED * high && near && grouping != Some(mark)
        }
        None => gap < GAP_BARE * high && b.height() <= SMALL * high && high >= LARGE * usual && text.len() == whole.text.len(),
    };
    if !beside || !is_part {
        return None;
    }
    let mark = marked.or(other_mark(grouping)).unwrap_or(mark);
    Some(Seen {
        text: format!("{text}{mark}{decimals}{rest}"),
        at: Rect::union(a, b),
        confidence: whole.confidence.min(part.confidence),
        source: whole.source,
    })
}

/// Typewriter letters leave a gap behind a comma: `EUR 186, 30`. Beside the sign of a currency that is one number.
fn apart(whole: &Seen, part: &Seen) -> Option<Seen> {
    let number = whole.text.strip_suffix([',', '.'])?;
    let mark = whole.text.chars().last()?;
    let grouping = whole_number(number)?;
    let is_pair = part.text.len() == 2 && part.text.bytes().all(|b| b.is_ascii_digit());
    let (a, b) = (whole.at, part.at);
    let near = b.x0 - a.x1 < GAP_TYPED * b.height() && b.y0 < a.y1 && b.y1 > a.y0;
    let alike = b.height() > 0.7 * a.height() && b.height() < 1.3 * a.height();
    (is_pair && near && alike && grouping != Some(mark)).then(|| Seen {
        text: format!("{}{}", whole.text, part.text),
        at: Rect::union(a, b),
        confidence: whole.confidence.min(part.confidence),
        source: whole.source,
    })
}

/// A sign or code of a currency by itself.
fn is_sign(text: &str) -> bool {
    let text = text.trim_end_matches('.');
    Currency::parse(text).is_ok() || lone_sign(text).is_some() || matches!(text, "$" | "kr" | "Ft" | "lei")
}

/// `,60` `.50€` `75`: the mark that is written, two figures, and a sign behind them. A small mark is seen as a stroke of another kind
/// (`(50`), and then it does not say which it is.
pub(super) fn decimals_of(text: &str) -> Option<(Option<char>, &str, &str)> {
    let (mark, figures) = match text.strip_prefix([',', '.']) {
        Some(rest) => (text.chars().next(), rest),
        None => (None, text.strip_prefix(['(', '\'', '‘', '’', '`', '‚']).unwrap_or(text)),
    };
    let (decimals, rest) = figures.split_at_checked(2)?;
    let rest = rest.trim_start().trim_end_matches(['_', '~', '"', '”', '“', '\'', '’', '‘', '|', '.', ',']);
    let sign = rest.chars().count() <= 3
        && !rest.contains(|c: char| c.is_ascii_digit() || matches!(c, ',' | '.' | '/' | ':' | '%' | '-'));
    (decimals.bytes().all(|b| b.is_ascii_digit()) && sign).then_some((mark, decimals, rest))
}

/// A number with the decimals that stand behind it in small figures, where a mark is written or its groups tell which is meant: `1.284` and
/// `75` are `1.284,75`.
pub(super) fn with_decimals(whole: &str, written: Option<char>, decimals: &str) -> Option<String> {
    let text = whole.trim_end_matches(STROKES).trim_end_matches(['.', ',']).trim_end_matches(STROKES);
    let own = whole[text.len()..].chars().find(|c| matches!(c, '.' | ','));
    let grouping = whole_number(text.trim_start_matches(|c: char| !c.is_ascii_digit()))?;
    let mark = other_mark(grouping).or(written).or(own)?;
    text.ends_with(|c: char| c.is_ascii_digit()).then(|| format!("{text}{mark}{decimals}"))
}

/// The mark that stands before decimals where this one parts thousands.
fn other_mark(grouping: Option<char>) -> Option<char> {
    match grouping {
        Some(',') => Some('.'),
        Some('.') => Some(','),
        _ => None,
    }
}

/// A number without decimals: the mark of its thousands if it has one. `None` where it is no such number.
fn whole_number(number: &str) -> Option<Option<char>> {
    if number.len() > 15 {
        return None;
    }
    let mark = number.chars().find(|c| !c.is_ascii_digit());
    let Some(mark) = mark else { return (number.len() <= 9).then_some(None) };
    let mut groups = number.split(mark);
    let head = groups.next()?;
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let mut groups = groups.collect::<Vec<_>>();
    let last = groups.pop()?;
    // India groups by two above the thousands.
    let whole = matches!(mark, '.' | ',' | '\'' | '’')
        && digits(head)
        && (1..=3).contains(&head.len())
        && last.len() == 3
        && digits(last)
        && groups.iter().all(|g| digits(g) && matches!(g.len(), 2 | 3));
    whole.then_some(Some(mark))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_rules::evidence::Source;

    /// Words on one line: text, left, top, right, bottom; beside a page of words ten high.
    fn line(words: &[(&str, f32, f32, f32, f32)]) -> String {
        let seen = |&(text, x0, y0, x1, y1): &(&str, f32, f32, f32, f32)| Seen {
            text: text.to_owned(),
            at: Rect { x0, y0, x1, y1 },
            confidence: 90.0,
            source: Source::Ocr,
        };
        let usual = |n: u8| seen(&("Total", 0.0, f32::from(n) * 20.0 + 100.0, 40.0, f32::from(n) * 20.0 + 110.0));
        let mut lines: Vec<Vec<Seen>> = (0..8).map(|n| vec![usual(n)]).collect();
        lines.push(words.iter().map(seen).collect());
        join(&mut lines);
        lines.pop().unwrap().iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn typed_decimals_belong_to_the_number_beside_a_currency() {
        let typed = |before: &str, whole: &str, part: &str| {
            line(&[(before, 0.0, 0.0, 30.0, 10.0), (whole, 36.0, 0.0, 60.0, 11.0), (part, 68.0, 0.0, 80.0, 10.0)])
        };
        assert_eq!(typed("EUR", "186,", "30"), "EUR 186,30");
        assert_eq!(typed("€", "1.186,", "30"), "€ 1.186,30");
        assert_eq!(typed("Room", "12,", "30"), "Room 12, 30", "two numbers");
        assert_eq!(typed("EUR", "1.186.", "30"), "EUR 1.186. 30", "the mark of the thousands");
        assert_eq!(typed("EUR", "186,", "305"), "EUR 186, 305");
    }

    #[test]
    fn small_decimals_belong_to_the_number_before_them() {
        for (words, joined) in [
            (&[("₹8,249", 0.0, 0.0, 100.0, 30.0), ("50", 104.0, 0.0, 120.0, 15.0)][..], "₹8,249.50"),
            (
                &[("−1.384", 0.0, 0.0, 100.0, 30.0), (",60", 102.0, 0.0, 120.0, 18.0), ("€", 125.0, 0.0, 140.0, 30.0)],
                "−1.384,60 €",
            ),
            (&[("-3", 0.0, 0.0, 30.0, 30.0), ("418", 40.0, 0.0, 90.0, 30.0), (",25", 92.0, 2.0, 110.0, 18.0)], "-3 418,25"),
            (&[("640,", 0.0, 0.0, 60.0, 30.0), ("75", 64.0, 0.0, 80.0, 14.0)], "640,75"),
            (&[("61.460:", 0.0, 0.0, 100.0, 30.0), (",00", 98.0, 0.0, 120.0, 16.0)], "61.460,00"),
            (&[("$4,120", 0.0, 0.0, 100.0, 30.0), (".35", 100.0, 12.0, 120.0, 30.0)], "$4,120.35"),
            (&[("2075", 0.0, 0.0, 80.0, 30.0), (",00€", 84.0, 0.0, 120.0, 16.0)], "2075,00€"),
            (&[("1.284", 0.0, 0.0, 80.0, 30.0), ("(50", 84.0, 0.0, 120.0, 16.0)], "1.284,50"),
            (&[("4.120", 0.0, 0.0, 80.0, 30.0), (",00_", 84.0, 0.0, 120.0, 16.0)], "4.120,00"),
        ] {
            assert_eq!(line(words), joined);
        }
    }

    #[test]
    fn other_neighbours_stay_words_of_their_own() {
        for (words, why) in [
            (&[("640", 0.0, 0.0, 60.0, 10.0), ("75", 64.0, 0.0, 80.0, 6.0)][..], "a footnote beside small type"),
            (&[("640", 0.0, 0.0, 60.0, 30.0), ("75", 64.0, 0.0, 90.0, 30.0)], "two numbers of one size"),
            (&[("640", 0.0, 0.0, 60.0, 30.0), ("75", 90.0, 0.0, 100.0, 14.0)], "too far apart"),
            (&[("1.384", 0.0, 0.0, 60.0, 30.0), (".60", 62.0, 0.0, 80.0, 30.0)], "the mark is the grouping's"),
            (&[("12.50", 0.0, 0.0, 60.0, 30.0), ("75", 62.0, 0.0, 80.0, 14.0)], "it has decimals"),
            (&[("1200,", 0.0, 0.0, 60.0, 30.0), ("45", 68.0, 0.0, 90.0, 30.0)], "a street and a number"),
            (&[("12/11", 0.0, 0.0, 60.0, 30.0), ("26", 62.0, 0.0, 80.0, 14.0)], "a date"),
            (&[("640", 0.0, 0.0, 60.0, 30.0), ("75%", 62.0, 0.0, 80.0, 14.0)], "a share"),
            (&[("Total", 0.0, 0.0, 60.0, 30.0), (",75", 62.0, 0.0, 80.0, 14.0)], "no number before"),
        ] {
            let plain = words.iter().map(|w| w.0).collect::<Vec<_>>().join(" ");
            assert_eq!(line(words), plain, "{why}");
        }
    }
}
