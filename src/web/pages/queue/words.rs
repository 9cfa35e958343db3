//! How values of the queue are written on its pages.

use jiff::Timestamp;
use quittance_agent::desk::explain::{Agreement, Shown};
use quittance_agent::desk::view::Origin;
use quittance_rules::money::{Currency, Money};

use crate::frame::Frame;

/// A value as text.
pub(super) fn shown(frame: &Frame, value: &Shown) -> String {
    match value {
        Shown::Money(money) => frame.money(money),
        Shown::Text(text) => fancy(frame, text),
    }
}

/// A sentence in which amounts as the program writes them (`EUR 1180.00`) are written as people read them.
pub(super) fn fancy(frame: &Frame, text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let bare = word.trim_start_matches(['(', '`']);
        let before = &word[..word.len() - bare.len()];
        let next = words.get(at + 1).copied().unwrap_or_default();
        let digits = next.trim_end_matches([',', '.', ';', ':', ')', '`', '!', '?']);
        let amount = (bare.len() == 3)
            .then(|| Currency::parse(bare).ok().filter(|_| bare.bytes().all(|b| b.is_ascii_uppercase())))
            .flatten()
            .and_then(|currency| Money::parse(digits, currency).ok());
        match amount {
            Some(money) if !digits.is_empty() => {
                out.push(format!("{before}{}{}", frame.money(&money), &next[digits.len()..]));
                at += 2;
            }
            _ => {
                out.push((*word).to_owned());
                at += 1;
            }
        }
    }
    quoted(&out.join(" "))
}

/// A sentence of the program in the language of the page, its amounts as people read them.
pub(super) fn said(frame: &Frame, text: &str) -> String {
    fancy(frame, &frame.said(text))
}

/// Names the program puts between back quotes, as people write them: `` `lump_named` `` as “lump named”.
fn quoted(text: &str) -> String {
    let parts: Vec<&str> = text.split('`').collect();
    // An odd back quote belongs to the text itself.
    if parts.len().is_multiple_of(2) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for (at, part) in parts.into_iter().enumerate() {
        if at.is_multiple_of(2) {
            out.push_str(part);
        } else {
            out.push_str(&format!("\u{201c}{}\u{201d}", part.replace('_', " ")));
        }
    }
    out
}

/// An IBAN in its groups of four (ISO 13616, presentation on paper); any other account as it is.
pub(super) fn account(text: &str) -> String {
    let looks_like_one = (15..=34).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric())
        && text.bytes().take(2).all(|b| b.is_ascii_alphabetic())
        && text.bytes().skip(2).take(2).all(|b| b.is_ascii_digit());
    if !looks_like_one {
        return text.to_owned();
    }
    let letters: Vec<char> = text.chars().collect();
    letters.chunks(4).map(|four| four.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

/// A sentence about chances, its large whole numbers grouped: `about 1 in 38 000 …`.
pub(super) fn chances(text: &str) -> String {
    let group = |word: &str| {
        let is_large = word.len() >= 5 && word.bytes().all(|b| b.is_ascii_digit());
        if is_large { crate::frame::grouped(word) } else { word.to_owned() }
    };
    text.split(' ').map(group).collect::<Vec<_>>().join(" ")
}

/// How long ago, in the largest unit that fits: `3 d`, `5 h`, `12 min`.
pub(super) fn age(from: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(from).as_mins();
    let size = minutes.abs();
    match size {
        0..60 => format!("{minutes} min"),
        60..1_440 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1_440),
    }
}

/// The key of an origin's word.
pub(super) fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::Bank => "origin-bank",
        Origin::Ledger => "origin-ledger",
        Origin::Read => "origin-read",
        Origin::Model => "origin-model",
        Origin::Person => "origin-person",
        Origin::Rule => "origin-rule",
    }
}

/// Sign, class and key of an agreement: never by colour alone.
pub(super) fn agreement(agreement: Agreement) -> (&'static str, &'static str, &'static str) {
    match agreement {
        Agreement::Agrees => ("✓", "good", "agrees"),
        Agreement::Differs => ("✗", "bad", "differs"),
        Agreement::Silent => ("–", "dim", "silent"),
    }
}

/// A signed weight in natural-log units with one decimal: `+4.2`.
pub(super) fn weight(thousandths: i64) -> String {
    let tenths = thousandths.unsigned_abs().div_ceil(50) / 2;
    let sign = if thousandths < 0 { '\u{2212}' } else { '+' };
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
}

/// A probability in percent with as many decimals as say something: `99.98 %`, `93 %`.
pub(super) fn percent(millionths: u32) -> String {
    match millionths {
        1_000_000 => "100 %".to_owned(),
        990_000.. => format!("{}.{:02} %", millionths / 10_000, millionths % 10_000 / 100),
        100_000.. => format!("{} %", millionths / 10_000),
        _ => format!("{}.{} %", millionths / 10_000, millionths % 10_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_in_sentences_are_written_for_people() {
        use crate::locale::Language;
        use crate::session::{Theme, Visitor};
        let visitor = Visitor {
            language: Language::English,
            theme: Theme::System,
            csrf: String::new(),
            address: std::net::IpAddr::from([127, 0, 0, 1]),
            agent: String::new(),
        };
        let frame = Frame::of_visitor(&visitor);
        for (text, wanted) in [
            ("EUR 1180.00 from ACME, EUR 20.00 short", "1\u{202f}180.00 EUR from ACME, 20.00 EUR short"),
            ("(EUR 5.00)", "(5.00 EUR)"),
            ("THE END", "THE END"),
            ("EUR", "EUR"),
            ("ALL 12 items", "12.00 ALL items"),
            ("the pattern `lump_named` is new", "the pattern \u{201c}lump named\u{201d} is new"),
            ("5` long", "5` long"),
            ("", ""),
        ] {
            assert_eq!(fancy(&frame, text), wanted);
        }
    }

    #[test]
    fn accounts_and_chances_are_grouped() {
        for (text, wanted) in [
            ("GB26QUAY35322230135075", "GB26 QUAY 3532 2230 1350 75"),
            ("4232674754", "4232674754"),
            ("QUAY GB 26", "QUAY GB 26"),
            ("", ""),
        ] {
            assert_eq!(account(text), wanted);
        }
        assert_eq!(
            chances("about 1 in 38000 such answers would be wrong"),
            "about 1 in 38\u{202f}000 such answers would be wrong"
        );
        assert_eq!(chances("about 1 in 900"), "about 1 in 900");
    }

    #[test]
    fn figures_are_short() {
        for (weight_of, wanted) in [(4_200, "+4.2"), (-360, "\u{2212}0.4"), (0, "+0.0"), (12_340, "+12.3")] {
            assert_eq!(weight(weight_of), wanted);
        }
        for (millionths, wanted) in
            [(1_000_000, "100 %"), (999_812, "99.98 %"), (930_000, "93 %"), (12_000, "1.2 %"), (0, "0.0 %")]
        {
            assert_eq!(percent(millionths), wanted);
        }
    }
}
