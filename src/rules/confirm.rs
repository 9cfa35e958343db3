//! Confirms what somebody says to have read in a document: a claim counts only when its text is found among the document's own words, at
//! a place. The value is read anew from those words by the parsers of this crate; what was said serves to find them and is then dropped.
//!
//! This is the door through which the answers of a language model come in. They cannot bring a number, a date or a name that the
//! document does not hold, however they were made.

use std::ops::Range;

use crate::amount_text::{AmountReading, DecimalMark, amount_readings, is_invisible, read_amount};
use crate::date_text::{DateOrder, DateReading, date_readings, unaccented};
use crate::evidence::{Claim, ClaimValue, Confidence, Field, PageRegion, Source, Word};
use crate::money::{Currency, Money};

/// A text said to stand in a document is not longer than this, in characters.
pub const SAID_MAX: usize = 120;
/// Words a value may take.
const WORDS_MAX: usize = 14;
/// Below this the reader of the letters was guessing.
const LEGIBLE: Confidence = Confidence::from_percent(60);

/// How the document writes, so that its words are read in its own light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Writing {
    /// How likely the document writes a decimal point.
    pub decimal_point: Confidence,
    /// How likely the day stands before the month.
    pub day_first: Confidence,
    /// The one currency of the document, where it has one; for amounts that name none or share a sign.
    pub currency: Option<Currency>,
}

/// Where a text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The words, by their index.
    pub words: Range<usize>,
    /// The box around them; it holds no other word.
    pub region: PageRegion,
    /// The words as they stand there, one space between.
    pub text: String,
    /// The words without a label glued to the first (`Ref:12345`) and without the punctuation around them.
    pub value: String,
    /// The least sure of the words.
    pub legibility: Confidence,
}

/// Why a claim does not count. It is dropped and counted, never repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unconfirmed {
    /// Nothing was said.
    #[error("it is empty")]
    Empty,
    /// Longer than [`SAID_MAX`].
    #[error("it is longer than any value")]
    TooLong,
    /// The document holds no such words in a row.
    #[error("its text does not stand in the document")]
    NotFound,
    /// The words are there, but not legible enough, or other words stand within their box.
    #[error("its words are not legible, or not alone in their place")]
    Illegible,
    /// The words there are no value of this field.
    #[error("the words there are no value of this field")]
    OtherShape,
}

/// Finds a text in the document: whole words in a row, compared without case, accents, spaces and the punctuation around them. The first
/// place that is legible and holds no other word counts. `closed` words (those of orders) carry nothing.
///
/// # Errors
/// Why there is no such place.
pub fn place(said: &str, words: &[Word], closed: &[bool]) -> Result<Place, Unconfirmed> {
    if said.chars().count() > SAID_MAX {
        return Err(Unconfirmed::TooLong);
    }
    let wanted = bare(&folded(said)).to_owned();
    if !wanted.chars().any(char::is_alphanumeric) {
        return Err(Unconfirmed::Empty);
    }
    let open = |at: usize| !closed.get(at).copied().unwrap_or(false);
    // Most words cannot begin the text; a document of many thousand is then looked through quickly.
    // A word that is nothing but a label begins no text that leaves the label out.
    let may_begin = |word: &Word| {
        let head = folded(&word.text);
        [bare(&head), bare(without_label(&head))].iter().any(|head| !head.is_empty() && wanted.starts_with(*head))
    };
    let firsts: Vec<usize> = (0_usize..).zip(words).filter(|(at, word)| open(*at) && may_begin(word)).map(|(at, _)| at).collect();
    let mut failure = Unconfirmed::NotFound;
    for first in firsts {
        let mut run = String::new();
        for last in first..words.len().min(first.saturating_add(WORDS_MAX)) {
            let (Some(word), Some(head)) = (words.get(last), words.get(first)) else { break };
            if !open(last) || word.region.page != head.region.page {
                break;
            }
            run.push_str(&folded(&word.text));
            // Punctuation and a label may be left out, so a little more than the wanted length is looked at.
            if run.chars().count() > wanted.chars().count().saturating_add(60) {
                break;
            }
            if bare(&run) != wanted && bare(without_label(&run)) != wanted {
                continue;
            }
            match place_of(first..last.saturating_add(1), words) {
                Some(place) => return Ok(place),
                None => failure = Unconfirmed::Illegible,
            }
        }
    }
    Err(failure)
}

/// Confirms one claim: finds its text and reads the value from the document's words. An ambiguous text gives every reading as a claim of
/// its own, each with its share of `confidence`.
///
/// # Errors
/// Why it does not count.
pub fn confirm(
    field: Field,
    said: &str,
    words: &[Word],
    closed: &[bool],
    writing: &Writing,
    confidence: Confidence,
) -> Result<Vec<Claim>, Unconfirmed> {
    let place = place(said, words, closed)?;
    let values = values(field, &place.value, writing);
    if values.is_empty() {
        return Err(Unconfirmed::OtherShape);
    }
    Ok(values
        .into_iter()
        .map(|(value, share)| Claim {
            field,
            value,
            region: place.region,
            text: place.text.clone(),
            confidence: part(confidence, share),
            source: Source::Model,
        })
        .collect())
}

/// The product of two probabilities.
fn part(one: Confidence, other: Confidence) -> Confidence {
    let product = u64::from(one.millionths()).saturating_mul(u64::from(other.millionths())) / 1_000_000;
    Confidence::from_millionths(u32::try_from(product).unwrap_or(u32::MAX))
}

fn rest(of: Confidence) -> Confidence {
    Confidence::from_millionths(1_000_000_u32.saturating_sub(of.millionths()))
}

/// One spelling for all that look alike: lower case, no accents, no spaces, plain dashes.
fn folded(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_whitespace() && !is_invisible(*c) && !c.is_control());
    kept.flat_map(char::to_lowercase)
        .map(unaccented)
        .map(|c| match c {
            '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
            '\u{2018}' | '\u{2019}' => '\'',
            other => other,
        })
        .collect()
}

/// Without the punctuation that ends a sentence or quotes a word.
fn bare(text: &str) -> &str {
    const AROUND: [char; 22] =
        ['"', '\'', '“', '”', '«', '»', '„', '`', '[', ']', '{', '}', '|', '¡', '¿', '!', '?', ';', ':', '•', '·', '#'];
    text.trim_matches(AROUND).trim_end_matches(['.', ',']).trim_end_matches(AROUND)
}

/// What follows the last colon or number sign: `ref:12345`, `n°12345`.
fn without_label(run: &str) -> &str {
    match run.char_indices().rfind(|(_, c)| matches!(c, ':' | '#' | '=' | '°' | 'º')) {
        Some((at, mark)) => run.get(at.saturating_add(mark.len_utf8())..).unwrap_or_default(),
        None => run,
    }
}

fn place_of(range: Range<usize>, words: &[Word]) -> Option<Place> {
    let own = words.get(range.clone())?;
    let (first, others) = own.split_first()?;
    let legibility = own.iter().map(|word| word.confidence).min()?;
    if legibility < LEGIBLE {
        return None;
    }
    let region = others.iter().try_fold(first.region, |region, word| region.union(word.region))?;
    let strange = words.iter().enumerate().any(|(at, word)| {
        !range.contains(&at)
            && region.holds_middle_of(word.region)
            && !word.text.trim().is_empty()
            // Bold letters are drawn twice at one place.
            && !own.iter().any(|mine| mine.text == word.text && mine.region.x0.abs_diff(word.region.x0) < 2_000)
    });
    if strange {
        return None;
    }
    let text = own.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    let value = bare(without_label(&text).trim()).trim().to_owned();
    let value = if value.is_empty() { bare(&text).trim().to_owned() } else { value };
    Some(Place { words: range, region, text, value, legibility })
}

/// The values a text can have in a field, each with its share; none when it is no such value.
fn values(field: Field, text: &str, writing: &Writing) -> Vec<(ClaimValue, Confidence)> {
    match field {
        Field::Amount | Field::Fee | Field::Tax | Field::Subtotal => amounts(text, writing),
        Field::Date | Field::DueDate | Field::IssueDate => dates(text, writing),
        Field::Reference | Field::InvoiceNumber | Field::DocumentNumber => {
            let length_min = if field == Field::InvoiceNumber { 3 } else { 4 };
            one(is_code(text, length_min), text)
        }
        Field::PayerAccount | Field::PayeeAccount => one(is_account(text), text),
        Field::PayerName | Field::PayeeName | Field::Bank | Field::SellerName | Field::BuyerName => one(is_name(text), text),
        // Nobody asks a model for these: a currency stands with its amount, and the rest decides nothing.
        Field::Currency | Field::Time | Field::Method => Vec::new(),
    }
}

fn one(holds: bool, text: &str) -> Vec<(ClaimValue, Confidence)> {
    if holds { vec![(ClaimValue::Text(text.to_owned()), Confidence::CERTAIN)] } else { Vec::new() }
}

fn amounts(text: &str, writing: &Writing) -> Vec<(ClaimValue, Confidence)> {
    let Ok(readings) = amount_readings(text) else { return Vec::new() };
    // A bare whole number is as likely the number of an operation.
    let says_money = text.chars().any(|c| c.is_alphabetic() || "$€£¥₹₽₺₩₫₱฿₦₪₡₲₴₸¢".contains(c));
    if !says_money && !readings.iter().any(|reading| reading.decimal.contains('.')) {
        return Vec::new();
    }
    let ambiguous = readings.len() > 1;
    readings
        .iter()
        .filter_map(|reading| {
            let share = match reading.mark {
                Some(DecimalMark::Point) if ambiguous => writing.decimal_point,
                Some(DecimalMark::Comma) if ambiguous => rest(writing.decimal_point),
                Some(_) | None => Confidence::CERTAIN,
            };
            let value = amount(text, reading, writing)?;
            (share.millionths() >= 20_000).then_some((value, share))
        })
        .collect()
}

fn amount(text: &str, reading: &AmountReading, writing: &Writing) -> Option<ClaimValue> {
    let positive = |money: Money| money.checked_abs().filter(|money| money.is_positive()).map(ClaimValue::Money);
    if let Some(currency) = reading.currency {
        return Money::parse(&reading.decimal, currency).ok().and_then(positive);
    }
    // A sign that several currencies share (`$`) must be one of the document's currency.
    let mark = reading.mark.unwrap_or(DecimalMark::Point);
    if let Some(money) = writing.currency.and_then(|currency| read_amount(text, mark, currency).ok()) {
        return positive(money);
    }
    let decimal = reading.decimal.trim_start_matches('-');
    decimal.bytes().any(|b| (b'1'..=b'9').contains(&b)).then(|| ClaimValue::BareAmount(decimal.to_owned()))
}

fn dates(text: &str, writing: &Writing) -> Vec<(ClaimValue, Confidence)> {
    // Eight digits in a row are far more often an operation number than a date.
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return Vec::new();
    }
    let readings = date_readings(text);
    let ambiguous = readings.len() > 1;
    let share = |reading: &DateReading| match reading.order {
        _ if !ambiguous => Confidence::CERTAIN,
        Some(DateOrder::Dmy) => writing.day_first,
        Some(DateOrder::Mdy) => rest(writing.day_first),
        Some(DateOrder::Ymd) | None => Confidence::from_percent(25),
    };
    readings.iter().map(|reading| (ClaimValue::Date(reading.date), share(reading))).collect()
}

/// The shape of a number that identifies: letters and digits with separators, two digits at least, and neither a date nor an amount.
fn is_code(text: &str, length_min: usize) -> bool {
    let solid = text.chars().filter(|c| c.is_alphanumeric()).count();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let clean = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '.' | ' ' | '\\'));
    let dated = text.contains(['-', '/', '.', ' ']) && !date_readings(text).is_empty();
    let money = amount_readings(text)
        .is_ok_and(|readings| readings.iter().any(|reading| reading.currency.is_some() || reading.decimal.contains('.')));
    (length_min..=64).contains(&solid) && digits >= length_min.min(2) && clean && !dated && !money
}

fn is_account(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let clean = text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '.' | '*' | '•' | 'x'));
    digits >= 4 && clean && text.chars().filter(|c| c.is_alphanumeric()).count() <= 34
}

fn is_name(text: &str) -> bool {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let digits = text.chars().filter(|c| c.is_numeric()).count();
    (2..=80).contains(&letters) && digits < letters && !text.contains("://") && !text.contains('@')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Words of a text on lines, ten pixels a character.
    fn words(text: &str) -> Vec<Word> {
        let mut words = Vec::new();
        for (line, row) in (0_u32..).zip(text.lines()) {
            let mut column = 0_u32;
            for piece in row.split(' ') {
                let width = u32::try_from(piece.chars().count()).expect("short");
                if width > 0 {
                    words.push(Word {
                        text: piece.to_owned(),
                        region: PageRegion {
                            page: 1,
                            x0: column * 10_000,
                            y0: line * 30_000,
                            x1: (column + width) * 10_000,
                            y1: line * 30_000 + 20_000,
                        },
                        confidence: Confidence::CERTAIN,
                        source: Source::Ocr,
                        line,
                    });
                }
                column += width + 1;
            }
        }
        words
    }

    const PAPER: &str = "Yape S/ 1,250.00\nFecha: 03/04/2026 10:15\nNro. de operación:03377911\nPara: Café Ñandú S.A.C.\n\
        Factura F001-4891, F001-4892\nTotal 99 Fono 987654321\nCCI 002-191-0012345678";

    fn writing() -> Writing {
        Writing {
            decimal_point: Confidence::from_percent(90),
            day_first: Confidence::from_percent(80),
            currency: Some(Currency::parse("PEN").expect("ISO 4217")),
        }
    }

    fn shown(field: Field, said: &str) -> Result<Vec<String>, Unconfirmed> {
        let claims = confirm(field, said, &words(PAPER), &[], &writing(), Confidence::from_percent(50))?;
        Ok(claims
            .iter()
            .map(|claim| match &claim.value {
                ClaimValue::Money(money) => money.to_string(),
                ClaimValue::BareAmount(text) | ClaimValue::Text(text) => text.clone(),
                ClaimValue::Date(date) => date.to_string(),
                ClaimValue::Currency(_) | ClaimValue::Time(_) => "?".to_owned(),
            })
            .collect())
    }

    #[test]
    fn what_stands_in_the_document_counts_and_nothing_else() {
        use Unconfirmed::{Empty, NotFound, OtherShape, TooLong};
        type Row<'a> = (Field, &'a str, Result<&'a [&'a str], Unconfirmed>);
        let table: &[Row<'_>] = &[
            (Field::Amount, "S/ 1,250.00", Ok(&["PEN 1250.00"])),
            (Field::Amount, "s/1,250.00", Ok(&["PEN 1250.00"])),
            (Field::Amount, "1,250.00", Ok(&["PEN 1250.00"])),
            // Ten times the amount, a part of it, its number without the way it is written: none of them stands there.
            (Field::Amount, "S/ 12,500.00", Err(NotFound)),
            (Field::Amount, "250.00", Err(NotFound)),
            (Field::Amount, "1250.00", Err(NotFound)),
            (Field::Amount, "99", Err(OtherShape)),
            (Field::Amount, "987654321", Err(OtherShape)),
            (Field::Amount, "03/04/2026", Err(OtherShape)),
            (Field::Date, "03/04/2026", Ok(&["2026-04-03", "2026-03-04"])),
            (Field::Date, "2026-04-03", Err(NotFound)),
            (Field::Date, "987654321", Err(OtherShape)),
            (Field::Reference, "03377911", Ok(&["03377911"])),
            (Field::Reference, "operacion:03377911", Ok(&["03377911"])),
            (Field::Reference, "03377912", Err(NotFound)),
            (Field::Reference, "03/04/2026", Err(OtherShape)),
            (Field::InvoiceNumber, "f001-4891", Ok(&["F001-4891"])),
            (Field::InvoiceNumber, "F001-4899", Err(NotFound)),
            (Field::PayeeName, "cafe nandu s.a.c.", Ok(&["Café Ñandú S.A.C"])),
            (Field::PayeeName, "Banco del Mal", Err(NotFound)),
            (Field::PayeeAccount, "002-191-0012345678", Ok(&["002-191-0012345678"])),
            (Field::PayeeAccount, "002-191-9999999999", Err(NotFound)),
            (Field::Reference, "  ", Err(Empty)),
            (Field::Reference, "…", Err(Empty)),
            (Field::Method, "Yape", Err(OtherShape)),
        ];
        for (field, said, wanted) in table {
            let wanted = wanted.map(|values| values.iter().map(|v| (*v).to_owned()).collect::<Vec<_>>());
            assert_eq!(shown(*field, said), wanted, "{field:?} {said}");
        }
        assert_eq!(shown(Field::Reference, &"9".repeat(SAID_MAX + 1)), Err(TooLong));
    }

    #[test]
    fn orders_and_smudges_carry_nothing() {
        let mut words = words(PAPER);
        let at = words.iter().position(|w| w.text == "1,250.00").expect("it is there");
        let mut closed = vec![false; words.len()];
        closed[at] = true;
        assert_eq!(place("1,250.00", &words, &closed), Err(Unconfirmed::NotFound));
        words[at].confidence = Confidence::from_percent(40);
        assert_eq!(place("1,250.00", &words, &[]), Err(Unconfirmed::Illegible));
        words[at].confidence = Confidence::CERTAIN;
        // A word of somebody else within the box.
        let inside = Word { text: "9".to_owned(), ..words[at].clone() };
        words.push(inside);
        assert_eq!(place("1,250.00", &words, &[]), Err(Unconfirmed::Illegible));
    }

    proptest! {
        /// Whatever is said, the text of a claim is made of words that stand in a row in the document.
        #[test]
        fn a_claim_is_made_of_the_documents_words(said in ".{0,60}", field in 0_usize..12) {
            let words = words(PAPER);
            let fields = [
                Field::Amount, Field::Date, Field::DueDate, Field::Reference, Field::InvoiceNumber, Field::DocumentNumber,
                Field::PayerName, Field::PayeeName, Field::PayerAccount, Field::PayeeAccount, Field::Fee, Field::Bank,
            ];
            for claim in confirm(fields[field], &said, &words, &[], &writing(), Confidence::CERTAIN).unwrap_or_default() {
                let row = words.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
                prop_assert!(row.contains(&claim.text), "{}", claim.text);
                prop_assert_eq!(claim.source, Source::Model);
            }
        }

        /// Every run of words is found again, at a place with these very words.
        #[test]
        fn what_is_copied_is_found(first in 0_usize..20, length in 1_usize..4) {
            let words = words(PAPER);
            prop_assume!(first + length <= words.len());
            let said = words[first..first + length].iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
            match place(&said, &words, &[]) {
                Ok(found) => prop_assert!(bare(&folded(&found.text)) == bare(&folded(&said)), "{}", found.text),
                // A run over two lines has strangers in its box.
                Err(reason) => prop_assert_eq!(reason, Unconfirmed::Illegible),
            }
        }
    }
}
