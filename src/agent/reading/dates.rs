//! Which of a document's dates is which: paid, issued, due; and the time of day beside the day.

use quittance_rules::date_text::{DateOrder, DateReading};
use quittance_rules::evidence::{Claim, ClaimValue, EvidenceKind, Field};

use super::document::{Document, Relation};
use super::labels::Role;
use super::scan::DateHit;

struct Ranked<'d> {
    hit: &'d DateHit,
    role: Option<Role>,
    paid: f64,
    issued: f64,
    due: f64,
}

/// Claims about dates and the time. `listed` are the rows of the layout that name an invoice and its amount.
pub fn date_claims(doc: &Document<'_>, kind: EvidenceKind, listed: &[usize]) -> Vec<Claim> {
    let mut ranked: Vec<Ranked<'_>> = doc.scan.dates.iter().map(|hit| rank(doc, kind, hit)).collect();
    // A date in a row of a list of invoices is that invoice's.
    for one in ranked.iter_mut().filter(|r| listed.contains(&doc.layout.segments[r.hit.segment].row)) {
        one.paid -= 6.0;
    }
    let bills = matches!(kind, EvidenceKind::Invoice | EvidenceKind::CreditNote | EvidenceKind::Statement);
    let mut claims = Vec::new();
    if bills {
        if let Some((hit, chance)) = best(&ranked, |r| r.issued) {
            claims.extend(said(doc, Field::IssueDate, hit, chance));
            // The day a bill is about is the day it was issued, unless it also says when it was paid.
            claims.extend(said(doc, Field::Date, hit, chance));
        }
    } else {
        if let Some((hit, chance)) = best(&ranked, |r| r.paid) {
            claims.extend(said(doc, Field::Date, hit, chance));
            claims.extend(time_claim(doc, hit));
        }
        let issued: Vec<&Ranked<'_>> = ranked.iter().filter(|r| r.role == Some(Role::IssueDate)).collect();
        if let [one] = issued.as_slice() {
            claims.extend(said(doc, Field::IssueDate, one.hit, 0.85));
        }
    }
    if let Some((hit, chance)) = best(&ranked, |r| r.due) {
        claims.extend(said(doc, Field::DueDate, hit, chance));
    }
    if !claims.iter().any(|c| c.field == Field::Time) {
        claims.extend(labelled_time(doc));
    }
    claims
}

fn rank<'d>(doc: &Document<'_>, kind: EvidenceKind, hit: &'d DateHit) -> Ranked<'d> {
    let governed = doc.governing(&hit.words, Role::is_date, |r| r.is_amount());
    let mut role = governed.map(|g| g.label.role);
    // A small word such as `le` or `am` in a sentence makes a date a date, not the date of payment.
    let small = governed.is_some_and(|g| g.label.phrase.len() <= 2);
    if is_range(doc, hit) {
        role = Some(Role::OtherDate);
    }
    let near = match governed.map(|g| g.relation) {
        Some(Relation::Same | Relation::Row) => 1.0,
        Some(Relation::Above) => 0.7,
        Some(Relation::Column | Relation::Under) => -3.0,
        None => 0.0,
    };
    let segment = &doc.layout.segments[hit.segment];
    let with_time = doc.scan.times.iter().any(|t| t.segment == hit.segment);
    let bare = if with_time {
        5.0
    } else if segment.words.len() <= hit.words.len().saturating_add(2) {
        3.5
    } else {
        2.5
    };
    let behind_number = doc.labels_in(hit.segment).iter().any(|l| matches!(l.role, Role::Invoice | Role::Document) && l.at_start);
    let promise = kind == EvidenceKind::PromiseToPay;
    let paid = match role {
        Some(Role::Date) if small => 4.5,
        Some(Role::Date) => 8.0,
        Some(Role::ValueDate) => 6.0,
        Some(Role::Scheduled) => {
            if promise {
                9.0
            } else {
                1.0
            }
        }
        Some(Role::IssueDate) => 4.0,
        Some(Role::DueDate) => -5.0,
        Some(Role::OtherDate) => -5.0,
        Some(_) | None if behind_number => 2.0,
        Some(_) | None => bare,
    } + near;
    let issued = match role {
        Some(Role::IssueDate) => 9.0,
        Some(Role::Date) if small => {
            if behind_number {
                7.5
            } else {
                4.0
            }
        }
        Some(Role::Date) => 8.0,
        Some(Role::ValueDate | Role::DueDate | Role::OtherDate | Role::Scheduled) => -5.0,
        Some(_) | None if behind_number => 7.0,
        Some(_) | None => bare - 0.5,
    } + near;
    let due = if role == Some(Role::DueDate) { 8.0 + near } else { -5.0 };
    Ranked { hit, role, paid, issued, due }
}

/// `1 March to 31 March`: a period, not a day.
fn is_range(doc: &Document<'_>, hit: &DateHit) -> bool {
    let words = &doc.layout.segments[hit.segment].words;
    let joins = |w: usize| {
        matches!(
            doc.layout.words[w].text.trim().to_lowercase().as_str(),
            "-" | "–" | "—" | "to" | "al" | "bis" | "au" | "t/m" | "tot" | "until" | "hasta" | "ate" | "até"
        )
    };
    let digits = |w: usize| doc.layout.words[w].text.bytes().any(|b| b.is_ascii_digit());
    let (Some(&first), Some(&last)) = (hit.words.first(), hit.words.last()) else { return false };
    let (from, to) = (doc.layout.position(first), doc.layout.position(last));
    let before = from.checked_sub(2).is_some_and(|b| joins(words[b.saturating_add(1)]) && digits(words[b]));
    let after = words.get(to.saturating_add(1)).is_some_and(|&w| joins(w))
        && words.get(to.saturating_add(2)).is_some_and(|&w| doc.scan.dates.iter().any(|d| d.words.contains(&w)));
    before || after
}

fn best<'d>(ranked: &[Ranked<'d>], score: impl Fn(&Ranked<'d>) -> f64) -> Option<(&'d DateHit, f64)> {
    let best = ranked.iter().max_by(|a, b| score(a).total_cmp(&score(b)).then(b.hit.segment.cmp(&a.hit.segment)))?;
    let top = score(best);
    if top < 2.5 {
        return None;
    }
    let rival = ranked.iter().filter(|r| r.hit.readings != best.hit.readings).map(&score).fold(f64::MIN, f64::max);
    let alone = 1.0 / (1.0 + (-(top - 1.5) * 0.7).exp());
    let lead = if top - rival >= 1.5 { 1.0 } else { (0.7 + 0.2 * (top - rival)).clamp(0.5, 1.0) };
    Some((best.hit, (alone * lead).min(0.99)))
}

fn said(doc: &Document<'_>, field: Field, hit: &DateHit, chance: f64) -> Vec<Claim> {
    // Who writes the month first parts the numbers with strokes or dashes, so with dots the day comes first, unless the paper itself
    // shows a date that can only be the other way.
    let dotted = hit.words.iter().any(|&w| {
        let text = doc.layout.words[w].text.as_bytes();
        text.windows(3).filter(|t| t[0].is_ascii_digit() && t[1] == b'.' && t[2].is_ascii_digit()).count() == 2
    });
    let day_first = if dotted && !doc.context.writes_month_first() { 0.98 } else { doc.context.day_first() };
    let weight = |reading: &DateReading| match reading.order {
        _ if hit.readings.len() == 1 => 1.0,
        Some(DateOrder::Dmy) => day_first,
        Some(DateOrder::Mdy) => 1.0 - day_first,
        // Two digits of a year at the head of a date are rare wherever people write.
        Some(DateOrder::Ymd) => 0.08,
        // `10/10/26`: both usual orders say the same day.
        None => 1.0,
    };
    let whole: f64 = hit.readings.iter().map(weight).sum();
    let mut readings: Vec<(DateReading, f64)> =
        hit.readings.iter().map(|r| (*r, weight(r) / whole)).filter(|(_, w)| *w >= 0.02).collect();
    readings.sort_by(|a, b| b.1.total_cmp(&a.1));
    readings.into_iter().filter_map(|(r, w)| doc.claim(field, ClaimValue::Date(r.date), &hit.words, chance * w)).collect()
}

/// The time beside the day: in the same run of words, the same row, or the row below or above. The clock of the phone's status bar is none.
fn time_claim(doc: &Document<'_>, date: &DateHit) -> Option<Claim> {
    let row = doc.layout.segments[date.segment].row;
    let near = |rows: usize| {
        doc.scan.times.iter().find(move |t| {
            doc.layout.segments[t.segment].row.abs_diff(row) == rows
                && (rows == 0 || t.segment == date.segment || labelled(doc, t.segment))
        })
    };
    let same = doc.scan.times.iter().find(|t| t.segment == date.segment);
    let time = same.or_else(|| near(0))?;
    doc.claim(Field::Time, ClaimValue::Time(time.time), &time.words, 0.95)
}

fn labelled(doc: &Document<'_>, segment: usize) -> bool {
    doc.labels_in(segment).iter().any(|l| l.role == Role::Time)
}

fn labelled_time(doc: &Document<'_>) -> Option<Claim> {
    let time = doc.scan.times.iter().find(|t| {
        doc.governing(&t.words, |r| matches!(r, Role::Time | Role::Date), |r| r.is_amount() || r.is_identifier()).is_some()
    })?;
    doc.claim(Field::Time, ClaimValue::Time(time.time), &time.words, 0.9)
}
