//! Two kinds of desk: the languages, names, numbers and habits a book is made of.

/// What a book is made of.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// `one` or `two`.
    pub name: &'static str,
    /// Names begin with.
    pub first: &'static [&'static str],
    /// Trades.
    pub trade: &'static [&'static str],
    /// Legal forms.
    pub legal: &'static [&'static str],
    /// Currencies, the first most often.
    pub currencies: &'static [&'static str],
    /// Country codes.
    pub countries: &'static [&'static str],
    /// Invoice numbers: `{y}` year, `{n5}` running number of that width, `{n}` without zeros, `{c}` customer number.
    pub numbers: &'static [&'static str],
    /// Subscription prices, cents.
    pub prices: &'static [i64],
    /// Text with one number.
    pub single: &'static [&'static str],
    /// Text without number.
    pub silent: &'static [&'static str],
    /// Before a list of numbers.
    pub list: &'static [&'static str],
    /// Between the numbers of a list.
    pub separators: &'static [&'static str],
    /// Range, `{a}` to `{b}`.
    pub ranges: &'static [&'static str],
    /// What a stranger's payment says, and who.
    pub strangers: &'static [(&'static str, &'static str)],
    /// Words for a part payment.
    pub part: &'static [&'static str],
    /// Noise multiplied by this.
    pub noise: u32,
}

/// German, English and Dutch customers, tidy.
pub const ONE: Profile = Profile {
    name: "one",
    first: &[
        "Müller", "Schmidt", "Nordwind", "Alpha", "Becker", "Hoffmann", "Wagner", "Schulz", "Weber", "Fischer", "Krause", "Lindner", "Baltic",
        "Rhein", "Hansa", "Elbe", "Krüger", "Neumann", "Vogel", "Berger", "Smith", "Taylor", "Brown", "Walker", "Harbour", "Oakwood",
        "Riverside", "Northgate", "Summit", "Pioneer", "De Vries", "Jansen", "Bakker", "Visser", "Meijer", "Van Dijk", "Brouwer", "Horizon",
        "Delta", "Orion", "Phoenix", "Helios", "Atlas", "Vega", "Sirius", "Polar", "Meridian", "Kontor", "Isar", "Spree", "Weser", "Saale",
    ],
    trade: &[
        "Maschinenbau", "Logistik", "Immobilien", "Textil", "Software", "Elektrotechnik", "Consulting", "Energie", "Druck", "Gartenbau",
        "Catering", "Medizintechnik", "Transport", "Handel", "Bau", "Möbel", "Verlag", "Pharma", "Autohaus", "Bäckerei", "Foods", "Systems",
        "Trading", "Engineering", "Design", "Security", "Marketing", "Holdings", "Partners", "Services",
    ],
    legal: &["GmbH", "AG", "GmbH & Co. KG", "KG", "UG", "Ltd", "Limited", "PLC", "B.V.", "N.V.", "e.K.", "OHG", "SE", "LLP"],
    currencies: &["EUR", "EUR", "EUR", "EUR", "GBP", "USD", "CHF"],
    countries: &["DE", "DE", "GB", "NL", "AT"],
    numbers: &["INV-{y}-{n5}", "RE{n6}", "{n7}", "{y}/{n4}", "R-{c}-{n4}"],
    prices: &[990, 1900, 2900, 4900, 7900, 9900, 14900, 19900, 24900, 49900],
    single: &[
        "{no}", "Rechnung {no}", "RE {no}", "Rg.Nr. {no} vom {d}", "INV {no}", "Invoice {no}", "Zahlung {no} / Kd.Nr. {c}", "payment for invoice {no}",
        "{no} {d}", "Factuur {no}", "Re-Nr {no} Danke", "Ihre Rechnung {no}, Bestellung {o}", "Invoice no. {no} {name}",
    ],
    silent: &["", "Rechnung", "Danke", "Zahlung {m}", "monthly fee", "Kd.Nr. {c}", "thank you", "Miete und Service {m}", "Abo", "{name}", "invoice {m}", "Bestellung {o}"],
    list: &["Rechnungen {l}", "{l}", "INV {l}", "Sammelzahlung {l}", "invoices {l}", "RE {l}"],
    separators: &[", ", "/", " ", " + ", " und ", ","],
    ranges: &["INV {a}-{b}", "Rechnungen {a} bis {b}", "{a} to {b}"],
    strangers: &[
        ("Sparkasse", "Zinsen 1. Quartal"),
        ("Stripe Payments Europe", "STRIPE PAYOUT {r}"),
        ("Finanzamt Berlin", "USt-Erstattung {m}"),
        ("Eigenes Konto", "Umbuchung"),
        ("Adyen N.V.", "Settlement batch {r}"),
        ("HMRC", "VAT refund {r}"),
        ("Allianz Versicherung", "Schaden {r} Erstattung"),
        ("{new}", "Rechnung {r}"),
        ("{new}", "{r}"),
        ("Commerzbank", "Habenzinsen"),
        ("Own account", "internal transfer"),
        ("Card services", "Kartenabrechnung {d}"),
    ],
    part: &["Teilzahlung {no}", "{no} Rate 1", "part payment {no}", "{no}", "Abschlag {no}", "Rechnung {no}"],
    noise: 1,
};

/// Spanish, French, Italian, Nordic and Polish customers, careless.
pub const TWO: Profile = Profile {
    name: "two",
    first: &[
        "García", "Fernández", "Hernández", "Muñoz", "Ibérica", "Andina", "Lumière", "Dupont", "Lefèvre", "Moreau", "Bernard", "Rossi", "Bianchi",
        "Ferrari", "Esposito", "Søndergaard", "Ångström", "Lindström", "Häkkinen", "Virtanen", "Korhonen", "Nygård", "Bjørn", "Kowalski",
        "Nowak", "Wiśniewski", "Zieliński", "Łódź", "Solaris", "Aurora", "Estrella", "Condor", "Pacífico", "Costa", "Sierra", "Valle", "Mistral",
        "Azur", "Alpes", "Fjord", "Skog", "Vistula",
    ],
    trade: &[
        "Construcciones", "Transportes", "Comercial", "Distribuciones", "Servicios", "Industrias", "Alimentos", "Constructions", "Boulangerie",
        "Informatique", "Conseil", "Costruzioni", "Servizi", "Trasporti", "Bygg", "Fisk", "Konsult", "Rakennus", "Logistyka", "Handel",
        "Budowa", "Energi", "Textiles", "Ferretería", "Hoteles", "Viajes",
    ],
    legal: &[
        "S.A.", "S.L.", "S.A.C.", "E.I.R.L.", "SARL", "SAS", "S.r.l.", "S.p.A.", "A/S", "ApS", "AB", "Oy", "AS", "Sp. z o.o.", "S.A. de C.V.", "Ltda",
    ],
    currencies: &["EUR", "EUR", "PEN", "SEK", "PLN", "DKK", "USD"],
    countries: &["ES", "PE", "FR", "IT", "SE", "FI", "PL", "DK"],
    numbers: &["F001-{n8}", "{n9}", "FA{y}{n5}", "{y}-{n6}", "F{c}/{n3}", "KID{n8}"],
    prices: &[1200, 1500, 2500, 3500, 5900, 8900, 12000, 15000, 29900],
    single: &[
        "{no}", "Factura {no}", "Pago factura {no}", "FACT {no}", "Facture n° {no}", "Règlement {no} du {d}", "Fattura {no}", "Saldo fatt. {no} del {d}",
        "Faktura {no}", "Lasku {no}", "FV {no}", "Pago {no} cliente {c}", "fra {no} pedido {o}",
    ],
    silent: &["", "Pago", "Factura {m}", "Gracias", "cliente {c}", "Règlement", "Saldo", "Betaling", "{name}", "pedido {o}", "Faktura", "mensualidad {m}"],
    list: &["Facturas {l}", "{l}", "Factures {l}", "Fatture {l}", "Fakturor {l}", "Pago {l}"],
    separators: &[", ", "/", " ", "-", " y ", " et ", ";", ","],
    ranges: &["Facturas {a} a {b}", "{a}-{b}", "Fakturor {a} till {b}"],
    strangers: &[
        ("BBVA", "Liquidación de intereses"),
        ("SumUp Payments", "PAYOUT {r}"),
        ("SUNAT", "Devolución IGV {r}"),
        ("Cuenta propia", "Traspaso"),
        ("Skatteverket", "Skatteåterbäring {r}"),
        ("Nets", "Settlement {r}"),
        ("{new}", "Factura {r}"),
        ("{new}", "{r}"),
        ("DGFIP", "Remboursement TVA {r}"),
        ("Seguros Rimac", "Reembolso siniestro {r}"),
        ("Banca Intesa", "Interessi attivi"),
        ("Redsys", "Liquidación tarjetas {d}"),
    ],
    part: &["Pago parcial {no}", "{no} cuota 1", "acompte {no}", "{no}", "acconto {no}", "delbetalning {no}"],
    noise: 2,
};
