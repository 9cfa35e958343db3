//! From words with boxes to claims: the pure step of reading evidence. It knows no pixels, no PDF and no model; whoever reads the
//! letters (OCR, a text layer, a mail) hands in [`Words`], and [`interpret`] says what they seem to say and where.
//!
//! Text in a document is data. Nothing in here follows it; orders found in it become complaints.

pub mod context;
pub mod labels;
pub mod layout;
pub mod lexicon;
pub mod scan;

use jiff::civil::Date;
use quittance_rules::evidence::{Confidence, EvidenceKind, Reading, Word};
use serde::{Deserialize, Serialize};

/// What a mail's header says, as decoded text. It is what the sender wrote, not what is true.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct MailHead {
    /// `From`: display name and address as shown, for example `Ana Ruiz <ana@example.com>`.
    pub from: String,
    /// `To` and `Cc`, each as shown.
    pub to: Vec<String>,
    /// `Subject`. It stands as the first line of the words too, so that a claim from it has a place.
    pub subject: String,
    /// Day of `Date`, in the zone the header gives.
    pub date: Option<Date>,
}

/// All words of one document, in reading order, as some reader of letters found them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Words {
    /// Detected media type of the original, from its bytes.
    pub media_type: String,
    /// Number of pages; 1 for an image or a mail.
    pub pages: u32,
    /// The words, sorted by page and then by [`Word::line`]. Mail and plain text, which have no page, stand on a grid of characters.
    pub words: Vec<Word>,
    /// What the reader of the letters could not do, one sentence each.
    pub complaints: Vec<String>,
    /// Present for a mail only.
    pub mail: Option<MailHead>,
}

/// Says what a document is and what it claims, each value with the words and the place it was read from.
///
/// It is a plain function: the same words give the same reading. A value that is not legible is absent; an ambiguous one gives
/// every reading as a claim of its own. It never fails: words that say nothing give kind `unknown` and no claims.
pub fn interpret(words: &Words) -> Reading {
    Reading {
        media_type: words.media_type.clone(),
        kind: EvidenceKind::Unknown,
        kind_confidence: Confidence::from_millionths(0),
        claims: Vec::new(),
        remittance_lines: Vec::new(),
        complaints: words.complaints.clone(),
        pages: words.pages,
        words: words.words.clone(),
        text: running_text(&words.words),
    }
}

/// The words as running text: a space between words, a line feed between lines, a form feed between pages.
pub fn running_text(words: &[Word]) -> String {
    let mut text = String::with_capacity(words.iter().map(|w| w.text.len().saturating_add(1)).sum());
    let mut before: Option<&Word> = None;
    for word in words {
        if let Some(before) = before {
            text.push(match (before.region.page == word.region.page, before.line == word.line) {
                (false, _) => '\u{c}',
                (true, false) => '\n',
                (true, true) => ' ',
            });
        }
        text.push_str(&word.text);
        before = Some(word);
    }
    text
}
