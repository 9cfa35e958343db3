//! Pieces of evidence to measure the reader with: many designs of many countries, each with values, a way of being spoilt and the truth
//! beside it, all from a recipe of a few numbers. A set names recipes, not files, so that it stays small and can be made anew anywhere.

mod design;
mod message;
mod mutate;
mod paper;
mod screen;
mod spoil;
mod values;

use std::collections::BTreeMap;

use quittance_rules::evidence::EvidenceKind;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::demo::DemoError;
use crate::demo::chance::Chance;
use crate::demo::draw::Studio;

pub use design::{Design, Split, designs};
pub use mutate::mutated;
pub use spoil::Spoil;

/// How one piece is made: the same recipe gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// [`Design::id`].
    pub design: String,
    /// Chooses the values.
    pub seed: u64,
    /// What happened to it on the way.
    #[serde(default)]
    pub spoil: Spoil,
}

/// One case of the set `eval-sets/evidence-files`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique within the set.
    pub id: String,
    /// Makes the file.
    pub recipe: Recipe,
    /// The truth: field to value. A field that is missing is not scored; one that is `null` must be absent.
    pub expected: BTreeMap<String, Value>,
    /// For rates by tag.
    pub tags: Vec<String>,
    /// Cases of one template look alike; no template is in two splits.
    pub template: String,
    /// What may be done with it.
    pub split: Split,
}

/// A finished piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// As it arrives: `wallet-tumi-3.jpg`. Its ending tells the format.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Why a piece cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum PieceError {
    /// The recipe names a design that is not there.
    #[error("recipe: there is no design `{0}`; designs are listed in src/simulate/pieces/templates.txt")]
    NoDesign(String),
    /// A line of the list of designs does not parse.
    #[error("src/simulate/pieces/templates.txt, line {line}: {message}")]
    Design {
        /// From 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// It could not be drawn or written.
    #[error(transparent)]
    Making(#[from] DemoError),
    /// A picture could not be encoded.
    #[error("cannot encode a picture: {0}")]
    Image(#[from] image::ImageError),
}

/// Holds the fonts; make it once for many pieces.
pub struct Workshop {
    studio: Studio,
    designs: Vec<Design>,
}

impl Workshop {
    /// Loads fonts and designs.
    ///
    /// # Errors
    /// A design that does not parse.
    pub fn new() -> Result<Self, PieceError> {
        Ok(Self { studio: Studio::new(), designs: designs()? })
    }

    /// The designs, in the order of their list.
    pub fn designs(&self) -> &[Design] {
        &self.designs
    }

    fn design(&self, id: &str) -> Result<&Design, PieceError> {
        self.designs.iter().find(|d| d.id == id).ok_or_else(|| PieceError::NoDesign(id.to_owned()))
    }

    /// The text of a piece line by line, two spaces or more between columns: what a reader of letters would see at best.
    ///
    /// # Errors
    /// A recipe that names no design.
    pub fn lines(&self, recipe: &Recipe) -> Result<Vec<String>, PieceError> {
        let design = self.design(&recipe.design)?;
        Ok(design.filled(&values::Filled::new(design, recipe.seed)).into_iter().flat_map(|l| l.as_text()).collect())
    }

    /// Makes a piece.
    ///
    /// # Errors
    /// A recipe that names no design, a drawing that fails.
    pub fn make(&self, recipe: &Recipe) -> Result<Piece, PieceError> {
        let design = self.design(&recipe.design)?;
        let filled = values::Filled::new(design, recipe.seed);
        let lines = design.filled(&filled);
        let mut chance = Chance::new(recipe.seed, 77);
        let (bytes, ending) = match design.medium {
            design::Medium::Screen(layout) => {
                let svg = screen::svg(design, layout, &lines, &filled);
                let width = recipe.spoil.width.clamp(200, 1440);
                spoil::picture(self.studio.draw(&svg, width)?, &recipe.spoil, &mut chance)?
            }
            design::Medium::Slip(capture) => {
                let width = recipe.spoil.width.clamp(300, 1440);
                let picture = self.studio.draw(&paper::slip_svg(&lines), width)?;
                paper::captured(picture, capture, &recipe.spoil, &filled, &mut chance)?
            }
            design::Medium::Paper(capture) => {
                let page = paper::page(&lines);
                match capture {
                    design::Capture::Pdf => (page.to_pdf(&design.id, "Brightwater Paper Press", filled.pdf_day())?, "pdf"),
                    design::Capture::Scan | design::Capture::Photo => {
                        let width = recipe.spoil.width.clamp(700, 1700);
                        let picture = self.studio.draw(&page.to_svg(), width)?;
                        paper::captured(picture, capture, &recipe.spoil, &filled, &mut chance)?
                    }
                }
            }
            design::Medium::Mail { html } => (message::mail(&lines, &filled, html), "eml"),
        };
        Ok(Piece { file_name: format!("{}-{}.{ending}", design.id, recipe.seed), bytes })
    }

    /// The cases of a set: every design `each` times, with values and ways of being spoilt that follow from the seed.
    pub fn cases(&self, seed: u64, each: u64) -> Vec<Case> {
        let mut cases = Vec::new();
        for (number, design) in (0_u64..).zip(&self.designs) {
            for copy in 0..each {
                let own = seed.wrapping_mul(1_000_003).wrapping_add(number * 64 + copy);
                let mut chance = Chance::new(own, 5);
                let (spoil, spoilt) = Spoil::drawn(design, copy, &mut chance);
                let recipe = Recipe { design: design.id.clone(), seed: number * 64 + copy + 1, spoil };
                let filled = values::Filled::new(design, recipe.seed);
                let mut tags: Vec<String> = design.tags.clone();
                tags.extend([design.language.to_owned(), design.currency.code().to_owned(), design.medium.tag().to_owned()]);
                tags.extend(spoilt.iter().map(|s| (*s).to_owned()));
                tags.dedup();
                cases.push(Case {
                    id: format!("{}-{}", design.id, copy + 1),
                    expected: expected(design, &filled),
                    recipe,
                    tags,
                    template: design.id.clone(),
                    split: design.split,
                });
            }
        }
        cases
    }
}

/// The truth of a design with its values: what its lines print is what must be read.
fn expected(design: &Design, filled: &values::Filled) -> BTreeMap<String, Value> {
    let mut truth = BTreeMap::new();
    let mut put = |name: &str, value: Value| drop(truth.insert(name.to_owned(), value));
    put("kind", json!(design.kind));
    let prints = |what: &str| design.prints(what);
    if prints("amt") {
        put("amount", json!(filled.amount.amount()));
        put("currency", json!(design.currency.code()));
    }
    for (what, field) in [("date", "date"), ("issue", "issue_date"), ("due", "due_date")] {
        if prints(what) {
            put(field, json!(filled.date_of(what).to_string()));
        }
    }
    if prints("ref") {
        put("reference", json!(filled.reference));
    }
    if prints("doc") {
        put("document_number", json!(filled.document));
    }
    let bills = matches!(design.kind, EvidenceKind::Invoice | EvidenceKind::CreditNote);
    if prints("inv") && !bills {
        put("invoice_numbers", json!([filled.invoice]));
    }
    if prints("payee") && matches!(design.kind, EvidenceKind::PaymentProof | EvidenceKind::BankReceipt) {
        put("payee_name", json!(filled.payee));
    }
    if prints("rinv") {
        let rows: Vec<Value> =
            filled.rows.iter().map(|r| json!({"invoice_number": r.number, "amount": r.amount.amount()})).collect();
        put("remittance_lines", json!(rows));
    }
    if matches!(design.kind, EvidenceKind::Unknown | EvidenceKind::Query) {
        for field in ["amount", "date", "reference"] {
            put(field, Value::Null);
        }
    }
    truth
}

#[cfg(test)]
mod tests;
