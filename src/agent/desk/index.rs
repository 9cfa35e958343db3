//! What a case looks like in the index of the queue: its words, its places in the orders, its group.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use quittance_rules::cases::{Case, CaseState, Subject};
use quittance_rules::evidence::{ClaimValue, Field, Reading};
use quittance_rules::exceptions::Severity;
use quittance_rules::journal::BankLine;
use quittance_rules::ledger::Purpose;
use quittance_rules::money::Money;
use quittance_rules::names::fold_name;
use quittance_rules::policy::Policy;
use quittance_rules::records::{Customer, ItemId, OpenItem};

use super::ports::{CaseRow, Indexed};

/// Words kept of one case; a text with more is cut, its beginning counts.
const TERMS_MAX: usize = 160;
/// Letters and digits of one word.
const TERM_MAX: usize = 40;

/// What stands around a case.
#[derive(Debug, Default)]
pub struct Around<'a> {
    /// The bank line of a payment or return.
    pub line: Option<&'a BankLine>,
    /// The items its candidates name, and the item it is about.
    pub items: Vec<&'a OpenItem>,
    /// The customers of these.
    pub customers: Vec<&'a Customer>,
    /// The name of the file it is about.
    pub file: Option<&'a str>,
    /// What was read in it.
    pub reading: Option<&'a Reading>,
}

/// Letters and digits in lower case without accents: how words are compared, however they are separated or written.
pub fn fold_word(word: &str) -> String {
    let plain: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
    let folded = deunicode::deunicode(&plain);
    folded.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).take(TERM_MAX).collect()
}

/// The words of a search, folded; at most eight, longest first. Empty for a text without letters and digits.
pub fn search_terms(text: &str) -> Vec<String> {
    let words: Vec<String> = text.split_whitespace().map(fold_word).filter(|term| !term.is_empty()).collect();
    let mut terms: Vec<String> = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let groups = account_groups(&words[at..]);
        terms.push(if groups > 1 { words[at..at.saturating_add(groups)].concat() } else { word.clone() });
        at = at.saturating_add(groups.max(1));
    }
    terms.sort_by_key(|term| (std::cmp::Reverse(term.len()), term.clone()));
    terms.dedup();
    terms.truncate(8);
    terms
}

/// Of how many words an account number in groups of four consists that begins with the first of them, as banks print an IBAN: `DE85 2999
/// 0001 …`. 0 where there is none.
fn account_groups(words: &[String]) -> usize {
    let is_head = words.first().is_some_and(|word| {
        matches!(word.as_bytes(), [a, b, c, d] if a.is_ascii_lowercase() && b.is_ascii_lowercase() && c.is_ascii_digit() && d.is_ascii_digit())
    });
    if !is_head {
        return 0;
    }
    // The last group may be shorter.
    let full = words.iter().take_while(|word| word.len() == 4).count();
    let rest = words.get(full).is_some_and(|word| word.len() < 4 && word.bytes().all(|b| b.is_ascii_digit()));
    let groups = full.saturating_add(usize::from(rest));
    if groups >= 3 { groups } else { 0 }
}

/// The folded words of a text: each word whole, its runs between separators, and a word joined with the number after it
/// (`INV 2041` is found by `inv-2041`).
fn words_of(text: &str, out: &mut BTreeSet<String>) {
    let mut before = String::new();
    for word in text.split_whitespace() {
        let whole = fold_word(word);
        if whole.is_empty() {
            continue;
        }
        if word.chars().any(|c| !c.is_alphanumeric()) {
            for part in word.split(|c: char| !c.is_alphanumeric()) {
                let part = fold_word(part);
                if part.len() > 1 {
                    out.insert(part);
                }
            }
        }
        let starts_with_digit = whole.starts_with(|c: char| c.is_ascii_digit());
        if starts_with_digit && !before.is_empty() && before.len() <= 8 && before.chars().all(|c| c.is_ascii_alphabetic()) {
            out.insert(fold_word(&format!("{before}{whole}")));
        }
        out.insert(whole.clone());
        before = whole;
    }
    let words: Vec<String> = text.split_whitespace().map(fold_word).filter(|word| !word.is_empty()).collect();
    for at in 0..words.len() {
        let groups = account_groups(&words[at..]);
        if groups > 0 {
            out.insert(fold_word(&words[at..at.saturating_add(groups)].concat()));
        }
    }
}

/// An amount as people type it: `1180.00`, `1,180.00` and `118000` are one word; so is `1180`, by its beginning.
fn amount_words(amount: Money, out: &mut BTreeSet<String>) {
    out.insert(fold_word(&amount.amount()));
}

/// Everything a case is found by.
fn terms(case: &Case, around: &Around<'_>) -> Vec<String> {
    let mut words = BTreeSet::new();
    let mut add = |text: &str| words_of(text, &mut words);
    add(&case.id.to_string());
    if let Some(line) = around.line {
        let booked = &line.line;
        let texts = [
            &booked.counterparty_name,
            &booked.counterparty_account,
            &booked.structured_reference,
            &booked.end_to_end_id,
            &booked.bank_reference,
            &booked.remittance,
        ];
        for text in texts.into_iter().flatten() {
            add(text);
        }
        add(line.payment.as_str());
    }
    for item in &around.items {
        add(&item.number);
        add(item.id.as_str());
    }
    for customer in &around.customers {
        add(&customer.name);
        add(customer.id.as_str());
    }
    if let Some(file) = around.file {
        add(file);
    }
    if let Subject::Evidence(digest) | Subject::Input(digest) = &case.subject {
        add(digest.0.get(..12).unwrap_or(&digest.0));
    }
    add(&case.headline);
    for amount in case.amount.into_iter().chain(around.items.iter().map(|item| item.amount)) {
        amount_words(amount, &mut words);
    }
    for claim in around.reading.into_iter().flat_map(|reading| &reading.claims) {
        match &claim.value {
            ClaimValue::Money(amount) => amount_words(*amount, &mut words),
            ClaimValue::BareAmount(text) | ClaimValue::Text(text) => words_of(text, &mut words),
            ClaimValue::Currency(_) | ClaimValue::Date(_) | ClaimValue::Time(_) => {}
        }
    }
    words.into_iter().take(TERMS_MAX).collect()
}

/// The amount as a share of what the owner calls a high value in its currency, in millionths: the one measure the policy has
/// by which amounts of different currencies can be put in an order without an exchange rate. Without a limit for the currency,
/// ten thousand whole units count as one.
pub fn risk(amount: Option<Money>, policy: &Policy) -> i64 {
    let Some(amount) = amount else { return 0 };
    let limit = policy.gate.high_value_limit(amount.currency()).ok().flatten().filter(|limit| limit.is_positive());
    let limit =
        limit.map_or_else(|| 10_i128.pow(amount.currency().exponent().saturating_add(4)), |limit| i128::from(limit.minor()));
    let share = i128::from(amount.minor()).abs().saturating_mul(1_000_000).checked_div(limit.max(1)).unwrap_or(0);
    i64::try_from(share).unwrap_or(i64::MAX)
}

/// Money at risk that a minute of a person is expected to settle: the share above, times the chance that the best answer is
/// right, over the minutes such a case takes (half a minute with one candidate, one and a half with several, four with none,
/// where one case in five is settled on sight). These are estimates; they order the list and decide nothing.
pub fn rate(case: &Case, risk: i64) -> i64 {
    let best = case.candidates.iter().map(|candidate| candidate.confidence.millionths()).max();
    let (chance, tenths) = match (best, case.candidates.len()) {
        (Some(best), 1) => (best, 5_i128),
        (Some(best), _) => (best, 15),
        (None, _) => (200_000, 40),
    };
    let rate = i128::from(risk).saturating_mul(i128::from(chance)).checked_div(tenths.saturating_mul(100_000)).unwrap_or(0);
    i64::try_from(rate).unwrap_or(i64::MAX)
}

/// One line of the index.
pub fn index(case: &Case, around: &Around<'_>, policy: &Policy) -> Indexed {
    let by_id: BTreeMap<&ItemId, &OpenItem> = around.items.iter().map(|item| (&item.id, *item)).collect();
    let best = case.candidates.iter().min_by_key(|candidate| candidate.rank);
    let customer = best
        .into_iter()
        .flat_map(|candidate| &candidate.entries)
        .find_map(|entry| {
            let owner = entry.item.as_ref().and_then(|item| by_id.get(item)).map(|item| item.customer.clone());
            owner.or_else(|| entry.customer.clone())
        })
        .or_else(|| match &case.subject {
            Subject::Item(item) => by_id.get(item).map(|item| item.customer.clone()),
            Subject::Payment(_) | Subject::Return(_) | Subject::Evidence(_) | Subject::Input(_) => None,
        });
    let customer_name = customer.as_ref().and_then(|id| around.customers.iter().find(|c| c.id == *id)).map(|c| c.name.clone());
    let payer = around.line.and_then(|line| line.line.counterparty_name.clone()).filter(|name| !name.trim().is_empty());
    let party = payer.or_else(|| customer_name.clone()).or_else(|| around.file.map(str::to_owned));
    let (owner, snoozed_until) = match &case.state {
        CaseState::Assigned { to } => (Some(to.clone()), None),
        CaseState::Snoozed { until, owner } => (owner.clone(), Some(*until)),
        CaseState::Open | CaseState::Resolved { .. } => (None, None),
    };
    let hours = i64::from(policy.desk.due_hours(case.kind.severity()));
    let due_at = case.opened_at.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(case.opened_at);
    let risk = risk(case.amount, policy);
    Indexed {
        pending: case.state.is_pending(),
        risk_order: risk.saturating_neg(),
        rate_order: rate(case, risk).saturating_neg(),
        terms: terms(case, around),
        row: CaseRow {
            id: case.id,
            version: case.version,
            entity: case.entity.clone(),
            kind: case.kind,
            severity: case.kind.severity(),
            state: case.state.name().to_owned(),
            owner,
            snoozed_until,
            amount: case.amount,
            opened_at: case.opened_at,
            due_at,
            group: group_key(case, customer.as_ref().map(|id| id.as_str()), party.as_deref()),
            customer,
            party,
            headline: case.headline.clone(),
            candidates: u32::try_from(case.candidates.len()).unwrap_or(u32::MAX),
            confidence: best.map_or(0, |candidate| candidate.confidence.millionths()),
        },
    }
}

/// Cases of one kind, one customer (or payer) and one shape of the best answer may have one answer in common.
fn group_key(case: &Case, customer: Option<&str>, party: Option<&str>) -> String {
    let who = match (customer, party) {
        (Some(customer), _) => format!("c:{customer}"),
        (None, Some(party)) => format!("p:{}", fold_name(party).core.chars().take(60).collect::<String>()),
        (None, None) => "-".to_owned(),
    };
    let mut shape: Vec<String> = Vec::new();
    if let Some(best) = case.candidates.iter().min_by_key(|candidate| candidate.rank) {
        let items: BTreeSet<&ItemId> = best.entries.iter().filter_map(|entry| entry.item.as_ref()).collect();
        let purposes: BTreeSet<&str> = best.entries.iter().map(|entry| entry.purpose.name()).collect();
        shape.extend(purposes.into_iter().map(str::to_owned));
        if items.len() > 1 {
            shape.push("several".to_owned());
        }
        let entries_take_part = best.entries.iter().any(|entry| entry.purpose == Purpose::Allocation);
        if !entries_take_part {
            shape.push("no item".to_owned());
        }
    }
    format!("{}|{who}|{}", case.kind, shape.join("+"))
}

/// The place of a severity in the database.
pub fn severity_number(severity: Severity) -> i64 {
    match severity {
        Severity::Low => 0,
        Severity::Normal => 1,
        Severity::High => 2,
        Severity::Urgent => 3,
    }
}

/// What evidence is found by from a payment: the claimed amount, the claimed date, and its numbers and references in capitals.
pub fn evidence_keys(reading: &Reading) -> (Option<Money>, Option<jiff::civil::Date>, Vec<String>) {
    let claimed = reading.claims.iter().filter(|claim| matches!(claim.field, Field::InvoiceNumber | Field::Reference));
    let texts = claimed.filter_map(|claim| match &claim.value {
        ClaimValue::Text(text) => Some(text.as_str()),
        ClaimValue::Money(_)
        | ClaimValue::BareAmount(_)
        | ClaimValue::Currency(_)
        | ClaimValue::Date(_)
        | ClaimValue::Time(_) => None,
    });
    let rows = reading.remittance_lines.iter().map(|row| row.invoice_number.as_str());
    let numbers: BTreeSet<String> =
        texts.chain(rows).map(crate::evidence::plain).filter(|number| number.len() >= 4).take(200).collect();
    (crate::evidence::claimed_amount(reading), crate::evidence::claimed_date(reading), numbers.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_as_people_type_them() {
        // what stands on the case, what is typed, found
        for (text, typed, found) in [
            ("Rechnung INV-2041 vielen Dank", "inv-2041", true),
            ("Rechnung INV-2041 vielen Dank", "2041", true),
            ("Rechnung INV 2041 vielen Dank", "INV2041", true),
            ("Müller & Söhne GmbH", "muller sohne", true),
            ("Müller & Söhne GmbH", "MÜLL", true),
            ("ООО Ромашка", "ромашка", true),
            ("DE02 1203 0000 0000 2020 51", "1203", true),
            ("DE02 1203 0000 0000 2020 51", "DE02 1203 0000 0000 2020 51", true),
            ("DE02 1203 0000 0000 2020 51", "DE02120300000000202051", true),
            ("DE02120300000000202051", "DE02 1203 0000 0000 2020 51", true),
            ("DE02120300000000202051", "de02 1203 0000", true),
            ("DE02120300000000202051", "DE02 1203 0000 0000 2020 52", false),
            ("Rechnung INV-2041", "041", false),
            ("Rechnung", "rechnungen", false),
            ("株式会社 山田", "山田", true),
        ] {
            let mut words = BTreeSet::new();
            words_of(text, &mut words);
            let all = search_terms(typed).iter().all(|term| words.iter().any(|word| word.starts_with(term.as_str())));
            assert_eq!(all, found, "{text}: {typed}: {words:?}");
        }
        let mut words = BTreeSet::new();
        amount_words(Money::new(118_000, quittance_rules::money::Currency::EUR), &mut words);
        for typed in ["1180.00", "1,180.00", "1.180,00", "1180", "118000"] {
            assert!(words.iter().any(|word| word.starts_with(&search_terms(typed)[0])), "{typed}");
        }
    }

    #[test]
    fn odd_searches_find_nothing_and_break_nothing() {
        for typed in ["", "  ", "%_", "'; --", "\u{0}", "…", "🙂"] {
            let _ = search_terms(typed);
        }
        assert!(search_terms("% _ '").is_empty());
        assert_eq!(search_terms(&"x".repeat(1_000))[0].len(), TERM_MAX);
    }
}
