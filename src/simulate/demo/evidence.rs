//! Forty pieces of evidence, as customers send them, each with the truth about it.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;
use quittance_rules::evidence::EvidenceKind;
use quittance_rules::money::Money;
use quittance_rules::records::{Entity, ItemKind, OpenItem};
use serde::Serialize;

use super::cash::{LAST_DAY, Line};
use super::chance::Chance;
use super::draw::Studio;
use super::roster::Patron;
use super::truth::TruthKind;
use super::{BankAccount, DemoError, mails, papers, screens};

/// How many pieces there are.
pub(super) const PIECES: usize = 40;

/// When the money that a piece of evidence speaks of came, seen from the piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyTiming {
    /// The evidence was there first.
    Follows,
    /// The money was there first.
    Precedes,
    /// No money came.
    Never,
    /// The piece does not speak of a payment of its own.
    NotApplicable,
}

/// One row of a remittance advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TruthRow {
    /// As printed.
    pub invoice_number: String,
    /// Signed plain decimal.
    pub amount: String,
}

/// What a piece of evidence truly says and belongs to. `None` where the piece does not say it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EvidenceTruth {
    /// File name in `evidence/`.
    pub file: String,
    /// `screenshot`, `pdf`, `scan`, `photo` or `mail`.
    pub medium: &'static str,
    /// ISO 639-1.
    pub language: &'static str,
    /// What it is.
    pub kind: EvidenceKind,
    /// The day it reached the desk.
    pub received_on: Date,
    /// Plain decimal.
    pub amount: Option<String>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// Day of the payment it shows or promises.
    pub date: Option<Date>,
    /// `HH:MM`.
    pub time: Option<String>,
    /// Operation number, transaction id or the like.
    pub reference: Option<String>,
    /// Numbers of invoices it names, as printed.
    pub invoice_numbers: Vec<String>,
    /// The payer as shown.
    pub payer_name: Option<String>,
    /// The payer's full account, without spaces.
    pub payer_account: Option<String>,
    /// The payee as shown.
    pub payee_name: Option<String>,
    /// Rows of a remittance advice.
    pub remittance_lines: Vec<TruthRow>,
    /// Who in truth sent it.
    pub customer_id: Option<String>,
    /// The company it is for.
    pub seller_id: String,
    /// The bank line that carries the money, where there is one.
    pub bank_reference: Option<String>,
    /// Whether money came before, after or never.
    pub money: MoneyTiming,
    /// The piece of which this one is a second copy.
    pub duplicate_of: Option<String>,
    /// `instructions_in_document`, `bank_details_changed`, `unreadable`, `forwarded`, `attachment`, `failed_transfer`, `scheduled`.
    pub flags: Vec<&'static str>,
}

/// A file and its truth.
pub(super) struct Piece {
    pub(super) bytes: Vec<u8>,
    pub(super) truth: EvidenceTruth,
}

/// The picture or the text of a piece is made by one of these; each may look at the whole desk.
pub(super) type Maker = fn(&mut Desk<'_>) -> Result<Piece, DemoError>;

/// Whether a line of a customer will do.
pub(super) type Wish<'a> = dyn Fn(&Line, &Patron) -> bool + 'a;

/// What the makers of evidence work from.
pub(super) struct Desk<'a> {
    pub(super) patrons: &'a [Patron],
    pub(super) items: &'a [OpenItem],
    pub(super) lines: &'a [Line],
    pub(super) accounts: &'a [BankAccount],
    pub(super) entities: &'a [Entity],
    pub(super) studio: Studio,
    pub(super) chance: Chance,
    taken_lines: BTreeSet<usize>,
    taken_items: BTreeSet<usize>,
    /// The picture that one customer sends twice.
    pub(super) sent_once: Option<(String, EvidenceTruth)>,
}

/// A payment as its payer sees it: real, or claimed without money.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) patron: usize,
    pub(super) amount: Money,
    /// Day and time that the payer's bank shows.
    pub(super) date: Date,
    pub(super) time: (u8, u8),
    pub(super) invoices: Vec<(String, Money)>,
    pub(super) bank_reference: Option<String>,
    pub(super) booked: Option<Date>,
    pub(super) account: usize,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        (patrons, items, lines): (&'a [Patron], &'a [OpenItem], &'a [Line]),
        (accounts, entities): (&'a [BankAccount], &'a [Entity]),
        chance: Chance,
    ) -> Self {
        Self {
            patrons,
            items,
            lines,
            accounts,
            entities,
            studio: Studio::new(),
            chance,
            taken_lines: BTreeSet::new(),
            taken_items: BTreeSet::new(),
            sent_once: None,
        }
    }

    /// A line nobody has sent evidence for: the first wish that any line meets counts.
    pub(super) fn paid(&mut self, what: &'static str, wishes: &[&Wish<'_>]) -> Result<Shown, DemoError> {
        for wish in wishes {
            let free: Vec<usize> = (0..self.lines.len())
                .filter(|i| !self.taken_lines.contains(i))
                .filter(|&i| {
                    let line = &self.lines[i];
                    line.amount.is_positive() && line.patron.is_some_and(|p| wish(line, &self.patrons[p]))
                })
                .collect();
            if free.is_empty() {
                continue;
            }
            let index = *self.chance.pick(&free);
            self.taken_lines.insert(index);
            return self.shown(index, what);
        }
        Err(DemoError::TooFew(what))
    }

    fn shown(&self, index: usize, what: &'static str) -> Result<Shown, DemoError> {
        let line = &self.lines[index];
        let invoices = line
            .truth
            .allocations
            .iter()
            .filter_map(|a| {
                let item = self.items.iter().find(|i| i.id.as_str() == a.item_id)?;
                Some((item.number.clone(), item.amount))
            })
            .collect();
        // A telephone pays at once; another bank's transfer arrives a day later.
        let date = if line.booking == super::cash::Booking::Wallet { line.booked } else { line.booked.saturating_sub(1.day()) };
        Ok(Shown {
            patron: line.patron.ok_or(DemoError::TooFew(what))?,
            amount: line.amount,
            date,
            time: line.time,
            invoices,
            bank_reference: Some(line.bank_reference.clone()),
            booked: Some(line.booked),
            account: line.account,
        })
    }

    /// An invoice that no line pays, late in the period, as if it had been paid.
    pub(super) fn unpaid(&mut self, what: &'static str, wish: impl Fn(&OpenItem, &Patron) -> bool) -> Result<Shown, DemoError> {
        let paid: BTreeSet<&str> =
            self.lines.iter().flat_map(|l| l.truth.allocations.iter().map(|a| a.item_id.as_str())).collect();
        let free: Vec<(usize, usize)> = (0..self.items.len())
            .filter(|i| !self.taken_items.contains(i))
            .filter_map(|i| {
                let item = &self.items[i];
                let patron = self.patrons.iter().position(|p| p.customer.id == item.customer)?;
                let fits = item.kind == ItemKind::Invoice
                    && !item.on_hold
                    && !paid.contains(item.id.as_str())
                    && wish(item, &self.patrons[patron]);
                fits.then_some((i, patron))
            })
            .collect();
        if free.is_empty() {
            return Err(DemoError::TooFew(what));
        }
        let (index, patron) = *self.chance.pick(&free);
        self.taken_items.insert(index);
        let item = &self.items[index];
        let date = LAST_DAY.saturating_sub(self.chance.between(1, 4).days());
        Ok(Shown {
            patron,
            amount: item.amount,
            date,
            time: (self.chance.between(8, 20) as u8, self.chance.below(60) as u8),
            invoices: vec![(item.number.clone(), item.amount)],
            bank_reference: None,
            booked: None,
            account: self.patrons[patron].account,
        })
    }

    pub(super) fn patron(&self, shown: &Shown) -> &'a Patron {
        &self.patrons[shown.patron]
    }

    /// The company that bills this customer.
    pub(super) fn seller(&self, shown: &Shown) -> &'a Entity {
        &self.entities[self.patron(shown).entity]
    }

    /// The truth of a piece that shows one payment. `early` says that it reaches the desk before the money.
    pub(super) fn truth(
        &self,
        file: &str,
        medium: &'static str,
        kind: EvidenceKind,
        shown: &Shown,
        early: bool,
    ) -> EvidenceTruth {
        let (received_on, money) = match shown.booked {
            None => (shown.date, MoneyTiming::Never),
            // On the day of an instant payment nothing can be earlier than the money.
            Some(booked) if early && shown.date < booked => (shown.date, MoneyTiming::Follows),
            Some(booked) => (booked.saturating_add(1.day()), MoneyTiming::Precedes),
        };
        EvidenceTruth {
            file: file.to_owned(),
            medium,
            language: self.patron(shown).language.code(),
            kind,
            received_on,
            amount: Some(shown.amount.amount()),
            currency: Some(shown.amount.currency().to_string()),
            date: Some(shown.date),
            time: None,
            reference: None,
            invoice_numbers: Vec::new(),
            payer_name: None,
            payer_account: None,
            payee_name: None,
            remittance_lines: Vec::new(),
            customer_id: Some(self.patron(shown).customer.id.to_string()),
            seller_id: self.seller(shown).id.to_string(),
            bank_reference: shown.bank_reference.clone(),
            money,
            duplicate_of: None,
            flags: Vec::new(),
        }
    }
}

impl Shown {
    pub(super) fn numbers(&self) -> Vec<String> {
        self.invoices.iter().map(|(number, _)| number.clone()).collect()
    }

    pub(super) fn rows(&self) -> Vec<TruthRow> {
        self.invoices.iter().map(|(n, a)| TruthRow { invoice_number: n.clone(), amount: a.amount() }).collect()
    }
}

/// One invoice, right amount: the usual subject of a screenshot.
pub(super) fn is_single(line: &Line) -> bool {
    matches!(line.truth.kind, TruthKind::Clean | TruthKind::MangledReference | TruthKind::NoReference)
}

/// Several invoices, listed.
pub(super) fn is_lump(line: &Line) -> bool {
    matches!(line.truth.kind, TruthKind::LumpSum | TruthKind::LumpSumWithCreditNote)
}

/// All makers in the order of the files.
pub(super) fn makers() -> [Maker; PIECES] {
    let [a, b, c, d] = [screens::MAKERS.as_slice(), &papers::MAKERS, &papers::SCANS, &mails::MAKERS];
    let mut all: [Maker; PIECES] = [screens::MAKERS[0]; PIECES];
    for (place, maker) in all.iter_mut().zip(a.iter().chain(b).chain(c).chain(d)) {
        *place = *maker;
    }
    all
}

/// The number of makers is the number of pieces; checked when the crate is built.
const _: () = assert!(
    screens::MAKERS.len() + papers::MAKERS.len() + papers::SCANS.len() + mails::MAKERS.len() == PIECES,
    "forty pieces of evidence"
);
