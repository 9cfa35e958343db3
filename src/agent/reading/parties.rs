//! Who paid whom, from which account to which, through which bank and by what means.

use std::sync::LazyLock;

use quittance_rules::evidence::{Claim, ClaimValue, EvidenceKind, Field};

use super::document::{Document, Relation};
use super::labels::{Label, Role};
use super::lexicon::{Lexicon, fold};
use super::scan::{trimmed, value_part};

static BANKS: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(include_str!("lexicon/banks.txt")));

/// Claims about names, accounts, bank and method.
pub fn party_claims(doc: &Document<'_>, kind: EvidenceKind, amount: Option<&Claim>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for label in &doc.labels {
        let field = match label.role {
            Role::Payer => Field::PayerName,
            Role::Payee => Field::PayeeName,
            Role::Seller => Field::SellerName,
            Role::Buyer if matches!(kind, EvidenceKind::Invoice | EvidenceKind::CreditNote) => Field::BuyerName,
            Role::Name => match side_of(doc, label) {
                Some(Role::Payer) => Field::PayerName,
                Some(Role::Payee) => Field::PayeeName,
                _ => continue,
            },
            _ => continue,
        };
        claims.extend(name_claim(doc, label, field));
    }
    claims.extend(account_claims(doc, kind));
    claims.extend(bank_and_method(doc));
    claims.extend(in_sentence(doc, &claims));
    claims.extend(under_the_amount(doc, &claims, amount));
    if matches!(kind, EvidenceKind::Invoice | EvidenceKind::CreditNote) && !claims.iter().any(|c| c.field == Field::SellerName) {
        claims.extend(by_legal_form(doc));
    }
    let mut kept: Vec<Claim> = Vec::new();
    for claim in claims {
        if !kept.iter().any(|k| k.field == claim.field && (k.value == claim.value || k.region == claim.region)) {
            kept.push(claim);
        }
    }
    kept
}

/// Small words announce a party only where they stand as a label, or before a name at the start of a line.
fn announces(doc: &Document<'_>, label: &Label, value: &[usize]) -> bool {
    if label.stands_alone() {
        return true;
    }
    let capital = value.first().is_some_and(|&w| doc.layout.words[w].text.chars().next().is_some_and(char::is_uppercase));
    label.at_start && capital && (label.phrase.len() > 3 || label.from == 0 && value.len() <= 5)
}

fn name_claim(doc: &Document<'_>, label: &Label, field: Field) -> Option<Claim> {
    let (words, relation) = doc.value_of(label, |words| name_in(doc, words))?;
    if !announces(doc, label, &words) {
        return None;
    }
    let near = match relation {
        Relation::Same => 0.92,
        Relation::Row => 0.9,
        _ => 0.85,
    };
    doc.claim(field, ClaimValue::Text(name_text(doc, &words)), &words, near)
}

fn name_text(doc: &Document<'_>, words: &[usize]) -> String {
    let text = words.iter().map(|&w| value_part(&doc.layout, w)).collect::<Vec<_>>().join(" ");
    text.trim_matches(|c: char| matches!(c, ',' | ';' | ':' | '-' | '|' | '"' | '“' | '”' | '(' | ')' | ' ')).to_owned()
}

/// A name at the head of some words: up to an account, a number, a comma-less end. `None` when it is a bank, a sentence or not legible.
fn name_in(doc: &Document<'_>, words: &[usize]) -> Option<Vec<usize>> {
    let mut name: Vec<usize> = Vec::new();
    for &word in words {
        let text = value_part(&doc.layout, word);
        let bare = trimmed(text);
        if name.is_empty() && !bare.chars().any(char::is_alphanumeric) {
            continue;
        }
        let account = bare.chars().filter(|c| matches!(c, '*' | '•')).count() >= 2 || doc.shaped[word];
        let digits = bare.chars().filter(char::is_ascii_digit).count();
        if account || digits >= 4 || bare.contains('@') || bare.contains("://") || matches!(bare, "-" | "–" | "|" | "·" | "/")
        {
            break;
        }
        name.push(word);
        if text.ends_with([';', '|'])
            || (text.ends_with('.') && text.chars().count() > 6 && !text.trim_end_matches('.').contains('.'))
        {
            break;
        }
    }
    let text = name_text(doc, &name);
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let lower_case = name.iter().filter(|&&w| doc.layout.words[w].text.chars().next().is_some_and(char::is_lowercase)).count();
    let sentence = name.len() > 9 || (name.len() > 3 && lower_case.saturating_mul(2) > name.len());
    let illegible = text.contains(['\u{fffd}', '#', '=', '<', '>', '{', '}']) || letters < 2;
    let folded = fold(&text);
    let no_name = [
        "null", "na", "none", "noname", "unknown", "date", "fecha", "amount", "total", "iban", "cuenta", "account", "eur", "usd",
    ]
    .contains(&folded.as_str());
    if sentence || illegible || no_name || is_bank(&text) {
        return None;
    }
    Some(name)
}

fn is_bank(text: &str) -> bool {
    let tokens: Vec<Option<u32>> =
        text.split_whitespace().map(fold).filter(|t| !t.is_empty()).map(|t| BANKS.token(&t, false)).collect();
    BANKS.find(&tokens).first().is_some_and(|h| h.start == 0 && h.end == tokens.len())
}

/// The party whose block a label stands in: the nearest heading `From` or `To` above it.
fn side_of(doc: &Document<'_>, label: &Label) -> Option<Role> {
    let row = doc.layout.segments[label.segment].row;
    let page = doc.layout.rows[row].page;
    let heading =
        doc.labels.iter().filter(|l| matches!(l.role, Role::Payer | Role::Payee) && l.at_start && l.segment <= label.segment);
    let nearest = heading.filter(|l| {
        let above = doc.layout.segments[l.segment].row;
        doc.layout.rows[above].page == page && row.saturating_sub(above) <= 8 && (above < row || l.segment == label.segment)
    });
    nearest.max_by_key(|l| (l.segment, l.from)).map(|l| l.role)
}

fn account_claims(doc: &Document<'_>, kind: EvidenceKind) -> Vec<Claim> {
    let mut claims = Vec::new();
    for account in &doc.scan.accounts {
        let governed = doc.governing(
            &account.words,
            |r| matches!(r, Role::PayerAccount | Role::PayeeAccount | Role::Account | Role::Payer | Role::Payee | Role::OtherId),
            |_| false,
        );
        let label = governed.map(|g| g.label);
        let field = match label.map(|l| l.role) {
            // A telephone number or a tax number with stars in it.
            Some(Role::OtherId) if !account.checked => continue,
            Some(Role::PayerAccount | Role::Payer) => Some(Field::PayerAccount),
            Some(Role::PayeeAccount | Role::Payee) => Some(Field::PayeeAccount),
            _ => None,
        };
        let (field, base) = match field {
            Some(field) => (field, 0.95),
            None => match label.and_then(|l| side_of(doc, l)).or_else(|| block_of(doc, account.segment)) {
                Some(Role::Payer) => (Field::PayerAccount, 0.88),
                Some(Role::Payee) => (Field::PayeeAccount, 0.88),
                _ if kind == EvidenceKind::CardReceipt => (Field::PayerAccount, 0.8),
                _ if matches!(kind, EvidenceKind::Invoice | EvidenceKind::Statement | EvidenceKind::CreditNote) => {
                    (Field::PayeeAccount, 0.8)
                }
                // The desk is sent proof by payers, and these name where they paid to.
                _ if account.checked => (Field::PayeeAccount, 0.55),
                _ => continue,
            },
        };
        claims.extend(doc.claim(field, ClaimValue::Text(account.number.clone()), &account.words, base));
    }
    for label in doc.labels.iter().filter(|l| matches!(l.role, Role::PayerAccount | Role::PayeeAccount | Role::Account)) {
        let side = match label.role {
            Role::PayerAccount => Some(Role::Payer),
            Role::PayeeAccount => Some(Role::Payee),
            _ => side_of(doc, label),
        };
        let field = match side {
            Some(Role::Payer) => Field::PayerAccount,
            Some(_) => Field::PayeeAccount,
            None if matches!(kind, EvidenceKind::Invoice | EvidenceKind::Statement) => Field::PayeeAccount,
            None => continue,
        };
        if let Some((words, _)) = doc.value_of(label, |words| plain_account(doc, words)) {
            let number: String = doc.code_text(&words).chars().filter(|c| !c.is_whitespace()).collect();
            claims.extend(doc.claim(field, ClaimValue::Text(number), &words, 0.82));
        }
    }
    claims
}

fn block_of(doc: &Document<'_>, segment: usize) -> Option<Role> {
    let row = doc.layout.segments[segment].row;
    let page = doc.layout.rows[row].page;
    let headings = doc.labels.iter().filter(|l| {
        let above = doc.layout.segments[l.segment].row;
        matches!(l.role, Role::Payer | Role::Payee)
            && l.at_start
            && above < row
            && row.saturating_sub(above) <= 4
            && doc.layout.rows[above].page == page
    });
    // Two blocks side by side: the heading above this one counts, not its neighbour.
    let headings: Vec<&Label> = headings.collect();
    let over = headings.iter().rev().find(|l| doc.layout.segments[l.segment].overlaps_x(&doc.layout.segments[segment]));
    let one_side = headings.windows(2).all(|w| {
        w[0].role == w[1].role
            || w[0].segment != w[1].segment && doc.layout.segments[w[0].segment].row != doc.layout.segments[w[1].segment].row
    });
    over.or_else(|| headings.last().filter(|_| one_side)).map(|l| l.role)
}

/// An account number without check digits, behind its label: at least six digits, or masked.
fn plain_account(doc: &Document<'_>, words: &[usize]) -> Option<Vec<usize>> {
    let from = words.iter().position(|&w| value_part(&doc.layout, w).bytes().any(|b| b.is_ascii_digit()))?;
    if from > 3 {
        return None;
    }
    let run: Vec<usize> = words[from..]
        .iter()
        .copied()
        .take_while(|&w| {
            let text = trimmed(value_part(&doc.layout, w));
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'/' | b'.' | b'*'))
                && !doc.scan.dates.iter().any(|d| d.words.contains(&w))
        })
        .collect();
    let digits: usize = run.iter().map(|&w| doc.layout.words[w].text.bytes().filter(u8::is_ascii_digit).count()).sum();
    ((6..=34).contains(&digits) && !run.iter().any(|w| doc.scan.accounts.iter().any(|a| a.words.contains(w)))).then_some(run)
}

fn bank_and_method(doc: &Document<'_>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for label in doc.labels.iter().filter(|l| matches!(l.role, Role::Bank | Role::Method) && (l.at_start || l.colon)) {
        let field = if label.role == Role::Bank { Field::Bank } else { Field::Method };
        let value = doc.value_of(label, |words| {
            let words: Vec<usize> =
                words.iter().copied().filter(|&w| doc.layout.words[w].text.chars().any(char::is_alphanumeric)).collect();
            let letters = words.iter().any(|&w| value_part(&doc.layout, w).chars().any(char::is_alphabetic));
            ((1..=6).contains(&words.len()) && letters && !words.iter().any(|&w| doc.shaped[w])).then_some(words)
        });
        if let Some((words, _)) = value.filter(|_| label.stands_alone()) {
            claims.extend(doc.claim(field, ClaimValue::Text(name_text(doc, &words)), &words, 0.88));
        }
    }
    for (index, segment) in doc.layout.segments.iter().enumerate() {
        let tokens: Vec<Option<u32>> = segment
            .tokens
            .iter()
            .map(|&t| BANKS.token(&doc.layout.tokens[t].folded, doc.layout.is_ocr(doc.layout.tokens[t].word)))
            .collect();
        for hit in BANKS.find(&tokens) {
            let words: Vec<usize> = segment.tokens[hit.start..hit.end].iter().map(|&t| doc.layout.tokens[t].word).collect();
            let field = if BANKS.keys()[hit.key] == "bank" { Field::Bank } else { Field::Method };
            let text = name_text(doc, &words);
            let short = text.chars().count() <= 4;
            let proper = text.chars().next().is_some_and(char::is_uppercase)
                && (!short || text == text.to_uppercase() || segment.words.len() <= 3);
            let once = claims.iter().filter(|c: &&Claim| c.field == field).count() < 3;
            if proper && once {
                // In a line of its own a name of a bank is said on purpose; in running text it may be by the way.
                let base = if doc.layout.segments[index].words.len() <= 5 { 0.75 } else { 0.55 };
                claims.extend(doc.claim(field, ClaimValue::Text(text), &words, base));
            }
        }
    }
    claims
}

const TO: &[&str] = &["to", "a", "para", "an", "aan", "till", "til"];
const FROM: &[&str] = &["from", "de", "von", "van", "da", "fra"];

/// `You sent $50 to Maria Lopez`: the capitalised words behind the amount and a preposition.
fn in_sentence(doc: &Document<'_>, claims: &[Claim]) -> Vec<Claim> {
    let mut found = Vec::new();
    for amount in doc.scan.amounts.iter().filter(|a| a.has_sign()) {
        let words = &doc.layout.segments[amount.segment].words;
        let Some(end) = amount.words.last().map(|&w| doc.layout.position(w).saturating_add(1)) else { continue };
        let Some((&preposition, name)) = words.get(end..).and_then(<[usize]>::split_first) else { continue };
        let folded = fold(&doc.layout.words[preposition].text);
        let field = match folded.as_str() {
            w if TO.contains(&w) => Field::PayeeName,
            w if FROM.contains(&w) => Field::PayerName,
            _ => continue,
        };
        if claims.iter().any(|c| c.field == field) {
            continue;
        }
        let is_capital = |w: usize| doc.layout.words[w].text.chars().next().is_some_and(char::is_uppercase);
        let rest = name;
        let name: Vec<usize> = rest.iter().copied().take_while(|&w| is_capital(w)).take(6).collect();
        // A name that runs over the end of the line has no box of its own; half of it would be another name.
        let goes_on = name.len() == rest.len()
            && name.last().is_some_and(|&w| {
                let text = &doc.layout.words[w].text;
                let next = w.saturating_add(1);
                !text.ends_with(['.', ',', ';']) && next < doc.layout.words.len() && is_capital(next)
            });
        if goes_on {
            continue;
        }
        if let Some(name) = name_in(doc, &name) {
            found.extend(doc.claim(field, ClaimValue::Text(name_text(doc, &name)), &name, 0.8));
        }
    }
    found
}

/// Words of apps that say the reader of the screen paid.
const OUT: &[&str] =
    &["yapeaste", "plineaste", "enviaste", "pagaste", "transferiste", "sent", "paid", "enviou", "pagou", "transferiu"];
/// Words of apps that say the reader of the screen was paid.
const IN: &[&str] = &["recibiste", "received", "recebeu", "yapearon", "envio"];

/// The name right under the big amount, as wallets draw it, when nothing else names the other side.
fn under_the_amount(doc: &Document<'_>, claims: &[Claim], amount: Option<&Claim>) -> Option<Claim> {
    let amount = amount?;
    let says = |list: &[&str]| {
        doc.layout.tokens.iter().any(|t| list.iter().any(|w| t.folded == *w || (w.len() >= 8 && t.folded.ends_with(w))))
    };
    let field = if says(OUT) {
        Field::PayeeName
    } else if says(IN) {
        Field::PayerName
    } else {
        return None;
    };
    if claims.iter().any(|c| c.field == field) {
        return None;
    }
    let word = (0..doc.layout.words.len())
        .find(|&w| {
            doc.layout.words[w].region.page == amount.region.page
                && doc.layout.words[w].region.x0 == amount.region.x0
                && doc.layout.words[w].region.y1 == amount.region.y1
        })
        .or_else(|| {
            doc.scan
                .amounts
                .iter()
                .find(|a| doc.layout.region(&a.words) == Some(amount.region))
                .and_then(|a| a.words.first().copied())
        })?;
    let below = doc.layout.below(doc.layout.segment_of[word], 3).into_iter().next()?;
    let words = &doc.layout.segments[below].words;
    let proper = (2..=6).contains(&words.len())
        && words.iter().all(|&w| {
            let text = &doc.layout.words[w].text;
            text.chars().next().is_some_and(char::is_uppercase)
                && text.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '\'' | '-' | '*' | '&'))
        });
    if !proper || doc.labels_in(below).iter().any(|l| l.at_start) || is_bank(&doc.layout.text(words)) {
        return None;
    }
    let name = name_in(doc, words)?;
    doc.claim(field, ClaimValue::Text(name_text(doc, &name)), &name, 0.65)
}

const LEGAL_FORMS: &[&str] = &[
    "sa", "sac", "srl", "sas", "sl", "slu", "spa", "ltd", "limited", "llc", "inc", "corp", "gmbh", "ag", "kg", "bv", "nv",
    "sarl", "eirl", "ltda", "plc", "oy", "ab", "as", "aps", "pte", "pty", "sro", "kft", "lda", "me", "saa", "eurl", "ug", "ohg",
    "vof",
];

/// The first line of an invoice that ends in a legal form and is not the buyer's.
fn by_legal_form(doc: &Document<'_>) -> Option<Claim> {
    doc.layout.segments.iter().enumerate().filter(|(_, s)| s.region.page == 1 && s.region.y0 < 600_000).find_map(
        |(index, segment)| {
            let end = segment.words.iter().position(|&w| {
                let text = doc.layout.words[w].text.as_str();
                LEGAL_FORMS.contains(&fold(text).as_str()) && text.chars().next().is_some_and(char::is_uppercase)
            })?;
            let words = &segment.words[..=end];
            let buyer = doc.layout.above(index, 4).iter().any(|&s| doc.labels_in(s).iter().any(|l| l.role == Role::Buyer))
                || doc.labels_in(index).iter().any(|l| l.role == Role::Buyer);
            if end == 0 || end > 6 || buyer || doc.labels_in(index).first().is_some_and(|l| l.colon) {
                return None;
            }
            let name = name_in(doc, words)?;
            doc.claim(Field::SellerName, ClaimValue::Text(name_text(doc, &name)), &name, 0.6)
        },
    )
}
