//! How people and banks write amounts, dates and names.

use jiff::civil::Date;
use quittance_rules::money::Money;

/// The language a piece of text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    De,
    En,
    Es,
}

impl Language {
    /// ISO 639-1.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
            Self::Es => "es",
        }
    }
}

/// The absolute amount with digits in groups of three.
fn grouped(money: Money, group: char, mark: char) -> String {
    let plain = money.amount();
    let plain = plain.trim_start_matches('-');
    let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
    let mut out = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            out.push(group);
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push(mark);
        out.push_str(fraction);
    }
    out
}

/// `1,234.56`: English and Peruvian.
pub(crate) fn amount_point(money: Money) -> String {
    grouped(money, ',', '.')
}

/// `1.234,56`: German and Spanish.
pub(crate) fn amount_comma(money: Money) -> String {
    grouped(money, '.', ',')
}

const MONTHS_EN: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const MONTHS_ES: [&str; 12] =
    ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"];
const MONTHS_DE: [&str; 12] =
    ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"];

fn month(names: &[&'static str; 12], date: Date) -> &'static str {
    names[usize::from(date.month().unsigned_abs() - 1)]
}

/// `3 July 2026`, `3 de julio de 2026`, `3. Juli 2026`.
pub(crate) fn long_date(date: Date, language: Language) -> String {
    match language {
        Language::En => format!("{} {} {}", date.day(), month(&MONTHS_EN, date), date.year()),
        Language::Es => format!("{} de {} de {}", date.day(), month(&MONTHS_ES, date), date.year()),
        Language::De => format!("{}. {} {}", date.day(), month(&MONTHS_DE, date), date.year()),
    }
}

/// `03 Jul 2026`, `03 jul. 2026`.
pub(crate) fn short_date(date: Date, language: Language) -> String {
    let (names, dot) = match language {
        Language::En => (&MONTHS_EN, ""),
        Language::Es => (&MONTHS_ES, "."),
        Language::De => (&MONTHS_DE, "."),
    };
    let name: String = month(names, date).chars().take(3).collect();
    format!("{:02} {name}{dot} {}", date.day(), date.year())
}

/// `03/07/2026`.
pub(crate) fn slash_date(date: Date) -> String {
    format!("{:02}/{:02}/{}", date.day(), date.month(), date.year())
}

/// `03.07.2026`.
pub(crate) fn dot_date(date: Date) -> String {
    format!("{:02}.{:02}.{}", date.day(), date.month(), date.year())
}

/// `14:05`.
pub(crate) fn clock24((hour, minute): (u8, u8)) -> String {
    format!("{hour:02}:{minute:02}")
}

/// `02:05 pm`.
pub(crate) fn clock12((hour, minute): (u8, u8)) -> String {
    format!("{:02}:{minute:02} {}", (hour + 11) % 12 + 1, if hour < 12 { "am" } else { "pm" })
}

/// Latin letters of the SWIFT character set, upper case: `Müller` becomes `MUELLER`, `Ñusta` `NUSTA`.
pub(crate) fn swift(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            'ä' | 'Ä' => out.push_str("AE"),
            'ö' | 'Ö' => out.push_str("OE"),
            'ü' | 'Ü' => out.push_str("UE"),
            'ß' => out.push_str("SS"),
            '&' => out.push('+'),
            _ => out.push(plain(c).to_ascii_uppercase()),
        }
    }
    out
}

/// Without accents, other letters as they are.
fn plain(c: char) -> char {
    match c {
        'á' | 'à' => 'a',
        'é' | 'è' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' | 'ü' => 'u',
        'ñ' => 'n',
        'Á' => 'A',
        'É' => 'E',
        'Í' => 'I',
        'Ó' => 'O',
        'Ú' => 'U',
        'Ñ' => 'N',
        'Ö' => 'O',
        'ö' => 'o',
        c if c.is_ascii() => c,
        _ => '.',
    }
}

/// Without accents, upper case: how Peruvian banks write names.
pub(crate) fn upper_plain(text: &str) -> String {
    text.chars().map(|c| plain(c).to_ascii_uppercase()).collect()
}

/// For the text of XML, SVG and HTML elements and attributes. Control characters have no place there and become spaces.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Breaks at spaces into lines of at most `width` characters; a longer word stands alone.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use quittance_rules::money::Currency;

    #[test]
    fn written_forms() {
        let big = Money::new(123_456_789, Currency::EUR);
        assert_eq!(amount_point(big), "1,234,567.89");
        assert_eq!(amount_comma(Money::new(-99_950, Currency::EUR)), "999,50");
        assert_eq!(short_date(date(2026, 7, 3), Language::Es), "03 jul. 2026");
        assert_eq!(long_date(date(2026, 9, 3), Language::De), "3. September 2026");
        assert_eq!(
            (clock12((0, 5)), clock12((12, 0)), clock12((18, 21))),
            ("12:05 am".into(), "12:00 pm".into(), "06:21 pm".into())
        );
        assert_eq!(swift("Müller & Söhne"), "MUELLER + SOEHNE");
        assert_eq!(escape("a<b>&\"'\u{7}"), "a&lt;b&gt;&amp;&quot;&apos; ");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
    }
}
