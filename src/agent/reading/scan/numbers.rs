//! Amounts by their shape: numbers with marks, groups and signs, as they are written around the world.

use std::borrow::Cow;

use quittance_rules::amount_text::{DecimalMark, amount_readings};
use quittance_rules::date_text::date_readings;
use quittance_rules::money::Currency;

use super::super::layout::Layout;
use super::super::lexicon::Lexicon;
use super::Amount;
use super::signs::{SHARED_SIGNS, Sign, sign_of};
use super::torn::{begins_with_group, figures, is_half_of_number, is_part_of_number, is_unmarked, lacks_last, touches_figures};

pub(super) fn amounts_in(
    layout: &Layout<'_>,
    currencies: &Lexicon,
    segment: usize,
    pieces: &[&str],
    taken: &mut [bool],
    found: &mut Vec<Amount>,
) {
    let words = &layout.segments[segment].words;
    let mended = with_marks(layout, words, pieces);
    let pieces: Vec<&str> = mended.iter().map(AsRef::as_ref).collect();
    let pieces = pieces.as_slice();
    let mut at = 0;
    while at < words.len() {
        let Some((length, core)) = (!taken[at]).then(|| number_at(pieces, taken, at, currencies)).flatten() else {
            at = at.saturating_add(1);
            continue;
        };
        let mut span = at..at.saturating_add(length);
        at = span.end;
        let ocr = words[span.clone()].iter().all(|&w| layout.is_ocr(w));
        let mut mended = if ocr { lost_mark(&core) } else { None };
        // The decimals were seen a second time, in a word of their own.
        if let (Some(text), Some(next)) = (&mut mended, pieces.get(span.end)) {
            let decimals = text.get(text.len().saturating_sub(2)..).unwrap_or("");
            let sign = next
                .strip_prefix(decimals)
                .filter(|rest| !rest.contains(|c: char| c.is_ascii_digit()) && rest.chars().count() <= 3);
            if let Some(sign) = sign {
                text.push_str(sign);
                span.end = span.end.saturating_add(1);
                at = span.end;
            }
        }
        let number = mended.as_deref().unwrap_or(&core);
        let Ok(readings) = amount_readings(number) else { continue };
        // `839,` at the end of a line of pixels: what stood behind the mark was seen elsewhere or not at all.
        let last = span.end.saturating_sub(1);
        let lacks_decimals = span.end == words.len() && layout.is_ocr(words[last]) && pieces[last].ends_with(',');
        if pieces.get(span.end).is_some_and(|p| p.starts_with('%')) {
            continue;
        }
        if is_half_of_number(layout, words, pieces, &span) {
            continue;
        }
        // `1.780⁴⁵ €` read as `1.78045 45€`: cents in small letters, seen twice or by themselves. Neither part is the amount.
        let broken = span.start.checked_sub(1).filter(|&b| {
            let few = core.bytes().filter(u8::is_ascii_digit).count() <= 3 && !core.contains(['.', ',']);
            few && layout.is_ocr(words[b]) && is_part_of_number(pieces[b]) && date_readings(pieces[b]).is_empty()
        });
        if let Some(head) = broken {
            if found.last().is_some_and(|amount| amount.words.contains(&words[head])) {
                found.pop();
            }
            continue;
        }
        let in_pieces =
            lacks_decimals || ocr && (touches_figures(layout, words, pieces, &span, taken, found.last()) || lacks_last(number));
        let unmarked = ocr && is_unmarked(number);
        let mut currency = readings.iter().find_map(|r| r.currency);
        // `#245,000.00`: the naira's sign as readers of letters see it. What is numbered has no groups and decimals.
        if currency.is_none() && ocr && layout.words[words[span.start]].text.starts_with('#') && is_grouped_or_fraction(&core) {
            currency = Currency::parse("NGN").ok();
        }
        let mut shared_sign = currency.is_none().then(|| shared_in(&core)).flatten();
        let mut currency_words: Vec<usize> =
            if currency.is_some() || shared_sign.is_some() { words[span.clone()].to_vec() } else { Vec::new() };
        // Beside it: `S/ 5`, `49,99 EUR`; the side before is asked first.
        let before = span.start.checked_sub(1).filter(|&b| !taken[b]);
        let after = Some(span.end).filter(|&a| a < words.len() && !taken[a]);
        for beside in [before, after].into_iter().flatten() {
            if currency.is_some() {
                break;
            }
            match sign_of(pieces[beside], currencies) {
                Some(Sign::Own(own)) => currency = Some(own),
                Some(Sign::Shared) if shared_sign.is_none() => shared_sign = Some(format!("{} 1", pieces[beside].to_lowercase())),
                Some(Sign::Shared) | None => continue,
            }
            currency_words.push(words[beside]);
            span = span.start.min(beside)..span.end.max(beside.saturating_add(1));
        }
        let mut words_of_amount = words[span.clone()].to_vec();
        if currency.is_none() && shared_sign.is_none() && span.start == 0 {
            let row = &layout.rows[layout.segments[segment].row].segments;
            let left = segment.checked_sub(1).filter(|s| row.contains(s)).map(|s| layout.segments[s].words.as_slice());
            let aside = match left {
                // `IMPORTE   S/      780.00`: the sign stands by itself to the left, in a column of its own.
                Some(&[sign]) => Some((sign, true)),
                Some(_) => None,
                // At the end of the line before, the box is the number's.
                None => at_line_end(layout, words[0]).map(|sign| (sign, false)),
            };
            if let Some((sign, in_box)) = aside {
                let text = layout.words[sign].text.as_str();
                match sign_of(text, currencies) {
                    Some(Sign::Own(own)) => currency = Some(own),
                    Some(Sign::Shared) => shared_sign = Some(format!("{} 1", text.to_lowercase())),
                    None => {}
                }
                if currency.is_some() || shared_sign.is_some() {
                    currency_words.push(sign);
                    if in_box {
                        words_of_amount.insert(0, sign);
                    }
                }
            }
        }
        at = at.max(span.end);
        let mut kept: Vec<(String, Option<DecimalMark>)> = readings.into_iter().map(|r| (r.decimal, r.mark)).collect();
        if let Some(currency) = currency {
            // `1.234` dollars can only be a thousand and more: there are no tenths of cents.
            let fits: Vec<_> =
                kept.iter().filter(|(d, _)| quittance_rules::money::Money::parse(d, currency).is_ok()).cloned().collect();
            if !fits.is_empty() {
                kept = fits;
            }
        }
        let has_fraction = kept.iter().any(|(d, _)| d.contains('.'));
        taken[span.clone()].fill(true);
        found.push(Amount {
            words: words_of_amount,
            segment,
            readings: kept,
            currency,
            currency_words,
            shared_sign,
            has_fraction,
            in_pieces,
            unmarked,
        });
    }
}

/// The pieces with the marks their numbers were written with, where readers of letters see another and where a country has its own.
fn with_marks<'p>(layout: &Layout<'_>, words: &[usize], pieces: &[&'p str]) -> Vec<Cow<'p, str>> {
    let mended = |(at, piece): (usize, &&'p str)| {
        // `412:50 kr`, as Swedish banks write öre.
        let is_krona = || pieces.get(at.saturating_add(1)).is_some_and(|next| next.to_lowercase().starts_with("kr"));
        if let Some((crowns, ore)) = piece.split_once(':')
            && ore.len() == 2
            && !crowns.is_empty()
            && crowns.bytes().chain(ore.bytes()).all(|b| b.is_ascii_digit())
            && is_krona()
        {
            return Cow::Owned(format!("{crowns},{ore}"));
        }
        // `$'2,065.37`: a speck between the sign and the number.
        let speck = ["$'", "$‘", "$’", "$`", "€'", "£'", "₹'"].iter().find(|speck| piece.starts_with(**speck));
        if let Some(speck) = speck.filter(|_| layout.is_ocr(words[at])) {
            let sign = speck.chars().next().unwrap_or('$');
            return Cow::Owned(format!("{sign}{}", &piece[speck.len()..]));
        }
        Cow::Borrowed(*piece)
    };
    pieces.iter().enumerate().map(mended).collect()
}

/// `… the transfer of USD` at the end of a line of prose, the number at the head of the next: the word before the number. In a table a
/// sign there belongs to the header of another column.
fn at_line_end(layout: &Layout<'_>, number: usize) -> Option<usize> {
    let prose = |w: usize| layout.rows[layout.segments[layout.segment_of[w]].row].segments.len() == 1;
    let before = number.checked_sub(1).filter(|&w| prose(w) && prose(number))?;
    let (there, here) = (&layout.words[before], &layout.words[number]);
    (there.region.page == here.region.page && there.line.checked_add(1) == Some(here.line)).then_some(before)
}

fn shared_in(core: &str) -> Option<String> {
    let lower = core.to_lowercase();
    let sign: String =
        lower.chars().filter(|c| !(c.is_ascii_digit() || matches!(c, ' ' | ',' | '-' | '+' | '(' | ')' | '\''))).collect();
    let sign = sign.trim_matches('.');
    if sign == "r" {
        return Some("r 1".to_owned());
    }
    let sign =
        if SHARED_SIGNS.contains(&sign) { sign } else { SHARED_SIGNS.iter().find(|s| s.len() <= 2 && lower.contains(*s))? };
    (sign != "c" && !sign.is_empty()).then(|| format!("{sign} 1"))
}

/// The text of a number that starts at a piece: one word, or several when spaces group its digits (`1 234,56`), with a sign apart.
fn number_at(pieces: &[&str], taken: &[bool], at: usize, currencies: &Lexicon) -> Option<(usize, String)> {
    let piece = trimmed_amount(pieces[at]);
    // SWIFT printouts fence an amount in: `#33.450,20#`.
    let piece = piece.strip_suffix('#').filter(|p| p.contains([',', '.'])).map_or(piece, |p| p.trim_start_matches('#'));
    if piece.contains('%') || piece.contains('#') {
        return None;
    }
    // Cheques and their stubs fill the place before the number: `$****4,574.70`.
    let filled = piece.split_once("**").map(|(sign, rest)| (sign, rest.trim_start_matches('*')));
    let unfilled = filled
        .filter(|(sign, rest)| !sign.contains(|c: char| c.is_ascii_digit()) && rest.starts_with(|c: char| c.is_ascii_digit()));
    if let Some((sign, number)) = unfilled {
        return (!number.contains('*')).then(|| (1, format!("{sign}{number}")));
    }
    if !piece.bytes().any(|b| b.is_ascii_digit()) {
        // A lone minus before the number; after other words it is a dash.
        if at == 0 && matches!(piece, "-" | "–" | "−") && !taken.get(at.saturating_add(1)).copied().unwrap_or(true) {
            let next = trimmed_amount(pieces[at.saturating_add(1)]);
            let money = next.contains(['.', ',']) && next.bytes().any(|b| b.is_ascii_digit());
            return (money && !next.contains('%')).then(|| (2, format!("-{next}")));
        }
        return None;
    }
    let swiss = swiss_mark(piece);
    let piece = swiss.as_str();
    if let Some(text) = dollars_of(piece) {
        return Some((1, text));
    }
    let glued = glued_letters(piece);
    if let Some((letters, number)) = glued {
        match letters.to_ascii_lowercase().as_str() {
            "ksh" | "kshs" | "kes" => return Some((1, format!("KES {}", number.trim_start_matches('.')))),
            // Nigerians write the naira's sign as N where a keyboard lacks it, and readers of letters see it so.
            "n" if is_grouped_or_fraction(number) => return Some((1, format!("₦{number}"))),
            // `R200` is a code; an amount of rands has cents or groups.
            "r" if letters == "R" && is_grouped_or_fraction(number) => return Some((1, format!("R {number}"))),
            "r" if !(number.len() <= 3 && pieces.get(at.saturating_add(1)).is_some_and(|next| begins_with_group(next))) => {
                return None;
            }
            "q" if is_grouped_or_fraction(number) => return Some((1, format!("GTQ {number}"))),
            // The sign of the Philippine peso is a P with two strokes, and readers of letters see the P.
            "p" if is_grouped_or_fraction(number) => return Some((1, format!("PHP {number}"))),
            // So is the sign of the yen seen as Y.
            "y" if is_grouped_or_fraction(number) => return Some((1, format!("¥{number}"))),
            // `FT2631400871`, `RM44120`: a code. Amounts of that size are written with marks, or behind a currency's code.
            _ if number.bytes().all(|b| b.is_ascii_digit()) && number.len() >= 5 && Currency::parse(letters).is_err() => {
                return None;
            }
            _ => {}
        }
    }
    if let Some(number) = dong_of(piece) {
        return Some((1, format!("VND {number}")));
    }
    // `KR-556120`: a number of something with a prefix, not so many kronor the other way round.
    let prefixed = piece.split_once('-').is_some_and(|(letters, number)| {
        !letters.is_empty()
            && letters.bytes().all(|b| b.is_ascii_alphabetic())
            && number.len() >= 4
            && number.bytes().all(|b| b.is_ascii_digit() || b == b'-')
    });
    if prefixed {
        return None;
    }
    let digits = piece.bytes().filter(u8::is_ascii_digit).count();
    let marks = piece.contains(['.', ',']);
    let bare = piece.bytes().all(|b| b.is_ascii_digit());
    // Long runs of bare digits, and those that begin with a zero, are numbers of something, not amounts.
    if bare && (digits > 9 || (piece.starts_with('0') && digits > 1)) {
        return None;
    }
    // `1,014, 330.00`: a gap that a reader of letters saw behind the mark.
    if let Some(next) = pieces.get(at.saturating_add(1)).filter(|_| !taken[at.saturating_add(1)])
        && let Some(mark) = pieces[at].chars().last().filter(|c| matches!(c, ',' | '.'))
        && let next = trimmed_amount(next)
        && let Some((group, fraction)) = next.split_at_checked(3)
        && group.bytes().all(|b| b.is_ascii_digit())
        && fraction.len() == 3
        && fraction.starts_with([',', '.'])
        && !fraction.starts_with(mark)
        && fraction.bytes().skip(1).all(|b| b.is_ascii_digit())
        && piece.split(|c: char| !c.is_ascii_digit()).next_back().is_some_and(|last| last.len() == 3 || !marks && digits <= 3)
    {
        return Some((2, format!("{piece}{mark}{next}")));
    }
    // `₹1 ,00,500.50`: the same before the mark.
    if let Some(next) = pieces.get(at.saturating_add(1)).filter(|_| !taken[at.saturating_add(1)])
        && !marks
        && digits <= 3
        && let joined = format!("{piece}{}", trimmed_amount(next))
        && next.starts_with([',', '.'])
        && begins_with_group(&next[1..])
        && is_grouped_with_fraction(figures(&joined))
    {
        return Some((2, joined));
    }
    // `₹1,24 ,500`: a gap within groups that only India writes.
    if let Some(next) = pieces.get(at.saturating_add(1)).filter(|_| !taken[at.saturating_add(1)])
        && let Some((_, tail)) = piece.rsplit_once(',')
        && tail.len() == 2
        && let next = trimmed_amount(next)
        && let Some(rest) = next.strip_prefix(',')
        && (begins_with_group(rest) || rest.len() == 3 && rest.bytes().all(|b| b.is_ascii_digit()))
        && let joined = format!("{piece}{next}")
        && (is_grouped_with_fraction(figures(&joined)) || is_grouped_with_fraction(&format!("{}.00", figures(&joined))))
    {
        return Some((2, joined));
    }
    if !marks && digits <= 3 {
        let mut text = piece.to_owned();
        let mut length = 1;
        let mut done = false;
        while !done {
            let Some(next) = pieces.get(at.saturating_add(length)).filter(|_| !taken[at.saturating_add(length)]) else { break };
            let next = trimmed_amount(next);
            // `1 ,320.00`: a gap that a reader of letters saw before the mark.
            let mark = next.strip_prefix([',', '.']).filter(|_| length == 1 && next.len() >= 7);
            let next = mark.unwrap_or(next);
            let group = next.as_bytes();
            let three = group.len() >= 3 && group[..3].iter().all(u8::is_ascii_digit);
            let rest = next.get(3..).unwrap_or("");
            let fraction = rest.strip_prefix([',', '.']);
            let fraction_ok = fraction.is_some_and(|f| {
                f.bytes().take_while(u8::is_ascii_digit).count() == 2 && !f.bytes().skip(2).any(|b| b.is_ascii_digit())
            });
            if !three || !(rest.is_empty() || fraction_ok) {
                break;
            }
            text.push(' ');
            text.push_str(next);
            length = length.saturating_add(1);
            done = !rest.is_empty();
        }
        if length > 1 && done {
            return Some((length, text));
        }
        // Without a fraction, groups of three may be parts of a phone number or two columns, unless a currency stands beside them or nothing
        // else does. `350` alone out of `2 350 kr` would be another amount.
        if length > 1 {
            let sign = |piece: Option<&&str>| piece.is_some_and(|p| sign_of(p, currencies).is_some());
            let whole = at == 0 && at.saturating_add(length) == pieces.len() && !piece.starts_with('0');
            let beside = sign(pieces.get(at.saturating_add(length))) || sign(at.checked_sub(1).and_then(|b| pieces.get(b)));
            if beside || whole {
                return Some((length, text));
            }
        }
    }
    Some((1, piece.to_owned()))
}

/// `2*340.55`: the mark that Switzerland sets between thousands is seen as a star, an accent or a quote.
fn swiss_mark(piece: &str) -> String {
    let letters: Vec<char> = piece.chars().collect();
    let is_digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    letters
        .iter()
        .enumerate()
        .map(|(at, &letter)| {
            let group = matches!(letter, '*' | '´' | '`' | '"' | '°' | '’' | '‘' | '”' | '^')
                && at.checked_sub(1).is_some_and(is_digit)
                && (1..=3).all(|n| is_digit(at.saturating_add(n)))
                && !is_digit(at.saturating_add(4));
            if group { '\'' } else { letter }
        })
        .collect()
}

/// `1.250.000đ`: the number before the sign of the dong. Readers of letters without Vietnamese see a plain d, which is the sign only behind
/// thousands that stand in groups, as the dong has no fraction.
fn dong_of(piece: &str) -> Option<&str> {
    let (number, plain) = match piece.strip_suffix(['đ', '₫', 'Đ']) {
        Some(number) => (number, false),
        None => (piece.strip_suffix('d')?, true),
    };
    let mark = number.chars().find(|c| !c.is_ascii_digit())?;
    let mut groups = number.trim_start_matches(['-', '+', '−']).split(mark);
    let head = groups.next()?;
    let digits = |group: &str| group.bytes().all(|b| b.is_ascii_digit());
    let whole = digits(head) && (1..=3).contains(&head.len()) && groups.all(|g| g.len() == 3 && digits(g));
    (whole && (mark == '.' || (mark == ',' && !plain))).then_some(number)
}

/// `CAD$839.38`, `MXN$1,200`, and `AS$2,609.07`, as `A$` is often seen: the dollar or peso that the letters name, and the number.
fn dollars_of(piece: &str) -> Option<String> {
    let (letters, number) = piece.split_once('$')?;
    let code = match letters {
        "A" | "AS" | "AU" | "AUD" => "AUD",
        "CA" | "CAD" | "CDN" => "CAD",
        "US" | "USD" | "U" => "USD",
        "NZ" | "NZD" => "NZD",
        "HK" | "HKD" => "HKD",
        "MX" | "MXN" => "MXN",
        "COP" | "COL" => "COP",
        "CLP" => "CLP",
        "ARS" | "AR" => "ARS",
        "SGD" => "SGD",
        // `C$` is Canada's and Nicaragua's.
        _ => return None,
    };
    number.starts_with(|c: char| c.is_ascii_digit()).then(|| format!("{code} {number}"))
}

/// Letters right before a number: `Ksh4,500`.
fn glued_letters(piece: &str) -> Option<(&str, &str)> {
    let piece = piece.trim_start_matches('(').trim_end_matches(')');
    let at = piece.find(|c: char| !c.is_ascii_alphabetic())?;
    let (letters, number) = piece.split_at(at);
    let first = number.trim_start_matches('.').chars().next()?;
    (!letters.is_empty() && first.is_ascii_digit()).then_some((letters, number))
}

/// `75,000.00`, `75,000`, `75.50`: written as money is.
fn is_grouped_or_fraction(number: &str) -> bool {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "00"));
    let mut groups = whole.split(',');
    let head = groups.next().unwrap_or("");
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    let mut count = 0_usize;
    let three = groups.all(|g| {
        count = count.saturating_add(1);
        g.len() == 3 && digits(g)
    });
    digits(head)
        && three
        && fraction.len() == 2
        && digits(fraction)
        && (count > 0 || number.contains('.'))
        && (count == 0 || head.len() <= 3)
}

/// `1,00,500.50`, `12.500,00`: groups of three behind a head of one to three figures, or as India writes them, of two but for the last; then two
/// decimals behind the other mark.
fn is_grouped_with_fraction(number: &str) -> bool {
    let Some((whole, fraction)) = number.rsplit_once(['.', ',']) else { return false };
    let decimal_mark = number.as_bytes().get(whole.len());
    let group_mark = if decimal_mark == Some(&b'.') { ',' } else { '.' };
    let groups: Vec<&str> = whole.split(group_mark).collect();
    let digits = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let [head, middle @ .., last] = groups.as_slice() else { return false };
    groups.iter().all(digits)
        && fraction.len() == 2
        && digits(&fraction)
        && last.len() == 3
        && (middle.iter().all(|group| group.len() == 3) && head.len() <= 3
            || middle.iter().all(|group| group.len() == 2) && head.len() <= 2)
}

fn trimmed_amount(piece: &str) -> &str {
    let piece = piece
        .trim_matches(['"', '“', '”', '«', '»', '[', ']', '{', '}', '|', '¡', '¿', '!', '?', ';', ':', '•', '*', '~'])
        .trim_end_matches([',', '.', ';', ':', '*']);
    // `2,18,640/-`, `4,500/=`: no paise or cents follow, as South Asia and East Africa write.
    let piece = piece.strip_suffix("/-").or_else(|| piece.strip_suffix("/=")).unwrap_or(piece);
    // A parenthesis that is not closed here encloses more than the number.
    match (piece.starts_with('('), piece.ends_with(')')) {
        (true, false) => piece.trim_start_matches('('),
        (false, true) => piece.trim_end_matches(')'),
        _ => piece,
    }
}

/// `4,120,00` and `2,45000` in pixels: the mark before the decimals was seen as the other one, or not at all. Thousands stand in threes, so
/// there is one number that can be meant.
fn lost_mark(core: &str) -> Option<String> {
    let from = core.find(|c: char| c.is_ascii_digit())?;
    let (sign, number) = core.split_at(from);
    let mark = number.chars().find(|c| !c.is_ascii_digit()).filter(|c| matches!(c, ',' | '.'))?;
    let mut groups: Vec<&str> = number.split(mark).collect();
    if groups.iter().any(|g| g.is_empty() || !g.bytes().all(|b| b.is_ascii_digit())) || groups.first()?.len() > 3 {
        return None;
    }
    let last = groups.pop()?;
    let threes = groups.iter().skip(1).all(|g| g.len() == 3);
    let other = if mark == ',' { '.' } else { ',' };
    let (thousands, decimals) = match last.len() {
        2 if groups.len() >= 2 => (None, last),
        5 => (last.get(..3), last.get(3..)?),
        _ => return None,
    };
    groups.extend(thousands);
    // Signs that are seen as letters, as in `number_at`.
    let sign = match sign {
        "P" => "PHP ",
        "N" => "₦",
        other => other,
    };
    threes.then(|| format!("{sign}{}{other}{decimals}", groups.join(&mark.to_string())))
}
