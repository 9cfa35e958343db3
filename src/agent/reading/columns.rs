//! Which column of a remittance table was paid: gross, discount, withholding, tax and net stand side by side, and only one of them is
//! what the payment is made of. The column that adds up to what the paper says was paid is; then what its header says, then its place.

use quittance_rules::evidence::EvidenceKind;
use rust_decimal::Decimal;

use super::amounts::Candidate;
use super::document::Document;
use super::labels::Role;
use super::remittance::Rows;

/// Amounts of all rows that stand under one another.
struct Column {
    /// Left and right in millionths of the page.
    span: (u32, u32),
    /// Row of the table and index of the amount.
    cells: Vec<(usize, usize)>,
    /// With credit notes taken off.
    sum: Option<Decimal>,
    head: Head,
}

/// What a header says a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Head {
    Paid,
    Gross,
    Net,
    /// Discount, withholding, deduction.
    Less,
    Tax,
    Open,
    Unnamed,
}

/// Beginnings of words in headers. Languages: English, Spanish, Portuguese, French, German, Italian, Dutch,
/// Swedish, Danish, Norwegian, Polish.
const HEADS: &[(Head, &[&str])] = &[
    (
        Head::Less,
        &[
            "disc",
            "skont",
            "rabat",
            "escompte",
            "remise",
            "sconto",
            "abbuono",
            "korting",
            "descu",
            "dto",
            "desconto",
            "reten",
            "ritenut",
            "withh",
            "wht",
            "deduc",
            "abzug",
            "avdrag",
            "kassarabat",
            "inhouding",
            "detrac",
            "adjust",
            "abatt",
            "potrac",
            "upust",
            "bonif",
            "fradrag",
            "kurtage",
        ],
    ),
    (
        Head::Paid,
        &[
            "paid",
            "payment",
            "remit",
            "pagad",
            "pago",
            "pagat",
            "paye",
            "regl",
            "verse",
            "bezahlt",
            "zahlbetrag",
            "zahlung",
            "gezahlt",
            "uberwies",
            "betaald",
            "voldaan",
            "abonad",
            "liquidad",
            "zaplac",
            "betalt",
            "betalat",
            "utbetal",
            "udbetal",
            "transferred",
            "transferid",
            "settled",
            "applied",
            "aplicad",
        ],
    ),
    (
        Head::Open,
        &["open", "abiert", "abert", "offen", "apert", "ouvert", "pendient", "saldo", "balance", "outst", "restant", "solde"],
    ),
    (Head::Tax, &["vat", "tax", "iva", "igv", "mwst", "ust", "btw", "tva", "moms", "mva", "gst", "hst", "imposto", "impuesto"]),
    (Head::Net, &["net", "liquido"]),
    (Head::Gross, &["gross", "brut", "lordo", "original", "ttc", "rechnungsbetrag", "factuurbedrag", "fakturabel"]),
];

/// Chooses for every row of more than one amount the one that was paid. Where nothing decides, the rows stay as they are. Gives the
/// amounts of the table that are not what was paid: those of other columns, and their totals.
pub fn settle(doc: &Document<'_>, rows: &mut Rows, candidates: &[Candidate]) -> Vec<usize> {
    let mut columns = columns_of(doc, rows);
    if columns.len() < 2 {
        return Vec::new();
    }
    let signed = |amount: usize| candidates.iter().find(|c| c.amount == amount)?.signed();
    for column in &mut columns {
        column.sum = column.cells.iter().try_fold(Decimal::ZERO, |sum, (_, amount)| sum.checked_add(signed(*amount)?));
        column.head = head_of(doc, column);
    }
    let inside: Vec<usize> = columns.iter().flat_map(|c| c.cells.iter().map(|(_, a)| *a)).collect();
    // What the paper says outside the rows, apart from its own totals under the columns.
    let outside = |column: &Column| {
        candidates.iter().any(|c| {
            !inside.contains(&c.amount)
                && c.value().is_some()
                && c.value() == column.sum
                && !columns.iter().any(|other| under(doc, other, c.amount))
                && !matches!(c.role, Some(Role::Discount | Role::Tax | Role::Fee | Role::Balance | Role::OtherAmount))
        })
    };
    let taxed = columns.iter().any(|c| c.head == Head::Tax);
    let fullest = columns.iter().map(|c| c.cells.len()).max().unwrap_or(0);
    let last = columns.len().saturating_sub(1);
    let mut points: Vec<i32> = Vec::with_capacity(columns.len());
    for (place, column) in columns.iter().enumerate() {
        let mut sum = match column.head {
            Head::Paid => 5,
            // Net of discount is paid, net of tax is not.
            Head::Net if taxed => -2,
            Head::Net => 4,
            Head::Gross if taxed => 3,
            Head::Gross | Head::Open => -2,
            Head::Less | Head::Tax => -6,
            Head::Unnamed => 0,
        };
        if outside(column) {
            sum += 6;
        }
        if place == last {
            sum += 1;
        }
        if column.cells.len() < fullest {
            sum -= 4;
        }
        // `500.00  10.00  490.00`: what is left of the one without the other, in every row.
        if let [.., whole, less] = &columns[..place]
            && differs_by(whole, less, column, signed)
        {
            sum += 2;
        }
        points.push(sum);
    }
    let best = (0..columns.len()).max_by_key(|&c| (points[c], c)).unwrap_or(last);
    // Equal columns (nothing was deducted anywhere) are one answer.
    let same = points.iter().zip(&columns).filter(|(p, _)| **p == points[best]).all(|(_, c)| c.sum == columns[best].sum);
    if points[best] <= 0 || !same {
        return Vec::new();
    }
    for (number, row) in rows.rows.iter_mut().enumerate() {
        if let Some((_, amount)) = columns[best].cells.iter().find(|(r, _)| *r == number) {
            row.amount = Some(*amount);
        } else if row.amounts.len() > 1 {
            // Its cell was not seen: another column's is not what was paid.
            row.amount = None;
        }
    }
    let chosen = columns[best].sum;
    let others = columns.iter().enumerate().filter(|(c, _)| *c != best).map(|(_, c)| c);
    let mut aside: Vec<usize> = others.clone().flat_map(|c| c.cells.iter().map(|(_, a)| *a)).collect();
    let totals = candidates.iter().filter(|c| !inside.contains(&c.amount) && c.value() != chosen);
    aside.extend(totals.filter(|c| others.clone().any(|o| o.sum == c.value() && under(doc, o, c.amount))).map(|c| c.amount));
    aside
}

/// Kinds whose amount is what the rows add up to.
pub fn pays_rows(kind: EvidenceKind) -> bool {
    matches!(
        kind,
        EvidenceKind::RemittanceAdvice | EvidenceKind::PaymentProof | EvidenceKind::PromiseToPay | EvidenceKind::BankReceipt
    )
}

fn span_of(doc: &Document<'_>, amount: usize) -> Option<(u32, u32)> {
    let region = doc.layout.region(&doc.scan.amounts[amount].words)?;
    Some((region.x0, region.x1))
}

fn columns_of(doc: &Document<'_>, rows: &Rows) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (number, row) in rows.rows.iter().enumerate() {
        for &amount in &row.amounts {
            let Some((x0, x1)) = span_of(doc, amount) else { continue };
            // Of those it overlaps, the one it overlaps most.
            let shared = |c: &Column| c.span.1.min(x1).saturating_sub(c.span.0.max(x0));
            let free = columns.iter_mut().filter(|c| c.cells.last().is_none_or(|(r, _)| *r != number) && shared(c) > 0);
            match free.max_by_key(|c| shared(c)) {
                Some(column) => {
                    column.span = (column.span.0.min(x0), column.span.1.max(x1));
                    column.cells.push((number, amount));
                }
                None => columns.push(Column { span: (x0, x1), cells: vec![(number, amount)], sum: None, head: Head::Unnamed }),
            }
        }
    }
    // What stands in a column by itself in a long table is a slip of the reader of letters.
    let fullest = columns.iter().map(|c| c.cells.len()).max().unwrap_or(0);
    columns.retain(|c| c.cells.len().saturating_mul(2) >= fullest);
    columns.sort_by_key(|c| c.span);
    columns
}

/// Stands within a column's width, in one of the three rows below it.
fn under(doc: &Document<'_>, column: &Column, amount: usize) -> bool {
    let overlaps = span_of(doc, amount).is_some_and(|(x0, x1)| x0 < column.span.1 && column.span.0 < x1);
    let row = |a: usize| doc.layout.segments[doc.scan.amounts[a].segment].row;
    let last = column.cells.iter().map(|(_, a)| row(*a)).max();
    overlaps && last.is_some_and(|last| row(amount) > last && row(amount) <= last.saturating_add(3))
}

/// What stands over the column's first amount: up to four rows of words, the nearest first.
fn head_of(doc: &Document<'_>, column: &Column) -> Head {
    let Some(&(_, first)) = column.cells.first() else { return Head::Unnamed };
    let segment = doc.scan.amounts[first].segment;
    let top = doc.layout.segments[segment].row;
    let page = doc.layout.segments[segment].region.page;
    for row in doc.layout.rows[..top].iter().rev().take(4).take_while(|r| r.page == page) {
        let overlaps = |w: usize| {
            let r = doc.layout.words[w].region;
            r.x0 < column.span.1 && column.span.0 < r.x1
        };
        let over: Vec<usize> =
            row.segments.clone().flat_map(|s| doc.layout.segments[s].words.clone()).filter(|w| overlaps(*w)).collect();
        if over.is_empty() {
            continue;
        }
        // `Net paid` over a narrow number: the words of its segment belong to it where no other column's do.
        let whole: Vec<usize> = row
            .segments
            .clone()
            .filter(|&s| doc.layout.segments[s].words.iter().any(|w| over.contains(w)) && doc.layout.segments[s].words.len() <= 3)
            .flat_map(|s| doc.layout.segments[s].words.clone())
            .collect();
        for words in [&over, &whole] {
            let head = named(doc, words);
            if head != Head::Unnamed {
                return head;
            }
        }
    }
    Head::Unnamed
}

fn named(doc: &Document<'_>, words: &[usize]) -> Head {
    let folded: Vec<String> = words.iter().map(|&w| super::lexicon::fold(&doc.layout.words[w].text)).collect();
    let says = |starts: &[&str]| folded.iter().any(|word| starts.iter().any(|s| word.starts_with(s)));
    HEADS.iter().find(|(_, starts)| says(starts)).map_or(Head::Unnamed, |(head, _)| *head)
}

/// In every row that has all three, the third is the first without the second; and in one of them something was taken off.
fn differs_by(whole: &Column, less: &Column, rest: &Column, signed: impl Fn(usize) -> Option<Decimal>) -> bool {
    let cell = |column: &Column, row: usize| column.cells.iter().find(|(r, _)| *r == row).and_then(|(_, a)| signed(*a));
    let mut some = false;
    for &(row, _) in &rest.cells {
        let (Some(whole), Some(less), Some(rest)) = (cell(whole, row), cell(less, row), cell(rest, row)) else { return false };
        if whole.checked_sub(less.abs()) != Some(rest) && whole.abs().checked_sub(less.abs()) != Some(rest.abs()) {
            return false;
        }
        some |= !less.is_zero();
    }
    some
}
