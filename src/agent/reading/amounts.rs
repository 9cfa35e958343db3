//! Which of a document's numbers is the amount it is about, and which are its tax, fee, discount, balance.

use quittance_rules::amount_text::DecimalMark;
use quittance_rules::evidence::{Claim, ClaimValue, EvidenceKind, Field};
use quittance_rules::money::{Currency, Money};
use rust_decimal::Decimal;

use super::document::{Document, Relation};
use super::labels::Role;
use super::scan::Amount;
use super::told::{self, Told};

/// An amount with the part it plays.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Index into the scan's amounts.
    pub amount: usize,
    /// What its label says.
    pub role: Option<Role>,
    /// How it came by it.
    pub relation: Option<Relation>,
    /// Its currency, with the probability of that.
    pub currency: Option<(Currency, f64)>,
    /// Its readings with probabilities, likeliest first. Not negative: a payer's app shows what left the account with a minus.
    pub readings: Vec<(Decimal, f64)>,
    /// The first reading was negative.
    pub negative: bool,
    /// Stands in a column of amounts under a header.
    pub item: bool,
    /// The figures are all of the number's, as far as can be told. What is not legible is not said, nor another in its place.
    pub legible: bool,
    /// How much it looks like the amount of the document.
    pub score: f64,
}

impl Candidate {
    /// The likeliest value.
    pub fn value(&self) -> Option<Decimal> {
        self.readings.first().map(|(v, _)| *v)
    }

    /// The likeliest value; a credit is below zero.
    pub fn signed(&self) -> Option<Decimal> {
        let value = self.value()?;
        Some(if self.negative { -value } else { value })
    }
}

/// Below this nothing is said.
const SCORE_MIN: f64 = 4.0;

/// A lead of less than this does not tell which of two amounts is meant.
const TOO_NEAR: f64 = 0.75;
/// What is left of an amount's probability where nothing says what the document is: mostly the amount of a paper is the same whatever
/// its kind.
const SURE_ANYWAY: f64 = 0.75;

/// Every number that may be an amount, with role and readings.
pub fn candidates(doc: &Document<'_>) -> Vec<Candidate> {
    doc.scan.amounts.iter().enumerate().filter_map(|(index, amount)| candidate(doc, index, amount)).collect()
}

/// Words for an amount that are also those for a number of things, in Finnish and Indonesian.
const ALSO_QUANTITY: [&str; 2] = ["maara", "jumlah"];

fn candidate(doc: &Document<'_>, index: usize, amount: &Amount) -> Option<Candidate> {
    let currency = doc.context.currency_of(amount);
    let governed =
        doc.governing(&amount.words, Role::is_amount, |role| role.is_identifier() || role.is_date() || role == Role::Time);
    let written_as_money = amount.has_sign() || amount.has_fraction;
    // `Envio com sucesso` over a large number: the first word of a headline is no label of shipping costs.
    let governed = governed.filter(|g| {
        let headline = g.relation == Relation::Above && g.label.role == Role::OtherAmount && !g.label.whole && !g.label.colon;
        !(headline && is_large(doc, amount))
    });
    let governed = governed.filter(|g| written_as_money || !ALSO_QUANTITY.contains(&g.label.phrase.as_str()));
    if governed.is_none() && !written_as_money {
        // A bare whole number with an identifier's label, or beside a date, is no amount.
        let owned =
            doc.governing(&amount.words, |r| r.is_identifier() || r.is_date() || r == Role::Time || r == Role::Memo, |_| false);
        // A lone digit or two is an icon, a count or a page.
        let digits: usize =
            amount.words.iter().map(|&w| doc.layout.words[w].text.bytes().filter(u8::is_ascii_digit).count()).sum();
        if digits < 3 || owned.is_some_and(|g| g.relation >= Relation::Above) {
            return None;
        }
    }
    if is_rupee_sign_misread(doc, amount) || is_lira_sign_misread(doc, amount) {
        return None;
    }
    let spoken = role_in_sentence(doc, amount);
    // `Envio SPEI por $15,230.40`: a word that may be many things is what the sentence makes of it.
    let governed = governed.filter(|g| !(spoken == Some(Role::Paid) && g.label.role == Role::OtherAmount));
    let spoken = spoken.filter(|_| governed.is_none());
    let point = doc.context.decimal_point(currency.map(|(c, _)| c).or(amount.currency));
    let mut readings: Vec<(Decimal, f64)> = amount
        .readings
        .iter()
        .filter_map(|(text, mark)| {
            let value: Decimal = text.parse().ok()?;
            let weight = match mark {
                Some(DecimalMark::Point) if amount.readings.len() > 1 => point,
                Some(DecimalMark::Comma) if amount.readings.len() > 1 => 1.0 - point,
                _ => 1.0,
            };
            // `1.234` read with a decimal mark has thousandths, which nobody pays; it stays possible, not likely.
            let fine = currency.is_some_and(|(c, _)| Money::parse(&value.normalize().to_string(), c).is_err());
            // Except where three decimals are what the currency has: `KWD 796.000` is seven hundred and ninety-six.
            let thousandths = value.scale() == 3 && currency.is_none_or(|(c, _)| c.exponent() < 3);
            // Where the currency has no parts at all, three figures behind a mark are thousands.
            let unlikely = if currency.is_some_and(|(c, _)| c.exponent() == 0) { 0.005 } else { 0.1 };
            (!fine).then_some((value, if thousandths { weight * unlikely } else { weight }))
        })
        .collect();
    let whole: f64 = readings.iter().map(|(_, w)| w).sum();
    if whole <= 0.0 {
        return None;
    }
    for reading in &mut readings {
        reading.1 /= whole;
    }
    readings.sort_by(|a, b| b.1.total_cmp(&a.1));
    let negative = readings.first().is_some_and(|(v, _)| v.is_sign_negative());
    for reading in &mut readings {
        reading.0 = reading.0.abs();
    }
    Some(Candidate {
        amount: index,
        role: governed.map(|g| g.label.role).or(spoken),
        relation: governed.map(|g| g.relation).or(spoken.map(|_| Relation::Same)),
        currency,
        readings,
        negative,
        item: governed.is_some_and(|g| g.relation == Relation::Column),
        legible: !amount.in_pieces && !may_lack_mark(doc, index, currency.map(|(c, _)| c)),
        score: 0.0,
    })
}

/// A headline `kr 73850` may be `738,50` whose small decimals lost their mark: apps group the thousands of what they set in large letters.
/// It counts where the currency has no decimals or the same number stands a second time.
fn may_lack_mark(doc: &Document<'_>, index: usize, currency: Option<Currency>) -> bool {
    let amount = &doc.scan.amounts[index];
    let again = || {
        let others = doc.scan.amounts.iter().enumerate().filter(|(at, other)| *at != index && other.words != amount.words);
        let value = |text: &str| text.parse::<Decimal>().ok();
        others
            .flat_map(|(_, other)| &other.readings)
            .any(|(there, _)| amount.readings.iter().any(|(here, _)| value(there) == value(here)))
    };
    amount.unmarked && is_large(doc, amount) && currency.is_none_or(|c| c.exponent() > 0) && !again()
}

/// Height of the tallest word of an amount, in millionths of the page.
fn height_of(doc: &Document<'_>, amount: &Amount) -> u32 {
    amount.words.iter().map(|&w| doc.layout.words[w].region).map(|r| r.y1.saturating_sub(r.y0)).max().unwrap_or(0)
}

/// Set in letters at least twice as high as the page's usual word.
fn is_large(doc: &Document<'_>, amount: &Amount) -> bool {
    let page = doc.layout.segments[amount.segment].region.page;
    f64::from(height_of(doc, amount)) >= 2.0 * f64::from(doc.layout.usual_height(page))
}

/// What a sentence says an amount is, where no label governs it.
fn role_in_sentence(doc: &Document<'_>, amount: &Amount) -> Option<Role> {
    told::of(doc, amount).map(|told| match told {
        Told::Moved | Told::Reported | Told::Payment => Role::Paid,
        Told::Cost => Role::Fee,
    })
}

/// Without data for Indic scripts the reader of letters sees `₹` as a digit (`₹4,500` as `74,500` or `34,500`). In a picture that
/// points to rupees, a number without a legible sign that begins with such a digit may be ten times too large, so it is not legible.
fn is_rupee_sign_misread(doc: &Document<'_>, amount: &Amount) -> bool {
    let rupees = doc.context.points_to("INR");
    let number = amount.words.iter().map(|&w| doc.layout.words[w].text.as_str()).find(|t| t.bytes().any(|b| b.is_ascii_digit()));
    rupees
        && !amount.has_sign()
        && amount.words.iter().all(|&w| doc.layout.is_ocr(w))
        && number.is_some_and(|t| {
            // A separator behind the first digit: were that the sign, the number would begin with the separator.
            let t = t.trim_start_matches(['-', '+', '−']).as_bytes();
            matches!(t, [b'1' | b'2' | b'3' | b'7' | b'8', second, ..] if second.is_ascii_digit())
        })
}

/// The sign of the Turkish lira is seen as a digit or not at all. In a picture that points to liras and shows them nowhere as letters, a
/// number without a sign that begins with such a digit may be ten times too large, so it is not legible.
fn is_lira_sign_misread(doc: &Document<'_>, amount: &Amount) -> bool {
    let number = amount.words.iter().map(|&w| doc.layout.words[w].text.as_str()).find(|t| t.bytes().any(|b| b.is_ascii_digit()));
    doc.context.points_to("TRY")
        && !doc.context.is_named("TRY")
        && !amount.has_sign()
        && amount.words.iter().all(|&w| doc.layout.is_ocr(w))
        && number.is_some_and(|t| {
            let t = t.trim_start_matches(['-', '+', '−']).as_bytes();
            matches!(t, [b'2' | b'4'..=b'8', second, ..] if second.is_ascii_digit())
        })
}

/// Scores every candidate for being the amount of a document of this kind.
pub fn score(doc: &Document<'_>, kind: EvidenceKind, candidates: &mut [Candidate]) {
    let bills = matches!(kind, EvidenceKind::Invoice | EvidenceKind::CreditNote);
    let says_paid = candidates.iter().any(|c| c.role == Some(Role::Paid) && !c.item);
    for candidate in candidates.iter_mut() {
        let amount = &doc.scan.amounts[candidate.amount];
        let segment = &doc.layout.segments[amount.segment];
        let base = match candidate.role {
            Some(Role::Due) => {
                if bills {
                    9.0
                } else if is_receipt(kind) && says_paid {
                    // What was to be paid; the receipt also says what was, with interest or less a discount.
                    5.0
                } else {
                    8.0
                }
            }
            Some(Role::Paid) => {
                if bills {
                    5.0
                } else {
                    9.0
                }
            }
            Some(Role::Total) => {
                if bills {
                    8.0
                } else {
                    7.5
                }
            }
            Some(Role::Subtotal) => {
                if bills {
                    2.5
                } else {
                    2.0
                }
            }
            Some(Role::Tip | Role::Tax | Role::Fee | Role::Discount | Role::Balance | Role::OtherAmount) => -6.0,
            Some(_) | None => 1.5,
        };
        let closeness = match candidate.relation {
            Some(Relation::Same | Relation::Row) => 1.0,
            Some(Relation::Above) => 0.5,
            Some(Relation::Under) => -1.0,
            Some(Relation::Column) => -5.0,
            None => 0.0,
        };
        let usual = f64::from(doc.layout.usual_height(segment.region.page));
        let height =
            amount.words.iter().map(|&w| doc.layout.words[w].region).map(|r| r.y1.saturating_sub(r.y0)).max().unwrap_or(0);
        let times = f64::from(height) / usual;
        let size = if times >= 2.0 {
            4.5
        } else if times >= 1.5 {
            2.5
        } else {
            0.0
        };
        let sign = if amount.has_sign() {
            1.5
        } else if amount.has_fraction {
            0.5
        } else {
            -1.5
        };
        let others = segment.words.len().saturating_sub(amount.words.len());
        let label_words = doc.labels_in(amount.segment).iter().map(|l| l.to.saturating_sub(l.from)).sum::<usize>();
        let prose = if others.saturating_sub(label_words) >= 5 { -1.5 } else { 0.0 };
        // Nobody pays nothing, whatever label stands there.
        let nothing = if candidate.value().is_some_and(|v| v.is_zero()) { -20.0 } else { 0.0 };
        // An app sets in large letters what was paid; no label stands beside it.
        let size = if size >= 4.5 && candidate.role.is_none() && amount.has_sign() && is_receipt(kind) { 6.0 } else { size };
        // The first and last pages say what a paper is about; pages between are detail.
        let late = if segment.region.page > 1 { -0.5 } else { 0.0 };
        let credit = if candidate.negative && bills && kind != EvidenceKind::CreditNote { -2.0 } else { 0.0 };
        candidate.score = base + closeness + size + sign + prose + nothing + late + credit;
    }
    // The only amount with a currency in a paper about a payment is the amount, label or not; one that stands on a line of its own also
    // beside others within sentences: `Spend £500 more to earn £10`.
    let unlabelled_words = |c: &Candidate| {
        let segment = doc.scan.amounts[c.amount].segment;
        let labels: usize = doc.labels_in(segment).iter().map(|l| l.to.saturating_sub(l.from)).sum();
        doc.layout.segments[segment].words.len().saturating_sub(doc.scan.amounts[c.amount].words.len()).saturating_sub(labels)
    };
    let is_signed = |c: &&Candidate| doc.scan.amounts[c.amount].has_sign();
    let has_own_line = candidates.iter().filter(is_signed).any(|c| c.role.is_none() && unlabelled_words(c) == 0);
    let told_in_prose = |c: &&Candidate| has_own_line && c.role.is_none() && unlabelled_words(c) >= 3;
    let mut signed: Vec<Decimal> =
        candidates.iter().filter(is_signed).filter(|c| !told_in_prose(c)).filter_map(Candidate::value).collect();
    signed.sort_unstable();
    signed.dedup();
    let payment = is_receipt(kind) || kind == EvidenceKind::PromiseToPay;
    if let ([only], true) = (signed.as_slice(), payment) {
        let is_only = |c: &&mut Candidate| c.role.is_none() && c.value() == Some(*only) && doc.scan.amounts[c.amount].has_sign();
        for candidate in candidates.iter_mut().filter(is_only) {
            candidate.score += 2.5;
        }
    }
    if is_receipt(kind) {
        exchanged(doc, candidates);
    }
    agree(candidates, bills);
    if is_receipt(kind) {
        headline(doc, candidates);
    }
}

/// A receipt on a phone says in large letters what was paid. A labelled amount beside it that is another one contests it: where the
/// difference is a labelled part (interest, a discount) the large one is what was paid, where it is in another currency and does not
/// leave the account it is what arrived, else nothing tells which is meant.
fn headline(doc: &Document<'_>, candidates: &mut [Candidate]) {
    let height = |c: &Candidate| height_of(doc, &doc.scan.amounts[c.amount]);
    let signed = |c: &Candidate| doc.scan.amounts[c.amount].has_sign();
    let Some(at) = (0..candidates.len())
        .filter(|&at| signed(&candidates[at]))
        .max_by_key(|&at| (height(&candidates[at]), std::cmp::Reverse(at)))
    else {
        return;
    };
    let large = candidates[at].clone();
    let alone =
        candidates.iter().all(|c| c.value() == large.value() || height(c).saturating_mul(10) <= height(&large).saturating_mul(8));
    if large.role.is_some() || !alone || !is_large(doc, &doc.scan.amounts[large.amount]) {
        return;
    }
    let part = |c: &Candidate| {
        matches!(c.role, Some(Role::OtherAmount | Role::Discount | Role::Tip | Role::Tax)).then(|| c.value()).flatten()
    };
    let parts: Vec<Decimal> = candidates.iter().filter_map(part).filter(|v| !v.is_zero()).take(12).collect();
    let contests = |c: &Candidate| {
        matches!(c.role, Some(Role::Paid | Role::Due | Role::Total))
            && !c.item
            && c.value() != large.value()
            && c.value().is_some_and(|v| !v.is_zero())
    };
    let Some(rival) = candidates
        .iter()
        .filter(|c| contests(c) && c.score > large.score - 2.0)
        .max_by(|a, b| a.score.total_cmp(&b.score))
        .cloned()
    else {
        return;
    };
    let other_currency =
        large.currency.is_some() && rival.currency.is_some() && large.currency.map(|c| c.0) != rival.currency.map(|c| c.0);
    let (Some(value), Some(less)) = (large.value(), rival.value()) else { return };
    let explained = parts.iter().any(|p| less.checked_add(*p) == Some(value) || value.checked_add(*p) == Some(less));
    // A sum with its fee was found and set back; that stands.
    let with_fee = candidates
        .iter()
        .filter(|c| c.role == Some(Role::Fee))
        .filter_map(Candidate::value)
        .any(|fee| less.checked_add(fee) == Some(value));
    if with_fee && !other_currency {
        return;
    }
    let lead = if (other_currency && !large.negative) || explained { 2.5 } else { 0.0 };
    candidates[at].score = candidates[at].score.max(rival.score + lead);
}

/// Kinds that say a payment was made.
fn is_receipt(kind: EvidenceKind) -> bool {
    matches!(kind, EvidenceKind::PaymentProof | EvidenceKind::BankReceipt | EvidenceKind::CardReceipt)
}

/// A transfer between two currencies names what left and what arrived. Where labels do not say which was paid, it is the one in large
/// letters, when it alone is large.
fn exchanged(doc: &Document<'_>, candidates: &mut [Candidate]) {
    let own = |c: &Candidate| doc.scan.amounts[c.amount].has_sign().then_some(c.currency).flatten().map(|(currency, _)| currency);
    let height = |c: &Candidate| {
        let words = doc.scan.amounts[c.amount].words.iter().map(|&w| doc.layout.words[w].region);
        words.map(|r| r.y1.saturating_sub(r.y0)).max().unwrap_or(0)
    };
    let mut currencies: Vec<Currency> = candidates.iter().filter_map(own).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let Some(tallest) = candidates.iter().filter(|c| own(c).is_some()).max_by_key(|c| height(c)) else { return };
    let page = doc.layout.segments[doc.scan.amounts[tallest.amount].segment].region.page;
    let large = f64::from(height(tallest)) >= 2.0 * f64::from(doc.layout.usual_height(page));
    let (value, currency) = (tallest.value(), own(tallest));
    let others = candidates.iter().filter(|c| own(c).is_some() && own(c) != currency);
    let stands_out = others.map(height).all(|second| second.saturating_mul(10) <= height(tallest).saturating_mul(8));
    if currencies.len() < 2 || !large || !stands_out || tallest.role.is_some() {
        return;
    }
    let is_other = |c: &Candidate| own(c).is_some() && own(c) != currency && c.value() != value && c.role != Some(Role::Paid);
    // A minus before the large one says that it left the account; what arrived is another, and nothing tells which is asked for.
    let (left, top) = (tallest.negative, tallest.score);
    for candidate in candidates.iter_mut().filter(|c| is_other(c)) {
        candidate.score = if left && candidate.role.is_none() { top } else { candidate.score - 6.0 };
    }
}

/// Sums that hold make their total likelier; an amount that is another plus its fee is not what the payee gets.
fn agree(candidates: &mut [Candidate], bills: bool) {
    // With its place in reading order.
    let placed = |wanted: fn(Role) -> bool| -> Vec<(usize, Decimal)> {
        let labelled = candidates.iter().filter(|c| c.role.is_some_and(wanted));
        labelled.filter_map(|c| Some((c.amount, c.value()?))).filter(|(_, v)| !v.is_zero()).take(12).collect()
    };
    let values = |wanted: fn(Role) -> bool| -> Vec<Decimal> { placed(wanted).into_iter().map(|(_, value)| value).collect() };
    let subtotals = values(|r| r == Role::Subtotal);
    let is_reduced = candidates.iter().any(|c| matches!(c.role, Some(Role::Discount | Role::OtherAmount)));
    let taxes = values(|r| r == Role::Tax);
    let tips = values(|r| r == Role::Tip);
    let fees = values(|r| r == Role::Fee);
    let sums = placed(|r| matches!(r, Role::Paid | Role::Total | Role::Due));
    let paid: Vec<Decimal> = sums.iter().map(|(_, value)| *value).collect();
    let deducted = placed(|r| matches!(r, Role::OtherAmount | Role::Discount));
    for candidate in candidates.iter_mut() {
        let Some(value) = candidate.value() else { continue };
        let is = |a: &Decimal, b: &Decimal| a.checked_add(*b) == Some(value);
        if subtotals.iter().any(|s| taxes.iter().any(|t| is(s, t))) {
            candidate.score += 2.0;
        }
        if tips.iter().any(|t| paid.iter().chain(&subtotals).any(|p| is(p, t))) {
            candidate.score += 3.0;
        }
        // What is left of a bill's total after a part payment or a discount is what it asks for. It stands below both: a sum before
        // shipping or a late fee adds up the same way and stands above.
        let owed = bills && matches!(candidate.role, Some(Role::Due | Role::Total));
        let is_left = |(at, less): &(usize, Decimal)| {
            *at < candidate.amount && sums.iter().any(|(total, sum)| total < at && value.checked_add(*less) == Some(*sum))
        };
        if owed && deducted.iter().any(is_left) {
            candidate.score += 3.0;
        }
        if fees.iter().any(|f| paid.iter().any(|p| is(p, f))) {
            candidate.score -= 3.0;
        }
        // A total below its own subtotal, with nothing taken off, was misread; a handwritten one mostly is.
        let sums_up = matches!(candidate.role, Some(Role::Total | Role::Paid | Role::Due)) && !candidate.item;
        if sums_up && !is_reduced && subtotals.len() == 1 && value < subtotals[0] {
            candidate.legible = false;
        }
    }
}

/// Amounts of a remittance list are parts of the payment; their sum is the payment.
pub fn weigh_rows(candidates: &mut [Candidate], rows: &[usize], sum: Option<Decimal>, kind: EvidenceKind) {
    let lists = super::columns::pays_rows(kind);
    if rows.len() < 2 {
        return;
    }
    for candidate in candidates.iter_mut() {
        if rows.contains(&candidate.amount) {
            candidate.item = true;
            candidate.score -= 5.0;
        } else if lists && sum.is_some() && candidate.value() == sum {
            candidate.score += 3.0;
        }
    }
}

/// Amounts of a table's other columns (gross, discount) and their totals are not what was paid.
pub fn set_aside(candidates: &mut [Candidate], aside: &[usize]) {
    for candidate in candidates.iter_mut().filter(|c| aside.contains(&c.amount)) {
        candidate.item = true;
        candidate.score -= 12.0;
    }
}

/// The number in a claim about an amount.
pub fn decimal_of(claim: &Claim) -> Option<Decimal> {
    match &claim.value {
        ClaimValue::Money(money) => Some(money.to_decimal()),
        ClaimValue::BareAmount(text) => text.parse().ok(),
        ClaimValue::Currency(_) | ClaimValue::Date(_) | ClaimValue::Time(_) | ClaimValue::Text(_) => None,
    }
}

/// The claims about the amount and its currency, best first; several when the document is ambiguous.
///
/// Which number is the amount depends on what the document is, so a doubt about the kind (`kind_chance`, 0 to 1) is a doubt about it too.
pub fn amount_claims(doc: &Document<'_>, candidates: &[Candidate], kind_chance: f64) -> Vec<Claim> {
    let mut ranked: Vec<&Candidate> = candidates.iter().filter(|c| c.score >= SCORE_MIN).collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.amount.cmp(&b.amount)));
    let Some(best) = ranked.first() else { return Vec::new() };
    let rival = ranked.iter().find(|c| c.value() != best.value());
    let margin = rival.map_or(6.0, |r| best.score - r.score);
    let doubt = SURE_ANYWAY + (1.0 - SURE_ANYWAY) * kind_chance.clamp(0.0, 1.0);
    let mut claims = said(doc, best, chance(best.score, margin) * doubt);
    if let Some(rival) = rival.filter(|_| margin < TOO_NEAR) {
        // Two amounts that could equally be meant: both are said, neither believed.
        claims.extend(said(doc, rival, chance(rival.score, -margin) * doubt));
    }
    if claims.is_empty() {
        // The best one is not legible; a second-best would be a guess.
        return claims;
    }
    claims.extend(currency_claim(doc, best));
    claims
}

/// Probability that a candidate is right, from its score and its lead. Fitted by eye on the `dev` cases of `eval-sets/read-evidence`.
fn chance(score: f64, margin: f64) -> f64 {
    let alone = 1.0 / (1.0 + (-(score - 3.5) * 0.7).exp());
    let lead = if margin >= 2.0 {
        1.0
    } else if margin < TOO_NEAR {
        // At most one of them is right, so neither is likelier than not.
        (0.42 + 0.08 * margin).clamp(0.3, 0.48)
    } else {
        (0.72 + 0.14 * margin).clamp(0.35, 1.0)
    };
    (alone * lead).min(0.995)
}

fn said(doc: &Document<'_>, candidate: &Candidate, probability: f64) -> Vec<Claim> {
    if !candidate.legible {
        return Vec::new();
    }
    let amount = &doc.scan.amounts[candidate.amount];
    // A sign that is hardly legible does not make the figures beside it so.
    let is_figures = |word: &usize| doc.layout.words[*word].text.contains(|c: char| c.is_ascii_digit());
    let words: Vec<usize> =
        amount.words.iter().copied().filter(|word| is_figures(word) || doc.legibility(&[*word]).is_some()).collect();
    let readings = candidate.readings.iter().filter(|(_, weight)| *weight >= 0.02);
    readings
        .filter_map(|(value, weight)| {
            doc.claim(
                Field::Amount,
                money(*value, candidate.currency)?,
                &words,
                probability * weight * candidate.currency.map_or(1.0, |c| c.1),
            )
        })
        .collect()
}

/// Money where the currency is known and carries the decimals, else the plain decimal.
fn money(value: Decimal, currency: Option<(Currency, f64)>) -> Option<ClaimValue> {
    match currency {
        Some((currency, _)) => Money::parse(&value.normalize().to_string(), currency).ok().map(ClaimValue::Money),
        None => Some(ClaimValue::BareAmount(value.to_string())),
    }
}

fn currency_claim(doc: &Document<'_>, best: &Candidate) -> Option<Claim> {
    let (currency, probability) = best.currency?;
    let own = &doc.scan.amounts[best.amount];
    let words = if own.has_sign() {
        own.currency_words.clone()
    } else {
        doc.scan.amounts.iter().find(|a| a.currency == Some(currency)).map(|a| a.currency_words.clone()).or_else(|| {
            let code = |w: &usize| doc.layout.words[*w].text.trim_matches(|c: char| !c.is_alphanumeric()) == currency.code();
            (0..doc.layout.words.len()).find(code).map(|w| vec![w])
        })?
    };
    doc.claim(Field::Currency, ClaimValue::Currency(currency), &words, probability)
}

/// Tax, subtotal and fee, where a label says so.
pub fn part_claims(doc: &Document<'_>, candidates: &[Candidate], total: Option<Decimal>) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (role, field) in [(Role::Tax, Field::Tax), (Role::Subtotal, Field::Subtotal), (Role::Fee, Field::Fee)] {
        let of_role: Vec<&Candidate> = candidates.iter().filter(|c| c.role == Some(role) && !c.item).collect();
        let other = if role == Role::Tax { Role::Subtotal } else { Role::Tax };
        let fits = |c: &&&Candidate| {
            let others = candidates.iter().filter(|o| o.role == Some(other)).filter_map(Candidate::value);
            role != Role::Fee && others.into_iter().any(|o| c.value().and_then(|v| v.checked_add(o)) == total && total.is_some())
        };
        let chosen = of_role.iter().find(fits).map(|c| (*c, 0.95)).or_else(|| {
            let first = of_role.iter().max_by(|a, b| a.relation.cmp(&b.relation).then(b.amount.cmp(&a.amount)))?;
            let several = of_role.iter().any(|c| c.value() != first.value());
            // A tax or fee above the amount itself is something else.
            let too_much = total.is_some_and(|t| first.value().is_some_and(|v| v > t));
            (!too_much).then_some((first, if several { 0.5 } else { 0.85 }))
        });
        let Some((candidate, probability)) = chosen else { continue };
        let words = &doc.scan.amounts[candidate.amount].words;
        for (value, weight) in candidate.readings.iter().filter(|(_, w)| *w >= 0.02) {
            claims.extend(money(*value, candidate.currency).and_then(|v| doc.claim(field, v, words, probability * weight)));
        }
    }
    claims
}

/// What does not add up, one sentence each.
pub fn complaints(candidates: &[Candidate], total: Option<Decimal>) -> Vec<String> {
    let single = |role: Role| -> Option<Decimal> {
        let mut values: Vec<Decimal> =
            candidates.iter().filter(|c| c.role == Some(role) && !c.item).filter_map(Candidate::value).collect();
        values.sort_unstable();
        values.dedup();
        match values.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    };
    let (Some(subtotal), Some(tax), Some(total)) = (single(Role::Subtotal), single(Role::Tax), total) else { return Vec::new() };
    let discount = single(Role::Discount).unwrap_or_default();
    let sum = subtotal.checked_add(tax);
    let less = sum.and_then(|s| s.checked_sub(discount));
    if sum == Some(total) || less == Some(total) || subtotal == total {
        return Vec::new();
    }
    vec![format!("arithmetic: subtotal {subtotal} and tax {tax} do not add up to {total}")]
}
