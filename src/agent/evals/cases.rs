//! Cases as they stand in `eval-sets/<set>/cases/*.json`.

use std::collections::BTreeMap;

use quittance_rules::evidence::Source;
use serde::Deserialize;
use serde_json::Value;

use crate::reading::grid::words_on_grid;
use crate::reading::{MailHead, Words};

/// A document with its truth beside it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Unique within the set.
    pub id: String,
    /// What is special about it.
    #[serde(default)]
    pub why: String,
    /// What may be done with it: `dev` may be tuned on, `held-out` may not.
    pub split: String,
    /// Cases of one template look alike; no template is in two splits.
    #[serde(default)]
    pub template: String,
    /// For rates by tag.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Words, or where they are.
    #[serde(default)]
    pub input: Option<Input>,
    /// A file, relative to the folder of the set. It goes through the real reader.
    #[serde(default)]
    pub file: Option<String>,
    /// Makes the file. It goes through the real reader.
    #[serde(default)]
    pub recipe: Option<Value>,
    /// The truth: field to value. A field that is missing is not scored; one that is `null` must be absent.
    pub expected: BTreeMap<String, Value>,
}

/// Words without a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// Lines of text on a grid.
    Grid(Grid),
    /// A word list of a real paper, relative to the folder of the set.
    WordList {
        /// Its JSON: [`Words`].
        words: String,
    },
}

/// Lines of text on a grid; two spaces or more part columns.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// How the letters were read.
    pub source: Source,
    /// The lines.
    pub grid: Vec<String>,
    /// Lines in letters twice as high.
    #[serde(default)]
    pub big: Vec<u32>,
    /// Head of a mail.
    pub mail: Option<MailIn>,
}

/// Head of a mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailIn {
    /// `From`.
    pub from: String,
    /// `Subject`.
    pub subject: String,
}

/// What a case is made of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Material<'c> {
    /// A grid of text.
    Grid(&'c Grid),
    /// A word list in a file.
    WordList(&'c str),
    /// A file.
    File(&'c str),
    /// A recipe for a file.
    Recipe(&'c Value),
}

impl PartialEq for Grid {
    fn eq(&self, other: &Self) -> bool {
        self.grid == other.grid && self.source == other.source && self.big == other.big
    }
}

/// Why a text is no case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseError {
    /// Not JSON, or a key is missing, unknown or of the wrong type.
    #[error("{0}")]
    Syntax(String),
    /// It must have exactly one of `input`, `file` and `recipe`.
    #[error("a case has one of `input`, `file` and `recipe`")]
    Material,
    /// A key of `expected` that no scorer knows would never be scored.
    #[error("expected.{0}: no scorer knows it")]
    UnknownField(String),
    /// A path that leaves the set.
    #[error("`{0}` is no path inside the project")]
    Path(String),
}

impl Case {
    /// Reads one.
    ///
    /// # Errors
    /// What is wrong, with its line, key or field.
    pub fn parse(text: &str) -> Result<Self, CaseError> {
        let case: Self = serde_json::from_str(text).map_err(|error| CaseError::Syntax(error.to_string()))?;
        case.material()?;
        for field in case.expected.keys() {
            if !super::score::is_scored(field) {
                return Err(CaseError::UnknownField(field.clone()));
            }
        }
        Ok(case)
    }

    /// What it is made of.
    ///
    /// # Errors
    /// When it has none or more than one.
    pub fn material(&self) -> Result<Material<'_>, CaseError> {
        let material = match (&self.input, &self.file, &self.recipe) {
            (Some(Input::Grid(grid)), None, None) => Material::Grid(grid),
            (Some(Input::WordList { words }), None, None) => Material::WordList(words),
            (None, Some(file), None) => Material::File(file),
            (None, None, Some(recipe)) => Material::Recipe(recipe),
            _ => return Err(CaseError::Material),
        };
        if let Material::File(path) | Material::WordList(path) = material
            && (path.starts_with('/') || path.contains("../../../"))
        {
            return Err(CaseError::Path(path.to_owned()));
        }
        Ok(material)
    }
}

impl Grid {
    /// The words on their grid.
    pub fn words(&self) -> Words {
        // Blank lines around big ones leave room for their height.
        let mut words = words_on_grid(&self.grid.join("\n\n"), self.source);
        for word in &mut words {
            word.line /= 2;
            if self.big.contains(&word.line) {
                let height = word.region.y1.saturating_sub(word.region.y0);
                word.region.y0 = word.region.y0.saturating_sub(height.saturating_mul(6) / 10);
                word.region.y1 = word.region.y1.saturating_add(height.saturating_mul(6) / 10);
            }
        }
        Words {
            media_type: "text/plain".into(),
            pages: 1,
            words,
            complaints: Vec::new(),
            mail: self.mail.as_ref().map(|m| MailHead {
                from: m.from.clone(),
                to: Vec::new(),
                subject: m.subject.clone(),
                date: None,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_that_would_not_be_scored_are_refused() {
        let case = |rest: &str| format!(r#"{{"id":"a","split":"dev",{rest}}}"#);
        let grid = r#""input":{"source":"ocr","grid":["x"]}"#;
        for (text, wanted) in [
            ("{".to_owned(), "line 1"),
            (case(grid), "expected"),
            (case(r#""expected":{}"#), "one of `input`"),
            (case(&format!(r#"{grid},"file":"a.png","expected":{{}}"#)), "one of `input`"),
            (case(&format!(r#"{grid},"expected":{{"amuont":"1"}}"#)), "expected.amuont"),
            (case(&format!(r#"{grid},"tag":["x"],"expected":{{}}"#)), "tag"),
            (case(r#""file":"/etc/passwd","expected":{}"#), "no path"),
        ] {
            let error = Case::parse(&text).expect_err(&text).to_string();
            assert!(error.contains(wanted), "{text}: {error}");
        }
        assert!(Case::parse(&case(&format!(r#"{grid},"expected":{{"kind":"invoice","date_any":["2026-01-02"]}}"#))).is_ok());
    }
}
