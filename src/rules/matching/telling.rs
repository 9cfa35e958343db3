//! Words that tell what a payment is, in the languages of Europe and the Americas.

use super::alike::letter_set;

/// What a word tells.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Part,
    Credit,
    Discount,
    Withholding,
    Several,
    Doubt,
    NotOurs,
}

/// What a word tells. The lengths of telling words by first letter turn most others away at once.
pub(super) fn telling(word: &str) -> Option<Kind> {
    const SHAPES: [u32; 26] = {
        let mut shapes = [0_u32; 26];
        let mut at = 0;
        while at < WORDS.len() {
            let word = WORDS[at].0.as_bytes();
            shapes[(word[0] - b'A') as usize] |= 1 << word.len();
            at += 1;
        }
        shapes
    };
    let first = word.bytes().next()?.wrapping_sub(b'A');
    let is_possible = word.len() < 32 && SHAPES.get(usize::from(first)).is_some_and(|lengths| lengths & 1 << word.len() != 0);
    if !is_possible {
        return None;
    }
    WORDS.binary_search_by(|(w, _)| (*w).cmp(word)).ok().map(|at| WORDS[at].1)
}

/// What the words tell that begin so: a bank's line may end within a word. Five letters at least.
pub(super) fn begun(word: &str) -> Option<Kind> {
    let at = WORDS.partition_point(|(known, _)| *known < word);
    let (known, kind) = WORDS.get(at)?;
    (word.len() >= 5 && known.starts_with(word)).then_some(*kind)
}

/// The word holds one of [`NOT_OURS_STEMS`] and more.
pub(super) fn has_stem(word: &str) -> bool {
    const SETS: [u32; NOT_OURS_STEMS.len()] = {
        let mut sets = [0; NOT_OURS_STEMS.len()];
        let mut at = 0;
        while at < sets.len() {
            sets[at] = letter_set(NOT_OURS_STEMS[at].as_bytes());
            at += 1;
        }
        sets
    };
    if word.len() < 7 {
        return false;
    }
    let own = letter_set(word.as_bytes());
    NOT_OURS_STEMS.iter().zip(SETS).any(|(stem, set)| set & !own == 0 && word.len() > stem.len() && word.contains(stem))
}

/// Two words that say together what neither says alone: the money comes from an account of one's own.
pub(super) fn tells_own_account(before: &str, word: &str) -> bool {
    OWN_ACCOUNT.iter().any(|pair| pair.0 == before && pair.1 == word)
}

/// Our own account, in the languages of Europe and the Americas.
const OWN_ACCOUNT: &[(&str, &str)] = &[
    ("COMPTE", "PROPRE"),
    ("COMPTES", "PROPRES"),
    ("CONTA", "PROPRIA"),
    ("CONTAS", "PROPRIAS"),
    ("CONTO", "PROPRIO"),
    ("CONTI", "PROPRI"),
    ("CUENTA", "PROPIA"),
    ("CUENTAS", "PROPIAS"),
    ("EGEN", "KONTO"),
    ("EGET", "KONTO"),
    ("EGNA", "KONTON"),
    ("EIGEN", "REKENING"),
    ("EIGENE", "KONTEN"),
    ("EIGENES", "KONTO"),
    ("KONTO", "WLASNE"),
    ("OMA", "TILI"),
    ("OWN", "ACCOUNT"),
    ("OWN", "ACCOUNTS"),
    ("RACHUNEK", "WLASNY"),
    ("VLASTNI", "UCET"),
];

/// Parts of compound words that say the money is no customer's payment (German and Nordic join words).
const NOT_OURS_STEMS: &[&str] = &[
    "ZINSGUTSCHR",
    "UMBUCHUNG",
    "UEBERTRAG",
    "ERSTATTUNG",
    "KARTENABRECHN",
    "KARTENUMS",
    "KREDITKART",
    "STEUER",
    "FINANZAMT",
    "VERSICHERUNG",
    "DARLEHEN",
    "GUTHABENZINS",
    "HABENZINS",
    "INTERNTRANSFER",
    "POOLING",
    "SPARKASSE",
    "VOLKSBANK",
    "LANDESBANK",
    "SPORITELNA",
    "FORSAKRING",
    "FORSIKRING",
    "VAKUUTUS",
    "VERZEKERING",
    "SKATTEVERK",
];

/// Money given back: not ours as a rule, and beside the number of an item a reason to ask.
pub(super) const REFUNDS: &[&str] = &[
    "DEVOLUCION",
    "ERSTATTUNG",
    "REEMBOLSO",
    "REFUND",
    "REMBOURSEMENT",
    "REMBT",
    "RIMBORSO",
    "RUECKERSTATTUNG",
    "RUECKZAHLUNG",
    "TERUGBETALING",
];

/// Telling words, sorted.
const WORDS: &[(&str, Kind)] = &[
    ("AANBETALING", Kind::Part),
    ("ABONO", Kind::Credit),
    ("ABSCHLAG", Kind::Part),
    ("ABSCHLAGSZAHLUNG", Kind::Part),
    ("ABZGL", Kind::Credit),
    ("ABZUEGLICH", Kind::Credit),
    ("ABZUGLICH", Kind::Credit),
    ("ACCONTO", Kind::Part),
    ("ACOMPTE", Kind::Part),
    ("ACONTO", Kind::Part),
    ("ACONTOBETALING", Kind::Part),
    ("ADELANTO", Kind::Part),
    ("ADIANTAMENTO", Kind::Part),
    ("ADYEN", Kind::NotOurs),
    ("AKONTO", Kind::Part),
    ("ALL", Kind::Several),
    ("ALLE", Kind::Several),
    ("AMEX", Kind::NotOurs),
    ("ANNULATION", Kind::Doubt),
    ("ANNULE", Kind::Doubt),
    ("ANTICIPATO", Kind::Part),
    ("ANTICIPO", Kind::Part),
    ("ANULACION", Kind::Doubt),
    ("ANULADO", Kind::Doubt),
    ("ANZAHLUNG", Kind::Part),
    ("ATERBETALNING", Kind::NotOurs),
    ("AVOIR", Kind::Credit),
    ("AVOIRS", Kind::Credit),
    ("BAMBORA", Kind::NotOurs),
    ("BARION", Kind::NotOurs),
    ("BELASTINGDIENST", Kind::NotOurs),
    ("BELEGE", Kind::Several),
    ("BILLS", Kind::Several),
    ("BOUNCED", Kind::Doubt),
    ("CANCELADO", Kind::Doubt),
    ("CANCELED", Kind::Doubt),
    ("CANCELLED", Kind::Doubt),
    ("CASHPOOL", Kind::NotOurs),
    ("CASHPOOLING", Kind::NotOurs),
    ("CASHSWEEP", Kind::NotOurs),
    ("CHARGEBACK", Kind::Doubt),
    ("CHARGEBACKS", Kind::Doubt),
    ("COMGATE", Kind::NotOurs),
    ("CONCARDIS", Kind::NotOurs),
    ("CREDITNOTA", Kind::Credit),
    ("CREDITNOTE", Kind::Credit),
    ("CREDITO", Kind::Credit),
    ("CREDITRENTE", Kind::NotOurs),
    ("CULQI", Kind::NotOurs),
    ("CUOTA", Kind::Part),
    ("CZESCIOWA", Kind::Part),
    ("DANKORT", Kind::NotOurs),
    ("DEELBETALING", Kind::Part),
    ("DELBETALING", Kind::Part),
    ("DELBETALNING", Kind::Part),
    ("DELVIS", Kind::Part),
    ("DEPOSIT", Kind::Part),
    ("DESCUENTO", Kind::Discount),
    ("DEVOLUCION", Kind::NotOurs),
    ("DEVOLVIDO", Kind::Doubt),
    ("DEVUELTO", Kind::Doubt),
    ("DGFIP", Kind::NotOurs),
    ("DISCOUNT", Kind::Discount),
    ("DISPUTE", Kind::Doubt),
    ("DISPUTED", Kind::Doubt),
    ("DIV", Kind::Several),
    ("DIVERSE", Kind::Several),
    ("DIVIDEND", Kind::NotOurs),
    ("DIVIDENDE", Kind::NotOurs),
    ("DIVIDENDO", Kind::NotOurs),
    ("DOBROPIS", Kind::Credit),
    ("ELAVON", Kind::NotOurs),
    ("ELOLEG", Kind::Part),
    ("ENNAKKO", Kind::Part),
    ("ERA", Kind::Part),
    ("ERSTATTUNG", Kind::NotOurs),
    ("ERSTATTUNGEN", Kind::NotOurs),
    ("ESCOMPTE", Kind::Discount),
    ("EXCEPT", Kind::Doubt),
    ("EXTORNO", Kind::Doubt),
    ("FACTURAS", Kind::Several),
    ("FACTUREN", Kind::Several),
    ("FACTURES", Kind::Several),
    ("FAKTURAER", Kind::Several),
    ("FAKTUROR", Kind::Several),
    ("FAKTURY", Kind::Several),
    ("FATTURE", Kind::Several),
    ("FATURAS", Kind::Several),
    ("FINANCNI", Kind::NotOurs),
    ("FINANZAMT", Kind::NotOurs),
    ("FINANZKASSE", Kind::NotOurs),
    ("FORSKOTT", Kind::Part),
    ("FORSKUD", Kind::Part),
    ("FRAS", Kind::Several),
    ("GIROCARD", Kind::NotOurs),
    ("GIROCONTO", Kind::NotOurs),
    ("GOCARDLESS", Kind::NotOurs),
    ("GUTHABENAUSZAHLUNG", Kind::NotOurs),
    ("GUTSCHRIFT", Kind::Credit),
    ("HABENZINSEN", Kind::NotOurs),
    ("HMRC", Kind::NotOurs),
    ("HYVITYSKORKO", Kind::NotOurs),
    ("HYVITYSLASKU", Kind::Credit),
    ("IMPAGADO", Kind::Doubt),
    ("IMPAYE", Kind::Doubt),
    ("IMPOTS", Kind::NotOurs),
    ("INDEMNITE", Kind::NotOurs),
    ("INDEMNIZACION", Kind::NotOurs),
    ("INSOLUTI", Kind::Doubt),
    ("INSOLUTO", Kind::Doubt),
    ("INSTALLMENT", Kind::Part),
    ("INSTALLMENTS", Kind::Part),
    ("INSTALMENT", Kind::Part),
    ("INSTALMENTS", Kind::Part),
    ("INSURANCE", Kind::NotOurs),
    ("INTERCOMPANY", Kind::NotOurs),
    ("INTERES", Kind::NotOurs),
    ("INTERESES", Kind::NotOurs),
    ("INTERESSES", Kind::NotOurs),
    ("INTERESSI", Kind::NotOurs),
    ("INTEREST", Kind::NotOurs),
    ("INTERETS", Kind::NotOurs),
    ("INTERETSCREDITEURS", Kind::NotOurs),
    ("INVOICES", Kind::Several),
    ("INVS", Kind::Several),
    ("IZIPAY", Kind::NotOurs),
    ("JOVAIRAS", Kind::Credit),
    ("JUROS", Kind::NotOurs),
    ("KAMAT", Kind::NotOurs),
    ("KAMATJOVAIRAS", Kind::NotOurs),
    ("KAPITALIZACJA", Kind::NotOurs),
    ("KARRENDEZES", Kind::NotOurs),
    ("KASSARABATT", Kind::Discount),
    ("KIFIZETES", Kind::NotOurs),
    ("KLARNA", Kind::NotOurs),
    ("KONTOUBERTRAG", Kind::NotOurs),
    ("KONTOUEBERTRAG", Kind::NotOurs),
    ("KOREKTA", Kind::Credit),
    ("KORKO", Kind::NotOurs),
    ("KREDITFAKTURA", Kind::Credit),
    ("KREDITNOTA", Kind::Credit),
    ("KREDITNOTE", Kind::Credit),
    ("KREDITRENTE", Kind::NotOurs),
    ("LASKUT", Kind::Several),
    ("LESS", Kind::Credit),
    ("LIQUIDITAET", Kind::NotOurs),
    ("LIQUIDITAT", Kind::NotOurs),
    ("LOAN", Kind::NotOurs),
    ("LOHNSTEUER", Kind::NotOurs),
    ("MASTERCARD", Kind::NotOurs),
    ("MENOS", Kind::Credit),
    ("MINUS", Kind::Credit),
    ("MOINS", Kind::Credit),
    ("MOLLIE", Kind::NotOurs),
    ("NETS", Kind::NotOurs),
    ("NEXI", Kind::NotOurs),
    ("NICHT", Kind::Doubt),
    ("NIUBIZ", Kind::NotOurs),
    ("NOMINA", Kind::NotOurs),
    ("NOT", Kind::Doubt),
    ("NOTACREDITO", Kind::Credit),
    ("NOTAS", Kind::Several),
    ("ODSETEK", Kind::NotOurs),
    ("ODSETKI", Kind::NotOurs),
    ("OSAMAKSU", Kind::Part),
    ("PALAUTETTU", Kind::Doubt),
    ("PALAUTUS", Kind::NotOurs),
    ("PARCELA", Kind::Part),
    ("PARCIAL", Kind::Part),
    ("PARTIAL", Kind::Part),
    ("PARTIEL", Kind::Part),
    ("PARTIELLE", Kind::Part),
    ("PARZIALE", Kind::Part),
    ("PAYMENTSETTLEMENT", Kind::NotOurs),
    ("PAYOUT", Kind::NotOurs),
    ("PAYPAL", Kind::NotOurs),
    ("PAYROLL", Kind::NotOurs),
    ("PAYTRAIL", Kind::NotOurs),
    ("PAYU", Kind::NotOurs),
    ("POJISTNA", Kind::NotOurs),
    ("POOLING", Kind::NotOurs),
    ("PRESTAMO", Kind::NotOurs),
    ("RANTA", Kind::NotOurs),
    ("RATA", Kind::Part),
    ("RATE", Kind::Part),
    ("RECHNUNGEN", Kind::Several),
    ("REDSYS", Kind::NotOurs),
    ("REEMBOLSO", Kind::NotOurs),
    ("REFS", Kind::Several),
    ("REFUND", Kind::NotOurs),
    ("REFUNDED", Kind::Doubt),
    ("REJECTED", Kind::Doubt),
    ("REMBOURSEMENT", Kind::NotOurs),
    ("REMBT", Kind::NotOurs),
    ("RENTE", Kind::NotOurs),
    ("RESZLET", Kind::Part),
    ("RETENCION", Kind::Withholding),
    ("RETENUE", Kind::Withholding),
    ("RETOUR", Kind::Doubt),
    ("RETOURE", Kind::Doubt),
    ("RETURN", Kind::Doubt),
    ("RETURNED", Kind::Doubt),
    ("RETURNERAD", Kind::Doubt),
    ("RETURNERET", Kind::Doubt),
    ("REVERSAL", Kind::Doubt),
    ("REVERSED", Kind::Doubt),
    ("REVOLUT", Kind::NotOurs),
    ("RIMBORSO", Kind::NotOurs),
    ("RITENUTA", Kind::Withholding),
    ("RUCKLASTSCHRIFT", Kind::Doubt),
    ("RUECKERSTATTUNG", Kind::NotOurs),
    ("RUECKLASTSCHRIFT", Kind::Doubt),
    ("RUECKZAHLUNG", Kind::NotOurs),
    ("SALARY", Kind::NotOurs),
    ("SAMMEL", Kind::Several),
    ("SAMMELUEBERWEISUNG", Kind::Several),
    ("SAMMELZAHLUNG", Kind::Several),
    ("SCONTO", Kind::Discount),
    ("SETTLEMENT", Kind::NotOurs),
    ("SINAL", Kind::Part),
    ("SINIESTRO", Kind::NotOurs),
    ("SINISTRE", Kind::NotOurs),
    ("SINISTRO", Kind::NotOurs),
    ("SKARBOWY", Kind::NotOurs),
    ("SKAT", Kind::NotOurs),
    ("SKATTEETATEN", Kind::NotOurs),
    ("SKATTESTYRELSEN", Kind::NotOurs),
    ("SKATTEVERKET", Kind::NotOurs),
    ("SKONTO", Kind::Discount),
    ("SPENDE", Kind::NotOurs),
    ("SPLATKA", Kind::Part),
    ("SQUARE", Kind::NotOurs),
    ("STATEMENT", Kind::Several),
    ("STEUERERSTATTUNG", Kind::NotOurs),
    ("STORNIERT", Kind::Doubt),
    ("STORNIERUNG", Kind::Doubt),
    ("STORNIERUNGEN", Kind::Doubt),
    ("STORNO", Kind::Doubt),
    ("STRIPE", Kind::NotOurs),
    ("SUBSIDY", Kind::NotOurs),
    ("SUMUP", Kind::NotOurs),
    ("SUNAT", Kind::NotOurs),
    ("SWEEP", Kind::NotOurs),
    ("SZAMLAK", Kind::Several),
    ("SZKODA", Kind::NotOurs),
    ("TAKAISIN", Kind::Doubt),
    ("TALLETUSKORKO", Kind::NotOurs),
    ("TARJETA", Kind::NotOurs),
    ("TARJETAS", Kind::NotOurs),
    ("TDS", Kind::Withholding),
    ("TEIL", Kind::Part),
    ("TEILBETRAG", Kind::Part),
    ("TEILRATE", Kind::Part),
    ("TEILZAHLUNG", Kind::Part),
    ("TERMIJN", Kind::Part),
    ("TERUGBETALING", Kind::NotOurs),
    ("TERUGBOEKING", Kind::Doubt),
    ("TERUGGAAF", Kind::NotOurs),
    ("TILITYS", Kind::NotOurs),
    ("TRASPASO", Kind::NotOurs),
    ("TRASPASOS", Kind::NotOurs),
    ("TREASURY", Kind::NotOurs),
    ("TRESORERIE", Kind::NotOurs),
    ("TRIBUTARIA", Kind::NotOurs),
    ("UBERTRAG", Kind::NotOurs),
    ("UDBETALING", Kind::NotOurs),
    ("UEBERTRAG", Kind::NotOurs),
    ("UITBETALING", Kind::NotOurs),
    ("UMBUCHUNG", Kind::NotOurs),
    ("UMBUCHUNGEN", Kind::NotOurs),
    ("UMSATZSTEUER", Kind::NotOurs),
    ("UNPAID", Kind::Doubt),
    ("UROK", Kind::NotOurs),
    ("UROKU", Kind::NotOurs),
    ("URZAD", Kind::NotOurs),
    ("UTBETALNING", Kind::NotOurs),
    ("VAHINKO", Kind::NotOurs),
    ("VARIAS", Kind::Several),
    ("VARIOUS", Kind::Several),
    ("VEROHALLINTO", Kind::NotOurs),
    ("VERSICHERUNG", Kind::NotOurs),
    ("VISSZATERITES", Kind::NotOurs),
    ("VRACENO", Kind::Doubt),
    ("VRATKA", Kind::NotOurs),
    ("VYPLATA", Kind::NotOurs),
    ("WHT", Kind::Withholding),
    ("WISE", Kind::NotOurs),
    ("WITHHOLDING", Kind::Withholding),
    ("WORLDPAY", Kind::NotOurs),
    ("WYPLATA", Kind::NotOurs),
    ("ZALICZKA", Kind::Part),
    ("ZALOHA", Kind::Part),
    ("ZETTLE", Kind::NotOurs),
    ("ZINS", Kind::NotOurs),
    ("ZINSABSCHLUSS", Kind::NotOurs),
    ("ZINSEN", Kind::NotOurs),
    ("ZINSERTRAG", Kind::NotOurs),
    ("ZINSGUTSCHRIFT", Kind::NotOurs),
    ("ZWROCONY", Kind::Doubt),
    ("ZWROT", Kind::NotOurs),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_tells() {
        assert!(WORDS.iter().all(|(word, _)| telling(word).is_some()));
        assert!(telling("RECHNUNG").is_none() && telling("").is_none());
        assert!(NOT_OURS_STEMS.iter().all(|stem| has_stem(&format!("{stem}X")) && has_stem(&format!("X{stem}"))));
        assert!(!has_stem("STEUER") && !has_stem("RECHNUNGEN"));
    }

    #[test]
    fn a_word_may_be_cut() {
        assert!(matches!(begun("CREDITNO"), Some(Kind::Credit)) && matches!(begun("TEILZ"), Some(Kind::Part)));
        assert!(begun("CRED").is_none() && begun("LIEFERUNG").is_none() && begun("").is_none() && begun("ZZZZZ").is_none());
    }

    #[test]
    fn the_words_are_sorted() {
        assert!(WORDS.windows(2).all(|w| w[0].0 < w[1].0), "{:?}", WORDS.windows(2).find(|w| w[0].0 >= w[1].0));
    }
}
