//! The two companies that bill, and the sixty customers. All names are invented.

use quittance_rules::money::Currency;
use quittance_rules::records::{Customer, CustomerId, Entity, EntityId};
use rust_decimal::Decimal;

use super::accounts::{account_in, cci, iban};
use super::chance::Chance;
use super::text::Language;
use super::{BankAccount, DemoError, StatementFormat};

/// Index of the German company in [`entities`].
pub(super) const BERLIN: usize = 0;
/// Index of the Peruvian company in [`entities`].
pub(super) const LIMA: usize = 1;

/// A customer with what only the generator knows about it.
pub(super) struct Patron {
    pub(super) customer: Customer,
    /// Which company bills it.
    pub(super) entity: usize,
    /// Index of the account it pays to.
    pub(super) account: usize,
    pub(super) language: Language,
    /// The currency it is billed in.
    pub(super) currency: Currency,
    /// Monthly price in minor units, tax included.
    pub(super) subscription: Option<i64>,
    /// Pays from a telephone.
    pub(super) wallet: bool,
    /// Is billed with an early-payment discount.
    pub(super) discount: bool,
    /// An address that writes for it.
    pub(super) email: String,
}

/// The two companies.
pub(super) fn entities() -> Result<Vec<Entity>, DemoError> {
    Ok(vec![
        Entity {
            id: EntityId::parse("BW-DE").map_err(DemoError::identifier)?,
            name: "Brightwater Services GmbH".to_owned(),
            base_currency: Currency::EUR,
            time_zone: "Europe/Berlin".to_owned(),
        },
        Entity {
            id: EntityId::parse("BW-PE").map_err(DemoError::identifier)?,
            name: "Brightwater Servicios S.A.C.".to_owned(),
            base_currency: Currency::PEN,
            time_zone: "America/Lima".to_owned(),
        },
    ])
}

/// The four accounts of the two companies, in the order that [`Patron::account`] counts.
pub(super) fn accounts() -> Vec<BankAccount> {
    let account = |entity: &str, number: String, local: &str, currency, bank: &str, bic: &str, format| BankAccount {
        entity_id: entity.to_owned(),
        number,
        local_number: local.to_owned(),
        currency,
        bank: bank.to_owned(),
        bic: bic.to_owned(),
        format,
    };
    vec![
        account(
            "BW-DE",
            iban("DE", "299900010740118200"),
            "0740118200",
            Currency::EUR,
            "Havelbank AG",
            "HAVLDEBBXXX",
            StatementFormat::Camt053,
        ),
        account(
            "BW-DE",
            iban("DE", "299955000002217745"),
            "29995500/0002217745",
            Currency::EUR,
            "Nordufer Sparbank",
            "NUFSDEHHXXX",
            StatementFormat::Mt940,
        ),
        account(
            "BW-PE",
            cci("971194", "002345678012"),
            "194-2345678-0-12",
            Currency::PEN,
            "Banco Altiplano",
            "ALTPPEPLXXX",
            StatementFormat::Csv,
        ),
        account(
            "BW-PE",
            cci("971194", "002345690133"),
            "194-2345690-1-33",
            Currency::USD,
            "Banco Altiplano",
            "ALTPPEPLXXX",
            StatementFormat::Csv,
        ),
    ]
}

/// name · aliases · country · account paid to · language · subscription tier (0 none, 1 to 3) · marks:
/// `w` pays by telephone, `d` is granted a discount, `t` withholds tax, `^` the customer before it pays for it.
type Row = (&'static str, &'static str, &'static str, usize, Language, u8, &'static str);

use Language::{De, En, Es};

#[rustfmt::skip]
const ROSTER: [Row; 60] = [
    ("Müller & Söhne Gebäudetechnik GmbH", "Mueller + Soehne|M&S Gebäudetechnik", "DE", 0, De, 2, ""),
    ("Bäckerei Lindenhof KG", "Lindenhof Backwaren", "DE", 0, De, 1, ""),
    ("Praxis Dr. Weiß und Partner", "Dr. Weiss Gemeinschaftspraxis", "DE", 0, De, 1, ""),
    ("Autohaus Kessler GmbH & Co. KG", "Kessler Automobile", "DE", 0, De, 2, "d"),
    ("Stadtbau Großendorf AöR", "Stadtbau Grossendorf", "DE", 0, De, 0, ""),
    ("Hotel Zur Alten Mühle e.K.", "Alte Mühle Hotelbetrieb|Inh. Petra Sommer", "DE", 1, De, 2, ""),
    ("Nordlicht Logistik GmbH", "Nordlicht Spedition", "DE", 1, De, 3, "d"),
    ("Spreetal Immobilien Verwaltungs GmbH", "Spreetal Hausverwaltung", "DE", 1, De, 0, ""),
    ("Kanzlei Brandt Hoffmann Partnerschaft mbB", "Brandt Hoffmann Rechtsanwälte", "DE", 1, De, 2, ""),
    ("Grünwald Bio Handels GmbH", "Grünwald Naturkost", "DE", 1, De, 1, ""),
    ("Wohnungsbaugenossenschaft Eichkamp eG", "WBG Eichkamp", "DE", 1, De, 3, ""),
    ("Förderverein Jugendhaus Mitte e.V.", "Jugendhaus Mitte", "DE", 1, De, 1, ""),
    ("Tischlerei Jörg Schäfer", "Jörg Schäfer", "DE", 1, De, 1, ""),
    ("Havelblick Seniorenresidenz gGmbH", "Residenz Havelblick", "DE", 0, De, 3, "d"),
    ("Druckwerk Königs GmbH", "Koenigs Druck", "DE", 1, De, 0, ""),
    ("Elbufer Event & Messebau GmbH", "Elbufer Messebau", "DE", 0, De, 0, ""),
    ("Zahnzentrum am Markt MVZ GmbH", "MVZ Zahnzentrum", "DE", 1, De, 2, ""),
    ("Feinkost Özdemir GmbH", "Oezdemir Feinkost|Hakan Özdemir", "DE", 0, De, 1, ""),
    ("Rheinpark Verwaltung GmbH", "Rheinpark", "DE", 1, De, 3, ""),
    ("Rheinpark Verwaltung Süd GmbH", "Rheinpark Süd", "DE", 1, De, 3, "^"),
    ("Harbour & Finch Ltd", "Harbour and Finch|H&F Studio", "GB", 0, En, 2, ""),
    ("Kilbride Software Limited", "Kilbride Software Ltd", "IE", 0, En, 2, "d"),
    ("Oakwell Property Management LLP", "Oakwell PM", "GB", 0, En, 0, ""),
    ("Tidewater Analytics Inc.", "Tidewater Analytics", "US", 0, En, 0, ""),
    ("Van der Meer Interieur B.V.", "VdM Interieur", "NL", 0, En, 1, ""),
    ("Penrose Dental Group plc", "Penrose Dental", "GB", 0, En, 3, ""),
    ("Northgate Coworking Ltd", "Northgate Spaces", "GB", 0, En, 2, ""),
    ("Bluebell Nurseries (Kent) Ltd", "Bluebell Nurseries", "GB", 0, En, 1, ""),
    ("Cedar & Pine Hospitality Group Ltd", "Cedar and Pine Group", "GB", 0, En, 0, ""),
    ("Cedar & Pine Hotels Berlin GmbH", "C&P Hotels Berlin", "DE", 0, En, 3, "^"),
    ("Panadería Hermanos Ibáñez S.L.", "Hnos. Ibáñez", "ES", 0, Es, 1, ""),
    ("Clínica Dental Sonríe S.L.P.", "Dental Sonríe", "ES", 0, Es, 2, ""),
    ("Inmobiliaria Costa Verde S.A.", "Costa Verde", "ES", 0, Es, 0, "d"),
    ("Talleres Núñez e Hijos S.L.", "Talleres Núñez", "ES", 0, Es, 1, ""),
    ("Asociación Cultural El Faro", "A.C. El Faro", "ES", 0, Es, 1, ""),
    ("Grupo Hotelero Mirasol S.A.", "Hoteles Mirasol", "ES", 0, Es, 3, ""),
    ("Logística Andes S.A.C.", "Logandes", "PE", 2, Es, 2, ""),
    ("Minera Cerro Dorado S.A.", "Cerro Dorado", "PE", 2, Es, 0, "t"),
    ("Colegio San Aurelio", "Asociación Educativa San Aurelio", "PE", 2, Es, 2, ""),
    ("Clínica Los Ceibos S.A.C.", "Los Ceibos", "PE", 2, Es, 0, "t"),
    ("Restaurante La Huaca E.I.R.L.", "La Huaca|Rosa Mamani Apaza", "PE", 2, Es, 1, "w"),
    ("Textiles Wayra S.A.", "Wayra", "PE", 2, Es, 2, ""),
    ("Agroexportadora Valle Sagrado S.A.C.", "Valle Sagrado", "PE", 3, Es, 2, ""),
    ("Inversiones Quispe Hnos. S.R.L.", "Quispe Hermanos", "PE", 2, Es, 1, "w"),
    ("Farmacia Santa Rosalía E.I.R.L.", "Botica Santa Rosalía|Julia Torres Vega", "PE", 2, Es, 1, "w"),
    ("Hotel Mirador del Misti S.A.C.", "Mirador del Misti", "PE", 2, Es, 2, ""),
    ("Constructora Pachacútec S.A.", "Pachacútec", "PE", 2, Es, 0, "t"),
    ("Estudio Contable Rojas Huamán", "Rojas Huamán Contadores|Elena Rojas Huamán", "PE", 2, Es, 1, "w"),
    ("Panificadora El Trigal S.A.C.", "El Trigal", "PE", 2, Es, 1, "w"),
    ("Transportes Ñusta E.I.R.L.", "Ñusta Cargo", "PE", 2, Es, 1, "w"),
    ("Universidad Privada del Litoral", "UPL", "PE", 2, Es, 3, ""),
    ("Veterinaria Patitas S.A.C.", "Patitas|Diego Salas Ponce", "PE", 2, Es, 1, "w"),
    ("Importaciones Chávez & Cía. S.R.L.", "Importaciones Chávez", "PE", 2, Es, 2, ""),
    ("Cooperativa Cafetalera Alto Mayo Ltda.", "Coop. Alto Mayo", "PE", 3, Es, 2, ""),
    ("Gimnasio Titán S.A.C.", "Titán Fitness", "PE", 2, Es, 1, "w"),
    ("Pesquera Bahía Azul S.A.", "Bahía Azul", "PE", 3, Es, 0, ""),
    ("Southern Cross Mining Services LLC", "Southern Cross Mining", "US", 3, En, 0, ""),
    ("Peak Outdoor Travel Inc.", "Peak Outdoor", "US", 3, En, 1, ""),
    ("Viñedos Río Claro SpA", "Río Claro", "CL", 3, Es, 0, ""),
    ("Gloria Estela Paredes Rivas", "Gloria Paredes", "PE", 2, Es, 1, "w"),
];

/// Monthly prices by account currency and tier, tax included, in minor units. Many customers share them, as in real books.
fn price(currency: Currency, tier: u8) -> Option<i64> {
    let tiers: [i64; 3] = match currency.code() {
        "PEN" => [41_300, 69_620, 177_000],
        "USD" => [14_160, 23_600, 59_000],
        _ => [10_591, 17_731, 47_481],
    };
    tiers.get(usize::from(tier).checked_sub(1)?).copied()
}

/// The sixty customers, in file order. The order and the names do not depend on the seed; accounts do.
pub(super) fn patrons(chance: &mut Chance) -> Result<Vec<Patron>, DemoError> {
    let accounts = accounts();
    let mut patrons: Vec<Patron> = Vec::with_capacity(ROSTER.len());
    for (i, (name, aliases, country, account, language, tier, marks)) in ROSTER.into_iter().enumerate() {
        let currency = accounts[account].currency;
        let parent_id = match patrons.last() {
            Some(before) if marks.contains('^') => Some(before.customer.id.clone()),
            _ => None,
        };
        let domain: String = name
            .split_whitespace()
            .filter(|word| word.chars().count() > 3)
            .take(2)
            .flat_map(|word| super::text::swift(word).into_bytes())
            .filter(u8::is_ascii_alphabetic)
            .map(|b| char::from(b.to_ascii_lowercase()))
            .collect();
        let email = format!(
            "{}@{domain}.example",
            if language == De {
                "buchhaltung"
            } else if language == En {
                "accounts"
            } else {
                "pagos"
            }
        );
        let customer = Customer {
            id: CustomerId::parse(&format!("C-{:04}", 1001 + i * 7)).map_err(DemoError::identifier)?,
            name: name.to_owned(),
            aliases: aliases.split('|').map(str::to_owned).collect(),
            country: Some(country.to_owned()),
            currency: Some(currency),
            iban: Some(account_in(country, chance)),
            parent_id,
            withholding_percent: marks.contains('t').then(|| Decimal::from(12)),
            tolerance: None,
            emails: vec![email.clone()],
        };
        patrons.push(Patron {
            customer,
            entity: if account < 2 { BERLIN } else { LIMA },
            account,
            language,
            currency,
            subscription: price(currency, tier),
            wallet: marks.contains('w'),
            discount: marks.contains('d'),
            email,
        });
    }
    Ok(patrons)
}
