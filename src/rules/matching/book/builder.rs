//! A book put together row by row.

use super::*;

/// Builds a book row by row, for callers that do not read the files in parallel.
#[derive(Debug, Default)]
pub struct BookBuilder {
    customers: CustomerTable,
    items: ItemTable,
    payments: PaymentTable,
    rates: Vec<(Currency, Decimal)>,
}

impl BookBuilder {
    /// An empty book.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a customer. Customers come before their items.
    pub fn push_customer(&mut self, customer: &CustomerFields<'_>) -> Result<(), BookError> {
        self.customers.push(customer)
    }

    /// Adds an item.
    pub fn push_item(&mut self, item: &ItemFields<'_>) -> Result<(), BookError> {
        self.items.push(&self.customers, item)
    }

    /// Adds a payment.
    pub fn push_payment(&mut self, payment: &PaymentFields<'_>) -> Result<(), BookError> {
        self.payments.push(payment)
    }

    /// Adds a rate: units of the currency for one euro.
    pub fn push_rate(&mut self, currency: Currency, per_eur: Decimal) {
        self.rates.push((currency, per_eur));
    }

    /// Adds a customer of the records. A withholding share finer than a millionth is cut.
    pub fn add_customer(&mut self, customer: &records::Customer) -> Result<(), BookError> {
        self.push_customer(&CustomerFields {
            id: customer.id.as_str(),
            name: &customer.name,
            aliases: &customer.aliases.join("|"),
            iban: customer.iban.as_deref().unwrap_or_default(),
            parent_id: customer.parent_id.as_ref().map(records::CustomerId::as_str).unwrap_or_default(),
            withholding_ppm: ppm(customer.withholding_percent),
            tolerance: customer.tolerance,
        })
    }

    /// An account that a person has confirmed for the customer added last. See [`CustomerTable::teach_account`].
    pub fn teach_account(&mut self, account: &str) {
        self.customers.teach_account(account);
    }

    /// A name that a person has confirmed for the customer added last.
    pub fn teach_name(&mut self, name: &str) -> Result<(), BookError> {
        self.customers.teach_name(name)
    }

    /// Adds an item of the records with what is open of it now (which may be less than its amount, or zero).
    pub fn add_item(&mut self, item: &records::OpenItem, open: Money) -> Result<(), BookError> {
        self.push_item(&ItemFields {
            id: item.id.as_str(),
            customer_id: item.customer.as_str(),
            seller_id: item.entity.as_str(),
            number: &item.number,
            issued: Some(item.issue_date),
            due: Some(item.due_date),
            open,
            discount_ppm: ppm(item.discount_percent),
            discount_until: item.discount_until,
            is_on_hold: item.on_hold,
            contract: item.contract_amount.filter(|contract| *contract != item.amount),
        })
    }

    /// Adds a payment of the records with what is left of it now.
    pub fn add_payment(&mut self, payment: &records::Payment, remaining: Money) -> Result<(), BookError> {
        self.push_payment(&PaymentFields {
            id: payment.id.as_str(),
            booked: Some(payment.booking_date),
            account: &payment.account,
            amount: remaining,
            payer_name: payment.payer_name.as_deref().unwrap_or_default(),
            payer_iban: payment.payer_account.as_deref().unwrap_or_default(),
            remittance: payment.remittance.as_deref().unwrap_or_default(),
            structured_reference: payment.structured_reference.as_deref().unwrap_or_default(),
            end_to_end_id: payment.end_to_end_id.as_deref().unwrap_or_default(),
            original: payment.original_amount,
            fee: payment.fee.filter(|f| f.currency() == remaining.currency()).map_or(0, Money::minor),
            is_return: payment.is_return,
        })
    }

    /// Builds the indexes.
    pub fn build(self, threads: usize) -> Book {
        Book::assemble(self.customers, self.items, self.payments, &self.rates, threads)
    }
}
