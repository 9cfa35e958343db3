//! Desks unlike each other: every seed draws its own languages, numbering, habits and gaps in what the bank tells.
//!
//! Where [`super::make()`] makes one kind of desk many times, this makes another desk each time, with the situations that mislead: typos
//! that are another invoice's number, old numbers used again, three subscriptions paid while one invoice of that sum is open, a
//! bookkeeper who pays for many, a customer who sends money that is for no invoice, two payments of one invoice on one day. It is there to
//! find out how answers carry over; nothing is tuned on it.

use super::dice::Dice;
use super::texts::{Slots, account, bank_name, civil, fill, mangle};
use super::tongues::{TONGUES, Tongue};
use super::{Customer, Item, Kind, Made, Payment, Truth, Wanted, percent_of};

/// 2026-01-01.
const FIRST_DAY: i32 = 20_454;

/// How numbers are written; as in [`super::profile::Profile::numbers`], with `{yy}` and `{mm}`.
const NUMBERS: [&str; 20] = [
    "{n4}",
    "{n5}",
    "{n6}",
    "{n8}",
    "1{n9}",
    "{y}{n5}",
    "{yy}{mm}{n4}",
    "{y}-{n4}",
    "{y}/{mm}/{n3}",
    "RE-{n6}",
    "INV{n7}",
    "FV/{n4}/{mm}/{y}",
    "F001-{n6}",
    "E001-{n4}",
    "{c}-{n3}",
    "AR{y}-{n5}-A",
    "SI-{n5}",
    "{n5}/{yy}",
    "VF{yy}{n6}",
    "KD{c}R{n4}",
];

/// What one desk is like. Shares are of a thousand.
struct Habits {
    tongues: Vec<Tongue>,
    numbers: Vec<(&'static str, usize)>,
    prices: Vec<i64>,
    on_subscription: u32,
    with_alias: u32,
    account_on_file: u32,
    without_payer_account: u32,
    without_payer_name: u32,
    other_account: u32,
    noise: u32,
    capitals: u32,
    /// How the bank writes texts.
    bank: u64,
    stray_number: u32,
    old_number: u32,
    shares: Vec<(Kind, u32)>,
    items_for_a_payment: f64,
    late_days: u64,
    own_name: String,
    rate_noise: f64,
}

struct Desk {
    wanted: Wanted,
    habits: Habits,
    dice: Dice,
    made: Made,
    running: Vec<u64>,
    tongue_of: Vec<usize>,
    price_of: Vec<i64>,
    /// Numbers that were paid long ago, for texts used again.
    old: Vec<String>,
    /// A bookkeeper pays for these.
    keeper_of: Vec<Option<usize>>,
    keepers: Vec<(String, String)>,
}

/// Makes a book of a desk that the seed draws.
pub fn make_other(wanted: Wanted) -> Made {
    let mut dice = Dice::new(wanted.seed ^ 0x0074_6872_6565);
    let habits = draw(&mut dice);
    let rates = vec![
        ("EUR", 1000),
        ("GBP", 857),
        ("USD", 1084),
        ("CHF", 948),
        ("PEN", 4063),
        ("BRL", 6130),
        ("SEK", 11_287),
        ("NOK", 11_660),
        ("PLN", 4305),
        ("DKK", 7459),
        ("CZK", 25_140),
        ("HUF", 391_700),
    ];
    let made = Made { rates, ..Made::default() };
    let mut running: Vec<u64> = Vec::new();
    for (_, range) in &habits.numbers {
        // Sellers of one range overlap.
        let start = running.get(*range).copied().unwrap_or_else(|| 10 + dice.below(8000));
        running.push(start);
    }
    let keepers =
        (0..1 + wanted.customers / 150).map(|at| (format!("Treuhand & Office {at}"), account(&mut dice, "DE"))).collect();
    let mut desk = Desk {
        wanted,
        habits,
        dice,
        made,
        running,
        tongue_of: Vec::new(),
        price_of: Vec::new(),
        old: Vec::new(),
        keeper_of: Vec::new(),
        keepers,
    };
    for _ in 0..wanted.customers.max(1) {
        desk.customer();
    }
    for at in 0..wanted.payments {
        if at % 50 == 0 {
            let customer = desk.any_customer();
            let number = desk.number(customer, FIRST_DAY - 60);
            desk.old.push(number);
        }
        desk.payment();
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let least = (wanted.payments as f64 * desk.habits.items_for_a_payment) as usize;
    while desk.made.items.len() < least {
        let customer = desk.any_customer();
        let day = FIRST_DAY + desk.days(200);
        desk.item(customer, day);
    }
    desk.made.shuffle_payments(&mut desk.dice, 'Q');
    desk.made
}

fn draw(dice: &mut Dice) -> Habits {
    let count = 1 + dice.below(4);
    let tongues: Vec<Tongue> = (0..count).map(|_| *dice.one(&TONGUES)).collect();
    let sellers = 1 + usize::try_from(dice.below(4)).unwrap_or(0);
    let mut numbers: Vec<(&'static str, usize)> = Vec::new();
    for at in 0..sellers {
        if at > 0 && dice.per_mille(400) {
            // Another seller with the same style and range.
            let (style, _) = numbers[at - 1];
            numbers.push((style, at - 1));
        } else {
            numbers.push((dice.word(&NUMBERS), usize::MAX));
        }
    }
    let prices = (0..1 + dice.below(12)).map(|_| dice.between(3, 400) * 100 + *dice.one(&[0, 0, 90, 99, 50])).collect();
    let share = |dice: &mut Dice, usual: u32| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let factor = 0.4 + 1.4 * dice.unit();
        (f64::from(usual) * factor) as u32
    };
    let shares = [
        (Kind::Mangled, 120),
        (Kind::None, 90),
        (Kind::Lump, 80),
        (Kind::Partial, 40),
        (Kind::FeeShort, 35),
        (Kind::OtherCurrency, 25),
        (Kind::Duplicate, 25),
        (Kind::Overpaid, 25),
        (Kind::ThirdParty, 35),
        (Kind::DiscountOrWithholding, 30),
        (Kind::NotOurs, 30),
    ]
    .into_iter()
    .map(|(kind, usual)| (kind, share(dice, usual)))
    .collect();
    let word = dice.word(TONGUES[0].first);
    Habits {
        tongues,
        numbers,
        prices,
        on_subscription: u32::try_from(dice.below(900)).unwrap_or(0),
        with_alias: u32::try_from(dice.below(300)).unwrap_or(0),
        account_on_file: u32::try_from(200 + dice.below(800)).unwrap_or(0),
        without_payer_account: u32::try_from(dice.below(600)).unwrap_or(0),
        without_payer_name: u32::try_from(dice.below(150)).unwrap_or(0),
        other_account: u32::try_from(dice.below(150)).unwrap_or(0),
        noise: 1 + u32::try_from(dice.below(3)).unwrap_or(0),
        capitals: u32::try_from(dice.below(1000)).unwrap_or(0),
        bank: dice.below(7),
        stray_number: u32::try_from(dice.below(250)).unwrap_or(0),
        old_number: u32::try_from(dice.below(40)).unwrap_or(0),
        shares,
        items_for_a_payment: 1.05 + 1.2 * dice.unit(),
        late_days: 20 + dice.below(80),
        own_name: format!("{word} Billing Group"),
        rate_noise: 0.002 + 0.01 * dice.unit(),
    }
}

impl Desk {
    fn days(&mut self, below: u64) -> i32 {
        i32::try_from(self.dice.below(below)).unwrap_or(0)
    }

    fn any_customer(&mut self) -> usize {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let skewed = (self.dice.unit().powf(1.8) * self.made.customers.len() as f64) as usize;
        skewed.min(self.made.customers.len() - 1)
    }

    fn name_in(&mut self, tongue: usize) -> String {
        let t = self.habits.tongues[tongue];
        let (first, trade, legal) = (self.dice.word(t.first), self.dice.word(t.trade), self.dice.word(t.legal));
        let name = match self.dice.below(5) {
            0 => format!("{first} {trade}"),
            1 => format!("{trade} {first}"),
            2 => format!("{first} & {} {trade}", self.dice.word(t.first)),
            3 => format!("{first}-{} {trade}", self.dice.word(t.first)),
            _ => format!("{first} {} {}", self.dice.word(t.trade), self.dice.word(t.first)),
        };
        format!("{name} {legal}").trim_end().to_owned()
    }

    fn customer(&mut self) {
        let at = self.made.customers.len();
        let tongue = usize::try_from(self.dice.below(self.habits.tongues.len() as u64)).unwrap_or(0);
        let t = self.habits.tongues[tongue];
        // Some names occur twice, in different towns.
        let name = if at > 5 && self.dice.per_mille(25) {
            let other = self.any_customer();
            self.made.customers[other].name.clone()
        } else {
            self.name_in(tongue)
        };
        let country = self.dice.word(t.countries);
        let aliases = if self.dice.per_mille(self.habits.with_alias) {
            vec![format!("{} {}", self.dice.word(t.first), self.dice.word(t.trade))]
        } else {
            Vec::new()
        };
        let iban = if self.dice.per_mille(self.habits.account_on_file) {
            if at > 5 && self.dice.per_mille(15) {
                // One account for two companies of a family.
                let other = self.any_customer();
                self.made.customers[other].iban.clone()
            } else {
                account(&mut self.dice, country)
            }
        } else {
            String::new()
        };
        let parent = (at > 20 && self.dice.per_mille(30)).then(|| at - 1 - usize::try_from(self.dice.below(20)).unwrap_or(0));
        let price =
            if self.dice.per_mille(self.habits.on_subscription) { *self.dice.one(&self.habits.prices.clone()) } else { 0 };
        let keeper = self.dice.per_mille(30).then(|| usize::try_from(self.dice.below(self.keepers.len() as u64)).unwrap_or(0));
        self.made.customers.push(Customer {
            id: match self.wanted.seed % 3 {
                0 => format!("{}", 20_000 + at * 3),
                1 => format!("K-{:05}", 100 + at),
                _ => format!("CUST{:07}", at * 11),
            },
            name,
            aliases,
            country,
            currency: self.dice.word(t.currencies),
            iban,
            parent,
            withholding_percent: if self.dice.per_mille(50) { *self.dice.one(&[3, 5, 8, 10, 15, 20]) } else { 0 },
        });
        self.tongue_of.push(tongue);
        self.price_of.push(price);
        self.keeper_of.push(keeper);
    }

    fn number(&mut self, customer: usize, day: i32) -> String {
        let seller = usize::try_from(self.dice.below(self.habits.numbers.len() as u64)).unwrap_or(0);
        self.number_of(seller, customer, day)
    }

    fn number_of(&mut self, seller: usize, customer: usize, day: i32) -> String {
        let step = 1 + if self.dice.per_mille(120) { self.dice.below(5) } else { 0 };
        self.running[seller] += step;
        let n = self.running[seller];
        let (year, month, _) = civil(day);
        let id: String = self.made.customers[customer].id.chars().filter(char::is_ascii_digit).collect();
        let mut number = self.habits.numbers[seller]
            .0
            .replace("{yy}", &format!("{:02}", year % 100))
            .replace("{y}", &year.to_string())
            .replace("{mm}", &format!("{month:02}"))
            .replace("{c}", &id);
        for width in 3..=9_usize {
            number = number.replace(&format!("{{n{width}}}"), &format!("{n:0width$}"));
        }
        number
    }

    fn item(&mut self, customer: usize, day: i32) -> usize {
        let seller = usize::try_from(self.dice.below(self.habits.numbers.len() as u64)).unwrap_or(0);
        let number = self.number_of(seller, customer, day);
        let amount = if self.price_of[customer] > 0 && self.dice.per_mille(900) {
            self.price_of[customer] * if self.dice.per_mille(80) { self.dice.between(2, 6) } else { 1 }
        } else {
            #[allow(clippy::cast_possible_truncation)]
            let mut amount = (self.dice.normal() * 1.3 + 10.0).exp() as i64;
            if self.dice.per_mille(400) {
                amount = amount / 1000 * 1000;
            }
            amount.clamp(300, 200_000_000)
        };
        let grants = self.dice.per_mille(70);
        let at = self.made.items.len();
        self.made.items.push(Item {
            id: format!("D{at:07}"),
            customer,
            seller,
            number,
            issued: day,
            due: day + *self.dice.one(&[0, 10, 14, 30, 30, 60, 90]),
            currency: self.made.customers[customer].currency,
            amount,
            discount_percent: if grants { *self.dice.one(&[1, 2, 3, 5]) } else { 0 },
            discount_until: if grants { day + 14 } else { 0 },
            ..Item::default()
        });
        at
    }

    fn payment(&mut self) {
        let mut throw = u32::try_from(self.dice.below(1000)).unwrap_or(0);
        let mut kind = Kind::Clean;
        for (candidate, share) in &self.habits.shares {
            if throw < *share {
                kind = *candidate;
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
        let Customer { name, aliases, iban, country, parent, .. } = self.made.customers[customer].clone();
        let (mut shown, mut from) = if let Some(keeper) = self.keeper_of[customer].filter(|_| self.dice.per_mille(800)) {
            self.keepers[keeper].clone()
        } else if let Some(parent) = parent.filter(|_| self.dice.per_mille(400)) {
            let parent = self.made.customers[parent].clone();
            (bank_name(&mut self.dice, &parent.name, &parent.aliases, self.habits.noise), parent.iban)
        } else {
            let shown = bank_name(&mut self.dice, &name, &aliases, self.habits.noise);
            let from = if iban.is_empty() || self.dice.per_mille(self.habits.other_account) {
                let mut own = Dice::new(self.wanted.seed ^ (customer as u64).wrapping_mul(0x9e37_79b9));
                account(&mut own, country)
            } else {
                iban
            };
            (shown, from)
        };
        if self.dice.per_mille(self.habits.without_payer_account) {
            from.clear();
        }
        if self.dice.per_mille(self.habits.without_payer_name) {
            shown.clear();
        }
        (shown, from)
    }

    fn slots_fill(&mut self, template: &str, customer: usize, number: &str, day: i32) -> String {
        let tongue = self.habits.tongues[self.tongue_of[customer]];
        let word = self.dice.word(tongue.invoice);
        let name = self.made.customers[customer].name.clone();
        let id: String = self.made.customers[customer].id.chars().filter(char::is_ascii_digit).collect();
        let text = template.replace("{i}", word);
        let slots = Slots { number, customer_number: &id, name: &name, day };
        fill(&mut self.dice, &text, &slots).trim().to_owned()
    }

    fn around(&mut self, customer: usize, number: &str, day: i32) -> String {
        let tongue = self.habits.tongues[self.tongue_of[customer]];
        let template = self.dice.word(tongue.around);
        let mut text = self.slots_fill(template, customer, number, day);
        if self.dice.per_mille(self.habits.stray_number) {
            let stray = match self.dice.below(5) {
                0 => format!("{}", 100_000 + self.dice.below(900_000)),
                1 => format!("Tel {} {}", self.dice.below(900) + 100, self.dice.below(9_000_000)),
                2 => format!("VAT {}{}", "DE", 100_000_000 + self.dice.below(800_000_000)),
                3 => format!("{:04}", self.dice.below(10_000)),
                _ => format!("TRX{}", self.dice.below(10_000_000_000)),
            };
            text = if self.dice.per_mille(500) { format!("{text} {stray}") } else { format!("{stray} {text}") };
        }
        text
    }

    fn silent(&mut self, customer: usize, day: i32) -> String {
        if self.dice.per_mille(self.habits.old_number) && !self.old.is_empty() {
            let old = self.dice.one(&self.old.clone()).clone();
            return self.around(customer, &old, day);
        }
        let tongue = self.habits.tongues[self.tongue_of[customer]];
        let template = self.dice.word(tongue.silent);
        self.slots_fill(template, customer, "", day)
    }

    /// As the bank prints it.
    fn printed(&mut self, text: String) -> String {
        let mut text = text;
        if self.dice.per_mille(self.habits.capitals) {
            text = text.to_uppercase();
        }
        let cut = |text: &str, at: usize| text.chars().take(at).collect::<String>();
        match self.habits.bank {
            0 => cut(&text, 35),
            1 => cut(&text, 70),
            2 => {
                let own = self.dice.below(1_000_000_000);
                cut(&format!("SVWZ+{text} EREF+{own} KREF+NONREF"), 140)
            }
            3 => format!("/REMI/{}/EREF/NOTPROVIDED", cut(&text, 100)),
            4 => {
                // Lines of 27 characters, joined with a space.
                let chars: Vec<char> = cut(&text, 140).chars().collect();
                chars.chunks(27).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
            }
            _ => cut(&text, 140),
        }
    }

    fn push(&mut self, kind: Kind, lines: Vec<(usize, i64)>, mut payment: Payment) {
        payment.id = format!("Q{:07}", self.made.payments.len());
        payment.account = format!("XX{:020}", lines.first().map_or(0, |(i, _)| self.made.items[*i].seller));
        payment.remittance = self.printed(std::mem::take(&mut payment.remittance));
        if self.dice.per_mille(400) {
            payment.end_to_end = match self.dice.below(3) {
                0 => format!("{}", self.dice.below(100_000_000)),
                1 => "NOTPROVIDED".to_owned(),
                _ => format!("PAY-{}-{}", self.dice.below(100_000), self.dice.below(1000)),
            };
        }
        self.made.payments.push(payment);
        self.made.truths.push(Truth { kind, lines });
    }

    /// A number as the customer writes it: mostly right.
    fn written(&mut self, item: usize) -> String {
        let number = self.made.items[item].number.clone();
        if self.dice.per_mille(150) { mangle(&mut self.dice, &number, self.habits.noise) } else { number }
    }

    fn single(&mut self, kind: Kind) {
        let customer = self.any_customer();
        let day = FIRST_DAY + self.days(170);
        let item = self.item(customer, day);
        let (open, currency) = (self.made.items[item].amount, self.made.items[item].currency);
        let mut booked = day + 1 + self.days(self.habits.late_days);
        if self.dice.per_mille(15) {
            booked = day - self.days(6);
        }
        let (mut payer_name, mut payer_iban) = self.payer(customer);
        let (mut amount, mut paid_in, mut applied) = (open, currency, open);
        let mut payment = Payment::default();
        let silent = self.dice.per_mille(110);
        let mut remittance = if silent {
            self.silent(customer, day)
        } else {
            let number = self.written(item);
            self.around(customer, &number, day)
        };
        match kind {
            Kind::Clean => {
                let number = self.made.items[item].number.clone();
                remittance = self.around(customer, &number, day);
                if self.dice.per_mille(60) {
                    payment.structured = number;
                    remittance = self.silent(customer, day);
                }
            }
            Kind::Mangled => {
                let number = self.made.items[item].number.clone();
                let wrong = if self.dice.per_mille(30) && item > 0 {
                    // A slip that is the number of another invoice.
                    let other = usize::try_from(self.dice.below(item as u64)).unwrap_or(0);
                    self.made.items[other].number.clone()
                } else {
                    mangle(&mut self.dice, &number, self.habits.noise)
                };
                remittance = self.around(customer, &wrong, day);
            }
            Kind::None => remittance = self.silent(customer, day),
            Kind::Partial => {
                let (n, d) = *self.dice.one(&[(1, 2), (1, 3), (1, 4), (3, 10), (1, 5), (0, 1), (0, 1)]);
                amount = if n > 0 { open * n / d } else { open * self.dice.between(10, 92) / 100 + self.dice.between(0, 99) };
                amount = amount.clamp(1, open - 1);
                applied = amount;
                if !silent {
                    let tongue = self.habits.tongues[self.tongue_of[customer]];
                    let template = self.dice.word(tongue.part);
                    let number = self.written(item);
                    remittance = self.slots_fill(template, customer, &number, day);
                }
            }
            Kind::FeeShort => {
                let fee = if self.dice.per_mille(500) {
                    *self.dice.one(&[100, 150, 500, 750, 1000, 1200, 1500, 2000, 2500])
                } else {
                    self.dice.between(50, 3900)
                };
                amount = (open - fee.min(open / 5)).max(1);
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
                    #[allow(clippy::cast_possible_truncation)]
                    let moved = (exact * (1.0 + self.dice.normal() * self.habits.rate_noise)).round() as i64;
                    amount = moved.max(1);
                    if self.dice.per_mille(200) {
                        payment.original = Some((open, currency));
                    }
                }
            }
            Kind::Overpaid => {
                let extra = match self.dice.below(6) {
                    0 => self.dice.between(1, 99),
                    1 => self.dice.between(1, 50) * 100,
                    2 => 1000 - open % 1000,
                    3 => open,
                    4 => open / 10,
                    _ => self.dice.between(100, 30_000),
                };
                amount = open + extra.max(1);
            }
            Kind::ThirdParty => {
                let tongue = self.tongue_of[customer];
                payer_name = self.name_in(tongue);
                payer_iban = account(&mut self.dice, "DE");
                if self.dice.per_mille(250) {
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
                    let percent = *self.dice.one(&[1, 2, 3, 4]);
                    self.made.items[item].discount_percent = percent;
                    self.made.items[item].discount_until = day + 14;
                    amount = open - percent_of(open, percent);
                    if self.dice.per_mille(700) {
                        booked = day + 2 + self.days(11);
                    } else {
                        booked = day + 16 + self.days(20);
                        applied = amount;
                    }
                }
            }
            Kind::Lump | Kind::Duplicate | Kind::NotOurs => {}
        }
        payment = Payment { booked, amount, currency: paid_in, payer_name, payer_iban, remittance, ..payment };
        self.push(kind, vec![(item, applied)], payment);
    }

    fn lump(&mut self) {
        let customer = self.any_customer();
        let tongue = self.habits.tongues[self.tongue_of[customer]];
        let count = match self.dice.below(100) {
            0..50 => self.dice.between(2, 3),
            50..88 => self.dice.between(4, 9),
            88..98 => self.dice.between(10, 20),
            _ => self.dice.between(21, 50),
        };
        let start = FIRST_DAY + self.days(120);
        let mut lines: Vec<(usize, i64)> = Vec::new();
        let mut total = 0_i64;
        let mut last = start;
        let credit = self.dice.per_mille(60);
        for at in 0..count {
            last = start + i32::try_from(at * self.dice.between(0, 8)).unwrap_or(0);
            let item = self.item(customer, last);
            if credit && at + 1 == count {
                let amount = self.made.items[item].amount;
                self.made.items[item].amount = -(amount / 3).min(total / 2).max(1);
            }
            total += self.made.items[item].amount;
            lines.push((item, self.made.items[item].amount));
        }
        if self.price_of[customer] > 0 && self.dice.per_mille(200) {
            // Another open invoice of just this sum.
            let other = self.item(customer, start);
            self.made.items[other].amount = total.max(1);
        }
        let numbers: Vec<String> = lines.iter().map(|(i, _)| self.made.items[*i].number.clone()).collect();
        let tails: Vec<String> = numbers
            .iter()
            .map(|n| n.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect::<String>())
            .collect();
        let list = self.dice.word(tongue.invoices);
        let joint = *self.dice.one(&[", ", " ", "/", " + ", ";", ",", "-"]);
        let mut amount = total;
        let throw = self.dice.below(12);
        if throw == 11 && !credit {
            // Less a bank fee: the last item stays short by it.
            let fee = self.dice.between(50, 2500).min(lines.last().map_or(1, |l| l.1) - 1).max(0);
            amount -= fee;
            if let Some(line) = lines.last_mut() {
                line.1 -= fee;
            }
        }
        let text = match self.dice.below(12) {
            0..5 => format!("{list} {}", numbers.join(joint)),
            5 => format!("{list} {}", tails.join(joint)),
            6 => format!("{list} {}{joint}{}", numbers[0], tails[1..].join(joint)),
            7 => format!("{list} {} {} {}", numbers[0], tongue.to, tails.last().cloned().unwrap_or_default()),
            8 => self.silent(customer, last),
            9 => format!("{count} x {list}"),
            10 => {
                let shown = numbers.len().min(3);
                format!("{list} {} ...", numbers[..shown].join(joint))
            }
            _ => {
                let (head, tail) = numbers.split_at(numbers.len() - 1);
                let word = if credit { self.dice.word(tongue.less) } else { tongue.and };
                format!("{list} {} {word} {}", head.join(joint), tail[0])
            }
        };
        let (payer_name, payer_iban) = self.payer(customer);
        let payment = Payment {
            booked: last + 2 + self.days(self.habits.late_days),
            amount: amount.max(1),
            currency: self.made.customers[customer].currency,
            payer_name,
            payer_iban,
            remittance: text,
            ..Payment::default()
        };
        self.push(Kind::Lump, lines, payment);
    }

    fn duplicate(&mut self) {
        for _ in 0..50 {
            let at = usize::try_from(self.dice.below(self.made.payments.len().max(1) as u64)).unwrap_or(0);
            let Some(truth) = self.made.truths.get(at) else { break };
            if matches!(truth.kind, Kind::Clean | Kind::Mangled | Kind::None) {
                let mut again = self.made.payments[at].clone();
                let customer = self.made.items[truth.lines[0].0].customer;
                again.booked += 1 + self.days(25);
                let (end_to_end, remittance) = (again.end_to_end.clone(), again.remittance.clone());
                let mut other_text = None;
                if self.dice.per_mille(150) {
                    let (name, from) = self.payer(customer);
                    (again.payer_name, again.payer_iban) = (name, from);
                }
                if self.dice.per_mille(120) {
                    other_text = Some(self.silent(customer, again.booked));
                }
                self.push(Kind::Duplicate, Vec::new(), again);
                if let Some(last) = self.made.payments.last_mut() {
                    last.end_to_end = end_to_end;
                    last.remittance = other_text.unwrap_or(remittance);
                }
                return;
            }
        }
        self.single(Kind::Clean);
    }

    fn stranger(&mut self) {
        let tongue = usize::try_from(self.dice.below(self.habits.tongues.len() as u64)).unwrap_or(0);
        let t = self.habits.tongues[tongue];
        let (who, what) = *self.dice.one(t.strangers);
        let name = self.name_in(tongue);
        let day = FIRST_DAY + self.days(200);
        let slots = Slots { number: "", customer_number: "", name: &name, day };
        let mut remittance = fill(&mut self.dice, what, &slots);
        let mut amount = if self.dice.per_mille(200) {
            *self.dice.one(&self.habits.prices.clone())
        } else {
            #[allow(clippy::cast_possible_truncation)]
            let drawn = (self.dice.normal() * 1.5 + 9.8).exp() as i64;
            drawn.max(1)
        };
        let mut payer_name = who.replace("{new}", &name).replace("{own}", &self.habits.own_name);
        let mut payer_iban = if self.dice.per_mille(700) { account(&mut self.dice, "DE") } else { String::new() };
        let mut is_return = false;
        match self.dice.below(12) {
            0 => {
                // A customer sends money that is for no invoice: a deposit, a refund of what we bought.
                let customer = self.any_customer();
                (payer_name, payer_iban) = self.payer(customer);
                remittance = self.silent(customer, day);
            }
            1 => {
                // Taken back: the bank books the money of an earlier payment out again.
                amount = -amount;
                is_return = true;
            }
            _ => {}
        }
        let payment = Payment {
            booked: day,
            amount,
            currency: self.dice.word(t.currencies),
            payer_name,
            payer_iban,
            remittance,
            is_return,
            ..Payment::default()
        };
        self.push(Kind::NotOurs, Vec::new(), payment);
    }
}
