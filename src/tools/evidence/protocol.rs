//! What the reading process answers, and the check of that answer on arrival. The child has handled hostile bytes, so its answer is
//! as untrusted as the file: sizes, counts, pages and regions are checked before anything else sees it.

use quittance_agent::reading::Words;
use quittance_rules::evidence::{PageRegion, Reading};
use serde::{Deserialize, Serialize};

/// Version of the answer's form. Parent and child are one binary, so a difference means the program was replaced while it ran.
pub const VERSION: u32 = 1;

/// Largest embedded invoice or picture handed on; in hexadecimal it fits an answer.
pub const CARRIED_BYTES_MAX: usize = 8 << 20;
/// Most bytes of an answer. 60,000 words of 8 letters with their places are about 12 MiB.
pub const ANSWER_BYTES_MAX: usize = 24 * 1024 * 1024;
/// Most words of one document.
pub const WORDS_MAX: usize = 60_000;
/// Most bytes of text in one word, claim or complaint.
pub const TEXT_BYTES_MAX: usize = 4_000;
/// Most claims, remittance lines or complaints.
pub const LIST_MAX: usize = 5_000;

/// Why a file was refused. Every file that cannot be read falls under one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalReason {
    /// No bytes.
    Empty,
    /// More bytes than are taken.
    TooLarge,
    /// A type that is not read.
    Unsupported,
    /// The bytes do not hold what their type says.
    Broken,
    /// It opens only with a password.
    Encrypted,
    /// More pixels, pages or parts than are taken.
    OverLimit,
    /// A program this type needs is not installed.
    MissingProgram,
    /// The answer of the reading process was not a valid answer.
    BadAnswer,
}

/// One refused file: the reason for programs, the sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// Which kind.
    pub reason: RefusalReason,
    /// What is wrong and what to do.
    pub sentence: String,
}

impl Refusal {
    /// Makes one.
    pub fn new(reason: RefusalReason, sentence: impl Into<String>) -> Self {
        Self { reason, sentence: sentence.into() }
    }
    /// A file whose bytes do not hold what their type says.
    pub fn broken(sentence: impl Into<String>) -> Self {
        Self::new(RefusalReason::Broken, sentence)
    }
}

/// What the child found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The document, read.
    Read(Box<Reading>),
    /// The invoice XML inside a PDF, in hexadecimal; `None` where it carries none. Answer to [`super::child::Task::EmbeddedInvoice`].
    EmbeddedInvoice(Option<String>),
    /// A page as PNG, in hexadecimal. Answer to [`super::child::Task::Page`].
    Page(String),
    /// The reason it was not.
    Refused(Refusal),
}

/// The child's whole answer, one JSON object on its standard output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// [`VERSION`].
    pub version: u32,
    /// Protections the running kernel lacks, one sentence each; empty where all hold.
    pub notices: Vec<String>,
    /// The finding.
    pub found: Found,
}

/// Parses and checks an answer. `Err` says in one sentence what is wrong with it.
pub fn accept(bytes: &[u8]) -> Result<Answer, String> {
    if bytes.len() > ANSWER_BYTES_MAX {
        return Err(format!("the answer has more than {ANSWER_BYTES_MAX} bytes"));
    }
    let answer: Answer = serde_json::from_slice(bytes).map_err(|e| format!("the answer does not parse: {e}"))?;
    if answer.version != VERSION {
        return Err(format!("the answer is of version {}, not {VERSION}", answer.version));
    }
    let long = |text: &str| text.len() > TEXT_BYTES_MAX;
    if answer.notices.len() > 20 || answer.notices.iter().any(|n| long(n)) {
        return Err("the answer's notices are too many or too long".to_owned());
    }
    match &answer.found {
        Found::Refused(refusal) if long(&refusal.sentence) => return Err("the refusal is too long".to_owned()),
        // Its size is bounded with that of the answer; its content is read by the parser of invoice files.
        Found::Refused(_) | Found::EmbeddedInvoice(_) | Found::Page(_) => {}
        Found::Read(reading) => check_reading(reading)?,
    }
    Ok(answer)
}

fn check_reading(reading: &Reading) -> Result<(), String> {
    let long = |text: &str| text.len() > TEXT_BYTES_MAX;
    let pages = reading.pages;
    let misplaced = |region: &PageRegion| !is_placed(*region, pages);
    if reading.words.len() > WORDS_MAX {
        return Err(format!("it lists more than {WORDS_MAX} words"));
    }
    if reading.claims.len() > LIST_MAX || reading.remittance_lines.len() > LIST_MAX || reading.complaints.len() > LIST_MAX {
        return Err(format!("it lists more than {LIST_MAX} claims, remittance lines or complaints"));
    }
    if reading.words.iter().any(|w| long(&w.text))
        || reading.claims.iter().any(|c| long(&c.text))
        || reading.remittance_lines.iter().any(|r| long(&r.text) || long(&r.invoice_number))
        || reading.complaints.iter().any(|c| long(c))
        || long(&reading.media_type)
        || reading.hints.len() > 50
        || reading.hints.iter().chain(&reading.sender).any(|h| long(h))
        || reading.also.len() > 13
    {
        return Err(format!("a text in it is longer than {TEXT_BYTES_MAX} bytes"));
    }
    if reading.words.iter().any(|w| misplaced(&w.region))
        || reading.claims.iter().any(|c| misplaced(&c.region))
        || reading.remittance_lines.iter().any(|r| misplaced(&r.region))
    {
        return Err("a place in it lies outside its pages".to_owned());
    }
    Ok(())
}

fn is_placed(region: PageRegion, pages: u32) -> bool {
    (1..=pages.max(1)).contains(&region.page)
        && region.x0 <= region.x1
        && region.y0 <= region.y1
        && region.x1 <= 1_000_000
        && region.y1 <= 1_000_000
}

/// Cuts words to what [`accept`] takes, saying so. Called in the child, so that an honest answer is never refused for its size.
pub fn fit(words: &mut Words) {
    let cut = |text: &mut String| {
        if text.len() > TEXT_BYTES_MAX {
            let mut end = TEXT_BYTES_MAX;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
            return true;
        }
        false
    };
    if words.words.len() > WORDS_MAX {
        words.complaints.push(format!("Only the first {WORDS_MAX} of {} words were kept.", words.words.len()));
        words.words.truncate(WORDS_MAX);
    }
    let mut shortened = 0u32;
    for word in &mut words.words {
        shortened += u32::from(cut(&mut word.text));
    }
    if shortened > 0 {
        words.complaints.push(format!("{shortened} words longer than {TEXT_BYTES_MAX} bytes were cut."));
    }
    words.complaints.truncate(LIST_MAX / 2);
    for complaint in &mut words.complaints {
        cut(complaint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quittance_rules::evidence::{Confidence, EvidenceKind, Source, Word};

    fn reading() -> Reading {
        Reading {
            media_type: "image/png".to_owned(),
            kind: EvidenceKind::Unknown,
            kind_confidence: Confidence::from_percent(0),
            claims: vec![],
            remittance_lines: vec![],
            complaints: vec![],
            pages: 1,
            words: vec![Word {
                text: "10.00".to_owned(),
                region: PageRegion { page: 1, x0: 0, y0: 0, x1: 10, y1: 10 },
                confidence: Confidence::from_percent(90),
                source: Source::Ocr,
                line: 0,
            }],
            text: String::new(),
            also: vec![],
            picture: None,
            hints: vec![],
            sender: None,
        }
    }

    fn sent(reading: Reading, version: u32) -> Result<Answer, String> {
        accept(&serde_json::to_vec(&Answer { version, notices: vec![], found: Found::Read(Box::new(reading)) }).unwrap())
    }

    #[test]
    fn an_honest_answer_arrives_whole() {
        assert_eq!(sent(reading(), VERSION).unwrap().found, Found::Read(Box::new(reading())));
    }

    #[test]
    fn a_lying_answer_is_refused() {
        type Spoil = fn(&mut Reading);
        let spoil: [(&str, Spoil); 5] = [
            ("outside", |r| r.words[0].region.x1 = 1_000_001),
            ("outside", |r| r.words[0].region.page = 2),
            ("outside", |r| r.words[0].region.x0 = 11),
            ("longer", |r| r.words[0].text = "9".repeat(TEXT_BYTES_MAX + 1)),
            ("lists more", |r| r.words = vec![r.words[0].clone(); WORDS_MAX + 1]),
        ];
        for (says, spoil) in spoil {
            let mut lying = reading();
            spoil(&mut lying);
            let error = sent(lying, VERSION).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        assert!(sent(reading(), VERSION + 1).unwrap_err().contains("version"));
        assert!(accept(b"{\"version\":1").unwrap_err().contains("parse"));
        assert!(accept(b"").unwrap_err().contains("parse"));
    }
}
