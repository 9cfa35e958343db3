//! The money that came in, with the truth: who paid what with which line, and in what kind of disorder.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};
use quittance_rules::money::{Currency, Money};
use quittance_rules::records::{ItemKind, OpenItem};

use super::DemoError;
use super::accounts::{account_in, creditor_reference};
use super::chance::Chance;
use super::remittance;
use super::roster::{BERLIN, Patron};
use super::truth::{Allocation, Truth, TruthKind};

/// First day of the statements.
pub(super) const FIRST_DAY: Date = date(2026, 7, 1);
/// Last day of the statements, and the day the demo calls today.
pub(super) const LAST_DAY: Date = date(2026, 10, 31);

/// What a bank would call a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Booking {
    /// Domestic credit transfer received.
    Transfer,
    /// Received at once, from a telephone.
    Wallet,
    /// Credit transfer from abroad or in another currency.
    CrossBorder,
    /// Direct debit we collected.
    DirectDebit,
    /// A direct debit or transfer that came back.
    Returned,
    Interest,
    CardSettlement,
    OwnTransfer,
    BankFee,
    /// Our own payment to someone.
    PaidOut,
    Salaries,
}

/// A booked line of an account, before a bank's format is put on it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) account: usize,
    pub(super) booked: Date,
    pub(super) time: (u8, u8),
    /// Signed: positive came in.
    pub(super) amount: Money,
    pub(super) booking: Booking,
    pub(super) party: Option<String>,
    pub(super) party_account: Option<String>,
    pub(super) text: Option<String>,
    pub(super) structured: Option<String>,
    pub(super) end_to_end: Option<String>,
    pub(super) original: Option<Money>,
    pub(super) fee: Option<Money>,
    /// Unique within the account; given once the lines are in order.
    pub(super) bank_reference: String,
    /// Customer who in truth paid, as an index.
    pub(super) patron: Option<usize>,
    pub(super) truth: Truth,
    /// Made with a serial number, so that a return can name what it returns before references exist.
    pub(super) serial: usize,
    /// Serial of the line that this one returns or repeats.
    pub(super) relates_to: Option<usize>,
}

/// Minor units of a currency for one euro, the table written to `fx.csv`: code and rate as decimal text.
pub(super) const RATES: [(&str, &str); 5] =
    [("EUR", "1"), ("USD", "1.1000"), ("PEN", "4.1250"), ("GBP", "0.8600"), ("CHF", "0.9400")];

/// Rate in ten-thousandths.
fn rate(currency: Currency) -> i128 {
    match currency.code() {
        "USD" => 11_000,
        "PEN" => 41_250,
        "GBP" => 8_600,
        "CHF" => 9_400,
        _ => 10_000,
    }
}

/// At the table's rate, to the nearest minor unit. All currencies here have two decimals.
fn convert(money: Money, to: Currency) -> Money {
    let (from, into) = (rate(money.currency()), rate(to));
    let minor = (i128::from(money.minor()) * into * 2 + from) / (from * 2);
    Money::new(i64::try_from(minor).unwrap_or(i64::MAX), to)
}

fn part(money: Money, thousandths: i64) -> Money {
    Money::new(money.minor() * thousandths / 1000, money.currency())
}

fn plus(money: Money, minor: i64) -> Money {
    Money::new(money.minor() + minor, money.currency())
}

/// The first bank day on or after.
fn bank_day(day: Date) -> Date {
    match day.weekday() {
        Weekday::Saturday => day.saturating_add(2.days()),
        Weekday::Sunday => day.saturating_add(1.day()),
        _ => day,
    }
}

struct Cash<'a> {
    patrons: &'a [Patron],
    items: &'a [OpenItem],
    /// Customer index of each item.
    owner: Vec<usize>,
    used: Vec<bool>,
    lines: Vec<Line>,
    chance: &'a mut Chance,
}

/// All lines of all accounts, in order of account and day, with their bank references.
pub(super) fn lines(patrons: &[Patron], items: &[OpenItem], chance: &mut Chance) -> Result<Vec<Line>, DemoError> {
    let owner = items
        .iter()
        .map(|item| {
            patrons.iter().position(|p| p.customer.id == item.customer).ok_or_else(|| DemoError::Book(item.id.to_string()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let used = items.iter().map(|i| i.on_hold || i.contract_amount.is_some()).collect();
    let mut cash = Cash { patrons, items, owner, used, lines: Vec::new(), chance };
    cash.tell_stories()?;
    cash.pay_the_rest();
    cash.other_bookings();
    Ok(cash.finish())
}

impl<'a> Cash<'a> {
    fn owner(&self, item: usize) -> &'a Patron {
        &self.patrons[self.owner[item]]
    }

    /// A day on which this item could be paid, counted from its issue.
    fn pay_day(&mut self, item: usize, low: i64, high: i64) -> Date {
        let day = self.items[item].issue_date.saturating_add(self.chance.between(low, high).days());
        bank_day(day.max(FIRST_DAY))
    }

    /// An ordinary line by the owner of an item, with a full reference.
    fn payment(&mut self, of: &[usize], booked: Date, amount: Money, kind: TruthKind) -> Line {
        let item = of[0];
        let owner = self.owner[item];
        let patron = &self.patrons[owner];
        let numbers: Vec<&str> = of.iter().map(|&i| self.items[i].number.as_str()).collect();
        let text = remittance::full(patron, &numbers, self.items[item].issue_date, self.chance);
        let booking = if patron.wallet && amount.minor() <= 100_000 {
            Booking::Wallet
        } else if patron.entity == BERLIN && !matches!(patron.customer.country.as_deref(), Some("DE" | "NL" | "IE" | "ES")) {
            Booking::CrossBorder
        } else {
            Booking::Transfer
        };
        // Only the first bank sends end-to-end ids that mean something, and creditor references.
        let end_to_end = (patron.account < 2 && self.chance.percent(40)).then(|| format!("E2E{}", self.chance.digits(9)));
        let structured = (patron.account == 0 && of.len() == 1 && kind == TruthKind::Clean && self.chance.percent(20))
            .then(|| creditor_reference(&self.items[item].number));
        let time = (self.chance.between(8, 18) as u8, self.chance.below(60) as u8);
        Line {
            account: patron.account,
            booked,
            time,
            amount,
            booking,
            party: Some(remittance::payer_name(patron, self.chance)),
            party_account: patron.customer.iban.clone(),
            text: if structured.is_some() { None } else { Some(text) },
            structured,
            end_to_end,
            original: None,
            fee: None,
            bank_reference: String::new(),
            patron: Some(owner),
            truth: Truth { kind, allocations: Vec::new() },
            serial: 0,
            relates_to: None,
        }
    }

    fn allocate(&self, line: &mut Line, item: usize, applied: Money, cleared: Money) {
        line.truth.allocations.push(Allocation { item_id: self.items[item].id.to_string(), applied, cleared });
    }

    fn push(&mut self, mut line: Line) -> usize {
        line.serial = self.lines.len();
        self.lines.push(line);
        self.lines.len() - 1
    }

    /// Takes up to `count` unused invoices that fit, in a random order.
    fn take(&mut self, count: usize, fits: impl Fn(&Self, usize) -> bool) -> Vec<usize> {
        let mut free: Vec<usize> = (0..self.items.len())
            .filter(|&i| !self.used[i] && self.items[i].kind == ItemKind::Invoice && fits(self, i))
            .collect();
        self.chance.shuffle(&mut free);
        free.truncate(count);
        for &i in &free {
            self.used[i] = true;
        }
        free
    }

    fn is_plain(&self, item: usize) -> bool {
        let item_of = &self.items[item];
        item_of.discount_percent.is_none()
            && self.owner(item).customer.withholding_percent.is_none()
            && item_of.issue_date < date(2026, 9, 20)
    }

    /// A fixed number of each kind of disorder, on items chosen by chance.
    fn tell_stories(&mut self) -> Result<(), DemoError> {
        self.withholding();
        self.discounts();
        self.lump_sums()?;
        self.several_customers()?;
        self.partial_payments();
        self.fees();
        for item in self.take(5, Self::is_plain) {
            let due = self.items[item].amount;
            // The classics: rounded up, two digits swapped, a stray cent amount.
            let extra = [5_000, 90, 1_000, 27, 45_000, 1][self.lines.len() % 6];
            let booked = self.pay_day(item, 6, 30);
            let mut line = self.payment(&[item], booked, plus(due, extra), TruthKind::Overpaid);
            self.allocate(&mut line, item, due, due);
            self.push(line);
        }
        for item in self.take(4, Self::is_plain) {
            let due = self.items[item].amount;
            let booked = self.pay_day(item, 5, 20);
            let mut line = self.payment(&[item], booked, due, TruthKind::Clean);
            self.allocate(&mut line, item, due, due);
            let mut again = line.clone();
            let first = self.push(line);
            again.booked = bank_day(booked.saturating_add(self.chance.between(1, 6).days()));
            again.end_to_end = again.end_to_end.map(|_| format!("E2E{}", self.chance.digits(9)));
            again.truth = Truth { kind: TruthKind::Duplicate, allocations: Vec::new() };
            again.relates_to = Some(first);
            self.push(again);
        }
        for item in self.take(5, Self::is_plain) {
            let due = self.items[item].amount;
            let booked = self.pay_day(item, 5, 30);
            let mut line = self.payment(&[item], booked, due, TruthKind::ThirdParty);
            let country = self.owner(item).customer.country.clone().unwrap_or_default();
            let payers: &[&str] = match self.owner(item).entity == BERLIN {
                true => {
                    &["Treuhand Krause Steuerberatung", "Anna-Lena Vogt", "Finch Family Office Ltd", "Factoring Nordwest GmbH"]
                }
                false => &["Carlos Alberto Medina Soto", "Tesorería Corporativa Lima S.A.C.", "María Fernanda Ochoa Luna"],
            };
            line.party = Some((*self.chance.pick(payers)).to_owned());
            line.party_account = Some(account_in(&country, self.chance));
            self.allocate(&mut line, item, due, due);
            self.push(line);
        }
        self.other_currency();
        self.returned();
        for item in self.take(15, Self::is_plain) {
            let due = self.items[item].amount;
            let booked = self.pay_day(item, 4, 35);
            let mut line = self.payment(&[item], booked, due, TruthKind::MangledReference);
            line.text = Some(remittance::mangled(self.owner(item), &self.items[item].number, self.chance));
            self.allocate(&mut line, item, due, due);
            self.push(line);
        }
        for item in self.take(12, Self::is_plain) {
            let due = self.items[item].amount;
            let booked = self.pay_day(item, 4, 35);
            let mut line = self.payment(&[item], booked, due, TruthKind::NoReference);
            line.text = remittance::without_reference(self.owner(item), self.chance);
            line.end_to_end = None;
            self.allocate(&mut line, item, due, due);
            self.push(line);
        }
        Ok(())
    }

    /// Peru's detracción: the customer pays 88 % and deposits 12 %, in whole soles, with the Banco de la Nación.
    fn withholding(&mut self) {
        let items = self.take(9, |cash, i| {
            cash.owner(i).customer.withholding_percent.is_some() && cash.items[i].issue_date < date(2026, 9, 10)
        });
        for item in items {
            let due = self.items[item].amount;
            let withheld = (due.minor() * 12 / 100 + 50) / 100 * 100;
            let paid = plus(due, -withheld);
            let booked = self.pay_day(item, 15, 40);
            let mut line = self.payment(&[item], booked, paid, TruthKind::Withholding);
            self.allocate(&mut line, item, paid, due);
            self.push(line);
        }
    }

    fn discounts(&mut self) {
        for (count, kind, low, high) in [(7, TruthKind::DiscountOnTime, 3, 8), (3, TruthKind::DiscountLate, 15, 25)] {
            let items = self
                .take(count, |cash, i| cash.items[i].discount_percent.is_some() && cash.items[i].issue_date >= date(2026, 6, 28));
            for item in items {
                let due = self.items[item].amount;
                let paid = plus(due, -((due.minor() * 2 + 50) / 100));
                let booked = self.pay_day(item, low, high);
                let mut line = self.payment(&[item], booked, paid, kind);
                if let Some(text) = &mut line.text {
                    text.push_str(remittance::discount_note(self.patrons[self.owner[item]].language));
                }
                // A discount taken too late is a short payment: only what was paid is cleared.
                let cleared = if kind == TruthKind::DiscountOnTime { due } else { paid };
                self.allocate(&mut line, item, paid, cleared);
                self.push(line);
            }
        }
    }

    /// One transfer over several invoices of one customer, three times with a credit note taken off.
    fn lump_sums(&mut self) -> Result<(), DemoError> {
        let mut made = 0;
        let mut owners: Vec<usize> = (0..self.patrons.len()).collect();
        self.chance.shuffle(&mut owners);
        let has_credit = |cash: &Self, owner: usize| {
            (0..cash.items.len()).find(|&i| cash.items[i].kind == ItemKind::CreditNote && cash.owner[i] == owner && !cash.used[i])
        };
        // Customers with a credit note first, so that there are always some of that kind.
        owners.sort_by_key(|&o| has_credit(self, o).is_none());
        for owner in owners {
            if made == 10 {
                return Ok(());
            }
            let wanted = 2 + self.chance.below(4) as usize;
            let month = self.chance.between(6, 8) as i8;
            let mut parts = self.take(wanted, |cash, i| {
                cash.owner[i] == owner && cash.is_plain(i) && cash.items[i].issue_date.month().abs_diff(month) <= 1
            });
            if parts.len() < 2 {
                for i in parts {
                    self.used[i] = false;
                }
                continue;
            }
            parts.sort_by_key(|&i| self.items[i].issue_date);
            let mut kind = TruthKind::LumpSum;
            if let Some(credit) = has_credit(self, owner).filter(|_| made < 3) {
                self.used[credit] = true;
                parts.push(credit);
                kind = TruthKind::LumpSumWithCreditNote;
            }
            let last = parts.iter().map(|&i| self.items[i].issue_date).max().unwrap_or(FIRST_DAY);
            let booked = bank_day(last.max(FIRST_DAY).saturating_add(self.chance.between(6, 18).days()));
            let total = parts.iter().map(|&i| self.items[i].amount.minor()).sum();
            let mut line = self.payment(&parts, booked, Money::new(total, self.patrons[owner].currency), kind);
            for &i in &parts {
                let amount = self.items[i].amount;
                self.allocate(&mut line, i, amount, amount);
            }
            self.push(line);
            made += 1;
        }
        if made < 6 { Err(DemoError::TooFew("lump sums")) } else { Ok(()) }
    }

    /// A mother company pays for itself and its daughter in one transfer.
    fn several_customers(&mut self) -> Result<(), DemoError> {
        let pairs: Vec<(usize, usize)> = (0..self.patrons.len())
            .filter_map(|child| {
                let parent = self.patrons[child].customer.parent_id.as_ref()?;
                Some((self.patrons.iter().position(|p| p.customer.id == *parent)?, child))
            })
            .collect();
        for (parent, child) in pairs {
            let mut parts = Vec::new();
            for owner in [parent, child] {
                parts.extend(self.take(1, |cash, i| cash.owner[i] == owner && cash.is_plain(i)));
            }
            if parts.len() < 2 {
                return Err(DemoError::TooFew("invoices of a mother company and its daughter"));
            }
            let last = parts.iter().map(|&i| self.items[i].issue_date).max().unwrap_or(FIRST_DAY);
            let booked = bank_day(last.max(FIRST_DAY).saturating_add(9.days()));
            let total = parts.iter().map(|&i| self.items[i].amount.minor()).sum();
            let mut line =
                self.payment(&parts, booked, Money::new(total, self.patrons[parent].currency), TruthKind::SeveralCustomers);
            for &i in &parts {
                let amount = self.items[i].amount;
                self.allocate(&mut line, i, amount, amount);
            }
            self.push(line);
        }
        Ok(())
    }

    fn partial_payments(&mut self) {
        for (n, item) in self.take(6, |cash, i| cash.is_plain(i) && cash.items[i].amount.minor() > 80_000).into_iter().enumerate()
        {
            let due = self.items[item].amount;
            let share = self.chance.between(4, 6) * 100;
            let first = Money::new(part(due, share).minor() / 100 * 100, due.currency());
            let booked = self.pay_day(item, 8, 20);
            let mut line = self.payment(&[item], booked, first, TruthKind::Partial);
            self.allocate(&mut line, item, first, first);
            self.push(line);
            if n < 3 {
                let rest = plus(due, -first.minor());
                let booked = bank_day(booked.saturating_add(self.chance.between(15, 30).days()));
                let mut line = self.payment(&[item], booked, rest, TruthKind::Partial);
                self.allocate(&mut line, item, rest, rest);
                self.push(line);
            }
        }
    }

    /// Short by what a bank on the way kept: named in the file or not.
    fn fees(&mut self) {
        for (named, count) in [(true, 4), (false, 3)] {
            let items = self.take(count, |cash, i| {
                let patron = cash.owner(i);
                let abroad = matches!(patron.customer.country.as_deref(), Some("GB" | "US" | "CL"));
                cash.is_plain(i) && abroad && (patron.account == 0) == named
            });
            for item in items {
                let due = self.items[item].amount;
                let fee = Money::new(*self.chance.pick(&[1_250, 800, 1_500, 2_500]), due.currency());
                let paid = plus(due, -fee.minor());
                let booked = self.pay_day(item, 7, 25);
                let mut line = self.payment(&[item], booked, paid, TruthKind::FeeShort);
                line.booking = Booking::CrossBorder;
                line.fee = named.then_some(fee);
                self.allocate(&mut line, item, paid, if named { due } else { paid });
                self.push(line);
            }
        }
    }

    /// Billed in one currency, paid in another. The bank converts near the table's rate, within half a percent.
    fn other_currency(&mut self) {
        let foreign = |account: usize, countries: &'static [&'static str]| {
            move |cash: &Self, i: usize| {
                let patron = cash.owner(i);
                cash.is_plain(i)
                    && patron.account == account
                    && patron.customer.country.as_deref().is_some_and(|c| countries.contains(&c))
            }
        };
        let mut chosen = Vec::new();
        for (count, account, countries, sent) in [
            (2, 0, &["US"] as &'static [&'static str], Currency::USD),
            (1, 0, &["GB"], Currency::GBP),
            (1, 3, &["PE"], Currency::PEN),
        ] {
            chosen.extend(self.take(count, foreign(account, countries)).into_iter().map(|i| (i, sent)));
        }
        // The second bank names the original amount in its own way.
        chosen.extend(self.take(1, foreign(1, &["DE"])).into_iter().map(|i| (i, Currency::USD)));
        for (item, sent_in) in chosen {
            let due = self.items[item].amount;
            let sent = convert(due, sent_in);
            let drift = self.chance.between(-4, 3);
            let received = part(due, 1000 + drift);
            let booked = self.pay_day(item, 8, 25);
            let mut line = self.payment(&[item], booked, received, TruthKind::OtherCurrency);
            line.booking = Booking::CrossBorder;
            line.structured = None;
            if self.owner(item).entity == BERLIN {
                line.original = Some(sent);
                self.allocate(&mut line, item, Money::new(received.minor().min(due.minor()), due.currency()), due);
            } else {
                // Dollars were billed and soles arrive, on the account in soles.
                line.account = 2;
                line.amount = part(sent, 1000 + drift);
                let applied = line.amount;
                self.allocate(&mut line, item, applied, due);
            }
            self.push(line);
        }
    }

    /// Collected or received, then returned: the invoice is open again.
    fn returned(&mut self) {
        for account in [0, 1, 2] {
            for item in self.take(1, |cash, i| cash.is_plain(i) && cash.owner(i).account == account && !cash.owner(i).wallet) {
                let due = self.items[item].amount;
                let booked = self.pay_day(item, 6, 15);
                let mut line = self.payment(&[item], booked, due, TruthKind::PaidThenReturned);
                line.structured = None;
                line.booking = if account < 2 { Booking::DirectDebit } else { Booking::Transfer };
                line.end_to_end = (account < 2).then(|| format!("BWDD{}", self.chance.digits(8)));
                let number = self.items[item].number.clone();
                line.text.get_or_insert_with(|| number.clone());
                self.allocate(&mut line, item, due, due);
                let mut back = line.clone();
                let first = self.push(line);
                back.booked = bank_day(booked.saturating_add(self.chance.between(2, 6).days()));
                back.amount = Money::new(-due.minor(), due.currency());
                back.booking = Booking::Returned;
                back.truth = Truth { kind: TruthKind::Returned, allocations: Vec::new() };
                back.relates_to = Some(first);
                self.push(back);
            }
        }
    }

    /// Everyone else pays in order, or not at all.
    fn pay_the_rest(&mut self) {
        for item in 0..self.items.len() {
            let of = &self.items[item];
            if self.used[item] || of.kind == ItemKind::CreditNote || self.owner(item).customer.withholding_percent.is_some() {
                continue;
            }
            let late = of.issue_date >= date(2026, 9, 15);
            if self.chance.percent(if late { 45 } else { 14 }) {
                continue;
            }
            let due = of.amount;
            // After the last day of a discount the full amount is due.
            let (low, high) = if of.discount_percent.is_some() { (12, 25) } else { (4, 38) };
            let booked = self.pay_day(item, low, high);
            let mut line = self.payment(&[item], booked, due, TruthKind::Clean);
            self.allocate(&mut line, item, due, due);
            self.push(line);
        }
    }

    /// What else moves on bank accounts: interest, card settlements, own transfers, fees, wages, rent; and four strangers.
    fn other_bookings(&mut self) {
        let mut add = |account: usize, day: Date, minor: i64, booking, party: Option<&str>, text: &str, kind| {
            let currency = [Currency::EUR, Currency::EUR, Currency::PEN, Currency::USD][account];
            let time = (9 + self.chance.below(8) as u8, self.chance.below(60) as u8);
            let serial = self.lines.len();
            self.lines.push(Line {
                account,
                booked: bank_day(day),
                time,
                amount: Money::new(minor, currency),
                booking,
                party: party.map(str::to_owned),
                party_account: None,
                text: (!text.is_empty()).then(|| text.to_owned()),
                structured: None,
                end_to_end: None,
                original: None,
                fee: None,
                bank_reference: String::new(),
                patron: None,
                truth: Truth { kind, allocations: Vec::new() },
                serial,
                relates_to: None,
            });
        };
        use TruthKind::{NotOurs, Outgoing, Unidentified};
        for month in [7, 8, 9, 10] {
            let first = date(2026, month, 1);
            let step = i64::from(month);
            let rent = "Miete Werkstatt Spandau";
            add(0, first, -284_000, Booking::PaidOut, Some("Hansen Gewerbehof GmbH"), rent, Outgoing);
            let wages = format!("Lohn und Gehalt {month:02}/2026");
            add(1, first.saturating_add(27.days()), -3_912_455 - step * 137, Booking::Salaries, None, &wages, Outgoing);
            add(1, first.saturating_add(20.days()), -1_190, Booking::BankFee, None, "Kontofuehrung und Buchungsposten", NotOurs);
            let planilla = format!("PLANILLA {month:02}-2026");
            add(2, first.saturating_add(28.days()), -4_180_000 - step * 900, Booking::Salaries, None, &planilla, Outgoing);
            add(2, first.saturating_add(14.days()), -1_500, Booking::BankFee, None, "MANTENIMIENTO DE CUENTA", NotOurs);
            let batch = format!("TID 60217745 BATCH {:04} VISA MC {:02} TRX", 310 + step, 7 + step);
            add(
                0,
                first.saturating_add(9.days()),
                61_240 + step * 1_313,
                Booking::CardSettlement,
                Some("CardPoint Acquiring S.A."),
                &batch,
                NotOurs,
            );
        }
        for quarter in [date(2026, 9, 30), date(2026, 7, 31)] {
            add(0, quarter, 412 + i64::from(quarter.month()), Booking::Interest, None, "Habenzinsen / Interest credit", NotOurs);
        }
        add(3, date(2026, 9, 30), 138, Booking::Interest, None, "INTERESES GANADOS", NotOurs);
        for (day, minor) in [(date(2026, 8, 5), 2_500_000), (date(2026, 9, 8), 1_800_000)] {
            let text = "Umbuchung eigenes Konto";
            add(0, day, -minor, Booking::OwnTransfer, Some("Brightwater Services GmbH"), text, Outgoing);
            add(1, day, minor, Booking::OwnTransfer, Some("Brightwater Services GmbH"), text, NotOurs);
        }
        // Nobody on the customer list, nothing to go by.
        add(0, date(2026, 7, 16), 38_400, Booking::Transfer, Some("J. Petersen"), "wie besprochen", Unidentified);
        add(1, date(2026, 8, 20), 121_300, Booking::Transfer, Some("Kontor 17 UG"), "Danke!", Unidentified);
        add(2, date(2026, 8, 13), 64_000, Booking::Wallet, None, "", Unidentified);
        add(2, date(2026, 9, 22), 150_000, Booking::Transfer, Some("ORE CONSULTORES"), "PAGO SERVICIO", Unidentified);
        add(3, date(2026, 10, 6), 87_250, Booking::CrossBorder, Some("BLUE LAGOON HOLDINGS LTD"), "SERVICES", Unidentified);
    }

    /// Drops what would be booked after the last day, sorts, and gives the bank references.
    fn finish(self) -> Vec<Line> {
        let mut lines: Vec<Line> = self.lines.into_iter().filter(|l| l.booked <= LAST_DAY).collect();
        lines.sort_by_key(|l| (l.account, l.booked, l.time, l.serial));
        let mut day_count = 0;
        let mut operation = 10_482_117_u64;
        for i in 0..lines.len() {
            let same_day = i > 0 && lines[i - 1].booked == lines[i].booked && lines[i - 1].account == lines[i].account;
            day_count = if same_day { day_count + 1 } else { 1 };
            let line = &mut lines[i];
            let day = line.booked.strftime("%Y%m%d");
            line.bank_reference = match line.account {
                0 => format!("HVL{day}{day_count:05}"),
                1 => format!("NU{day}{day_count:04}"),
                _ => {
                    operation += 1 + self.chance.below(23_000);
                    format!("{operation:08}")
                }
            };
        }
        lines
    }
}
