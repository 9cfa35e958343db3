//! Evidence that was used before: the same picture, or the same operation number, whoever sends it. It accuses nobody; a person looks
//! at both pieces.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::evidence::EvidenceKind;
use crate::money::Money;
use crate::records::CustomerId;

/// What a picture looks like, in 64 bits: each bit says whether one of 8 × 8 fields is darker than its neighbour to the right (difference
/// hash). Saved again, scaled or made brighter, a picture keeps nearly all of them; receipts of one app share most of them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PictureHash(pub u64);

impl PictureHash {
    /// Bits that differ: 0 to 64.
    pub fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

/// Sixteen hexadecimal digits.
impl std::fmt::Display for PictureHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for PictureHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PictureHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wanted = || serde::de::Error::custom("a picture hash has sixteen hexadecimal digits");
        if text.len() != 16 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wanted());
        }
        u64::from_str_radix(&text, 16).map(Self).map_err(|_| wanted())
    }
}

/// What of a piece of evidence is compared with others, and looked up without opening its reading.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceMarks {
    /// Its picture, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<PictureHash>,
    /// The amount it claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The date of payment it claims.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paid_on: Option<Date>,
    /// Operation numbers, letters and digits alone, in capitals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Invoice numbers it names, as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invoice_numbers: Vec<String>,
    /// Who sent it, as the channel says: an address or a telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// The customer whose address, domain or telephone number that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
}

impl EvidenceMarks {
    /// Nothing to compare.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// How one piece repeats another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reuse {
    /// Both name this operation number, and nothing in them differs.
    Reference(String),
    /// Both name this operation number, with another amount or date: one of them may have been edited.
    Differs(String),
    /// The pictures are alike and claim the same.
    Picture {
        /// Bits that differ.
        distance: u32,
    },
}

/// Pictures this near may be one picture saved twice, if they do not claim different things. Set by judgement: two receipts of one
/// app can look alike to the last bit, which is why what they claim decides as well.
pub const NEAR_BITS: u32 = 6;

/// Shorter operation numbers (a till's running number) repeat by themselves.
const REFERENCE_LENGTH_MIN: usize = 6;

/// Kinds that show one payment: of these each payment has one piece. A remittance advice repeats the number of its payment on purpose.
pub fn shows_one_payment(kind: EvidenceKind) -> bool {
    matches!(kind, EvidenceKind::PaymentProof | EvidenceKind::BankReceipt | EvidenceKind::CardReceipt)
}

/// Whether two pieces that each show one payment show the same one.
pub fn reuse(one: &EvidenceMarks, other: &EvidenceMarks) -> Option<Reuse> {
    let differ = |what: Option<bool>| what == Some(true);
    let amounts_differ = one.amount.zip(other.amount).map(|(a, b)| a != b);
    let dates_differ = one.paid_on.zip(other.paid_on).map(|(a, b)| a != b);
    let shared = one.references.iter().find(|r| r.len() >= REFERENCE_LENGTH_MIN && other.references.contains(r));
    if let Some(reference) = shared {
        return Some(if differ(amounts_differ) || differ(dates_differ) {
            Reuse::Differs(reference.clone())
        } else {
            Reuse::Reference(reference.clone())
        });
    }
    let distance = one.picture?.distance(other.picture?);
    let references_differ = !one.references.is_empty() && !other.references.is_empty();
    // Alike, and nothing legible tells them apart; where nothing is legible at all, only the very same picture counts.
    let alike = distance <= NEAR_BITS && !differ(amounts_differ) && !differ(dates_differ) && !references_differ;
    let legible = amounts_differ == Some(false) || dates_differ == Some(false);
    (alike && (legible || distance == 0)).then_some(Reuse::Picture { distance })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use jiff::civil::date;

    fn marks(picture: u64, euros: i64, day: i8, reference: &str) -> EvidenceMarks {
        EvidenceMarks {
            picture: Some(PictureHash(picture)),
            amount: Some(Money::new(euros * 100, Currency::EUR)),
            paid_on: Some(date(2026, 5, day)),
            references: if reference.is_empty() { vec![] } else { vec![reference.to_owned()] },
            ..EvidenceMarks::default()
        }
    }

    #[test]
    fn the_same_payment_is_told_from_another_receipt_of_the_same_app() {
        let first = marks(0xff00, 100, 3, "84650912");
        // Sent again by somebody else, saved anew.
        assert_eq!(reuse(&first, &marks(0xff01, 100, 3, "84650912")), Some(Reuse::Reference("84650912".into())));
        // A photograph of it, with another picture altogether.
        assert_eq!(reuse(&first, &marks(!0, 100, 3, "84650912")), Some(Reuse::Reference("84650912".into())));
        // The amount was changed.
        assert_eq!(reuse(&first, &marks(0xff00, 900, 3, "84650912")), Some(Reuse::Differs("84650912".into())));
        // The next receipt of the same app: the picture is the same to 64 bits, what it says is not.
        assert_eq!(reuse(&first, &marks(0xff00, 100, 3, "84650999")), None);
        assert_eq!(reuse(&first, &marks(0xff00, 120, 3, "")), None);
        // The number is cut off the second time.
        assert_eq!(reuse(&first, &marks(0xff03, 100, 3, "")), Some(Reuse::Picture { distance: 2 }));
        assert_eq!(reuse(&first, &marks(!0xff00, 100, 3, "")), None);
    }

    #[test]
    fn little_says_little() {
        let nothing = EvidenceMarks { picture: Some(PictureHash(1)), ..EvidenceMarks::default() };
        assert_eq!(reuse(&nothing, &nothing), Some(Reuse::Picture { distance: 0 }));
        assert_eq!(reuse(&nothing, &EvidenceMarks { picture: Some(PictureHash(3)), ..EvidenceMarks::default() }), None);
        assert_eq!(reuse(&EvidenceMarks::default(), &EvidenceMarks::default()), None);
        assert_eq!(reuse(&marks(7, 5, 1, "0012"), &marks(!7, 5, 1, "0012")), None, "a till's running number");
    }

    #[test]
    fn marks_keep_their_form() {
        let json = serde_json::to_string(&marks(0xff00, 100, 3, "84650912")).unwrap();
        assert!(json.contains("\"picture\":\"000000000000ff00\""), "{json}");
        assert_eq!(serde_json::from_str::<EvidenceMarks>(&json).unwrap(), marks(0xff00, 100, 3, "84650912"));
        assert_eq!(serde_json::to_string(&EvidenceMarks::default()).unwrap(), "{}");
        assert!(serde_json::from_str::<EvidenceMarks>("{\"picture\":\"xyz\"}").is_err());
    }
}
