//! Makes a book.

use super::dice::Dice;
use super::texts::{Slots, account, bank_name, civil, fill, mangle};
use super::{Customer, Item, Kind, Made, Payment, Truth, Wanted, percent_of};

/// Shares of the kinds, of a thousand.
const SHARES: [(Kind, u32); 12] = [
    (Kind::Clean, 500),
    (Kind::Mangled, 120),
    (Kind::None, 80),
    (Kind::Lump, 80),
    (Kind::Partial, 40),
    (Kind::FeeShort, 35),
    (Kind::OtherCurrency, 25),
    (Kind::Duplicate, 20),
    (Kind::Overpaid, 20),
    (Kind::ThirdParty, 30),
    (Kind::DiscountOrWithholding, 25),
    (Kind::NotOurs, 25),
];

/// 2026-01-01.
const FIRST_DAY: i32 = 20_454;

struct Maker {
    wanted: Wanted,
    dice: Dice,
    made: Made,
    running: [u64; 8],
    /// Customers with one subscription price, or 0.
    price: Vec<i64>,
}

/// Makes the book.
pub fn make(wanted: Wanted) -> Made {
    let mut maker = Maker { wanted, dice: Dice::new(wanted.seed), made: Made::default(), running: [0; 8], price: Vec::new() };
    maker.made.rates = vec![
        ("EUR", 1000),
        ("GBP", 860),
        ("USD", 1090),
        ("CHF", 950),
        ("PEN", 4050),
        ("SEK", 11_300),
        ("PLN", 4290),
        ("DKK", 7460),
    ];
    for slot in &mut maker.running {
        *slot = 1000 + maker.dice.below(90_000);
    }
    // Two sellers whose ranges overlap.
    maker.running[1] = maker.running[0];
    for _ in 0..wanted.customers.max(1) {
        maker.customer();
    }
    for _ in 0..wanted.payments {
        maker.payment();
    }
    // Items nobody pays in this book, until there are five for every four payments.
    while maker.made.items.len() < wanted.payments + wanted.payments / 4 {
        let customer = maker.any_customer();
        let day = FIRST_DAY + i32::try_from(maker.dice.below(170)).unwrap_or(0);
        maker.item(customer, day);
    }
    maker.made.shuffle_payments(&mut maker.dice, 'P');
    maker.made
}

impl Maker {
    fn any_customer(&mut self) -> usize {
        // Some customers are billed far more often than others.
        let count = self.made.customers.len() as f64;
        let skewed = self.dice.unit().powf(1.6) * count;
        (skewed as usize).min(self.made.customers.len() - 1)
    }

    fn fresh_name(&mut self) -> String {
        let p = self.wanted.profile;
        let first = *self.dice.one(p.first);
        let trade = *self.dice.one(p.trade);
        let legal = *self.dice.one(p.legal);
        match self.dice.below(4) {
            0 => format!("{first} {trade} {legal}"),
            1 => format!("{first} & {} {trade} {legal}", self.dice.one(p.first)),
            2 => format!("{first} {} {legal}", self.dice.one(p.first)),
            _ => format!("{trade} {first} {} {legal}", self.dice.one(p.trade)),
        }
    }

    fn customer(&mut self) {
        let p = self.wanted.profile;
        let at = self.made.customers.len();
        let name = self.fresh_name();
        let country = *self.dice.one(p.countries);
        let aliases = if self.dice.per_mille(120) {
            vec![format!("{} {}", self.dice.one(p.first), self.dice.one(p.trade))]
        } else {
            Vec::new()
        };
        let iban = if self.dice.per_mille(800) { account(&mut self.dice, country) } else { String::new() };
        let parent = (at > 20 && self.dice.per_mille(30)).then(|| at - 1 - usize::try_from(self.dice.below(20)).unwrap_or(0));
        self.made.customers.push(Customer {
            id: format!("C{:06}", 10_000 + at * 7),
            name,
            aliases,
            country,
            currency: self.dice.word(p.currencies),
            iban,
            parent,
            withholding_percent: if self.dice.per_mille(60) { *self.dice.one(&[2, 3, 8, 10, 15]) } else { 0 },
        });
        let price = if self.dice.per_mille(400) { *self.dice.one(p.prices) } else { 0 };
        self.price.push(price);
    }

    fn item(&mut self, customer: usize, day: i32) -> usize {
        let p = self.wanted.profile;
        let seller = usize::try_from(self.dice.below(p.numbers.len() as u64)).unwrap_or(0);
        let step = 1 + if self.dice.per_mille(100) { self.dice.below(4) } else { 0 };
        self.running[seller] += step;
        let n = self.running[seller];
        let (year, _, _) = civil(day);
        let mut number = p.numbers[seller].replace("{y}", &year.to_string()).replace("{c}", &(10_000 + customer * 7).to_string());
        for width in 3..=9_usize {
            number = number.replace(&format!("{{n{width}}}"), &format!("{n:0width$}"));
        }
        number = number.replace("{n}", &n.to_string());
        let amount = if self.price[customer] > 0 && self.dice.per_mille(850) {
            self.price[customer] * if self.dice.per_mille(60) { self.dice.between(2, 4) } else { 1 }
        } else {
            let mut amount = (self.dice.normal() * 1.1 + 10.3).exp() as i64;
            if self.dice.per_mille(300) {
                amount = amount / 1000 * 1000;
            }
            amount.clamp(500, 90_000_000)
        };
        let term = *self.dice.one(&[7, 14, 30, 30, 30, 60]);
        let grants = self.dice.per_mille(80);
        let at = self.made.items.len();
        self.made.items.push(Item {
            id: format!("I{at:07}"),
            customer,
            seller,
            number,
            issued: day,
            due: day + term,
            currency: self.made.customers[customer].currency,
            amount,
            discount_percent: if grants { *self.dice.one(&[2, 2, 3]) } else { 0 },
            discount_until: if grants { day + 10 } else { 0 },
            ..Item::default()
        });
        at
    }

    fn payment(&mut self) {
        let noise = self.wanted.profile.noise;
        let mut throw = u32::try_from(self.dice.below(1000)).unwrap_or(0);
        let mut kind = Kind::Clean;
        for (candidate, share) in SHARES {
            // Twice the noise: more of what is not clean.
            let share = if noise > 1 && candidate == Kind::Clean {
                share - 130
            } else if noise > 1 && candidate == Kind::Mangled {
                share + 100
            } else if noise > 1 && candidate == Kind::None {
                share + 30
            } else {
                share
            };
            kind = candidate;
            if throw < share {
                break;
            }
            throw -= share;
        }
        match kind {
            Kind::NotOurs => self.stranger(),
            Kind::Duplicate => self.duplicate(),
            Kind::Lump => self.lump(),
            other => self.single(other),
        }
    }

    /// Name and account of the payer.
    fn payer(&mut self, customer: usize) -> (String, String) {
        let noise = self.wanted.profile.noise;
        let Customer { name, aliases, iban, country, parent, .. } = self.made.customers[customer].clone();
        if let Some(parent) = parent
            && self.dice.per_mille(500)
        {
            let parent = self.made.customers[parent].clone();
            return (bank_name(&mut self.dice, &parent.name, &parent.aliases, noise), parent.iban);
        }
        let shown = bank_name(&mut self.dice, &name, &aliases, noise);
        let account = if self.dice.per_mille(40 * noise) {
            String::new()
        } else if iban.is_empty() || self.dice.per_mille(50 * noise) {
            // Not on file: the same one every time.
            let mut own = Dice::new(self.wanted.seed ^ (customer as u64).wrapping_mul(0x9e37_79b9));
            account(&mut own, country)
        } else {
            iban
        };
        (shown, account)
    }

    fn text(&mut self, item: usize, number: &str, templates: &[&str], day: i32) -> String {
        let customer = self.made.items[item].customer;
        let name = self.made.customers[customer].name.clone();
        let customer_number = self.made.customers[customer].id[1..].to_owned();
        let template = *self.dice.one(templates);
        let slots = Slots { number, customer_number: &customer_number, name: &name, day };
        let mut text = fill(&mut self.dice, template, &slots);
        if self.dice.per_mille(200) {
            text = text.to_uppercase();
        }
        text
    }

    fn push(&mut self, kind: Kind, lines: Vec<(usize, i64)>, mut payment: Payment) {
        payment.id = format!("P{:07}", self.made.payments.len());
        payment.account = format!("DE0210000000000000000{}", lines.first().map_or(0, |(i, _)| self.made.items[*i].seller));
        if self.dice.per_mille(300) {
            payment.end_to_end = format!("E2E{}", self.dice.below(1_000_000_000_000));
        } else if self.dice.per_mille(300) {
            payment.end_to_end = "NOTPROVIDED".to_owned();
        }
        self.made.payments.push(payment);
        self.made.truths.push(Truth { kind, lines });
    }

    fn single(&mut self, kind: Kind) {
        let p = self.wanted.profile;
        let noise = p.noise;
        let customer = self.any_customer();
        let day = FIRST_DAY + i32::try_from(self.dice.below(150)).unwrap_or(0);
        let item = self.item(customer, day);
        let number = self.made.items[item].number.clone();
        let (open, currency) = (self.made.items[item].amount, self.made.items[item].currency);
        let mut booked = day + 2 + i32::try_from(self.dice.below(45)).unwrap_or(0);
        let (mut payer_name, mut payer_iban) = self.payer(customer);
        let (mut amount, mut paid_in, mut applied) = (open, currency, open);
        // How the number is written for kinds that are about something else.
        let throw = self.dice.below(1000);
        let mangled = 120 * u64::from(noise);
        let silent = mangled + 70 * u64::from(noise);
        let mut remittance = if throw < mangled {
            let number = mangle(&mut self.dice, &number, noise);
            self.text(item, &number, p.single, day)
        } else if throw < silent {
            self.text(item, "", p.silent, day)
        } else {
            self.text(item, &number, p.single, day)
        };
        match kind {
            Kind::Clean => remittance = self.text(item, &number, p.single, day),
            Kind::Mangled => {
                let number = mangle(&mut self.dice, &number, noise);
                remittance = self.text(item, &number, p.single, day);
                if self.dice.per_mille(80) {
                    remittance = format!("{} {remittance}", self.fresh_name()).chars().take(35).collect();
                }
            }
            Kind::None => remittance = self.text(item, "", p.silent, day),
            Kind::Partial => {
                let (n, d) = *self.dice.one(&[(1, 2), (1, 3), (1, 4), (3, 10), (4, 10), (0, 1), (0, 1), (0, 1)]);
                amount = if n > 0 { open * n / d } else { open * self.dice.between(20, 85) / 100 + self.dice.between(0, 99) };
                amount = amount.clamp(1, open - 1);
                applied = amount;
                if throw >= silent {
                    remittance = self.text(item, &number, p.part, day);
                }
            }
            Kind::FeeShort => {
                let fee = if self.dice.per_mille(700) {
                    *self.dice.one(&[500, 750, 1000, 1200, 1500, 2000, 2500])
                } else {
                    self.dice.between(80, 3500)
                };
                amount = (open - fee.min(open / 6)).max(1);
                applied = amount;
            }
            Kind::OtherCurrency => {
                let rates = self.made.rates.clone();
                let own = rates.iter().find(|(c, _)| *c == currency).map_or(1000, |(_, r)| *r);
                let other = *self.dice.one(&rates);
                let (code, rate) = if other.0 == currency { ("EUR", 1000) } else { other };
                if code != currency {
                    paid_in = code;
                    let exact = open as f64 * rate as f64 / own as f64;
                    amount = (exact * (1.0 + self.dice.normal() * 0.006)).round() as i64;
                }
            }
            Kind::Overpaid => {
                let extra = match self.dice.below(4) {
                    0 => self.dice.between(1, 99),
                    1 => self.dice.between(1, 20) * 100,
                    2 => 1000 - open % 1000,
                    _ => self.dice.between(100, 10_000),
                };
                amount = open + extra.max(1);
            }
            Kind::ThirdParty => {
                payer_name = self.fresh_name();
                payer_iban = account(&mut self.dice, "DE");
                if self.dice.per_mille(200) {
                    let other = self.any_customer();
                    payer_name = self.made.customers[other].name.clone();
                    payer_iban = self.made.customers[other].iban.clone();
                }
            }
            Kind::DiscountOrWithholding => {
                let held = self.made.customers[customer].withholding_percent;
                if held > 0 {
                    amount = open - percent_of(open, held);
                } else {
                    let percent = 2;
                    self.made.items[item].discount_percent = percent;
                    self.made.items[item].discount_until = day + 10;
                    amount = open - percent_of(open, percent);
                    if self.dice.per_mille(750) {
                        booked = day + 2 + i32::try_from(self.dice.below(8)).unwrap_or(0);
                    } else {
                        booked = day + 12 + i32::try_from(self.dice.below(20)).unwrap_or(0);
                        applied = amount;
                    }
                }
            }
            Kind::Lump | Kind::Duplicate | Kind::NotOurs => {}
        }
        let payment = Payment { booked, amount, currency: paid_in, payer_name, payer_iban, remittance, ..Payment::default() };
        self.push(kind, vec![(item, applied)], payment);
    }

    fn lump(&mut self) {
        let p = self.wanted.profile;
        let customer = self.any_customer();
        let count = match self.dice.below(100) {
            0..45 => self.dice.between(2, 3),
            45..85 => self.dice.between(4, 8),
            85..97 => self.dice.between(9, 20),
            _ => self.dice.between(21, 50),
        };
        let start = FIRST_DAY + i32::try_from(self.dice.below(100)).unwrap_or(0);
        let mut lines = Vec::new();
        let mut numbers = Vec::new();
        let mut total = 0;
        let mut last = start;
        for at in 0..count {
            last = start + i32::try_from(at * self.dice.between(0, 6)).unwrap_or(0);
            let item = self.item(customer, last);
            if at > 1 && self.dice.per_mille(20) {
                let amount = self.made.items[item].amount;
                self.made.items[item].amount = -(amount / 4).min(total / 2).max(1);
            }
            total += self.made.items[item].amount;
            numbers.push(self.made.items[item].number.clone());
            lines.push((item, self.made.items[item].amount));
        }
        let (payer_name, payer_iban) = self.payer(customer);
        let separator = *self.dice.one(p.separators);
        let tails: Vec<String> = numbers
            .iter()
            .map(|n| n.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect::<String>())
            .collect();
        let mut text = match self.dice.below(10) {
            0..5 => self.dice.one(p.list).replace("{l}", &numbers.join(separator)),
            5 => self.dice.one(p.list).replace("{l}", &tails.join(separator)),
            6 => {
                let first = self.dice.one(p.list).replace("{l}", &numbers[0]);
                format!("{first} {separator}{}", tails[1..].join(separator))
            }
            7 => {
                let (a, b) = (numbers[0].clone(), tails.last().cloned().unwrap_or_default());
                self.dice.one(p.ranges).replace("{a}", &a).replace("{b}", &b)
            }
            8 => self.text(lines[0].0, "", p.silent, last),
            _ => format!("{count} x {}", self.dice.one(p.list).replace("{l}", "")),
        };
        let limit = if self.dice.per_mille(850) { 140 } else { 70 };
        if text.chars().count() > limit {
            text = text.chars().take(limit).collect();
        }
        let payment = Payment {
            booked: last + 2 + i32::try_from(self.dice.below(40)).unwrap_or(0),
            amount: total.max(1),
            currency: self.made.customers[customer].currency,
            payer_name,
            payer_iban,
            remittance: text,
            ..Payment::default()
        };
        self.push(Kind::Lump, lines, payment);
    }

    fn duplicate(&mut self) {
        // An earlier whole payment of one item, made again.
        for _ in 0..50 {
            let at = usize::try_from(self.dice.below(self.made.payments.len().max(1) as u64)).unwrap_or(0);
            let Some(truth) = self.made.truths.get(at) else { break };
            if matches!(truth.kind, Kind::Clean | Kind::Mangled | Kind::None) {
                let mut again = self.made.payments[at].clone();
                again.booked += if self.dice.per_mille(100) { 0 } else { 1 + i32::try_from(self.dice.below(20)).unwrap_or(0) };
                let end_to_end = again.end_to_end.clone();
                self.push(Kind::Duplicate, Vec::new(), again);
                if let Some(last) = self.made.payments.last_mut() {
                    last.end_to_end = end_to_end;
                }
                return;
            }
        }
        self.single(Kind::Clean);
    }

    fn stranger(&mut self) {
        let p = self.wanted.profile;
        let (who, what) = *self.dice.one(p.strangers);
        let name = self.fresh_name();
        let day = FIRST_DAY + i32::try_from(self.dice.below(180)).unwrap_or(0);
        let slots = Slots { number: "", customer_number: "", name: &name, day };
        let remittance = fill(&mut self.dice, what, &slots);
        let amount = if self.dice.per_mille(150) {
            *self.dice.one(p.prices)
        } else {
            ((self.dice.normal() * 1.4 + 9.5).exp() as i64).max(1)
        };
        let payment = Payment {
            booked: day,
            amount,
            currency: self.dice.word(p.currencies),
            payer_name: who.replace("{new}", &name),
            payer_iban: if self.dice.per_mille(700) { account(&mut self.dice, "DE") } else { String::new() },
            remittance,
            ..Payment::default()
        };
        self.push(Kind::NotOurs, Vec::new(), payment);
    }
}
