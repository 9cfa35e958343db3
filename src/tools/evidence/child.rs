//! The child side: one file in on standard input, one answer out on standard output.

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::media::{self, Media};
use super::ocr::Ocr;
use super::page::Document;
use super::protocol::{self, Answer, CARRIED_BYTES_MAX, Found, Refusal, RefusalReason};
use super::sandbox::monotonic;
use crate::intake::embedded::embedded_invoice_xml;

use super::{confine, helper, html, image, limits, mail, metadata, pdf, text};

/// Most signs of editing that are kept of a document and its attachments.
const HINTS_MAX: usize = 20;

/// What one reading works with: its folder, its clock, the OCR engine once it is needed, and what may still be begun.
pub(super) struct Desk {
    folder: PathBuf,
    begun: Instant,
    languages: String,
    ocr: Option<Ocr>,
    /// Mail parts that may still be opened.
    pub(super) parts_left: u32,
    /// Pages that may still be read, over all parts.
    pub(super) pages_left: u32,
    /// Attachments begun, over all depths.
    pub(super) attachments: u32,
    /// Attachments that ended a reading before this one, counted from 1 in the order they are begun.
    pub(super) without: Vec<u32>,
}

impl Desk {
    fn new(folder: &Path, languages: &str) -> Self {
        Self {
            folder: folder.to_owned(),
            begun: monotonic(),
            languages: languages.to_owned(),
            ocr: None,
            parts_left: limits::PARTS_MAX,
            pages_left: limits::PAGES_MAX,
            attachments: 0,
            without: Vec::new(),
        }
    }

    /// Counts an attachment that is about to be read, and leaves its number where the parent finds it if this process ends meanwhile.
    /// `false` for one that is to be left out.
    pub(super) fn begin_attachment(&mut self) -> bool {
        self.attachments = self.attachments.saturating_add(1);
        if self.without.contains(&self.attachments) {
            return false;
        }
        // Without the mark the mail is lost with the attachment, as any other file would be.
        let _unmarked = std::fs::write(self.path(super::sandbox::ATTACHMENT), self.attachments.to_string());
        true
    }

    /// The attachment was read or refused; what ends this process from here on is not its doing.
    pub(super) fn end_attachment(&self) {
        let _was_not_there = std::fs::remove_file(self.path(super::sandbox::ATTACHMENT));
    }

    /// A file in the workspace.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
    /// Time until no new page or part should be begun.
    pub(super) fn time_left(&self) -> Duration {
        self.time()()
    }
    /// The same, asked later.
    pub(super) fn time(&self) -> impl Fn() -> Duration + use<> {
        let begun = self.begun;
        move || limits::lengthened(limits::SOFT_DEADLINE).saturating_sub(begun.elapsed())
    }
    /// Says when a second look at a picture would cost the first its answer: on a machine that is busy with other work.
    pub(super) fn is_hurried(&self) -> impl Fn() -> bool + use<> {
        let begun = self.begun;
        move || begun.elapsed() > limits::lengthened(limits::SECOND_LOOK)
    }
    /// The OCR engine, loaded on first use.
    pub(super) fn ocr(&mut self, complaints: &mut Vec<String>) -> Result<&mut Ocr, Refusal> {
        if self.ocr.is_none() {
            self.ocr = Some(Ocr::load(&self.languages, complaints)?);
        }
        self.ocr.as_mut().ok_or_else(|| Refusal::new(RefusalReason::MissingProgram, "tesseract could not be loaded"))
    }
}

/// What a reading process is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Task {
    /// Words, claims and kind.
    Read,
    /// The invoice XML inside a PDF.
    EmbeddedInvoice,
    /// One page of a PDF as a picture; its number, from 1.
    Page(u32),
}

/// Whether programs beside this one (poppler, libheif) are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Helpers {
    /// Those that are installed.
    Installed,
    /// None: what this program reads by itself.
    None,
}

/// The whole life of a reading process (`quittance __parse`): gives up its rights, reads standard input, prints one JSON answer.
///
/// It must be called first thing in `main`, before any thread exists. The exit status is 0 whenever an answer was printed.
pub fn parse_process(task: Task, languages: &str, helpers: Helpers, patience: u32, without: Vec<u32>) -> ExitCode {
    limits::be_patient(patience);
    if helpers == Helpers::None {
        helper::do_without();
    }
    let folder = match std::env::current_dir() {
        Ok(folder) => folder,
        Err(error) => {
            eprintln!("no working folder: {error}");
            return ExitCode::FAILURE;
        }
    };
    // A panic in a parser is an expected end here; its place is of use, a backtrace with document text is not.
    std::panic::set_hook(Box::new(|panic| {
        if let Some(place) = panic.location() {
            eprintln!("panic at {}:{}", place.file(), place.line());
        }
    }));
    let notices = confine(&folder, &[]);
    let found = read_stdin(task, &folder, languages, without);
    let answer = Answer { version: protocol::VERSION, notices, found };
    let printed = serde_json::to_vec(&answer).map_err(std::io::Error::other).and_then(|bytes| {
        let mut out = std::io::stdout().lock();
        out.write_all(&bytes)?;
        out.flush()
    });
    match printed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the answer could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}

fn read_stdin(task: Task, folder: &Path, languages: &str, without: Vec<u32>) -> Found {
    let mut bytes = Vec::new();
    // The parent has checked the size; this bound holds when it is called by hand.
    if let Err(error) = std::io::stdin().lock().take(limits::Limits::default().input_bytes_max).read_to_end(&mut bytes) {
        return Found::Refused(Refusal::broken(format!("the file could not be read: {error}")));
    }
    match task {
        Task::Read => read_document(&bytes, Desk { without, ..Desk::new(folder, languages) }),
        Task::EmbeddedInvoice => embedded_invoice(&bytes),
        Task::Page(number) => page(&bytes, number, folder, languages),
    }
}

fn embedded_invoice(bytes: &[u8]) -> Found {
    match catch_unwind(|| embedded_invoice_xml(bytes)) {
        Ok(Ok(Some(xml))) if xml.len() > CARRIED_BYTES_MAX => Found::Refused(Refusal::new(
            RefusalReason::OverLimit,
            "the invoice inside the PDF is larger than 8 MiB; ask for it as a file",
        )),
        Ok(Ok(xml)) => Found::EmbeddedInvoice(xml.map(hex::encode)),
        Ok(Err(error)) => Found::Refused(Refusal::broken(error.to_string())),
        Err(_) => Found::Refused(Refusal::broken("the PDF is broken in a way that stopped its reader; ask for it again")),
    }
}

/// Draws one page of a PDF.
fn page(bytes: &[u8], number: u32, folder: &Path, languages: &str) -> Found {
    let desk = Desk::new(folder, languages);
    match catch_unwind(AssertUnwindSafe(|| pdf::picture(bytes, number, &desk))) {
        Ok(Ok(png)) => Found::Page(hex::encode(png)),
        Ok(Err(refusal)) => Found::Refused(refusal),
        Err(_) => Found::Refused(Refusal::broken("the PDF is broken in a way that stopped its reader; ask for it again")),
    }
}

fn read_document(bytes: &[u8], mut desk: Desk) -> Found {
    let read = catch_unwind(AssertUnwindSafe(|| {
        let (media, document) = read_bytes(bytes, &mut desk, 0)?;
        drop(std::mem::take(&mut desk.ocr));
        let (picture, hints) = (document.picture, document.hints.clone());
        let mut words = document.into_words(media);
        protocol::fit(&mut words);
        let mut reading = quittance_agent::reading::interpret(&words);
        (reading.picture, reading.hints) = (picture, hints);
        Ok(reading)
    }));
    match read {
        Ok(Ok(reading)) => Found::Read(Box::new(reading)),
        Ok(Err(refusal)) => Found::Refused(refusal),
        Err(_) => Found::Refused(Refusal::broken(
            "the file is broken in a way that stopped its reader; ask for it again or as a screenshot",
        )),
    }
}

/// Reads bytes of any type. Mail calls it again for each attachment, with `depth` one more.
pub(super) fn read_bytes(bytes: &[u8], desk: &mut Desk, depth: u32) -> Result<(Media, Document), Refusal> {
    let (media, suspicions) = media::detect(bytes)?;
    let mut document = match media {
        Media::Png | Media::Jpeg | Media::WebP | Media::Gif | Media::Bmp | Media::Tiff | Media::Heic => {
            image::read(bytes, media, desk)?
        }
        Media::Pdf => pdf::read(bytes, desk)?,
        Media::Mail => mail::read(bytes, desk, depth)?,
        Media::Html => html::read(&text::decode(bytes).0),
        Media::Text => text::read(bytes),
    };
    if document.pages.iter().all(|page| page.lines.is_empty()) {
        document.complaints.push("No text was found in it.".to_owned());
    }
    document.complaints.splice(0..0, suspicions);
    document.hints.extend(metadata::hints(bytes));
    document.hints.truncate(HINTS_MAX);
    Ok((media, document))
}
