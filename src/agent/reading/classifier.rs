//! A classifier of our own: multinomial logistic regression over hashed words, pairs of words, letter groups and a few facts of the
//! layout, fitted by `quittance fit evidence`. It is a second reader beside the rules of [`super::kind`], never above them.
//!
//! Everything here is whole numbers, so that the same words give the same probabilities on every machine.

use std::sync::LazyLock;

use quittance_rules::evidence::{Confidence, EvidenceKind, Source};

use super::document::Document;
use super::kind::{ALL, Shape};
use super::labels::Role;

/// Buckets that features are hashed into.
pub const BUCKETS: usize = 8_192;
/// Classes, in the order of [`ALL`].
pub const CLASSES: usize = 13;
/// One nat of a logit, as a whole number.
pub const NAT: i64 = 1_024;
/// Tokens looked at; what a paper is, it says early.
const TOKENS_MAX: usize = 600;
const MAGIC: &[u8; 4] = b"QKC1";
/// Magic, temperature, biases, scales of the classes.
const HEAD: usize = 4 + 4 + CLASSES * 4 + CLASSES * 4;

/// Weights as they are embedded: one byte a weight, a scale for each class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weights {
    /// Divides logits before the softmax, in [`NAT`]s; fitted on templates that were not trained on.
    pub temperature: i64,
    /// One a class, in [`NAT`]s.
    pub bias: [i64; CLASSES],
    /// Worth of one unit of a weight of the class, in [`NAT`]s times 256.
    pub scale: [i64; CLASSES],
    /// `weights[bucket * CLASSES + class]`.
    pub weights: Vec<i8>,
}

impl Weights {
    /// As a file: little-endian, see the code for the order.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD.saturating_add(self.weights.len()));
        bytes.extend(MAGIC);
        let whole = |value: i64| i32::try_from(value).unwrap_or(i32::MAX).to_le_bytes();
        bytes.extend(whole(self.temperature));
        for value in self.bias.iter().chain(&self.scale) {
            bytes.extend(whole(*value));
        }
        bytes.extend(self.weights.iter().map(|w| w.to_le_bytes()[0]));
        bytes
    }

    /// Reads a file of weights. `None` when it is not one, or one of another shape.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (head, weights) = bytes.split_at_checked(HEAD)?;
        let (magic, numbers) = head.split_at_checked(MAGIC.len())?;
        if magic != MAGIC || weights.len() != BUCKETS.checked_mul(CLASSES)? {
            return None;
        }
        let mut numbers = numbers.chunks_exact(4).map(|c| i64::from(i32::from_le_bytes([c[0], c[1], c[2], c[3]])));
        let temperature = numbers.next().filter(|t| *t > 0)?;
        let mut bias = [0; CLASSES];
        let mut scale = [0; CLASSES];
        for slot in bias.iter_mut().chain(&mut scale) {
            *slot = numbers.next()?;
        }
        let weights = weights.iter().map(|b| i8::from_le_bytes([*b])).collect();
        Some(Self { temperature, bias, scale, weights })
    }

    /// Logits in [`NAT`]s, one a class.
    pub fn logits(&self, features: &[u16]) -> [i64; CLASSES] {
        let mut sums = [0_i64; CLASSES];
        for &feature in features {
            let from = usize::from(feature).saturating_mul(CLASSES);
            let row = self.weights.get(from..from.saturating_add(CLASSES)).unwrap_or_default();
            for (sum, weight) in sums.iter_mut().zip(row) {
                *sum = sum.saturating_add(i64::from(*weight));
            }
        }
        let length = root(features.len().max(1)).max(1);
        let mut logits = [0; CLASSES];
        for (class, logit) in logits.iter_mut().enumerate() {
            *logit = self.bias[class].saturating_add(sums[class].saturating_mul(self.scale[class]) / length);
        }
        logits
    }

    /// Probabilities in millionths, one a class; they add up to a million, give or take the rounding.
    pub fn probabilities(&self, features: &[u16]) -> [u32; CLASSES] {
        let logits = self.logits(features);
        let top = logits.iter().copied().max().unwrap_or(0);
        let mut parts = [0_u64; CLASSES];
        for (part, logit) in parts.iter_mut().zip(logits) {
            let below = top.saturating_sub(logit).saturating_mul(NAT) / self.temperature.max(1);
            *part = exp_below(below);
        }
        let whole = parts.iter().sum::<u64>().max(1);
        parts.map(|part| u32::try_from(part.saturating_mul(1_000_000) / whole).unwrap_or(1_000_000))
    }
}

/// The square root in 256ths, rounded down.
fn root(count: usize) -> i64 {
    let wide = u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(65_536);
    i64::try_from(wide.isqrt()).unwrap_or(i64::MAX)
}

/// exp(−x) for x in [`NAT`]s, as a part of 2³². Each bit of `x` is one factor exp(−2ᵏ/1024), so no float is needed.
fn exp_below(x: i64) -> u64 {
    const FACTORS: [u64; 15] = [
        4_290_775_039,
        4_286_586_874,
        4_278_222_805,
        4_261_543_595,
        4_228_379_999,
        4_162_825_044,
        4_034_748_382,
        3_790_295_335,
        3_344_923_893,
        2_605_029_347,
        1_580_030_168,
        581_260_615,
        78_665_070,
        1_440_801,
        483,
    ];
    if !(0..=16_383).contains(&x) {
        return u64::from(x < 0) << 32;
    }
    FACTORS.iter().enumerate().filter(|(bit, _)| (x >> bit) & 1 == 1).fold(1_u64 << 32, |part, (_, factor)| (part * factor) >> 32)
}

/// The weights in this binary.
pub static EMBEDDED: LazyLock<Option<Weights>> = LazyLock::new(|| Weights::from_bytes(include_bytes!("weights/kind.bin")));

/// FNV-1a of a kind of feature and its text, brought down to a bucket.
fn bucket(kind: u8, text: &[&str]) -> u16 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut eat = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    eat(kind);
    for part in text {
        part.bytes().for_each(&mut eat);
        eat(0xff);
    }
    let folded = hash ^ (hash >> 29) ^ (hash >> 47);
    u16::try_from(folded % BUCKETS as u64).unwrap_or(0)
}

/// The buckets of a document, each once, ascending.
pub fn features(doc: &Document<'_>, shape: Shape) -> Vec<u16> {
    let mut order: Vec<usize> = (0..doc.layout.tokens.len()).collect();
    order.sort_by_key(|&t| doc.layout.tokens[t].word);
    // What a number is does not tell what the paper is: digits count as one.
    let tokens: Vec<String> = order
        .iter()
        .take(TOKENS_MAX)
        .map(|&t| {
            let folded = &doc.layout.tokens[t].folded;
            let digits = folded.bytes().filter(u8::is_ascii_digit).count();
            if digits == 0 {
                folded.clone()
            } else if digits.saturating_mul(2) >= folded.len() {
                format!("0x{}", digits.min(9))
            } else {
                folded.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect()
            }
        })
        .collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        found.push(bucket(1, &[token]));
        if let Some(next) = tokens.get(at.saturating_add(1)) {
            found.push(bucket(2, &[token, next]));
        }
        if at < 6 {
            found.push(bucket(3, &[token]));
        }
        if token.len() >= 4 && token.is_ascii() && !token.starts_with("0x") {
            let marked = format!("<{token}>");
            for from in 0..marked.len().saturating_sub(4) {
                found.push(bucket(4, &[&marked[from..from.saturating_add(5)]]));
            }
        }
    }
    layout_features(doc, shape, tokens.len(), &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn layout_features(doc: &Document<'_>, shape: Shape, tokens: usize, found: &mut Vec<u16>) {
    let size = |n: usize| match n {
        0 => "0",
        1 => "1",
        2 => "2",
        3 | 4 => "3",
        5..=8 => "5",
        9..=20 => "9",
        21..=60 => "21",
        61..=200 => "61",
        _ => "201",
    };
    let mut say = |name: &str, value: &str| found.push(bucket(9, &[name, value]));
    let source = match doc.layout.words.first().map(|w| w.source) {
        Some(Source::Ocr) => "ocr",
        Some(Source::PdfText) => "pdf",
        Some(Source::Mail) => "mail",
        Some(Source::Model) | None => "none",
    };
    say("source", source);
    say("words", size(tokens));
    say("amounts", size(doc.scan.amounts.iter().filter(|a| a.has_sign() || a.has_fraction).count()));
    say("dates", size(doc.scan.dates.len()));
    say("times", size(doc.scan.times.len().min(2)));
    say("accounts", size(doc.scan.accounts.len().min(3)));
    say("rows", size(shape.remittance_rows));
    say("movements", size(shape.movement_rows));
    say("adds up", if shape.rows_add_up { "yes" } else { "no" });
    say("message", if shape.is_message { "yes" } else { "no" });
    say("questions", size(doc.layout.words.iter().filter(|w| w.text.ends_with('?')).count().min(2)));
    for role in [
        Role::Reference,
        Role::DueDate,
        Role::IssueDate,
        Role::Document,
        Role::Tax,
        Role::Subtotal,
        Role::Balance,
        Role::PayeeAccount,
        Role::Payee,
        Role::Payer,
        Role::Scheduled,
        Role::Due,
        Role::Paid,
        Role::Tip,
    ] {
        if doc.labels.iter().any(|l| l.role == role && (l.at_start || l.colon)) {
            say("label", &format!("{role:?}"));
        }
    }
}

/// What the classifier thinks of a document, by class in the order of [`ALL`]. `None` where the binary carries no weights or the
/// document has nothing to go by.
pub fn opinion(features: &[u16]) -> Option<[u32; CLASSES]> {
    (features.len() >= 12).then_some(())?;
    EMBEDDED.as_ref().map(|weights| weights.probabilities(features))
}

/// From here on the classifier is sure enough to be heard against the rules, or to name a kind that they only suspect.
const SURE: u32 = 900_000;
/// From here on it may name a kind that the rules suspect before all others.
const NAMES: u32 = 780_000;
/// Sums of evidence nearer than this do not tell two kinds of receipt apart; the classifier may.
const NEAR: f64 = 0.75;
/// The rules must at least suspect a kind that the classifier names: evidence of so much, in tenths of a nat.
const SUSPECTED: f64 = 1.0;

/// Joins the rules' answer with the classifier's. Agreement raises; disagreement lowers, down to `unknown` where the classifier is sure
/// and the rules are not: then a person reads it. Kinds that say that no money moved stand whatever the classifier thinks.
pub fn join(
    (kind, confidence): (EvidenceKind, Confidence),
    sums: &[f64; CLASSES],
    opinion: Option<&[u32; CLASSES]>,
) -> (EvidenceKind, Confidence) {
    let Some(opinion) = opinion else { return (kind, confidence) };
    let Some((best, &sure)) = opinion.iter().enumerate().max_by_key(|(at, p)| (**p, std::cmp::Reverse(*at))) else {
        return (kind, confidence);
    };
    let theirs = ALL[best];
    let doubt = |p: u32| u64::from(1_000_000_u32.saturating_sub(p));
    let rules = confidence.millionths();
    if kind == EvidenceKind::Unknown {
        let suspected = sums.get(best).is_some_and(|sum| *sum >= SUSPECTED) && suspects_first(sums, best);
        // What settles, waits or fails is for the rules to say; of the rest the classifier may name what they suspect too.
        if theirs == EvidenceKind::Unknown || sure < NAMES || !suspected {
            return (kind, confidence);
        }
        return (theirs, Confidence::from_millionths(u32::try_from(u64::from(sure) * 7 / 10).unwrap_or(0)));
    }
    if theirs == kind {
        let both = doubt(rules).saturating_mul(doubt(sure)) / 1_000_000;
        // Two readers of the same words are not independent: only half of the doubt that is left goes.
        let left = both.midpoint(doubt(rules.max(sure)));
        return (kind, Confidence::from_millionths(1_000_000_u32.saturating_sub(u32::try_from(left).unwrap_or(1_000_000))));
    }
    let hard = matches!(kind, EvidenceKind::NotAPayment | EvidenceKind::PromiseToPay | EvidenceKind::Statement);
    let own = opinion.get(ALL.iter().position(|k| *k == kind).unwrap_or(CLASSES)).copied().unwrap_or(0);
    let lowered = u64::from(rules).saturating_mul(500_000_u64.saturating_add(u64::from(own) / 2)) / 1_000_000;
    let lowered = Confidence::from_millionths(u32::try_from(lowered).unwrap_or(0));
    let sum_of = |at: usize| sums.get(at).copied().unwrap_or(0.0);
    let ours = ALL.iter().position(|k| *k == kind).map_or(0.0, sum_of);
    if !hard && sure >= SURE && sum_of(best) >= 2.4 && ours - sum_of(best) <= NEAR {
        // The rules all but say the same.
        return (theirs, Confidence::from_millionths(u32::try_from(u64::from(sure) * 7 / 10).unwrap_or(0)));
    }
    if !hard && sure >= SURE && rules < 550_000 {
        return (EvidenceKind::Unknown, Confidence::from_millionths(1_000_000_u32.saturating_sub(rules.max(1))));
    }
    (kind, lowered)
}

/// No other kind has more evidence by the rules.
fn suspects_first(sums: &[f64; CLASSES], best: usize) -> bool {
    sums.iter().enumerate().all(|(at, sum)| at == best || *sum <= sums[best])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_in_the_binary_are_weights_and_small() {
        let weights = EMBEDDED.as_ref().expect("src/agent/reading/weights/kind.bin does not parse");
        assert!(weights.to_bytes().len() < 300_000);
        assert_eq!(Weights::from_bytes(&weights.to_bytes()).as_ref(), Some(weights));
        assert_eq!(Weights::from_bytes(&weights.to_bytes()[1..]), None);
    }

    #[test]
    fn exp_of_whole_numbers_is_exp() {
        for x in [0_i64, 1, 700, 1_024, 5_000, 12_345] {
            #[allow(clippy::cast_precision_loss)]
            let (ours, exact) = (exp_below(x) as f64 / 4_294_967_296.0, (-(x as f64) / 1_024.0).exp());
            assert!((ours - exact).abs() < 1e-7, "{x}: {ours} {exact}");
        }
        assert_eq!(exp_below(20_000), 0);
    }

    #[test]
    fn agreement_raises_and_disagreement_asks() {
        let sums = [0.0; CLASSES];
        let own = |kind: EvidenceKind, p: u32| {
            let mut all = [(1_000_000 - p) / 12; CLASSES];
            all[ALL.iter().position(|k| *k == kind).unwrap()] = p;
            all
        };
        let sure = |p: u32| Confidence::from_millionths(p);
        let proof = EvidenceKind::PaymentProof;
        let (kind, raised) = join((proof, sure(800_000)), &sums, Some(&own(proof, 900_000)));
        assert!(kind == proof && raised > sure(900_000), "{raised}");
        let (kind, lowered) = join((proof, sure(800_000)), &sums, Some(&own(EvidenceKind::Invoice, 800_000)));
        assert!(kind == proof && lowered < sure(500_000), "{lowered}");
        let (kind, _) = join((proof, sure(500_000)), &sums, Some(&own(EvidenceKind::Dispute, 950_000)));
        assert_eq!(kind, EvidenceKind::Unknown);
        let (kind, _) = join((EvidenceKind::NotAPayment, sure(450_000)), &sums, Some(&own(proof, 990_000)));
        assert_eq!(kind, EvidenceKind::NotAPayment, "what failed stays failed");
        let (kind, _) = join((EvidenceKind::Unknown, sure(500_000)), &sums, Some(&own(proof, 990_000)));
        assert_eq!(kind, EvidenceKind::Unknown, "what the rules do not suspect is not named");
    }
}
