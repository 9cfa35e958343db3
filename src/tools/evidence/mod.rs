//! From untrusted bytes to words with places and what they claim. Every file is read by a process of its own, which holds no secret, no
//! network and no database, under limits on memory, processor, files and time; each file ends in one typed [`Outcome`].
//!
//! Parent: [`EvidenceReader`] starts the running program again with the hidden command `__parse`. Child: [`parse_process`].

mod child;
mod confine;
mod decimals;
mod fingerprint;
mod headline;
mod heic;
mod helper;
mod html;
mod image;
mod ink;
mod level;
mod limits;
mod mail;
mod media;
mod metadata;
mod ocr;
mod page;
mod pdf;
mod poppler;
mod protocol;
mod relay;
mod rupee;
mod sandbox;
mod text;
mod vote;
mod zero;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use quittance_rules::evidence::Reading;

pub use child::{Helpers, Task, parse_process};
pub use confine::confine;
pub use limits::{Limits, MIB};
pub use protocol::{Refusal, RefusalReason};

use protocol::Found;
use sandbox::Ended;

/// How the reading of one file ended. There is no other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Words, and what they claim.
    Read(Box<Reading>),
    /// Looked through for an invoice inside it.
    EmbeddedInvoice(Option<Vec<u8>>),
    /// One page of it, as PNG.
    Page(Vec<u8>),
    /// Not read, for a reason the sender or the operator can act on.
    Refused(Refusal),
    /// Not done within the limit of time.
    TimedOut,
    /// It asked for more memory than a document may.
    OutOfMemory,
    /// The reading process died. The program that asked did not.
    Crashed {
        /// The signal, where one ended it.
        signal: Option<i32>,
    },
}

impl Outcome {
    /// One sentence for the person who has to deal with the file; `None` when it was read.
    pub fn sentence(&self) -> Option<String> {
        match self {
            Self::Read(_) | Self::EmbeddedInvoice(_) | Self::Page(_) => None,
            Self::Refused(refusal) => Some(refusal.sentence.clone()),
            Self::TimedOut => {
                Some("reading it took longer than the limit and was stopped; open it by hand or ask for a screenshot".to_owned())
            }
            Self::OutOfMemory => Some("reading it asked for more memory than the limit; open it by hand with care".to_owned()),
            Self::Crashed { signal: Some(signal) } => {
                Some(format!("the reading process died on it (signal {signal}); open it by hand with care"))
            }
            Self::Crashed { signal: None } => Some("the reading process died on it; open it by hand with care".to_owned()),
        }
    }
}

/// The outcome with what it cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// Protections that were not in force, one sentence each.
    pub notices: Vec<String>,
    /// From start to end.
    pub elapsed: Duration,
    /// Most resident memory seen for the reading process and its helpers together, in bytes.
    pub resident_bytes_peak: u64,
}

/// The reading process could not be started at all: the machine's fault, not the file's, so worth another try later.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// No temporary folder, no process, no such program.
    #[error("the reading process could not be started: {0}")]
    Start(#[from] std::io::Error),
    /// The setting for OCR languages is not a list of language codes.
    #[error("OCR languages `{0}`: write codes joined by `+`, for example `spa+eng`")]
    Languages(String),
}

/// Reads evidence, each file in a process of its own. Cheap to clone; several may run at once.
#[derive(Debug, Clone)]
pub struct EvidenceReader {
    program: PathBuf,
    languages: String,
    limits: Limits,
    helpers: Helpers,
    patience: u32,
}

impl EvidenceReader {
    /// Languages read when no setting says otherwise.
    pub const LANGUAGES: &'static str = "spa+eng";

    /// Reads with the `__parse` command of this program.
    pub fn new(program: PathBuf) -> Self {
        Self {
            program,
            languages: Self::LANGUAGES.to_owned(),
            limits: Limits::default(),
            helpers: Helpers::Installed,
            patience: 1,
        }
    }

    /// Reads with the running program.
    pub fn of_this_program() -> Result<Self, EvidenceError> {
        Ok(Self::new(std::env::current_exe()?))
    }

    /// Tesseract's language codes, joined by `+`. Each more language costs time on every image.
    pub fn languages(mut self, languages: &str) -> Result<Self, EvidenceError> {
        if !ocr::are_languages(languages) {
            return Err(EvidenceError::Languages(languages.to_owned()));
        }
        self.languages = languages.to_owned();
        Ok(self)
    }

    /// Other limits than the usual.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// With the programs beside this one, or without them.
    pub fn helpers(mut self, helpers: Helpers) -> Self {
        self.helpers = helpers;
        self
    }

    /// Deadlines so many times as long (1 to 20), [`Limits::wall`] among them: what is measured is the reading, not
    /// what else the machine does. Not for files of strangers.
    pub fn patience(mut self, times: u32) -> Self {
        self.patience = times.clamp(1, limits::PATIENCE_MAX);
        self.limits.wall = Limits::default().wall.saturating_mul(self.patience);
        self
    }

    /// Reads one file. It blocks for up to [`Limits::wall`]; from async code call it on a thread that may block.
    pub fn read(&self, bytes: &[u8]) -> Result<Report, EvidenceError> {
        self.ask(bytes, &[])
    }

    /// The invoice XML inside a PDF (Factur-X, ZUGFeRD), taken out in a process of its own.
    ///
    /// # Errors
    /// One sentence: no invoice inside, or why the PDF could not be opened.
    pub fn embedded_invoice(&self, pdf: &[u8]) -> Result<Vec<u8>, String> {
        let report = self.ask(pdf, &[OsString::from("--embedded-invoice")]).map_err(|error| error.to_string())?;
        match report.outcome {
            Outcome::EmbeddedInvoice(Some(xml)) => Ok(xml),
            Outcome::EmbeddedInvoice(None) => {
                Err("the PDF carries no electronic invoice; import it as evidence, or bring the invoice as CSV, UBL or CII"
                    .to_owned())
            }
            other => Err(other.sentence().unwrap_or_else(|| "the reading process gave another answer than asked for".to_owned())),
        }
    }

    /// Page `number` (from 1) of a PDF as PNG, drawn in a process of its own. It blocks as [`EvidenceReader::read`] does.
    ///
    /// # Errors
    /// One sentence: there is no such page, or why the PDF could not be drawn.
    pub fn page(&self, pdf: &[u8], number: u32) -> Result<Vec<u8>, String> {
        let task = [OsString::from("--page"), OsString::from(number.to_string())];
        let report = self.ask(pdf, &task).map_err(|error| error.to_string())?;
        match report.outcome {
            // Nothing but a picture leaves here, whatever became of the process that was handed the file.
            Outcome::Page(png) if png.starts_with(b"\x89PNG\r\n\x1a\n") => Ok(png),
            other => Err(other.sentence().unwrap_or_else(|| "the reading process gave another answer than asked for".to_owned())),
        }
    }

    fn ask(&self, bytes: &[u8], task: &[OsString]) -> Result<Report, EvidenceError> {
        let refused = |refusal| Report {
            outcome: Outcome::Refused(refusal),
            notices: vec![],
            elapsed: Duration::ZERO,
            resident_bytes_peak: 0,
        };
        if bytes.is_empty() {
            return Ok(refused(Refusal::new(RefusalReason::Empty, "the file is empty; ask for it again")));
        }
        if bytes.len() as u64 > self.limits.input_bytes_max {
            let most = self.limits.input_bytes_max / MIB;
            let sentence =
                format!("the file has {} MiB and at most {most} are read; send a smaller one", bytes.len() as u64 / MIB);
            return Ok(refused(Refusal::new(RefusalReason::TooLarge, sentence)));
        }
        let mut arguments = vec![OsString::from("__parse"), OsString::from("--languages"), OsString::from(&self.languages)];
        if self.helpers == Helpers::None {
            arguments.push(OsString::from("--no-helpers"));
        }
        if self.patience > 1 {
            arguments.extend([OsString::from("--patience"), OsString::from(self.patience.to_string())]);
        }
        arguments.extend_from_slice(task);
        let (mut elapsed, mut peak) = (Duration::ZERO, 0);
        loop {
            let limits = Limits { wall: self.limits.wall.saturating_sub(elapsed), ..self.limits };
            let remains = sandbox::run(&self.program, &arguments, bytes, &limits)?;
            let (outcome, notices) = judge(&remains);
            (elapsed, peak) = (elapsed.saturating_add(remains.elapsed), peak.max(remains.resident_bytes_peak));
            // One attachment that ends its reader does not cost the mail and the others: they are read once more without it.
            let ended_early = matches!(outcome, Outcome::OutOfMemory | Outcome::Crashed { .. });
            let has_time = elapsed.saturating_mul(2) < self.limits.wall;
            if let Some(attachment) = remains.attachment.filter(|_| ended_early && has_time) {
                arguments.extend([OsString::from("--without-attachment"), OsString::from(attachment.to_string())]);
                continue;
            }
            for notice in &notices {
                tracing::warn!("{notice}");
            }
            return Ok(Report { outcome, notices, elapsed, resident_bytes_peak: peak });
        }
    }
}

fn judge(remains: &sandbox::Remains) -> (Outcome, Vec<String>) {
    match remains.ended {
        Ended::OverTime => return (Outcome::TimedOut, vec![]),
        Ended::OverMemory => return (Outcome::OutOfMemory, vec![]),
        Ended::Itself => {}
    }
    // Rust and C++ both abort when the address space is used up, and say so first.
    let starved = ["memory allocation of", "bad_alloc", "Cannot allocate memory", "out of memory"];
    match remains.signal() {
        Some(libc::SIGXCPU) => (Outcome::TimedOut, vec![]),
        Some(libc::SIGXFSZ) => {
            let sentence = "reading it wrote more than the limit allows; open it by hand with care";
            (Outcome::Refused(Refusal::new(RefusalReason::OverLimit, sentence)), vec![])
        }
        Some(libc::SIGABRT) if starved.iter().any(|s| remains.stderr.contains(s)) => (Outcome::OutOfMemory, vec![]),
        // Nobody but the kernel's own memory or processor guard kills a process of this group.
        Some(libc::SIGKILL) => (Outcome::OutOfMemory, vec![]),
        Some(signal) => (Outcome::Crashed { signal: Some(signal) }, vec![]),
        None if remains.status.success() => {
            let used = protocol::accept(&remains.stdout).and_then(|answer| {
                let outcome = match answer.found {
                    Found::Read(reading) => Outcome::Read(reading),
                    Found::Refused(refusal) => Outcome::Refused(refusal),
                    Found::Page(png) => Outcome::Page(hex::decode(png).map_err(|e| e.to_string())?),
                    Found::EmbeddedInvoice(xml) => {
                        Outcome::EmbeddedInvoice(xml.map(hex::decode).transpose().map_err(|e| e.to_string())?)
                    }
                };
                Ok((outcome, answer.notices))
            });
            used.unwrap_or_else(|error| {
                let sentence = format!("the answer of the reading process was not used: {error}");
                (Outcome::Refused(Refusal::new(RefusalReason::BadAnswer, sentence)), vec![])
            })
        }
        None => (Outcome::Crashed { signal: None }, vec![]),
    }
}

/// The port of the flow: a file that was not read becomes a sentence for the case that holds it.
impl quittance_agent::ports::EvidenceReader for EvidenceReader {
    async fn read(&self, bytes: &[u8], _name: &str) -> Result<Reading, quittance_agent::ports::Unreadable> {
        use quittance_agent::ports::Unreadable;
        let (reader, bytes) = (self.clone(), bytes.to_vec());
        let report = tokio::task::spawn_blocking(move || Self::read(&reader, &bytes)).await;
        match report {
            Ok(Ok(Report { outcome: Outcome::Read(reading), .. })) => Ok(*reading),
            Ok(Ok(report)) => Err(Unreadable(report.outcome.sentence().unwrap_or_default())),
            Ok(Err(error)) => Err(Unreadable(error.to_string())),
            Err(error) => Err(Unreadable(format!("the reading of it did not end: {error}"))),
        }
    }
}
