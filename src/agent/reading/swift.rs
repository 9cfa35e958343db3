//! A customer transfer as banks send it to each other: the fields of an MT103, as somebody copies them into a mail or a file.
//! Source: SWIFT User Handbook, Category 1, MT 103 Single Customer Credit Transfer (fields 20, 32A, 50a, 59a, 70).

use jiff::civil::Date;
use quittance_rules::evidence::{Claim, ClaimValue, Field};
use quittance_rules::money::{Currency, Money};

use super::document::Document;

/// What a field says is certain but for the letters it was read from.
const SAID: f64 = 0.98;

/// A field of the message: its tag (`32A`), the word it begins in with what stands behind the tag there, and the words after it up to the
/// next tag.
struct FieldAt<'d> {
    tag: &'d str,
    first: usize,
    begins: &'d str,
    rest: Vec<usize>,
}

/// `:32A:260414CHF25640,5`
fn tag_of(word: &str) -> Option<(&str, &str)> {
    let (tag, value) = word.strip_prefix(':')?.split_once(':')?;
    let digits = tag.len() >= 2 && tag.bytes().take(2).all(|b| b.is_ascii_digit());
    let option = tag.len() == 2 || tag.len() == 3 && tag.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    (digits && option).then_some((tag, value))
}

fn fields<'d>(doc: &'d Document<'_>) -> Vec<FieldAt<'d>> {
    let mut fields: Vec<FieldAt<'d>> = Vec::new();
    for (index, word) in doc.layout.words.iter().enumerate() {
        if let Some((tag, begins)) = tag_of(&word.text) {
            fields.push(FieldAt { tag, first: index, begins, rest: Vec::new() });
        } else if word.text.starts_with("-}") {
            break;
        } else if let Some(field) = fields.last_mut() {
            field.rest.push(index);
        }
    }
    fields
}

/// The claims of a transfer between banks; `None` where the words are no such message.
pub fn claims(doc: &Document<'_>) -> Option<Vec<Claim>> {
    let fields = fields(doc);
    let field = |wanted: &[&str]| fields.iter().find(|f| wanted.contains(&f.tag));
    let (reference, settled) = (field(&["20"])?, field(&["32A"])?);
    let (payer, payee) = (field(&["50A", "50F", "50K"]), field(&["59", "59A", "59F"])?);
    let (date, money) = value_date_and_amount(settled.begins)?;
    let own = |field: Field, value: ClaimValue, at: &FieldAt<'_>| doc.claim(field, value, &[at.first], SAID);
    let mut claims: Vec<Claim> = Vec::new();
    claims.extend(own(Field::Amount, ClaimValue::Money(money), settled));
    claims.extend(own(Field::Currency, ClaimValue::Currency(money.currency()), settled));
    claims.extend(own(Field::Date, ClaimValue::Date(date), settled));
    claims.extend(own(Field::Reference, ClaimValue::Text(reference.begins.to_owned()), reference));
    claims.extend(payer.and_then(|at| name(doc, Field::PayerName, at)));
    claims.extend(name(doc, Field::PayeeName, payee));
    if let Some(remittance) = field(&["70"]) {
        claims.extend(
            invoices(remittance.begins)
                .into_iter()
                .filter_map(|number| own(Field::InvoiceNumber, ClaimValue::Text(number.to_owned()), remittance)),
        );
    }
    Some(claims)
}

/// `260414CHF25640,5`: the day of value, the currency, and the amount with a comma before its decimals, of which none need follow.
fn value_date_and_amount(text: &str) -> Option<(Date, Money)> {
    let (day, rest) = text.split_at_checked(6)?;
    let (code, amount) = rest.split_at_checked(3)?;
    let part = |at: usize| day.get(at..at + 2)?.parse::<i16>().ok();
    let (year, month, day) = (part(0)?, part(2)?, part(4)?);
    let date = Date::new(2_000 + year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()?;
    let (whole, decimals) = amount.split_once(',')?;
    let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(decimals) {
        return None;
    }
    let decimal = if decimals.is_empty() { whole.to_owned() } else { format!("{whole}.{decimals}") };
    Some((date, Money::parse(&decimal, Currency::parse(code).ok()?).ok()?))
}

/// The first line of a party that is neither its account (`/CH93…`) nor its bank's code; option F numbers its lines, the name is `1/`.
fn name(doc: &Document<'_>, field: Field, at: &FieldAt<'_>) -> Option<Claim> {
    if at.tag.ends_with('A') {
        return None;
    }
    let line_of = |w: usize| doc.layout.words[w].line;
    let own_line = line_of(at.first);
    let on_own_line = !at.begins.is_empty() && !at.begins.starts_with('/');
    let line = if on_own_line { own_line } else { line_of(*at.rest.iter().find(|w| line_of(**w) != own_line)?) };
    let mut words: Vec<usize> = at.rest.iter().copied().filter(|&w| line_of(w) == line).collect();
    let mut text: Vec<&str> = words.iter().map(|&w| doc.layout.words[w].text.as_str()).collect();
    if on_own_line {
        words.insert(0, at.first);
        text.insert(0, at.begins);
    }
    let text = text.join(" ");
    let text = text.strip_prefix("1/").unwrap_or(&text);
    (!text.is_empty()).then(|| doc.claim(field, ClaimValue::Text(text.to_owned()), &words, SAID)).flatten()
}

/// `/INV/20260117/INV/20260122`: the code word before each number. Source: as above, field 70.
fn invoices(text: &str) -> Vec<&str> {
    let mut parts = text.split('/');
    let mut numbers = Vec::new();
    while let Some(part) = parts.next() {
        if part == "INV"
            && let Some(number) = parts.next().map(str::trim).filter(|number| !number.is_empty())
        {
            numbers.push(number);
        }
    }
    numbers
}

#[cfg(test)]
mod tests {
    use quittance_rules::evidence::Source;

    use super::super::grid::words_on_grid;
    use super::super::layout::Layout;
    use super::*;

    const MESSAGE: &str = "{1:F01AAAACHZZAXXX0000000000}{2:I103BBBBDEFFXXXXN}{4:\n:20:AL26104CH0088\n:23B:CRED\n:32A:260414CHF25640,5\n\
        :50K:/CH9300762011623852957\nROTHORN AG\nCH-3775 LENK\n:59:/DE89370400440532013000\nVAN HAASTERT METALL GMBH\nKOELN\n\
        :70:/INV/20260117/INV/20260122\n:71A:SHA\n-}";

    fn said(text: &str) -> Option<Vec<(Field, String)>> {
        let words = words_on_grid(text, Source::Mail);
        let doc = Document::of(Layout::of(&words));
        let shown = |value: ClaimValue| match value {
            ClaimValue::Money(money) => money.to_string(),
            ClaimValue::Currency(currency) => currency.code().to_owned(),
            ClaimValue::Date(date) => date.to_string(),
            ClaimValue::Text(text) => text,
            other => format!("{other:?}"),
        };
        claims(&doc).map(|claims| claims.into_iter().map(|claim| (claim.field, shown(claim.value))).collect())
    }

    #[test]
    fn the_fields_of_a_message_are_its_claims() {
        let expected = [
            (Field::Amount, "CHF 25640.50"),
            (Field::Currency, "CHF"),
            (Field::Date, "2026-04-14"),
            (Field::Reference, "AL26104CH0088"),
            (Field::PayerName, "ROTHORN AG"),
            (Field::PayeeName, "VAN HAASTERT METALL GMBH"),
            (Field::InvoiceNumber, "20260117"),
            (Field::InvoiceNumber, "20260122"),
        ];
        let found = said(MESSAGE).unwrap_or_default();
        assert_eq!(found.iter().map(|(field, text)| (*field, text.as_str())).collect::<Vec<_>>(), expected);
        let whole = said(&MESSAGE.replace("25640,5", "25640,")).unwrap_or_default();
        assert_eq!(whole[0].1, "CHF 25640.00");
    }

    #[test]
    fn what_only_looks_like_a_message_is_none() {
        for (from, to) in [
            (":32A:260414CHF25640,5", ":32A:261314CHF25640,5"),
            (":32A:260414CHF25640,5", ":32A:260414XXQ25640,5"),
            (":32A:260414CHF25640,5", ":32A:260414CHF25640.5"),
            (":32A:260414CHF25640,5", ":32A:260414CHF25640,555"),
            (":20:", ":21:"),
            (":59:", ":58A:"),
        ] {
            assert_eq!(said(&MESSAGE.replace(from, to)), None, "{to}");
        }
        assert_eq!(said("at 10:20:30 we paid 5,00"), None);
    }
}
