//! Evidence and claims: what a document seems to say, and where on its pages it says so. A claim is not a fact and not cash.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};

use crate::money::{Currency, Money};
use crate::reuse::PictureHash;

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// Proof of a completed transfer or wallet payment.
    PaymentProof,
    /// A bank's slip or receipt of a deposit or transfer.
    BankReceipt,
    /// A card terminal's or processor's receipt.
    CardReceipt,
    /// A list of invoices a payment covers.
    RemittanceAdvice,
    /// An invoice.
    Invoice,
    /// A credit note.
    CreditNote,
    /// A payment that is pending, scheduled or promised.
    PromiseToPay,
    /// The customer contests what is billed.
    Dispute,
    /// The customer wants money back.
    RefundRequest,
    /// A question.
    Query,
    /// Balances or a list of movements.
    Statement,
    /// A failed, declined or reversed transfer, a one-time code, an advert, a request for money.
    NotAPayment,
    /// None of these, or not told apart. Never forced.
    Unknown,
}

/// What a claim is about. The names are those of the `read` command's JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // The names say it, and docs/contract.md lists them.
pub enum Field {
    Amount,
    Currency,
    Date,
    Time,
    Reference,
    InvoiceNumber,
    PayerName,
    PayerAccount,
    PayeeName,
    PayeeAccount,
    Bank,
    Method,
    Fee,
    Tax,
    Subtotal,
    DueDate,
    IssueDate,
    DocumentNumber,
    SellerName,
    BuyerName,
}

/// How a value was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// Letters recognised in pixels.
    Ocr,
    /// The text layer of a PDF.
    PdfText,
    /// The text of a mail, page or plain-text file.
    Mail,
    /// A language model; counts only once its text is found in the document.
    Model,
}

/// Probability in whole millionths, so that it needs no float: 1_000_000 is certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Confidence(u32);

impl Confidence {
    /// Certain.
    pub const CERTAIN: Self = Self(1_000_000);
    /// Clamps to certain.
    pub const fn from_millionths(millionths: u32) -> Self {
        Self(if millionths > 1_000_000 { 1_000_000 } else { millionths })
    }
    /// From whole percent, clamped to 100.
    pub const fn from_percent(percent: u32) -> Self {
        Self::from_millionths(percent.saturating_mul(10_000))
    }
    /// Millionths.
    pub const fn millionths(self) -> u32 {
        self.0
    }
}

/// A decimal of 0 to 1 with up to six digits: `0.97`.
impl std::fmt::Display for Confidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 >= 1_000_000 {
            return f.write_str("1");
        }
        let digits = format!("{:06}", self.0);
        let digits = digits.trim_end_matches('0');
        write!(f, "0.{}", if digits.is_empty() { "0" } else { digits })
    }
}

/// Where on a page something stands. Edges are in millionths of the page's width (x) and height (y), from the top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PageRegion {
    /// From 1.
    pub page: u32,
    /// Left edge.
    pub x0: u32,
    /// Top edge.
    pub y0: u32,
    /// Right edge.
    pub x1: u32,
    /// Bottom edge.
    pub y1: u32,
}

impl PageRegion {
    /// The smallest region that holds both; `None` on different pages.
    pub fn union(self, other: Self) -> Option<Self> {
        (self.page == other.page).then(|| Self {
            page: self.page,
            x0: self.x0.min(other.x0),
            y0: self.y0.min(other.y0),
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
        })
    }

    /// The middle of the other lies in this one: what is read from a box are the words whose middles lie in it.
    pub fn holds_middle_of(self, other: Self) -> bool {
        let (x, y) = (other.x0.midpoint(other.x1), other.y0.midpoint(other.y1));
        self.page == other.page && (self.x0..=self.x1).contains(&x) && (self.y0..=self.y1).contains(&y)
    }
}

/// One word on a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    /// As read.
    pub text: String,
    /// Where it stands.
    pub region: PageRegion,
    /// How sure the reader of the letters is; text layers are certain.
    pub confidence: Confidence,
    /// Which reader.
    pub source: Source,
    /// Number of the text line within the page, from 0, in reading order.
    pub line: u32,
}

/// A claimed value, typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClaimValue {
    /// An amount with its currency.
    Money(Money),
    /// An amount whose currency the document does not say: the plain decimal.
    BareAmount(String),
    /// A currency alone.
    Currency(Currency),
    /// A civil date.
    Date(Date),
    /// A time of day.
    Time(Time),
    /// Anything else, as written.
    Text(String),
}

/// A value read in evidence, with the place and the text it was read from. Two readings of one ambiguous text are two claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What it is about.
    pub field: Field,
    /// The value.
    pub value: ClaimValue,
    /// Where it stands.
    pub region: PageRegion,
    /// The words it was read from, as they stand there.
    pub text: String,
    /// How likely this reading is right.
    pub confidence: Confidence,
    /// Who read it.
    pub source: Source,
}

/// One row of a remittance advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemittanceRow {
    /// The invoice number as written.
    pub invoice_number: String,
    /// The amount paid on it, as plain decimal, where legible.
    pub amount: Option<String>,
    /// Its currency, where the document says.
    pub currency: Option<Currency>,
    /// Where the row stands.
    pub region: PageRegion,
    /// The row as written.
    pub text: String,
}

/// Everything a reader found in one document. It is the answer of the parsing process: plain data, checked on arrival.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Detected media type of the original, from its bytes.
    pub media_type: String,
    /// What it seems to be.
    pub kind: EvidenceKind,
    /// How likely that is.
    pub kind_confidence: Confidence,
    /// Values with places.
    pub claims: Vec<Claim>,
    /// Rows of a remittance advice.
    pub remittance_lines: Vec<RemittanceRow>,
    /// What did not add up, could not be read or looks wrong, one sentence each.
    pub complaints: Vec<String>,
    /// Number of pages (1 for an image or a mail).
    pub pages: u32,
    /// All words in reading order.
    pub words: Vec<Word>,
    /// All text in reading order, lines separated by line feeds, pages by form feeds.
    pub text: String,
    /// Kinds that always meet a person and whose words stand in it, whatever else it is. More text never takes one away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<EvidenceKind>,
    /// What it looks like, where it is a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureHash>,
    /// Signs that it may have been edited, one sentence each. They are shown, and decide nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// Who sent it, as a mail's header says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
}

impl Reading {
    /// A reading with nothing in it: of a document that could not be read, or before it was.
    pub fn empty(kind: EvidenceKind, kind_confidence: Confidence) -> Self {
        Self {
            media_type: String::new(),
            kind,
            kind_confidence,
            claims: Vec::new(),
            remittance_lines: Vec::new(),
            complaints: Vec::new(),
            pages: 0,
            words: Vec::new(),
            text: String::new(),
            also: Vec::new(),
            picture: None,
            hints: Vec::new(),
            sender: None,
        }
    }
}
