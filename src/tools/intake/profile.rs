//! Mapping profiles: which column of a table is which field of a bank line, and how its amounts and dates are written.
//!
//! Known layouts are files in `profiles/`, embedded; a user's own is a file of the same form. What a profile leaves open (delimiter,
//! encoding, decimal mark, order of dates) is decided by evidence over the whole table or asked, never assumed.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use quittance_rules::amount_text::DecimalMark;
use quittance_rules::date_text::{DateOrder, unaccented};
use quittance_rules::money::Currency;
use serde::{Deserialize, Serialize};

/// A field of a bank line that a column can carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Date of booking.
    BookingDate,
    /// Value date.
    ValueDate,
    /// Signed amount; or its size, where `indicator` gives the side.
    Amount,
    /// Amount of a debit, in a column of its own.
    Debit,
    /// Amount of a credit, in a column of its own.
    Credit,
    /// The side of the account, in words.
    Indicator,
    /// ISO 4217 code.
    Currency,
    /// Our account.
    Account,
    /// Balance after the line.
    Balance,
    /// The other party, whichever side.
    CounterpartyName,
    /// The payer: the other party of a credit.
    PayerName,
    /// The payee: the other party of a debit.
    PayeeName,
    /// The other party's account.
    CounterpartyAccount,
    /// Free text; several columns are joined.
    Remittance,
    /// Creditor reference.
    StructuredReference,
    /// End-to-end identification.
    EndToEndId,
    /// The bank's reference of the booking.
    BankReference,
    /// The bank's word or code for the kind of transaction.
    TransactionCode,
    /// Charges.
    Fee,
    /// The instructed amount in another currency.
    OriginalAmount,
    /// Its currency.
    OriginalCurrency,
}

/// One column name or several. Of several the first that is filled counts; texts of `remittance` are joined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Names {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(name) => std::slice::from_ref(name).iter(),
            Self::Several(names) => names.iter(),
        }
        .map(String::as_str)
    }
}

/// Rows told apart by the text of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowsWhere {
    /// Column name.
    pub column: String,
    /// Texts, compared without case and accents.
    #[serde(default)]
    pub is: Vec<String>,
    /// Beginnings of texts, compared the same way.
    #[serde(default)]
    pub begins: Vec<String>,
}

impl RowsWhere {
    /// Whether a text of that column is one of these.
    pub fn matches(&self, text: &str) -> bool {
        let text = folded(text);
        self.is.iter().any(|t| folded(t) == text) || self.begins.iter().any(|t| text.starts_with(&folded(t)))
    }
}

/// A layout of a bank's table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// For people.
    pub name: String,
    /// Where the layout is documented, or since when it is exported.
    #[serde(default)]
    pub source: String,
    /// Column names that together tell this layout from all others. Empty in a user's own profile: there the columns must be.
    #[serde(default)]
    pub recognise: Vec<String>,
    /// `,` `;` tab `|`; seen from the header where absent.
    #[serde(default)]
    pub delimiter: Option<char>,
    /// A WHATWG encoding label (`utf-8`, `windows-1252`, `utf-16le`); seen from the bytes where absent.
    #[serde(default)]
    pub encoding: Option<String>,
    /// Lines before the header that hold no table, where they cannot be told from it. Otherwise the header is looked for.
    #[serde(default)]
    pub skip_lines: u64,
    /// Rows at the end that are no bank lines (totals).
    #[serde(default)]
    pub footer_rows: usize,
    /// `point` or `comma`; decided over the whole table where absent.
    #[serde(default)]
    pub decimal: Option<DecimalMark>,
    /// `ymd`, `dmy` or `mdy`; decided over the whole table where absent.
    #[serde(default)]
    pub date: Option<DateOrder>,
    /// Currency of all lines, where no column has it.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// Our account, where no column has it.
    #[serde(default)]
    pub account: Option<String>,
    /// The file counts money going out as positive (card statements).
    #[serde(default)]
    pub out_is_positive: bool,
    /// `amount` is before the fee of its row, so the account changed by `amount` − `fee`.
    #[serde(default)]
    pub fee_is_extra: bool,
    /// Words of the `indicator` column that mean credit; the built-in ones are known anyway.
    #[serde(default)]
    pub credit_words: Vec<String>,
    /// Words of the `indicator` column that mean debit.
    #[serde(default)]
    pub debit_words: Vec<String>,
    /// Only these rows are booked; the others are taken as announced.
    #[serde(default)]
    pub booked: Option<RowsWhere>,
    /// These rows are no bank lines (opening balances, authorisations).
    #[serde(default)]
    pub no_line: Option<RowsWhere>,
    /// Field by field, the column names.
    pub columns: BTreeMap<Field, Names>,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not TOML, or an unknown key.
    #[error("the profile cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// It says too little or contradicts itself.
    #[error("the profile cannot be used: {0}")]
    Incomplete(String),
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// Says what is wrong with it, with the line where TOML knows it.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text)?;
        let has = |field| profile.columns.contains_key(&field);
        let incomplete = |what: &str| Err(ProfileError::Incomplete(what.to_owned()));
        if !has(Field::BookingDate) && !has(Field::ValueDate) {
            return incomplete("`columns` needs `booking_date` or `value_date`");
        }
        if !(has(Field::Amount) || has(Field::Debit) || has(Field::Credit)) {
            return incomplete("`columns` needs `amount`, or `debit` and `credit`");
        }
        if has(Field::Amount) && (has(Field::Debit) || has(Field::Credit)) {
            return incomplete("`columns` has `amount` beside `debit` or `credit`; keep one way");
        }
        if profile.delimiter.is_some_and(|d| !d.is_ascii() || d == '"' || d.is_ascii_alphanumeric() || d == '\n' || d == '\r') {
            return incomplete("`delimiter` must be one of , ; | or a tab (\\t)");
        }
        if let Some(label) = &profile.encoding
            && encoding_rs::Encoding::for_label(label.as_bytes()).is_none()
        {
            return Err(ProfileError::Incomplete(format!("`{label}` is no encoding; use utf-8, windows-1252 or utf-16le")));
        }
        Ok(profile)
    }

    /// The built-in layouts, read once.
    ///
    /// # Errors
    /// Never in a released program: a test reads them all.
    pub fn built_in() -> Result<&'static [Self], ProfileError> {
        static READ: LazyLock<Result<Vec<Profile>, String>> = LazyLock::new(|| {
            BUILT_IN.iter().map(|text| Profile::parse(text)).collect::<Result<_, _>>().map_err(|e| e.to_string())
        });
        READ.as_deref().map_err(|message| ProfileError::Incomplete(message.clone()))
    }

    /// Column names that must be in a header for this profile to apply.
    pub fn marks(&self) -> Vec<&str> {
        if !self.recognise.is_empty() {
            return self.recognise.iter().map(String::as_str).collect();
        }
        // A user's own profile: the date and the amount must be there, the rest may be.
        [Field::BookingDate, Field::ValueDate, Field::Amount, Field::Debit, Field::Credit]
            .iter()
            .filter_map(|field| self.columns.get(field).and_then(|names| names.iter().next()))
            .collect()
    }
}

const BUILT_IN: &[&str] = &[
    include_str!("profiles/bank_of_america.toml"),
    include_str!("profiles/bbva_es.toml"),
    include_str!("profiles/chase_card.toml"),
    include_str!("profiles/chase_checking.toml"),
    include_str!("profiles/commerzbank.toml"),
    include_str!("profiles/dkb_2023.toml"),
    include_str!("profiles/dkb_old.toml"),
    include_str!("profiles/ing_de.toml"),
    include_str!("profiles/ing_nl.toml"),
    include_str!("profiles/ing_nl_en.toml"),
    include_str!("profiles/mercury.toml"),
    include_str!("profiles/monzo.toml"),
    include_str!("profiles/n26_2024.toml"),
    include_str!("profiles/n26_old.toml"),
    include_str!("profiles/natwest.toml"),
    include_str!("profiles/paypal_de.toml"),
    include_str!("profiles/paypal_en.toml"),
    include_str!("profiles/rabobank.toml"),
    include_str!("profiles/revolut.toml"),
    include_str!("profiles/revolut_business.toml"),
    include_str!("profiles/sparkasse_camt.toml"),
    include_str!("profiles/sparkasse_mt940.toml"),
    include_str!("profiles/starling.toml"),
    include_str!("profiles/stripe_balance.toml"),
    include_str!("profiles/stripe_itemized.toml"),
    include_str!("profiles/wise.toml"),
];

/// A column name for comparison: lower case, no accents, words parted by one space, signs gone.
pub fn folded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    // The Turkish capital İ becomes two characters in lower case, the second a dot of its own.
    for c in name.chars().flat_map(char::to_lowercase).filter(|c| *c != '\u{307}') {
        let c = unaccented(c);
        if c == 'ß' {
            out.push_str("ss");
        } else if c.is_alphanumeric() {
            out.push(c);
        } else if !out.ends_with(' ') && !out.is_empty() {
            out.push(' ');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// A column name without the currency some banks write into it (`Betrag (EUR)`, `Amount in GBP`), and that currency.
pub fn without_currency(name: &str) -> (String, Option<Currency>) {
    let name = name.trim();
    let signs = [
        ("€", "EUR"),
        ("£", "GBP"),
        ("S/", "PEN"),
        ("R$", "BRL"),
        ("US$", "USD"),
        ("zł", "PLN"),
        ("Kč", "CZK"),
        ("₹", "INR"),
        ("円", "JPY"),
    ];
    if let Some((base, inside)) = name.strip_suffix([')', ']']).and_then(|n| n.rsplit_once(['(', '['])) {
        let inside = inside.trim();
        let sign =
            signs.iter().find(|(sign, _)| *sign == inside.trim_end_matches('.')).and_then(|(_, code)| Currency::parse(code).ok());
        if let Some(currency) = sign.or_else(|| Currency::parse(inside).ok()) {
            return (folded(base), Some(currency));
        }
    }
    if let Some((base, last)) = name.rsplit_once(' ')
        && last.len() == 3
        && last.bytes().all(|b| b.is_ascii_uppercase())
        && let Ok(currency) = Currency::parse(last)
    {
        let base = folded(base);
        return (base.strip_suffix(" in").map(str::to_owned).unwrap_or(base), Some(currency));
    }
    let whole = folded(name);
    if let Some((base, "euro" | "euros" | "euroa")) = whole.rsplit_once(' ') {
        return (base.strip_suffix(" en").unwrap_or(base).to_owned(), Some(Currency::EUR));
    }
    (whole, None)
}

/// What a column name means in any of the languages known: English, Spanish, Portuguese, French, German, Italian, Dutch, the Nordic
/// languages, Polish, Czech and Slovak, Hungarian, Romanian, Turkish, Russian, Japanese and Chinese.
pub fn synonym(folded_name: &str) -> Option<Field> {
    SYNONYMS.iter().find(|(_, names)| names.contains(&folded_name)).map(|(field, _)| *field)
}

/// Names as banks in these languages head their columns; folded. A name stands under one field only; where banks differ in what
/// a name means it is not here.
const SYNONYMS: &[(Field, &[&str])] = &[
    (
        Field::BookingDate,
        &[
            "date",
            "booking date",
            "posting date",
            "post date",
            "posted date",
            "transaction date",
            "trans date",
            "date posted",
            "entry date",
            "booked",
            "booked on",
            "fecha",
            "fecha operacion",
            "fecha de operacion",
            "fecha contable",
            "fecha de contabilizacion",
            "f operacion",
            "fecha movimiento",
            "fecha transaccion",
            "fecha de la operacion",
            "data",
            "data lancamento",
            "data do lancamento",
            "data movimento",
            "data mov",
            "data da operacao",
            "data operacao",
            "date operation",
            "date d operation",
            "date de l operation",
            "date comptable",
            "date de comptabilisation",
            "date d ecriture",
            "datum",
            "buchungstag",
            "buchungsdatum",
            "buchung",
            "data operazione",
            "data contabile",
            "data registrazione",
            "boekdatum",
            "boekingsdatum",
            "transactiedatum",
            "datum transactie",
            "txn date",
            "tran date",
            "date of transaction",
            "process date",
            "processed date",
            "date processed",
            "posted",
            "f operativa",
            "fecha operativa",
            "fecha mov",
            "fecha proceso",
            "fecha de proceso",
            "data operacji",
            "data ksiegowania",
            "data transakcji",
            "data zaksiegowania",
            "datum zauctovani",
            "datum zuctovani",
            "datum transakce",
            "datum provedeni",
            "datum uctovania",
            "datum pohybu",
            "bokforingsdag",
            "bokforingsdatum",
            "transaktionsdag",
            "transaktionsdatum",
            "bokfort",
            "dato",
            "bogforingsdato",
            "posteringsdato",
            "bokforingsdato",
            "bokfort dato",
            "bogfort dato",
            "kirjauspaiva",
            "maksupaiva",
            "paivamaara",
            "konyvelesi datum",
            "konyveles datuma",
            "tranzakcio datuma",
            "konyveles napja",
            "tarih",
            "islem tarihi",
            "data tranzactiei",
            "data operatiunii",
            "data inregistrarii",
            "дата",
            "дата операции",
            "дата проводки",
            "日付",
            "取引日",
            "お取引日",
            "年月日",
            "ご利用日",
            "交易日期",
            "记账日期",
            "入账日期",
        ],
    ),
    (
        Field::ValueDate,
        &[
            "value date",
            "val date",
            "effective date",
            "fecha valor",
            "fecha de valor",
            "f valor",
            "fecha valuta",
            "data valor",
            "data de valor",
            "date valeur",
            "date de valeur",
            "valutadatum",
            "wertstellung",
            "wertstellungstag",
            "wertstellungsdatum",
            "data valuta",
            "rentedatum",
            "valutering",
            "valutadag",
            "data waluty",
            "rentedato",
            "valuteringsdato",
            "valordato",
            "arvopaiva",
            "erteknap",
            "ertek napja",
            "datum valuty",
            "valor tarihi",
            "data valutei",
            "дата валютирования",
            "起息日",
        ],
    ),
    (
        Field::Amount,
        &[
            "amount",
            "transaction amount",
            "net amount",
            "importe",
            "monto",
            "valor",
            "cantidad",
            "montante",
            "quantia",
            "montant",
            "betrag",
            "umsatz",
            "importo",
            "bedrag",
            "transactiebedrag",
            "montant operation",
            "montant de l operation",
            "importe operacion",
            "kwota",
            "kwota operacji",
            "kwota transakcji",
            "castka",
            "objem",
            "suma",
            "ciastka",
            "belopp",
            "belob",
            "belop",
            "insattning uttag",
            "ut inn",
            "maara",
            "summa",
            "rahamaara",
            "osszeg",
            "tutar",
            "islem tutari",
            "сумма",
            "сумма операции",
            "金額",
            "取引金額",
            "交易金额",
            "发生额",
            "amount debit credit",
            "importe movimiento",
            "valor lancamento",
            "betrag der buchung",
            "suma tranzactiei",
        ],
    ),
    (
        Field::Debit,
        &[
            "debit",
            "debits",
            "debit amount",
            "withdrawal",
            "withdrawals",
            "money out",
            "paid out",
            "amount debit",
            "cargo",
            "cargos",
            "debe",
            "debito",
            "debitos",
            "montant debit",
            "soll",
            "lastschrift",
            "belastung",
            "dare",
            "addebiti",
            "addebito",
            "uscite",
            "uscita",
            "af",
            "obciazenia",
            "obciazenie",
            "uttag",
            "ut fra konto",
            "ut",
            "belop ut",
            "egresos",
            "retiros",
            "saidas",
            "saida",
            "borc",
            "terheles",
            "na tarhu",
            "debet",
            "дебет",
            "расход",
            "списание",
            "出金金額",
            "出金額",
            "出金",
            "お支払金額",
            "お引出し",
            "支払金額",
            "引出金額",
            "借方发生额",
            "支出",
            "支出金额",
            "借方金额",
            "debitbelopp",
            "ausgang",
            "belastungen",
            "debit amt",
        ],
    ),
    (
        Field::Credit,
        &[
            "credit",
            "credits",
            "credit amount",
            "deposit",
            "deposits",
            "money in",
            "paid in",
            "amount credit",
            "abono",
            "abonos",
            "haber",
            "credito",
            "creditos",
            "montant credit",
            "haben",
            "gutschrift",
            "avere",
            "accrediti",
            "accredito",
            "entrate",
            "entrata",
            "bij",
            "uznania",
            "uznanie",
            "insattning",
            "inn pa konto",
            "inn",
            "belop inn",
            "ingresos",
            "depositos",
            "entradas",
            "alacak",
            "jovairas",
            "ve prospech",
            "kredit",
            "кредит",
            "приход",
            "зачисление",
            "入金金額",
            "入金額",
            "入金",
            "お預り金額",
            "お預入れ",
            "預り金額",
            "預入金額",
            "贷方发生额",
            "收入",
            "收入金额",
            "贷方金额",
            "eingang",
            "gutschriften",
            "credit amt",
        ],
    ),
    (
        Field::Indicator,
        &[
            "debit credit",
            "credit debit",
            "dr cr",
            "cr dr",
            "d c",
            "c d",
            "debit credit indicator",
            "credit debit indicator",
            "credit debit code",
            "cargo abono",
            "debe haber",
            "debito credito",
            "soll haben",
            "dare avere",
            "af bij",
            "sens",
            "soll haben kennzeichen",
            "dr cr indicator",
            "debit or credit",
            "credit or debit",
            "dc",
            "cd",
            "crdr",
            "drcr",
            "soll haben s h",
            "af bij d c",
            "tipo lancamento",
            "tipo movimiento",
            "obciazenie uznanie",
            "typ obciazenie uznanie",
            "debet kredit",
            "借贷标志",
        ],
    ),
    (
        Field::Currency,
        &[
            "currency",
            "currency code",
            "ccy",
            "cur",
            "moneda",
            "divisa",
            "moeda",
            "devise",
            "monnaie",
            "wahrung",
            "waehrung",
            "valuta divisa",
            "munt",
            "muntsoort",
            "waluta",
            "mena",
            "devizanem",
            "penznem",
            "para birimi",
            "moneda cuenta",
            "валюта",
            "币种",
            "通貨",
            "currency account",
            "valutakod",
            "valuuttakoodi",
            "valuutta",
        ],
    ),
    (
        Field::Account,
        &[
            "account",
            "account number",
            "account no",
            "account iban",
            "own account",
            "iban",
            "cuenta",
            "numero de cuenta",
            "nro de cuenta",
            "conta",
            "numero da conta",
            "compte",
            "numero de compte",
            "konto",
            "kontonummer",
            "auftragskonto",
            "iban auftragskonto",
            "conto",
            "rekening",
            "rekeningnummer",
            "iban bban",
            "numer rachunku",
            "cislo uctu",
            "konto nr",
            "kontonr",
            "konto nummer",
            "account nr",
            "acct number",
            "acct no",
        ],
    ),
    (
        Field::Balance,
        &[
            "balance",
            "running balance",
            "running bal",
            "account balance",
            "balance after",
            "closing balance",
            "saldo",
            "saldo contable",
            "saldo disponible",
            "saldo contabilistico",
            "solde",
            "kontostand",
            "saldo nach buchung",
            "saldo na trn",
            "saldo na mutatie",
            "resulting balance",
            "saldo po operacji",
            "saldo po transakcji",
            "zustatek",
            "zostatok",
            "bokfort saldo",
            "egyenleg",
            "bakiye",
            "sold",
            "sold contabil",
            "остаток",
            "残高",
            "差引残高",
            "余额",
            "账户余额",
            "available balance",
            "ledger balance",
            "saldo total",
            "saldo posterior",
            "solde apres operation",
            "saldo eur",
        ],
    ),
    (
        Field::CounterpartyName,
        &[
            "counterparty",
            "counterparty name",
            "counter party",
            "partner name",
            "name",
            "beneficiary",
            "beneficiary name",
            "contraparte",
            "beneficiario",
            "ordenante",
            "contrepartie",
            "tiers",
            "nom",
            "auftraggeber empfanger",
            "beguenstigter zahlungspflichtiger",
            "begunstigter zahlungspflichtiger",
            "auftraggeber begunstigter",
            "name zahlungsbeteiligter",
            "empfanger",
            "controparte",
            "tegenpartij",
            "naam tegenpartij",
            "naam",
            "counterparty name address",
            "nadawca odbiorca",
            "odbiorca nadawca",
            "dane kontrahenta",
            "kontrahent",
            "nazwa kontrahenta",
            "nazev protiuctu",
            "nazev protistrany",
            "nazov protistrany",
            "nazov protiuctu",
            "saaja maksaja",
            "maksaja saaja",
            "partner neve",
            "ellenoldali nev",
            "partner",
            "empfanger zahlungspflichtiger",
            "auftraggeber zahlungsempfanger empfanger zahlungspflichtiger",
            "beneficiario ordenante",
            "ordenante beneficiario",
            "nume partener",
            "контрагент",
            "对方户名",
            "对方名称",
            "beneficiary remitter",
            "name of counterparty",
            "tegenpartij naam",
        ],
    ),
    (
        Field::PayerName,
        &[
            "payer",
            "payer name",
            "sender",
            "remitter",
            "pagador",
            "remitente",
            "zahlungspflichtiger",
            "ordinante",
            "donneur d ordre",
            "avsandare",
            "nadawca",
            "ordering party",
            "maksaja",
            "tilittaja",
            "плательщик",
        ],
    ),
    (Field::PayeeName, &["payee", "payee name", "recipient", "zahlungsempfanger"]),
    (
        Field::CounterpartyAccount,
        &[
            "counterparty account",
            "counterparty iban",
            "partner iban",
            "payer account",
            "payer iban",
            "beneficiary account",
            "beneficiary iban",
            "cuenta contraparte",
            "iban contraparte",
            "compte contrepartie",
            "iban zahlungsbeteiligter",
            "kontonummer iban",
            "gegenkonto",
            "tegenrekening",
            "tegenrekening iban bban",
            "iban tegenpartij",
            "mottagare",
            "odbiorca",
            "saaja",
            "beneficiaire",
            "получатель",
            "modtager",
            "mottaker",
            "protiucet",
            "cislo protiuctu",
            "protistrana ucet",
            "nr rachunku kontrahenta",
            "rachunek kontrahenta",
            "numer rachunku kontrahenta",
            "numer rachunku nadawcy odbiorcy",
            "saajan tilinumero",
            "maksajan tilinumero",
            "tilinumero",
            "ellenoldali szamlaszam",
            "partner szamlaszama",
            "对方账号",
            "counterparty account number",
            "counterparty bank account",
            "auftraggeberkonto",
            "iban tegenrekening",
        ],
    ),
    (
        Field::Remittance,
        &[
            "description",
            "details",
            "transaction details",
            "narrative",
            "narration",
            "particulars",
            "memo",
            "remittance",
            "remittance information",
            "payment reference",
            "payment details",
            "purpose",
            "message",
            "concepto",
            "descripcion",
            "descripcion operacion",
            "detalle",
            "glosa",
            "observaciones",
            "concepto ampliado",
            "descricao",
            "descritivo",
            "historico",
            "libelle",
            "libelle operation",
            "libelle de l operation",
            "detail",
            "motif",
            "verwendungszweck",
            "verwendungszweckzeile 1",
            "beschreibung",
            "descrizione",
            "causale",
            "descrizione operazione",
            "omschrijving",
            "mededeling",
            "mededelingen",
            "text",
            "tekst",
            "buchungsdetails",
            "buchungsinformation",
            "avisierungstext",
            "mitteilung",
            "vorgang verwendungszweck",
            "tytul",
            "tytul operacji",
            "tytulem",
            "opis operacji",
            "opis",
            "szczegoly transakcji",
            "opis transakcji",
            "zprava pro prijemce",
            "zprava",
            "popis",
            "sprava pre prijimatela",
            "beskrivning",
            "meddelande",
            "rubrik",
            "specifikation",
            "beskrivelse",
            "forklaring",
            "melding",
            "meddelelse",
            "viesti",
            "kozlemeny",
            "megjegyzes",
            "aciklama",
            "descriere",
            "detalii tranzactie",
            "назначение платежа",
            "описание",
            "内容",
            "摘要",
            "お取り扱い内容",
            "取引内容",
            "附言",
            "用途",
            "transaction description",
            "payment description",
            "transaction narrative",
            "lancamento",
            "historico descricao",
            "libelle complet",
            "reason",
        ],
    ),
    (Field::StructuredReference, &["structured reference", "creditor reference", "betalingskenmerk", "communication structuree"]),
    (
        Field::EndToEndId,
        &[
            "end to end id",
            "end to end reference",
            "endtoend id",
            "endtoendid",
            "kundenreferenz end to end",
            "ende zu ende referenz",
            "e2e id",
            "viite",
            "viitenumero",
            "kid",
            "ocr",
            "ocr nummer",
            "variabilni symbol",
            "variabilny symbol",
            "qr referenz",
            "esr referenz",
            "referenznummer",
        ],
    ),
    (
        Field::BankReference,
        &[
            "reference",
            "ref",
            "bank reference",
            "transaction id",
            "transaction reference",
            "transaction number",
            "referencia",
            "numero de operacion",
            "nro operacion",
            "operacion numero",
            "numero operacion",
            "num operacion",
            "numero de movimiento",
            "reference bancaire",
            "numero d operation",
            "referenz",
            "bankreferenz",
            "riferimento",
            "referentie",
            "transactiereferentie",
            "volgnr",
            "fitid",
            "ref no cheque no",
            "chq ref no",
            "ref no",
            "cheque no",
            "txn id",
            "tran id",
            "transaction no",
            "arkistointitunnus",
            "numer transakcji",
            "id transakce",
            "id operace",
            "zkb referenz",
            "referencia 1",
            "n documento",
            "dekont no",
            "交易流水号",
            "流水号",
        ],
    ),
    (
        Field::TransactionCode,
        &[
            "type",
            "transaction type",
            "transaction code",
            "code",
            "tipo",
            "tipo de operacion",
            "tipo operacion",
            "type operation",
            "type d operation",
            "buchungstext",
            "umsatzart",
            "umsatztyp",
            "mutatiesoort",
            "tipologia",
            "laji",
            "selitys",
            "typ transakcji",
            "rodzaj transakcji",
            "typ operacji",
            "transaktionstyp",
            "typ transakce",
            "typ pohybu",
            "art der buchung",
            "vorgang",
        ],
    ),
    (
        Field::Fee,
        &[
            "fee",
            "fees",
            "commission",
            "charges",
            "comision",
            "comissao",
            "frais",
            "gebuhr",
            "entgelt",
            "commissione",
            "kosten",
            "prowizja",
            "avgift",
            "poplatek",
            "komisyon",
            "手数料",
        ],
    ),
    (
        Field::OriginalAmount,
        &["original amount", "orig amount", "local amount", "importe original", "montant d origine", "ursprungsbetrag"],
    ),
    (
        Field::OriginalCurrency,
        &["original currency", "orig currency", "local currency", "moneda original", "devise d origine", "ursprungswahrung"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_reads_and_is_told_apart() {
        let profiles = Profile::built_in().expect("all built-in profiles are whole");
        assert_eq!(profiles.len(), BUILT_IN.len());
        for (index, profile) in profiles.iter().enumerate() {
            assert!(profile.recognise.len() >= 3, "{}: too few column names to be sure", profile.name);
            assert!(!profile.source.is_empty(), "{}: where is its layout documented?", profile.name);
            for other in profiles.iter().skip(index + 1) {
                let mut pair = [profile.marks(), other.marks()].map(|m| m.into_iter().map(folded).collect::<Vec<_>>());
                pair.iter_mut().for_each(|marks| marks.sort());
                assert_ne!(pair[0], pair[1], "{} and {}", profile.name, other.name);
            }
        }
    }

    #[test]
    fn names_are_folded_and_stand_under_one_field() {
        for (index, (_, names)) in SYNONYMS.iter().enumerate() {
            for name in *names {
                assert_eq!(folded(name), **name);
                assert!(SYNONYMS.iter().skip(index + 1).all(|(_, other)| !other.contains(name)), "{name}");
            }
        }
        for (name, field) in [
            ("Date opération", Field::BookingDate),
            ("Libellé", Field::Remittance),
            ("Crédit", Field::Credit),
            ("Währung", Field::Currency),
            ("Data księgowania", Field::BookingDate),
            ("Název protiúčtu", Field::CounterpartyName),
            ("Beløb", Field::Amount),
            ("Kirjauspäivä", Field::BookingDate),
            ("İŞLEM TARİHİ", Field::BookingDate),
            ("入金金額", Field::Credit),
            ("DEBIT/CREDIT", Field::Indicator),
            ("  Descripción  operación ", Field::Remittance),
        ] {
            assert_eq!(synonym(&folded(name)), Some(field), "{name}");
        }
        assert_eq!(without_currency("Betrag (€)"), ("betrag".to_owned(), Some(Currency::EUR)));
        assert_eq!(without_currency("Amount (PEN)"), ("amount".to_owned(), Some(Currency::PEN)));
        assert_eq!(without_currency("Valor (R$)"), ("valor".to_owned(), Currency::parse("BRL").ok()));
        assert_eq!(without_currency("Débit euros"), ("debit".to_owned(), Some(Currency::EUR)));
        assert_eq!(without_currency("Betrag in EUR"), ("betrag".to_owned(), Some(Currency::EUR)));
        assert_eq!(without_currency("Date (UTC)"), ("date utc".to_owned(), None));
    }

    #[test]
    fn bad_profiles_are_refused_with_the_reason() {
        for (text, reason) in [
            ("", "missing field"),
            ("name = 'x'\n[columns]\n", "booking_date"),
            ("name = 'x'\n[columns]\nbooking_date = 'D'\n", "`amount`"),
            ("name = 'x'\n[columns]\nbooking_date = 'D'\namount = 'A'\ndebit = 'B'\n", "keep one way"),
            ("name = 'x'\ncolour = 'red'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "colour"),
            ("name = 'x'\nencoding = 'klingon'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "no encoding"),
            ("name = 'x'\ndelimiter = 'a'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "delimiter"),
            ("name = 'x'\ndecimal = 'dot'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "dot"),
            ("name = 'x'\ncurrency = 'XYZ'\n[columns]\nbooking_date = 'D'\namount = 'A'\n", "XYZ"),
        ] {
            let error = Profile::parse(text).expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
