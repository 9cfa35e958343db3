//! Numbers that identify: of the operation, of the invoices paid, of the paper itself.

use quittance_rules::evidence::{Claim, ClaimValue, EvidenceKind, Field};

use super::document::{Document, Relation};
use super::labels::{Label, Role, words_after};
use super::scan::{trimmed, value_part};

/// Claims for reference, invoice numbers and document number.
pub fn reference_claims(doc: &Document<'_>, kind: EvidenceKind) -> Vec<Claim> {
    let mut claims = Vec::new();
    let is_bill = matches!(kind, EvidenceKind::Invoice | EvidenceKind::CreditNote);
    for label in &doc.labels {
        match label.role {
            // A Mexican bill calls its own number folio.
            Role::Reference if is_bill && label.phrase.starts_with("folio") => {
                claims.extend(coded(doc, label, Field::DocumentNumber, 3, 0.85))
            }
            Role::Reference | Role::WeakReference => claims.extend(reference(doc, label)),
            Role::Invoice => claims.extend(invoices(doc, label, kind)),
            Role::Document => claims.extend(document(doc, label, kind)),
            Role::Memo => claims.extend(in_memo(doc, label)),
            _ => {}
        }
    }
    if matches!(kind, EvidenceKind::PaymentProof | EvidenceKind::BankReceipt)
        && !claims.iter().any(|c| c.field == Field::Reference)
    {
        // A bank calls the number of a transfer the number of the order; a shop means another by it.
        let orders = doc.labels.iter().filter(|l| l.role == Role::OtherId && ORDERS.iter().any(|o| l.phrase.starts_with(o)));
        claims.extend(orders.filter_map(|label| coded(doc, label, Field::Reference, 6, 0.75)));
    }
    claims.extend(by_shape(doc, kind));
    claims.extend(confirmed(doc));
    claims.retain(|c| !matches!(&c.value, ClaimValue::Text(text) if c.field == Field::Reference && is_cut_pix_id(text)));
    if kind == EvidenceKind::Invoice {
        own_number(&mut claims);
    }
    deduplicated(claims)
}

/// How banks call the order that a transfer is.
const ORDERS: &[&str] = &[
    "auftrag",
    "numero de orden",
    "nro de orden",
    "n de orden",
    "orden",
    "ordre",
    "ordine",
    "numero ordine",
    "n ordine",
    "order no",
    "order number",
];

/// Letters and digits of the end-to-end number of a Pix: `E`, the bank (8), year to minute (12), its own (11).
const PIX_ID: usize = 32;

/// A number that begins as the end-to-end number of a Pix does and has another length lacks letters, and one with a letter among the digits
/// of bank and instant was misread; neither is legible.
/// Source: Banco Central do Brasil, Manual de Padrões para Iniciação do Pix, `EndToEndId`.
fn is_cut_pix_id(text: &str) -> bool {
    // The head as far as the century of the year.
    const HEAD: usize = 13;
    // And as far as the minute.
    const INSTANT: usize = 21;
    let as_digit = |b: u8| match b {
        b'O' | b'o' => b'0',
        b'I' | b'l' => b'1',
        other => other,
    };
    let bytes: Vec<u8> = text.bytes().filter(u8::is_ascii_alphanumeric).collect();
    let head: Vec<u8> = bytes.iter().take(HEAD).copied().map(as_digit).collect();
    let is_pix = matches!(head.as_slice(), [b'E', rest @ ..]
        if rest.len() + 1 == HEAD && rest.iter().all(u8::is_ascii_digit) && rest[8..10] == *b"20");
    is_pix && (bytes.len() != PIX_ID || !bytes[1..INSTANT].iter().all(u8::is_ascii_digit))
}

/// A letter O among the letters and figures of a code that was seen in pixels is as likely a nought: in two hundred
/// pictures made for the purpose it always was. It is a letter in the word before the figures, `BOL12345`, where another letter follows it.
fn has_doubtful_o(text: &str) -> bool {
    let groups = text.split(|c: char| !c.is_ascii_alphanumeric());
    groups.filter(|group| group.bytes().any(|b| b.is_ascii_digit())).any(|group| {
        let letters = group.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(group.len());
        let (word, rest) = group.split_at(letters);
        let is_word = word.len() >= 3 && !word.ends_with(['O', 'o']) && rest.bytes().all(|b| b.is_ascii_digit());
        (!is_word && word.contains(['O', 'o'])) || rest.contains(['O', 'o'])
    })
}

fn small_is_sentence(doc: &Document<'_>, label: &Label) -> bool {
    // `reference` within a sentence announces nothing unless its value follows at once.
    !(label.at_start || label.colon) && words_after(&doc.layout, label, doc.next_label(label)).is_empty()
}

fn reference(doc: &Document<'_>, label: &Label) -> Option<Claim> {
    if small_is_sentence(doc, label) {
        return None;
    }
    let found = doc.value_of(label, |words| doc.code_at(words, 4)).or_else(|| over_the_line(doc, label));
    let (words, relation) = found?;
    let (words, text) = whole(doc, with_groups(doc, words))?;
    if words.iter().any(|&w| doc.layout.is_ocr(w)) && has_doubtful_o(&text) {
        return None;
    }
    let strong = label.role == Role::Reference;
    // The number of the operation is what a desk looks for; the terminal's approval or trace number helps, but is not it.
    let lesser = [
        "autor",
        "aprob",
        "auth",
        "approv",
        "trace",
        "stan",
        "cheque",
        "check",
        "genehm",
        "seq",
        "secuen",
        "volgnum",
        "codigo de seg",
        "journal",
        "coelsa",
    ]
    .iter()
    .any(|l| label.phrase.contains(l));
    let folio = ["folio", "comprobante", "sequence", "payment"].iter().any(|l| label.phrase.starts_with(l));
    let base: f64 = match (strong, lesser) {
        (true, false) if folio => 0.93,
        (true, false) => 0.97,
        (true, true) => 0.8,
        (false, _) => 0.7,
    };
    let near = if relation == Relation::Same || relation == Relation::Row { 1.0 } else { 0.96 };
    let alone = if label.at_start || label.colon { 1.0 } else { 0.9 };
    doc.claim(Field::Reference, ClaimValue::Text(text), &words, base * near * alone)
}

/// The further groups of a number that is written in groups, where nothing else stands in its line: `7A41 09C2 E8B0 55D1`,
/// `VIR26273 55108`. Half of it would be another number.
fn with_groups(doc: &Document<'_>, mut words: Vec<usize>) -> Vec<usize> {
    const GROUPS_MAX: usize = 8;
    let layout = &doc.layout;
    let Some(&last) = words.last() else { return words };
    let line = &layout.segments[layout.segment_of[last]].words;
    let rest = line.iter().position(|&w| w == last).and_then(|at| line.get(at.saturating_add(1)..)).unwrap_or_default();
    let is_group = |w: &usize| {
        let piece = trimmed(&layout.words[*w].text);
        let plain = piece.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'-' || b == b'/');
        // Two letters may stand between digits: `0049 TR 2026`. Three may be a currency.
        let figures = piece.bytes().any(|b| b.is_ascii_digit()) || piece.len() == 2 && Some(w) != rest.last();
        (2..=12).contains(&piece.len()) && plain && figures && !doc.shaped[*w]
    };
    if rest.len() < GROUPS_MAX && rest.iter().all(is_group) && !layout.words[last].text.ends_with([',', ';']) {
        words.extend(rest);
    }
    words
}

/// A number too long for its line goes on in the next: `E6070119020260814` over `1241A7B3K9D2`. Cut off it would be another number, so
/// where it looks cut and what follows is not clear, there is none.
fn whole(doc: &Document<'_>, mut words: Vec<usize>) -> Option<(Vec<usize>, String)> {
    let mut text = doc.code_text(&words);
    for _ in 0..3 {
        let Some(next) = continued(doc, &words, &text) else { break };
        text.push_str(trimmed(&doc.layout.words[next].text));
        words.push(next);
    }
    // A hyphen or dots at the end: more was there.
    let last = &doc.layout.words[*words.last()?].text;
    (!last.ends_with(['-', '…', '/']) && !last.ends_with("...") || words.len() == 1 && text.len() < 8).then_some((words, text))
}

/// The word under the end of a number that is the rest of it: alone in its segment and without a label, of the same height, right below, and
/// in line with it to the left or to the right.
fn continued(doc: &Document<'_>, words: &[usize], text: &str) -> Option<usize> {
    let layout = &doc.layout;
    let last = *words.last()?;
    let here = &layout.segments[layout.segment_of[last]];
    if here.words.last() != Some(&last) {
        return None;
    }
    let ends_open = layout.words[last].text.ends_with('-');
    // Short numbers fit; what stands below them is something else.
    if text.len() < 14 && !ends_open {
        return None;
    }
    let below = layout.below(layout.segment_of[last], 1).into_iter().next()?;
    let there = &layout.segments[below];
    let &[next] = there.words.as_slice() else { return None };
    let (own, other) = (layout.words[last].region, layout.words[next].region);
    let height = own.y1.saturating_sub(own.y0).max(1);
    let tall = other.y1.saturating_sub(other.y0);
    let like = tall.saturating_mul(10) >= height.saturating_mul(6) && tall.saturating_mul(10) <= height.saturating_mul(16);
    let near = other.y0.saturating_sub(own.y1) <= height;
    // A sixtieth of the page to either side.
    let first = here.words.iter().copied().find(|w| words.contains(w)).unwrap_or(last);
    let aligned = layout.words[first].region.x0.abs_diff(other.x0) <= 16_000 || own.x1.abs_diff(other.x1) <= 16_000;
    let piece = trimmed(&layout.words[next].text);
    // A letter or two that would have fitted behind the number did not come from it.
    let right_edge = layout.segments.iter().filter(|s| s.region.page == own.page).map(|s| s.region.x1).max().unwrap_or(own.x1);
    let fitted = other.x1.saturating_sub(other.x0).saturating_mul(2) < right_edge.saturating_sub(own.x1);
    if piece.chars().count() <= 2 && fitted {
        return None;
    }
    let capitals = piece.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'-')
        || piece.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase() || b == b'-');
    let code = !piece.is_empty() && capitals && piece.bytes().any(|b| b.is_ascii_digit());
    let alone = doc.labels_in(below).is_empty()
        && layout.rows[there.row].segments.clone().all(|s| s == below || doc.labels_in(s).is_empty())
        && !doc.shaped[next];
    (like && near && aligned && code && alone).then_some(next)
}

/// The code a label names as a claim, when it is long enough for its field.
fn coded(doc: &Document<'_>, label: &Label, field: Field, length_min: usize, probability: f64) -> Option<Claim> {
    let (words, _) = doc.value_of(label, |words| doc.code_at(words, length_min))?;
    doc.claim(field, ClaimValue::Text(doc.code_text(&words)), &words, probability)
}

/// `… transaction reference` at the end of a line of prose, the number at the head of the next.
fn over_the_line(doc: &Document<'_>, label: &Label) -> Option<(Vec<usize>, Relation)> {
    let segment = &doc.layout.segments[label.segment];
    let is_last = label.to == segment.tokens.len() && doc.layout.right_of(label.segment).next().is_none();
    let last = segment.words.last().copied().filter(|_| is_last && !label.whole)?;
    let next = last.checked_add(1).filter(|w| *w < doc.layout.words.len())?;
    let (here, there) = (&doc.layout.words[last], &doc.layout.words[next]);
    let follows = here.region.page == there.region.page && here.line.checked_add(1) == Some(there.line);
    if !follows || !super::labels::is_code(trimmed(&there.text)) {
        return None;
    }
    doc.code_at(&[next], 6).map(|words| (words, Relation::Same))
}

/// The number behind a label, and those listed after it: `invoices 101, 102 and 103`.
fn invoices(doc: &Document<'_>, label: &Label, kind: EvidenceKind) -> Vec<Claim> {
    let names_number = ["n", "no", "nr", "num", "numero", "number", "nummer", "nro", "nos", "id", "numer"]
        .iter()
        .any(|n| label.phrase.split(' ').any(|p| p == *n))
        || label.phrase.contains("nummer")
        || label.phrase.ends_with("nr")
        || label.colon
        || doc.layout.words.iter().any(|w| w.text.starts_with('#'));
    let length_min = if names_number { 2 } else { 3 };
    let Some((first, relation)) = doc.value_of(label, |words| doc.code_at(words, length_min)) else { return Vec::new() };
    let first = if relation == Relation::Same { with_series(doc, label, first) } else { first };
    let mut found = vec![first.clone()];
    if relation == Relation::Same {
        // A list goes on over commas and `and`.
        let behind = words_after(&doc.layout, label, None);
        let mut rest: &[usize] =
            behind.iter().position(|w| first.last() == Some(w)).map_or(&[], |p| &behind[p.saturating_add(1)..]);
        while let Some((&next, tail)) = rest.split_first() {
            let folded = super::lexicon::fold(&doc.layout.words[next].text);
            if LIST_WORDS.contains(&folded.as_str()) {
                rest = tail;
                continue;
            }
            let previous = found.last().and_then(|f| f.last()).map_or("", |&w| doc.layout.words[w].text.as_str());
            let joined = previous.ends_with([',', ';', '/'])
                || rest.len() < behind.len()
                    && behind
                        .iter()
                        .take_while(|&&w| w != next)
                        .last()
                        .is_some_and(|&w| LIST_WORDS.contains(&super::lexicon::fold(&doc.layout.words[w].text).as_str()));
            let code = doc.code_at(&[next], 3).filter(|_| joined);
            let Some(code) = code else { break };
            found.push(code);
            rest = tail;
        }
    }
    let base: f64 = if names_number { 0.95 } else { 0.85 };
    let near = if relation == Relation::Same || relation == Relation::Row { 1.0 } else { 0.96 };
    let first_only = kind == EvidenceKind::Invoice;
    let take = if first_only { 1 } else { found.len() };
    found
        .into_iter()
        .take(take)
        .flat_map(|words| {
            split_list(&doc.code_text(&words)).into_iter().map(move |text| (text, words.clone())).collect::<Vec<_>>()
        })
        .filter_map(|(text, words)| doc.claim(Field::InvoiceNumber, ClaimValue::Text(text), &words, base * near))
        .collect()
}

/// `FT 2026/1187`: the letters are the series of the number, not only its label.
pub fn with_series(doc: &Document<'_>, label: &Label, number: Vec<usize>) -> Vec<usize> {
    if !["ft", "nf", "re", "fs", "fr"].contains(&label.phrase.as_str()) || label.colon {
        return number;
    }
    let segment = &doc.layout.segments[label.segment];
    let word = doc.layout.tokens[segment.tokens[label.from]].word;
    let text = doc.layout.words[word].text.as_str();
    if text != text.to_uppercase()
        || number.contains(&word)
        || number.first().map(|&n| doc.layout.position(n)) != Some(doc.layout.position(word).saturating_add(1))
    {
        return number;
    }
    let mut whole = vec![word];
    whole.extend(number);
    whole
}

/// `101/102` is one number; `F-101,F-102` are two.
fn split_list(text: &str) -> Vec<String> {
    let parts: Vec<String> = text
        .split([',', ';', '+', '&'])
        .map(|p| trimmed(p).to_owned())
        .filter(|p| p.bytes().filter(u8::is_ascii_digit).count() >= 3)
        .collect();
    if parts.len() > 1 { parts } else { vec![text.to_owned()] }
}

const LIST_WORDS: &[&str] = &[
    "and", "y", "e", "et", "und", "en", "", "i", "og", "och", "no", "n", "nr", "nos", "factura", "facture", "rechnung",
    "invoice", "inv",
];

/// `Número` alone is the number of the paper only on a paper that has one.
const BARE_NUMBER: &[&str] = &["numero", "number", "nummer", "no", "nr", "n", "numer"];

fn document(doc: &Document<'_>, label: &Label, kind: EvidenceKind) -> Vec<Claim> {
    let has_own_number = matches!(kind, EvidenceKind::Invoice | EvidenceKind::CreditNote | EvidenceKind::RemittanceAdvice);
    if BARE_NUMBER.contains(&label.phrase.as_str()) && !has_own_number {
        return Vec::new();
    }
    if !(label.at_start || label.colon) && label.phrase.split(' ').count() < 2 {
        return Vec::new();
    }
    let Some((words, relation)) = doc.value_of(label, |words| doc.code_at(words, 3)) else { return Vec::new() };
    let text = doc.code_text(&words);
    let near = if relation == Relation::Same || relation == Relation::Row { 1.0 } else { 0.96 };
    let mut claims: Vec<Claim> =
        doc.claim(Field::DocumentNumber, ClaimValue::Text(text.clone()), &words, 0.9 * near).into_iter().collect();
    let receipt = matches!(
        kind,
        EvidenceKind::PaymentProof | EvidenceKind::BankReceipt | EvidenceKind::CardReceipt | EvidenceKind::RemittanceAdvice
    );
    if receipt && !doc.labels.iter().any(|l| l.role == Role::Reference) {
        // A receipt with no other number is looked up by its own.
        claims.extend(doc.claim(Field::Reference, ClaimValue::Text(text), &words, 0.75 * near));
    }
    claims
}

/// Invoice numbers in the text that travels with a payment: `Pago F001-1234 y F001-1240`.
fn in_memo(doc: &Document<'_>, label: &Label) -> Vec<Claim> {
    if !(label.at_start || label.colon) {
        return Vec::new();
    }
    let Some((words, _)) = doc.value_of(label, |words| Some(words.to_vec())) else { return Vec::new() };
    words
        .iter()
        .filter(|&&w| has_invoice_prefix(trimmed(value_part(&doc.layout, w))))
        .filter_map(|&w| {
            let code = doc.code_at(&[w], 4)?;
            doc.claim(Field::InvoiceNumber, ClaimValue::Text(doc.code_text(&code)), &code, 0.8)
        })
        .collect()
}

/// Numbers that show by their prefix that they are an invoice's (`INV-2024-001`, `F001-00012345`), wherever they stand.
fn by_shape(doc: &Document<'_>, kind: EvidenceKind) -> Vec<Claim> {
    if kind == EvidenceKind::Invoice && doc.labels.iter().any(|l| l.role == Role::Invoice) {
        return Vec::new();
    }
    (0..doc.layout.words.len())
        .filter(|&w| !doc.shaped[w] && has_invoice_prefix(trimmed(value_part(&doc.layout, w))))
        .filter_map(|w| {
            let governed = doc.governing(&[w], |r| r.is_identifier(), |_| false);
            // Behind a label of its own it is what that label says.
            if governed.is_some_and(|g| {
                matches!(g.label.role, Role::Reference | Role::OtherId | Role::Document) && g.relation == Relation::Same
            }) {
                return None;
            }
            let code = doc.code_at(&[w], 4)?;
            doc.claim(Field::InvoiceNumber, ClaimValue::Text(doc.code_text(&code)), &code, 0.75)
        })
        .take(200)
        .collect()
}

/// `SKL7H3P9QX Confirmed.`: mobile money of East Africa begins its messages with the number of the operation, without a label.
fn confirmed(doc: &Document<'_>) -> Option<Claim> {
    (0..doc.layout.words.len().saturating_sub(1)).find_map(|w| {
        let text = trimmed(&doc.layout.words[w].text);
        let code = text.len() == 10
            && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            && text.bytes().any(|b| b.is_ascii_digit())
            && text.bytes().filter(u8::is_ascii_uppercase).count() >= 3;
        let next = super::lexicon::fold(&doc.layout.words[w.saturating_add(1)].text);
        if !code || !matches!(next.as_str(), "confirmed" | "imethibitishwa") {
            return None;
        }
        doc.claim(Field::Reference, ClaimValue::Text(text.to_owned()), &[w], 0.95)
    })
}

/// The prefixes that invoices carry around the world, and nothing else usually does.
pub fn has_invoice_prefix(text: &str) -> bool {
    let letters: String = text.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase();
    let rest = &text[letters.len()..];
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    let clean = rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/' | b'.' | b'_' | b'#'));
    if !clean || digits < 3 {
        return false;
    }
    let separated = rest.starts_with(['-', '/', '#', '_', '.']) || rest.contains('-') || rest.contains('/');
    matches!(
        letters.as_str(),
        "INV"
            | "FAC"
            | "FACT"
            | "FACTURA"
            | "RECH"
            | "FATT"
            | "RG"
            | "RNR"
            | "INVOICE"
            | "BILL"
            | "FV"
            | "FE"
            | "FEV"
            | "SINV"
            | "FA"
            | "SI"
            | "FVE"
            | "FACV"
            | "NF"
    ) || (separated
        && matches!(letters.as_str(), "F" | "B" | "E" | "FT" | "RE" | "R" | "FC" | "FR" | "IN" | "VF" | "FF" | "FAE" | "FS")
        && digits >= 4)
}

/// Prefixes of credit notes within a list of invoices: `CN-00871`, `GS-2207`.
pub fn has_credit_prefix(text: &str) -> bool {
    let letters: String = text.chars().take_while(char::is_ascii_alphabetic).collect::<String>().to_ascii_uppercase();
    let rest = &text[letters.len()..];
    rest.starts_with(['-', '/', '#', '_', '.'])
        && rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'/' | b'.' | b'_' | b'#'))
        && rest.bytes().filter(u8::is_ascii_digit).count() >= 3
        && matches!(letters.as_str(), "CN" | "CM" | "CR" | "CRN" | "GS" | "GU" | "NC" | "AV" | "FC" | "CRED" | "KG")
}

/// On an invoice the likeliest invoice number is the paper's own.
fn own_number(claims: &mut Vec<Claim>) {
    let best = claims.iter().filter(|c| c.field == Field::InvoiceNumber).max_by(|a, b| {
        a.confidence.cmp(&b.confidence).then(b.region.page.cmp(&a.region.page)).then(b.region.y0.cmp(&a.region.y0))
    });
    if let Some(best) = best.cloned() {
        let same: Vec<Claim> = claims.iter().filter(|c| c.field != Field::InvoiceNumber).cloned().collect();
        *claims = same;
        claims.push(best.clone());
        if !claims.iter().any(|c| c.field == Field::DocumentNumber) {
            claims.push(Claim { field: Field::DocumentNumber, ..best });
        }
    }
}

/// One claim per field and value, the surest; surest first.
fn deduplicated(mut claims: Vec<Claim>) -> Vec<Claim> {
    claims.sort_by_key(|c| std::cmp::Reverse(c.confidence));
    let mut kept: Vec<Claim> = Vec::new();
    for claim in claims {
        if !kept.iter().any(|k| k.field == claim.field && k.value == claim.value) {
            kept.push(claim);
        }
    }
    kept
}
