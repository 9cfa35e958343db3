//! Tesseract behind one door. `leptess` has had no release since 2023; if it has to be replaced, this is the only file that changes.

use std::path::Path;

use image::GrayImage;
use leptess::{LepTess, Variable};
use quittance_rules::evidence::Source;

use super::page::{Rect, Seen};
use super::protocol::{Refusal, RefusalReason};

/// Where tesseract's data may be, Debian's place first.
const DATA: [&str; 5] = [
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/tessdata",
];

/// How tesseract looks for text on what it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// A page whose columns and blocks it finds itself.
    Page,
    /// One block of lines of one size.
    Block,
    /// One line.
    Line,
}

impl Layout {
    fn mode(self) -> &'static str {
        match self {
            Self::Page => "3",
            Self::Block => "6",
            Self::Line => "7",
        }
    }
}

/// Is this a list of language codes (`spa+eng`, `chi_sim`, `script/Latin`)?
pub(super) fn are_languages(languages: &str) -> bool {
    !languages.is_empty()
        && languages.len() <= 100
        && languages.split('+').all(|code| {
            !code.is_empty()
                && code.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'/'))
                && !code.starts_with('/')
        })
}

/// A loaded engine. Loading takes about a tenth of a second and 60 MiB, so it is done once and only when pixels are to be read.
pub(super) struct Ocr {
    engine: LepTess,
}

impl Ocr {
    /// Loads the languages that are installed, with a complaint for each that is not.
    pub(super) fn load(languages: &str, complaints: &mut Vec<String>) -> Result<Self, Refusal> {
        let missing = |sentence: String| Refusal::new(RefusalReason::MissingProgram, sentence);
        let data = DATA.iter().map(Path::new).find(|dir| dir.is_dir());
        let data = data.ok_or_else(|| {
            missing(
                "tesseract's language data is not installed; install the packages tesseract-ocr and tesseract-ocr-eng".to_owned(),
            )
        })?;
        let mut present = Vec::new();
        for code in languages.split('+') {
            if data.join(format!("{code}.traineddata")).is_file() {
                present.push(code);
            } else {
                let package = code.replace('_', "-");
                complaints.push(format!(
                    "The OCR language {code} is not installed, so its letters may be misread (package tesseract-ocr-{package})."
                ));
            }
        }
        if present.is_empty() {
            return Err(missing(format!(
                "none of the OCR languages {languages} is installed; install the package tesseract-ocr-eng"
            )));
        }
        let engine = LepTess::new(data.to_str(), &present.join("+"))
            .map_err(|_| missing(format!("tesseract could not load {}; reinstall tesseract-ocr", present.join("+"))))?;
        Ok(Self { engine })
    }

    /// The words of a picture of dark letters on a light ground, with places in its pixels.
    pub(super) fn words(&mut self, picture: &GrayImage, layout: Layout) -> Vec<Seen> {
        let (width, height) = picture.dimensions();
        // Tesseract itself refuses less than 3 and more than 32,767 pixels.
        if width < 3 || height < 3 || width > 32_000 || height > 32_000 {
            return vec![];
        }
        let mut pgm = format!("P5\n{width} {height}\n255\n").into_bytes();
        pgm.extend_from_slice(picture.as_raw());
        // A variable that an older tesseract lacks costs time, not correctness.
        let _unknown = self.engine.set_variable(Variable::TesseditPagesegMode, layout.mode());
        if self.engine.set_image_from_mem(&pgm).is_err() {
            return vec![];
        }
        drop(pgm);
        self.engine.set_source_resolution(200);
        if self.engine.recognize() != 0 {
            return vec![];
        }
        let table = self.engine.get_tsv_text(0).unwrap_or_default();
        table.lines().filter_map(row).collect()
    }
}

/// A word row of tesseract's table: level, page, block, paragraph, line, word, left, top, width, height, confidence, text.
fn row(line: &str) -> Option<Seen> {
    let cells: Vec<&str> = line.splitn(12, '\t').collect();
    let [level, _, _, _, _, _, left, top, width, height, confidence, text] = cells.as_slice() else { return None };
    if *level != "5" || text.trim().is_empty() {
        return None;
    }
    let number = |cell: &str| cell.parse::<f32>().ok();
    let (x0, y0) = (number(left)?, number(top)?);
    let at = Rect { x0, y0, x1: x0 + number(width)?, y1: y0 + number(height)? };
    Some(Seen { text: text.trim().to_owned(), at, confidence: number(confidence)?.clamp(0.0, 100.0), source: Source::Ocr })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn language_codes_are_codes() {
        for good in ["eng", "spa+eng", "chi_sim", "script/Latin"] {
            assert!(are_languages(good), "{good}");
        }
        for bad in ["", "+", "eng+", "../eng", "/etc", "eng;rm", "e ng"] {
            assert!(!are_languages(bad), "{bad}");
        }
    }

    #[test]
    fn rows_of_other_levels_are_not_words() {
        assert_eq!(row("5\t1\t1\t1\t1\t1\t10\t20\t30\t8\t96.5\tHola").unwrap().at.x1, 40.0);
        assert_eq!(row("4\t1\t1\t1\t1\t0\t10\t20\t30\t8\t-1\t"), None);
        assert_eq!(row("level\tpage_num"), None);
    }
}
