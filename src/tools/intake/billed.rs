//! Electronic invoices: which syntax a document is in, and what both syntaxes share. [`super::ubl`] and [`super::cii`] hold the
//! two mappings of EN 16931 (CEN/TS 16931-3-2 and -3-3).

use std::io::BufRead;

use jiff::Span;
use jiff::civil::Date;
use quittance_rules::bank::Problem;
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{BilledDocument, EarlyDiscount, ItemKind};
use rust_decimal::Decimal;

use super::camt::{message_kind, other_document};
use super::xml::{Built, Cursor, Node, Step, Tree};
use super::{IntakeError, cii, ubl};

/// What was read from one electronic invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledReading {
    /// `None` when something without which it cannot be booked is missing or unreadable; the problems say what.
    pub document: Option<BilledDocument>,
    /// What could not be read or does not add up, with element and line.
    pub problems: Vec<Problem>,
}

/// Elements looked at in search of the invoice, inside envelopes such as the Standard Business Document.
const SEARCH_LIMIT: usize = 500;

/// Large or irrelevant parts that are passed over: lines, attachments, signatures. Totals and terms stand in the head.
const PASSED_OVER: [&str; 9] = [
    "InvoiceLine",
    "CreditNoteLine",
    "AdditionalDocumentReference",
    "UBLExtensions",
    "Signature",
    "IncludedSupplyChainTradeLineItem",
    "AdditionalReferencedDocument",
    "IncludedNote",
    "Attachment",
];

/// Reads a UBL 2.1 Invoice or CreditNote, a Cross Industry Invoice (D16B: Factur-X, ZUGFeRD 2, XRechnung) or a ZUGFeRD 1.0
/// document, told by its root element.
///
/// # Errors
/// When the file is not readable, empty, broken anywhere (an invoice is taken whole or not at all) or another document.
pub fn read<R: BufRead>(input: R) -> Result<BilledReading, IntakeError> {
    let mut cursor = Cursor::new(input)?;
    let mut tree = Tree::default();
    let map = find_root(&mut cursor, &mut tree)?;
    while cursor.build(&mut tree, &PASSED_OVER).map_err(super::xml::XmlError::into_error)? == Built::Met {
        cursor.skip().map_err(super::xml::XmlError::into_error)?;
    }
    if tree.is_over_limit() {
        return Err(IntakeError::OverLimit {
            line: Some(tree.root().line()),
            what: "the head of this invoice".to_owned(),
            limit: "4 MiB".to_owned(),
        });
    }
    let mut problems: Vec<Problem> = cursor.take_misencoded().into_iter().chain(cursor.take_cut()).collect();
    let mut draft = Draft::new(&mut problems);
    map(tree.root(), &mut draft);
    let document = draft.finish(tree.root());
    Ok(BilledReading { document, problems })
}

type Map = for<'t> fn(Node<'t>, &mut Draft<'t, '_>);

fn find_root<R: BufRead>(cursor: &mut Cursor<R>, tree: &mut Tree) -> Result<Map, IntakeError> {
    let mut first = None;
    for _ in 0..SEARCH_LIMIT {
        match cursor.next().map_err(super::xml::XmlError::into_error)? {
            Step::Start(start, line) => {
                let local = start.local_name();
                let name: &str = local.as_ref();
                let map: Option<Map> = match name {
                    "Invoice" | "CreditNote" => Some(ubl::map),
                    "CrossIndustryInvoice" | "CrossIndustryDocument" => Some(cii::map),
                    _ => None,
                };
                if let Some(map) = map {
                    tree.restart(&start, line);
                    return Ok(map);
                }
                if message_kind(name).is_some() {
                    return Err(IntakeError::WrongDocument {
                        document: "a bank statement (CAMT)".to_owned(),
                        advice: "take it in as a statement".to_owned(),
                    });
                }
                if let Some((document, _)) = other_document(name) {
                    return Err(IntakeError::WrongDocument {
                        document: document.to_owned(),
                        advice: "it bills nothing; an invoice is UBL, Factur-X, ZUGFeRD or XRechnung".to_owned(),
                    });
                }
                first.get_or_insert_with(|| name.chars().take(60).collect::<String>());
            }
            Step::Eof => break,
            Step::End | Step::Text(_) => {}
        }
    }
    let advice = match first {
        Some(name) => format!("it is XML with <{name}>; an invoice is <Invoice>, <CreditNote> or <CrossIndustryInvoice>"),
        None => "it holds no XML element".to_owned(),
    };
    Err(IntakeError::UnknownFormat { advice })
}

/// A value with the element it stands in.
pub(crate) type Found<'t, T> = Option<(T, Node<'t>)>;

/// What the mappings fill in; amounts as text until the currency is known.
pub(crate) struct Draft<'t, 'p> {
    pub(crate) problems: &'p mut Vec<Problem>,
    pub(crate) number: Option<String>,
    pub(crate) type_code: Option<&'t str>,
    pub(crate) is_credit_note_root: bool,
    pub(crate) issue_date: Option<Date>,
    pub(crate) due_date: Option<Date>,
    pub(crate) currency: Option<Node<'t>>,
    pub(crate) total: Vec<Node<'t>>,
    pub(crate) net: Vec<Node<'t>>,
    pub(crate) tax: Vec<Node<'t>>,
    pub(crate) already_paid: Vec<Node<'t>>,
    pub(crate) rounding: Vec<Node<'t>>,
    pub(crate) payable: Vec<Node<'t>>,
    pub(crate) seller_name: Option<String>,
    pub(crate) seller_id: Option<String>,
    pub(crate) buyer_name: Option<String>,
    pub(crate) buyer_id: Option<String>,
    pub(crate) buyer_reference: Option<String>,
    pub(crate) order_reference: Option<String>,
    pub(crate) payment_reference: Option<String>,
    pub(crate) discount: Option<EarlyDiscount>,
}

impl<'t, 'p> Draft<'t, 'p> {
    fn new(problems: &'p mut Vec<Problem>) -> Self {
        Self {
            problems,
            number: None,
            type_code: None,
            is_credit_note_root: false,
            issue_date: None,
            due_date: None,
            currency: None,
            total: Vec::new(),
            net: Vec::new(),
            tax: Vec::new(),
            already_paid: Vec::new(),
            rounding: Vec::new(),
            payable: Vec::new(),
            seller_name: None,
            seller_id: None,
            buyer_name: None,
            buyer_id: None,
            buyer_reference: None,
            order_reference: None,
            payment_reference: None,
            discount: None,
        }
    }

    /// Notes that something is wrong with an element.
    pub(crate) fn problem(&mut self, node: Node<'_>, message: String) {
        self.problems.push(Problem { line: Some(node.line()), field: Some(node.name().to_owned()), message });
    }

    /// A date, or a problem and `None`.
    pub(crate) fn date(&mut self, node: Option<Node<'_>>, parse: fn(Node<'_>) -> Option<Date>) -> Option<Date> {
        let node = node.filter(|n| !n.value().is_empty())?;
        let date = parse(node);
        if date.is_none() {
            let shown: String = node.value().chars().take(40).collect();
            self.problem(node, format!("`{shown}` is no date"));
        }
        date
    }

    /// Keeps the larger of this discount and what is there. Nothing outside 0 to 100 percent is a discount.
    pub(crate) fn grant(&mut self, percent: Option<Decimal>, until: Option<Date>) {
        let (Some(percent), Some(until)) = (percent, until) else { return };
        if percent > Decimal::ZERO
            && percent < Decimal::ONE_HUNDRED
            && self.discount.as_ref().is_none_or(|known| known.percent < percent)
        {
            self.discount = Some(EarlyDiscount { percent: percent.normalize(), until });
        }
    }

    /// Discounts in the text of payment terms, as XRechnung writes them: `#SKONTO#TAGE=14#PROZENT=2.25#`, a line for each.
    /// Source: KoSIT, Standard XRechnung, rule BR-DE-18.
    pub(crate) fn grant_from_text(&mut self, text: &str) {
        for line in text.split("#SKONTO#").skip(1) {
            let mut days = None;
            let mut percent = None;
            for field in line.split('#') {
                match field.split_once('=') {
                    Some(("TAGE", value)) => days = value.trim().parse::<i64>().ok(),
                    Some(("PROZENT", value)) => percent = decimal(value),
                    Some(_) | None => {}
                }
            }
            let until = self.issue_date.zip(days).and_then(|(date, days)| after_days(date, days));
            self.grant(percent, until);
        }
    }

    /// The first amount in the currency of the document. Other currencies (tax accounting) are passed over.
    fn amount(&mut self, nodes: &[Node<'t>], currency: Currency) -> Found<'t, Money> {
        let own = |node: &&Node<'t>| {
            node.attribute("currencyID").is_none_or(|code| code.is_empty() || Currency::parse(code) == Ok(currency))
        };
        let Some(node) = nodes.iter().find(own).copied() else {
            if let Some(node) = nodes.first() {
                self.problem(*node, format!("the amount is not in {currency}, the currency of the document"));
            }
            return None;
        };
        match Money::parse(node.value(), currency) {
            Ok(money) => Some((money, node)),
            Err(error) => {
                self.problem(node, error.to_string());
                None
            }
        }
    }

    fn missing(&mut self, root: Node<'_>, what: &str) {
        self.problems.push(Problem {
            line: Some(root.line()),
            field: Some(root.name().to_owned()),
            message: format!("the document has no readable {what}, so it was not taken"),
        });
    }

    fn finish(mut self, root: Node<'t>) -> Option<BilledDocument> {
        // UBL leaves the code out at times; every amount carries it all the same.
        let code = match self.currency {
            Some(node) => Some((node.value(), node)),
            None => self.payable.iter().chain(&self.total).find_map(|n| Some((n.attribute("currencyID")?, *n))),
        };
        let currency =
            code.and_then(|(code, node)| Currency::parse(code).map_err(|error| self.problem(node, error.to_string())).ok());
        let Some(currency) = currency else {
            self.missing(root, "currency");
            return None;
        };
        let (total, net, tax, paid, rounding, payable) = (
            std::mem::take(&mut self.total),
            std::mem::take(&mut self.net),
            std::mem::take(&mut self.tax),
            std::mem::take(&mut self.already_paid),
            std::mem::take(&mut self.rounding),
            std::mem::take(&mut self.payable),
        );
        let stated_total = self.amount(&total, currency);
        let paid_node = self.amount(&paid, currency);
        // A stated prepayment that cannot be read would make the amount due wrong.
        let paid_unreadable = !paid.is_empty() && paid_node.is_none();
        let already_paid = paid_node.map_or(Money::zero(currency), |(m, _)| m);
        let rounding = self.amount(&rounding, currency).map_or(Money::zero(currency), |(m, _)| m);
        let due = self.amount(&payable, currency);
        let from_total = stated_total.and_then(|(t, _)| t.checked_sub(already_paid)?.checked_add(rounding));
        let from_due = due.and_then(|(d, _)| d.checked_add(already_paid)?.checked_sub(rounding));
        let (Some(total_amount), Some(payable)) = (stated_total.map(|(t, _)| t).or(from_due), due.map(|(d, _)| d).or(from_total))
        else {
            self.missing(root, "total");
            return None;
        };
        if paid_unreadable {
            self.missing(root, "amount already paid");
            return None;
        }
        if let Some((stated, node)) = due
            && from_total.is_some_and(|computed| computed != stated)
        {
            self.problem(
                node,
                format!(
                    "the amount due does not add up: {stated} is stated, total less what is paid is {} (BR-CO-16)",
                    from_total.map(|m| m.to_string()).unwrap_or_default()
                ),
            );
        }
        if let (Some((total, node)), Some((net, _)), Some((tax, _))) =
            (stated_total, self.amount(&net, currency), self.amount(&tax, currency))
            && net.checked_add(tax) != Some(total)
        {
            self.problem(node, format!("the total does not add up: {net} and {tax} tax are not {total} (BR-CO-15)"));
        }
        let is_credit_note = self.is_credit_note_root || self.type_code.is_some_and(is_credit_note_code);
        let (kind, total, already_paid, payable) = if total_amount.is_negative() {
            if is_credit_note {
                self.missing(root, "direction (a credit note with a negative total may mean either)");
                return None;
            }
            // A negative invoice is how some systems credit.
            let node = stated_total.map_or(root, |(_, node)| node);
            self.problem(node, "the total is negative; the document was taken as a credit note".to_owned());
            (ItemKind::CreditNote, total_amount.checked_neg()?, already_paid.checked_neg()?, payable.checked_neg()?)
        } else {
            (if is_credit_note { ItemKind::CreditNote } else { ItemKind::Invoice }, total_amount, already_paid, payable)
        };
        let Some(number) = self.number.take() else {
            self.missing(root, "number");
            return None;
        };
        let Some(issue_date) = self.issue_date else {
            self.missing(root, "date of issue");
            return None;
        };
        Some(BilledDocument {
            number,
            kind,
            issue_date,
            due_date: self.due_date,
            currency,
            total,
            already_paid,
            payable,
            seller_name: self.seller_name,
            seller_id: self.seller_id,
            buyer_name: self.buyer_name,
            buyer_id: self.buyer_id,
            buyer_reference: self.buyer_reference,
            order_reference: self.order_reference,
            payment_reference: self.payment_reference,
            discount: self.discount,
        })
    }
}

/// Credit note codes of UNTDID 1001 as listed for BT-3 in EN 16931.
fn is_credit_note_code(code: &str) -> bool {
    matches!(code, "81" | "83" | "261" | "262" | "296" | "308" | "381" | "396" | "420" | "458" | "502" | "503" | "532")
}

/// A plain decimal.
pub(crate) fn decimal(text: &str) -> Option<Decimal> {
    let text = text.trim();
    text.bytes().all(|b| b.is_ascii_digit() || b == b'.').then(|| text.parse().ok())?
}

/// So many days later; `None` past the end of the calendar or before the date.
pub(crate) fn after_days(date: Date, days: i64) -> Option<Date> {
    if days < 0 {
        return None;
    }
    date.checked_add(Span::new().try_days(days).ok()?).ok()
}
