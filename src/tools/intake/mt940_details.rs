//! The `:86:` text of MT940: German sub-fields, slash codes (SWIFT, Dutch banks), labelled and fixed layouts, free text.
//!
//! Sources: DFÜ-Abkommen Anlage 3 (sub-fields `?00` to `?63`, business transaction codes, SEPA words), the MT940 format
//! descriptions of ABN AMRO, ING and Rabobank (slash codes). Words keep the characters the bank sent.

use super::text_fields::{account_number, folded, plain_decimal, telling};

/// What a `:86:` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Details {
    pub name: Option<String>,
    pub account: Option<String>,
    pub remittance: Option<String>,
    pub structured_reference: Option<String>,
    pub end_to_end_id: Option<String>,
    pub is_return: bool,
    /// Currency and plain decimal.
    pub charges: Option<(String, String)>,
    /// Currency and plain decimal.
    pub original: Option<(String, String)>,
}

impl Details {
    /// The second line of `:61:` may carry the original amount and charges: `/OCMT/USD1000,/CHGS/EUR5,/`.
    pub fn add_supplement(&mut self, supplement: &str) {
        let codes = slash_codes(supplement);
        self.original = self.original.take().or_else(|| find(&codes, "OCMT").and_then(amount_with_currency));
        self.charges = self.charges.take().or_else(|| find(&codes, "CHGS").and_then(amount_with_currency));
    }
}

/// Reads the lines of all `:86:` fields of one transaction.
pub(super) fn read_details(lines: &[String]) -> Details {
    // Polish banks send the transaction code in a field of its own, and again at the head of the next.
    let alone =
        lines.iter().take_while(|l| matches!(l.trim().len(), 1..=3) && l.trim().bytes().all(|b| b.is_ascii_digit())).count();
    let lines = if alone < lines.len() { lines.get(alone..).unwrap_or_default() } else { lines };
    let whole: String = lines.iter().map(String::as_str).collect();
    if let Some(details) = german(whole.trim_start()) {
        return details;
    }
    let text = unwrapped(lines);
    slash_coded(&text).or_else(|| labelled(&text)).or_else(|| abn_amro(lines, &text)).unwrap_or_else(|| {
        let first = lines.iter().map(|l| l.trim()).find(|l| !l.is_empty()).unwrap_or_default();
        Details {
            // Rabobank's word for a returned direct debit, on a line of its own.
            is_return: first.eq_ignore_ascii_case("terugboeking"),
            remittance: folded(&text),
            ..Details::default()
        }
    })
}

/// Joins lines that the bank broke at a fixed width without a space, others with one.
fn unwrapped(lines: &[String]) -> String {
    let width = lines.iter().map(|l| l.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    let mut before: Option<&String> = None;
    for line in lines {
        if let Some(before) = before {
            let broken = width >= 60 && before.chars().count() == width && !before.ends_with(' ');
            let begins_anew = LABELS.iter().any(|label| line.trim_start().starts_with(label));
            if !broken || begins_anew {
                text.push(' ');
            }
        }
        text.push_str(line);
        before = Some(line);
    }
    text
}

// --- German sub-fields -------------------------------------------------------------------------------------------

/// Width of a German purpose or name sub-field. A full one runs on into the next without a space.
const SUBFIELD_WIDTH: usize = 27;

/// Words that begin a part of the purpose. `true`: its text may run on over sub-fields that are not full.
const SEPA_WORDS: [(&str, bool); 17] = [
    ("EREF", false),
    ("KREF", false),
    ("MREF", false),
    ("BREF", false),
    ("RREF", false),
    ("PREF", false),
    ("CRED", false),
    ("DEBT", false),
    ("COAM", false),
    ("OAMT", false),
    ("PURP", false),
    ("IBAN", false),
    ("BIC", false),
    ("SVWZ", true),
    ("ABWA", true),
    ("ABWE", true),
    ("ANAM", true),
];

/// Business transaction codes of returns: direct debit, transfer, cheque and card, both sides.
const RETURN_CODES: [&str; 11] = ["009", "059", "108", "109", "110", "111", "159", "160", "181", "182", "184"];

fn german(text: &str) -> Option<Details> {
    // Some banks leave the business transaction code out.
    let code = text.get(..3).filter(|c| c.bytes().all(|b| b.is_ascii_digit())).unwrap_or_default();
    let rest = text[code.len()..].trim_start();
    let separator = rest
        .chars()
        .next()
        .filter(|c| (c.is_ascii_punctuation() && !"+-/.,:;()'\"&_{}".contains(*c)) || matches!(c, '\u{a7}' | '\u{a4}'))?;
    let subfields = subfields(rest, separator);
    if subfields.len() < if code.is_empty() { 2 } else { 1 }
        || !rest[separator.len_utf8()..].bytes().take(2).all(|b| b.is_ascii_digit())
    {
        return None;
    }
    let joined =
        |codes: std::ops::RangeInclusive<u8>| join_full(subfields.iter().filter(|(c, _)| codes.contains(c)).map(|(_, t)| *t));
    let posting_text = joined(0..=0);
    let purpose: Vec<&str> = subfields.iter().filter(|(c, _)| matches!(c, 20..=29 | 60..=69)).map(|(_, t)| *t).collect();
    let mut details = Details {
        name: folded(&joined(32..=33)),
        account: account_number(&joined(38..=38)).or_else(|| account_number(&joined(31..=31))),
        is_return: RETURN_CODES.contains(&code) || speaks_of_return(&posting_text),
        ..Details::default()
    };
    read_purpose(&purpose, &mut details);
    if details.remittance.is_none() {
        details.remittance = folded(&posting_text);
    }
    Some(details)
}

/// Splits `?20text?21text`. A separator without a sub-field number behind it is text.
fn subfields(text: &str, separator: char) -> Vec<(u8, &str)> {
    let mut starts = Vec::new();
    for (at, _) in text.match_indices(separator) {
        let number = text.get(at + separator.len_utf8()..at + separator.len_utf8() + 2);
        let number = number.filter(|n| n.bytes().all(|b| b.is_ascii_digit())).and_then(|n| n.parse::<u8>().ok());
        if let Some(number) = number.filter(|n| matches!(n, 0 | 10 | 20..=39 | 60..=79)) {
            starts.push((at, number));
        }
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]).collect::<Vec<_>>();
    starts
        .iter()
        .zip(ends)
        .map(|((at, number), end)| (*number, text.get(at + separator.len_utf8() + 2..end).unwrap_or_default()))
        .collect()
}

fn is_full(part: &str) -> bool {
    part.chars().count() >= SUBFIELD_WIDTH
}

fn join_full<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    let mut runs_on = true;
    for part in parts {
        if !runs_on {
            text.push(' ');
        }
        text.push_str(part);
        runs_on = is_full(part);
    }
    text
}

fn read_purpose(parts: &[&str], details: &mut Details) {
    // Word (empty: none) and its text so far.
    let mut segments: Vec<(&str, String)> = Vec::new();
    let mut runs_on = false;
    for part in parts {
        let words = sepa_words(part);
        let head = &part[..words.first().map_or(part.len(), |w| w.0)];
        if !head.is_empty() {
            match segments.last_mut() {
                Some((_, text)) if runs_on => text.push_str(head),
                Some((word, text)) if word.is_empty() || SEPA_WORDS.iter().any(|(w, long)| *long && w == word) => {
                    text.push(' ');
                    text.push_str(head);
                }
                _ => segments.push(("", head.to_owned())),
            }
        }
        for (index, (_, word, from)) in words.iter().enumerate() {
            let to = words.get(index + 1).map_or(part.len(), |next| next.0);
            segments.push((word, part.get(*from..to).unwrap_or_default().to_owned()));
        }
        runs_on = is_full(part);
    }
    let mut remittance = String::new();
    for (word, text) in &segments {
        match *word {
            "EREF" => details.end_to_end_id = details.end_to_end_id.take().or_else(|| telling(text)),
            "IBAN" => details.account = details.account.take().or_else(|| account_number(text)),
            "COAM" => details.charges = details.charges.take().or_else(|| amount_with_currency(text)),
            "OAMT" => details.original = details.original.take().or_else(|| amount_with_currency(text)),
            "" | "SVWZ" => {
                remittance.push(' ');
                remittance.push_str(text);
            }
            // The party behind the other party is worth reading, and has no field of its own.
            "ABWA" | "ABWE" => {
                remittance.push_str(&format!(" {word}+{text}"));
            }
            _ => {}
        }
    }
    details.remittance = folded(&remittance);
}

/// Where words stand in a sub-field: start, word, start of its text.
fn sepa_words(part: &str) -> Vec<(usize, &'static str, usize)> {
    let mut found = Vec::new();
    for (at, _) in part.char_indices() {
        if at > 0 && !part[..at].ends_with(' ') {
            continue;
        }
        for (word, _) in SEPA_WORDS {
            if let Some(rest) = part[at..].strip_prefix(word)
                && rest.starts_with(['+', ':'])
            {
                found.push((at, word, at + word.len() + 1));
            }
        }
    }
    found
}

/// A bank's own words for a return, in the name it gives the transaction (never in what a payer wrote).
fn speaks_of_return(posting_text: &str) -> bool {
    let upper = posting_text.to_uppercase();
    [
        "RETOUR",
        "RUECKL",
        "RÜCKL",
        "RUECKGABE",
        "RÜCKGABE",
        "RUECKBEL",
        "RÜCKBEL",
        "RUECKUEB",
        "RÜCKÜB",
        "STORNO",
        "REJECT",
        "TERUGBOEKING",
        "RETURN",
        "REVERSAL",
    ]
    .iter()
    .any(|word| upper.contains(word))
}

// --- Slash codes -------------------------------------------------------------------------------------------------

const SLASH_CODES: [&str; 47] = [
    "TRTP",
    "IBAN",
    "BIC",
    "NAME",
    "REMI",
    "EREF",
    "KREF",
    "PREF",
    "MREF",
    "IREF",
    "RREF",
    "CREF",
    "OREF",
    "MARF",
    "CSID",
    "ORDP",
    "BENM",
    "ADDR",
    "ISDT",
    "TRCD",
    "ULTC",
    "ULTD",
    "ULTB",
    "PURP",
    "RTRN",
    "BUSP",
    "SVCL",
    "CNTP",
    "ACCW",
    "SWOC",
    "SWOD",
    "NRTX",
    "TRAN",
    "OCMT",
    "CHGS",
    "EXCH",
    "CHGT",
    "CDTRREF",
    "CDTRREFTP",
    "ORDB",
    "BENB",
    "ACSI",
    "CRED",
    "DEBT",
    "BO",
    "BI",
    "TYPE",
];

/// `/CODE/value` pairs; a value ends where the next known code begins.
fn slash_codes(text: &str) -> Vec<(&str, &str)> {
    let mut starts: Vec<(usize, &str)> = Vec::new();
    for (at, _) in text.match_indices('/') {
        let Some((code, _)) = text[at + 1..].split_once('/') else { break };
        if SLASH_CODES.contains(&code) {
            starts.push((at, code));
        }
    }
    let ends = starts.iter().skip(1).map(|(at, _)| *at).chain([text.len()]).collect::<Vec<_>>();
    starts
        .iter()
        .zip(ends)
        .map(|((at, code), end)| (*code, text.get(at + code.len() + 2..end).unwrap_or_default().trim_end_matches('/')))
        .collect()
}

fn find<'a>(codes: &[(&str, &'a str)], code: &str) -> Option<&'a str> {
    codes.iter().find(|(c, v)| *c == code && !v.trim().is_empty()).map(|(_, v)| *v)
}

fn slash_coded(text: &str) -> Option<Details> {
    let text = text.trim();
    let codes = slash_codes(text);
    let head = &text[..codes.first().and_then(|(code, _)| text.find(&format!("/{code}/"))).unwrap_or(text.len())];
    if codes.is_empty() || (!head.is_empty() && codes.len() < 2) {
        return None;
    }
    // ING: account, BIC, name and city of the other party in one value.
    let counterparty: Vec<&str> = find(&codes, "CNTP").map(|v| v.split('/').collect()).unwrap_or_default();
    let party = find(&codes, "ORDP").or_else(|| find(&codes, "BENM"));
    let mut details = Details {
        name: find(&codes, "NAME")
            .and_then(folded)
            .or_else(|| counterparty.get(2).and_then(|n| folded(n)))
            .or_else(|| party.and_then(folded)),
        account: find(&codes, "IBAN")
            .and_then(account_number)
            .or_else(|| counterparty.first().and_then(|a| account_number(a)))
            .or_else(|| find(&codes, "ACCW").and_then(|v| account_number(v.split(',').next().unwrap_or_default()))),
        end_to_end_id: find(&codes, "EREF").and_then(telling),
        is_return: codes.iter().any(|(c, _)| *c == "RTRN") || find(&codes, "TRTP").is_some_and(speaks_of_return),
        charges: find(&codes, "CHGS").and_then(amount_with_currency),
        original: find(&codes, "OCMT").and_then(amount_with_currency),
        structured_reference: find(&codes, "CDTRREF").and_then(telling),
        ..Details::default()
    };
    let mut remittance = head.to_owned();
    for value in codes.iter().filter(|(c, _)| *c == "REMI").map(|(_, v)| *v) {
        if let Some(reference) = value.strip_prefix("STRD/") {
            // `CUR` (Dutch payment reference), `ISO` (creditor reference) or the bank's own word, then the reference.
            let reference = reference.rsplit('/').next().unwrap_or_default();
            details.structured_reference = details.structured_reference.take().or_else(|| telling(reference));
        } else {
            remittance.push(' ');
            remittance.push_str(value.strip_prefix("USTD/").unwrap_or(value).trim_start_matches('/'));
        }
    }
    if let Some(reason) = find(&codes, "RTRN") {
        remittance.push_str(&format!(" /RTRN/{reason}"));
    }
    details.remittance = folded(&remittance).or_else(|| find(&codes, "TRTP").and_then(folded));
    Some(details)
}

/// `EUR12,34` or `EUR 12,34`.
fn amount_with_currency(text: &str) -> Option<(String, String)> {
    let text = text.trim();
    let code = text.get(..3).filter(|c| c.bytes().all(|b| b.is_ascii_uppercase()))?;
    let amount: String = text[3..].trim_start().chars().take_while(|c| c.is_ascii_digit() || matches!(c, ',' | '.')).collect();
    Some((code.to_owned(), plain_decimal(&amount)?))
}

// --- Labels and fixed layouts --------------------------------------------------------------------------------------

const LABELS: [&str; 15] = [
    "REK:",
    "IBAN:",
    "BIC:",
    "NAAM:",
    "OMSCHRIJVING:",
    "OMSCHR:",
    "KENMERK:",
    "MACHTIGING:",
    "INCASSANT:",
    "AUFTRAGGEBER:",
    "MITTEILUNGEN:",
    "MITTEILUNG:",
    "VALUTADATUM:",
    "REFERENZEN:",
    "ADRES:",
];

/// ABN AMRO (`IBAN: … NAAM: … OMSCHRIJVING: …`), Knab (`REK: …/NAAM: …`), PostFinance (`AUFTRAGGEBER: … MITTEILUNGEN: …`).
/// Account and name must both be labelled: a payer may well write `IBAN:` into a free text.
fn labelled(text: &str) -> Option<Details> {
    let mut starts: Vec<(usize, &str)> = LABELS
        .iter()
        .flat_map(|label| text.match_indices(label))
        .filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric))
        .collect();
    starts.sort_unstable();
    let value = |wanted: &[&str]| {
        let index = starts.iter().position(|(_, label)| wanted.contains(label))?;
        let (at, label) = starts[index];
        let end = starts.get(index + 1).map_or(text.len(), |next| next.0);
        folded(text[at + label.len()..end].trim_end_matches(['/', ' ']))
    };
    let orderer = value(&["AUFTRAGGEBER:"]);
    let account = value(&["REK:", "IBAN:"]);
    let name = value(&["NAAM:"]);
    if orderer.is_none() && (account.is_none() || name.is_none()) {
        return None;
    }
    let head = &text[..starts.first().map_or(text.len(), |s| s.0)];
    Some(Details {
        name: name.or(orderer),
        account: account.as_deref().and_then(account_number),
        remittance: value(&["OMSCHRIJVING:", "OMSCHR:", "MITTEILUNGEN:", "MITTEILUNG:"]).or_else(|| folded(head)),
        end_to_end_id: value(&["KENMERK:"]).as_deref().and_then(telling),
        is_return: speaks_of_return(head),
        ..Details::default()
    })
}

/// ABN AMRO before SEPA, in columns of 33 characters: giro transfers, card payments, transfers between banks.
fn abn_amro(lines: &[String], text: &str) -> Option<Details> {
    let first = lines.first()?.as_str();
    if (first.starts_with("BEA") || first.starts_with("GEA")) && first.contains(",PAS") {
        let shop = &first[..first.find(",PAS")?];
        // `BEA   NR:XXX1234   21.05.11/12.54 SHOP` or `BEA, Betaalpas   SHOP`
        let name = match shop.rfind('/') {
            Some(slash) if shop[..slash].ends_with(|c: char| c.is_ascii_digit()) && shop.get(slash + 6..).is_some() => {
                shop.get(slash + 6..)
            }
            _ => shop.split_once("   ").map(|(_, name)| name),
        };
        return Some(Details { name: name.and_then(folded), remittance: folded(text), ..Details::default() });
    }
    let column_end = first.char_indices().nth(33).map_or(first.len(), |(at, _)| at);
    if let Some(rest) = first[..column_end].strip_prefix("GIRO ") {
        let (account, name) = rest.trim_start().split_once(' ')?;
        if !account.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let remittance = text.get(column_end..).unwrap_or_default();
        return Some(Details {
            name: folded(name),
            account: account_number(account),
            remittance: folded(remittance),
            ..Details::default()
        });
    }
    let (account, name) = first.split_once("  ")?;
    let digits: String = account.chars().filter(char::is_ascii_digit).collect();
    let dotted = account.bytes().filter(|&b| b == b'.').count() == 3 && account.len() == digits.len() + 3;
    if !dotted || !(9..=10).contains(&digits.len()) {
        return None;
    }
    let rest = lines[1..].join(" ");
    Some(Details {
        name: folded(name),
        account: Some(digits),
        remittance: folded(&rest).or_else(|| folded(text)),
        ..Details::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details(text: &str) -> Details {
        read_details(&text.split('\n').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn layouts_of_many_banks() {
        // text; name, account, remittance, structured reference, end-to-end id, return
        type Row = (&'static str, [Option<&'static str>; 5], bool);
        let rows: &[Row] = &[
            (
                "166?00GUTSCHRIFT?100399?20EREF+EndToEndId TFNR 22 004?21 00001?22\nSVWZ+Verw CTSc-01 BC-PPP TF?23Nr 22 004?30DRESDEFF508?31DE1450880\n0500194785000?32KARL?33        KAUFMANN",
                [
                    Some("KARL KAUFMANN"),
                    Some("DE14508800500194785000"),
                    Some("Verw CTSc-01 BC-PPP TFNr 22 004"),
                    None,
                    Some("EndToEndId TFNR 22 004 00001"),
                ],
                false,
            ),
            (
                "159?00RETOURE?100399?20EREF+TFNR 40005 00005?21MTLG:Grund nicht s\npezifizie?22rt Reject aus SEPA-Ueberwei?23sungsauftrag?34914",
                [
                    None,
                    None,
                    Some("MTLG:Grund nicht spezifiziert Reject aus SEPA-Ueberweisungsauftrag"),
                    None,
                    Some("TFNR 40005 00005"),
                ],
                true,
            ),
            (
                "171~00SEPA LASTSCHRIFT~20EREF+NOTPROVIDED MREF+M1 SVWZ+Müller & Söhne RG 2026_4471~32Müller GmbH & Co. KG~31DE02120300000000202051",
                [Some("Müller GmbH & Co. KG"), Some("DE02120300000000202051"), Some("Müller & Söhne RG 2026_4471"), None, None],
                false,
            ),
            (
                "109<00SEPA-LS RUECKBELASTUNG<20EREF+A1<21SVWZ+RETURN/REFUND<32X",
                [Some("X"), None, Some("RETURN/REFUND"), None, Some("A1")],
                true,
            ),
            (
                "/EREF/01-01-2013 12:00 0030000987654321/BENM//NAME/CONTRA ACCOUN\nT HOLDER/REMI//ISDT/2013-07-11",
                [Some("CONTRA ACCOUNT HOLDER"), None, None, None, Some("01-01-2013 12:00 0030000987654321")],
                false,
            ),
            (
                "/TRTP/SEPA OVERBOEKING/IBAN/NL91ABNA0417164300/BIC/ABNANL2A/NAME/J. Jansen & Zn/REMI/Factuur 2026/114/EREF/NOTPROVIDED",
                [Some("J. Jansen & Zn"), Some("NL91ABNA0417164300"), Some("Factuur 2026/114"), None, None],
                false,
            ),
            (
                "/EREF/E1//CNTP/NL91ABNA0417164300/ABNANL2A/ACME BV/UTRECHT//REMI/USTD//INV-9/",
                [Some("ACME BV"), Some("NL91ABNA0417164300"), Some("INV-9"), None, Some("E1")],
                false,
            ),
            (
                "/RTRN/MS03//EREF/E2//CNTP/NL91ABNA0417164300/ABNANL2A/ACME BV///REMI/STRD/CUR/9876543210123456/",
                [Some("ACME BV"), Some("NL91ABNA0417164300"), Some("/RTRN/MS03"), Some("9876543210123456"), Some("E2")],
                true,
            ),
            (
                "FACTUUR 201403110, 201403113\nREK: NL65INGB0123456789/NAAM: PICQER",
                [Some("PICQER"), Some("NL65INGB0123456789"), Some("FACTUUR 201403110, 201403113"), None, None],
                false,
            ),
            (
                "SEPA OVERBOEKING                 IBAN: NL91ABNA0417164300        \nBIC: ABNANL2A                    NAAM: J JANSEN                  \nOMSCHRIJVING: FACT 77            KENMERK: K-1",
                [Some("J JANSEN"), Some("NL91ABNA0417164300"), Some("FACT 77"), None, Some("K-1")],
                false,
            ),
            (
                "Please pay to IBAN: DE02120300000000202051",
                [None, None, Some("Please pay to IBAN: DE02120300000000202051"), None, None],
                false,
            ),
            (
                "GIRO   428428 KPN - DIGITENNE    BETREFT FACTUUR",
                [Some("KPN - DIGITENNE"), Some("428428"), Some("BETREFT FACTUUR"), None, None],
                false,
            ),
            (
                "BEA   NR:XXX1234   21.05.11/12.54 DIRCKIII FIL2500 KATWIJK,PAS999",
                [
                    Some("DIRCKIII FIL2500 KATWIJK"),
                    None,
                    Some("BEA NR:XXX1234 21.05.11/12.54 DIRCKIII FIL2500 KATWIJK,PAS999"),
                    None,
                    None,
                ],
                false,
            ),
            (
                "52.89.39.882                    MYCOM DEN HAAG",
                [Some("MYCOM DEN HAAG"), Some("528939882"), Some("52.89.39.882 MYCOM DEN HAAG"), None, None],
                false,
            ),
            ("Terugboeking    \nNIET AKKOORD", [None, None, Some("Terugboeking NIET AKKOORD"), None, None], true),
            (
                "<00PRZELEW<20FAKTURA 17/26<32JAN KOWALSKI<38PL61109010140000071219812874",
                [Some("JAN KOWALSKI"), Some("PL61109010140000071219812874"), Some("FAKTURA 17/26"), None, None],
                false,
            ),
            ("?20 percent off?", [None, None, Some("?20 percent off?"), None, None], false),
            ("Return of goods, invoice 7", [None, None, Some("Return of goods, invoice 7"), None, None], false),
            ("999PN5477SCHECK-NR. 00000", [None, None, Some("999PN5477SCHECK-NR. 00000"), None, None], false),
            ("", [None, None, None, None, None], false),
            ("091", [None, None, Some("091"), None, None], false),
        ];
        for (text, expected, is_return) in rows {
            let found = details(text);
            let fields = [&found.name, &found.account, &found.remittance, &found.structured_reference, &found.end_to_end_id]
                .map(|f| f.as_deref());
            assert_eq!((&fields, found.is_return), (expected, *is_return), "{text}");
        }
    }

    #[test]
    fn charges_and_original_amounts() {
        let mut found = details("free text");
        found.add_supplement("/OCMT/USD1234,5/CHGS/EUR5,/");
        assert_eq!(found.original, Some(("USD".to_owned(), "1234.5".to_owned())));
        assert_eq!(found.charges, Some(("EUR".to_owned(), "5".to_owned())));
        let german = details("109?00RUECKLASTSCHRIFT?20EREF+1?21OAMT+EUR 100,00?22COAM+EUR 3,50");
        assert_eq!(german.charges, Some(("EUR".to_owned(), "3.50".to_owned())));
    }
}
