//! UN/CEFACT Cross Industry Invoice: D16B (Factur-X, ZUGFeRD 2, XRechnung CII) and the older names of ZUGFeRD 1.0.
//! Mapping: CEN/TS 16931-3-3.

use jiff::Span;
use jiff::civil::Date;

use super::billed::{Draft, after_days, decimal};
use super::camt_entry::civil_date;
use super::xml::Node;

/// Fills the draft from the root element.
pub(crate) fn map<'t>(root: Node<'t>, draft: &mut Draft<'t, '_>) {
    let either = |node: Node<'t>, names: &[&str]| names.iter().find_map(|name| node.find(name));
    if let Some(head) = either(root, &["ExchangedDocument", "HeaderExchangedDocument"]) {
        draft.number = head.text("ID");
        draft.type_code = head.find("TypeCode").map(Node::value);
        draft.issue_date = draft.date(head.find("IssueDateTime/DateTimeString").or_else(|| head.find("IssueDateTime")), day);
    }
    let Some(trade) = either(root, &["SupplyChainTradeTransaction", "SpecifiedSupplyChainTradeTransaction"]) else { return };
    if let Some(agreement) = either(trade, &["ApplicableHeaderTradeAgreement", "ApplicableSupplyChainTradeAgreement"]) {
        draft.buyer_reference = agreement.text("BuyerReference");
        draft.order_reference = agreement
            .text("BuyerOrderReferencedDocument/IssuerAssignedID")
            .or_else(|| agreement.text("BuyerOrderReferencedDocument/ID"));
        if let Some(seller) = agreement.find("SellerTradeParty") {
            draft.seller_name = name(seller);
            draft.seller_id = tax_number(seller).or_else(|| registration(seller)).or_else(|| identifier(seller));
        }
        if let Some(buyer) = agreement.find("BuyerTradeParty") {
            draft.buyer_name = name(buyer);
            draft.buyer_id = identifier(buyer).or_else(|| tax_number(buyer)).or_else(|| registration(buyer));
        }
    }
    let Some(settlement) = either(trade, &["ApplicableHeaderTradeSettlement", "ApplicableSupplyChainTradeSettlement"]) else {
        return;
    };
    draft.payment_reference = settlement.text("PaymentReference");
    draft.currency = settlement.find("InvoiceCurrencyCode");
    if let Some(sums) =
        either(settlement, &["SpecifiedTradeSettlementHeaderMonetarySummation", "SpecifiedTradeSettlementMonetarySummation"])
    {
        draft.total = sums.all("GrandTotalAmount");
        draft.net = sums.all("TaxBasisTotalAmount");
        draft.tax = sums.all("TaxTotalAmount");
        draft.already_paid = sums.all("TotalPrepaidAmount");
        draft.rounding = sums.all("RoundingAmount");
        draft.payable = sums.all("DuePayableAmount");
    }
    for terms in settlement.all("SpecifiedTradePaymentTerms") {
        let due = draft.date(terms.find("DueDateDateTime/DateTimeString").or_else(|| terms.find("DueDateDateTime")), day);
        draft.due_date = draft.due_date.max(due);
        for discount in terms.all("ApplicableTradePaymentDiscountTerms") {
            let basis = draft.date(discount.find("BasisDateTime/DateTimeString"), day).or(draft.issue_date);
            let until = match discount.find("BasisPeriodMeasure") {
                Some(measure) => basis.and_then(|basis| after(basis, measure)),
                None => due,
            };
            draft.grant(discount.find("CalculationPercent").and_then(|n| decimal(n.value())), until);
        }
        for text in terms.all("Description") {
            draft.grant_from_text(text.value());
        }
    }
}

/// `DateTimeString` with format 102 (`20240229`); some write ISO 8601 all the same.
fn day(node: Node<'_>) -> Option<Date> {
    let text = node.value();
    if let Some(date) = civil_date(text) {
        return Some(date);
    }
    let digits = text.get(..8)?;
    // Format 203 adds hours and minutes.
    let is_known = text.len() == 8 || node.attribute("format") != Some("102") && text.bytes().all(|b| b.is_ascii_digit());
    if !is_known || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Date::new(digits.get(..4)?.parse().ok()?, digits.get(4..6)?.parse().ok()?, digits.get(6..)?.parse().ok()?).ok()
}

/// A number of days, weeks or months (UN/ECE Recommendation 20) after a date.
fn after(basis: Date, measure: Node<'_>) -> Option<Date> {
    let amount = decimal(measure.value()).filter(|d| d.fract().is_zero())?;
    let amount = i64::try_from(amount).ok()?;
    match measure.attribute("unitCode") {
        Some("DAY") | None => after_days(basis, amount),
        Some("WEE") => after_days(basis, amount.checked_mul(7)?),
        Some("MON") => basis.checked_add(Span::new().try_months(amount).ok()?).ok(),
        Some(_) => None,
    }
}

fn name(party: Node<'_>) -> Option<String> {
    party.text("Name").or_else(|| party.text("SpecifiedLegalOrganization/TradingBusinessName"))
}

/// The VAT number (`VA`) before the local tax number (`FC`).
fn tax_number(party: Node<'_>) -> Option<String> {
    let numbers = party.all("SpecifiedTaxRegistration/ID");
    let of = |scheme: &str| numbers.iter().find(|n| n.attribute("schemeID") == Some(scheme));
    of("VA").or_else(|| of("FC")).or_else(|| numbers.first()).map(|n| super::xml::fold(n.value())).filter(|text| !text.is_empty())
}

fn registration(party: Node<'_>) -> Option<String> {
    party.text("SpecifiedLegalOrganization/ID")
}

fn identifier(party: Node<'_>) -> Option<String> {
    party.text("ID").or_else(|| party.text("GlobalID"))
}
