//! Labels: words that say what the value beside them is.

use std::sync::LazyLock;

use super::layout::Layout;
use super::lexicon::Lexicon;

/// What a label announces. The names are the keys of `lexicon/labels.txt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)] // The names say it.
pub enum Role {
    Tip,
    Paid,
    Due,
    Total,
    Subtotal,
    Tax,
    Fee,
    Discount,
    Balance,
    OtherAmount,
    Scheduled,
    ValueDate,
    Date,
    IssueDate,
    DueDate,
    OtherDate,
    Time,
    Reference,
    WeakReference,
    Memo,
    Invoice,
    Document,
    OtherId,
    Payer,
    Payee,
    Seller,
    Buyer,
    Name,
    PayerAccount,
    PayeeAccount,
    Account,
    Bank,
    Method,
}

impl Role {
    fn of(key: &str) -> Option<Self> {
        Some(match key {
            "tip" => Self::Tip,
            "paid" => Self::Paid,
            "due" => Self::Due,
            "total" => Self::Total,
            "subtotal" => Self::Subtotal,
            "tax" => Self::Tax,
            "fee" => Self::Fee,
            "discount" => Self::Discount,
            "balance" => Self::Balance,
            "other_amount" => Self::OtherAmount,
            "scheduled" => Self::Scheduled,
            "value_date" => Self::ValueDate,
            "date" => Self::Date,
            "issue_date" => Self::IssueDate,
            "due_date" => Self::DueDate,
            "other_date" => Self::OtherDate,
            "time" => Self::Time,
            "reference" => Self::Reference,
            "weak_reference" => Self::WeakReference,
            "memo" => Self::Memo,
            "invoice" => Self::Invoice,
            "document" => Self::Document,
            "other_id" => Self::OtherId,
            "payer" => Self::Payer,
            "payee" => Self::Payee,
            "seller" => Self::Seller,
            "buyer" => Self::Buyer,
            "name" => Self::Name,
            "payer_account" => Self::PayerAccount,
            "payee_account" => Self::PayeeAccount,
            "account" => Self::Account,
            "bank" => Self::Bank,
            "method" => Self::Method,
            _ => return None,
        })
    }

    /// Announces an amount.
    pub fn is_amount(self) -> bool {
        matches!(
            self,
            Self::Tip
                | Self::Paid
                | Self::Due
                | Self::Total
                | Self::Subtotal
                | Self::Tax
                | Self::Fee
                | Self::Discount
                | Self::Balance
                | Self::OtherAmount
        )
    }

    /// Announces a number that is no amount.
    pub fn is_identifier(self) -> bool {
        matches!(
            self,
            Self::Reference
                | Self::WeakReference
                | Self::Invoice
                | Self::Document
                | Self::OtherId
                | Self::PayerAccount
                | Self::PayeeAccount
                | Self::Account
        )
    }

    /// Announces a date.
    pub fn is_date(self) -> bool {
        matches!(self, Self::Scheduled | Self::ValueDate | Self::Date | Self::IssueDate | Self::DueDate | Self::OtherDate)
    }
}

/// A label where it stands.
#[derive(Debug, Clone)]
pub struct Label {
    /// What it announces.
    pub role: Role,
    /// Its segment.
    pub segment: usize,
    /// First token, as a position in the segment.
    pub from: usize,
    /// One past its last token.
    pub to: usize,
    /// It begins its segment.
    pub at_start: bool,
    /// A colon follows it.
    pub colon: bool,
    /// It is the whole segment.
    pub whole: bool,
    /// Its words, folded, one space between.
    pub phrase: String,
}

impl Label {
    /// Stands as a label does, not as a word of a sentence.
    pub fn stands_alone(&self) -> bool {
        self.at_start && (self.colon || self.whole)
    }
}

/// Words that are labels only when they stand as one: in a sentence they mean nothing.
const SMALL_WORDS: &[&str] = &[
    "a",
    "de",
    "le",
    "da",
    "am",
    "an",
    "op",
    "to",
    "for",
    "from",
    "re",
    "van",
    "von",
    "aan",
    "fra",
    "fran",
    "til",
    "till",
    "pour",
    "in data",
    "due",
    "sent",
    "net",
    "base",
    "data",
    "note",
    "source",
    "type",
    "via",
    "name",
    "client",
    "kunde",
    "cliente",
    "card",
    "carte",
    "karte",
    "cash",
    "change",
    "price",
    "rate",
    "po",
    "ci",
    "cp",
    "tel",
    "page",
    "cap",
    "dia",
    "hora",
    "ora",
    "tid",
    "time",
    "bank",
    "suma",
    "valor",
    "issued",
    "completed",
    "created",
    "source",
    "empresa",
    "comercio",
    "canal",
    "codigo",
    "balance",
    "charged",
    "received",
    "credits",
    "folio",
    "autorizacion",
    "transaccion",
    "operacion",
    "comprobante",
    "confirmation",
    "authorization",
    "trace",
    "stan",
    "details",
    "message",
    "subject",
    "description",
    "customer",
    "merchant",
    "store",
    "server",
    "table",
    "account",
    "acct",
    "cuenta",
    "konto",
    "conto",
    "compte",
    "conta",
    "saldo",
    "interest",
    "available",
    "period",
    "expires",
    "credit",
    "cambio",
    "limit",
    "costo",
    "gastos",
    "cuota",
    "uberwiesen",
    "bezahlt",
    "gesendet",
    "gezahlt",
    "betaald",
    "betalt",
    "vers",
    "naar",
    "cuando",
    "contact",
    "contrat",
    "contract",
    "project",
    "punkte",
    "points",
    "puntos",
    "advance",
    "capital",
    "register",
    "kunde",
    "pan",
    "ein",
    "el dia",
    "controle",
    "protocolo",
    "from date",
    "resto",
    "porto",
    "hours",
    "units",
    "deposit",
    "delivery",
    "envio",
    "save",
    "hasta",
    "sold to",
    "attention",
    "nota",
    "bericht",
    "opis",
    "objet",
    "motif",
    "concept",
    "purpose",
    "mesa",
    "caja",
    "lote",
    "tip",
    "tips",
    "titular",
    "destino",
    "origen",
    "para",
    "desde",
    "vencimiento",
    "echeance",
    "scadenza",
    "fallig",
    "vence",
    "periodo",
    "identificador",
    "cus",
    "identifiant",
    "secuencia",
    "due on",
    "due by",
    "payment of",
    "transfer of",
    "le",
    "on",
    "gst",
    "net",
    "netto",
    "neto",
    "ref",
    "reference",
    "referencia",
    "numero",
    "number",
    "nummer",
    "no",
    "nr",
    "n",
    "numer",
    "sent",
    "paid",
    "when",
    "opis",
    "melding",
    "summa",
    "kontostand",
    "ocr",
    "kid",
    "referenz",
    "riferimento",
    "referentie",
    "kenmerk",
    "referens",
    "referanse",
];

/// Of these, the ones that in a sentence announce the number right behind them: `(ref FT26083)`.
const REFERENCE_WORDS: &[&str] =
    &["ref", "reference", "referencia", "referenz", "riferimento", "referentie", "kenmerk", "referens", "referanse"];

static LABELS: LazyLock<Lexicon> = LazyLock::new(|| Lexicon::read(include_str!("lexicon/labels.txt")));
static ROLES: LazyLock<Vec<Option<Role>>> = LazyLock::new(|| LABELS.keys().iter().map(|k| Role::of(k)).collect());

/// Every label of a document, in the order of segments.
pub fn labels_of(layout: &Layout<'_>) -> Vec<Label> {
    let mut labels = Vec::new();
    for (index, segment) in layout.segments.iter().enumerate() {
        let tokens: Vec<Option<u32>> = segment
            .tokens
            .iter()
            .map(|&t| LABELS.token(&layout.tokens[t].folded, layout.is_ocr(layout.tokens[t].word)))
            .collect();
        let mut previous_end = 0;
        for hit in LABELS.find(&tokens) {
            let Some(role) = ROLES.get(hit.key).copied().flatten() else { continue };
            let span = &segment.tokens[hit.start..hit.end];
            let phrase = span.iter().map(|&t| layout.tokens[t].folded.as_str()).collect::<Vec<_>>().join(" ");
            let last = &layout.tokens[segment.tokens[hit.end.saturating_sub(1)]];
            let colon = last.colon_after || {
                let after =
                    segment.words.iter().position(|&w| w == last.word).and_then(|p| segment.words.get(p.saturating_add(1)));
                after.is_some_and(|&w| layout.words[w].text.starts_with([':', '：', '=']))
            };
            let label = Label {
                role,
                segment: index,
                from: hit.start,
                to: hit.end,
                // A label behind a label begins as well: `Fecha y hora: Monto:`, and one behind its number in a form: `20: Sender's Reference`.
                at_start: hit.start == 0
                    || hit.start == previous_end
                    || hit.start == 1 && is_field_number(&layout.tokens[segment.tokens[0]])
                    || begins_sentence(layout, segment, hit.start),
                colon,
                whole: hit.end.saturating_sub(hit.start) == segment.tokens.len(),
                phrase,
            };
            previous_end = hit.end;
            let announces = REFERENCE_WORDS.contains(&label.phrase.as_str())
                && match segment.tokens.get(label.to) {
                    Some(&token) => is_code(&layout.tokens[token].folded),
                    // At the end of a line the number is at the head of the next.
                    None => {
                        layout.words.get(last.word.saturating_add(1)).is_some_and(|w| is_code(&super::lexicon::fold(&w.text)))
                    }
                };
            if SMALL_WORDS.contains(&label.phrase.as_str()) && !(label.at_start || label.colon || announces) {
                continue;
            }
            labels.push(label);
        }
    }
    labels
}

/// Long enough and with digits enough to be a number that somebody gave.
pub fn is_code(text: &str) -> bool {
    text.len() >= 6 && text.bytes().filter(u8::is_ascii_digit).count() >= 4
}

/// `20:`, `50K:`: the number of a field before its name.
fn is_field_number(token: &super::layout::Token) -> bool {
    token.colon_after && token.folded.len() <= 3 && token.folded.starts_with(|c: char| c.is_ascii_digit())
}

/// The word before ends a sentence (and is no abbreviation such as `Nr.`).
fn begins_sentence(layout: &Layout<'_>, segment: &super::layout::Segment, start: usize) -> bool {
    let before =
        start.checked_sub(1).and_then(|b| segment.tokens.get(b)).map(|&t| layout.words[layout.tokens[t].word].text.as_str());
    before.is_some_and(|text| text.ends_with(['.', ';', '|']) && text.chars().count() > 4)
}

/// Words of a segment that follow a label, up to the next label that stands as one: `(word, behind the label in the same word)`.
pub fn words_after(layout: &Layout<'_>, label: &Label, next: Option<&Label>) -> Vec<usize> {
    let segment = &layout.segments[label.segment];
    let end = next.filter(|n| n.segment == label.segment).map_or(segment.tokens.len(), |n| n.from);
    let last_label_word = layout.tokens[segment.tokens[label.to.saturating_sub(1)]].word;
    let first_next_word = segment.tokens.get(end).map(|&t| layout.tokens[t].word);
    let glued = segment.tokens.get(label.to).is_some_and(|&t| label.to < end && layout.tokens[t].word == last_label_word);
    let from = segment.words.iter().position(|&w| w == last_label_word).unwrap_or(0);
    let from = if glued { from } else { from.saturating_add(1) };
    let to = first_next_word.and_then(|n| segment.words.iter().position(|&w| w == n)).unwrap_or(segment.words.len());
    segment.words.get(from..to.max(from)).unwrap_or_default().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_list_has_a_role() {
        for (key, role) in LABELS.keys().iter().zip(ROLES.iter()) {
            assert!(role.is_some(), "lexicon/labels.txt: no role is named `{key}`");
        }
    }
}
