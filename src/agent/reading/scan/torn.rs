//! Numbers that a reader of letters saw in pieces: which words may be parts of one number, so that none of them is taken for an amount.

use super::super::layout::Layout;
use super::Amount;

/// The number at `span` of a segment is the decimals of another, or has its own decimals in a word behind it: `1.384` and `,60`, `640` and a
/// small `75`. Either half is another amount than the one that is written.
pub(super) fn is_half_of_number(layout: &Layout<'_>, words: &[usize], pieces: &[&str], span: &std::ops::Range<usize>) -> bool {
    let ends_in_digit = |piece: &&str| piece.trim_end_matches([',', '.', ':', '"', '\'']).ends_with(|c: char| c.is_ascii_digit());
    let before = span.start.checked_sub(1).and_then(|b| pieces.get(b));
    let begins_with_mark = pieces.get(span.start).is_some_and(|p| {
        p.trim_start_matches(['-', '−', '–', '+'])
            .strip_prefix([',', '.'])
            .is_some_and(|r| r.starts_with(|c: char| c.is_ascii_digit()))
    });
    let ocr = words.get(span.start).is_some_and(|&w| layout.is_ocr(w));
    if begins_with_mark && (ocr || before.is_some_and(ends_in_digit)) {
        return true;
    }
    let (Some(&last), Some(&next)) = (span.end.checked_sub(1).and_then(|l| words.get(l)), words.get(span.end)) else {
        return false;
    };
    let Some(behind) = pieces.get(span.end).filter(|_| layout.is_ocr(next) && layout.is_ocr(last)) else { return false };
    let two = |text: &str| {
        let (figures, rest) = text.split_at_checked(2).unwrap_or(("", ""));
        let alone = rest.chars().all(|c| !c.is_ascii_digit() && !matches!(c, '/' | ':' | '.' | '%' | '-'));
        figures.len() == 2 && figures.bytes().all(|b| b.is_ascii_digit()) && alone
    };
    let height = |w: usize| layout.words[w].region.y1.saturating_sub(layout.words[w].region.y0);
    let whole = pieces.get(last_of(span)).is_some_and(|p| {
        ends_in_digit(p) && p.rsplit([',', '.']).next().is_some_and(|group| group.len() == 3 || group.len() == p.len())
    });
    let smaller = height(next).saturating_mul(10) <= height(last).saturating_mul(8);
    let large = height(last).saturating_mul(4) >= layout.usual_height(layout.words[last].region.page).saturating_mul(5);
    match behind.strip_prefix([',', '.']) {
        Some(rest) => two(rest) || begins_with_group(rest),
        None => whole && smaller && large && two(behind),
    }
}

/// `00,500.50`: up to three figures, a mark, and more: the groups of a number whose head is elsewhere.
pub(super) fn begins_with_group(text: &str) -> bool {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    let behind = text.get(count..).and_then(|rest| rest.strip_prefix([',', '.']));
    (1..=3).contains(&count) && behind.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Figures stand right beside the number at `span`, and the two may be one: `1 1 80.45 €` for 1 180,45 €, `3 89000 kr` for 3 890,00 kr,
/// `$ 1.890' 50` for cents in small letters. What a date, a time or an account took does not count.
pub(super) fn touches_figures(
    layout: &Layout<'_>,
    words: &[usize],
    pieces: &[&str],
    span: &std::ops::Range<usize>,
    taken: &[bool],
    before: Option<&Amount>,
) -> bool {
    let free =
        |at: usize| layout.is_ocr(words[at]) && (!taken[at] || before.is_some_and(|amount| amount.words.contains(&words[at])));
    let number: String = span.clone().map(|at| pieces[at]).collect();
    // `1/4 99€` for 174,99 €: two figures behind taller ones are their decimals, whatever those were seen as.
    let height = |at: usize| layout.words[words[at]].region.y1.saturating_sub(layout.words[words[at]].region.y0);
    let is_pair = figures(&number).len() == 2 && figures(&number).bytes().all(|b| b.is_ascii_digit());
    let behind_taller = is_pair
        && span.start.checked_sub(1).is_some_and(|at| {
            free(at)
                && pieces[at].bytes().any(|b| b.is_ascii_digit())
                && height(at).saturating_mul(10) >= height(span.start).saturating_mul(14)
        });
    if behind_taller {
        return true;
    }
    let head = span.start.checked_sub(1).filter(|&at| free(at)).map(|at| pieces[at]);
    let tail = Some(span.end).filter(|&at| at < pieces.len() && free(at)).map(|at| pieces[at]);
    // Noughts in small letters behind whole groups of thousands change nothing: `kr 1 845 00`.
    let groups = span.len() > 1 || figures(&number).contains(['.', ',']);
    let noughts = tail.is_some_and(|tail| groups && figures(tail) == "00" && tail.trim_matches(['.', ',']).len() == 2);
    head.is_some_and(|head| could_begin(head, &number) || is_torn(head, &number))
        || (!noughts && tail.is_some_and(|tail| could_end(&number, tail) || is_torn(&number, tail)))
}

/// One number torn inside a group of thousands: `1.31 8,65` for 1.318,65.
fn is_torn(head: &str, tail: &str) -> bool {
    let (head, tail) = (figures(head), figures(tail));
    let Some((lead, last)) = head.rsplit_once(['.', ',']) else { return false };
    let whole = tail.split(['.', ',']).next().unwrap_or("");
    let rest = tail.get(whole.len()..).unwrap_or("");
    let mark = head.as_bytes().get(lead.len());
    let decimals = rest.len() == 3 && rest.as_bytes().first() != mark;
    !last.is_empty() && !whole.is_empty() && last.len().saturating_add(whole.len()) == 3 && decimals
}

/// The figures of a number, from the first to the last.
pub(super) fn figures(text: &str) -> &str {
    let from = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    let to = text.rfind(|c: char| c.is_ascii_digit()).map_or(from, |at| at.saturating_add(1));
    text.get(from..to).unwrap_or("")
}

/// Figures before a number that may be its first: at most three, or groups, and together still a number that can be written.
fn could_begin(head: &str, number: &str) -> bool {
    let (first, rest) = (figures(head), figures(number));
    let sign =
        |text: &str| text.chars().any(|c| c.is_alphanumeric() && !c.is_ascii_digit()) || text.contains(['/', ':', '%', '#', '(']);
    // `kr 738` behind figures begins with a sign of its own.
    if first.is_empty()
        || sign(head)
        || number.trim_start_matches(['-', '−', '–', '+']).find(|c: char| c.is_ascii_digit()) != Some(0)
    {
        return false;
    }
    let grouped = first.contains(['.', ',']);
    let open = if grouped {
        first.rsplit(['.', ',']).next().is_some_and(|last| last.len() == 3) && rest.len() <= 3
    } else {
        first.len() <= 3 && !head.ends_with(['.', ')'])
    };
    // `118 1.250,00`: the second has thousands of its own, and before them there is room for three figures at most.
    let lead = rest.split(['.', ',', '\'']).next().unwrap_or("").len();
    let groups = rest.split(['.', ',', '\'']).skip(1).any(|group| group.len() == 3);
    open && (!groups || first.len().saturating_add(lead) <= 3)
}

/// Figures behind a number that may be its last: two or three of them, with a mark or the sign of a currency or nothing.
fn could_end(number: &str, tail: &str) -> bool {
    let last = figures(number);
    let decimals = last.rsplit(['.', ',']).next().is_some_and(|group| group.len() <= 2 && group.len() < last.len());
    let bare = tail.trim_start_matches(['\'', '"', ',', '.', '’']).trim_end_matches(['\'', '"', '.', '’']);
    let count = bare.bytes().filter(u8::is_ascii_digit).count();
    let few = (2..=3).contains(&bare.len()) && count == bare.len();
    // `c0€`: decimals that were seen as letters, with the sign still on them.
    let sign = bare.chars().last().is_some_and(|c| matches!(c, '€' | '£' | '₺' | '₹' | '$' | '₽'));
    let garbled = sign && count > 0 && bare.chars().count() <= 4;
    !decimals && (few || garbled)
}

/// `1,094.2`: money has two figures behind its mark, so the last may not have been seen.
pub(super) fn lacks_last(number: &str) -> bool {
    let last = figures(number).rsplit_once(['.', ',']).map(|(_, last)| last);
    last.is_some_and(|last| last.len() == 1)
}

/// Five figures or more without any mark.
pub(super) fn is_unmarked(number: &str) -> bool {
    let run = figures(number);
    run.len() >= 5 && run.bytes().all(|b| b.is_ascii_digit())
}

fn last_of(span: &std::ops::Range<usize>) -> usize {
    span.end.saturating_sub(1)
}

/// Digits with a mark among them, and nothing else but the sign of a currency.
pub(super) fn is_part_of_number(piece: &str) -> bool {
    let number = piece.trim_start_matches(|c: char| !c.is_ascii_digit() && !c.is_alphabetic());
    number.contains(['.', ','])
        && number.bytes().filter(u8::is_ascii_digit).count() >= 4
        && number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
}
