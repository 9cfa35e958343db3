//! UBL 2.1 Invoice and CreditNote (ISO/IEC 19845), as Peppol BIS 3, XRechnung and others use them. Mapping: CEN/TS 16931-3-2.

use jiff::civil::Date;

use super::billed::{Draft, decimal};
use super::camt_entry::civil_date;
use super::xml::Node;

/// Fills the draft from the root element.
pub(crate) fn map<'t>(root: Node<'t>, draft: &mut Draft<'t, '_>) {
    draft.is_credit_note_root = root.name() == "CreditNote";
    draft.type_code = root.find("InvoiceTypeCode").or_else(|| root.find("CreditNoteTypeCode")).map(Node::value);
    draft.number = root.text("ID");
    draft.issue_date = draft.date(root.find("IssueDate"), day);
    // A credit note has no DueDate of its own (BT-9 stands under the means of payment there).
    for node in root
        .all("DueDate")
        .into_iter()
        .chain(root.all("PaymentMeans/PaymentDueDate"))
        .chain(root.all("PaymentTerms/PaymentDueDate"))
    {
        let due = draft.date(Some(node), day);
        draft.due_date = draft.due_date.max(due);
    }
    draft.currency = root.find("DocumentCurrencyCode");
    draft.total = root.all("LegalMonetaryTotal/TaxInclusiveAmount");
    draft.net = root.all("LegalMonetaryTotal/TaxExclusiveAmount");
    draft.tax = root.all("TaxTotal/TaxAmount");
    draft.already_paid = root.all("LegalMonetaryTotal/PrepaidAmount");
    draft.rounding = root.all("LegalMonetaryTotal/PayableRoundingAmount");
    draft.payable = root.all("LegalMonetaryTotal/PayableAmount");
    if let Some(seller) = root.find("AccountingSupplierParty/Party") {
        draft.seller_name = name(seller);
        draft.seller_id =
            first(seller, &["PartyTaxScheme/CompanyID", "PartyLegalEntity/CompanyID", "PartyIdentification/ID", "EndpointID"]);
    }
    if let Some(buyer) = root.find("AccountingCustomerParty/Party") {
        draft.buyer_name = name(buyer);
        draft.buyer_id =
            first(buyer, &["PartyIdentification/ID", "PartyTaxScheme/CompanyID", "PartyLegalEntity/CompanyID", "EndpointID"]);
    }
    draft.buyer_reference = root.text("BuyerReference");
    draft.order_reference = root.text("OrderReference/ID");
    draft.payment_reference = first(root, &["PaymentMeans/PaymentID", "PaymentMeans/InstructionID"]);
    for terms in root.all("PaymentTerms") {
        let until = draft.date(terms.find("SettlementPeriod/EndDate").or_else(|| terms.find("SettlementDiscountDueDate")), day);
        draft.grant(terms.find("SettlementDiscountPercent").and_then(|n| decimal(n.value())), until);
        for note in terms.all("Note") {
            draft.grant_from_text(note.value());
        }
    }
}

fn day(node: Node<'_>) -> Option<Date> {
    civil_date(node.value())
}

fn name(party: Node<'_>) -> Option<String> {
    first(party, &["PartyLegalEntity/RegistrationName", "PartyName/Name", "Person/FamilyName"])
}

fn first(node: Node<'_>, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| node.all(path).into_iter().map(|n| super::xml::fold(n.value())).find(|text| !text.is_empty()))
}
