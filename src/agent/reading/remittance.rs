//! Which invoices a payment covers: rows of an invoice number and an amount, in tables, lists and plain sentences.

use quittance_rules::evidence::{Claim, EvidenceKind, Field, RemittanceRow};
use rust_decimal::Decimal;

use super::amounts::Candidate;
use super::document::Document;
use super::labels::Role;
use super::references::{has_credit_prefix, has_invoice_prefix};
use super::scan::{trimmed, value_part};

/// Rows found, before it is known what the document is.
#[derive(Debug, Default)]
pub struct Rows {
    /// In reading order.
    pub rows: Vec<Row>,
    /// Rows that hold a date and an amount, invoice number or not.
    pub movements: usize,
    /// There were more rows than are kept.
    is_cut: bool,
}

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    number: Vec<usize>,
    /// The one that was paid, as an index into the scan's amounts.
    pub amount: Option<usize>,
    /// All amounts behind the number.
    pub amounts: Vec<usize>,
    strong: bool,
    words: Vec<usize>,
}

/// A payment that covers more invoices than this is sent as a file, not as a paper.
const ROWS_MAX: usize = 1_000;

/// Finds rows of an invoice number with an amount.
pub fn find(doc: &Document<'_>) -> Rows {
    let mut columns = number_columns(doc);
    let inferred = by_content(doc);
    columns.extend(inferred.iter().copied());
    columns.sort_unstable();
    let mut found = Rows::default();
    for row in &doc.layout.rows {
        let segments = row.segments.clone();
        let dated = doc.scan.dates.iter().any(|d| segments.contains(&d.segment));
        let with_amount = segments.clone().any(|s| doc.amounts_in(s) > 0);
        if dated && with_amount {
            found.movements = found.movements.saturating_add(1);
        }
        if with_amount {
            let row = row_of(doc, segments, &columns, &inferred);
            found.is_cut |= row.is_some() && found.rows.len() == ROWS_MAX;
            found.rows.extend(row.filter(|_| found.rows.len() < ROWS_MAX));
        }
    }
    found
}

/// Segments that head a column of invoice numbers.
fn number_columns(doc: &Document<'_>) -> Vec<usize> {
    let heads = doc.labels.iter().filter(|l| {
        matches!(l.role, Role::Invoice | Role::Document | Role::Reference | Role::WeakReference) && l.at_start && !l.colon
    });
    heads
        .filter(|l| {
            // A header has neighbours in its row that are headers too.
            let row = &doc.layout.rows[doc.layout.segments[l.segment].row];
            let others = row.segments.clone().filter(|&s| s != l.segment);
            others.clone().any(|s| doc.labels_in(s).iter().any(|o| o.role.is_amount()))
                && others.clone().all(|s| doc.amounts_in(s) == 0)
        })
        .map(|l| l.segment)
        .collect()
}

/// Beginnings of words that head a column of invoice numbers, where the header is broken over lines or abbreviated.
const NUMBER_HEADS: &[&str] = &[
    "inv", "rechn", "factur", "factuur", "fattur", "fatura", "fakt", "beleg", "dokum", "doc", "bill", "comprob", "bilag", "folio",
];

/// Segments that head a column which holds a code in each of several rows with amounts, found by what stands in the column.
fn by_content(doc: &Document<'_>) -> Vec<usize> {
    // (left, right, first row, rows)
    let mut columns: Vec<(u32, u32, usize, usize)> = Vec::new();
    for (place, row) in doc.layout.rows.iter().enumerate() {
        if row.segments.len() < 2 {
            continue;
        }
        let first = row.segments.start;
        let words = &doc.layout.segments[first].words;
        let digits = |w: &usize| doc.layout.words[*w].text.bytes().filter(u8::is_ascii_digit).count();
        let has_amount = || doc.scan.amounts.iter().any(|a| row.segments.contains(&a.segment) && a.has_fraction);
        let is_code = words.len() <= 3 && words.iter().map(digits).sum::<usize>() >= 3 && doc.code_at(words, 3).is_some();
        if !is_code || !has_amount() {
            continue;
        }
        let region = doc.layout.segments[first].region;
        match columns.iter_mut().find(|c| c.0 < region.x1 && region.x0 < c.1) {
            Some(column) => {
                *column = (column.0.min(region.x0), column.1.max(region.x1), column.2, column.3.saturating_add(1));
            }
            None => columns.push((region.x0, region.x1, place, 1)),
        }
    }
    let mut heads = Vec::new();
    for (x0, x1, first, _) in columns.into_iter().filter(|c| c.3 >= 2) {
        let page = doc.layout.rows[first].page;
        let above = doc.layout.rows[..first].iter().rev().take(4).take_while(|r| r.page == page);
        let mut over = above.flat_map(|row| row.segments.clone()).filter(|&s| {
            let region = doc.layout.segments[s].region;
            region.x0 < x1 && x0 < region.x1 && doc.amounts_in(s) == 0
        });
        let names = |s: usize| {
            doc.layout.segments[s].tokens.iter().take(3).any(|&t| {
                let folded = doc.layout.tokens[t].folded.as_str();
                NUMBER_HEADS.iter().any(|h| folded.starts_with(h))
            })
        };
        heads.extend(over.find(|&s| names(s)));
    }
    heads
}

fn row_of(doc: &Document<'_>, segments: std::ops::Range<usize>, columns: &[usize], inferred: &[usize]) -> Option<Row> {
    // A row of totals is no invoice.
    let sums = |r: Role| matches!(r, Role::Total | Role::Subtotal | Role::Balance | Role::Fee | Role::Due | Role::Tip);
    let first_label = segments.clone().find_map(|s| doc.labels_in(s).first());
    if first_label.is_some_and(|l| (sums(l.role) || l.role == Role::Paid) && l.at_start && segments.start == l.segment) {
        return None;
    }
    let mut number: Option<(Vec<usize>, bool)> = None;
    'search: for s in segments.clone() {
        let segment = &doc.layout.segments[s];
        for label in doc.labels_in(s).iter().filter(|l| l.role == Role::Invoice) {
            let behind = super::labels::words_after(&doc.layout, label, None);
            if let Some(code) = doc.code_at(&behind, 3) {
                number = Some((super::references::with_series(doc, label, code), true));
                break 'search;
            }
        }
        for &word in &segment.words {
            if !doc.shaped[word]
                && (has_invoice_prefix(trimmed(value_part(&doc.layout, word)))
                    || has_credit_prefix(trimmed(value_part(&doc.layout, word))))
                && doc.code_at(&[word], 4).is_some()
            {
                number = Some((vec![word], true));
                break 'search;
            }
        }
    }
    if number.is_none() {
        for s in segments.clone() {
            let head = columns.iter().rev().find(|&&c| {
                let (head, cell) = (&doc.layout.segments[c], &doc.layout.segments[s]);
                head.region.page == cell.region.page && head.row < cell.row && head.overlaps_x(cell)
            });
            if let Some(&head) = head
                && let Some(code) = doc.code_at(&doc.layout.segments[s].words, 3)
            {
                let invoice = inferred.contains(&head) || doc.labels_in(head).iter().any(|l| l.role == Role::Invoice);
                number = Some((code, invoice));
                break;
            }
        }
    }
    let (number, strong) = number?;
    let last = number.last().copied()?;
    let place = (doc.layout.segment_of[last], doc.layout.position(last));
    let behind: Vec<usize> = doc
        .scan
        .amounts
        .iter()
        .enumerate()
        .filter(|(_, a)| segments.contains(&a.segment) && (a.has_fraction || a.has_sign()))
        .filter(|(_, a)| a.words.first().is_some_and(|&w| (doc.layout.segment_of[w], doc.layout.position(w)) > place))
        .map(|(i, _)| i)
        .collect();
    let amount = paid_column(doc, &behind).or_else(|| behind.last().copied());
    amount?;
    let words: Vec<usize> = segments.flat_map(|s| doc.layout.segments[s].words.clone()).collect();
    Some(Row { number, amount, amounts: behind, strong, words })
}

/// Of several amounts in a row, the one under `paid`; discounts, taxes and open amounts stand beside it.
fn paid_column(doc: &Document<'_>, amounts: &[usize]) -> Option<usize> {
    if amounts.len() < 2 {
        return None;
    }
    let head = |amount: usize| {
        let segment = doc.scan.amounts[amount].segment;
        let above = doc.layout.above(segment, 60);
        above.into_iter().find_map(|s| doc.labels_in(s).iter().find(|l| l.role.is_amount() && doc.amounts_in(s) == 0))
    };
    let named: Vec<(usize, Option<&super::labels::Label>)> = amounts.iter().map(|&a| (a, head(a))).collect();
    let says_paid = |l: &super::labels::Label| {
        ["paid", "pag", "pay", "regl", "bezahlt", "zahl", "betaal", "net", "remit", "abon"].iter().any(|p| l.phrase.contains(p))
    };
    let paid = named.iter().rev().find(|(_, l)| l.is_some_and(|l| l.role != Role::Discount && says_paid(l)));
    let wanted = |(_, l): &&(usize, Option<&super::labels::Label>)| {
        l.is_none_or(|l| matches!(l.role, Role::Paid | Role::Total | Role::Due))
    };
    paid.or_else(|| named.iter().rev().find(wanted)).map(|(a, _)| *a)
}

/// Rows of the layout that are rows of the list.
pub fn places(doc: &Document<'_>, rows: &Rows) -> Vec<usize> {
    rows.rows.iter().filter_map(|row| row.words.first()).map(|&w| doc.layout.segments[doc.layout.segment_of[w]].row).collect()
}

/// The rows as they are given out, and what does not add up.
pub fn remittance(
    doc: &Document<'_>,
    rows: &Rows,
    kind: EvidenceKind,
    candidates: &[Candidate],
    total: Option<Decimal>,
) -> (Vec<RemittanceRow>, Vec<String>) {
    let wanted = matches!(kind, EvidenceKind::RemittanceAdvice)
        || (matches!(
            kind,
            EvidenceKind::PaymentProof | EvidenceKind::BankReceipt | EvidenceKind::PromiseToPay | EvidenceKind::Unknown
        ) && rows.rows.iter().filter(|r| r.strong).count() >= 2);
    if !wanted {
        return (Vec::new(), Vec::new());
    }
    let mut given = Vec::new();
    let mut sum = Some(Decimal::ZERO);
    for row in &rows.rows {
        if doc.legibility(&row.number).is_none() {
            continue;
        }
        let candidate = row
            .amount
            .and_then(|a| candidates.iter().find(|c| c.amount == a))
            .filter(|c| doc.legibility(&doc.scan.amounts[c.amount].words).is_some());
        // A credit note within the list is taken off.
        let value = candidate.and_then(Candidate::signed);
        sum = match (sum, value) {
            (Some(s), Some(v)) => s.checked_add(v),
            _ => None,
        };
        let Some(region) = doc.layout.region(&row.words) else { continue };
        given.push(RemittanceRow {
            invoice_number: doc.code_text(&row.number),
            amount: value.map(|v| v.to_string()),
            currency: candidate.and_then(|c| c.currency).map(|(c, _)| c),
            region,
            text: doc.layout.text(&row.words),
        });
    }
    let mut complaints = match (sum, total) {
        (Some(sum), Some(total)) if given.len() > 1 && sum != total => {
            vec![format!("arithmetic: the {} rows add up to {sum}, the document says {total}", given.len())]
        }
        (None, _) if !given.is_empty() => vec!["remittance: an amount in the list is not legible".to_owned()],
        _ => Vec::new(),
    };
    if rows.is_cut {
        complaints.push(format!("Only the first {ROWS_MAX} rows of the list were taken."));
    }
    (given, complaints)
}

/// Sum of the rows, when every amount is legible.
pub fn sum_of(rows: &Rows, candidates: &[Candidate]) -> Option<Decimal> {
    if rows.rows.len() < 2 {
        return None;
    }
    rows.rows
        .iter()
        .try_fold(Decimal::ZERO, |sum, row| sum.checked_add(candidates.iter().find(|c| Some(c.amount) == row.amount)?.signed()?))
}

/// Indices of amounts that belong to rows; they are parts of the payment, not the payment.
pub fn amounts_of(rows: &Rows) -> Vec<usize> {
    rows.rows.iter().filter_map(|r| r.amount).collect()
}

/// Invoice numbers of the rows as claims.
pub fn number_claims(doc: &Document<'_>, rows: &Rows, already: &[Claim]) -> Vec<Claim> {
    rows.rows
        .iter()
        .filter_map(|row| {
            let value = quittance_rules::evidence::ClaimValue::Text(doc.code_text(&row.number));
            if already.iter().any(|c| c.field == Field::InvoiceNumber && c.value == value) {
                return None;
            }
            doc.claim(Field::InvoiceNumber, value, &row.number, if row.strong { 0.93 } else { 0.8 })
        })
        .collect()
}
